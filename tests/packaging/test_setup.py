"""scripts/setup: uv is told what pip is told; where uv can't do it pip does, and the house stands either way. Without a network."""

import os
import subprocess
import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from scripts.uv_settings import for_uv, listed

ROOT = Path(__file__).parents[2]

BACKEND = """
import zipfile
def build_editable(folder, config_settings=None, metadata_directory=None):
    with zipfile.ZipFile(f"{folder}/scenescribe-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("house.pth", "")
        wheel.writestr("scenescribe-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: scenescribe\\nVersion: 1\\nRequires-Dist: brick\\n")
        wheel.writestr("scenescribe-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("scenescribe-1.dist-info/entry_points.txt", "[console_scripts]\\nscenescribe = brick:main\\n")
        wheel.writestr("scenescribe-1.dist-info/RECORD", "")
    return "scenescribe-1-py3-none-any.whl"
"""
PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "scenescribe"
version = "1"
dependencies = ["brick"]
"""


def wheel(folder: Path, version: str) -> None:
    """A package of one module, as an index would have it."""
    info = f"brick-{version}.dist-info"
    with zipfile.ZipFile(folder / f"brick-{version}-py3-none-any.whl", "w") as file:
        file.writestr("brick.py", f"def main():\n    print('brick {version}')\n")
        file.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: brick\nVersion: {version}\n")
        file.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        file.writestr(f"{info}/RECORD", "")


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A checkout of a house of one brick, beside an index that is empty and a folder with two versions of the brick."""
    house = tmp_path / "house"
    (house / "scripts").mkdir(parents=True)
    for name in ("setup", "uv_settings.py", "torchvision_repair.py"):
        (house / "scripts" / name).write_bytes((ROOT / "scripts" / name).read_bytes())
    (house / "scripts/setup").chmod(0o755)
    (house / "backend.py").write_text(BACKEND)
    (house / "pyproject.toml").write_text(PROJECT)
    (house / "constraints.txt").write_text(f"brick==1\nuv=={metadata.version('uv')}\n")
    (tmp_path / "index").mkdir()
    wheels = tmp_path / "wheels"
    wheels.mkdir()
    wheel(wheels, "1")
    wheel(wheels, "2")
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", house / ".venv"], check=True)
    packages = next((house / ".venv/lib").glob("python*/site-packages"))
    for name in ("pip", f"pip-{metadata.version('pip')}.dist-info"):
        (packages / name).symlink_to(Path(str(metadata.distribution("pip").locate_file(name))))
    return house


def with_uv(house: Path) -> None:
    """Puts uv into the house's environment, as `pip install uv` does."""
    packages = next((house / ".venv/lib").glob("python*/site-packages"))
    found = metadata.distribution("uv")
    name = f"uv-{found.version}.dist-info"
    (packages / name).symlink_to(Path(str(found.locate_file(name))))
    program = next(file for file in found.files or () if file.name == "uv")
    (house / ".venv/bin/uv").symlink_to(Path(str(found.locate_file(program))).resolve())


