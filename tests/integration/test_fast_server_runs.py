"""Runs with tools against fastresponses, an independent server, in each mode."""

from __future__ import annotations

from typing import Any

import pytest
from callers import MODES, Caller

from responses_client import AsyncClient, Client, RunResult, ToolReturned

pytestmark = pytest.mark.usefixtures("no_warnings")


@pytest.fixture(params=MODES)
def caller(request: pytest.FixtureRequest, fast_server: str) -> Caller:
    options: dict[str, Any] = {"api_key": "key", "base_url": fast_server, "max_retries": 0, "timeout": 30}
    return Caller(request.param, lambda: Client(**options), lambda: AsyncClient(**options))


def shout(word: str) -> str:
    """Say a word loudly."""
    return word.upper()


SERVER_KEEPS = {"replay": False}
IN_THE_BACKGROUND = {"background": True}
BY_ITSELF: dict[str, bool] = {}
WITHOUT_STORAGE = {"store": False}
HOW = [SERVER_KEEPS, IN_THE_BACKGROUND, BY_ITSELF, WITHOUT_STORAGE]


@pytest.mark.parametrize("how", HOW, ids=str)
def test_run(caller: Caller, how: dict[str, Any]) -> None:
    result = caller(lambda client: client.responses.run(model="m", input="think one", tools=[shout], **how))

    assert result.status == "completed"
    assert result.output_text == "think one THINK ONE "
    assert [len(turn.outputs) for turn in result.turns] == [2, 0]


@pytest.mark.parametrize("how", HOW, ids=str)
def test_streamed_run(caller: Caller, how: dict[str, Any]) -> None:
    params: dict[str, Any] = {"model": "m", "input": "think one", "tools": [shout], **how}

    def read(client: Client) -> tuple[list[Any], RunResult]:
        with client.responses.run_stream(**params) as stream:
            return list(stream), stream.get_final_result()

    async def wait(client: AsyncClient) -> tuple[list[Any], RunResult]:
        async with client.responses.run_stream(**params) as stream:
            return [event async for event in stream], await stream.get_final_result()

    events, result = caller.run(read, wait)
    assert result.output_text == "think one THINK ONE "
    returned = {
        event.call.call_id: event.output.output for event in events if isinstance(event, ToolReturned)
    }
    assert returned == {"call_0": "THINK", "call_1": "ONE"}


def test_run_is_taken_up_again_from_json(caller: Caller) -> None:
    params: dict[str, Any] = {"model": "m", "tools": [shout]}

    def stop(client: Any) -> Any:
        return client.responses.run(**params, input="one", on_turn=lambda result: True)

    saved = RunResult.from_json(caller(stop).to_json())
    result = caller(lambda client: client.responses.run(**params, resume=saved))
    assert (result.status, result.output_text) == ("completed", "one ONE ")
