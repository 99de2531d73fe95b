"""Marked fields take values beside their declared type, and write them as they came."""

from __future__ import annotations

import copy
import pickle

import pytest

from responses_client.errors import ResponseValidationError
from responses_client.models import FunctionCallOutput, Response, ShellTool
from responses_client.models._tolerance import omit_read_only, write_json


def test_a_null_list_is_empty_to_readers_and_null_when_written():
    response = Response.from_dict({"tools": None, "output": None})
    assert (response.tools, response.output) == ([], [])
    assert response.to_dict() == {"tools": None, "output": None}
    assert response.to_json() == '{"output":null,"tools":null}'
    response.tools.append(ShellTool())
    assert response.to_dict() == {"tools": [{"type": "shell"}], "output": None}
    assert copy.deepcopy(response) == pickle.loads(pickle.dumps(response)) == response


def test_numbers_keep_their_type():
    wire = {
        "created_at": 1,
        "completed_at": 1.0,
        "temperature": 0,
        "top_p": 1e-7,
        "max_output_tokens": 10**40,
    }
    response = Response.from_dict(wire, strict=True)
    assert {k: type(v) for k, v in response.to_dict().items()} == {k: type(v) for k, v in wire.items()}
    assert response.to_dict() == wire
    text = Response.from_json('{"temperature": -Infinity, "cup": [NaN, 1e999]}').to_json()
    assert text == '{"temperature":-Infinity,"cup":[NaN,Infinity]}'


def test_string_with_known_values_may_have_another_value_but_no_other_type() -> None:
    assert Response.from_dict({"status": "expired"}, strict=True).status == "expired"
    with pytest.raises(ResponseValidationError, match="valid string at status"):
        Response.from_dict({"status": 5}, strict=True)


@pytest.mark.parametrize("output", ["12 °C", [{"type": "input_text", "text": "12 °C"}]])
def test_field_takes_a_string_or_its_other_form(output: object) -> None:
    wire = {"type": "function_call_output", "call_id": "call_1", "output": output}

    assert FunctionCallOutput.from_dict(wire, strict=True).to_dict() == wire


def test_field_that_is_neither_a_string_nor_its_other_form_has_one_error() -> None:
    wire = {"type": "function_call_output", "call_id": "call_1", "output": 5}

    with pytest.raises(ResponseValidationError, match="should be a string or a list at output"):
        FunctionCallOutput.from_dict(wire, strict=True)


def test_field_that_only_servers_set_is_left_out_of_requests() -> None:
    wire = {"type": "function_call_output", "call_id": "call_1", "output": "12", "created_by": "me"}
    item = FunctionCallOutput.from_dict(wire)

    with omit_read_only():
        assert b"created_by" not in write_json(item)
    assert item.to_dict() == wire
