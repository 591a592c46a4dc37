"""Where an option's value may come from, and what is an option at all."""

from pathlib import Path

import pytest

from pipeline import options
from pipeline.errors import UsageError
from pipeline.options import FAMILY, names, options_of
from pipeline.options.base import load, option
from pipeline.options.caption import Settings


def test_a_variable_that_is_spelled_wrong(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    for name in ("LOG_FORMAT", "STATE_DIR", "WEBHOOK_SECRET", "ARCHITECTURES", "SETUP_ENGINE", "FFMPEG"):
        monkeypatch.setenv(f"SCENESCRIBE_{name}", "json")
    load(Settings, {}, known=names)
    monkeypatch.setenv("SCENESCRIBE_MODELL", "x")
    with pytest.raises(UsageError, match=r"SCENESCRIBE_MODELL .*did you mean 'MODEL'"):
        load(Settings, {}, known=names)


def test_a_file_of_options_serves_caption_and_watch(tmp_path: Path) -> None:
    path = tmp_path / "options.toml"
    path.write_text('settle = 3\nlanguage = "de"\n')
    assert load(Settings, {}, path, known=names).settings.language == "de"
    path.write_text("setle = 3\n")
    with pytest.raises(UsageError, match="did you mean 'settle'"):
        load(Settings, {}, path, known=names)


def test_each_command_with_options_has_its_file_and_each_file_its_command() -> None:
    files = {path.stem for path in Path(options.__file__).parent.glob("*.py")} - {
        "__init__",
        "base",
        "summarize",
        "spread",
    }  # parts of others: of caption's, and of those with several engines
    assert set(FAMILY) == files
    assert all(kind.__module__ == f"pipeline.options.{command}" for command in FAMILY for kind in [options_of(command)])


def test_a_class_of_options_elsewhere_adds_none(tmp_path: Path) -> None:
    """What is an option is the family's list, never what happens to be imported."""

    class Elsewhere(Settings):
        colour: str = option("red", "Other", "Of nobody's interest.")

    path = tmp_path / "options.toml"
    path.write_text('colour = "blue"\n')
    assert load(Elsewhere, {}, path).settings.colour == "blue"
    with pytest.raises(UsageError, match="no option 'colour'"):
        load(Settings, {}, path, known=names)


def test_what_other_commands_know_is_no_mistake_and_counts_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "options.toml"
    path.write_text("settle = 3\n")
    with pytest.raises(UsageError, match="no option 'settle'"):
        load(Settings, {}, path)
    assert load(Settings, {}, path, known=names).settings == Settings()


@pytest.mark.parametrize("text", ["seed = " + "9" * 5000, "a = " + "[" * 5000, "a = \x00", "= 1", "a.b.c"])
def test_a_file_that_is_no_toml_is_one_line(text: str, tmp_path: Path) -> None:
    path = tmp_path / "options.toml"
    path.write_text(text)
    with pytest.raises(UsageError, match="not valid TOML") as caught:
        load(Settings, {}, path)
    assert caught.value.code == "bad_config"


def test_an_engine_argument_that_is_an_option_is_that_option() -> None:
    """Who shares GPUs and memory out among hosts reads the option: an argument beside it would be told to each host, and to nobody else."""
    given = Settings(engine_arg=("seed=1", "gpu-memory-utilization=0.5", "max_num_seqs=8", "quantization=null"))
    assert (given.gpu_memory_utilization, given.max_num_seqs, given.quantization) == (0.5, 8, None)
    assert given.engine_arg == ("seed=1", "quantization=null")
    assert given.changed(windows="scenes") == given.changed(windows="scenes").changed()
    both = Settings(max_num_seqs=4, engine_arg=("max_num_seqs=8",))
    assert (both.max_num_seqs, both.engine_arg) == (4, ("max_num_seqs=8",)), "refused by the engine: it is set twice"
    with pytest.raises(ValueError, match="max_num_seqs"):
        Settings(engine_arg=("max_num_seqs=many",))


@pytest.mark.parametrize("value", ["inf", "-inf", "nan", "1e308"])
def test_no_number_is_past_what_clocks_and_bytes_can_be(value: str) -> None:
    for kind in (options_of(command) for command in FAMILY):
        for name, field in kind.model_fields.items():
            if "float" in str(field.annotation):
                with pytest.raises(ValueError, match=name):
                    kind(**{name: float(value)})


@pytest.mark.parametrize("value", ["1" + "0" * 400, "0x" + "f" * 5000, "[{a = 0x" + "f" * 5000 + "}]"])
def test_whole_numbers_are_toml_s(value: str, tmp_path: Path) -> None:
    path = tmp_path / "options.toml"
    path.write_text(f"to-time = {value}\n")
    with pytest.raises(UsageError, match=r"bad_config.* TOML's 64"):
        load(Settings, {}, path)


def test_what_is_wrong_is_said_in_our_words() -> None:
    with pytest.raises(UsageError, match=r"--max-cps inf: a number up to"):
        load(Settings, {"max_cps": float("inf")})
