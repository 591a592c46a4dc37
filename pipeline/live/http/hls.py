"""Segments of an HLS playlist, one after the other, into a pipe; the newest ones, where they were not kept up with.

start            the newest whole segment; after a discontinuity the next one        behind by FAR segments   on to the newest
a fault          the playlist and each segment are asked for again while there is time; a segment that stays away is left out
DISCONTINUITY    the process that reads is replaced: other stamps, other parameters (Verdict ``again``); one before a segment that is
                 left out counts, and so do numbers that began anew
ENDLIST          the end
"""

import asyncio
import time
from collections import deque
from dataclasses import dataclass

from pipeline.errors import InputError
from pipeline.live.http.breaks import Listed, broken_between
from pipeline.live.http.decrypt import Decrypt
from pipeline.live.http.fetch import PLAYLIST, SEGMENT, Fetch
from pipeline.live.http.playlist import Media, Part, Segment, parse
from pipeline.live.http.stamps import CYCLE, first_stamp
from pipeline.live.pipes import write_all
from pipeline.live.verdict import Verdict

FAR = 4
"""segments"""
STALE = 3.0
"""targets without a new segment after which a source is lost"""
TRIES = 3
"""of one segment"""
LOST = 3
"""segments in a row that may stay away"""
FOR_GOOD = frozenset({"host_refused", "not_authorized", "stream_encrypted", "bad_playlist"})
"""of a playlist: asking again changes nothing soon"""


@dataclass(slots=True)
class Place:
    """Where reading is: what a new connection goes on from."""

    next: int | None = None
    """number of the segment to read next"""


@dataclass(frozen=True, slots=True)
class Dated:
    """The UTC of a media time."""

    stamp: float
    utc: float
    number: int


