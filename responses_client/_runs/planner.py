"""Decides how a run goes on: the next request, which calls are to be answered, when it ends; no I/O."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

from .._base.field_errors import FieldError, field_error
from .._base.options import RequestOptions
from .._base.validation import is_seconds, unknown_argument
from .._calls.endpoints import RESPONSES_CREATE
from .._calls.polling import has_ended
from .._tools.calls import answer_key, answered_keys, as_item, call_key, is_call, unanswered
from .._tools.tool import is_policy
from ..errors import APIError, APIStatusError, MaxTurnsExceeded, RequestValidationError
from ..models._base import Model
from .executor import HOOKS
from .result import ParsedRunResult, RunResult, RunStatus, Turn, open_calls

if TYPE_CHECKING:
    from .._structured.output_type import OutputType
    from .._tools.toolbox import Toolbox
    from ..models import InputItem, OutputItem, Response

__all__ = ["RunPlan", "RunSettings"]

_MOST_TURNS = 20
_MOST_AT_ONCE = 10
_LOST = frozenset({"previous_response_not_found"})
_REFUSALS = frozenset({400, 404, 422, 501})
"""Statuses of servers that do not know a response, or no field `previous_response_id`."""
_FAILED = frozenset({"failed", "cancelled"})


class RunSettings:
    """The arguments of a run that are not those of its requests, checked.

    Raises:
        TypeError: There is no such argument.
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
        self.approve: Any = take("approve", ())
        self.replay: Any = take("replay", None)
        self.resets_choice: Any = take("reset_tool_choice", True)
        self.on_turn: Any = take("on_turn", None)
        hooks = {name: take(name, None) for name in HOOKS.values()}
        given = {name: hook for name, hook in hooks.items() if hook is not None}
        self.hooks = cast("dict[str, Callable[[Any], object]]", given)
        self._refuse_unknown()
        if mistakes := [*self._mistakes()]:
            raise RequestValidationError(mistakes)

    def _refuse_unknown(self) -> None:
        model = RESPONSES_CREATE.request_model()
        known = {*cast("type[Model]", model).model_fields, *RequestOptions.__annotations__}
        for name in self.request:
            if name not in known:
                from .params import RunParams  # here, since only a mistake needs it

                raise unknown_argument("responses.run", name, RunParams.__annotations__)

    def _mistakes(self) -> list[FieldError]:
        counts = {"max_turns": self.max_turns, "max_concurrency": self.max_concurrency}
        wrong = [(k, "an integer of at least 1", v) for k, v in counts.items() if type(v) is not int or v < 1]
        if self.timeout is not None and not is_seconds(self.timeout):
            wrong.append(("tool_timeout", "a positive number of seconds, or None", self.timeout))
        if not is_policy(self.on_error):
            wrong.append(("on_tool_error", "'return', 'raise', or a function", self.on_error))
        if self.resume is not None and not isinstance(self.resume, RunResult):
            wrong.append(("resume", "a RunResult", self.resume))
        if not _is_ids(self.approve):
            wrong.append(("approve", "a list of call ids", self.approve))
        if self.replay not in (True, False, None):
            wrong.append(("replay", "True, False or None", self.replay))
        if not isinstance(self.resets_choice, bool):
            wrong.append(("reset_tool_choice", "True or False", self.resets_choice))
        functions = {**self.hooks, **({} if self.on_turn is None else {"on_turn": self.on_turn})}
        wrong += [(name, "a function", value) for name, value in functions.items() if not callable(value)]
        mistakes = [field_error(name, expected, value) for name, expected, value in wrong]
        if (stream := self.request.get("stream")) is not None:
            message = "is no argument of a run; call run_stream for its events, run for what it came to"
            mistakes.append(field_error("stream", "nothing", stream, message=message))
        if self.replay is False and self.request.get("store") is False:
            message = "cannot be combined with store=False, as the server then keeps nothing to go on from"
            mistakes.append(field_error("replay", "True or None", False, message=message))
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
        turns_left: How many more responses it may take.
    """

    def __init__(self, settings: RunSettings, toolbox: Toolbox, wanted: OutputType[Any] | None) -> None:
        self._settings = settings
        self._params = settings.request
        self._wanted = wanted
        self._turns: list[Turn] = []
        self._follows = cast("str | None", self._params.get("previous_response_id"))
        self._replays = settings.replay is True
        self._is_lost = False  # the server keeps nothing, though it said so
        self._told = 0  # how many turns have their items in `_past`
        self._past: list[InputItem] = []
        self._status: RunStatus = "in_progress"
        self._sent: tuple[InputItem, ...] = ()
        self._unsent: tuple[InputItem, ...] = ()  # what was given and found to be in order
        self.turns_left: int = settings.max_turns
        if toolbox.definitions:
            self._params["tools"] = toolbox.definitions
        if settings.resume is not None:
            self._turns = list(settings.resume.turns)
            self._follows = settings.resume.previous_response_id
            if "conversation" not in self._params and (place := self.last_turn.response.conversation):
                self._params["conversation"] = place.id

    @property
    def number(self) -> int:
        """Number of the last turn, from 1."""
        return len(self._turns)

    @property
    def goes_on(self) -> bool:
        """Whether there is to be another response."""
        return self._status == "in_progress"

    @property
    def params(self) -> Mapping[str, object]:
        """The arguments of its requests."""
        return self._params

    @property
    def has_asked(self) -> bool:
        """Whether a response has come, those of an earlier run left aside."""
        return not self._is_first

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
            return RunResult(turns, self._status, self._follows, self._unsent)
        return ParsedRunResult(turns, self._status, self._follows, self._unsent, wanted=self._wanted)

    # --- requests

    def request(self) -> dict[str, object]:
        """Return the arguments of the next request."""
        params = dict(self._params)
        if not self._turns:
            return params
        self._sent = new = (*self.last_turn.outputs, *(self._given() if self._is_first else ()))
        base, since = self._base()
        tells = not self._is_first or answered_keys([*since, *new])
        if tells and self._settings.resets_choice and "tool_choice" in params:
            params["tool_choice"] = _unforced(params["tool_choice"])
        if params.get("conversation") is not None:
            return {**params, "input": [*since, *new]}
        if self._replays or (base is not None and not self._is_kept(base)):
            base, since = None, self._history()
        follows = self._follows if base is None else base.id
        if follows is not None:
            params["previous_response_id"] = follows
        return {**params, "input": [*since, *new]}

    def _base(self) -> tuple[Response | None, list[InputItem]]:
        """Return the last response that can be gone on from, and what came since: of those that failed, the input."""
        since: list[InputItem] = []
        for turn in reversed(self._turns):
            if not self._is_broken(turn):
                return turn.response, since
            since = [*turn.input, *self._usable(turn), *since]
        return None, since

    def _is_broken(self, turn: Turn) -> bool:
        """Tell whether no request can go on from a response: it failed, or it has calls and was cut short."""
        if turn.response.status in _FAILED:
            return True
        in_conversation = self._params.get("conversation") is not None  # which has those calls anyway
        return turn.response.status == "incomplete" and not in_conversation and bool(_cut_calls(turn))

    def _usable(self, turn: Turn) -> list[InputItem]:
        """Return what of an output can be sent back."""
        if turn.response.status in _FAILED:
            return []
        is_kept = self._params.get("store") is not False and not self._is_lost
        response = _without_cut_calls(turn) if self._is_broken(turn) else turn.response
        return response.as_input(store=None if is_kept else False)

    def sending(self) -> None:
        """Note what is new in a request that was found to be in order."""
        if not self._turns:
            self._sent = tuple(self._given())

    def accepted(self) -> None:
        """Note that what the run was given is in order: from now on it is not lost."""
        if self._turns:
            self._unsent = tuple(self._given())

    def _given(self) -> list[InputItem]:
        """Return the input that the run was given, that of an earlier one first which never came to be sent."""
        before = () if self._settings.resume is None else self._settings.resume.unsent
        return [*before, *self._items_given()]

    def _items_given(self) -> list[InputItem]:
        """Return the argument `input`; a text is a message of the user."""
        given = self._params.get("input")
        if isinstance(given, str):
            given = [given]
        items = cast("Sequence[object]", given if isinstance(given, (list, tuple)) else ())
        return [as_item(_message(item) if isinstance(item, str) else cast("Model", item)) for item in items]

    @property
    def _is_first(self) -> bool:
        return bool(self.turns_left == self._settings.max_turns)

    def _is_kept(self, response: Response) -> bool:
        """Tell whether the server knows a response by its id: one that does says so, unless the user does."""
        is_stored = response.store is not False if self._settings.replay is False else response.store
        return self._params.get("store") is not False and bool(is_stored and response.id)

    def _history(self) -> list[InputItem]:
        # Each turn is taken apart once, so that long runs do not slow down, and say once what they leave out.
        for turn in self._turns[self._told :]:
            self._past += (*turn.input, *self._usable(turn))
        self._told = len(self._turns)
        return self._past

    def can_replay(self, problem: APIError | Response) -> bool:
        """Tell whether the server did not know the last response, so that the items themselves have to be sent.

        From then on they are, without ids that it would not know either.
        """
        if not self._turns or self._replays or self._settings.replay is False:
            return False
        base = self._base()[0]
        if base is None or self._params.get("conversation") is not None or not self._is_kept(base):
            return False
        if isinstance(problem, APIError):
            self._is_lost = _is_unknown(base.id, problem)
        else:  # of a server that did not look at the id
            self._is_lost = problem.previous_response_id is None
        if self._is_lost:
            self._replays, self._told, self._past = True, 0, []
        return self._is_lost

    # --- what comes

    def heard(self, response: Response) -> None:
        """Take a response, which may still run in the background."""
        self._turns.append(Turn(self._sent, response))
        self._unsent = ()
        self.turns_left -= 1

    @property
    def is_waiting(self) -> bool:
        """Whether the last response still runs in the background."""
        return bool(self._turns and self.last_turn.response.id) and not has_ended(self.last_turn.response)

    def interrupted(self, partial: Response | None) -> None:
        """Take what came of a response whose stream broke off, if it goes on in the background."""
        if partial is not None and partial.id and self._params.get("background") is True:
            self.heard(partial)

    def finished(self, response: Response) -> None:
        """Take what has become of the last response."""
        self._turns[-1] = self.last_turn._replace(response=response)

    def calls(self, can_answer: Callable[[OutputItem], bool]) -> list[OutputItem]:
        """Return the calls of the last response that are to be answered here.

        Raises:
            MaxTurnsExceeded: There are some, but no turn is left in which the model could be told.
        """
        waiting = open_calls(self.last_turn)
        if not waiting:
            response = self.last_turn.response
            # What says that it is under way, and has no id to wait for, will not be whole.
            status = (response.status or "completed") if has_ended(response) else "incomplete"
            self._status = cast("RunStatus", status)
            return []
        calls = [call for call in waiting if can_answer(call)]
        if len(calls) < len(waiting):
            self._status = "pending"
        elif self.turns_left < 1:
            most = self._settings.max_turns
            raise MaxTurnsExceeded(
                f"The model wants more tools called after {most} turn{'s' * (most != 1)}, the most that max_turns allows; "
                "raise it, or go on with resume=error.run"
            )
        return calls

    def open_at_start(self, can_answer: Callable[[OutputItem], bool]) -> list[OutputItem]:
        """Return the calls of the run that goes on which are to be answered before the first request.

        Raises:
            RequestValidationError: There are some that nobody answers, neither a function nor an item of the input.
        """
        if not self._turns:
            if self._settings.approve:
                raise RequestValidationError([_no_such_call(self._settings.approve)])
            return []
        given = self._given()
        waiting = open_calls(self.last_turn, given)
        unknown = [key for key in self._settings.approve if key not in map(call_key, waiting)]
        mistakes = [_no_such_call(unknown)] if unknown else []
        mistakes += [
            field_error(
                "input",
                "an item that answers it",
                None,
                message=f"lacks the answer to the {call.type} {call_key(call)}, which the run waits for",
            )
            for call in waiting
            if not can_answer(call)
        ]
        if not (given or waiting or self.last_turn.outputs or self._base()[1]):
            message = "is empty, and so the run has nothing to go on with"
            mistakes.append(field_error("input", "a text or items", None, message=message))
        if mistakes:
            raise RequestValidationError(mistakes)
        return waiting

    @property
    def is_given_more(self) -> bool:
        """Whether there is an input for the next request."""
        return bool(self._given())

    def answered(self, answers: Iterable[tuple[OutputItem, InputItem]]) -> None:
        """Take answers to calls of the last response, each with its call; they are kept in the order of these."""
        turn = self.last_turn
        new = {id(call): item for call, item in answers}
        earlier = list(turn.outputs)
        items: list[InputItem] = []
        for call in turn.response.output:
            known = next((item for item in earlier if answer_key(item) == call_key(call)), None)
            if id(call) in new:
                items.append(new[id(call)])
            elif known is not None:
                earlier.remove(known)
                items.append(known)
        self._turns[-1] = turn._replace(outputs=tuple(items))

    def leave(self) -> None:
        """Leave the calls as they are that have no answer: whoever goes on decides whether they are made again."""
        self._status = "pending"

    def stop(self) -> None:
        """End the run after this turn."""
        if self.goes_on:
            self._status = "stopped"


def _is_ids(value: object) -> bool:
    is_list = isinstance(value, (list, tuple, set, frozenset))
    return is_list and all(isinstance(one, str) for one in cast("Iterable[object]", value))


def _no_such_call(keys: Iterable[str]) -> FieldError:
    message = f"names {', '.join(keys)}, but the run waits with no call of that id"
    return field_error("approve", "the call_id of a call that waits", None, message=message)


def _message(text: str) -> dict[str, str]:
    return {"role": "user", "content": text}


def _is_unknown(response_id: str, error: APIError) -> bool:
    """Tell whether an error says that there is no such response, or no field for it; servers say so in many ways."""
    code: object = getattr(error, "code", None)
    if code in _LOST or getattr(error, "param", None) == "previous_response_id":
        return True
    is_refusal = isinstance(error, APIStatusError) and error.status_code in _REFUSALS
    return is_refusal and any(word in error.message for word in ("previous_response_id", response_id))


def _cut_calls(turn: Turn) -> list[OutputItem]:
    """Return the calls of an output that nobody will answer, those that are not whole among them."""
    output = turn.response.output
    torn = (item for item in output if is_call(item) and getattr(item, "status", None) == "incomplete")
    return [*unanswered(output, ()), *torn]


def _without_cut_calls(turn: Turn) -> Response:
    """Leave out the calls that nobody will answer, and the reasoning before each, which only goes with it."""
    cut = {id(item) for item in _cut_calls(turn)}
    kept: list[OutputItem] = []
    is_cut = False
    for item in reversed(turn.response.output):
        is_cut = id(item) in cut or (is_cut and item.type == "reasoning")
        if not is_cut:
            kept.append(item)
    return turn.response.model_copy(update={"output": kept[::-1]})


def _unforced(choice: object) -> object:
    """Return a tool choice that lets the model write a text."""
    fields = choice.to_dict() if isinstance(choice, Model) else choice
    if isinstance(fields, Mapping) and "mode" in fields:
        return {**cast("Mapping[str, object]", fields), "mode": "auto"}
    return choice if choice in (None, "auto", "none") else "auto"
