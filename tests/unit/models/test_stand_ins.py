"""Values in place of those that did not come are plain to everybody, and are written as they came by their models."""

from __future__ import annotations

import copy
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic_core import to_json

from responses_client.models import (
    InputTokensDetails,
    OutputMessage,
    OutputText,
    OutputTextDelta,
    Response,
    ToolUsage,
    Usage,
)
from responses_client.models._stand_ins import is_null
from responses_client.models._tolerance import write_json

WIRE: dict[str, Any] = {
    "id": None,
    "model": None,
    "tools": None,
    "max_output_tokens": 512.0,
    "usage": {"input_tokens": None, "output_tokens": 7.0, "total_tokens": None, "input_tokens_details": None},
}


class Holder(BaseModel):
    any: Any
    data: dict[str, Any]


# --- taken out of a model


def taken_out() -> dict[str, Any]:
    response = Response.from_dict(WIRE, strict=True)
    assert response.usage is not None
    return {
        "id": response.id,
        "model": response.model,
        "max": response.max_output_tokens,
        "input": response.usage.input_tokens,
        "output": response.usage.output_tokens,
        "total": response.usage.total_tokens,
    }


PLAIN = {"id": "", "model": "", "max": 512, "input": 0, "output": 7, "total": 7}


@pytest.mark.parametrize(
    "write",
    [
        to_json,
        write_json,
        json.dumps,
        lambda value: Holder(any=value, data={}).model_dump_json()[7:-11],
        lambda value: json.dumps(Holder(any=0, data=value).model_dump(mode="json")["data"]),
        lambda value: json.dumps(Holder(any=0, data=value).model_dump(exclude_unset=True)["data"]),
        TypeAdapter(dict[str, Any]).dump_json,
        repr,
    ],
)
def test_values_that_are_taken_out_of_a_model_are_plain(write: Callable[[Any], Any]) -> None:
    assert {name: type(value) for name, value in taken_out().items()} == {
        name: type(value) for name, value in PLAIN.items()
    }
    assert write(taken_out()) == write(PLAIN)


def test_lists_and_objects_in_place_of_a_null_are_empty_to_others() -> None:
    response = Response.from_dict(WIRE)
    assert response.usage is not None
    assert to_json({"tools": response.tools, "details": response.usage.input_tokens_details}) == to_json(
        {"tools": [], "details": InputTokensDetails().model_dump()}
    )


def test_dump_of_pydantic_has_what_readers_get() -> None:
    response = Response.from_dict(WIRE)
    for dumped in (response.model_dump(), response.model_dump(exclude_none=True)):
        assert (dumped["id"], dumped["model"], dumped["tools"], dumped["max_output_tokens"]) == (
            "",
            "",
            [],
            512,
        )
        assert dumped["usage"]["input_tokens"] == 0
        assert dumped["usage"]["total_tokens"] == 7
        assert dumped["usage"]["input_tokens_details"]["cached_tokens"] == 0
        assert type(dumped["max_output_tokens"]) is int
    assert response.model_dump(exclude_unset=True) == response.to_dict() == WIRE


def test_nulls_that_came_are_not_written_where_nulls_are_left_out() -> None:
    dumped = Usage.from_dict(WIRE["usage"]).model_dump(exclude_unset=True, exclude_none=True)
    assert dumped == {"input_tokens": 0, "output_tokens": 7.0, "total_tokens": 7, "input_tokens_details": {}}


def test_value_of_one_model_is_plain_in_another() -> None:
    usage = Usage.from_dict(WIRE["usage"])
    other = Usage(input_tokens=usage.input_tokens)
    other.output_tokens = usage.output_tokens
    other.total_tokens = usage.total_tokens
    assert other.to_json() == '{"input_tokens":0,"output_tokens":7,"total_tokens":7}'


