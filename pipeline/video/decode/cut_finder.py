"""Finds cuts among the frames that a reader hands on, at the side of sampling."""

import math
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from pipeline.frames import Image
from pipeline.video.children.messages import Read
from pipeline.video.cuts import motion, rule, slides
from pipeline.video.cuts.doubt import FLASH, Doubt
from pipeline.video.decode import pyav_reader
from pipeline.video.decode.decoded import Decoded
from pipeline.video.decode.decoding import Unclean
from pipeline.video.decode.plan import plan
from pipeline.video.sampling import MOORED
from pipeline.video.table import Table

EDGE = 2
"""pictures at each end of a segment that are compared with the neighbours'"""
PAST = 3
"""pairs of samples that show how a shot moves"""
PLAIN = 2
"""times the bytes of the frames before it that a keyframe takes where these can't be what a shot begins with"""
WATCH = 4
"""pairs of samples to go on looking between, after one that differed without a cut"""
SLIDE_KEYS = 30.0
"""seconds after which a cell that moved stands again, where only keyframes are seen"""


class CutFinder:
    """Watches the frames that go by and says where a shot begins; looks closer only where two samples differ."""

    def __init__(self, request: Read, table: Table, fd: int, sudden: NDArray[np.bool_]) -> None:
        self._request, self._table, self._fd = request, table, fd
        self._sudden = sudden[table.packets]
        self._entries = table.key[table.packets]
        self._past: list[rule.Seen] = []
        """samples of the shot before the last one, and its first frame where it began among them"""
        self._watch = self._blurred = 0
        self._chain: list[Decoded] = []
        self._first: Image | None = None
        self._precise = not request.options.keyframes
        self._by_size = request.options.reader == "pyav" and not table.repaired
        self._head: list[Image] = []
        self._tail: list[Decoded] = []
        self._told = False
        self._ahead: Decoded | None = None
        """the frame right before the last sample, where that is of the same shot"""
        self._doubt: Doubt | None = None
        self._standing = motion.Standing(motion.LIVELY if self._precise else SLIDE_KEYS)

    def see(self, shown: Decoded, sample: bool) -> list[int]:
        """Ranks of the first frames of new shots that this sample has brought to light."""
        if len(self._head) < EDGE:
            self._head.append(shown.small())
        before = self._tail[-1] if self._tail else None
        self._tail = [*self._tail[1 - EDGE :], shown]
        if not sample:
            if self._first is not None and len(self._chain) < 64:
                self._chain.append(shown)
            return []
        last = shown.small()
        settled = self._settle(shown)
        found: list[int] = []
        slide: slides.Turn | None = None
        time = float(self._table.times[shown.rank])
        change = rule.extent(changes := rule.delta(self._first, last) if self._first is not None else rule.NOTHING)
        self._watch, self._blurred = max(0, self._watch - 1), max(0, self._blurred - 1)
        past = list(self._past[-PAST:])
        if self._first is not None and self._chain[0] is not shown:
            past.append((self._chain[0].rank, self._first))
        if rule.suspicious(*change):
            first = None if self._moves_on(past, shown.rank, last) else self._between(past, shown, last)
            if first is None:
                self._watch = WATCH
            else:
                found = [] if self._flashed(past, first, change[0]) else [first[0]]
                past = [first] if first[0] < shown.rank else []
        elif self._first is not None and (slide := slides.turn(self._standing, time, self._first, last, changes)) is not None:
            first = self._between(past, shown, last, slide.changed)
            if first is not None:
                found, past = [first[0]], [first] if first[0] < shown.rank else []
        if found:
            self._standing.restart(time, slide.cells if slide else 0)
        elif self._first is None:
            self._standing.restart(-math.inf)  # what was before this segment of the film is not known here
        else:
            self._standing.see(time, changes)
        if found and self._precise:
            assert self._first is not None
            self._doubt, found = Doubt(rank=found[0], before=self._first, change=change[0], slide=slide), []
        self._ahead = None if found or self._doubt else before
        self._first, self._chain, self._past = last, [shown], past
        return [*settled, *found]

    def _settle(self, shown: Decoded) -> list[int]:
        """The cut in doubt, now that one more sample is seen, if it is one.

        Where a picture since then looks like the one before the cut it was a flash, and all is as if it had not been.
        """
        doubt, self._doubt = self._doubt, None
        if doubt is None:
            return []
        since = [*self._chain[1:], shown]
        soon = [one for one in since if self._table.times[one.rank] - self._table.times[doubt.rank] < FLASH]
        back = next((at for at, one in enumerate(soon) if doubt.is_over(one.small())), None)
        if back is not None:
            self._chain, self._first, self._past, self._ahead = since[back:-1] or [shown], since[back].small(), [], None
            return []
        assert self._first is not None
        return [doubt.rank] if not soon or doubt.lasts(self._first, soon[-1].small()) else []

    @property
    def undecided(self) -> bool:
        """Whether the next sample decides if there was a cut before this one."""
        return self._doubt is not None

    def finish(self) -> list[int]:
        """The cut that was still in doubt when there was nothing more to see; a slide only if what was seen of it stands."""
        doubt, self._doubt = self._doubt, None
        if doubt is None or doubt.slide is None or self._first is None:
            return [doubt.rank] if doubt else []
        times = self._table.times
        if len(self._chain) > 1:
            return [doubt.rank] if doubt.lasts(self._first, self._chain[-1].small()) else []
        ends = times[doubt.rank + 1] if doubt.rank + 1 < len(times) else self._table.end
        return [doubt.rank] if ends - times[doubt.rank] >= FLASH else []

    @property
    def watchful(self) -> int:
        """1 where much moves, 2 where so much does that only the very frames beside a cut tell it."""
        return (2 if self._blurred else 1 if self._watch else 0) if self._precise else 0

    def head(self) -> bytes:
        """The first pictures that were decoded, once there are enough of them to compare; nothing before and after."""
        if len(self._head) < EDGE or self._told:
            return b""
        self._told = True
        return b"".join(picture.tobytes() for picture in self._head)

    def tail(self) -> bytes:
        """The last pictures that were decoded."""
        return b"".join(shown.small().tobytes() for shown in self._tail)

    def _moves_on(self, past: list[rule.Seen], rank: int, last: Image) -> bool:
        """Whether what changed from the last sample to this one goes on as it did before that, and no packet speaks against it."""
        if not self._precise or not self._by_size or len(past) < 2:
            return False
        longer = max(MOORED, (rank - past[-1][0]) / (past[-1][0] - past[-2][0]))
        if rule.blurred(past, (rank, last), longer):
            self._blurred = WATCH
            return False
        if self._sudden[past[-1][0] + 1 : rank + 1].any():
            return False
        return rule.surprise(past[-2:], (rank, last), rule.DOUBT) < rule.SURPRISE

    @staticmethod
    def _clear(past: list[rule.Seen], rank: int, last: Image) -> bool:
        """Whether it changed so much more from the last sample to this one than ever before that a shot must begin between."""
        return len(past) > PAST and rule.surprise(past, (rank, last), rule.CLEAR) >= rule.SURPRISE

    def _flashed(self, past: list[rule.Seen], first: rule.Seen, change: float) -> bool:
        """Whether the last sample was a flash: what seems to begin a shot is as the sample before that one."""
        if len(past) > 1 and self._table.times[first[0]] - self._table.times[past[-1][0]] >= FLASH:
            return False
        return self._precise and len(past) > 1 and rule.change(past[-2][1], first[1])[0] <= change * rule.BACK

    def _between(self, past: list[rule.Seen], shown: Decoded, last: Image, slide: rule.Mask | None = None) -> rule.Seen | None:
        """A shot's first frame between the last sample and this one. ``slide``: cells that a new slide changed, if it is one."""
        assert self._first is not None
        if not self._precise:
            return shown.rank, last
        seen = [(self._chain[0].rank, self._first), *((s.rank, s.small()) for s in self._chain[1:]), (shown.rank, last)]
        if slide is not None:
            return self._slide_within(seen, slide)
        usual = rule.pace((self._ahead.rank, self._ahead.small()), seen[0]) if self._ahead is not None else 0.0
        for run in rule.between_flashes(seen):
            first = self._within(run, usual, past, (shown.rank, last))
            if first is not None:
                return first
            usual = rule.pace(*run[-2:]) if len(run) > 1 else usual
        return None

    def _within(self, run: list[rule.Seen], usual: float, past: list[rule.Seen], now: rule.Seen) -> rule.Seen | None:
        """A shot's first frame in a run of pictures. ``usual``: change from one frame to the next before that."""
        chain, pictures = [rank for rank, _ in run], [picture for _, picture in run]
        place = rule.cut_in(pictures, rule.DOUBT)
        if len(run) == 2 and chain[1] - chain[0] == 1 and rule.pace(*run) < rule.DOUBT * usual:
            return None  # nothing between to compare with, and it moved as much before
        if place is None:
            return None
        before, after = chain[place - 1], chain[place]
        sure = rule.cut_in(pictures) == place
        if sure and (after - before == 1 or (self._clear(past, *now) and self._only_at_entry(before, after))):
            return after, pictures[place]
        if not sure and self._by_size and not (self._sudden | self._entries)[before + 1 : after + 1].any():
            return None  # moves a little more than before; a shot that began here would have been coded anew
        return self._closely(before, after, pictures[place])

    def _slide_within(self, run: list[rule.Seen], changed: rule.Mask) -> rule.Seen | None:
        """A slide's first frame in a run of pictures."""
        place = slides.turn_in([picture for _, picture in run], changed)
        if place is None:
            return None
        before, after = run[place - 1][0], run[place][0]
        if after - before == 1:
            return run[place]
        if self._by_size and not (self._sudden | self._entries)[before + 1 : after + 1].any():
            return None  # what is drawn anew takes bytes
        return self._closely(before, after, run[place][1], lambda pictures: slides.turn_in(pictures, changed))

    def _only_at_entry(self, before: int, after: int) -> bool:
        """Whether a shot that begins between two frames must begin at a keyframe, by the sizes of what is between.

        A frame that is coded anew takes about what a keyframe does; the others take far less, but for grain. Frames that are
        stored after a keyframe and shown before it may belong to either shot.
        """
        packets = self._table.packets[before + 1 : after + 1]
        between, entry = packets[:-1], packets[-1]
        if not self._entries[after] or (between > entry).any() or self._sudden[before + 1 : after].any():
            return False
        return bool((PLAIN * self._table.sizes[between] <= self._table.sizes[entry]).all())

    def _closely(
        self, before: int, after: int, picture: Image, first_of: Callable[[Sequence[Image]], int | None] = rule.cut_in
    ) -> rule.Seen | None:
        """Look at every frame between two, and one more at each side. ``first_of``: tells the first picture of the new shot.

        ``picture``: of the second one, which must do where the film can't be entered before it.
        """
        ranks = np.arange(max(0, before - 1), min(len(self._table.times), after + 2))
        reader = pyav_reader.PyAVReader(
            self._fd,
            size=rule.SMALL,
            turn=0,
            mirrored=False,
            deinterlace=self._request.interlaced,
            threads=self._request.threads,
        )
        inside = set(ranks.tolist())
        everything = self._table.repaired or self._request.interlaced
        try:
            walk = reader.read(self._table, plan(self._table, ranks, everything=everything))
            seen = [(shown.rank, shown.small()) for shown in walk if shown is not None and shown.rank in inside]
        except Unclean:
            return after, picture
        exact = first_of([small for _, small in seen])
        return seen[exact] if exact is not None and before < seen[exact][0] <= after else None
