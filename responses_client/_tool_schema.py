"""What a function takes, told to the model as JSON Schema and read from what the model sends; no I/O."""

import inspect
import re
from collections.abc import Callable, Mapping
from functools import partial
from inspect import Parameter
from typing import Annotated, Any, NamedTuple, NotRequired, cast, get_args, get_origin, get_type_hints

from pydantic import ConfigDict, Field, PydanticUndefinedAnnotation, PydanticUserError, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import PydanticSerializationError, SchemaError, to_jsonable_python
from typing_extensions import TypedDict

from ._error_text import BODY_SHOWN, FieldError, one_line
from ._strict_schema import strict_schema
from ._structured import schema_of
from ._tools import RunContext
from .errors import RequestValidationError, ToolDefinitionError

__all__ = ["ToolShape", "shape_of"]

_NAME = r"[a-zA-Z0-9_-]{1,128}"
_NO_ARGUMENTS = ("", "null")
_CLOSED = ConfigDict(extra="forbid")
_typed_dict: Callable[[str, dict[str, Any]], Any] = cast(
    "Any", TypedDict
)  # no type that a checker could know


class ToolShape(NamedTuple):
    """What a function takes, and what the model is told of it.

    Attributes:
        function: What is called.
        description: What the model is told; empty if nothing is known.
        parameters: JSON Schema of the arguments; None for a custom tool.
        adapter: Reads the arguments; None for a custom tool.
        positional: Parameters that have no names for callers.
        context: The parameter that takes the `RunContext`, if there is one.
    """

    function: Callable[..., object]
    description: str
    parameters: dict[str, Any] | None
    adapter: TypeAdapter[dict[str, Any]] | None
    positional: tuple[str, ...]
    context: str | None

    def bound(self, text: str, context: object) -> Callable[[], object]:
        """Return the call that the model wants, with its arguments checked.

        Raises:
            ValidationError: The text is no JSON, or no such arguments.
        """
        hidden = {} if self.context is None else {self.context: context}
        if self.adapter is None:
            return partial(self.function, text, **hidden)
        # Some models write nothing where there are no arguments.
        given = self.adapter.validate_json("{}" if text.strip() in _NO_ARGUMENTS else text)
        given |= hidden
        return partial(
            self.function, *[given.pop(name) for name in self.positional if name in given], **given
        )


def shape_of(
    function: Callable[..., object], name: str, options: Mapping[str, Any], *, is_custom: bool
) -> ToolShape:
    """Find out what a function takes.

    Raises:
        ToolDefinitionError: It cannot be a tool.
    """
    if not re.fullmatch(_NAME, name):
        text = f"{name!r} is no name for a tool; give it one with tool(name=...)"
        raise _unfit(name, name, text, "a name of 1 to 128 letters, digits, _ and -")
    hints, parameters = _signature(function, name)
    context = next((key for key in parameters if _is_context(hints.get(key))), None)
    shown = {key: parameter for key, parameter in parameters.items() if key != context}
    positional = tuple(key for key, given in shown.items() if given.kind is Parameter.POSITIONAL_ONLY)
    docstring, documented = _documentation(function)
    description = options.get("description", docstring)
    if is_custom:
        _check_takes_text(name, shown, hints)
        return ToolShape(function, description, None, None, positional, context)
    for parameter in shown.values():
        if parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
            text = "takes any number of arguments, which the model cannot know of; name each, or take a list"
            raise _unfit(name, f"{name}.{parameter}", text, "parameters with names")
    fields = {key: _field(shown[key], hints.get(key, Any), documented.get(key)) for key in shown}
    adapter = _adapter(name, fields)
    return ToolShape(
        function,
        description,
        _schema(adapter, name, strict=options.get("strict", True)),
        adapter,
        positional,
        context,
    )


