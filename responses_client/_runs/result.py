"""What a run came to: its turns and their sums, to look at, to save as JSON, and to go on from; no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Generic, Literal, NamedTuple, TypeAlias, TypeVar, cast

from pydantic_core import from_json

from .._base.messages import body_start
from .._base.public import public
from .._tools.calls import as_item, unanswered
from ..errors import ResponseValidationError
from ..models._tolerance import write_json
from ..models._unions import InputItem, OutputItem
from ..models.outcome import Usage
from ..models.response import Response

if TYPE_CHECKING:
    from .._structured.output_type import OutputType
    from .._structured.parsed import ParsedResponse
    from ..models._base import JsonObject

__all__ = ["ParsedRunResult", "RunResult", "RunStatus", "Turn", "open_calls"]

_T_co = TypeVar("_T_co", covariant=True)
RunStatus: TypeAlias = Literal[
    "in_progress", "completed", "incomplete", "failed", "cancelled", "stopped", "pending"
]
"""How far a run has come.

The first five are those of its last response, and "completed" only if that calls no tools. "stopped" is what you had it
do, and "pending" is a call that only you can answer.
"""

_VERSION = 1


@public
class Turn(NamedTuple):
    """One response of a run.

    Attributes:
        input: What was new in its request: outputs of tools, messages.
        response: The answer.
        outputs: What its calls gave, in the order of the calls.
    """

    input: tuple[InputItem, ...]
    response: Response
    outputs: tuple[InputItem, ...] = ()


@public
@dataclass(frozen=True)
class RunResult:
    """What a run came to.

    Attributes:
        turns: Its responses in order, those before a `resume` included; one at least.
        status: How far it has come.
        previous_response_id: The response that its first turn continues, if there is one.
        unsent: Input that was given and that no response has answered, as the request for it failed; it goes with the
            next one.
    """

    turns: tuple[Turn, ...]
    status: RunStatus
    previous_response_id: str | None = None
    unsent: tuple[InputItem, ...] = ()

    @property
    def response(self) -> Response:
        """The last response."""
        return self.turns[-1].response

    @property
    def output_text(self) -> str:
        """The text of the last response."""
        return self.response.output_text

    @property
    def items(self) -> list[InputItem | OutputItem]:
        """All that came after the first input, in order: what the model gave, what tools gave, later messages."""
        found: list[InputItem | OutputItem] = []
        for number, turn in enumerate(self.turns):
            found += turn.input if number else ()
            found += turn.response.output
        return [*found, *self.turns[-1].outputs]

    @property
    def usage(self) -> Usage:
        """The tokens of all turns together; fields that no response reports are None."""
        total: JsonObject = {}
        for turn in self.turns:
            if turn.response.usage is not None:
                total = _sum(total, turn.response.usage.to_dict())
        return Usage.from_dict(total)

    @property
    def pending(self) -> list[OutputItem]:
        """The calls of the last response that have no answer yet."""
        return open_calls(self.turns[-1])

    def to_dict(self) -> JsonObject:
        """Return the run as JSON data: what `from_dict` takes."""
        turns = [
            {
                "input": [item.to_dict() for item in turn.input],
                "response": turn.response.to_dict(),
                "outputs": [item.to_dict() for item in turn.outputs],
            }
            for turn in self.turns
        ]
        saved = {"version": _VERSION, "status": self.status, "turns": turns}
        if self.unsent:
            saved["unsent"] = [item.to_dict() for item in self.unsent]
        follows = self.previous_response_id
        return saved if follows is None else {**saved, "previous_response_id": follows}

    def to_json(self) -> str:
        """Return the run as JSON text: what `from_json` takes."""
        return write_json(self.to_dict()).decode()

    @staticmethod
    def from_dict(data: Mapping[str, object]) -> RunResult:
        """Make one of what `to_dict` gave; `meta` of the responses is not among that.

        Raises:
            ResponseValidationError: The data are no saved run.
        """
        try:
            turns = cast("Sequence[Mapping[str, Any]]", data["turns"])
            if data["version"] != _VERSION or not turns:
                raise ValueError(f"it has version {data['version']!r} and {len(turns)} turns")
            texts = {"status": data["status"], "previous_response_id": data.get("previous_response_id", "")}
            for name, value in texts.items():
                if not isinstance(value, str):
                    raise TypeError(f"{name} is no text")
            return RunResult(
                tuple(_turn(turn) for turn in turns),
                cast("RunStatus", data["status"]),
                cast("str | None", data.get("previous_response_id")),
                tuple(as_item(item) for item in cast("Sequence[Any]", data.get("unsent", ()))),
            )
        except (KeyError, TypeError, ValueError) as error:
            reason = f"{type(error).__name__}: {error}"
            advice = "pass what RunResult.to_dict or to_json gave"
            raise ResponseValidationError(f"No saved run ({reason})", body=data, advice=advice) from error

    @staticmethod
    def from_json(text: str | bytes) -> RunResult:
        """Make one of what `to_json` gave; see `from_dict`."""
        try:
            data: object = from_json(text)
        except ValueError as error:
            raise ResponseValidationError(
                f"No saved run: {error}", body=text, advice="pass what RunResult.to_json gave"
            ) from error
        return RunResult.from_dict(cast("Mapping[str, object]", data))

    def __repr__(self) -> str:
        count = len(self.turns)
        return f"<{type(self).__name__} {self.status} after {count} turn{'s' * (count != 1)}: {body_start(self.output_text)}>"


@public
@dataclass(frozen=True, repr=False)
class ParsedRunResult(RunResult, Generic[_T_co]):
    """What a run came to whose last text is read as a type (`text_format`)."""

    wanted: OutputType[_T_co] = field(kw_only=True, compare=False)

    @cached_property
    def _parsed(self) -> ParsedResponse[_T_co]:
        from .._structured.parsed import as_parsed

        return as_parsed(super().response, self.wanted)

    @property
    def response(self) -> ParsedResponse[_T_co]:
        """The last response."""
        return self._parsed

    @property
    def output_parsed(self) -> _T_co | None:
        """The value; None if there is none, for the reason in `response.parse_error`."""
        return self.response.output_parsed

    def output_parsed_or_raise(self) -> _T_co:
        """Return the value.

        Raises:
            RefusalError: The model refused.
            ParseError: The last answer is not finished, or its text is no such value.
        """
        return self.response.output_parsed_or_raise()


def open_calls(turn: Turn, given: Iterable[object] = ()) -> list[OutputItem]:
    """Return the calls of a turn that wait for an answer, which may be among what is given.

    Of an answer that was cut short none does. Where calls share an id, there is an answer for each.
    """
    if turn.response.status not in ("completed", None):
        return []
    return unanswered(turn.response.output, [*turn.outputs, *given])


def _turn(data: Mapping[str, Any]) -> Turn:
    return Turn(_items(data["input"]), Response.from_dict(data["response"]), _items(data["outputs"]))


def _items(data: Sequence[object]) -> tuple[InputItem, ...]:
    if not all(isinstance(item, Mapping) for item in data):
        raise TypeError("what is no object is among the items")
    return tuple(as_item(cast("Mapping[str, Any]", item)) for item in data)


def _sum(left: JsonObject, right: JsonObject) -> JsonObject:
    """Add numbers field by field, at any depth; of all else, the later value counts."""
    total = dict(left)
    for name, value in right.items():
        before: object = total.get(name)
        if isinstance(value, dict):
            start = cast("JsonObject", before) if isinstance(before, dict) else {}
            total[name] = _sum(start, cast("JsonObject", value))
        elif isinstance(value, (int, float)) and isinstance(before, (int, float)):
            total[name] = before + value
        elif value is not None or before is None:
            total[name] = value
    return total
