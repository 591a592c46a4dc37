"""The GPU's video decoder (NVDEC), driven by libavcodec's own decoders.

Libavcodec reads the stream and knows which frame is which, as it does without a GPU; the card makes the pictures of it. They stay
on the card until somebody looks at them: a frame that others are only built on never crosses the bus. The standards of the codecs
here define every bit of a picture, so it is the same whoever decodes it; those of MPEG-2 and MPEG-4 part 2 do not, and are left out.

What the card refuses (10-bit H.264, 4:2:2, odd profiles) libavcodec decodes on the processor by itself, in the same place.

A decoder takes 50 ms to be born, and the card's context 0.1 to 0.4 s: both outlive their films.
"""

import io
import os
import sys
from collections.abc import Iterator
from typing import Any

import av
import numpy as np
from av.codec.hwaccel import HWAccel

from pipeline.video.decode import libav, pictures

HELD = 12
"""pictures on the card that may be held at once, beside those that the decoder needs itself"""
KEPT = 4
"""decoders that are kept"""


class CardMissing(Exception):
    """There is no card that decodes; the text says why."""


class Card:
    """One NVIDIA GPU's decoder. Open it before the sandbox is entered: it reaches for devices and libraries."""

    def __init__(self, index: int) -> None:
        """Raises CardMissing."""
        self._accel = HWAccel(
            "cuda", device=str(index), allow_software_fallback=True, options={"primary_ctx": "1"}, is_hw_owned=True
        )
        self._kept: dict[tuple[str, int], Any] = {}
        try:
            self._alive = self._new("h264", 0)
            """a decoder that is never used: it keeps the card's context alive between films"""
        except (libav.AvError, NotImplementedError, ValueError) as error:
            raise CardMissing(str(error).splitlines()[0] if str(error) else type(error).__name__) from None

    def _new(self, codec: str, depth: int) -> Any:
        context = av.codec.CodecContext.create(codec, "r", self._accel)
        if not context.is_hwaccel:
            raise CardMissing(f"libavcodec was built without {codec} on NVIDIA GPUs")
        context.thread_count = 1
        context.options = {"extra_hw_frames": str(HELD + depth)}
        return context

    def decoder(self, stream: Any, depth: int) -> tuple[Any, bytes]:
        """A decoder for a stream, and the header to give it with the first packet (empty where it knows it).

        Where the container holds the header it is given to a decoder of an earlier film; where it stands in the stream itself the
        decoder is new, so that nothing of another film is left in it.
        """
        codec = stream.codec_context.codec.canonical_name
        header = bytes(stream.codec_context.extradata or b"")
        told = codec in ("h264", "hevc") and header[:1] == b"\x01"  # avcC and hvcC begin with their version
        key = (codec, depth)
        if told and (kept := self._kept.get(key)):
            kept.flush_buffers()
            return kept, header
        context = self._new(codec, depth)
        if header:
            context.extradata = header
        if told:
            if len(self._kept) >= KEPT:
                self._kept.pop(next(iter(self._kept)))
            self._kept[key] = context
        return context, b""


def devices() -> Iterator[str]:
    """Paths that the driver opens again for each decoder."""
    for folder in ("/dev", "/dev/nvidia-caps"):
        try:
            names = os.listdir(folder)
        except OSError:
            continue
        yield from (os.path.join(folder, name) for name in sorted(names) if name.startswith("nvidia"))


def tried(card: Card) -> dict[str, bool]:
    """What the card decodes: a few frames of each kind are encoded here, decoded there and on the processor, and compared."""
    kinds = {"H.264": ("libx264", "yuv420p"), "HEVC": ("libx265", "yuv420p"), "HEVC 10 bit": ("libx265", "yuv420p10le")}
    kinds |= {"VP8": ("libvpx", "yuv420p"), "VP9": ("libvpx-vp9", "yuv420p")}
    return {name: _agrees(card, encoder, form) for name, (encoder, form) in kinds.items()}


def _agrees(card: Card, encoder: str, form: str) -> bool:
    packed = io.BytesIO()
    with av.open(packed, "w", format="matroska") as out:
        stream = out.add_stream(encoder, rate=25, options={"x265-params": "log-level=none"})
        stream.width, stream.height, stream.pix_fmt = 640, 368, form
        for number in range(4):
            drawn = np.indices((368, 640)).sum(axis=0) + 16 * number
            picture = av.VideoFrame.from_ndarray(np.repeat(drawn[..., None] % 256, 3, axis=2).astype(np.uint8), format="rgb24")
            out.mux(stream.encode(picture))
        out.mux(stream.encode(None))
    packed.seek(0)
    with av.open(packed) as film:
        stream = film.streams.video[0]
        other, header = card.decoder(stream, 0)
        mine, theirs = list[Any](), list[Any]()
        try:
            for packet in film.demux(stream):
                mine += stream.codec_context.decode(packet if packet.size else None)
                if header:
                    libav.give_header(packet, header)
                    header = b""
                theirs += other.decode(packet if packet.size else None)
        except libav.AvError:
            return False
    fetched = [pictures.planar(pictures.fetched(frame)) for frame in theirs if pictures.on_card(frame)]
    pairs = zip(mine, fetched, strict=False)
    return len(mine) == len(fetched) > 0 and all(np.array_equal(a.to_ndarray(), b.to_ndarray()) for a, b in pairs)


def main() -> None:
    """``python -m pipeline.video.decode.card``: one line; exit 1 where there is no card that decodes."""
    try:
        found = tried(Card(0))
    except CardMissing as missing:
        raise SystemExit(f"NVDEC can't be had: {missing}") from None
    good, bad = [name for name, ok in found.items() if ok], [name for name, ok in found.items() if not ok]
    sys.stdout.write(", ".join(good) + (f"; not {', '.join(bad)}" if bad else "") + "\n")
    raise SystemExit(0 if good else 1)


if __name__ == "__main__":
    main()
