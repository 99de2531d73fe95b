"""What every method takes beside the fields of its request."""

from collections.abc import Mapping

from typing_extensions import TypedDict

from ._config import QueryValue, TimeoutLike

__all__ = ["RequestOptions"]


class RequestOptions(TypedDict, total=False):
    """Options of one request; each falls back to the client's setting."""

    extra_headers: Mapping[str, str | None] | None
    """Headers to add or replace; None as a value removes one."""
    extra_query: Mapping[str, QueryValue] | None
    """Query parameters to add or replace; None as a value removes one."""
    extra_body: Mapping[str, object] | None
    """Fields to add to the body as they are, without a check; they win over named arguments."""
    timeout: float | TimeoutLike | None
    """Seconds each network wait may take, or an `httpx.Timeout`; None waits for ever."""
    deadline: float | None
    """Seconds the call may take with all its tries; None sets no bound."""
    max_retries: int
    """How often a failed request is sent again."""
    idempotency_key: str | None
    """Value of the `Idempotency-Key` header; default is a random one, the same on each try."""
