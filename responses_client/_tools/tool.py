"""Functions as tools of the model: `tool`, `custom_tool`, their options, and the objects that they return."""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from copy import deepcopy
from functools import partial, update_wrapper
from inspect import isasyncgenfunction, isgeneratorfunction
from types import MethodType
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

from typing_extensions import TypedDict, TypeIs, TypeVar

from .._base.cached import cached_property
from .._base.keywords import evaluate_type_names
from .._base.public import public
from .._base.validation import is_seconds, refuse_unknown

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
    from .sources import ToolSource

__all__ = [
    "CallableTool",
    "CustomToolOptions",
    "FunctionToolOptions",
    "OnToolError",
    "RunContext",
    "RunTool",
    "ToolOptions",
    "custom_tool",
    "innermost",
    "is_async_generator",
    "is_error_policy",
    "is_generator",
    "is_partial",
    "is_tool",
    "refuse_async_generator",
    "tool",
    "unwrap_tool",
]

_P = ParamSpec("_P")
_Q = ParamSpec("_Q")
_R = TypeVar("_R")
_R_co = TypeVar("_R_co", covariant=True)
_S = TypeVar("_S")
_C_co = TypeVar("_C_co", covariant=True, default=object)

RunTool: TypeAlias = "Callable[..., object] | Tool | ToolParam | ToolSource"
"""An element of `tools` of a run: a function, a tool without one, as a dict or a model, or an `McpServer`."""

OnToolError: TypeAlias = "Literal['return', 'raise'] | Callable[[ToolExecutionError], str]"
"""The handling of a failed call: the model receives an error text ("return"), the run raises the `ToolExecutionError`
("raise"), or a function returns the text for the model, or raises."""
_WIRE_OPTIONS = ("defer_loading", "allowed_callers", "format")
"""The options that are fields of the definition, under the same names."""


class ToolOptions(TypedDict, total=False):
    """The options of a tool, all optional."""

    name: str
    """The name that the model sees: 1 to 128 letters, digits, `_` and `-`; the function's name by default."""
    description: str
    """The description that the model reads; the docstring by default."""
    timeout: float | None
    """The time limit of a call by the model, in seconds; None sets none. The default is `tool_timeout` of the run."""
    on_error: OnToolError | Callable[[ToolExecutionError], Awaitable[str]]
    """The handling of a failed call, see `OnToolError`; with `AsyncClient` a function may be async. The default is
    `on_tool_error` of the run."""
    needs_approval: bool
    """Whether each call waits until `approve` or `deny` of a run names it; False by default."""
    defer_loading: bool
    """Whether the model sees the tool only after tool search has found it; False by default."""
    allowed_callers: Sequence[Literal["direct", "programmatic"]]
    """The callers that are allowed: the model itself ("direct"), programs that it writes ("programmatic"); by default
    the API decides."""


class FunctionToolOptions(ToolOptions, total=False, closed=True):
    """The options of a function with arguments, all optional."""

    strict: bool
    """Whether the API guarantees that the arguments fit the schema; True by default. A strict schema requires all
    parameters, and cannot express some types, such as dicts with any keys."""


class CustomToolOptions(ToolOptions, total=False, closed=True):
    """The options of a tool that takes text, all optional."""

    format: CustomTextFormatParam | CustomGrammarFormatParam
    """The format of the text: a grammar of Lark, or a regular expression; any text by default."""


@public
class RunContext(Generic[_C_co]):
    """The run that calls a tool; a parameter of this type receives it, and is not shown to the model.

        def whoami(context: RunContext[Session]) -> str:
            return context.value.user

    Attributes:
        value: The argument `context` of the run; None by default.
        call: The call, an item of the response's output.
        turn: The number of the turn whose response contains the call, from 1.
    """

    __slots__ = ("call", "turn", "value")

    def __init__(self, value: _C_co, call: FunctionCall | CustomToolCall, turn: int) -> None:
        self.value: _C_co = value
        self.call: FunctionCall | CustomToolCall = call
        self.turn: int = turn

    def __repr__(self) -> str:
        return f"<{type(self).__name__} of {self.call.name}, turn {self.turn}>"


