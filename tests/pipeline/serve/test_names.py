"""What a browser is told that a file is called."""

from urllib.parse import unquote

import pytest

from pipeline.serve.routes.tracks import attachment


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("one.en.vtt", "one.en.vtt"), ("\u0639 \u2603.vtt", "_ _.vtt"), ('a"b\\c%41.vtt', "a_b_c_41.vtt"),
        ("a\r\nSet-Cookie: x.vtt", "a__Set-Cookie: x.vtt"),
    ],
)  # fmt: skip
def test_a_name_is_told_whole_and_never_leaves_its_field(name: str, plain: str) -> None:
    first, whole = attachment(name).removeprefix('attachment; filename="').split("\"; filename*=UTF-8''")
    assert (first, unquote(whole)) == (plain, name)
    assert attachment(name).isascii()
    assert attachment(name).isprintable()
