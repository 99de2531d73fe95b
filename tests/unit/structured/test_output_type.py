"""Types of output: their formats and names, and the values of texts."""

from __future__ import annotations

import copy
import datetime
import decimal
import enum
import pickle
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Annotated, Any, Generic, Literal, NamedTuple, Optional, TypeVar

import pytest
from pydantic import (
    AliasChoices,
    AliasPath,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainValidator,
    RootModel,
    TypeAdapter,
    ValidationError,
)
from pydantic_core import core_schema as cs
from typing_extensions import TypeAliasType, TypedDict

from responses_client import RequestValidationError, text_format
from responses_client._structured.output_type import check_whole, output_type, with_format
from responses_client._structured.partial_json import partial_json
from responses_client.models import TextConfig


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Size(enum.IntEnum):
    LARGE = 3


class Address(BaseModel):
    """Where somebody lives."""

    town: str
    code: str = Field(min_length=3)


@dataclass
class Point:
    x: int
    y: int = 0
    names: list[str] = field(default_factory=list)


class Options(TypedDict, total=False):
    """What was chosen."""

    colour: Colour
    size: int


class Pair(NamedTuple):
    left: int
    right: str = "r"


class Documented(NamedTuple):
    """Two of a kind."""

    left: Annotated[int, Field(alias="first")]


T = TypeVar("T")


class Box(BaseModel, Generic[T]):
    item: T


class Node(BaseModel):
    kids: list[Node] = []


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog"]


class Names(RootModel[list[str]]):
    pass


class Deferred(BaseModel):
    model_config = ConfigDict(defer_build=True)
    a: int


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    day: datetime.date


class Marked(BaseModel):
    mark: Annotated[str, BeforeValidator(str)] = object()


class Unfinished(BaseModel):
    later: Missing  # noqa: F821  # defined nowhere


class Größe(BaseModel):
    a: int


class 大小(BaseModel):
    a: int


class WithoutSchema(BaseModel):
    model_config = ConfigDict(arbitrary_types_allowed=True)
    value: int
    what: Annotated[object, PlainValidator(lambda value: value, json_schema_input_type=Callable[[], int])] = (
        None
    )


Pet = Annotated[Cat | Dog, Field(discriminator="kind")]
Alias = TypeAliasType("Alias", list[int])


@pytest.mark.parametrize(
    ("form", "name"),
    [
        (Address, "Address"),
        (Box[int], "Box_int"),
        (Box[list[Address]], "Box_list_Address"),
        (list[Address], "list_Address"),
        (Address | Point, "Address_Point"),
        (Optional[Address], "Optional_Address"),
        (Pet, "Cat_Dog"),
        (Annotated[int, Field(gt=3)], "int"),
        (Literal["a", 1], "Literal_a_1"),
        (Literal[Size.LARGE, "a"], "Literal_LARGE_a"),
        (Alias, "Alias"),
        (TypeAdapter(list[Address]), "list_Address"),
        (TypeAdapter(Address), "Address"),
        (Größe, "Gr_e"),
        (大小, "output"),
        (Literal[tuple(f"value {number}" for number in range(30))], None),
    ],
)
def test_names_of_formats_are_those_of_types(form: Any, name: str | None) -> None:
    found = text_format(form)["name"]
    assert re.fullmatch("[a-zA-Z0-9_-]{1,64}", found)
    assert name is None or found == name


def test_format_of_a_model_is_its_strict_schema() -> None:
    assert text_format(Address) == {
        "type": "json_schema",
        "name": "Address",
        "description": "Where somebody lives.",
        "strict": True,
        "schema": {
            "title": "Address",
            "description": "Where somebody lives.",
            "type": "object",
            "properties": {
                "town": {"type": "string"},
                "code": {"description": "Length at least 3", "type": "string"},
            },
            "required": ["town", "code"],
            "additionalProperties": False,
        },
    }


