"""Bytes of a stream in, typed events out; no I/O."""

from __future__ import annotations

import logging
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import TYPE_CHECKING, TypeAlias, cast

from pydantic import ValidationError

from .._base.json_types import JsonObject, is_object
from ..errors import ResponseValidationError
from ..models._base import Model, OpenUnion, union_class
from ..models._tolerance import (
    as_response_error,
    read_json,
    strict_validation,
    suppress_warnings,
    with_whole_floats,
)
from .sse import EventTooLarge, Frame, SSEDecoder

if TYPE_CHECKING:
    from .._base.http import ResponseMeta
    from ..models import StreamEvent

    Parse: TypeAlias = Callable[[bytes], StreamEvent]

__all__ = ["END_TYPES", "MAX_KEPT_BYTES", "NOTED_TYPES", "EventDecoder", "is_about_response", "tag_of"]

logger = logging.getLogger("responses_client")

END_TYPES = frozenset(
    {"response.completed", "response.incomplete", "response.failed", "response.cancelled", "error"}
)
"""Types of the events that end a stream: the terminal ones and `error`."""

NOTED_TYPES = frozenset(
    {"response.output_item.added", "response.output_item.done", "response.output_text.annotation.added"}
)
"""Types of the events that show whether the last one holds all that came before it."""

# Servers put `type` first, so that the type of an event without an `event` line is known before it is parsed.
_leading_type = re.compile(rb'\s*\{\s*"type"\s*:\s*"([\w.]+)"').match
# Filled as event types first come. Types that end a stream or are noted have a table of their own: `_parse` looks only
# into the first, so that no piece of text costs a check whether it is one of these.
_parsers: dict[bytes, Parse] = {}
_rare_parsers: dict[bytes, Parse] = {}
MAX_KEPT_BYTES = 8 * 1024 * 1024
"""The number of bytes that may be kept for the snapshot before they are to be replayed."""


def tag_of(event: StreamEvent) -> str | None:
    """Return the type that an event counts as: that of its class, or for an unknown or malformed one the type that came.

    The two differ for an event whose type is only in its `event` line: LiteLLM sends the type of an error in its data.
    """
    return event.wire_type if event.type == "unknown" else event.type


def is_about_response(event: StreamEvent) -> bool:
    """Whether an event is about the response, and not only a sign that the connection is alive."""
    from ..models import Keepalive

    return (tag_of(event) or "").startswith("response.") and not isinstance(event, Keepalive)


class EventDecoder:
    """An incremental decoder from the bytes of a stream to its events.

    It also keeps the bytes. `replay` yields their events once more, for the snapshot: to keep bytes is much cheaper
    than to keep every event or to apply it to the snapshot as it comes.

    Args:
        max_event_bytes: The limit for one event, in bytes.
        strict: Whether a malformed event is a failure, and not an `UnknownEvent`.
        meta: The facts of the answer, for errors.

    Attributes:
        end: The event that ended the stream; None before it. Nothing behind it is parsed.
        has_done_marker: Whether the server sent `[DONE]`.
        kept_bytes: The number of bytes that are kept for `replay`.
        noted: Events since the last replay that show whether the one that ends the stream is whole, each with the
            number of chunks that were kept up to it.
        failure: The error for an event that cannot be read: it is not JSON, too large or, in strict mode, malformed.
    """

    def __init__(self, max_event_bytes: int, strict: bool, meta: ResponseMeta | None = None) -> None:
        self._meta = meta
        self._sse = SSEDecoder(max_event_bytes)
        self._strict = strict
        self._replay = SSEDecoder(max_event_bytes)  # of the kept bytes, which it is fed later, if at all
        self._kept: list[bytes] = []
        self.kept_bytes = 0
        self._is_finished = False
        self._is_replayed = False  # up to the terminal event, which holds everything before it
        self.end: StreamEvent | None = None
        self.noted: list[tuple[StreamEvent, int]] = []
        self.has_done_marker = False
        self.failure: ResponseValidationError | None = None

    def feed(self, data: bytes) -> list[StreamEvent]:
        """Take a chunk of bytes and return the events that it completes; see `end` and `failure` afterwards."""
        self._kept.append(data)  # `keep` in line, to save a call for every chunk
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
        """Take the end of the bytes and return the last event, if it is whole but for its blank line."""
        self._is_finished = True
        with strict_validation(self._strict):
            return self._parse(self._sse.end())

    @property
    def is_truncated(self) -> bool:
        """Whether the bytes ended inside an event."""
        # `_parse_unusual` sets a ValueError as the cause if data are not JSON; other failures have other causes.
        return self._is_finished and self.failure is not None and type(self.failure.__cause__) is ValueError

    def has_kept(self, name: bytes, start: int = 0, end: int | None = None) -> bool:
        """Whether these bytes are among those that are kept, or among some chunks of them."""
        tail, margin = b"", len(name) - 1
        for data in self._kept[start:end]:
            if name in data or name in tail + data[:margin]:
                return True
            tail = (tail + data[-margin:])[-margin:]
        return False

    def keep(self, data: bytes) -> None:
        """Keep a chunk for `replay` without parsing it."""
        self._kept.append(data)
        self.kept_bytes += len(data)

    def discard_kept(self) -> None:
        """Discard the kept bytes: the terminal event holds the whole response."""
        self._kept.clear()
        self.noted.clear()
        self.kept_bytes = 0
        self._is_replayed = True

    def skip_kept(self) -> None:
        """Discard the kept bytes as if they had been replayed, except for a part of an event at their end."""
        kept, self._kept, self.kept_bytes, self.noted = self._kept, [], 0, []
        for data in kept:
            with suppress(EventTooLarge):  # `feed` has reported it
                self._replay.feed(data)
        if self._is_finished:
            self._replay.end()

    def replay(self) -> Iterator[list[StreamEvent]]:
        """Yield the events since the last replay once more, in one list for each chunk."""
        kept, self._kept, self.kept_bytes, self.noted = self._kept, [], 0, []
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
                    tag = tag_of(event)
                    self._is_replayed = tag in END_TYPES and tag != "error"
        return events

    def _parse(self, frames: list[Frame]) -> list[StreamEvent]:
        # The `event` line, if there is one, is taken for the type: it names the parser without a look into the data,
        # and a parser refuses data of another type. Everything else is rare and may be slower.
        events: list[StreamEvent] = []
        parsers = _parsers
        for name, data in frames:
            try:
                events.append(parsers[name](data))
            except (KeyError, ValidationError):
                try:
                    event = self._parse_unusual(name, data)
                except ResponseValidationError as error:
                    self.failure = error.with_traceback(None)  # which holds this object
                    break
                if event is None:
                    continue
                events.append(event)
                tag = tag_of(event)
                if tag in END_TYPES:
                    self.end = event
                    break
                if tag in NOTED_TYPES:
                    self.noted.append((event, len(self._kept)))
        return events

    def _parse_unusual(self, name: bytes, data: bytes) -> StreamEvent | None:
        """Parse an event of a new type, of a type that ends streams, without an `event` line, or a malformed one.

        Returns None for data that are not an event: empty data, and `[DONE]`, which older APIs of OpenAI send at the end.
        """
        text = data.strip()
        if not text or text == b"[DONE]":
            self.has_done_marker = self.has_done_marker or bool(text)
            return None
        parse = _parser_for(name, data)
        if parse is not None:
            with suppress(ValidationError):  # found again below
                return parse(data)
        try:
            value = read_json(data)
        except ValueError as error:
            message = f"A stream event is not valid JSON ({error})"
            raise ResponseValidationError(message, body=data, meta=self._meta) from error
        if not is_object(value):
            kind = type(value).__name__
            if self._strict:
                message = f"A stream event must be a JSON object, got {kind}"
                raise ResponseValidationError(message, body=value, meta=self._meta)
            logger.warning("Skipped a stream event: expected a JSON object, got %s", kind)
            return None
        return self._from_object(name, value)

    def _from_object(self, name: bytes, value: JsonObject) -> StreamEvent:
        tag = _tag(name, value)
        model = _register(tag)
        if model is None:
            return cast("StreamEvent", _union().unknown_model().from_dict(value))

        def otherwise(mended: JsonObject, error: ValidationError) -> Model:
            if tag == "error":  # an error must end the stream, even if it is malformed
                return model.from_dict(value)
            if self._strict:
                raise as_response_error(tag, error, value, meta=self._meta) from error
            return _union().tolerate(model, mended, value, error)

        return cast("StreamEvent", _validated(tag, model, value, otherwise))


