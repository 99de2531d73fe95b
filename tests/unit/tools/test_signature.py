"""The parameters of functions: names, types, defaults, descriptions, and calls with arguments from JSON."""

import datetime
import enum
import functools
import re
import sqlite3
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, Final, Literal, NamedTuple, Optional, TypeVar

import pytest
from pydantic import AliasPath, BaseModel, Field, SecretStr, ValidationError
from typing_extensions import Doc, TypedDict

from responses_client import RunContext, ToolDefinitionError, custom_tool, tool
from responses_client._tools.signature import ToolShape

T = TypeVar("T")
CONTEXT: Any = RunContext("ours", None, 1)


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Address(BaseModel):
    """The place of a house."""

    town: str
    code: str = Field("0", min_length=1)


@dataclass
class Point:
    x: int
    y: int = 0


class Options(TypedDict, total=False):
    size: int


class Tree(BaseModel):
    name: str
    children: list["Tree"] = []


class Unfinished(BaseModel):
    rest: "NobodyKnows"  # noqa: F821  # defined nowhere


def shape(function: Callable[..., object], **options: Any) -> ToolShape:
    return tool(**options)(function).shape


def properties(function: Callable[..., object], **options: Any) -> dict[str, Any]:
    found: dict[str, Any] = (shape(function, **options).parameters or {})["properties"]
    return found


def called(function: Callable[..., object], text: str, **options: Any) -> Any:
    """The result of the function when the model calls it."""
    return shape(function, **options).bind(text, CONTEXT)()


def refused(function: Callable[..., object], **options: Any) -> str:
    with pytest.raises(ToolDefinitionError) as caught:
        shape(function, **options)
    assert all(error["expected"] for error in caught.value.errors)
    return str(caught.value)


def test_schema_is_strict_and_closed() -> None:
    def function(city: str, days: int = 1) -> None: ...

    assert shape(function).parameters == {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer", "description": "Default 1"}},
        "required": ["city", "days"],
        "additionalProperties": False,
    }


def test_function_of_nothing_takes_an_empty_object() -> None:
    schema = {"type": "object", "properties": {}, "required": [], "additionalProperties": False}

    assert shape(lambda: None, name="f").parameters == schema


def test_schema_that_is_not_strict_has_all_that_pydantic_knows() -> None:
    def function(
        any_thing,
        table: dict[str, int],
        word: Annotated[str, Field(min_length=2)] = "ab",
    ): ...

    assert shape(function, strict=False).parameters == {
        "type": "object",
        "properties": {
            "any_thing": {},
            "table": {"type": "object", "additionalProperties": {"type": "integer"}},
            "word": {"type": "string", "minLength": 2, "default": "ab"},
        },
        "required": ["any_thing", "table"],
        "additionalProperties": False,
    }
    assert properties(function, strict=False)["any_thing"] == {}


def test_arguments_have_the_annotated_types() -> None:
    def function(
        address: Address,
        point: Point,
        options: Options,
        colour: Colour,
        tree: Tree,
        when: datetime.date,
        mode: Literal["a", "b"],
        either: int | list[str],
        maybe: Optional[Point],
        secret: SecretStr,
    ):
        return locals()

    given = """{
        "address": {"town": "Oslo", "code": "1"}, "point": {"x": 1, "y": 2}, "options": {"size": 3},
        "colour": "blue", "tree": {"name": "a", "children": [{"name": "b", "children": []}]},
        "when": "2026-01-31", "mode": "b", "either": ["x"], "maybe": null, "secret": "s"
    }"""
    assert called(function, given) == {
        "address": Address(town="Oslo", code="1"),
        "point": Point(1, 2),
        "options": {"size": 3},
        "colour": Colour.BLUE,
        "tree": Tree(name="a", children=[Tree(name="b")]),
        "when": datetime.date(2026, 1, 31),
        "mode": "b",
        "either": ["x"],
        "maybe": None,
        "secret": SecretStr("s"),
    }
    definitions = (shape(function).parameters or {})["$defs"]
    assert definitions.keys() == {"Address", "Point", "Options", "Colour", "Tree"}
    assert definitions["Tree"]["properties"]["children"]["items"] == {"$ref": "#/$defs/Tree"}
    assert definitions["Address"]["description"] == "The place of a house."


def test_function_may_have_the_name_of_a_type() -> None:
    def address(address: Address) -> Any:
        return address

    assert called(address, '{"address": {"town": "Oslo"}}', name="Address") == Address(town="Oslo")


