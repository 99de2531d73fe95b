"""`Client` and `AsyncClient`: their options and resources; the work is done in `_client_core`.

Modules that need pydantic are imported in methods, so that making a client takes little longer than loading httpx.
The first use of `client.responses` loads the rest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, Self, TypeVar, cast, overload

from ._base.cached import cached_property
from ._base.error_frames import HiddenFrames
from ._base.public import public
from ._client_base import BaseClient, make_settings, require_sync_hooks
from ._client_core import AsyncCore, SyncCore
from ._transport.protocols import run
from ._transport.sync import SyncIO

if TYPE_CHECKING:
    from collections.abc import Mapping

    import httpx
    from pydantic import TypeAdapter
    from typing_extensions import TypeForm, Unpack

    from ._base.option_types import AiohttpSession, QueryValue
    from ._base.options import RequestOptions
    from ._calls.client_options import AsyncOptions, Options
    from .resources._conversations import AsyncConversationsOperations, ConversationsOperations
    from .resources.async_responses import AsyncResponses
    from .resources.batches import AsyncBatches, Batches
    from .resources.containers import AsyncContainers, Containers
    from .resources.files import AsyncFiles, Files
    from .resources.responses import Responses
    from .resources.vector_stores import AsyncVectorStores, VectorStores
    from .resources.webhooks import AsyncWebhooks, Webhooks

__all__ = ["AsyncClient", "Client"]

_T = TypeVar("_T")


@public
class Client(BaseClient[SyncCore]):
    """A client for synchronous code.

        with Client() as client:
            response = client.responses.create(model="gpt-5.4", input="Say hello.")
            print(response.output_text)

    Threads may share a client. Pickles and deep copies contain its settings, including the key, and open connections
    of their own; a shallow copy shares the connections, like `with_options`.

    Args:
        http_client: An `httpx.Client` or `httpx2.Client` to send with, for proxies, TLS, transports or limits. It is
            not closed by this client. By default, one is made at the first request.
        api_key: The key, or a function that returns one; by default the variable OPENAI_API_KEY.
        auth: The header that carries the key, or an `httpx.Auth` that signs requests in its place.
        base_url: The address of the API, as a string or a URL object; by default the variable OPENAI_BASE_URL, else
            https://api.openai.com/v1.
        websocket_base_url: The address for `responses.connect`, if it is another one: `https:` or `wss:`; by default
            that of `base_url`.
        organization: The header `OpenAI-Organization`; by default the variable OPENAI_ORG_ID, else it is not sent.
        project: The header `OpenAI-Project`; by default the variable OPENAI_PROJECT_ID, else it is not sent.
        webhook_secret: The secret that webhooks are signed with, `whsec_...`, or a list of several; by default the
            variable OPENAI_WEBHOOK_SECRET, with white space between several.
        timeout: Seconds that each wait for the network may take, or an `httpx.Timeout`; by default 600.
        connect_timeout: Seconds that opening a connection may take, if `timeout` is a number or None; by default 5.
        deadline: Seconds that a call may take, with all attempts and waits; None, the default, sets no limit.
        max_retries: Number of retries of a failed request; by default 2.
        default_headers: Headers for every request; the value None removes one that the client would send.
        default_query: Query parameters for every request; the value None leaves one out.
        strict: Whether a malformed part of an answer raises `ResponseValidationError`; False, the default, keeps it
            as unknown.
        validate_requests: Whether requests are checked before they are sent; True by default.
        idle_timeout: Seconds that the wait for the next event of a stream may take; None, the default, leaves it to
            `timeout`.
        max_event_bytes: Bytes that one event of a stream may have; by default 64 MiB.
        max_response_bytes: Size limit in bytes of answers other than streams, decompressed; by default 256 MiB.
        max_redirects: Number of redirects within the origin that an attempt follows; by default 5.
        on_request: Called before each attempt of a call.
        on_response: Called after each attempt with its answer, for streams when the headers have come, or with the
            error.
        on_event: Called with each event of a stream over HTTP as it comes, before the user gets it.
        telemetry: A `responses_client.otel.OpenTelemetry`, for spans and metrics.

    Raises:
        ConfigurationError: An option, or an environment variable, is not valid.
    """

    def __init__(self, *, http_client: httpx.Client | None = None, **options: Unpack[Options]) -> None:
        with HiddenFrames(options):
            settings = require_sync_hooks(make_settings(http_client, cast("AsyncOptions", options)))
        super().__init__(SyncCore(SyncIO(http_client), settings, type(self).__name__))

    @cached_property
    def responses(self) -> Responses:
        """Methods that create, stream, retrieve and otherwise handle responses."""
        from .resources.responses import Responses

        return Responses(self._core)

    @cached_property
    def conversations(self) -> ConversationsOperations:
        """Methods for conversations, which the server stores, and their items."""
        from .resources._conversations import ConversationsOperations

        return ConversationsOperations(self._core)

    @cached_property
    def files(self) -> Files:
        """Methods for files that the server stores: upload, list, download, delete."""
        from .resources.files import Files

        return Files(self._core)

    @cached_property
    def vector_stores(self) -> VectorStores:
        """Methods for vector stores, which models and programs search, and the files in them."""
        from .resources.vector_stores import VectorStores

        return VectorStores(self._core)

    @cached_property
    def containers(self) -> Containers:
        """Methods for containers, in which models run code, and the files in them."""
        from .resources.containers import Containers

        return Containers(self._core)

    @cached_property
    def batches(self) -> Batches:
        """Methods for batches: files of requests that the server answers within a day."""
        from .resources.batches import Batches

        return Batches(self._core)

    @cached_property
    def webhooks(self) -> Webhooks:
        """Methods that verify and read webhooks, and manage their endpoints."""
        from .resources.webhooks import Webhooks

        return Webhooks(self._core)

    @overload
    def request(
        self,
        method: str,
        path: str,
        *,
        json: object = ...,
        content: str | bytes | None = ...,
        query: Mapping[str, QueryValue] | None = ...,
        **options: Unpack[RequestOptions],
    ) -> dict[str, Any]: ...

    @overload
    def request(
        self,
        method: str,
        path: str,
        *,
        json: object = ...,
        content: str | bytes | None = ...,
        query: Mapping[str, QueryValue] | None = ...,
        cast_to: None,
        **options: Unpack[RequestOptions],
    ) -> None: ...

    @overload
    def request(
        self,
        method: str,
        path: str,
        *,
        json: object = ...,
        content: str | bytes | None = ...,
        query: Mapping[str, QueryValue] | None = ...,
        cast_to: type[_T] | TypeAdapter[_T],
        **options: Unpack[RequestOptions],
    ) -> _T: ...

    @overload
    def request(
        self,
        method: str,
        path: str,
        *,
        json: object = ...,
        content: str | bytes | None = ...,
        query: Mapping[str, QueryValue] | None = ...,
        cast_to: TypeForm[_T],
        **options: Unpack[RequestOptions],
    ) -> _T: ...

    def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: str | bytes | None = None,
        query: Mapping[str, QueryValue] | None = None,
        cast_to: Any = dict,
        **options: Unpack[RequestOptions],
    ) -> Any:
        """Call an endpoint that has no method here, such as embeddings or models.

            models = client.request("GET", "models")
            print([model["id"] for model in models["data"]])

        It is a call like all others: with the key, retries, deadlines, errors, hooks and telemetry of the client.

        Args:
            method: The HTTP method.
            path: The path under `base_url`, such as "files/file_1"; it may have a query.
            json: The body as JSON data; models and pydantic objects in it are written as JSON.
            content: The body as bytes or text, in place of `json`. Name its media type in `extra_headers`.
            query: The parameters of the query.
            cast_to: The type of the result: `dict` (by default) or `list` for JSON data, empty if the answer to a
                HEAD, or of the status 204 or 205, has no body; `str` or `bytes` for the body; `RawAnswer` for the
                body with its headers; None to ignore the body; a model of this package, or a type that a pydantic
                `TypeAdapter` accepts.
            options: The fields of `RequestOptions`.

        Returns:
            Any: The answer as the type that `cast_to` names.

        Raises:
            RequestValidationError: An argument is not valid; nothing was sent.
            APIError: No answer, an error or an invalid answer; see `responses_client.errors`.
        """
        from ._calls.any_request import AnyRequest

        given = AnyRequest(method, path, json, content, query)
        del path, json, content, query  # which the frame of an error would show; the repr of `given` does not
        return self._core.request(given, cast_to, options)

    def with_options(self, **changes: Unpack[Options]) -> Self:
        """Return a client of the same class with some options changed; it uses the same connections.

        `default_headers` and `default_query` are added to the existing ones, and None clears them. Closing the
        returned client leaves the connections open; closing this one closes both.

        Raises:
            ConfigurationError: An option has a value that cannot work.
        """
        with HiddenFrames(changes):
            settings = require_sync_hooks(self._core.settings.replace(**changes))
        return self._with_settings(settings)

    def warm_up(self) -> None:
        """Load modules, certificates, and the classes of requests and events, so that the first call need not.

        This takes 0.2 to 0.4 s of CPU in a new process, and next to nothing later. It sends nothing, and calls no
        function for a key. Servers that fork workers call it before they fork, so that each worker has the modules.
        """
        self._core.warm_up(lambda: self.responses)

    def close(self) -> None:
        """Close the connections; a client passed as `http_client` stays open.

        Calls that other threads are in end with an error.
        """
        run(self._core.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


@public
class AsyncClient(BaseClient[AsyncCore]):
    """A client for asyncio and trio; see `Client`.

        async with AsyncClient() as client:
            response = await client.responses.create(model="gpt-5.4", input="Say hello.")
            print(response.output_text)

    Without an `http_client`, each event loop has connections of its own, so one client works in several
    `asyncio.run`.

    Args:
        http_client: An `httpx.AsyncClient`, an `httpx2.AsyncClient` or an `aiohttp.ClientSession` to send with. It is
            not closed by this client.
        transport: The library to send with where no `http_client` is given: "httpx", the default, or "aiohttp", which
            takes about half the CPU an event and works on asyncio only (extra `aiohttp`).
        options: The fields of `AsyncOptions`: those of `Options`. `api_key` and hooks may be async functions.

    Raises:
        ConfigurationError: An option, or an environment variable, is not valid.
    """

    def __init__(
        self,
        *,
        http_client: httpx.AsyncClient | AiohttpSession | None = None,
        transport: Literal["httpx", "aiohttp"] = "httpx",
        **options: Unpack[AsyncOptions],
    ) -> None:
        with HiddenFrames(options):
            settings = make_settings(http_client, options)
        from ._transport.drivers import async_driver  # here, because `Client` does without it

        super().__init__(AsyncCore(async_driver(http_client, transport), settings, type(self).__name__))

    @cached_property
    def responses(self) -> AsyncResponses:
        """Methods that create, stream, retrieve and otherwise handle responses."""
        from .resources.async_responses import AsyncResponses

        return AsyncResponses(self._core)

    @cached_property
    def conversations(self) -> AsyncConversationsOperations:
        """Methods for conversations, which the server stores, and their items."""
        from .resources._conversations import AsyncConversationsOperations

        return AsyncConversationsOperations(self._core)

    @cached_property
    def files(self) -> AsyncFiles:
        """Methods for files that the server stores: upload, list, download, delete."""
        from .resources.files import AsyncFiles

        return AsyncFiles(self._core)

    @cached_property
    def vector_stores(self) -> AsyncVectorStores:
        """Methods for vector stores, which models and programs search, and the files in them."""
        from .resources.vector_stores import AsyncVectorStores

        return AsyncVectorStores(self._core)

    @cached_property
    def containers(self) -> AsyncContainers:
        """Methods for containers, in which models run code, and the files in them."""
        from .resources.containers import AsyncContainers

        return AsyncContainers(self._core)

    @cached_property
    def batches(self) -> AsyncBatches:
        """Methods for batches: files of requests that the server answers within a day."""
        from .resources.batches import AsyncBatches

        return AsyncBatches(self._core)

    @cached_property
    def webhooks(self) -> AsyncWebhooks:
        """Methods that verify and read webhooks, and manage their endpoints."""
        from .resources.webhooks import AsyncWebhooks

        return AsyncWebhooks(self._core)

    @overload
    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = ...,
        content: str | bytes | None = ...,
        query: Mapping[str, QueryValue] | None = ...,
        **options: Unpack[RequestOptions],
    ) -> dict[str, Any]: ...

    @overload
    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = ...,
        content: str | bytes | None = ...,
        query: Mapping[str, QueryValue] | None = ...,
        cast_to: None,
        **options: Unpack[RequestOptions],
    ) -> None: ...

    @overload
    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = ...,
        content: str | bytes | None = ...,
        query: Mapping[str, QueryValue] | None = ...,
        cast_to: type[_T] | TypeAdapter[_T],
        **options: Unpack[RequestOptions],
    ) -> _T: ...

    @overload
    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = ...,
        content: str | bytes | None = ...,
        query: Mapping[str, QueryValue] | None = ...,
        cast_to: TypeForm[_T],
        **options: Unpack[RequestOptions],
    ) -> _T: ...

    async def request(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: str | bytes | None = None,
        query: Mapping[str, QueryValue] | None = None,
        cast_to: Any = dict,
        **options: Unpack[RequestOptions],
    ) -> Any:
        """Call an endpoint that has no method here; see `Client.request`."""
        from ._calls.any_request import AnyRequest

        given = AnyRequest(method, path, json, content, query)
        del path, json, content, query  # see `Client.request`
        return await self._core.request(given, cast_to, options)

    def with_options(self, **changes: Unpack[AsyncOptions]) -> Self:
        """Return a client with some options changed; see `Client.with_options`."""
        with HiddenFrames(changes):
            settings = self._core.settings.replace(**changes)
        return self._with_settings(settings)

    async def warm_up(self) -> None:
        """Load modules, certificates and the classes of events in a thread, so that the first call need not.

        Without this, the first call holds the event loop for the 0.2 to 0.4 s of CPU that it takes. A server calls it
        as it starts, before it takes requests:

            async with AsyncClient() as client:
                await client.warm_up()

        It sends nothing, and calls no function for a key. Later calls take next to no time.
        """
        await self._core.warm_up(lambda: self.responses)

    async def aclose(self) -> None:
        """Close the connections; a client passed as `http_client` stays open.

        Calls that other tasks are in end with an error. Other event loops that run are asked to close theirs.
        `close` is an alias.
        """
        await self._core.close()

    close = aclose

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self.aclose()
