"""The client's settings: checked once, frozen, and the only place that reads environment variables."""

import os
import re
from collections.abc import AsyncGenerator, Callable, Generator, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import (
    TYPE_CHECKING,
    Any,
    Literal,
    NamedTuple,
    Never,
    Protocol,
    Self,
    TypeAlias,
    TypedDict,
    Unpack,
    cast,
    runtime_checkable,
)
from urllib.parse import urlsplit

from ._error_text import VALUE_SHOWN, number_text, one_line
from ._keys import ApiKey, GivenKey, KeyFunction
from ._meta import MASK, redact_headers
from .errors import ConfigurationError

if TYPE_CHECKING:
    from ._hooks import RequestInfo, ResponseInfo
    from ._observe import Telemetry
    from .models import StreamEvent

__all__ = [
    "DEFAULT_BASE_URL",
    "HOOKS",
    "ApiKey",
    "HttpAuth",
    "Options",
    "QueryScalar",
    "QueryValue",
    "Settings",
    "TimeoutLike",
    "check_headers",
    "check_mapping",
    "check_query",
    "check_text",
    "is_azure",
    "merge_headers",
    "mistake",
    "needs_async",
    "redact_headers",
    "resolve",
    "unknown_argument",
]

DEFAULT_BASE_URL = "https://api.openai.com/v1"
HOOKS = ("on_request", "on_response", "on_event")
_WATCHERS = (*HOOKS, "telemetry")
_KEPT = frozenset({"api_key", "base_url"})  # by default from the environment, which was read at the start

QueryScalar: TypeAlias = str | int | float | bool
QueryValue: TypeAlias = QueryScalar | Sequence[QueryScalar] | None
"""A query parameter: one value, several under the same name, or None to leave the parameter out."""

_VARIABLES = {
    "api_key": "OPENAI_API_KEY",
    "base_url": "OPENAI_BASE_URL",
    "organization": "OPENAI_ORG_ID",
    "project": "OPENAI_PROJECT_ID",
    "webhook_secret": "OPENAI_WEBHOOK_SECRET",
}
# RFC 9110, 5.6.2: what the name of a header consists of.
_HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_CONTROL = r"[\x00-\x1f\x7f]"
_LAST_ASCII = "\x7f"
_LAST_LATIN_1 = "\xff"
_LAST = "\U0010ffff"
_HOST = r"[\w.-]+|[0-9A-Fa-f:.]+"
# The public cloud, that of the US government, that of China.
_AZURE_HOST = r".+\.(?:openai|cognitiveservices|services\.ai)\.azure\.(?:com|us|cn)\.?"
# Ten years; an endless wait is None, and clocks overflow on more.
_MOST_SECONDS = 10 * 365 * 86400

_Check: TypeAlias = Callable[[str, Any], object]
"""Takes what the option is called in an error and its value; gives the value to keep."""


@runtime_checkable
class TimeoutLike(Protocol):
    """Four timeouts in seconds, as `httpx.Timeout` has them; such an object is used as it is."""

    @property
    def connect(self) -> float | None:
        """For making a connection."""
        ...

    @property
    def read(self) -> float | None:
        """For each piece of the answer."""
        ...

    @property
    def write(self) -> float | None:
        """For each piece of the request."""
        ...

    @property
    def pool(self) -> float | None:
        """For a free connection of the pool."""
        ...


@runtime_checkable
class HttpAuth(Protocol):
    """How requests are signed: an `httpx.Auth`, such as `httpx.BasicAuth`, or one of httpx2."""

    def sync_auth_flow(self, request: Never, /) -> Generator[object, Never, None]:
        """For `Client`."""
        ...

    def async_auth_flow(self, request: Never, /) -> AsyncGenerator[object, Never]:
        """For `AsyncClient`."""
        ...


