"""The workarounds for versions of pydantic; all of them work on each version."""

from __future__ import annotations

from typing import Annotated, Any, NamedTuple

from pydantic import BaseModel, ConfigDict
from pydantic_core import core_schema as cs

from responses_client.models import Model
from responses_client.models._pydantic_versions import (
    as_named_tuple,
    base_that_keeps_mocks,
    omit_marked,
    omitted_if,
)
from responses_client.models._tolerance import omit_read_only, omits_read_only

Base: Any = base_that_keeps_mocks()


class Deferred(Base):
    model_config = ConfigDict(defer_build=True)
    name: str


def test_class_that_is_not_built_keeps_what_builds_it() -> None:
    mock = vars(Deferred)["__pydantic_validator__"]
    del Deferred.__pydantic_validator__
    assert vars(Deferred)["__pydantic_validator__"] is mock
    assert Deferred(name="x").name == "x"


def test_class_that_is_built_can_lose_what_was_built() -> None:
    class Built(Base):
        name: str

    del Built.__pydantic_validator__
    assert "__pydantic_validator__" not in vars(Built)
    Built.model_rebuild(force=True)
    assert Built(name="x").name == "x"


class Item(BaseModel):
    shown: str = "a"
    marked: Annotated[str, omitted_if(omits_read_only, is_native=False)] = "b"

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> cs.CoreSchema:
        return omit_marked(cls, handler(source))


def test_marked_field_is_not_written_where_the_condition_holds() -> None:
    item = Item()
    assert item.model_dump() == {"shown": "a", "marked": "b"}
    with omit_read_only():
        assert item.model_dump() == {"shown": "a"}
        assert item.model_dump_json() == '{"shown":"a"}'


def test_class_without_marked_fields_has_the_schema_it_had() -> None:
    schema = cs.any_schema()
    assert omit_marked(Model, schema) is schema


class Pair(NamedTuple):
    left: int
    right: str = ""


def test_call_of_a_named_tuple_is_read_as_its_fields() -> None:
    parameters = [
        cs.arguments_parameter("left", cs.int_schema(), alias="l"),
        cs.arguments_parameter("right", cs.str_schema()),
    ]
    schema: Any = as_named_tuple(cs.call_schema(cs.arguments_schema(parameters), Pair))
    assert schema["cls"] is Pair
    assert [(field["name"], field["validation_alias"]) for field in schema["fields"]] == [
        ("left", "l"),
        ("right", None),
    ]


def test_call_of_anything_else_is_not_a_named_tuple() -> None:
    for function in (print, dict, tuple):
        assert as_named_tuple(cs.call_schema(cs.arguments_schema([]), function)) is None