def test_format_of_a_type_that_is_not_an_object_has_it_under_a_key() -> None:
    assert text_format(Alias)["schema"] == {
        "type": "object",
        "properties": {"value": {"type": "array", "items": {"type": "integer"}}},
        "required": ["value"],
        "additionalProperties": False,
    }


def test_format_is_a_copy() -> None:
    first = text_format(Address)
    before = copy.deepcopy(first)
    dict(first["schema"]["properties"])["town"]["type"] = "integer"
    assert text_format(Address) == before


@pytest.mark.parametrize(
    ("form", "text", "value"),
    [
        (Address, '{"town": "Lima", "code": "123"}', Address(town="Lima", code="123")),
        (Point, '{"x": 1, "y": 2, "names": ["a"]}', Point(1, 2, ["a"])),
        (Options, '{"colour": "red", "size": 3}', {"colour": Colour.RED, "size": 3}),
        (Pair, '{"left": 1, "right": "b"}', Pair(1, "b")),
        (Documented, '{"first": 1}', Documented(1)),
        (Box[Pair], '{"item": {"left": 1, "right": "b"}}', Box[Pair](item=Pair(1, "b"))),
        (Node, '{"kids": [{"kids": []}]}', Node(kids=[Node()])),
        (Pet, '{"value": {"kind": "dog"}}', Dog(kind="dog")),
        (list[int], '{"value": [1, 2]}', [1, 2]),
        (set[str], '{"value": ["a", "a"]}', {"a"}),
        (tuple[float, float], '{"value": [1, 2.5]}', (1.0, 2.5)),
        (Colour, '{"value": "blue"}', Colour.BLUE),
        (Literal["a", 1], '{"value": 1}', 1),
        (Address | Point, '{"value": {"x": 1}}', Point(1)),
        (int | None, '{"value": null}', None),
        (datetime.date, '{"value": "2026-01-02"}', datetime.date(2026, 1, 2)),
        (decimal.Decimal, '{"value": "1.10"}', decimal.Decimal("1.10")),
        (int, '{"value": 123456789012345678901234567890}', 123456789012345678901234567890),
        (float, '{"value": Infinity}', float("inf")),
        (Names, '{"value": ["a"]}', Names(["a"])),
        (Deferred, '{"a": 1}', Deferred(a=1)),
        (list[Strict], '{"value": [{"day": "2026-01-02"}]}', [Strict(day=datetime.date(2026, 1, 2))]),
        (Marked, '{"mark": "a"}', Marked(mark="a")),
        (list[Deferred], '{"value": [{"a": 1}]}', [Deferred(a=1)]),
        (TypeAdapter(list[int]), '{"value": [1]}', [1]),
        (list[int], "[1, 2]", [1, 2]),
        (Address | Point, '{"x": 1}', Point(1)),
    ],
)
def test_text_is_read_as_the_type(form: Any, text: str, value: Any) -> None:
    wanted = output_type(form)
    assert wanted.format
    assert wanted.read(text) == value
    assert type(wanted.read(text)) is type(value)


def test_types_that_no_strict_schema_expresses_can_be_read() -> None:
    assert output_type(dict[str, int]).read('{"value": 1}') == {"value": 1}
    assert output_type(Any).read('{"value": {"a": 1}}') == {"a": 1}
    assert output_type(WithoutSchema).read('{"value": 1}') == WithoutSchema(value=1)