def test_bounds_and_descriptions_of_annotations_are_in_the_schema() -> None:
    def function(
        count: Annotated[int, Field(ge=1, le=9, description="How many.")],
        word: str = Field("a", max_length=3, description="Which."),
        size: int = Field(description="How large."),
        made: int = Field(default_factory=lambda: 7),
    ) -> Any:
        return count, word, size, made

    assert properties(function) == {
        "count": {"type": "integer", "minimum": 1, "maximum": 9, "description": "How many."},
        "word": {"type": "string", "description": 'Which. (length at most 3, default "a")'},
        "size": {"type": "integer", "description": "How large."},
        "made": {"type": "integer"},
    }
    assert called(function, '{"count": 1, "size": 2}') == (1, "a", 2, 7)
    with pytest.raises(ValidationError, match="less than or equal to 9"):
        called(function, '{"count": 10, "size": 2}')


def test_plain_strings_of_annotations_are_descriptions() -> None:
    def function(
        count: Annotated[int, "How many.", Field(ge=1)],
        word: Annotated[str, Doc("Which.")] = "a",
        size: Annotated[int, "How large."] | None = None,
        parts: list[Annotated[int, "A part."]] = [],  # noqa: B006  # the schema shows the default
        made: Annotated[int, "Not this.", Field(description="Of the field.")] = 1,
    ) -> Any:
        """Do it.

        Args:
            count: Not of the docstring.
        """
        return count, word, size, parts, made

    assert properties(function) == {
        "count": {"type": "integer", "minimum": 1, "description": "How many."},
        "word": {"type": "string", "description": 'Which. (default "a")'},
        "size": {"anyOf": [{"type": "integer", "description": "How large."}, {"type": "null"}]},
        "parts": {
            "type": "array",
            "description": "Default []",
            "items": {"type": "integer", "description": "A part."},
        },
        "made": {"type": "integer", "description": "Of the field. (default 1)"},
    }
    assert called(function, '{"count": 2}') == (2, "a", None, [], 1)


class Place(BaseModel):
    """A place."""

    row: Annotated[int, "Row of the place."]
    seat: Annotated[int, Doc("Seat of the place.")] = 1


class Order(TypedDict):
    price: Annotated[int, "Price of the order."]


def test_plain_strings_describe_fields_of_nested_types_and_the_parameters_that_have_them() -> None:
    def function(
        place: Annotated[Place, "Where."],
        order: Order,
        note: Annotated[Optional[str], "A note."] = None,
        empty: Annotated[int, ""] = 1,
    ) -> Any:
        """Do it.

        Args:
            empty: Of the docstring.
            note: Not of the docstring.
        """

    schema = tool(function).definition
    assert "parameters" in schema
    parameters: Any = schema["parameters"]
    found = parameters["properties"]
    assert found["place"]["description"] == "Where."
    assert [one["description"] for one in found["place"]["properties"].values()] == [
        "Row of the place.",
        "Seat of the place. (default 1)",
    ]
    assert parameters["$defs"]["Order"]["properties"]["price"]["description"] == "Price of the order."
    assert found["note"]["description"] == "A note."
    assert found["empty"]["description"] == "Of the docstring. (default 1)"


@pytest.mark.parametrize(
    ("default", "hint"),
    [
        (3, "Default 3"),
        (Colour.RED, 'Default "red"'),
        (Point(1), 'Default {"x": 1, "y": 0}'),
        (datetime.date(2026, 1, 31), 'Default "2026-01-31"'),
        (None, None),
        (object(), None),
        (float("nan"), None),
        (b"\xff", None),
        (["\ud800"], 'Default ["\ud800"]'),
    ],
)
def test_defaults_are_in_the_schema_if_they_have_json(default: Any, hint: str | None) -> None:
    def function(value: int = default) -> Any:
        return value

    assert properties(function)["value"].get("description") == hint
    assert called(function, "{}") is default


def test_recursive_default_is_left_out() -> None:
    circle: list[Any] = []
    circle.append(circle)

    def function(value: list[int] = circle) -> Any:
        return value

    assert properties(function) == {"value": {"type": "array", "items": {"type": "integer"}}}
    assert called(function, "") is circle


