"""The numbers of passages that a model names become times, as its words come; a time that it writes itself is never printed.

    "A cat sits [2]. It jumps [3-4], at 7:77."  ->  "A cat sits [0:04-0:09]. It jumps [0:09-0:20], at [0:04-0:09]."

What may yet become a number in brackets or a time is held back until it is told apart. A number that no passage has goes; a time
becomes the passage in which it lies, or goes where it lies in none.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from pipeline.asking.types import Citation, Passage
from pipeline.clock import moment

SNAP = 0.5
"""seconds between the end of a passage and a cut that is taken for it"""
LONGEST = 48
"""characters of a citation in a model's words"""
_NUMBER = r"\d{1,5}(?:\s*(?:[-–—,;]|and|to)\s*\d{1,5})*"
_TIME = r"(?:\d{1,3}:)?\d{1,3}:\d{2}(?:\.\d{1,3})?"
_FOUND = re.compile(
    rf" ?(?:\[\s*(?:parts?\s*|passages?\s*|#)?(?P<numbers>{_NUMBER})\s*\]|\[?(?<![\d:])(?P<time>{_TIME})(?:\s*[-–—]\s*{_TIME})?(?![\d:])\]?)",
    re.IGNORECASE,
)
_UNSURE = re.compile(r" ?(?:\[[^\[\]]*|\d[\d:.\s–—-]*)?$")


class Citer:
    """One answer's words on their way out. ``named`` collects what was cited, in the order of the words."""

    def __init__(self, passages: Sequence[Passage], cuts: Mapping[Path, Sequence[float]], ends: Mapping[Path, float]) -> None:
        """``cuts`` and ``ends``: of each film that is asked about, where its shots begin and when it is over."""
        self._passages, self._cuts, self._ends = passages, cuts, ends
        self._of_several = len({passage.film for passage in passages}) > 1
        self._named = self._of_several or len(ends) > 1
        """whether a citation needs its film's name: all passages may be of one of many films"""
        self._held = ""
        self.named: list[Citation] = []

    def feed(self, text: str) -> str:
        """What can be printed now."""
        text = self._held + text
        cut = len(text)
        # only as far back as is held: the pattern tries every beginning up to the end, and one piece may be megabytes of digits
        tail = text[-(LONGEST + 1) :]
        unsure = _UNSURE.search(tail)
        if unsure is not None and len(tail) - unsure.start() <= LONGEST:
            cut -= len(tail) - unsure.start()
        self._held = text[cut:]
        return self._told(text[:cut])

    def end(self) -> str:
        """What was held back to the end."""
        text, self._held = self._held, ""
        return self._told(text)

    def cite(self, number: int) -> str:
        """The citation of a passage by its number from 0, as it is printed; '' where there is none."""
        return " ".join(self._spans([number]))

    def cite_all(self, numbers: Sequence[int]) -> str:
        """The citations of passages by their numbers from 0; such as follow one another are one."""
        return ", ".join(self._spans(numbers))

    def _told(self, text: str) -> str:
        return _FOUND.sub(self._in_place_of, text)

    def _in_place_of(self, found: "re.Match[str]") -> str:
        numbers: list[int] = []
        if found["numbers"] is not None:
            for group in re.split(r"[,;]|and", found["numbers"].lower()):
                given = [int(number) for number in re.findall(r"\d+", group)]
                numbers += range(min(given) - 1, min(max(given), len(self._passages)))
        elif not self._of_several:
            seconds = seconds_of(found["time"])
            numbers = [n for n, one in enumerate(self._passages) if one.start <= seconds < one.end][:1]
        printed = " ".join(self._spans(numbers))
        return (" " * found[0].startswith(" ") + printed) if printed else ""

    def _spans(self, numbers: Iterable[int]) -> Iterator[str]:
        """Printed citations of passages; such as follow one another in a film are one."""
        found: list[Citation] = []
        for number in numbers:
            if not 0 <= number < len(self._passages):
                continue
            one = self.snapped(self._passages[number])
            if found and found[-1].film == one.film and abs(found[-1].end - one.start) < 1e-3:
                found[-1] = Citation(film=one.film, start=found[-1].start, end=one.end)
            else:
                found.append(one)
        for one in found:
            if one not in self.named:
                self.named.append(one)
            yield self._printed(one)

    def snapped(self, passage: Passage) -> Citation:
        """The passage as it is cited: at cuts where there are some near, inside the film."""
        cuts, end = self._cuts.get(passage.film, ()), self._ends.get(passage.film, passage.end)

        def near(time: float) -> float:
            best = min(cuts, key=lambda cut: abs(cut - time), default=time)
            return min(max(best if abs(best - time) <= SNAP else time, 0.0), end)

        start, stop = near(passage.start), near(passage.end)
        if stop <= start:  # both at one cut
            start, stop = min(passage.start, end), min(passage.end, end)
        return Citation(film=passage.film, start=start, end=stop)

    def _printed(self, one: Citation) -> str:
        still = one.end <= one.start
        words = [one.film.name.replace("[", "(").replace("]", ")")] if self._named or still else []
        words += [] if still else [f"{moment(one.start)}-{moment(one.end)}"]
        return f"[{' '.join(words)}]"


def seconds_of(time: str) -> float:
    """``1:02:03.5`` -> 3723.5, whatever a model has written."""
    seconds = 0.0
    for part in time.split(":"):
        seconds = seconds * 60 + float(part)
    return seconds
