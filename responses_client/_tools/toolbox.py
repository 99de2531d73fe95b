"""The tools of a run: which of them are functions of yours, and what the model is told of each; no I/O."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias, cast

from .._base.field_errors import FieldError, field_error
from ..errors import RequestValidationError
from ..models._base import Model
from ..models.tool_calls import ToolSearchOutput
from .tool import CallableTool

if TYPE_CHECKING:
    from .tool import RunTool

__all__ = ["Toolbox"]

_EXPECTED = "a function, a tool as a dict, or a model of one"
_Key: TypeAlias = tuple[str, str]
_Tool: TypeAlias = "CallableTool[..., object] | Mapping[str, Any] | Model"


class Toolbox:
    """Tools by namespace, mostly none, and name.

    Attributes:
        definitions: What the model is told of the tools that a run starts with.

    Raises:
        RequestValidationError: Something is no tool, two have one name, or a function cannot be a tool.
    """

    def __init__(self, tools: Iterable[RunTool]) -> None:
        self._tools: dict[_Key, _Tool] = {}
        self._noted: set[_Key] = set()
        self.definitions: list[Any] = self.add(tools, "tools")

    def add(self, tools: Iterable[RunTool], where: str) -> list[Any]:
        """Take in tools, and return what the model is told of them; if one is wrong, none is taken in.

        What was taken in before may come again, as it does when it is found again.

        Raises:
            RequestValidationError: See above.
        """
        if isinstance(tools, (str, bytes, Mapping, Model)) or not isinstance(tools, Iterable):
            raise RequestValidationError([field_error(where, "a list of tools", cast("object", tools))])
        told: list[Any] = []
        mistakes: list[FieldError] = []
        new: dict[_Key, _Tool] = {}
        for number, given in enumerate(tools):
            tool = _as_tool(given)
            if tool is None:
                mistakes.append(_no_tool((where, number), given))
                continue
            for key in _keys(tool):
                if key in new or not _is_same(self._tools.get(key, tool), tool):
                    message = f"is {key[1]!r}, as another tool is called; give each a name of its own"
                    path = (where, number, "name")
                    mistakes.append(field_error(path, "a name of its own", key[1], message=message))
                new[key] = tool
            told.append(tool.definition if isinstance(tool, CallableTool) else tool)
        if mistakes:
            raise RequestValidationError(mistakes)
        self._tools |= new
        return told

    def note(self, items: Iterable[object]) -> None:
        """Note the tools that searches among items of an earlier run found: the model may call them, functions or not."""
        for item in items:
            if isinstance(item, ToolSearchOutput):
                self._noted.update(key for tool in item.tools for key in _keys(tool))

    def find(
        self, name: str, *, is_custom: bool, namespace: str | None = None
    ) -> CallableTool[..., object] | None:
        """Return the function that a call means; None if there is none.

        One that was found by tool search may be called in a namespace of its own name.
        """
        tool = self._tools.get(("", name)) if namespace in (None, "", name) else None
        return tool if isinstance(tool, CallableTool) and tool.is_custom == is_custom else None

    def is_declared(self, name: str, namespace: str | None = None) -> bool:
        """Tell whether the model was told of a tool by this name whose function is not here."""
        key = (namespace or "", name)
        if key not in self._tools:
            return key in self._noted
        return not isinstance(self._tools[key], CallableTool)

    @property
    def functions(self) -> list[CallableTool[..., object]]:
        """All functions."""
        return [tool for tool in self._tools.values() if isinstance(tool, CallableTool)]


def _as_tool(given: RunTool) -> _Tool | None:
    if isinstance(given, (CallableTool, Mapping, Model)):
        return cast("_Tool", given)
    method: Any = getattr(given, "__func__", None)
    if isinstance(method, CallableTool):  # of a classmethod, which binds it by itself
        return cast("_Tool", method.__get__(cast("Any", given).__self__))
    is_function = callable(given) and not _is_model(given)
    return CallableTool(given, {}) if is_function else None


def _is_model(given: object) -> bool:
    return isinstance(given, type) and issubclass(given, Model)


def _no_tool(path: tuple[str, int], given: object) -> FieldError:
    if not _is_model(given):
        return field_error(path, _EXPECTED, given)
    name = cast("type", given).__name__
    return field_error(path, _EXPECTED, given, message=f"is the class {name}; pass one of them, {name}(...)")


def _is_same(known: _Tool, tool: _Tool) -> bool:
    if isinstance(known, CallableTool) and isinstance(tool, CallableTool):
        return bool(vars(known)["__wrapped__"] == vars(tool)["__wrapped__"])
    return known == tool


def _keys(tool: _Tool) -> Iterator[_Key]:
    """Give what the model calls a tool by; nothing for one that the server runs."""
    if isinstance(tool, CallableTool):
        yield "", tool.name
        return
    fields = _fields(tool)
    named: list[tuple[object, object]] = []
    if fields.get("type") in ("function", "custom"):
        named = [("", fields.get("name"))]
    elif fields.get("type") == "namespace":
        members: object = fields.get("tools")
        found = cast("Iterable[object]", members) if isinstance(members, (list, tuple)) else ()
        named = [(fields.get("name"), _fields(member).get("name")) for member in found]
    for space, name in named:
        if isinstance(space, str) and isinstance(name, str):  # else the request is refused later
            yield space, name


def _fields(tool: object) -> Mapping[str, Any]:
    if isinstance(tool, Model):
        return tool.to_dict()
    return cast("Mapping[str, Any]", tool) if isinstance(tool, Mapping) else {}
