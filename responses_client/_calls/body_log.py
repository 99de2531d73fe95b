"""The bodies of a call in the log, for whoever asked for it; loaded when somebody did."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

from pydantic_core import from_json, to_json

from .._base.redaction import MASK
from .observers import Observer

if TYPE_CHECKING:
    from ..models import StreamEvent
    from .attempts import Attempts
    from .hooks import RequestInfo, ResponseInfo

__all__ = ["BodyLog"]

bodies = logging.getLogger("responses_client.bodies")


class BodyLog(Observer):
    """Logs each body on one line, at level DEBUG; the keys of the call and those given to its tools are masked."""

    def __init__(self, attempts: Attempts) -> None:
        self._attempts = attempts

    def sending(self, request: RequestInfo) -> None:
        """See `Observer`."""
        if request.content:
            self._log(request.operation, "sent", from_json(request.content))

    def answered(self, answer: ResponseInfo) -> None:
        """See `Observer`."""
        body: object = getattr(answer.error, "body", None)
        if answer.result is not None:
            body = answer.result.to_dict()
        if body is not None:
            self._log(answer.operation, "got", body)

    def received(self, events: Sequence[StreamEvent]) -> None:
        """See `Observer`."""
        for event in events:
            self._log(self._attempts.call.operation.name, "got", event.to_dict())

    def _log(self, operation: str, what: str, body: object) -> None:
        text = self._attempts.redactor.body(to_json(_masked(body), inf_nan_mode="constants"))
        bodies.debug("%s %s %s", operation, what, text.decode())


def _masked(value: Any) -> Any:
    """Mask what lets hosted tools into other servers, and what webhooks are signed with."""
    if isinstance(value, list):
        return [_masked(one) for one in cast("list[object]", value)]
    if not isinstance(value, dict):
        return value
    fields = cast("dict[str, object]", value)
    return {name: _shown(name, field) for name, field in fields.items()}


def _shown(name: str, value: Any) -> Any:
    if name in ("authorization", "signing_secret") and isinstance(value, str):
        return MASK
    if name == "headers" and isinstance(value, dict):
        return dict.fromkeys(cast("dict[str, object]", value), MASK)
    if name == "domain_secrets" and isinstance(value, list):
        return MASK
    return _masked(value)
