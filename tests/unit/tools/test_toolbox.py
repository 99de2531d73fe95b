"""The tools of a run: definitions, names, and mistakes."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType, MethodType
from typing import Any

import pytest

from responses_client import CallableTool, RequestValidationError, ToolDefinitionError, custom_tool, tool
from responses_client._tools.toolbox import Toolbox
from responses_client.models import (
    CustomTool,
    FunctionCall,
    FunctionTool,
    NamespaceTool,
    ShellCall,
    WebSearchTool,
)

DECLARED: Any = {"type": "function", "name": "declared", "parameters": {}, "strict": False}
CUSTOM: Any = {"type": "custom", "name": "free"}
SPACE: Any = {"type": "namespace", "name": "crm", "description": "Customers.", "tools": [DECLARED, CUSTOM]}


@tool
def weather(city: str) -> str:
    return city


@custom_tool
def run_code(code: str) -> str:
    return code


def plain(number: int) -> int:
    return number


class Store:
    @tool
    def read(self, key: str) -> str:
        return key

    @tool
    @classmethod
    def kind(cls, key: str) -> tuple[str, str]:
        return cls.__name__, key


def refused(tools: Any) -> list[str]:
    with pytest.raises(RequestValidationError) as caught:
        Toolbox(tools)
    return [f"{error['path']}: {error['message']}" for error in caught.value.errors]


def test_definitions_are_in_the_order_of_the_tools() -> None:
    search = WebSearchTool()
    toolbox = Toolbox([weather, DECLARED, plain, search, run_code, SPACE])

    assert [getattr(made, "type", None) or made["type"] for made in toolbox.definitions] == [
        "function",
        "function",
        "function",
        "web_search",
        "custom",
        "namespace",
    ]
    assert toolbox.definitions[0] == weather.definition
    assert toolbox.definitions[1] is DECLARED
    assert toolbox.definitions[2]["name"] == "plain"
    assert toolbox.definitions[3] is search
    assert [made.name for made in toolbox.functions] == ["weather", "plain", "run_code"]


@pytest.mark.parametrize("tools", [[], (), iter(())])
def test_there_may_be_none(tools: Any) -> None:
    toolbox = Toolbox(tools)

    assert toolbox.definitions == []
    assert toolbox.functions == []


def test_functions_are_found_by_name_and_kind() -> None:
    toolbox = Toolbox(iter([weather, run_code, plain]))

    assert toolbox.find("weather", is_custom=False) is weather
    assert toolbox.find("run_code", is_custom=True) is run_code
    assert toolbox.find("weather", is_custom=True) is None
    assert toolbox.find("run_code", is_custom=False) is None
    assert toolbox.find("nothing", is_custom=False) is None
    found = toolbox.find("plain", is_custom=False)
    assert found is not None
    assert found(3) == 3


def test_calls_of_functions_may_need_approval() -> None:
    guarded = tool(needs_approval=True)(plain)
    toolbox = Toolbox([weather, guarded])
    calls = [FunctionCall(call_id="c1", name=name, arguments="{}") for name in ("plain", "weather", "none")]

    assert [toolbox.function_of(call) for call in calls] == [guarded, weather, None]
    assert [toolbox.needs_approval(call) for call in calls] == [True, False, False]
    assert toolbox.function_of(ShellCall.from_dict({"call_id": "c1", "action": {}})) is None


def test_call_of_a_declared_tool_is_left_to_the_user() -> None:
    toolbox = Toolbox([weather, DECLARED, SPACE])
    spaces = [
        ("declared", None),
        ("declared", "declared"),
        ("free", "crm"),
        ("free", None),
        ("weather", None),
    ]
    calls = [FunctionCall(call_id="c1", name=name, namespace=space, arguments="{}") for name, space in spaces]

    assert [toolbox.leaves_to_user(call) for call in calls] == [True, True, True, False, False]


def test_declared_tools_have_no_function() -> None:
    toolbox = Toolbox(
        [weather, DECLARED, CustomTool(name="free"), WebSearchTool(), {"type": "mcp", "name": "x"}]
    )

    assert toolbox.is_declared("declared")
    assert toolbox.is_declared("free")
    assert not toolbox.is_declared("weather")
    assert not toolbox.is_declared("x")
    assert not toolbox.is_declared("web_search")
    assert toolbox.find("declared", is_custom=False) is None
    assert toolbox.find("free", is_custom=True) is None


@pytest.mark.parametrize("space", [SPACE, NamespaceTool.from_dict(SPACE), MappingProxyType(SPACE)])
def test_tools_of_a_namespace_have_names_of_their_own(space: Any) -> None:
    toolbox = Toolbox([tool(name="declared")(plain), space, {**SPACE, "name": "erp"}])

    assert toolbox.is_declared("declared", "crm")
    assert toolbox.is_declared("free", "erp")
    assert not toolbox.is_declared("declared")
    assert not toolbox.is_declared("free")
    assert toolbox.find("declared", is_custom=False) is not None
    assert toolbox.find("declared", is_custom=False, namespace="crm") is None


@pytest.mark.parametrize("namespace", [None, "", "weather"])
def test_functions_are_found_in_no_namespace_and_in_that_of_their_name(namespace: str | None) -> None:
    toolbox = Toolbox([weather])

    assert toolbox.find("weather", is_custom=False, namespace=namespace) is weather


@pytest.mark.parametrize("tools", [SPACE, "weather", b"weather", None, weather, plain, 3, WebSearchTool()])
def test_tools_are_a_list(tools: Any) -> None:
    assert [line.partition(", got")[0] for line in refused(tools)] == ["tools: expected a list of tools"]


def test_element_that_is_not_a_tool_is_named_by_its_place() -> None:
    assert refused([weather, "weather", None, 3, ["x"]]) == [
        "tools[1]: expected a function, a tool as a dict, or a model of one, got str 'weather'",
        "tools[2]: expected a function, a tool as a dict, or a model of one, got None",
        "tools[3]: expected a function, a tool as a dict, or a model of one, got int 3",
        "tools[4]: expected a function, a tool as a dict, or a model of one, got list",
    ]


def test_class_of_a_tool_is_refused() -> None:
    assert refused([WebSearchTool, FunctionTool]) == [
        "tools[0]: is the class WebSearchTool; pass an instance, WebSearchTool(...)",
        "tools[1]: is the class FunctionTool; pass an instance, FunctionTool(...)",
    ]


@pytest.mark.parametrize(
    ("tools", "name"),
    [
        ([weather, weather], "weather"),
        ([weather, tool(name="weather")(plain)], "weather"),
        ([plain, {**DECLARED, "name": "plain"}], "plain"),
        ([{**DECLARED, "name": "plain"}, plain], "plain"),
        ([DECLARED, {**CUSTOM, "name": "declared"}], "declared"),
        ([SPACE, SPACE], "declared"),
        ([WebSearchTool(), {**SPACE, "tools": [CUSTOM, CUSTOM]}], "free"),
    ],
)
def test_two_tools_with_one_name_are_refused(tools: Any, name: str) -> None:
    assert refused(tools)[0] == (
        f"tools[{len(tools) - 1}].name: is {name!r}, the name of another tool; give each tool its own name"
    )


@pytest.mark.parametrize("name", [None, ["x"], {}])
def test_malformed_names_are_left_to_the_check_of_the_request(name: Any) -> None:
    wrong: Any = {"type": "function", "name": name}

    assert Toolbox([wrong, {"type": "namespace", "name": name, "tools": 3}]).definitions[0] is wrong
    assert Toolbox([{"type": "namespace", "name": name, "tools": [name, wrong]}]).functions == []


def test_function_that_cannot_be_a_tool_is_named() -> None:
    def function(*numbers: int) -> None: ...

    with pytest.raises(ToolDefinitionError, match=r"^function cannot be a tool: function\.\*numbers: "):
        Toolbox([weather, function])


def test_methods_come_with_their_objects() -> None:
    toolbox = Toolbox([Store().read, Store.kind])

    assert [made.definition["parameters"]["required"] for made in toolbox.functions] == [["key"], ["key"]]
    # As Python 3.13 has it, whose classmethods bind all by themselves.
    found = Toolbox([MethodType(tool(name="m")(plain), 3)]).functions[0]
    assert found.name == "m"
    assert found.shape.bind("{}", None)() == 3


def test_tools_may_come_later() -> None:
    toolbox = Toolbox([weather])

    assert toolbox.add([plain, DECLARED], "on_tool_search")[1] is DECLARED
    assert toolbox.find("plain", is_custom=False) is not None
    assert toolbox.is_declared("declared")
    assert toolbox.definitions == [weather.definition]


@pytest.mark.parametrize("found", [weather, plain, DECLARED, SPACE, dict(SPACE)])
def test_tools_may_be_found_again(found: Any) -> None:
    toolbox = Toolbox([weather, plain, DECLARED, SPACE])
    before = toolbox.functions

    assert len(toolbox.add([found], "on_tool_search")) == 1
    assert {made.name for made in toolbox.functions} == {made.name for made in before}


def test_methods_may_be_found_again() -> None:
    store = Store()
    toolbox = Toolbox([store.read])

    toolbox.add([store.read], "on_tool_search")
    with pytest.raises(
        RequestValidationError, match=r"on_tool_search\[0\]\.name: is 'read', the name of another tool"
    ):
        toolbox.add([Store().read], "on_tool_search")


def no_number(*numbers: int) -> None: ...


@pytest.mark.parametrize("wrong", ["x", no_number, {**DECLARED, "name": "weather"}, WebSearchTool])
def test_no_tool_is_added_if_one_is_wrong(wrong: Callable[..., object]) -> None:
    toolbox = Toolbox([weather])

    with pytest.raises(RequestValidationError):
        toolbox.add([plain, DECLARED, wrong], "on_tool_search")
    assert toolbox.functions == [weather]
    assert not toolbox.is_declared("declared")


def test_later_tools_are_a_list() -> None:
    with pytest.raises(RequestValidationError, match="on_tool_search: expected a list of tools, got dict"):
        Toolbox([]).add(DECLARED, "on_tool_search")


def test_functions_of_the_toolbox_are_callable_tools() -> None:
    assert all(type(made) is CallableTool for made in Toolbox([weather, plain, len_of]).functions)


def len_of(text: str) -> int:
    return len(text)
