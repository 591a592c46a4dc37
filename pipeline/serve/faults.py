"""Errors of the service itself, each with the HTTP status that it is answered with."""

from typing import Any

from pipeline.accident import refused
from pipeline.errors import EnvironmentFault, InputError, OutputError, RequestError, ScenescribeError, UsageError
from pipeline.sanitize import printable


class HttpError(ScenescribeError):
    """A request that is refused before it reaches films or a model. ``param``: the field that is wrong."""

    def __init__(
        self, status: int, code: str, message: str, *, param: str | None = None, retry_after: float | None = None, **data: Any
    ) -> None:
        super().__init__(code, message, **data)
        self.status, self.param, self.retry_after = status, param, retry_after


_STATUS = {
    "not_found": 404, "no_job": 404, "no_film": 404, "no_captions": 404, "settings_differ": 409, "output_exists": 409,
    "no_space": 507, "state_unwritable": 507, "deadline_passed": 504, "prompt_too_long": 400,
}  # fmt: skip


def status_of(error: ScenescribeError) -> int:
    """400 what the caller can change, 422 a film that is none, 503 what this machine lacks just now, 500 a fault of ours."""
    if isinstance(error, HttpError):
        return error.status
    if error.code in _STATUS:
        return _STATUS[error.code]
    if error.code == "internal_error":
        return 500
    if isinstance(error, (UsageError, RequestError)):
        return 400
    if isinstance(error, InputError):
        return 422
    if isinstance(error, EnvironmentFault):
        return 503
    return 500 if isinstance(error, OutputError) else 400


def accident(error: Exception) -> HttpError:
    """What a client hears of an exception that nobody foresaw: nothing of this machine's paths, which its log has."""
    wrong = refused(error)
    if wrong is None:
        return HttpError(500, "internal_error", "a fault of ours; the service's log has its traceback")
    told = (
        "a disk of the service is full" if wrong.code == "no_space" else "the system refused the service something that it needs"
    )
    return HttpError(status_of(wrong) if wrong.code == "no_space" else 503, wrong.code, f"{told}; its log says what")


UNREAD = frozenset({408, 413, 507})
"""answers to a body that is not read to its end: its connection can't be used again"""
_TYPES = {
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    409: "conflict_error",
    429: "rate_limit_error",
}


def body_of(error: ScenescribeError) -> dict[str, Any]:
    """``{"error": {"message", "type", "code", "param"}}``, as OpenAI's clients read it."""
    status = status_of(error)
    kind = _TYPES.get(status, "server_error" if status >= 500 else "invalid_request_error")
    param = error.param if isinstance(error, HttpError) else error.data.get("option")
    return {
        "error": {
            "message": printable(error.message),
            "type": kind,
            "code": error.code,
            "param": printable(str(param)) if param is not None else None,
        }
    }


def headers_of(error: ScenescribeError) -> dict[str, str]:
    """``Retry-After`` where waiting helps; a client is told not to hammer where the wait is long."""
    headers = {"Connection": "close"} if status_of(error) in UNREAD else {}
    after = error.retry_after if isinstance(error, HttpError) else 5.0 if status_of(error) == 503 else None
    if isinstance(error, HttpError) and "size" in error.data and error.status == 416:
        headers["Content-Range"] = f"bytes */{error.data['size']}"
    if after is not None:
        headers["Retry-After"] = str(max(1, round(after)))
        if after > 60:
            headers["x-should-retry"] = "false"
    return headers