def _signature(function: Callable[..., object], name: str) -> tuple[dict[str, Any], dict[str, Parameter]]:
    """Return types and parameters by name."""
    called: Any = function
    while isinstance(called, partial):
        called = called.func
    if isinstance(called, type):
        called = getattr(called, "__init__")  # noqa: B009  # of whatever class it is
    elif not hasattr(called, "__name__"):
        called = called.__call__
    try:
        parameters = dict(inspect.signature(function).parameters)
        return get_type_hints(called, include_extras=True), parameters
    except (NameError, TypeError, ValueError) as error:
        reason = one_line(f"{type(error).__name__}: {error}", BODY_SHOWN)
        text = f"its annotations cannot be read ({reason}); use names that the function's module has"
        raise _unfit(name, name, text, "annotations that can be read") from error


def _is_context(hint: object) -> bool:
    return hint is RunContext or get_origin(hint) is RunContext


def _check_takes_text(name: str, shown: Mapping[str, Parameter], hints: Mapping[str, object]) -> None:
    takes = [(key, given) for key, given in shown.items() if given.default is Parameter.empty]
    if len(takes) != 1 or hints.get(takes[0][0], str) is not str:
        text = "a custom tool is given one text: it needs one parameter of the type str, beside a RunContext"
        raise _unfit(name, name, text, "one parameter of the type str")


def _field(parameter: Parameter, hint: Any, description: str | None) -> Any:
    """Return the type of one argument, as a field of a TypedDict."""
    if description:  # before what the annotation says itself, which counts for more
        base, *notes = get_args(hint) if get_origin(hint) is Annotated else (hint,)
        hint = Annotated[(base, Field(description=description), *notes)]
    default = parameter.default
    if default is Parameter.empty:
        return hint
    if isinstance(default, FieldInfo):
        return Annotated[hint, default]
    try:
        shown = {"default": to_jsonable_python(default)}
    except PydanticSerializationError:
        return NotRequired[hint]
    return NotRequired[Annotated[hint, Field(json_schema_extra=shown)]]


def _adapter(name: str, fields: dict[str, Any]) -> TypeAdapter[dict[str, Any]]:
    # A TypedDict, which takes any names, and leaves defaults to the function.
    arguments: Any = _typed_dict(name, fields)
    arguments.__pydantic_config__ = _CLOSED
    try:
        return TypeAdapter(arguments)
    except (PydanticUserError, PydanticUndefinedAnnotation, SchemaError) as error:
        reason = one_line(str(error).partition("\n\nFor further")[0], BODY_SHOWN)
        text = f"pydantic cannot take its parameters: {reason}"
        raise _unfit(name, name, text, "types that pydantic can read") from error


def _schema(adapter: TypeAdapter[dict[str, Any]], name: str, *, strict: bool) -> dict[str, Any]:
    try:
        schema = schema_of(adapter)
        schema = strict_schema(schema, name) if strict else schema
    except RequestValidationError as error:
        advice = "; or declare it with tool(strict=False)"
        errors: list[FieldError] = [{**line, "message": line["message"] + advice} for line in error.errors]
        raise ToolDefinitionError(name, errors) from None
    except PydanticUserError as error:
        reason = one_line(str(error).partition("\n\nFor further")[0], BODY_SHOWN)
        raise _unfit(name, name, f"pydantic has no schema for it: {reason}", "types with a schema") from error
    return {key: value for key, value in schema.items() if key not in ("title", "description")}


def _documentation(function: Callable[..., object]) -> tuple[str, dict[str, str]]:
    """Return what the docstring says of the function, and of its parameters by name."""
    while isinstance(function, partial):
        function = function.func
    whole = inspect.getdoc(function if hasattr(function, "__name__") else type(function)) or ""
    try:
        from docstring_parser import ParseError, parse
    except ModuleNotFoundError:  # the extra `tools`; the model can read docstrings, too
        return whole, {}
    try:
        parsed = parse(whole)
    except ParseError:
        return whole, {}
    parameters = {given.arg_name.lstrip("*"): given.description or "" for given in parsed.params}
    if not parameters:
        return whole, {}
    return parsed.description or "", parameters


def _unfit(name: str, path: str, text: str, expected: str) -> ToolDefinitionError:
    error = FieldError(path=path, message=text, expected=expected, value_type="function")
    return ToolDefinitionError(name, [error])
