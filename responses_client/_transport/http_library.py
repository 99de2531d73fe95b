"""The HTTP library behind the drivers, httpx or httpx2: its requests, its exceptions, its TLS context."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from http.cookiejar import CookieJar
from sys import modules
from typing import TYPE_CHECKING, Any, Literal, NoReturn, TypeVar

import httpx

from .._base import forks
from .._base.clock import Deadline
from .._base.error_frames import without_frames
from .._base.messages import MAX_BODY_CHARS, one_line
from .._base.overrides import override
from ..errors import ConfigurationError
from .environment import tls_context
from .protocols import IO, Timeouts, TransportError, WireRequest

if TYPE_CHECKING:
    import ssl

    from .upload_bodies import InThread

__all__ = [
    "CLOSED",
    "CLOSE_SECONDS",
    "DRAIN_SECONDS",
    "HTTP2",
    "MAX_CONNECTIONS",
    "MAX_DRAIN_PIECES",
    "TIMED_OUT",
    "GivenClient",
    "HttpLibrary",
    "httpx_proxy",
    "make_client",
    "package_of",
    "refuse_if_closed",
    "with_environment",
]

T = TypeVar("T")

# Far above the 100 connections of httpx: a program with many streams would wait for the pool without knowing why.
MAX_CONNECTIONS = 1000
_LIMITS = httpx.Limits(max_connections=MAX_CONNECTIONS, max_keepalive_connections=100)

# Reading the little that follows the last event saves a new connection, but the server may also hold it back.
DRAIN_SECONDS = 0.05
MAX_DRAIN_PIECES = 16
CLOSE_SECONDS = 1.0
HTTP2 = "HTTP/2"  # as httpx names the version
TIMED_OUT = "the time for it was up"
CLOSED = "the client was closed"


class _NoCookies(CookieJar):
    """A jar that keeps no cookies, without the look at each answer that a policy would take."""

    @override
    def extract_cookies(self, response: object, request: object) -> None:
        pass


class _Countdown(Mapping[str, float | None]):
    """Timeouts for httpx that shrink as the deadline comes nearer: httpcore looks them up before each wait."""

    def __init__(self, timeouts: Timeouts, deadline: Deadline) -> None:
        self._timeouts = timeouts
        self._deadline = deadline

    def __getitem__(self, wait: str) -> float | None:
        remaining = self._deadline.remaining()
        timeouts = self._timeouts if remaining is None else self._timeouts.capped(remaining)
        found: dict[str, float | None] = timeouts._asdict()
        return found[wait]

    def __iter__(self) -> Iterator[str]:
        return iter(Timeouts._fields)

    def __len__(self) -> int:
        return len(Timeouts._fields)


def package_of(client: object, kind: Literal["Client", "AsyncClient"]) -> Any:
    """Return the package of the user's client, httpx or httpx2; the client raises its exceptions.

    Raises:
        ConfigurationError: The client is of another package, or is not of this kind.
    """
    for cls in type(client).__mro__:
        package = modules.get(cls.__module__.partition(".")[0])
        if hasattr(package, "TransportError") and isinstance(client, getattr(package, kind)):
            return package
    name = f"{type(client).__module__.partition('.')[0]}.{type(client).__qualname__}"
    kinds = [f"httpx.{kind}", f"httpx2.{kind}", *(["aiohttp.ClientSession"] if kind == "AsyncClient" else [])]
    raise ConfigurationError(
        f"http_client must be an {', '.join(kinds[:-1])} or {kinds[-1]} here, got a {name}"
    )


class HttpLibrary:
    """An HTTP library, httpx or httpx2: makes its requests, and as a context turns its exceptions into `TransportError`."""

    def __init__(self, package: Any) -> None:
        self._package = package
        self._no_stream = package.ByteStream(b"")
        self._last_url: tuple[str, Any] = ("", None)

    def is_failure(self, error: BaseException) -> bool:
        """Whether an exception becomes a `TransportError`."""
        from .failures import is_of_reader, library_exceptions

        return isinstance(error, library_exceptions(self._package)) or is_of_reader(error)

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: object) -> None:
        if error is not None and self.is_failure(error):
            # No variable may hold the failure, as its traceback holds this frame. It has its cause.
            raise self.failure(error)
        if isinstance(error, UnicodeError):  # the `idna` codec of `socket` does not take the host
            raise _bad_url(error) from without_frames(error)

    def failure(self, error: BaseException) -> TransportError:
        """Return an exception of the library as a failure, with its cause."""
        from .failures import to_failure

        return to_failure(error, self._package)

    def fail(self, error: BaseException, ended: TransportError | None) -> NoReturn:
        """Raise the failure that an exception of the library is, or the one that tells why; with the cause of the first."""
        failure = self.failure(error)
        try:
            raise (ended or failure) from failure.__cause__
        finally:
            del failure, ended  # their traceback holds this frame

    def free(self, response: Any) -> None:
        """Have a response that was closed freed with its last reference, and the request with it.

        Its stream holds it, so that the garbage collector would have to free the two.
        """
        response.stream = self._no_stream

    def name_proxy(self, failure: TransportError, client: Any, request: Any) -> None:
        """Name the proxy that the client uses for a request, if there is one, in a failure to send it."""
        from .failures import name_proxy, proxy_secrets, proxy_url

        url = request.url
        name_proxy(failure, proxy_url(client, url), url, proxy_secrets(client, url))

    def auth(self, request: WireRequest) -> Any:
        """Return the `auth` argument for the library's `send`: an object of its own class, or its default.

        The library checks the class, so an auth object of another library (or none) lends its methods to a new one.
        """
        if request.is_foreign:
            return None
        if request.auth is None:
            return self._package.USE_CLIENT_DEFAULT
        auth = self._package.Auth()
        auth.sync_auth_flow = request.auth.sync_auth_flow
        auth.async_auth_flow = request.auth.async_auth_flow
        return auth

    def build(
        self,
        client: Any,
        request: WireRequest,
        deadline: Deadline,
        *,
        is_given: bool = False,
        in_thread: InThread | None = None,
    ) -> Any:
        """Return the library's request.

        Args:
            client: The library's client.
            request: The request.
            deadline: The end of its time.
            is_given: Whether the client is that of the user.
            in_thread: Calls what reads an upload; None for a client that blocks.

        Raises:
            ConfigurationError: The URL, or a cookie of the client, cannot be sent.
        """
        timeouts = request.timeouts
        waits: Any = timeouts._asdict() if deadline.at is None else _Countdown(timeouts, deadline)
        if is_given:
            waits = _with_turns(client, waits)
        content: object = request.content
        if request.upload is not None:
            from .upload_bodies import stream_of  # here, because few requests have files

            content = stream_of(request.upload, in_thread, self._package)
        built: Any = None
        problem: ConfigurationError | None = None
        try:
            built = client.build_request(
                request.method,
                self._url(request.url),
                headers=_encoded(request.headers),
                content=content,
                extensions={"timeout": waits},
            )
        except (self._package.InvalidURL, UnicodeError) as error:
            problem = _request_problem(client, error)
        if problem is not None:  # not raised above, as its context would have the headers in its frames
            raise problem
        if request.upload is not None:
            built.stream = content  # in place of a generator around it
        # The client has added its own defaults; None removes them, too.
        for name in [name for name, value in request.headers.items() if value is None]:
            built.headers.pop(name, None)
        if request.is_foreign:
            ours = {"host", "connection", *map(str.lower, request.headers)}
            for name in [name for name in built.headers if name not in ours]:
                del built.headers[name]
        return built

    def _url(self, text: str) -> Any:
        """Return a URL as the library's class: the last one again, since to take it apart costs more than to check it."""
        last, url = self._last_url
        if text != last:
            url = self._package.URL(text)
            self._last_url = (text, url)
        return url


