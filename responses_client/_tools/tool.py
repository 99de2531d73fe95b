"""Functions of your own program as tools of the model: what `tool` and `custom_tool` make of them."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from copy import deepcopy
from functools import cached_property, partial, update_wrapper
from typing import (
    TYPE_CHECKING,
    Any,
    Concatenate,
    Generic,
    Literal,
    ParamSpec,
    Self,
    TypeAlias,
    cast,
    overload,
)

from typing_extensions import TypedDict, TypeVar

from .._base.public import public
from .._base.validation import is_seconds

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from ..errors import ToolExecutionError
    from ..models import (
        CustomGrammarFormatParam,
        CustomTextFormatParam,
        CustomToolCall,
        CustomToolParam,
        FunctionCall,
        FunctionToolParam,
        Tool,
        ToolParam,
    )
    from .signature import ToolShape

__all__ = [
    "CallableTool",
    "CustomToolOptions",
    "FunctionToolOptions",
    "OnToolError",
    "RunContext",
    "RunTool",
    "ToolOptions",
    "custom_tool",
    "is_policy",
    "tool",
]

_P = ParamSpec("_P")
_Q = ParamSpec("_Q")
_R = TypeVar("_R")
_R_co = TypeVar("_R_co", covariant=True)
_S = TypeVar("_S")
_C_co = TypeVar("_C_co", covariant=True, default=object)

RunTool: TypeAlias = "Callable[..., object] | Tool | ToolParam"
"""A function, or a tool that somebody else runs."""

OnToolError: TypeAlias = "Literal['return', 'raise'] | Callable[[ToolExecutionError], str]"
"""What becomes of a failed call: the model is told, the run ends, or a function writes what the model is told."""
_SENT = ("defer_loading", "allowed_callers", "format")


class ToolOptions(TypedDict, total=False):
    """What may be said of a tool."""

    name: str
    """What the model knows it by, 1 to 128 letters, digits, `_` and `-`; the function's name by default."""
    description: str
    """What the model is told of it, in place of the docstring."""
    timeout: float | None
    """Seconds that a call by the model may take, None sets no bound; by default what the run says."""
    on_error: OnToolError | Callable[[ToolExecutionError], Awaitable[str]]
    """What becomes of a failed call; by default what the run says (`on_tool_error`). For `AsyncClient` it may be async."""
    needs_approval: bool
    """Whether each call waits until somebody allows it (`approve` of a run); false by default."""
    defer_loading: bool
    """Whether the model sees it only after tool search has found it."""
    allowed_callers: Sequence[Literal["direct", "programmatic"]]
    """Who may call it, the model itself or a program that it writes."""


class FunctionToolOptions(ToolOptions, total=False):
    """What may be said of a tool that takes arguments."""

    strict: bool
    """Whether the arguments are sure to fit, true by default: then all are required, and some types cannot be had."""


class CustomToolOptions(ToolOptions, total=False):
    """What may be said of a tool that takes text."""

    format: CustomTextFormatParam | CustomGrammarFormatParam
    """What the text must look like: a grammar of Lark, or a regular expression; any text by default."""


@public
class RunContext(Generic[_C_co]):
    """What a tool may know of the run that calls it; a parameter of this type is not shown to the model.

    Attributes:
        value: What was passed to the run as `context`; None if nothing was.
        call: The item that calls the tool.
        turn: Number of the response that has the call, from 1.
    """

    __slots__ = ("call", "turn", "value")

    def __init__(self, value: _C_co, call: FunctionCall | CustomToolCall, turn: int) -> None:
        self.value = value
        self.call = call
        self.turn = turn

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.call.name}, turn {self.turn}>"


@public
class CallableTool(Generic[_P, _R_co]):
    """A function with all that lets a model call it, made by `tool` or `custom_tool`; calling it calls the function.

    Attributes:
        name: What the model knows it by.
        options: What was said of it.
        is_custom: Whether it takes text in place of arguments.
    """

    def __init__(
        self, function: Callable[_P, _R_co], options: Mapping[str, Any], *, is_custom: bool = False
    ) -> None:
        function = _plain(function)  # of a tool, for another one; methods out of pickles are tools as well
        update_wrapper(cast("Callable[..., object]", self), function, updated=())
        self.name = str(options.get("name", _name_of(function)))
        self.options = options
        self.is_custom = is_custom
        self._function = function

    def __call__(self, /, *args: _P.args, **kwargs: _P.kwargs) -> _R_co:
        return self._function(*args, **kwargs)

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...

    @overload
    def __get__(
        self: CallableTool[Concatenate[_S, _Q], _R_co], instance: _S, owner: type | None = None
    ) -> CallableTool[_Q, _R_co]: ...

    def __get__(self, instance: object, owner: type | None = None) -> object:
        """Bind a method to its object or, if it is a classmethod, to its class, as functions do."""
        function: Any = self._function
        if not _is_descriptor(function) or (instance is None and not _is_classmethod(function)):
            return self
        return _restored(function.__get__(instance, owner), self.options, self.is_custom)

    @cached_property
    def shape(self) -> ToolShape:
        """What the function takes, and what the model is told of it.

        Raises:
            ToolDefinitionError: The function cannot be a tool.
        """
        # Imported here: a module that only declares tools does without pydantic.
        from .signature import shape_of

        return shape_of(self._function, self.name, self.options, is_custom=self.is_custom)

    @property
    def definition(self) -> FunctionToolParam | CustomToolParam:
        """What the model is told: an entry of `tools` for requests that are not sent by a run; a copy, to change at will.

        Raises:
            ToolDefinitionError: The function cannot be a tool.
        """
        made: dict[str, object] = {"type": "custom" if self.is_custom else "function", "name": self.name}
        if self.shape.description:
            made["description"] = self.shape.description
        if not self.is_custom:
            made |= {"parameters": self.shape.parameters, "strict": self.options.get("strict", True)}
        made |= {name: self.options[name] for name in _SENT if self.options.get(name) is not None}
        return cast("FunctionToolParam | CustomToolParam", deepcopy(made))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        found: Any = sys.modules.get(str(getattr(self, "__module__", None)))
        name = str(getattr(self, "__qualname__", ""))
        for part in name.split("."):
            found = getattr(found, part, None)
        # What stands in a module under its name is found there again; the function alone would not be.
        if found is self:
            return name
        function = found if _plain(found) is self._function else self._function
        return _restored, (function, self.options, self.is_custom)