@public
class CallableTool(Generic[_P, _R_co]):
    """A function as a tool; `tool` and `custom_tool` return it. Calling it calls the function.

    Attributes:
        name: The name that the model sees.
        options: The options as they were given, see `FunctionToolOptions` and `CustomToolOptions`.
        is_custom: Whether it is a custom tool, which takes a string in place of JSON arguments.
    """

    def __init__(
        self, function: Callable[_P, _R_co], options: Mapping[str, Any], *, is_custom: bool = False
    ) -> None:
        # A tool may be made of another tool, with other options; a pickled method, too, comes back as a tool.
        function = unwrap_tool(function)
        wrapper: Any = self  # `update_wrapper` is typed for functions
        update_wrapper(wrapper, function, updated=())
        self.name: str = str(options.get("name", _name_of(function)))
        self.options = options
        self.is_custom = is_custom
        self._function = function

    def __call__(self, /, *args: _P.args, **kwargs: _P.kwargs) -> _R_co:
        return self._function(*args, **kwargs)

    @overload
    def __get__(self, instance: None, owner: type | None = None) -> Self: ...

    # `self` is a `Callable` here, as ty and pyrefly do not split the parameters of a `CallableTool`.
    @overload
    def __get__(
        self: Callable[Concatenate[_S, _Q], _R], instance: _S, owner: type | None = None
    ) -> CallableTool[_Q, _R]: ...

    def __get__(self, instance: object, owner: type | None = None) -> object:
        """Bind a method to its object or, if it is a class method, to its class, as functions do."""
        function: Any = self._function
        if not _is_descriptor(function) or (instance is None and not _is_classmethod(function)):
            return self
        return _restored(function.__get__(instance, owner), self.options, self.is_custom)

    @cached_property
    def shape(self) -> ToolShape:
        """The parameters and the description of the function, read at the first use.

        Raises:
            ToolDefinitionError: The function cannot be a tool.
        """
        # Imported here, so that a module that only declares tools does not load pydantic.
        from .signature import shape_of

        return shape_of(self._function, self.name, self.options, is_custom=self.is_custom)

    @cached_property
    def _visible_shape(self) -> ToolShape:
        # From Python 3.13 on, a `@classmethod` around `@tool` is bound by Python alone, and the attributes of the method
        # are those of this tool, which does not know the class. The model does not see the class, so any will do.
        from .signature import is_for_a_class, shape_of

        function: Any = self._function
        if not is_for_a_class(function):
            return self.shape
        return shape_of(MethodType(function, object), self.name, self.options, is_custom=self.is_custom)

    @property
    def definition(self) -> FunctionToolParam | CustomToolParam:
        """The entry of `tools` for the function, in requests that are not sent by a run; a new copy each time.

        Raises:
            ToolDefinitionError: The function cannot be a tool.
        """
        shape = self._visible_shape
        made: dict[str, object] = {"type": "custom" if self.is_custom else "function", "name": self.name}
        if shape.description:
            made["description"] = shape.description
        if not self.is_custom:
            made |= {"parameters": shape.parameters, "strict": self.options.get("strict", True)}
        made |= {name: self.options[name] for name in _WIRE_OPTIONS if self.options.get(name) is not None}
        return cast("FunctionToolParam | CustomToolParam", deepcopy(made))

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.name}>"

    def __reduce__(self) -> str | tuple[Any, ...]:
        found: Any = sys.modules.get(str(getattr(self, "__module__", None)))
        name = str(getattr(self, "__qualname__", ""))
        for part in name.split("."):
            found = getattr(found, part, None)
        # A decorated function is in its module only as this tool, so pickle keeps the name: it cannot find the function
        # inside. A tool that is made of a function of a module keeps that function and the options.
        if found is self:
            return name
        function = found if unwrap_tool(found) is self._function else self._function
        return _restored, (function, self.options, self.is_custom)


def _restored(function: Any, options: Mapping[str, Any], is_custom: bool) -> CallableTool[..., object]:
    return CallableTool(function, options, is_custom=is_custom)


def is_tool(value: object) -> TypeIs[CallableTool[..., object]]:
    """Whether a value is a function as a tool."""
    return isinstance(value, CallableTool)


def is_partial(value: object) -> TypeIs[partial[object]]:
    """Whether a value is a `functools.partial`."""
    return isinstance(value, partial)


def unwrap_tool(function: Any) -> Any:
    """Return the function inside of a tool; anything else as it is."""
    return vars(function)["_function"] if is_tool(function) else function


def innermost(function: Any) -> Any:
    """Return the function inside of partials and tools."""
    while is_partial(function) or is_tool(function):
        function = function.func if is_partial(function) else unwrap_tool(function)
    return function


def is_async_generator(function: object) -> bool:
    """Whether a callable is an async generator: a function, a method, a partial, or an object with such a `__call__`."""
    return any(map(isasyncgenfunction, _called(function)))


def is_generator(function: object) -> bool:
    """Whether a callable is a generator, async or not."""
    return is_async_generator(function) or any(map(isgeneratorfunction, _called(function)))


def _called(function: object) -> tuple[object, object]:
    """Return the function inside of a callable, and the `__call__` of its class."""
    inner: object = innermost(function)
    inner = getattr(inner, "__func__", inner)  # of a method, a classmethod, or a staticmethod
    return inner, getattr(type(inner), "__call__", None)  # noqa: B004  # the method itself is needed


