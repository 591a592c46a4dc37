"""Presets: what --model takes, what it says when it can't, and frame sizes that leave the processors nothing to do."""

import json
import os
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.engines.vllm.args import engine_arguments
from models.errors import ModelNotFound
from models.hub import split_revision
from models.model_folder import check_weights, frames_kind
from models.options import EngineOptions
from models.preset import FrameSize, Preset, read_preset
from models.presets import DEFAULTS, HERE, default_preset, names, preset, served_preset

REAL = [name for name in names() if name != "shapes"]


def test_the_presets_that_were_promised() -> None:
    assert {"shapes", "llava-onevision-0.5b", "llava-onevision-7b", "llava-1.5-7b", "llava-next-video-7b"} <= set(names())
    assert {"qwen2.5-vl-7b", "qwen3-vl-8b"} <= set(names())


@pytest.mark.parametrize("name", names())
def test_each_is_whole(name: str) -> None:
    found = preset(name)
    assert found.name == name
    assert found.licence != "unknown"
    assert found.parameters.endswith(("B", "M"))
    assert found.memory_gb > 0
    assert found.max_tokens <= 256
    assert str(found.frame_count) in found.sampler
    assert found.engine["max_model_len"] >= 1024
    kind = "video" if found.frames == "video" else "image"
    assert found.engine["limit_mm_per_prompt"][kind] >= (1 if kind == "video" else found.frame_count)


@pytest.mark.parametrize("name", REAL)
def test_real_models_say_how_many_words_and_where_their_licence_was_read(name: str) -> None:
    found = preset(name)
    assert "in at most {words} words" in found.prompt
    assert found.source == f"https://huggingface.co/{found.id}"
    assert preset(found.id) == found


@pytest.mark.parametrize("name", REAL)
def test_real_models_are_pinned_to_a_commit_or_say_why_not(name: str) -> None:
    text = (HERE / f"{name}.toml").read_text()
    assert re.search(r'^revision = ("[0-9a-f]{40}"|"main"  # .*not pinned)', text, re.MULTILINE), text


def test_only_the_embedded_model_knows_little() -> None:
    assert [name for name in names() if preset(name).knows] == ["shapes"]
    assert Path(preset("shapes").id).is_absolute()


@pytest.mark.parametrize(
    ("memory", "name"),
    [(None, "shapes"), (4, "shapes"), (8, "llava-onevision-0.5b"), (24, "llava-onevision-7b"), (140, "llava-onevision-7b")],
)
def test_the_default_fits_the_gpu(memory: float | None, name: str) -> None:
    assert default_preset(memory) == name
    assert name == "shapes" or name in DEFAULTS


@pytest.mark.parametrize(
    ("wanted", "says"),
    [
        ("llava-onevison-7b", "did you mean llava-onevision-7b"),
        ("shape", "did you mean shapes"),
        ("nothing-like-it", "there are: .*shapes"),
        ("./no/such/folder", "there is no folder"),
        ("not/a/hub/id", "there is no preset"),
    ],
)
def test_what_there_is_not(wanted: str, says: str) -> None:
    with pytest.raises(ModelNotFound, match=says) as caught:
        preset(wanted)
    assert "\n" not in caught.value.message


def test_without_network_a_hub_id_is_one_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(
        ModelNotFound, match=r"nobody/nothing \(v2\) is not in the local cache and HF_HUB_OFFLINE forbids fetching it"
    ):
        preset("nobody/nothing@v2")


def test_a_models_own_folder(tiny_folder: Path) -> None:
    found = preset(str(tiny_folder))
    assert (found.name, found.id, found.frames, found.frame_size(1920, 1080)) == ("tiny", str(tiny_folder), "video", (56, 56))