def test_default_none_lets_the_model_write_null() -> None:
    def function(
        number: int = None,  # noqa: RUF013  # as users write it
        word: Annotated[str, Field(description="Which.")] = None,  # noqa: RUF013  # as users write it
        field: int = Field(None, ge=2),
        fine: int | None = None,
        nothing: None = None,
    ) -> Any:
        return number, word, field, fine, nothing

    null = {"type": "null"}
    assert properties(function) == {
        "number": {"anyOf": [{"type": "integer"}, null]},
        "word": {"anyOf": [{"type": "string"}, null], "description": "Which."},
        "field": {"anyOf": [{"type": "integer", "minimum": 2}, null]},
        "fine": {"anyOf": [{"type": "integer"}, null]},
        "nothing": null,
    }
    assert called(function, '{"number": null, "word": null, "field": null, "fine": null}') == (None,) * 5


def test_names_are_free() -> None:
    def function(
        model_config: int,
        schema: int,
        json: int,
        _x: int,
        self: int,
        cls: int,
        args: int,
        func: int,
        total: int,
        größe: int,
        class_: Annotated[int, Field(alias="class")],
        path: Annotated[int, Field(validation_alias=AliasPath("deep", 0))],
    ):
        return [*locals().values()]

    names = [
        "model_config",
        "schema",
        "json",
        "_x",
        "self",
        "cls",
        "args",
        "func",
        "total",
        "größe",
        "class",
        "path",
    ]
    assert [*properties(function)] == names
    given = ", ".join(f'"{name}": {number}' for number, name in enumerate(names))
    assert called(function, f"{{{given}}}") == [*range(12)]


def test_positional_parameters_are_given_by_position() -> None:
    def function(first: int, second: int = 2, third: int = 3, /, *, fourth: int = 4) -> Any:
        return first, second, third, fourth

    assert called(function, '{"first": 1, "second": 5, "third": 6, "fourth": 7}') == (1, 5, 6, 7)
    assert called(function, '{"first": 1}') == (1, 2, 3, 4)
    assert called(function, '{"first": 1, "third": 6}') == (1, 2, 6, 4)


def any_number(*numbers: int) -> None: ...
def any_names(**numbers: int) -> None: ...


@pytest.mark.parametrize(("function", "shown"), [(any_number, "*numbers"), (any_names, "**numbers")])
@pytest.mark.parametrize("maker", [tool, custom_tool])
def test_any_number_of_arguments_is_refused(maker: Any, function: Any, shown: str) -> None:
    with pytest.raises(ToolDefinitionError) as caught:
        _ = maker(function).shape

    assert str(caught.value) == (
        f"{function.__name__} cannot be a tool: {function.__name__}.{shown}: takes any number of arguments, which "
        "a schema cannot express; name each one, or use a list"
    )
    assert caught.value.path == f"{function.__name__}.{shown}"


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", 3),
        (" \n", 3),
        ("null", 3),
        (" null ", 3),
        ("{}", 3),
        ('{"number": 5}', 5),
        ('{"number": "5"}', 5),
    ],
)
def test_omitted_arguments_are_the_defaults(text: str, value: int) -> None:
    assert called(lambda number=3: number, text, name="f", strict=False) in (value, str(value))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "city\n  Field required"),
        ("null", "city\n  Field required"),
        ("[]", "Input should be an object"),
        ("7", "Input should be an object"),
        ('{"city', "Invalid JSON"),
        ('{"city": "\ud800"}', "Invalid JSON"),
        ('{"city": 3}', "city\n  Input should be a valid string"),
        ('{"city": null}', "city\n  Input should be a valid string"),
        ('{"city": "Oslo", "town": "Oslo"}', "town\n  Extra inputs are not permitted"),
    ],
)
def test_wrong_arguments_are_named(text: str, message: str) -> None:
    def function(city: str) -> None: ...

    with pytest.raises(ValidationError, match=message):
        called(function, text)


def test_contexts_are_not_shown_wherever_they_stand() -> None:
    def first(context: RunContext, city: str) -> Any:
        return context, city

    def positional(context: RunContext[int], /, city: str) -> Any:
        return context, city

    def last(city: str, *, context: Annotated[RunContext[str], "ours"]) -> Any:
        return context, city

    def optional(city: str, context: RunContext[str] | None = None) -> Any:
        return context, city

    def quoted(city: str, context: "Optional[RunContext[Any]]" = None) -> Any:
        return context, city

    def checked(city: str, context: "RunContext[ForCheckersOnly]") -> Any:  # noqa: F821  # as if imported for type checkers only
        return context, city

    for function in (first, positional, last, optional, quoted, checked):
        assert [*properties(function)] == ["city"]
        assert called(function, '{"city": "Oslo"}') == (CONTEXT, "Oslo")


