"""The result of a run: its turns and their sums, its JSON form, and the calls that wait for an answer; no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar

from pydantic_core import from_json

from .._base.cached import cached_property
from .._base.json_types import is_sequence
from .._base.messages import body_start
from .._base.public import public
from .._tools.calls import answer_key, answered_positions, as_item, call_key, unanswered
from ..errors import ResponseValidationError
from ..models._entries import MAX_CHARS
from ..models._tolerance import write_json
from ..models._unions import InputItem, OutputItem
from ..models._usage import sum_usage
from ..models.response import Response
from .pending import PendingCall

if TYPE_CHECKING:
    from .._structured.output_type import OutputType
    from .._structured.parsed import ParsedResponse
    from ..models._base import JsonObject
    from ..models.outcome import Usage

__all__ = ["ParsedRunResult", "RunResult", "RunStatus", "Turn", "outputs_by_position", "waiting_calls"]

_T_co = TypeVar("_T_co", covariant=True)
RunStatus: TypeAlias = Literal[
    "in_progress", "completed", "incomplete", "failed", "cancelled", "stopped", "pending"
]
"""The status of a run.

- "in_progress": another response is needed; the status in `on_turn` and in `error.run`.
- "completed", "incomplete", "failed", "cancelled": the run ended with that status of its last response, which has no
  open calls; "incomplete" also if a call in it is not whole.
