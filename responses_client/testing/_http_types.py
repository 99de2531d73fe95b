"""HTTP answers as plain data: status, headers, body, the pace at which they are sent, and errors of the API.

No I/O: transports ask an `Answer` for its steps, which are bytes to send and seconds to wait.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import httpx

from .._base.public import public
from ._json_types import JSONObject, encode

JSON_TYPE = "application/json"
SSE_TYPE = "text/event-stream; charset=utf-8"


def encode_event(event: Mapping[str, Any]) -> bytes:
    """Encode an event as a server-sent event: an `event:` line if it has a type, and a `data:` line."""
    name = f"event: {event['type']}\n" if "type" in event else ""
    return name.encode() + b"data: " + encode(event) + b"\n\n"


class Damage(NamedTuple):
    """A malformed event in an otherwise correct answer.

    `after` is the number of correct events before it. `data` replaces its data; None cuts them in half.
    """

    after: int
    data: bytes | None

    def apply(self, data: bytes) -> bytes:
        """Return the damaged form of a message or a whole body."""
        return data[: len(data) // 2] if self.data is None else self.data

    def apply_to_event(self, chunk: bytes) -> bytes:
        """Return the damaged form of a server-sent event; its framing stays intact."""
        name, mark, rest = chunk.partition(b"data: ")
        return name + mark + self.apply(rest.removesuffix(b"\n\n")) + b"\n\n" if mark else self.apply(chunk)


class Drip(NamedTuple):
    """The size in bytes of the pieces that a body is sent in, and the seconds between them."""

    size: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Pace:
    """The pace of an answer: its delays, and where it pauses, breaks off or is damaged.

    `delay` and `per_event` are seconds before the headers and between events. The connection breaks after
    `cut_after` events, or just ends with `clean_cut`. A WebSocket pauses after `hold_after` events until the
    client has sent `hold_for` messages, counted from its request on.
    """

    delay: float = 0.0
    per_event: float = 0.0
    cut_after: int | None = None
    clean_cut: bool = False
    hold_after: int | None = None
    hold_for: int = 1
    damage: Damage | None = None
    drip: Drip | None = None

    def overlaid(self, other: Pace) -> Pace:
        """Return this pace with the settings of `other` that are not at their defaults."""
        cut = self if other.cut_after is None else other
        hold = self if other.hold_after is None else other
        return Pace(
            delay=other.delay or self.delay,
            per_event=other.per_event or self.per_event,
            cut_after=cut.cut_after,
            clean_cut=cut.clean_cut,
            hold_after=hold.hold_after,
            hold_for=hold.hold_for,
            damage=other.damage or self.damage,
            drip=other.drip or self.drip,
        )


@public
@dataclass(frozen=True, slots=True)
class Answer:
    """An HTTP answer before any I/O. `chunks` is the body; of a stream, each chunk is an event."""

    status: int
    chunks: Iterable[bytes]
    content_type: str = JSON_TYPE
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    stream: bool = False
    pace: Pace = Pace()

    @classmethod
    def of_json(cls, value: Any, *, status: int = 200, pace: Pace | None = None) -> Answer:
        """Return an answer with a JSON value as its body."""
        return cls(status, (encode(value),), pace=pace or Pace())

    @classmethod
    def of_events(cls, events: Iterable[bytes], *, pace: Pace | None = None) -> Answer:
        """Return an answer that streams events, each already encoded."""
        return cls(200, events, content_type=SSE_TYPE, stream=True, pace=pace or Pace())

    def at(self, pace: Pace) -> Answer:
        """Return this answer at another pace."""
        return replace(self, pace=pace)

    def under(self, headers: Mapping[str, str]) -> Answer:
        """Return this answer with `headers` added, except those that it has already."""
        return replace(self, headers={**headers, **self.headers})

    @property
    def length(self) -> int | None:
        """The value of the header; None for a stream, and for an answer that breaks off."""
        return None if self.stream or self.pace.cut_after is not None else len(self.body)

    @property
    def body(self) -> bytes:
        """The body of an answer that is not a stream, with the damage that its pace asks for."""
        body = b"".join(self.chunks)
        return body if self.pace.damage is None else self.pace.damage.apply(body)

    def steps(self, read_timeout: float | None) -> Iterator[float | bytes]:
        """Iterate over the steps that send the body: bytes to pass on, and numbers of seconds to wait.

        Raises:
            httpx.ReadError: The connection breaks off here.
            httpx.ReadTimeout: A wait would be longer than `read_timeout`, in seconds.
        """
        steps = self._events(read_timeout) if self.stream else self._whole()
        return steps if self.pace.drip is None else _dripped(steps, self.pace.drip, read_timeout)

    def _whole(self) -> Iterator[bytes]:
        body = self.body
        if self.pace.cut_after is None:
            yield body
            return
        yield body[: len(body) // 2] if self.pace.cut_after else b""
        self._break_off()

    def _events(self, read_timeout: float | None) -> Iterator[float | bytes]:
        count = 0
        damage = self.pace.damage
        for chunk in self.chunks:
            if count == self.pace.cut_after:
                break
            if count:
                yield from bounded_wait(self.pace.per_event, read_timeout)
            yield chunk if damage is None or count != damage.after else damage.apply_to_event(chunk)
            count += 1
        if count == self.pace.cut_after:
            self._break_off()

    def _break_off(self) -> None:
        if not self.pace.clean_cut:
            raise httpx.ReadError("The connection broke off, as scripted with disconnect_after().")


def _dripped(
    steps: Iterator[float | bytes], drip: Drip, read_timeout: float | None
) -> Iterator[float | bytes]:
    """Cut a body into pieces of the same size, even within an event or a character."""
    waits: Iterable[float] = ()
    rest = b""
    end: httpx.TransportError | None = None
    step: float | bytes | None = b""
    while step is not None:
        try:
            step = next(steps, None)
        except httpx.TransportError as error:  # raised again after the bytes that came before it
            step, end = None, error
        if isinstance(step, (int, float)):
            yield step
            continue
        rest += step or b""
        whole = len(rest) if step is None else len(rest) - len(rest) % drip.size
        for start in range(0, whole, drip.size):
            yield from waits
            yield rest[start : start + drip.size]
            waits = bounded_wait(drip.seconds, read_timeout)
        rest = rest[whole:]
    if end is not None:
        raise end


def bounded_wait(seconds: float, read_timeout: float | None) -> Iterator[float]:
    """Iterate over the seconds of a wait; raise `httpx.ReadTimeout` if it is longer than the read timeout."""
    if read_timeout is not None and seconds > read_timeout:
        yield read_timeout
        raise httpx.ReadTimeout(f"No data arrived for {read_timeout} s, as scripted with delay().")
    if seconds > 0:
        yield seconds


class ApiError(Exception):
    """An error of the API: an HTTP status and an `error` object."""

    def __init__(
        self,
        status: int,
        message: str,
        *,
        type: str = "invalid_request_error",
        param: str | None = None,
        code: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: JSONObject = {"message": message, "type": type, "param": param, "code": code}
        self.headers: dict[str, str] = dict(headers or {})

    def answer(self) -> Answer:
        """Return the HTTP answer that carries this error."""
        return Answer.of_json({"error": self.error}, status=self.status).under(self.headers)
