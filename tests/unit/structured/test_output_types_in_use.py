"""Types that people write: each is refused, or has a schema that allows only readable answers.

Answers are made of the schema alone, as the embedded server makes them, so a schema that promises more than the type
accepts is found.
"""

from __future__ import annotations

import collections
import datetime
import decimal
import enum
import fractions
import ipaddress
import json
import pathlib
import re
import sys
import uuid
from collections.abc import Callable, Mapping, Sequence
from dataclasses import InitVar, dataclass, field
from typing import (
    Annotated,
    Any,
    ClassVar,
    Generic,
    Literal,
    NamedTuple,
    NewType,
    NotRequired,
    Optional,
    Required,
    TypeVar,
    Union,
)

import pydantic.dataclasses
import pytest
from jsonschema import Draft202012Validator
from pydantic import (
    VERSION,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    FiniteFloat,
    PlainValidator,
    PositiveInt,
    PrivateAttr,
    RootModel,
    Secret,
    SecretBytes,
    SecretStr,
    StrictInt,
    StringConstraints,
    Tag,
    TypeAdapter,
    computed_field,
    field_validator,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.types import UUID4, PastDate
from pydantic_core import core_schema
from typing_extensions import ReadOnly, TypeAliasType, TypedDict

from responses_client import RequestValidationError, tool
from responses_client._structured.output_type import output_type
from responses_client.testing import Server

T = TypeVar("T")


class Word(enum.StrEnum):
    YES = "yes"
    NO = "no"


class Old(str, enum.Enum):
    A = "a"


class Count(enum.IntEnum):
    ONE = 1
    TWO = 2


class Mixed(enum.Enum):
    A = "a"
    TWO = 2
    HALF = 0.5
    NOTHING = None
    YES = True


class Auto(enum.Enum):
    A = enum.auto()
    B = enum.auto()


class Right(enum.Flag):
    READ = 1
    WRITE = 2
    RUN = 4


class Gap(enum.IntFlag):
    LOW = 1
    HIGH = 8


class Pairs(enum.Enum):
    A = (1, 2)


class Days(enum.Enum):
    A = datetime.date(2026, 1, 1)


@dataclass
class Data:
    a: int
    b: str = "x"
    c: int = field(init=False, default=0)
    d: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frozen:
    a: int
    tags: frozenset[str] = frozenset()


@dataclass
class Sub(Data):
    e: float = 0.0


@dataclass
class WithInit:
    a: int
    seed: InitVar[int] = 0
    kind: ClassVar[str] = "k"

    def __post_init__(self, seed: int) -> None:
        self.b = seed


@dataclass
class DataBox(Generic[T]):
    item: T


@dataclass
class DataTree:
    size: int
    kids: list[DataTree]


@pydantic.dataclasses.dataclass(config=ConfigDict(extra="forbid"))
class Checked:
    a: Annotated[int, Field(ge=0)]
    b: int = Field(init=False, default=0)


class Movie(TypedDict):
    title: str
    year: NotRequired[int]


class Loose(TypedDict, total=False):
    title: Required[str]
    year: int


class Fixed(TypedDict):
    title: ReadOnly[str]


class DictBox(TypedDict, Generic[T]):
    item: T


class DictTree(TypedDict):
    size: int
    kids: list[DictTree]


class Pair(NamedTuple):
    left: int
    right: str = "r"


class TupleTree(NamedTuple):
    size: int
    next: TupleTree | None = None


class Model(BaseModel):
    a: int


class Aliased(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, validate_by_name=True, validate_by_alias=True)
    first_name: str
    last_name: str = Field(alias="surname")


class Computed(BaseModel):
    a: int
    _cache: int = PrivateAttr(3)

    @computed_field
    @property
    def double(self) -> int:
        return self.a * 2


class Hidden(BaseModel):
    a: int
    b: int = Field(3, exclude=True)
    c: str = Field("x", repr=False, deprecated=True)


class Box(BaseModel, Generic[T]):
    item: T


class Tree(BaseModel):
    size: int
    left: Tree | None = Field(None, description="The smaller half.")
    kids: list[Tree] = []


class Forest(BaseModel):
    oldest: Tree = Field(description="The oldest one.")
    trees: list[Tree]


class Cat(BaseModel):
    kind: Literal["cat"]


class Dog(BaseModel):
    kind: Literal["dog", "wolf"] = "dog"
    size: int


class Hawk(BaseModel):
    kind: Literal[Word.YES]


def kind_of(value: Any) -> str:
    return str(value.get("kind") if isinstance(value, dict) else value.kind)


Pet = Annotated[Cat | Dog | Hawk, Field(discriminator="kind")]
TaggedPet = Annotated[Annotated[Cat, Tag("cat")] | Annotated[Dog, Tag("dog")], Discriminator(kind_of)]


class Names(RootModel[list[str]]):
    pass


class Number(RootModel[int]):
    pass


class Nested(RootModel["list[Nested] | int"]):
    pass


class Strict(BaseModel):
    model_config = ConfigDict(strict=True)
    at: datetime.datetime
    id: uuid.UUID
    place: tuple[int, int]
    parts: set[int]
    word: Word
    price: decimal.Decimal
    raw: bytes


class Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)
    a: int