- "stopped": `on_turn` stopped the run.
- "pending": calls wait for an answer or an approval that only the user can give.
"""

_FORMAT_VERSION = 1
"""The version of the JSON form; another one is refused."""


@public
class Turn(NamedTuple):
    """One round of a run: a request, its response, and the outputs of its tool calls.

    Attributes:
        input: The input that was new in the request: messages, outputs of the turn before.
        response: The response. Calls to which the server gave no id, or the id of another call, have one made here.
        outputs: The outputs of its calls, in the order of the calls. Outputs that you give yourself, as `input` of a
            resumed run, are in the input of the next turn.
    """

    input: tuple[InputItem, ...]
    response: Response
    outputs: tuple[InputItem, ...] = ()


@public
@dataclass(frozen=True)
class RunResult:
    """The result of a run, or the run so far: in `on_turn`, and in `run` of an error.

    It can be saved as JSON, and continued with `responses.run(resume=result, ...)`.

        result = client.responses.run(model="gpt-5.4", input="Oslo?", tools=[get_weather])
        print(result.status, result.output_text, result.usage.total_tokens)
        saved = result.to_json()
        result = client.responses.run(
            model="gpt-5.4", tools=[get_weather], resume=RunResult.from_json(saved), input="And tomorrow?"
        )

    Attributes:
        turns: The turns in order, including those of the run that was resumed; at least one.
        status: The status of the run, see `RunStatus`.
        previous_response_id: The id of the response that the first turn continues; None if it continues none.
        unsent: Input that no response has answered, because its request failed; the next request of a resumed run
            contains it.
        approval_ids: The ids of the calls of the last response that wait for approval, because their tools have
            `needs_approval`.
        approval_positions: The positions of these calls in `response.output`, since calls may share an id.
        answered_positions: The positions of the calls that the outputs of the last turn answer, one for each output.
            Empty in runs that earlier versions saved, where the ids decide.
        renamed_calls: The calls that have ids made here, since the server gave them none, or one to several: the index
            of the turn and the position in its `response.output`. The server does not know these ids.
    """

    turns: tuple[Turn, ...]
    status: RunStatus
    previous_response_id: str | None = None
    unsent: tuple[InputItem, ...] = ()
    approval_ids: tuple[str, ...] = ()
    approval_positions: tuple[int, ...] = ()
    answered_positions: tuple[int, ...] = ()
    renamed_calls: tuple[tuple[int, int], ...] = ()

    @property
    def response(self) -> Response:
        """The last response."""
        return self.turns[-1].response

    @property
    def output_text(self) -> str:
        """The text of the answer in the last response, see `Response.output_text`; empty if there is none."""
        return self.response.output_text

    @property
    def items(self) -> list[InputItem | OutputItem]:
        """All items after the first input, in order: outputs of the model, outputs of tools, later messages."""
        found: list[InputItem | OutputItem] = []
        for number, turn in enumerate(self.turns):
            found += turn.input if number else ()
            found += turn.response.output
        return [*found, *self.turns[-1].outputs]

    @property
    def usage(self) -> Usage:
        """The sum of the tokens of all turns; counts that no response reports are 0."""
        return sum_usage(turn.response.usage for turn in self.turns)

    @property
    def pending(self) -> list[PendingCall]:
        """The calls of the last response that have no answer yet; empty if it was cut off or failed.

        Those of `approvals` wait for a decision: name them in `approve` or `deny`. The others wait for an answer in
        `input`.
        """
        output = self.turns[-1].response.output
        is_exact = _are_positions(self.approval_positions, self.approval_ids, output)
        asked = {id(output[place]) for place in self.approval_positions} if is_exact else set[int]()
        return [
            PendingCall(
                call,
                call.type == "mcp_approval_request"
                or (id(call) in asked if is_exact else call_key(call) in self.approval_ids),
            )
            for call in waiting_calls(self.turns[-1], (), self.answered_positions)
        ]

    @property
    def approvals(self) -> list[PendingCall]:
        """The pending calls that wait for a yes: of tools with `needs_approval`, and requests of MCP servers."""
        return [call for call in self.pending if call.needs_approval]

    def to_dict(self) -> JsonObject:
        """Return the run as JSON data, which `from_dict` reads; `meta` of the responses is left out."""
        turns = [
            {
                "input": [item.to_dict() for item in turn.input],
                "response": turn.response.to_dict(),
                "outputs": [item.to_dict() for item in turn.outputs],
            }
            for turn in self.turns
        ]
        saved: JsonObject = {"version": _FORMAT_VERSION, "status": self.status, "turns": turns}
        if self.unsent:
            saved["unsent"] = [item.to_dict() for item in self.unsent]
        if self.approval_ids or self.approval_positions:
            saved["approval_ids"] = [*self.approval_ids]
            saved["approval_positions"] = [*self.approval_positions]
        if self.answered_positions:
            saved["answered_positions"] = [*self.answered_positions]
        if self.renamed_calls:
            saved["renamed_calls"] = [[*pair] for pair in self.renamed_calls]
        if self.previous_response_id is not None:
            saved["previous_response_id"] = self.previous_response_id
        return saved

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the run as JSON text, which `from_json` reads; `meta` of the responses is left out.

        Args:
            indent: The spaces by which each level is indented; None, the default, writes one line.
        """
        return write_json(self.to_dict(), indent=indent).decode()

    def transcript(self, *, format: Literal["text", "markdown"] = "text", max_chars: int = MAX_CHARS) -> str:
        """Return the run as people read it: inputs, reasoning, calls with their outputs, answers, and tokens.

        Keys and control characters are left out. In Markdown, texts are quotations and data are fenced, so that no text
        can look like another part of the transcript.

        Args:
            format: "text", the default, or "markdown".
            max_chars: The number of characters that are shown of each value, 2,000 by default.

        Raises:
            RequestValidationError: An argument is not valid.
        """
        from .transcript import transcript

        return transcript(self, format, max_chars)

    def _repr_html_(self) -> str:
        """Return the run as HTML, which notebooks show."""
        from .transcript import run_html

        return run_html(self)

    @staticmethod
    def from_dict(data: Mapping[str, object]) -> RunResult:
        """Return the run that `to_dict` wrote, without `meta` of the responses.

        Raises:
            ResponseValidationError: The data is not a saved run, or one of another version.
        """
        try:
            return _loaded(data)
        except (KeyError, TypeError, ValueError) as error:
            reason = f"The data is not a saved run ({type(error).__name__}: {error})"
            advice = "pass the result of RunResult.to_dict or to_json"
            raise ResponseValidationError(reason, body=data, advice=advice) from error

    @staticmethod
    def from_json(text: str | bytes) -> RunResult:
        """Return the run that `to_json` wrote, without `meta` of the responses.

        Raises:
            ResponseValidationError: The text is not valid JSON, or not a saved run, or one of another version.
        """
        try:
            data: Any = from_json(text)
        except ValueError as error:
            reason = f"The text is not a saved run ({error})"
            advice = "pass the result of RunResult.to_json"
            raise ResponseValidationError(reason, body=text, advice=advice) from error
        return RunResult.from_dict(data)

    def __repr__(self) -> str:
        count = len(self.turns)
        return f"<{type(self).__name__} {self.status} after {count} turn{'s' * (count != 1)}: {body_start(self.output_text)}>"


