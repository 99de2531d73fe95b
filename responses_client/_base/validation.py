"""Checks of the options and arguments that users pass, and the errors for invalid ones; no I/O."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping
from inspect import iscoroutinefunction
from typing import TypeGuard

from ..errors import ConfigurationError
from .json_types import is_mapping, is_sequence
from .messages import MAX_VALUE_CHARS, number_text, one_line

__all__ = [
    "MAX_SECONDS",
    "check_headers",
    "check_mapping",
    "check_query",
    "check_text",
    "invalid_option",
    "is_async",
    "is_number",
    "is_seconds",
    "is_whole_number",
    "needs_async",
    "unknown_argument",
]

# A `token` of RFC 9110, 5.6.2.
_HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_CONTROL = r"[\x00-\x1f\x7f]"
# RFC 9110, 5.5, allows values beyond ASCII but gives them no meaning; HTTP libraries send them as Latin-1.
_LAST_ASCII = "\x7f"
_LAST_LATIN_1 = "\xff"
MAX_SECONDS = 10 * 365 * 86400
"""The longest time that an option may have: ten years. Clocks overflow on more; None means no limit."""


def check_headers(label: str, headers: Mapping[str, str | None] | None) -> dict[str, str | None]:
    """Return headers of a user, without white space around the values.

    Raises:
        ConfigurationError: They are not a mapping, or HTTP cannot carry one of them. The message shows no value.
    """
    checked: dict[str, str | None] = {}
    for name, value in check_mapping(label, headers).items():
        if not re.fullmatch(_HEADER_NAME, name):
            shown = one_line(name, MAX_VALUE_CHARS)
            raise ConfigurationError(
                f"The {label} has a header {shown!r}, which is not a valid header name; correct it"
            )
        place = f"header {name!r} in the {label}"
        if value is None:
            checked[name] = None
            continue
        if not isinstance(value, str):
            raise invalid_option(place, "a string or None", value)
        if forbidden := _find_forbidden(value.replace("\t", " "), _LAST_LATIN_1, "Latin-1"):
            raise ConfigurationError(f"The {place} contains {forbidden}, which no header may; remove it")
        checked[name] = value.strip(" \t")
    return checked


def unknown_argument(function: str, name: str, known: Iterable[str]) -> TypeError:
    """Return the error for a keyword that a function does not take; it suggests a similar one of the known."""
    # Here, because the module is needed only for errors.
    import difflib

    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return TypeError(f"{function}() got an unexpected keyword argument {name!r}{hint}")


def invalid_option(label: str, expected: str, value: object) -> ConfigurationError:
    """Return the error for an option of a wrong type or size: "The timeout must be a number, got str"."""
    # The message shows only numbers: any other value may be a secret that got to the wrong place.
    got = f"{type(value).__name__} {number_text(value)}".rstrip()
    return ConfigurationError(f"The {label} must be {expected}, got {got}")


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


def check_text(label: str, value: object, last: str = _LAST_ASCII) -> str:
    """Return a string if a header can carry it unchanged; `last` is the last character that it may contain.

    Raises:
        ConfigurationError: It cannot. The message does not show the string.
    """
    if not isinstance(value, str):
        raise invalid_option(label, "a string", value)
    if not value.strip():
        raise ConfigurationError(f"The {label} is blank; set a value or leave it out")
    forbidden = _find_forbidden(value, last, "ASCII")
    if forbidden is None and value != value.strip():
        forbidden = "white space at its start or end"
    if forbidden is not None:
        raise ConfigurationError(f"The {label} contains {forbidden}; remove it (the value is not shown)")
    return value


def check_mapping(label: str, value: object) -> dict[str, object]:
    """Return a copy of a mapping with strings as keys; an empty one for None.

    Raises:
        ConfigurationError: It is something else.
    """
    if value is None:
        return {}
    if not is_mapping(value):
        raise invalid_option(label, "a mapping", value)
    for name in value:
        if not isinstance(name, str):
            raise invalid_option(f"name in the {label}", "a string", name)
    return dict(value)


def check_query(label: str, value: object) -> dict[str, object]:
    """Return a copy of the query parameters of a user.

    Raises:
        ConfigurationError: They are not a mapping, or one has a value that no URL can carry.
    """
    query = check_mapping(label, value)
    for name, given in query.items():
        if given is None or isinstance(given, (str, int, float)):
            continue
        for one in given if is_sequence(given) else [given]:
            if not isinstance(one, (str, int, float)):
                raise invalid_option(
                    f"parameter {name!r} in the {label}", "a string, number, list or None", one
                )
    return query


def is_async(function: object) -> bool:
    """Whether a value is an async function, or an object whose `__call__` is one."""
    return any(map(iscoroutinefunction, (function, getattr(function, "__call__", None))))  # noqa: B004  # not whether it can be called, but how


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
