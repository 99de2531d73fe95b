"""Tools made from functions, as type checkers see them."""
# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

import functools
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, assert_type

from pydantic import Field

from responses_client import CallableTool, RunContext, ToolExecutionError, custom_tool, tool
from responses_client.models import (
    CustomToolCall,
    CustomToolParam,
    FunctionCall,
    FunctionToolParam,
    ToolParam,
)


@dataclass
class Deps:
    user: str


@tool
def weather(city: str, days: int = 1) -> float:
    """Tell the weather."""
    return days * len(city)


@tool(name="look_up", timeout=3, on_error="raise", strict=False)
async def find(word: Annotated[str, Field(min_length=1)]) -> list[str]:
    return [word]


@tool()
def bare() -> None: ...


@custom_tool
def run_code(code: str, context: RunContext[Deps]) -> str:
    return code + context.value.user


@custom_tool(format={"type": "grammar", "syntax": "lark", "definition": 'start: "a"'}, timeout=None)
def words(text: str) -> int:
    return len(text)


def describe(error: ToolExecutionError) -> str:
    return error.reason


@tool(
    on_error=describe, defer_loading=True, allowed_callers=["direct", "programmatic"], description="Counts."
)
def count(context: RunContext[Deps], mode: Literal["a", "b"]) -> str:
    assert_type(context.value, Deps)
    assert_type(context.call, FunctionCall | CustomToolCall)
    assert_type(context.turn, int)
    return mode


@tool
def anything(context: RunContext) -> None:
    assert_type(context, RunContext[object])
    assert_type(context.value, object)


class Store:
    @tool
    def read(self, key: str) -> bytes:
        return key.encode()

    @tool(name="write_value")
    async def write(self, key: str, *, value: int = 0) -> bool:
        return key == str(value)

    @classmethod
    def kind(cls, detail: int) -> str:
        return cls.__name__ * detail

    @tool
    @staticmethod
    def triple(number: int) -> int:
        return 3 * number


def calls_keep_their_types() -> None:
    assert_type(weather("Oslo"), float)
    assert_type(weather("Oslo", days=2), float)
    assert_type(bare(), None)
    assert_type(words("a"), int)


async def async_tools_are_awaited(store: Store) -> None:
    assert_type(await find("a"), list[str])
    assert_type(await find(word="a"), list[str])
    assert_type(await store.write("a", value=3), bool)


def methods_keep_their_types(store: Store) -> None:
    assert_type(store.read("a"), bytes)
    assert_type(store.read(key="a"), bytes)
    assert_type(Store.read(store, "a"), bytes)
    assert_type(Store.triple(3), int)
    assert_type(tool(Store.kind)(3), str)
    assert_type(tool(store.kind)(detail=3), str)


def tools_are_functions(store: Store) -> None:
    function: Callable[[str, int], float] = weather
    method: Callable[[str], bytes] = store.read
    tools: list[Callable[..., object]] = [weather, find, run_code, store.read, Store.kind, function, method]
    made: list[CallableTool[..., object]] = [weather, find, run_code, store.read]
    assert tools
    assert made


def functions_of_all_kinds_are_tools(store: Store) -> None:
    assert_type(tool(name="half")(functools.partial(weather, "Oslo"))(), float)
    assert_type(tool(store.read)("a"), bytes)
    assert_type(tool(Deps)("me"), Deps)
    assert_type(tool(len)([1]), int)
    assert_type(tool(weather)("Oslo"), float)


def what_tools_have() -> None:
    assert_type(weather.name, str)
    assert_type(weather.is_custom, bool)
    assert_type(weather.definition, FunctionToolParam | CustomToolParam)
    _: list[ToolParam] = [weather.definition, run_code.definition]


def wrong_calls(store: Store) -> None:
    weather()  # type: ignore[call-arg]
    weather(3)  # type: ignore[arg-type]
    weather("Oslo", day=2)  # type: ignore[call-arg]
    weather("Oslo", 2, 3)  # type: ignore[call-arg]
    store.read()  # type: ignore[call-arg]
    store.read(3)  # type: ignore[arg-type]
    store.read(store, "a")  # type: ignore[call-arg,arg-type]


def wrong_options() -> None:
    tool("weather")  # type: ignore[call-overload]
    tool(nmae="weather")  # type: ignore[call-overload]
    tool(timeout="3")  # type: ignore[call-overload]
    tool(on_error="ignore")  # type: ignore[call-overload]
    tool(on_error=len)  # type: ignore[arg-type]
    tool(allowed_callers=["nobody"])  # type: ignore[list-item]
    tool(format={"type": "text"})  # type: ignore[call-overload]
    custom_tool(strict=True)  # type: ignore[call-overload]
    custom_tool(format={"type": "prose"})  # type: ignore[call-overload]


def wrong_context(context: RunContext[Deps]) -> None:
    print(context.value.name)  # type: ignore[attr-defined]
    _: RunContext[int] = context  # type: ignore[assignment]
    __: RunContext[object] = context
