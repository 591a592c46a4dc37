"""What of an HLS playlist begins anew for the process that reads it, and what does not."""

import asyncio
import os
from collections.abc import Sequence

from patience import PATIENCE

from pipeline.live.http.hls import Hls, Place
from pipeline.live.verdict import Verdict

URL = "http://tv.example/live.m3u8"


class Served:
    """In place of Fetch: copies of a playlist, one after the other, the last one for ever; each segment is its own name."""

    def __init__(self, copies: Sequence[str]) -> None:
        self.copies, self.asked = list(copies), []

    asked: list[str]

    async def whole(self, url: str, most: int, *, offset: int = 0, length: int | None = None) -> tuple[bytes, str]:
        if url == URL:
            return (self.copies.pop(0) if len(self.copies) > 1 else self.copies[0]).encode(), url
        self.asked.append(url.rpartition("/")[2])
        return b"x", url


def playlist(first: int, names: str, *, broken: str = "", turn: int | None = None, name: str = "", ended: bool = False) -> str:
    """Segments ``names`` from number ``first`` on, a break before each of ``broken``."""
    rows = ["#EXTM3U", "#EXT-X-TARGETDURATION:0.2", f"#EXT-X-MEDIA-SEQUENCE:{first}"]
    rows += [] if turn is None else [f"#EXT-X-DISCONTINUITY-SEQUENCE:{turn}"]
    for one in names:
        rows += ["#EXT-X-DISCONTINUITY"] * (one in broken) + ["#EXTINF:0.2,", f"{name}{one}"]
    return "\n".join([*rows, *["#EXT-X-ENDLIST"] * ended])


async def read(*copies: str, place: Place | None = None) -> tuple[Verdict, list[str], Place]:
    """How the connection ends, which segments were fetched, and from where the next one would go on."""
    served, place = Served(copies), place or Place()
    inlet, outlet = os.pipe()
    try:
        async with asyncio.timeout(PATIENCE):
            verdict = await Hls(served, place).run(URL, first(served), outlet)  # type: ignore[arg-type]
    finally:
        os.close(inlet)
        os.close(outlet)
    return verdict, served.asked, place


def first(served: Served) -> str:
    return served.copies.pop(0) if len(served.copies) > 1 else served.copies[0]


async def test_a_break_before_the_next_segment() -> None:
    verdict, asked, place = await read(playlist(0, "abc"), playlist(1, "bcd", broken="d"))
    assert (verdict.code, asked, place.next) == ("again", ["c"], 3)
    # the next connection begins behind the break, and does not break again
    verdict, asked, place = await read(playlist(1, "bcd", broken="d"), playlist(2, "cde", broken="d", ended=True), place=place)
    assert (verdict.code, asked) == ("over", ["d", "e"])


async def test_a_break_before_a_segment_that_is_left_out() -> None:
    """Four segments behind, reading goes on with the newest: other stamps begin there all the same."""
    verdict, asked, place = await read(playlist(0, "abc"), playlist(1, "bcdefghi", broken="e"))
    assert (verdict.code, asked, place.next) == ("again", ["c"], 8)


async def test_segments_that_are_left_out_without_a_break_are_none() -> None:
    verdict, asked, _ = await read(playlist(0, "abc"), playlist(1, "bcdefghi", broken="b"), playlist(6, "ghij", ended=True))
    assert (verdict.code, asked) == ("over", ["c", "i", "j"])


async def test_a_break_that_is_gone_from_the_playlist_is_counted() -> None:
    verdict, asked, place = await read(playlist(0, "abc", turn=4), playlist(10, "klm", turn=5))
    assert (verdict.code, asked, place.next) == ("again", ["c"], 12)
    verdict, asked, _ = await read(playlist(0, "abc", turn=4), playlist(10, "klm", turn=4, ended=True))
    assert (verdict.code, asked) == ("over", ["c", "k", "l", "m"])
    # a server that never counts: what slides out of its playlist is no break
    verdict, asked, _ = await read(
        playlist(0, "abc"), playlist(1, "bc", broken="b"), playlist(2, "cde"), playlist(3, "def", ended=True)
    )
    assert (verdict.code, asked) == ("over", ["c", "d", "e", "f"])


async def test_numbers_that_begin_anew_are_another_source() -> None:
    verdict, asked, place = await read(playlist(50, "abc"), playlist(0, "no", name="new-"))
    assert (verdict.code, asked, place.next) == ("again", ["c"], 1)


async def test_an_old_copy_of_the_playlist_is_no_beginning() -> None:
    """Of several servers one is behind: its copy ends before what was read."""
    verdict, asked, _ = await read(
        playlist(4, "abcd"), playlist(5, "bcde"), playlist(6, "cdef"), playlist(3, "zabc"), playlist(7, "defg", ended=True)
    )
    assert (verdict.code, asked) == ("over", ["d", "e", "f", "g"])