class Options(TypedDict, total=False):
    """The options of a client; the defaults are those of `Settings`."""

    api_key: ApiKey | None
    """The key, or a function that gives one; by default the variable OPENAI_API_KEY."""
    auth: Literal["bearer", "api-key"] | HttpAuth | None
    """Where the key goes: "bearer" into `Authorization`, "api-key" into a header of that name.

    None is "api-key" for a key at an address of Azure, and "bearer" for tokens and elsewhere. An `httpx.Auth` signs
    the requests in place of the key.
    """
    base_url: str | None
    """Where the API is; by default the variable OPENAI_BASE_URL, else https://api.openai.com/v1."""
    organization: str | None
    """Sent as `OpenAI-Organization`; by default the variable OPENAI_ORG_ID."""
    project: str | None
    """Sent as `OpenAI-Project`; by default the variable OPENAI_PROJECT_ID."""
    webhook_secret: str | None
    """What webhooks are signed with; by default the variable OPENAI_WEBHOOK_SECRET."""
    timeout: float | TimeoutLike | None
    """Seconds that each network wait may take, or an `httpx.Timeout`; None waits for ever."""
    connect_timeout: float
    """Seconds that making a connection may take, where `timeout` is a number."""
    deadline: float | None
    """Seconds that a call may take with all its tries; None sets no bound."""
    max_retries: int
    """How often a failed request is sent again."""
    default_headers: Mapping[str, str | None] | None
    """Headers for every request; None as a value removes one."""
    default_query: Mapping[str, QueryValue] | None
    """Query parameters for every request."""
    strict: bool
    """Raise `ResponseValidationError` for a malformed part of an answer instead of keeping it as unknown."""
    validate_requests: bool
    """Check requests before they are sent."""
    idle_timeout: float | None
    """Seconds that may pass between two events of a stream; None leaves it to `timeout`."""
    max_event_bytes: int
    """The size from which an event of a stream is refused."""
    max_redirects: int
    """How many redirects within the same origin are followed."""
    on_request: "Callable[[RequestInfo], object] | None"
    """Called before each try of a call; with `AsyncClient`, hooks may be async. What a hook raises is logged."""
    on_response: "Callable[[ResponseInfo], object] | None"
    """Called after each try, with its answer, of streams the headers alone, or with the error."""
    on_event: "Callable[[StreamEvent], object] | None"
    """Called with each event of a stream over HTTP as it comes, before the stream gives it."""
    telemetry: "Telemetry | None"
    """A `responses_client.otel.OpenTelemetry`, for spans and metrics."""


class _Values(NamedTuple):  # no dataclass: its methods are compiled at every start
    api_key: str | KeyFunction | None = None
    auth: str | HttpAuth | None = None
    base_url: str = DEFAULT_BASE_URL
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
    on_request: "Callable[[RequestInfo], object] | None" = None
    on_response: "Callable[[ResponseInfo], object] | None" = None
    on_event: "Callable[[StreamEvent], object] | None" = None
    telemetry: "Telemetry | None" = None


class Settings(_Values):
    """Checked options of a client (see `Options`); the repr shows no secret.

    Making one with a value that cannot work raises `ConfigurationError`.
    """

    __slots__ = ()

    def __new__(cls, **options: Unpack[Options]) -> Self:
        """Check the options; those left out have their defaults."""
        values: dict[str, Any] = {**_Values._field_defaults, **options}
        for name, check in _CHECKS.items():
            values[name] = check(f"{name} argument", values[name])
        return super().__new__(cls, **values)

    @property
    def http_auth(self) -> HttpAuth | None:
        """What signs the requests in place of the key."""
        return None if isinstance(self.auth, str) else self.auth

    @property
    def is_watched(self) -> bool:
        """Whether somebody is to be told of calls."""
        hooks = self.on_request, self.on_response, self.on_event
        return self.telemetry is not None or hooks != (None, None, None)

    def replace(self, **changes: Unpack[Options]) -> Self:
        """Give settings with some options changed, under the same checks.

        `default_headers` and `default_query` are added to those there are; None clears them. None as key or
        address keeps what there is.
        """
        _refuse_unknown("with_options", changes)
        given = {k: v for k, v in cast("dict[str, Any]", changes).items() if v is not None or k not in _KEPT}
        if headers := given.get("default_headers"):
            checked = check_headers("default_headers argument", headers)
            given["default_headers"] = merge_headers(self.default_headers, checked)
        if query := given.get("default_query"):
            given["default_query"] = {**self.default_query, **check_query("default_query argument", query)}
        return type(self)(**cast("Options", {**self._asdict(), **given}))

    def __repr__(self) -> str:
        shown = {name: getattr(self, name) for name in _CHECKS}
        for name in ("api_key", "webhook_secret"):
            shown[name] = shown[name] and MASK
        shown["auth"] = self.auth if self.http_auth is None else type(self.auth)
        for name in _WATCHERS:
            shown[name] = shown[name] and type(shown[name])  # a partial shows its arguments
        for name in ("default_headers", "default_query"):
            shown[name] = redact_headers(shown[name])
        return f"Settings({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


