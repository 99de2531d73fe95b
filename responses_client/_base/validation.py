"""Checks of options and arguments that users give, and the errors for those that cannot work."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from inspect import iscoroutinefunction
from typing import TypeGuard, cast

from ..errors import ConfigurationError
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

# RFC 9110, 5.6.2: what the name of a header consists of.
_HEADER_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_CONTROL = r"[\x00-\x1f\x7f]"
_LAST_ASCII = "\x7f"
_LAST_LATIN_1 = "\xff"
MAX_SECONDS = 10 * 365 * 86400
"""The longest time that an option takes: ten years. Clocks overflow on more; an endless wait is None."""


def check_headers(label: str, headers: Mapping[str, str | None] | None) -> dict[str, str | None]:
    """Copy headers given by a user, without white space around values; refuse those that HTTP cannot carry."""
    checked: dict[str, str | None] = {}
    for name, value in check_mapping(label, headers).items():
        if not re.fullmatch(_HEADER_NAME, name):
            shown = one_line(name, MAX_VALUE_CHARS)
            raise ConfigurationError(
                f"The {label} has a header {shown!r}, which is no header name; correct it"
            )
        place = f"header {name!r} in the {label}"
        if value is None:
            checked[name] = None
            continue
        if not isinstance(value, str):
            raise invalid_option(place, "a string or None", value)
        if forbidden := _find_forbidden(value.replace("\t", " "), _LAST_LATIN_1, "Latin-1"):
            raise ConfigurationError(f"The {place} holds {forbidden}, which no header can; remove it")
        checked[name] = value.strip(" \t")
    return checked


def unknown_argument(function: str, name: str, known: Iterable[str]) -> TypeError:
    """Give the error for a keyword that a function does not take, with the nearest one that it does."""
    # Imported here because only a mistake needs it.
    import difflib

    near = difflib.get_close_matches(name, list(known), n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return TypeError(f"{function}() got an unexpected keyword argument {name!r}{hint}")


def invalid_option(label: str, expected: str, value: object) -> ConfigurationError:
    """Give the error for a value of a wrong type or size."""
    # Only numbers are shown: anything else may be a secret in the wrong place.
    got = f"{type(value).__name__} {number_text(value)}".rstrip()
    return ConfigurationError(f"The {label} must be {expected}, got {got}")


def needs_async(option: str) -> ConfigurationError:
    """Give the error for an async function in a client that is not."""
    return ConfigurationError(
        f"{option} is an async function, which needs AsyncClient; pass one that is not async"
    )


def _find_forbidden(text: str, last: str, charset: str) -> str | None:
    """Name what keeps a text out of a header, None when nothing does; the text itself is not quoted."""
    if "\n" in text or "\r" in text:
        return "a line break"
    if max(text, default="") > last:
        return f"a character beyond {charset}"
    return "a control character" if re.search(_CONTROL, text) else None


def check_text(label: str, value: object, last: str = _LAST_ASCII) -> str:
    """Return a text that a header can carry as it is; `last` is the last character that may be in it."""
    if not isinstance(value, str):
        raise invalid_option(label, "a string", value)
    if not value.strip():
        raise ConfigurationError(f"The {label} is blank; give it a value or leave it out")
    forbidden = _find_forbidden(value, last, "ASCII")
    if forbidden is None and value != value.strip():
        forbidden = "white space at its start or end"
    if forbidden is not None:
        raise ConfigurationError(f"The {label} holds {forbidden}; remove that (the value is not shown)")
    return value


def check_mapping(label: str, value: object) -> dict[str, object]:
    """Copy a mapping with texts as keys; None is an empty one."""
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise invalid_option(label, "a mapping", value)
    mapping = dict(cast("Mapping[object, object]", value))
    for name in mapping:
        if not isinstance(name, str):
            raise invalid_option(f"name in the {label}", "a string", name)
    return cast("dict[str, object]", mapping)


def check_query(label: str, value: object) -> dict[str, object]:
    """Copy query parameters given by a user."""
    query = check_mapping(label, value)
    for name, given in query.items():
        if given is None or isinstance(given, (str, int, float)):
            continue
        for one in cast("Sequence[object]", given) if isinstance(given, (list, tuple)) else [given]:
            if not isinstance(one, (str, int, float)):
                raise invalid_option(
                    f"parameter {name!r} in the {label}", "a string, number, list or None", one
                )
    return query


def is_async(function: object) -> bool:
    """Tell whether something is an async function, or an object that is called like one."""
    return any(map(iscoroutinefunction, (function, getattr(function, "__call__", None))))  # noqa: B004  # not whether it can be called, but how


def is_number(value: object) -> TypeGuard[float]:
    """Whether a value is a finite number; a bool is none."""
    if isinstance(value, float):
        return math.isfinite(value)
    return isinstance(value, int) and not isinstance(value, bool)  # `isfinite` overflows on huge ones


def is_whole_number(value: object, least: int = 0) -> TypeGuard[int]:
    """Whether a value is an int, no bool, and at least `least`."""
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def is_seconds(value: object, *, least: float | None = None) -> TypeGuard[float]:
    """Whether a value is a time in seconds: above 0, or from `least` where that is given, and at most `MAX_SECONDS`."""
    if not is_number(value) or value > MAX_SECONDS:
        return False
    return value > 0 if least is None else value >= least
