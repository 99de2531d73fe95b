"""Responses and streams that read their text as a type, at the first access to its value."""

from __future__ import annotations

from collections.abc import Callable
from copy import copy
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, TypeAlias, TypeVar, cast

from .._base.messages import MAX_BODY_CHARS, one_line
from .._base.public import public
from .._streaming.streams import AsyncResponseStream, ResponseStream
from ..errors import ParseError, RefusalError
from ..models._answer import answer_messages, refusal_of, text_of
from ..models._base import RUNNING_STATUSES
from ..models.items import FunctionCall
from ..models.response import Response
from .outcomes import Outcome, outcome_of_text
from .partial_json import PartialJson

if TYPE_CHECKING:
    from .._streaming.source import Source
    from .outcomes import ArgumentsReader, UndeclaredTool
    from .output_type import OutputType

__all__ = ["AsyncParsedResponseStream", "ParsedResponse", "ParsedResponseStream", "as_parsed"]

_T_co = TypeVar("_T_co", covariant=True)
_R = TypeVar("_R", bound=Response)
_HINT = "the answer is in .text and .response"
ReaderOf: TypeAlias = "Callable[[FunctionCall], ArgumentsReader | UndeclaredTool | None]"
"""Gives the way to read the arguments of a call; None if no tool is known."""


class _Answer(NamedTuple):
    """The answer of the model: text, or a refusal; both are empty if there is none."""

    text: str = ""
    refusal: str = ""


@public
class ParsedResponse(Response, Generic[_T_co]):
    """A response that reads its text as a type; in everything else it is a `Response`.

    The messages are those of `output_text`: of phase `final_answer`, or else without a phase, or else all. The text is
    that of the last one with any.
    """

    __slots__ = ("_outcome", "_wanted")
    # Without the outcome, which a copy can find again: its cause may not survive pickling.
    carried: ClassVar[tuple[str, ...]] = (*Response.carried, "_wanted")

    if not TYPE_CHECKING:

        def __class_getitem__(cls, form):
            # One class for all types: pydantic would take long to build one for each, and could not pickle it.
            return cls

    @property
    def output_parsed(self) -> _T_co | None:
        """The value; None if there is none, and `parse_error` is then the reason. Always the same object."""
        value: _T_co | None = self._read().value
        return value

    @property
    def refusal(self) -> str | None:
        """The explanation of a model that refused to answer; None if it did not refuse."""
        return _answer(self).refusal or None

    @property
    def parse_error(self) -> ParseError | None:
        """The reason for a missing value, a `RefusalError` if the model refused; None if there is a value."""
        outcome = self._read()
        if outcome.problem is None:
            return None
        answer = _answer(self)
        plain = _as(Response, self)
        _set_readers(plain, lambda call: None)  # errors can be pickled, but a type may not
        error: ParseError
        if outcome.is_refusal:
            error = RefusalError(outcome.problem, response=plain, refusal=answer.refusal)
        else:
            error = ParseError(
                outcome.problem, response=plain, text=answer.text or None, errors=outcome.errors
            )
        error.__cause__ = outcome.cause
        return error

    def output_parsed_or_raise(self) -> _T_co:
        """Return the value.

        Raises:
            RefusalError: The model refused.
            ParseError: The response is not finished, failed, was cut short, or its text does not match the type.
        """
        error = self.parse_error
        if error is not None:
            raise error
        value: _T_co = self._read().value
        return value

    def __repr__(self) -> str:
        wanted: OutputType[Any] | None = getattr(self, "_wanted", None)
        name = type(self).__name__
        return super().__repr__().replace(name, f"{name}[{wanted.label}]" if wanted else name, 1)

    def __str__(self) -> str:
        return repr(self)

    def _read(self) -> Outcome:
        outcome: Outcome | None = getattr(self, "_outcome", None)
        if outcome is None:
            outcome = _outcome(self, getattr(self, "_wanted", None))
            object.__setattr__(self, "_outcome", outcome)
        return outcome


def as_parsed(
    response: Response, wanted: OutputType[_T_co] | None, reader_of: ReaderOf | None = None
) -> ParsedResponse[_T_co]:
    """Return a copy of a response that reads its text as a type.

    Args:
        response: The response.
        wanted: The type of its text; None if it is not known.
        reader_of: A function that knows how to read the arguments of calls; without it, they stay as they are.
    """
    parsed = cast("ParsedResponse[_T_co]", _as(ParsedResponse, response))
    if wanted is not None:
        object.__setattr__(parsed, "_wanted", wanted)
    if reader_of is not None:
        _set_readers(parsed, reader_of)
    return parsed


def _as(kind: type[_R], response: Response) -> _R:
    """Return a copy of a response as another class, with all that the class carries."""
    state = copy(response).__getstate__()
    carried = {name: value for name, value in state["carried"].items() if name in kind.carried}
    made = kind.__new__(kind)
    made.__setstate__({**state, "carried": carried})
    return made


def _set_readers(response: Response, reader_of: ReaderOf) -> None:
    """Replace the calls in a response by copies that read their arguments."""
    if not any(isinstance(item, FunctionCall) for item in response.output):
        return
    output = [copy(item) if isinstance(item, FunctionCall) else item for item in response.output]
    for item in output:
        if isinstance(item, FunctionCall):
            object.__setattr__(item, "_reader", reader_of(item))
    object.__setattr__(
        response, "output", output
    )  # as if no field was set: the response is written as it came


def _answer(response: Response) -> _Answer:
    """Return the text that is read as the type: that of the last message with any text, since a value is in one message."""
    for message in reversed(answer_messages(response.output)):
        answer = _Answer(text_of(message), refusal_of(message))
        if any(answer):
            return answer
    return _Answer()


