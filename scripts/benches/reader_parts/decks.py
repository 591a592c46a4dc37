"""Twenty recordings of slides whose changes are known to the frame: the films of ``scripts/bench cuts --decks``.

    slide A        + one bullet          slide B                slide C
    |--------------|---------------------|----------------------|-----
                   build: no change      cut                    cut, or a fade (0.4 s; not judged)

Even numbers are for tuning, odd ones for reporting. Each has a look (white, dark, header bar, gradient), what moves on it (nothing,
a pointer, a talking head, a clock, burned-in captions), and a coding (constant or variable rate, groups of 30, 250 or 9999 frames).
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from scripts.benches.reader_parts.deck_pictures import FONTS, Head, Picture, arrow, photograph, text, words

FADE = 0.4
"""seconds"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deck:
    """One recording to make."""

    name: str
    look: str = "white"
    """white, dark, bar, gradient, photos (every other slide is a photo), lines (two lines of text and nothing else)"""
    moves: tuple[str, ...] = ()
    """of pointer, head, clock, captions"""
    fades: bool = False
    fps: int = 0
    """0: a frame only where something changes"""
    gop: int = 250
    codec: str = "libx264"
    options: dict[str, str] = field(default_factory=dict)
    suffix: str = ".mp4"
    size: tuple[int, int] = (854, 480)
    seconds: float = 180.0


def _x264(**more: str) -> dict[str, str]:
    return {"preset": "veryfast", **more}


BLIND = _x264(sc_threshold="0")
VP9 = {"deadline": "realtime", "cpu-used": "8", "b": "300k"}
HD = (1280, 720)
DECKS = (
    Deck(name="white 25 fps", fps=25, options=_x264()),
    Deck(name="two lines 30 fps", look="lines", fps=30, options=_x264()),
    Deck(name="dark, blind", look="dark", fps=25, options=BLIND),
    Deck(name="dark, GOP 30", look="dark", fps=15, gop=30, options=_x264()),
    Deck(name="bar, pointer", look="bar", moves=("pointer",), fps=15, options=_x264(), size=HD),
    Deck(name="white, pointer, one group", moves=("pointer",), fps=15, gop=9999, options=BLIND, size=HD),
    Deck(name="bar, head", look="bar", moves=("head",), fps=25, options=_x264()),
    Deck(name="gradient, head, GOP 30", look="gradient", moves=("head", "pointer"), fps=25, gop=30, options=BLIND),
    Deck(name="two lines, variable", look="lines", options=_x264(), size=HD, seconds=600),
    Deck(name="white, variable", options=_x264(), size=HD, seconds=600),
    Deck(name="photos, fades", look="photos", fades=True, fps=25, options=_x264()),
    Deck(name="photos, pointer", look="photos", moves=("pointer",), fps=10, options=_x264(), size=HD),
    Deck(name="gradient, clock", look="gradient", moves=("clock",), fps=10, gop=9999, options=BLIND),
    Deck(name="bar, clock, captions", look="bar", moves=("clock", "captions"), fps=15, options=_x264()),
    Deck(name="hevc", look="bar", moves=("pointer",), fps=15, codec="libx265", options={"preset": "ultrafast", "x265-params": "log-level=none"}),
    Deck(name="vp9, fades", look="white", fades=True, fps=10, codec="libvpx-vp9", options=VP9, suffix=".webm"),
    Deck(name="mpeg4", look="white", moves=("captions",), fps=15, gop=60, codec="mpeg4", options={"q": "6"}, suffix=".mkv"),
    Deck(name="two lines, mpeg4, head", look="lines", moves=("head",), fps=15, gop=30, codec="mpeg4", options={"q": "5"}, suffix=".avi"),
    Deck(name="dark, variable, one group", look="dark", gop=9999, moves=("pointer",), options=BLIND, suffix=".mkv", seconds=600),
    Deck(name="photos, variable, GOP 30", look="photos", gop=30, options=_x264(), suffix=".mkv", seconds=600),
)  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Made:
    """A recording and what is true of it: all times in seconds."""

    path: Path
    cuts: tuple[float, ...]
    fades: tuple[tuple[float, float], ...]
    seconds: float


@dataclass(slots=True, kw_only=True)
class _Slide:
    start: float
    end: float
    picture: Picture
    built: Picture | None = None
    """with one bullet more, from ``build`` on"""
    build: float = 0.0


def make(path: Path, deck: Deck, seed: int) -> Made:
    """A recording, made unless it is there. ``path``: without a suffix."""
    random = np.random.default_rng(seed)
    slides = _slides(deck, random)
    changes = [slide.start for slide in slides[1:]]
    faded = [deck.fades and bool(random.integers(2)) for _ in changes]
    whole = path.with_name(path.name + deck.suffix)
    if not whole.exists():
        half = path.with_name(f"{path.name}.half{deck.suffix}")
        _encode(half, deck, _frames(deck, slides, [False, *faded], random))
        half.rename(whole)
    return Made(
        path=whole,
        cuts=tuple(at for at, fade in zip(changes, faded, strict=True) if not fade),
        fades=tuple((at, at + FADE) for at, fade in zip(changes, faded, strict=True) if fade),
        seconds=slides[-1].end,
    )


def _slides(deck: Deck, random: np.random.Generator) -> list[_Slide]:
    found: list[_Slide] = []
    at = 0.0
    grid = deck.fps or 10
    while at < deck.seconds:
        end = at + round(float(random.uniform(4, 16)) * grid) / grid
        draw, lines = _slide(deck, len(found), random)
        slide = _Slide(start=at, end=end, picture=draw(lines))
        if deck.look not in ("lines", "photos") and random.integers(2):
            slide.built, slide.picture = slide.picture, draw(lines[:-1])
            slide.build = at + round((end - at) * 0.5 * grid) / grid
        found.append(slide)
        at = end
    return found


