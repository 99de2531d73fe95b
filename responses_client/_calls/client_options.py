"""The options of clients, as types; a client is made without them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal

from typing_extensions import TypedDict

from .._base.api_keys import ApiKey, SyncApiKey
from .._base.keywords import evaluate_type_names
from .._base.option_types import HttpAuth, QueryValue, TimeoutLike, UrlLike
from .._base.public import public

if TYPE_CHECKING:
    from ..models import StreamEvent
    from .hooks import RequestInfo, ResponseInfo
    from .observers import Telemetry

__all__ = ["AsyncOptions", "Options"]


class _Key(TypedDict, total=False):
    api_key: SyncApiKey | None
    """The key, or a function that returns one; by default the variable OPENAI_API_KEY."""


class _AsyncKey(TypedDict, total=False):
    api_key: ApiKey | None
    """The key, or a function that returns one, also an async one; by default the variable OPENAI_API_KEY."""


class _OtherOptions(TypedDict, total=False):
    auth: Literal["bearer", "api-key"] | HttpAuth | None
    """The header that carries the key, or an `httpx.Auth` that signs requests in its place.

    "bearer" is `Authorization`, "api-key" a header of that name. None, the default, is "api-key" for a key at an
    address of Azure, and "bearer" for all else, tokens included.
    """
    base_url: str | UrlLike | None
    """The address of the API, as a string or a URL object; by default the variable OPENAI_BASE_URL, else
    https://api.openai.com/v1."""
    websocket_base_url: str | UrlLike | None
    """The address for `responses.connect`, if it is another one: `https:` or `wss:`; by default that of `base_url`."""
    organization: str | None
    """The header `OpenAI-Organization`; by default the variable OPENAI_ORG_ID, else it is not sent."""
    project: str | None
    """The header `OpenAI-Project`; by default the variable OPENAI_PROJECT_ID, else it is not sent."""
    webhook_secret: str | Sequence[str] | None
    """The secret that webhooks are signed with, `whsec_...`, or a list of several; by default the variable
    OPENAI_WEBHOOK_SECRET, with white space between several."""
    timeout: float | TimeoutLike | None
    """Seconds that each wait for the network may take, or an `httpx.Timeout`; by default 600. None sets no limit."""
    connect_timeout: float | None
    """Seconds that opening a connection may take, if `timeout` is a number or None; by default 5."""
    deadline: float | None
    """Seconds that a call may take, with all attempts and waits; None, the default, sets no limit."""
    max_retries: int | None
    """Number of retries of a failed request; by default 2."""
    default_headers: Mapping[str, str | None] | None
    """Headers for every request; the value None removes one that the client would send."""
    default_query: Mapping[str, QueryValue] | None
    """Query parameters for every request; the value None leaves one out."""
    strict: bool | None
    """Whether a malformed part of an answer raises `ResponseValidationError`; False, the default, keeps it as unknown."""
    validate_requests: bool | None
    """Whether requests are checked before they are sent; True by default. False sends arguments as they are."""
    idle_timeout: float | None
    """Seconds that the wait for the next event of a stream may take; None, the default, leaves it to `timeout`."""
    max_event_bytes: int | None
    """Bytes that one event of a stream may have; by default 64 MiB."""
    max_response_bytes: int | None
    """Size limit in bytes of answers other than streams, decompressed; by default 256 MiB."""
    max_redirects: int | None
    """Number of redirects within the origin that an attempt follows; by default 5."""
    on_request: Callable[[RequestInfo], object] | None
    """Called before each attempt of a call. Exceptions of hooks are logged; with `AsyncClient`, hooks may be async."""
    on_response: Callable[[ResponseInfo], object] | None
    """Called after each attempt with its answer, for streams when the headers have come, or with the error."""
    on_event: Callable[[StreamEvent], object] | None
    """Called with each event of a stream over HTTP as it comes, before the user gets it."""
    telemetry: Telemetry | None
    """A `responses_client.otel.OpenTelemetry`, for spans and metrics."""


@public
class Options(_Key, _OtherOptions, total=False, closed=True):
    """The options of a `Client`, and of its `with_options`.

    None stands for the default of an option, but for `timeout`, where it sets no limit. One that cannot work raises
    `ConfigurationError` when the client is made.
    """


@public
class AsyncOptions(_AsyncKey, _OtherOptions, total=False, closed=True):
    """The options of an `AsyncClient`: those of `Client`, with an `api_key` that may be an async function."""


evaluate_type_names(__name__)
