"""Tools as objects: how they are declared, called, bound to objects, copied and pickled."""

from __future__ import annotations

import asyncio
import copy
import functools
import inspect
import pickle
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from functools import partial
from types import MethodType
from typing import Any

import cloudpickle
import pytest
from callers import Caller

from responses_client import CallableTool, RunContext, ToolDefinitionError, custom_tool, tool
from responses_client._base.validation import is_seconds
from responses_client._tools.tool import is_async_generator, is_error_policy, is_generator
from responses_client._tools.toolbox import Toolbox
from responses_client.models import FunctionCall
from responses_client.testing import Server

CALL = FunctionCall(call_id="call_1", name="weather", arguments="{}")


@tool
def weather(city: str, days: int = 1) -> str:
    """Tell the weather."""
    return f"{city}:{days}"


@tool(name="look_up", description="Finds a word.", timeout=2.5, on_error="raise")
async def find(word: str) -> str:
    return word.upper()


@custom_tool
def run_code(code: str) -> str:
    """Run Python."""
    return code


class Adder:
    """Adds."""

    def __call__(self, left: int, right: int) -> int:
        return left + right


class Store:
    """Has tools of every kind."""

    def __init__(self, prefix: str = "") -> None:
        self.prefix = prefix

    @tool
    def read(self, key: str) -> str:
        """Read a value."""
        return self.prefix + key

    @tool(name="write_value")
    async def write(self, key: str, value: int) -> str:
        return f"{self.prefix}{key}={value}"

    @classmethod
    @tool
    def kind(cls, detail: int) -> tuple[str, int]:
        return cls.__name__, detail

    @tool
    @classmethod
    def sort(cls, detail: int) -> tuple[str, int]:
        return cls.__name__, detail

    @staticmethod
    @tool
    def double(number: int) -> int:
        return 2 * number

    @tool
    @staticmethod
    def triple(number: int) -> int:
        return 3 * number

    total = tool(Adder())
    measure = tool(name="measure")(len)


class Shelf(Store):
    """Inherits them."""


def answered(made: CallableTool[..., Any], text: str) -> Any:
    """The result of a call by the model."""
    return made.shape.bind(text, None)()


def test_decorated_function_is_called_as_before() -> None:
    assert weather("Oslo") == "Oslo:1"
    assert weather("Oslo", days=3) == "Oslo:3"
    assert asyncio.run(find("a")) == "A"


def test_tool_looks_like_its_function() -> None:
    assert weather.__name__ == "weather"
    assert weather.__qualname__ == "weather"
    assert weather.__module__ == __name__
    assert weather.__doc__ == "Tell the weather."
    assert [*inspect.signature(weather).parameters] == ["city", "days"]
    assert repr(weather) == "<CallableTool weather>"


def test_parameters_may_be_called_anything() -> None:
    @tool
    def echo(self: int, args: int, function: int) -> tuple[int, int, int]:
        return self, args, function

    assert echo(self=1, args=2, function=3) == (1, 2, 3)
    assert answered(echo, '{"self": 1, "args": 2, "function": 3}') == (1, 2, 3)


@pytest.mark.parametrize(
    ("function", "name"),
    [
        (weather, "weather"),
        (functools.partial(len), "len"),
        (functools.partial(functools.partial(weather, "Oslo"), days=1), "weather"),
        (Adder(), "Adder"),
        (Adder, "Adder"),
        (len, "len"),
        (Store().read, "read"),
        ([].append, "append"),
    ],
)
def test_tool_has_the_name_of_its_function(function: Callable[..., object], name: str) -> None:
    assert tool(function).name == name


def test_name_of_a_partial_is_not_that_of_something_with_func() -> None:
    class Wrapper:
        func = print

        def __call__(self) -> None: ...

    assert tool(Wrapper()).name == "Wrapper"


