"""What a decoded frame becomes: a picture in RGB of the size that is asked for, or a tiny one. An av door beside ``libav``."""

from fractions import Fraction
from typing import Any

import av
import numpy as np
from av.video.reformatter import Interpolation, VideoReformatter

from pipeline.frames import Image
from pipeline.video.cropping import Cropping
from pipeline.video.decode.thumbnail import shrink
from pipeline.video.decode.transparent import has_alpha, laid, opaque
from pipeline.video.ground import BLACK


def on_card(frame: Any) -> bool:
    """Whether a frame lies in a GPU's memory."""
    return bool(frame.format.name == "cuda")


def fetched(frame: Any) -> Any:
    """A frame that lies on the card, in our memory, as the card gives it: its colours lie in one plane (nv12, p010le and the like)."""
    return frame.reformat(format=frame.sw_format.name if frame.sw_format else "nv12")


class Cropper:
    """Makes of frames that lie in our memory what their container shows of them. The filter moves pointers and copies no pixel."""

    def __init__(self, crop: Cropping) -> None:
        self._crop, self._form, self._graph = crop, (0, 0, ""), av.filter.Graph()

    def __call__(self, frame: Any) -> Any:
        width, height = self._crop.rest((frame.width, frame.height))
        if width <= 0 or height <= 0:
            return frame
        form = frame.width, frame.height, frame.format.name
        if form != self._form:
            self._form, self._graph = form, av.filter.Graph()
            if hasattr(self._graph, "threads"):
                self._graph.threads = 1
            source = self._graph.add_buffer(width=form[0], height=form[1], format=form[2], time_base=Fraction(1, 1000))
            cut = self._graph.add("crop", f"{width}:{height}:{self._crop.left}:{self._crop.top}")
            sink = self._graph.add("buffersink")
            source.link_to(cut)
            cut.link_to(sink)
            self._graph.configure()
        self._graph.push(frame)
        return self._graph.pull()


def planar(frame: Any) -> Any:
    """A frame in the form that the processor's decoder gives it. One converter: each new one starts as many threads as there are cores."""
    form = _PLANAR_FORM.get(frame.format.name)
    return frame if form is None else _converter.reformat(frame, format=form, **ONE_THREAD)


_PLANAR_FORM = {"nv12": "yuv420p", "p010le": "yuv420p10le", "p012le": "yuv420p12le", "p016le": "yuv420p16le"}
"""what the card gives -> what the processor's decoder gives"""
_converter = VideoReformatter()


def picture(frame: Any, size: tuple[int, int], threads: int = 0, ground: int | None = BLACK) -> Image:
    """A decoded frame as RGB, stretched to (width, height), by so many threads (0: one for each core), on a ``ground``
    (``transparent``)."""
    if ground is not None and has_alpha(frame):
        frame = opaque(frame, ground)
    return _scaled(frame, size, threads, "rgb24")


def _scaled(frame: Any, size: tuple[int, int], threads: int, form: str) -> Image:
    """A decoded frame in another pixel format, [height, width, channels]."""
    if (frame.width, frame.height) == size:  # libswscale is exact for both orders of the colours only where it scales
        frame = planar(frame)
    shrinks = size[0] <= frame.width and size[1] <= frame.height
    how = Interpolation.AREA if shrinks else Interpolation.BICUBIC
    if len(_reformatters) > 8:
        _reformatters.clear()
    shrink = _reformatters.setdefault(size, VideoReformatter())
    some = dict.fromkeys(ONE_THREAD, 1 if frame.width * frame.height <= SMALL_FRAME else threads)
    made = shrink.reformat(frame, width=size[0], height=size[1], format=form, interpolation=how, **some)
    image: Image = made.to_ndarray()
    return image


def tiny(frame: Any, size: tuple[int, int], ground: int | None = BLACK) -> Image:
    """A decoded frame as a tiny RGB picture; not exactly what ``picture`` makes, but the same way for all frames of a film."""
    name = frame.format.name
    if ground is not None and has_alpha(frame):
        return laid(_scaled(frame, size, 1, "rgba"), ground)
    if name not in (*_PLANAR, "nv12") or frame.width < 8 * size[0] or frame.height < 8 * size[1]:
        return picture(frame, size, 1, None)
    rows = [np.frombuffer(plane, np.uint8).reshape(plane.height, plane.line_size) for plane in frame.planes]
    if name == "nv12":
        wide = 2 * frame.planes[1].width
        return shrink([rows[0][:, : frame.width], rows[1][:, 0:wide:2], rows[1][:, 1:wide:2]], size)
    return shrink([lines[:, : plane.width] for lines, plane in zip(rows, frame.planes, strict=True)], size)


_PLANAR = ("yuv420p", "yuvj420p", "yuv422p", "yuvj422p", "yuv444p", "yuvj444p")
_reformatters: dict[tuple[int, int], Any] = {}
"""one for each size asked for: setting one up costs as much as using it"""
SMALL_FRAME = 640 * 480
"""pixels up to which one thread scales a frame: to wake others takes 0.1 ms and more, of 0.02 where it becomes a tiny picture"""
ONE_THREAD = {"threads": 1} if int(av.__version__.partition(".")[0]) >= 17 else {}
"""before 17 PyAV always took one"""