def refuse_async_generator(function: object, name: str) -> None:
    """Refuse an async generator as a tool.

    Raises:
        ToolDefinitionError: It is one.
    """
    if is_async_generator(function):
        # Errors are imported here because only a mistake needs them.
        from .._base.field_errors import field_error
        from ..errors import ToolDefinitionError

        text = (
            "is an async generator, and a tool gives the model one result; return the values as a list, "
            "as `return [value async for value in ...]` does in an async function"
        )
        raise ToolDefinitionError(
            name, [field_error(name, "a function that returns", function, message=text)]
        )


def _is_classmethod(function: object) -> bool:
    return isinstance(function, classmethod)


def _is_descriptor(function: object) -> bool:
    return hasattr(type(function), "__get__")


def _name_of(function: object) -> str:
    while is_partial(function):
        function = function.func
    return str(getattr(function, "__name__", type(function).__name__))


def is_error_policy(value: object) -> bool:
    """Whether a value is an `OnToolError`."""
    return value in ("return", "raise") or callable(value)


def _check(maker: str, function: object, options: Mapping[str, Any], known: Collection[str]) -> None:
    """Refuse the mistakes that are visible before a tool is used.

    Raises:
        TypeError: An option is unknown.
        ToolDefinitionError: An option has a wrong value, or the object is not a function, or is an async generator.
    """
    # Errors are imported here because only a mistake needs them.
    refuse_unknown(maker, options, known, known)
    wrong = [
        (name, expected, options[name])
        for name, (is_right, expected) in _CHECKS.items()
        if name in options and not is_right(options[name])
    ]
    if not (callable(function) or _is_classmethod(function)):
        wrong = [("function", f"a function; pass options by name, as in {maker}(name=...)", function)]
    if is_generator(options.get("on_error")):
        wrong.append(
            ("on_error", "a function that returns a string, and is not a generator", options["on_error"])
        )
    if wrong:
        from .._base.field_errors import field_error
        from ..errors import ToolDefinitionError

        label = str(options.get("name", _name_of(function) if callable(function) else repr(function)))
        mistakes = [field_error(path, expected, value) for path, expected, value in wrong]
        raise ToolDefinitionError(label, mistakes)
    refuse_async_generator(function, str(options.get("name", _name_of(function))))


def _is_string(value: object) -> bool:
    return isinstance(value, str)


def _is_bool(value: object) -> bool:
    return isinstance(value, bool)


_CHECKS: dict[str, tuple[Callable[[object], bool], str]] = {
    "name": (_is_string, "a string"),
    "description": (_is_string, "a string"),
    "timeout": (lambda value: value is None or is_seconds(value), "a positive number of seconds, or None"),
    "on_error": (is_error_policy, "'return', 'raise', or a function"),
    "strict": (_is_bool, "True or False"),
    "needs_approval": (_is_bool, "True or False"),
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
    """Turn a function into a tool that the model can call; use it as `@tool`, or with options.

        @tool(name="find_orders", timeout=5)
        def orders_of(customer: str, limit: Annotated[int, Field(ge=1, le=50)] = 10) -> list[Order]:
            "Find the last orders of a customer."

        client.responses.run(model="gpt-5.4", input="What did Ada order?", tools=[orders_of])

    The name, the docstring and the annotations of the function describe it to the model. With the extra `tools`,
    docstrings in the style of Google, NumPy and Sphinx are parsed, and the text about a parameter becomes its
    description; without it, the model reads the docstring as it is. Parameters of the type `RunContext`, and arguments
    that a `functools.partial` has set, are not shown to the model. The function may be async with `AsyncClient`. It can
    be called as before.

    Args:
        function: The function, method, `functools.partial` or other callable.
        options: The fields of `FunctionToolOptions`.

    Returns:
        The tool; without a function, a decorator.

    Raises:
        ToolDefinitionError: An option has a wrong value, or the function is an async generator. If the function cannot
            be a tool for another reason, this is raised at the first use: in `definition`, or in a run.
        TypeError: An option is unknown.
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
    """Turn a function of one string into a custom tool, to which the model sends text in place of JSON arguments.

        @custom_tool(format={"type": "grammar", "syntax": "regex", "definition": r"[0-9]+( [+] [0-9]+)*"})
        def add_up(formula: str) -> int:
            "Add integers up, such as 1 + 2 + 3."

    See `tool` for everything else.

    Args:
        function: The function; it has one parameter of the type `str`, beside any of the type `RunContext`.
        options: The fields of `CustomToolOptions`.

    Returns:
        The tool; without a function, a decorator.

    Raises:
        ToolDefinitionError: An option has a wrong value, or the function is an async generator. If the function cannot
            be a tool for another reason, this is raised at the first use: in `definition`, or in a run.
        TypeError: An option is unknown.
    """

    def make(function: Callable[_P, _R]) -> CallableTool[_P, _R]:
        _check("custom_tool", function, options, CustomToolOptions.__annotations__)
        return CallableTool(function, options, is_custom=True)

    return make if function is None else make(function)


evaluate_type_names(__name__)
