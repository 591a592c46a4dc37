"""``scenescribe doctor``: what is there, what is missing, and the command that mends it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import driver
import pytest
from typer.testing import CliRunner

from pipeline import doctor
from pipeline.cli.app import app
from pipeline.cli.doctor import doctor as command
from pipeline.doctor import Finding, examine
from pipeline.errors import EnvironmentFault


def test_each_finding_is_told_as_soon_as_it_is_there(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Some take seconds to find out, on a busy machine many; silence until all are there looks like a program that hangs."""
    monkeypatch.setattr(doctor, "_python", lambda: iter([Finding(name="python", ok=True, value="3")]))
    before = list[str]()

    def slow() -> Iterator[Finding]:
        before.append(capsys.readouterr().out)
        yield Finding(name="engine", ok=True, value="there")

    monkeypatch.setattr(doctor, "_engine", slow)
    for name in ("_gpu", "_decoder", "_torch", "_model", "_ffmpeg", "_fonts", "_disk", "_plugins"):
        monkeypatch.setattr(doctor, name, lambda: iter(()))
    command()
    assert before[0].split() == ["ok", "python", "3"]
    assert capsys.readouterr().out.split() == ["ok", "engine", "there", "Ready."]


def test_this_machine_can_do_the_main_job() -> None:
    found = {finding.name: finding for finding in examine()}
    assert {
        "python",
        "engine",
        "gpu",
        "torch",
        "torchvision",
        "embedded model",
        "ffmpeg",
        "libass",
        "encoders",
        "fonts",
        "disk",
    } <= set(found)
    broken = [finding for finding in found.values() if finding.needed and not finding.ok]
    assert not broken, broken


def test_each_missing_thing_comes_with_what_mends_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_ffmpeg() -> None:
        raise EnvironmentFault("no_ffmpeg", "there is no ffmpeg here")

    monkeypatch.setattr(doctor, "_version", lambda package: None)
    monkeypatch.setattr("pipeline.media.find_ffmpeg", no_ffmpeg)
    monkeypatch.setattr("pipeline.media.installed_fonts", lambda: 0)
    missing = {finding.name: finding for finding in examine() if not finding.ok}
    assert {"engine", "torch", "transformers", "ffmpeg", "fonts"} <= set(missing)
    assert all(finding.mend for finding in missing.values())
    assert missing["engine"].needed
    assert not missing["fonts"].needed


OLD = "The NVIDIA driver on your system is too old (found version 11040)."


@pytest.mark.parametrize(("cuda", "starts", "told"), [("12.9", False, True), ("12.9", True, False), (None, False, False)])
def test_a_driver_that_is_too_old_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, cuda: str | None, starts: bool, told: bool
) -> None:
    """The driver's tool tells of a GPU; a torch for it can't start CUDA. (One for processors does not try.)"""
    driver.put_in(tmp_path / "bin", [driver.card(0, driver="470.42")])
    (tmp_path / "torch.py").write_text(
        f"class version: cuda = {cuda!r}\nclass cuda:\n def init():\n  " + ("pass" if starts else f"raise RuntimeError({OLD!r})")
    )
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    found = {finding.name: finding for finding in doctor._gpu()}
    assert "driver 470.42" in found["gpu"].value
    assert ("gpu in use" in found) is told
    if told:
        assert OLD in found["gpu in use"].value
        assert found["gpu in use"].mend


@pytest.mark.parametrize(("ok", "code"), [(True, 0), (False, 3)])
def test_exit_code_and_json(monkeypatch: pytest.MonkeyPatch, ok: bool, code: int) -> None:
    findings = [
        Finding(name="engine", ok=ok, value="vllm", mend="" if ok else "scripts/setup"),
        Finding(name="gpu", ok=False, value="none", mend="a GPU", needed=False),
    ]
    monkeypatch.setattr(doctor, "examine", lambda: findings)
    app.command("doctor-under-test")(command)
    said = CliRunner().invoke(app, ["doctor-under-test", "--json"])
    assert said.exit_code == code
    answer = json.loads(said.stdout)
    assert answer["ok"] is ok
    assert [one["name"] for one in answer["findings"]] == ["engine", "gpu"]
    people = CliRunner().invoke(app, ["doctor-under-test"])
    assert people.exit_code == code
    assert ("MISSING" in people.stdout, "scripts/setup" in people.stdout) == (not ok, not ok)
