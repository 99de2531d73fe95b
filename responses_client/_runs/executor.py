"""The answers to the calls of a response: runs tools and hooks, and turns their failures into text for the model."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from .._base.json_types import is_sequence
from .._base.messages import MAX_BODY_CHARS, one_line
from .._tools.calls import call_name
from .._tools.outputs import denial_of, describe_argument_errors, failure_of, output_of, tool_search_output
from .._tools.sources import ReportedFailure
from .._tools.tool import CallableTool, RunContext
from ..errors import ConfigurationError, RequestValidationError, ToolDefinitionError, ToolExecutionError
from ..models.items import CustomToolCall, FunctionCall
from ..models.tool_calls import McpApprovalRequest, ToolSearchCall
from .events import ToolReturned
from .workers import AsyncFunctionError, FunctionCancelled, FunctionTimedOut, Workers, await_result

if TYPE_CHECKING:
    from .._tools.tool import OnToolError
    from .._tools.toolbox import Toolbox
    from ..models import InputItem, OutputItem
    from .observers import RunObserverDispatcher
    from .pending import Decision

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
"""The arguments of a run whose functions answer calls of other tools, by the type of the call."""


class Executor:
    """The functions of a run, and the rules for calling them.

    Args:
        toolbox: The tools of the run.
        workers: Threads or tasks for the calls.
        hooks: Functions for other calls, by the names of the arguments.
        time_limit: The time limit of a call in seconds, unless its tool has one; None for none.
        on_error: What happens when a call fails, unless its tool says so.
        context: The value of each `RunContext`.
        knows_all_tools: Whether the model can have no tools but those of the toolbox.
        observers: The dispatcher of observers; None if there are none.

    Attributes:
        decisions: The decisions of the user on calls, by the `id()` of the call: a server may use an id of a call again.
    """

    def __init__(
        self,
        toolbox: Toolbox,
        workers: Workers,
        hooks: Mapping[str, Callable[[Any], object]],
        *,
        time_limit: float | None,
        on_error: OnToolError,
        context: object,
        knows_all_tools: bool,
        observers: RunObserverDispatcher | None,
    ) -> None:
        self._toolbox = toolbox
        self._workers = workers
        self._hooks = hooks
        self._time_limit = time_limit
        self._on_error = on_error
        self._context = context
        self._knows_all_tools = knows_all_tools
        self._observers = observers
        self.decisions: Mapping[int, Decision] = {}

    def can_answer(self, call: OutputItem) -> bool:
        """Whether a call can be answered here.

        A call of a tool that does not exist can: the model is informed of its mistake. But if there may be tools that
        are unknown here, as with a prompt template, such a call is left to the user.
        """
        decision = self.decisions.get(id(call))
        if isinstance(decision, str) or (decision is True and isinstance(call, McpApprovalRequest)):
            return True
        if isinstance(call, (FunctionCall, CustomToolCall)):
            if self._toolbox.leaves_to_user(call):
                return False
            if self._toolbox.function_of(call) is None:
                # The user approved a call that can no longer be made, which is not the model's mistake.
                return self._knows_all_tools and decision is None
            return decision is True or not self._toolbox.needs_approval(call)
        return HOOKS.get(str(call.type)) in self._hooks

    async def answer(
        self, calls: Sequence[OutputItem], turn: int, on_return: Callable[[ToolReturned], None]
    ) -> None:
        """Answer calls of a turn, and report each answer as soon as it is there.

        Raises:
            ToolExecutionError: A call failed, and the failure ends the run.
        """
        await self._workers.run_all([partial(self._answer, call, turn, on_return) for call in calls])

    async def _answer(self, call: OutputItem, turn: int, on_return: Callable[[ToolReturned], None]) -> None:
        decided = self._decided(call)
        if decided is not None:  # no tool runs, so there is nothing to observe
            returned = ToolReturned(turn, call, decided, None, 0.0)
        elif self._observers is None:
            returned = await self._call(call, turn)
        else:
            with self._observers.observe_call(call) as report:
                returned = await self._call(call, turn)
                report(returned)
        on_return(returned)

    def _decided(self, call: OutputItem) -> InputItem | None:
        """Return the answer that the user's decision gives without a function; None if a function has to."""
        decision = self.decisions.get(id(call))
        if isinstance(decision, str):
            return denial_of(call, decision)
        return output_of(call, True) if decision and isinstance(call, McpApprovalRequest) else None

    async def _call(self, call: OutputItem, turn: int) -> ToolReturned:
        start = time.perf_counter()
        tool = self._toolbox.function_of(call)
        options: Mapping[str, Any] = {} if tool is None else tool.options
        time_limit: float | None = options.get("timeout", self._time_limit)
        if isinstance(call, McpApprovalRequest):  # a person decides, which takes its time
            time_limit = None
        policy: OnToolError = options.get("on_error", self._on_error)
        error: ToolExecutionError | None = None
        try:
            output = await self._output(call, tool, turn, time_limit)
        except AsyncFunctionError as refused:
            raise refused.error from None  # a mistake in the program, which the model cannot correct
        except Exception as problem:
            error = _execution_error(call, problem, time_limit)
            try:
                output = await self._failure_output(call, error, policy)
            except BaseException:
                del error  # its traceback, and that of its cause, hold this frame
                raise
        return ToolReturned(turn, call, output, error, time.perf_counter() - start)

    async def _output(
        self, call: OutputItem, tool: CallableTool[..., object] | None, turn: int, time_limit: float | None
    ) -> InputItem:
        if isinstance(call, (FunctionCall, CustomToolCall)):
            if tool is None:
                raise _InvalidCall(
                    _no_such_tool(call.name, [known.name for known in self._toolbox.functions])
                )
            text = call.arguments if isinstance(call, FunctionCall) else call.input
            try:
                bound = tool.shape.bind(text, RunContext(self._context, call, turn))
            except ValidationError as error:
                raise _InvalidCall(describe_argument_errors(error)) from error
        else:
            bound = partial(self._hooks[HOOKS[str(call.type)]], call)
        value = await self._workers.call(bound, time_limit)
        if isinstance(call, ToolSearchCall) and is_sequence(value):
            return tool_search_output(call, self._add_found(value))
        return output_of(call, value)

    def _add_found(self, tools: Sequence[Any]) -> list[Any]:
        try:
            return self._toolbox.add(tools, HOOKS["tool_search_call"])
        except ToolDefinitionError:
            raise
        except (
            RequestValidationError
        ) as error:  # its text would speak of a request, where a function was called
            text = "; ".join(f"{mistake['path']}: {mistake['message']}" for mistake in error.errors)
            raise ValueError(text) from error

    async def _failure_output(
        self, call: OutputItem, error: ToolExecutionError, policy: OnToolError
    ) -> InputItem:
        """Return the item that informs the model of a failure.

        Raises:
            ToolExecutionError: The failure ends the run: the policy says so, or no item of this type can report it.
        """
        text = f"Error: {error.reason}."
        if callable(policy):
            text = await self._error_text(policy, error)
        output = None if policy == "raise" else failure_of(call, text)
        if output is None:
            try:
                raise error
            finally:
                del error  # its traceback holds this frame
        # Only the class of the exception: its text may quote content, which the log must not contain.
        kind = type(error.__cause__ or error).__name__
        logger.info(
            "Tool %s failed (%s); the model receives an error text",
            one_line(error.tool, MAX_BODY_CHARS),
            kind,
        )
        return output

    async def _error_text(
        self, policy: Callable[[ToolExecutionError], object], error: ToolExecutionError
    ) -> str:
        """Return the text that the user's function writes about a failure."""
        text = await await_result(policy(error), policy, can_await=self._workers.can_await)
        if not isinstance(text, str):
            kind = "None" if text is None else f"a {type(text).__name__}"
            raise ConfigurationError(
                f"on_tool_error returned {kind}, expected a string for the model"
            ) from error
        return text


class _InvalidCall(Exception):
    """A call that cannot be made: its tool does not exist, or its arguments do not fit."""


_WITHOUT_CAUSE = (_InvalidCall, FunctionTimedOut, FunctionCancelled)
"""Exceptions that only carry a message within this package, and are not shown as the cause of a failure."""


def _no_such_tool(name: str, known: Sequence[str]) -> str:
    return f"there is no tool {name}; the tools are {', '.join(known) or 'none'}"


def _execution_error(call: OutputItem, problem: Exception, time_limit: float | None) -> ToolExecutionError:
    if isinstance(problem, FunctionTimedOut):
        reason = f"it took longer than {time_limit:g} s"
    elif isinstance(problem, FunctionCancelled):
        reason = "it was cancelled"
    elif isinstance(problem, (_InvalidCall, ReportedFailure)):
        reason = str(problem)
    else:
        reason = f"{type(problem).__name__}: {one_line(str(problem), MAX_BODY_CHARS)}".rstrip(": ")
    error = ToolExecutionError(reason.rstrip("."), tool=call_name(call), call=call)
    error.__cause__ = problem.__cause__ if isinstance(problem, _WITHOUT_CAUSE) else problem
    return error
