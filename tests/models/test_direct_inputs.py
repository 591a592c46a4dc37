"""Videos and single pictures that go to vLLM as bytes, without the processor: only where it would hand on just these bytes, and these."""

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.engines.vllm.direct import DirectInputs
from models.engines.vllm.pixels import Normalisation, normalisation

VIDEO, LENGTH = 7, 5
PLAIN = {
    "do_rescale": True,
    "do_normalize": True,
    "rescale_factor": 1 / 255,
    "image_mean": [0.4, 0.5, 0.6],
    "image_std": [0.2, 0.3, 0.4],
}


@dataclass(frozen=True)
class Element:
    """As vLLM's MultiModalFieldElem."""

    data: Any
    field: str = "batched"


@dataclass(frozen=True)
class Place:
    """As vLLM's PlaceholderRange."""

    offset: int
    length: int
    is_embed: Any = None


def encode(text: str) -> list[int]:
    return [VIDEO if char == "V" else ord(char) for char in text]


def rendered(video: np.ndarray[Any, Any], text: str) -> dict[str, Any]:
    """What a renderer makes: the video's token so often, channels first."""
    import torch

    tokens = encode(text)
    offset = tokens.index(VIDEO)
    return {
        "type": "multimodal",
        "prompt": text,
        "arrival_time": 1.0,
        "prompt_token_ids": [*tokens[:offset], *[VIDEO] * LENGTH, *tokens[offset + 1 :]],
        "mm_kwargs": {"video": [{"pixels": Element(torch.from_numpy(video.transpose(0, 3, 1, 2).copy()))}]},
        "mm_hashes": {"video": ["renderer-1"]},
        "mm_placeholders": {"video": [Place(offset, LENGTH)]},
    }


def rendered_pictures(shown: Sequence[np.ndarray[Any, Any]], text: str, copies: int = 2) -> dict[str, Any]:
    """What a renderer makes of single pictures: each so often, channels first, and its height and width."""
    import torch

    tokens, places = list[int](), list[Place]()
    for token in encode(text):
        places += [Place(len(tokens), LENGTH)] if token == VIDEO else []
        tokens += [VIDEO] * LENGTH if token == VIDEO else [token]
    return {
        "type": "multimodal",
        "prompt": text,
        "arrival_time": 1.0,
        "prompt_token_ids": tokens,
        "mm_kwargs": {
            "image": [
                {
                    "image_sizes": Element(torch.tensor(one.shape[:2])),
                    "pixel_values": Element(torch.from_numpy(np.stack([one.transpose(2, 0, 1)] * copies))),
                }
                for one in shown
            ]
        },
        "mm_hashes": {"image": ["renderer-1"] * len(shown)},
        "mm_placeholders": {"image": places},
    }


def film(seed: int, frames: int = 2) -> np.ndarray[Any, Any]:
    return np.random.default_rng(seed).integers(0, 255, (frames, 4, 6, 3), np.uint8)


@given(st.text("abc", max_size=5), st.text("abc", max_size=5), st.text("abc", max_size=5))
def test_a_second_video_of_a_shape_is_made_as_it_would_be_rendered(learned: str, before: str, after: str) -> None:
    inputs, text = DirectInputs(encode), f"{before}V{after}"
    first, second = film(1), film(2)
    assert inputs.get((first,), text) is None
    inputs.learn((first,), f"{learned}V", rendered(first, f"{learned}V"))
    made, should = inputs.get((second,), text), rendered(second, text)
    assert made is not None
    pixels = made["mm_kwargs"]["video"][0]["pixels"]
    assert np.array_equal(pixels.data.numpy(), second)
    assert pixels.field == "batched"
    same = ("type", "prompt", "prompt_token_ids", "mm_placeholders")
    assert {name: made[name] for name in same} == {name: should[name] for name in same}
    assert made["arrival_time"] > 1.0, "its own"
    other = inputs.get((second,), text)
    assert other is not None
    assert made["mm_hashes"] != other["mm_hashes"], "vLLM would show one video for the other"


