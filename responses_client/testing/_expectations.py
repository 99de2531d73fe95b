"""Expectations of requests, and their comparison with the requests that arrive, path by path."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

from .._base.public import public
from ._http_types import ApiError
from ._json_types import JSONObject, as_object, is_array, is_object
from ._request_input import Question, ToolResult, read_question

_STEP = re.compile(r"[^.\[\]]+|\[-?\d+\]")
_PATH = re.compile(r"[^.\[\]]+(\.[^.\[\]]+|\[-?\d+\])*")
_MISSING = object()
_SHOWN_CHARACTERS = 200
_CONTEXT_CHARACTERS = 30  # shown of the common start of two long strings


@public
class UnexpectedRequest(AssertionError):
    """A request that differs from the expected one; the message lists the differences, path by path.

    In process, the call that sends the request raises it. A server on a port, an ASGI application and
    WebSockets answer with an error (400, `unexpected_request`) instead.
    """

    def api_error(self) -> ApiError:
        """Return the error of the API for this request; its status, 400, is one that no client retries."""
        return ApiError(400, str(self), code="unexpected_request")


@dataclass(frozen=True, slots=True)
class Difference:
    """A difference at one path; `expected` and `received` are in the form in which messages show them."""

    path: str
    expected: str
    received: str


@dataclass(frozen=True, slots=True)
class Expectation:
    """The expected parts of a request: values by path, the text of the user, and tool outputs."""

    fields: Mapping[str, object]
    user: object = None
    tool_outputs: Mapping[str, object] | None = None

    def __str__(self) -> str:
        parts = [f"{path}={shown(value)}" for path, value in self.fields.items()]
        parts += [] if self.user is None else [f"user={shown(self.user)}"]
        parts += [] if self.tool_outputs is None else [f"tool_outputs={shown(self.tool_outputs)}"]
        return ", ".join(parts) or "any request"

    def differences(self, body: Any, items: Sequence[JSONObject]) -> list[Difference]:
        """Return the differences of a request; `items` are those of the whole conversation."""
        found: list[Difference] = []
        for path, expected in self.fields.items():
            found += _differences(expected, _value(as_object(body), path), path)
        question = read_question(items)
        if self.user is not None:
            found += _differences(self.user, question.text if question.is_asked else _MISSING, "user")
        for name, expected in (self.tool_outputs or {}).items():
            found += _of_output(expected, name, question)
        return found

    def check(self, what: str, body: Any, items: Sequence[JSONObject]) -> None:
        """Raise `UnexpectedRequest` if a request differs; its message calls the request `what`."""
        found = self.differences(body, items)
        if found:
            lines = [
                f"{each.path}\n    expected: {each.expected}\n    got:      {each.received}" for each in found
            ]
            raise UnexpectedRequest("\n  ".join([f"{what} is not as expected:", *lines]))


def expectation(
    fields: Mapping[str, object] | None,
    more: Mapping[str, object],
    user: object,
    tool_outputs: Mapping[str, object] | None,
) -> Expectation:
    """Return the expectation that a test describes.

    Raises:
        ValueError: A path is not valid, or `tool_outputs` is not a mapping.
    """
    given = {**(fields or {}), **more}
    for path in given:
        if not _PATH.fullmatch(path):
            raise ValueError(
                f"{path!r} is not a path to a field, such as 'model', 'input[-1].role' or 'text.format'."
            )
    if tool_outputs is not None and _mapping(tool_outputs) is None:
        raise ValueError(f"tool_outputs must map tool names or call ids to outputs, got {tool_outputs!r}.")
    return Expectation(given, user, tool_outputs)


def _value(body: JSONObject, path: str) -> object:
    """Return the value at a path, or `_MISSING`."""
    # A field may have dots in its name.
    if path in body:
        return body[path]
    value: Any = body
    for step in _STEP.findall(path):
        if step.startswith("[") and is_array(value):
            index = int(step[1:-1])
            value = value[index] if -len(value) <= index < len(value) else _MISSING
        else:
            value = value.get(step, _MISSING) if is_object(value) else _MISSING
    return value


def _differences(expected: object, received: object, path: str) -> Iterator[Difference]:
    """Compare two values: of objects only the expected fields, of lists all elements."""
    expected = _to_json_value(expected)
    fields, elements = _mapping(expected), _elements(expected)
    if fields is not None and is_object(received):
        for name, value in fields.items():
            yield from _differences(value, received.get(name, _MISSING), f"{path}.{name}")
    elif elements is not None and is_array(received):
        if len(elements) != len(received):
            yield Difference(path, _count(len(elements)), f"{_count(len(received))}: {shown(received)}")
        for index, (value, other) in enumerate(zip(elements, received, strict=False)):
            yield from _differences(value, other, f"{path}[{index}]")
    elif not _matches(expected, received):
        yield Difference(
            path,
            shown(expected, received),
            "nothing" if received is _MISSING else shown(received, expected),
        )


def _mapping(value: object) -> Mapping[str, object] | None:
    return cast("Mapping[str, object]", value) if isinstance(value, Mapping) else None


def _elements(value: object) -> Sequence[object] | None:
    return cast("Sequence[object]", value) if isinstance(value, (list, tuple)) else None


def _matches(expected: object, received: object) -> bool:
    if expected is None:
        return received is None or received is _MISSING
    if received is _MISSING:
        return False
    if isinstance(expected, re.Pattern):
        return isinstance(received, str) and cast("re.Pattern[str]", expected).search(received) is not None
    if isinstance(expected, (bool, int, float)) and isinstance(expected, bool) != isinstance(received, bool):
        return False
    # The expected value comes first: its own `__eq__` decides, as that of `unittest.mock.ANY` does.
    return bool(expected == received)


def _to_json_value(expected: object) -> object:
    """Return a model as a dict of its fields, and any other value as it is."""
    to_dict = getattr(expected, "to_dict", None)
    return to_dict() if callable(to_dict) else expected


def _of_output(expected: object, name: str, question: Question) -> Iterator[Difference]:
    """Compare the outputs of a tool, any of which may be the expected one."""
    path = f"tool_outputs[{name!r}]"
    results = [result for result in question.results if name in (result.name, result.call_id)]
    all_of_them = [list(_differences(expected, _output(result, expected), path)) for result in results]
    if not results:
        others = ", ".join(f"{result.name} ({result.call_id})" for result in question.results)
        received = f"nothing, but outputs of {others}" if others else "nothing"
        yield Difference(path, shown(expected), received)
    elif len(results) == 1:
        yield from all_of_them[0]
    elif all(all_of_them):
        yield Difference(path, shown(expected), " and ".join(shown(result.output) for result in results))


def _output(result: ToolResult, expected: object) -> object:
    """Return an output, decoded as JSON if an object or a list is expected."""
    if _mapping(_to_json_value(expected)) is None and _elements(expected) is None:
        return result.output
    try:
        return cast("object", json.loads(result.output))
    except ValueError:
        return result.output


def _count(number: int) -> str:
    return "1 element" if number == 1 else f"{number} elements"


def shown(value: object, other: object = None) -> str:
    """Return a value in one line; of a long string, the part where it begins to differ from `other`."""
    start = 0
    if isinstance(value, str) and isinstance(other, str) and len(value) > _SHOWN_CHARACTERS:
        unlike = (at for at, (a, b) in enumerate(zip(value, other, strict=False)) if a != b)
        start = max(next(unlike, min(len(value), len(other))) - _CONTEXT_CHARACTERS, 0)
        value = value[start : start + _SHOWN_CHARACTERS + 1]
    text = repr(value)
    shortened = text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}..."
    return f"...{shortened}" if start else shortened
