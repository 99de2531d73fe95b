"""What every method takes beside the fields of its request."""

from collections.abc import Mapping

from typing_extensions import TypedDict

from ._config import QueryValue, TimeoutLike

__all__ = ["RequestOptions", "SessionOptions", "WaitOptions"]


class WaitOptions(TypedDict, total=False):
    """Options of one request but for `timeout`, which `responses.wait` has another meaning for."""

    extra_headers: Mapping[str, str | None] | None
    """Headers to add or replace; None as a value removes one."""
    extra_query: Mapping[str, QueryValue] | None
    """Query parameters to add or replace; None as a value removes one."""
    extra_body: Mapping[str, object] | None
    """Fields to add to the body as they are, without a check; they win over named arguments."""
    deadline: float | None
    """Seconds the call may take with all its tries; None sets no bound."""
    max_retries: int
    """How often a failed request is sent again."""
    idempotency_key: str | None
    """Value of the `Idempotency-Key` header; default is a random one, the same on each try."""


class RequestOptions(WaitOptions, total=False):
    """Options of one request; each falls back to the client's setting."""

    timeout: float | TimeoutLike | None
    """Seconds each network wait may take, or an `httpx.Timeout`; None waits for ever."""


class SessionOptions(TypedDict, total=False):
    """Options of a WebSocket session; those of the same name fall back to the client's settings."""

    extra_headers: Mapping[str, str | None] | None
    """Headers to add or replace; None as a value removes one."""
    extra_query: Mapping[str, QueryValue] | None
    """Query parameters to add or replace; None as a value removes one."""
    timeout: float | TimeoutLike | None
    """Seconds that connecting, sending, and each wait for an event may take; None waits for ever."""
    deadline: float | None
    """Seconds that connecting may take with all its tries."""
    max_retries: int
    """How often a failed attempt to connect is repeated."""
    ping_interval: float | None
    """Seconds without news after which a ping is sent, 10 by default; None sends none."""
    ping_timeout: float | None
    """Seconds that the answer to a ping may take before the connection counts as lost, 20 by default."""
    max_buffered_bytes: int
    """How much may wait to be read, all streams together, before no more is taken; 64 MiB by default."""
    lanes: bool
    """Whether requests name a lane of their own (`stream_id`), true by default; False for servers without lanes."""
