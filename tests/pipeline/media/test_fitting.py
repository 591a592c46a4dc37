"""Burned text never leaves the picture, whatever its size, its script and the picture's shape."""

import itertools
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from numpy.typing import NDArray

from pipeline.cues import PROFILES, limits
from pipeline.cues.refit import Room, refit
from pipeline.errors import InputError
from pipeline.formats.ass import SIDE
from pipeline.media import Encoding, Ffmpeg, Style, burn
from pipeline.media.drawing import Ruler, boxes
from pipeline.media.run import Place
from pipeline.types import Cue, Track

QUICK = Encoding(preset="ultrafast", crf=4)
SCRIPTS = {
    "109 characters": "A man in a long red coat is walking slowly across the crowded market square, and carries a heavy leather bag.",
    "two full lines": "A man in a red coat walks across the busy\nstreet while two children chase a small dog.",
    "one word": "Donaudampfschifffahrtsgesellschaftskapitänsmützenabzeichenverordnung",
    "wide letters": "WWWWWWWW MMMMMMMM WWWWWWWW MMMMMMMM WWWWWW",
    "Japanese": "赤いコートを着た男性が、にぎやかな通りを\nゆっくりと歩いて渡っています。",
    "Chinese": "穿着红色外套的男人正慢慢穿过熙熙攘攘的街道，手里提着一个沉重的皮包。",
    "Korean": "빨간 코트를 입은 남자가 붐비는 거리를 천천히 건너고 있습니다.",
    "Arabic": "رجل يرتدي معطفا أحمر يعبر الشارع المزدحم ببطء وهو يحمل حقيبة جلدية ثقيلة في يده.",
    "Hebrew": "גבר במעיל אדום חוצה לאט את הרחוב ההומה ונושא תיק עור כבד בידו.",
    "Thai": "ชายสวมเสื้อโค้ทสีแดงเดินข้ามถนนที่พลุกพล่านอย่างช้าๆ พร้อมถือกระเป๋าหนังใบใหญ่",
    "Hindi": "लाल कोट पहने एक आदमी भीड़ भरी सड़क को धीरे-धीरे पार कर रहा है और एक भारी थैला लिए है।",
    "emoji": "😀🐶🚗" * 14,
    "speakers": "- Where does the long road to the harbour begin?\n- Behind the church, and then to the left.",
}