def _outcome(response: Response, wanted: OutputType[Any] | None) -> Outcome:
    if wanted is None:
        return Outcome(problem="The type of the text is not known; call .parse with a type")
    answer = _answer(response)
    problem = _unfinished(response, wanted.label)
    if answer.refusal and response.status not in (*RUNNING_STATUSES, "failed", "cancelled"):
        refusal = one_line(answer.refusal, MAX_BODY_CHARS)
        return Outcome(problem=f"The model refused to answer: {refusal}", is_refusal=True)
    if problem is not None:
        return Outcome(problem=problem)
    if not answer.text:
        if any(item.type == "unknown" and item.wire_type == "message" for item in response.output):
            where = "its validation_error in .response.output says how"
            return Outcome(problem=f"The message to read as {wanted.label} is malformed: {where}")
        kinds = ", ".join(dict.fromkeys(str(item.wire_type) for item in response.output)) or "nothing"
        return Outcome(problem=f"The output has no text to read as {wanted.label}, it has {kinds}")
    return outcome_of_text(wanted.read, answer.text, wanted.label)


def _unfinished(response: Response, label: str) -> str | None:
    """Return the reason why a response is not a whole answer; None if it is one."""
    status = response.status
    if status in RUNNING_STATUSES:
        return f"The response is {status}: wait for it with responses.wait, then call .parse({label})"
    if status == "failed":
        error = response.error
        reason = "no reason given" if error is None else f"{error.code}: {error.message}"
        return f"The response failed ({one_line(reason, MAX_BODY_CHARS)}): it is in .response"
    if status == "cancelled":
        return f"The response was cancelled before it was done; {_HINT}"
    if status == "incomplete":
        details = response.incomplete_details
        reason = (details and details.reason) or "no reason given"
        advice = "raise max_output_tokens; " if reason == "max_output_tokens" else ""
        return f"The answer was cut short ({reason}), so it is not a whole {label}: {advice}{_HINT}"
    return None


class _Reading(Generic[_T_co]):
    """The response of a stream, read as a type; shared by the sync and the async stream.

    It remembers what it returned last: the same snapshot gives the same object.
    """

    def __init__(self, source: Source, wanted: OutputType[_T_co] | None, reader_of: ReaderOf | None) -> None:
        self._source = source
        self._wanted = wanted
        self._reader_of = reader_of
        self._plain: Response | None = None
        self._parsed: ParsedResponse[_T_co] | None = None
        self._json, self._text = PartialJson(), ""
        self._partial: Any = None  # the value of the text

    def snapshot(self) -> ParsedResponse[_T_co] | None:
        response = self._source.snapshot()
        return None if response is None else self.of(response)

    def of(self, response: Response) -> ParsedResponse[_T_co]:
        if self._parsed is None or response is not self._plain:
            self._plain = response
            self._parsed = as_parsed(response, self._wanted, self._reader_of)
        return self._parsed

    def partial(self) -> Any:
        response = self._source.snapshot()
        text = "" if response is None else _answer(response).text
        if self._wanted and text != self._text:
            if not text.startswith(self._text):  # another message is the answer now
                self._json, self._text = PartialJson(), ""
            self._json.feed(text[len(self._text) :])
            self._text = text
            self._partial = self._wanted.unwrapped(self._json.value)
        return self._partial


@public
class ParsedResponseStream(ResponseStream, Generic[_T_co]):
    """The stream of `responses.stream(text_format=...)`; its response is a `ParsedResponse`."""

    def __init__(
        self, source: Source, wanted: OutputType[_T_co] | None, reader_of: ReaderOf | None = None
    ) -> None:
        super().__init__(source)
        self._reading = _Reading(source, wanted, reader_of)

    @property
    def snapshot(self) -> ParsedResponse[_T_co] | None:
        """The response so far; None before anything of it came. Its `output_parsed` is None until the end."""
        return self._reading.snapshot()

    @property
    def partial_parsed(self) -> Any:
        """The value so far, as JSON data that are not validated; None before anything of it came.

        Lists and objects may still grow, and so may a string at the end; numbers appear when they are complete. Keys
        are those of the JSON, so fields with an alias appear under the alias. Each text is read once, so that this may
        be asked for after each event. A value does not change when more comes, but it shares complete parts with the
        next ones: copy it before you change it.
        """
        return self._reading.partial()

    def get_final_response(self) -> ParsedResponse[_T_co]:
        """Read to the end and return the response; its value is in `output_parsed`."""
        return self._reading.of(super().get_final_response())


@public
class AsyncParsedResponseStream(AsyncResponseStream, Generic[_T_co]):
    """The stream of `responses.stream(text_format=...)`; see `ParsedResponseStream`."""

    def __init__(
        self, source: Source, wanted: OutputType[_T_co] | None, reader_of: ReaderOf | None = None
    ) -> None:
        super().__init__(source)
        self._reading = _Reading(source, wanted, reader_of)

    @property
    def snapshot(self) -> ParsedResponse[_T_co] | None:
        """The response so far; None before anything of it came. Its `output_parsed` is None until the end."""
        return self._reading.snapshot()

    @property
    def partial_parsed(self) -> Any:
        """The value so far, as JSON data; see `ParsedResponseStream.partial_parsed`."""
        return self._reading.partial()

    async def get_final_response(self) -> ParsedResponse[_T_co]:
        """Read to the end and return the response; its value is in `output_parsed`."""
        return self._reading.of(await super().get_final_response())
