"""Text as a model that was steered by a sign in the picture might write it, for hypothesis."""

from hypothesis import strategies as st

from pipeline.types import Cue, Track

SNIPPETS = [
    "{\\an8}", "{\\p1}m 0 0 l 1920 0 1920 1080 0 1080{\\p0}", "{\\i1}", "{\\", "{", "}", "{}", "{c:$FF}", "{y:i}", "\\", "\\N", "\\n",
    "\\h", "\\{", "\\}", "\\\\", "-->", "--", "->", ">", "00:00:01,000 --> 00:00:02,000", "\n00:00:01.000 --> 00:00:02.000\n", "&", "&amp;",
    "&lt;", "&#123;", "<", "<i>", "</i>", "<b", "<v Bob>", "<c.red>", "<00:00:01.000>", "<font color=red>", "< i >", "<!--", "]]>",
    "\n", "\n\n", "\n \n", "\r\n", "\r", "\t", "\x00", "\x0b", "\x0c", "\x1b[31m", "\x1c", "\x1e", "\x85", "\u2028", "\u2029", "\x7f",
    "[0:12–0:15] ", "\n(1939–1945) ", "\n5\n0:01 → 0:02\n", "0:01 --＞ 0:02", "\n[00:01.000 --> 00:02.000] ", "\n7 – 9", "[0:1 -> 0:2]", "\nWEBVTT\n",
    "\ud800", "\udfff", "\ufffe", "\uffff", "\U0001ffff", "\ufeff", "\ufffd", "<|im_end|>", "<|", "|>", "<|<|x|>|>", "<<|a|>|b|>",
    "\u202e", "\u202a", "\u202c", "\u2066", "\u2069", "\u200e", "\u200f", "\u061c", "\u200b", "\u2060", "\u00ad", "\u00a0", "\u3000", "\u2003",
    "👨‍👩‍👧‍👦", "🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", "\U000e0041", "🇫🇷", "👍🏽", "❤️", "1️⃣", "e\u0301", "\u0301",
    "مرحبا بالعالم", "שלום", "猫が窓辺に座って、", "。", "「", "中文", "한국어", "ภาษาไทย", "हिन्दी", "｛", "｝", "Å", "\u212b",
    "\n42\n", "42", "٤٢", "\n1\n", "WEBVTT", "\nNOTE x\n", "\nSTYLE\n", "Dialogue: 0,", "[Events]", "=1+1", "+", "-", "@SUM(A1)", ",", ";", '"', "'",
    " ", "  ", "A man walks.", "the", " and ", "supercalifragilisticexpialidocious", "http://example.com/a/very/long/path?with=query&and=more",
]  # fmt: skip

fragments = st.one_of(st.sampled_from(SNIPPETS), st.sampled_from(SNIPPETS), st.text(st.characters(), max_size=12))
texts = st.lists(fragments, min_size=1, max_size=10).map("".join)
huge = st.builds(lambda text, size: (text * (size // len(text) + 1))[:size], texts.filter(bool), st.sampled_from([2_000, 20_000]))
hostile = st.one_of(*[texts] * 200, huge)
"""one text in two hundred is very long: those take most of the time"""


@st.composite
def tracks(draw: st.DrawFn, most: int = 3) -> Track:
    """A track of hostile cues, in order, whose times are whole milliseconds."""
    cues, at = [], draw(st.integers(0, 5_000))
    for text in draw(st.lists(hostile, min_size=1, max_size=most)):
        length = draw(st.integers(100, 9_000))
        cues.append(Cue(start=at / 1000, end=(at + length) / 1000, lines=(text,)))
        at += length + draw(st.integers(0, 40_000_000 if draw(st.integers(0, 30)) == 0 else 3_000))
    return Track(
        cues=tuple(cues), language="en", title=draw(st.sampled_from(["", "Descriptions", "a\nb: {x}"])), width=1280, height=720
    )
