"""Bytes of a stream in, typed events out; without I/O."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from ..errors import ResponseValidationError
from ..models._base import Model, OpenUnion, dispatcher
from ..models._tolerance import as_response_error, read_json, strict_validation, suppress_warnings
from .sse import EventTooLarge, Frame, SSEDecoder

if TYPE_CHECKING:
    from .._base.http import ResponseMeta
    from ..models import StreamEvent

__all__ = ["END_TYPES", "MAX_KEPT_BYTES", "EventDecoder"]

logger = logging.getLogger("responses_client")

END_TYPES = frozenset(
    {"response.completed", "response.incomplete", "response.failed", "response.cancelled", "error"}
)
"""Events after which nothing is read: the terminal ones and `error`."""

Parse = Callable[[bytes], Any]
_type_of = re.compile(rb'\s*\{\s*"type"\s*:\s*"([\w.]+)"').match
# Filled as event types are first seen. Those that end a stream stand apart: that spares all others a check.
_parsers: dict[bytes, Parse] = {}
_end_parsers: dict[bytes, Parse] = {}
MAX_KEPT_BYTES = 8 * 1024 * 1024
"""Bytes kept for the snapshot before they are turned into events again and folded in."""


class EventDecoder:
    """Turns the bytes of a stream into typed events.

    Attributes:
        end: The event that ended the stream, once it came; what follows it is not read.
        has_done_marker: Whether the server wrote `[DONE]`.
        kept_bytes: How much is kept for `replay`.
        failure: What keeps the rest from being read: an event that is no JSON, is too large or, in
            strict mode, is malformed.
    """

    def __init__(self, max_event_bytes: int, strict: bool, meta: ResponseMeta | None = None) -> None:
        self._meta = meta
        self._sse = SSEDecoder(max_event_bytes)
        self._strict = strict
        self._replay = SSEDecoder(max_event_bytes)
        self._kept: list[bytes] = []
        self.kept_bytes = 0
        self._is_finished = False
        self._is_replayed = False
        self.end: StreamEvent | None = None
        self.has_done_marker = False
        self.failure: ResponseValidationError | None = None

    def feed(self, data: bytes) -> list[StreamEvent]:
        """Return the events that a chunk completes."""
        self._kept.append(data)  # as `keep` does, which is one call more
        self.kept_bytes += len(data)
        try:
            frames = self._sse.feed(data)
        except EventTooLarge as error:
            frames = error.frames
            advice = "raise max_event_bytes to take it"
            self.failure = ResponseValidationError(str(error), advice=advice, meta=self._meta)
        if self._strict:
            with strict_validation():
                return self._parse(frames)
        return self._parse(frames)

    def finish(self) -> list[StreamEvent]:
        """Return what the end of the bytes leaves open: at most one event, if it is whole."""
        self._is_finished = True
        with strict_validation(self._strict):
            return self._parse(self._sse.end())

    @property
    def is_truncated(self) -> bool:
        """Whether the bytes ended inside an event."""
        return self._is_finished and self.failure is not None and type(self.failure.__cause__) is ValueError

    def keep(self, data: bytes) -> None:
        """Keep a chunk for `replay`."""
        self._kept.append(data)
        self.kept_bytes += len(data)

    def discard_kept(self) -> None:
        """Drop what is kept: the last event tells it all."""
        self._kept.clear()
        self.kept_bytes = 0
        self._is_replayed = True

    def skip_kept(self) -> None:
        """Drop what is kept, as if it had been replayed; half an event at its end stays."""
        kept, self._kept, self.kept_bytes = self._kept, [], 0
        for data in kept:
            with suppress(EventTooLarge):  # which ended the stream when it came first
                self._replay.feed(data)
        if self._is_finished:
            self._replay.end()

    def replay(self) -> Iterator[list[StreamEvent]]:
        """Yield the events since the last replay once more, for the snapshot; a batch for each chunk.

        A snapshot is rarely asked for before the end, where the terminal event has it all. To keep bytes
        for it costs nothing; to keep events costs a quarter of the time of the stream.
        """
        kept, self._kept, self.kept_bytes = self._kept, [], 0
        for data in kept:
            try:
                frames = self._replay.feed(data)
            except EventTooLarge as error:
                frames = error.frames
            yield self._parse_again(frames)
        if self._is_finished:
            yield self._parse_again(self._replay.end())

    def _parse_again(self, frames: list[Frame]) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        with suppress_warnings():
            for name, data in frames:
                event = None if self._is_replayed else _parse_again(name, data)
                if event is not None:
                    events.append(event)
                    self._is_replayed = event.type in END_TYPES and event.type != "error"
        return events

    def _parse(self, frames: list[Frame]) -> list[StreamEvent]:
        events: list[StreamEvent] = []
        parsers = _parsers
        for name, data in frames:
            try:
                events.append(parsers[name](data))
            except (KeyError, ValidationError):
                try:
                    event = self._parse_unusual(name, data)
                except ResponseValidationError as error:
                    self.failure = error
                    break
                if event is None:
                    continue
                events.append(event)
                if event.type in END_TYPES:
                    self.end = event
                    break
        return events

    def _parse_unusual(self, name: bytes, data: bytes) -> StreamEvent | None:
        """Parse an event of a type not yet seen, without a name, malformed, or no event at all."""
        text = data.strip()
        if not text or text == b"[DONE]":
            self.has_done_marker = self.has_done_marker or bool(text)
            return None
        parse = _parser_for(name, data)
        if parse is not None:
            with suppress(ValidationError):  # what is wrong is found below
                return cast("StreamEvent", parse(data))
        try:
            value = read_json(data)
        except ValueError as error:
            message = f"A stream event is no JSON ({error})"
            raise ResponseValidationError(message, body=data, meta=self._meta) from error
        if not isinstance(value, dict):
            if self._strict:
                raise ResponseValidationError("A stream event is no JSON object", body=value, meta=self._meta)
            logger.warning("Passed over a stream event that is no JSON object but %s", type(value).__name__)
            return None
        return self._from_object(name, cast("dict[str, Any]", value))

    def _from_object(self, name: bytes, value: dict[str, Any]) -> StreamEvent:
        tag = _tag(name, value)
        if not _register(tag):
            return cast("StreamEvent", _union().unknown_model().from_dict(value))
        model = cast("type[Model]", _union().member(tag))
        try:
            return cast("StreamEvent", model.__pydantic_validator__.validate_python(value))
        except ValidationError as error:
            if tag == "error":  # it stays one, whatever its form
                return cast("StreamEvent", model.from_dict(value))
            if self._strict:
                raise as_response_error(tag, error, value, meta=self._meta) from error
            return cast("StreamEvent", _union().as_unknown(value, error))


def _union() -> type[OpenUnion]:
    from ..models import StreamEvent

    return dispatcher(StreamEvent)


def _parser_for(name: bytes, data: bytes) -> Parse | None:
    """Return the parser for the type that the data name, or else the event line."""
    hint = _type_of(data)
    tag = hint[1] if hint else name
    return _parsers.get(tag) or _end_parsers.get(tag)


def _tag(name: bytes, value: dict[str, Any]) -> str:
    """Tell what an event is: its type says so, or else the event line or an error inside."""
    tag = value.get("type")
    if isinstance(tag, str) and (name != b"error" or _union().member(tag) is not None):
        return tag
    if name == b"error" or (tag is None and value.get("error")):
        return "error"
    return name.decode("utf-8", "replace") if tag is None else ""


def _register(tag: str) -> bool:
    """Build the parser of an event type when it is first seen; tell whether the type is known."""
    model = _union().member(tag)
    if model is None:
        return False
    model.model_rebuild()
    parsers = _end_parsers if tag in END_TYPES else _parsers
    parsers[tag.encode()] = model.__pydantic_validator__.validate_json
    return True


def _parse_again(name: bytes, data: bytes) -> StreamEvent | None:
    """Parse a frame that was parsed before; what was malformed has no effect now."""
    parse = _parsers.get(name) or _parser_for(name, data)
    if parse is not None:
        with suppress(ValidationError):
            return cast("StreamEvent", parse(data))
    try:
        value = read_json(data)
    except ValueError:
        return None
    if not isinstance(value, dict):
        return None
    fields = cast("dict[str, Any]", value)
    model = _union().member(_tag(name, fields)) or _union().unknown_model()
    with suppress(ValidationError):
        return cast("StreamEvent", model.__pydantic_validator__.validate_python(fields))
    return cast("StreamEvent", _union().unknown_model().from_dict(fields))
