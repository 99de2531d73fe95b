"""Checks of the options and arguments that users pass, and the errors for invalid ones; no I/O."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Container, Iterable, Sequence
from inspect import iscoroutinefunction
from typing import TypeGuard, TypeVar

from ..errors import ConfigurationError, RequestValidationError
from .field_errors import FieldError, field_path, not_given_advice
from .json_types import is_mapping, is_sequence
from .messages import MAX_VALUE_CHARS, number_text, one_line

__all__ = [
    "MAX_SECONDS",
    "InvalidValue",
    "check_argument",
    "check_flag",
    "check_header_value",
    "check_headers",
    "check_key",
    "check_mapping",
    "check_option",
    "check_query",
    "check_query_value",
    "check_text",
    "invalid_option",
    "is_async",
    "is_number",
    "is_seconds",
    "is_whole_number",
    "json_option_error",
    "needs_async",
    "needs_names",
    "needs_names_after",
    "refuse_unknown",
    "unknown_argument",
]

T = TypeVar("T")

# A `token` of RFC 9110, 5.6.2.
_HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
# They describe a message or a connection, and are made with it. Each of them would break the message, or the next one.
_HTTP_OWNS = frozenset(
    {
        "content-length",
        "http2-settings",
        "keep-alive",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)
_CONNECTION_VALUES = ("close", "keep-alive")
_CONTROL = r"[\x00-\x1f\x7f]"
# RFC 9110, 5.5, allows values beyond ASCII but gives them no meaning; HTTP libraries send them as Latin-1.
_LAST_ASCII = "\x7f"
_LAST_LATIN_1 = "\xff"
_MAX_QUERY_DEPTH = 50  # no server has such parameters; a dict in itself has no end
_QUOTES = "\"'`\u2018\u2019\u201c\u201d"
_MIN_PART_CHARS = 4
_SAME = ("mode", "exclude_unset", "exclude_defaults", "exclude_none", "warnings")
_DUMP_OPTIONS = {"use_api_names": "by_alias", **dict(zip(_SAME, _SAME, strict=True))}
"""The keywords of the official `to_dict` and `to_json`, and those of pydantic for each."""
MAX_SECONDS = 10 * 365 * 86400
"""The longest time that an option may have: ten years. Clocks overflow on more; None means no limit."""


class InvalidValue(Exception):
    """The finding of a check: a value that cannot work; the caller knows which option or argument has it.

    The same checks serve options of clients and sessions, whose error is a `ConfigurationError`, and arguments of
    calls, whose error is a `RequestValidationError`; `check_option` and `check_argument` raise the one or the other.

    Args:
        expected: The expected value, such as "a mapping".
        value: The given value. Messages show only numbers: any other value may be a secret that got to the wrong place.
        problem: The rest of a sentence about the value, in place of "must be ..., got ...".
    """

    def __init__(self, expected: str, value: object, problem: str | None = None) -> None:
        # Neither in `args` nor in an attribute is the value: this exception is the context of the error that is raised.
        super().__init__(problem or expected)
        self._expected = expected
        self._value_type = "None" if value is None else type(value).__name__
        self._got = f"{type(value).__name__} {number_text(value)}".rstrip()
        self._problem = problem
        self._part = ""
        self._path: tuple[str, ...] = ()

    def inside(self, part: str, *path: str) -> InvalidValue:
        """Say which part of an option the value is: the part as a phrase, and its path in the option."""
        self._part = f"{part} in the "
        self._path = path
        return self

    def as_configuration_error(self, label: str) -> ConfigurationError:
        """Return the error for an option, such as the "timeout argument"."""
        problem = self._problem or f"must be {self._expected}, got {self._got}"
        problem += not_given_advice(self._value_type)
        return ConfigurationError(f"The {self._part}{label} {problem}")

    def as_field_error(self, name: str) -> FieldError:
        """Return the description of the mistake for an argument of a call."""
        message = self._problem or f"expected {self._expected}, got {self._got}"
        message += not_given_advice(self._value_type)
        return FieldError(
            path=field_path((name, *self._path)),
            message=message,
            expected=self._expected,
            value_type=self._value_type,
        )


def check_option(label: str, check: Callable[[object], T], value: object) -> T:
    """Return an option of a client or a session, as a check returns it.

    Raises:
        ConfigurationError: The check refuses it.
    """
    try:
        return check(value)
    except InvalidValue as invalid:
        error = invalid.as_configuration_error(label)
    del value  # which may be a secret, and which the frame of the error would keep
    raise error


def check_argument(name: str, check: Callable[[object], T], value: object) -> T:
    """Return an argument of a call, as a check returns it.

    Raises:
        RequestValidationError: The check refuses it.
    """
    try:
        return check(value)
    except InvalidValue as invalid:
        error = RequestValidationError([invalid.as_field_error(name)])
    del value  # which may be a secret, and which the frame of the error would keep
    raise error


def check_headers(value: object) -> dict[str, str | None]:
    """Return headers of a user, without white space around the values; None gives no headers.

    Raises:
        InvalidValue: They are not a mapping, or HTTP cannot carry one of them.
    """
    checked: dict[str, str | None] = {}
    for name, field in check_mapping(value).items():
        if not re.fullmatch(_HEADER_NAME, name):
            shown = one_line(name, MAX_VALUE_CHARS)
            problem = f"has a header {shown!r}, which is not a valid header name; correct it"
            raise InvalidValue("names of headers", name, problem)
        if owned := _owned_problem(name.lower(), field):
            invalid = InvalidValue("headers that do not belong to HTTP", field, owned)
            raise invalid.inside(f"header {name!r}", name)
        try:
            checked[name] = check_header_value(field)
        except InvalidValue as invalid:
            raise invalid.inside(f"header {name!r}", name) from None
    return checked


def _owned_problem(name: str, value: object) -> str | None:
    """Return why a user may not set or remove a header; None if he may."""
    if name in _HTTP_OWNS:
        return "belongs to HTTP, which sets it for each message; leave it out"
    if name == "host" and value is None:
        return "cannot be removed, since HTTP requires it; leave it out"
    if name == "connection" and value is not None and str(value).strip().lower() not in _CONNECTION_VALUES:
        return "belongs to HTTP; it may be 'close' or 'keep-alive'"
    return None


def check_header_value(value: object) -> str | None:
    """Return the value of a header without white space around it; None, which removes a header, as it is.

    Raises:
        InvalidValue: HTTP cannot carry it.
    """
    if value is None:
        return None
    if not isinstance(value, str):
        raise InvalidValue("a string or None", value)
    if forbidden := _find_forbidden(value.replace("\t", " "), _LAST_LATIN_1, "Latin-1"):
        raise InvalidValue(
            "a header value", value, f"contains {forbidden}, which a header must not; remove it"
        )
    return value.strip(" \t")


def unknown_argument(function: str, name: str, known: Iterable[str]) -> TypeError:
    """Return the error for a keyword that a function does not take; it says which of the known to use instead."""
    # Here, because the modules are needed only for errors.
    import difflib

    from .foreign_names import argument_hint

    names = list(known)
    text = f"{function}() got an unexpected keyword argument {name!r}"
    if hint := argument_hint(name, names, function):
        return TypeError(f"{text}; {hint}")
    near = difflib.get_close_matches(name, names, n=1) or _names_with(name, names)
    question = f"; did you mean {near[0]!r}?" if near else ""
    note = " (extra_body takes fields that this version does not know)" if "extra_body" in names else ""
    return TypeError(f"{text}{question}{note}")


def _names_with(part: str, names: Iterable[str]) -> list[str]:
    """Return the names that contain a string, the shortest first; none for a string that is in names by chance."""
    return sorted((name for name in names if part in name), key=len) if len(part) >= _MIN_PART_CHARS else []


def refuse_unknown(function: str, given: Iterable[str], known: Container[str], more: Iterable[str]) -> None:
    """Refuse keywords that a function does not take.

    Args:
        function: The name of the function, such as `responses.wait`.
        given: The keywords that it was given as `**options`.
        known: The keywords that it takes in this way.
        more: All keywords that it takes, one of which may be meant.

    Raises:
        TypeError: A keyword is not known.
    """
    for name in given:
        if name not in known:
            raise unknown_argument(function, name, more)


def json_option_error(function: str, names: Iterable[str]) -> TypeError:
    """Return the error for a keyword that `to_dict` or `to_json` does not take, but may in the official package."""
    name = next(iter(names))
    text = f"{function}() got an unexpected keyword argument {name!r}"
    if name not in _DUMP_OPTIONS:
        return TypeError(text)
    dump = "model_dump" if function == "to_dict" else "model_dump_json"
    advice = "the values are JSON data already; leave it out, or use" if name == "mode" else "use"
    return TypeError(f"{text}; {advice} {dump}({_DUMP_OPTIONS[name]}=...) of pydantic")


def needs_names(function: str, values: Sequence[object], name: str | None) -> TypeError:
    """Return the error for values passed by position to a function that takes all arguments by name.

    `name` is the argument that a single value was probably meant for, if one is obvious.
    """
    match values:
        case _ if name is None:
            example = ""
        case [str(value)]:
            example = f": {name}={one_line(value, MAX_VALUE_CHARS)!r}"
        case _:
            example = f", such as {name}=..."
    return TypeError(f"{function}() takes its arguments by name{example}")


def needs_names_after(function: str, first: str) -> TypeError:
    """Return the error for values passed by position to a function that takes only its first argument so."""
    return TypeError(f"{function}() takes its arguments by name, except {first}")


def invalid_option(label: str, expected: str, value: object) -> ConfigurationError:
    """Return the error for an option of a wrong type or size: "The timeout must be a number, got str"."""
    return InvalidValue(expected, value).as_configuration_error(label)


def needs_async(option: str) -> ConfigurationError:
    """Return the error for an async function in a sync client."""
    return ConfigurationError(
        f"{option} is an async function, which needs AsyncClient; pass one that is not async"
    )


def _find_forbidden(text: str, last: str, charset: str) -> str | None:
    """Return a name for the first thing in a string that a header may not contain; None if there is none."""
    if "\n" in text or "\r" in text:
        return "a line break"
    if max(text, default="") > last:
        return f"a character beyond {charset}"
    return "a control character" if re.search(_CONTROL, text) else None


def check_text(value: object, last: str = _LAST_ASCII) -> str:
    """Return a string if a header can carry it unchanged; `last` is the last character that it may contain.

    Raises:
        InvalidValue: It cannot. The message does not show the string.
    """
    if not isinstance(value, str):
        raise InvalidValue("a string", value)
    if not value.strip():
        raise InvalidValue("a string that is not blank", value, "is blank; set a value or leave it out")
    forbidden = _find_forbidden(value, last, "ASCII")
    if forbidden is None and value != value.strip():
        forbidden = "white space at its start or end"
    if forbidden is None and (value[0] in _QUOTES or value[-1] in _QUOTES):
        forbidden = "a quotation mark at its start or end"
    if forbidden is not None:
        problem = f"contains {forbidden}; remove it (the value is not shown)"
        raise InvalidValue("a string for a header", value, problem)
    return value


def check_key(value: object) -> str:
    """Return a key if it can be sent as it is.

    Raises:
        InvalidValue: It cannot. The message does not show it.
    """
    key = check_text(value)
    if key.lower().startswith("bearer "):
        problem = "starts with 'Bearer'; pass the key alone, since the client adds the word (the value is not shown)"
        raise InvalidValue("a key", value, problem)
    return key


def check_mapping(value: object) -> dict[str, object]:
    """Return a copy of a mapping with strings as keys; an empty one for None.

    Raises:
        InvalidValue: It is something else.
    """
    if value is None:
        return {}
    if not is_mapping(value):
        raise InvalidValue("a mapping", value)
    for name in value:
        if not isinstance(name, str):
            raise InvalidValue("a string", name).inside("name")
    return dict(value)


def check_query(value: object) -> dict[str, object]:
    """Return a copy of the query parameters of a user; None gives none.

    Raises:
        InvalidValue: They are not a mapping, or one has a value that no URL can carry.
    """
    query = check_mapping(value)
    check_query_value(query)
    return query


def check_query_value(value: object, *path: str) -> None:
    """Check the value of a query parameter, or of the part of it at a path.

    Raises:
        InvalidValue: No URL can carry it.
    """
    if len(path) > _MAX_QUERY_DEPTH:
        endless = "is nested too deep, or in itself; pass a flat dict"
        raise InvalidValue("a flat dict", value, endless).inside(f"parameter {path[0]!r}", path[0])
    shown = path[0] + "".join(f"[{key}]" for key in path[1:]) if path else ""
    if is_mapping(value):
        for key, part in value.items():
            if not isinstance(key, str):
                raise InvalidValue("a string", key).inside(f"name in the parameter {shown!r}", *path)
            if problem := _query_problem(key):
                place = f"name of the parameter {one_line(key, MAX_VALUE_CHARS)!r}"
                raise InvalidValue("text", key, problem).inside(place, *path)
            check_query_value(part, *path, key)
    elif value is not None:
        for one in value if is_sequence(value) else [value]:
            invalid = None
            if not isinstance(one, (str, int, float)):
                invalid = InvalidValue("a string, number, list, dict or None", one)
            elif problem := _query_problem(one):
                invalid = InvalidValue("text or a number", one, problem)
            if invalid is not None:
                raise invalid.inside(f"parameter {shown!r}", *path) if path else invalid


def _query_problem(value: str | float) -> str | None:
    """Return the reason why a query cannot have a string or a number; None if it can."""
    try:
        str(value).encode()
    except UnicodeEncodeError:
        return "contains half of a surrogate pair, which no URL can carry; remove it"
    except ValueError:
        return "is a number of too many digits; pass a shorter one"
    return None


def check_flag(value: object) -> bool:
    """Return a bool.

    Raises:
        InvalidValue: It is something else.
    """
    if isinstance(value, bool):
        return value
    raise InvalidValue("True or False", value)


def is_async(function: object) -> bool:
    """Whether a value is an async function, or an object with an async `__call__`."""
    return any(map(iscoroutinefunction, (function, getattr(function, "__call__", None))))  # noqa: B004  # the method itself is needed


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a finite number, and not a bool."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)  # `isfinite` overflows on huge ones


def is_whole_number(value: object, least: int = 0) -> TypeGuard[int]:
    """Whether a value is an int of at least `least`, and not a bool."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def is_seconds(value: object, *, least: float | None = None) -> TypeGuard[float]:
    """Whether a value is a time in seconds: above 0, or from `least` where that is given, and at most `MAX_SECONDS`."""
    if not is_number(value) or value > MAX_SECONDS:
        return False
    return value > 0 if least is None else value >= least
