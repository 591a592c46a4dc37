"""Pictures behind the last time that a program stream tells: a pack of 2048 bytes holds as many as fit, and the time of the first of them.

time, I, B, B, P, B, B | time, P, B, B .        ends where the last time says, and as many pictures later as are stored behind it
"""

from typing import Any

from pipeline.video.decode import libav

LOOKED_BACK = 1.0
"""seconds of the film's end that are read"""
DENSE = 12
"""pictures in them at least: of fewer, libav guesses times that are off by a picture, and there are packs enough to tell all"""
MOST = 2000
"""pictures that are looked at"""


def last_ends(container: Any, stream: Any, start: float, fps: float, told: float) -> float:
    """When the last picture ends, on the player's clock, of a film that ends at ``told`` by libav's look at the times in its last bytes; that
    where nothing else is found. Leaves the container at its end."""
    if container.format.name != "mpeg" or not told:
        return told
    base = float(stream.time_base)
    if not libav.seek(container, stream, int((told + start - LOOKED_BACK) / base)):
        return told
    latest, number, untimed = told, 0, 0
    for number, packet in enumerate(libav.packets(container, stream), 1):
        if number > MOST:
            return told
        if packet.pts is None:
            untimed += 1
            continue
        if (ends := (packet.pts + (packet.duration or 0)) * base - start) >= latest:
            latest, untimed = ends, 0
    return round(latest + untimed / fps, 6) if number >= DENSE else told
