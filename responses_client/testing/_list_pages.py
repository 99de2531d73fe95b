"""Pages of lists: the query that asks for one, and the list object that carries it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import httpx

from ._json_checks import integer, refuse, unsupported
from ._json_types import JSONObject
from ._query_params import whole_number


@dataclass(frozen=True, slots=True)
class PageQuery:
    """A query for a part of a list: at most `limit` objects between those with the ids `after` and `before`."""

    after: str | None
    before: str | None
    limit: int
    newest_first: bool


def page_query(params: httpx.QueryParams, *, default: int = 20, most: int = 100) -> PageQuery:
    """Return the page that a query asks for; by default the newest 20 objects, and never more than 100."""
    order = params.get("order", "desc")
    if order not in ("asc", "desc"):
        unsupported(order, ("asc", "desc"), "order")
    limit = whole_number(params, "limit", default)
    integer(1, most)(limit, "limit")
    return PageQuery(params.get("after"), params.get("before"), limit, newest_first=order == "desc")


def page(things: Sequence[JSONObject], query: PageQuery) -> JSONObject:
    """Return a page of objects, which are given oldest first."""
    ordered = [*reversed(things)] if query.newest_first else [*things]
    ids = [thing.get("id") for thing in ordered]
    start = 0 if query.after is None else _place(query.after, "after", ids) + 1
    if query.before is None:
        return listed(ordered[start : start + query.limit], has_more=len(ordered) - start > query.limit)
    # Of those before it, the nearest: this is how to page back.
    ordered = ordered[start : _place(query.before, "before", ids)]
    return listed(ordered[-query.limit :], has_more=len(ordered) > query.limit)


def _place(id: str, name: str, ids: Sequence[object]) -> int:
    if id not in ids:
        refuse(f"Invalid '{name}': there is no object with id '{id}'.", name, "invalid_value")
    return ids.index(id)


def listed(things: list[JSONObject], *, has_more: bool = False) -> JSONObject:
    """Return objects in the API's list object."""
    ends: JSONObject = dict.fromkeys(("first_id", "last_id"))
    if things:
        ends = {"first_id": things[0].get("id"), "last_id": things[-1].get("id")}
    return {"object": "list", "data": things, **ends, "has_more": has_more}
