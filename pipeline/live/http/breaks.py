"""Whether what was read last and what is read next have the same stamps: segments between them may have been left out. Pure.

read 7,  next 8 9 10              a break before any of them counts, the ones that are left out too
read 7,  the list begins with 20  what was between is not known: EXT-X-DISCONTINUITY-SEQUENCE counts its breaks (RFC 8216 4.3.3.3)
"""

from collections import OrderedDict

from pipeline.live.http.playlist import Media, Part, Segment

REMEMBERED = 256
"""segments"""


class Listed:
    """What earlier copies of a playlist listed. Of several servers one may give a copy that is some segments old: nothing began anew."""

    def __init__(self) -> None:
        self._parts: OrderedDict[int, Part] = OrderedDict()

    def add(self, media: Media) -> None:
        for segment in media.segments:
            self._parts[segment.number] = segment.part
            self._parts.move_to_end(segment.number)
        while len(self._parts) > REMEMBERED:
            self._parts.popitem(last=False)

    def is_old(self, media: Media) -> bool:
        """Whether the newest segment of this copy was listed before, under the same number."""
        newest = media.segments[-1]
        return self._parts.get(newest.number) == newest.part


def broken_between(before: Segment, after: Segment, media: Media) -> bool:
    """``after`` is a segment of ``media``, ``before`` one of this playlist as it was earlier, with a lower number."""
    between = [segment for segment in media.segments if before.number < segment.number <= after.number]
    if any(segment.broken for segment in between):
        return True
    known = bool(between) and between[0].number == before.number + 1
    return not known and None not in (before.turn, after.turn) and before.turn != after.turn
