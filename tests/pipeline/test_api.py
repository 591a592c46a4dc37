"""``from pipeline import ...``: the surface is what it says, is light, and does what the command line does."""

import ast
import asyncio
import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

import pipeline
from pipeline.bench.films import FilmSpec, write

HEAVY = {
    "torch",
    "vllm",
    "transformers",
    "cv2",
    "av",
    "numpy",
    "scenedetect",
    "httpx",
    "ttconv",
    "pysubs2",
    "pydantic",
    "asyncio",
}


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("api") / "film.mp4"
    write(path, FilmSpec(seconds=6, width=160, height=90, fps=10, gop=10))
    return path


def test_every_name_is_there_and_no_other_is_offered() -> None:
    assert pipeline.__all__ == sorted(pipeline.__all__, key=lambda name: (not name[0].isupper(), name))
    for name in pipeline.__all__:
        assert getattr(pipeline, name) is not None
    assert set(pipeline.__all__) <= set(dir(pipeline))
    with pytest.raises(AttributeError, match="no attribute 'captoin'"):
        pipeline.captoin  # noqa: B018
    typed = {
        alias.asname or alias.name
        for node in ast.walk(ast.parse(Path(pipeline.__file__).read_text()))
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("pipeline.")
        for alias in node.names
    }
    assert typed == set(pipeline.__all__) - {"__version__"}, "what type checkers see is what is there"


def test_every_public_name_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs/python.md").read_text()
    for name in pipeline.__all__:
        if not name.startswith("__"):
            assert f"`{name}" in page, name
            assert getattr(pipeline, name).__doc__, name


def test_import_pipeline_imports_nothing_heavy() -> None:
    code = f"import sys, pipeline; heavy = sorted({HEAVY!r} & set(sys.modules)); assert not heavy, heavy"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_the_version_is_that_of_the_distribution() -> None:
    assert importlib.metadata.version("scenescribe") == pipeline.__version__


def test_a_film_is_captioned_and_its_captions_go_on_to_files_and_films(film: Path, tmp_path: Path) -> None:
    heard: list[tuple[str, float]] = []
    result = pipeline.caption(
        film,
        engine="echo",
        windows="fixed:seconds=2",
        output_dir=tmp_path,
        format="srt",
        on_caption=lambda path, caption: heard.append((path.name, caption.start)),
    )
    assert (result.state, sorted(heard)) == ("done", [("film.mp4", 0.0), ("film.mp4", 2.0), ("film.mp4", 4.0)])
    assert [path.name for path in result.outputs] == ["film.descriptions.json", "film.descriptions.en.srt"]
    assert pipeline.caption(film, engine="echo", windows="fixed:seconds=2", output_dir=tmp_path, format="srt").state == "skipped"

    document = pipeline.read_document(result.outputs[0])
    assert document.captions == result.document.captions
    track, _ = pipeline.make_track(document, max_cps=100)
    for suffix in ("vtt", "ass", "ttml", "csv"):
        assert pipeline.write_track(track, tmp_path / f"new/film.{suffix}").stat().st_size > 50
    assert pipeline.export(result.outputs[0], tmp_path / "film.vtt").read_text().startswith("WEBVTT")
    assert pipeline.read_track(tmp_path / "film.vtt").cues == pipeline.read_track(result.outputs[1]).cues
    with pytest.raises(pipeline.OutputError, match="output_exists"):
        pipeline.export(result.outputs[0], tmp_path / "film.vtt")

    pipeline.burn(film, track, tmp_path / "burned.mp4", font_size=8)
    pipeline.mux(film, [track, tmp_path / "film.vtt"], tmp_path / "soft.mkv")
    assert pipeline.probe(tmp_path / "burned.mp4").duration == pytest.approx(6, abs=0.2)
    with pytest.raises(pipeline.OutputError, match="output_exists"):
        pipeline.mux(film, track, tmp_path / "soft.mkv")


def test_one_film_raises_what_is_wrong_and_many_keep_it(film: Path, tmp_path: Path) -> None:
    with pytest.raises(pipeline.InputError, match="not_found"):
        pipeline.caption(tmp_path / "gone.mp4", engine="echo")
    run = pipeline.caption_all([film, tmp_path / "gone.mp4", tmp_path], engine="echo", output_dir=tmp_path / "out")
    assert [result.state for result in run.results] == ["done"]
    assert {(Path(name).name, error.code) for name, error in run.errors} == {
        ("gone.mp4", "not_found"),
        (tmp_path.name, "no_videos"),
    }
    with pytest.raises(ExceptionGroup):
        run.raise_errors()
    assert pipeline.caption_all(tmp_path, engine="echo").results == ()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"modle": "shapes"}, "did you mean 'model'"),
        ({"top_p": 7}, "bad_value: top_p=7"),
        ({"engine": "echo", "format": "srtt"}, "did you mean 'srt'"),
    ],
)
def test_options_that_cannot_be_are_usage_errors(film: Path, options: dict[str, object], said: str) -> None:
    with pytest.raises(pipeline.UsageError, match=said):
        pipeline.caption(film, **options)
    with pytest.raises(pipeline.UsageError, match="did you mean 'max_cps'"):
        pipeline.make_track(pipeline.Document(source=None, model=None, settings={}, captions=()), max_cpss=4)  # type: ignore[arg-type]


async def test_in_a_running_loop_the_asynchronous_twin_is_named(film: Path, tmp_path: Path) -> None:
    with pytest.raises(pipeline.UsageError, match="await caption_async"):
        pipeline.caption(film, engine="echo")
    results = await asyncio.gather(
        *(pipeline.caption_async(film, engine="echo", output_dir=tmp_path / place) for place in ("a", "b"))
    )
    assert [result.state for result in results] == ["done", "done"]


def test_an_engine_of_ones_own_answers(film: Path, tmp_path: Path) -> None:
    from models.engines.echo import EchoCaptioner

    mine = EchoCaptioner()
    pipeline.caption(film, captioner=mine, output_dir=tmp_path, windows="fixed:seconds=3", model="shapes")
    assert mine.asked == 2


def test_settings_are_read_from_the_places_of_the_command_line_only_when_asked(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SCENESCRIBE_LANGUAGE", "fr")
    (tmp_path / "c.toml").write_text("seed = 3\n")
    assert (pipeline.Settings().language, pipeline.load_settings().language) == ("en", "fr")
    assert pipeline.load_settings(tmp_path / "c.toml", language="de").model_dump(include={"seed", "language"}) == {
        "seed": 3,
        "language": "de",
    }
