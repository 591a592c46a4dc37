"""Burned films: the text where it should be and when, everything else as it was."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from patience import PATIENCE

from pipeline.errors import EnvironmentFault, InputError, OutputError, UsageError
from pipeline.media import Encoding, Ffmpeg, Style, burn, encoding_for, failures, fonts
from pipeline.media import burn as burn_function
from pipeline.media.run import Ended
from pipeline.types import Cue, Track

QUICK = Encoding(preset="ultrafast", crf=10)
NOISE = 12
"""levels of grey that the codec may be off at ``--crf 10``"""
Grey = NDArray[np.uint8]


def changed(burned: Grey, source: Grey) -> NDArray[np.bool_]:
    height, width = source.shape
    return np.abs(burned[:height, :width].astype(int) - source.astype(int)) > NOISE


def box_of(mask: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    """left, top, right, bottom of what changed, as shares of the picture."""
    ys, xs = np.nonzero(mask)
    height, width = mask.shape
    return xs.min() / width, ys.min() / height, (xs.max() + 1) / width, (ys.max() + 1) / height


def test_the_text_is_where_and_when_it_should_be(film: Path, track: Track, tmp_path: Path, frames: Any) -> None:
    out = tmp_path / "out.mp4"
    seen: list[float] = []
    assert burn(film, track, out, encoding=QUICK, on_progress=seen.append) == ()
    source, burned = frames(film), frames(out)
    assert [t for t, _ in burned] == pytest.approx([t for t, _ in source], abs=0.001)
    for (at, before), (_, after) in zip(source, burned, strict=True):
        mask = changed(after, before)
        if 1.0 <= at < 2.5 - 1e-6:
            left, top, right, bottom = box_of(mask)
            assert 0.2 < left < 0.5 < right < 0.8, "in the middle"
            assert abs((left + right) / 2 - 0.5) < 0.01
            assert 0.75 < top < bottom <= 0.97, "at the lower edge, with a margin"
            assert 0.09 < bottom - top < 0.16, "two lines of 5 % and their box"
            assert mask.mean() < 0.08
            assert after[int(top * 360) : int(bottom * 360), int(left * 640) : int(right * 640)].max() > 200, "white letters"
        else:
            assert not mask.any(), f"nothing is drawn at {at:.2f} s"
    assert seen == sorted(seen)
    assert list(tmp_path.iterdir()) == [out]


def test_top_and_without_box(film: Path, track: Track, tmp_path: Path, frames: Any) -> None:
    out = tmp_path / "out.mkv"
    burn(film, replace(track, position="top"), out, style=Style(box=False, font_size=8), encoding=QUICK)
    (_, before), (_, after) = frames(film)[40], frames(out)[40]
    left, top, right, bottom = box_of(changed(after, before))
    assert 0.03 < top < bottom < 0.3
    assert right - left > 0.3


@pytest.mark.parametrize("long", [False, True])
def test_one_cue_on_top_among_others(long: bool, film: Path, track: Track, tmp_path: Path, frames: Any) -> None:
    """Also where it has to be laid out anew."""
    text = "up " * 60 if long else "Up"
    low, high = Cue(start=0.0, end=1.0, lines=("Low",)), Cue(start=1.0, end=2.5, lines=(text.strip(),), top=True)
    burn(film, replace(track, cues=(low, high)), tmp_path / "out.mp4", encoding=QUICK)
    for (at, before), (_, after) in zip(frames(film), frames(tmp_path / "out.mp4"), strict=True):
        if at < 2.5 - 1e-6:
            _, top, _, bottom = box_of(changed(after, before))
            assert (bottom < 0.6) if at > 1.0 - 1e-6 else (top > 0.7), at


def test_sound_is_copied(film: Path, track: Track, tmp_path: Path) -> None:
    out = tmp_path / "out.mp4"
    burn(film, track, out, encoding=QUICK)
    assert sound(out) == sound(film)


def sound(path: Path) -> list[bytes]:
    with av.open(str(path)) as container:
        return [bytes(packet) for packet in container.demux(audio=0) if packet.size]


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_film_comes_out_upright_without_a_matrix(
    turn: int, film: Path, track: Track, ffmpeg: Ffmpeg, make: Callable[..., Path], tmp_path: Path, frames: Any
) -> None:
    options = (
        ["-display_rotation", turn, "-i", film]
        if ffmpeg.major >= (6, 0)
        else ["-i", film, "-metadata:s:v:0", f"rotate={360 - turn}"]
    )
    turned = make(tmp_path / "turned.mp4", *options, "-c", "copy")
    out = tmp_path / "out.mp4"
    burn(turned, track, out, encoding=QUICK)
    with av.open(str(out)) as container:
        frame = next(container.decode(video=0))
        assert frame.rotation == 0
    reference = make(tmp_path / "upright.mp4", "-i", turned, "-c:v", "libx264", "-preset", "ultrafast", "-crf", 10)
    upright, after = frames(reference)[40][1], frames(out)[40][1]
    corner = upright[:20, :20].mean() > 200
    assert not corner, "the white corner is no longer on the upper left"
    assert after.shape == upright.shape == ((640, 360) if turn != 180 else (360, 640))
    left, top, right, bottom = box_of(changed(after, upright))
    assert 0.75 < top < bottom <= 0.97
    assert abs((left + right) / 2 - 0.5) < 0.02
    assert not changed(frames(out)[10][1], frames(reference)[10][1]).any()


def test_odd_sizes_get_even(make: Callable[..., Path], track: Track, tmp_path: Path, frames: Any) -> None:
    odd = make(tmp_path / "odd.mkv", "-f", "lavfi", "-i", "testsrc=s=321x181:r=25:d=2", "-c:v", "ffv1")
    out = tmp_path / "out.mp4"
    burn(odd, track, out, encoding=QUICK)
    assert frames(out)[0][1].shape == (182, 322)


def test_frames_of_variable_rate_keep_their_times(make: Callable[..., Path], track: Track, tmp_path: Path, frames: Any) -> None:
    vfr = make(
        tmp_path / "vfr.mkv", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=10:d=5", "-vf", r"setpts='(N*0.1+floor(N/7)*0.37+if(gte(N,25),3,0))/TB'",
        *("-c:v", "libx264", "-preset", "ultrafast", "-fps_mode", "passthrough"),
    )  # fmt: skip
    out = tmp_path / "out.mp4"
    burn(vfr, track, out, encoding=QUICK)
    times = [at for at, _ in frames(vfr)]
    assert len(times) == 50
    assert [at for at, _ in frames(out)] == pytest.approx(times, abs=0.0015)


def test_hdr_is_left_alone_with_a_notice(make: Callable[..., Path], track: Track, tmp_path: Path) -> None:
    hdr = make(
        tmp_path / "hdr.mkv", "-f", "lavfi", "-i", "testsrc2=s=320x180:r=10:d=2", "-pix_fmt", "yuv420p10le", "-c:v", "libx264",
        *("-preset", "ultrafast", "-x264-params", "colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc"),
    )  # fmt: skip
    out = tmp_path / "out.mkv"
    assert [notice.code for notice in burn(hdr, track, out, encoding=QUICK)] == ["hdr", "ten_bit"]
    with av.open(str(out)) as container:
        context = container.streams.video[0].codec_context
        assert context.pix_fmt == "yuv420p10le"
        assert context.color_trc == 16


@pytest.mark.parametrize(
    "name",
    [
        "we\"ird'.mp4",
        "a:b,c;d=e.mp4",
        "[n]{m}%d%%.mp4",
        "new\nline.mp4",
        b"b\xff\xfead.mp4",
        "-y.mp4",
        "ünï 猫.mp4",
        "http:x.mp4",
    ],
)
def test_names_of_any_kind(name: str | bytes, film: Path, track: Track, tmp_path: Path) -> None:
    video = tmp_path / (os.fsdecode(name))
    video.symlink_to(film)
    out = tmp_path / ("out " + os.fsdecode(name))
    short = replace(track, cues=(Cue(start=0.0, end=0.2, lines=("A dog.",)),))
    burn(video, short, out, encoding=QUICK)
    assert out.stat().st_size > 1000
    assert len(list(tmp_path.iterdir())) == 2


def test_letters_keep_their_shape_where_pixels_are_not_square(
    make: Callable[..., Path], track: Track, tmp_path: Path, frames: Any
) -> None:
    boxes = []
    for size, aspect in (("720x576", "64/45"), ("1024x576", "1/1")):
        picture = f"color=0x404040:s={size}:r=5:d=2,setsar={aspect}"
        video = make(tmp_path / f"{size}.mp4", "-f", "lavfi", "-i", picture, "-c:v", "libx264", "-pix_fmt", "yuv420p", "-crf", 10)
        burn(video, track, tmp_path / "out.mp4", encoding=QUICK)
        boxes.append(box_of(changed(frames(tmp_path / "out.mp4")[6][1], frames(video)[6][1])))
    assert boxes[0] == pytest.approx(boxes[1], abs=0.006)


def test_contrast_over_white(make: Callable[..., Path], track: Track, tmp_path: Path, frames: Any) -> None:
    """WCAG: white letters on the box over a white picture, at least 4.5 to 1."""
    white = make(
        tmp_path / "white.mp4", "-f", "lavfi", "-i", "color=white:s=640x360:r=5:d=2", "-c:v", "libx264", "-pix_fmt", "yuv420p"
    )
    out = tmp_path / "out.mp4"
    burn(white, track, out, encoding=QUICK)
    picture = frames(out)[6][1]
    left, top, _, bottom = box_of(changed(picture, frames(white)[6][1]))
    grey = float(np.median(picture[int(top * 360) + 3 : int(bottom * 360) - 3, int(left * 640) + 2 : int(left * 640) + 5])) / 255
    luminance = ((grey + 0.055) / 1.055) ** 2.4
    assert 1.05 / (luminance + 0.05) > 4.5


def test_markup_of_a_model_is_drawn_as_text(film: Path, tmp_path: Path, frames: Any) -> None:
    """Raw, this drawing covers nearly all of the picture."""
    text = "{\\p1}m 0 0 l 640 0 640 360 0 360{\\p0}{\\pos(0,0)}{\\fs200}x"
    track = Track(cues=(Cue(start=1.0, end=2.5, lines=(text,)),))
    out = tmp_path / "out.mp4"
    burn(film, track, out, encoding=QUICK)
    mask = changed(frames(out)[40][1], frames(film)[40][1])
    assert 0.01 < mask.mean() < 0.06
    assert box_of(mask)[1] > 0.8


SCRIPTS = {
    "Japanese": "猫が窓",
    "Chinese": "红色的",
    "Thai": "ชายคน",
    "Arabic": "رجلٌ",
    "Hindi": "लाल",
    "Hebrew": "שלום",
    "Korean": "남자가",
    "emoji": "😀🐶🚗",
}


@pytest.fixture
def only_packaged_fonts(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine without any font but those that pip brought."""
    if len(fonts.packaged_fonts()) < len(fonts.PACKAGES):
        pytest.fail("the Noto fonts are not installed: pip install manimgx-fonts manimgx-fonts-cjk (they are in the extra 'dev')")
    monkeypatch.setattr(fonts, "SYSTEM_CONFIG", "/nowhere")


