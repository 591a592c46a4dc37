"""The models that a server lists, at the address that was given or where most servers have them.

GET {base}/models     404, a page, nothing like a list     GET {base}/v1/models: Ollama, LM Studio, whose address was given without it
                      that, and a chat at the base          the address stays as it was given: Perplexity has its list alone there
                      no list anywhere                     the model that is named is tried
                      401, 403, 5xx, half a list           so too: of a wrong key the chat tells
"""

import logging
from dataclasses import dataclass

from models.engines.openai.addresses import CHAT, elsewhere
from models.engines.openai.client import Answer, Client
from models.engines.openai.faults import fault, meaning
from models.engines.openai.names import served
from models.errors import EndpointError, ModelError, RequestRefused

NO_LIST = {400, 404, 405, 406, 410, 415, 422, 501}
"""statuses of a server that does not list its models"""
MAY_NOT_LIST = {401, 403}
"""statuses for keys that may ask a model, and not which there are (keys with few rights, gateways); of a wrong key the chat tells"""
BAD_FORM = {400, 415, 422}
"""statuses of a request without a body where there is a chat"""
log = logging.getLogger("models.engines.openai.endpoint")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """What a server lists; None: nothing that can be read."""

    names: list[str] | None = None
    software: str = "unknown"


async def listing(client: Client, *, named: bool) -> Listing:
    """The list of the client's server; the client asks where it is found from then on. ``named``: a model is, and needs no list.

    Raises EndpointError, RequestRefused.
    """
    try:
        answer = await client.ask("GET", "/models")
    except (EndpointError, RequestRefused) as error:
        if not named or (isinstance(error, EndpointError) and error.data.get("status") is None):
            raise
        log.info("%s lists no models (%s)", client.base_url, error.message)
        return Listing()
    status = meaning(answer.status, answer.text)
    if status < 300 and (found := _read(answer)).names is not None:
        return found
    if status < 300 or status in NO_LIST:
        return await _elsewhere(client, named=named) or Listing(software=_software(answer))
    if named and status in MAY_NOT_LIST:
        return Listing()
    raise fault(client.base_url, "/models", answer.status, answer.text, answer.told, keyed=client.keyed)


async def _elsewhere(client: Client, *, named: bool) -> Listing | None:
    """The list where most servers have one; None: it is nowhere, or the chat is where it was given. The client stays there then."""
    given = client.base_url
    for place in elsewhere(given):
        client.move(place)
        try:
            answer = await client.ask("GET", "/models")
        except ModelError:
            continue
        if answer.status in MAY_NOT_LIST and not named:
            raise fault(place, "/models", answer.status, answer.text, answer.told, keyed=client.keyed)
        found = Listing() if answer.status in MAY_NOT_LIST else _read(answer)
        if answer.status in MAY_NOT_LIST or (answer.status < 300 and found.names is not None):
            client.move(given)
            if await _chats(client):
                return None
            client.move(place)
            return found
    client.move(given)
    return None


async def _chats(client: Client) -> bool:
    """Whether the chat is at the client's address, by what it says to a request without a body."""
    try:
        answer = await client.ask("POST", CHAT)
    except ModelError:
        return False
    return meaning(answer.status, answer.text) in BAD_FORM


def _read(answer: Answer) -> Listing:
    return Listing(names=served(answer.text), software=_software(answer))


def _software(answer: Answer) -> str:
    return answer.headers.get("server", "unknown") if answer.status < 300 else "unknown"
