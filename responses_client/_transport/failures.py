"""The failures of HTTP libraries and of the layers below: their kind, their reason, and the advice for each."""

# httpx has a class for each kind of failure, but not all that goes wrong arrives in it:
#
#     aiohttp, below httpx    `httpx-aiohttp` calls a connection that is refused, or cut off, a timeout, and passes on
#                             an answer that is not HTTP as aiohttp raises it; so the exception below decides
#     h11, h2, socksio        some exceptions pass through httpcore as they are
#     ssl                     a certificate that is refused is a `ConnectError` like any other, but no retry helps
#     proxies                 one class for "not you" and for "no way to that server"
#
# Loaded by the first failure of a process.

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from sys import modules
from typing import Any

from .._base.error_frames import without_frames
from .._base.messages import MAX_BODY_CHARS, one_line
from .._base.redaction import secret_values
from .._base.retry import FailureKind
from .protocols import TransportError

__all__ = ["is_of_reader", "library_exceptions", "name_proxy", "proxy_secrets", "proxy_url", "to_failure"]

_LIBRARIES = frozenset({"aiohttp", "anyio", "httpcore", "httpcore2", "httpx", "httpx2", "trio"})
# Bases of the exceptions that may pass through httpx as they are, if their modules are loaded.
_BASES_BELOW = (
    ("aiohttp", "ClientError"),
    ("h11", "ProtocolError"),
    ("h2.exceptions", "H2Error"),
    ("socksio", "ProtocolError"),
)

# Libraries that read bytes of a server, and the exceptions of Python that unexpected bytes raise in them.
_READERS = frozenset({"h11", "h2", "hpack", "httpcore", "httpcore2", "hyperframe", "socksio"})
_SURPRISES = (AssertionError, AttributeError, LookupError, OverflowError, TypeError, ValueError)

_ADDRESS = re.compile(r" at 0x[0-9a-fA-F]+")  # in memory, in the repr of an object
_HTTP2_EVENT = re.compile(r"<(StreamReset|ConnectionTerminated) [^>]*\berror_code:(\d+)[^>]*>?")
# RFC 9113, 7.
_HTTP2_CODES = (
    *(
        "NO_ERROR",
        "PROTOCOL_ERROR",
        "INTERNAL_ERROR",
        "FLOW_CONTROL_ERROR",
        "SETTINGS_TIMEOUT",
        "STREAM_CLOSED",
    ),
    *(
        "FRAME_SIZE_ERROR",
        "REFUSED_STREAM",
        "CANCEL",
        "COMPRESSION_ERROR",
        "CONNECT_ERROR",
        "ENHANCE_YOUR_CALM",
    ),
    *("INADEQUATE_SECURITY", "HTTP_1_1_REQUIRED"),
)

# Codes of OpenSSL, x509_vfy.h.
_NOT_YET_VALID, _EXPIRED, _OTHER_HOST, _OTHER_ADDRESS = 9, 10, 62, 64
_CERTIFICATE_ADVICE = {
    _NOT_YET_VALID: "check the clock of this machine",
    _EXPIRED: "have it renewed, and check the clock of this machine",
    _OTHER_HOST: "correct the host in base_url",
    _OTHER_ADDRESS: "correct the host in base_url",
}
_UNTRUSTED_ADVICE = "set SSL_CERT_FILE to a file with the certificates to trust"

_URL = re.compile(r"( for| to host)?(^| )\S+://\S+")

_PROXY = "the proxy"
# Of a SOCKS proxy, in the words of httpcore: it wants another way to log in, or the log-in is wrong, or it has a rule.
_SOCKS_REFUSALS = ("from proxy server, but got", "username/password", "not allowed by ruleset")
# Of a proxy for CONNECT: it has no time now.
_PASSING_STATUSES = frozenset({408, 425, 429})


def library_exceptions(package: Any) -> tuple[type[Exception], ...]:
    """Return the exceptions that become a `TransportError`, of httpx or httpx2 and of the layers below."""
    import anyio  # here, because a sync client works without it

    return (
        package.RequestError,
        package.InvalidURL,  # of a redirect: the library reads its target even if it does not follow
        # Transports that are not the library's own let errors of sockets through as they are.
        OSError,
        anyio.BrokenResourceError,
        anyio.ClosedResourceError,
        anyio.EndOfStream,
        *(getattr(modules[module], name) for module, name in _BASES_BELOW if module in modules),
    )


