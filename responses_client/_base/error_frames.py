"""The frames and causes that errors keep: without secrets in local variables, messages and requests; no I/O.

Tools that report errors (Sentry, `pytest --showlocals`, `rich`) show the variables of each frame in a traceback, and
the chain of causes. So the secrets of a call are only in objects with a repr that masks them, errors about an answer are
raised where no variable holds its body, and exceptions of HTTP libraries come without their frames.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, Generic, TypeVar

from ..errors import ResponsesClientError
from .json_types import is_mapping, is_object, is_sequence
from .redaction import NO_SECRETS, Redactor, mask_fields, public_url, redact_headers

__all__ = [
    "Hidden",
    "HiddenFields",
    "HiddenFrames",
    "HiddenValues",
    "hidden_body",
    "hide_values",
    "without_frames",
    "without_secrets",
]

_T = TypeVar("_T")

_HIDDEN_OPTIONS = ("extra_headers", "extra_query")


def without_frames(error: BaseException | None, redactor: Redactor = NO_SECRETS) -> BaseException | None:
    """Return an exception of an HTTP library as the cause of an error; None if it quotes a secret.

    Its frames hold the request with its key, so they are dropped; a note says where it was raised. A request in an
    attribute, as httpx has it, becomes one of the same URL without headers and body. Its own causes are treated alike.
    """
    if any(redactor.occurs_in(str(one)) for one in _chain(error)):
        return None
    failure: Any
    for failure in _chain(error):
        _drop_frames(failure)
        request = getattr(failure, "_request", None)
        if request is not None:
            failure._request = type(request)(request.method, redactor.text(public_url(str(request.url))))
    return error


def without_secrets(error: Any, redactor: Redactor) -> Any:
    """Return an error about a part of an answer, with the secrets masked that it quotes, and without frames.

    The frames hold the part as it came, and the exceptions behind the error may quote it.
    """
    suppresses = error.__suppress_context__
    for one in _chain(error):
        one.__traceback__ = None
    error.__context__, error.__suppress_context__ = None, suppresses
    if error.__cause__ is not None:
        error.__cause__ = without_frames(error.__cause__, redactor)
    error.args = tuple(redactor.text(text) for text in error.args)
    error.message = redactor.text(error.message)
    body: object = error.body
    error.body = redactor.text(body) if isinstance(body, str) else _masked_data(body, redactor)
    return error


def _masked_data(data: object, redactor: Redactor) -> object:
    from pydantic_core import to_json

    try:
        text = to_json(data, inf_nan_mode="constants", fallback=repr)
    except ValueError:  # half of a surrogate pair, or deeper than pydantic looks
        text = json.dumps(data, default=repr).encode()
    shown = redactor.body(text)
    if shown == text:
        return data
    return json.loads(shown)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and those behind it, each once: causes, contexts and the members of groups."""
    rest, seen = [error], set[int]()
    while rest:
        one = rest.pop()
        if one is not None and id(one) not in seen:
            seen.add(id(one))
            yield one
            members: tuple[BaseException, ...] = getattr(one, "exceptions", ())
            rest += [one.__cause__, one.__context__, *members]


def _drop_frames(error: BaseException) -> None:
    last = error.__traceback__
    if last is None:
        return
    while last.tb_next is not None:
        last = last.tb_next
    code = last.tb_frame.f_code
    error.__traceback__ = None
    if not getattr(error, "__notes__", None):
        error.add_note(f"Raised in {code.co_qualname} ({code.co_filename}, line {last.tb_lineno}).")


class HiddenFrames:
    """A block that drops its frames from the errors raised in it, and empties a dict of arguments after one.

    For errors about arguments that may have secrets; the message says everything.
    """

    def __init__(self, arguments: Any = None) -> None:
        self._arguments = arguments

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if isinstance(error, (ResponsesClientError, TypeError)):
            error.__traceback__ = None
            if error.__suppress_context__:
                error.__context__ = None
            if self._arguments is not None:
                self._arguments.clear()


class HiddenValues(Mapping[str, Any]):
    """Headers or query parameters of a user, with the values of secret ones masked in the repr."""

    __slots__ = ("_values",)

    def __init__(self, values: Mapping[str, Any]) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Any:
        return self._values[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(redact_headers(self._values))

    sentry_repr = __repr__
    """Asked for by Sentry, which walks mappings and tuples in place of their repr."""


class HiddenFields(dict[str, Any]):
    """JSON data of a user, with the credentials of hosted tools masked in the repr."""

    __slots__ = ()

    def __repr__(self) -> str:
        return repr(mask_fields(dict(self)))

    sentry_repr = __repr__


class Hidden(Generic[_T]):
    """A value that is not shown where a frame of an error keeps it."""

    __slots__ = ("value",)

    def __init__(self, value: _T) -> None:
        self.value = value

    def __repr__(self) -> str:
        return f"<hidden {type(self.value).__name__}>"


def hide_values(arguments: Any) -> None:
    """Mask secrets in the repr of the arguments of a call, in place: of headers, query parameters and hosted tools."""
    for name in _HIDDEN_OPTIONS:
        value = arguments.get(name)
        if is_mapping(value) and not isinstance(value, HiddenValues):
            arguments[name] = HiddenValues(value)
    if "tools" in arguments:
        arguments["tools"] = _hidden_tools(arguments["tools"])
    if "extra_body" in arguments:
        arguments["extra_body"] = hidden_body(arguments["extra_body"])


def hidden_body(body: Any) -> Any:
    """Return the body of a request so that its repr masks the credentials of the hosted tools in it, also in copies."""
    if not is_object(body) or "tools" not in body:
        return body
    tools = _hidden_tools(body["tools"])
    return body if tools is body["tools"] else HiddenFields({**body, "tools": tools})


def _hidden_tools(tools: Any) -> Any:
    if not is_sequence(tools) or not any(map(_has_secret, tools)):
        return tools
    return [HiddenFields(tool) if _has_secret(tool) else tool for tool in tools]


def _has_secret(tool: Any) -> bool:
    # Most tools are functions, with long schemas that have no secrets.
    return is_object(tool) and tool.get("type") != "function" and mask_fields(tool) != tool