def test_definition_of_a_function_is_valid_for_the_api() -> None:
    assert weather.definition == {
        "type": "function",
        "name": "weather",
        "description": "Tell the weather.",
        "parameters": {
            "type": "object",
            "properties": {
                "city": {"type": "string"},
                "days": {"description": "Default 1", "type": "integer"},
            },
            "required": ["city", "days"],
            "additionalProperties": False,
        },
        "strict": True,
    }


def test_options_are_in_the_definition() -> None:
    @tool(name="f", description="Does.", strict=False, defer_loading=True, allowed_callers=["programmatic"])
    def function(number: int = 3) -> None: ...

    assert function.definition == {
        "type": "function",
        "name": "f",
        "description": "Does.",
        "parameters": {
            "type": "object",
            "properties": {"number": {"type": "integer", "default": 3}},
            "additionalProperties": False,
        },
        "strict": False,
        "defer_loading": True,
        "allowed_callers": ["programmatic"],
    }


def test_definition_is_a_copy() -> None:
    first: Any = weather.definition
    first["parameters"]["properties"].clear()
    first["description"] = "Changed."

    assert weather.definition["description"] == "Tell the weather."
    assert weather.definition["parameters"]["properties"].keys() == {"city", "days"}


def test_options_of_runs_are_not_in_the_definition() -> None:
    assert find.options == {
        "name": "look_up",
        "description": "Finds a word.",
        "timeout": 2.5,
        "on_error": "raise",
    }
    assert find.definition.keys() == {"type", "name", "description", "parameters", "strict"}


@pytest.mark.parametrize("options", [{}, {"description": ""}])
def test_tool_of_which_nothing_is_known_has_no_description(options: Any) -> None:
    @tool(**options)
    def function() -> None: ...

    assert "description" not in function.definition


def test_empty_description_replaces_the_docstring() -> None:
    assert "description" not in tool(description="")(weather).definition


def test_custom_tool_is_given_text() -> None:
    assert run_code.definition == {"type": "custom", "name": "run_code", "description": "Run Python."}
    assert run_code.is_custom
    assert answered(run_code, '{"not": "read"}') == '{"not": "read"}'
    assert answered(run_code, "") == ""


def test_custom_tool_has_a_format() -> None:
    grammar: Any = {"type": "grammar", "syntax": "regex", "definition": "[a-z]+"}

    @custom_tool(format=grammar, name="words", defer_loading=True)
    def function(text: str) -> str:
        return text

    assert function.definition == {
        "type": "custom",
        "name": "words",
        "format": grammar,
        "defer_loading": True,
    }


def test_tool_of_a_tool_calls_the_function_and_drops_its_options() -> None:
    again = tool(name="forecast")(find)

    assert again.options == {"name": "forecast"}
    assert again.__wrapped__ is find.__wrapped__
    assert answered(custom_tool(run_code), "x") == "x"


@pytest.mark.parametrize("owner", [Store("a"), Shelf("a")])
def test_methods_are_bound_to_their_object(owner: Store) -> None:
    assert owner.read("k") == "ak"
    assert Store.read(owner, "k") == "ak"
    assert answered(owner.read, '{"key": "k"}') == "ak"
    assert owner.read.definition["parameters"]["properties"] == {"key": {"type": "string"}}
    assert owner.read.definition.get("description") == "Read a value."
    assert [*inspect.signature(owner.read).parameters] == ["key"]
    assert owner.write.name == "write_value"
    assert asyncio.run(answered(owner.write, '{"key": "k", "value": 2}')) == "ak=2"


@pytest.mark.parametrize("found", [Store, Store(), Shelf, Shelf()])
@pytest.mark.parametrize("name", ["kind", "sort"])
def test_classmethods_are_bound_to_their_class(found: Any, name: str) -> None:
    made = getattr(found, name)
    owner = found if isinstance(found, type) else type(found)

    assert made(1) == (owner.__name__, 1)
    assert answered(Toolbox([made]).functions[0], '{"detail": 2}') == (owner.__name__, 2)


