"""Server-sent events, as far as has to be known before their text is read: whether it is them, what they tell of an error, and their end.

: comment · blank line      an open connection, and nothing else
data: {"choices": ...}      a piece; without a text it is the beginning alone, or a thought
data: {"error": ...} · event: error · error: ...
data: [DONE]                the end
{ or <                      no events: a whole answer, an error, a page
"""

import json
import re
from typing import Any

from models.engines.openai.bodies import BrokenOff, cut_off
from models.engines.openai.faults import AGAIN, alone, error_in, inner_status, sentence
from models.engines.openai.sse import END, Assembly, lines_of
from models.errors import RequestRefused

_FIELD = re.compile(r"(?:data|event|id|retry|error)\s*:|(?:data|event|id|retry)\Z|:")
"""what a line of events begins with; a comment keeps a connection open until there is something to say"""


class Survey:
    """What is known of an answer by the lines that were looked at."""

    def __init__(self) -> None:
        self.events: bool | None = None
        """whether it is events; None: nothing but comments came"""
        self.error = ""
        """an error as a body of JSON, where one came"""
        self.said = False
        """whether a text came, or whatever else a reader has to judge"""
        self.odd = False
        """whether a piece is no JSON object, and no half of one"""
        self.ended = False
        self._assembly = Assembly()
        self._cut = False

    def look(self, line: str) -> None:
        line = line.strip() if self.events else line.strip().lstrip("\ufeff")
        if line.startswith(":") or (not line and self.events is None):
            return
        if self.events is None:
            self.events = _FIELD.match(line) is not None
        if self.events:
            for name, data in self._assembly.feed(line):
                self._event(name, data)

    def end(self) -> None:
        """No line follows."""
        for name, data in self._assembly.end():
            self._event(name, data)

    @property
    def known(self) -> bool:
        """Whether no more lines are needed to tell what it is."""
        return self.events is False or bool(self.error) or self.said or self.ended

    @property
    def streams(self) -> bool:
        """Whether its words can be read as they come."""
        return self.known and self.events is True and not self.error

    def _event(self, name: str, value: str) -> None:
        self.said = self.said or self._cut  # half a piece with more behind it: nothing that is only cut off
        if value == END:
            self.ended = True
            return
        try:
            found = json.loads(value)
        except (ValueError, RecursionError):
            found = None
        if name == "error" or (isinstance(found, dict) and error_in(found) is not None):
            self.error = _as_error(value)
        elif not isinstance(found, dict):
            self._cut = cut_off(value)
            self.odd = self.odd or not self._cut
            self.said = self.said or self.odd
        else:
            first = _first(found)
            self.said = self.said or not _silent(found, first)
            self.ended = self.ended or bool(first.get("finish_reason"))


def surveyed(text: str) -> Survey:
    """Of a whole text, up to its error or its mark of the end."""
    survey = Survey()
    for line in lines_of(text):
        survey.look(line)
        if survey.events is False or survey.error or (survey.ended and line.rstrip().endswith(END)):
            break
    else:
        survey.end()
    return survey


def whole(server: str, text: str) -> str:
    """A text that came by 200, or the error that it tells in place of words. Raises BrokenOff, RequestRefused: it tells one behind words."""
    survey = surveyed(text)
    if survey.error and survey.said:  # a form that is refused is refused before a word is said: nothing to adapt to
        why = f"broke off in the middle of its answer: {sentence(survey.error)}"
        raise BrokenOff(server, why) if inner_status(survey.error) in AGAIN else RequestRefused(f"{server} {why}")
    ends = survey.events is False or survey.ended or survey.odd or bool(survey.error) or not text.strip()
    if not ends or cut_off(alone(text)):
        raise BrokenOff(server, "broke off in the middle of its answer")
    return survey.error or text


def _as_error(value: str) -> str:
    """What an event of an error says, as a body that says one."""
    try:
        found = json.loads(value)
    except (ValueError, RecursionError):
        found = value or "an error that is not told"
    if isinstance(found, dict) and error_in(found) is not None:
        return value
    return json.dumps({"error": found or value})


def _first(piece: dict[str, Any]) -> dict[str, Any]:
    choices = piece.get("choices")
    return choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else {}


def _silent(piece: dict[str, Any], first: dict[str, Any]) -> bool:
    """Whether a piece has nothing that is read: no choice, the role alone, a thought that stands apart."""
    if not piece.get("choices"):
        return True
    delta = first.get("delta") or {}
    if not first or not isinstance(delta, dict) or first.get("message") or first.get("text") or first.get("error"):
        return False
    return not any(delta.get(key) for key in ("content", "refusal", "tool_calls", "function_call"))
