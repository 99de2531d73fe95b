"""Runs with tools in memory: CPU time of a turn, compared with a hand-written loop and with openai-agents."""

import asyncio
import json
from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from typing import Any

from . import payloads
from .payloads import MODEL
from .peers import Answer
from .setup import Setup
from .timing import Row, Target, alternate, cpu, rows

_TOOL = "lookup"


def turns(setup: Setup) -> Iterator[Row]:
    """Compare runs of a fixed number of turns, in which every response calls a tool."""
    item = {**payloads.function_call(24, 1), "name": _TOOL, "arguments": json.dumps({"query": "trees"})}
    fields = {**payloads.response("completed", [item]), "store": True, "previous_response_id": "resp_0"}
    answer = Answer.json(payloads.dump(fields))
    loops: dict[str, Callable[[], float]] = {}
    if setup.official is not None:
        loops["official by hand"] = partial(
            _time, partial(_by_hand, setup.official.client(answer), setup.turns)
        )
        agents = _agents(setup.official.async_client(answer), setup.turns)
        loops |= {} if agents is None else {"openai-agents": partial(_time, agents)}
    loops["ours"] = partial(_time, partial(_ours, setup.ours.client(answer), setup.turns))
    samples = alternate(setup.repeats, loops)
    targets = {"official by hand": Target("at least", 1), "openai-agents": Target("at least", 3)}
    yield from rows("a turn of a run with one tool call", "ms", samples, targets, 1e3 / setup.turns)


def _time(loop: Callable[[], int]) -> float:
    called: list[int] = []
    seconds = cpu(lambda: called.append(loop()))
    if called == [0]:
        raise AssertionError("the tool was not called")
    return seconds


class _Tool:
    """A tool that counts its calls; `function` is passed to the frameworks."""

    def __init__(self) -> None:
        self.calls = 0

        def lookup(query: str) -> str:
            """Look something up."""
            self.calls += 1
            return f"Nothing is known of {query}."

        self.function = lookup


def _ours(client: Any, most: int) -> int:
    from responses_client import MaxTurnsExceeded

    tool = _Tool()
    try:
        client.responses.run(model=MODEL, input="Go on.", tools=[tool.function], max_turns=most)
    except MaxTurnsExceeded:
        return tool.calls
    raise AssertionError("the run ended before its last turn")


def _by_hand(client: Any, most: int) -> int:
    """Run a hand-written loop with one tool and without checks, and return the number of calls."""
    tool = _Tool()
    schema = {
        "type": "object",
        "properties": {"query": {"type": "string"}},
        "required": ["query"],
        "additionalProperties": False,
    }
    tools = [{"type": "function", "name": _TOOL, "parameters": schema, "strict": True}]
    given: Any = "Go on."
    previous: dict[str, str] = {}
    for _ in range(most):
        response = client.responses.create(model=MODEL, input=given, tools=tools, **previous)
        previous = {"previous_response_id": response.id}
        given = []
        for item in response.output:
            if item.type == "function_call":
                output = tool.function(**json.loads(item.arguments))
                given.append({"type": "function_call_output", "call_id": item.call_id, "output": output})
    return tool.calls


def _agents(client: Any, most: int) -> Callable[[], int] | None:
    """Return the same run with openai-agents, which uses the official package; None if it is not installed."""
    try:
        agents: Any = import_module("agents")
    except ImportError:
        return None
    agents.set_tracing_disabled(True)
    model = agents.OpenAIResponsesModel(model=MODEL, openai_client=client)

    async def go() -> int:
        tool = _Tool()
        agent = agents.Agent(name="a", model=model, tools=[agents.function_tool(tool.function)])
        try:
            await agents.Runner.run(
                agent, "Go on.", max_turns=most, previous_response_id="resp_0", auto_previous_response_id=True
            )
        except agents.exceptions.MaxTurnsExceeded:
            return tool.calls
        raise AssertionError("the run ended before its last turn")

    return lambda: asyncio.run(go())
