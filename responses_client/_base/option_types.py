"""The types of single options, and their names; a client loads them at its start, without the types of whole sets."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from typing import Never, Protocol, TypeAlias, runtime_checkable

__all__ = ["OPTIONS", "AiohttpSession", "HttpAuth", "QueryScalar", "QueryValue", "TimeoutLike", "UrlLike"]

OPTIONS = frozenset(
    {
        "extra_headers",
        "extra_query",
        "extra_body",
        "timeout",
        "deadline",
        "max_retries",
        "idempotency_key",
    }
)
"""The names of the options that every method takes beside its arguments: the keys of `RequestOptions`."""

QueryScalar: TypeAlias = str | int | float | bool

QueryValue: TypeAlias = (
    QueryScalar | Sequence[QueryScalar] | Mapping[str, QueryScalar | Sequence[QueryScalar] | None] | None
)
"""A query parameter: one value, a list (`name[]=`), a mapping (`name[key]=`), or None to leave the parameter out."""


@runtime_checkable
class TimeoutLike(Protocol):
    """Four timeouts in seconds, such as an `httpx.Timeout`; None sets no limit."""

    @property
    def connect(self) -> float | None:
        """The limit for opening a connection."""
        ...

    @property
    def read(self) -> float | None:
        """The limit for each piece of the answer."""
        ...

    @property
    def write(self) -> float | None:
        """The limit for each piece of the request."""
        ...

    @property
    def pool(self) -> float | None:
        """The limit for getting a free connection of the pool."""
        ...


@runtime_checkable
class AiohttpSession(Protocol):
    """An `aiohttp.ClientSession`, by the members that no client of httpx has."""

    @property
    def closed(self) -> bool:
        """Whether it is closed."""
        ...

    @property
    def connector(self) -> object:
        """The connections."""
        ...

    @property
    def cookie_jar(self) -> object:
        """The cookies."""
        ...


@runtime_checkable
class HttpAuth(Protocol):
    """An object that signs requests: an `httpx.Auth`, such as `httpx.BasicAuth`, or one of httpx2."""

    def sync_auth_flow(self, request: Never, /) -> Generator[object, Never, None]:
        """The flow for `Client`: a generator that yields requests and is sent their answers."""
        ...

    def async_auth_flow(self, request: Never, /) -> AsyncGenerator[object, Never]:
        """The flow for `AsyncClient`."""
        ...


@runtime_checkable
class UrlLike(Protocol):
    """An object whose string form is a URL, such as an `httpx.URL`, a `yarl.URL` or an `AnyUrl` of pydantic.

    The types of its attributes are open: type checkers see those of yarl as descriptors.
    """

    @property
    def scheme(self) -> object:
        """The scheme, such as `https`."""
        ...

    @property
    def host(self) -> object:
        """The host, such as `api.openai.com`."""
        ...
