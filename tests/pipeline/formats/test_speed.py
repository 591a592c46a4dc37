"""10,000 captions are cues and all formats in seconds; processor time, since the machine may be busy."""

import time
from pathlib import Path
from runpy import run_path
from typing import Any

from pipeline import formats
from pipeline.cues import make_track, profile

bench: Any = run_path(str(Path(__file__).parents[3] / "scripts" / "benches" / "subtitles.py"))


def test_ten_thousand_captions_in_all_formats_in_three_seconds() -> None:
    document = bench["document"](10_000)
    started = time.process_time()
    track, _ = make_track(document, profile("netflix"))
    laid_out = time.process_time()
    for name in formats.names():
        formats.write(name, track, document)
    written = time.process_time()
    assert len(track.cues) >= 10_000
    assert written - laid_out < 3
    assert laid_out - started < 5
