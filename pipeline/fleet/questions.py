"""Single requests of a fleet: each goes to the ready host with the least to do, and once more where that host dies."""

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from models.base import Reply, Request
from pipeline.errors import EnvironmentFault
from pipeline.fleet import messages
from pipeline.fleet.codec import raised
from pipeline.fleet.remote import RemoteHost, State
from pipeline.fleet.requests import packed, reply_of


@dataclass(slots=True, eq=False)
class Question:
    """One request on its way."""

    number: int
    request: Request
    piece: Callable[[str], None] | None = None
    answer: "asyncio.Future[Reply] | None" = None
    host: RemoteHost | None = None
    begun: bool = False
    """whether some of the answer was given away"""


class _HostDied(Exception):
    """The host that worked on a request is gone."""


class Questions:
    """Those that are under way. All methods belong to one event loop."""

    def __init__(self, hosts: Sequence[RemoteHost]) -> None:
        self._hosts = hosts
        self._asked: dict[int, Question] = {}
        self._number = 0

    async def ask(self, request: Request, piece: Callable[[str], None] | None, ready: Callable[[], Awaitable[None]]) -> Reply:
        """``piece`` hears its text as it comes; ``ready`` waits for a host that can answer, and raises where there is none.

        Raises what an engine's ``ask`` does, and EnvironmentFault ``engine_dead`` where the host dies in the middle of an answer
        some of which was given away.
        """
        self._number += 1
        question = Question(self._number, request, piece)
        self._asked[question.number] = question
        try:
            while True:
                await ready()
                question.answer = asyncio.get_running_loop().create_future()
                self._send(question)
                try:
                    return await question.answer
                except _HostDied:
                    if question.begun:
                        raise EnvironmentFault("engine_dead", "the host died in the middle of an answer; ask again") from None
        finally:
            del self._asked[question.number]
            if question.host is not None:
                question.host.send(messages.Forget(number=question.number))

    def hear(self, message: messages.Piece | messages.Answered | messages.Refused) -> None:
        """What a host says of a request."""
        question = self._asked.get(message.number)
        if question is None or question.answer is None or question.answer.done():
            return
        match message:
            case messages.Piece(text=text):
                question.begun = True
                if question.piece is not None:
                    question.piece(text)
            case messages.Answered(reply=reply):
                question.answer.set_result(reply_of(reply))
            case messages.Refused(error=error):
                question.answer.set_exception(raised(error))

    def host_died(self, host: RemoteHost) -> None:
        """Those that it had are asked again."""
        for question in self._asked.values():
            if question.host is host and question.answer is not None and not question.answer.done():
                question.answer.set_exception(_HostDied())

    def _send(self, question: Question) -> None:
        ready = [host for host in self._hosts if host.state is State.READY]
        question.host = self._its_own(question.request.key, ready) or min(ready, key=self._busy)
        values, payload = packed(question.request)
        ask = messages.Ask(number=question.number, request=values, streamed=question.piece is not None, payload=payload)
        question.host.send(ask)

    def _busy(self, host: RemoteHost) -> int:
        return host.pulse.in_flight + sum(other.host is host for other in self._asked.values())

    @staticmethod
    def _its_own(key: str | None, ready: Sequence[RemoteHost]) -> RemoteHost | None:
        """The host that keeps what it has read of these pictures: the same for each request about them, whoever else comes or goes
        (rendezvous hashing)."""
        if key is None:
            return None
        return max(ready, key=lambda host: hashlib.blake2b(f"{host.placement.number} {key}".encode(), digest_size=8).digest())