def _union() -> type[OpenUnion]:
    from ..models import StreamEvent  # here, because it loads the classes of all events

    return union_class(StreamEvent)


def _parser_for(name: bytes, data: bytes) -> Parse | None:
    """Return the parser for the type in the data, or else in the `event` line; None if there is none yet."""
    hint = _leading_type(data)
    tag = hint[1] if hint else name
    return _parsers.get(tag) or _rare_parsers.get(tag)


def _tag(name: bytes, value: JsonObject) -> str:
    """Return the type of an event: its field, its `event` line, or "error" if it has an error but no type."""
    tag: object = value.get("type")
    # Some servers put the type of the error, such as "server_error", into `type`, below `event: error`.
    if isinstance(tag, str) and (name != b"error" or _union().member(tag) is not None):
        return tag
    if name == b"error" or (tag is None and value.get("error")):
        return "error"
    return name.decode("utf-8", "replace") if tag is None else ""


def _register(tag: str) -> type[Model] | None:
    """Return the class of an event type, and add its parser to the tables; None if the type is not known."""
    model = _union().member(tag)
    if model is None:
        return None
    model.model_rebuild()
    parsers = _rare_parsers if tag in END_TYPES or tag in NOTED_TYPES else _parsers
    validate: Callable[[bytes], Model] = model.__pydantic_validator__.validate_json

    def validate_named(data: bytes) -> Model:
        return _named(tag, validate(data))

    is_default = model.__pydantic_fields__["type"].default == tag
    parsers[tag.encode()] = cast("Parse", validate if is_default else validate_named)
    return model


def _named(tag: str, event: Model) -> Model:
    """Return an event with the type that stands in its `event` line alone: that of a class may have several values."""
    if "type" not in event.model_fields_set and "type" in vars(event):
        vars(event)["type"] = tag
    return event


def _validated(
    tag: str, model: type[Model], value: JsonObject, otherwise: Callable[[JsonObject, ValidationError], Model]
) -> Model:
    validate: Callable[[object], Model] = model.__pydantic_validator__.validate_python
    try:
        event = validate(value)
    except ValidationError as error:
        event = with_whole_floats(validate, value, error, otherwise)
    return _named(tag, event)


def _parse_again(name: bytes, data: bytes) -> StreamEvent | None:
    """Parse a frame once more, for the snapshot; None for one that is not JSON."""
    parse = _parsers.get(name) or _parser_for(name, data)
    if parse is not None:
        with suppress(ValidationError):
            return parse(data)
    try:
        value = read_json(data)
    except ValueError:
        return None
    if not is_object(value):
        return None
    tag = _tag(name, value)
    model = _union().member(tag)
    if model is None:
        return cast("StreamEvent", _union().unknown_model().from_dict(value))

    def otherwise(mended: JsonObject, error: ValidationError) -> Model:
        return _union().tolerate(model, mended, value, error)

    return cast("StreamEvent", _validated(tag, model, value, otherwise))
