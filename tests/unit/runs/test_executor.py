"""The executor: calls that are answered here, their answers, and their failures."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

import anyio
import call_items
import pytest
from call_items import PAY, custom_call, item
from callers import MODES
from waits import LONG, PATIENT, SOON

from responses_client import RunContext, ToolExecutionError, ToolReturned, custom_tool, tool
from responses_client._runs.executor import Executor
from responses_client._runs.workers import AsyncWorkers, SyncWorkers
from responses_client._tools.toolbox import Toolbox
from responses_client._transport.protocols import run
from responses_client.errors import ConfigurationError
from responses_client.models import FunctionCall, Response


def call(name: str, arguments: str = "{}", key: str = "c1", **fields: Any) -> dict[str, Any]:
    return call_items.call(key, name, arguments, **fields)


class Desk:
    """Executors with sync or async workers, which answer calls given as data."""

    def __init__(self, mode: str) -> None:
        self.mode = mode

    def executor(self, tools: Any, hooks: Any = (), most: int = 10, **options: Any) -> Executor:
        workers = (SyncWorkers if self.mode == "sync" else AsyncWorkers)(most)
        given = {
            "time_limit": None,
            "on_error": "return",
            "context": None,
            "knows_all_tools": True,
            "observers": None,
            **options,
        }
        return Executor(Toolbox(tools), workers, dict(hooks), **given)

    def answer(self, *calls: dict[str, Any], tools: Any = (), **options: Any) -> list[ToolReturned]:
        executor = self.executor(tools, **options)
        items = Response.from_dict({"output": [*calls]}).output
        returned: list[ToolReturned] = []

        async def main() -> None:
            await executor.answer(items, 3, returned.append)

        if self.mode == "sync":
            run(main())
        else:
            anyio.run(main, backend=self.mode)
        return sorted(returned, key=lambda one: items.index(one.call))

    def text(self, *calls: dict[str, Any], **options: Any) -> Any:
        """The output in the answer to the one call."""
        (returned,) = self.answer(*calls, **options)
        return returned.output.to_dict()["output"]

    def can_answer(self, made: dict[str, Any], tools: Any = (), **options: Any) -> bool:
        (one,) = Response.from_dict({"output": [made]}).output
        return self.executor(tools, **options).can_answer(one)


@pytest.fixture(params=MODES)
def desk(request: pytest.FixtureRequest) -> Desk:
    return Desk(request.param)


def add(a: int, b: int = 1) -> int:
    """Add numbers."""
    return a + b


@custom_tool
def shout(text: str) -> str:
    """Say it loudly."""
    return text.upper()


def fail() -> None:
    """Fail."""
    raise ValueError("no such city")


# --- calls that are answered here

BANK = {"type": "namespace", "name": "bank", "description": "A bank.", "tools": [{**PAY, "name": "add"}]}
ANSWERED_HERE: list[tuple[dict[str, Any], dict[str, Any], bool]] = [
    (call("add"), {}, True),
    (custom_call("shout"), {}, True),
    (call("pay"), {}, False),
    (call("missing"), {}, True),
    (call("missing"), {"knows_all_tools": False}, False),
    (call("add"), {"knows_all_tools": False}, True),
    (call("add", namespace="add"), {}, True),
    (call("add", namespace="bank"), {}, False),
    (call("missing", namespace="elsewhere"), {}, True),
    (call("missing", namespace="elsewhere"), {"knows_all_tools": False}, False),
    (call("pay", namespace="pay"), {}, False),
    (call("add", namespace="elsewhere"), {"knows_all_tools": False}, False),
    (item("shell_call", action={"commands": ["ls"]}), {}, False),
    (item("shell_call", action={"commands": ["ls"]}), {"hooks": {"on_shell": len}}, True),
    ({"type": "function_call", "call_id": "c1", "arguments": 5}, {"hooks": {"on_shell": len}}, False),
    (item("shell_call", action=5), {"hooks": {"on_shell": len}}, False),
    (item("poem_call"), {"hooks": {"on_shell": len}}, False),
]


@pytest.mark.parametrize(("made", "options", "expected"), ANSWERED_HERE)
def test_call_is_answered_here_or_left_to_the_user(
    made: dict[str, Any], options: dict[str, Any], expected: bool
) -> None:
    assert Desk("sync").can_answer(made, [add, shout, PAY, BANK], **options) is expected


def test_namespace_may_be_a_model() -> None:
    from responses_client.models import NamespaceTool

    tools = [add, NamespaceTool.from_dict(BANK)]
    assert not Desk("sync").can_answer(call("add", namespace="bank"), tools)


# --- answers


def test_function_is_called_with_the_arguments(desk: Desk) -> None:
    (returned,) = desk.answer(call("add", '{"a": 2}'), tools=[add])
    assert returned.output.to_dict() == {"type": "function_call_output", "call_id": "c1", "output": "3"}
    assert (returned.turn, returned.error) == (3, None)
    assert isinstance(returned.call, FunctionCall)
    assert returned.elapsed >= 0


def test_custom_tool_is_given_the_text(desk: Desk) -> None:
    assert desk.text(custom_call("shout", "hey"), tools=[shout]) == "HEY"


def test_tool_may_know_of_its_run(desk: Desk) -> None:
    def who(about: RunContext[str]) -> list[Any]:
        return [about.value, about.turn, about.call.call_id]

    assert desk.text(call("who"), tools=[who], context="Ada") == '["Ada",3,"c1"]'


def test_several_calls_are_answered_each(desk: Desk) -> None:
    calls = [call("add", f'{{"a": {number}}}', f"c{number}") for number in range(5)]
    returned = desk.answer(*calls, tools=[add])
    assert [one.output.to_dict()["output"] for one in returned] == ["1", "2", "3", "4", "5"]
    assert [one.output.to_dict()["call_id"] for one in returned] == ["c0", "c1", "c2", "c3", "c4"]


# --- failures

FAILURES: list[tuple[dict[str, Any], str]] = [
    (call("fail"), "Error: ValueError: no such city."),
    (call("missing"), "Error: there is no tool missing; the tools are add, fail, shout."),
    (call("shout"), "Error: there is no tool shout; the tools are add, fail, shout."),
    (custom_call("add"), "Error: there is no tool add; the tools are add, fail, shout."),
    (
        call("add", "{"),
        "Error: the arguments are not valid JSON (EOF while parsing an object at line 1 column 1).",
    ),
    (call("add", '{"a": "x"}'), "Error: the arguments do not fit: a: expected a valid integer, got str 'x'"),
]


@pytest.mark.parametrize(("made", "text"), FAILURES)
def test_model_receives_the_reason_of_a_failure(desk: Desk, made: dict[str, Any], text: str) -> None:
    (returned,) = desk.answer(made, tools=[add, fail, shout])
    assert returned.output.to_dict()["output"].startswith(text)
    assert returned.error is not None
    assert returned.error.tool == made["name"]
    assert returned.error.call is returned.call


def test_model_learns_that_there_are_no_tools(desk: Desk) -> None:
    assert desk.text(call("missing")) == "Error: there is no tool missing; the tools are none."


def raising(error: BaseException) -> Callable[[], None]:
    def broken() -> None:
        """Break."""
        raise error

    return broken


RAISED: list[tuple[BaseException, str, type[BaseException]]] = [
    (ValueError(), "Error: ValueError.", ValueError),
    (TimeoutError("mine"), "Error: TimeoutError: mine.", TimeoutError),
    (KeyError("x"), "Error: KeyError: 'x'.", KeyError),
    (StopIteration(), "Error: RuntimeError: coroutine raised StopIteration.", RuntimeError),
    (asyncio.CancelledError(), "Error: it was cancelled.", asyncio.CancelledError),
    (
        ExceptionGroup("two", [ValueError("a")]),
        "Error: ExceptionGroup: two (1 sub-exception).",
        ExceptionGroup,
    ),
    (ValueError("two\nlines."), "Error: ValueError: two lines.", ValueError),
]


@pytest.mark.parametrize(("error", "text", "cause"), RAISED, ids=lambda value: str(value)[:30])
def test_model_receives_the_exception_of_a_tool(
    desk: Desk, error: BaseException, text: str, cause: type[BaseException]
) -> None:
    (returned,) = desk.answer(call("broken"), tools=[raising(error)])
    assert returned.output.to_dict()["output"] == text
    assert returned.error is not None
    assert isinstance(returned.error.__cause__, cause)


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt()], ids=repr)
@pytest.mark.parametrize("count", [1, 2])
def test_exception_that_ends_the_program_is_not_a_failure_of_the_call(
    desk: Desk, error: BaseException, count: int
) -> None:
    with pytest.raises(type(error)) as caught:
        desk.answer(*[call("broken", key=f"c{number}") for number in range(count)], tools=[raising(error)])
    assert caught.value is error


def test_value_without_json_is_a_failure(desk: Desk) -> None:
    def odd() -> object:
        """Return a value without JSON."""
        return object()

    assert desk.text(call("odd"), tools=[odd]).startswith("Error: ValueError: expected a string, JSON data")


def test_tool_that_takes_too_long_fails(desk: Desk) -> None:
    release = threading.Event()

    def wait() -> None:
        """Wait."""
        release.wait(PATIENT)

    try:
        (returned,) = desk.answer(call("wait"), tools=[wait], time_limit=SOON)
    finally:
        release.set()
    assert returned.output.to_dict()["output"] == f"Error: it took longer than {SOON} s."
    assert returned.error is not None
    assert returned.error.__cause__ is None


def test_tool_has_a_bound_of_its_own(desk: Desk) -> None:
    release = threading.Event()

    @tool(timeout=SOON)
    def wait() -> None:
        """Wait."""
        release.wait(PATIENT)

    try:
        assert (
            desk.text(call("wait"), tools=[wait], time_limit=LONG) == f"Error: it took longer than {SOON} s."
        )
    finally:
        release.set()


# --- on_tool_error


def test_failure_ends_the_run_if_it_is_to(desk: Desk) -> None:
    with pytest.raises(
        ToolExecutionError, match=r"^The tool fail failed: ValueError: no such city$"
    ) as caught:
        desk.answer(call("fail"), tools=[fail], on_error="raise")
    assert isinstance(caught.value.__cause__, ValueError)


def test_function_writes_the_text_for_the_model(desk: Desk) -> None:
    seen: list[ToolExecutionError] = []

    def write(error: ToolExecutionError) -> str:
        seen.append(error)
        return "Try again."

    (returned,) = desk.answer(call("fail"), tools=[fail], on_error=write)
    assert returned.output.to_dict()["output"] == "Try again."
    assert seen == [returned.error]


def test_async_function_writes_the_text_for_the_model() -> None:
    async def write(error: ToolExecutionError) -> str:
        await anyio.lowlevel.checkpoint()
        return f"Not {error.tool}."

    for backend in ("asyncio", "trio"):
        assert Desk(backend).text(call("fail"), tools=[fail], on_error=write) == "Not fail."


def test_coroutine_of_on_tool_error_is_refused_where_nothing_can_await_it() -> None:
    async def write(error: ToolExecutionError) -> str:
        return error.tool

    with pytest.raises(ConfigurationError, match="is an async function, which needs AsyncClient"):
        Desk("sync").answer(call("fail"), tools=[fail], on_error=lambda error: write(error))


@pytest.mark.parametrize(("value", "kind"), [(None, "None"), (5, "a int"), ({}, "a dict")])
def test_function_that_returns_no_string_is_refused(desk: Desk, value: Any, kind: str) -> None:
    with pytest.raises(
        ConfigurationError, match=f"^on_tool_error returned {kind}, expected a string for the model"
    ):
        desk.answer(call("fail"), tools=[fail], on_error=lambda error: value)


def test_exception_of_on_tool_error_ends_the_run(desk: Desk) -> None:
    def write(error: ToolExecutionError) -> str:
        raise error

    with pytest.raises(ToolExecutionError):
        desk.answer(call("fail"), tools=[fail], on_error=write)


@pytest.mark.parametrize("own", ["raise", "return"])
def test_tool_has_a_rule_of_its_own(desk: Desk, own: Any) -> None:
    other = tool(on_error=own)(fail)
    if own == "return":
        assert desk.text(call("fail"), tools=[other], on_error="raise").startswith("Error: ")
    else:
        with pytest.raises(ToolExecutionError):
            desk.answer(call("fail"), tools=[other])


def test_those_under_way_are_answered_when_one_fails(desk: Desk) -> None:
    failed = threading.Event()

    def fail_now() -> None:
        """Fail."""
        failed.set()
        raise ValueError

    def finish() -> str:
        """Finish after the other has failed."""
        assert failed.wait(PATIENT)
        return "done"

    returned: list[ToolReturned] = []
    executor = desk.executor([fail_now, finish], on_error="raise", most=2)
    calls = Response.from_dict({"output": [call("finish"), call("fail_now", key="c2")]}).output

    async def main() -> None:
        with pytest.raises(ToolExecutionError):
            await executor.answer(calls, 1, returned.append)

    if desk.mode == "sync":
        run(main())
    else:
        anyio.run(main, backend=desk.mode)
    assert [one.call for one in returned] == [calls[0]]


def test_failure_is_logged_without_its_text(desk: Desk, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, logger="responses_client")
    desk.answer(call("fail"), call("missing", key="c2"), tools=[fail])
    texts = [record.getMessage() for record in caplog.records]
    assert sorted(texts) == [
        "Tool fail failed (ValueError); the model receives an error text",
        "Tool missing failed (ToolExecutionError); the model receives an error text",
    ]


def test_async_tool_that_nothing_can_wait_for_is_no_failure_of_the_call() -> None:
    async def later() -> int:
        return 5

    def now() -> object:
        """Give a coroutine."""
        return later()

    with pytest.raises(
        ConfigurationError, match=r"^now is an async function, which needs AsyncClient"
    ) as caught:
        Desk("sync").answer(call("now"), tools=[now])
    assert type(caught.value) is ConfigurationError  # tracebacks show a class that users know


# --- hooks

SHELL = item("shell_call", "s1", action={"commands": ["ls"]})
OUT = {"stdout": "a", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}
SEARCH = item("tool_search_call", "t1", arguments={"goal": "sums"}, execution="client")


def test_hook_answers_the_call(desk: Desk) -> None:
    assert desk.text(SHELL, hooks={"on_shell": lambda given: [OUT]}) == [OUT]


def test_failure_of_a_hook_is_reported_where_its_answer_can(desk: Desk) -> None:
    def broken(given: object) -> None:
        raise OSError("no shell")

    (returned,) = desk.answer(SHELL, hooks={"on_shell": broken})
    (part,) = returned.output.to_dict()["output"]
    assert (part["stderr"], part["outcome"]["exit_code"]) == ("Error: OSError: no shell.", 1)
    assert returned.error is not None
    assert returned.error.tool == returned.name == "shell"


def test_failure_of_a_hook_ends_the_run_where_no_answer_can_report_it(desk: Desk) -> None:
    def broken(given: object) -> None:
        raise OSError("no index")

    with pytest.raises(ToolExecutionError, match=r"^The tool tool_search failed: OSError: no index$"):
        desk.answer(SEARCH, hooks={"on_tool_search": broken})


def test_found_functions_can_be_called_then(desk: Desk) -> None:
    executor = desk.executor(
        [{"type": "tool_search", "execution": "client"}], {"on_tool_search": lambda call: [add]}
    )
    (search,) = Response.from_dict({"output": [SEARCH]}).output
    (sum_,) = Response.from_dict({"output": [call("add", '{"a": 4}')]}).output
    returned: list[ToolReturned] = []

    async def main() -> None:
        await executor.answer([search], 1, returned.append)
        await executor.answer([sum_], 2, returned.append)

    if desk.mode == "sync":
        run(main())
    else:
        anyio.run(main, backend=desk.mode)
    found, answer = (one.output.to_dict() for one in returned)
    assert [made["name"] for made in found["tools"]] == ["add"]
    assert answer["output"] == "5"


def test_search_may_return_the_whole_item(desk: Desk) -> None:
    whole = {
        "type": "tool_search_output",
        "call_id": "t1",
        "execution": "client",
        "status": "completed",
        "tools": [],
    }
    (returned,) = desk.answer(SEARCH, hooks={"on_tool_search": lambda call: whole})
    assert returned.output.to_dict() == whole


WRONG_TOOLS: list[tuple[Any, str]] = [
    (
        [5],
        r"ValueError: on_tool_search\[0\]: expected a function, a tool as a dict, or a model of one, got int 5$",
    ),
    (
        [add, PAY, {**PAY, "name": "add"}],
        r"ValueError: on_tool_search\[2\]\.name: is 'add', the name of another tool",
    ),
    ([tool(name="f")(lambda **values: values)], r"ToolDefinitionError: f cannot be a tool: "),
]


@pytest.mark.parametrize(("tools", "text"), WRONG_TOOLS)
def test_wrong_result_of_a_search_is_a_failure_of_the_call(desk: Desk, tools: Any, text: str) -> None:
    with pytest.raises(ToolExecutionError, match=f"^The tool tool_search failed: {text}"):
        desk.answer(SEARCH, hooks={"on_tool_search": lambda call: tools})
