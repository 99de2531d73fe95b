"""Objects that match no known class are kept whole, with the reason."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any, get_args

import pytest

from responses_client import ResponseValidationError
from responses_client.models import (
    OutputMessage,
    Response,
    UnknownContent,
    UnknownItem,
    UnknownObject,
    UnknownTool,
    UnknownWebhookEvent,
    Usage,
    _unions,
)
from responses_client.models._base import OpenUnion

MESSAGE = {"type": "message", "role": "assistant", "content": []}
CALL = {"type": "function_call", "call_id": "call_1", "name": "boil", "arguments": "{}"}


def test_a_malformed_member_is_unknown_with_the_reason(caplog: pytest.LogCaptureFixture):
    wire = {**CALL, "name": 5}
    response = Response.from_dict({"output": [MESSAGE, wire]})
    assert isinstance(response.output[0], OutputMessage)
    unknown: Any = response.output[1]
    assert type(unknown) is UnknownItem
    assert (unknown.wire_type, unknown.name, unknown.call_id) == ("function_call", 5, "call_1")
    assert unknown.to_dict() == wire
    assert unknown.validation_error.path == "name"
    assert "it is kept, and written as it came" in str(unknown.validation_error)
    assert caplog.messages == ["Malformed function_call kept as UnknownItem: expected a valid string at name"]


@pytest.mark.parametrize("value", [None, "tea", 5, 1.5, True, [], [None]])
def test_a_member_that_is_not_an_object_is_unknown_and_written_as_it_came(value: object):
    wire = {"output": [MESSAGE, value], "tools": [value]}
    response = Response.from_dict(wire)
    unknown = response.output[1]
    assert type(unknown) is UnknownItem
    assert type(response.tools[0]) is UnknownTool
    assert unknown.validation_error is not None
    assert (unknown.wire_type, unknown.model_extra) == (None, {})
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

    assert (unknown.wire_type, unknown.id, unknown.validation_error) == ("poem", "poem_1", None)
    assert unknown.model_extra == {"type": "poem", "lines": [1, {"a": None}]}
    assert unknown.to_dict() == wire


@pytest.mark.parametrize("value", [None, "tea", [1, None]])
def test_value_that_is_not_an_object_is_written_as_it_came(value: object) -> None:
    unknown = UnknownObject.holding(value)

    assert (unknown.wire_type, unknown.model_extra) == (None, {})
    assert json.loads(unknown.to_json()) == value
    assert pickle.loads(pickle.dumps(unknown)) == unknown
    assert unknown != UnknownObject.holding("another")


def test_copies_keep_the_reason() -> None:
    unknown: Any = Response.from_dict({"output": [{**CALL, "name": 5}]}).output[0]

    for twin in (copy.copy(unknown), copy.deepcopy(unknown), pickle.loads(pickle.dumps(unknown))):
        assert twin.validation_error.path == "name"


UNIONS = [
    union for union in vars(_unions).values() if isinstance(union, type) and issubclass(union, OpenUnion)
][1:]


@pytest.mark.parametrize("union", UNIONS, ids=lambda union: union.__name__)
def test_no_member_of_a_union_has_the_type_of_unknown_objects(union: type[OpenUnion]) -> None:
    assert "unknown" not in union.members
    unknown = union.unknown_model().from_dict({"type": "dream"})
    assert (unknown.type, unknown.wire_type, unknown.to_dict()) == ("unknown", "dream", {"type": "dream"})
    for tag in union.members:
        member: Any = union.member(tag)
        assert tag in get_args(member.model_fields["type"].annotation)
        assert member.model_construct(type=tag).wire_type == tag


@pytest.mark.parametrize("tag", ["unknown", "", "function_call\n"])
def test_type_that_names_no_class_is_kept_beside_the_one_of_unknown_objects(tag: str) -> None:
    wire = {"output": [{"type": tag, "wire_type": "steam", "id": "x_1"}]}
    response = Response.from_dict(wire)
    unknown: Any = response.output[0]

    assert type(unknown) is UnknownItem
    assert (unknown.type, unknown.wire_type, unknown.validation_error) == ("unknown", tag, None)
    assert response.to_dict() == wire
    for twin in (copy.deepcopy(response), pickle.loads(pickle.dumps(response))):
        assert (twin == response, twin.output[0].wire_type) == (True, tag)


@pytest.mark.parametrize("without", ["call_id", "name", "arguments"])
def test_malformed_object_does_not_pass_a_comparison_with_its_type(without: str) -> None:
    wire = {key: value for key, value in CALL.items() if key != without}
    (item,) = Response.from_dict({"output": [wire]}).output

    assert (item.type, item.wire_type) == ("unknown", "function_call")
    assert item.to_dict() == wire


@pytest.mark.parametrize("tag", [5, True, ["message"], {"message": 1}])
def test_type_that_is_not_a_string_is_malformed(tag: object) -> None:
    wire = {"output": [{"type": tag}]}
    unknown: Any = Response.from_dict(wire).output[0]

    assert (unknown.type, unknown.wire_type, unknown.to_dict()) == ("unknown", None, {"type": tag})
    assert unknown.validation_error.path == "type"
    with pytest.raises(ResponseValidationError) as caught:
        Response.from_dict(wire, strict=True)
    assert caught.value.path == "output[0].type"


def test_unknown_object_is_made_of_any_fields() -> None:
    unknown: Any = UnknownItem(type="dream", id="dr_1", vividness=0.9)

    assert (unknown.type, unknown.wire_type, unknown.vividness) == ("unknown", "dream", 0.9)
    assert unknown == UnknownItem.from_dict({"type": "dream", "id": "dr_1", "vividness": 0.9})
    assert repr(unknown) == "UnknownItem(id='dr_1', type='dream', vividness=0.9)"


@pytest.mark.parametrize(("fields", "text"), [({"text": "Hm."}, "Hm."), ({"text": 5}, ""), ({}, "")])
def test_text_of_an_unknown_part_is_the_string_that_came(fields: dict[str, Any], text: str) -> None:
    wire = {"type": "dream", **fields}
    part = UnknownContent.from_dict(wire)

    assert (part.text, part.to_dict()) == (text, wire)


def test_object_without_a_type_has_none() -> None:
    assert Usage().wire_type is None


@pytest.mark.parametrize(("tag", "shown"), [("weird", "weird"), (5, "message"), (None, "message")])
def test_wire_type_of_a_known_object_is_the_string_that_came_or_else_that_of_its_class(
    tag: object, shown: str
) -> None:
    wire = {"type": tag, "id": "msg_1", "content": []}
    message = OutputMessage.from_dict(wire)

    assert (message.type, message.wire_type, message.to_dict()) == ("message", shown, wire)


@pytest.mark.parametrize(("tag", "shown"), [("list", "list"), (5, None), (None, None)])
def test_wire_type_is_never_another_value_than_a_string(tag: object, shown: str | None) -> None:
    assert Response.from_dict({"type": tag}).wire_type == shown


def test_attribute_of_the_data_of_an_unknown_webhook_event_is_its_key() -> None:
    event: Any = UnknownWebhookEvent.from_dict(
        {"type": "dream.ended", "data": {"id": "dr_1", "mood": "good"}}
    )
    event.data.mood = "better"
    event.data.id = "dr_2"
    event.data.length = 5
    assert event.to_dict() == {
        "type": "dream.ended",
        "data": {"id": "dr_2", "mood": "better", "length": 5},
    }
    del event.data.length
    assert "length" not in event.data
    with pytest.raises(AttributeError, match="has no 'length'"):
        del event.data.length
    with pytest.raises(AttributeError, match=r"set the key: data\['items'\]"):
        event.data.items = 5
    assert copy.deepcopy(event.data) == pickle.loads(pickle.dumps(event.data)) == event.data


def test_data_of_an_unknown_webhook_event_are_empty_if_none_came() -> None:
    event = UnknownWebhookEvent.from_dict({"type": "dream.ended"})
    assert (event.data, event.data.id, event.to_dict()) == ({}, None, {"type": "dream.ended"})
