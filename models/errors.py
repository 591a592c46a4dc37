"""Every error that a captioner raises on purpose.

ModelError                  code, message: one sentence that says what to do next
|-- EngineMissing           the engine's package is not installed
|-- ModelNotFound           no such preset, folder or hub id, or its files are incomplete
|-- BadEngineOption         an engine option that can't be
|-- RequestRefused          this request can't be answered, asking again won't help
|   |-- PromptTooLong       it does not fit the model's context
|   `-- SchemaUnsupported   this engine can't see to the answer's form
|-- EngineDead              the engine is gone: restart it and ask again
`-- EndpointError           a remote server that stayed unreachable or refused us
"""

from typing import Any


class ModelError(Exception):
    """Base of the tree."""

    code = "model_error"

    def __init__(self, message: str, **data: Any) -> None:
        super().__init__(message)
        self.message = message
        self.data = data


class EngineMissing(ModelError):
    """The engine's package is not installed."""

    code = "engine_missing"


class ModelNotFound(ModelError):
    """No such preset, folder or hub id, or its files are incomplete."""

    code = "model_not_found"


class BadEngineOption(ModelError):
    """An engine option that can't be; found before a model is loaded."""

    code = "bad_engine_option"


class RequestRefused(ModelError):
    """This request can't be answered; asking again won't help."""

    code = "request_refused"


class PromptTooLong(RequestRefused):
    """The prompt with its frames does not fit the model's context."""

    code = "prompt_too_long"


class SchemaUnsupported(RequestRefused):
    """This engine, or this server, can't see to it that an answer has a given form."""

    code = "schema_unsupported"


class EngineDead(ModelError):
    """The engine is gone; restart it and ask again."""

    code = "engine_dead"


class EndpointError(ModelError):
    """A remote server that stayed unreachable or refused us."""

    code = "endpoint_error"


def first_line(error: BaseException) -> str:
    """What a library's error says, in one line; its type's name where it says nothing."""
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__).strip()
