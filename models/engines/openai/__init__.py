"""``--engine openai``: any server that speaks OpenAI's chat API.

endpoint.py     asks it, again where that may help; client.py is the door to httpx
listing.py      the models that it lists, and at which address
bodies.py       what comes of an answer, or breaks off
events.py       what it begins with: a stream, a whole answer, an error
messages.py     a request as the body of a chat completion
faults.py       what a refusal means
"""

from models.base import Captioner
from models.engines.base import Access
from models.options import EngineOptions
from models.preset import Preset


def open(preset: Preset, options: EngineOptions, access: Access) -> Captioner:
    """The endpoint, not called yet. Raises BadEngineOption where no address is given."""
    from models.engines.openai.endpoint import OpenAIEndpoint

    return OpenAIEndpoint(preset, options, base_url=access.base_url, api_key=access.api_key)