@pytest.mark.usefixtures("only_packaged_fonts")
def test_every_script_is_drawn_with_real_glyphs(film: Path, tmp_path: Path, frames: Any) -> None:
    """A letter without a font is a box, the same for each: three different letters must make three different pictures."""
    letters = [
        (name, letter) for name, text in SCRIPTS.items() for letter in dict.fromkeys(text) if letter.isalnum() or name == "emoji"
    ]
    cues = tuple(Cue(start=0.08 * n, end=0.08 * n + 0.04, lines=(letter * 3,)) for n, (_, letter) in enumerate(letters))
    assert cues[-1].end < 4
    out = tmp_path / "out.mp4"
    assert burn(film, Track(cues=cues), out, style=Style(font_size=12), encoding=QUICK) == ()
    source, burned = frames(film), frames(out)
    pictures: dict[str, list[Grey]] = {}
    for n, (name, _) in enumerate(letters):
        mask = changed(burned[2 * n][1], source[2 * n][1])
        assert mask.any(), name
        assert not changed(burned[2 * n + 1][1], source[2 * n + 1][1]).any(), "gone in the next frame"
        pictures.setdefault(name, []).append(burned[2 * n][1])
    for name, drawn in pictures.items():
        for n, picture in enumerate(drawn):
            assert (picture > 180).sum() > (source[0][1] > 180).sum() + 30, f"{name}: something white is drawn"
            for other in drawn[n + 1 :]:
                assert changed(picture, other).sum() > 50, f"{name}: two letters look the same"


