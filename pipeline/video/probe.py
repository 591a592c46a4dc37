"""What a film is: the gate here, the first look at its inside in a child process."""

from pathlib import Path

from pipeline.accident import NO_MORE, STARVED, no_thread
from pipeline.errors import InputError
from pipeline.types import Notice, VideoInfo
from pipeline.video.children.child import Crashed
from pipeline.video.children.messages import Failure, Probe, Probed
from pipeline.video.children.pool import WorkerPool
from pipeline.video.encrypted import piece_of_a_closed_stream
from pipeline.video.limits import Limits
from pipeline.video.source import RAW_STREAMS, Source, open_source

SKIPPERS = ("h264", "hevc")
"""Codecs whose decoders leave out frames that nobody needs: there PyAV beats OpenCV (docs/performance-reader.md)."""

TELL_BY_EXIF = ("mjpeg", "tiff")
"""Codecs whose pictures can say by themselves how they are turned (Exif 2.32, tag 274); OpenCV asks the container alone."""


def probe(
    path: Path | str, *, follow_links: bool = True, limits: Limits | None = None, pool: WorkerPool | None = None
) -> VideoInfo:
    """What a film is, in about a second. Nothing of it can hang, crash or reach the network from here.

    Raises InputError: the gate's codes, ``unsupported_or_corrupt``, ``unsupported_format``,
    ``no_video_stream``, ``no_decoder``, ``frame_too_large``, ``crashed_worker``.
    """
    source = open_source(Path(path), follow_links=follow_links)
    try:
        if pool is not None:
            return look(source, pool, limits or pool.limits)
        with WorkerPool(limits, spare=0) as own:
            return look(source, own, own.limits)
    finally:
        source.close()


def look(source: Source, pool: WorkerPool, limits: Limits) -> VideoInfo:
    """Ask a child about an open film; ask a second one if the first dies of it."""
    for attempt in (1, 2):
        child = pool.acquire()
        try:
            wish = Probe(streams=limits.streams, pixels=limits.pixels, cpu=limits.processor_seconds())
            child.request(wish, fds=[source.fd])
            answer = child.answer(Probed, limits.open_seconds)
            break
        except Crashed as crash:
            if attempt == 2 or crash.spent:
                raise crashed(crash, source) from None
        finally:
            pool.release(child)
    if isinstance(answer, Failure):
        raise refusal(answer, source)
    return _info(answer, source)


def refusal(answer: Failure, source: Source) -> InputError:
    """The error that a child answered with."""
    closed = piece_of_a_closed_stream(source.path) if answer.code in ("unsupported_or_corrupt", "unsupported_format") else ""
    if closed:
        return InputError("no_decodable_frames", closed, path=str(source.path))
    return InputError(answer.code, answer.message, **{**answer.data, "path": str(source.path)})


def crashed(crash: Crashed, source: Source) -> InputError:
    """The error of a film that killed its reader twice, or that kept it busy for ever."""
    if any(words in crash.last_words for words in STARVED) or no_thread():
        return InputError(
            "system_limit", f"its reader died twice, for want of a process, a thread or memory; {NO_MORE}", path=str(source.path)
        )
    what = f"its reader {'hung' if crash.stalled else 'died'} twice; the film is damaged in a way that no decoder survives"
    if crash.spent:
        what = "its reader took a hundred times the processor time of such a film and was ended; the film is damaged"
    return InputError("crashed_worker", what, path=str(source.path), detail=crash.last_words)


def _info(answer: Probed, source: Source) -> VideoInfo:
    notices = []
    if answer.hdr:
        notices.append(
            Notice(code="hdr", message="the film is HDR and is shown to the model without tone mapping: colours look pale")
        )
    odd = answer.interlaced or answer.mirrored or answer.alpha or answer.cropped or answer.films > 1 or not answer.decoded
    odd = odd or (answer.rotation != 0 and answer.codec in TELL_BY_EXIF)
    # AVI and the like store no times of showing, raw streams none at all; OpenCV ends a program stream and GXF before their last picture
    odd = odd or answer.container in ("mpeg", "gxf", *RAW_STREAMS) or answer.reordered
    return VideoInfo(
        path=source.path,
        size=source.size,
        container=answer.container,
        codec=answer.codec,
        stream=answer.stream,
        videos=answer.films,
        duration=answer.duration,
        start=answer.start,
        ends=answer.ends,
        fps=answer.fps,
        width=answer.width,
        height=answer.height,
        rotation=answer.rotation,
        mirrored=answer.mirrored,
        interlaced=answer.interlaced,
        hdr=answer.hdr,
        alpha=answer.alpha,
        has_audio=answer.has_audio,
        reader="pyav" if odd or answer.codec in SKIPPERS else "opencv",
        notices=tuple(notices),
    )