def _with_turns(client: Any, waits: Any) -> Any:
    """Return time limits that hold for the wait for an HTTP/2 stream, too."""
    if not any(
        getattr(getattr(transport, "_pool", None), "_http2", False)
        for transport in (client._transport, *client._mounts.values())
    ):
        return waits
    from .http2 import connections_of  # here, because few clients speak HTTP/2
    from .stream_limits import bounded_turns

    return bounded_turns(waits, partial(connections_of, client))


def _encoded(headers: Mapping[str, str | None]) -> list[tuple[bytes, bytes]]:
    """Return headers as bytes, because the library takes only ASCII in strings.

    HTTP has long allowed Latin-1 (RFC 9110, 5.5).
    """
    return [(k.encode("ascii"), v.encode("latin-1")) for k, v in headers.items() if v is not None]


class GivenClient:
    """The HTTP client of the user, which serves the process that used it first."""

    def __init__(self, client: Any) -> None:
        self._client = client
        self._process: int | None = None

    def here(self) -> Any:
        """Return the client.

        Raises:
            ConfigurationError: The process was forked after the client had been used.
        """
        if self._process is None:
            self._process = forks.generation
        elif self._process != forks.generation:
            raise ConfigurationError(
                "http_client was used before this process was forked, and its connections belong to the parent "
                "process; make an http_client and a client of this package in each process"
            )
        return self._client


