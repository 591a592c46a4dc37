"""The last picture of a film of standing ones (``standing``) is shown until the sound is over, as players do.

When that is, is asked of the sound's packets: a head may tell it wrongly, or not at all. They are read for such films alone, of which most
is sound.
"""

from collections.abc import Iterator
from dataclasses import replace

from pipeline.video.decode import libav
from pipeline.video.standing import falls_short, last_shown, stand
from pipeline.video.table import Table

WITHIN = 1.0
"""seconds that the sound may end behind what the head tells of the whole file: a time behind that is taken for wild"""
_OF_THE_FILE = ("mpegts", "mpeg", "asf")
"""containers that do not tell how long the picture goes on, where libav gives the length of the whole file"""


def until_the_sound_ends(fd: int, table: Table, *, start: float, told: float) -> Iterator[Table | None]:
    """The film's table; every None before it is a sign of life. ``told``: when the picture ends by its head, 0 where that is not told.

    Where pictures are missing at the end, or their times were made up, nobody knows which one stands: the table stays as it is.
    """
    if stand(table.times) and not table.repaired and all(hole <= table.times[-1] for hole in table.holes):
        for heard in _sound_end(fd, start=start, told=told, end=table.end):
            if heard is None:
                yield None
            else:
                table = replace(table, end=last_shown(table.times, table.end, round(heard, 6)))
    yield table


def _sound_end(fd: int, *, start: float, told: float, end: float) -> Iterator[float | None]:
    """Seconds on the player's clock; 0 where there is no sound, or the picture ends at ``end``, before its time."""
    heard = 0.0
    with libav.open_container(fd) as container:
        broken_off = container.format.name not in _OF_THE_FILE and falls_short(end, told)
        streams = container.streams.audio
        whole = (container.duration or 0) / libav.TIME_BASE
        late = max(
            0.0, (container.start_time or 0) / libav.TIME_BASE - start
        )  # where the sound's start was taken for the picture's
        for number, packet in enumerate(libav.packets(container, streams) if streams and not broken_off else ()):
            if number % 4096 == 0:
                yield None
            if packet.pts is None or packet.is_discard:
                continue
            over = float((packet.pts + (packet.duration or 0)) * packet.time_base) - start
            if not whole or over <= whole + late + WITHIN:
                heard = max(heard, over)
    yield heard
