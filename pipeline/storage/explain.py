"""What an object store's refusal means, in one line and without a secret."""

import re

from pipeline.errors import InputError, OutputError, ScenescribeError

_CODE = re.compile(r"<Code>([^<]{1,80})</Code>")
_SAYS = re.compile(r"<Message>([^<]{1,200})</Message>")
_STATUS = re.compile(r"status code: (\d{3})")
_QUERY = re.compile(r"\?\S+")
"""of an address in a message: it may hold a signature"""
_DENIED = ("PermissionDeniedError", "UnauthenticatedError")


def refused(error: BaseException, place: str, *, writing: bool) -> ScenescribeError:
    """The error of ours for one of a store, where it is not that a name is taken."""
    kind, text = type(error).__name__, str(error)
    status, theirs = _found(_STATUS, text), _found(_CODE, text)
    if theirs in ("NoSuchBucket", "ContainerNotFound"):
        code = "no_bucket"
        says = "there is no such bucket; make it first, or mend its name"
    elif isinstance(error, FileNotFoundError) or kind == "NotFoundError" or status == "404":
        code = "not_found"
        says = "there is nothing of this name"
    elif isinstance(error, PermissionError) or kind in _DENIED or status in ("401", "403"):
        code = "storage_denied"
        what = "written" if writing else "read"
        says = f"it may not be {what} ({theirs or status or kind}); look at the credentials and at the bucket's policy"
    elif "invalid path" in text:
        code = "storage_cannot"
        says = f"a name in it is not read (empty parts, '..', control characters): rename or move that file. {_line(text)}"
    elif "PROPFIND" in text:
        code = "storage_cannot"
        says = "this web server lists no folders: name the files themselves"
    elif kind in ("NotSupportedError", "NotImplementedError") or status in ("405", "501"):
        code = "storage_cannot"
        says = f"this storage can't do that: {_line(text)}"
    elif "error sending request" in text:
        code = "storage_failed"
        says = "it can't be reached, tried again and again; look at the endpoint and at the network"
    else:
        code = "storage_failed"
        says = f"the storage did not do it, asked again and again: {_found(_SAYS, text) or _line(text)}"
    return (OutputError if writing else InputError)(code, f"{place}: {says}", place=place)


def _found(pattern: re.Pattern[str], text: str) -> str:
    return found[1] if (found := pattern.search(text)) else ""


def _line(text: str) -> str:
    return _QUERY.sub("", " ".join(text.split()))[:200] or "it says nothing"
