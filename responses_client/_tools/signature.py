"""The parameters of a function, as JSON Schema for the model, and arguments read back from JSON; no I/O."""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Collection, Mapping
from dataclasses import is_dataclass
from functools import partial
from inspect import Parameter
from types import NoneType, SimpleNamespace, UnionType
from typing import (
    Annotated,
    Any,
    NamedTuple,
    NotRequired,
    Optional,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import ConfigDict, Field, TypeAdapter
from pydantic.fields import FieldInfo
from pydantic_core import to_jsonable_python
from typing_extensions import TypedDict, is_typeddict

from .._base.field_errors import FieldError
from .._base.messages import MAX_BODY_CHARS, one_line
from .._structured.strict_schema import strict_schema
from .._structured.type_schema import described, schema_of
from ..errors import RequestValidationError, ToolDefinitionError
from ..models._first_builds import first_build, validate_first
from .tool import RunContext, is_partial, is_tool, refuse_async_generator, unwrap_tool

__all__ = ["ToolShape", "is_for_a_class", "shape_of"]

_NAME = r"[a-zA-Z0-9_-]{1,128}"
"""The names that the API accepts for tools."""
_NO_ARGUMENTS = ("", "null")
_CLOSED = ConfigDict(extra="forbid")
# The functional form with names that are known at run time only, which type checkers do not support.
_typed_dict: Callable[[str, dict[str, Any]], Any] = cast("Any", TypedDict)


class ToolShape(NamedTuple):
    """The parameters of a function, and its description for the model.

    Attributes:
        function: The function.
        description: The description of the tool; empty if there is none.
        parameters: The JSON Schema of the arguments; None for a custom tool.
        adapter: The validator of the arguments; None for a custom tool.
        positional: The positional-only parameters, with their defaults.
        contexts: The names of the parameters that receive the `RunContext`.
        text: The name of the parameter that receives the text of a custom tool; empty for others.
        is_value: Whether the validator gives the result itself: the function is a class of data.
    """

    function: Callable[..., object]
    description: str
    parameters: dict[str, Any] | None
    adapter: TypeAdapter[Any] | None
    positional: Mapping[str, object]
    contexts: tuple[str, ...]
    text: str
    is_value: bool = False

    def read(self, text: str) -> Any:
        """Return the arguments that the model sent, validated: by name, or an instance of a class of data.

        Raises:
            ValidationError: The text is not valid JSON, or the arguments do not fit.
        """
        if self.adapter is None:
            return {self.text: text}
        # Some models write nothing, or null, for a function without parameters.
        content = "{}" if text.strip() in _NO_ARGUMENTS else text
        # By name as well as by alias: where an alias is a path, the schema has the name.
        return self.adapter.validate_json(content.encode("utf-8", "surrogatepass"), by_name=True)

    def bind(self, text: str, context: object) -> Callable[[], object]:
        """Return the function with the arguments that the model sent, validated.

        Args:
            text: The arguments as JSON; for a custom tool, its text.
            context: The `RunContext`.

        Raises:
            ValidationError: The text is not valid JSON, or the arguments do not fit.
        """
        value: Any = self.read(text)
        if self.is_value:
            return lambda: value
        given: dict[str, Any] = value
        given |= dict.fromkeys(self.contexts, context)
        # A positional-only argument can be passed only if all before it are; defaults fill the gaps.
        last = max((number for number, name in enumerate(self.positional) if name in given), default=-1)
        leading = [*self.positional.items()][: last + 1]
        return partial(self.function, *[given.pop(name, default) for name, default in leading], **given)


def shape_of(
    function: Callable[..., object], name: str, options: Mapping[str, Any], *, is_custom: bool
) -> ToolShape:
    """Return the parameters of a function, and its description for the model.

    Raises:
        ToolDefinitionError: The function cannot be a tool.
    """
    if not re.fullmatch(_NAME, name):
        text = "cannot be its name; pass another one with tool(name=...)"
        raise _unfit(repr(name), text, "a name of 1 to 128 letters, digits, _ and -")
    refuse_async_generator(function, name)
    if not is_custom and _is_data_class(function):
        return _shape_of_data(function, name, options)
    parameters = _parameters(function, name)
    hints = _hints(function, name, parameters)
    contexts = tuple(key for key, hint in hints.items() if _is_context(hint))
    shown = {key: parameter for key, parameter in parameters.items() if key not in contexts}
    docstring, documented = _documentation(function, parameters)
    description = options.get("description", docstring)
    positional = {k: given.default for k, given in parameters.items() if given.kind is given.POSITIONAL_ONLY}
    if is_custom:
        text = _text_parameter(name, shown, hints)
        return ToolShape(function, description, None, None, positional, contexts, text)
    fields = {key: _field(given, hints[key], documented.get(key)) for key, given in shown.items()}
    adapter, schema = _validator(name, fields)
    schema = _tool_schema(schema, name, strict=options.get("strict", True))
    return ToolShape(function, description, schema, adapter, positional, contexts, "")


def _is_data_class(kind: Any) -> bool:
    """Whether a class is a pydantic model, a dataclass, a TypedDict or a NamedTuple: its fields are its parameters."""
    if not inspect.isclass(kind):
        return False
    fields: object = getattr(kind, "__pydantic_fields__", None) or getattr(kind, "_fields", None)
    return fields is not None or is_dataclass(kind) or is_typeddict(kind)


def _shape_of_data(kind: Any, name: str, options: Mapping[str, Any]) -> ToolShape:
    """Return the parameters of a class of data as pydantic has them, with the descriptions of its fields."""
    try:
        adapter: TypeAdapter[Any] = TypeAdapter(kind)
        adapter.rebuild(raise_errors=True)
        schema = schema_of(adapter)
    except Exception as error:  # of any class: types may define how they are validated
        raise ToolDefinitionError(name, [_unreadable(name, error)]) from error
    schema = _tool_schema(schema, name, strict=options.get("strict", True))
    description = options.get("description", _docstring(kind))
    return ToolShape(kind, description, schema, adapter, {}, (), "", is_value=True)


def is_for_a_class(function: Callable[..., object]) -> bool:
    """Whether a function looks like one that a classmethod binds: its first parameter is `cls`, without a type."""
    if not inspect.isfunction(function):
        return False
    try:
        first = next(iter(inspect.signature(function).parameters.values()), None)
    except (NameError, TypeError, ValueError):  # the same error tells the user more where parameters are read
        return False
    return first is not None and first.name == "cls" and first.annotation is Parameter.empty


def _innermost(function: Any) -> tuple[Any, set[str]]:
    """Return the function inside of partials and tools, and the names of the parameters that partials set."""
    given = set[str]()
    while is_partial(function) or is_tool(function):
        if is_partial(function):
            given |= function.keywords.keys()
            function = function.func
        else:
            function = unwrap_tool(function)
    return function, given


def _parameters(function: Callable[..., object], name: str) -> dict[str, Parameter]:
    """Return the parameters of a function by name, without those that a partial has set."""
    _, given = _innermost(function)
    try:
        found = inspect.signature(function).parameters
    except (NameError, TypeError, ValueError) as error:
        text = f"it has no signature that Python can read ({_reason(error)}); wrap it in a function with annotations"
        raise _unfit(name, text, "a function with a signature") from error
    parameters = {key: parameter for key, parameter in found.items() if key not in given}
    first = next(iter(parameters.values()), None)
    if first is not None and first.name in ("self", "cls") and first.annotation is Parameter.empty:
        text = "is a method without its object; pass the method of an object, or of a class if it is a class method"
        raise _unfit(name, text, "a function, or a method of an object")
    for parameter in parameters.values():
        if parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
            path = f"{name}.{parameter.replace(annotation=Parameter.empty)}"
            text = (
                "takes any number of arguments, which a schema cannot express; name each one, or use a list"
            )
            raise _unfit(name, text, "parameters with names", path)
    return parameters


def _hints(function: Callable[..., object], name: str, parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    """Return the types of the parameters by name.

    The annotation of the result is not evaluated: it may use names that only type checkers know.
    """
    source = _source(_innermost(function)[0])
    module = sys.modules.get(str(getattr(source, "__module__", None)))
    # A class has no globals; the annotations of its fields refer to its module.
    names = getattr(source, "__globals__", None) or getattr(module, "__dict__", {})
    type_params = getattr(source, "__type_params__", ())
    hints: dict[str, Any] = {}
    mistakes: list[FieldError] = []
    for key, parameter in parameters.items():
        annotation = Any if parameter.annotation is Parameter.empty else parameter.annotation
        holder: Any = SimpleNamespace(__annotations__={key: annotation}, __type_params__=type_params)
        try:
            hints |= get_type_hints(holder, names, include_extras=True)
        except Exception as error:  # an annotation is any expression
            if isinstance(annotation, str) and re.search(r"\bRunContext\b", annotation):
                hints[key] = RunContext  # linters move such imports to where only type checkers see them
                continue
            text = (
                f"its annotation cannot be evaluated ({_reason(error)}); use names that the module has at run time, "
                "not those of an enclosing function or of an import for type checkers only"
            )
            mistakes.append(_mistake(f"{name}.{key}", text, "an annotation that can be evaluated"))
    if mistakes:
        raise ToolDefinitionError(name, mistakes)
    return hints


def _source(called: Any) -> Any:
    """Return the function or class that the annotations were written with."""
    if isinstance(called, type):
        bases = cast("type[object]", called).__mro__
        # The class that defines how instances are made; without `__init__`, its annotations are its fields'.
        maker = next(base for base in bases if not vars(base).keys().isdisjoint(("__init__", "__new__")))
        called = vars(maker).get("__init__", maker)
        return called if isinstance(called, type) else inspect.unwrap(called)
    is_function = inspect.isroutine(called) or hasattr(called, "__wrapped__")
    return inspect.unwrap(called if is_function else called.__call__)


def _is_context(hint: object) -> bool:
    if get_origin(hint) in (Annotated, Union, UnionType):
        return any(map(_is_context, get_args(hint)))
    return hint is RunContext or get_origin(hint) is RunContext


def _text_parameter(name: str, shown: Mapping[str, Parameter], hints: Mapping[str, object]) -> str:
    required = [key for key, given in shown.items() if given.default is Parameter.empty]
    if len(required) != 1 or _split_annotated(hints[required[0]])[0] not in (str, Any):
        text = (
            "a custom tool receives one string: it needs one parameter of the type str, beside a RunContext"
        )
        raise _unfit(name, text, "one parameter of the type str")
    return required[0]


def _split_annotated(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    """Return the type inside of `Annotated`, and its metadata."""
    if get_origin(hint) is not Annotated:
        return hint, ()
    base, *metadata = get_args(hint)
    return base, tuple(metadata)


def _field(parameter: Parameter, hint: Any, description: str | None) -> Any:
    """Return the type of one argument, as a field of a TypedDict."""
    base, metadata = _split_annotated(described(hint))
    default = parameter.default
    is_field = isinstance(default, FieldInfo)
    # A default of None allows null, also where the annotation forgot to say so.
    if (default.default if is_field else default) is None and not _takes_none(base):
        base = Optional[base]  # noqa: UP045  # `base | None` needs a base that supports `|`
    if description:  # first, because pydantic lets later metadata win: the annotation's own description does
        metadata = (Field(description=description), *metadata)
    if is_field:
        metadata = (*metadata, default)
    elif default is not Parameter.empty and (shown := _json_data(default)):
        metadata = (*metadata, Field(json_schema_extra={"default": shown[0]}))
    hint = Annotated[(base, *metadata)] if metadata else base
    return hint if is_field or default is Parameter.empty else NotRequired[hint]


def _takes_none(base: Any) -> bool:
    return base in (Any, object, None, NoneType) or (
        get_origin(base) in (Union, UnionType) and NoneType in get_args(base)
    )


def _json_data(default: object) -> list[Any]:
    """Return a default as JSON data, in a list of one; an empty list if it has no such form."""
    try:
        return [json.loads(json.dumps(to_jsonable_python(default), allow_nan=False))]
    except (ValueError, RecursionError):
        return []


def _validator(name: str, fields: dict[str, Any]) -> tuple[TypeAdapter[dict[str, Any]], dict[str, Any]]:
    """Return the validator of the arguments, and their JSON Schema.

    Raises:
        ToolDefinitionError: There is none for some of the types; it names their parameters.
    """
    try:
        return _adapter(name, fields)
    except Exception as error:  # of any class: types may define how they are validated
        # pydantic does not say which field it is about, so each one is tried alone.
        mistakes = [_unreadable(name, error)]
        for key, field in fields.items():
            try:
                _adapter(name, {key: field})
            except Exception as problem:
                mistakes.append(_unreadable(f"{name}.{key}", problem))
        raise ToolDefinitionError(name, mistakes[1:] or mistakes) from error


def _adapter(name: str, fields: dict[str, Any]) -> tuple[TypeAdapter[dict[str, Any]], dict[str, Any]]:
    # A TypedDict: its fields may have any name, which those of a model may not, and it leaves defaults to the function.
    arguments: Any = _typed_dict(name, fields)
    arguments.__pydantic_config__ = _CLOSED
    with first_build:
        validate_first()
        adapter: TypeAdapter[dict[str, Any]] = TypeAdapter(arguments)
        adapter.rebuild(raise_errors=True)  # the error says what a type lacks
    return adapter, schema_of(adapter)


def _unreadable(path: str, error: Exception) -> FieldError:
    text = f"pydantic cannot read it from JSON ({_reason(error)}); use a type with a JSON Schema, and take other values "
    advice = "from a RunContext or a functools.partial"
    return _mistake(path, text + advice, "a type with a JSON Schema")


def _tool_schema(schema: dict[str, Any], name: str, *, strict: bool) -> dict[str, Any]:
    """Return the schema in the form for the model."""
    try:
        schema = strict_schema(schema, name) if strict else schema
    except RequestValidationError as error:
        advice = "; or declare it with tool(strict=False)"
        errors: list[FieldError] = [{**line, "message": line["message"] + advice} for line in error.errors]
        raise ToolDefinitionError(name, errors) from None
    return {key: value for key, value in schema.items() if key not in ("title", "description")}


def _documentation(function: Callable[..., object], known: Collection[str]) -> tuple[str, dict[str, str]]:
    """Return the description of the function in its docstring, and those of its parameters by name.

    The docstring is parsed only if it describes one of the `known` parameters; else the model reads it as it is.
    """
    called, given = _innermost(function)
    whole = _docstring(called)
    try:
        from docstring_parser import parse
    except ModuleNotFoundError:  # the extra `tools` is not installed
        return whole, {}
    try:
        parsed = parse(f"\n{whole}")  # it takes the indentation from the second line
    except Exception:  # the parser fails on some docstrings
        return whole, {}
    documented = {
        name.strip(): (parameter.description or "").strip()
        for parameter in parsed.params
        for name in parameter.arg_name.split(",")  # NumPy's style allows several names
    }
    if documented.keys().isdisjoint((*known, *given)):
        return whole, {}
    returns = parsed.returns.description if parsed.returns else None
    parts = [(parsed.description or "").strip(), f"Returns: {returns.strip()}" if returns else ""]
    return "\n\n".join(filter(None, parts)), documented


def _docstring(called: Any) -> str:
    if inspect.isroutine(called) or hasattr(called, "__wrapped__"):
        return inspect.getdoc(called) or ""
    kind: type = called if isinstance(called, type) else type(called)
    # Not an inherited one: bases such as BaseModel describe themselves.
    own = inspect.cleandoc(kind.__doc__ or "")
    if own.startswith(f"{kind.__name__}("):  # the one that Python generates for dataclasses
        own = ""
    return own or (inspect.getdoc(called.__call__) or "" if kind is not called else "")


def _reason(error: Exception) -> str:
    text = str(error).partition("\n\nFor further")[0].partition(" Set `arbitrary_types_allowed")[0]
    return one_line(f"{type(error).__name__}: {text}", MAX_BODY_CHARS).rstrip(".")


def _mistake(path: str, text: str, expected: str) -> FieldError:
    return FieldError(path=path, message=text, expected=expected, value_type="function")


def _unfit(name: str, text: str, expected: str, path: str = "") -> ToolDefinitionError:
    return ToolDefinitionError(name, [_mistake(path or name, text, expected)])
