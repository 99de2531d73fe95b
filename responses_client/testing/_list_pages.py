"""Pages of lists: the query that asks for one, and the list object that carries it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from ._json_checks import integer, refuse, unsupported
from ._json_types import JSONObject
from ._query_params import whole_number

_LIMIT = integer(1, 100)


@dataclass(frozen=True, slots=True)
class PageQuery:
    """A query for a part of a list: at most `limit` objects that follow the one with the id `after`."""

    after: str | None
    limit: int
    newest_first: bool


def page_query(params: httpx.QueryParams) -> PageQuery:
    """Return the page that a query asks for; by default the newest 20 objects."""
    order = params.get("order", "desc")
    if order not in ("asc", "desc"):
        unsupported(order, ("asc", "desc"), "order")
    limit = whole_number(params, "limit", 20)
    _LIMIT(limit, "limit")
    return PageQuery(params.get("after"), limit, newest_first=order == "desc")


def page(things: Sequence[JSONObject], query: PageQuery) -> JSONObject:
    """Return a page of objects, which are given oldest first."""
    ordered = [*reversed(things)] if query.newest_first else [*things]
    ids = [thing.get("id") for thing in ordered]
    if query.after is not None:
        if query.after not in ids:
            refuse(f"Invalid 'after': there is no object with id '{query.after}'.", "after", "invalid_value")
        ordered = ordered[ids.index(query.after) + 1 :]
    return listed(ordered[: query.limit], has_more=len(ordered) > query.limit)


def listed(things: list[JSONObject], *, has_more: bool = False) -> JSONObject:
    """Return objects in the API's list object."""
    ends: JSONObject = dict.fromkeys(("first_id", "last_id"))
    if things:
        ends = {"first_id": things[0].get("id"), "last_id": things[-1].get("id")}
    return {"object": "list", "data": things, **ends, "has_more": has_more}
