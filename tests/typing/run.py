"""Runs with tools, as type checkers see them."""

from collections.abc import Awaitable, Callable
from typing import assert_type

from pydantic import BaseModel

from responses_client import (
    AsyncClient,
    AsyncRunParams,
    AsyncRunStream,
    Client,
    MaxTurnsExceeded,
    ParsedResponse,
    ParsedRunResult,
    PendingCall,
    RunContext,
    RunEvent,
    RunParams,
    RunResult,
    RunStream,
    RunTool,
    ToolCalled,
    ToolExecutionError,
    ToolReturned,
    Turn,
    TurnEnded,
    custom_tool,
    tool,
)
from responses_client.models import (
    ApplyPatchCall,
    ComputerCall,
    ComputerCallOutput,
    FunctionCall,
    InputItem,
    McpApprovalRequest,
    OutputItem,
    OutputTextDelta,
    Response,
    ShellCall,
    ShellOutputContentParam,
    ToolSearchCall,
    Usage,
    WebSearchTool,
)


class City(BaseModel):
    name: str


def get_weather(city: str) -> str:
    return city


async def look_up(city: str) -> City:
    return City(name=city)


@tool(timeout=3)
def add(a: int, b: int = 1) -> int:
    return a + b


@custom_tool
def compute(formula: str) -> float:
    return float(formula)


def results(client: Client) -> None:
    result = client.responses.run(
        model="m", input="Hi", tools=[get_weather, add, compute, {"type": "web_search"}]
    )
    assert_type(result, RunResult)
    assert_type(result.response, Response)
    assert_type(result.output_text, str)
    assert_type(result.usage, Usage)
    assert_type(result.transcript(), str)
    result.transcript(format="markdown", max_chars=100)
    result.transcript(format="pdf")  # type: ignore[arg-type]
    assert_type(result.turns, tuple[Turn, ...])
    assert_type(result.turns[0].response, Response)
    assert_type(result.turns[0].outputs, tuple[InputItem, ...])
    assert_type(result.pending, list[PendingCall])
    assert_type(result.approvals, list[PendingCall])
    assert_type(result.items, list[InputItem | OutputItem])
    assert_type(result.to_json(), str)
    assert_type(RunResult.from_json("{}"), RunResult)
    if result.status == "pending":
        client.responses.run(model="m", resume=result, input=[*result.items, "Well?"])


def parsed_results(client: Client) -> None:
    result = client.responses.run(model="m", input="Hi", tools=[WebSearchTool()], text_format=City)
    assert_type(result, ParsedRunResult[City])
    assert_type(result.output_parsed, City | None)
    assert_type(result.output_parsed_or_raise(), City)
    assert_type(result.response, ParsedResponse[City])
    assert_type(client.responses.run(input="Hi", text_format=list[City]).output_parsed, list[City] | None)
    assert_type(client.responses.run(input="Hi", text_format=City | int).output_parsed, City | int | None)


def streams(client: Client) -> None:
    with client.responses.run_stream(model="m", input="Hi", tools=[get_weather]) as stream:
        assert_type(stream, RunStream)
        for event in stream:
            assert_type(event, RunEvent)
            match event:
                case OutputTextDelta(delta=text):
                    assert_type(text, str)
                case ToolCalled(call=call):
                    assert_type(call, OutputItem)
                case ToolReturned(error=error, elapsed=elapsed):
                    assert_type(error, ToolExecutionError | None)
                    assert_type(elapsed, float)
                case TurnEnded(turn=turn):
                    assert_type(turn, Turn)
                case _:
                    assert_type(event.wire_type, str | None)
        assert_type(stream.result, RunResult | None)
        assert_type(stream.snapshot, Response | None)
        assert_type(stream.get_final_result(), RunResult)
        assert_type(next(stream.text_deltas()), str)
    with client.responses.run_stream(input="Hi", text_format=City) as parsed:
        assert_type(parsed, RunStream[ParsedRunResult[City]])
        assert_type(parsed.get_final_result().output_parsed, City | None)
        assert_type(parsed.until_done(), RunStream[ParsedRunResult[City]])


async def async_results(client: AsyncClient) -> None:
    assert_type(await client.responses.run(model="m", input="Hi", tools=[look_up, get_weather]), RunResult)
    result = await client.responses.run(model="m", input="Hi", text_format=City)
    assert_type(result, ParsedRunResult[City])
    assert_type(result.output_parsed, City | None)
    async with client.responses.run_stream(model="m", input="Hi") as stream:
        assert_type(stream, AsyncRunStream)
        async for event in stream:
            assert_type(event, RunEvent)
        assert_type(await stream.get_final_result(), RunResult)
    async with client.responses.run_stream(input="Hi", text_format=City) as parsed:
        assert_type((await parsed.get_final_result()).output_parsed, City | None)


