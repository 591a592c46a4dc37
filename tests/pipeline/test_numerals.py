"""Numbers in headers and names: a sign that counts as a digit is none, and no length ends the reading."""

from pathlib import Path

import pytest

from pipeline.datasets.claims import FOLDER, Claims
from pipeline.numerals import whole
from pipeline.storage import open_storage


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("0012", 12), ("9" * 18, 10**18 - 1), ("9" * 19, None), ("9" * 5000, None), ("\u00b2", None), ("\u0663", None), ("", None),
        ("-1", None), ("1e3", None), (" 1", None), ("1_0", None),
    ],
)  # fmt: skip
def test_a_whole_number_is_plain_digits(text: str, number: int | None) -> None:
    assert whole(text) == number


def test_a_strange_name_among_the_claims_is_nobodys(tmp_path: Path) -> None:
    storage = open_storage(str(tmp_path), {})
    for name in ("\u00b2\u00b2\u00b2\u00b2\u00b2\u00b2\u00b2.0", "0000003.\u00b2", "0000003.1", "x"):
        storage.put(FOLDER + name, b"{}")
    claims = Claims(storage, "host")
    claims.listed()
    assert claims.known == {3: 2}
