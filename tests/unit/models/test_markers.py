"""Marked fields take values beside their declared type, and write them as they came."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from typing import Any

import pytest

from responses_client.errors import ResponseValidationError
from responses_client.models import (
    CompactedResponse,
    FunctionCallOutput,
    InputTokenCount,
    InputTokensDetails,
    Response,
    ResponseSteerEvent,
    ShellTool,
    Usage,
)
from responses_client.models._tolerance import omit_read_only, write_json


def test_a_null_list_is_empty_to_readers_and_null_when_written():
    response = Response.from_dict({"tools": None, "output": None})
    assert (response.tools, response.output) == ([], [])
    assert response.to_dict() == {"tools": None, "output": None}
    assert response.to_json() == '{"output":null,"tools":null}'
    response.tools.append(ShellTool())
    assert response.to_dict() == {"tools": [{"type": "shell"}], "output": None}
    assert copy.deepcopy(response) == pickle.loads(pickle.dumps(response)) == response


USAGES: list[dict[str, Any]] = [
    {},
    {"input_tokens": None, "output_tokens": None, "total_tokens": None},
    {"input_tokens_details": None, "output_tokens_details": None},
    {"input_tokens_details": {}, "output_tokens_details": {"reasoning_tokens": None}},
    {"input_tokens_details": {"x": None}},
]


@pytest.mark.parametrize("wire", USAGES)
def test_counts_are_numbers_and_details_are_objects_whatever_came(wire: dict[str, Any]) -> None:
    usage = Usage.from_dict(wire, strict=True)
    details = usage.input_tokens_details
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (0, 0, 0)
    assert (details.cached_tokens, details.cache_write_tokens) == (0, 0)
    assert details.cache_write_tokens_details is None
    assert usage.output_tokens_details.reasoning_tokens == 0
    assert isinstance(details, InputTokensDetails)


@pytest.mark.parametrize("wire", [{}, {"model": None, "id": None}])
def test_model_and_id_are_strings_whatever_came(wire: dict[str, Any]) -> None:
    response = Response.from_dict(wire, strict=True)
    assert (response.model, response.id) == ("", "")
    assert response.to_dict() == wire


@pytest.mark.parametrize("wire", USAGES)
@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_absent_and_null_values_are_written_as_they_came(wire: dict[str, Any], copied: Any) -> None:
    usage = copied(Usage.from_dict(wire))
    assert usage.to_dict() == wire
    assert json.loads(usage.to_json()) == wire
    assert usage == Usage.from_dict(wire)


def test_null_that_was_replaced_is_written_no_more() -> None:
    usage = Usage.from_dict({"input_tokens": None, "input_tokens_details": None})
    usage.input_tokens = 3
    usage.input_tokens_details.cached_tokens = 2
    assert usage.to_dict() == {"input_tokens": 3, "input_tokens_details": {"cached_tokens": 2}}


def test_nulls_are_not_shown() -> None:
    wire = {"input_tokens": None, "output_tokens": 0, "input_tokens_details": None, "total_tokens": None}
    assert repr(Usage.from_dict(wire)) == "Usage(output_tokens=0)"
    assert repr(Response.from_dict({"model": None, "id": "resp_1"})) == "Response(id='resp_1')"


@pytest.mark.parametrize("total", [{}, {"total_tokens": None}])
def test_total_is_the_sum_where_none_came(total: dict[str, Any]) -> None:
    wire = {"input_tokens": 10, "output_tokens": 2, **total}
    usage = Usage.from_dict(wire)
    assert usage.total_tokens == 12
    assert usage.to_dict() == wire
    assert Usage(input_tokens=10, output_tokens=2).total_tokens == 12


def test_total_that_came_is_not_corrected() -> None:
    assert Usage.from_dict({"input_tokens": 10, "output_tokens": 2, "total_tokens": 99}).total_tokens == 99


def test_usage_of_a_compaction_is_an_object_of_another_module_whatever_came() -> None:
    for wire in ({"id": "c"}, {"id": "c", "usage": None}, {"id": "c", "usage": {"input_tokens": 1}}):
        compacted = CompactedResponse.from_dict(wire)
        assert type(compacted.usage) is Usage
        assert compacted.to_dict() == wire


def test_usage_of_a_response_is_none_while_it_is_not_known() -> None:
    assert Response.from_dict({}).usage is None
    assert Response.from_dict({"usage": None}).usage is None


def test_whole_floats_are_integers_and_written_as_they_came(caplog: pytest.LogCaptureFixture) -> None:
    text = '{"input_tokens":512.0,"output_tokens":10,"total_tokens":5.22e2,"input_tokens_details":{"cached_tokens":-0.0}}'
    for usage in (Usage.from_json(text, strict=True), Usage.from_dict(json.loads(text), strict=True)):
        counts = (usage.input_tokens, usage.total_tokens, usage.input_tokens_details.cached_tokens)
        assert counts == (512, 522, 0)
        assert [isinstance(count, int) for count in counts] == [True] * 3
        assert f"{usage.input_tokens:d} {usage.input_tokens}" == "512 512"
        assert '"input_tokens":512.0,' in usage.to_json()
        assert type(usage.to_dict()["input_tokens"]) is float
        assert (
            copy.deepcopy(usage).to_json() == pickle.loads(pickle.dumps(usage)).to_json() == usage.to_json()
        )
    assert not caplog.records


def test_any_integer_may_come_as_a_whole_float() -> None:
    response = Response.from_dict({"max_output_tokens": 1e22, "usage": {"input_tokens": 1.0}}, strict=True)
    assert response.max_output_tokens == 10**22
    assert response.usage is not None
    assert response.usage.input_tokens == 1
    assert InputTokenCount.from_dict({"input_tokens": 7.0}, strict=True).input_tokens == 7


def test_float_with_a_fraction_is_malformed_beside_one_without(caplog: pytest.LogCaptureFixture) -> None:
    wire = {"input_tokens": 14417.92, "output_tokens": 10.0, "total_tokens": float("inf")}
    with caplog.at_level(logging.WARNING):
        usage = Usage.from_dict(wire)
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (0, 10, 10)
    assert usage.model_extra == {"input_tokens": 14417.92, "total_tokens": float("inf")}
    assert usage.to_dict() == wire
    assert "Malformed Usage kept as raw data" in caplog.text
    with pytest.raises(ResponseValidationError, match="valid integer at input_tokens"):
        Usage.from_dict(wire, strict=True)


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

    with pytest.raises(ResponseValidationError, match="expected a string or a list at output"):
        FunctionCallOutput.from_dict(wire, strict=True)


def test_field_that_only_servers_set_is_left_out_of_requests() -> None:
    wire = {"type": "function_call_output", "call_id": "call_1", "output": "12", "created_by": "me"}
    item = FunctionCallOutput.from_dict(wire)

    with omit_read_only():
        assert b"created_by" not in write_json(item)
    assert item.to_dict() == wire


def test_empty_list_of_a_message_that_needs_members_is_refused_as_a_list():
    steer = {"previous_response_id": "resp_1"}
    assert ResponseSteerEvent.from_dict({**steer, "input": "More"}).input == "More"
    with pytest.raises(ResponseValidationError, match="expected at least 1 entry at input"):
        ResponseSteerEvent.from_dict({**steer, "input": []}, strict=True)
    with pytest.raises(ResponseValidationError, match="expected a string or a list at input"):
        ResponseSteerEvent.from_dict({**steer, "input": 3}, strict=True)
