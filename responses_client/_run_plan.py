"""Decides how a run goes on: the next request, which calls are to be answered, when it ends; no I/O."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from ._error_text import FieldError, field_error
from ._executor import HOOKS
from ._run import ParsedRunResult, RunResult, RunStatus, Turn, answered_keys, as_item, call_key, open_calls
from .errors import APIError, MaxTurnsExceeded, RequestValidationError
from .models._base import Model

if TYPE_CHECKING:
    from ._structured import OutputType
    from ._toolbox import Toolbox
    from .models import InputItem, OutputItem, Response

__all__ = ["RunPlan", "RunSettings"]

_MOST_TURNS = 20
_MOST_AT_ONCE = 10
_LOST = frozenset({"previous_response_not_found"})


class RunSettings:
    """The arguments of a run that are not those of its requests, checked.

    Raises:
        RequestValidationError: One makes no sense.
    """

    def __init__(self, params: Mapping[str, object]) -> None:
        self.request = dict(params)
        take = self.request.pop
        self.tools: Any = take("tools", ())
        self.max_turns: Any = take("max_turns", _MOST_TURNS)
        self.max_concurrency: Any = take("max_concurrency", _MOST_AT_ONCE)
        self.timeout: Any = take("tool_timeout", None)
        self.on_error: Any = take("on_tool_error", "return")
        self.context = take("context", None)
        self.resume: Any = take("resume", None)
        self.replay: Any = take("replay", None)
        self.resets_choice: Any = take("reset_tool_choice", True)
        self.on_turn: Any = take("on_turn", None)
        hooks = {name: take(name) for name in HOOKS.values() if self.request.get(name) is not None}
        self.hooks = cast("dict[str, Callable[[Any], object]]", hooks)
        if mistakes := [*self._mistakes()]:
            raise RequestValidationError(mistakes)

    def _mistakes(self) -> "list[FieldError]":
        counts = {"max_turns": self.max_turns, "max_concurrency": self.max_concurrency}
        wrong = [(k, "an integer of at least 1", v) for k, v in counts.items() if type(v) is not int or v < 1]
        if self.timeout is not None and not _is_seconds(self.timeout):
            wrong.append(("tool_timeout", "a positive number of seconds, or None", self.timeout))
        if self.on_error not in ("return", "raise") and not callable(self.on_error):
            wrong.append(("on_tool_error", "'return', 'raise', or a function", self.on_error))
        if self.resume is not None and not isinstance(self.resume, RunResult):
            wrong.append(("resume", "a RunResult", self.resume))
        functions = {**self.hooks, **({} if self.on_turn is None else {"on_turn": self.on_turn})}
        wrong += [(name, "a function", value) for name, value in functions.items() if not callable(value)]
        mistakes = [field_error(name, expected, value) for name, expected, value in wrong]
        if isinstance(self.resume, RunResult):
            for name in ("previous_response_id", "conversation") if not self._in_conversation() else ():
                if self.request.get(name) is not None:
                    message = "cannot be combined with resume, which goes on from its last response"
                    mistakes.append(field_error(name, "nothing", self.request[name], message=message))
        return mistakes

    def _in_conversation(self) -> bool:
        """Tell whether the run that goes on is in the conversation of this request."""
        return (
            self.request.get("conversation") is not None and self.request.get("previous_response_id") is None
        )


class RunPlan:
    """How one run goes on.

    Attributes:
        result: What it has come to; None before its first response.
        turns_left: How many more responses it may take.
    """

    def __init__(self, settings: RunSettings, toolbox: "Toolbox", wanted: "OutputType[Any] | None") -> None:
        self._settings = settings
        self._params = settings.request
        self._wanted = wanted
        self._turns: list[Turn] = []
        self._follows = cast("str | None", self._params.get("previous_response_id"))
        self._replays = settings.replay is True
        self._status: RunStatus = "in_progress"
        self._sent: tuple[InputItem, ...] = ()
        self.turns_left: int = settings.max_turns
        if toolbox.definitions:
            self._params["tools"] = toolbox.definitions
        if settings.resume is not None:
            self._turns = list(settings.resume.turns)
            self._follows = settings.resume.previous_response_id

    @property
    def number(self) -> int:
        """Number of the last turn, from 1."""
        return len(self._turns)

    @property
    def goes_on(self) -> bool:
        """Whether there is to be another response."""
        return self._status == "in_progress"

    @property
    def last_turn(self) -> Turn:
        """The last turn."""
        return self._turns[-1]

    def result(self) -> RunResult | None:
        """Return what the run has come to; None before its first response."""
        if not self._turns:
            return None
        turns = tuple(self._turns)
        if self._wanted is None:
            return RunResult(turns, self._status, self._follows)
        return ParsedRunResult(turns, self._status, self._follows, wanted=self._wanted)

    # --- requests

    def request(self) -> dict[str, object]:
        """Return the arguments of the next request."""
        params = dict(self._params)
        if not self._turns:
            return params
        outputs = self.last_turn.outputs
        if outputs and self._settings.resets_choice and "tool_choice" in params:
            params["tool_choice"] = _unforced(params["tool_choice"])
        self._sent = new = (*outputs, *(self._given() if self._is_first else ()))
        last = self.last_turn.response
        if params.get("conversation") is not None:
            return {**params, "input": [*new]}
        if self._replays or not self._is_kept(last):
            follows = {} if self._follows is None else {"previous_response_id": self._follows}
            return {**params, **follows, "input": [*self._history(), *new]}
        return {**params, "previous_response_id": last.id, "input": [*new]}

    def sending(self) -> None:
        """Note what is new in a request that was found to be in order."""
        if not self._turns:
            self._sent = tuple(self._given())

    def _given(self) -> "list[InputItem]":
        """Return the input that the run was given; a text is a message of the user."""
        given = self._params.get("input")
        items: Sequence[object] = [given] if isinstance(given, str) else cast("Any", given) or ()
        return [as_item(_message(item) if isinstance(item, str) else cast("Model", item)) for item in items]

    @property
    def _is_first(self) -> bool:
        return bool(self.turns_left == self._settings.max_turns)

    def _is_kept(self, response: "Response") -> bool:
        """Tell whether the server knows a response by its id: one that does says so, unless the user does."""
        is_stored = response.store is not False if self._settings.replay is False else response.store
        return self._params.get("store") is not False and bool(is_stored and response.id)

    def _history(self) -> "list[InputItem]":
        store = None if self._params.get("store") is not False else False
        found: list[InputItem] = []
        for turn in self._turns:
            found += [*turn.input, *turn.response.as_input(store=store)]
        return found

    def can_replay(self, problem: "APIError | Response") -> bool:
        """Tell whether the server did not know the last response, so that the items themselves have to be sent.

        From then on they are.
        """
        if not self._turns or self._replays or self._params.get("conversation") is not None:
            return False
        if not self._is_kept(self.last_turn.response):
            return False
        if isinstance(problem, APIError):
            code: object = getattr(problem, "code", None)
            param: object = getattr(problem, "param", None)
            self._replays = code in _LOST or param == "previous_response_id"
        else:  # of a server that did not look at the id
            self._replays = problem.previous_response_id is None
        return self._replays

    # --- what comes

    def heard(self, response: "Response") -> None:
        """Take a response."""
        self._turns.append(Turn(self._sent, response))
        self.turns_left -= 1

    def calls(self, can_answer: "Callable[[OutputItem], bool]") -> "list[OutputItem]":
        """Return the calls of the last response that are to be answered here.

        Raises:
            MaxTurnsExceeded: There are some, but no turn is left in which the model could be told.
        """
        waiting = open_calls(self.last_turn)
        if not waiting:
            status = self.last_turn.response.status
            self._status = cast("RunStatus", status or "completed")
            return []
        calls = [call for call in waiting if can_answer(call)]
        if len(calls) < len(waiting):
            self._status = "pending"
        elif self.turns_left < 1:
            most = self._settings.max_turns
            raise MaxTurnsExceeded(
                f"The model wants more tools called after {most} turns, the most that max_turns allows; "
                "raise it, or go on with resume=error.run"
            )
        return calls

    def open_at_start(self, can_answer: "Callable[[OutputItem], bool]") -> "list[OutputItem]":
        """Return the calls of the run that goes on which are to be answered before the first request.

        Raises:
            RequestValidationError: There are some that nobody answers, neither a function nor an item of the input.
        """
        if not self._turns:
            return []
        given = self._given()
        answered = answered_keys(given)
        waiting = [call for call in open_calls(self.last_turn) if call_key(call) not in answered]
        mistakes = [
            field_error(
                "input",
                "an item that answers it",
                None,
                message=f"lacks the answer to the {call.type} {call_key(call)}, which the run waits for",
            )
            for call in waiting
            if not can_answer(call)
        ]
        if not (given or waiting or self.last_turn.outputs):
            message = "is empty, and so the run has nothing to go on with"
            mistakes.append(field_error("input", "a text or items", None, message=message))
        if mistakes:
            raise RequestValidationError(mistakes)
        return waiting

    def answered(self, outputs: "Mapping[str, InputItem]") -> None:
        """Take the answers to calls of the last response, by the keys of these."""
        turn = self.last_turn
        known = {key: item for item in turn.outputs for key in answered_keys([item])} | dict(outputs)
        order = dict.fromkeys(map(call_key, turn.response.output))
        items = tuple(known[key] for key in order if key in known)
        self._turns[-1] = turn._replace(outputs=items)

    def stop(self) -> None:
        """End the run after this turn."""
        if self.goes_on:
            self._status = "stopped"


def _message(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def _unforced(choice: object) -> object:
    """Return a tool choice that lets the model write a text."""
    fields = choice.to_dict() if isinstance(choice, Model) else choice
    if isinstance(fields, Mapping) and "mode" in fields:
        return {**cast("Mapping[str, object]", fields), "mode": "auto"}
    return choice if choice in (None, "auto", "none") else "auto"


def _is_seconds(value: object) -> bool:
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    return is_number and 0 < cast("float", value) < math.inf
