"""The official clients with `responses`, `conversations` and `webhooks` going through this package; extra `openai`.

    from responses_client.openai import OpenAI

    client = OpenAI()  # for programs and frameworks that take an `openai.OpenAI`

Objects, streams and errors are those of the official package; an error has the one of this package as its
`__cause__`. Everything else of the official client stays as it is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import cached_property
from typing import TYPE_CHECKING, Any, cast

from ._base.public import public
from ._client import AsyncClient, Client
from ._official import openai, webhooks
from ._official.clients import check_client, official_options, own_key_of, routed, verify
from ._official.http_clients import AsyncRoutedClient, RoutedClient

if TYPE_CHECKING:
    import httpx2
    from openai._types import HeadersLike

__all__ = ["AsyncOpenAI", "OpenAI"]


class _Webhooks(webhooks.Webhooks):
    def verify_signature(self, payload: str | bytes, headers: HeadersLike, **options: Any) -> None:
        official = cast("OpenAI", self._client)
        verify(official.responses_client, official.webhook_secret, payload, headers, options)


class _AsyncWebhooks(webhooks.AsyncWebhooks):
    def verify_signature(self, payload: str | bytes, headers: HeadersLike, **options: Any) -> None:
        official = cast("AsyncOpenAI", self._client)
        verify(official.responses_client, official.webhook_secret, payload, headers, options)


@public
class OpenAI(openai.OpenAI):
    """An `openai.OpenAI` that sends its requests to `responses`, `conversations` and `webhooks` by a `Client`.

        from responses_client import Client
        from responses_client.openai import OpenAI

        official = OpenAI(client=Client(deadline=120))
        response = official.responses.create(model="gpt-5.4", input="Say hello.")  # an official object

    Arguments are sent as the official package makes them, without the checks of `Client`. The errors are official, too,
    each with the one of this package as its `__cause__`.

    Args:
        client: The client that sends, with its key, address, hooks, limits and transport; this one does not close it.
            By default, one is made of the other arguments.
        api_key: The key, or a function that returns one; by default that of `client`, else the variable
            OPENAI_API_KEY.
        base_url: The address of the API; by default that of `client`, else the variable OPENAI_BASE_URL.
        timeout: Seconds that each wait for the network may take, or a timeout of httpx; None sets no limit. By default
            that of `client`, else 600.
        max_retries: Number of retries of a failed request; by default that of `client`, else 2.
        http_client: An HTTP client to send with, of the library that the official package uses.
        official: The other arguments of `openai.OpenAI`.

    Raises:
        ConfigurationError: `client` is not a `Client`.
        openai.OpenAIError: There is no key, or an argument is not valid.
    """

    def __init__(
        self,
        *,
        client: Client | None = None,
        api_key: str | Callable[[], str] | None = None,
        base_url: str | httpx2.URL | openai.NotGiven | None = openai.NOT_GIVEN,
        timeout: float | httpx2.Timeout | openai.NotGiven | None = openai.NOT_GIVEN,
        max_retries: int | openai.NotGiven = openai.NOT_GIVEN,
        http_client: httpx2.Client | None = None,
        **official: Any,
    ) -> None:
        check_client(client, Client)
        own_key = own_key_of(client, api_key)
        self._routed = RoutedClient.over(http_client, client, own_key)
        options = {"base_url": base_url, "timeout": timeout, "max_retries": max_retries, **official}
        super().__init__(
            api_key=api_key if own_key is None else own_key,
            http_client=self._routed,
            **official_options(client, options),
        )

    @property
    def responses_client(self) -> Client:
        """The client of this package that sends, at the address of this one and without checks of arguments."""
        return self._routed.clients.at(str(self.base_url))

    if not TYPE_CHECKING:  # the signatures are those of the official package

        @cached_property
        def webhooks(self):
            """The methods of the official package; this one verifies signatures."""
            return _Webhooks(self)

        def copy(self, *, http_client=None, **changes):
            """Return a copy with other options, which shares the connections unless it gets an HTTP client."""
            if http_client is not None:
                clients = self._routed.clients
                changes["http_client"] = self._routed.over(http_client, clients.given, clients.own_key)
            return super().copy(**changes)

        with_options = copy

        def request(self, cast_to, options, **stream):
            """Send any request; see the official package."""
            with routed(self, options):
                return super().request(cast_to, options, **stream)


@public
class AsyncOpenAI(openai.AsyncOpenAI):
    """An `openai.AsyncOpenAI` that sends its requests to these resources by an `AsyncClient`; see `OpenAI`."""

    def __init__(
        self,
        *,
        client: AsyncClient | None = None,
        api_key: str | Callable[[], Awaitable[str]] | None = None,
        base_url: str | httpx2.URL | openai.NotGiven | None = openai.NOT_GIVEN,
        timeout: float | httpx2.Timeout | openai.NotGiven | None = openai.NOT_GIVEN,
        max_retries: int | openai.NotGiven = openai.NOT_GIVEN,
        http_client: httpx2.AsyncClient | None = None,
        **official: Any,
    ) -> None:
        check_client(client, AsyncClient)
        own_key = own_key_of(client, api_key)
        self._routed = AsyncRoutedClient.over(http_client, client, own_key)
        options = {"base_url": base_url, "timeout": timeout, "max_retries": max_retries, **official}
        super().__init__(
            api_key=api_key if own_key is None else own_key,
            http_client=self._routed,
            **official_options(client, options),
        )

    @property
    def responses_client(self) -> AsyncClient:
        """The client of this package that sends, at the address of this one and without checks of arguments."""
        return self._routed.clients.at(str(self.base_url))

    if not TYPE_CHECKING:  # the signatures are those of the official package

        @cached_property
        def webhooks(self):
            """The methods of the official package; this one verifies signatures."""
            return _AsyncWebhooks(self)

        def copy(self, *, http_client=None, **changes):
            """Return a copy with other options, which shares the connections unless it gets an HTTP client."""
            if http_client is not None:
                clients = self._routed.clients
                changes["http_client"] = self._routed.over(http_client, clients.given, clients.own_key)
            return super().copy(**changes)

        with_options = copy

        async def request(self, cast_to, options, **stream):
            """Send any request; see the official package."""
            with routed(self, options):
                return await super().request(cast_to, options, **stream)
