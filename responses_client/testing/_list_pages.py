"""Queries of `GET` requests, with the bounds of the API, and the pages of lists."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from ._create_schema import INCLUDABLE
from ._http_types import JSONObject
from ._json_checks import INTEGER, STRING, array, integer, refuse, text, unsupported

_LIMIT = integer(1, 100)
_NUMBER = integer(0)
_INCLUDE = array(text(values=INCLUDABLE))
_WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of a list is asked for: at most `limit` things that follow the one with the id `after`."""

    after: str | None
    limit: int
    newest_first: bool


def wanted_page(query: httpx.QueryParams) -> Wanted:
    """The page that a query asks for; the newest 20 unless it says otherwise."""
    order = query.get("order", "desc")
    if order not in ("asc", "desc"):
        unsupported(order, ("asc", "desc"), "order")
    limit = _whole_number(query, "limit", 20)
    _LIMIT(limit, "limit")
    return Wanted(query.get("after"), limit, newest_first=order == "desc")


def page(things: Sequence[JSONObject], wanted: Wanted) -> JSONObject:
    """A page of things that are given oldest first."""
    ordered = [*reversed(things)] if wanted.newest_first else [*things]
    ids = [thing.get("id") for thing in ordered]
    if wanted.after is not None:
        if wanted.after not in ids:
            refuse(f"Invalid 'after': there is no object with id '{wanted.after}'.", "after", "invalid_value")
        ordered = ordered[ids.index(wanted.after) + 1 :]
    return listed(ordered[: wanted.limit], has_more=len(ordered) > wanted.limit)


def listed(things: list[JSONObject], *, has_more: bool = False) -> JSONObject:
    """The list object of the API."""
    ends: JSONObject = dict.fromkeys(("first_id", "last_id"))
    if things:
        ends = {"first_id": things[0].get("id"), "last_id": things[-1].get("id")}
    return {"object": "list", "data": things, **ends, "has_more": has_more}


def check_include(query: httpx.QueryParams) -> None:
    """Refuse an `include` that the API does not know; what it asks for is shown in any case."""
    _INCLUDE([*query.get_list("include"), *query.get_list("include[]")], "include")


def flag(query: httpx.QueryParams, name: str) -> bool:
    """A parameter that is `true` or `false`; false when it is absent."""
    value: str = query.get(name, "false")
    if value not in ("true", "false"):
        unsupported(value, ("true", "false"), name)
    return value == "true"


def number(query: httpx.QueryParams, name: str, default: int) -> int:
    """A parameter that is a whole number from 0 on."""
    if name not in query:
        return default
    value = _whole_number(query, name, default)
    _NUMBER(value, name)
    return value


def _whole_number(query: httpx.QueryParams, name: str, default: int) -> int:
    value = query.get(name, str(default))
    if not _WHOLE_NUMBER.fullmatch(value):
        refuse(
            f"Invalid type for '{name}': expected {INTEGER}, but got {STRING} instead.", name, "invalid_type"
        )
    return int(value)
