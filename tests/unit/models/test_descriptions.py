"""Descriptions of the fields of models at run time: in `model_fields`, and in JSON schemas."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from pydantic import Field, TypeAdapter

from responses_client import ParsedResponse
from responses_client.models import Model, Response, TextConfig, TextFormatJsonSchema

VERBOSITY = "Verbosity of the text; `medium` when absent."
SAMPLING = "Sampling temperature in effect, 0 to 2."


class Letter(Model):
    """A model of a program."""

    to: str = ""
    """To whom it is,
    with the address."""
    stamp: str = Field("", description="The stamp.")
    """What is on it."""
    weight: int = 0

    def seal(self) -> None:
        """A method is not a field."""


def test_field_has_its_description() -> None:
    assert TextConfig.model_fields["verbosity"].description == VERBOSITY
    assert Response.model_fields["temperature"].description == SAMPLING


def test_fields_of_a_base_class_have_theirs() -> None:
    class Note(Letter):
        """A note."""

    assert ParsedResponse[int].model_fields["temperature"].description == SAMPLING
    assert Note.model_fields["to"].description == "To whom it is, with the address."


def test_description_of_a_field_itself_comes_first() -> None:
    descriptions = {name: field.description for name, field in Letter.model_fields.items()}

    assert descriptions == {"to": "To whom it is, with the address.", "stamp": "The stamp.", "weight": None}


def test_field_that_is_not_described_has_no_description_in_a_schema() -> None:
    assert "description" not in Letter.model_json_schema()["properties"]["weight"]


@pytest.mark.parametrize("by_alias", [True, False])
def test_schema_has_descriptions_under_the_names_that_it_uses(by_alias: bool) -> None:
    properties = TextFormatJsonSchema.model_json_schema(by_alias=by_alias)["properties"]

    assert "schema" in str(properties["schema" if by_alias else "schema_"]["description"]).lower()


def test_schemas_of_models_inside_have_descriptions_after_answers_were_read() -> None:
    TextConfig.from_dict({"verbosity": "low"})
    schema = TypeAdapter(list[TextConfig]).json_schema()

    assert schema["$defs"]["TextConfig"]["properties"]["verbosity"]["description"] == VERBOSITY


def test_class_without_source_has_no_descriptions() -> None:
    names: dict[str, Any] = {"Model": Model, "__name__": "no_module_at_all"}
    exec("class Stamp(Model):\n    price: int = 0\n    'The price.'", names)

    assert names["Stamp"].model_fields["price"].description is None


def test_reading_an_answer_reads_no_source() -> None:
    program = """
import sys
from responses_client.models import Response
assert Response.from_json('{"id": "resp_1", "output": []}').output_text == ""
print("responses_client.models._descriptions" in sys.modules)
print(Response.model_fields["id"].description)
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert found.stdout.splitlines() == ["False", Response.model_fields["id"].description]
