"""Parameters in the queries of `GET` requests, checked as the API checks them."""

from __future__ import annotations

import re

import httpx

from ._json_checks import INTEGER, STRING, array, integer, refuse, text, unsupported
from ._schema_checks import CREATE, values_of

_NUMBER = integer(0)
_INCLUDE = array(text(values=values_of(CREATE, "include")))
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")


def check_include(query: httpx.QueryParams) -> None:
    """Refuse an `include` that the API does not know; a known one has no effect, as all fields are shown."""
    _INCLUDE([*query.get_list("include"), *query.get_list("include[]")], "include")


def flag(query: httpx.QueryParams, name: str) -> bool:
    """Return a parameter that must be `true` or `false`; false if it is absent."""
    value: str = query.get(name, "false")
    if value not in ("true", "false"):
        unsupported(value, ("true", "false"), name)
    return value == "true"


def natural_number(query: httpx.QueryParams, name: str, default: int) -> int:
    """Return a parameter that must be an integer of at least 0, or the default if it is absent."""
    if name not in query:
        return default
    value = whole_number(query, name, default)
    _NUMBER(value, name)
    return value


def whole_number(query: httpx.QueryParams, name: str, default: int) -> int:
    """Return a parameter that must be an integer, or the default if it is absent."""
    value = query.get(name, str(default))
    if not _WHOLE_NUMBER.fullmatch(value):
        refuse(
            f"Invalid type for '{name}': expected {INTEGER}, but got {STRING} instead.", name, "invalid_type"
        )
    return int(value)