class Open(BaseModel):
    model_config = ConfigDict(extra="allow")
    a: int


class Secrets(BaseModel):
    text: SecretStr
    raw: SecretBytes
    number: Secret[int]


class ByValue(BaseModel):
    model_config = ConfigDict(use_enum_values=True)
    word: Word
    mixed: Mixed


class Defaults(BaseModel):
    a: int | None = None
    b: list[int] = Field(default_factory=list)
    c: Mixed = Mixed.A
    d: datetime.date = datetime.date(2026, 1, 1)
    e: Model = Model(a=1)
    f: Right = Right.READ | Right.RUN


class Validated(BaseModel):
    a: int

    @field_validator("a")
    @classmethod
    def check(cls, value: int) -> int:
        return value

    @model_validator(mode="wrap")
    @classmethod
    def check_all(cls, data: Any, handler: Any) -> Any:
        return handler(data)


class Celsius:
    def __init__(self, degrees: float) -> None:
        self.degrees = degrees

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        return core_schema.no_info_after_validator_function(cls, core_schema.float_schema())


class Raw:
    def __init__(self, text: object) -> None:
        self.text = text

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> Any:
        return core_schema.no_info_plain_validator_function(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: Any) -> Any:
        return {"type": "string"}


class Everything(BaseModel):
    data: list[Data | None]
    rights: tuple[Right, ...]
    checked: Annotated[Checked, "A string."] | None
    pets: list[Pet] | str
    box: Box[Box[DataBox[int]]]


Alias = TypeAliasType("Alias", list[int])
JsonAlias = TypeAliasType("JsonAlias", "list[JsonAlias] | int | str | None")
BoxAlias = TypeAliasType("BoxAlias", list[T], type_params=(T,))
UserId = NewType("UserId", int)

READ: list[Any] = [
    *(int, float, str, bool, None.__class__, bytes, decimal.Decimal, uuid.UUID, UUID4),
    # Before, its schema says no more than "a string", so that the embedded server makes up any.
    pytest.param(fractions.Fraction, marks=pytest.mark.skipif(VERSION < "2.14", reason="pydantic 2.14")),
    *(datetime.date, datetime.datetime, datetime.time, datetime.timedelta, AwareDatetime, PastDate),
    *(pathlib.Path, re.Pattern, re.Pattern[str], ipaddress.IPv4Address, ipaddress.IPv6Address),
    *(Word, Old, Count, Mixed, Auto, Right, Gap, list[Right], Optional[Gap]),
    *(Literal["a"], Literal["a", 1, None, True], Literal[Word.YES], Literal[Count.ONE, "x"], Literal[Old.A]),
    *(Data, Frozen, Sub, WithInit, DataBox[int], DataTree, Checked),
    *(Movie, Loose, Fixed, DictBox[int], DictTree, Pair, TupleTree),
    *(Model, Aliased, Computed, Hidden, Box[int], Box[list[Model]], Box[Box[str]], Tree, Forest),
    *(Pet, TaggedPet, list[Pet], Names, Number, Nested, Strict, Closed, Open, Secrets, ByValue, Defaults),
    *(Validated, Celsius, Raw, Everything, Alias, JsonAlias, BoxAlias[int], UserId),
    *(list[int], Sequence[int], set[int], frozenset[str], collections.deque[int]),
    *(
        tuple[int, int],
        tuple[int, ...],
        int | None,
        int | str,
        Union[int, list[str]],
        Data | Movie,
        Cat | Dog,
    ),
    Annotated[int, Field(gt=0, lt=10, multiple_of=2)],
    Annotated[list[int], Field(min_length=1, max_length=3)],
    Annotated[float, Field(ge=0, le=1)],
    Annotated[decimal.Decimal, Field(max_digits=4, decimal_places=1)],
    Annotated[str, StringConstraints(to_upper=True)],
    Annotated[int, BeforeValidator(int)],
    Annotated[Model | None, Field(description="x")],
    *(PositiveInt, StrictInt, FiniteFloat, TypeAdapter(list[Model]), list[Celsius]),
]

