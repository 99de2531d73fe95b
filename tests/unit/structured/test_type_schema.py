"""The schemas of types: values that can be read, and the descriptions that people write."""

from __future__ import annotations

import datetime
import decimal
import enum
import json
import uuid
from dataclasses import InitVar, dataclass, field
from typing import Annotated, Any, ClassVar, Generic, Literal, NamedTuple, NotRequired, Optional, TypeVar

import pydantic.dataclasses
import pytest
from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    NaiveDatetime,
    PastDate,
    PlainValidator,
    PydanticUserError,
    TypeAdapter,
    WrapValidator,
    field_validator,
    model_validator,
)
from pydantic.types import UUID4, FutureDatetime
from typing_extensions import Doc, TypeAliasType, TypedDict

from responses_client import RequestValidationError, ToolDefinitionError, tool
from responses_client._structured.output_type import output_type
from responses_client._structured.type_schema import described, schema_of

T = TypeVar("T")
A = Annotated[int, "A number."]


class Plain(enum.Enum):
    RED = "red"
    TWO = 2


class Day(enum.Enum):
    FIRST = datetime.date(2026, 1, 1)


class Spelled(enum.Enum):
    """A class that reads its own values."""

    FIRST = datetime.date(2026, 1, 1)

    @classmethod
    def _missing_(cls, value: object) -> Spelled | None:
        return cls.FIRST if value == "2026-01-01" else None


class Word(enum.StrEnum):
    YES = "yes"


class Count(enum.IntEnum):
    ONE = 1


class Right(enum.Flag):
    """The rights of a user."""

    READ = 1
    WRITE = 2
    RUN = 4
    ALL = 7


class Gap(enum.IntFlag):
    LOW = 1
    HIGH = 8


Many = enum.Flag("Many", {f"F{number}": 2 ** (2 * number) for number in range(9)})


@dataclass
class Plan:
    name: str
    done: bool = field(init=False, default=False)
    seed: InitVar[int] = 0
    kind: ClassVar[str] = "plan"


@pydantic.dataclasses.dataclass(config=ConfigDict(extra="forbid"))
class ClosedPlan:
    name: str
    done: bool = Field(init=False, default=False)


@dataclass
class LongPlan(Plan):
    steps: list[Plan] = field(default_factory=list)


class Plans(BaseModel):
    first: Plan | None
    rest: list[ClosedPlan]


class Tree(BaseModel):
    """A tree."""

    size: int
    left: Optional[Annotated[Tree, Field(description="The smaller half.")]] = None
    rest: list[Annotated[Tree, Field(description="Any other.", examples=[1])]] = []


class Forest(BaseModel):
    oldest: Tree = Field(description="The oldest tree.")


def field_schema(form: Any) -> dict[str, Any]:
    """The schema that the model reads for a type, as the only field of an answer."""
    holder: Any = TypedDict("Holder", {"value": form})
    schema: Any = output_type(holder).format["schema"]
    found: dict[str, Any] = schema["properties"]["value"]
    return schema["$defs"][found["$ref"].rpartition("/")[2]] if "$ref" in found else found


WRAPPINGS = [
    lambda form: form,
    lambda form: list[form],
    lambda form: Optional[form],
    lambda form: dict[Literal["a"], form] | form,
    lambda form: Annotated[form, Field(description="A value.")],
    lambda form: TypedDict("Holder", {"value": form}),
]


@pytest.mark.parametrize("wrap", WRAPPINGS)
@pytest.mark.parametrize(
    ("form", "value"),
    [
        (Literal[Plain.RED], "Plain.RED"),
        (Literal["red", Plain.TWO], "Plain.TWO"),
        (Literal[Right.RUN], "Right.RUN"),
        (Literal[b"red"], "b'red'"),
        (Day, "Day.FIRST"),
    ],
)
def test_value_that_cannot_be_read_from_json_is_refused(form: Any, value: str, wrap: Any) -> None:
    """A schema with such a value would lead to answers that fail, however right they are."""
    with pytest.raises(RequestValidationError, match=f"has the value {value}, which pydantic cannot read"):
        _ = output_type(wrap(form)).format


@pytest.mark.parametrize("strict", [True, False])
def test_parameter_with_such_a_value_is_refused(strict: bool) -> None:
    def paint(colour: Literal[Plain.RED] | None) -> None: ...

    paint.__annotations__["colour"] = Optional[Literal[Plain.RED]]
    with pytest.raises(ToolDefinitionError, match=r"paint\.colour.*Plain\.RED, which pydantic cannot read"):
        _ = tool(strict=strict)(paint).definition


