"""Hostile films, and what must become of each. Made by ffmpeg (the one that imageio-ffmpeg brings) in about half a minute.

Every picture of the counting films carries its number in 16 black or white blocks along its top: whatever was done to the
film, a picture that we get tells which one it is.
"""

import os
import shutil
import struct
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import av
import imageio_ffmpeg
import numpy as np

WIDTH, HEIGHT, FPS, FRAMES = 320, 180, 25, 75
FFMPEG = imageio_ffmpeg.get_ffmpeg_exe()


def picture(number: int, width: int = WIDTH, height: int = HEIGHT) -> np.ndarray:
    """RGB picture that carries a number."""
    x = np.linspace(0, 1, width)[None, :]
    y = np.linspace(0, 1, height)[:, None]
    phase = number / 40
    red = 90 + 60 * np.sin(6 * (x + phase)) * np.cos(4 * y)
    green = 100 + 50 * np.cos(5 * (y - phase)) + 0 * x
    blue = 130 + 60 * np.sin(3 * (x + y) + phase)
    image = np.stack([red, green, blue], axis=2).clip(0, 255).astype(np.uint8)
    top = image[: height // 3]
    for bit in range(16):
        top[:, bit * width // 16 : (bit + 1) * width // 16] = 235 if number >> bit & 1 else 20
    return image


def number(image: np.ndarray) -> int:
    """The number that an upright picture carries, whatever its size."""
    height, width = image.shape[:2]
    row = image[max(1, height // 12) : max(2, height // 4)].mean(axis=(0, 2))
    return sum(
        1 << bit
        for bit in range(16)
        if row[int((bit + 0.3) * width / 16) : max(1, int((bit + 0.7) * width / 16)) + 1].mean() > 128
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One file and what must happen: an error's code, or frames and these notices and no others."""

    name: str
    make: Callable[["Kitchen", Path], object]
    error: tuple[str, ...] = ()
    notices: frozenset[str] = frozenset()
    maybe: frozenset[str] = frozenset()
    """notices that may come as well: decoders differ in what they conceal"""
    reader: str | None = None
    turn: int = 0
    mirrored: bool = False
    shape: tuple[int, int] | None = (WIDTH, HEIGHT)
    counts: bool = True
    """whether pictures carry their numbers"""
    exact: bool = True
    """whether times equal PyAV's"""
    whole: bool = True
    """whether all of the film's windows must come"""


@dataclass(slots=True)
class Kitchen:
    """Raw material and the tools to spoil it."""

    folder: Path
    raw: Path
    big: Path

    def ffmpeg(self, *arguments: object) -> None:
        command = [FFMPEG, "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(f"{' '.join(command)}\n{done.stderr}")

    def source(self, rate: object = FPS) -> list[object]:
        return ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", f"{WIDTH}x{HEIGHT}", "-r", rate, "-i", self.raw]

    def encode(self, path: Path, *options: object, rate: object = FPS) -> None:
        self.ffmpeg(*self.source(rate), "-pix_fmt", "yuv420p", "-threads", 1, *options, path)

    def part(self, name: str, *options: object, rate: object = FPS) -> Path:
        """A film of its own to work on."""
        path = self.folder / f".part.{name}"
        self.encode(path, *options, rate=rate)
        return path


X264 = ("-c:v", "libx264", "-preset", "veryfast", "-crf", "20")
GOP = (*X264, "-g", "25", "-bf", "3", "-sc_threshold", "0")
LONG_GOP = (*X264, "-g", "250", "-bf", "3")
X265 = ("-c:v", "libx265", "-preset", "ultrafast", "-crf", "20", "-x265-params", "log-level=none:keyint=25:bframes=3:pools=1")
SINE = ("-f", "lavfi", "-i", "sine=frequency=440:duration=3")
NOTES = ("-c:a", "aac", "-b:a", "32k")


def encoded(*options: object, rate: object = FPS) -> Callable[[Kitchen, Path], None]:
    return lambda kitchen, path: kitchen.encode(path, *options, rate=rate)


def copied(
    *options: object, before: tuple[object, ...] = (), of: tuple[object, ...] = GOP, suffix: str = "mp4"
) -> Callable[[Kitchen, Path], None]:
    """A film copied without coding it anew."""

    def make(kitchen: Kitchen, path: Path) -> None:
        part = kitchen.part(f"{path.name}.{suffix}", *of)
        kitchen.ffmpeg(*before, "-i", part, "-c", "copy", *options, path)

    return make


def cut(fraction: float, *options: object) -> Callable[[Kitchen, Path], None]:
    """A film whose file ends early."""

    def make(kitchen: Kitchen, path: Path) -> None:
        kitchen.encode(path, *options)
        os.truncate(path, int(path.stat().st_size * fraction))

    return make


def hole(start: float, stop: float, *options: object, fill: int | None = 0) -> Callable[[Kitchen, Path], None]:
    """A film with a stretch of its bytes overwritten (by noise where fill is None)."""

    def make(kitchen: Kitchen, path: Path) -> None:
        kitchen.encode(path, *options)
        data = bytearray(path.read_bytes())
        a, b = int(len(data) * start), int(len(data) * stop)
        data[a:b] = bytes([fill]) * (b - a) if fill is not None else np.random.default_rng(1).bytes(b - a)
        path.write_bytes(data)

    return make


def written(data: bytes) -> Callable[[Kitchen, Path], object]:
    return lambda kitchen, path: path.write_bytes(data)


def named(name: bytes) -> Callable[[Kitchen, Path], object]:
    """An ordinary film under a hard name: the case's path is a folder that holds it."""

    def make(kitchen: Kitchen, path: Path) -> None:
        path.mkdir()
        part = kitchen.part(f"{path.name}.mp4", *GOP)
        shutil.copy(os.fsencode(part), os.path.join(os.fsencode(path), name))

    return make


def damaged_mdat(kitchen: Kitchen, path: Path) -> None:
    kitchen.encode(path, *GOP)
    data = bytearray(path.read_bytes())
    at = data.index(b"mdat") + 4
    size = struct.unpack(">I", data[at - 8 : at - 4])[0]
    data[at : at - 8 + size] = np.random.default_rng(2).bytes(size - 8)
    path.write_bytes(data)


def patched(old: bytes, new: bytes, *options: object) -> Callable[[Kitchen, Path], None]:
    """A film with some bytes of its head exchanged."""

    def make(kitchen: Kitchen, path: Path) -> None:
        kitchen.encode(path, *options)
        data = path.read_bytes()
        assert old in data
        path.write_bytes(data.replace(old, new))

    return make


def bad_group(kitchen: Kitchen, path: Path) -> None:
    """The second group's keyframe is noise."""
    kitchen.encode(path, *GOP)
    with av.open(str(path)) as container:
        key = [packet for packet in container.demux(container.streams.video[0]) if packet.is_keyframe and packet.size][1]
        at, size = key.pos, key.size
    data = bytearray(path.read_bytes())
    data[at + 40 : at + size] = np.random.default_rng(5).bytes(size - 40)
    path.write_bytes(data)


def huge_duration(kitchen: Kitchen, path: Path) -> None:
    """The head says 100 hours."""
    kitchen.encode(path, *GOP)
    data = bytearray(path.read_bytes())
    for name, at_scale in ((b"mvhd", 12), (b"mdhd", 12)):
        at = data.index(name) + 4
        scale = struct.unpack(">I", data[at + at_scale : at + at_scale + 4])[0]
        data[at + at_scale + 4 : at + at_scale + 8] = struct.pack(">I", min(scale * 360000, 2**32 - 2))
    path.write_bytes(data)


def joined(*suffix: str) -> Callable[[Kitchen, Path], None]:
    """Two transport streams, one after the other: the clock starts again in the middle."""

    def make(kitchen: Kitchen, path: Path) -> None:
        part = kitchen.part(f"{path.name}.ts", *GOP, "-f", "mpegts")
        path.write_bytes(part.read_bytes() + part.read_bytes())

    return make


def mid_group(kitchen: Kitchen, path: Path) -> None:
    """A transport stream that begins in the middle of a group."""
    part = kitchen.part(f"{path.name}.ts", *GOP, "-f", "mpegts")
    data = part.read_bytes()
    path.write_bytes(data[len(data) // 6 // 188 * 188 :])


def still_times(kitchen: Kitchen, path: Path) -> None:
    """Timestamps that stand still for three frames at a time."""
    part = kitchen.part(f"{path.name}.mkv", *X264, "-g", "25", "-bf", "0")
    kitchen.ffmpeg("-i", part, "-c", "copy", "-bsf:v", "setts=ts='floor(N/3)*120'", path)


def spoken(*options: object, before: tuple[object, ...] = ()) -> Callable[[Kitchen, Path], None]:
    """A film with sound."""
    return lambda kitchen, path: kitchen.ffmpeg(
        *before, *kitchen.source(), *SINE, "-map", "0:v", "-map", "1:a", "-pix_fmt", "yuv420p", *GOP, *NOTES, *options, path
    )


def late(kitchen: Kitchen, path: Path) -> None:
    """The sound begins, the picture follows two seconds later."""
    part = kitchen.part(f"{path.name}.mp4", *GOP)
    kitchen.ffmpeg("-itsoffset", 2, "-i", part, *SINE, "-map", "0:v", "-map", "1:a", "-c:v", "copy", *NOTES, path)


def covered(kitchen: Kitchen, path: Path) -> None:
    """A film with cover art in front."""
    part, cover = kitchen.part(f"{path.name}.mp4", *GOP), kitchen.folder / f".part.{path.name}.png"
    kitchen.encode(cover, "-frames:v", 1, "-update", 1, "-pix_fmt", "rgb24")
    kitchen.ffmpeg("-i", cover, "-i", part, "-map", "0", "-map", "1", "-c", "copy", "-disposition:v:0", "attached_pic", path)


def cover_only(kitchen: Kitchen, path: Path) -> None:
    cover = kitchen.folder / f".part.{path.name}.png"
    kitchen.encode(cover, "-frames:v", 1, "-update", 1, "-pix_fmt", "rgb24")
    kitchen.ffmpeg(*SINE, "-i", cover, "-map", "0", "-map", "1", "-c:v", "copy", *NOTES, "-disposition:v:0", "attached_pic", path)


def subtitles_only(kitchen: Kitchen, path: Path) -> None:
    text = kitchen.folder / f".part.{path.name}.srt"
    text.write_text("1\n00:00:00,000 --> 00:00:01,000\nhello\n")
    kitchen.ffmpeg("-i", text, "-c:s", "mov_text", path)


def variable(kitchen: Kitchen, path: Path) -> None:
    """Every third frame stays four times as long."""
    kitchen.ffmpeg(
        *kitchen.source(),
        "-vf",
        "settb=1/1000,setpts='40*(N+3*floor(N/3))'",
        "-fps_mode",
        "passthrough",
        "-enc_time_base",
        "1/1000",
        "-pix_fmt",
        "yuv420p",
        *GOP,
        path,
    )


def gap(kitchen: Kitchen, path: Path) -> None:
    """Ten hours between the 40th picture and the next."""
    kitchen.ffmpeg(
        *kitchen.source(),
        "-vf",
        "settb=1/1000,setpts='40*N+if(gte(N,40),36000000,0)'",
        "-fps_mode",
        "passthrough",
        "-enc_time_base",
        "1/1000",
        "-pix_fmt",
        "yuv420p",
        *GOP,
        path,
    )


def link(target: str) -> Callable[[Kitchen, Path], object]:
    return lambda kitchen, path: path.symlink_to(target)


def good_link(kitchen: Kitchen, path: Path) -> None:
    path.symlink_to(kitchen.part(f"{path.name}.mp4", *GOP))


def interlaced(*options: object) -> Callable[[Kitchen, Path], None]:
    return lambda kitchen, path: kitchen.encode(path, "-vf", "setfield=tff", *options)


def large(kitchen: Kitchen, path: Path) -> None:
    """One picture of 81 million pixels in a few kilobytes."""
    kitchen.ffmpeg("-f", "lavfi", "-i", "color=gray:s=9000x9000:r=1", "-frames:v", 1, "-c:v", "png", "-pix_fmt", "gray", path)


W, OK = frozenset({"partial"}), frozenset[str]()
REPAIRED = frozenset({"timestamps_repaired"})
EITHER = ("unsupported_or_corrupt", "no_decodable_frames", "no_video_stream", "not_a_video")

CASES = [
    # containers and codecs
    Case(name="h264.mp4", make=encoded(*GOP), reader="pyav"),
    Case(name="h264_long.mp4", make=encoded(*LONG_GOP)),
    Case(name="h264_open.mkv", make=encoded(*X264, "-g", "25", "-bf", "3", "-x264-params", "open-gop=1:scenecut=0")),
    Case(
        name="h264_pyramid.mp4",
        make=encoded(*X264, "-g", "50", "-bf", "8", "-x264-params", "b-pyramid=normal:scenecut=0:b-adapt=0"),
    ),
    Case(name="h264_intra_refresh.mp4", make=encoded(*X264, "-g", "25", "-x264-params", "intra-refresh=1:scenecut=0")),
    Case(name="h264_baseline.mp4", make=encoded(*X264, "-profile:v", "baseline", "-g", "25")),
    Case(name="h264_intra.mov", make=encoded(*X264, "-g", "1")),
    Case(name="h264_10bit.mkv", make=encoded(*X264, "-g", "25", "-pix_fmt", "yuv420p10le")),
    Case(name="h264_444.mp4", make=encoded(*X264, "-g", "25", "-pix_fmt", "yuv444p")),
    Case(name="h264_slices.mp4", make=encoded(*GOP, "-slices", "4")),
    Case(name="h264.ts", make=encoded(*GOP)),
    Case(name="h264.m2ts", make=encoded(*GOP, "-mpegts_m2ts_mode", "1", "-f", "mpegts")),
    Case(name="h264.flv", make=encoded(*GOP)),
    Case(name="h264.3gp", make=encoded(*GOP)),
    Case(name="h264.nut", make=encoded(*GOP)),
    Case(name="h264_fragments.mp4", make=encoded(*GOP, "-movflags", "frag_keyframe+empty_moov+default_base_moof")),
    Case(name="hevc.mp4", make=encoded(*X265), reader="pyav"),
    Case(
        name="hevc_open.mkv",
        make=encoded(
            "-c:v",
            "libx265",
            "-preset",
            "ultrafast",
            "-x265-params",
            "log-level=none:keyint=25:bframes=4:open-gop=1:scenecut=0:pools=1",
        ),
    ),
    Case(name="hevc_10bit.mp4", make=encoded(*X265, "-pix_fmt", "yuv420p10le")),
    Case(name="hevc.ts", make=encoded(*X265)),
    Case(
        name="vp8.webm",
        make=encoded("-c:v", "libvpx", "-b:v", "1M", "-g", "25", "-deadline", "realtime", "-cpu-used", "8"),
        reader="opencv",
    ),
    Case(
        name="vp9.webm",
        make=encoded("-c:v", "libvpx-vp9", "-b:v", "1M", "-g", "25", "-deadline", "realtime", "-cpu-used", "8"),
        reader="opencv",
    ),
    Case(
        name="vp9_altref.mkv",
        make=encoded(
            "-c:v", "libvpx-vp9", "-b:v", "500k", "-g", "50", "-auto-alt-ref", "1", "-lag-in-frames", "16", "-cpu-used", "8"
        ),
    ),
    Case(name="vp8.ivf", make=encoded("-c:v", "libvpx", "-b:v", "1M", "-deadline", "realtime", "-cpu-used", "8")),
    Case(name="av1.mp4", make=encoded("-c:v", "libsvtav1", "-preset", "12", "-crf", "30", "-g", "25"), reader="opencv"),
    Case(name="av1.webm", make=encoded("-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime", "-crf", "30", "-g", "25")),
    Case(name="mpeg2.mpg", make=encoded("-c:v", "mpeg2video", "-q:v", "3", "-bf", "2", "-g", "12")),
    Case(name="mpeg2.ts", make=encoded("-c:v", "mpeg2video", "-q:v", "3", "-bf", "2", "-g", "12")),
    Case(name="mpeg2.mxf", make=encoded("-c:v", "mpeg2video", "-q:v", "3", "-bf", "2", "-g", "12")),
    Case(name="mpeg2.vob", make=encoded("-c:v", "mpeg2video", "-q:v", "3", "-g", "12")),
    Case(name="mpeg1.mpg", make=encoded("-c:v", "mpeg1video", "-q:v", "3", "-g", "12")),
    Case(name="mpeg4.avi", make=encoded("-c:v", "mpeg4", "-q:v", "3", "-g", "25"), reader="opencv"),
    Case(name="mpeg4_b.avi", make=encoded("-c:v", "mpeg4", "-q:v", "3", "-g", "25", "-bf", "2"), maybe=REPAIRED),
    Case(name="mpeg4.mkv", make=encoded("-c:v", "mpeg4", "-q:v", "3", "-g", "25", "-bf", "2")),
    Case(name="mjpeg.avi", make=encoded("-c:v", "mjpeg", "-q:v", "3", "-pix_fmt", "yuvj420p")),
    Case(name="prores.mov", make=encoded("-c:v", "prores_ks", "-pix_fmt", "yuv422p10le")),
    Case(name="ffv1.mkv", make=encoded("-c:v", "ffv1")),
    Case(name="huffyuv.avi", make=encoded("-c:v", "huffyuv", "-pix_fmt", "yuv422p")),
    Case(name="png.mov", make=encoded("-c:v", "png", "-pix_fmt", "rgb24")),
    Case(name="raw.avi", make=encoded("-c:v", "rawvideo")),
    Case(name="theora.ogg", make=encoded("-c:v", "libtheora", "-q:v", "8", "-g", "25")),
    Case(name="wmv2.wmv", make=encoded("-c:v", "wmv2", "-q:v", "3")),
    Case(name="flv1.flv", make=encoded("-c:v", "flv", "-q:v", "3")),
    Case(name="cartoon.gif", make=encoded("-pix_fmt", "rgb8"), maybe=frozenset()),
    # pictures of odd shapes and kinds
    Case(name="turned_90.mp4", make=copied(before=("-display_rotation", "90")), turn=270, shape=(HEIGHT, WIDTH)),
    Case(name="turned_180.mp4", make=copied(before=("-display_rotation", "180")), turn=180),
    Case(name="turned_270.mp4", make=copied(before=("-display_rotation", "270")), turn=90, shape=(HEIGHT, WIDTH)),
    Case(
        name="turned_vp9.mp4",
        make=copied(
            before=("-display_rotation", "90"), of=("-c:v", "libvpx-vp9", "-b:v", "1M", "-deadline", "realtime", "-cpu-used", "8")
        ),
        turn=270,
        shape=(HEIGHT, WIDTH),
    ),
    Case(name="mirrored.mp4", make=copied(before=("-display_hflip",)), mirrored=True, reader="pyav"),
    Case(name="upside_down_mirror.mp4", make=copied(before=("-display_vflip",)), mirrored=True, turn=180, reader="pyav"),
    Case(name="wide_pixels.mp4", make=encoded(*GOP, "-aspect", "32:9"), shape=(2 * WIDTH, HEIGHT)),
    Case(name="tall_pixels.mp4", make=encoded(*GOP, "-aspect", "8:9"), shape=(WIDTH, 2 * HEIGHT)),
    Case(name="odd_size.mkv", make=encoded("-vf", "scale=321:181", *X264, "-pix_fmt", "yuv444p"), shape=(321, 181)),
    Case(name="one_pixel.mkv", make=encoded("-vf", "scale=1:1", "-c:v", "ffv1", "-pix_fmt", "bgr0"), shape=(1, 1), counts=False),
    Case(
        name="very_wide.mkv",
        make=encoded("-vf", "scale=16384:16", "-frames:v", "10", "-c:v", "ffv1"),
        shape=(16384, 16),
        counts=False,
    ),
    Case(
        name="interlaced_h264.mp4",
        make=interlaced(*X264, "-g", "25", "-flags", "+ilme+ildct", "-x264-params", "tff=1"),
        reader="pyav",
    ),
    Case(
        name="interlaced_mpeg2.ts",
        make=interlaced("-c:v", "mpeg2video", "-q:v", "3", "-flags", "+ilme+ildct", "-g", "12", "-bf", "2"),
        reader="pyav",
    ),
    Case(
        name="interlaced_prores.mov",
        make=interlaced("-c:v", "prores_ks", "-pix_fmt", "yuv422p10le", "-flags", "+ildct"),
        reader="pyav",
    ),
    Case(
        name="interlaced.dv",
        make=lambda kitchen, path: kitchen.encode(
            path, "-vf", "scale=720:576,setfield=bff", "-c:v", "dvvideo", "-pix_fmt", "yuv420p"
        ),
        reader="pyav",
        shape=None,
        maybe=REPAIRED,
    ),
    Case(name="alpha.mov", make=encoded("-c:v", "qtrle", "-pix_fmt", "argb"), reader="pyav"),
    Case(
        name="alpha.webm",
        make=encoded("-c:v", "libvpx-vp9", "-b:v", "1M", "-deadline", "realtime", "-cpu-used", "8", "-pix_fmt", "yuva420p"),
        reader="pyav",
    ),
    Case(
        name="hdr.mp4",
        make=encoded(
            *X265, "-pix_fmt", "yuv420p10le", "-vf", "setparams=color_primaries=bt2020:color_trc=smpte2084:colorspace=bt2020nc"
        ),
        notices=frozenset({"hdr"}),
    ),
    Case(
        name="two_films.mkv",
        make=lambda k, p: k.ffmpeg(
            *k.source(), "-map", "0:v", "-map", "0:v", "-pix_fmt", "yuv420p", *GOP, "-filter:v:1", "negate", p
        ),
    ),
    Case(name="covered.mp4", make=covered),
    Case(name="with_sound.mkv", make=spoken()),
    # clocks
    Case(name="variable.mp4", make=variable),
    Case(name="variable.mkv", make=variable),
    Case(name="late.mp4", make=late),
    Case(name="late.mkv", make=late),
    Case(name="edit_list.mp4", make=copied(before=("-ss", "1.48"))),
    Case(name="edit_list_late.mp4", make=copied("-output_ts_offset", "3.5")),
    Case(name="late_alone.mkv", make=encoded(*GOP, "-output_ts_offset", "3.5")),
    Case(name="late_alone.mp4", make=encoded(*GOP, "-output_ts_offset", "3.5")),
    Case(
        name="late_vp9.webm",
        make=encoded("-c:v", "libvpx-vp9", "-b:v", "1M", "-deadline", "realtime", "-cpu-used", "8", "-output_ts_offset", "3.5"),
    ),
    Case(
        name="late_fragments.mp4",
        make=encoded(*GOP, "-output_ts_offset", "3.5", "-movflags", "frag_keyframe+empty_moov+default_base_moof"),
    ),
    Case(name="offset.ts", make=encoded(*GOP, "-output_ts_offset", "1000")),
    Case(name="wrap.ts", make=encoded(*GOP, "-output_ts_offset", "95442.0", "-muxdelay", "0")),
    Case(name="negative.mkv", make=spoken("-avoid_negative_ts", "disabled")),
    Case(name="ntsc.mp4", make=encoded(*GOP, rate="30000/1001")),
    Case(name="fast.mp4", make=encoded(*X264, "-g", "250", rate=1000)),
    Case(name="slow.mp4", make=encoded(*GOP, rate="1/60")),
    Case(name="gap.mp4", make=gap),
    Case(name="gap.mkv", make=gap),
    Case(name="huge_duration.mp4", make=huge_duration, maybe=W),
    Case(name="raw.264", make=encoded(*GOP), notices=REPAIRED, exact=False),
    Case(name="raw.265", make=encoded(*X265), notices=REPAIRED, exact=False),
    Case(name="raw.m4v", make=encoded("-c:v", "mpeg4", "-q:v", "3", "-f", "m4v")),
    Case(name="joined.ts", make=joined(), notices=REPAIRED, maybe=W, exact=False),
    Case(name="still.mkv", make=still_times, notices=REPAIRED, exact=False),
    # damage
    Case(name="truncated.mp4", make=cut(0.6, *GOP, "-movflags", "+faststart"), notices=W, whole=False),
    Case(name="truncated.mkv", make=cut(0.6, *GOP), notices=W, whole=False),
    Case(name="truncated.ts", make=cut(0.6, *GOP), maybe=W, whole=False),
    Case(
        name="truncated_vp9.webm",
        make=cut(0.6, "-c:v", "libvpx-vp9", "-b:v", "1M", "-g", "25", "-deadline", "realtime", "-cpu-used", "8"),
        notices=W,
        whole=False,
    ),
    Case(name="no_moov.mp4", make=cut(0.6, *GOP), error=("unsupported_or_corrupt",)),
    Case(name="hole.mp4", make=hole(0.4, 0.6, *GOP), notices=W, whole=False),
    Case(name="hole.mkv", make=hole(0.4, 0.6, *GOP), notices=W, whole=False),
    Case(name="hole.ts", make=hole(0.4, 0.6, *GOP), notices=W, whole=False),
    Case(name="noise_hole.mp4", make=hole(0.4, 0.6, *GOP, fill=None), notices=W, whole=False),
    Case(
        name="noise_hole.avi",
        make=hole(0.4, 0.5, "-c:v", "mpeg4", "-q:v", "3", "-g", "25", fill=None),
        notices=W,
        maybe=REPAIRED,
        whole=False,
        exact=False,
        counts=False,
    ),
    Case(name="bad_group.mp4", make=bad_group, notices=W, whole=False),
    Case(name="mid_group.ts", make=mid_group, notices=W, whole=False),
    Case(name="all_damaged.mp4", make=damaged_mdat, error=("no_decodable_frames",)),
    Case(
        name="encrypted.mp4",
        make=encoded(
            *GOP,
            "-encryption_scheme",
            "cenc-aes-ctr",
            "-encryption_key",
            "00112233445566778899aabbccddeeff",
            "-encryption_kid",
            "00112233445566778899aabbccddeeff",
        ),
        error=("no_decodable_frames",),
    ),
    Case(name="unknown_codec.mp4", make=patched(b"avc1", b"zzz9", *GOP), error=("no_decoder",)),
    Case(
        name="garbage_tail.mkv", make=lambda k, p: (k.encode(p, *GOP), p.write_bytes(p.read_bytes() + os.urandom(20000))), maybe=W
    ),
    Case(name="too_large.mov", make=large, error=("frame_too_large",)),
    # no films
    Case(name="empty.mp4", make=written(b""), error=("empty_file",)),
    Case(name="text.mp4", make=written(b"This is no film at all.\n" * 50), error=("unsupported_or_corrupt", "not_a_video")),
    Case(name="noise.mp4", make=written(np.random.default_rng(3).bytes(100000)), error=("unsupported_or_corrupt",)),
    Case(
        name="noise.mkv",
        make=written(b"\x1aE\xdf\xa3" + np.random.default_rng(4).bytes(100000)),
        error=("unsupported_or_corrupt", "no_video_stream"),
    ),
    Case(name="zeros.mp4", make=written(bytes(100000)), error=EITHER),
    Case(
        name="picture.mp4",
        make=lambda k, p: k.encode(p, "-frames:v", 1, "-c:v", "png", "-pix_fmt", "rgb24", "-f", "image2", "-update", 1),
        error=("not_a_video",),
    ),
    Case(
        name="photo.mp4",
        make=lambda k, p: k.encode(p, "-frames:v", 1, "-c:v", "mjpeg", "-pix_fmt", "yuvj420p", "-f", "image2", "-update", 1),
        error=("not_a_video",),
    ),
    Case(
        name="playlist.mp4",
        make=written(b"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\nhttp://127.0.0.1:9/x.ts\n"),
        error=("not_a_video",),
    ),
    Case(
        name="sneaky_playlist.mp4",
        make=written(b"\n\n#EXTM3U\n#EXTINF:3,\nh264.ts\n"),
        error=("not_a_video", "unsupported_or_corrupt"),
    ),
    Case(name="concat.mp4", make=written(b"ffconcat version 1.0\nfile h264.mp4\n"), error=("not_a_video",)),
    Case(
        name="session.mp4",
        make=written(b"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\nm=video 5004 RTP/AVP 96\r\n"),
        error=("not_a_video",),
    ),
    Case(name="page.mp4", make=written(b"<!DOCTYPE html><video src='http://127.0.0.1:9/x'>"), error=("not_a_video",)),
    Case(name="archive.mp4", make=written(b"PK\x03\x04" + bytes(1000)), error=("not_a_video",)),
    Case(name="sound.m4a", make=lambda k, p: k.ffmpeg(*SINE, *NOTES, p), error=("no_video_stream",)),
    Case(name="sound.mp4", make=lambda k, p: k.ffmpeg(*SINE, *NOTES, p), error=("no_video_stream",)),
    Case(name="sound.wav", make=lambda k, p: k.ffmpeg(*SINE, p), error=("no_video_stream",)),
    Case(name="cover.m4a", make=cover_only, error=("no_video_stream",)),
    Case(name="subtitles.mp4", make=subtitles_only, error=("no_video_stream",)),
    Case(name="folder.mp4", make=lambda k, p: p.mkdir(), error=("not_a_regular_file",)),
    Case(name="pipe.mp4", make=lambda k, p: os.mkfifo(p), error=("not_a_regular_file",)),
    Case(name="device.mp4", make=link("/dev/zero"), error=("not_a_regular_file",)),
    Case(name="dangling.mp4", make=link("nowhere"), error=("not_found",)),
    Case(name="loop.mp4", make=link("loop.mp4"), error=("not_a_regular_file",)),
    Case(name="missing.mp4", make=lambda k, p: None, error=("not_found",)),
    Case(name="link.mp4", make=good_link),
    # names
    *[
        Case(name=f"name_{i}.d", make=named(name))
        for i, name in enumerate(
            [
                b'it\'s "so".mp4',
                b"http:x.mp4",
                b"a:b.mp4",
                b"concat:a|b.mp4",
                b"[x] {y} (z);&.mp4",
                b"new\nline.mp4",
                b"caf\xe9 \xff.mp4",
                b"-i.mp4",
                b"seq%03d.mp4",
                "日本語 🎬.mp4".encode(),
                b"no_suffix",
                b"x" * 250 + b".mp4",
                b"wrong.avi",
                b" .mp4",
            ]
        )
    ],
]


def film_of(case: Case, folder: Path) -> Path:
    """The path to give to the probe."""
    path = folder / case.name
    return path / next(iter(os.listdir(path))) if case.name.startswith("name_") else path


def make(folder: Path) -> None:
    """Make the corpus, on all cores."""
    raw, big = folder / ".raw", folder / ".big"
    raw.write_bytes(b"".join(picture(i).tobytes() for i in range(FRAMES)))
    kitchen = Kitchen(folder, raw, big)
    with ThreadPoolExecutor(4) as pool:
        for done in [pool.submit(case.make, kitchen, folder / case.name) for case in CASES]:
            done.result()