@pytest.mark.parametrize("owner", [Store, Store()])
def test_staticmethods_are_bound_to_nothing(owner: Any) -> None:
    assert owner.double(2) == 4
    assert owner.triple(2) == 6
    assert answered(owner.double, '{"number": 3}') == 6
    assert answered(owner.triple, '{"number": 3}') == 9


@pytest.mark.parametrize("owner", [Store, Store()])
def test_callable_that_is_not_a_method_is_not_bound(owner: Any) -> None:
    assert owner.total(2, 3) == 5
    assert owner.measure("cde") == 3


@pytest.mark.parametrize("found", [Store, Store(), Shelf, Shelf()])
@pytest.mark.parametrize("name", ["kind", "sort"])
def test_classmethods_have_a_definition_without_the_class(found: Any, name: str) -> None:
    made = getattr(found, name)

    assert made.definition["parameters"]["properties"] == {"detail": {"type": "integer"}}
    assert tool(made).definition["name"] == name
    assert Toolbox([made]).definitions == [made.definition]


def test_tool_that_only_python_binds_to_a_class_has_a_definition() -> None:
    """As Python 3.13 and newer bind a `@classmethod` around `@tool`, here on every version."""

    @tool(name="count_all")
    def count(cls, word: str) -> tuple[object, str]:
        """Count a word."""
        return cls, word

    made: Any = MethodType(count, Store)

    assert made.definition == {
        "type": "function",
        "name": "count_all",
        "description": "Count a word.",
        "parameters": {
            "type": "object",
            "properties": {"word": {"type": "string"}},
            "required": ["word"],
            "additionalProperties": False,
        },
        "strict": True,
    }
    assert answered(Toolbox([made]).functions[0], '{"word": "a"}') == (Store, "a")
    assert MethodType(custom_tool(count), Store).definition["type"] == "custom"


def test_method_that_is_not_bound_at_all_cannot_be_run() -> None:
    with pytest.raises(
        ToolDefinitionError, match="read cannot be a tool: read: is a method without its object"
    ):
        Toolbox([tool(name="read")(lambda cls, key: key)])


@pytest.mark.parametrize("name", ["cls", "self"])
def test_parameter_with_a_type_may_be_called_like_a_class_or_an_object(name: str) -> None:
    def function(it: str) -> str:
        return it

    function.__signature__ = inspect.Signature(
        [inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=str)]
    )
    assert tool(function).definition["parameters"]["required"] == [name]


def test_function_whose_signature_fails_is_refused() -> None:
    def function(it: str) -> None: ...

    function.__signature__ = 5
    with pytest.raises(ToolDefinitionError, match="it has no signature that Python can read"):
        _ = tool(function).definition


@pytest.mark.parametrize("made", [Store.read, tool(name="read")(lambda self, key: key)])
def test_method_without_its_object_is_refused(made: CallableTool[..., object]) -> None:
    with pytest.raises(ToolDefinitionError) as caught:
        _ = made.definition

    assert str(caught.value) == (
        "read cannot be a tool: read: is a method without its object; pass the method of an object, or of a class "
        "if it is a class method"
    )


def test_unbound_classmethod_is_refused() -> None:
    with pytest.raises(ToolDefinitionError, match=r"it has no signature that Python can read \(TypeError: "):
        _ = vars(Store)["sort"].definition