def test_list_with_whole_floats_is_written_as_it_came() -> None:
    text = '{"type":"response.output_text.delta","delta":"a","logprobs":[{"token":"a","logprob":-1,"bytes":[97.0,1]}]}'
    event = OutputTextDelta.from_json(text, strict=True)
    assert event.logprobs[0].bytes == [97, 1]
    assert event.to_json() == text
    malformed = '{"token":"a","logprob":-1,"bytes":[97.0,"x"]}'
    text = '{"type":"response.output_text.delta","delta":"a","logprobs":[' + malformed + "]}"
    assert OutputTextDelta.from_json(text).to_json() == text


# --- changed in place


@pytest.mark.parametrize("wire", [{}, {"input_tokens_details": None}])
@pytest.mark.parametrize(
    "copied", [lambda it: it, copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))]
)
def test_field_of_default_details_that_is_set_is_written(wire: dict[str, Any], copied: Any) -> None:
    usage = copied(Usage.from_dict({"input_tokens": 1, **wire}))
    assert usage.input_tokens_details.cached_tokens == 0
    assert usage.to_dict() == {"input_tokens": 1, **wire}
    usage = copied(usage)
    usage.input_tokens_details.cached_tokens = 3
    expected = {"input_tokens": 1, "input_tokens_details": {"cached_tokens": 3}}
    assert usage.to_dict() == copied(usage).to_dict() == expected
    assert "input_tokens_details" in usage.model_fields_set
    assert "input_tokens_details" in repr(usage)
    details = copied(usage).input_tokens_details
    details.cache_write_tokens = 1
    assert details.to_dict() == {"cached_tokens": 3, "cache_write_tokens": 1}


def test_change_of_a_copy_is_not_one_of_the_original() -> None:
    usage = Usage.from_dict({})
    twin = copy.deepcopy(usage)
    assert usage.input_tokens_details == twin.input_tokens_details
    twin.input_tokens_details.cached_tokens = 3
    assert (usage.to_dict(), twin.to_dict()) == ({}, {"input_tokens_details": {"cached_tokens": 3}})


def test_default_inside_a_default_is_written() -> None:
    usage = ToolUsage.from_dict({})
    usage.image_gen.input_tokens_details.image_tokens = 3
    assert usage.to_dict() == {"image_gen": {"input_tokens_details": {"image_tokens": 3}}}


def extend(values: list[Any], value: Any) -> None:
    values += [value]


