"""Chapters as Podcasting 2.0 has them (podcastindex.org, jsonChapters 1.2): ``{"version", "chapters": [{startTime, endTime, title}]}``."""

import json
from collections.abc import Sequence
from typing import Any

from pipeline.chapters import base
from pipeline.outline import Chapter


class Format(base.Format):
    suffix = ".json"
    media_type = "application/json+chapters"

    def write(self, chapters: Sequence[Chapter], *, language: str, title: str) -> str:
        listed = [{"startTime": one.start, "endTime": one.end, "title": one.title} for one in chapters]
        about: dict[str, Any] = {"version": "1.2.0", **({"title": title} if title else {}), "chapters": listed}
        return json.dumps(about, indent=2, ensure_ascii=False) + "\n"