@pytest.mark.parametrize("maker", [tool, custom_tool])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": 3}, "name: expected a string, got int 3"),
        ({"description": None}, "description: expected a string, got None"),
        ({"timeout": "5"}, "timeout: expected a positive number of seconds, or None, got str '5'"),
        ({"timeout": 0}, "timeout: expected a positive number of seconds, or None, got int 0"),
        ({"timeout": float("inf")}, "timeout: expected a positive number of seconds, or None, got float inf"),
        ({"on_error": "rasie"}, "on_error: expected 'return', 'raise', or a function, got str 'rasie'"),
    ],
)
def test_options_of_a_wrong_kind_are_refused_where_they_stand(
    maker: Any, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(ToolDefinitionError) as caught:
        maker(**options)(len)

    assert str(caught.value) == f"{options.get('name', 'len')} cannot be a tool: {message}"


def test_strictness_is_true_or_false() -> None:
    with pytest.raises(ToolDefinitionError, match="strict: expected True or False, got str 'yes'"):
        tool(strict="yes")(len)


def test_no_bound_is_a_timeout() -> None:
    assert tool(timeout=None)(len).options == {"timeout": None}


def test_unknown_options_are_refused_with_the_nearest_one() -> None:
    with pytest.raises(
        TypeError, match=r"^tool\(\) got an unexpected keyword argument 'nmae'; did you mean 'name'"
    ):
        tool(nmae="x")(len)
    with pytest.raises(TypeError, match=r"^custom_tool\(\) got an unexpected keyword argument 'strict'"):
        custom_tool(strict=True)(len)


@pytest.mark.parametrize(("maker", "name"), [(tool, "tool"), (custom_tool, "custom_tool")])
def test_object_that_is_not_a_function_is_refused(maker: Any, name: str) -> None:
    with pytest.raises(ToolDefinitionError) as caught:
        maker("weather")

    assert str(caught.value) == (
        "'weather' cannot be a tool: function: expected a function; pass options by name, "
        f"as in {name}(name=...), got str 'weather'"
    )


@pytest.mark.parametrize("value", [0, -1, True, "1", None, float("inf"), float("nan")])
def test_seconds_are_positive_and_end(value: object) -> None:
    assert not is_seconds(value)
    assert is_seconds(0.1)
    assert is_seconds(3)


def test_policies_are_two_words_or_a_function() -> None:
    assert all(map(is_error_policy, ["return", "raise", str]))
    assert not any(map(is_error_policy, ["ignore", None, True]))


def pickled(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing))


@pytest.mark.parametrize("duplicate", [pickled, copy.copy, copy.deepcopy])
@pytest.mark.parametrize("found", [weather, find, run_code, Store.read, Store.triple])
def test_tool_of_a_module_stays_itself_in_copies_and_pickles(found: Any, duplicate: Any) -> None:
    _ = found.options  # used or not

    assert duplicate(found) is found


def test_tool_that_was_used_stays_itself_in_pickles() -> None:
    _ = weather.definition

    assert pickled(weather) is weather


@pytest.mark.parametrize("duplicate", [pickled, copy.copy, copy.deepcopy])
def test_method_keeps_its_object_in_copies_and_pickles(duplicate: Any) -> None:
    bound = Store("a").write
    _ = bound.definition
    again = duplicate(bound)

    assert type(again) is CallableTool
    assert asyncio.run(again("k", 1)) == "ak=1"
    assert again.name == "write_value"
    assert again.options == bound.options
    assert again.definition == bound.definition
    assert inspect.ismethod(again.__wrapped__)


def test_partials_and_objects_are_pickled_by_value() -> None:
    again = pickled(tool(name="sum")(functools.partial(Adder(), 1)))

    assert again(2) == 3
    assert again.name == "sum"
    assert answered(again, '{"right": 4}') == 5


@pytest.mark.parametrize("duplicate", [pickled, copy.copy, copy.deepcopy])
def test_tool_of_a_tool_is_pickled_by_the_name_of_that(duplicate: Any) -> None:
    again = duplicate(tool(name="forecast")(weather))

    assert again.name == "forecast"
    assert again("Oslo") == "Oslo:1"
    assert again.definition["description"] == "Tell the weather."


def test_function_of_a_function_is_pickled_by_cloudpickle_only() -> None:
    step = 10

    @tool(description="Adds ten.")
    def add(number: int) -> int:
        return number + step

    _ = add.definition
    again = pickle.loads(cloudpickle.dumps(add))
    assert again is not add
    assert again(1) == 11
    assert again.definition == add.definition
    with pytest.raises((pickle.PicklingError, AttributeError), match="add"):
        pickle.dumps(add)


