"""HTTP clients for official clients: requests of these resources go to our client, all others to the one behind."""

from __future__ import annotations

from contextvars import ContextVar
from typing import Any, Generic, TypeVar

from .._base.validation import invalid_option
from .._client import AsyncClient, Client
from .._structured.cast import RawAnswer
from ..errors import ResponsesClientError
from . import openai
from .answers import failure, http, stream_answer, stream_answer_async, whole_answer
from .routes import Plan, Route, plan

__all__ = ["ROUTE", "AsyncRoutedClient", "RoutedClient"]

_C = TypeVar("_C", Client, AsyncClient)

ROUTE: ContextVar[Route | None] = ContextVar("responses_client_route", default=None)
"""The route of the request that is being sent; None for one that our client does not send."""


class Clients(Generic[_C]):
    """One client of ours, and copies of it for the addresses that official clients and their copies have.

    Attributes:
        ours: The client.
        given: The same if the user made it, and closes it; else None.
        own_key: The key that the official client was given because our client signs requests; None if the user gave
            the official client a key.
    """

    def __init__(self, ours: _C, *, is_given: bool, own_key: str | None) -> None:
        self.ours: _C = ours
        self.given: _C | None = ours if is_given else None
        self.own_key: str | None = own_key
        self._by_address: dict[str, _C] = {}

    def at(self, base_url: str) -> _C:
        """Return the client for an address. It sends arguments unchecked, as the official package does."""
        found = self._by_address.get(base_url)
        if found is None:
            found = self.ours.with_options(base_url=base_url, validate_requests=False)
            self._by_address[base_url] = found
        return found


class _Unused(http.BaseTransport, http.AsyncBaseTransport):
    """The transport of an HTTP client that hands all requests to others."""


class RoutedClient(http.Client):
    """An HTTP client for an official client.

    Args:
        behind: The HTTP client for requests that are not ours.
        ours: Our client.
        is_given: Whether the user made our client, and closes it.
        own_key: The key that the official client was given because our client signs requests.
    """

    def __init__(self, behind: http.Client, ours: Client, *, is_given: bool, own_key: str | None) -> None:
        super().__init__(transport=_Unused(), trust_env=False, timeout=behind.timeout)
        self.behind: http.Client = behind
        self.clients: Clients[Client] = Clients(ours, is_given=is_given, own_key=own_key)

    @classmethod
    def over(cls, behind: Any, client: Client | None, own_key: str | None) -> RoutedClient:
        """Return one over an HTTP client, by default one of the official package, which our client also uses.

        `behind` is one of httpx or of httpx2, which are the same to our client, but not to type checkers.

        Raises:
            ConfigurationError: It is of the library that the official package does not use.
        """
        if isinstance(behind, RoutedClient):  # that of the official client of which this will be a copy
            return behind
        _check(behind, http.Client)
        ours = Client(http_client=behind) if client is None else client
        other = openai.DefaultHttpxClient() if behind is None else behind
        return cls(other, ours, is_given=client is not None, own_key=own_key)

    def build_request(self, *args: Any, **options: Any) -> http.Request:
        """Return a request with the headers, cookies and parameters of the HTTP client behind."""
        return self.behind.build_request(*args, **options)

    def send(self, request: http.Request, **options: Any) -> http.Response:
        """Send a request by our client if it has a route, else by the HTTP client behind."""
        route = ROUTE.get()
        if route is None:
            return self.behind.send(request, **options)
        request.read()
        wanted = plan_of(request, route, self.clients.own_key)
        try:
            client = self.clients.at(route.base_url)
            if wanted.is_stream:
                return stream_answer(request, _call(client, wanted, stream=True))
            return whole_answer(request, _call(client, wanted))
        except ResponsesClientError as error:
            return failure(request, error)

    @property
    def is_closed(self) -> bool:
        """Whether the HTTP client behind is closed."""
        return self.behind.is_closed

    def close(self) -> None:
        """Close the HTTP client behind, and our client unless the user made it."""
        self.behind.close()
        if self.clients.given is None:
            self.clients.ours.close()


class AsyncRoutedClient(http.AsyncClient):
    """An async HTTP client for an official client; see `RoutedClient`."""

    def __init__(
        self, behind: http.AsyncClient, ours: AsyncClient, *, is_given: bool, own_key: str | None
    ) -> None:
        super().__init__(transport=_Unused(), trust_env=False, timeout=behind.timeout)
        self.behind: http.AsyncClient = behind
        self.clients: Clients[AsyncClient] = Clients(ours, is_given=is_given, own_key=own_key)

    @classmethod
    def over(cls, behind: Any, client: AsyncClient | None, own_key: str | None) -> AsyncRoutedClient:
        """Return one over an HTTP client; see `RoutedClient.over`."""
        if isinstance(behind, AsyncRoutedClient):
            return behind
        _check(behind, http.AsyncClient)
        ours = AsyncClient(http_client=behind) if client is None else client
        other = openai.DefaultAsyncHttpxClient() if behind is None else behind
        return cls(other, ours, is_given=client is not None, own_key=own_key)

    def build_request(self, *args: Any, **options: Any) -> http.Request:
        """Return a request; see `RoutedClient.build_request`."""
        return self.behind.build_request(*args, **options)

    async def send(self, request: http.Request, **options: Any) -> http.Response:
        """Send a request; see `RoutedClient.send`."""
        route = ROUTE.get()
        if route is None:
            return await self.behind.send(request, **options)
        await request.aread()
        wanted = plan_of(request, route, self.clients.own_key)
        try:
            client = self.clients.at(route.base_url)
            if wanted.is_stream:
                return stream_answer_async(request, await _call(client, wanted, stream=True))
            return whole_answer(request, await _call(client, wanted))
        except ResponsesClientError as error:
            return failure(request, error)

    @property
    def is_closed(self) -> bool:
        """Whether the HTTP client behind is closed."""
        return self.behind.is_closed

    async def aclose(self) -> None:
        """Close the HTTP client behind, and our client unless the user made it."""
        await self.behind.aclose()
        if self.clients.given is None:
            await self.clients.ours.aclose()


def _check(behind: object, kind: type[http.Client] | type[http.AsyncClient]) -> None:
    if behind is not None and not isinstance(behind, kind):
        expected = f"an {http.__name__}.{kind.__name__} (the official package uses {http.__name__})"
        raise invalid_option("http_client", expected, behind)


def plan_of(request: http.Request, route: Route, own_key: str | None) -> Plan:
    """Return a request of an official client as a call of ours."""
    timeout = request.extensions.get("timeout", {})
    url = str(request.url)
    return plan(route, request.method, url, request.headers, request.content, timeout, own_key=own_key)


def _call(client: Any, wanted: Plan, **stream: bool) -> Any:
    """Call a method of our client, which may be an async one."""
    if wanted.call == "create":
        return client.responses.create(extra_body=wanted.body, **stream, **wanted.options)
    if wanted.call == "retrieve":
        return client.responses.retrieve(wanted.path, **stream, **wanted.options)
    return client.request(
        wanted.method, wanted.path, content=wanted.body, cast_to=RawAnswer, **wanted.options
    )