def _request_problem(client: Any, error: Exception) -> ConfigurationError:
    """Return the error for a request that the library cannot make, with its cause."""
    if isinstance(error, UnicodeError) and not all(str(one.value).isascii() for one in client.cookies.jar):
        # Without the cause, which has the cookies as an attribute.
        text = "http_client keeps a cookie with characters beyond ASCII, which it cannot send"
        return ConfigurationError(f"{text}; clear its cookies, or make one that keeps none")
    problem = _bad_url(error)
    problem.__cause__ = without_frames(error)
    return problem


def _bad_url(error: Exception) -> ConfigurationError:
    problem = one_line(str(error), MAX_BODY_CHARS)
    return ConfigurationError(
        f"The URL of the request is invalid: {problem}; check base_url, and the address of the proxy if there is one"
    )


def refuse_if_closed(io: IO) -> None:
    """Raise `RuntimeError` if the client was closed after the call was prepared, or between two attempts."""
    if io.is_closed:
        raise RuntimeError("The client was closed; make a new one.")


def make_client(kind: Any, scheme: str, proxy: str | None) -> Any:
    """Return a client of ours for URLs of a scheme, with the proxy and the certificates that the environment sets.

    It keeps no cookies: clients with other keys, or for other users, share it.

    Raises:
        ConfigurationError: A setting of the environment cannot work.
    """

    def make() -> Any:
        context = tls_context(scheme, proxy)
        # httpx reads the environment itself, NO_PROXY included, unless `trust_env` is False.
        return kind(
            verify=context,
            limits=_LIMITS,
            trust_env=False,
            proxy=None if proxy is None else httpx_proxy(proxy, context),
            cookies=_NoCookies(),
        )

    return with_environment(make)


def with_environment(make: Callable[[], T]) -> T:
    """Return the result of a function that uses proxies and certificates of the environment.

    Raises:
        ConfigurationError: A setting of the environment cannot work.
    """
    cause: BaseException | None
    try:
        return make()
    except httpx.InvalidURL:  # its message may quote a part of the password
        problem, cause = "the address of a proxy is not a URL", None
    except (ImportError, OSError, ValueError) as error:
        problem, cause = one_line(str(error), MAX_BODY_CHARS), without_frames(error)
    raise ConfigurationError(
        f"The proxy or TLS settings of the environment cannot work: {problem}; correct them or pass http_client"
    ) from cause


def httpx_proxy(url: str, context: ssl.SSLContext) -> httpx.Proxy:
    """Return a proxy by its URL.

    Raises:
        httpx.InvalidURL: It is not a URL.
        ValueError: It is of another scheme.
    """
    return httpx.Proxy(url, ssl_context=context if url.startswith("https:") else None)