def run(house: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """scripts/setup without an engine, where pip is told the empty index and the folder of wheels, and nothing by this machine's files."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PIP_", "UV_"))}
    told = {
        "PIP_CONFIG_FILE": os.devnull,
        "PIP_INDEX_URL": (house.parent / "index").as_uri(),
        "PIP_FIND_LINKS": str(house.parent / "wheels"),
        "UV_CACHE_DIR": str(house.parent / "cache"),
        "SCENESCRIBE_SETUP_ENGINE": "none",
    }
    script = house / "scripts/setup"
    return subprocess.run([script], env=inherited | told | environment, capture_output=True, text=True, check=False)


def command(house: Path) -> str:
    return subprocess.run([house / ".venv/bin/scenescribe"], capture_output=True, text=True, check=True).stdout


def test_uv_installs_the_tested_versions_from_where_pip_would_take_them(house: Path) -> None:
    with_uv(house)
    done = run(house)
    assert done.returncode == 0, done.stderr
    assert command(house) == "brick 1\n", "2 is newer, 1 was tested"
    assert "pip" not in done.stderr
    assert max(map(len, done.stderr.splitlines())) <= 80, "what is to be typed is broken by no terminal"
    assert "+ brick==1" in (house / ".venv/setup.log").read_text(), "uv's own words"
    assert run(house).stderr == "", "nothing to do"


@pytest.mark.parametrize("trouble", ["no uv", "a setting that is for pip alone", "uv fails"])
def test_where_uv_can_not_do_it_pip_does(house: Path, trouble: str) -> None:
    environment = {}
    if trouble != "no uv":
        with_uv(house)
    if trouble == "uv fails":
        environment["UV_DEFAULT_INDEX"] = "file:///there/is/none"
        environment["UV_FIND_LINKS"] = "/there/is/none"
    if trouble == "a setting that is for pip alone":
        environment["PIP_PREFER_BINARY"] = "1"
    done = run(house, **environment)
    assert done.returncode == 0, done.stderr
    assert command(house) == "brick 1\n"
    assert done.stderr.count("pip") == 1, "said once, calmly"
    log = (house / ".venv/setup.log").read_text()
    assert "Successfully installed brick-1 scenescribe-1" in log, "pip's own words"
    assert trouble != "a setting that is for pip alone" or "prefer-binary" in log


def test_where_the_tested_versions_can_not_be_had_the_newest_are_taken(house: Path) -> None:
    with_uv(house)
    (house.parent / "wheels/brick-1-py3-none-any.whl").unlink()
    done = run(house)
    assert done.returncode == 0, done.stderr
    assert command(house) == "brick 2\n"
    assert "the tested versions can't be had here" in done.stderr


def programs(folder: Path, ffmpeg: bool) -> str:
    """A PATH with this machine's programs, and with ffmpeg or without."""
    folder.mkdir()
    for place in ("/bin", "/usr/bin", str(Path(sys.executable).resolve().parent)):
        for program in Path(place).iterdir():
            if not program.name.startswith("ffmpeg") and not (folder / program.name).is_symlink():
                (folder / program.name).symlink_to(program)
    if ffmpeg:
        (folder / "ffmpeg").symlink_to("/bin/true")
    return str(folder)


@pytest.mark.parametrize("there", [False, True])
def test_ffmpeg_can_be_called_where_the_system_has_none(house: Path, there: bool) -> None:
    with_uv(house)
    packages = next((house / ".venv/lib").glob("python*/site-packages"))
    (packages / "imageio_ffmpeg.py").write_text("def get_ffmpeg_exe():\n    return '/bin/echo'\n")
    done = run(house, PATH=programs(house.parent / "bin", there))
    assert done.returncode == 0, done.stderr
    link = house / ".venv/bin/ffmpeg"
    assert link.exists() is not there
    assert there or link.readlink() == Path("/bin/echo")


def test_where_nobody_can_install_it_is_told_with_the_log(house: Path) -> None:
    with_uv(house)
    for file in (house.parent / "wheels").iterdir():
        file.unlink()
    done = run(house)
    assert done.returncode == 3
    assert f"{house}/.venv/setup.log" in done.stderr
    assert "brick" in done.stderr, "what is missing is named"
    assert not (house / ".venv/.scenescribe-setup").exists(), "the next run tries again"


LISTING = """:env:.default-timeout='60'
:env:.extra-index-url='https://two.example/simple https://three.example/simple'
global.cert='/etc/ssl/our own.pem'
global.extra-index-url='https://old.example/simple'
global.index-url='https://name:word@one.example/simple'
global.find-links='/wheels\\n/more'
download.prefer-binary='true'
install.trusted_host='one.example'
"""


def test_a_later_place_outdoes_an_earlier_one_as_in_pip() -> None:
    told = listed(LISTING)
    assert told["extra-index-url"] == "https://two.example/simple https://three.example/simple"
    assert "prefer-binary" not in told, "of another command"
    assert told["trusted-host"] == "one.example"


def test_what_pip_is_told_is_said_in_uv_s_words() -> None:
    assert for_uv(listed(LISTING), {}) == {
        "UV_DEFAULT_INDEX": "https://name:word@one.example/simple",
        "UV_INDEX": "https://two.example/simple https://three.example/simple",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "UV_FIND_LINKS": "/wheels,/more",
        "UV_INSECURE_HOST": "one.example",
        "UV_HTTP_TIMEOUT": "60",
        "SSL_CERT_FILE": "/etc/ssl/our own.pem",
    }


def test_what_uv_was_told_itself_stays() -> None:
    assert for_uv({"index-url": "https://pip.example"}, {"UV_DEFAULT_INDEX": "https://uv.example"}) == {}


def test_certificates_of_the_environment_that_pip_goes_by_count() -> None:
    assert for_uv({}, {"REQUESTS_CA_BUNDLE": "/ours.pem"}) == {"SSL_CERT_FILE": "/ours.pem"}
    assert for_uv({"cert": "/pip.pem"}, {"REQUESTS_CA_BUNDLE": "/ours.pem"}) == {"SSL_CERT_FILE": "/pip.pem"}


@pytest.mark.parametrize("name", ["no-index", "no-binary", "prefer-binary", "require-hashes"])
def test_what_uv_has_no_word_for_is_named(name: str) -> None:
    with pytest.raises(LookupError, match=name):
        for_uv({name: "1"}, {})
