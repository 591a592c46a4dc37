"""Events as a person reads them."""

from datetime import UTC, datetime, timedelta

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