REFUSED: list[Any] = [
    *(dict[str, int], Mapping[str, int], collections.defaultdict[str, int], collections.Counter[str]),
    *(collections.OrderedDict[str, int], dict, list, Any, object, tuple[int, str], type[int], T),
    *(Callable[[int], int], Literal[Mixed.A], Literal[Right.RUN], Literal[b"x"], Pairs, Days),
    *(list[Literal[Mixed.A]], Literal[Mixed.A] | int, Box[Literal[Mixed.A]]),
    Annotated[int, PlainValidator(int)],
]


def short_name(form: object) -> str:
    return re.sub(r"(?:[\w<>]+\.)+| at 0x[0-9a-f]+", "", str(form))[:40]


@pytest.fixture(scope="module")
def server() -> Any:
    with Server() as server:
        yield server


@pytest.mark.parametrize("text", ["Hi", "12 and 5", 'Say "Ada Lovelace" 3 times'])
@pytest.mark.parametrize("form", READ, ids=short_name)
@pytest.mark.filterwarnings("ignore:Item 'title' on TypedDict class:UserWarning")
def test_answer_of_the_schema_is_read_as_the_type(server: Server, form: Any, text: str) -> None:
    with server.client() as client:
        found = client.responses.parse(model="m", input=text, text_format=form)
    assert found.parse_error is None, found.output_text

    schema = output_type(form).format["schema"]
    Draft202012Validator.check_schema(schema)
    Draft202012Validator(schema).validate(json.loads(found.output_text))
    if isinstance(form, type) and not form.__module__.startswith("pydantic"):  # which names annotations only
        assert isinstance(found.output_parsed, dict if "__total__" in vars(form) else form)


@pytest.mark.parametrize("form", REFUSED, ids=short_name)
def test_type_without_a_strict_schema_is_refused_by_name(form: Any) -> None:
    with pytest.raises(RequestValidationError, match="text_format") as caught:
        _ = output_type(form).format
    assert all(error["message"] for error in caught.value.errors)


@pytest.mark.parametrize("form", READ, ids=short_name)
@pytest.mark.filterwarnings("ignore:Item 'title' on TypedDict class:UserWarning")
def test_parameter_of_the_type_is_given_to_the_function(server: Server, form: Any) -> None:
    hint = form if not isinstance(form, TypeAdapter) else list[Model]
    given: list[Any] = []

    def save(value: Any) -> str:
        given.append(value)
        return "saved"

    save.__annotations__ = {"value": hint}
    with server.client() as client:
        server.call_tool("save", tool_arguments(client, save)).reply("Done.")
        client.responses.run(model="m", input="Hi", tools=[tool(on_error="raise")(save)])
    assert len(given) == 1


def tool_arguments(client: Any, function: Callable[..., object]) -> Any:
    """Arguments of the schema alone, as the embedded server makes them."""
    definition: Any = tool(function).definition
    wanted = {"type": "json_schema", "name": "x", "schema": definition["parameters"], "strict": True}
    made = client.responses.create(model="m", input="Hi 7", text={"format": wanted})
    return json.loads(made.output_text)


@pytest.mark.skipif(sys.version_info < (3, 12), reason="PEP 695 needs Python 3.12")
def test_types_of_newer_syntax_are_read() -> None:
    names: dict[str, Any] = {"BaseModel": BaseModel}
    exec(  # no earlier Python can parse it
        "type Numbers = list[int]\n"
        "type Deep = list[Deep] | int\n"
        "type Some[T] = list[T] | None\n"
        "class NewBox[T](BaseModel):\n    item: T\n",
        names,
    )
    assert output_type(names["Numbers"]).read('{"value": [1]}') == [1]
    assert output_type(names["Deep"]).read('{"value": [[1], 2]}') == [[1], 2]
    assert output_type(names["Some"][int]).read('{"value": null}') is None
    box = names["NewBox"][int]
    assert output_type(box).read('{"item": 1}') == box(item=1)
    for form in (names["Numbers"], names["Deep"], names["Some"][int], box):
        Draft202012Validator.check_schema(output_type(form).format["schema"])
