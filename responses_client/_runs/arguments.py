"""The arguments of a run, checked, and parted into those of its requests and its own; no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from .._base.field_errors import FieldError, field_error
from .._base.option_types import OPTIONS
from .._base.validation import is_seconds, is_whole_number, unknown_argument
from .._calls.endpoints import RESPONSES_CREATE
from .._calls.plain_data import plain_arguments
from .._tools.tool import is_async_generator, is_error_policy, is_generator
from ..errors import RequestValidationError
from .executor import HOOKS
from .pending import CallName, named_calls, reasons
from .result import RunResult

__all__ = ["RunArguments"]

_DEFAULT_MAX_TURNS = 20
_DEFAULT_MAX_CONCURRENCY = 10


class RunArguments:
    """The arguments of a run; `RunParams` documents them.

    Args:
        params: The arguments as they were given.
        function: The name of the function that was called, for messages.

    Attributes:
        request: The arguments of the requests, which `prepare` checks later; all others are taken out.
        approve: The calls that may be made, by id or as they wait.
        deny: The calls that may not be made, each with the reason.
        hooks: The functions that were given for calls other than those of functions, by the names of the arguments.

    Raises:
        TypeError: An argument is unknown.
        RequestValidationError: An argument has a wrong type or size, or contradicts another one.
    """

    def __init__(self, params: Mapping[str, object], function: str = "responses.run") -> None:
        self.request: dict[str, Any] = dict(params)
        take = self.request.pop
        self.tools: Any = take("tools", ())
        self.max_turns: Any = take("max_turns", _DEFAULT_MAX_TURNS)
        self.max_concurrency: Any = take("max_concurrency", _DEFAULT_MAX_CONCURRENCY)
        self.tool_timeout: Any = take("tool_timeout", None)
        self.on_tool_error: Any = take("on_tool_error", "return")
        self.context: object = take("context", None)
        self.resume: Any = take("resume", None)
        approve = take("approve", ())
        names = named_calls(approve)
        self.approve: list[CallName] = names or []
        denied, mistakes = reasons(take("deny", {}))
        self.deny: list[tuple[CallName, str]] = denied
        if names is None:
            mistakes.append(field_error("approve", "a list of call ids or calls", approve))
        self.replay: Any = take("replay", None)
        self.reset_tool_choice: Any = take("reset_tool_choice", True)
        self.on_turn: Any = take("on_turn", None)
        self.hooks: dict[str, Callable[[Any], object]] = {
            name: hook for name in HOOKS.values() if (hook := take(name, None)) is not None
        }
        self._refuse_unknown(function)
        self.request = dict(plain_arguments(self.request))
        mistakes += [*self._wrong_values(), *self._contradictions()]
        if mistakes:
            raise RequestValidationError(mistakes)

    def _refuse_unknown(self, function: str) -> None:
        model = RESPONSES_CREATE.request_model()
        assert model is not None, "responses.create has a body"
        known = {*model.__pydantic_fields__, *OPTIONS}
        for name in self.request:
            if name not in known:
                # Imported here because only a mistake needs it.
                from .params import RunParams

                raise unknown_argument(function, name, [*RunParams.__annotations__, "text_format"])

    def _wrong_values(self) -> Iterator[FieldError]:
        if not is_whole_number(self.max_turns, 1):
            yield field_error("max_turns", "an integer of at least 1", self.max_turns)
        if not is_whole_number(self.max_concurrency, 1):
            yield field_error("max_concurrency", "an integer of at least 1", self.max_concurrency)
        if self.tool_timeout is not None and not is_seconds(self.tool_timeout):
            yield field_error("tool_timeout", "a positive number of seconds, or None", self.tool_timeout)
        if not is_error_policy(self.on_tool_error):
            yield field_error("on_tool_error", "'return', 'raise', or a function", self.on_tool_error)
        if self.resume is not None and not isinstance(self.resume, RunResult):
            yield field_error("resume", "a RunResult", self.resume)
        if self.replay not in (True, False, None):
            yield field_error("replay", "True, False or None", self.replay)
        if not isinstance(self.reset_tool_choice, bool):
            yield field_error("reset_tool_choice", "True or False", self.reset_tool_choice)
        functions = self.hooks if self.on_turn is None else {**self.hooks, "on_turn": self.on_turn}
        for name, function in functions.items():
            if not callable(function):
                yield field_error(name, "a function", function)
        # Of calls, a generator that is not async is read as a list.
        lazy = [name for name, hook in self.hooks.items() if is_async_generator(hook)]
        lazy += [name for name in ("on_turn", "on_tool_error") if is_generator(getattr(self, name))]
        for name in lazy:
            message = "is a generator, of which nothing would run; pass a function that returns"
            yield field_error(name, "a function that returns", None, message=message)

    def _contradictions(self) -> Iterator[FieldError]:
        stream = self.request.get("stream")
        if stream is not None:
            message = "is not an argument of a run; call run_stream for events, run for the result alone"
            yield field_error("stream", "nothing", stream, message=message)
        if self.replay is False and self.request.get("store") is False:
            message = (
                "cannot be combined with store=False, which leaves nothing on the server to continue from"
            )
            yield field_error("replay", "True or None", False, message=message)
        if isinstance(self.resume, RunResult) and not self._names_conversation_alone():
            for name in ("previous_response_id", "conversation"):
                if self.request.get(name) is not None:
                    message = "cannot be combined with resume, which continues from the run's last response"
                    yield field_error(name, "nothing", self.request[name], message=message)

    def _names_conversation_alone(self) -> bool:
        # A run that is resumed stays in its conversation, so naming it again does not contradict.
        return (
            self.request.get("conversation") is not None and self.request.get("previous_response_id") is None
        )
