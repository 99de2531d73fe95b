"""The events of a streamed run: how code distinguishes them from those of responses, and from each other."""

from __future__ import annotations

from dataclasses import FrozenInstanceError
from typing import Any

import pytest
from call_items import call, output
from samples import response

from responses_client import ToolCalled, ToolReturned, Turn, TurnEnded
from responses_client._tools.calls import as_item
from responses_client.models import Response

TURN = Turn((), Response.from_dict({**response(), "output": [call()]}))
CALL = TURN.response.output[0]
EVENTS: list[Any] = [
    ToolCalled(1, CALL),
    ToolReturned(1, CALL, as_item(output()), None, 0.5),
    TurnEnded(1, TURN),
]


def test_types_begin_with_run() -> None:
    types = [event.type for event in EVENTS]
    assert types == ["run.tool_called", "run.tool_returned", "run.turn_ended"]
    assert [event.wire_type for event in EVENTS] == types


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.type)
def test_events_are_values(event: Any) -> None:
    assert event == type(event)(**vars(event))
    with pytest.raises(FrozenInstanceError):
        event.type = "other"


@pytest.mark.parametrize(
    ("event", "found"),
    [*zip(EVENTS, [CALL, CALL, TURN], strict=True)],
    ids=lambda given: type(given).__name__,
)
def test_events_can_be_matched(event: Any, found: Any) -> None:
    match event:
        case ToolCalled(turn=1, call=item) | ToolReturned(turn=1, call=item, error=None):
            assert item is found
        case TurnEnded(number=1, turn=turn):
            assert turn is found
        case _:
            pytest.fail("not matched")


@pytest.mark.parametrize("event", EVENTS[:2], ids=lambda event: event.type)
def test_events_of_calls_say_which(event: Any) -> None:
    assert (event.call_id, event.name, event.arguments) == ("c1", "f", "{}")
