"""Types of the arguments of `create` for WebSocket requests and batch lines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from typing_extensions import TypedDict

from .._base.keywords import evaluate_type_names
from .._base.option_types import TimeoutLike
from .._base.public import public
from ..models.params import ResponseFields

if TYPE_CHECKING:
    from ..models import Tool, ToolParam

__all__ = ["BatchLineParams", "SessionCreateParams"]


class _ForegroundFields(ResponseFields, total=False):
    tools: Sequence[Tool | ToolParam]
    """The tools that the model may use."""


class _StreamWaits(TypedDict, total=False):
    timeout: float | TimeoutLike | None
    """Seconds that each wait for an event of this response may take; None sets no limit."""
    deadline: float | None
    """Seconds that all waits for the events of this response may take; None sets no limit."""


@public
class SessionCreateParams(_ForegroundFields, _StreamWaits, total=False, closed=True):
    """The arguments of `create` on a WebSocket: the fields of a request without `background`, and two time limits."""


@public
class BatchLineParams(_ForegroundFields, total=False, closed=True):
    """The arguments of `batch_line`: the fields of a request without `background`, and `extra_body`."""

    extra_body: Mapping[str, object] | None
    """Fields to add to the body unchecked; they replace arguments of the same name."""


evaluate_type_names(__name__)
