"""What every method takes beside the fields of its request."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from typing import Never, Protocol, TypeAlias, runtime_checkable

from typing_extensions import TypedDict

__all__ = [
    "HttpAuth",
    "QueryScalar",
    "QueryValue",
    "RequestOptions",
    "SessionOptions",
    "TimeoutLike",
    "WaitOptions",
]

QueryScalar: TypeAlias = str | int | float | bool

QueryValue: TypeAlias = QueryScalar | Sequence[QueryScalar] | None
"""A query parameter: one value, several under the same name, or None to leave the parameter out."""


@runtime_checkable
class TimeoutLike(Protocol):
    """Four timeouts in seconds, as `httpx.Timeout` has them; such an object is used as it is."""

    @property
    def connect(self) -> float | None:
        """For making a connection."""
        ...

    @property
    def read(self) -> float | None:
        """For each piece of the answer."""
        ...

    @property
    def write(self) -> float | None:
        """For each piece of the request."""
        ...

    @property
    def pool(self) -> float | None:
        """For a free connection of the pool."""
        ...


@runtime_checkable
class HttpAuth(Protocol):
    """How requests are signed: an `httpx.Auth`, such as `httpx.BasicAuth`, or one of httpx2."""

    def sync_auth_flow(self, request: Never, /) -> Generator[object, Never, None]:
        """For `Client`."""
        ...

    def async_auth_flow(self, request: Never, /) -> AsyncGenerator[object, Never]:
        """For `AsyncClient`."""
        ...


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
