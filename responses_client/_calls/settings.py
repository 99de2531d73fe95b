"""The settings of a client: checked once, frozen, and the only place that reads environment variables."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    NamedTuple,
    Self,
    TypeAlias,
    TypedDict,
    Unpack,
    cast,
)
from urllib.parse import urlsplit

from .._base.api_keys import ApiKey, KeyFunction, ReturnedKey
from .._base.http import merge_headers
from .._base.messages import MAX_VALUE_CHARS, one_line
from .._base.option_types import HttpAuth, QueryValue, TimeoutLike
from .._base.redaction import MASK, redact_headers
from .._base.validation import (
    InvalidValue,
    check_argument,
    check_flag,
    check_headers,
    check_option,
    check_query,
    check_text,
    is_seconds,
    is_whole_number,
    unknown_argument,
)

if TYPE_CHECKING:
    from ..models import StreamEvent
    from .hooks import RequestInfo, ResponseInfo
    from .observers import Telemetry

__all__ = [
    "DEFAULT_BASE_URL",
    "HOOKS",
    "ApiKey",
    "Options",
    "Settings",
    "is_azure",
    "redact_headers",
    "resolve",
]

DEFAULT_BASE_URL = "https://api.openai.com/v1"
HOOKS = ("on_request", "on_response", "on_event")
_CALLBACKS = (*HOOKS, "telemetry")
# None for one of these means the environment, which `resolve` has read: in a later change it changes nothing.
_UNCHANGED_BY_NONE = frozenset({"api_key", "base_url"})
# For all other options, None means the default; for that of one call, the setting of the client.
_NONE_IS_NO_LIMIT = frozenset({"timeout", "deadline"})
_VARIABLES = {
    "api_key": "OPENAI_API_KEY",
    "base_url": "OPENAI_BASE_URL",
    "organization": "OPENAI_ORG_ID",
    "project": "OPENAI_PROJECT_ID",
    "webhook_secret": "OPENAI_WEBHOOK_SECRET",
}
_LAST_UNICODE = "\U0010ffff"
# A name or an IPv4 address, else an IPv6 address, which `urlsplit` returns without its brackets.
_HOST = r"[\w.-]+|[0-9A-Fa-f:.]+"
# Azure's public cloud, and its clouds for the US government and for China.
_AZURE_HOST = r".+\.(?:openai|cognitiveservices|services\.ai)\.azure\.(?:com|us|cn)\.?"

_Check: TypeAlias = Callable[[object], object]
"""Takes the value of an option and returns the value to keep; raises `InvalidValue`."""


class Options(TypedDict, total=False):
    """The options of a client, for `Client`, `AsyncClient` and `with_options`.

    None stands for the default of an option, but for `timeout`, where it sets no limit. One that cannot work raises
    `ConfigurationError` when the client is made.
    """

    api_key: ApiKey | None
    """The key, or a function that returns one; by default the variable OPENAI_API_KEY."""
    auth: Literal["bearer", "api-key"] | HttpAuth | None
    """The header that carries the key, or an `httpx.Auth` that signs requests in its place.

    "bearer" is `Authorization`, "api-key" a header of that name. None, the default, is "api-key" for a key at an
    address of Azure, and "bearer" for all else, tokens included.
    """
    base_url: str | None
    """The address of the API; by default the variable OPENAI_BASE_URL, else https://api.openai.com/v1."""
    websocket_base_url: str | None
    """The address for `responses.connect`, if it is another one: `https:` or `wss:`; by default that of `base_url`."""
    organization: str | None
    """The header `OpenAI-Organization`; by default the variable OPENAI_ORG_ID, else it is not sent."""
    project: str | None
    """The header `OpenAI-Project`; by default the variable OPENAI_PROJECT_ID, else it is not sent."""
    webhook_secret: str | None
    """The secret that webhooks are signed with, `whsec_...`; by default the variable OPENAI_WEBHOOK_SECRET."""
    timeout: float | TimeoutLike | None
    """Seconds that each wait for the network may take, or an `httpx.Timeout`; by default 600. None sets no limit."""
    connect_timeout: float | None
    """Seconds that opening a connection may take, if `timeout` is a number or None; by default 5."""
    deadline: float | None
    """Seconds that a call may take, with all attempts and waits; None, the default, sets no limit."""
    max_retries: int | None
    """How often a failed request is retried; by default 2."""
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
    max_redirects: int | None
    """How many redirects within the origin an attempt follows; by default 5."""
    on_request: Callable[[RequestInfo], object] | None
    """Called before each attempt of a call. Exceptions of hooks are logged; with `AsyncClient`, hooks may be async."""
    on_response: Callable[[ResponseInfo], object] | None
    """Called after each attempt with its answer, for streams when the headers have come, or with the error."""
    on_event: Callable[[StreamEvent], object] | None
    """Called with each event of a stream over HTTP as it comes, before the user gets it."""
    telemetry: Telemetry | None
    """A `responses_client.otel.OpenTelemetry`, for spans and metrics."""


