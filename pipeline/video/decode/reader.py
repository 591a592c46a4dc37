"""What is known of any reader while its frames go by: the contract between those that decode and those that look."""

from typing import Protocol


class Reader(Protocol):
    """A film that is being read."""

    watchful: int
    """what the search for cuts asks for on the way: 1 where much moves, 2 where very much does"""
    decoded: int
    """frames so far"""
    on_card: int
    """how many of these a GPU decoded"""
    damaged: list[int]
    """ranks of frames whose packets could not be decoded"""