def resolve(environ: Mapping[str, str] | None = None, /, **options: Unpack[Options]) -> Settings:
    """Make settings of options, and of environment variables for the options left out or None.

    A variable that is blank counts as not set. `environ` is for tests, `os.environ` by default.
    """
    _refuse_unknown("Client", options)
    variables = os.environ if environ is None else environ
    given = cast("dict[str, Any]", options)
    for name, variable in _VARIABLES.items():
        value = variables.get(variable, "")
        if given.get(name) is None and value.strip():
            given[name] = _CHECKS[name](f"{name} from {variable}", value)
    return Settings(**given)


def is_azure(base_url: str) -> bool:
    """Say whether an address is one of Azure, whose keys go into a header of their own."""
    return re.fullmatch(_AZURE_HOST, urlsplit(base_url).hostname or "") is not None


def check_headers(label: str, headers: Mapping[str, str | None] | None) -> dict[str, str | None]:
    """Copy headers given by a user, without white space around values; refuse those that HTTP cannot carry."""
    checked: dict[str, str | None] = {}
    for name, value in check_mapping(label, headers).items():
        if not re.fullmatch(_HEADER_NAME, name):
            shown = one_line(name, VALUE_SHOWN)
            raise ConfigurationError(
                f"The {label} has a header {shown!r}, which is no header name; correct it"
            )
        place = f"header {name!r} in the {label}"
        if value is None:
            checked[name] = None
            continue
        if not isinstance(value, str):
            raise mistake(place, "a string or None", value)
        if blemish := _blemish(value.replace("\t", " "), _LAST_LATIN_1, "Latin-1"):
            raise ConfigurationError(f"The {place} holds {blemish}, which no header can; remove it")
        checked[name] = value.strip(" \t")
    return checked


def merge_headers(*layers: Mapping[str, str | None] | None) -> dict[str, str | None]:
    """Join headers whose names are compared without case; later ones win, None stays to mean "remove"."""
    merged: dict[str, tuple[str, str | None]] = {}
    for layer in layers:
        for name, value in (layer or {}).items():
            merged[name.lower()] = (name, value)
    return dict(merged.values())


def unknown_argument(function: str, name: str, known: Iterable[str]) -> TypeError:
    """Give the error for a keyword that a function does not take, with the nearest one that it does."""
    # Imported here because only a mistake needs it.
    import difflib

    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return TypeError(f"{function}() got an unexpected keyword argument {name!r}{hint}")


def _refuse_unknown(function: str, options: Mapping[str, object]) -> None:
    for name in options:
        if name not in _CHECKS:
            raise unknown_argument(function, name, _CHECKS)


def mistake(label: str, expected: str, value: object) -> ConfigurationError:
    """Give the error for a value of a wrong type or size."""
    # Only numbers are shown: anything else may be a secret in the wrong place.
    got = f"{type(value).__name__} {number_text(value)}".rstrip()
    return ConfigurationError(f"The {label} must be {expected}, got {got}")


def needs_async(option: str) -> ConfigurationError:
    """Give the error for an async function in a client that is not."""
    return ConfigurationError(
        f"{option} is an async function, which needs AsyncClient; pass one that is not async"
    )


def _blemish(text: str, last: str, charset: str) -> str | None:
    """Name what keeps a text out of a header, None when nothing does; the text itself is not quoted."""
    if "\n" in text or "\r" in text:
        return "a line break"
    if max(text, default="") > last:
        return f"a character beyond {charset}"
    return "a control character" if re.search(_CONTROL, text) else None


def check_text(label: str, value: object, last: str = _LAST_ASCII) -> str:
    """Return a text that a header can carry as it is; `last` is the last character that may be in it."""
    if not isinstance(value, str):
        raise mistake(label, "a string", value)
    if not value.strip():
        raise ConfigurationError(f"The {label} is blank; give it a value or leave it out")
    blemish = _blemish(value, last, "ASCII")
    if blemish is None and value != value.strip():
        blemish = "white space at its start or end"
    if blemish is not None:
        raise ConfigurationError(f"The {label} holds {blemish}; remove that (the value is not shown)")
    return value


def _check_key(label: str, value: object) -> str | KeyFunction:
    if isinstance(value, (str, KeyFunction)):
        return check_text(label, value) if isinstance(value, str) else value
    if callable(value):
        return KeyFunction(cast("Callable[[], GivenKey]", value))
    if hasattr(value, "get_token"):
        raise ConfigurationError(
            f"The {label} is a credential; pass a function that gives tokens, such as "
            "azure.identity.get_bearer_token_provider makes"
        )
    raise mistake(label, "a string or a function", value)


