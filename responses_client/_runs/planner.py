"""The decisions of a run: the next request, the calls to answer, and when the run ends; no I/O."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from .._base.field_errors import FieldError, field_error
from .._base.json_types import is_sequence
from .._base.messages import MAX_VALUE_CHARS, one_line
from .._calls.input_items import as_items
from .._calls.polling import has_ended
from .._tools.call_ids import own_ids, with_ids, without_repeats, without_shared_ids
from .._tools.calls import answered_keys, as_item, call_key, call_name
from .._tools.outputs import denial_of
from ..errors import APIError, APIStatusError, MaxTurnsExceeded, RequestValidationError
from .history import cut_calls, items_until, torn_calls, unforced, without_cut_calls
from .pending import decide
from .result import ParsedRunResult, RunResult, RunStatus, Turn, outputs_by_position, waiting_calls

if TYPE_CHECKING:
    from .._structured.output_type import OutputType
    from .._tools.toolbox import Toolbox
    from ..models import InputItem, OutputItem, Response
    from .arguments import RunArguments
    from .pending import Decision

__all__ = ["RunPlan"]

# Theory of operation
# ===================
#
# A run is a list of turns. A turn is the input that was new in a request, the response, and the outputs of the calls in
# that response. `RunPlan` holds the list and decides the next step; `loop.py` takes that step, and reports its results
# of it by the methods on the arrows:
#
#               recover
#               +-----+
#               |     v   add_response                next_calls               add_outputs
#   new run --> ASKING ----------------> WAITING ------------------> ANSWERING ------------+--> "stopped", by stop
#                 ^                       ^   |                       ^   |                |
#                 |                       |   +--> "completed", ...   |   +--> "pending"   |
#                 |                       |                           |                    |
#                 +-----------------------|---------------------------|--------------------+
#                                         |                           |
#               its last response runs:   +------- resumed run -------+   calls_at_start: it has ended
#
#   ASKING      `next_request` is on its way. After `recover`, it is sent again in another form.
#   WAITING     A response is there. While it runs in the background (`is_response_running`) it is polled, and
#               `update_response` brings its end. Without open calls, the run then ends with the response's status.
#   ANSWERING   Tools run. If a call has no function here, the run ends as "pending" once the others are answered.
#
# The states in capitals are stored nowhere: the status is "in_progress" in all three, and the turns say what is missing.
# So a run that an error ended is resumed by the same code that takes the second turn of any run.
#
# What a request contains. New input is the outputs of the last turn; in the first request of a resumed run, the
# argument `input` as well. There are three ways to tell the model what came before:
#
#   conversation           the server adds each turn to it: only new input is sent
#   previous_response_id   the server stores responses: only new input is sent, with the id of the last response
#   replay                 the server stores nothing: the input and output of all turns is sent again
#
# A response that failed, or was cut off within its calls, cannot be continued. The request then continues the last one
# that can (`_last_continuable`), and everything since counts as new.
#
# Ids of calls. Answers name their calls by id, so calls that have none, or share one, get ids of ours (`_name_calls`). The
# server does not know these; so the response cannot be continued either, and is sent back with them. In a conversation
# the calls are there already: the run ends as "pending", and if it is resumed, the calls are sent with their answers.
#
# Recovery. Some servers say that they store a response, and do not know it when it is continued; others ignore
# `previous_response_id`. `recover` recognizes both, and switches to replay for the rest of the run.
#
# Input of a resumed run is never lost: `RunResult.unsent` has it from the moment when it is known to be valid
# (`commit_input`) until a response has arrived (`add_response`), whose turn has it from then on.

logger = logging.getLogger("responses_client")

_LOST_CODES = frozenset({"previous_response_not_found"})
"""Codes of errors by which servers say that they do not know a response."""
_UNNAMED = "they have ids made here, and are sent back with these"
_UNNAMED_IN_CONVERSATION = (
    "the run is pending, since the conversation has them so; resume sends them again, with ids made here"
)
_REFUSAL_STATUSES = frozenset({400, 404, 422, 501})
"""Statuses of servers that do not know a response, or the field `previous_response_id`."""
_FAILED_STATUSES = frozenset({"failed", "cancelled"})
"""Statuses of responses that cannot be continued: their output does not count."""


class RunPlan:
    """The turns of one run, and the decisions that follow from them.

    Attributes:
        remaining_turns: The number of responses that the run may still take.
    """

    def __init__(self, arguments: RunArguments, toolbox: Toolbox, wanted: OutputType[Any] | None) -> None:
        self._arguments = arguments
        self._toolbox = toolbox
        self._decisions: Mapping[int, Decision] = {}
        self._params = arguments.request
        self._wanted = wanted
        self._turns: list[Turn] = []
        self._first_previous_id: str | None = self._params.get("previous_response_id")
        self._replays = arguments.replay is True
        self._is_storage_lost = False  # the server forgot a response that it said it would store
        self._history: list[InputItem] = []  # grows turn by turn, see `_whole_history`
        self._history_turns = 0
        self._status: RunStatus = "in_progress"
        self._sent: tuple[InputItem, ...] = ()  # the new input of the last request
        self._unsent: tuple[InputItem, ...] = ()
        # The positions of the calls that the outputs of the last turn answer: calls may share an id.
        self._answered: tuple[int, ...] = ()
        self._asked: set[int] = set()  # the positions of the calls that wait for approval in the resumed run
        # The positions of the calls with ids of ours, by the index of the turn.
        self._renamed: dict[int, tuple[int, ...]] = {}
        self.remaining_turns: int = arguments.max_turns
        if toolbox.definitions:
            self._params["tools"] = toolbox.definitions
        if arguments.resume is not None:
            self._turns = list(arguments.resume.turns)
            self._answered = arguments.resume.answered_positions
            asked = {id(call.item) for call in arguments.resume.approvals}
            output = self.last_turn.response.output
            self._asked = {place for place, item in enumerate(output) if id(item) in asked}
            for index, place in arguments.resume.renamed_calls:
                self._renamed[index] = (*self._renamed.get(index, ()), place)
            self._first_previous_id = arguments.resume.previous_response_id
            if "conversation" not in self._params and (place := self.last_turn.response.conversation):
                self._params["conversation"] = place.id

    @property
    def number(self) -> int:
        """The number of the last turn, from 1; 0 before the first."""
        return len(self._turns)

    @property
    def is_running(self) -> bool:
        """Whether another response is needed."""
        return self._status == "in_progress"

    @property
    def params(self) -> Mapping[str, object]:
        """The arguments that all requests share."""
        return self._params

    @property
    def has_new_turn(self) -> bool:
        """Whether there is a turn beside those of the resumed run."""
        return not self._is_first_request

    @property
    def last_turn(self) -> Turn:
        """The last turn."""
        return self._turns[-1]

    def result(self) -> RunResult | None:
        """Return the run so far; None before its first response."""
        if not self._turns:
            return None
        turns = tuple(self._turns)
        asked = {id(call): call_key(call) for call in self._waiting() if self._toolbox.needs_approval(call)}
        output = enumerate(self.last_turn.response.output)
        places = tuple(place for place, item in output if id(item) in asked)
        # Ids and positions rather than items, which a saved run has already.
        approvals = (tuple(asked.values()), places)
        renamed = tuple((index, place) for index, places in self._renamed.items() for place in places)
        parts = (
            turns,
            self._status,
            self._first_previous_id,
            self._unsent,
            *approvals,
            self._answered,
            renamed,
        )
        return RunResult(*parts) if self._wanted is None else ParsedRunResult(*parts, wanted=self._wanted)

    # --- the next request

    def next_request(self) -> dict[str, object]:
        """Return the arguments of the next request."""
        if self._toolbox.refresh():
            self._params["tools"] = self._toolbox.definitions
        params: dict[str, object] = dict(self._params)
        if not self._turns:
            return params
        given = self._new_input() if self._is_first_request else ()
        self._sent = new = (*self._calls_to_send(), *self.last_turn.outputs, *given)
        base, since = self._last_continuable()
        has_answers = not self._is_first_request or answered_keys([*since, *new])
        if has_answers and self._arguments.reset_tool_choice and "tool_choice" in params:
            # A choice that demands a call would be obeyed in each turn, and the run would never end.
            params["tool_choice"] = unforced(params["tool_choice"])
        if self._is_in_conversation:
            return {**params, "input": [*since, *new]}
        if self._replays or (base is not None and not self._is_stored(base)):
            base, since = None, self._whole_history()
        previous_id = self._first_previous_id if base is None else base.id
        if previous_id is not None:
            params["previous_response_id"] = previous_id
        earlier = items_until(self._turns, base) if since and base is not None else ()
        return {**params, "input": without_shared_ids([*since, *new], earlier)}

    def _last_continuable(self) -> tuple[Response | None, list[InputItem]]:
        """Return the last response that can be continued, if any, and the items of the turns after it."""
        since: list[InputItem] = []
        for index, turn in reversed([*enumerate(self._turns)]):
            is_known = index not in self._renamed or self._is_in_conversation
            if is_known and not self._is_broken(turn):
                return turn.response, since
            since = [*turn.input, *self._output_as_input(turn), *since]
        return None, since

    def _is_broken(self, turn: Turn) -> bool:
        """Whether a response cannot be continued: it failed, or it was cut off and has calls."""
        if turn.response.status in _FAILED_STATUSES:
            return True
        # The API demands an output for each call of the response that is continued. In a conversation the calls are
        # there already, and cannot be taken back.
        is_cut = turn.response.status == "incomplete" and bool(cut_calls(turn))
        return is_cut and not self._is_in_conversation

    @property
    def _is_in_conversation(self) -> bool:
        return self._params.get("conversation") is not None

    def _calls_to_send(self) -> list[InputItem]:
        """Return the calls of the last response that its conversation has without the ids that answers name."""
        places = self._renamed.get(len(self._turns) - 1, ()) if self._is_in_conversation else ()
        response = self.last_turn.response
        calls = [response.output[place] for place in places]
        return without_repeats(response.model_copy(update={"output": calls})).as_input(store=False)

    def _output_as_input(self, turn: Turn) -> list[InputItem]:
        """Return the items of an output that can be sent back."""
        if turn.response.status in _FAILED_STATUSES:
            return []
        is_stored = self._params.get("store") is not False and not self._is_storage_lost
        response = without_cut_calls(turn) if self._is_broken(turn) else turn.response
        return without_repeats(response).as_input(store=None if is_stored else False)

    def _whole_history(self) -> list[InputItem]:
        # Each turn is converted once: long runs stay fast, and a warning about what is left out comes once.
        for turn in self._turns[self._history_turns :]:
            self._history += (*turn.input, *self._output_as_input(turn))
        self._history_turns = len(self._turns)
        return self._history

    def mark_sent(self) -> None:
        """Record the input of the first request, which has been checked and is about to be sent."""
        if not self._turns:
            self._sent = tuple(self._new_input())

    def commit_input(self) -> None:
        """Keep the input of a resumed run, which has been checked: results hold it until a response answers it."""
        if self._turns:
            self._unsent = tuple(self._new_input())

    def _new_input(self) -> list[InputItem]:
        """Return the input that the resumed run could not send, and then the argument `input`."""
        before = () if self._arguments.resume is None else self._arguments.resume.unsent
        return [*before, *self._given_items()]

    def _given_items(self) -> list[InputItem]:
        """Return the argument `input` as items; a string is a message of the user."""
        given: object = self._params.get("input")
        items = as_items([given] if isinstance(given, str) else given)
        return [as_item(item) for item in items] if is_sequence(items) else []

    @property
    def has_new_input(self) -> bool:
        """Whether there is input for the first request."""
        return bool(self._new_input())

    @property
    def _is_first_request(self) -> bool:
        return bool(self.remaining_turns == self._arguments.max_turns)

    def _is_stored(self, response: Response) -> bool:
        """Whether the server stores a response under its id: it says so itself, or `replay=False` asserts it."""
        is_stored = response.store is not False if self._arguments.replay is False else response.store
        return self._params.get("store") is not False and bool(is_stored and response.id)

    def recover(self, problem: APIError | Response) -> bool:
        """Switch to replay if the server did not know the last response; return whether to send the request again.

        From then on all items are sent, without the ids that such a server would not know either.
        """
        if not self._turns or self._replays or self._arguments.replay is False:
            return False
        base = self._last_continuable()[0]
        if base is None or self._is_in_conversation or not self._is_stored(base):
            return False
        if isinstance(problem, APIError):
            self._is_storage_lost = _says_unknown(base.id, problem)
        else:  # a server that ignores the field answers without it
            self._is_storage_lost = problem.previous_response_id is None
        if self._is_storage_lost:  # items are converted anew, now without ids
            self._replays, self._history_turns, self._history = True, 0, []
        return self._is_storage_lost

    # --- responses

    def add_response(self, response: Response) -> None:
        """Add a turn with a response, which may still run in the background."""
        self._turns.append(Turn(self._sent, response))
        self._unsent = self._answered = ()
        self.remaining_turns -= 1
        self._name_calls()

    def add_partial(self, partial: Response | None) -> None:
        """Add a turn with a partial response after its stream broke, if the response runs in the background."""
        if partial is not None and partial.id and self._params.get("background") is True:
            self.add_response(partial)

    @property
    def is_response_running(self) -> bool:
        """Whether the last response still runs in the background."""
        if not self._turns or not self.last_turn.response.id:
            return False
        return not has_ended(self.last_turn.response, is_background=self._params.get("background") is True)

    def update_response(self, response: Response) -> None:
        """Replace the last response by its final state."""
        self._turns[-1] = self.last_turn._replace(response=response)
        self._name_calls()

    # --- calls

    def _name_calls(self, given: Iterable[object] = ()) -> None:
        """Give ids to the calls of the last response that no answer could name, and say so in the log.

        Args:
            given: Items of the user that may be answers: their calls keep the ids by which they are named.
        """
        turn, index = self.last_turn, len(self._turns) - 1
        earlier = (item for one in self._turns[:-1] for item in one.response.output)
        ids = own_ids(turn.response, self._waiting(given), index, earlier)
        if not ids:
            return
        self._turns[index] = turn._replace(response=with_ids(turn.response, ids))
        self._renamed[index] = tuple(sorted({*self._renamed.get(index, ()), *ids}))
        names = ", ".join(one_line(call_name(turn.response.output[place]), MAX_VALUE_CHARS) for place in ids)
        outcome = _UNNAMED_IN_CONVERSATION if self._is_in_conversation else _UNNAMED
        logger.warning(
            "responses.run: the server gave no id, or one to several, to calls of %s; %s", names, outcome
        )

    def _waiting(self, given: Iterable[object] = ()) -> list[OutputItem]:
        """Return the calls of the last response that no output answers, and none of the items given."""
        return waiting_calls(self.last_turn, given, self._answered)

    def next_calls(self, can_answer: Callable[[OutputItem], bool]) -> list[OutputItem]:
        """Return the calls of the last response to answer here; end the run if there are none, or others remain.

        Raises:
            MaxTurnsExceeded: There are calls, but no turn remains in which the model could read their outputs.
        """
        waiting = self._waiting()
        if not waiting:
            response = self.last_turn.response
            # A response that says it is running, but has no id to poll, will never be complete.
            status = (response.status or "completed") if has_ended(response) else "incomplete"
            if status == "completed" and (torn := torn_calls(self.last_turn)):
                status = "incomplete"
                names = ", ".join(one_line(call_name(call), MAX_VALUE_CHARS) for call in torn)
                logger.warning(
                    "responses.run: the server sent incomplete calls of %s in a completed response; they are not made, "
                    "and the run is incomplete",
                    names,
                )
            self._status = cast("RunStatus", status)  # it may be a status that is unknown today
            return []
        places = self._renamed.get(len(self._turns) - 1, ()) if self._is_in_conversation else ()
        unnamed = {id(self.last_turn.response.output[place]) for place in places}
        calls = [call for call in waiting if id(call) not in unnamed and can_answer(call)]
        if len(calls) < len(waiting):
            self._status = "pending"
        elif self.remaining_turns < 1:
            most = self._arguments.max_turns
            raise MaxTurnsExceeded(
                f"The model calls more tools after {most} turn{'s' * (most != 1)}, the maximum that max_turns allows; "
                "raise max_turns, or continue with resume=error.run"
            )
        return calls

    def decisions(self) -> Mapping[int, Decision]:
        """Return the decisions of the user on the waiting calls of the resumed run, by the `id()` of the call.

        Raises:
            RequestValidationError: A call is named that does not wait, or by an id that several share, or with two
                decisions, or one that cannot be denied.
        """
        arguments = self._arguments
        given = self._new_input()
        if self._turns:  # of a run that did not come from here
            self._name_calls(given)
        if arguments.approve or arguments.deny:
            waiting = self._waiting(given) if self._turns else []
            answers = [item for turn in self._turns for item in (*turn.input, *turn.outputs)]
            can_deny = {id(call) for call in waiting if denial_of(call, "No.") is not None}
            answered = answered_keys([*answers, *given])
            is_resumed = arguments.resume is not None
            self._decisions = decide(
                arguments.approve, arguments.deny, waiting, answered, can_deny, is_resumed=is_resumed
            )
        return self._decisions

    def calls_at_start(self, can_answer: Callable[[OutputItem], bool]) -> list[OutputItem]:
        """Return the calls of the resumed run to answer before the first request.

        Raises:
            RequestValidationError: A call is answered neither by a function nor by an item of the input, or there is
                nothing to continue with.
        """
        if not self._turns:
            return []
        given = self._new_input()
        waiting = self._waiting(given)
        mistakes = [
            self._no_answer(call)
            for call in waiting
            if not can_answer(call) or (self._lacks_function(call) and id(call) not in self._decisions)
        ]
        if not (given or waiting or self.last_turn.outputs or self._last_continuable()[1]):
            message = "is empty, but the run has ended and needs new input to continue"
            mistakes.append(field_error("input", "a string or items", None, message=message))
        if mistakes:
            raise RequestValidationError(mistakes)
        return waiting

    def _lacks_function(self, call: OutputItem) -> bool:
        """Whether a call waits for approval in the resumed run, and its function is not here any more."""
        is_request = call.type == "mcp_approval_request"
        output = self.last_turn.response.output
        is_asked = any(output[place] is call for place in self._asked)
        return is_asked and not is_request and self._toolbox.function_of(call) is None

    def _no_answer(self, call: OutputItem) -> FieldError:
        kind, key = call.wire_type, call_key(call)
        if self._decisions.get(id(call)) is True:
            message = (
                f"names the {kind} {key}, which no function here can answer; pass one, or the answer in input"
            )
            return field_error("approve", "a call of a function that is here", None, message=message)
        if (
            self._toolbox.needs_approval(call)
            or self._lacks_function(call)
            or call.type == "mcp_approval_request"
        ):
            message = f"lacks a decision on the {kind} {key}, which waits for one; name it in approve or deny"
            return field_error("approve", "all calls that wait for approval", None, message=message)
        message = f"lacks the answer to the {kind} {key}, which the run waits for"
        return field_error("input", "an item that answers it", None, message=message)

    def add_outputs(self, outputs: Iterable[tuple[OutputItem, InputItem]]) -> None:
        """Add outputs of calls of the last response, each with its call; they are kept in the order of the calls."""
        turn = self.last_turn
        places = {id(call): place for place, call in enumerate(turn.response.output)}
        known = outputs_by_position(turn, self._answered)
        known.update({places[id(call)]: item for call, item in outputs})
        self._answered = tuple(sorted(known))
        self._turns[-1] = turn._replace(outputs=tuple(known[place] for place in self._answered))

    def mark_pending(self) -> None:
        """End the run with its unanswered calls pending: whether they are made again is for the user to decide."""
        self._status = "pending"

    def stop(self) -> None:
        """End the run after this turn, unless it has ended."""
        if self.is_running:
            self._status = "stopped"


def _says_unknown(response_id: str, error: APIError) -> bool:
    """Whether an error says that a response, or the field that names it, is unknown; servers say so in many ways."""
    code: object = getattr(error, "code", None)
    if code in _LOST_CODES or getattr(error, "param", None) == "previous_response_id":
        return True
    is_refusal = isinstance(error, APIStatusError) and error.status_code in _REFUSAL_STATUSES
    return is_refusal and any(word in error.message for word in ("previous_response_id", response_id))
