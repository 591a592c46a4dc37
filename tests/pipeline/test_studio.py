"""The studio finds out what the settings mean before anything is opened or loaded."""

import pytest

from pipeline.engine.opening import choose_preset
from pipeline.errors import UsageError
from pipeline.options.caption import Settings
from pipeline.studio import Studio


def test_a_server_may_have_models_that_nobody_else_knows() -> None:
    there = choose_preset(Settings(engine="openai", base_url="http://localhost:1", model="somebodys-own"))
    assert (there.name, there.frames) == ("somebodys-own", "images")
    with pytest.raises(UsageError):
        choose_preset(Settings(model="somebodys-own"))


async def test_more_frames_than_the_preset_has_are_made_room_for() -> None:
    studio = Studio(Settings(engine="echo", model="llava-1.5-7b", sampler="uniform:count=12"))
    assert studio.preset.frame_count == 12
    studio = Studio(Settings(engine="echo", model="llava-1.5-7b", sampler="uniform:count=2"))
    assert studio.preset.frame_count == 4


async def test_the_words_asked_for_fit_the_language() -> None:
    studio = Studio(Settings(engine="echo", model="shapes", language="pt-br"))
    assert studio.settings.language == "pt-BR"
    assert studio.recipe.prompt.endswith("Answer in Portuguese (Brazil).")


async def test_equal_keys_only_where_captions_would_be_equal() -> None:
    from pathlib import Path

    from pipeline.types import VideoInfo

    info = VideoInfo(
        path=Path("a.mp4"), size=1, container="mov", codec="h264", duration=1, start=0, fps=25, width=640, height=360
    )

    def key(**options: object) -> dict[str, object]:
        return Studio(Settings(engine="echo", model="shapes", **options)).recipe.key(info)

    assert key() == key(format="ass", burn=True, max_in_flight=3, memory_gb=1, profile="bbc")
    for options in (
        {"prompt": "Why?"},
        {"windows": "fixed:seconds=3"},
        {"sampler": "uniform:count=4"},
        {"seed": 1},
        {"language": "de"},
    ):
        assert key() != key(**options), options
