"""How long a film of MP4 or MOV is by its head, of what ffmpeg makes of it."""

import struct
from pathlib import Path

from pipeline.media.edit_lists import begins_late
from pipeline.safe_open import regular
from pipeline.video.boxes import Box, fragmented, within


def told_length(film: Path, duration: float, start: float) -> float:
    """Seconds that it lasts, of the ``duration`` and ``start`` that ffmpeg tells; 0 where the head tells none.

    Fragments, and a film that waits at its beginning: ffmpeg tells when the last picture ends. A head whose length is all ones knows
    none (ISO/IEC 14496-12 8.2.2), and older ffmpegs take it for fifty days.
    """
    if _untold(film):
        return 0.0
    return max(0.0, duration - start) if start > 0 and (fragmented(film) or begins_late(film)) else duration


def _untold(film: Path) -> bool:
    try:
        with regular(film) as file:
            whole = Box(b"", 0, file.seek(0, 2))
            heads = [one.read(file.fileno()) for one in within(file.fileno(), whole, b"moov", b"mvhd")]
    except (OSError, struct.error):
        return False
    return any((head[24:32] == b"\xff" * 8) if head[:1] == b"\1" else (head[16:20] == b"\xff" * 4) for head in heads[:1])