def _slide(deck: Deck, number: int, random: np.random.Generator) -> tuple[Callable[[list[str]], Picture], list[str]]:
    """(who draws so many bullets of a slide, all its bullets)."""
    width, height = deck.size
    scale = height / 720
    title = words(random, int(random.integers(2, 5)))
    lines = [words(random, int(random.integers(2, 8))) for _ in range(2 if deck.look == "lines" else int(random.integers(2, 7)))]
    photo = photograph(deck.size, random) if deck.look == "photos" and number % 2 else None
    whole = photo is not None and bool(random.integers(2))
    dark = deck.look == "dark"
    font = FONTS[int(random.integers(len(FONTS)))] if deck.look != "bar" else FONTS[0]
    ink = (235, 235, 225) if dark else (25, 25, 35)

    def draw(shown: list[str]) -> Picture:
        if photo is not None and whole:
            return photo
        base = np.full((height, width, 3), 24 if dark else 255, np.uint8)
        if deck.look == "gradient":
            ramp = np.linspace(250, 190, height).astype(np.uint8)[:, None]
            base = np.stack([ramp.repeat(width, 1), ramp.repeat(width, 1), np.full((height, width), 250, np.uint8)], axis=2)
        image = Image.fromarray(base)
        pen = ImageDraw.Draw(image)
        if deck.look == "bar":
            pen.rectangle((0, 0, width, int(90 * scale)), fill=(30, 70, 140))
            pen.ellipse((width - 80 * scale, 15 * scale, width - 20 * scale, 75 * scale), fill=(240, 190, 40))
        large, small = (ImageFont.truetype(font, round(points * scale)) for points in (54, 34))
        if deck.look == "lines":
            for place, line in enumerate(shown):
                pen.text((width * 0.12, height * (0.35 + 0.15 * place)), line[:34], font=large, fill=ink)
            return np.asarray(image)
        pen.text(
            (60 * scale, 14 * scale if deck.look == "bar" else 40 * scale),
            title,
            font=large,
            fill=(255, 255, 255) if deck.look == "bar" else ink,
        )
        for place, line in enumerate(shown if photo is None else shown[:2]):
            pen.text((90 * scale, (150 + 80 * place) * scale), "• " + line[:50], font=small, fill=ink)
        pen.text((width - 60 * scale, height - 45 * scale), str(number + 1), font=small, fill=ink)
        picture = np.asarray(image).copy()
        if photo is not None:
            part = cv2.resize(photo, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
            picture[height // 2 - height // 16 : height - height // 16, width // 4 : width // 4 + width // 2] = part
        return picture

    return draw, lines


def _frames(deck: Deck, slides: list[_Slide], faded: list[bool], random: np.random.Generator) -> Iterator[tuple[float, Picture]]:
    """(time, picture) of every frame; without a rate, of those that change."""
    head = Head(deck.size, random) if "head" in deck.moves else None
    captions = [words(random, 6) for _ in range(400)]
    pointer = np.array([deck.size[0] / 2, deck.size[1] / 2])
    goal = pointer.copy()
    picture: Picture | None = None
    step = 1 / (deck.fps or 10)
    at = 0.0
    for number, (slide, fade) in enumerate(zip(slides, faded, strict=True)):
        for tick in range(round((slide.end - slide.start) / step)):
            at = slide.start + tick * step
            now = slide.built if slide.built is not None and at >= slide.build - 1e-6 else slide.picture
            changes = tick == 0 or (now is slide.built and at < slide.build + step / 2)
            if fade and number and at - slide.start < FADE:
                share = (at - slide.start + step) / (FADE + step)
                last = slides[number - 1]
                now = cv2.addWeighted(last.picture if last.built is None else last.built, 1 - share, now, share, 0)
                changes = True
            picture = now
            if deck.moves:
                picture = now.copy()
                if "pointer" in deck.moves:
                    if random.random() < step / 3:
                        goal = random.uniform((0, 0), deck.size)
                    moved = (goal - pointer) * min(1, 4 * step)
                    changes |= bool(np.abs(moved).max() > 2)
                    pointer = pointer + moved if np.abs(moved).max() > 2 else pointer
                    arrow(picture, pointer, deck.size[1] / 720)
                if "clock" in deck.moves:
                    text(picture, f"{int(at) // 60:02}:{int(at) % 60:02}", (0.03, 0.93), 30)
                if "captions" in deck.moves:
                    text(picture, captions[int(at / 2.7)], (0.25, 0.86), 32, box=True)
                if head is not None:
                    head.draw(picture, at)
            if deck.fps or changes:
                yield at, picture
    if not deck.fps and picture is not None:
        yield at, picture


def _encode(path: Path, deck: Deck, frames: Iterator[tuple[float, Picture]]) -> None:
    with av.open(str(path), "w") as container:
        stream: Any = container.add_stream(deck.codec, rate=deck.fps or 1000)
        stream.width, stream.height, stream.pix_fmt = *deck.size, "yuv420p"
        options = dict(deck.options)
        if "q" in options:
            stream.codec_context.qmin = stream.codec_context.qmax = int(options.pop("q"))
        stream.options = {**options, "g": str(deck.gop)}
        stream.thread_count = 2
        base = Fraction(1, deck.fps or 1000)
        stream.codec_context.time_base = base
        for at, picture in frames:
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = round(at / base), base
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
