"""The comparison of requests with recorded ones, and the differences from the nearest; no I/O."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Any

from .._expectations import Difference, shown
from .._json_types import is_array, is_object
from .exchanges import Recording
from .scrubbing import change, paths_steps

__all__ = ["Matcher", "describe_mismatch", "differences_of"]

_NOTHING = object()
_MAX_DIFFERENCES = 20
_MAX_COMPARED_CHARS = 10_000


class Matcher:
    """Compares requests by method, path, query and body; the order of the fields of a JSON body does not count.

    Args:
        ignore: Paths of fields of the body that may differ, or be missing.
    """

    def __init__(self, ignore: Sequence[str] = ()) -> None:
        self._ignored = paths_steps("ignore", ignore)

    def key(self, request: Recording) -> str:
        """Return a string that is the same for requests that match."""
        query = {name: list(values) for name, values in request.query.items()}
        return json.dumps([request.method, request.path, query, self.compared(request)], sort_keys=True)

    def compared(self, request: Recording) -> Any:
        """Return the part of a body that is compared."""
        if request.body is None:
            return None
        return self.reduced(request.body.value) if request.body.form == "body" else request.body.value

    def value_key(self, value: Any) -> str:
        """Return a string that is the same for JSON data, such as messages of a session, that match."""
        return json.dumps(self.reduced(value), sort_keys=True)

    def reduced(self, value: Any) -> Any:
        """Return JSON data without the ignored fields."""
        for steps in self._ignored:
            value = change(value, steps, lambda _: ...)
        return value


def describe_mismatch(
    matcher: Matcher, sent: Recording, recorded: Sequence[Recording], used: Sequence[Recording]
) -> str:
    """Return the differences of a request from the nearest recorded one, path by path.

    Args:
        matcher: The rule by which requests are compared.
        sent: The request.
        recorded: The requests in the file that were not replayed yet.
        used: The requests in the file that were replayed.
    """
    key = matcher.key(sent)
    if times := sum(matcher.key(one) == key for one in used):
        return f"it is recorded {times} time{'s'[: times != 1]}, and was replayed as often"
    if not recorded:
        return "no recorded request is left"
    nearest = _nearest(matcher, sent, recorded)
    lines = _lines([*_request_differences(matcher, nearest, sent)])
    return "\n  ".join([f"the nearest recorded one, {nearest}, differs:", *lines])


def differences_of(matcher: Matcher, recorded: Any, sent: Any) -> list[str]:
    """Return the differences of JSON data from recorded ones, each with its path."""
    return _lines([*_differences(matcher.reduced(recorded), matcher.reduced(sent), "")])


def _lines(found: list[Difference]) -> list[str]:
    lines = [
        f"{each.path}\n    recorded: {each.expected}\n    sent:     {each.received}"
        for each in found[:_MAX_DIFFERENCES]
    ]
    more = len(found) - _MAX_DIFFERENCES
    return [*lines, *([f"and {more} more differences"] if more > 0 else [])]


def _nearest(matcher: Matcher, sent: Recording, recorded: Sequence[Recording]) -> Recording:
    comparison = SequenceMatcher(None, "", matcher.key(sent)[:_MAX_COMPARED_CHARS])

    def likeness(one: Recording) -> float:
        comparison.set_seq1(matcher.key(one)[:_MAX_COMPARED_CHARS])
        return (sent.method == one.method) + (sent.path == one.path) + comparison.quick_ratio()

    return max(recorded, key=likeness)


def _request_differences(matcher: Matcher, recorded: Recording, sent: Recording) -> Iterator[Difference]:
    yield from _differences(recorded.method, sent.method, "method")
    yield from _differences(recorded.path, sent.path, "path")
    yield from _differences(dict(recorded.query), dict(sent.query), "query")
    yield from _differences(matcher.compared(recorded), matcher.compared(sent), "")


def _differences(recorded: Any, sent: Any, path: str) -> Iterator[Difference]:
    if is_object(recorded) and is_object(sent):
        for name in dict.fromkeys([*recorded, *sent]):
            inner = f"{path}.{name}" if path else name
            yield from _differences(recorded.get(name, _NOTHING), sent.get(name, _NOTHING), inner)
    elif is_array(recorded) and is_array(sent):
        for index in range(max(len(recorded), len(sent))):
            a, b = (one[index] if index < len(one) else _NOTHING for one in (recorded, sent))
            yield from _differences(a, b, f"{path}[{index}]")
    elif type(recorded) is not type(sent) or recorded != sent:
        yield Difference(path or "body", _text(recorded, sent), _text(sent, recorded))


def _text(value: Any, other: Any) -> str:
    return "nothing" if value is _NOTHING else shown(value, other)