@public
@dataclass(frozen=True, repr=False)
class ParsedRunResult(RunResult, Generic[_T_co]):
    """The result of a run with `text_format`: the text of its last response is parsed as that type.

    See `RunResult` for everything else. `RunResult.from_json` returns a plain `RunResult`.

    Attributes:
        wanted: The type, with its schema.
    """

    wanted: OutputType[_T_co] = field(kw_only=True, compare=False)

    @cached_property
    def _parsed(self) -> ParsedResponse[_T_co]:
        from .._structured.parsed import as_parsed

        return as_parsed(super().response, self.wanted)

    @property
    def response(self) -> ParsedResponse[_T_co]:
        """The last response, parsed."""
        return self._parsed

    @property
    def output_parsed(self) -> _T_co | None:
        """The value of the type; None if there is none, and `response.parse_error` says why."""
        return self.response.output_parsed

    def output_parsed_or_raise(self) -> _T_co:
        """Return the value of the type.

        Raises:
            RefusalError: The model refused to answer.
            ParseError: The last response is not complete, or its text does not fit the type.
        """
        return self.response.output_parsed_or_raise()


def waiting_calls(turn: Turn, given: Iterable[object] = (), known: Sequence[int] = ()) -> list[OutputItem]:
    """Return the calls of a turn that wait for an answer: neither the turn nor the items given have one.

    In a response that was cut off or failed, no call waits. Calls that share an id need one answer each.

    Args:
        turn: The turn.
        given: Items that may be answers, too.
        known: The positions of the calls that the outputs of the turn answer; see `outputs_by_position`.
    """
    if turn.response.status not in ("completed", None):
        return []
    return unanswered(turn.response.output, given, outputs_by_position(turn, known))


def outputs_by_position(turn: Turn, known: Sequence[int]) -> dict[int, InputItem]:
    """Return the outputs of a turn by the positions of the calls that they answer.

    Args:
        turn: The turn.
        known: The positions, one for each output. If they do not fit the turn, the ids of the outputs decide.
    """
    output = turn.response.output
    places: Sequence[int | None] = known
    if not _are_positions(known, [*map(answer_key, turn.outputs)], output):
        places = answered_positions(output, [*output, *turn.outputs])[len(output) :]
    pairs = zip(places, turn.outputs, strict=True)
    return {place: item for place, item in pairs if place is not None}


def _are_positions(places: Sequence[int], keys: Sequence[str | None], output: Sequence[OutputItem]) -> bool:
    """Whether there is a position for each key, all different, and those of calls with these keys."""
    return len({*places}) == len(places) == len(keys) and all(
        0 <= place < len(output) and call_key(output[place]) == key
        for place, key in zip(places, keys, strict=True)
    )


def _loaded(data: Mapping[str, Any]) -> RunResult:
    turns = _list(data["turns"], "turns", "objects")
    version = data["version"]
    if type(version) is not int or version != _FORMAT_VERSION or not turns:
        raise ValueError(f"it has version {version!r} and {len(turns)} turns")
    strings = {"status": data["status"], "previous_response_id": data.get("previous_response_id", "")}
    for name, value in strings.items():
        if not isinstance(value, str):
            raise TypeError(f"{name} is not a string")
    return RunResult(
        tuple(map(_turn, turns)),
        data["status"],
        data.get("previous_response_id"),
        _items(data.get("unsent", ()), "unsent"),
        tuple(_list(data.get("approval_ids", ()), "approval_ids", "strings")),
        _positions(data, "approval_positions"),
        _positions(data, "answered_positions"),
        _renamed_calls(data),
    )


_MEMBERS: dict[str, type] = {"strings": str, "whole numbers": int, "objects": Mapping, "lists": Sequence}


def _list(value: object, name: str, members: str) -> Sequence[Any]:
    """Return a value that is a list of such members."""
    kind = _MEMBERS[members]
    if not is_sequence(value) or not all(isinstance(one, kind) and type(one) is not bool for one in value):
        raise TypeError(f"{name} is not a list of {members}")
    return value


def _positions(data: Mapping[str, Any], name: str) -> tuple[int, ...]:
    return tuple(_list(data.get(name, ()), name, "whole numbers"))


def _renamed_calls(data: Mapping[str, Any]) -> tuple[tuple[int, int], ...]:
    found: list[tuple[int, int]] = []
    for pair in _list(data.get("renamed_calls", ()), "renamed_calls", "lists"):
        index, place = pair
        if not (
            type(index) is type(place) is int
            and 0 <= index < len(data["turns"])
            and 0 <= place < len(data["turns"][index]["response"]["output"])
        ):
            raise ValueError(f"renamed_calls has {pair!r}, which is not a call")
        found.append((index, place))
    return tuple(found)


def _turn(data: Mapping[str, Any]) -> Turn:
    response = Response.from_dict(data["response"])
    return Turn(_items(data["input"], "input"), response, _items(data["outputs"], "outputs"))


def _items(value: object, name: str) -> tuple[InputItem, ...]:
    return tuple(map(as_item, _list(value, name, "objects")))
