"""Where an exception shows a secret: in messages, attributes, causes, variables of frames, and copies."""

from __future__ import annotations

import pickle
import traceback
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from responses_client.errors import ResponsesClientError
from responses_client.models import Model

__all__ = ["leaks"]

_TESTS = str(Path(__file__).parents[1])
_MAX_DEPTH = 6
# The response so far and its kin are the data of the user, given as they came; only their reprs are looked at.
_DATA = ("partial", "response", "run", "call")


def leaks(error: BaseException, secret: str) -> list[str]:
    """The places where an exception, those behind it, or its copy shows a secret."""
    found = [place for one in chain(error) for place in _places(one, secret)]
    if isinstance(error, ResponsesClientError):
        copy = pickle.loads(pickle.dumps(error))
        found += [f"copy: {place}" for one in chain(copy) for place in _places(one, secret)]
    if secret in "".join(traceback.format_exception(error)):
        found.append("the printed traceback")
    return found


def chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and all behind it: causes, contexts, and members of groups."""
    rest, seen = [error], set[int]()
    while rest:
        one = rest.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            rest += [one.__cause__, one.__context__, *getattr(one, "exceptions", ())]


def _places(error: BaseException, secret: str) -> Iterator[str]:
    name = type(error).__name__
    request = getattr(error, "_request", None)  # of httpx
    if request is not None and _shows([str(request.url), dict(request.headers), request.content], secret):
        yield f"{name} .request"
    shown = {
        "str": str(error),
        "repr": repr(error),
        "args": error.args,
        "notes": getattr(error, "__notes__", ()),
    }
    for part, value in (shown | {f".{k}": v for k, v in vars(error).items() if k not in _DATA}).items():
        if _shows(value, secret):
            yield f"{name} {part}"
    for part in _DATA:
        if secret in repr(getattr(error, part, None)):
            yield f"{name} .{part}"
    for frame, line in traceback.walk_tb(error.__traceback__):
        code = frame.f_code
        # Cancellation and interrupts pass through frames of HTTP libraries, which nobody takes out of them.
        is_ours = "responses_client" in code.co_filename or isinstance(error, Exception)
        if is_ours and not code.co_filename.startswith(_TESTS):
            for variable, value in frame.f_locals.items():
                if _shows(value, secret):
                    yield f"{name}: {variable} in {code.co_qualname}, {code.co_filename}:{line}"


def _shows(value: Any, secret: str, depth: int = 0) -> bool:
    """Whether the repr of a value has the secret, or a part that reporting tools look into."""
    if hasattr(type(value), "sentry_repr"):
        return secret in value.sentry_repr()
    if isinstance(value, bytes):
        return secret.encode() in value
    if isinstance(value, str) or depth > _MAX_DEPTH:
        return secret in str(value)
    if isinstance(value, Model):
        value = value.to_dict()
    if isinstance(value, Mapping):
        return any(_shows(part, secret, depth + 1) for pair in value.items() for part in pair)
    if isinstance(value, (list, tuple, set, frozenset)):
        return any(_shows(part, secret, depth + 1) for part in value)
    try:
        return secret in repr(value)
    except Exception:  # of an object that is not finished
        return False
