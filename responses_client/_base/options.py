"""The options that every method takes beside the fields of its request, as types; no I/O."""

from __future__ import annotations

from collections.abc import Mapping

from typing_extensions import TypedDict

from .option_types import QueryValue, TimeoutLike
from .public import public

__all__ = ["OpenRequestOptions", "RequestOptions", "SessionOptions", "WaitOptions"]


class _CommonOptions(TypedDict, total=False):
    extra_headers: Mapping[str, str | None] | None
    """Headers to add or replace; the value None removes one."""
    extra_query: Mapping[str, QueryValue] | None
    """Query parameters to add or replace; the value None removes one."""
    extra_body: Mapping[str, object] | None
    """Fields to add to the body unchecked; they replace arguments of the same name."""
    deadline: float | None
    """Seconds that the wait may take, with all polls; None sets no limit."""
    max_retries: int | None
    """Number of retries of a failed request; None means the setting of the client."""
    idempotency_key: str | None
    """The value of the `Idempotency-Key` header; by default a random one, the same for all attempts."""


class OpenRequestOptions(_CommonOptions, total=False):
    """The options of one request, to derive types from that have the fields of a request as well."""

    timeout: float | TimeoutLike | None
    """Seconds that each wait for the network may take, or an `httpx.Timeout`; None sets no limit."""


# `closed`: else a type checker must assume that a dict of such a type may hold any further key.
@public
class RequestOptions(OpenRequestOptions, total=False, closed=True):
    """The options of one request; each defaults to the setting of the client.

    One that cannot work raises `RequestValidationError` before anything is sent.
    """


class WaitOptions(_CommonOptions, total=False, closed=True):
    """The options of one request without `timeout`, which has another meaning in `responses.wait`."""


class SessionOptions(TypedDict, total=False, closed=True):
    """The options of a WebSocket session; those of the same name default to the settings of the client."""

    extra_headers: Mapping[str, str | None] | None
    """Headers to add or replace; the value None removes one."""
    extra_query: Mapping[str, QueryValue] | None
    """Query parameters to add or replace; the value None removes one."""
    timeout: float | TimeoutLike | None
    """Seconds that connecting, sending, and each wait for an event may take; None sets no limit."""
    deadline: float | None
    """Seconds that connecting may take, with all attempts; None sets no limit."""
    max_retries: int | None
    """Number of retries of a failed attempt to connect; None means the setting of the client."""
    ping_interval: float | None
    """Seconds without a message after which a ping is sent, by default 10; None sends none."""
    ping_timeout: float | None
    """Seconds that the answer to a ping may take before the connection counts as lost, by default 20."""
    max_buffered_bytes: int | None
    """Bytes of all streams together that may wait to be read before reading pauses; by default 64 MiB."""
    lanes: bool | None
    """Whether each request names a lane of its own (`stream_id`), by default True; False is for servers without lanes."""