@pytest.mark.parametrize(
    ("form", "data", "value"),
    [
        (Literal[Word.YES], "yes", Word.YES),
        (Literal[Count.ONE, "x", None], 1, Count.ONE),
        (Literal[Gap.LOW], 1, Gap.LOW),
        (Plain, 2, Plain.TWO),
        (Spelled, "2026-01-01", Spelled.FIRST),
    ],
)
def test_value_that_can_be_read_from_json_is_listed(form: Any, data: object, value: object) -> None:
    schema = field_schema(form)
    assert data in schema.get("enum", [schema.get("const")])
    assert output_type(form).read(json.dumps({"value": data})) is value


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (
            Right,
            {
                "title": "Right",
                "description": "The rights of a user. (the sum of any of 1 = READ, 2 = WRITE, 4 = RUN)",
                "type": "integer",
                "minimum": 0,
                "maximum": 7,
            },
        ),
        (
            Gap,
            {
                "title": "Gap",
                "description": "The sum of any of 1 = LOW, 8 = HIGH",
                "type": "integer",
                "enum": [0, 1, 8, 9],
            },
        ),
        (
            Annotated[Right, Field(description="For Ada.")],
            {
                "title": "Right",
                "description": "For Ada. (the sum of any of 1 = READ, 2 = WRITE, 4 = RUN)",
                "type": "integer",
                "minimum": 0,
                "maximum": 7,
            },
        ),
    ],
)
def test_flags_are_sums(form: Any, expected: dict[str, Any]) -> None:
    assert field_schema(form) == expected


def test_flags_with_too_many_sums_have_bounds() -> None:
    schema = field_schema(Many)
    assert (schema["minimum"], schema["maximum"]) == (0, sum(flag.value for flag in Many))
    assert "enum" not in schema


@pytest.mark.parametrize("number", range(8))
def test_each_sum_of_flags_is_read(number: int) -> None:
    assert output_type(list[Right]).read(json.dumps({"value": [number]})) == [Right(number)]


@pytest.mark.parametrize("form", [Plan, ClosedPlan, LongPlan, Plans])
def test_fields_that_no_argument_sets_are_not_asked_for(form: Any) -> None:
    text = json.dumps(output_type(form).format["schema"])
    assert '"done"' not in text
    assert '"kind"' not in text
    assert ('"seed"' in text) == (form is not ClosedPlan)


def test_fields_that_no_argument_sets_are_no_parameters() -> None:
    def save(plan: Plan, others: list[ClosedPlan]) -> None: ...

    save.__annotations__ = {"plan": Plan, "others": list[ClosedPlan]}
    for strict in (True, False):
        assert '"done"' not in json.dumps(tool(strict=strict)(save).definition)


@pytest.mark.parametrize(
    ("form", "texts"),
    [
        (Forest, ["The oldest tree.", "The smaller half.", "Any other. (for example 1)", "A tree."]),
        (Tree, ["The smaller half.", "Any other. (for example 1)", "A tree."]),
        (list[Tree], ["The smaller half.", "Any other. (for example 1)", "A tree."]),
    ],
)
def test_descriptions_of_recursive_types_are_kept(form: Any, texts: list[str]) -> None:
    schema = output_type(form).format["schema"]
    shown = json.dumps(schema)
    assert [text for text in texts if json.dumps(text) not in shown] == []
    # Nothing may stand beside a reference in a strict schema.
    assert all(keys == ["$ref"] for keys in keys_beside_references(schema))


def keys_beside_references(node: Any) -> list[list[str]]:
    if isinstance(node, list):
        return [keys for each in node for keys in keys_beside_references(each)]
    if not isinstance(node, dict):
        return []
    own = [[*node]] if "$ref" in node else []
    return own + [keys for each in node.values() for keys in keys_beside_references(each)]


def test_description_of_a_recursive_parameter_is_kept() -> None:
    def plant(tree: Tree) -> None: ...

    plant.__annotations__ = {"tree": Annotated[Tree, Field(description="The new tree.")]}
    schema: Any = tool(plant).definition
    found = schema["parameters"]["properties"]["tree"]
    assert found == {"description": "The new tree.", "anyOf": [{"$ref": "#/$defs/Tree"}]}


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (
            decimal.Decimal,
            {"anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}]},
        ),
        (
            Annotated[decimal.Decimal, Field(max_digits=5, decimal_places=2)],
            {
                "description": "At most 5 digits, 2 after the point",
                "anyOf": [{"type": "number"}, {"type": "string", "pattern": r"^-?\d+(\.\d+)?$"}],
            },
        ),
        (PastDate, {"description": "In the past", "type": "string", "format": "date"}),
        (FutureDatetime, {"description": "In the future", "type": "string", "format": "date-time"}),
        (
            NaiveDatetime,
            {
                "description": "ISO 8601, without a time zone",
                "type": "string",
                "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?$",
            },
        ),
        (UUID4, {"description": "Format uuid4", "type": "string", "format": "uuid"}),
        (uuid.UUID, {"type": "string", "format": "uuid"}),
    ],
)
def test_limits_that_only_pydantic_knows_are_told(form: Any, expected: dict[str, Any]) -> None:
    assert field_schema(form) == expected


