"""Files that are called like subtitles and hold no text: what they are, and what to do with them.

Read as text they give letters all the same: an archive that only stores its files gives even cues, and the rest of the archive as words.
"""

import re

_KINDS = (
    (re.compile(rb"PK\x03\x04"), "a ZIP archive, or a document that is one (.docx, .odt): unpack it, or save its text, first"),
    (re.compile(rb"\x1f\x8b|BZh\d|\xfd7zXZ\0|7z\xbc\xaf\x27\x1c|Rar!\x1a\x07|\x28\xb5\x2f\xfd"), "an archive: unpack it first"),
    (re.compile(rb"\{\\rtf"), "a document of a word processor (RTF): save it as plain text first"),
    (re.compile(rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), "a document of an office program: save it as plain text first"),
    (re.compile(rb"%PDF-"), "a PDF: save its text first"),
    (re.compile(rb"version https://git-lfs"), "a pointer of Git LFS: fetch the file itself (git lfs pull)"),
    (re.compile(rb"(?is)<(?:!doctype )?html(?!.*--(?:>|&gt;))"), "an HTML page, often an error of the site that it came from"),
    (re.compile(rb"\x1a\x45\xdf\xa3|....ftyp|\x89PNG|\xff\xd8\xff", re.DOTALL), "a film or a picture"),
    (re.compile(rb"\d{3}STL\d\d\.\d\d"), "EBU's STL, which is not read: make an SRT or TTML of it first"),
    (re.compile(rb"PG.{8}[\x14-\x17\x80]", re.DOTALL), "pictures of subtitles (PGS), not text; an OCR tool makes text of it"),
    (re.compile(rb"# VobSub index"), "the index of pictures of subtitles (VobSub), not text; an OCR tool makes text of them"),
    (re.compile(rb"Scenarist_SCC"), "SCC, which is not read: make an SRT or WebVTT of it first"),
)  # fmt: skip
"""how they begin -> what they are"""


def what_instead(data: bytes) -> str | None:
    """What a file is that can't be read as text, with what to do; None where nothing speaks against text."""
    start = data.removeprefix(b"\xef\xbb\xbf").lstrip(b" \t\r\n")[:200_000]
    return next((what for begins, what in _KINDS if begins.match(start)), None)
