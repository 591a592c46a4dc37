"""Events as a person reads them."""

from datetime import UTC, datetime, timedelta

import pytest

from pipeline.cli.live import _on_screen
from pipeline.live.outputs.lines import sentence


def test_states_are_told_by_the_clock_of_the_captions() -> None:
    """Captions stand at UTC; a state has no such stamp and is told as it happens."""
    event = {"event": "source", "stream": "a", "epoch": 1, "time": 3.0, "state": "ended", "reason": "ended"}
    before = datetime.now(UTC)
    said = sentence(event, many=False)
    seconds = int((datetime.now(UTC) - before).total_seconds()) + 2
    assert said in {f"{before + timedelta(seconds=n):%H:%M:%S}  [ended]" for n in range(seconds)}


def test_a_caption_is_told_at_its_end() -> None:
    event = {"event": "caption", "stream": "a", "text": "A dog.", "utc_end": "2026-11-28T02:26:08.100Z", "start": 0.0, "end": 4.0}
    assert sentence(event, many=True) == "02:26:08  a  A dog.  (0.0 s)"


def test_a_terminals_lines_break_between_words(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "40")
    event = {
        "event": "caption",
        "stream": "a",
        "text": "A yellow star moves up, a purple circle moves up.",
        "utc_end": "2026-11-28T02:26:08Z",
    }
    assert _on_screen(event, many=False) == "02:26:08  A yellow star moves up, a\npurple circle moves up.  (0.0 s)"
    assert _on_screen({"event": "heartbeat", "stream": "a", "end": 0.0}, many=False) is None
