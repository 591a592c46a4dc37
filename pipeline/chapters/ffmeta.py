"""ffmpeg's metadata file: ``ffmpeg -i film.mp4 -i film.chapters.ffmeta -map_metadata 0 -map_chapters 1 -codec copy out.mp4``."""

import re
from collections.abc import Sequence

from pipeline.chapters import base
from pipeline.formats.base import milliseconds
from pipeline.outline import Chapter

_SPECIAL = re.compile(r"([=;#\\])")


class Format(base.Format):
    suffix = ".ffmeta"
    media_type = "text/plain; charset=utf-8"

    def write(self, chapters: Sequence[Chapter], *, language: str, title: str) -> str:
        blocks = [";FFMETADATA1\n"]
        for one in chapters:
            start, end = milliseconds(one.start), milliseconds(one.end)
            escaped = _SPECIAL.sub(r"\\\1", one.title)
            blocks.append(f"[CHAPTER]\nTIMEBASE=1/1000\nSTART={start}\nEND={end}\ntitle={escaped}\n")
        return "\n".join(blocks)
