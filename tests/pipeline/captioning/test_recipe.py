"""A recipe is data: it says whether two runs agree, it can be sent and stored, and it is spelled out."""

import json
import pickle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.base import Sampling
from models.preset import FrameSize
from pipeline.captioning.recipe import Recipe
from pipeline.engine.opening import choose_preset
from pipeline.errors import UsageError
from pipeline.options.caption import Settings
from pipeline.types import VideoInfo

INFO = VideoInfo(path=Path("a.mp4"), size=1, container="mov", codec="h264", duration=1, start=0, fps=25, width=640, height=360)


def recipe(**options: object) -> Recipe:
    settings = Settings(engine="echo", model="shapes", **options)
    return Recipe.of(settings, choose_preset(settings))


WORDS = st.text('aé"\\\n{}漢', max_size=9)
RECIPES = st.builds(
    Recipe,
    model=WORDS,
    prompt=WORDS,
    language=st.sampled_from(["en", "pt-BR"]),
    sampling=st.builds(Sampling, temperature=st.floats(0, 2), seed=st.integers(0)),
    windows=st.sampled_from(["scenes:min=2.0,max=10.0", "fixed:seconds=8.0"]),
    size=st.builds(FrameSize, mode=st.sampled_from(["stretch", "fit"]), side=st.integers(1, 999)),
    frames=st.sampled_from(["video", "images"]),
    skip_static=st.booleans(),
    refine=st.booleans(),
)


@given(RECIPES)
def test_what_is_stored_or_sent_comes_back(one: Recipe) -> None:
    assert Recipe.from_json(json.loads(json.dumps(one.to_json()))) == one
    assert pickle.loads(pickle.dumps(one)) == one
    assert len({one, pickle.loads(pickle.dumps(one))}) == 1


@given(RECIPES, RECIPES)
def test_equal_recipes_have_equal_keys(one: Recipe, other: Recipe) -> None:
    if one == other:
        assert one.key(INFO) == other.key(INFO)
    assert json.loads(json.dumps(one.key(INFO))) == one.key(INFO)


def test_the_key_is_what_it_was() -> None:
    """Films described before keep their JSON, films half described their journal: the key may gain nothing and lose nothing."""
    found = recipe(prompt="What?", windows="fixed:seconds=8", sampler="uniform:count=4", seed=7, language="de").key(INFO)
    assert found == {
        "model": "shapes", "revision": found["revision"], "engine": "echo", "prompt": "What? Answer in German.", "language": "de",
        "windows": "fixed:seconds=8.0,overlap=0.0", "sampler": "uniform:count=4", "frame": found["frame"], "temperature": 0.0, "top_p": 1.0,
        "max_tokens": found["max_tokens"], "seed": 7, "skip_static": False, "refine": False,
    }  # fmt: skip
    assert list(found["frame"]) == list(choose_preset(Settings(engine="echo", model="shapes")).frame_size(640, 360))


def test_equal_keys_only_where_captions_would_be_equal() -> None:
    assert recipe() == recipe(format="ass", burn=True, max_in_flight=3, memory_gb=1, profile="bbc")
    assert recipe(windows="fixed") == recipe(windows="fixed:seconds=8"), "defaults are spelled out"
    for options in (
        {"prompt": "Why?"},
        {"windows": "fixed:seconds=3"},
        {"sampler": "uniform:count=4"},
        {"seed": 1},
        {"language": "de"},
        {"skip_static": True},
        {"refine": True},
    ):
        assert recipe(**options).key(INFO) != recipe().key(INFO), options


def test_the_words_asked_for_fit_the_language() -> None:
    made = recipe(language="pt-br")
    assert made.language == "pt-BR"
    assert made.prompt.endswith("Answer in Portuguese (Brazil).")


@pytest.mark.parametrize(
    ("options", "code"), [({"language": "klingonese"}, "bad_language"), ({"windows": "scnes"}, "unknown_plugin")]
)
def test_what_can_not_be_is_found_before_anything_is_opened(options: dict[str, str], code: str) -> None:
    with pytest.raises(UsageError):
        recipe(**options)
