"""``cameras.toml``: what a table may say, and what is said of one that may not."""

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipeline.errors import UsageError
from pipeline.live.address import Address, Kind
from pipeline.live.cameras import BOUNDS, OWN, plans
from pipeline.live.opening import Live
from pipeline.live.plan import Plan
from pipeline.options.live import LiveSettings

COMMON = Plan(name="", address=Address(kind=Kind.STDIN, url="-", shown="stdin"), window=4.0, previous=1)


def read(folder: Path, text: str) -> list[Plan]:
    file = folder / "cameras.toml"
    file.write_text(text)
    return plans([str(file)], COMMON)


def test_a_table_says_what_differs_and_the_options_the_rest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("YARD_URL", "rtsp://me:secret@10.0.0.8/x")
    gate, yard = read(
        tmp_path,
        """
        [gate]
        url = "https://tv.example/live.m3u8"
        window = 8
        max-window = 16
        prompt = "Who comes and goes? {words} words."
        priority = 3
        skip-static = false
        allow-host = ["cdn.example", "cdn.example:8443"]
        [yard]
        url = "env:YARD_URL"
        """,
    )
    assert (gate.name, gate.window, gate.max_window, gate.priority, gate.skip_static) == ("gate", 8.0, 16.0, 3, False)
    assert gate.allow_host == ("cdn.example", "cdn.example:8443")
    assert gate.address.kind is Kind.HTTP
    assert (yard.window, yard.previous, yard.priority) == (4.0, 1, 0)
    assert "secret" not in yard.address.shown
    assert "secret" not in repr(yard)


@pytest.mark.parametrize(
    ("text", "code", "says"),
    [
        ("", "bad_config", "no stream"),
        ("[gate]\nwindow = 4", "bad_config", "needs url"),
        ("gate = 5", "bad_config", "needs url"),
        ("[gate]\nurl = 5", "bad_config", "needs url"),
        ("[gate", "bad_config", "not valid TOML"),
        ("['a/b']\nurl = 'udp://127.0.0.1:1'", "bad_config", "can't be a name"),
        ("[gate]\nurl = 'udp://127.0.0.1:1'\nwindw = 4", "unknown_option", "window"),
        ("[gate]\nurl = 'udp://127.0.0.1:1'\nwindow = 'x'", "bad_value", "no float"),
        ("[gate]\nurl = 'udp://127.0.0.1:1'\nwindow = 0", "bad_value", "0.5"),
        ("[gate]\nurl = 'udp://127.0.0.1:1'\nwindow = nan", "bad_value", "nan"),
        ("[gate]\nurl = 'udp://127.0.0.1:1'\npriority = true", "bad_value", "no int"),
        ("[gate]\nurl = 'udp://127.0.0.1:1'\ntransport = 'x'", "bad_value", "tcp or udp"),
        ("[gate]\nurl = 'udp://127.0.0.1:1'\nallow-host = [1]", "bad_value", "hosts"),
        ("[gate]\nurl = 'gopher://x/'", "bad_source", "gopher"),
        ("[gate]\nurl = 'env:NOTHING_HAS_THIS_NAME'", "bad_source", "NOTHING_HAS_THIS_NAME"),
        # no float is as large, and Python would not even write the second
        (f"[gate]\nurl = 'udp://127.0.0.1:1'\nwindow = 1{'0' * 400}", "bad_config", "64"),
        (f"[gate]\nurl = 'udp://127.0.0.1:1'\nallow-host = [0x{'f' * 5000}]", "bad_config", "64"),
        (f"[gate]\nurl = 'udp://127.0.0.1:1'\nprevious = {10**18}", "bad_value", "not from 0 to 5"),
        ("[a]\nurl = '-'\n[b]\nurl = '-'", "bad_source", "twice"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, text: str, code: str, says: str) -> None:
    with pytest.raises(UsageError) as found:
        read(tmp_path, text)
    assert found.value.code == code
    assert says in found.value.message


VALUES = st.one_of(st.integers(), st.floats(), st.booleans(), st.text(max_size=5), st.lists(st.integers(), max_size=2))


@settings(max_examples=40)
@given(st.sampled_from(sorted(OWN)), VALUES)
def test_any_value_is_a_plan_in_its_bounds_or_a_usage_error(
    tmp_path_factory: pytest.TempPathFactory, key: str, value: Any
) -> None:
    shown = (
        str(value).lower()
        if isinstance(value, bool)
        else repr(value)
        if not isinstance(value, str)
        else f'"{value.encode().hex()}"'
    )
    try:
        (plan,) = read(tmp_path_factory.mktemp("toml"), f"[gate]\nurl = 'udp://127.0.0.1:1'\n{key} = {shown}\n")
    except UsageError:
        return
    if key in BOUNDS:
        low, high = BOUNDS[key]
        assert low <= getattr(plan, key) <= high


def test_names_of_streams(tmp_path: Path) -> None:
    named = plans(["gate=udp://127.0.0.1:1", "udp://127.0.0.1:2", "udp://127.0.0.1:3", "-"], COMMON)
    assert [plan.name for plan in named] == ["gate", "127.0.0.1", "127.0.0.1-2", "stdin"]
    with pytest.raises(UsageError, match="two streams"):
        plans(["gate=udp://127.0.0.1:1", "gate=udp://127.0.0.1:2"], COMMON)
    with pytest.raises(UsageError, match="no_input"):
        plans([], COMMON)


@pytest.mark.parametrize(
    ("model", "given_", "previous"),
    [("shapes", None, 0), ("shapes", 2, 2), ("llava-onevision-7b", None, 1), ("llava-onevision-7b", 0, 0)],
)
def test_the_embedded_model_is_reminded_of_nothing(model: str, given_: int | None, previous: int) -> None:
    wished = Live.of(["udp://127.0.0.1:1"], LiveSettings(model=model, previous=given_))
    assert wished.plans[0].previous == previous