def as_plain(value: object) -> object:
    return Plain(value) if isinstance(value, str) else value


class Converted(BaseModel):
    literal: Annotated[Literal[Plain.RED], BeforeValidator(as_plain)]
    day: Annotated[Day, BeforeValidator(lambda value: Day(datetime.date.fromisoformat(value)))]
    twice: Annotated[Day, WrapValidator(lambda value, _: Day(datetime.date.fromisoformat(value)))]
    plain: Annotated[
        Day,
        PlainValidator(
            lambda value: Day(datetime.date.fromisoformat(value)), json_schema_input_type=Literal[Day.FIRST]
        ),
    ]
    field: Literal[Plain.RED]

    @field_validator("field", mode="before")
    @classmethod
    def convert(cls, value: object) -> object:
        return as_plain(value)


class ConvertedBefore(BaseModel):
    colour: Literal[Plain.RED]

    @model_validator(mode="before")
    @classmethod
    def convert(cls, data: dict[str, object]) -> dict[str, object]:
        return {name: as_plain(value) for name, value in data.items()}


def test_values_that_a_validator_converts_are_not_refused() -> None:
    assert schema_of(TypeAdapter(Converted))["properties"]["literal"]["const"] == "red"
    made = Converted.model_validate_json(
        '{"literal": "red", "day": "2026-01-01", "twice": "2026-01-01", "plain": "2026-01-01", "field": "red"}'
    )
    assert (made.literal, made.day, made.plain, made.field) == (Plain.RED, Day.FIRST, Day.FIRST, Plain.RED)
    assert schema_of(TypeAdapter(ConvertedBefore))["properties"]["colour"]["const"] == "red"
    assert ConvertedBefore.model_validate_json('{"colour": "red"}').colour is Plain.RED


class TwiceConverted(BaseModel):
    first: Annotated[Day, BeforeValidator(lambda value: Day(datetime.date.fromisoformat(value)))]
    last: Annotated[Day, BeforeValidator(lambda value: Day(datetime.date.fromisoformat(value)))]


def test_values_of_a_type_that_is_converted_in_all_its_places_are_not_refused() -> None:
    assert schema_of(TypeAdapter(TwiceConverted))["$defs"]["Day"]["enum"] == ["2026-01-01"]


class HalfConverted(BaseModel):
    day: Annotated[Day, BeforeValidator(lambda value: Day(datetime.date.fromisoformat(value)))]
    bare: Day


class AfterConverted(BaseModel):
    day: Annotated[Day, AfterValidator(lambda value: value)]
    literal: Annotated[Literal["a"], BeforeValidator(str)] = "a"


@pytest.mark.parametrize("form", [HalfConverted, AfterConverted])
def test_values_beside_a_validator_are_refused(form: Any) -> None:
    with pytest.raises(PydanticUserError, match="which pydantic cannot read"):
        schema_of(TypeAdapter(form))


class Told(BaseModel):
    model_config = ConfigDict(alias_generator=str.upper, validate_by_name=True)
    plain: Annotated[int, "Of a string."]
    doc: Annotated[int, Doc("Of a Doc.")]
    nullable: Annotated[int, "Of the type inside."] | None
    both: Annotated[int, "Not this.", Field(description="Of the field.")]
    last: Annotated[Annotated[int, "Not this."], "Of the last."]
    other: Annotated[int, 5, Field(ge=1)]


Alias = TypeAliasType("Alias", Annotated[int, "Of an alias."])


class ToldInside(BaseModel):
    items: list[A]
    optional: list[A | None] | None = None
    mapped: Annotated[dict[str, A], "Of all."]
    pair: tuple[A, Alias]
    either: A | list[Alias]
    alias: Alias
    field: list[Annotated[int, "Not this.", Field(description="Of a field.")]]
    anything: list[Any]
    nothing: tuple[()]


class ToldDict(TypedDict):
    plain: NotRequired[Annotated[int, "Of a string.", Field(alias="PLAIN")]]
    tree: Annotated[Tree, "Of a tree."]


@dataclass
class ToldData:
    plain: Annotated[int, "Of a string."]
    doc: Annotated[int, Doc("Of a Doc.")] = 3
    hidden: Annotated[int, "Of a field that is not requested."] = field(init=False, default=0)


@pydantic.dataclasses.dataclass
class ToldPydantic:
    plain: Annotated[int, "Of a string.", Field(alias="PLAIN")]


class ToldTuple(NamedTuple):
    plain: Annotated[int, "Of a string."]
    other: int | str = 3


class ToldBox(BaseModel, Generic[T]):
    item: Annotated[T, "Of an item."]


