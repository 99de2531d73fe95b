"""The settings of a client: checked once, frozen, and the only place that reads the variables `OPENAI_...`."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import (
    TYPE_CHECKING,
    Any,
    NamedTuple,
    Self,
    TypeAlias,
    Unpack,
    cast,
)
from urllib.parse import urlsplit

from .._base.api_keys import KeyFunction, ReturnedKey
from .._base.http import merge_headers
from .._base.json_types import is_sequence
from .._base.messages import MAX_VALUE_CHARS, one_line
from .._base.option_types import HttpAuth, QueryValue, TimeoutLike, UrlLike
from .._base.redaction import MASK, Redactor, redact_headers, secret_values
from .._base.validation import (
    InvalidValue,
    check_argument,
    check_flag,
    check_headers,
    check_key,
    check_option,
    check_query,
    check_text,
    is_seconds,
    is_whole_number,
    refuse_unknown,
)

if TYPE_CHECKING:
    from ..models import StreamEvent
    from .client_options import AsyncOptions
    from .hooks import RequestInfo, ResponseInfo
    from .observers import Telemetry

__all__ = [
    "DEFAULT_BASE_URL",
    "HOOKS",
    "Settings",
    "is_azure",
    "redact_headers",
    "resolve",
    "start_log",
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
# Variables that may hold several values, with white space between them.
_MAY_BE_SEVERAL = frozenset({"webhook_secret"})
_LOG_VARIABLE = "RESPONSES_CLIENT_LOG"
_LAST_UNICODE = "\U0010ffff"
# A name or an IPv4 address, else an IPv6 address, which `urlsplit` returns without its brackets.
_HOST = r"[\w.-]+|[0-9A-Fa-f:.]+"
# Azure's public cloud, and its clouds for the US government and for China.
_AZURE_HOST = r".+\.(?:openai|cognitiveservices|services\.ai)\.azure\.(?:com|us|cn)\.?"
_AZURE_PROJECT = r"/api/projects/[^/]+"
_OPENAI_HOST = r"(?:[\w-]+\.)?api\.openai\.com"
_ENDPOINT_PATHS = ("/responses", "/chat/completions", "/completions")
# A host and perhaps a path, without a scheme: a name with dots, or with a port, or an IPv4 address.
_HOST_ALONE = r"(?:localhost|[\w-]+(?:\.[\w-]+)+|[\w-]+(?=:))(?::\d+)?(?:/[^\s?#@\\]*)?"
_LOCAL_HOST = r"[\w-]+(?:[:/]|$)|[\d.]+(?:[:/]|$)"

_Check: TypeAlias = Callable[[object], object]
"""Takes the value of an option and returns the value to keep; raises `InvalidValue`."""


class _Values(NamedTuple):  # not a dataclass, whose methods are compiled at each start of a program
    api_key: str | KeyFunction | None = None
    auth: str | HttpAuth | None = None
    base_url: str = DEFAULT_BASE_URL
    websocket_base_url: str | None = None
    organization: str | None = None
    project: str | None = None
    webhook_secret: str | tuple[str, ...] | None = None
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
    max_response_bytes: int = 256 * 1024 * 1024
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

    def __new__(cls, **options: Unpack[AsyncOptions]) -> Self:
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

    def replace(self, **changes: Unpack[AsyncOptions]) -> Self:
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
        return type(self)(**cast("AsyncOptions", {**self._asdict(), **given}))

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
        key = [self.api_key] if isinstance(self.api_key, str) else []
        text = f"Settings({', '.join(f'{name}={value!r}' for name, value in shown.items())})"
        return Redactor([*key, *secret_values(self.default_headers)]).text(text)  # also under harmless names

    sentry_repr = __repr__  # asked for by Sentry, which walks tuples in place of their repr


def resolve(environ: Mapping[str, str] | None = None, /, **options: Unpack[AsyncOptions]) -> Settings:
    """Return settings of options, and of environment variables in place of options that are left out or None.

    A blank variable counts as not set. RESPONSES_CLIENT_LOG sets up the log. `environ` is for tests; it is `os.environ`
    by default.

    Raises:
        ConfigurationError: An option or a variable cannot work.
        TypeError: There is no option of that name.
    """
    _refuse_unknown("Client", options)
    variables = os.environ if environ is None else environ
    start_log(variables)
    given = cast("dict[str, Any]", options)
    for name, variable in _VARIABLES.items():
        value = variables.get(variable, "")
        if given.get(name) is None and value.strip():
            several = value.split() if name in _MAY_BE_SEVERAL else []
            found = several if len(several) > 1 else value
            given[name] = check_option(f"{name} from {variable}", _CHECKS[name], found)
    return Settings(**given)


def start_log(environ: Mapping[str, str] | None = None) -> None:
    """Set up the log if the variable RESPONSES_CLIENT_LOG asks for it."""
    if (level := (os.environ if environ is None else environ).get(_LOG_VARIABLE, "")).strip():
        from .._base.log_setup import set_up_log  # here, because few programs want it

        set_up_log(level)


def is_azure(base_url: str) -> bool:
    """Whether an address is one of Azure, which takes keys in a header of its own."""
    return re.fullmatch(_AZURE_HOST, urlsplit(base_url).hostname or "") is not None


def _refuse_unknown(function: str, options: Mapping[str, object]) -> None:
    # `with_options` does not take `http_client`, which only `Client` itself reads.
    refuse_unknown(function, options, _CHECKS, [*_CHECKS, *["http_client"] * (function == "Client")])


def _check_key(value: object) -> str | KeyFunction:
    if isinstance(value, (str, KeyFunction)):
        return check_key(value) if isinstance(value, str) else value
    if callable(value):
        return KeyFunction(cast("Callable[[], ReturnedKey]", value))
    if hasattr(value, "get_token"):
        problem = (
            "is a credential; pass a function that returns tokens, such as "
            "azure.identity.get_bearer_token_provider makes"
        )
        raise InvalidValue("a string or a function", value, problem)
    raise InvalidValue("a string or a function", value)


def _check_secrets(value: object) -> str | tuple[str, ...]:
    if not is_sequence(value):
        return check_text(value)
    if not value:
        raise InvalidValue(
            "a string or a list of strings", value, "is an empty list; pass a secret, or leave it out"
        )
    return tuple(map(check_text, value))


def _check_auth(value: object) -> str | HttpAuth:
    if isinstance(value, str) and value in ("bearer", "api-key"):
        return value
    if isinstance(value, HttpAuth) and not isinstance(value, type):  # a class has the methods, too
        return value
    raise InvalidValue("'bearer', 'api-key' or an httpx.Auth", value)


def _check_base_url(value: object) -> str:
    is_object = not isinstance(value, str) and isinstance(value, UrlLike)  # checked last, because it is slow
    url = check_text(str(value) if is_object else value, _LAST_UNICODE)
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise _no_url(value, url) from None
    if "://" not in url and re.fullmatch(_HOST_ALONE, url):
        scheme = "http" if re.match(_LOCAL_HOST, url) else "https"
        problem = f"must start with http:// or https://; write {_shown_url(f'{scheme}://{url}')}"
        raise InvalidValue("a URL with a scheme", value, problem)
    if parts.scheme not in ("http", "https") or not re.fullmatch(_HOST, host or ""):
        raise _no_url(value, url)
    if " " in url or "\\" in url or not url.isprintable():
        raise _no_url(value, url)
    if "@" in parts.netloc:
        problem = "must not contain a user or password; use api_key or default_headers"
        raise InvalidValue("a URL without a user or password", value, problem)
    root, path = f"{parts.scheme}://{parts.netloc.lower()}", parts.path.rstrip("/")
    if wrong_path := _path_problem(host or "", root, path):
        raise InvalidValue("the address of the API", value, wrong_path)
    if "?" in url or "#" in url:
        problem = f"must not contain a query or fragment; use default_query{_got_url(url)}"
        raise InvalidValue("a URL without a query or fragment", value, problem)
    return root + path


def _no_url(value: object, url: str) -> InvalidValue:
    return InvalidValue("a URL", value, f"must be a URL such as {DEFAULT_BASE_URL}{_got_url(url)}")


def _path_problem(host: str, root: str, path: str) -> str | None:
    """Return the reason why an address cannot lead to the Responses API; None if it can."""
    if re.fullmatch(_AZURE_HOST, host) and not path.endswith(("/openai", "/openai/v1")):
        project = re.match(_AZURE_PROJECT, path)
        address = f"{root}{project[0] if project else ''}/openai/v1"
        advice = " and pass the deployment as model" if "/deployments" in path else ""
        return f"is not the address of Azure's Responses API; write {_shown_url(address)}{advice}"
    if not path and re.fullmatch(_OPENAI_HOST, host):
        return f"must end in /v1; write {_shown_url(f'{root}/v1')}"
    for end in _ENDPOINT_PATHS:
        if path.endswith(end):
            address = _shown_url(root + path.removesuffix(end))
            return f"must not contain {end}, since the client adds the path of each endpoint; write {address}"
    return None


def _check_websocket_url(value: object) -> str:
    # A WebSocket is opened by a request over HTTP.
    return _check_base_url(re.sub("^ws(?=s?:)", "http", value) if isinstance(value, str) else value)


def _got_url(url: str) -> str:
    # Neither user and password nor the query, which may contain a key, must get into the message.
    return "" if "@" in url else f", got {_shown_url(re.split('[?#]', url)[0])}"


def _shown_url(url: str) -> str:
    return repr(one_line(url, MAX_VALUE_CHARS))


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
    "webhook_secret": _optional(_check_secrets),
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
    "max_response_bytes": _at_least(1),
    "max_redirects": _at_least(0),
    "on_request": _optional(_check_hook),
    "on_response": _optional(_check_hook),
    "on_event": _optional(_check_hook),
    "telemetry": _optional(_check_telemetry),
}
