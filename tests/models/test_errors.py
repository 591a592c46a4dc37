"""What libraries say, as one line."""

import pytest

from models.errors import first_line


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (ValueError("one\ntwo"), "one"), (ValueError("\n\n two\n"), "two"), (ValueError(), "ValueError"), (OSError(""), "OSError"),
        (KeyError("x"), "'x'"),
    ],
)  # fmt: skip
def test_an_error_without_a_word_is_called_by_its_name(error: Exception, says: str) -> None:
    assert first_line(error) == says