class _Values(NamedTuple):  # not a dataclass, whose methods are compiled at each start of a program
    api_key: str | KeyFunction | None = None
    auth: str | HttpAuth | None = None
    base_url: str = DEFAULT_BASE_URL
    websocket_base_url: str | None = None
    organization: str | None = None
    project: str | None = None
    webhook_secret: str | None = None
    timeout: float | TimeoutLike | None = 600.0
    connect_timeout: float = 5.0
    deadline: float | None = None
    max_retries: int = 2
    default_headers: Mapping[str, str | None] = MappingProxyType[str, str | None]({})
    default_query: Mapping[str, QueryValue] = MappingProxyType[str, QueryValue]({})
    strict: bool = False
    validate_requests: bool = True
    idle_timeout: float | None = None
    max_event_bytes: int = 64 * 1024 * 1024
    max_redirects: int = 5
    on_request: Callable[[RequestInfo], object] | None = None
    on_response: Callable[[ResponseInfo], object] | None = None
    on_event: Callable[[StreamEvent], object] | None = None
    telemetry: Telemetry | None = None


class Settings(_Values):
    """The checked options of a client, with the names of `Options`; the repr shows no secret.

    Raises:
        ConfigurationError: An option cannot work.
    """

    __slots__ = ()

    def __new__(cls, **options: Unpack[Options]) -> Self:
        """Check the options; those that are left out or None have their defaults."""
        given = {k: v for k, v in options.items() if v is not None or k in _NONE_IS_NO_LIMIT}
        values: dict[str, Any] = {**_Values._field_defaults, **given}
        for name, check in _CHECKS.items():
            values[name] = check_option(f"{name} argument", check, values[name])
        return super().__new__(cls, **values)

    @property
    def http_auth(self) -> HttpAuth | None:
        """The object that signs requests in place of the key; None if there is none."""
        return None if isinstance(self.auth, str) else self.auth

    @property
    def is_observed(self) -> bool:
        """Whether there is a hook or telemetry."""
        hooks = self.on_request, self.on_response, self.on_event
        return self.telemetry is not None or hooks != (None, None, None)

    def replace(self, **changes: Unpack[Options]) -> Self:
        """Return settings with some options changed, under the same checks.

        `default_headers` and `default_query` are added to the present ones; None clears them. None as key or address
        changes nothing; for all else it means the default, as for a new client.

        Raises:
            ConfigurationError: An option cannot work.
            TypeError: There is no option of that name.
        """
        _refuse_unknown("with_options", changes)
        given = {
            k: v
            for k, v in cast("dict[str, Any]", changes).items()
            if v is not None or k not in _UNCHANGED_BY_NONE
        }
        if headers := given.get("default_headers"):
            checked = check_option("default_headers argument", check_headers, headers)
            given["default_headers"] = merge_headers(self.default_headers, checked)
        if query := given.get("default_query"):
            checked_query = check_option("default_query argument", check_query, query)
            given["default_query"] = {**self.default_query, **checked_query}
        return type(self)(**cast("Options", {**self._asdict(), **given}))

    def for_call(self, options: Mapping[str, object]) -> Self:
        """Return these settings with the options of one call: `timeout`, `deadline`, `max_retries`.

        Raises:
            RequestValidationError: One of them cannot work.
        """
        checked: dict[str, Any] = {
            name: check_argument(name, _CHECKS[name], value)
            for name, value in options.items()
            if value is not None or name in _NONE_IS_NO_LIMIT
        }
        return self._replace(**checked)

    def __repr__(self) -> str:
        shown = {name: getattr(self, name) for name in _CHECKS}
        for name in ("api_key", "webhook_secret"):
            shown[name] = shown[name] and MASK
        shown["auth"] = self.auth if self.http_auth is None else type(self.auth)
        for name in _CALLBACKS:
            shown[name] = shown[name] and type(shown[name])  # a partial shows its arguments
        for name in ("default_headers", "default_query"):
            shown[name] = redact_headers(shown[name])
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


def resolve(environ: Mapping[str, str] | None = None, /, **options: Unpack[Options]) -> Settings:
    """Return settings of options, and of environment variables in place of options that are left out or None.

    A blank variable counts as not set. `environ` is for tests; it is `os.environ` by default.

    Raises:
        ConfigurationError: An option or a variable cannot work.
        TypeError: There is no option of that name.
    """
    _refuse_unknown("Client", options)
    variables = os.environ if environ is None else environ
    given = cast("dict[str, Any]", options)
    for name, variable in _VARIABLES.items():
        value = variables.get(variable, "")
        if given.get(name) is None and value.strip():
            given[name] = check_option(f"{name} from {variable}", _CHECKS[name], value)
    return Settings(**given)


