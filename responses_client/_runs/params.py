"""What a run of tools takes beside the fields of a request: tools, limits, and who answers the model's other calls."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TYPE_CHECKING, TypeAlias, TypeVar

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
        ShellCall,
        ShellCallOutput,
        ShellCallOutputParam,
        ShellOutputContent,
        ShellOutputContentParam,
        ToolSearchCall,
    )
    from .result import RunResult

__all__ = ["AsyncRunParams", "RunParams"]

_T = TypeVar("_T")

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


class _RunParams(ResponseRunParams, total=False):
    tools: Sequence[RunTool]
    """Functions that the model may call, and tools that the server runs."""
    max_turns: int
    """The most responses that a run may take, 20 by default; one more is a `MaxTurnsExceeded`."""
    max_concurrency: int
    """How many calls of one response run at the same time, 10 by default; others wait."""
    tool_timeout: float | None
    """Seconds that a call may take; None, the default, sets no bound."""
    context: object
    """Any object of yours; functions with a parameter of the type `RunContext` are given it."""
    resume: RunResult | None
    """What an earlier run came to, which goes on: `input`, if any, is what comes after it. It stays in its conversation;
    a response that failed is asked for again, and one that still runs in the background is waited for."""
    approve: Collection[str]
    """The `call_id`s of calls that the run waits with (`needs_approval`) and that may be made now."""
    replay: bool | None
    """Whether each request repeats all items, in place of `previous_response_id`; by default if `store` is False, or the
    server does not say of a response that it keeps it, or does not know it after all. False forbids it."""
    reset_tool_choice: bool
    """Whether `tool_choice` demands a call of the first response only, true by default; else there is no end."""


@public
class RunParams(_RunParams, total=False):
    """The arguments of `responses.run`: the fields of a request, `RequestOptions`, and those of a run."""

    on_tool_error: OnToolError
    """What becomes of a failed call: the model is told ("return", the default), the run ends ("raise"), or a function
    writes what the model is told."""
    on_turn: Callable[[RunResult], object]
    """Is called after each turn; the run stops there if it gives True."""
    on_mcp_approval: Callable[[McpApprovalRequest], Approval]
    """Says whether a tool of an MCP server may be called."""
    on_shell: Callable[[ShellCall], ShellResult]
    """Runs commands of the tool `shell`, and gives what each printed."""
    on_local_shell: Callable[[LocalShellCall], LocalShellResult]
    """Runs a command of the tool `local_shell`, and gives what it printed."""
    on_apply_patch: Callable[[ApplyPatchCall], PatchResult]
    """Changes a file, and gives a log, if any; what it raises is a change that failed."""
    on_computer: Callable[[ComputerCall], ScreenResult]
    """Does what the model wants done on a screen, and gives a picture of it, or its URL."""
    on_tool_search: Callable[[ToolSearchCall], FoundTools]
    """Finds tools, which the model may call from then on."""


@public
class AsyncRunParams(_RunParams, total=False):
    """The arguments of `responses.run` of an `AsyncClient`: as `RunParams`, with functions that may be async."""

    on_tool_error: OnToolError | Callable[[ToolExecutionError], Awaitable[str]]
    """What becomes of a failed call: the model is told ("return", the default), the run ends ("raise"), or a function
    writes what the model is told."""
    on_turn: Callable[[RunResult], Awaitable[object] | object]
    """Is called after each turn; the run stops there if it gives True."""
    on_mcp_approval: Callable[[McpApprovalRequest], Awaitable[Approval] | Approval]
    """Says whether a tool of an MCP server may be called."""
    on_shell: Callable[[ShellCall], Awaitable[ShellResult] | ShellResult]
    """Runs commands of the tool `shell`, and gives what each printed."""
    on_local_shell: Callable[[LocalShellCall], Awaitable[LocalShellResult] | LocalShellResult]
    """Runs a command of the tool `local_shell`, and gives what it printed."""
    on_apply_patch: Callable[[ApplyPatchCall], Awaitable[PatchResult] | PatchResult]
    """Changes a file, and gives a log, if any; what it raises is a change that failed."""
    on_computer: Callable[[ComputerCall], Awaitable[ScreenResult] | ScreenResult]
    """Does what the model wants done on a screen, and gives a picture of it, or its URL."""
    on_tool_search: Callable[[ToolSearchCall], Awaitable[FoundTools] | FoundTools]
    """Finds tools, which the model may call from then on."""