def test_several_contexts_are_all_given() -> None:
    def function(one: RunContext, two: RunContext) -> Any:
        return one, two

    assert called(function, "") == (CONTEXT, CONTEXT)


def test_text_of_a_custom_tool_is_passed_to_any_kind_of_parameter() -> None:
    def after(context: RunContext, text: str) -> Any:
        return context, text

    def named(*, text: Annotated[str, "code"], context: RunContext, more: int = 3) -> Any:
        return context, text

    def positional(context: RunContext, text, /) -> Any:
        return context, text

    for function in (after, named, positional):
        assert custom_tool(function).shape.bind("hi", CONTEXT)() == (CONTEXT, "hi")


def takes_nothing() -> None: ...
def takes_two(one: str, two: str) -> None: ...
def takes_number(number: int) -> None: ...


@pytest.mark.parametrize("function", [takes_nothing, takes_two, takes_number])
def test_custom_tool_takes_one_text(function: Any) -> None:
    with pytest.raises(
        ToolDefinitionError, match="it needs one parameter of the type str, beside a RunContext"
    ):
        _ = custom_tool(function).shape


def both(user: str, city: str, days: int = 1) -> Any:
    """Tell the weather.

    Args:
        user: Who asks.
        city: Where.
    """
    return user, city, days


def test_arguments_of_a_partial_are_not_in_the_schema() -> None:
    secret = functools.partial(functools.partial(tool(both), user="me"), days=5)

    assert properties(secret) == {"city": {"type": "string", "description": "Where."}}
    assert called(secret, '{"city": "Oslo"}') == ("me", "Oslo", 5)
    with pytest.raises(ValidationError, match="Extra inputs"):
        called(secret, '{"city": "Oslo", "user": "you"}')
    assert [*properties(functools.partial(both, "me"))] == ["city", "days"]


def test_partial_may_set_arguments_without_a_schema() -> None:
    def query(database: sqlite3.Connection, text: str) -> Any:
        return database, text

    assert called(functools.partial(query, database=3), '{"text": "a"}') == (3, "a")


class Pair(NamedTuple):
    left: int
    right: "Colour" = Colour.RED


class Mine:
    """Counts."""

    def __init__(self, start: "int") -> None:
        self.start = start

    def __call__(self, step: "int") -> int:
        """Count on."""
        return self.start + step


class Inherits(Mine):
    pass


class Bare:
    pass


def test_classes_are_called_with_their_fields() -> None:
    assert called(Point, '{"x": 1}') == Point(1)
    assert called(Address, '{"town": "Oslo"}') == Address(town="Oslo")
    assert called(Pair, '{"left": 1, "right": "blue"}') == Pair(1, Colour.BLUE)
    assert called(Inherits, '{"start": 3}').start == 3
    assert type(called(Bare, "")) is Bare
    assert properties(Inherits) == {"start": {"type": "integer"}}


class Tagged(BaseModel):
    """A thing with a tag."""

    tag: str = Field(alias="theTag", description="A tag.")
    parts: list["Tagged"] = []


class Loose(BaseModel):
    table: dict[str, int]


def test_classes_of_data_have_the_schema_of_their_fields() -> None:
    found = shape(Tagged, name="tagged")
    assert found.description == "A thing with a tag."
    assert found.parameters is not None
    assert found.parameters["properties"]["theTag"] == {"description": "A tag.", "type": "string"}
    assert found.parameters.keys() == {"type", "properties", "required", "additionalProperties", "$defs"}
    assert shape(Tagged, description="Mine.").description == "Mine."
    assert called(Tagged, '{"theTag": "a", "parts": [{"theTag": "b"}]}').parts[0].tag == "b"
    assert called(Options, '{"size": 3}') == {"size": 3}
    assert properties(Loose, strict=False)["table"]["additionalProperties"] == {"type": "integer"}


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Unfinished, "Unfinished cannot be a tool: Unfinished: pydantic cannot read it from JSON"),
        (Loose, r"Loose cannot be a tool: Loose\.table: has keys that are not known beforehand"),
    ],
)
def test_class_of_data_that_has_no_schema_is_refused(kind: Any, message: str) -> None:
    assert re.match(message, refused(kind))


