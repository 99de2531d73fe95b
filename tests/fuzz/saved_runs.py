"""Target: saved runs, mutated: read as they were written, or refused; and continued without a surprise."""

from __future__ import annotations

import json
from functools import cache
from random import Random
from typing import Any, NamedTuple

import httpx
import samples
from wire_helpers import differences

from responses_client import Client, RunResult
from responses_client.errors import ResponsesClientError
from responses_client.models import InputItem
from responses_client.models._base import union_class

from . import corpus
from .cases import Target, require
from .failures import check_error
from .mutations import changed, damaged
from .parsed import check_types
from .values import Values


class SavedRun(NamedTuple):
    """The text of a saved run, and whether its bytes were damaged."""

    text: bytes
    is_damaged: bool
    continues: bool


def make(random: Random) -> SavedRun:
    """Write a run of some turns, and mutate most of them."""
    wire: Any = {
        "version": 1,
        "status": random.choice(("completed", "pending", "in_progress", "failed", "x")),
        "turns": [_turn(random) for _ in range(random.randint(1, 3))],
    }
    ids = [item["call_id"] for item in wire["turns"][-1]["response"]["output"] if item.get("call_id")]
    if ids and random.randrange(2):
        wire |= {"approval_ids": ids, "approval_positions": [*range(len(ids))]}
    if not random.randrange(3):
        wire["answered_positions"] = [random.randrange(3) for _ in range(random.randrange(3))]
    if not random.randrange(3):
        wire["renamed_calls"] = [[random.randrange(2), random.randrange(3)]]
    if not random.randrange(3):
        wire["unsent"] = _items(random)
    if random.randrange(6):
        wire = changed(random, wire)
    text = json.dumps(wire).encode()
    is_damaged = not random.randrange(8)
    return SavedRun(damaged(random, text) if is_damaged else text, is_damaged, not random.randrange(4))


def _turn(random: Random) -> dict[str, Any]:
    call = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "get", "arguments": "{}"}
    output = (
        [call, {**call, "call_id": "call_2"}] if random.randrange(2) else random.choices(corpus.items(), k=2)
    )
    answer = {"type": "function_call_output", "call_id": random.choice(("call_1", "call_2")), "output": "7"}
    return {
        "input": _items(random),
        "response": {**samples.response(), "output": output},
        "outputs": [answer] if random.randrange(2) else _items(random),
    }


def _items(random: Random) -> list[Any]:
    return [Values(random).member_of(union_class(InputItem), 2) for _ in range(random.randrange(3))]


def check(saved: SavedRun) -> str:
    """Read the run, and require that it is typed, and written as it came."""
    try:
        run = RunResult.from_json(saved.text)
    except ResponsesClientError as error:
        return check_error(error)
    for turn in run.turns:
        check_types(turn.response)
        for item in (*turn.input, *turn.outputs):
            check_types(item)
    require(isinstance(run.status, str), "a status that is not a string:", run.status)
    repr(run).encode()
    require(isinstance(run.output_text, str), "a text that is not a string:", run.output_text)
    require(type(run.usage.total_tokens) is int, "a sum that is not a number:", run.usage)
    for call in run.pending:
        require(
            isinstance(call.call_id, str) and isinstance(call.name, str), "a call without id or name:", call
        )
    require(
        {id(call.item) for call in run.approvals} <= {id(call.item) for call in run.pending},
        "an approval that is not pending",
    )
    require(len(run.items) >= len(run.response.output), "fewer items than the last output")
    again = RunResult.from_json(run.to_json())
    require(again == run and again.to_json() == run.to_json(), "another run when read again:", again, run)
    if not saved.is_damaged:
        wire = json.loads(saved.text)
        written = {name: value for name, value in run.to_dict().items() if name in wire}
        kept = {name: value for name, value in wire.items() if name in written}
        require(not (lost := differences(kept, written)), "not written as it came:", lost)
    return f"continued: {_continue(run)}" if saved.continues else "read"


def _continue(run: RunResult) -> str:
    try:
        result = _client().responses.run(
            model="m", resume=run, input="Go on", approve=[call.call_id for call in run.approvals]
        )
    except ResponsesClientError as error:
        return check_error(error)
    require(len(result.turns) > len(run.turns), "a run that goes on without a turn:", result)
    return result.status


@cache
def _client() -> Client:
    def handle(request: httpx.Request) -> httpx.Response:
        json.loads(request.content or b"{}")
        return httpx.Response(200, json=samples.response())

    transport = httpx.Client(transport=httpx.MockTransport(handle))
    return Client(api_key="sk-hunter2hunter2", max_retries=0, http_client=transport)


TARGET = Target("runs", "saved runs, mutated: read as they were written, or refused; continued", make, check)
