"""Films whose stored times tell when packets are decoded, and not when their pictures are shown, which is in another order.

    stored    I0 P1 B2 B3 P4 ...      each a frame after the one before it
    shown     I0 B2 B3 P1 ...         so pictures are counted as the decoder gives them

AVI stores no other times; a copy of it into MP4, ASF or Matroska (and of a raw stream) keeps them. Of MPEG-1, 2 and 4 libav finds out
when a picture is shown, but not in MP4, where the times of decoding are taken for both, nor of MPEG-2 in ASF. In MPEG-4 of a packed
bitstream a packet holds a P and the B before it, and one with nothing follows: each gives one picture.
"""

import re
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from pipeline.video.decode import libav
from pipeline.video.decode.first_whole import coding_type, slice_type
from pipeline.video.decode.nal import framing
from pipeline.video.listing import UNKNOWN

_UNTOLD = frozenset({"h264", "hevc"})
"""codecs of which libav does not find out when a picture is shown, where a container tells when packets are decoded and no more"""
_B_OF_MPEG = {"mpeg1video": 3, "mpeg2video": 3, "mpeg4": 2}
"""picture_coding_type B (ITU-T H.262 6.3.9), vop_coding_type B (ISO/IEC 14496-2 6.3.5)"""
_DECODING_ONLY = frozenset({"avi", "asf", "nut", "wtv"})
"""libav's names of containers that tell when packets are decoded, or may: NUT and WTV hold what they were given of such a film"""
_PACKED = re.compile(rb"DivX\d+(?:b|Build)\d+p")
"""user data of a packed bitstream (libavcodec/mpeg4videodec.c)"""
_DEEPEST = 16
"""frames that may be stored before one that is shown earlier (ITU-T H.264 A.3.1)"""
_B = (1, 6)
"""slice_type B (ITU-T H.264 table 7-6)"""


def of_decoding(container: Any, stream: Any, pts: NDArray[np.int64], dts: NDArray[np.int64]) -> bool:
    """Whether they do, of a film with these times [packets]."""
    context = stream.codec_context
    if not context.has_b_frames or not len(pts):
        return False
    if context.name == "mpeg4" and _PACKED.search(bytes(context.extradata or b"")):
        return True
    if context.name not in _UNTOLD and context.name not in _B_OF_MPEG:
        return False
    return (container.format.name == "avi" and context.name in _UNTOLD) or (_alike(pts, dts) and _reorders(container, stream))


def tells_decoding(container: Any, stream: Any) -> bool:
    """Whether its container tells when packets are decoded and no more, of a film whose pictures are stored in another order: OpenCV makes
    times of that in which its first picture has none. Matroska does so where it holds what was made for Video for Windows (V_MS/VFW/FOURCC)."""
    if not stream.codec_context.has_b_frames:
        return False
    name = container.format.name
    return name in _DECODING_ONLY or (name.startswith("matroska") and stream.codec_context.codec_tag.strip("\0") != "")


def _alike(pts: NDArray[np.int64], dts: NDArray[np.int64]) -> bool:
    """Whether each is shown as long after it is decoded as any other; the first one may be decoded earlier."""
    if pts[0] == UNKNOWN or dts[0] == UNKNOWN:
        return False
    apart = (pts - dts)[1 if len(pts) > _DEEPEST else 0 :]
    return bool((apart == apart[0]).all())


def _reorders(container: Any, stream: Any) -> bool:
    """Whether pictures are shown in another order. An H.264 header may allow it to those who don't do it; HEVC's tells how many (7.4.3.2.1)."""
    context = stream.codec_context
    units = framing(context.name, bytes(context.extradata or b""))
    if context.name == "hevc":
        return True
    with libav.again(container) as other:
        first = islice(libav.packets(other, other.streams[stream.index]), libav.PEEKED)
        if units is None:
            b = _B_OF_MPEG.get(context.name)
            return any(coding_type(context.name, memoryview(packet)) == b for packet in first)
        return any(slice_type(memoryview(packet), units) in _B for packet in first)
