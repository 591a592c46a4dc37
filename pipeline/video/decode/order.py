"""Films whose stored times tell when packets are decoded, and not when their pictures are shown, which is in another order.

    stored    I0 P1 B2 B3 P4 ...      each a frame after the one before it
    shown     I0 B2 B3 P1 ...         so pictures are counted as the decoder gives them

AVI stores no other times; a copy of it into MP4, ASF or Matroska (and of a raw stream) keeps them. In MPEG-4 of a packed bitstream a packet
holds a P and the B before it, and one with nothing follows: each gives one picture.
"""

import re
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.video.decode import libav
from pipeline.video.decode.first_whole import slice_type
from pipeline.video.decode.nal import framing
from pipeline.video.listing import UNKNOWN

_UNTOLD = frozenset({"h264", "hevc"})
"""codecs of which libav does not find out when a picture is shown, where a container tells when packets are decoded and no more"""
_PACKED = re.compile(rb"DivX\d+(?:b|Build)\d+p")
"""user data of a packed bitstream (libavcodec/mpeg4videodec.c)"""
_B = (1, 6)
"""slice_type B (ITU-T H.264 table 7-6)"""


def of_decoding(container: Any, stream: Any, pts: NDArray[np.int64], dts: NDArray[np.int64]) -> bool:
    """Whether they do, of a film with these times [packets]."""
    context = stream.codec_context
    if not context.has_b_frames or not len(pts):
        return False
    if context.name == "mpeg4":
        return _PACKED.search(bytes(context.extradata or b"")) is not None
    if context.name not in _UNTOLD:
        return False
    return container.format.name == "avi" or (_alike(pts, dts) and _reorders(container, stream))


def _alike(pts: NDArray[np.int64], dts: NDArray[np.int64]) -> bool:
    """Whether each is shown as long after it is decoded as any other."""
    return bool(pts[0] != UNKNOWN and dts[0] != UNKNOWN and (pts - dts == pts[0] - dts[0]).all())


def _reorders(container: Any, stream: Any) -> bool:
    """Whether pictures are shown in another order. An H.264 header may allow it to those who don't do it; HEVC's tells how many (7.4.3.2.1)."""
    context = stream.codec_context
    units = framing(context.name, bytes(context.extradata or b""))
    if context.name == "hevc" or units is None:
        return True
    with libav.again(container) as other:
        first = islice(libav.packets(other, other.streams[stream.index]), libav.PEEKED)
        return any(slice_type(memoryview(packet), units) in _B for packet in first)
