"""The outcome of reading text of the model as a type: a value, or the reason why there is none; no I/O."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from pydantic import ValidationError

from .._base.field_errors import FieldError, field_error_of, field_path, invalid_json_reason, located
from .._base.messages import MAX_BODY_CHARS, MAX_VALUE_CHARS, one_line
from ..errors import ParseError

if TYPE_CHECKING:
    from ..models import FunctionCall

__all__ = [
    "ArgumentsReader",
    "Outcome",
    "UndeclaredTool",
    "arguments_error",
    "can_be_pickled",
    "outcome_of_arguments",
    "outcome_of_text",
]

_TEXT_HINT = "the answer is in .text and .response"
_ARGUMENTS_HINT = "the received text is in .arguments"


class Outcome(NamedTuple):
    """The result of reading: a value, or the reason why there is none."""

    value: Any = None
    problem: str | None = None
    errors: tuple[FieldError, ...] = ()
    cause: Exception | None = None
    is_refusal: bool = False


class ArgumentsReader(Protocol):
    """The way from the arguments of a call, as JSON, to a value."""

    def read(self, text: str, /) -> object:
        """Return the value.

        Raises:
            ValidationError: The text is not valid JSON, or does not match the type.
        """
        ...


class UndeclaredTool(NamedTuple):
    """In place of a reader: the call is of none of the tools that were given.

    Attributes:
        tools: The names of the tools.
    """

    tools: tuple[str, ...]


def can_be_pickled(value: object) -> bool:
    """Whether a type or a tool can be pickled: one that is defined inside a function is not found again."""
    import pickle

    try:
        pickle.dumps(value)
    except Exception:  # objects of users may raise anything
        return False
    return True


def outcome_of_text(read: Callable[[str], object], text: str, label: str) -> Outcome:
    """Return the outcome of reading the text of an answer as the type with a label."""
    return _outcome(read, text, "The text is", label, _TEXT_HINT)


def outcome_of_arguments(call: FunctionCall, reader: ArgumentsReader | UndeclaredTool | None) -> Outcome:
    """Return the outcome of reading the arguments of a call; without a reader, the type is not known."""
    if reader is None:
        return Outcome(
            problem=f"The type of the arguments of {call.name} is not known; call .parse(tools=...) of the response "
            f"with a tool of this name, or request the response with responses.parse; {_ARGUMENTS_HINT}"
        )
    if isinstance(reader, UndeclaredTool):
        name = one_line(call.name, MAX_VALUE_CHARS)
        return Outcome(
            problem=f"{name} is not one of the tools: {', '.join(reader.tools)}; {_ARGUMENTS_HINT}"
        )
    return _outcome(reader.read, call.arguments, "The arguments are", f"call of {call.name}", _ARGUMENTS_HINT)


def arguments_error(call: FunctionCall, outcome: Outcome) -> ParseError | None:
    """Return the error for an outcome of `outcome_of_arguments`; None if there is a value."""
    if outcome.problem is None:
        return None
    error = ParseError(outcome.problem, text=call.arguments, errors=outcome.errors)
    error.__cause__ = outcome.cause
    return error


def _outcome(read: Callable[[str], object], text: str, subject: str, label: str, hint: str) -> Outcome:
    try:
        return Outcome(read(text))
    except ValidationError as error:
        return _mismatch(error, subject, label, hint)
    except Exception as error:  # validators of users may raise anything, and the response must not be lost
        reason = one_line(f"{type(error).__name__}: {error}", MAX_BODY_CHARS)
        return Outcome(problem=f"A validator of {label} failed ({reason}); {hint}", cause=error)


def _mismatch(error: ValidationError, subject: str, label: str, hint: str) -> Outcome:
    lines = error.errors(include_url=False)
    if (reason := invalid_json_reason(lines)) is not None:
        verdict = "it does not match" if subject.endswith(" is") else "they do not match the"
        return Outcome(
            problem=f"{subject} not valid JSON ({reason}), so {verdict} {label}; {hint}", cause=error
        )
    errors = tuple(field_error_of(line, field_path(line["loc"])) for line in lines)
    first = located(errors[0]["path"], errors[0]["message"])
    more = f" and {len(errors) - 1} more in .errors" if len(errors) > 1 else ""
    problem = f"{subject} not a valid {label}: {one_line(first, MAX_BODY_CHARS)}{more}; {hint}"
    return Outcome(problem=problem, errors=errors, cause=error)