@pytest.mark.parametrize(
    ("form", "texts"),
    [
        (
            Told,
            {
                "PLAIN": "Of a string.",
                "DOC": "Of a Doc.",
                "NULLABLE": "Of the type inside.",
                "BOTH": "Of the field.",
                "LAST": "Of the last.",
                "OTHER": None,
            },
        ),
        (ToldDict, {"PLAIN": "Of a string.", "tree": "Of a tree."}),
        (ToldData, {"plain": "Of a string.", "doc": "Of a Doc. (default 3)"}),
        (ToldPydantic, {"PLAIN": "Of a string."}),
        (ToldTuple, {"plain": "Of a string.", "other": "Default 3"}),
        (ToldBox[int], {"item": "Of an item."}),
    ],
)
def test_plain_strings_of_annotations_describe_fields(form: Any, texts: dict[str, str | None]) -> None:
    properties: Any = output_type(form).format["schema"]["properties"]
    assert {name: part.get("description") for name, part in properties.items()} == texts


def test_plain_strings_inside_the_types_of_fields_describe_their_parts() -> None:
    told: dict[str, Any] = {"description": "A number.", "type": "integer"}
    maybe = {"description": "A number.", "anyOf": [{"type": "integer"}, {"type": "null"}]}
    aliased: dict[str, Any] = {"description": "Of an alias.", "$ref": "#/$defs/Alias"}
    properties = schema_of(TypeAdapter(ToldInside))["properties"]
    shown = {
        name: {key: value for key, value in part.items() if key not in ("default", "title")}
        for name, part in properties.items()
    }
    assert shown == {
        "items": {"type": "array", "items": told},
        "optional": {"anyOf": [{"type": "array", "items": maybe}, {"type": "null"}]},
        "mapped": {"description": "Of all.", "type": "object", "additionalProperties": told},
        "pair": {"type": "array", "minItems": 2, "maxItems": 2, "prefixItems": [told, aliased]},
        "either": {"anyOf": [told, {"type": "array", "items": aliased}]},
        "alias": aliased,
        "field": {"type": "array", "items": {"description": "Of a field.", "type": "integer"}},
        "anything": {"type": "array", "items": {}},
        "nothing": {"type": "array", "minItems": 0, "maxItems": 0},
    }


def test_annotations_that_only_pydantic_can_evaluate_are_left_alone() -> None:
    class Local(BaseModel):
        size: int

    class Holder(TypedDict):
        local: Annotated[Local, "Lost: the class is not found by its name."]

    schema = schema_of(TypeAdapter(Holder))
    assert schema["properties"]["local"] == {"$ref": "#/$defs/Local"}


def test_typed_dicts_without_a_class_have_a_schema() -> None:
    class Bare:
        @classmethod
        def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
            fields = {"size": {"type": "typed-dict-field", "schema": handler(int)}}
            return {"type": "typed-dict", "fields": fields}

    assert schema_of(TypeAdapter(Bare))["properties"] == {"size": {"type": "integer"}}


A_FIELD = Annotated[int, Field(description="A number."), "A number."]


@pytest.mark.parametrize(
    ("hint", "expected"),
    [
        (A, {"description": "A number.", "type": "integer"}),
        (
            Alias,
            {
                "description": "Of an alias.",
                "$ref": "#/$defs/Alias",
                "$defs": {"Alias": {"type": "integer"}},
            },
        ),
        (Optional[A], {"anyOf": [{"description": "A number.", "type": "integer"}, {"type": "null"}]}),
        (A | None, {"anyOf": [{"description": "A number.", "type": "integer"}, {"type": "null"}]}),
        (list[A], {"items": {"description": "A number.", "type": "integer"}, "type": "array"}),
        (tuple[A, ...], {"items": {"description": "A number.", "type": "integer"}, "type": "array"}),
        (Annotated[A, Field(ge=1)], {"description": "A number.", "minimum": 1, "type": "integer"}),
        (
            Annotated[list[Annotated[int, Doc("A number.")]], "Numbers."],
            {
                "description": "Numbers.",
                "items": {"description": "A number.", "type": "integer"},
                "type": "array",
            },
        ),
        (
            Annotated[int, Field(description="Mine."), "Not this."],
            {"description": "Mine.", "type": "integer"},
        ),
        (
            dict[str, A],
            {
                "additionalProperties": {"description": "A number.", "type": "integer"},
                "type": "object",
            },
        ),
    ],
)
def test_plain_strings_become_descriptions_anywhere_in_a_type(hint: Any, expected: dict[str, Any]) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(described(hint))
    assert schema_of(adapter) == expected


@pytest.mark.parametrize(
    "hint", [int, list[int], Literal["A number."], int | None, Annotated[int, Field(ge=1)], Any, list, T, ...]
)
def test_other_types_stay_as_they_are(hint: Any) -> None:
    assert described(hint) == hint