def _check_auth(label: str, value: object) -> str | HttpAuth:
    if isinstance(value, str) and value in ("bearer", "api-key"):
        return value
    if isinstance(value, HttpAuth) and not isinstance(value, type):
        return value
    # A text is not shown: it may be the key in the wrong place.
    raise mistake(label, "'bearer', 'api-key' or an httpx.Auth", value)


def _check_base_url(label: str, value: object) -> str:
    if value is None:
        return DEFAULT_BASE_URL
    url = check_text(label, value, _LAST)
    wrong = f"The {label} must be a URL such as {DEFAULT_BASE_URL}"
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise ConfigurationError(f"{wrong}{_shown(url)}") from None
    if parts.scheme not in ("http", "https") or not re.fullmatch(_HOST, host or ""):
        raise ConfigurationError(f"{wrong}{_shown(url)}")
    if " " in url or "\\" in url or not url.isprintable():
        raise ConfigurationError(f"{wrong}{_shown(url)}")
    if "@" in parts.netloc:
        raise ConfigurationError(
            f"The {label} must not hold a user or password; use api_key or default_headers"
        )
    if "?" in url or "#" in url:
        raise ConfigurationError(
            f"The {label} must not hold a query or fragment; use default_query{_shown(url)}"
        )
    return f"{parts.scheme}://{parts.netloc.lower()}{parts.path.rstrip('/')}"


def _shown(url: str) -> str:
    # Neither user and password nor a query, which may hold a key, must get into the message.
    return "" if "@" in url else f", got {one_line(re.split('[?#]', url)[0], VALUE_SHOWN)!r}"


def _check_seconds(label: str, value: object) -> float:
    if isinstance(value, (int, float)) and not isinstance(value, bool) and 0 < value <= _MOST_SECONDS:
        return float(value)
    raise mistake(label, "a positive number of seconds", value)


def _check_timeout(label: str, value: object) -> object:
    return value if isinstance(value, TimeoutLike) else _check_seconds(label, value)


def _check_hook(label: str, value: object) -> object:
    if callable(value):
        return value
    raise mistake(label, "a function or None", value)


def _check_telemetry(label: str, value: object) -> object:
    if hasattr(value, "observe") and not isinstance(value, type):
        return value
    raise mistake(label, "a responses_client.otel.OpenTelemetry or None", value)


def _check_flag(label: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    raise mistake(label, "True or False", value)


def check_mapping(label: str, value: object) -> dict[str, object]:
    """Copy a mapping with texts as keys; None is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise mistake(label, "a mapping", value)
    mapping = dict(cast("Mapping[object, object]", value))
    for name in mapping:
        if not isinstance(name, str):
            raise mistake(f"name in the {label}", "a string", name)
    return cast("dict[str, object]", mapping)


def check_query(label: str, value: object) -> dict[str, object]:
    """Copy query parameters given by a user."""
    query = check_mapping(label, value)
    for name, given in query.items():
        if given is None or isinstance(given, (str, int, float)):
            continue
        for one in cast("Sequence[object]", given) if isinstance(given, (list, tuple)) else [given]:
            if not isinstance(one, (str, int, float)):
                raise mistake(f"parameter {name!r} in the {label}", "a string, number, list or None", one)
    return query


def _at_least(least: int) -> _Check:
    def check(label: str, value: object) -> int:
        if isinstance(value, int) and not isinstance(value, bool) and value >= least:
            return value
        raise mistake(label, f"a whole number from {least}", value)

    return check


def _or_none(check: _Check) -> _Check:
    return lambda label, value: None if value is None else check(label, value)


_CHECKS: dict[str, _Check] = {
    "api_key": _or_none(_check_key),
    "auth": _or_none(_check_auth),
    "base_url": _check_base_url,
    "organization": _or_none(check_text),
    "project": _or_none(check_text),
    "webhook_secret": _or_none(check_text),
    "timeout": _or_none(_check_timeout),
    "connect_timeout": _check_seconds,
    "deadline": _or_none(_check_seconds),
    "max_retries": _at_least(0),
    "default_headers": check_headers,
    "default_query": check_query,
    "strict": _check_flag,
    "validate_requests": _check_flag,
    "idle_timeout": _or_none(_check_seconds),
    "max_event_bytes": _at_least(1),
    "max_redirects": _at_least(0),
    "on_request": _or_none(_check_hook),
    "on_response": _or_none(_check_hook),
    "on_event": _or_none(_check_hook),
    "telemetry": _or_none(_check_telemetry),
}