class Hls:
    def __init__(self, fetch: Fetch, place: Place) -> None:
        self._fetch, self._place, self._decrypt = fetch, place, Decrypt(fetch)
        self._dated: deque[Dated] = deque(maxlen=64)
        self._init: Part | None = None
        self._init_bytes = b""
        self._lost_in_row = 0
        self._refused: InputError | None = None
        """why the last segment that stayed away did"""
        self._listed = Listed()
        self._read: Segment | None = None
        """the last one that was written"""
        self._begun, self._fed = 0.0, 0.0
        self.hold = 20.0

    def taken_at(self, raw: float) -> tuple[float, object] | None:
        """UTC of a stamp, by the segment that it is in."""
        for dated in reversed(self._dated):
            after = (raw - dated.stamp + CYCLE / 2) % CYCLE - CYCLE / 2
            if after >= -0.001:
                return dated.utc + after, dated.number
        return None

    async def run(self, url: str, text: str, fd: int) -> Verdict:
        """From a playlist that was fetched. Raises InputError."""
        found = await asyncio.to_thread(parse, text, url)  # megabytes of somebody's text: other streams go on
        if isinstance(found, str):
            url = found
            body, came_from = await self._fetch.whole(url, PLAYLIST)
            found = await asyncio.to_thread(parse, body.decode("utf-8", "replace"), came_from)
            if isinstance(found, str):
                raise InputError("bad_playlist", "a master playlist names another master playlist")
        media, fresh, self._begun = found, time.monotonic(), time.monotonic()
        self._enter(media)
        while True:
            self.hold = max(2 * media.target, 4.0)
            if self._anew(media):
                return Verdict("again", "the numbers of the segments began anew")
            waiting = self._waiting(media)
            for segment in waiting:
                verdict = await self._feed(segment, media, fd)
                if verdict is not None:
                    return verdict
            if waiting:
                fresh = time.monotonic()
            if media.ended:
                if self._read is None and self._refused is not None:
                    raise self._refused  # not one segment came: it has not ended, it was never had
                return Verdict("over", "the playlist has ended")
            await asyncio.sleep(media.target if waiting and media.target < 1 else media.target / 2)
            try:
                body, came_from = await self._fetch.whole(url, PLAYLIST)
                again = await asyncio.to_thread(parse, body.decode("utf-8", "replace"), came_from)
                if isinstance(again, Media):
                    media = again
            except InputError as error:
                if error.code in FOR_GOOD or time.monotonic() - fresh > STALE * media.target:
                    raise
            if time.monotonic() - fresh > max(STALE * media.target, 5.0):
                if self._read is None and self._refused is not None:
                    raise self._refused
                return Verdict("source_silent", "the playlist does not go on")

    def _enter(self, media: Media) -> None:
        """Choose where to begin: a film at its start, what is live at its newest segment, what goes on where it was."""
        numbers = [segment.number for segment in media.segments]
        if not numbers:
            return
        known = self._place.next
        if known is not None and numbers[0] <= known <= numbers[-1] + 1 and numbers[-1] - known < FAR:
            return
        self._place.next = numbers[0] if media.ended and known is None else numbers[-1]

    def _anew(self, media: Media) -> bool:
        """Whether the source that counts the segments is another one; reading goes on at its newest."""
        if not media.segments or self._place.next is None or self._place.next <= media.segments[-1].number + 1:
            self._listed.add(media)
            return False
        if self._listed.is_old(media):
            return False
        self._place.next = media.segments[-1].number
        return self._read is not None

    def _waiting(self, media: Media) -> list[Segment]:
        """Segments that are to be read now."""
        if not media.segments:
            return []
        first, last = media.segments[0].number, media.segments[-1].number
        if self._place.next is None:
            self._enter(media)
        assert self._place.next is not None
        if not media.ended and last - self._place.next >= FAR:
            self._place.next = last
        self._place.next = max(self._place.next, first)
        return [segment for segment in media.segments if segment.number >= self._place.next]

    async def _feed(self, segment: Segment, media: Media, fd: int) -> Verdict | None:
        """One segment, fetched and written. A verdict where another process has to go on."""
        if segment.missing:  # a break before it is found at the next one that is there; a hundred thousand cost no time
            self._place.next = segment.number + 1
            return None
        if self._read is not None and broken_between(self._read, segment, media):
            self._place.next = segment.number
            return Verdict("again", "the playlist tells of a discontinuity")
        self._place.next = segment.number + 1
        try:
            if segment.init != self._init:
                if self._init is not None:
                    self._place.next = segment.number
                    return Verdict("again", "the playlist has another EXT-X-MAP")
                if segment.init is not None:
                    self._init_bytes = await self._get(segment.init)
                    await write_all(fd, self._init_bytes)
                self._init = segment.init
            data = await self._get(segment.part)
        except InputError as error:
            self._lost_in_row += 1
            self._refused = error
            if error.code in ("not_authorized", "stream_encrypted") or self._lost_in_row >= LOST:
                raise
            return None
        self._lost_in_row = 0
        await self._not_too_soon(segment)
        self._date(segment, data)
        await write_all(fd, data)
        self._read = segment
        self._fed += segment.seconds
        return None

    async def _get(self, part: Part) -> bytes:
        for tries in range(TRIES):
            try:
                data, _ = await self._fetch.whole(part.url, SEGMENT, offset=part.offset, length=part.length)
                return data if part.key is None else await self._decrypt.clear(data, part.key)
            except InputError as error:
                if error.code in FOR_GOOD or tries + 1 == TRIES:
                    raise
                await asyncio.sleep(0.3)
        raise AssertionError("unreachable")

    async def _not_too_soon(self, segment: Segment) -> None:
        """A film whose segments are all there is read at the pace at which it was made."""
        ahead = self._fed - (time.monotonic() - self._begun)
        if ahead > max(2 * segment.seconds, 2.0):
            await asyncio.sleep(ahead - max(segment.seconds, 1.0))

    def _date(self, segment: Segment, data: bytes) -> None:
        if segment.utc is None:
            return
        stamp = first_stamp(data, self._init_bytes)
        if stamp is not None:
            self._dated.append(Dated(stamp, segment.utc, segment.number))
