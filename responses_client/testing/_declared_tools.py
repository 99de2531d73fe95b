"""The tools that a request declares, and the expectation that a scripted call finds the tool that it is of."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import Any

from ._expectations import Difference, Expectation
from ._json_types import JSONObject, as_object, is_array, objects
from ._request_input import input_items

COMPUTERS = ("computer", "computer_use_preview")
_SHOWN_KEYS = ("type", "name", "server_label")


def declared_tools(request: JSONObject, items: Sequence[JSONObject] = ()) -> list[JSONObject]:
    """Return the tools of a request, and those that items of its conversation add, out of their namespaces."""
    given = objects(request.get("tools"))
    for item in [*items, *input_items(request)]:
        if item.get("type") in ("additional_tools", "tool_search_output"):
            given += objects(item.get("tools"))
    found: list[JSONObject] = []
    for tool in given:
        found += objects(tool.get("tools")) if tool.get("type") == "namespace" else [tool]
    return found


@dataclass(frozen=True, slots=True)
class NeededTool:
    """A tool that a request must declare, for a call of it: its types, and more that it must fit.

    `words` describes it in messages. `fits` is asked only about tools of one of the types.
    """

    types: Collection[str]
    words: str
    fits: Callable[[JSONObject], bool] = lambda tool: True

    def find(self, tools: Sequence[JSONObject]) -> JSONObject | None:
        """Return the first of some tools that fits, or None."""
        return next((tool for tool in tools if tool.get("type") in self.types and self.fits(tool)), None)

    def expectation(self) -> Expectation:
        """Return the expectation that a request declares the tool, and does not forbid its calls."""
        return _ToolExpectation({}, tool=self)


@dataclass(frozen=True, slots=True)
class _ToolExpectation(Expectation):
    tool: NeededTool | None = None

    def differences(self, body: Any, items: Sequence[JSONObject]) -> list[Difference]:
        assert self.tool is not None, "the default only lets this class derive from one with defaults"
        request = as_object(body)
        # A prompt template may have tools that its request does not show.
        if request.get("prompt") is not None:
            return []
        tools = declared_tools(request, items)
        if self.tool.find(tools) is None:
            shown = [{key: tool[key] for key in _SHOWN_KEYS if key in tool} for tool in tools]
            return [Difference("tools", self.tool.words, f"{shown}" if shown else "nothing")]
        if request.get("tool_choice") == "none":
            return [Difference("tool_choice", f"a choice that allows {self.tool.words}", "'none'")]
        return []


def is_chosen(tool: JSONObject, choice: JSONObject) -> bool:
    """Whether a tool choice is of a tool: by its type and name, or the label of its server."""
    kind, wanted = str(tool.get("type")), str(choice.get("type"))
    if kind in COMPUTERS:
        return wanted in (*COMPUTERS, "computer_use")
    if kind == "mcp":
        return wanted == kind and choice.get("server_label") == tool.get("server_label")
    if wanted.startswith("web_search"):
        # Tools have versions with a date, which choices may leave out.
        return kind.startswith(wanted)
    return choice.items() <= tool.items()


def selects(names: Any, name: str) -> bool:
    """Whether a selection of tools of an MCP server, a list of names or an object with one, has a name."""
    listed: Any = names if is_array(names) else as_object(names).get("tool_names")
    return is_array(listed) and name in listed
