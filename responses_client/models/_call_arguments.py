"""The arguments of a call as a value, beside the fields of the call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar, cast

from ._base import Result

if TYPE_CHECKING:
    from .._structured.outcomes import Outcome
    from ..errors import ParseError
    from .items import FunctionCall

__all__ = ["CallArguments"]


class CallArguments(Result):
    """The base of `FunctionCall`: its arguments as a value. Neither is a field, so neither is sent or written."""

    __slots__ = ("_outcome", "_reader")
    # Without the outcome, which a copy can find again: its cause may not survive pickling.
    carried: ClassVar[tuple[str, ...]] = (*Result.carried, "_reader")

    @property
    def parsed_arguments(self) -> object:
        """The arguments as a value, in responses of `responses.parse` and `stream`; None if there is none.

        An instance if the tool is a class, a dict of values of the annotated types if it is a function, and JSON data
        if it is declared without a type. If there is no value, `arguments_error` is the reason.
        """
        return self._read().value

    @property
    def arguments_error(self) -> ParseError | None:
        """The reason why there are no `parsed_arguments`; None if there is a value."""
        from .._structured.outcomes import arguments_error

        return arguments_error(cast("FunctionCall", self), self._read())

    def _read(self) -> Outcome:
        outcome: Outcome | None = getattr(self, "_outcome", None)
        if outcome is None:
            from .._structured.outcomes import outcome_of_arguments

            reader: Any = getattr(self, "_reader", None)
            outcome = outcome_of_arguments(cast("FunctionCall", self), reader)
            object.__setattr__(self, "_outcome", outcome)
        return outcome
