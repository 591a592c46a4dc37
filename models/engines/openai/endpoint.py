"""Any server that speaks the OpenAI chat API (vllm serve, SGLang, Ollama, llama.cpp, LM Studio, a cloud).

POST {base_url}/chat/completions     refused for a reason of form    adapted, asked again, remembered (dialect.py)
                                     400, 413, 422                   RequestRefused or PromptTooLong
                                     401, 403, 404                   EndpointError
                                     not what it should be           RequestRefused: this window failed, the others go on
                                     what may pass                   asked again (client.py)
"""

import json
import logging
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import Any

from models.base import Reply, Request
from models.engines.openai import names
from models.engines.openai.addresses import address, parted, shown
from models.engines.openai.answers import BadAnswer, Withheld, filtered, parse, reply
from models.engines.openai.client import ATTEMPTS, TIMEOUT, WHOLE, Answer, Client, Timeout
from models.engines.openai.dialect import Dialect
from models.engines.openai.events import surveyed
from models.engines.openai.faults import sentence
from models.engines.openai.lines import Lines
from models.engines.openai.listing import listing
from models.engines.openai.negotiation import Negotiation
from models.engines.openai.seats import Seats
from models.engines.openai.streams import Broken, joined, pieces
from models.engines.openai.thoughts import Thoughts
from models.errors import BadEngineOption, EngineDead, RequestRefused
from models.options import EngineOptions
from models.preset import Preset
from models.streams import strip_pieces

IN_FLIGHT = 16
"""requests at once where nobody says: a server that queues is no faster for more"""
log = logging.getLogger(__name__)


