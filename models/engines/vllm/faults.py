"""What vLLM's own exceptions become: one line, and one of our errors."""

import re

from models.errors import ModelError, PromptTooLong, RequestRefused, SchemaUnsupported

_MOST = re.compile(r"at most (\d{1,5}) (image|video)\(s\) may be provided")
_LENGTHS = re.compile(r"\(length (\d{1,12})\) is longer than the maximum model length of (\d{1,12})")


def first_line(error: BaseException) -> str:
    """The part of vLLM's messages that a person needs: pydantic's come with a heading, the name of the field, and a link."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    if lines and "validation error" in lines[0]:
        lines = [line for line in lines[1:] if not line.startswith("For further information")]
        name = f"{lines.pop(0)}: " if len(lines) > 1 and " " not in lines[0] else ""
        lines = [name + lines[0].partition(" [type=")[0].removeprefix("Value error, ")] if lines else lines
    return (lines or [type(error).__name__])[0][:300]


def refusal(error: Exception, *, schema: bool = False) -> ModelError:
    """What vLLM said no to, as one of ours; ``schema``: the request had one."""
    cause = error.__cause__ if type(error).__name__ == "EngineGenerateError" and isinstance(error.__cause__, Exception) else error
    message = first_line(cause)
    low = str(cause).lower()
    if (
        "longer than the maximum model length" in low
        or "maximum context length" in low
        or "max_model_len" in low
        or "too long" in low
    ):
        told = _LENGTHS.search(str(cause))
        why = f"it has {int(told[1]):,} tokens, and the model takes {int(told[2]):,}" if told else message
        return PromptTooLong(f"the prompt with its frames does not fit: {why}")
    if most := _MOST.search(low):
        return PromptTooLong(f"the prompt with its frames does not fit: the engine takes {most[1]} {most[2]}s in one at most")
    if "encoder cache size" in low:
        return PromptTooLong("the prompt with its frames does not fit: they are more than the engine's cache of pictures holds")
    if schema and any(word in low for word in ("structured", "grammar", "schema", "xgrammar", "guidance", "choice")):
        return SchemaUnsupported(f"vLLM can't see to this form of an answer: {message}")
    return RequestRefused(f"vLLM refuses the request: {message}")
