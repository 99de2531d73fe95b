"""Ids for the calls of an output that no answer could name, and items that a request may have once; no I/O.

A server may give a call no `call_id`, or give one to several calls. Their answers would be ambiguous, so such calls
get ids here, which are sent back in the call and in its answer. Ids are made of the data alone: the same answers of a
server lead to the same requests, as replays of recorded traffic demand.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import count
from typing import TYPE_CHECKING, cast

from .._calls.output_as_input import KEEPS_ID, without_id
from .._calls.repeated_items import repeated_items
from ..models._base import union_class
from ..models._tolerance import write_json
from ..models._unions import InputItem, OutputItem
from ..models.items import ReasoningItem
from .calls import is_call, key_field

if TYPE_CHECKING:
    from ..models import Response

__all__ = ["own_ids", "with_ids", "without_repeats", "without_shared_ids"]

_MAX_ID_CHARS = 64
"""The length of the longest `call_id` that the API accepts."""
_ID_DIGITS = 24


def own_ids(
    response: Response, waiting: Iterable[OutputItem], turn: int, earlier: Iterable[OutputItem] = ()
) -> dict[int, str]:
    """Return ids for the calls that have none, or share theirs, by the positions of the calls.

    A call that has only an `id` gets that as its `call_id`, because gateways that translate from Chat Completions know
    it by this one.

    Args:
        response: The response.
        waiting: The calls of its output that wait for an answer; others keep what they have.
        turn: The number of the turn in its run: another turn may have an equal response.
        earlier: The items of earlier responses, whose calls may have used an id already.
    """
    output = response.output
    repeated = repeated_items(output)
    calls = [place for place, item in enumerate(output) if is_call(item) and place not in repeated]
    keys = Counter(_valid_key(output[place]) for place in calls)
    item_ids = Counter(getattr(output[place], "id", None) for place in calls)
    mine = {id(call) for call in waiting}
    nameless = [place for place in calls if id(output[place]) in mine and not _has_key(output[place], keys)]
    if not nameless:
        return {}
    taken = {*keys, *map(_valid_key, filter(is_call, earlier))}
    found: dict[int, str] = {}
    for place in nameless:
        call = output[place]
        own = getattr(call, "id", None)
        # The output of a local shell repeats the id of its call as its own `id`, which must not be that of an item.
        is_fit = (
            not _valid_key(call)
            and call.wire_type != "local_shell_call"
            and isinstance(own, str)
            and 0 < len(own) <= _MAX_ID_CHARS
        )
        is_free = item_ids[own] == 1 and own not in taken
        seed = f"{response.id} {response.created_at} {turn} {place}"
        found[place] = str(own) if is_fit and is_free else _made_id(call, seed)
    return found | {place: found[first] for place, first in repeated.items() if first in found}


def _has_key(call: OutputItem, keys: Mapping[str, int]) -> bool:
    key = _valid_key(call)
    return bool(key) and keys[key] == 1


def _valid_key(call: OutputItem) -> str:
    key = getattr(call, key_field(call), None)
    return key if isinstance(key, str) else ""


def _made_id(call: OutputItem, place: str) -> str:
    # Imported here because few servers need it.
    from hashlib import sha256

    prefix = "mcpr" if call.wire_type == "mcp_approval_request" else "call"
    digest = sha256(place.encode() + write_json(call.to_dict())).hexdigest()
    return f"{prefix}_{digest[:_ID_DIGITS]}"


def with_ids(response: Response, ids: Mapping[int, str]) -> Response:
    """Return a response with other ids in the calls at some positions; a call that lacked only its id is whole then."""
    output = [*response.output]
    for place, key in ids.items():
        fields = {**output[place].to_dict(), key_field(output[place]): key}
        output[place] = cast("OutputItem", union_class(OutputItem).validate(fields))
    return response.model_copy(update={"output": output})


def without_repeats(response: Response) -> Response:
    """Return a response without the items that only repeat another one; the same object if there are none."""
    repeated = repeated_items(response.output)
    if not repeated:
        return response
    kept = [item for place, item in enumerate(response.output) if place not in repeated]
    return response.model_copy(update={"output": kept})


def without_shared_ids(items: Sequence[InputItem], earlier: Iterable[object] = ()) -> list[InputItem]:
    """Return the items of a request, each id once: the API refuses a request that has an id twice.

    Some servers use their ids again in each response. A later item is sent without its id, or with another one where
    the id is required; the ids that other items refer to stay.

    Args:
        items: The items.
        earlier: The items that the server has before these.
    """
    seen: set[object] = {getattr(item, "id", None) for item in earlier}
    kept: list[InputItem] = []
    for item in items:
        key: object = getattr(item, "id", None)
        if isinstance(key, str) and key and not _is_referred_to(item):
            if key in seen:
                item = _with_other_id(item, key, seen) if item.wire_type in KEEPS_ID else without_id(item)
            else:
                seen.add(key)
        kept.append(item)
    return kept


def _is_referred_to(item: InputItem) -> bool:
    if isinstance(item, ReasoningItem):  # without its thoughts, it stands for the one that the server keeps
        return not item.encrypted_content and not item.content
    # The id of a local shell output names its call.
    return item.wire_type in ("item_reference", "local_shell_call_output", "mcp_approval_request")


def _with_other_id(item: InputItem, key: str, seen: set[object]) -> InputItem:
    other = next(name for number in count(2) if (name := f"{key}_{number}") not in seen)
    seen.add(other)
    return item.model_copy(update={"id": other})
