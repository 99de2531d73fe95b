"""What every method takes beside the fields of its request."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from typing_extensions import TypedDict

if TYPE_CHECKING:
    import httpx

__all__ = ["RequestOptions"]


class RequestOptions(TypedDict, total=False):
    """Options of one request; each falls back to the client's setting."""

    extra_headers: Mapping[str, str | None]
    """Headers to add or replace; None removes one."""
    extra_query: Mapping[str, str | int | float | bool | None]
    """Query parameters to add."""
    extra_body: Mapping[str, Any]
    """Fields to add to the body as they are, without a check; they win over named arguments."""
    timeout: "float | httpx.Timeout | None"
    """Seconds each network wait may take; None waits for ever."""
    deadline: float | None
    """Seconds the call may take with all its tries; None sets no bound."""
    max_retries: int
    """How often a failed request is sent again."""
    idempotency_key: str
    """Value of the `Idempotency-Key` header; default is a random one, the same on each try."""
