"""What a reading process says, looked at before it is believed: it opens what strangers send, and may be theirs by now.

Types and ranges are looked at by ``children.codec`` and the classes of ``messages``; here is what depends on the messages before, and
words are made fit for a line on the screen.
"""

from dataclasses import replace

from pipeline.video.children import codec
from pipeline.video.live.messages import Ended, Frame, Opened, Said, Tick

LONGEST_WORD = 1000
AHEAD = 3600.0
"""seconds that a picture may lie before the one that was seen last, in one epoch: a jump begins another"""


class Listener:
    """Reads the messages of one process, in the order in which they come."""

    def __init__(self) -> None:
        self._epoch, self._seen, self._serial = -1, 0.0, 0

    def heard(self, header: bytes, payload: bytes) -> Said:
        """The message. Raises ValueError: this is none, or none that may come now."""
        try:
            message: Said = codec.decode(header, payload, Said)
        except codec.Malformed as error:
            raise ValueError(str(error)) from None
        match message:
            case Ended():
                return Ended(code=_word(message.code, 40), message=_word(message.message), detail=_word(message.detail))
            case Opened():
                return replace(message, codec=_word(message.codec, 40))
            case Tick():
                return replace(message, skipping=_word(message.skipping, 40))
            case Frame():
                self._follow(message)
        return message

    def _follow(self, frame: Frame) -> None:
        """Raises ValueError where it is no picture that can come after those before."""
        if frame.serial <= self._serial or frame.epoch < self._epoch:
            raise ValueError("pictures are counted up")
        since = frame.begin[0] if frame.epoch != self._epoch else self._seen
        if frame.seen - since > AHEAD or frame.time - since > AHEAD:
            raise ValueError("a picture is far ahead of the one before")
        self._epoch, self._seen, self._serial = frame.epoch, max(since, frame.seen), frame.serial


def _word(value: str, most: int = LONGEST_WORD) -> str:
    return "".join(letter if letter.isprintable() else " " for letter in value[:most])
