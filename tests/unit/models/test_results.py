"""Methods and values beside the fields of generated classes: here the arguments of calls as values."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from pydantic import BaseModel

from responses_client import ParseError
from responses_client.models import FunctionCall, OutputText, Response


class City(BaseModel):
    name: str


def response(arguments: str = '{"name": "Lima"}') -> Response:
    call = {"type": "function_call", "call_id": "call_1", "name": "City", "arguments": arguments}
    return Response.from_dict({"id": "r", "status": "completed", "output": [call]})


def call_of(found: Response) -> FunctionCall:
    call = found.output[0]
    assert isinstance(call, FunctionCall)
    return call


def test_call_of_a_known_tool_has_its_arguments() -> None:
    call = call_of(response().parse(tools=[City]))
    assert call.parsed_arguments == City(name="Lima")
    assert call.parsed_arguments is call.parsed_arguments
    assert call.arguments_error is None


def test_call_of_an_unknown_tool_says_so() -> None:
    call = call_of(response())
    assert call.parsed_arguments is None
    assert isinstance(call.arguments_error, ParseError)
    assert "is not known" in str(call.arguments_error)


@pytest.mark.parametrize("arguments", ['{"name": 5}', "{", '{"name": "Li'])
def test_arguments_that_do_not_fit_lose_nothing(arguments: str) -> None:
    call = call_of(response(arguments).parse(tools=[City]))
    assert call.parsed_arguments is None
    assert call.arguments_error is not None
    assert call.arguments_error.text == call.arguments == arguments


def test_arguments_are_not_written_and_not_sent() -> None:
    plain, parsed = response(), response().parse(tools=[City])
    assert call_of(parsed).parsed_arguments is not None
    assert parsed.to_dict() == plain.to_dict()
    assert json.loads(parsed.to_json()) == plain.to_dict()
    assert [item.to_dict() for item in parsed.as_input()] == [item.to_dict() for item in plain.as_input()]
    assert "parsed" not in repr(call_of(parsed))
    assert call_of(parsed) == call_of(plain)


@pytest.mark.parametrize("duplicate", [copy.copy, copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
def test_copies_and_pickles_have_the_arguments(duplicate: Any) -> None:
    call = call_of(response().parse(tools=[City]))
    _ = call.parsed_arguments
    assert duplicate(call).parsed_arguments == City(name="Lima")


def test_value_of_a_text_is_on_the_response() -> None:
    part: Any = OutputText(text="Hi")
    text = "^'OutputText' object has no attribute 'parsed'; use response.output_parsed, of responses.parse and stream$"
    with pytest.raises(AttributeError, match=text):
        print(part.parsed)
    assert not hasattr(part, "flavour")


def test_fields_that_are_not_known_stay_attributes() -> None:
    part: Any = OutputText.from_dict({"type": "output_text", "text": "Hi", "parsed": {"a": 1}})
    for each in (part, copy.deepcopy(part), pickle.loads(pickle.dumps(part))):
        assert each.parsed == {"a": 1}
