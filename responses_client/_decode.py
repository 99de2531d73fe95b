"""Bytes of a stream in, typed events out; without I/O."""

import logging
import re
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError
from pydantic_core import from_json

from ._sse import EventTooLarge, Frame, SSEDecoder
from .errors import ResponseValidationError
from .models._base import OpenUnion, UnknownEvent, as_response_error, dispatcher, strict_validation

if TYPE_CHECKING:
    from .models import StreamEvent

__all__ = ["EventDecoder"]

logger = logging.getLogger("responses_client")

Parse = Callable[[bytes], Any]
_type_of = re.compile(rb'\s*\{\s*"type"\s*:\s*"([\w.]+)"').match
_parsers: dict[bytes, Parse] = {}  # filled as event types are first seen


def _union() -> type[OpenUnion]:
    from .models import StreamEvent

    return dispatcher(StreamEvent)


class EventDecoder:
    """Turns the bytes of a stream into typed events.

    Attributes:
        done: Whether the server wrote `[DONE]`.
        failure: What keeps the rest from being read: an event that is no JSON, is too large or, in
            strict mode, is malformed.
    """

    def __init__(self, max_event_bytes: int, strict: bool) -> None:
        self._sse = SSEDecoder(max_event_bytes)
        self._strict = strict
        self.done = False
        self.failure: ResponseValidationError | None = None

    def feed(self, data: bytes) -> "list[StreamEvent]":
        """Return the events that a chunk completes."""
        try:
            frames = self._sse.feed(data)
        except EventTooLarge as error:
            self.failure = ResponseValidationError(str(error), advice="raise max_event_bytes to take it")
            return []
        if self._strict:
            with strict_validation():
                return self._parse(frames)
        return self._parse(frames)

    def end(self) -> "list[StreamEvent]":
        """Return what the end of the stream leaves open: at most one event, if it is whole."""
        return self._parse(self._sse.end())

    def _parse(self, frames: list[Frame]) -> "list[StreamEvent]":
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
                if event is not None:
                    events.append(event)
        return events

    def _parse_unusual(self, name: bytes, data: bytes) -> "StreamEvent | None":
        """Parse an event of a type not yet seen, without a name, malformed, or no event at all."""
        hint = _type_of(data)
        parse = _parsers.get(hint[1]) if hint and hint[1] != name else None
        if parse is not None:
            try:
                return cast("StreamEvent", parse(data))
            except ValidationError:
                pass  # what is wrong is found below
        text = data.strip()
        if not text or text == b"[DONE]":
            self.done = self.done or bool(text)
            return None
        try:
            value: object = from_json(data)
        except ValueError as error:
            raise ResponseValidationError(f"A stream event is no JSON ({error})", body=data) from error
        if not isinstance(value, dict):
            if self._strict:
                raise ResponseValidationError("A stream event is no JSON object", body=value)
            logger.warning("Passed over a stream event that is no JSON object but %s", type(value).__name__)
            return None
        return self._from_object(name, cast("dict[str, Any]", value))

    def _from_object(self, name: bytes, value: dict[str, Any]) -> "StreamEvent":
        tag = value.get("type")
        if tag is None and isinstance(value.get("error"), dict):
            tag = "error"
        elif tag is None:
            tag = name.decode("utf-8", "replace")
        model = _union().member(tag) if isinstance(tag, str) else None
        if model is None:
            return UnknownEvent.from_dict(value)
        model.model_rebuild()
        _parsers[tag.encode()] = model.__pydantic_validator__.validate_json
        try:
            return cast("StreamEvent", model.__pydantic_validator__.validate_python(value))
        except ValidationError as error:
            if self._strict:
                raise as_response_error(tag, error, value) from error
            return cast("StreamEvent", _union().as_unknown(value, error))
