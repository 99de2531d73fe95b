"""Runs and tools: their results, events, hooks, and functions of all kinds as tools."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, assert_never, assert_type

from api import AsyncClient, Client, FunctionCall, OutputItem, Response
from pydantic import BaseModel
from responses_client import (
    AsyncRunParams,
    MaxTurnsExceeded,
    PendingCall,
    RunContext,
    RunEvent,
    RunResult,
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
    FunctionCallOutput,
    FunctionTool,
    InputImage,
    InputItem,
    McpApprovalRequest,
    OutputTextDelta,
    ShellCall,
    ShellOutputContent,
    ShellOutputContentParam,
    ToolSearchCall,
    WebSearchTool,
)


@dataclass
class Session:
    user: str
    budget: int = 0


class City(BaseModel):
    name: str
    people: int


def plain(city: str, unit: Literal["celsius", "fahrenheit"] = "celsius") -> str:
    """Get the weather in a city."""
    return f"Sunny in {city}, 21 {unit}"


def other_plain(numbers: list[int]) -> int:
    """Add numbers."""
    return sum(numbers)


async def later(city: str) -> City:
    """Look a city up."""
    return City(name=city, people=1)


@tool
def add(a: int, b: int = 1) -> int:
    return a + b


@tool(name="look_up", timeout=3)
async def find(word: str) -> list[str]:
    return [word]


@tool(needs_approval=True)
def delete(path: str, context: RunContext[Session]) -> str:
    return f"{context.value.user} deleted {path} in turn {context.turn} by {context.call.call_id}"


@custom_tool
def run_code(code: str) -> str:
    return code


class Store:
    def __init__(self) -> None:
        self.rows: dict[str, int] = {}

    def count(self, key: str) -> int:
        return self.rows[key]

    @tool
    def read(self, key: str) -> int:
        return self.rows[key]

    @tool(timeout=2)
    async def write(self, key: str, value: int) -> None:
        self.rows[key] = value


# --- results


def turns(result: RunResult) -> list[str]:
    found: list[str] = []
    for number, turn in enumerate(result.turns, 1):
        found.append(f"{number}: {turn.response.output_text} ({len(turn.outputs)} outputs)")
    return found


def turns_unpacked(result: RunResult) -> None:
    for given, response, outputs in result.turns:
        assert_type(given, tuple[InputItem, ...])
        assert_type(response, Response)
        assert_type(outputs, tuple[InputItem, ...])


def responses_of_a_run(result: RunResult) -> list[str]:
    return [turn.response.id for turn in result.turns]


def tokens_by_turn(result: RunResult) -> list[int]:
    return [turn.response.usage.total_tokens for turn in result.turns if turn.response.usage is not None]


def calls_by_name(result: RunResult) -> Counter[str]:
    return Counter(
        item.name for turn in result.turns for item in turn.response.output if item.type == "function_call"
    )


def outputs_of_functions(result: RunResult) -> list[str]:
    return [
        item.output
        for item in result.items
        if isinstance(item, FunctionCallOutput) and isinstance(item.output, str)
    ]


def outputs_by_type(turn: Turn) -> list[object]:
    return [item.output for item in turn.outputs if item.type == "function_call_output"]


def status(result: RunResult) -> str:
    status = result.status
    match status:
        case "completed" | "stopped":
            return result.output_text
        case "pending":
            return ", ".join(call.name for call in result.pending)
        case "in_progress" | "incomplete" | "failed" | "cancelled":
            return status
        case _:
            assert_never(status)


def saved(result: RunResult) -> RunResult:
    text: str = result.to_json()
    return RunResult.from_json(text.encode()) if result.turns else RunResult.from_dict(result.to_dict())


def history(client: Client, result: RunResult) -> Response:
    return client.responses.create(model="gpt-5.4", input=[*result.items, "And now?"])


# --- pending calls


def pending_calls(result: RunResult) -> None:
    assert_type(result.pending, list[PendingCall])
    assert_type(result.approvals, list[PendingCall])
    for call in result.pending:
        assert_type((call.call_id, call.name, call.arguments, call.type), tuple[str, str, str, str])
        assert_type(call.item, OutputItem)
        assert_type(call.needs_approval, bool)


def items_of_pending_calls(result: RunResult) -> list[str]:
    found: list[str] = []
    for call in result.pending:
        match call.item:
            case ShellCall(action=action):
                found += action.commands
            case (
                FunctionCall(name=name, arguments=arguments)
                | McpApprovalRequest(name=name, arguments=arguments)
            ):
                found.append(name + arguments)
            case _:
                found.append(call.type)
    return found


def item_of_a_pending_call_by_type(call: PendingCall) -> list[str]:
    if call.item.type == "shell_call":
        return call.item.action.commands
    return [call.arguments]


def answers_of_pending_calls(client: Client, result: RunResult) -> RunResult:
    return client.responses.run(
        model="gpt-5.4",
        resume=result,
        input=[
            {"type": "function_call_output", "call_id": call.call_id, "output": "Done."}
            for call in result.pending
        ],
    )


def asked_one_by_one(client: Client, result: RunResult) -> RunResult:
    while result.approvals:
        approve: list[PendingCall] = []
        deny: dict[PendingCall, str] = {}
        for call in result.approvals:
            if input(f"{call.name} {call.arguments}? ") == "y":
                approve.append(call)
            else:
                deny[call] = "The user said no."
        result = client.responses.run(
            model="gpt-5.4", tools=[delete], resume=result, approve=approve, deny=deny
        )
    return result


def decisions_by_id(client: Client, result: RunResult, ids: set[str], reasons: dict[str, str]) -> RunResult:
    return client.responses.run(model="gpt-5.4", resume=result, approve=ids, deny=reasons)


def decisions_mixed(client: Client, result: RunResult) -> RunResult:
    first, second = result.approvals
    return client.responses.run(
        model="gpt-5.4", resume=result, approve=[first, "call_3"], deny={second: "No.", "call_4": "No."}
    )


def decisions_on_items(client: Client, result: RunResult) -> RunResult:
    requests = [item for item in result.response.output if item.type == "mcp_approval_request"]
    return client.responses.run(model="gpt-5.4", resume=result, approve=requests)


def denial_of_all(client: Client, result: RunResult) -> RunResult:
    return client.responses.run(resume=result, deny=dict.fromkeys(result.approvals, "No."))


def denial_without_reasons(client: Client, result: RunResult) -> None:
    client.responses.run(resume=result, deny=result.approvals)  # wrong


def field_that_no_call_has(call: PendingCall) -> None:
    print(call.action)  # wrong


# --- events


def events_by_class(client: Client) -> None:
    with client.responses.run_stream(model="gpt-5.4", input="Oslo?", tools=[plain]) as stream:
        for event in stream:
            match event:
                case OutputTextDelta(delta=text):
                    print(text, end="", flush=True)
                case ToolCalled(call=call):
                    assert_type(call, OutputItem)
                    print(event.name, event.arguments, event.call_id)
                case ToolReturned(output=output, elapsed=seconds, error=error):
                    assert_type(output, InputItem)
                    assert_type(error, ToolExecutionError | None)
                    print(event.name, f"{seconds:.1f}")
                case TurnEnded(number=number, turn=turn):
                    print(number, turn.response.id)
                case _:
                    pass


def events_by_type(event: RunEvent) -> str:
    match event.type:
        case "response.output_text.delta":
            return event.type
        case "run.tool_called":
            return "calls"
        case _:
            return event.type


def events_with_if(event: RunEvent) -> str:
    if event.type == "response.output_text.delta":
        return event.delta
    if event.type == "run.tool_called":
        return f"{event.name}({event.arguments})"
    if event.type == "run.tool_returned":
        return f"{event.name}: {event.error.reason if event.error else 'fine'}"
    if event.type == "run.turn_ended":
        return f"{event.number}: {event.turn.response.output_text}"
    return ""


def events_with_continue(client: Client) -> list[str]:
    found: list[str] = []
    with client.responses.run_stream(model="gpt-5.4", input="Oslo?", tools=[plain]) as stream:
        for event in stream:
            if event.type != "run.tool_returned":
                continue
            found.append(event.call_id)
    return found


def events_of_a_run_alone(event: ToolCalled | ToolReturned | TurnEnded) -> int:
    match event:
        case ToolCalled() | ToolReturned():
            return event.turn
        case TurnEnded():
            return event.number
        case _:
            assert_never(event)


def events_that_are_missed(event: ToolCalled | ToolReturned | TurnEnded) -> int:
    match event:
        case ToolCalled() | ToolReturned():
            return event.turn
        case _:
            assert_never(event)  # wrong


def events_counted(events: list[RunEvent]) -> Counter[str]:
    return Counter(event.type for event in events)


def first_call(events: list[RunEvent]) -> ToolCalled | None:
    return next((event for event in events if event.type == "run.tool_called"), None)


def handlers(event: RunEvent, functions: dict[str, Callable[[RunEvent], None]]) -> None:
    handler = functions.get(event.type)
    if handler is not None:
        handler(event)


def call_of_an_event(event: ToolCalled) -> str:
    if event.call.type == "function_call":
        return event.call.arguments
    return event.arguments


async def async_events(client: AsyncClient) -> City | None:
    async with client.responses.run_stream(input="Oslo?", tools=[later, plain], text_format=City) as stream:
        async for event in stream:
            if event.type == "run.tool_called":
                print(event.name)
        result = await stream.get_final_result()
    return result.output_parsed


# --- tools


def tools_of_all_kinds(client: Client, store: Store) -> RunResult:
    return client.responses.run(
        model="gpt-5.4",
        input="Hi",
        context=Session("Ada"),
        tools=[
            plain,
            add,
            delete,
            run_code,
            store.count,
            store.read,
            functools.partial(plain, unit="celsius"),
            {"type": "web_search"},
            WebSearchTool(search_context_size="low"),
            FunctionTool(name="pay", parameters={"type": "object"}),
            {"type": "function", "name": "sell", "parameters": {"type": "object"}, "strict": False},
            add.definition,
        ],
    )


def tools_in_a_list(client: Client) -> RunResult:
    tools: list[RunTool] = [plain, {"type": "web_search"}]
    tools.append(add)
    return client.responses.run(model="gpt-5.4", input="Hi", tools=tools)


def tools_in_a_list_without_a_type(client: Client) -> RunResult:
    tools = [plain, other_plain]
    return client.responses.run(model="gpt-5.4", input="Hi", tools=tools)


def decorated_tools_in_a_list_without_a_type(client: Client) -> RunResult:
    tools = [add, run_code]
    return client.responses.run(model="gpt-5.4", input="Hi", tools=tools)


def tools_of_two_kinds_in_a_list_without_a_type(client: Client) -> RunResult:
    tools = [plain, add]
    return client.responses.run(model="gpt-5.4", input="Hi", tools=tools)


def functions_in_a_dict(client: Client, functions: dict[str, Callable[..., str]]) -> RunResult:
    return client.responses.run(
        model="gpt-5.4", input="Hi", tools=[*functions.values(), {"type": "web_search"}]
    )


async def async_tools(client: AsyncClient, store: Store) -> RunResult:
    return await client.responses.run(
        model="gpt-5.4", input="Hi", tools=[later, find, store.write, plain, {"type": "web_search"}]
    )


def calls_of_tools(store: Store, session: RunContext[Session]) -> None:
    assert_type(add(1), int)
    assert_type(add(a=1, b=2), int)
    assert_type(store.read("a"), int)
    assert_type(delete("a.txt", session), str)
    assert_type(run_code("1"), str)


async def calls_of_async_tools(store: Store) -> None:
    assert_type(await find("a"), list[str])
    await store.write("a", value=1)


def wrong_calls_of_tools(store: Store) -> None:
    add("1")  # wrong
    add()  # wrong
    store.read(1)  # wrong
    run_code(code=1)  # wrong
    delete("a.txt")  # wrong


def context_of_a_tool(context: RunContext[Session]) -> int:
    return context.value.budget + context.turn


def wrong_context_of_a_tool(context: RunContext[Session]) -> None:
    print(context.value.team)  # wrong


def tool_that_is_no_list(client: Client) -> None:
    client.responses.run(model="gpt-5.4", input="Hi", tools=plain)  # wrong


def tool_that_is_no_tool(client: Client) -> None:
    client.responses.run(model="gpt-5.4", input="Hi", tools=["get_weather"])  # wrong


def tool_without_a_known_option() -> None:
    tool(plain, need_approval=True)  # wrong


# --- hooks


def hooks(client: Client) -> RunResult:
    def shell(call: ShellCall) -> list[ShellOutputContent]:
        return [
            ShellOutputContent.from_dict(
                {"stdout": command, "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}
            )
            for command in call.action.commands
        ]

    def patch(call: ApplyPatchCall) -> str | None:
        return call.operation.type

    def click(call: ComputerCall) -> InputImage:
        return InputImage.from_path(f"{call.call_id}.png")

    def search(call: ToolSearchCall) -> list[RunTool]:
        return [plain]

    return client.responses.run(
        model="gpt-5.4",
        input="Hi",
        on_mcp_approval=lambda request: request.name == "read",
        on_shell=shell,
        on_local_shell=lambda call: " ".join(call.action.command),
        on_apply_patch=patch,
        on_computer=click,
        on_tool_search=search,
        on_turn=lambda result: len(result.turns) > 3,
        on_tool_error=lambda error: f"{error.tool}: {error.reason}",
    )


def hook_that_returns_dicts(client: Client) -> RunResult:
    def shell(call: ShellCall) -> list[ShellOutputContentParam]:
        return [
            {"stdout": command, "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}
            for command in call.action.commands
        ]

    return client.responses.run(model="gpt-5.4", input="Hi", on_shell=shell)


async def async_hooks(client: AsyncClient) -> RunResult:
    async def approve(request: McpApprovalRequest) -> bool:
        return request.server_label == "docs"

    async def save(result: RunResult) -> None:
        print(result.to_json())

    return await client.responses.run(
        model="gpt-5.4", input="Hi", on_mcp_approval=approve, on_turn=save, on_tool_error="raise"
    )


def async_hook_of_a_sync_client(client: Client) -> None:
    async def approve(request: McpApprovalRequest) -> bool:
        return request.server_label == "docs"

    client.responses.run(model="gpt-5.4", input="Hi", on_mcp_approval=approve)  # wrong


def hook_for_another_call(client: Client) -> None:
    def approve(call: ShellCall) -> bool:
        return bool(call.action.commands)

    client.responses.run(model="gpt-5.4", input="Hi", on_mcp_approval=approve)  # wrong


def arguments_in_a_dict(client: AsyncClient) -> AsyncRunParams:
    return {"model": "gpt-5.4", "tools": [later], "max_turns": 3, "deny": {"call_1": "No."}}


# --- errors


def errors(client: Client) -> RunResult | None:
    try:
        return client.responses.run(model="gpt-5.4", input="Hi", tools=[plain])
    except ToolExecutionError as error:
        print(error.tool, error.reason, error.call.type)
        return error.run
    except MaxTurnsExceeded as error:
        return None if error.run is None else client.responses.run(resume=error.run)