def hooks(client: Client) -> None:
    def approve(request: McpApprovalRequest) -> bool:
        return request.name != "delete_everything"

    def shell(call: ShellCall) -> list[ShellOutputContentParam]:
        outcome: ShellOutputContentParam = {
            "stdout": "",
            "stderr": "",
            "outcome": {"type": "exit", "exit_code": 0},
        }
        return [outcome for _ in call.action.commands]

    def patch(call: ApplyPatchCall) -> None:
        print(call.operation)

    def click(call: ComputerCall) -> ComputerCallOutput:
        return ComputerCallOutput.from_dict({"call_id": call.call_id, "output": {}})

    def search(call: ToolSearchCall) -> list[Callable[..., object]]:
        return [get_weather]

    client.responses.run(
        model="m",
        input="Hi",
        on_mcp_approval=approve,
        on_shell=shell,
        on_local_shell=lambda call: " ".join(call.action.command),
        on_apply_patch=patch,
        on_computer=click,
        on_tool_search=search,
        on_turn=lambda result: len(result.turns) > 3,
        on_tool_error=lambda error: error.reason,
    )


async def async_hooks(client: AsyncClient) -> None:
    async def approve(request: McpApprovalRequest) -> bool:
        return request.name != "delete_everything"

    def plainly(request: McpApprovalRequest) -> bool:
        return True

    async def turn(result: RunResult) -> None:
        print(result.output_text)

    async def tell(error: ToolExecutionError) -> str:
        return error.reason

    await client.responses.run(model="m", input="Hi", on_mcp_approval=approve, on_turn=turn)
    await client.responses.run(model="m", input="Hi", on_tool_error=tell)
    await client.responses.run(model="m", input="Hi", on_mcp_approval=plainly)


def arguments(client: Client) -> None:
    params: RunParams = {"model": "m", "input": "Hi", "tools": [get_weather], "max_turns": 3, "timeout": 5}
    client.responses.run(**params)
    later: AsyncRunParams = {"model": "m", "tools": [look_up], "context": object()}
    print(later)

    client.responses.run(max_turns="3")  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]  # an integer
    client.responses.run(tools=get_weather)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]  # a list
    client.responses.run(stream=True)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]  # is run_stream


def errors(client: Client) -> None:
    try:
        client.responses.run(model="m", input="Hi")
    except MaxTurnsExceeded as error:
        assert_type(error.run, RunResult | None)
    except ToolExecutionError as error:
        assert_type(error.tool, str)
        assert_type(error.call, OutputItem)


def context_is_typed(context: RunContext[City], plain: RunContext) -> Callable[[str], Awaitable[City]]:
    assert_type(context.value, City)
    assert_type(plain.value, object)
    assert_type(context.turn, int)
    return look_up


def tools_in_a_variable(client: Client) -> None:
    tools: list[RunTool] = [get_weather, add, compute, {"type": "web_search"}, WebSearchTool()]
    client.responses.run(model="m", input="Hi", tools=tools, approve=["call_1"])


def decisions(client: Client, result: RunResult) -> None:
    assert_type([call.call_id for call in result.pending], list[str])
    assert_type({call.name: call.arguments for call in result.approvals}, dict[str, str])
    for call in result.pending:
        match call.item:
            case FunctionCall(name=name) | McpApprovalRequest(name=name):
                assert_type(name, str)
            case ShellCall(action=action):
                print(action.commands)
            case _:
                print(call.type, call.needs_approval)
    run = client.responses.run
    run(model="m", resume=result, approve=result.approvals)
    run(model="m", resume=result, approve=[call for call in result.pending if call.name == "add"])
    run(model="m", resume=result, approve={call.call_id for call in result.pending})
    run(model="m", resume=result, approve=[result.pending[0], "call_1"], deny={result.pending[1]: "No."})
    run(model="m", resume=result, approve=(), deny={"call_1": "No."})
    run(model="m", resume=result, deny={"call_1": "No.", result.pending[0]: "No."})
    run(model="m", resume=result, deny=dict.fromkeys(result.approvals, "No."))
    run(model="m", resume=result, deny=dict.fromkeys(result.approvals, "No."))
    reasons = {call.call_id: "No." for call in result.approvals}
    run(model="m", resume=result, deny=reasons)
    refused: dict[PendingCall, str] = {}
    run(model="m", resume=result, deny=refused)
    items = [item for item in result.response.output if item.type == "mcp_approval_request"]
    run(model="m", resume=result, approve=items)
    run(model="m", resume=result, deny=["call_1"])  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]  # a dict


async def tell_later(error: ToolExecutionError) -> str:
    return error.reason


@tool(on_error=tell_later, needs_approval=True)
def guarded(city: str) -> str:
    return city