CHANGES: dict[str, Callable[[list[Any], Any], object]] = {
    "append": lambda values, value: values.append(value),
    "extend": lambda values, value: values.extend([value]),
    "insert": lambda values, value: values.insert(0, value),
    "slice": lambda values, value: values.__setitem__(slice(0, 0), [value]),
    "add": extend,
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
@pytest.mark.parametrize("wire", [{"id": "m"}, {"id": "m", "content": None}, {"id": "m", "content": []}])
def test_list_that_did_not_come_is_written_when_something_was_added(
    change: Callable[[list[Any], Any], object], wire: dict[str, Any]
) -> None:
    wire = {"type": "message", **wire}
    message = OutputMessage.from_dict(wire)
    assert message.content is message.content
    assert message.content == []
    assert message.to_dict() == wire
    change(message.content, OutputText(text="Hi"))
    expected = {"type": "message", "id": "m", "content": [{"type": "output_text", "text": "Hi"}]}
    assert message.to_dict() == json.loads(message.to_json()) == expected
    assert Response(output=[message]).to_dict()["output"] == [expected]
    for twin in (copy.copy(message), copy.deepcopy(message), pickle.loads(pickle.dumps(message))):
        assert (twin, twin.to_dict()) == (message, expected)


def test_default_that_is_read_or_copied_is_not_written() -> None:
    message = OutputMessage.from_dict({"type": "message"})
    assert [*message.content, *copy.copy(message.content), *copy.deepcopy(message.content)] == []
    assert type(pickle.loads(pickle.dumps(message.content))) is list
    message.content.sort(key=repr)
    assert message.to_dict() == {"type": "message"}
    assert message == OutputMessage.from_dict({"type": "message"})


def test_field_can_be_assigned_and_deleted() -> None:
    response = Response.from_dict({"id": None})
    response.id = "resp_1"
    response.output = [OutputMessage()]
    assert response.to_dict() == {"id": "resp_1", "output": [{"type": "message", "role": "assistant"}]}
    del response.output
    assert not hasattr(response, "output")
    assert not hasattr(Response, "output")


# --- totals


def test_total_that_did_not_come_follows_the_counts() -> None:
    usage = Usage.from_dict({"input_tokens": 1, "output_tokens": 2})
    usage.input_tokens = 10
    assert usage.model_dump()["total_tokens"] == 12
    assert usage.total_tokens == 12
    assert usage.model_copy(update={"output_tokens": 5}).total_tokens == 15
    assert usage.to_dict() == {"input_tokens": 10, "output_tokens": 2}
    usage = Usage.from_dict({"input_tokens": 1, "total_tokens": None})
    usage.input_tokens = 4
    assert usage.total_tokens == 4
    assert usage.to_dict() == {"input_tokens": 4, "total_tokens": None}


def test_total_that_came_or_was_set_does_not_follow() -> None:
    usage = Usage.from_dict({"input_tokens": 1, "total_tokens": 9})
    usage.input_tokens = 4
    assert usage.total_tokens == 9
    usage = Usage.from_dict({"input_tokens": 1})
    usage.total_tokens = 5
    assert (usage.total_tokens, usage.to_dict()) == (5, {"input_tokens": 1, "total_tokens": 5})


def test_null_is_what_stands_for_one() -> None:
    usage = Usage.from_dict({"input_tokens": None, "output_tokens": 0, "input_tokens_details": None})
    assert [is_null(vars(usage)[name]) for name in ("input_tokens", "output_tokens")] == [True, False]
    assert is_null(usage.input_tokens_details)
    assert is_null(None)
    assert is_null(Response.from_dict({"tools": None}).tools)


# --- pydantic's own methods


def test_whole_floats_are_integers_to_the_methods_of_pydantic() -> None:
    wire = {"max_output_tokens": 5.0, "usage": {"input_tokens": 7.0}}
    for response in (
        Response.model_validate(wire),
        Response.model_validate_json(json.dumps(wire)),
        Response.model_validate(wire, strict=True),
    ):
        assert (response.max_output_tokens, response.usage and response.usage.input_tokens) == (5, 7)
        assert response.to_json() == '{"usage":{"input_tokens":7.0},"max_output_tokens":5.0}'


INVALID: list[tuple[type[BaseModel], dict[str, Any], list[tuple[Any, ...]]]] = [
    (Usage, {"input_tokens": "x", "total_tokens": 5.5}, [("input_tokens",), ("total_tokens",)]),
    (Usage, {"input_tokens": "x"}, [("input_tokens",)]),
    (Response, {"model": 5, "created_at": "x"}, [("created_at",), ("model",)]),
    (Response, {"tools": 5, "output": {}}, [("output",), ("tools",)]),
]


@pytest.mark.parametrize(("model", "data", "places"), INVALID)
@pytest.mark.parametrize(
    "validate",
    [
        lambda model, data: model.model_validate(data),
        lambda model, data: model.model_validate_json(json.dumps(data)),
        lambda model, data: model(**data),
    ],
)
def test_errors_of_the_methods_of_pydantic_have_the_places_of_the_data(
    model: type[BaseModel], data: dict[str, Any], places: list[tuple[Any, ...]], validate: Any
) -> None:
    with pytest.raises(ValidationError) as caught:
        validate(model, data)
    assert [line["loc"] for line in caught.value.errors()] == places
    assert "~" not in str(caught.value)
    assert caught.value.title == model.__name__
    assert caught.value.__context__ is None or caught.value.__suppress_context__


def test_error_with_a_reason_of_ours_keeps_its_message() -> None:
    with pytest.raises(ValidationError, match="Input should be an object with a `type`"):
        Response(tools=[5])


@pytest.mark.parametrize("text", ["{", "5", '{"id": "a'])
def test_text_that_is_not_an_object_is_an_error_of_pydantic(text: str) -> None:
    with pytest.raises(ValidationError, match=r"Invalid JSON|Input should be"):
        Response.model_validate_json(text)
    with pytest.raises(ValidationError, match="Input should be"):
        Response.model_validate(text)