def is_azure(base_url: str) -> bool:
    """Whether an address is one of Azure, which takes keys in a header of its own."""
    return re.fullmatch(_AZURE_HOST, urlsplit(base_url).hostname or "") is not None


def _refuse_unknown(function: str, options: Mapping[str, object]) -> None:
    for name in options:
        if name not in _CHECKS:
            raise unknown_argument(function, name, _CHECKS)


def _check_key(value: object) -> str | KeyFunction:
    if isinstance(value, (str, KeyFunction)):
        return check_text(value) if isinstance(value, str) else value
    if callable(value):
        return KeyFunction(cast("Callable[[], ReturnedKey]", value))
    if hasattr(value, "get_token"):
        problem = (
            "is a credential; pass a function that returns tokens, such as "
            "azure.identity.get_bearer_token_provider makes"
        )
        raise InvalidValue("a string or a function", value, problem)
    raise InvalidValue("a string or a function", value)


def _check_auth(value: object) -> str | HttpAuth:
    if isinstance(value, str) and value in ("bearer", "api-key"):
        return value
    if isinstance(value, HttpAuth) and not isinstance(value, type):  # a class has the methods, too
        return value
    raise InvalidValue("'bearer', 'api-key' or an httpx.Auth", value)


def _check_base_url(value: object) -> str:
    if value is None:
        return DEFAULT_BASE_URL
    url = check_text(value, _LAST_UNICODE)
    invalid = InvalidValue("a URL", value, f"must be a URL such as {DEFAULT_BASE_URL}{_got_url(url)}")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise invalid from None
    if parts.scheme not in ("http", "https") or not re.fullmatch(_HOST, host or ""):
        raise invalid
    if " " in url or "\\" in url or not url.isprintable():
        raise invalid
    if "@" in parts.netloc:
        problem = "must not contain a user or password; use api_key or default_headers"
        raise InvalidValue("a URL without a user or password", value, problem)
    if "?" in url or "#" in url:
        problem = f"must not contain a query or fragment; use default_query{_got_url(url)}"
        raise InvalidValue("a URL without a query or fragment", value, problem)
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def _check_websocket_url(value: object) -> str:
    # A WebSocket is opened by a request over HTTP.
    return _check_base_url(re.sub("^ws(?=s?:)", "http", value) if isinstance(value, str) else value)


def _got_url(url: str) -> str:
    # Neither user and password nor the query, which may contain a key, must get into the message.
    return "" if "@" in url else f", got {one_line(re.split('[?#]', url)[0], MAX_VALUE_CHARS)!r}"


def _check_seconds(value: object) -> float:
    if is_seconds(value):
        return float(value)
    raise InvalidValue("a positive number of seconds", value)


def _check_timeout(value: object) -> object:
    return value if isinstance(value, TimeoutLike) else _check_seconds(value)


def _check_hook(value: object) -> object:
    if callable(value):
        return value
    raise InvalidValue("a function or None", value)


def _check_telemetry(value: object) -> object:
    if hasattr(value, "observe") and not isinstance(value, type):
        return value
    raise InvalidValue("a responses_client.otel.OpenTelemetry or None", value)


def _at_least(least: int) -> _Check:
    def check(value: object) -> int:
        if is_whole_number(value, least):
            return value
        raise InvalidValue(f"a whole number from {least}", value)

    return check


def _optional(check: _Check) -> _Check:
    return lambda value: None if value is None else check(value)


_CHECKS: dict[str, _Check] = {
    "api_key": _optional(_check_key),
    "auth": _optional(_check_auth),
    "base_url": _check_base_url,
    "websocket_base_url": _optional(_check_websocket_url),
    "organization": _optional(check_text),
    "project": _optional(check_text),
    "webhook_secret": _optional(check_text),
    "timeout": _optional(_check_timeout),
    "connect_timeout": _check_seconds,
    "deadline": _optional(_check_seconds),
    "max_retries": _at_least(0),
    "default_headers": check_headers,
    "default_query": check_query,
    "strict": check_flag,
    "validate_requests": check_flag,
    "idle_timeout": _optional(_check_seconds),
    "max_event_bytes": _at_least(1),
    "max_redirects": _at_least(0),
    "on_request": _optional(_check_hook),
    "on_response": _optional(_check_hook),
    "on_event": _optional(_check_hook),
    "telemetry": _optional(_check_telemetry),
}
