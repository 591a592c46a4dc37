"""What we and a host of ``annotate`` say to each other: one frozen class a message, one line of JSON each.

    Begin                                     on its standard input; when that ends, so does the process, in order
    Ready, Counted*, then Stopped or Fault    on its standard output

``video.children.codec`` looks at types, as it does for other children of ours.
"""

from dataclasses import dataclass

from pipeline.video.children import codec


@dataclass(frozen=True, slots=True, kw_only=True)
class Begin:
    """What host to be."""

    settings: str
    """of the run, one JSON object"""
    verbose: bool
    sharing: int = 1
    """hosts on the same GPUs, this one counted"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ready:
    """The model is there."""

    seconds: float
    """that its start took"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """A picture without an answer."""

    key: str
    reason: str
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Counted:
    """What ended since it was last said, and the engine's clock since its start."""

    ended: int
    """pictures, and films that are over"""
    weight: float
    """of them, in the plan"""
    tokens: tuple[int, int]
    """(of prompts, of answers)"""
    last: str
    """an answer, to show"""
    failed: tuple[Failed, ...]
    hungry: float
    """seconds that the engine had too little to do"""
    fed: float
    """seconds that it had enough"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Stopped:
    """Nothing is left to do."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """It can't work: an error's class, code and message."""

    kind: str
    code: str
    message: str


Said = Ready | Counted | Stopped | Fault


def line(message: Begin | Said) -> bytes:
    """A message as it travels."""
    return codec.encode(message)[0] + b"\n"


def begin(row: bytes) -> Begin:
    """What a host is to be. Raises ``codec.Malformed``."""
    asked: Begin = codec.decode(row, b"", Begin | Said)
    if not isinstance(asked, Begin):
        raise codec.Malformed("another message first")
    return asked


def said(row: bytes) -> Said | None:
    """What a host says; None where a library printed the line."""
    try:
        message: Said = codec.decode(row, b"", Said)
    except codec.Malformed:
        return None
    return message
