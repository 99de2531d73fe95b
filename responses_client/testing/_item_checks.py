"""Checks of the items of an input that depend on other items: references, ids, and reasoning with the item after it.

The messages are those of the API. Items with ids that the server never stored are whole in themselves, so only
items of stored responses must come together, as the API kept them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

from ._call_matching import check_calls
from ._http_types import ApiError
from ._json_types import JSONObject
from ._request_input import input_items, item_type


def check_items(
    body: JSONObject,
    history: Sequence[JSONObject],
    find: Callable[[str], JSONObject | None],
    outputs: Iterable[Sequence[JSONObject]],
) -> None:
    """Refuse the input of a checked request if its items do not go together with each other or with `history`.

    `find` looks up the stored item of an id, and `outputs` are those of all stored responses.
    """
    given = input_items(body)
    items = [_resolved(item, body, find) for item in given]
    _check_ids(history, items)
    _check_reasoning(items, outputs)
    check_calls([*history, *items])


def _resolved(item: JSONObject, body: JSONObject, find: Callable[[str], JSONObject | None]) -> JSONObject:
    """Return an item, or the stored item that it refers to."""
    if not _is_reference(item):
        return item
    found = find(str(item["id"]))
    if found is None:
        raise ApiError(404, f"Item with id '{item['id']}' not found.{_advice(body)}", param="input")
    return found


def _is_reference(item: JSONObject) -> bool:
    """Whether an item stands for a stored one, as reasoning does that has an id and no content."""
    if item_type(item) == "reasoning":
        return item.get("id") is not None and not item.get("encrypted_content") and not item.get("content")
    return item_type(item) == "item_reference"


def _advice(body: JSONObject) -> str:
    if body.get("store") is not False:
        return ""
    return (
        " Items are not persisted when `store` is set to false. Try again with `store` set to true, or remove"
        " this item from your input."
    )


def _refusal(message: str) -> ApiError:
    return ApiError(400, message, param="input")


def _check_ids(history: Sequence[JSONObject], items: Sequence[JSONObject]) -> None:
    seen = {id for item in history for id in _ids(item)}
    for id in (id for item in items for id in _ids(item)):
        if id in seen:
            raise _refusal(
                f"Duplicate item found with id {id}. Remove duplicate items from your input and try again."
            )
        seen.add(id)


def _check_reasoning(items: Sequence[JSONObject], outputs: Iterable[Sequence[JSONObject]]) -> None:
    """Refuse stored reasoning without the item that it led to, and such an item without its reasoning."""
    if not any(item.get("id") for item in items):
        return
    followers: dict[str, set[str]] = {}
    needed: dict[str, list[list[str]]] = {}
    for output in outputs:
        for reasoning, item in _groups(output):
            for id in reasoning:
                followers.setdefault(id, set()).update(_ids(item))
            for id in _ids(item):
                needed.setdefault(id, []).append(reasoning)
    for reasoning, item in _groups(items):
        for id in reasoning:
            if id in followers and followers[id].isdisjoint(_ids(item)):
                raise _refusal(
                    f"Item '{id}' of type 'reasoning' was provided without its required following item."
                )
        for id in _ids(item):
            missing = [[each for each in ids if each not in reasoning] for ids in needed.get(id, ())]
            if missing and all(missing):
                raise _refusal(
                    f"Item '{id}' of type '{item_type(item)}' was provided without its required 'reasoning'"
                    f" item: '{missing[0][0]}'."
                )


def _groups(items: Sequence[JSONObject]) -> Iterator[tuple[list[str], JSONObject]]:
    """Iterate over items, each with the ids of the reasoning before it; an empty object stands for no item."""
    reasoning: list[str] = []
    for item in [*items, {}]:
        if item.get("type") == "reasoning":
            reasoning += _ids(item)
        else:
            yield reasoning, item
            reasoning = []


def _ids(item: JSONObject) -> list[str]:
    """Return the id of an item, if it has one."""
    return [str(item["id"])] if item.get("id") else []