@pytest.mark.parametrize("fault", ["pixels", "float", "tokens", "two", "mask"])
def test_nothing_is_learned_where_the_processor_does_more(fault: str) -> None:
    import torch

    video, inputs = film(1), DirectInputs(encode)
    made = rendered(video, "aV")
    [item] = made["mm_kwargs"]["video"]
    if fault == "pixels":
        item["pixels"].data[0, 0, 0, 0] ^= 1
    elif fault == "float":
        item["pixels"] = Element(item["pixels"].data.to(torch.float32))
    elif fault == "tokens":
        made["prompt_token_ids"][0] += 1
    elif fault == "two":
        item["sizes"] = Element(torch.zeros(2))
    else:
        made["mm_placeholders"] = {"video": [Place(1, LENGTH, torch.ones(LENGTH))]}
    inputs.learn((video,), "aV", made)
    assert inputs.get((video,), "aV") is None


@given(st.integers(1, 4), st.integers(1, 3), st.text("abc", max_size=5), st.text("abc", max_size=5))
def test_single_pictures_are_made_as_they_would_be_rendered(count: int, copies: int, before: str, after: str) -> None:
    inputs, text = DirectInputs(encode), before + "V" * count + after
    first, second = list(film(1, frames=count)), list(film(2, frames=count))
    assert inputs.get(first, text) is None
    inputs.learn(first, f"{after}V" * count, rendered_pictures(first, f"{after}V" * count, copies))
    made, should = inputs.get(second, text), rendered_pictures(second, text, copies)
    assert made is not None
    for ours, theirs in zip(made["mm_kwargs"]["image"], should["mm_kwargs"]["image"], strict=True):
        assert ours.keys() == theirs.keys()
        assert np.array_equal(ours["pixel_values"].data.numpy().transpose(0, 3, 1, 2), theirs["pixel_values"].data.numpy())
        assert ours["image_sizes"].data.tolist() == theirs["image_sizes"].data.tolist()
    same = ("type", "prompt", "prompt_token_ids", "mm_placeholders")
    assert {name: made[name] for name in same} == {name: should[name] for name in same}
    assert len(set(made["mm_hashes"]["image"])) == count, "vLLM would show one picture for the other"
    assert inputs.get([*second, second[0]], f"{text}V") is None, "the renderer says how many are too many"


@pytest.mark.parametrize("fault", ["pixels", "second", "size", "more", "mask", "tiles"])
def test_nothing_is_learned_of_pictures_where_the_processor_does_more(fault: str) -> None:
    import torch

    shown, inputs = list(film(1)), DirectInputs(encode)
    made = rendered_pictures(shown, "aVbV")
    item = made["mm_kwargs"]["image"][1 if fault == "second" else 0]
    if fault in ("pixels", "second"):
        item["pixel_values"].data[1, 0, 0, 0] ^= 1
    elif fault == "size":
        item["image_sizes"] = Element(torch.tensor([9, 9]))
    elif fault == "more":
        item["weights"] = Element(torch.zeros(3))
    elif fault == "mask":
        made["mm_placeholders"]["image"][0] = Place(1, LENGTH, torch.ones(LENGTH))
    else:
        item["pixel_values"] = Element(item["pixel_values"].data[:, :, :2])
    inputs.learn(shown, "aVbV", made)
    assert inputs.get(shown, "aVbV") is None


def test_the_order_of_arguments_is_no_difference() -> None:
    inputs, shown = DirectInputs(encode), list(film(1))
    made = rendered_pictures(shown, "VV")
    first, second = made["mm_kwargs"]["image"]
    made["mm_kwargs"]["image"] = [dict(reversed(first.items())), second]
    inputs.learn(shown, "VV", made)
    assert inputs.get(shown, "VV") is not None


def test_pictures_of_different_shapes_are_rendered() -> None:
    inputs, shown = DirectInputs(encode), [film(1)[0], film(1)[0][:2]]
    inputs.learn(shown, "VV", rendered_pictures(shown, "VV"))
    assert inputs.get(shown, "VV") is None
    inputs.learn(shown[:1] * 2, "VV", rendered_pictures(shown[:1] * 2, "VV"))
    assert inputs.get(shown, "VV") is None
    assert inputs.get(shown[:1] * 2, "VV") is not None