@pytest.mark.parametrize("duplicate", [pickled, copy.copy, copy.deepcopy])
def test_context_is_copied_and_pickled(duplicate: Any) -> None:
    again = duplicate(RunContext({"user": 3}, CALL, 2))

    assert (again.value, again.call, again.turn) == ({"user": 3}, CALL, 2)
    assert repr(again) == "<RunContext of weather, turn 2>"


DECLARED = """
import sys
from responses_client import RunContext, custom_tool, tool

@tool(name="w", timeout=3)
def weather(context: RunContext[int], city: str) -> str:
    return city

@custom_tool
def run(code: str) -> str:
    return code

assert weather(None, "Oslo") == "Oslo"
print("pydantic" in sys.modules)
weather.definition
print("pydantic" in sys.modules)
"""


def test_declaring_a_tool_does_without_pydantic() -> None:
    found = subprocess.run([sys.executable, "-c", DECLARED], capture_output=True, text=True, check=True)

    assert found.stdout.split() == ["False", "True"]


# --- generators


async def rows(number: int) -> AsyncIterator[int]:
    """Give rows."""
    yield number


def numbers(text: str) -> Iterator[str]:
    """Give numbers."""
    yield text


class Rows:
    async def __call__(self, number: int) -> AsyncIterator[int]:
        yield number

    async def method(self, number: int) -> AsyncIterator[int]:
        yield number

    @classmethod
    async def of_class(cls, number: int) -> AsyncIterator[int]:
        yield number

    @staticmethod
    async def static(number: int) -> AsyncIterator[int]:
        yield number


LAZY: list[tuple[Any, str]] = [
    (rows, "rows"),
    (partial(rows, 1), "rows"),
    (partial(partial(rows)), "rows"),
    (partial(Rows()), "Rows"),
    (Rows(), "Rows"),
    (Rows().method, "method"),
    (Rows.of_class, "of_class"),
    (Rows.static, "static"),
    (classmethod(rows), "rows"),
    (staticmethod(rows), "rows"),
]


@pytest.mark.parametrize("maker", [tool, custom_tool])
@pytest.mark.parametrize(("function", "name"), LAZY)
def test_async_generator_is_refused_where_it_is_declared(maker: Any, function: Any, name: str) -> None:
    wrong = f"^{name} cannot be a tool: {name}: is an async generator, .* return the values as a list"
    with pytest.raises(ToolDefinitionError, match=wrong):
        maker(function)
    with pytest.raises(ToolDefinitionError, match=r"^mine cannot be a tool: mine: is an async generator"):
        maker(name="mine")(function)


@pytest.mark.parametrize(("function", "name"), LAZY[:8])
def test_async_generator_is_refused_before_a_run_sends_anything(
    caller: Caller, server: Server, function: Any, name: str
) -> None:
    for method in ("run", "run_stream"):
        with pytest.raises(
            ToolDefinitionError, match=f"^{name} cannot be a tool: {name}: is an async generator"
        ):
            caller(
                lambda client, method=method: getattr(client.responses, method)(
                    model="m", input="Hi", tools=[function]
                )
            )
    assert server.requests == []


@pytest.mark.parametrize("policy", [rows, numbers, partial(numbers)])
def test_policy_for_errors_returns_its_text(policy: Any) -> None:
    wrong = "on_error: expected a function that returns a string, and is not a generator"
    with pytest.raises(ToolDefinitionError, match=wrong):
        tool(on_error=policy)(len)


def test_generator_and_async_function_are_no_async_generators() -> None:
    async def wait() -> int:
        return 1

    for function in (numbers, wait, len, Rows, "text", None):
        assert not is_async_generator(function)
    assert [is_generator(function) for function in (numbers, rows, wait, len)] == [True, True, False, False]
