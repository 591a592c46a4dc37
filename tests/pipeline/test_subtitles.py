"""Subtitle files as every command opens them."""

from pathlib import Path

import pytest

from pipeline.errors import UsageError
from pipeline.subtitles import load


def test_a_file_without_a_suffix_is_told_what_every_command_takes(tmp_path: Path) -> None:
    path = tmp_path / "subtitles"
    path.write_text("1\n00:00:01,000 --> 00:00:02,000\nText\n")
    with pytest.raises(UsageError, match=r"rename it \(\.json, \.srt, .*\), or export --from FORMAT") as wrong:
        load(path)
    assert wrong.value.code == "unknown_format"
