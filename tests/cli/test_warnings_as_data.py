"""What burn, mux, export and speak warn of is in their JSON too: who reads that does not read stderr."""

import json
import subprocess
from pathlib import Path

import pytest
from patience import PATIENCE

LATE = "1\n00:00:01 --> 00:00:02,000\nA test card.\n\n2\n00:00:50,000 --> 00:00:52,000\nLate\n"


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("warned")
    sources = "-f lavfi -i testsrc2=s=320x180:d=4:r=10 -f lavfi -i anullsrc=r=48000:d=4 -pix_fmt yuv420p".split()
    subprocess.run(["ffmpeg", "-v", "error", *sources, str(made / "movie.mp4")], check=True, timeout=PATIENCE)
    (made / "late.en.srt").write_text(LATE)
    return made


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (("burn", "movie.mp4", "late.en.srt", "-o", "burned.mp4"), {"times_guessed", "past_the_end"}),
        (("mux", "movie.mp4", "late.en.srt", "-o", "muxed.mkv"), {"times_guessed", "past_the_end"}),
        (("export", "late.en.srt", "-f", "vtt", "-o", "late.vtt"), {"times_guessed"}),
        (("speak", "movie.mp4", "late.en.srt", "-o", "spoken.mp4"), {"times_guessed", "past_the_end"}),
    ],
)
def test_what_is_warned_of_is_in_the_json(words: tuple[str, ...], codes: set[str], folder: Path) -> None:
    done = subprocess.run(
        ["scenescribe", *words, "--json"], cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)["warnings"]
    assert {one["code"] for one in told} == codes
    assert all(code in done.stderr for code in codes)
    assert all(set(one) == {"code", "message", "start", "end"} for one in told)
