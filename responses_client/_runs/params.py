"""The arguments of a run, as types: tools, limits, and functions that answer other calls of the model."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Protocol, TypeAlias

from .._base.keywords import evaluate_type_names
from .._base.public import public
from .._tools.tool import RunTool
from ..models.params import ResponseRunParams

if TYPE_CHECKING:
    from .._tools.tool import OnToolError
    from ..errors import ToolExecutionError
    from ..models import (
        ApplyPatchCall,
        ApplyPatchCallOutput,
        ApplyPatchCallOutputParam,
        ComputerCall,
        ComputerCallOutput,
        ComputerCallOutputParam,
        ComputerScreenshot,
        InputImage,
        LocalShellCall,
        LocalShellCallOutput,
        LocalShellCallOutputParam,
        McpApprovalRequest,
        McpApprovalResponse,
        McpApprovalResponseParam,
        OutputItem,
        ShellCall,
        ShellCallOutput,
        ShellCallOutputParam,
        ShellOutputContent,
        ShellOutputContentParam,
        ToolSearchCall,
    )
    from .pending import PendingCall
    from .result import RunResult

__all__ = ["AsyncRunParams", "RunParams"]

Approval: TypeAlias = "bool | McpApprovalResponse | McpApprovalResponseParam"
ShellResult: TypeAlias = (
    "Sequence[ShellOutputContent | ShellOutputContentParam] | ShellCallOutput | ShellCallOutputParam"
)
LocalShellResult: TypeAlias = "str | LocalShellCallOutput | LocalShellCallOutputParam"
PatchResult: TypeAlias = "str | ApplyPatchCallOutput | ApplyPatchCallOutputParam | None"
ScreenResult: TypeAlias = (
    "str | InputImage | ComputerScreenshot | ComputerCallOutput | ComputerCallOutputParam"
)
FoundTools: TypeAlias = "Sequence[RunTool]"


class Reasons(Protocol):
    """Reasons by id, or by call: `dict[str, str]` and `dict[PendingCall, str]`, for which no single `Mapping` type serves."""

    def items(self) -> Iterable[tuple[str | PendingCall, str]]:
        """Return the calls with the reasons."""
        ...


class _RunParams(ResponseRunParams, total=False):
    tools: Sequence[RunTool]
    """Functions that the model may call, and tools that the server runs; none by default."""
    max_turns: int
    """The maximum number of responses, 20 by default; turns of a resumed run do not count. If the model calls more
    tools after them, the run raises `MaxTurnsExceeded`."""
    max_concurrency: int
    """The maximum number of calls of one response that run at once, 10 by default; the others wait."""
    tool_timeout: float | None
    """The time limit of a call, in seconds; None, the default, sets none. The option `timeout` of a tool comes first."""
    context: object
    """Any object; functions with a parameter of the type `RunContext` receive it as `RunContext.value`."""
    resume: RunResult | None
    """An earlier run to continue, with `input` as its next input, if there is any. It stays in its conversation; a
    response that failed is requested again, and one that still runs in the background is waited for."""
    approve: Collection[str | PendingCall | OutputItem]
    """The calls that wait for approval and may be made now, as `call_id`s or as calls: `approve=result.approvals`;
    none by default. It decides on calls of the resumed run alone, not on later ones."""
    deny: Mapping[str | PendingCall, str] | Reasons
    """The pending calls that are not made, by `call_id` or as calls, each with the reason, which the model receives as
    the output of the call: `deny={call: "Ada said no."}`."""
    replay: bool | None
    """Whether each request repeats all items, in place of `previous_response_id`. None, the default, repeats them if
    `store` is False, or if the server does not say that it stores a response, or does not know one later. False never
    repeats them."""
    reset_tool_choice: bool
    """Whether `tool_choice` can force a call in the first response only; True by default, as else the run would call
    tools until `max_turns`."""


@public
class RunParams(_RunParams, total=False, closed=True):
    """The arguments of `responses.run` and `run_stream`: those of `create`, `RequestOptions`, and those of a run."""

    on_tool_error: OnToolError
    """How a failed call is handled: the model receives an error text ("return", the default), the run raises a
    `ToolExecutionError` ("raise"), or a function writes the text for the model."""
    on_turn: Callable[[RunResult], object]
    """A function that is called after each turn with the run so far; if it returns True, the run stops there."""
    on_mcp_approval: Callable[[McpApprovalRequest], Approval]
    """A function that decides whether a tool of an MCP server may be called."""
    on_shell: Callable[[ShellCall], ShellResult]
    """A function that runs the commands of a call of the tool `shell`, and returns the output of each."""
    on_local_shell: Callable[[LocalShellCall], LocalShellResult]
    """A function that runs the command of a call of the tool `local_shell`, and returns its output."""
    on_apply_patch: Callable[[ApplyPatchCall], PatchResult]
    """A function that changes a file, and returns a log or None; an exception reports a failed change."""
    on_computer: Callable[[ComputerCall], ScreenResult]
    """A function that acts on a screen, and returns a picture of it, or the URL of one."""
    on_tool_search: Callable[[ToolSearchCall], FoundTools]
    """A function that finds tools, which the model may call from then on."""


@public
class AsyncRunParams(_RunParams, total=False, closed=True):
    """The arguments of `responses.run` of an `AsyncClient`: as `RunParams`, with functions that may be async."""

    on_tool_error: OnToolError | Callable[[ToolExecutionError], Awaitable[str]]
    """How a failed call is handled: the model receives an error text ("return", the default), the run raises a
    `ToolExecutionError` ("raise"), or a function writes the text for the model."""
    on_turn: Callable[[RunResult], Awaitable[object] | object]
    """A function that is called after each turn with the run so far; if it returns True, the run stops there."""
    on_mcp_approval: Callable[[McpApprovalRequest], Awaitable[Approval] | Approval]
    """A function that decides whether a tool of an MCP server may be called."""
    on_shell: Callable[[ShellCall], Awaitable[ShellResult] | ShellResult]
    """A function that runs the commands of a call of the tool `shell`, and returns the output of each."""
    on_local_shell: Callable[[LocalShellCall], Awaitable[LocalShellResult] | LocalShellResult]
    """A function that runs the command of a call of the tool `local_shell`, and returns its output."""
    on_apply_patch: Callable[[ApplyPatchCall], Awaitable[PatchResult] | PatchResult]
    """A function that changes a file, and returns a log or None; an exception reports a failed change."""
    on_computer: Callable[[ComputerCall], Awaitable[ScreenResult] | ScreenResult]
    """A function that acts on a screen, and returns a picture of it, or the URL of one."""
    on_tool_search: Callable[[ToolSearchCall], Awaitable[FoundTools] | FoundTools]
    """A function that finds tools, which the model may call from then on."""


evaluate_type_names(__name__)
