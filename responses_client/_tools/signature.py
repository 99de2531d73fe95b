"""What a function takes, told to the model as JSON Schema and read from what the model sends; no I/O."""

from __future__ import annotations

import inspect
import json
import re
import sys
from collections.abc import Callable, Collection, Mapping
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
from typing_extensions import TypedDict

from .._base.field_errors import FieldError
from .._base.messages import MAX_BODY_CHARS, one_line
from .._structured.output_type import schema_of
from .._structured.strict_schema import strict_schema
from ..errors import RequestValidationError, ToolDefinitionError
from .tool import CallableTool, RunContext

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
        positional: Parameters that have no names for callers, with their defaults.
        contexts: Parameters that take the `RunContext`.
        text: The parameter that takes the text of a custom tool; empty for others.
    """

    function: Callable[..., object]
    description: str
    parameters: dict[str, Any] | None
    adapter: TypeAdapter[dict[str, Any]] | None
    positional: Mapping[str, object]
    contexts: tuple[str, ...]
    text: str

    def bound(self, text: str, context: object) -> Callable[[], object]:
        """Return the call that the model wants, with its arguments checked.

        Raises:
            ValidationError: The text is no JSON, or no such arguments.
        """
        if self.adapter is None:
            given: dict[str, Any] = {self.text: text}
        else:
            # Some models write nothing where there are no arguments.
            content = "{}" if text.strip() in _NO_ARGUMENTS else text
            # By name, too: schemas have it where the alias of a parameter is a path.
            given = self.adapter.validate_json(content.encode("utf-8", "surrogatepass"), by_name=True)
        given |= dict.fromkeys(self.contexts, context)
        last = max((number for number, name in enumerate(self.positional) if name in given), default=-1)
        leading = [*self.positional.items()][: last + 1]
        return partial(self.function, *[given.pop(name, default) for name, default in leading], **given)


def shape_of(
    function: Callable[..., object], name: str, options: Mapping[str, Any], *, is_custom: bool
) -> ToolShape:
    """Find out what a function takes.

    Raises:
        ToolDefinitionError: It cannot be a tool.
    """
    if not re.fullmatch(_NAME, name):
        text = "cannot be its name; give it one with tool(name=...)"
        raise _unfit(repr(name), text, "a name of 1 to 128 letters, digits, _ and -")
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
    adapter, schema = _readable(name, fields)
    told = _told(schema, name, strict=options.get("strict", True))
    return ToolShape(function, description, told, adapter, positional, contexts, "")


def _inner(function: Any) -> tuple[Any, set[str]]:
    """Return what partials call in the end, and the parameters that they set by name."""
    given = set[str]()
    while isinstance(function, (partial, CallableTool)):
        if isinstance(function, partial):
            given |= function.keywords.keys()
            function = function.func
        else:
            function = inspect.unwrap(cast("Callable[..., object]", function), stop=_is_plain)
    return function, given


def _is_plain(function: object) -> bool:
    return not isinstance(function, CallableTool)


def _parameters(function: Callable[..., object], name: str) -> dict[str, Parameter]:
    """Return what the model may be told to give; what a partial has set is not for the model to change."""
    _, given = _inner(function)
    try:
        found = inspect.signature(function).parameters
    except (NameError, TypeError, ValueError) as error:
        text = f"Python knows no signature of it ({_reason(error)}); wrap it in a function with annotations"
        raise _unfit(name, text, "a function with a signature") from error
    parameters = {key: parameter for key, parameter in found.items() if key not in given}
    first = next(iter(parameters.values()), None)
    if first is not None and first.name in ("self", "cls") and first.annotation is Parameter.empty:
        text = "is a method without its object; take that of an object, or of a class if it is a classmethod"
        raise _unfit(name, text, "a function, or a method of an object")
    for parameter in parameters.values():
        if parameter.kind in (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD):
            path = f"{name}.{parameter.replace(annotation=Parameter.empty)}"
            text = "takes any number of arguments, which the model cannot know of; name each, or take a list"
            raise _unfit(name, text, "parameters with names", path)
    return parameters


def _hints(function: Callable[..., object], name: str, parameters: Mapping[str, Parameter]) -> dict[str, Any]:
    """Return the types of parameters; that of the result is not looked at, since only checkers may know it."""
    source = _source(_inner(function)[0])
    module = sys.modules.get(str(getattr(source, "__module__", None)))
    names = getattr(source, "__globals__", None) or getattr(module, "__dict__", {})
    type_params = getattr(source, "__type_params__", ())
    hints: dict[str, Any] = {}
    mistakes: list[FieldError] = []
    for key, parameter in parameters.items():
        annotation = Any if parameter.annotation is Parameter.empty else parameter.annotation
        holder: Any = SimpleNamespace(__annotations__={key: annotation}, __type_params__=type_params)
        try:
            hints |= get_type_hints(holder, names, include_extras=True)
        except Exception as error:  # an annotation may do anything
            if isinstance(annotation, str) and re.search(r"\bRunContext\b", annotation):
                hints[key] = RunContext  # linters want such imports where only type checkers see them
                continue
            text = (
                f"its annotation cannot be read ({_reason(error)}); use names that the module has when the program "
                "runs, not those of a function around it or of an import for type checkers only"
            )
            mistakes.append(_mistake(f"{name}.{key}", text, "an annotation that can be read"))
    if mistakes:
        raise ToolDefinitionError(name, mistakes)
    return hints


def _source(called: Any) -> Any:
    """Return what was written together with the annotations of something: a function, or a class."""
    if isinstance(called, type):
        bases = cast("type[object]", called).__mro__
        made = next(base for base in bases if not vars(base).keys().isdisjoint(("__init__", "__new__")))
        called = vars(made).get("__init__", made)
        return called if isinstance(called, type) else inspect.unwrap(called)
    plain = inspect.isroutine(called) or hasattr(called, "__wrapped__")
    return inspect.unwrap(called if plain else called.__call__)


def _is_context(hint: object) -> bool:
    if get_origin(hint) in (Annotated, Union, UnionType):
        return any(map(_is_context, get_args(hint)))
    return hint is RunContext or get_origin(hint) is RunContext


def _text_parameter(name: str, shown: Mapping[str, Parameter], hints: Mapping[str, object]) -> str:
    takes = [key for key, given in shown.items() if given.default is Parameter.empty]
    if len(takes) != 1 or _without_notes(hints[takes[0]])[0] not in (str, Any):
        text = "a custom tool is given one text: it needs one parameter of the type str, beside a RunContext"
        raise _unfit(name, text, "one parameter of the type str")
    return takes[0]


def _without_notes(hint: Any) -> tuple[Any, tuple[Any, ...]]:
    if get_origin(hint) is not Annotated:
        return hint, ()
    base, *notes = get_args(hint)
    return base, tuple(notes)


def _field(parameter: Parameter, hint: Any, description: str | None) -> Any:
    """Return the type of one argument, as a field of a TypedDict."""
    base, notes = _without_notes(hint)
    default = parameter.default
    is_field = isinstance(default, FieldInfo)
    if (default.default if is_field else default) is None and not _takes_none(base):
        base = Optional[base]  # noqa: UP045  # of whatever is given
    if description:  # before what the annotation says itself, which counts for more
        notes = (Field(description=description), *notes)
    if is_field:
        notes = (*notes, default)
    elif default is not Parameter.empty and (shown := _json_data(default)):
        notes = (*notes, Field(json_schema_extra={"default": shown[0]}))
    hint = Annotated[(base, *notes)] if notes else base
    return hint if is_field or default is Parameter.empty else NotRequired[hint]


def _takes_none(base: Any) -> bool:
    return base in (Any, object, None, NoneType) or (
        get_origin(base) in (Union, UnionType) and NoneType in get_args(base)
    )


def _json_data(default: object) -> list[Any]:
    """Return a default as JSON data in a list, which is empty if it is nothing of that kind."""
    try:
        return [json.loads(json.dumps(to_jsonable_python(default), allow_nan=False))]
    except (ValueError, RecursionError):
        return []


def _readable(name: str, fields: dict[str, Any]) -> tuple[TypeAdapter[dict[str, Any]], dict[str, Any]]:
    """Return what reads the arguments, and their JSON Schema; it says which of them cannot be read."""
    try:
        return _adapter(name, fields)
    except Exception as error:  # pydantic's own and, since types may say how they are read, any other
        mistakes = [_unreadable(name, error)]
        for key, field in fields.items():
            try:
                _adapter(name, {key: field})
            except Exception as problem:
                mistakes.append(_unreadable(f"{name}.{key}", problem))
        raise ToolDefinitionError(name, mistakes[1:] or mistakes) from error


def _adapter(name: str, fields: dict[str, Any]) -> tuple[TypeAdapter[dict[str, Any]], dict[str, Any]]:
    # A TypedDict, which takes any names, and leaves defaults to the function.
    arguments: Any = _typed_dict(name, fields)
    arguments.__pydantic_config__ = _CLOSED
    adapter: TypeAdapter[dict[str, Any]] = TypeAdapter(arguments)
    adapter.rebuild(raise_errors=True)  # which says what a type lacks
    return adapter, schema_of(adapter)


def _unreadable(path: str, error: Exception) -> FieldError:
    text = f"pydantic cannot read it from JSON ({_reason(error)}); take what a model can write, and what it cannot "
    advice = "from a RunContext or a functools.partial"
    return _mistake(path, text + advice, "a type with a JSON Schema")


def _told(schema: dict[str, Any], name: str, *, strict: bool) -> dict[str, Any]:
    """Return the schema as the model is told."""
    try:
        schema = strict_schema(schema, name) if strict else schema
    except RequestValidationError as error:
        advice = "; or declare it with tool(strict=False)"
        errors: list[FieldError] = [{**line, "message": line["message"] + advice} for line in error.errors]
        raise ToolDefinitionError(name, errors) from None
    return {key: value for key, value in schema.items() if key not in ("title", "description")}


def _documentation(function: Callable[..., object], known: Collection[str]) -> tuple[str, dict[str, str]]:
    """Return what the docstring says of the function, and of its parameters by name."""
    called, given = _inner(function)
    whole = _docstring(called)
    try:
        from docstring_parser import parse
    except ModuleNotFoundError:  # the extra `tools`; the model can read docstrings, too
        return whole, {}
    try:
        parsed = parse(f"\n{whole}")  # it takes indentation from what follows the first line
    except Exception:  # some texts it trips over
        return whole, {}
    said = {
        name.strip(): (parameter.description or "").strip()
        for parameter in parsed.params
        for name in parameter.arg_name.split(",")  # NumPy's style has several in one
    }
    if said.keys().isdisjoint((*known, *given)):
        return whole, {}
    returns = parsed.returns.description if parsed.returns else None
    parts = [(parsed.description or "").strip(), f"Returns: {returns.strip()}" if returns else ""]
    return "\n\n".join(filter(None, parts)), said


def _docstring(called: Any) -> str:
    if inspect.isroutine(called) or hasattr(called, "__wrapped__"):
        return inspect.getdoc(called) or ""
    kind: type = called if isinstance(called, type) else type(called)
    # Its own: bases such as BaseModel describe themselves.
    own = inspect.cleandoc(kind.__doc__ or "")
    if own.startswith(f"{kind.__name__}("):  # which Python writes itself
        own = ""
    return own or (inspect.getdoc(called.__call__) or "" if kind is not called else "")


def _reason(error: Exception) -> str:
    text = str(error).partition("\n\nFor further")[0].partition(" Set `arbitrary_types_allowed")[0]
    return one_line(f"{type(error).__name__}: {text}", MAX_BODY_CHARS).rstrip(".")


def _mistake(path: str, text: str, expected: str) -> FieldError:
    return FieldError(path=path, message=text, expected=expected, value_type="function")


def _unfit(name: str, text: str, expected: str, path: str = "") -> ToolDefinitionError:
    return ToolDefinitionError(name, [_mistake(path or name, text, expected)])
