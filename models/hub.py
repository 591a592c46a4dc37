"""The huggingface_hub door: a model's files as a local folder, from the cache where they are there, safetensors only."""

import os
from pathlib import Path

from models.errors import EngineMissing, ModelNotFound, first_line

SMALL = ["*.json", "*.jinja", "*.txt", "*.model", "*.tiktoken"]
"""configuration, tokenizer, chat template"""
WEIGHTS = ["*.safetensors"]


def split_revision(wanted: str) -> tuple[str, str]:
    """``owner/name@revision`` -> (``owner/name``, ``revision``); ``main`` where none is given."""
    id, _, revision = wanted.partition("@")
    return id, revision or "main"


def small_files(id: str, revision: str) -> Path:
    """Folder with the model's configuration, tokenizer and chat template. Raises ModelNotFound."""
    return _snapshot(id, revision, SMALL)


def all_files(id: str, revision: str) -> Path:
    """Folder with the model's weights too. Raises ModelNotFound."""
    return _snapshot(id, revision, SMALL + WEIGHTS)


def offline() -> bool:
    """Whether the user forbids the network, by the variable that the hub's own client reads."""
    return os.environ.get("HF_HUB_OFFLINE", "").upper() in {"1", "ON", "YES", "TRUE"}


def _snapshot(id: str, revision: str, patterns: list[str]) -> Path:
    try:
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError
    except ImportError as error:
        raise EngineMissing(f"models from the hub need the package huggingface-hub: {error}") from None
    try:
        return Path(snapshot_download(id, revision=revision, allow_patterns=patterns, local_files_only=offline()))
    except HFValidationError:
        raise ModelNotFound(f"'{id}' is no hub id: owner/name is what they look like", id=id) from None
    except LocalEntryNotFoundError:
        why = "HF_HUB_OFFLINE forbids fetching it" if offline() else "the hub can't be reached"
        raise ModelNotFound(f"{id} ({revision}) is not in the local cache and {why}", id=id, revision=revision) from None
    except HfHubHTTPError as error:
        status = getattr(getattr(error, "response", None), "status_code", None)
        known = {401: "it does not exist or needs a login", 403: "its licence must be accepted first", 404: "it does not exist"}
        reason = known.get(status or 0, first_line(error))
        raise ModelNotFound(f"{id} ({revision}) can't be fetched: {reason}", id=id, revision=revision) from None
    except OSError as error:
        raise ModelNotFound(f"{id} ({revision}) can't be fetched: {error}", id=id, revision=revision) from None
