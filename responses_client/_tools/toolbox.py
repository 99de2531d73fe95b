"""The tools of a run: functions by name, and the definitions that the model reads; no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, TypeAlias

from typing_extensions import TypeIs

from .._base.field_errors import FieldError, field_error
from .._base.json_types import is_mapping, is_sequence
from .._calls.plain_data import plain_data
from ..errors import RequestValidationError
from ..models._base import Model, fields_of
from ..models.items import CustomToolCall, FunctionCall
from ..models.tool_calls import ToolSearchOutput
from .sources import ToolSource
from .tool import CallableTool, is_tool

if TYPE_CHECKING:
    from .tool import RunTool

__all__ = ["Toolbox"]

_EXPECTED = "a function, a tool as a dict, or a model of one"
_Key: TypeAlias = tuple[str, str]
"""The namespace of a tool, mostly empty, and its name."""
_Tool: TypeAlias = "CallableTool[..., object] | Mapping[str, Any] | Model"


class _Source:
    """A source of tools, and those that were taken from it."""

    def __init__(self, source: ToolSource) -> None:
        self.source = source
        self.seen: int | None = None
        self.tools: Sequence[CallableTool[..., Any]] = ()


class Toolbox:
    """The tools of a run by namespace and name.

    Attributes:
        definitions: The entries of `tools` in the requests of the run.

    Raises:
        RequestValidationError: An element is not a tool, or two tools have the same name.
        ToolDefinitionError: A function cannot be a tool.
    """

    def __init__(self, tools: Iterable[RunTool]) -> None:
        self._tools: dict[_Key, _Tool] = {}
        self._known: set[_Key] = set()  # of tools that searches found in the run that is resumed
        self._sources: list[_Source] = []
        if _is_list(tools):
            tools = list(tools)
            self._sources = [_Source(one) for one in tools if isinstance(one, ToolSource)]
            tools = [one for one in tools if not isinstance(one, ToolSource)]
        self._own_definitions = self.add(tools, "tools")
        self.definitions: list[Any] = self._own_definitions
        self.refresh()

    def refresh(self) -> bool:
        """Take the tools of sources as they are now; return whether any of them has changed."""
        changed = [source for source in self._sources if source.seen != source.source.changes]
        for source in changed:
            source.seen = source.source.changes
            for tool in source.tools:
                del self._tools["", tool.name]
            source.tools = source.source.run_tools({name for _, name in self._tools})
            self._tools.update({("", tool.name): tool for tool in source.tools})
        if changed:
            theirs = [tool.definition for source in self._sources for tool in source.tools]
            self.definitions = [*self._own_definitions, *theirs]
        return bool(changed)

    def add(self, tools: Iterable[RunTool], where: str) -> list[Any]:
        """Add tools, and return their definitions; if one of them is wrong, none is added.

        A tool may be added again, as another search may find it again.

        Args:
            tools: The tools.
            where: The name of the argument or hook that gave them, for messages.

        Raises:
            RequestValidationError: An element is not a tool, or two tools have the same name.
            ToolDefinitionError: A function cannot be a tool.
        """
        if not _is_list(tools):
            raise RequestValidationError([field_error(where, "a list of tools", tools)])
        definitions: list[Any] = []
        mistakes: list[FieldError] = []
        new: dict[_Key, _Tool] = {}
        for number, element in enumerate(tools):
            tool = _as_tool(element)
            if tool is None:
                mistakes.append(_not_a_tool((where, number), element))
                continue
            for key in _keys(tool):
                if key in new or not _is_same(self._tools.get(key, tool), tool):
                    message = f"is {key[1]!r}, the name of another tool; give each tool its own name"
                    path = (where, number, "name")
                    mistakes.append(field_error(path, "a unique name", key[1], message=message))
                new[key] = tool
            definitions.append(_definition(tool))
        if mistakes:
            raise RequestValidationError(mistakes)
        self._tools |= new
        return definitions

    def add_known(self, items: Iterable[object]) -> None:
        """Add the tools that searches of an earlier run found: the model knows them, though their functions are gone."""
        for item in items:
            if isinstance(item, ToolSearchOutput):
                self._known.update(key for tool in item.tools for key in _keys(tool))

    def find(
        self, name: str, *, is_custom: bool, namespace: str | None = None
    ) -> CallableTool[..., object] | None:
        """Return the function that a call names; None if there is none.

        A function that tool search found may be called in a namespace of its own name.
        """
        tool = self._tools.get(("", name)) if namespace in (None, "", name) else None
        return tool if isinstance(tool, CallableTool) and tool.is_custom == is_custom else None

    def function_of(self, call: object) -> CallableTool[..., object] | None:
        """Return the function that a call names; None if there is none, or if the call is of another kind."""
        if not isinstance(call, (FunctionCall, CustomToolCall)):
            return None
        return self.find(call.name, is_custom=isinstance(call, CustomToolCall), namespace=call.namespace)

    def is_declared(self, name: str, namespace: str | None = None) -> bool:
        """Whether the model knows a tool of this name that has no function here."""
        key = (namespace or "", name)
        if key not in self._tools:
            return key in self._known
        return not isinstance(self._tools[key], CallableTool)

    def leaves_to_user(self, call: FunctionCall | CustomToolCall) -> bool:
        """Whether a call is of a tool that the model knows, and that has no function here."""
        # A tool that tool search has loaded may be called in a namespace of its own name.
        spaces = (call.namespace, None) if call.namespace == call.name else (call.namespace,)
        return any(self.is_declared(call.name, space) for space in spaces)

    def needs_approval(self, call: object) -> bool:
        """Whether a call waits for approval, because its tool has `needs_approval`."""
        tool = self.function_of(call)
        return tool is not None and bool(tool.options.get("needs_approval"))

    @property
    def names(self) -> tuple[str, ...]:
        """The names by which the model can call tools."""
        return tuple(dict.fromkeys(name for _, name in self._tools))

    @property
    def functions(self) -> list[CallableTool[..., object]]:
        """The tools that are functions."""
        return [tool for tool in self._tools.values() if isinstance(tool, CallableTool)]


def _is_list(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, (str, bytes, Mapping, Model))


def _as_tool(given: object) -> _Tool | None:
    if is_tool(given) or is_mapping(given) or isinstance(given, Model):
        return given
    method: Any = getattr(given, "__func__", None)
    if is_tool(method):  # `@classmethod` around `@tool`, which Python binds as a method
        return method.__get__(getattr(given, "__self__", None))
    if callable(given):
        return None if _is_model_class(given) else CallableTool(given, {})
    data = plain_data(given)
    return data if is_mapping(data) else None


def _definition(tool: _Tool) -> object:
    if not isinstance(tool, CallableTool):
        return tool
    _ = tool.shape  # a function that cannot be called is an error, even if it could be described
    return tool.definition


def _is_model_class(given: object) -> TypeIs[type[Model]]:
    return isinstance(given, type) and issubclass(given, Model)


def _not_a_tool(path: tuple[str, int], given: object) -> FieldError:
    if not _is_model_class(given):
        return field_error(path, _EXPECTED, given)
    name = given.__name__
    return field_error(path, _EXPECTED, given, message=f"is the class {name}; pass an instance, {name}(...)")


def _is_same(known: _Tool, tool: _Tool) -> bool:
    if isinstance(known, CallableTool) and isinstance(tool, CallableTool):
        return bool(vars(known)["__wrapped__"] == vars(tool)["__wrapped__"])
    return known == tool


def _keys(tool: _Tool) -> Iterator[_Key]:
    """Yield the names by which the model calls a tool; none for a tool that the server runs."""
    if isinstance(tool, CallableTool):
        yield "", tool.name
        return
    fields = fields_of(tool)
    named: list[tuple[object, object]] = []
    if fields.get("type") in ("function", "custom"):
        named = [("", fields.get("name"))]
    elif fields.get("type") == "namespace":
        members = fields.get("tools")
        found = members if is_sequence(members) else ()
        named = [(fields.get("name"), fields_of(member).get("name")) for member in found]
    for space, name in named:
        if isinstance(space, str) and isinstance(
            name, str
        ):  # else the check of the request finds the mistake
            yield space, name
