"""Runs with tools against an independent server, in each mode."""

from __future__ import annotations

from typing import Any

import pytest
from callers import MODES, Caller

from responses_client import AsyncClient, Client, RunResult, ToolReturned


@pytest.fixture(params=MODES)
def caller(request: pytest.FixtureRequest, agent_server: str) -> Caller:
    options: dict[str, Any] = {"api_key": "any", "base_url": agent_server, "max_retries": 0, "timeout": 30}
    return Caller(request.param, lambda: Client(**options), lambda: AsyncClient(**options))


def shout(word: str) -> str:
    """Say a word loudly."""
    return word.upper()


# This server keeps responses without saying so.
SERVER_KEEPS = {"replay": False}
IN_THE_BACKGROUND = {"replay": False, "background": True}
BY_ITSELF: dict[str, bool] = {}
WITHOUT_STORAGE = {"store": False}
HOW = [SERVER_KEEPS, IN_THE_BACKGROUND, BY_ITSELF, WITHOUT_STORAGE]


@pytest.mark.parametrize("how", HOW, ids=str)
def test_run(caller: Caller, how: dict[str, Any]) -> None:
    result = caller(lambda client: client.responses.run(model="m", input="one two", tools=[shout], **how))

    assert result.status == "completed"
    assert result.output_text.split()[-2:] == ["ONE", "TWO"]
    assert [len(turn.outputs) for turn in result.turns] == [2, 0]
    follows = result.response.previous_response_id
    assert follows == (result.turns[0].response.id if "replay" in how else None)


@pytest.mark.parametrize("how", HOW, ids=str)
def test_streamed_run(caller: Caller, how: dict[str, Any]) -> None:
    params: dict[str, Any] = {"model": "m", "input": "one two", "tools": [shout], **how}

    def read(client: Client) -> tuple[list[Any], RunResult]:
        with client.responses.run_stream(**params) as stream:
            return list(stream), stream.get_final_result()

    async def wait(client: AsyncClient) -> tuple[list[Any], RunResult]:
        async with client.responses.run_stream(**params) as stream:
            return [event async for event in stream], await stream.get_final_result()

    events, result = caller.run(read, wait)
    assert result.output_text.split()[-2:] == ["ONE", "TWO"]
    returned = {
        event.call.call_id: event.output.output for event in events if isinstance(event, ToolReturned)
    }
    assert returned == {"call_0": "ONE", "call_1": "TWO"}


def test_run_is_taken_up_again_from_json(caller: Caller) -> None:
    params: dict[str, Any] = {"model": "m", "tools": [shout], **SERVER_KEEPS}

    def stop(client: Any) -> Any:
        return client.responses.run(**params, input="one", on_turn=lambda result: True)

    stopped = caller(stop)
    assert (stopped.status, len(stopped.turns)) == ("stopped", 1)
    saved = RunResult.from_json(stopped.to_json())
    result = caller(lambda client: client.responses.run(**params, resume=saved))
    assert (result.status, result.output_text.strip()) == ("completed", "ONE")
