"""What a model thinks aloud before it answers, taken out of a text that comes in pieces, in one pass."""

import re

MARKS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "[think]": "[/think]",
    "◁think▷": "◁/think▷",
    "<seed:think>": "</seed:think>",
    "<analysis>": "</analysis>",
    "<reflection>": "</reflection>",
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "<|thinking|>": "<|/thinking|>",
    "<|start_think|>": "<|end_think|>",
    "<|channel|>analysis<|message|>": "<|channel|>final<|message|>",
    "<|channel|>commentary<|message|>": "<|channel|>final<|message|>",
}
"""opening -> closing, whatever the case of the letters"""
AROUND = (
    *("<answer>", "</answer>", "<|begin_of_box|>", "<|end_of_box|>", "<|begin_of_solution|>", "<|end_of_solution|>"),
    *("<|start|>assistant", "<|end|>", "<|return|>", "<|im_end|>", "<|eot_id|>", "<|endoftext|>", "<end_of_turn>", "</s>"),
)
"""what models put around an answer, or after it: left out, and what stands between stays"""
ANY = (*MARKS, *dict.fromkeys(MARKS.values()), *AROUND)
_MARK = re.compile("|".join(map(re.escape, ANY)), re.IGNORECASE | re.ASCII)
_LONGEST = max(map(len, ANY))


class Thoughts:
    """Takes the thoughts out of pieces of text. ``bare``: the answer begins inside a thought, whose opening mark nobody sees."""

    def __init__(self, *, bare: bool = False) -> None:
        self.began_inside = bare
        """a thought ended that had not begun: what was given away before was it"""
        self._closings: tuple[str, ...] = tuple(MARKS.values()) if bare else ()
        """marks of which one ends the thought; empty: outside of one"""
        self._bare = bare
        self._perhaps: list[str] = []
        """of a bare thought: if it never ends, there was none and this is the answer"""
        self._tail = ""

    def feed(self, piece: str) -> str:
        """What of the text so far can be given away."""
        text, given, at = self._tail + piece, list[str](), 0
        for match in _MARK.finditer(text):
            mark = match[0].lower()
            if self._closings:
                if mark not in self._closings:
                    continue
                self._closings, self._bare = (), False
                self._perhaps.clear()
            elif mark in AROUND:
                given.append(text[at : match.start()])
            elif mark in MARKS:
                given.append(text[at : match.start()])
                self._closings = (MARKS[mark],)
            else:
                given.clear()
                self.began_inside = True
            at = match.end()
        end = len(text) - self._begun(text[max(at, len(text) - _LONGEST) :])
        if self._bare:
            self._perhaps.append(text[at:end])
        elif not self._closings:
            given.append(text[at:end])
        self._tail = text[end:]
        return "".join(given)

    def end(self) -> str:
        """What was held back and turned out to be text."""
        if self._bare:
            return "".join(self._perhaps) + self._tail
        return "" if self._closings else self._tail

    @staticmethod
    def _begun(tail: str) -> int:
        """Letters at the end that may be the beginning of a mark."""
        return next((size for size in range(len(tail), 0, -1) if any(mark.startswith(tail[-size:].lower()) for mark in ANY)), 0)
