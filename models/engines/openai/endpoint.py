"""The httpx door: any server that speaks the OpenAI chat API (vllm serve, SGLang, Ollama, a cloud).

POST {base_url}/chat/completions     429, 5xx, time-out, reset   again, jittered, as Retry-After says     then EndpointError
                                     401, 403, 404               EndpointError at once
                                     400, 413, 422               RequestRefused or PromptTooLong at once
                                     half an answer, not JSON    RequestRefused: this window failed, the others go on
"""

import asyncio
import json
import os
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import Any

import httpx
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception_type, stop_after_attempt, wait_random_exponential

from models.base import Reply, Request
from models.engines.openai.faults import Again, fault, retry_after
from models.engines.openai.messages import chat_body
from models.errors import BadEngineOption, EndpointError, EngineDead, ModelNotFound, RequestRefused
from models.options import EngineOptions
from models.preset import Preset
from models.streams import strip_pieces

IN_FLIGHT = 16
"""requests at once where nobody says: a server that queues is no faster for more"""
ATTEMPTS = 6
TIMEOUT = httpx.Timeout(180.0, connect=10.0)
"""seconds; 180 between two bytes: a server with a queue keeps a request that long"""


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
        timeout: httpx.Timeout = TIMEOUT,
        attempts: int = ATTEMPTS,
        patience: float = 1.0,
    ) -> None:
        base_url = base_url or os.environ.get("OPENAI_BASE_URL")
        if not base_url:
            raise BadEngineOption("--engine openai wants --base-url, such as http://localhost:8000/v1")
        if not base_url.startswith(("http://", "https://")):
            raise BadEngineOption(f"--base-url {base_url}: allowed is an address that begins with http:// or https://")
        self.preset = preset
        self.engine_version = "unknown"
        self._base_url = base_url.rstrip("/")
        self._api_key = api_key or os.environ.get("OPENAI_API_KEY")
        self._timeout, self._attempts, self._patience = timeout, attempts, patience
        self._capacity = (options.max_num_seqs if options else None) or IN_FLIGHT
        self._client: httpx.AsyncClient | None = None
        self._model = preset.id
        self._seats = asyncio.Semaphore(self._capacity)
        self._running = self._waiting = self._retries = 0

    @property
    def capacity(self) -> int:
        return self._capacity + self._capacity // 2

    async def start(self) -> None:
        """Look which model the server has. Raises EndpointError, and ModelNotFound where it has several and none is the preset's."""
        if self._client is not None:
            return
        headers = {"Authorization": f"Bearer {self._api_key}"} if self._api_key else {}
        self._client = httpx.AsyncClient(
            timeout=self._timeout, headers=headers, limits=httpx.Limits(max_connections=self._capacity + 2)
        )
        try:
            self._model = await self._choose_model()
        except BaseException:
            await self.close()
            raise

    async def _choose_model(self) -> str:
        response = await self._retrying("GET", "/models", None)
        try:
            served = [str(item["id"]) for item in response.json()["data"]]
        except (ValueError, KeyError, TypeError):
            return self.preset.id  # not every server lists its models; a wrong name is answered by 404 later
        self.engine_version = response.headers.get("server", "unknown")
        for name in (self.preset.id, self.preset.name):
            if name in served:
                return name
        if len(served) == 1:
            return served[0]
        raise ModelNotFound(
            f"{self._base_url} has no model {self.preset.id} (it has: {', '.join(served[:8]) or 'none'})", served=served
        )

    async def caption(self, request: Request) -> Reply:
        body = await asyncio.to_thread(chat_body, request, self.preset, self._model, stream=False)
        async with self._seat():
            response = await self._retrying("POST", "/chat/completions", body)
        try:
            answer = response.json()
            choice, usage = answer["choices"][0], answer.get("usage") or {}
            text = choice["message"]["content"] or ""
            return Reply(
                text=str(text).strip(),
                finish="length" if choice.get("finish_reason") == "length" else "stop",
                prompt_tokens=int(usage.get("prompt_tokens") or 0),
                completion_tokens=int(usage.get("completion_tokens") or 0),
            )
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            raise RequestRefused(
                f"{self._base_url} answered something that is no chat completion: {response.text[:80]!r}"
            ) from error

    async def stream(self, request: Request) -> AsyncIterator[str]:
        body = await asyncio.to_thread(chat_body, request, self.preset, self._model, stream=True)
        async with self._seat():
            async for piece in strip_pieces(self._pieces(body)):
                yield piece

    async def _pieces(self, body: Mapping[str, Any]) -> AsyncIterator[str]:
        response = await self._retrying("POST", "/chat/completions", body, stream=True)
        done = False
        try:
            async for line in response.aiter_lines():
                if not line.startswith("data:"):
                    continue
                data = line.removeprefix("data:").strip()
                if data == "[DONE]":
                    done = True
                    break
                for choice in json.loads(data).get("choices") or ():
                    done = done or choice.get("finish_reason") is not None
                    if piece := (choice.get("delta") or {}).get("content"):
                        yield str(piece)
        except (httpx.HTTPError, ValueError, AttributeError) as error:
            raise RequestRefused(
                f"{self._base_url} broke off in the middle of its answer: {error or type(error).__name__}"
            ) from error
        finally:
            await response.aclose()
        if not done:
            raise RequestRefused(f"{self._base_url} broke off in the middle of its answer")

    @asynccontextmanager
    async def _seat(self) -> AsyncIterator[None]:
        """One of the requests that may be under way at once, counted for ``metrics``."""
        self._waiting += 1
        try:
            await self._seats.acquire()
        finally:
            self._waiting -= 1
        self._running += 1
        try:
            yield
        finally:
            self._running -= 1
            self._seats.release()

    async def _retrying(self, method: str, path: str, body: Mapping[str, Any] | None, *, stream: bool = False) -> httpx.Response:
        """The response to one request, asked again where that may help."""
        waits = wait_random_exponential(multiplier=self._patience, max=30 * self._patience)

        def pause(state: RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            asked = error.seconds if isinstance(error, Again) else None
            self._retries += 1
            return max(asked or 0.0, 0.1 * self._patience) if asked is not None else waits(state)

        try:
            async for attempt in AsyncRetrying(
                stop=stop_after_attempt(self._attempts), wait=pause, retry=retry_if_exception_type(Again), reraise=True
            ):
                with attempt:
                    return await self._once(method, path, body, stream=stream)
        except Again as error:
            raise EndpointError(f"{self._base_url}: {error} ({self._attempts} attempts)", status=error.status) from error
        raise AssertionError("unreachable")  # the loop returns or raises

    async def _once(self, method: str, path: str, body: Mapping[str, Any] | None, *, stream: bool) -> httpx.Response:
        if self._client is None:
            raise EngineDead("the endpoint was not opened: start it first")
        request = self._client.build_request(method, self._base_url + path, json=body)
        try:
            response = await self._client.send(request, stream=True)
        except httpx.TimeoutException as error:
            raise Again(f"no answer in time ({type(error).__name__})") from error
        except httpx.TransportError as error:
            raise Again(f"can't be reached: {error or type(error).__name__}") from error
        if stream and response.is_success:
            return response
        try:
            await response.aread()
        except httpx.TimeoutException as error:
            raise Again(f"no answer in time ({type(error).__name__})") from error
        except httpx.ReadError as error:
            raise Again(f"the connection was reset: {error or type(error).__name__}") from error
        except httpx.HTTPError as error:  # fewer bytes than announced, bad chunks, bad compression
            raise RequestRefused(f"{self._base_url} sent half an answer: {error}") from error
        finally:
            await response.aclose()
        if response.is_success:
            return response
        raise fault(self._base_url, path, response.status_code, response.text, retry_after(response.headers.get("retry-after")))

    async def metrics(self) -> Mapping[str, Any]:
        return {"running": self._running, "waiting": self._waiting, "retries": self._retries}

    async def close(self) -> None:
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()
