"""Tool calls read as values: the part of `responses.parse` and `stream` about tools; no I/O."""

from __future__ import annotations

from collections.abc import Sequence
from types import NoneType
from typing import TYPE_CHECKING, Any, cast

from pydantic_core import SchemaValidator
from pydantic_core import core_schema as cs

from .._base.json_types import is_mapping, is_sequence
from .._calls.chat_forms import chat_function
from .._structured.outcomes import UndeclaredTool, can_be_pickled
from .._structured.output_type import OutputType, output_type
from .._structured.parsed import ParsedResponse, as_parsed
from ..errors import RequestValidationError, ToolDefinitionError
from .parse_request import class_of

if TYPE_CHECKING:
    from .._structured.outcomes import ArgumentsReader
    from ..models import FunctionCall, Response
    from .parse_params import ParseTool
    from .tool import CallableTool

__all__ = ["CallTypes", "JsonArguments", "ToolArguments", "parsed_response"]

_ANY_JSON = SchemaValidator(cs.any_schema())


class CallTypes:
    """The types of the arguments of calls, by the names of tools.

    Attributes:
        definitions: The tools as a request has them.

    Raises:
        RequestValidationError: An element is not a tool, or two tools have the same name.
        ToolDefinitionError: A class or a function cannot be a tool.
    """

    def __init__(self, tools: Sequence[ParseTool]) -> None:
        from .toolbox import Toolbox  # here, since most responses are read without tools

        self._models: dict[str, OutputType[Any]] = {}
        given: Any = [*map(self._flat, tools)] if is_sequence(tools) else tools
        self._toolbox = Toolbox(given)
        self.definitions = self._toolbox.definitions

    def reader_of(self, call: FunctionCall) -> ArgumentsReader | UndeclaredTool | None:
        """Return the way to read the arguments of a call; None if no tool has a name."""
        if call.name in self._models and call.namespace is None:
            return self._models[call.name]
        tool = self._toolbox.find(call.name, is_custom=False, namespace=call.namespace)
        if tool is not None:
            return ToolArguments(tool)
        if self._toolbox.is_declared(call.name, call.namespace):
            return JsonArguments()
        return UndeclaredTool(names) if (names := self._toolbox.names) else None

    def _flat(self, tool: object) -> object:
        """Return a tool of Chat Completions in the form for responses; of one made of a class, keep the class."""
        if not is_mapping(tool) or tool.get("type") != "function":
            return tool
        nested = chat_function(tool)
        if (made_of := class_of(tool)) is not None:
            self._models[str((nested or tool).get("name"))] = output_type(made_of)
        return tool if nested is None else {"type": "function", **nested}


class ToolArguments:
    """The arguments of a function or a class as a tool.

    It keeps the tool, which can be pickled if the function can, and not the validator, which cannot.
    """

    def __init__(self, tool: CallableTool[..., object]) -> None:
        self._tool = tool

    def __reduce__(self) -> tuple[Any, ...]:
        # None, as if the tool was not known, if it cannot be pickled.
        return (ToolArguments, (self._tool,)) if can_be_pickled(self._tool) else (NoneType, ())

    def read(self, text: str) -> object:
        """Return the instance of a class, or the arguments of a function by name.

        Raises:
            ValidationError: The text is not valid JSON, or the arguments do not fit.
        """
        return self._tool.shape.read(text)


class JsonArguments:
    """The arguments of a tool that is declared without a type: JSON data as they came."""

    def read(self, text: str) -> object:
        """Return the JSON data of a string.

        Raises:
            ValidationError: The text is not valid JSON.
        """
        return _ANY_JSON.validate_json(text.encode("utf-8", "surrogatepass"))


def parsed_response(response: Response, text_format: Any, tools: Sequence[ParseTool]) -> ParsedResponse[Any]:
    """Return a response that reads its text as a type, and its calls as those of tools; see `Response.parse`.

    Raises:
        RequestValidationError: `text_format` is not a type, or pydantic cannot read it; or a tool is not one.
        ToolDefinitionError: A class or a function cannot be a tool.
    """
    has_format = text_format is not None or not tools
    try:
        wanted: OutputType[Any] | None = output_type(cast("Any", text_format)) if has_format else None
        return as_parsed(response, wanted, CallTypes(tools).reader_of if tools else None)
    except ToolDefinitionError:
        raise
    except RequestValidationError as error:
        outcome = "The response was not parsed"
        raise RequestValidationError(error.errors, outcome=outcome) from error.__cause__