@pytest.mark.usefixtures("only_packaged_fonts")
def test_a_script_without_a_font_is_named(film: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    latin = next(path for folder in fonts.packaged_fonts() for path in folder.glob("NotoSans[[]*"))
    (tmp_path / "fonts").mkdir()
    (tmp_path / "fonts" / "latin.ttf").symlink_to(latin)
    monkeypatch.setattr(fonts, "PACKAGES", ())
    track = Track(cues=(Cue(start=0, end=1, lines=("A man", "ชายคน")),))
    with pytest.raises(EnvironmentFault) as caught:
        burn(film, track, tmp_path / "out.mp4", fonts=tmp_path / "fonts", encoding=QUICK)
    assert caught.value.code == "no_font"
    assert "Thai" in caught.value.message
    assert "U+0E" in caught.value.message
    mostly = Track(cues=(Cue(start=0, end=1, lines=("A man in a red coat walks across the street ช",)),))
    (notice,) = burn(film, mostly, tmp_path / "out.mp4", fonts=tmp_path / "fonts", encoding=QUICK)
    assert notice.code == "no_font"


def test_a_burn_that_is_stopped_leaves_nothing(film: Path, track: Track, tmp_path: Path) -> None:
    cancel = threading.Event()
    cancel.set()
    with pytest.raises(OutputError) as caught:
        burn(film, track, tmp_path / "out.mp4", cancel=cancel)
    assert caught.value.code == "cancelled"
    assert list(tmp_path.iterdir()) == []


def test_ffmpeg_dies_with_its_parent(make: Callable[..., Path], tmp_path: Path) -> None:
    long = make(
        tmp_path / "long.mp4", "-f", "lavfi", "-i", "testsrc2=s=1280x720:r=25:d=40", "-c:v", "libx264", "-preset", "ultrafast"
    )
    code = (
        "import sys; from pathlib import Path; from pipeline.media import *; from pipeline.types import *\n"
        "burn(Path(sys.argv[1]), Track(cues=(Cue(start=0,end=1,lines=('x',)),)), Path(sys.argv[2]), encoding=Encoding(preset='veryslow'))"
    )
    parent = subprocess.Popen([sys.executable, "-c", code, str(long), str(tmp_path / "out.mp4")])
    children: list[int] = []
    deadline = time.monotonic() + PATIENCE
    while not children and time.monotonic() < deadline:
        time.sleep(0.2)
        children = encoders_of(parent.pid)
    assert children
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    while any(map(alive, children)) and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not any(map(alive, children))


def encoders_of(parent: int) -> list[int]:
    """Children of a process that encode."""
    found = []
    for folder in Path("/proc").iterdir():
        try:
            if folder.name.isdecimal() and int((folder / "stat").read_text().rsplit(")", 1)[1].split()[1]) == parent:
                found += [int(folder.name)] if b"veryslow" in (folder / "cmdline").read_bytes() else []
        except OSError:
            continue
    return found


def alive(process: int) -> bool:
    try:
        return (Path("/proc") / str(process) / "stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_what_was_cut_off_is_not_kept(film: Path, track: Track, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a full disk, where ffmpeg says that all is well."""
    module = sys.modules[burn_function.__module__]
    real = module.run  # type: ignore[attr-defined]

    def cut(ffmpeg: Any, graph: Any, place: Any, **more: Any) -> Any:
        ended = real(ffmpeg, graph, place, **more)
        path = (place.folder / place.written).resolve()
        os.truncate(path, path.stat().st_size * 2 // 3)
        return ended

    monkeypatch.setattr(module, "run", cut)
    out = tmp_path / "out.mkv"
    out.write_bytes(b"old")
    with pytest.raises(OutputError) as caught:
        burn(film, track, out, encoding=QUICK)
    assert caught.value.code == "output_damaged"
    assert out.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [out]


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ("av_interleaved_write_frame(): No space left on device", "no_space"),
        (
            "[mp4 @ 0x1] Could not find tag for codec ffv1 in stream #0, codec not currently supported in container",
            "container_cannot",
        ),
        ("[matroska @ 0x1] [error] No wav codec tag found for codec gsm", "container_cannot"),
        ("[libx264 @ 0x1] [error] Error setting preset/tune fest/(null).", "ffmpeg_failed"),
        ("[vost#0:0/libx264 @ 0x1] [error] pthread_create() failed: Resource temporarily unavailable", "system_limit"),
        ("[rawvideo @ 0x1] [error] ff_frame_thread_encoder_init failed", "system_limit"),
        ("[libx264 @ 0x1] [error] malloc of size 3110592 failed: Cannot allocate memory", "system_limit"),
    ],
)
def test_ffmpegs_reasons_are_told_in_one_sentence(said: str, code: str, tmp_path: Path) -> None:
    error = failures.failure(
        Ended(status=1, messages=["Input #0", said, "Conversion failed!"]), tmp_path / "a.mp4", "ffmpeg wrote nothing"
    )
    assert error.code == code
    assert "\n" not in error.message


def test_an_encoder_that_does_not_say_why_may_have_had_no_thread(tmp_path: Path) -> None:
    said = "[enc:libx264 @ 0x1] [error] Error while opening encoder - maybe incorrect parameters such as bit_rate, rate, width or height."
    error = failures.failure(
        Ended(status=1, messages=[said, "[error] Conversion failed!"]), tmp_path / "a.mp4", "ffmpeg wrote nothing"
    )
    assert error.code == "ffmpeg_failed"
    assert "ulimit -u" in error.message


def test_the_reason_is_an_error_never_a_summary_or_a_name_of_ours() -> None:
    messages = [
        "[libx264 @ 0x1] [error] Error setting preset/tune fest/(null).",
        "[error] Error initializing output stream 0:0 -- Error while opening encoder for output stream #0:0",
        "[info] video:1kB audio:0kB subtitle:0kB other streams:0kB global headers:0kB muxing overhead: unknown",
        "[error] Conversion failed!",
    ]
    assert failures.reason(messages) == "Error setting preset/tune fest/(null)"
    assert failures.reason(["[error] file:film.avi: Invalid data found"]) == "the .avi: Invalid data found"
    assert failures.reason(messages[2:3]) == ""


def test_what_can_not_be(film: Path, track: Track, tmp_path: Path, make: Callable[..., Path]) -> None:
    with pytest.raises(UsageError, match="did you mean 'libx26"):
        burn(film, track, tmp_path / "o.mp4", encoding=Encoding(encoder="libx246"))
    with pytest.raises(InputError) as caught:
        burn(tmp_path / "no.mp4", track, tmp_path / "o.mp4")
    assert caught.value.code == "not_found"
    tone = make(tmp_path / "tone.m4a", "-f", "lavfi", "-i", "sine=d=1")
    with pytest.raises(InputError) as caught:
        burn(tone, track, tmp_path / "o.mp4")
    assert caught.value.code == "no_video_stream"
    with pytest.raises(OutputError) as refused:
        burn(film, track, tmp_path / "no" / "o.mp4")
    assert refused.value.code == "unwritable"
    with pytest.raises(UsageError):
        encoding_for(tmp_path / "o.mp4", crf=99)
    for style in ({"font_size": 0}, {"font": "a,b"}, {"margin": 99}):
        with pytest.raises(UsageError):
            Style(**style)  # type: ignore[arg-type]
    assert [path.name for path in tmp_path.iterdir()] == ["tone.m4a"]


def test_encoders_get_options_of_their_own() -> None:
    assert Encoding(encoder="h264_nvenc", crf=20).options() == {
        "c:v:0": "h264_nvenc",
        "preset": "medium",
        "rc": "vbr",
        "cq": "20",
        "b:v": "0",
    }
    assert "preset" not in encoding_for(Path("a.webm")).options()
    assert str(encoding_for(Path("a.mp4"))) == "libx264, crf 18, preset medium"
