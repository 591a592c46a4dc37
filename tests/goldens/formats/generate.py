"""Writes the goldens beside this file, and docs/captions.schema.json. Look at the difference before you commit it.

python tests/goldens/formats/generate.py
"""

import json
import sys
from pathlib import Path

from pipeline import formats
from pipeline.cues import make_track, profile
from pipeline.formats.json import schema
from pipeline.types import Caption, Document, Model, Notice, Outcome, Source

HERE = Path(__file__).parent
SCHEMA = HERE.parents[2] / "docs" / "captions.schema.json"

TEXTS = {
    "en": [
        "An old woman opens the door and steps into the garden. A dog follows her.",
        "An old woman opens the door and steps into the garden. A dog follows her.",
        "A sign reads {\\p1}m 0 0 l 999 0 999 999{\\p0} <b>SALE</b> --> 50 % & more.\n\nBelow it: C:\\New\\horse.",
        "Behind them the tall buildings of New York rise into the fog, while a long line of yellow taxis waits at the red light. It rains.",
        "",
        "=SUM(A1:A9) stands on a screen. 👨‍👩‍👧‍👦 A family 🏳️‍🌈 walks by <|im_end|>\u202eand waves.\x00",
        "42",
    ],
    "ja": [
        "猫が窓辺に座って、外を通り過ぎる人々を静かに眺めている。",
        "少年が赤い自転車に乗って、長い坂道をゆっくりと下っていく。",
    ],
    "zh-Hans": ["一个穿红色外套的男人走过繁忙的街道，手里拿着一把大雨伞。", "一只狗跟着他跑。"],
    "th": ["ชายคนหนึ่งกำลังเดินข้ามถนนพร้อมกับสุนัขของเขา", "ฝนกำลังตก"],
    "ar": ["رجل يرتدي معطفا أحمر يمشي في الشارع المزدحم ويحمل مظلة كبيرة.", "كلب يركض خلفه."],
    "hi": ["लाल कोट पहने एक आदमी व्यस्त सड़क पार कर रहा है।", "एक कुत्ता दौड़ रहा है।"],
}


def document(language: str) -> Document:
    """A film in which something is said in each window of 8 s."""
    texts = TEXTS[language]
    captions = tuple(
        Caption(
            start=8.0 * n,
            end=8.0 * (n + 1),
            text=text,
            outcome=Outcome.OK if text else Outcome.FAILED,
            frames=(8.0 * n + 1, 8.0 * n + 5),
            prompt_tokens=100,
            completion_tokens=len(text) // 4,
        )
        for n, text in enumerate(texts)
    )
    source = Source(
        name="film.mp4", size=123456, duration=8.0 * len(texts), fps=24000 / 1001, width=1280, height=720, start=0.0, codec="h264"
    )
    model = Model(name="shapes", id="scenescribe/shapes", revision="1", engine="echo", engine_version="1")
    return Document(
        source=source, model=model, settings={"prompt": "Describe."}, captions=captions, shots=(8.2, 23.9), language=language,
        warnings=(Notice(code="partial", message="1 s is damaged", start=3.0, end=4.0),), stats={"windows": len(texts)},
    )  # fmt: skip


def goldens() -> dict[str, str]:
    """File name -> text."""
    made = {}
    for language in TEXTS:
        whole = document(language)
        track, _ = make_track(whole, profile("netflix"), title="Descriptions")
        for name in formats.names():
            made[f"film.{language}{formats.suffix(name)}"] = formats.write(name, track, whole)
    for name in ("bbc", "vertical", "none"):
        made[f"film.en.{name}.srt"] = formats.write("srt", make_track(document("en"), profile(name))[0])
    return made


if __name__ == "__main__":
    for name, text in goldens().items():
        (HERE / name).write_text(text, encoding="utf-8")
    SCHEMA.write_text(json.dumps(schema(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    sys.stdout.write(f"{len(goldens())} goldens in {HERE}, and {SCHEMA}\n")
