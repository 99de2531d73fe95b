"""The log of request and answer bodies; loaded when the logger `responses_client.bodies` is set to DEBUG."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING

from pydantic_core import to_json, to_jsonable_python
from typing_extensions import override

from .._base.json_types import json_or
from .._base.redaction import mask_fields
from ..models import Model
from .observers import Observer

if TYPE_CHECKING:
    from ..models import StreamEvent
    from .attempts import Attempts
    from .hooks import RequestInfo, ResponseInfo

__all__ = ["BodyLog"]

bodies = logging.getLogger("responses_client.bodies")


class BodyLog(Observer):
    """An observer that logs each body on one line at level DEBUG, with keys and credentials of tools masked."""

    def __init__(self, attempts: Attempts) -> None:
        self._attempts = attempts

    @override
    def on_request(self, request: RequestInfo) -> None:
        if request.content:
            self._log(request.operation, "sent", _as_json(request.content))

    @override
    def on_response(self, answer: ResponseInfo) -> None:
        body: object = getattr(answer.error, "body", None)
        if answer.result is not None:
            body = _as_json(answer.result)
        if body is not None:
            self._log(answer.operation, "got", body)

    @override
    def on_events(self, events: Sequence[StreamEvent]) -> None:
        for event in events:
            self._log(self._attempts.call.operation.name, "got", event.to_dict())

    def _log(self, operation: str, verb: str, body: object) -> None:
        # Two masks: first the fields that are secret by their names, then the keys of this call wherever they occur.
        text = self._attempts.redactor.body(to_json(mask_fields(body), inf_nan_mode="constants"))
        bodies.debug("%s %s %s", operation, verb, text.decode())


def _as_json(value: object) -> object:
    """Return a body, or a result that was made of one, as JSON data; its size in bytes if it is something else."""
    if isinstance(value, Model):
        return value.to_dict()
    content: object = getattr(value, "content", value)  # of a `RawAnswer`
    if isinstance(content, bytes):
        return json_or(content, f"{len(content)} bytes that are not JSON")
    found: object = to_jsonable_python(value, by_alias=True, fallback=repr)
    return found