def test_folders_that_are_none(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"has no config\.json"):
        preset(str(tmp_path))
    (tmp_path / "config.json").write_text("{")
    with pytest.raises(ModelNotFound, match=r"config\.json can't be read|no chat template"):
        preset(str(tmp_path))
    (tmp_path / "config.json").write_text("{}")
    with pytest.raises(ModelNotFound, match="no chat template"):
        preset(str(tmp_path))
    (tmp_path / "chat_template.jinja").write_text("{{ messages }}")
    with pytest.raises(ModelNotFound, match="text alone"):
        preset(str(tmp_path))
    (tmp_path / "chat_template.jinja").unlink()
    (tmp_path / "tokenizer_config.json").write_text(
        json.dumps({"chat_template": "{% if part.type == 'image' %}<image>{% endif %}"})
    )
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"crop_size": {"height": 336, "width": 336}}))
    found = preset(str(tmp_path))
    assert (found.frames, found.frame_count, found.frame_size(640, 480)) == ("images", 4, (336, 336))
    with pytest.raises(ModelNotFound, match="no weights"):
        check_weights(tmp_path)
    (tmp_path / "model.gguf").touch()
    with pytest.raises(ModelNotFound, match=r"only model\.gguf"):
        check_weights(tmp_path)


HOSTILE = [
    "[" * 100_000, '{"a":' * 50_000, "[]", "3", '{"size": []}', '{"size": {"height": "x"}}', '{"size": {"height": 1e999}}', '{"size": -1}',
    '{"size": 1e9}', '{"merge_size": "2"}', '{"merge_size": 4000, "patch_size": 4000}', '{"merge_size": 0}', '{"size": true}',
    '{"size": {"shortest_edge": [1]}}', '{"vision_config": 3}', '{"vision_config": {"image_size": {}}}', '{"video_processor": "x"}',
    '{"chat_template": [1, {"name": "default"}]}', '{"chat_template": {}}', "\ud800", '{"size": ' + "9" * 5000 + "}",
]  # fmt: skip


@pytest.mark.parametrize("name", ["config.json", "processor_config.json", "preprocessor_config.json", "tokenizer_config.json"])
@pytest.mark.parametrize("text", HOSTILE)
def test_a_folder_of_a_stranger_is_a_preset_or_one_line(tmp_path: Path, name: str, text: str) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "chat_template.jinja").write_text("image")
    (tmp_path / name).write_bytes(text.encode("utf-8", "surrogatepass"))
    try:
        width, height = preset(str(tmp_path)).frame_size(1920, 1080)
    except ModelNotFound as error:
        refused = error.message
        width, height = 1, 1
        assert "\n" not in refused
    assert 0 < width * height <= 4096 * 4096


@pytest.mark.parametrize("name", ["config.json", "chat_template.jinja", "preprocessor_config.json"])
def test_what_is_no_file_in_a_folder_is_not_waited_for(tmp_path: Path, name: str) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "chat_template.jinja").write_text("image")
    path = tmp_path / name
    path.unlink(missing_ok=True)
    for make in (lambda: os.mkfifo(path), lambda: path.symlink_to("/dev/zero"), path.mkdir):
        make()
        with pytest.raises(ModelNotFound, match="can't be read"):
            preset(str(tmp_path))
        path.rmdir() if path.is_dir() else path.unlink()


@pytest.mark.parametrize(
    "text",
    ["id = 3", "id = 'a/b'\nsize = 3", "id = 'a/b'\n[size]\nside = 'x'", "id = 'a/b'\n[size]\nside = 1000000", "id = 'a/b'\nframe_count = 0",
     "id = 'a/b'\nframes = 'films'", "id = 'a/b'\nmemory_gb = nan", "id = 'a/b'\nengine = []", "a = " + "[" * 5000, "\0",
     "id = 'a/b'\nmax_tokens = 1e9"],
)  # fmt: skip
def test_a_preset_that_cannot_be_is_one_line(tmp_path: Path, text: str) -> None:
    (tmp_path / "p.toml").write_text(text)
    with pytest.raises(ModelNotFound) as caught:
        read_preset(tmp_path / "p.toml")
    assert len(caught.value.message.splitlines()) == 1, caught.value.message


def test_a_qwen_folder_keeps_the_shape_of_the_picture(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "chat_template.jinja").write_text("{% if 'video' in content %}<|video_pad|>{% endif %}")
    (tmp_path / "preprocessor_config.json").write_text(json.dumps({"patch_size": 16, "merge_size": 2, "temporal_patch_size": 2}))
    width, height = preset(str(tmp_path)).frame_size(1920, 1080)
    assert width % 32 == height % 32 == 0
    assert 1.5 < width / height < 2.1