def is_of_reader(error: BaseException) -> bool:
    """Whether a library raised an exception of Python over bytes of the server that it did not expect."""
    trace = error.__traceback__
    if trace is None or not isinstance(error, _SURPRISES):
        return False
    while trace.tb_next is not None:
        trace = trace.tb_next
    module: str = trace.tb_frame.f_globals.get("__name__", "")
    return module.partition(".")[0] in _READERS


def to_failure(error: BaseException, package: Any) -> TransportError:
    """Return the failure that an exception causes, one of `library_exceptions` or of a reader."""
    chain = list(_chain(error))
    failure = _read(error, chain, package)
    # Frames of libraries hold the request, and some of them the exception.
    failure.__cause__ = without_frames(next((x.__cause__ for x in chain if _has_secrets(x)), error))
    return failure


def _has_secrets(error: BaseException) -> bool:
    """Whether an exception shows headers of the request, its URL, or the password of a proxy, as some of aiohttp do."""
    aiohttp = modules.get("aiohttp")
    if aiohttp is None or not isinstance(error, aiohttp.ClientError):
        return False
    kinds = aiohttp.ClientResponseError, aiohttp.ClientConnectorError
    return isinstance(error, kinds) or "://" in str(error)


def _read(error: BaseException, chain: list[BaseException], package: Any) -> TransportError:
    certificate = next((link for link in chain if isinstance(link, ssl.SSLCertVerificationError)), None)
    if certificate is not None:
        # aiohttp's own error is of that class too, and has the one of `ssl` as an attribute.
        return _certificate_failure(getattr(certificate, "certificate_error", certificate))
    aiohttp = modules.get("aiohttp")
    below = None if aiohttp is None else next((x for x in chain if isinstance(x, aiohttp.ClientError)), None)
    if below is not None:
        return _aiohttp_failure(below, aiohttp)
    text = _message_of(chain)
    if isinstance(error, package.ProxyError):
        return _proxy_failure(text)
    kind: FailureKind = "network"
    if isinstance(error, package.TimeoutException):
        return TransportError("timeout", type(error).__name__)  # whose message depends on the event loop
    if isinstance(error, TimeoutError):
        kind = "timeout"
    elif isinstance(error, (package.ConnectError, ConnectionRefusedError)):
        kind = "connect"
    elif isinstance(error, package.DecodingError):
        kind = "decoding"
    elif isinstance(error, package.InvalidURL) or "in location header" in text:
        kind = "redirect"
    elif type(error).__module__.partition(".")[0] == "socksio":
        return TransportError("connect", f"{_PROXY} does not speak SOCKS5: {text}")
    return _failure(kind, error, text)


def name_proxy(failure: TransportError, found: Any, url: Any, secrets: tuple[str, ...]) -> None:
    """Name the proxy of a URL in a failure to send through it, which may quote secrets of the proxy."""
    if found is None:
        return
    failure.secrets = secrets
    host = found.host.decode("ascii", "replace") if isinstance(found.host, bytes) else found.host
    address = (
        f"{_PROXY} at {f'[{host}]' if ':' in host else host}{'' if found.port is None else f':{found.port}'}"
    )
    if failure.reason.startswith(_PROXY):
        failure.reason = address + failure.reason.removeprefix(_PROXY)
    else:
        failure.reason = f"{failure.reason} (through {address})"
    variables = f"{url.scheme.upper()}_PROXY or ALL_PROXY, or the proxy of http_client"
    if failure.outcome.kind == "proxy":
        failure.advice = f"correct {variables}"
    elif failure.outcome.kind == "connect":
        failure.advice = f"check the network, base_url and {variables}"


def proxy_url(client: Any, url: Any) -> Any:
    """Return the address of the proxy that a client uses for a URL: an object with `host` and `port`; None without."""
    transport = client._transport_for_url(url)
    pool = getattr(transport, "_pool", None)
    # Of httpcore, then of `httpx-aiohttp`.
    return getattr(pool, "_proxy_url", None) or getattr(getattr(transport, "proxy", None), "url", None)


