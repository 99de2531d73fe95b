"""The tools of a run: which of them are functions of yours, and what the model is told of each; no I/O."""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any, cast

from ._error_text import FieldError, field_error
from ._tools import CallableTool
from .errors import RequestValidationError
from .models._base import Model

if TYPE_CHECKING:
    from ._run_options import RunTool

__all__ = ["Toolbox"]

_EXPECTED = "a function, a tool as a dict, or a model of one"


class Toolbox:
    """Tools by name.

    Attributes:
        definitions: What the model is told of the tools that a run starts with.

    Raises:
        RequestValidationError: Something is no tool, two have one name, or a function cannot be a tool.
    """

    def __init__(self, tools: "Iterable[RunTool]") -> None:
        self._functions: dict[str, CallableTool[..., object]] = {}
        self._declared: set[str] = set()
        if isinstance(tools, (str, Mapping)) or not isinstance(tools, Iterable):  # pyright: ignore[reportUnnecessaryIsInstance]  # users without a type checker
            raise RequestValidationError([field_error("tools", "a list of tools", cast("object", tools))])
        self.definitions: list[Any] = self.add(tools, "tools")

    def add(self, tools: "Iterable[RunTool]", where: str) -> list[Any]:
        """Take in tools, and return what the model is told of them.

        Raises:
            RequestValidationError: See above.
        """
        found: list[Any] = []
        mistakes: list[FieldError] = []
        for number, given in enumerate(tools):
            tool = _as_tool(given)
            if tool is None:
                mistakes.append(field_error((where, number), _EXPECTED, given))
                continue
            name = tool.name if isinstance(tool, CallableTool) else _function_name(tool)
            if name in self._functions or name in self._declared:
                message = f"is {name!r}, as another tool is called; give each a name of its own"
                mistakes.append(
                    field_error((where, number, "name"), "a name of its own", name, message=message)
                )
            elif isinstance(tool, CallableTool):
                found.append(tool.definition)
                self._functions[tool.name] = tool
            else:
                found.append(tool)
                self._declared |= set() if name is None else {name}
        if mistakes:
            raise RequestValidationError(mistakes)
        return found

    def find(self, name: str, *, is_custom: bool) -> CallableTool[..., object] | None:
        """Return the function that a call means; None if there is none."""
        tool = self._functions.get(name)
        return None if tool is None or tool.is_custom != is_custom else tool

    def is_declared(self, name: str) -> bool:
        """Tell whether the model was told of a tool by this name whose function is not here."""
        return name in self._declared

    @property
    def functions(self) -> list[CallableTool[..., object]]:
        """All functions."""
        return list(self._functions.values())


def _as_tool(given: "RunTool") -> "CallableTool[..., object] | Mapping[str, Any] | Model | None":
    if isinstance(given, (CallableTool, Mapping, Model)):
        return cast("CallableTool[..., object] | Mapping[str, Any] | Model", given)
    return CallableTool(given, {}) if callable(given) else None  # pyright: ignore[reportUnnecessaryComparison]  # users without a type checker


def _function_name(tool: "Mapping[str, Any] | Model") -> str | None:
    """Return the name that the model calls a tool by; None for one that the server runs."""
    fields = tool.to_dict() if isinstance(tool, Model) else tool
    return fields.get("name") if fields.get("type") in ("function", "custom") else None
