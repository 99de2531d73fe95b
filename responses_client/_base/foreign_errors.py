"""Arguments of errors as tests of the official package write them: `response` and `request` of httpx; no I/O."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, ParamSpec

from .error_bodies import read_error
from .http import Headers
from .waits import requested_wait

__all__ = ["takes_answers"]

_P = ParamSpec("_P")
_NO_MESSAGE = "no answer came"


def takes_answers(init: Callable[_P, None]) -> Callable[_P, None]:
    """Let the constructor of an error take an answer of httpx as `response`, and ignore a `request`.

    The facts of the answer become arguments. Neither is kept, as errors hold no objects of httpx. Type checkers know
    nothing of it.
    """

    @wraps(init)
    def read(*given: Any, **options: Any) -> None:
        error, *args = given
        request = options.pop("request", None)
        if args and not isinstance(args[0], str) and hasattr(args[0], "url"):  # `APITimeoutError(request)`
            request, *args = args
        if request is not None and not args:
            options.setdefault("message", _NO_MESSAGE)
        if (response := options.pop("response", None)) is not None:
            options = {**_facts_of(response, options.get("body")), **options}
        call: Callable[..., None] = init
        call(error, *args, **options)

    return read


def _facts_of(response: Any, body: object) -> dict[str, object]:
    headers = Headers(response.headers)
    found = read_error(body)
    wait = requested_wait(response.status_code, headers, found.message)
    return {
        "status_code": response.status_code,
        "headers": headers,
        "code": found.code,
        "type": found.type,
        "param": found.param,
        "retry_after": None if wait is None else wait.seconds,
        "request_id": headers.get("x-request-id"),
    }
