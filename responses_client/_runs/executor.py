"""Answers the calls of a response: runs tools and the functions for other calls, and says what went wrong."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from pydantic import ValidationError

from .._base.messages import MAX_BODY_CHARS, one_line
from .._tools.outputs import failure_of, output_of, tool_search_output, wrong_arguments
from .._tools.tool import CallableTool, RunContext
from ..errors import ConfigurationError, ToolExecutionError
from ..models.items import CustomToolCall, FunctionCall
from ..models.tool_calls import McpApprovalRequest, ToolSearchCall
from .events import ToolReturned
from .workers import NeedsAsync, TookTooLong, WasCancelled, Workers, waited_for

if TYPE_CHECKING:
    from .._tools.tool import OnToolError
    from .._tools.toolbox import Toolbox
    from ..models import InputItem, OutputItem
    from .observers import RunWatch

__all__ = ["HOOKS", "Executor"]

logger = logging.getLogger("responses_client")

HOOKS = {
    "apply_patch_call": "on_apply_patch",
    "computer_call": "on_computer",
    "local_shell_call": "on_local_shell",
    "mcp_approval_request": "on_mcp_approval",
    "shell_call": "on_shell",
    "tool_search_call": "on_tool_search",
}
"""Who answers which type of call."""


class Executor:
    """Answers calls, several at the same time."""

    def __init__(
        self,
        toolbox: Toolbox,
        workers: Workers,
        hooks: Mapping[str, Callable[[Any], object]],
        *,
        timeout: float | None,
        on_error: OnToolError,
        context: object,
        approved: Collection[str],
        knows_all: bool,
        watch: RunWatch | None,
    ) -> None:
        self._toolbox = toolbox
        self._workers = workers
        self._hooks = hooks
        self._timeout = timeout
        self._on_error = on_error
        self._context = context
        self._approved = approved
        self._knows_all = knows_all
        self._watch = watch

    def can_answer(self, call: OutputItem) -> bool:
        """Tell whether a call is for somebody here; what names no tool at all is, so that the model is told.

        Of that nobody can be sure if there may be tools elsewhere, as in a prompt template.
        """
        if isinstance(call, (FunctionCall, CustomToolCall)):
            # What tool search has loaded may be called in a namespace of its own name.
            spaces = (call.namespace, None) if call.namespace == call.name else (call.namespace,)
            if any(self._toolbox.is_declared(call.name, space) for space in spaces):
                return False
            tool = self._find(call)
            if tool is not None and tool.options.get("needs_approval"):
                return call.call_id in self._approved
            return self._knows_all or tool is not None
        return HOOKS.get(str(call.type)) in self._hooks

    async def answer(
        self, calls: Sequence[OutputItem], turn: int, done: Callable[[ToolReturned], None]
    ) -> None:
        """Answer calls, and tell of each when it is done.

        Raises:
            ToolExecutionError: One failed, and the run is to end with that.
        """
        await self._workers.each([partial(self._answer, call, turn, done) for call in calls])

    async def _answer(self, call: OutputItem, turn: int, done: Callable[[ToolReturned], None]) -> None:
        if self._watch is None:
            returned = await self._returned(call, turn)
        else:
            with self._watch.calling(call) as tell:
                returned = await self._returned(call, turn)
                tell(returned)
        done(returned)

    async def _returned(self, call: OutputItem, turn: int) -> ToolReturned:
        start = time.perf_counter()
        tool = self._find(call)
        options: Mapping[str, Any] = {} if tool is None else tool.options
        timeout: float | None = options.get("timeout", self._timeout)
        if isinstance(call, McpApprovalRequest):  # a person takes the time that it takes
            timeout = None
        policy: OnToolError = options.get("on_error", self._on_error)
        error: ToolExecutionError | None = None
        try:
            output = await self._output(call, tool, turn, timeout)
        except NeedsAsync:
            raise  # of the program, and not of this call
        except Exception as problem:
            error = _execution_error(call, problem, timeout)
            output = await self._told(call, error, policy)
        return ToolReturned(turn, call, output, error, time.perf_counter() - start)

    def _find(self, call: OutputItem) -> CallableTool[..., object] | None:
        if not isinstance(call, (FunctionCall, CustomToolCall)):
            return None
        return self._toolbox.find(
            call.name, is_custom=isinstance(call, CustomToolCall), namespace=call.namespace
        )

    async def _output(
        self, call: OutputItem, tool: CallableTool[..., object] | None, turn: int, seconds: float | None
    ) -> InputItem:
        if isinstance(call, (FunctionCall, CustomToolCall)):
            if tool is None:
                raise _Refusal(_no_such_tool(call.name, [known.name for known in self._toolbox.functions]))
            text = call.arguments if isinstance(call, FunctionCall) else call.input
            try:
                bound = tool.shape.bound(text, RunContext(self._context, call, turn))
            except ValidationError as error:
                raise _Refusal(wrong_arguments(error)) from error
        else:
            bound = partial(self._hooks[HOOKS[str(call.type)]], call)
        value = await self._workers.call(bound, seconds)
        if isinstance(call, ToolSearchCall) and isinstance(value, (list, tuple)):
            found = self._toolbox.add(cast("Sequence[Any]", value), HOOKS["tool_search_call"])
            return tool_search_output(call, found)
        return output_of(call, value)

    async def _told(self, call: OutputItem, error: ToolExecutionError, policy: OnToolError) -> InputItem:
        """Return what the model is told of a failure, or raise it."""
        text = f"Error: {error.reason}."
        if callable(policy):
            text = await self._written(policy, error)
        output = None if policy == "raise" else failure_of(call, text)
        if output is None:
            raise error
        logger.info(
            "Tool %s failed, and the model is told: %s", error.tool, type(error.__cause__ or error).__name__
        )
        return output

    async def _written(
        self, policy: Callable[[ToolExecutionError], object], error: ToolExecutionError
    ) -> str:
        """Return what a function of the user's writes of a failure."""
        text = await waited_for(policy(error), policy, can_wait=self._workers.can_wait)
        if not isinstance(text, str):
            kind = "None" if text is None else f"a {type(text).__name__}"
            raise ConfigurationError(f"on_tool_error gave {kind}, expected a text for the model") from error
        return text


class _Refusal(Exception):
    """A call that cannot be made."""


_OURS = (_Refusal, TookTooLong, WasCancelled)


def _no_such_tool(name: str, known: Sequence[str]) -> str:
    return f"there is no tool {name}; the tools are {', '.join(known) or 'none'}"


def _execution_error(call: OutputItem, problem: Exception, timeout: float | None) -> ToolExecutionError:
    if isinstance(problem, TookTooLong):
        reason = f"it took longer than {timeout:g} s"
    elif isinstance(problem, WasCancelled):
        reason = "it was cancelled"
    elif isinstance(problem, _Refusal):
        reason = str(problem)
    else:
        reason = f"{type(problem).__name__}: {one_line(str(problem), MAX_BODY_CHARS)}".rstrip(": ")
    name = getattr(call, "name", None) or str(call.type)
    error = ToolExecutionError(reason.rstrip("."), tool=str(name), call=call)
    error.__cause__ = problem.__cause__ if isinstance(problem, _OURS) else problem
    return error
