"""Context variables in runs: each call of a tool has its own copy of those of the caller."""

from __future__ import annotations

from contextvars import Context, ContextVar
from typing import Any

import anyio
import pytest
from callers import Caller

from responses_client import tool
from responses_client.testing import Server

USER: ContextVar[str] = ContextVar("USER", default="nobody")
CITIES = ("Oslo", "Rome", "Lima")


class Log:
    """The values that the tools and hooks of a run find in the variable, which each of them sets."""

    def __init__(self) -> None:
        self.seen: list[str] = []

    def note(self, where: str) -> str:
        self.seen.append(f"{where} {USER.get()}")
        USER.set(where)
        return where

    def function(self, *, is_async: bool) -> Any:
        def visit(city: str) -> str:
            """Visit a city."""
            return self.note(city)

        async def visit_slowly(city: str) -> str:
            """Visit a city."""
            await anyio.lowlevel.checkpoint()
            before = self.note(city)
            await anyio.lowlevel.checkpoint()
            assert USER.get() == city
            return before

        return visit_slowly if is_async else visit


def caller_sees(caller: Caller, *, is_streamed: bool, **params: Any) -> str:
    """The variable in the program after a run, if the program has set it before."""
    seen: list[str] = []

    def started(given: Any) -> Any:
        USER.set("caller")
        if not is_streamed:
            return given.responses.run(model="m", input="Hi", **params)
        return given.responses.run_stream(model="m", input="Hi", **params)

    def sync(client: Any) -> None:
        run = started(client)
        if is_streamed:
            run.until_done()
            run.close()
        seen.append(USER.get())

    async def wait(client: Any) -> None:
        run = started(client)
        if is_streamed:
            await run.until_done()
            await run.close()
        else:
            await run
        seen.append(USER.get())

    Context().run(lambda: caller.run(sync, wait))
    return seen[0]


@pytest.mark.parametrize("is_streamed", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize("timeout", [None, 5], ids=["no limit", "limit"])
@pytest.mark.parametrize("is_async", [False, True], ids=["def", "async def"])
@pytest.mark.parametrize("most", [1, 10], ids=["one at a time", "at once"])
def test_variable_of_a_tool_is_that_of_its_call(
    caller: Caller, server: Server, is_async: bool, timeout: float | None, most: int, is_streamed: bool
) -> None:
    log = Log()
    function = log.function(is_async=is_async and caller.mode != "sync")
    visit = tool(name="visit", timeout=timeout)(function)
    server.call_tools([("visit", {"city": city}) for city in CITIES])
    server.call_tool("visit", {"city": "Bern"}).reply("Done.")
    found = caller_sees(caller, is_streamed=is_streamed, tools=[visit], max_concurrency=most)
    assert found == "caller"
    assert sorted(log.seen) == [f"{city} caller" for city in sorted((*CITIES, "Bern"))]


def test_variable_of_a_hook_is_that_of_its_call(caller: Caller, server: Server) -> None:
    log = Log()
    patch = {"type": "apply_patch_call", "status": "completed"}
    operation = {"type": "delete_file", "path": "x"}
    server.reply_items(
        [{**patch, "id": f"ap_{n}", "call_id": f"c{n}", "operation": operation} for n in (1, 2)]
    )
    server.reply("Done.")
    tools = [{"type": "apply_patch"}]
    found = caller_sees(
        caller, is_streamed=False, tools=tools, on_apply_patch=lambda call: log.note(call.call_id)
    )
    assert (found, sorted(log.seen)) == ("caller", ["c1 caller", "c2 caller"])


def test_policy_for_errors_shares_the_context_of_its_call_alone(caller: Caller, server: Server) -> None:
    log = Log()

    def fail(city: str) -> str:
        """Fail."""
        raise ValueError(city)

    server.call_tools([("fail", {"city": city}) for city in CITIES]).reply("Done.")
    found = caller_sees(
        caller, is_streamed=False, tools=[fail], on_tool_error=lambda error: log.note(error.reason[-4:])
    )
    assert found == "caller"
    assert sorted(log.seen) == ["Lima caller", "Oslo caller", "Rome caller"]


def test_on_turn_belongs_to_the_caller_and_its_variables_reach_later_tools(
    caller: Caller, server: Server
) -> None:
    log = Log()
    server.call_tool("visit", {"city": "Oslo"}).call_tool("visit", {"city": "Rome"}).reply("Done.")
    visit = tool(name="visit")(log.function(is_async=False))
    found = caller_sees(
        caller, is_streamed=False, tools=[visit], on_turn=lambda run: USER.set(f"turn {len(run.turns)}")
    )
    assert found == "turn 3"
    assert log.seen == ["Oslo caller", "Rome turn 1"]