def test_objects_that_can_be_called_are_tools() -> None:
    assert called(Mine(2), '{"step": 3}') == 5
    assert called(functools.lru_cache(takes_number), '{"number": 3}') is None
    assert called(
        functools.wraps(both)(lambda *args, **more: both(*args, **more)), '{"user": "a", "city": "b"}'
    ) == (
        "a",
        "b",
        1,
    )


def test_annotation_of_the_result_is_not_looked_at() -> None:
    def function(number: "int") -> "ForCheckersOnly":  # noqa: F821  # as if imported for type checkers only
        return number

    assert called(function, '{"number": 3}') == 3


def test_type_variables_are_anything() -> None:
    def function(value: T) -> T:
        return value

    assert called(function, '{"value": [1]}', strict=False) == [1]


def test_local_types_are_fine_unless_quoted() -> None:
    class Local(BaseModel):
        number: int

    def function(value: Local) -> Any:
        return value

    def quoted(one: int, value: "Local", other: "list[Nowhere]") -> None: ...  # noqa: F821  # defined nowhere

    assert called(function, '{"value": {"number": 1}}') == Local(number=1)
    text = refused(quoted)
    assert text.startswith(
        "quoted cannot be a tool: quoted.value: its annotation cannot be evaluated (NameError: name 'Local' is not defined); "
        "use names that the module has at run time, not those of an enclosing function or of an import for "
        "type checkers only; quoted.other: its annotation cannot be evaluated (NameError: name 'Nowhere'"
    )


def test_types_of_a_module_that_is_gone_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Late:
        def __new__(cls, colour: "Colour") -> "Late":
            return super().__new__(cls)

    monkeypatch.delitem(sys.modules, __name__)

    assert "NameError: name 'Colour' is not defined" in refused(Late)


def takes_connection(number: int, connection: sqlite3.Connection) -> None: ...
def takes_function(function: Callable[[int], int], number: int) -> None: ...
def takes_unfinished(value: Unfinished) -> None: ...


@pytest.mark.parametrize(
    ("function", "path", "reason"),
    [
        (
            takes_connection,
            "connection",
            "Unable to generate pydantic-core schema for <class 'sqlite3.Connection'>)",
        ),
        (takes_function, "function", "Cannot generate a JsonSchema for core_schema.CallableSchema)"),
        (takes_unfinished, "value", "PydanticUndefinedAnnotation: name 'NobodyKnows' is not defined)"),
    ],
)
@pytest.mark.parametrize("strict", [True, False])
def test_types_that_json_does_not_have_are_named(function: Any, path: str, reason: str, strict: bool) -> None:
    text = refused(function, strict=strict)

    name = function.__name__
    assert text.startswith(
        f"{name} cannot be a tool: {name}.{path}: pydantic cannot read it from JSON (Pydantic"
    )
    assert reason in text
    assert text.endswith(
        "use a type with a JSON Schema, and take other values from a RunContext or a functools.partial"
    )
    assert text.count(name) == 2


class Odd:
    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        raise RuntimeError("no way")


def test_types_that_cannot_say_how_they_are_read_are_named() -> None:
    def function(odd: Odd, final: Final[int]) -> None: ...

    text = refused(function)
    assert "function.odd: pydantic cannot read it from JSON (RuntimeError: no way); use" in text
    assert "function.final: pydantic cannot read it from JSON (TypeError: " in text


def test_types_that_strict_schemas_do_not_have_are_named_with_the_way_out() -> None:
    def function(anything, table: dict[str, int]) -> None: ...

    assert refused(function) == (
        "function cannot be a tool: function.anything: may be anything, which a strict schema cannot express; give it "
        "a type; or declare it with tool(strict=False); function.table: has keys that are not known beforehand, which "
        "a strict schema cannot have; make it a list of objects with a key and a value; or declare it with "
        "tool(strict=False)"
    )


def test_functions_without_a_signature_are_refused() -> None:
    assert refused(max).startswith(
        "max cannot be a tool: max: it has no signature that Python can read (ValueError: "
    )


@pytest.mark.parametrize("name", ["", "a b", "<lambda>", "naïve", "x" * 129, "a\n"])
def test_names_that_the_api_does_not_take_are_refused(name: str) -> None:
    assert refused(takes_nothing, name=name) == (
        f"{name!r} cannot be a tool: {name!r}: cannot be its name; pass another one with tool(name=...)"
    )


def test_lambda_needs_a_name() -> None:
    assert "pass another one with tool(name=...)" in refused(lambda: None)
    assert shape(lambda: None, name="x" * 128).function() is None
