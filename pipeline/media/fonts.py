"""Whether the fonts of this machine can draw a text. A missing font makes ffmpeg draw boxes and report success.

libass is asked itself: every character of the track is drawn once, small, before an hour of encoding begins.
"""

import os
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path
from xml.sax.saxutils import escape

from models.installed import adding
from pipeline.errors import EnvironmentFault
from pipeline.formats.ass import Style, render
from pipeline.media.binary import Ffmpeg
from pipeline.media.run import Ended, Place, run_command
from pipeline.types import Cue, Notice, Track

SYSTEM_CONFIG = "/etc/fonts/fonts.conf"
PACKAGES = ("manimgx_fonts", "manimgx_fonts_cjk")
"""Noto fonts as Python packages: no root is needed to install them"""
WORTH_STOPPING = 0.1
"""When this share of the letters can't be drawn, the burned text is no text"""
GENERIC = frozenset({"sans", "sans-serif", "serif", "mono", "monospace"})
_A_LINE = 40


def check_fonts(ffmpeg: Ffmpeg, place: Place, track: Track, style: Style) -> tuple[Notice, ...]:
    """Notices for characters that no font here can draw, and for a family that is not here.

    Raises EnvironmentFault ``no_font`` where they are a tenth of the text, naming their scripts.
    """
    count = Counter(character for cue in track.cues for character in cue.text if _drawn(character))
    if not count:
        return ()
    ended = _draw(ffmpeg, place, sorted(count), style)
    missing = [character for character in sorted(count) if ord(character) in ended.missing_glyphs]
    share = sum(count[character] for character in missing) / count.total()
    if not missing:
        return _stand_in(ended, style)
    examples = ", ".join(f"{character} U+{ord(character):04X}" for character in sorted(missing, key=lambda c: -count[c])[:3])
    sentence = f"no font on this machine has {_and(_scripts(missing))} ({examples}); {_mend()}"
    if share >= WORTH_STOPPING:
        raise EnvironmentFault("no_font", sentence, characters="".join(missing))
    return (Notice(code="no_font", message=sentence), *_stand_in(ended, style))


def add_fonts(place: Place, fonts: Path | None) -> None:
    """Let fontconfig, and so libass, also find the fonts in a folder and those that our extra ``fonts`` brings.

    A configuration of our own is needed: libass takes fonts of its ``fontsdir`` for a named family, never for a missing letter.
    """
    folders = [folder.absolute() for folder in (fonts, *packaged_fonts()) if folder is not None]
    if not folders:
        return
    listed = "".join(f"<dir>{escape(str(folder))}</dir>" for folder in folders)
    system = f'<include ignore_missing="yes">{SYSTEM_CONFIG}</include>'
    text = f'<?xml version="1.0"?><fontconfig>{system}{listed}<cachedir prefix="xdg">fontconfig</cachedir></fontconfig>'
    (place.folder / "fonts.conf").write_bytes(os.fsencode(text))
    place.environment["FONTCONFIG_FILE"] = str(place.folder / "fonts.conf")


def packaged_fonts() -> list[Path]:
    """Folders of the font packages that are installed here (the extra ``fonts``)."""
    found = [find_spec(name) for name in PACKAGES]
    return [Path(spec.origin).parent for spec in found if spec is not None and spec.origin]


def installed_fonts() -> int:
    """How many files of fonts lie where fontconfig looks when subtitles are drawn; for ``doctor``."""
    places = (
        Path("/usr/share/fonts"),
        Path("/usr/local/share/fonts"),
        Path.home() / ".fonts",
        Path.home() / ".local/share/fonts",
        *packaged_fonts(),
    )
    return sum(
        1 for place in places if place.is_dir() for file in place.rglob("*") if file.suffix.lower() in (".ttf", ".otf", ".ttc")
    )


def _drawn(character: str) -> bool:
    return unicodedata.category(character)[0] in "LNPS" and not character.isspace()


def _draw(ffmpeg: Ffmpeg, place: Place, characters: list[str], style: Style) -> Ended:
    """What libass says when it draws each of these characters once."""
    # a letter between them keeps them from joining
    lines = tuple(" ".join(characters[k : k + _A_LINE]) for k in range(0, len(characters), _A_LINE))
    track = Track(cues=(Cue(start=0.0, end=10.0, lines=lines),), width=320, height=180)
    (place.folder / "fonts.ass").write_text(render(track, style), encoding="utf-8")
    source = ["-f", "lavfi", "-i", "color=s=320x180:r=1:d=1", "-vf", "subtitles=filename=fonts.ass", "-f", "null", "-"]
    command = [str(ffmpeg.path), "-hide_banner", "-nostdin", "-progress", "pipe:1", "-nostats", *source]
    return run_command(command, place)


def _stand_in(ended: Ended, style: Style) -> tuple[Notice, ...]:
    """A notice where libass took another family than the style's. ``Sans`` and its like are no families: any will do."""
    asked = re.compile(rf"fontselect: \({re.escape(style.font)}, .*, ([^,]+)$")
    found = next((match[1] for line in ended.messages if (match := asked.search(line))), None)
    if found is None or style.font.casefold() in GENERIC or _plain(found).startswith(_plain(style.font)):
        return ()
    return (Notice(code="no_font", message=f"there is no font '{style.font}' on this machine; the text is drawn in {found}"),)


def _plain(name: str) -> str:
    """``DejaVu Sans`` and ``DejaVuSans`` are the same."""
    return "".join(filter(str.isalnum, name)).casefold()


def _scripts(characters: Iterable[str]) -> list[str]:
    """``THAI CHARACTER KO KAI`` -> Thai"""
    names = {}
    for character in characters:
        name = unicodedata.name(character, "")
        first = name.split(" ")[0].split("-")[0]
        if name.startswith("CJK") or first in ("HIRAGANA", "KATAKANA"):
            first = "Chinese or Japanese" if name.startswith("CJK") else "Japanese"
        elif unicodedata.category(character) == "So":
            first = "emoji or symbols"
        elif unicodedata.category(character)[0] in "PSN" or not name:
            first = "these signs"
        names[first if " " in first or first == "Japanese" else first.title()] = True
    return list(names)


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else ", ".join(names[:-1]) + " and " + names[-1]


def _mend() -> str:
    return f"{adding('fonts')}, or install Noto fonts, or name a folder with fonts by --fonts-dir"
