"""The bases of generated classes that have methods and values beside their fields."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast, overload

from pydantic import BaseModel

from .._base.json_types import as_object
from .._base.public import foreign_attributes
from ._base import Model, Result

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from typing_extensions import TypeForm

    from .._structured.outcomes import Outcome
    from .._structured.parsed import ParsedResponse
    from .._tools.parse_params import ParseTool
    from ..errors import ParseError
    from ._unions import InputItem
    from .items import FunctionCall
    from .response import Response

__all__ = ["BatchResult", "CallArguments", "ResponseResult", "TextPart"]

_T = TypeVar("_T")


def _model_attributes(kind: str) -> Callable[[Any, str], Any]:
    """Return the `__getattr__` of a model; see `foreign_attributes`."""
    answer = foreign_attributes(kind)
    unknown_field: Callable[[Any, str], Any] = vars(BaseModel)["__getattr__"]

    def __getattr__(self: Any, name: str) -> Any:
        try:
            return unknown_field(self, name)
        except AttributeError:
            pass
        return answer(self, name)

    return __getattr__


class ResponseResult(Result):
    """The base of `Response`: methods beside its fields."""

    if not TYPE_CHECKING:
        __getattr__ = _model_attributes("response")

    @property
    def output_text(self) -> str:
        """The text of the answer; empty if there is none.

        It is joined from the messages of phase `final_answer`, or else from those without a phase, or else from all. A
        message that came twice, under the same id, counts once: as the last that says something.
        """
        from ._answer import answer_messages, text_of

        return "".join(map(text_of, answer_messages(cast("Response", self).output)))

    def as_input(self, *, store: bool | None = None) -> list[InputItem]:
        """Return the output as input of another request, or as a part of it.

        Reasoning without a following item, as in an answer that was cut off, is left out because the API refuses it. If
        the server keeps no responses, ids that it would not know and reasoning that is not encrypted are left out as
        well, which is logged. The response does not change.

        Args:
            store: Whether the server keeps this response; by default the field `store` of the response, or True if it
                has none.
        """
        from .._calls.output_as_input import as_input

        return as_input(cast("Response", self), store)

    @overload
    def parse(
        self, text_format: type[_T] | TypeAdapter[_T], *, tools: Sequence[ParseTool] = ...
    ) -> ParsedResponse[_T]: ...

    @overload
    def parse(self, text_format: TypeForm[_T], *, tools: Sequence[ParseTool] = ...) -> ParsedResponse[_T]: ...

    @overload
    def parse(self, *, tools: Sequence[ParseTool]) -> ParsedResponse[None]: ...

    def parse(self, text_format: Any = None, *, tools: Sequence[ParseTool] = ()) -> ParsedResponse[Any]:
        """Return the response as a `ParsedResponse`, which reads its text as a type, and calls as those of `tools`.

        For responses that did not come from `responses.parse`: retrieved or waited for, from batch files, WebSocket
        sessions, webhooks. What does not match its type is not an error here; see `.parse_error`.

        Raises:
            RequestValidationError: `text_format` is not a type, or pydantic cannot read it; or a tool is not one.
        """
        from .._tools.typed_calls import parsed_response

        return parsed_response(cast("Response", self), text_format, tools)

    def _repr_html_(self) -> str:
        """Return the response as HTML, which notebooks show."""
        from ._entries import MAX_CHARS, html_of, response_entries, usage_line

        data = self.to_dict()
        heading = ", ".join(str(data[name]) for name in ("model", "status") if data.get(name))
        footer = usage_line(as_object(data.get("usage")))
        return html_of(f"Response: {heading}", response_entries(data, {}, MAX_CHARS), footer)


class TextPart(Model):
    """The base of `OutputText`: it says where values are that were read from its text."""

    if not TYPE_CHECKING:
        __getattr__ = _model_attributes("text")


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


class BatchResult(Model):
    """The base of `BatchResultLine`: a method beside its fields."""

    def result(self, *, strict: bool = False) -> Response:
        """Return the response, or raise the error that `responses.create` would have raised.

        Args:
            strict: Whether malformed parts are an error, and not kept as `Unknown…` objects or raw fields.

        Raises:
            APIError: The answer is an error or not a valid response, or there is none; see `docs/batch.md`.
        """
        from .._batch_files import result_of

        return result_of(self, strict)
