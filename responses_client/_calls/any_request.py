"""The checked request of `client.request`: any method and path of the same API; no I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import quote, unquote, unquote_plus

from .._base.error_frames import Hidden, HiddenFrames, HiddenValues, hidden_body
from .._base.field_errors import field_error
from .._base.http import merge_headers, origin
from .._base.json_types import is_mapping
from .._base.messages import MAX_VALUE_CHARS, one_line
from .._base.option_types import OPTIONS
from .._base.redaction import split_url
from .._base.validation import check_argument, check_mapping, check_query, refuse_unknown
from ..errors import RequestValidationError
from .operation import Operation
from .plain_data import plain_data
from .request import Call, Read, encode, prepare
from .settings import Settings

if TYPE_CHECKING:
    from .._base.option_types import QueryValue

__all__ = ["AnyRequest", "prepare_any"]

# The name of the operation, for hooks and telemetry. It has no path: ids in paths would make a name of each call.
_NAME = "request"
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")
_A_PATH = "a path under base_url, such as 'files' or 'files/file_1/content'"
_NO_URL_CHARACTERS = r"[\s\\#\x00-\x1f\x7f\ud800-\udfff]"
_MAX_DECODINGS = 5  # gateways behind each other may each decode once
_SAFE = "/%:@!$&'()*+,;=~-._"  # RFC 3986, 3.3, and the sign of what is encoded already
_SAFE_IN_QUERY = "".join(map(chr, range(0x21, 0x7F)))  # to be sent byte for byte


class AnyRequest(NamedTuple):
    """The arguments of `client.request` that make the request; `Client.request` describes them."""

    method: str
    path: str
    json: Any = None
    content: str | bytes | None = None
    query: Mapping[str, QueryValue] | None = None

    def __repr__(self) -> str:
        """Show no query and no body: the frame of an error keeps its variables, and these may hold secrets."""
        return f"<{self.method} {str(self.path).partition('?')[0]}>"

    def sentry_repr(self) -> str:
        """Return the repr, for Sentry, which otherwise walks tuples."""
        return repr(self)


def prepare_any(
    given: AnyRequest,
    options: Mapping[str, object],
    settings: Settings,
    read: Read | None = None,
    *,
    is_raw: bool = False,
) -> Call[Any]:
    """Check the arguments of `client.request` and return its call.

    Args:
        given: The arguments that make the request.
        options: The options of the call.
        settings: The settings of the client.
        read: Makes the result of the body of the answer.
        is_raw: Whether the answer may be anything; else it has to be JSON.

    Raises:
        TypeError: There is no such option.
        RequestValidationError: An argument cannot work; nothing was sent.
    """
    refuse_unknown("client.request", options, OPTIONS, [*AnyRequest._fields, "cast_to", *OPTIONS])
    method = _method(given.method)
    with HiddenFrames():
        path, parameters = _split(given.path, settings.base_url)
    names = {_parameter_name(one) for one in parameters.value}
    # Hidden, since the frame of an error keeps its variables.
    query = HiddenValues(
        {
            **check_argument("query", check_query, given.query),
            **check_argument("extra_query", check_query, options.get("extra_query")),
        }
    )
    body = hidden_body(_json_body(given, options))
    if is_mapping(body) and body.get("stream") and not is_raw:
        message = "asks for a stream, which client.request returns only as a whole; leave it out, or pass cast_to=str"
        raise RequestValidationError([field_error("json.stream", "False or nothing", True, message=message)])
    with HiddenFrames():
        content, content_type = _content(given, body)

    # Headers of the request itself come first, so that the client's defaults replace them.
    ours = {"Accept": "*/*"} if is_raw else {}
    if content_type is not None:
        ours["Content-Type"] = content_type
    defaults = settings._replace(
        default_headers=merge_headers(ours, settings.default_headers),
        default_query={name: value for name, value in settings.default_query.items() if name not in names},
    )
    operation: Operation[Any] = Operation(_NAME, method, path, "")
    own = {name: value for name, value in options.items() if name != "extra_body"}
    call = prepare(operation, {**own, "extra_query": query}, defaults)

    # The parameters of the path are sent as they stand there, since servers sign addresses of next pages; those of the
    # same name in `query` replace them.
    address, _, others = call.request.url.partition("?")
    kept = [one for one in parameters.value if _parameter_name(one) not in query]
    url = "?".join(filter(None, [address, "&".join([*kept, *filter(None, [others])])]))
    return call._replace(
        request=call.request._replace(url=url, content=content.value),
        settings=call.settings._replace(
            default_headers=settings.default_headers, default_query=settings.default_query
        ),
        params={**(body if is_mapping(body) else {}), **options},
        read=read,
    )


def _method(method: object) -> str:
    if not isinstance(method, str) or method.upper() not in _METHODS:
        raise RequestValidationError([field_error("method", f"one of {', '.join(_METHODS)}", method)])
    return method.upper()


def _parameter_name(parameter: str) -> str:
    return unquote_plus(parameter.partition("=")[0])


def _split(path: object, base_url: str) -> tuple[str, Hidden[list[str]]]:
    """Return the path behind the address of the API, from its slash, and the parameters of its query as they stand.

    Raises:
        RequestValidationError: It leads out of the API, or to a place that depends on the resolver.
    """
    if not isinstance(path, str) or not path.strip():
        raise RequestValidationError([field_error("path", _A_PATH, path)])
    if re.search(_NO_URL_CHARACTERS, path):
        raise _refused(path, "contains white space, a backslash, a '#' or a character that no URL has")
    # A whole URL, as some servers give for the next page, is as good as its path if it is one of the API.
    inside = _without_base(path, base_url)
    if re.match(r"//|[A-Za-z][A-Za-z0-9+.-]*:", inside):
        raise _refused(path, "leads out of base_url, where the key must not go")
    route, _, query = inside.partition("?")
    # Clients and gateways resolve dots (RFC 3986, 5.2.4), some of them after decoding. An empty segment is an id that
    # is empty, and names another endpoint; only a slash at the end is part of some addresses.
    if "" in route.removeprefix("/").removesuffix("/").split("/") or _has_dot_segment(route):
        raise _refused(path, "has an empty segment, '.' or '..'")
    parameters = quote(query, safe=_SAFE_IN_QUERY).split("&") if query else []
    return quote(f"/{route.removeprefix('/')}", safe=_SAFE), Hidden(parameters)


def _without_base(path: str, base_url: str) -> str:
    """Return the path behind the address of the API, if it is a URL of the API in any notation; else the path."""
    found = re.match(r"[A-Za-z][A-Za-z0-9+.-]*://([^/?]*)", path)
    base = split_url(base_url)
    # A user and password would be other credentials than the client's.
    if (
        found
        and origin(found[0]) == origin(base_url)
        and found[1].rpartition("@")[0] == base.netloc.rpartition("@")[0]
    ):
        route = path[found.end() :]
        return route.removeprefix(base.path) if route.startswith(f"{base.path}/") else path
    return path


def _has_dot_segment(route: str) -> bool:
    """Whether a path has a segment "." or "..", also encoded, behind an encoded slash, or with parameters (`..;a`)."""
    for _ in range(_MAX_DECODINGS):
        route = unquote(route)
    return any(part.partition(";")[0] in (".", "..") for part in re.split(r"[/\\]", route))


def _refused(path: str, problem: str) -> RequestValidationError:
    # Without the query, which may hold a secret, and without a user and password.
    shown = one_line(path.partition("?")[0].rpartition("@")[2], MAX_VALUE_CHARS)
    message = f"{problem}: expected {_A_PATH}, got {shown!r}"
    return RequestValidationError([field_error("path", _A_PATH, path, message=message)])


def _json_body(given: AnyRequest, options: Mapping[str, object]) -> object:
    """Return the JSON body, with the fields of `extra_body`; None if there is none."""
    extra = check_argument("extra_body", check_mapping, options.get("extra_body"))
    if given.json is not None and given.content is not None:
        message = "cannot be combined with json; pass one of the two"
        raise RequestValidationError([field_error("content", "no json", given.content, message=message)])
    json = plain_data(given.json)
    if not extra:
        return json
    if given.content is not None or not (json is None or is_mapping(json)):
        message = "needs a json that is a dict; pass the whole body in json or content"
        raise RequestValidationError([field_error("extra_body", "nothing", extra, message=message)])
    return {**(json or {}), **plain_data(extra)}


def _content(given: AnyRequest, body: object) -> tuple[Hidden[bytes], str | None]:
    """Return the body as bytes, and its media type unless a header names one; None if there is no body."""
    content: object = given.content
    if content is None:
        return (Hidden(b""), None) if body is None else (Hidden(encode(body)), "application/json")
    if isinstance(content, str):
        try:
            return Hidden(content.encode()), "text/plain; charset=utf-8"
        except UnicodeEncodeError:
            message = "contains half of a surrogate pair, which UTF-8 cannot encode; pass bytes"
            raise RequestValidationError([field_error("content", "text", None, message=message)]) from None
    if isinstance(content, (bytes, bytearray, memoryview)):
        return Hidden(bytes(content)), "application/octet-stream"
    message = f"expected bytes or a string, got {type(content).__name__}; read files and iterators first"
    raise RequestValidationError([field_error("content", "bytes or a string", content, message=message)])