def proxy_secrets(client: Any, url: Any) -> tuple[str, ...]:
    """Return the credentials for the proxy that a client uses for a URL, which the proxy may repeat."""
    transport = client._transport_for_url(url)
    pool = getattr(transport, "_pool", None)
    # Of httpcore for HTTP, then for SOCKS, then of `httpx-aiohttp`.
    headers: list[tuple[bytes, bytes]] = getattr(pool, "_proxy_headers", None) or []
    login = getattr(pool, "_proxy_auth", None) or getattr(getattr(transport, "proxy", None), "raw_auth", None)
    texts = {name.decode("latin-1"): value.decode("latin-1") for name, value in headers}
    password = [login[1].decode("latin-1")] if login else []
    return (*secret_values(texts), *password)


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    """Yield an exception and those that caused it, as far as libraries raised them, and the first one below."""
    # Not further: an exception that the caller handles right now is a context, too. And each once: httpcore raises the
    # error of an HTTP/2 connection in each of its requests, after which it may be its own cause.
    seen = set[int]()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        if type(error).__module__.partition(".")[0] not in _LIBRARIES:
            return
        error = error.__cause__ or error.__context__


def _message_of(chain: list[BaseException]) -> str:
    """Return the first message: on trio, some exceptions have none of their own.

    Not that of a cancellation, by which event loops carry out timeouts: it names an object in memory.
    """
    texts = (str(error) for error in chain if isinstance(error, Exception))
    text = one_line(next(filter(None, texts), ""), MAX_BODY_CHARS)
    return _ADDRESS.sub("", _HTTP2_EVENT.sub(_of_http2, text))


def _of_http2(event: re.Match[str]) -> str:
    """Return words for an event of h2, of which the message is a repr."""
    code = int(event[2])
    name = _HTTP2_CODES[code] if code < len(_HTTP2_CODES) else "unknown"
    what = "reset the stream" if event[1] == "StreamReset" else "is closing the connection"
    return f"the server {what}, by the HTTP/2 code {code} ({name})"


def _failure(kind: FailureKind, error: BaseException, text: str) -> TransportError:
    return TransportError(kind, f"{type(error).__name__}: {text}" if text else type(error).__name__)


def _certificate_failure(error: ssl.SSLCertVerificationError) -> TransportError:
    code: int = getattr(error, "verify_code", 0)
    problem = one_line(getattr(error, "verify_message", "") or str(error), MAX_BODY_CHARS).rstrip(" .")
    failure = TransportError("certificate", f"the certificate of the server was refused: {problem}")
    advice = _CERTIFICATE_ADVICE.get(code, _UNTRUSTED_ADVICE)
    failure.advice = f"{advice}, or pass an http_client whose verify= accepts it"
    return failure


def _proxy_failure(text: str) -> TransportError:
    status = int(text[:3]) if text[:3].isdecimal() else 0
    if (400 <= status < 500 and status not in _PASSING_STATUSES) or any(x in text for x in _SOCKS_REFUSALS):
        failure = TransportError("proxy", f"{_PROXY} refused the connection: {text.rstrip(' .')}")
        failure.advice = "correct the proxy settings"
        return failure
    return TransportError("connect", f"{_PROXY} did not connect: {text.rstrip(' .')}")


def _aiohttp_failure(error: Any, aiohttp: Any) -> TransportError:
    # Of errors about an answer, only the message: the rest is a URL. Of a connection that ended, the message may be
    # an object.
    text = error.message if isinstance(error, aiohttp.ClientResponseError) else str(error)
    if not isinstance(getattr(error, "message", ""), str):
        text = "the connection ended in the middle of the headers"
    # Its query may hold a secret.
    text = one_line(_URL.sub("", text), MAX_BODY_CHARS).removeprefix("[Errno None] ")
    if isinstance(error, aiohttp.ClientHttpProxyError):
        return _proxy_failure(f"{error.status} {text}")
    if isinstance(error, TimeoutError):
        is_connecting = isinstance(error, getattr(aiohttp, "ConnectionTimeoutError", ()))  # since 3.10
        wait = "Connect" if is_connecting else "Write" if "writing" in text else "Read"
        return TransportError("timeout", f"{wait}Timeout")  # as httpx says it
    return _failure("connect" if isinstance(error, aiohttp.ClientConnectorError) else "network", error, text)