def test_another_shape_and_another_number_of_markers_are_rendered() -> None:
    video, inputs = film(1), DirectInputs(encode)
    inputs.learn((video,), "aV", rendered(video, "aV"))
    assert inputs.get((film(1, frames=3),), "aV") is None
    assert inputs.get((video,), "VaV") is None
    assert inputs.get((video,), "a") is None


def test_pictures_that_may_not_be_written_to_are_copied() -> None:
    video, inputs = film(1), DirectInputs(encode)
    inputs.learn((video,), "V", rendered(video, "V"))
    video.flags.writeable = False
    turned = np.asfortranarray(video)
    for one in (video, turned):
        made = inputs.get((one,), "V")
        assert made is not None
        assert np.array_equal(made["mm_kwargs"]["video"][0]["pixels"].data.numpy(), video)


def test_bytes_are_normalised_as_the_processor_does_it() -> None:
    import torch
    from transformers import LlavaOnevisionVideoProcessor

    rule = Normalisation(1 / 255, (0.48145466, 0.4578275, 0.40821073), (0.26862954, 0.26130258, 0.27577711))
    processor = LlavaOnevisionVideoProcessor(size={"height": 28, "width": 28}, rescale_factor=1 / 255)
    pixels = torch.arange(8 * 3 * 28 * 28).remainder(256).to(torch.uint8).reshape(8, 3, 28, 28)
    theirs = processor(pixels, return_tensors="pt", do_sample_frames=False)["pixel_values_videos"][0]
    for dtype in (torch.float32, torch.bfloat16):
        assert torch.equal(rule.of(pixels, dtype), theirs.to(dtype))


def test_where_settings_stand(tmp_path: Path) -> None:
    plain = Normalisation(1 / 255, (0.4, 0.5, 0.6), (0.2, 0.3, 0.4))
    assert normalisation(tmp_path, "video") is None
    _write(tmp_path / "preprocessor_config.json", PLAIN)
    assert normalisation(tmp_path, "video") == normalisation(tmp_path, "image") == plain
    _write(tmp_path / "video_preprocessor_config.json", PLAIN | {"rescale_factor": 0.5})
    assert (normalisation(tmp_path, "video"), normalisation(tmp_path, "image")) == (
        Normalisation(0.5, plain.mean, plain.std),
        plain,
    )
    _write(tmp_path / "processor_config.json", {"video_processor": PLAIN | {"rescale_factor": 0.25}, "image_processor": PLAIN})
    assert normalisation(tmp_path, "video") == Normalisation(0.25, plain.mean, plain.std)


@pytest.mark.parametrize(
    "change",
    [
        {"do_rescale": False}, {"do_normalize": None}, {"do_sample_frames": True}, {"rescale_factor": None}, {"rescale_factor": 0.0},
        {"rescale_factor": "1/255"}, {"image_mean": 0.5}, {"image_mean": [0.5, 0.5]}, {"image_std": [0.1, 0.0, 0.1]},
        {"image_std": [0.1, "a", 0.1]}, {"image_mean": [True, 0.5, 0.5]}, {"image_std": [0.1, float("nan"), 0.1]},
    ],
)  # fmt: skip
def test_settings_that_do_not_say_all_are_left_to_the_processor(change: dict[str, Any], tmp_path: Path) -> None:
    _write(tmp_path / "preprocessor_config.json", PLAIN | change)
    assert normalisation(tmp_path, "video") is None


@pytest.mark.parametrize("text", ["", "[]", "{", '{"video_processor": 3}', "[" * 100000])
def test_settings_that_are_none(text: str, tmp_path: Path) -> None:
    (tmp_path / "processor_config.json").write_text(text)
    assert normalisation(tmp_path, "video") is None


def test_a_pipe_in_a_models_folder_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "preprocessor_config.json")
    assert normalisation(tmp_path, "video") is None


def _write(path: Path, settings: dict[str, Any]) -> None:
    path.write_text(json.dumps(settings))
