"""What a run says at its end."""

from dataclasses import replace
from pathlib import Path

import pytest

from pipeline.captioning.tally import Tally
from pipeline.cli.sentences import how_it_ended, who
from pipeline.cli.summary import Summary, clock, gauges_line
from pipeline.engine.gate import Clock
from pipeline.observing import Result
from pipeline.stats import film_stats
from pipeline.types import Caption, Document, Model, Outcome, Source, VideoInfo

INFO = VideoInfo(path=Path("a.mp4"), size=1, container="mov", codec="h264", duration=120, start=0, fps=25, width=64, height=36)


def result(*, described: bool = True) -> Result:
    tally = Tally(windows=20, frames=160, asked=20, prompt_tokens=4000, completion_tokens=800)
    stats = film_stats(
        tally,
        INFO.duration,
        wall=14.0,
        engine_start=4.0,
        decode=3.0,
        write=0.25,
        resumed=0,
        held_back_by="engine",
        engine_peaks={"running": 8},
    )
    document = Document(
        source=Source(name="a.mp4", size=1, duration=120, fps=25, width=64, height=36, start=0, codec="h264", reader="pyav"),
        model=Model(name="m", id="m", revision="", engine="echo", engine_version="1"),
        settings={},
        captions=(
            Caption(start=0, end=2, text="A dog.", outcome=Outcome.OK, frames=(1.0,), prompt_tokens=1, completion_tokens=1),
        ),
        shots=(),
        language="en",
        warnings=(),
        stats=stats,
    )
    return Result(
        state="done",
        info=INFO,
        seconds=INFO.duration,
        document=document,
        outputs=(),
        notices=(),
        described=described,
        write_seconds=0.75,
    )


@pytest.mark.parametrize(("seconds", "text"), [(0.4, "0:00"), (59.6, "1:00"), (3599.6, "1:00:00"), (7325, "2:02:05")])
def test_clock(seconds: float, text: str) -> None:
    assert clock(seconds) == text


def test_rates_leave_out_the_loading_of_the_engine() -> None:
    stats = result().document.stats
    assert (stats["windows_per_second"], stats["times_real_time"], stats["completion_tokens_per_second"]) == (2.0, 12.0, 80.0)
    assert stats["seconds"]["write"] == 0.25
    assert stats["engine_peaks"] == {"running": 8}


def test_the_last_lines_say_how_fast_and_where_the_time_went() -> None:
    summary = Summary()
    summary.add("a.mp4", "done", "", result())
    summary.add("b.mp4", "failed", "not_a_video")
    assert summary.lines(10.0, Clock(hungry=1.0, fed=9.0, full=2.0)) == [
        "1 done, 1 failed · 0:10 · 2:00 of film, 12.0x real time · 2.0 windows/s · held back by engine",
        (
            "decode 3.0 s · engine fed 9.0 s, waited for frames 1.0 s · frames waited for the engine 2.0 s · writing 1.0 s · "
            "16 frames/s, 400 prompt and 80 output tokens/s"
        ),
    ]
    assert summary.table() == []


def test_a_run_that_mostly_wrote_says_so() -> None:
    summary = Summary()
    summary.add("a.mp4", "done", "", replace(result(), write_seconds=20.0))
    assert "held back by writing" in summary.lines(25.0, Clock(hungry=3.0, fed=2.0))[0], "burning, say"
    assert "held back by decode" in summary.lines(25.0, Clock(hungry=15.0, fed=8.0))[0], "it wrote while other films were read"
    assert "held back by engine" in summary.lines(40.0, Clock(hungry=1.0, fed=22.0))[0]


def test_gauges_are_said_for_people() -> None:
    seen = {
        "running": 12,
        "waiting": 3,
        "kv_cache_use": 0.0244,
        "gpu_memory_used_gb": [66.13, 5.0],
        "gpu_memory_total_gb": [79.6, 79.6],
    }
    assert gauges_line(seen) == (
        "engine, at most: 12 running, 3 waiting, KV cache 2.4% full, GPU memory 66.1 of 79.6 GiB, GPU memory 5.0 of 79.6 GiB"
    )


def test_what_an_earlier_run_described_is_no_speed_of_this_one() -> None:
    summary = Summary()
    summary.add("a.mp4", "done", "", result(described=False))
    assert summary.lines(10.0, Clock()) == ["1 done · 0:10"]
    assert summary.rows[0][4] == 0.0


def test_a_batch_has_one_speed_and_that_is_the_runs() -> None:
    """Films that go side by side wait for each other: 0.2x each and 0.6x in all contradict each other to whoever reads them."""
    summary = Summary()
    for name in "abcdef":
        summary.add(name, "done", "", result())
        assert "x" not in how_it_ended(name, result(), alone=False)
    assert summary.table()[:2] == ["film  state  reason  length", "a     done             2:00"]
    assert summary.lines(10.0, Clock())[0].count("x real time") == 1
    assert how_it_ended("a.mp4", result()).endswith(" · 12.0x real time"), "of one film it is the only number"


def test_what_echo_says_is_no_models() -> None:
    model = replace(result().document.model, engine="vllm")
    assert who(model) == f"model {model.name} · engine {model.engine}"
    echo = replace(model, engine="echo")
    assert (model.author, echo.author) == (model.name, "echo")
    assert f"model {model.name}" not in who(echo)


def test_the_table_ends_with_what_failed() -> None:
    summary = Summary()
    for name, state in (("a", "failed"), ("b", "done"), ("c", "skipped"), ("d", "failed"), ("e", "done")):
        summary.add(name, state)
    assert summary.table() == []
    summary.add("f", "done")
    assert "".join(line.split()[0] for line in summary.table()[1:]) == "bcefad"


def test_the_table_is_in_the_order_in_which_films_were_named_and_failures_last() -> None:
    summary = Summary(order={f"{name}.mp4": place for place, name in enumerate("abcdef")})
    for name in "fbadce":
        summary.add(f"{name}.mp4", "failed" if name in "ac" else "done")
    assert [line.split()[0] for line in summary.table()[1:]] == [f"{name}.mp4" for name in "bdefac"]