def test_the_chat_template_decides() -> None:
    assert frames_kind("{% if c['type'] == 'video' %}<video>{% endif %}") == "video"
    assert frames_kind("{% if c['type'] == 'image' %}<image>{% endif %}") == "images"
    assert frames_kind("{{ content }}") is None


def test_revisions() -> None:
    assert split_revision("a/b") == ("a/b", "main")
    assert split_revision("a/b@1234") == ("a/b", "1234")


def test_a_preset_with_a_typo_says_so(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text('id = "a/b"\nlicense = "MIT"\n')
    with pytest.raises(ModelNotFound, match=r"x\.toml: a preset has no 'license'"):
        read_preset(tmp_path / "x.toml")


def test_models_that_a_server_has() -> None:
    assert served_preset("llava-onevision-7b") == preset("llava-onevision-7b")
    unknown = served_preset("gpt-of-tomorrow")
    assert (unknown.id, unknown.frames) == ("gpt-of-tomorrow", "images")
    assert served_preset(None).id == "served"


SIZES = st.integers(1, 8000)


@given(width=SIZES, height=SIZES)
def test_fitted_frames_are_multiples_within_bounds(width: int, height: int) -> None:
    for name in ("qwen2.5-vl-7b", "qwen3-vl-8b"):
        size = preset(name).size
        wide, high = size.of(width, height)
        assert wide % size.multiple == high % size.multiple == 0
        assert wide * high >= size.min_pixels
        assert wide * high <= size.max_pixels or min(wide, high) == size.multiple


@pytest.mark.parametrize("shape", [(1920, 1080), (1080, 1920), (640, 480), (320, 180), (4096, 1716), (1, 1), (16384, 16)])
def test_the_processors_leave_fitted_frames_alone(shape: tuple[int, int]) -> None:
    """Against transformers' own sizes for video: what we hand over is what they would make of it."""
    from transformers.models.qwen2_vl.video_processing_qwen2_vl import smart_resize as qwen2
    from transformers.models.qwen3_vl.video_processing_qwen3_vl import smart_resize as qwen3

    wide, high = preset("qwen2.5-vl-7b").frame_size(*shape)
    assert qwen2(high, wide, factor=28, min_pixels=128 * 28 * 28, max_pixels=28 * 28 * 768) == (high, wide)
    wide, high = preset("qwen3-vl-8b").frame_size(*shape)
    assert qwen3(8, high, wide, 2, 32, 128 * 32 * 32, 32 * 32 * 2 * 32 * 32 * 768) == (high, wide)


def test_stretched_frames_are_squares() -> None:
    assert FrameSize(side=384).of(1920, 1080) == (384, 384)
    assert isinstance(preset("llava-1.5-7b"), Preset)
    assert HERE.is_dir()


@pytest.mark.parametrize("name", names())
def test_each_can_be_asked_about_one_picture(name: str) -> None:
    for detail in ("low", "high"):
        if detail == "high" and preset(name).pictures.high is None:
            continue
        found = preset(name).of_pictures(detail)
        video = int(found.frames == "video")
        arguments = engine_arguments(Path("somewhere"), found, EngineOptions(), on_gpu=True)
        assert arguments["limit_mm_per_prompt"] == {"video": video, "image": 1 - video}
        view = preset(name).pictures if detail == "low" else preset(name).pictures.high
        assert view is not None
        assert 0 < view.tokens + found.max_tokens < arguments["max_model_len"]
        assert found.prompt == preset(name).pictures.prompt
        assert "video" not in found.prompt


def test_a_finer_view_costs_several_times_the_tokens_and_is_refused_where_there_is_none() -> None:
    fine = preset("llava-onevision-7b")
    assert fine.pictures.high is not None
    assert fine.pictures.high.tokens > 10 * fine.pictures.tokens
    assert fine.of_pictures("high").frame_size(4000, 3000) == (1330, 997)
    with pytest.raises(ModelNotFound, match="--detail high"):
        preset("llava-1.5-7b").of_pictures("high")