@pytest.mark.parametrize(
    ("form", "text", "message"),
    [
        (list[int], '{"value": [1', "Invalid JSON"),
        (list[int], '{"value": ["a"]}', "valid integer"),
        (int | None, "{}", "valid integer"),
        (list[int], '"\ud83d"', "Invalid JSON"),
        (Address, '{"town": "Lima", "code": "12"}', "at least 3 characters"),
        (Point, "x\ud83d", "Invalid JSON"),
    ],
)
def test_text_that_does_not_match_the_type_is_an_error(form: Any, text: str, message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        output_type(form).read(text)


class Aliased(BaseModel):
    plain: str = Field(alias="shownAs")
    chosen: str = Field(validation_alias=AliasChoices("one", "other"))
    dug_up: str = Field(validation_alias=AliasPath("data", 0))
    either: str = Field(validation_alias=AliasChoices(AliasPath("data", 1), "e"))


class ByName(BaseModel):
    model_config = ConfigDict(
        alias_generator=lambda name: name.upper(), validate_by_alias=False, validate_by_name=True
    )
    a_b: int


@pytest.mark.parametrize(("form", "names"), [(Aliased, ["shownAs", "one", "dug_up", "e"]), (ByName, ["a_b"])])
def test_properties_have_the_names_that_are_read(form: Any, names: list[str]) -> None:
    properties = text_format(form)["schema"]["properties"]
    assert [*properties] == names
    data = dict.fromkeys(names, 1 if form is ByName else "x")
    assert output_type(form).read(re.sub("'", '"', str(data)))


class Called:
    """A type with a schema that is a call, as that of a named tuple is before pydantic 2.14."""

    function: Any = Pair

    @classmethod
    def __get_pydantic_core_schema__(cls, source: object, handler: object) -> cs.CoreSchema:
        parameters = [
            cs.arguments_parameter("left", cs.int_schema()),
            cs.arguments_parameter("right", cs.with_default_schema(cs.str_schema(), default="r")),
        ]
        return cs.call_schema(cs.arguments_schema(parameters), cls.function)


class CalledFunction(Called):
    function: Any = staticmethod(lambda left, right: (left, right))


def test_named_tuple_of_an_older_pydantic_is_described_by_its_fields() -> None:
    schema: Any = output_type(Called).format["schema"]
    assert schema == output_type(Pair).format["schema"]
    assert output_type(CalledFunction).format["schema"]["properties"].keys() == {"left", "right"}


def test_named_tuples_are_described_by_their_fields_and_docstring() -> None:
    assert output_type(Pair).format["schema"] == {
        "title": "Pair",
        "type": "object",
        "properties": {
            "left": {"type": "integer"},
            "right": {"description": 'Default "r"', "type": "string"},
        },
        "required": ["left", "right"],
        "additionalProperties": False,
    }
    assert output_type(Documented).format.get("description") == "Two of a kind."


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (None, "expected a type: a pydantic model"),
        ("Address", "got str 'Address'"),
        ({"type": "object"}, "got dict"),
        (5, "pydantic cannot take 5: "),
        (object(), "Unable to generate"),
        (Annotated[str, Field(pattern="(")], "pydantic cannot take str: "),
    ],
)
def test_value_that_is_not_a_type_is_refused(form: Any, message: str) -> None:
    with pytest.raises(RequestValidationError) as caught:
        output_type(form)
    assert caught.value.path == "text_format"
    assert message in str(caught.value)
    assert pickle.loads(pickle.dumps(caught.value)).path == "text_format"


@pytest.mark.parametrize(
    ("form", "message"),
    [
        (dict[str, int], "text_format: has keys that are not known beforehand"),
        (Box[dict[int, str]], "text_format.item: has keys"),
        (list[Box[Any]], "text_format[].item: may be anything"),
        (tuple[int, str], "text_format: is a tuple of several types"),
        (Unfinished, "text_format: pydantic cannot take Unfinished: "),
        (list["Unknown"], "text_format: pydantic cannot take list["),  # noqa: F821  # defined nowhere
        (WithoutSchema, "text_format: pydantic cannot take WithoutSchema: Cannot generate a JsonSchema"),
    ],
)
def test_type_without_a_strict_schema_is_refused(form: Any, message: str) -> None:
    with pytest.raises(RequestValidationError) as caught:
        text_format(form)
    assert str(caught.value).startswith(f"The format was not made: {message}")