@pytest.mark.letters
@pytest.mark.parametrize("size", [1, 5, 8, 14, 30])
@pytest.mark.parametrize("picture", ["320x240", "1280x720", "360x640"])
def test_the_margins_hold_in_the_drawn_frames(
    picture: str, size: int, make: Callable[..., Path], tmp_path: Path, frames: Any
) -> None:
    video = make(
        tmp_path / "film.mkv", "-f", "lavfi", "-i", f"color=0x606060:s={picture}:r=1:d={5 * len(SCRIPTS)}", "-c:v", "ffv1"
    )
    cues = tuple(Cue(start=5.0 * n, end=5.0 * n + 4.5, lines=tuple(text.split("\n"))) for n, text in enumerate(SCRIPTS.values()))
    notices = burn(video, Track(cues=cues), tmp_path / "out.mkv", style=Style(font_size=size), encoding=QUICK)
    assert {notice.code for notice in notices} <= ({"too_short", "text_small"} if size == 1 else {"too_short"})
    drawn: dict[str, int] = dict.fromkeys(SCRIPTS, 0)
    blank = next(iter(frames(video)))[1]  # of one colour; where a text changes between two pictures one more is drawn
    for at, after in frames(tmp_path / "out.mkv"):
        before = blank
        changed = abs(after.astype(np.int16) - before.astype(np.int16)) > 10
        if not changed.any():
            continue
        drawn[list(SCRIPTS)[int(at // 5)]] += 1
        left, top, right, bottom = margins(changed)
        assert min(left, right) >= SIDE - 2 / changed.shape[1], (at, left, right)
        assert min(top, bottom) > 0, (at, top, bottom)
        assert abs(left - right) < 0.03, "in the middle"
    assert all(count >= 4 for count in drawn.values()), drawn


def margins(mask: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    """left, top, right and bottom, as shares of the picture."""
    ys, xs = np.nonzero(mask)
    height, width = mask.shape
    return xs.min() / width, ys.min() / height, 1 - (xs.max() + 1) / width, 1 - (ys.max() + 1) / height


@pytest.mark.parametrize("picture", ["3840x2160", "2160x3840"])
def test_the_margins_hold_at_3840_wide_and_upright(picture: str, make: Callable[..., Path], tmp_path: Path) -> None:
    """Every script at the usual size; one picture a second, looked at one by one, since each has 8 million pixels."""
    film = make(
        tmp_path / "film.mkv", "-f", "lavfi", "-i", f"color=0x606060:s={picture}:r=1:d={2 * len(SCRIPTS)}",
        "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p",
    )  # fmt: skip
    cues = tuple(Cue(start=2.0 * n, end=2.0 * n + 1.5, lines=tuple(text.split("\n"))) for n, text in enumerate(SCRIPTS.values()))
    burn(film, Track(cues=cues), tmp_path / "out.mkv", encoding=QUICK)
    drawn: set[int] = set()
    with av.open(str(tmp_path / "out.mkv")) as container:
        for frame in container.decode(video=0):
            grey = frame.to_ndarray(format="gray").astype(np.int16)
            changed = abs(grey - grey[0, 0]) > 10
            if changed.any():
                drawn.add(int(frame.time // 2))
                left, top, right, bottom = margins(changed)
                assert min(left, right) >= SIDE, (frame.time, left, right)
                assert min(top, bottom) > 0.02, (frame.time, top, bottom)
    assert len(drawn) == len(SCRIPTS), "each was drawn"


@pytest.mark.parametrize("margin", [0, 20, 45])
@pytest.mark.parametrize("position", ["bottom", "top"])
def test_margins_of_any_size_keep_the_box_whole(margin: int, position: Any, film: Path, tmp_path: Path, frames: Any) -> None:
    long = Track(cues=(Cue(start=0.0, end=4.0, lines=(SCRIPTS["109 characters"],)),), position=position)
    burn(film, long, tmp_path / "out.mp4", style=Style(font_size=14, margin=margin), encoding=QUICK)
    before = frames(film)
    for n, (_, after) in enumerate(frames(tmp_path / "out.mp4")[::10]):
        changed = abs(after.astype(np.int16) - before[10 * n][1].astype(np.int16)) > 12
        left, top, right, bottom = margins(changed)
        assert min(left, right) > 0.02
        assert min(top, bottom) > 0
        assert (top if position == "top" else bottom) >= max(0, margin / 100 - 0.035), "near the asked margin"


def test_what_fits_stays_as_it_is(film: Path, ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    from pipeline.media.fitting import fitted

    cues = (
        Cue(start=0.0, end=2.0, lines=("A man in a red coat walks across the busy", "street.")),
        Cue(start=1.0, end=3.0, lines=("", "Three lines", "", "of somebody else")),
    )
    track = Track(cues=cues, width=1280, height=720)
    bounds = limits(PROFILES["netflix"], "en")
    made, notices = fitted(ffmpeg, Place(tmp_path, "", "", tmp_path), track, Style(), bounds)
    assert made == track
    assert notices == ()


def test_the_ruler_and_the_picture_agree(ffmpeg: Ffmpeg, tmp_path: Path) -> None:
    """What the pieces of a line are wide, the line is drawn."""
    place = Place(tmp_path, "", "", tmp_path)
    style = Style(font_size=10, box=False, outline=False)
    ruler = Ruler(ffmpeg, place, style)
    for line in ("A man walks here", "猫が窓の外を見る。", "रेल गाड़ी आती है", "رجل يعبر الشارع"):
        words = line.split(" ")
        ruler.learn(words)
        measured = sum(map(ruler, words)) + (len(words) - 1) * ruler(" ")
        (box,) = boxes(ffmpeg, place, Track(cues=(Cue(start=0, end=1, lines=(line,)),), width=1280, height=720), style)
        assert box is not None
        assert (box.right - box.left) * 1280 / 72 == pytest.approx(measured, rel=0.12)


@given(
    text=st.lists(st.text("abcdefgh猫犬กขस", min_size=1, max_size=30), min_size=1, max_size=30).map(" ".join),
    width=st.floats(3, 60),
    most=st.integers(1, 6),
    length=st.floats(0.5, 20),
)
@example(text="a a a a a a a a aa a犬", width=6.0, most=2, length=1.0)  # "a a" is 6 wide, and added up a little more
def test_refit_keeps_every_character_and_the_cue_s_time(text: str, width: float, most: int, length: float) -> None:
    cue = Cue(start=3.0, end=3.0 + length, lines=(text,))
    made = refit(
        cue, "en", limits(PROFILES["netflix"], "en"), Room(width=width, lines=most, measure=lambda piece: 2.0 * len(piece))
    )
    assert "".join("".join(one.text.split()) for one in made) == "".join(text.split())
    assert all(len(one.lines) <= most for one in made)
    assert all(2.0 * len(line) <= width + 1e-6 or len(line) <= 2 for one in made for line in one.lines)
    assert made[0].start == cue.start
    assert made[-1].end <= cue.end + 0.001
    assert all(a.end <= b.start + 1e-9 for a, b in itertools.pairwise(made))


def test_a_word_that_was_cut_once_is_one_word_when_it_is_cut_again() -> None:
    rules = limits(PROFILES["netflix"], "de")
    word = SCRIPTS["one word"]
    width = int(rules.width)
    cue = Cue(start=0, end=9, lines=(word[:width], f"{word[width:]} dort"))
    made = refit(cue, "de", rules, Room(width=30, lines=4, measure=lambda piece: float(len(piece))))
    assert [line for one in made for line in one.lines] == [word[:30], word[30:60], f"{word[60:]} dort"]
    whole = replace(cue, lines=("a" * (width - 1), "dort"))
    made = refit(whole, "de", rules, Room(width=30, lines=4, measure=lambda piece: float(len(piece))))
    assert [line for one in made for line in one.lines][-1] == "a" * (width - 31) + " dort", (
        "a word that is shorter than a line ended there"
    )


def test_speakers_keep_their_lines() -> None:
    cue = Cue(start=0, end=4, lines=("- Where is it?", "- Behind the church over there."))
    made = refit(cue, "en", limits(PROFILES["netflix"], "en"), Room(width=20, lines=4, measure=lambda piece: float(len(piece))))
    assert [line for one in made for line in one.lines] == ["- Where is it?", "- Behind the church", "over there."]


def test_lines_are_preferred_where_cues_would_be_too_short() -> None:
    cue = Cue(start=0, end=1, lines=("one two three four",))
    room = Room(width=5, lines=4, measure=lambda piece: float(len(piece)))
    assert [one.lines for one in refit(cue, "en", limits(PROFILES["netflix"], "en"), room)] == [("one", "two", "three", "four")]
    longer = replace(cue, end=4.0)
    assert [one.lines for one in refit(longer, "en", limits(PROFILES["netflix"], "en"), room)] == [
        ("one", "two"),
        ("three", "four"),
    ]


@pytest.mark.parametrize("starts", [lambda n: 1.0, lambda n: 1.0 + n / 1e6])
def test_cues_that_all_stand_at_once_are_refused_before_they_are_drawn(
    starts: Callable[[int], float], tmp_path: Path, film: Path
) -> None:
    """Each of them costs in every frame: 20,000 did not end in 30 s."""
    cues = tuple(Cue(start=starts(n), end=1.9, lines=(f"cue {n}",)) for n in range(100_000))
    with pytest.raises(InputError, match=r"bad_subtitles.*cues stand at once at 1\.0 s"):
        burn(film, Track(cues=cues, language="en"), tmp_path / "out.mp4", encoding=QUICK)


@pytest.mark.letters
def test_letters_of_a_few_pixels_are_said_and_the_size_that_mends_it_is_named(tmp_path: Path, make: Callable[..., Path]) -> None:
    tiny = make(tmp_path / "tiny.mp4", "-f", "lavfi", "-i", "testsrc=s=160x90:d=2:r=10", "-pix_fmt", "yuv420p")
    track = Track(cues=(Cue(start=0.0, end=2.0, lines=("A cat.",)),))
    [notice] = burn(tiny, track, tmp_path / "out.mp4", encoding=QUICK)
    assert (notice.code, notice.fault) == ("text_small", False)
    assert "4 pixels" in notice.message
    assert "--font-size 14" in notice.message
    assert burn(tiny, track, tmp_path / "large.mp4", style=Style(font_size=14), encoding=QUICK) == ()
