"""A table: start and end in seconds, and the text on one line, for spreadsheets.

A text that a spreadsheet would run as a formula (it begins with ``= + - @``) gets an apostrophe in front (OWASP, "CSV injection").
"""

import csv
import io

from pipeline.formats import base
from pipeline.types import Document, Track

_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")


class Format(base.Format):
    suffix = ".csv"

    def write(self, track: Track, document: Document | None = None) -> str:
        out = io.StringIO()
        table = csv.writer(out, lineterminator="\n")
        table.writerow(["start", "end", "text"])
        for cue in track.cues:
            text = " ".join(cue.lines)
            guarded = "'" + text if text.startswith(_FORMULA) else text
            table.writerow([f"{cue.start:.3f}", f"{cue.end:.3f}", guarded])
        return out.getvalue()
