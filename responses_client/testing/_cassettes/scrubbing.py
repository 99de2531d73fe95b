"""Removal of secrets, and of the values that the user names, before a file is written; no I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeAlias

from ..._base.redaction import MASK, Redactor, field_secrets, is_secret_name, mask_fields, secret_values
from .._json_types import encode, is_array, is_object, load
from .exchanges import Body, CassetteError, Exchange, Part, Recording

__all__ = ["Scrub", "Scrubber", "change", "path_steps", "paths_steps"]

Scrub: TypeAlias = Callable[[Any], Any] | Sequence[str]
"""A function that returns JSON data as they may be written, or paths of values to mask."""

_REQUEST_HEADERS = r"content-type|openai-beta"
_ANSWER_HEADERS = r"content-type|retry-after(-ms)?|x-should-retry|x-request-id|request-id|openai-(version|processing-ms)|x-ratelimit-.*"
# Their names do not look secret, but their values identify an account.
_ACCOUNT_HEADERS = ("openai-organization", "openai-project")
# A line of JSON, also in a frame of an event stream.
_JSON_LINE = re.compile(r"^(data: ?|)([{\[].*)$", re.MULTILINE)
_STEP = re.compile(r"[^.\[\]]+|\[(?:-?\d+|\*)\]")
_PATH = re.compile(r"[^.\[\]]+(\.[^.\[\]]+|\[(-?\d+|\*)\])*")


def path_steps(option: str, path: object) -> list[str]:
    """Return the steps of a path such as `metadata.user`, `input[0].content` or `input[*].id`.

    Raises:
        CassetteError: It is not a path; the message names the option.
    """
    if not isinstance(path, str) or not _PATH.fullmatch(path):
        raise CassetteError(f"{option} must be paths such as 'metadata.user' or 'input[*].id', got {path!r}")
    return _STEP.findall(path)


def paths_steps(option: str, paths: Sequence[str]) -> list[list[str]]:
    """Return the steps of each path.

    Raises:
        CassetteError: A path is not valid, or `paths` is a string, in which each letter would be a path.
    """
    if isinstance(paths, str):
        raise CassetteError(f"{option} must be a list of paths, got the string {paths!r}")
    return [path_steps(option, path) for path in paths]


def change(value: Any, steps: Sequence[str], make: Callable[[Any], Any]) -> Any:
    """Return JSON data in which `make` has changed the values at a path; it returns `...` to leave one out."""
    if not steps:
        return make(value)
    step, rest = steps[0], steps[1:]
    if step.startswith("[") and is_array(value):
        places = range(len(value)) if step == "[*]" else range(len(value))[slice(*_place(int(step[1:-1])))]
        changed = [change(one, rest, make) if n in places else one for n, one in enumerate(value)]
        return [one for one in changed if one is not ...]
    if not step.startswith("[") and is_object(value):
        names = list(value) if step == "*" else [step]
        pairs = ((name, change(one, rest, make) if name in names else one) for name, one in value.items())
        return {name: one for name, one in pairs if one is not ...}
    return value


def _place(index: int) -> tuple[int, int | None]:
    """Return the slice that has one element, or none where the list is too short."""
    return index, index + 1 or None


class Scrubber:
    """The rules by which secrets are removed from exchanges.

    Args:
        scrub: A function or paths of the user, for the bodies of requests and answers and the data of events.
        headers: Names of more headers to keep.
    """

    def __init__(self, scrub: Scrub | None = None, headers: Sequence[str] = ()) -> None:
        self._function = scrub if callable(scrub) else None
        self._paths = [] if scrub is None or callable(scrub) else paths_steps("scrub", scrub)
        self._headers = {name.lower() for name in headers}

    def request(self, request: Recording) -> Recording:
        """Return a request as it is written, and compared."""
        return self._request(request, Redactor(_secrets_of(request)))

    def exchange(self, exchange: Exchange) -> Exchange:
        """Return an exchange as it is written; the secrets of its request are masked wherever they occur."""
        sent = [part.value for part in exchange.parts or () if part.form == "sent"]
        redactor = Redactor([*_secrets_of(exchange.request), *field_secrets(sent)])
        parts = exchange.parts
        return replace(
            exchange,
            request=self._request(exchange.request, redactor),
            headers=self._kept(exchange.headers, _ANSWER_HEADERS, redactor),
            body=self._body(exchange.body, redactor),
            parts=None if parts is None else [self._part(part, redactor) for part in parts],
            failure=exchange.failure
            and exchange.failure._replace(message=redactor.text(exchange.failure.message)),
        )

    def message(self, value: Any) -> Any:
        """Return a message of a session as it is written, and compared."""
        return self._value(value, Redactor(field_secrets(value)))

    def _request(self, request: Recording, redactor: Redactor) -> Recording:
        query = {name: [MASK] if is_secret_name(name) else values for name, values in request.query.items()}
        headers = self._kept(request.headers, _REQUEST_HEADERS, redactor)
        return replace(request, query=query, headers=headers, body=self._body(request.body, redactor))

    def _kept(self, headers: Mapping[str, str], usual: str, redactor: Redactor) -> dict[str, str]:
        names = {name.lower(): name for name in headers}
        kept = sorted(name for name in names if name in self._headers or re.fullmatch(usual, name))
        chosen = {name: headers[names[name]] for name in kept}
        return redactor.headers(chosen) or chosen

    def _body(self, body: Body | None, redactor: Redactor) -> Body | None:
        if body is None or body.form == "base64":
            return body
        return Body(body.form, self._value(body.value, redactor))

    def _part(self, part: Part, redactor: Redactor) -> Part:
        return part._replace(value=self._value(part.value, redactor))

    def _value(self, value: Any, redactor: Redactor) -> Any:
        return self._scrubbed(_mapped(value, redactor))

    def _scrubbed(self, value: Any) -> Any:
        """Return JSON data, or text with lines of JSON, without the values of secret fields and of the user's paths."""
        if isinstance(value, str):
            return _JSON_LINE.sub(lambda line: f"{line[1]}{self._line(line[2])}", value)
        value = mask_fields(value)
        for steps in self._paths:
            value = change(value, steps, lambda _: MASK)
        return value if self._function is None else self._function(value)

    def _line(self, text: str) -> str:
        try:
            value = load(text)
        except ValueError:
            return text
        scrubbed = self._scrubbed(value)
        return text if scrubbed == value else encode(scrubbed).decode()


def _secrets_of(request: Recording) -> Iterator[str]:
    """Yield the secrets of a request, which must not be written where an answer repeats them either."""
    yield from secret_values(request.headers)
    for name, value in request.headers.items():
        if name.lower() in _ACCOUNT_HEADERS:
            yield value
    for name, values in request.query.items():
        if is_secret_name(name):
            yield from values
    if request.body is not None:
        yield from field_secrets(request.body.value)


def _mapped(value: Any, redactor: Redactor) -> Any:
    if isinstance(value, str):
        # A text without secrets stays the same object: a delta may end in half of a surrogate pair.
        return redactor.text(value) if redactor.occurs_in(value) else value
    if is_array(value):
        return [_mapped(one, redactor) for one in value]
    if is_object(value):
        return {name: _mapped(one, redactor) for name, one in value.items()}
    return value