def test_output_type_is_cached() -> None:
    assert output_type(Address) is output_type(Address)
    assert output_type(list[Address]) is output_type(list[Address])
    assert output_type(Address).format is output_type(Address).format


def test_types_that_cannot_be_kept_work_all_the_same() -> None:
    form: Any = Annotated[int, {"not": "hashable"}]
    assert output_type(form).read('{"value": 1}') == 1


@pytest.mark.parametrize("form", [Address, list[Address], Address | None, Box[int], TypeAdapter(list[int])])
def test_output_types_are_pickled_by_their_type(form: Any) -> None:
    wanted = output_type(form)
    copied = pickle.loads(pickle.dumps(wanted))
    assert copied.label == wanted.label
    assert copied.format == wanted.format
    if not isinstance(form, TypeAdapter):
        assert copied is wanted


# --- requests


@pytest.mark.parametrize(
    "text", [None, {}, {"format": None}, {"verbosity": "low"}, TextConfig(verbosity="low")]
)
def test_format_is_added_to_other_settings(text: Any) -> None:
    params = {"model": "m", "text": text}
    made = with_format(params, output_type(Address))
    rest = {} if not text or "verbosity" not in str(text) else {"verbosity": "low"}
    assert made == {"model": "m", "text": {**rest, "format": text_format(Address)}}
    assert params == {"model": "m", "text": text}


@pytest.mark.parametrize(
    ("params", "path", "message"),
    [
        ({"text": {"format": {"type": "text"}}}, "text.format", "cannot be combined with text_format"),
        ({"text": TextConfig.from_dict({"format": {"type": "text"}})}, "text.format", "pass one of the two"),
        ({"extra_body": {"text": {}}}, "extra_body.text", "cannot be combined with text_format"),
        ({"text": "short"}, "text", "expected an object, got str 'short'"),
    ],
)
def test_two_formats_are_refused(params: dict[str, Any], path: str, message: str) -> None:
    with pytest.raises(RequestValidationError, match=message) as caught:
        with_format(params, output_type(Address))
    assert caught.value.path == path


@pytest.mark.parametrize(
    "params",
    [
        {"extra_body": {"x": 1}},
        {"extra_body": {}},
        {"extra_body": None},
        {"extra_body": {"format": {"type": "text"}}},
        {"text": None},
        {"text": {}},
        {"text": {"format": None}},
        {"text": {"verbosity": "low"}, "extra_body": {"texts": {}}},
    ],
)
def test_arguments_without_another_format_are_taken(params: dict[str, Any]) -> None:
    made: Any = with_format(params, output_type(Address))
    assert made["text"]["format"] == text_format(Address)
    assert made.get("extra_body") == params.get("extra_body")


def test_parse_cannot_be_combined_with_stream() -> None:
    with pytest.raises(RequestValidationError, match=r"use responses.stream\(text_format=...\)") as caught:
        check_whole({"stream": True})
    assert caught.value.path == "stream"
    check_whole({"stream": False})


# --- the start of a text


@pytest.mark.parametrize(
    ("form", "text", "data"),
    [
        (list[int], "{", None),
        (list[int], '{"value": [1, 2', [1]),
        (list[int], "[1, 2", [1]),
        (Address, '{"value', {}),
        (Address | Point, '{"town": "L', {"town": "L"}),
        (Address | Point, '{"value": {"town": "L', {"town": "L"}),
    ],
)
def test_start_of_a_text_is_unwrapped(form: Any, text: str, data: Any) -> None:
    assert output_type(form).unwrapped(partial_json(text)) == data


def test_titles_that_only_repeat_the_name_are_left_out() -> None:
    class Place(BaseModel):
        first_name: str
        b: str = Field(title="The letter")

    properties = text_format(Place)["schema"]["properties"]
    assert properties == {"first_name": {"type": "string"}, "b": {"title": "The letter", "type": "string"}}
