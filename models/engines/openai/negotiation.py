"""One request asked in a dialect that the server takes: refused, adapted, asked again, and what worked is remembered for the run."""

import asyncio
import logging
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from models.base import Request
from models.engines.openai.addresses import CHAT
from models.engines.openai.client import Answer, Client
from models.engines.openai.dialect import REFUSALS, SHRUNK, Dialect, adapted, pictures_in
from models.engines.openai.faults import fault, meaning, sentence, shown
from models.engines.openai.lines import Lines
from models.engines.openai.messages import chat_body
from models.engines.openai.names import Chosen
from models.engines.openai.refusals import POLICY, too_long
from models.errors import EndpointError, ModelError, PromptTooLong, RequestRefused, SchemaUnsupported
from models.preset import Preset

ADAPTATIONS = 10
"""times that one request is asked otherwise"""
LONGER = (
    "load the model with a longer context (llama.cpp -c, LM Studio's Context Length, OLLAMA_CONTEXT_LENGTH, vLLM --max-model-len)"
)
log = logging.getLogger("models.engines.openai.endpoint")


class Negotiation:
    """How one server is spoken to, as far as is known."""

    def __init__(self, preset: Preset, base_url: str, dialect: Dialect, *, keyed: bool) -> None:
        """``keyed``: whether a key is sent."""
        self.dialect, self._keyed = dialect, keyed
        self.chosen = Chosen(preset.id)
        """the model's name; whether it is one is not known of what is not listed, until a request of it is answered"""
        self._preset, self.base_url = preset, base_url
        self._told: set[str] = set()
        self._guess = True
        """whether a video refused in words that nobody knows is tried as images: until one was taken, or both were refused"""

    async def ask(self, client: Client, request: Request, *, stream: bool) -> Answer | Lines:
        """What the server answers, in a dialect that it takes. Raises ModelError."""
        dialect, changes, guessed, chosen = self.dialect, list[str](), False, self.chosen
        for _ in range(ADAPTATIONS):
            body = await asyncio.to_thread(chat_body, request, self._preset, chosen.name, stream=stream, dialect=dialect)
            if request.schema is not None and "response_format" not in body:
                raise SchemaUnsupported(f"{self.base_url} takes no response_format: it can't see to the form of its answers")
            answer = await client.lines(CHAT, body) if stream else await client.ask("POST", CHAT, body)
            if isinstance(answer, Lines) or answer.status < 300:
                self._answered(chosen)
                self._guess &= not pictures_in(body)[1]
                self._remember(dialect, changes)
                return answer
            said = sentence(answer.text)
            if meaning(answer.status, answer.text) != answer.status:  # of the account, the key, the path: no form helps
                raise self._refused(chosen, answer, said, body)
            if chosen.denied(answer.status, said):
                if chosen.instead is None:
                    raise self._no_such_model(chosen, answer, said)
                chosen = chosen.instead
                continue
            if shown(answer.text):  # in whichever form
                raise self._refused(chosen, answer, said, body)
            other = adapted(dialect, answer.status, said, body)
            if other is None and answer.told != "500" and self._may_be_the_video(answer.status, said, body):
                other, guessed = (replace(dialect, videos=False), "frames go as images, not as a video (a guess)"), True
            if other is None:
                self._guess &= not guessed
                raise self._refused(chosen, answer, said, body)
            dialect, change = other
            changes.append(change)
        raise RequestRefused(f"{self.base_url} refuses the request in every form that we know: {said}")

    def _answered(self, chosen: Chosen) -> None:
        """The name is one: it is kept."""
        if chosen.name != self.chosen.name:
            log.info("%s: the model is %s, as it was given", self.base_url, chosen.name)
        self.chosen = Chosen(chosen.name)

    def thinks_before_it_answers(self) -> None:
        """The server's model begins its answers in the middle of a thought."""
        self.dialect = replace(self.dialect, bare_thoughts=True)

    def tell_once(self, text: str) -> None:
        if text not in self._told:
            self._told.add(text)
            log.warning(text)

    def _may_be_the_video(self, status: int, said: str, body: Mapping[str, Any]) -> bool:
        low = said.lower()
        return (
            self._guess and status in REFUSALS - {404, 413} and pictures_in(body)[1] > 0 and not POLICY.search(low) and not too_long(low)
        )  # fmt: skip

    def _refused(self, chosen: Chosen, answer: Answer, said: str, body: Mapping[str, Any]) -> ModelError:
        images, videos = pictures_in(body)
        low = said.lower()
        if (images or videos) and answer.status == 404 and "image" in low:
            return EndpointError(f"the model of {self.base_url} takes no pictures ({said}): name another by --model", status=404)
        if answer.status == 404 and chosen.among:
            return self._no_such_model(chosen, answer, said)
        wrong = fault(self.base_url, CHAT, answer.status, answer.text, answer.told, keyed=self._keyed)
        if isinstance(wrong, PromptTooLong) and (images or videos):
            return PromptTooLong(f"{wrong.message.rstrip('.')}; {LONGER}, or show fewer or smaller frames", **wrong.data)
        return wrong

    def _no_such_model(self, chosen: Chosen, answer: Answer, said: str) -> EndpointError:
        told = f"{answer.told} {said}".rstrip(" .")
        return EndpointError(f"{chosen.lacks(self.base_url, told)}: name one by --model", status=answer.status)

    def _remember(self, dialect: Dialect, changes: list[str]) -> None:
        """What worked is how the server is spoken to from now on."""
        if dialect == self.dialect:
            return
        known = self.dialect
        self.dialect = replace(
            dialect,
            without=dialect.without | known.without,
            videos=dialect.videos and known.videos,
            most_images=_less(known.most_images, dialect.most_images),
            most_tokens=_less(known.most_tokens, dialect.most_tokens),
            short=dialect.short or known.short,
            shrunk=max(known.shrunk, dialect.shrunk),
            png=dialect.png or known.png,
            streamed=known.streamed if dialect.streamed is None else dialect.streamed,
            bare_thoughts=dialect.bare_thoughts or known.bare_thoughts,
        )
        for change in changes:
            log.info("%s: %s", self.base_url, change)
        if self.dialect.shrunk > 1:
            share = SHRUNK[self.dialect.shrunk][1]
            self.tell_once(
                f"{self.base_url} takes no larger requests: pictures are sent at {share:.0%} of their width and height;"
                " the server, or the proxy before it, may be set to take more"
            )
        if dialect.most_images is not None:
            shown = max(self._preset.frame_count, dialect.most_images)
            why, remedy = f"takes at most {dialect.most_images} images a request", "the server may be started with more"
            if self.dialect.short:
                why, remedy = f"holds no more than {dialect.most_images} frames in its context", LONGER
            self.tell_once(f"{self.base_url} {why}: a window is shown by that many frames, not {shown}; {remedy}")


def _less(one: int | None, other: int | None) -> int | None:
    """The smaller bound, of those that there are."""
    return min((bound for bound in (one, other) if bound is not None), default=None)
