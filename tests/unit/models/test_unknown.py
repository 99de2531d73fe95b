"""Objects that match no known class are kept whole, with the reason."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest

from responses_client.models import OutputMessage, Response, UnknownItem, UnknownObject, UnknownTool

MESSAGE = {"type": "message", "role": "assistant", "content": []}
CALL = {"type": "function_call", "call_id": "call_1", "name": "boil", "arguments": "{}"}


def test_a_malformed_member_is_unknown_with_the_reason(caplog: pytest.LogCaptureFixture):
    wire = {**CALL, "name": 5}
    response = Response.from_dict({"output": [MESSAGE, wire]})
    assert isinstance(response.output[0], OutputMessage)
    unknown: Any = response.output[1]
    assert type(unknown) is UnknownItem
    assert (unknown.type, unknown.name, unknown.call_id) == ("function_call", 5, "call_1")
    assert unknown.to_dict() == wire
    assert unknown.validation_error.path == "name"
    assert "it is kept, and written as it came" in str(unknown.validation_error)
    assert caplog.messages == [
        "Malformed function_call kept as UnknownItem: Input should be a valid string at name"
    ]


@pytest.mark.parametrize("value", [None, "tea", 5, 1.5, True, [], [None]])
def test_a_member_that_is_not_an_object_is_unknown_and_written_as_it_came(value: object):
    wire = {"output": [MESSAGE, value], "tools": [value]}
    response = Response.from_dict(wire)
    unknown = response.output[1]
    assert type(unknown) is UnknownItem
    assert type(response.tools[0]) is UnknownTool
    assert unknown.validation_error is not None
    assert (unknown.type, unknown.model_extra) == (None, {})
    assert response.to_dict() == wire
    assert json.loads(response.to_json()) == wire
    for twin in (copy.copy(response), copy.deepcopy(response), pickle.loads(pickle.dumps(response))):
        assert twin.to_dict() == wire
        assert twin == response
    other = Response.from_dict({"output": [MESSAGE, {}], "tools": [value]})
    assert other != response


def test_unknown_type_keeps_all_its_data_and_has_no_error() -> None:
    wire = {"type": "poem", "id": "poem_1", "lines": [1, {"a": None}]}
    unknown = UnknownItem.from_dict(wire)

    assert (unknown.type, unknown.id, unknown.validation_error) == ("poem", "poem_1", None)
    assert unknown.model_extra == {"lines": [1, {"a": None}]}
    assert unknown.to_dict() == wire


@pytest.mark.parametrize("value", [None, "tea", [1, None]])
def test_value_that_is_not_an_object_is_written_as_it_came(value: object) -> None:
    unknown = UnknownObject.holding(value)

    assert (unknown.type, unknown.model_extra) == (None, {})
    assert json.loads(unknown.to_json()) == value
    assert pickle.loads(pickle.dumps(unknown)) == unknown
    assert unknown != UnknownObject.holding("another")


def test_copies_keep_the_reason() -> None:
    unknown: Any = Response.from_dict({"output": [{**CALL, "name": 5}]}).output[0]

    for twin in (copy.copy(unknown), copy.deepcopy(unknown), pickle.loads(pickle.dumps(unknown))):
        assert twin.validation_error.path == "name"