def _restored(function: Any, options: Mapping[str, Any], is_custom: bool) -> CallableTool[..., object]:
    return CallableTool(function, options, is_custom=is_custom)


def _plain(function: Any) -> Any:
    """Return what a tool calls, anything else as it is."""
    return vars(function)["_function"] if isinstance(function, CallableTool) else function


def _is_classmethod(function: object) -> bool:
    return isinstance(function, classmethod)


def _is_descriptor(function: object) -> bool:
    return hasattr(type(function), "__get__")


def _name_of(function: object) -> str:
    while isinstance(function, partial):
        function = cast("partial[object]", function).func
    return str(getattr(function, "__name__", type(function).__name__))


def is_policy(value: object) -> bool:
    """Tell whether a value says what becomes of failed calls; see `OnToolError`."""
    return value in ("return", "raise") or callable(value)


def _check(maker: str, function: object, options: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuse what can be seen to be wrong before a tool is used.

    Raises:
        TypeError: There is no such option.
        ToolDefinitionError: An option has a wrong value, or what is to be a tool is no function.
    """
    # Both are imported here, because only a mistake needs them.
    for name in options:
        if name not in known:
            from .._base.validation import unknown_argument

            raise unknown_argument(maker, name, known)
    wrong = [
        (name, expected, options[name])
        for name, (is_right, expected) in _CHECKS.items()
        if name in options and not is_right(options[name])
    ]
    if not (callable(function) or _is_classmethod(function)):
        wrong = [
            ("function", f"a function; what is said of it goes by name, as in {maker}(name=...)", function)
        ]
    if wrong:
        from .._base.field_errors import field_error
        from ..errors import ToolDefinitionError

        label = str(options.get("name", _name_of(function) if callable(function) else repr(function)))
        mistakes = [field_error(path, expected, value) for path, expected, value in wrong]
        raise ToolDefinitionError(label, mistakes)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _is_flag(value: object) -> bool:
    return isinstance(value, bool)


_CHECKS: dict[str, tuple[Callable[[object], bool], str]] = {
    "name": (_is_text, "a text"),
    "description": (_is_text, "a text"),
    "timeout": (lambda value: value is None or is_seconds(value), "a positive number of seconds, or None"),
    "on_error": (is_policy, "'return', 'raise', or a function"),
    "strict": (_is_flag, "True or False"),
    "needs_approval": (_is_flag, "True or False"),
}


@overload
def tool(function: Callable[_P, _R], /) -> CallableTool[_P, _R]: ...


@overload
def tool(
    **options: Unpack[FunctionToolOptions],
) -> Callable[[Callable[_P, _R]], CallableTool[_P, _R]]: ...


@public
def tool(
    function: Callable[_P, _R] | None = None, /, **options: Unpack[FunctionToolOptions]
) -> CallableTool[_P, _R] | Callable[[Callable[_P, _R]], CallableTool[_P, _R]]:
    """Make a function a tool that the model can call: `@tool`, or `@tool(name="weather")`.

    What the model is told comes from the function: its name, its docstring, and the annotations of its parameters,
    such as `Annotated[int, Field(ge=1)]`. With the extra `tools`, what the docstring says of a parameter (in the style
    of Google, NumPy or Sphinx) becomes its description; without it, the model reads the docstring as it is. Defaults
    are those of the function. A parameter of the type `RunContext` is not shown, nor is what a `functools.partial` has
    set. The function may be async for `AsyncClient`; it can be called as before. The options are the fields of
    `FunctionToolOptions`.

    Raises:
        ToolDefinitionError: An option has a wrong value; or, when it is first used: the function cannot be a tool.
        TypeError: There is no such option.
    """

    def make(function: Callable[_P, _R]) -> CallableTool[_P, _R]:
        _check("tool", function, options, FunctionToolOptions.__annotations__)
        return CallableTool(function, options)

    return make if function is None else make(function)


@overload
def custom_tool(function: Callable[_P, _R], /) -> CallableTool[_P, _R]: ...


@overload
def custom_tool(
    **options: Unpack[CustomToolOptions],
) -> Callable[[Callable[_P, _R]], CallableTool[_P, _R]]: ...


@public
def custom_tool(
    function: Callable[_P, _R] | None = None, /, **options: Unpack[CustomToolOptions]
) -> CallableTool[_P, _R] | Callable[[Callable[_P, _R]], CallableTool[_P, _R]]:
    """Make a function of one text a custom tool, which the model gives text in place of arguments; see `tool`.

    The text is free, or in a grammar: `@custom_tool(format={"type": "grammar", "syntax": "lark", "definition": ...})`.
    The options are the fields of `CustomToolOptions`.

    Raises:
        ToolDefinitionError: See `tool`.
        TypeError: There is no such option.
    """

    def make(function: Callable[_P, _R]) -> CallableTool[_P, _R]:
        _check("custom_tool", function, options, CustomToolOptions.__annotations__)
        return CallableTool(function, options, is_custom=True)

    return make if function is None else make(function)