class OpenAIEndpoint:
    """A captioner behind an address. ``base_url`` as ``http://localhost:8000/v1``; ``api_key`` else from OPENAI_API_KEY."""

    engine = "openai"

    def __init__(
        self,
        preset: Preset,
        options: EngineOptions | None = None,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        timeout: "Timeout" = TIMEOUT,
        whole: float = WHOLE,
        attempts: int = ATTEMPTS,
        patience: float = 1.0,
    ) -> None:
        base_url = base_url or os.environ.get("OPENAI_BASE_URL")
        if not base_url:
            raise BadEngineOption("--engine openai wants --base-url, such as http://localhost:8000/v1")
        if not base_url.startswith(("http://", "https://")):
            raise BadEngineOption(f"--base-url {shown(base_url)}: allowed is an address that begins with http:// or https://")
        self.preset = preset
        self.engine_version = "unknown"
        try:
            base_url, self._login = parted(address(base_url))
        except ValueError as error:
            secret = "@" in base_url and "port" in str(error).lower()  # it repeats what it took for a port
            why = "its port is none, or a sign of its password must be written otherwise (/ as %2F)" if secret else error
            raise BadEngineOption(f"--base-url {shown(base_url)} is no address: {why}") from None
        self._api_key = (api_key or os.environ.get("OPENAI_API_KEY") or "").strip() or None
        self._timing: dict[str, Any] = {"timeout": timeout, "whole": whole, "attempts": attempts, "patience": patience}
        self._capacity = (options.max_num_seqs if options else None) or IN_FLIGHT
        self._client: Client | None = None
        asked = options is not None and options.profile == "questions"
        dialect = Dialect(without=frozenset() if asked else frozenset({"priority"}))  # of windows alone none goes first
        self._negotiation = Negotiation(preset, base_url, dialect, keyed=(self._api_key or self._login) is not None)
        self._seats = Seats(self._capacity, base_url, self._negotiation.tell_once)
        self._retries = 0

    @property
    def capacity(self) -> int:
        return self._capacity + self._capacity // 2

    async def start(self) -> None:
        """Look which model the server has. Raises EndpointError, and ModelNotFound where it is not clear which is meant."""
        if self._client is not None:
            return
        self._client = Client(
            self._base_url,
            self._api_key,
            login=self._login,
            seats=self._seats,
            tell_once=self._negotiation.tell_once,
            **self._timing,
        )
        try:
            await self._choose_model(self._client)
        except BaseException:
            await self.close()
            raise

    async def _choose_model(self, client: Client) -> None:
        given = client.base_url
        found = await listing(client, named=self.preset.name != names.UNNAMED)
        self.engine_version = found.software
        self._negotiation.base_url = client.base_url
        if client.base_url != given:
            self._negotiation.tell_once(
                f"{given} is no address of OpenAI's protocol: {client.base_url} is, and is asked (--base-url)"
            )
        chosen = self._negotiation.chosen = names.choose(self.preset, found.names, client.base_url)
        if chosen.among:
            self._negotiation.tell_once(f"{chosen.lacks(client.base_url)}: it is tried")
        elif chosen.name not in (self.preset.id, self.preset.name):
            log.info("%s: the model is %s", client.base_url, chosen.name)

    @property
    def _base_url(self) -> str:
        return self._negotiation.base_url

    @property
    def _model(self) -> str:
        return self._negotiation.chosen.name

    async def caption(self, request: Request) -> Reply:
        async with self._seats.one():
            answer = await self._ask(request, stream=False)
            assert isinstance(answer, Answer)
        got = await self._reply(answer)
        return replace(got, text=_chosen(request, got.text))

    async def _reply(self, answer: Answer) -> Reply:
        """What a whole answer says: a completion, or all events of a stream, though none was asked for."""
        if surveyed(answer.text).events:
            return await self._joined(answer.text)
        try:
            found = parse(answer.text)
            got = reply(found)
        except Withheld as error:
            raise RequestRefused(f"{self._base_url}: {error}") from error
        except BadAnswer as error:
            said = sentence(answer.text)[:200] if answer.text.lstrip()[:1] in ("{", "<") else repr(answer.text[:80])
            raise RequestRefused(f"{self._base_url} answered something that is no chat completion ({error}): {said}") from error
        if filtered(found):
            self._negotiation.tell_once(
                f"{self._base_url}: a content filter of the server cut answers off; more of --max-tokens does not help there"
            )
        elif not got.text and got.finish == "length":
            self._negotiation.tell_once(
                f"{self._base_url} thinks until --max-tokens is used up and answers nothing: give more, or a model without"
            )
        return got

    async def _joined(self, text: str) -> Reply:
        try:
            return await joined(text, Thoughts(bare=self._negotiation.dialect.bare_thoughts))
        except Withheld as error:
            raise RequestRefused(f"{self._base_url}: {error}") from error
        except (Broken, BadAnswer) as error:
            raise RequestRefused(f"{self._base_url} streams something that is no chat completion: {error}") from error

    async def stream(self, request: Request) -> AsyncIterator[str | Reply]:
        async with self._seats.one():
            async for piece in strip_pieces(self._pieces(request)):
                yield piece

    async def _pieces(self, request: Request) -> AsyncIterator[str | Reply]:
        lines = await self._ask(request, stream=True)
        if isinstance(lines, Answer):  # whole, though a stream was asked for
            whole = await self._reply(lines)
            yield whole.text
            yield replace(whole, text="")
            return
        try:
            thoughts = Thoughts(bare=self._negotiation.dialect.bare_thoughts)
            async with aclosing(pieces(aiter(lines), thoughts)) as found:  # type: ignore[type-var]
                async for piece in found:
                    yield piece
            if thoughts.began_inside:
                self._negotiation.thinks_before_it_answers()
        except Withheld as error:
            raise RequestRefused(f"{self._base_url}: {error}") from error
        except Broken as error:
            raise RequestRefused(
                f"{self._base_url} broke off in the middle of its answer{f': {error}' * bool(str(error))}"
            ) from error
        except BadAnswer as error:
            raise RequestRefused(f"{self._base_url} streams something that is no chat completion: {error}") from error
        finally:
            await lines.close()

    async def _ask(self, request: Request, *, stream: bool) -> Answer | Lines:
        if self._client is None:
            raise EngineDead("the engine is not running: start it first")
        return await self._negotiation.ask(self._client, request, stream=stream)

    async def metrics(self) -> Mapping[str, Any]:
        retries = self._retries + (self._client.attempts.retries if self._client else 0)
        return {"running": self._seats.running, "waiting": self._seats.waiting, "retries": retries}

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            self._retries += client.attempts.retries
            await client.close()


def _chosen(request: Request, text: str) -> str:
    """The choice in an answer to a list of choices, which goes over this protocol as an object; else the text.

    A server that does not hold its model to the form may bring the object in a fence of Markdown, or with words before it.
    """
    if request.schema is None or not request.schema.choices:
        return text
    try:
        return str(json.JSONDecoder().raw_decode(text, max(0, text.find("{")))[0]["choice"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return text
