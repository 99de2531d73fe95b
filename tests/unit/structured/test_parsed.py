"""Responses read as a type have a value or the reason why not, and stay responses."""

from __future__ import annotations

import copy
import pickle
from types import SimpleNamespace
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError, field_validator

from responses_client import ParsedResponse, ParseError, RefusalError, RequestValidationError, text_format
from responses_client._structured.output_type import output_type
from responses_client._structured.parsed import _Reading
from responses_client.models import OutputMessage, Response

LIMA = '{"name": "Lima", "people": 10}'


class City(BaseModel):
    name: str
    people: int


class Picky(BaseModel):
    name: str

    @field_validator("name")
    @classmethod
    def _fail(cls, value: str) -> str:
        raise LookupError(f"no {value}")


def text(text: str) -> dict[str, Any]:
    return {"type": "output_text", "text": text, "annotations": []}


def refusal(text: str) -> dict[str, Any]:
    return {"type": "refusal", "refusal": text}


def message(*parts: dict[str, Any], **fields: Any) -> dict[str, Any]:
    return {"type": "message", "id": "msg_1", "role": "assistant", "content": [*parts], **fields}


def response(*output: dict[str, Any], **fields: Any) -> Response:
    return Response.from_dict({"id": "resp_1", "status": "completed", "output": [*output], **fields})


def parsed(*output: dict[str, Any], **fields: Any) -> ParsedResponse[City]:
    return response(*output, **fields).parse(City)


def test_value_is_that_of_the_text() -> None:
    result = parsed(message(text(LIMA)))
    assert result.output_parsed == City(name="Lima", people=10)
    assert result.output_parsed_or_raise() is result.output_parsed
    assert result.parse_error is None
    assert result.refusal is None


# --- which text


REASONING = {"type": "reasoning", "id": "rs_1", "summary": []}
CALL = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}
OTHER = '{"name": "Other", "people": 1}'


@pytest.mark.parametrize(
    "output",
    [
        [REASONING, message(text(LIMA))],
        [message(text(LIMA[:9]), text(LIMA[9:]))],
        [message(text(OTHER)), message(text(LIMA))],
        [message(text("Let me see.")), CALL, message(text(LIMA))],
        [message(text(LIMA)), CALL],
        [message(text(LIMA)), message(text("")), message()],
        [message(text(LIMA), phase="final_answer"), message(text("Done!"), phase="commentary")],
        [message(text(OTHER), phase="commentary"), message(text(LIMA), phase="commentary")],
        [message(text(LIMA), phase="final_answer"), message(text("Bye."), phase="epilogue", id="msg_2")],
        [message(text(LIMA)), message(text("Bye."), phase="epilogue", id="msg_2")],
        [message(text(LIMA)), message(text(LIMA))],
        [message(refusal("No.")), message(text(LIMA))],
        [message({"type": "new_part", "text": "?"}, text(LIMA)), {"type": "new_item"}],
    ],
)
def test_text_is_that_of_the_last_message_with_any(output: list[dict[str, Any]]) -> None:
    assert parsed(*output).output_parsed_or_raise().name == "Lima"


# --- why there is none


NO_VALUE = [
    (
        [message(text("Lima"))],
        {},
        "The text is not valid JSON (expected value at line 1 column 1), so it does not match City; "
        "the answer is in .text and .response",
    ),
    (
        [message(text(LIMA[:-1]))],
        {},
        "The text is not valid JSON (EOF while parsing an object at line 1 column 29)",
    ),
    (
        [message(text('{"name": "Lima"}'))],
        {},
        "The text is not a valid City: people: missing, expected a value; the answer is in .text and .response",
    ),
    (
        [message(text('{"name": 1}'))],
        {},
        "The text is not a valid City: name: expected a valid string, got int 1 and 1 more in .errors; the answer",
    ),
    ([message(text("[]"))], {}, "The text is not a valid City: expected an object, got list; the answer is"),
    ([], {}, "The output has no text to read as City, it has nothing"),
    ([CALL, REASONING, CALL], {}, "The output has no text to read as City, it has function_call, reasoning"),
    (
        [REASONING, {**message(text(LIMA)), "role": "user"}],
        {},
        "The message to read as City is malformed: its validation_error in .response.output says how",
    ),
    ([{**message(text(LIMA)), "role": 5}], {}, "The message to read as City is malformed"),
    (
        [message(text(LIMA))],
        {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
        "The answer was cut short (max_output_tokens), so it is not a whole City: raise max_output_tokens; the answer is",
    ),
    (
        [message(text(LIMA))],
        {"status": "incomplete", "incomplete_details": {"reason": "content_filter"}},
        "The answer was cut short (content_filter), so it is not a whole City: the answer is in .text and .response",
    ),
    ([], {"status": "incomplete"}, "The answer was cut short (no reason given)"),
    (
        [],
        {"status": "failed", "error": {"code": "server_error", "message": "Out of order."}},
        "The response failed (server_error: Out of order.): it is in .response",
    ),
    ([message(refusal("No."))], {"status": "failed"}, "The response failed (no reason given)"),
    ([], {"status": "cancelled"}, "The response was cancelled before it was done"),
    (
        [],
        {"status": "queued"},
        "The response is queued: wait for it with responses.wait, then call .parse(City)",
    ),
    ([message(text(LIMA))], {"status": "in_progress"}, "The response is in_progress: wait"),
]


@pytest.mark.parametrize(("output", "fields", "reason"), NO_VALUE)
def test_reason_is_an_attribute_and_raised_only_on_demand(
    output: list[dict[str, Any]], fields: dict[str, Any], reason: str
) -> None:
    result = parsed(*output, **fields)

    assert result.output_parsed is None
    error = result.parse_error
    assert type(error) is ParseError
    assert str(error).startswith(reason)
    assert error.text == (result.output_text or None)
    assert error.response is not None
    assert error.response.to_dict() == result.to_dict()
    with pytest.raises(ParseError) as caught:
        result.output_parsed_or_raise()
    assert str(caught.value) == str(error)


@pytest.mark.parametrize("fields", [{"status": None}, {"status": "new"}])
def test_response_of_an_unknown_status_is_read(fields: dict[str, Any]) -> None:
    assert parsed(message(text(LIMA)), **fields).output_parsed is not None


@pytest.mark.parametrize("status", ["completed", "incomplete"])
def test_refusal_is_the_reason(status: str) -> None:
    result = parsed(message(text(LIMA), refusal("I will not "), refusal("do that.")), status=status)

    assert result.refusal == "I will not do that."
    assert result.output_parsed is None
    assert isinstance(result.parse_error, RefusalError)
    with pytest.raises(RefusalError) as caught:
        result.output_parsed_or_raise()
    assert str(caught.value) == "The model refused to answer: I will not do that."
    assert caught.value.refusal == "I will not do that."
    assert caught.value.text is None
    assert caught.value.response is not None
    assert caught.value.response.id == "resp_1"


def test_error_has_an_entry_for_each_part_that_does_not_fit() -> None:
    cities = '{"value": [{"name": "Lima"}, {"name": "Cuzco", "people": "many"}]}'
    error = response(message(text(cities))).parse(list[City]).parse_error

    assert error is not None
    assert [(entry["path"], entry["message"]) for entry in error.errors] == [
        ("[0].people", "missing, expected a value"),
        ("[1].people", "expected a valid integer, got str 'many'"),
    ]
    assert error.errors[1]["expected"] == "a valid integer"
    assert error.errors[1]["value_type"] == "str"
    assert isinstance(error.__cause__, ValidationError)


def test_validator_of_the_type_that_fails_loses_nothing() -> None:
    result = response(message(text('{"name": "Lima"}'))).parse(Picky)

    assert result.output_parsed is None
    with pytest.raises(ParseError, match=r"A validator of Picky failed \(LookupError: no Lima\)") as caught:
        result.output_parsed_or_raise()
    assert isinstance(caught.value.__cause__, LookupError)
    assert caught.value.text == '{"name": "Lima"}'


def test_null_may_be_the_value() -> None:
    result = response(message(text('{"value": null}'))).parse(City | None)

    assert result.output_parsed is None
    assert result.parse_error is None
    assert result.output_parsed_or_raise() is None


@pytest.mark.parametrize(("output", "fields", "reason"), [NO_VALUE[2], NO_VALUE[7]])
def test_errors_can_be_pickled_for_any_type(
    output: list[dict[str, Any]], fields: dict[str, Any], reason: str
) -> None:
    class Local(City):
        pass

    error = response(*output, **fields).parse(Local).parse_error
    again = pickle.loads(pickle.dumps(error))

    assert type(again) is ParseError
    assert str(again) == str(error)
    assert (again.response, again.text, again.errors) == (error.response, error.text, error.errors)
    refused = pickle.loads(pickle.dumps(response(message(refusal("No."))).parse(Local).parse_error))
    assert (type(refused), refused.refusal) == (RefusalError, "No.")


# --- still a response


def test_nothing_is_added_and_nothing_lost() -> None:
    data = {"id": "resp_1", "status": "completed", "output": [message(text(LIMA), new=None)], "new": [1]}
    plain = Response.from_dict(data)
    result = plain.parse(City)

    assert result.output_parsed is not None
    assert result.to_dict() == data
    assert result.to_json() == plain.to_json()
    assert result.output_text == LIMA
    assert isinstance(result.output[0], OutputMessage)
    assert result.model_extra == {"new": [1]}


def test_given_response_stays_as_it_is() -> None:
    plain = response(message(text(LIMA)))
    result = plain.parse(City)
    result.status = "failed"

    assert type(plain) is Response
    assert plain.status == "completed"


def test_another_type_can_be_read_from_it() -> None:
    as_city = parsed(message(text(LIMA)))
    as_dict = as_city.parse(dict[str, Any])

    assert as_dict.output_parsed == {"name": "Lima", "people": 10}
    assert as_city.output_parsed == City(name="Lima", people=10)


def test_equal_responses_are_equal() -> None:
    assert parsed(message(text(LIMA))) == parsed(message(text(LIMA)))
    assert parsed(message(text(LIMA))) != parsed(message(text(OTHER)))


@pytest.mark.parametrize("way", [copy.copy, copy.deepcopy, lambda result: pickle.loads(pickle.dumps(result))])
@pytest.mark.parametrize("is_read", [False, True])
def test_copies_and_pickles_have_the_value(way: Any, is_read: bool) -> None:
    result = parsed(message(text(LIMA)))
    object.__setattr__(result, "_meta", "the meta")
    assert not is_read or result.output_parsed
    again = way(result)

    assert type(again) is ParsedResponse
    assert again == result
    assert again.output_parsed == City(name="Lima", people=10)
    assert again.output_parsed is not result.output_parsed
    assert again.meta == "the meta"


def test_pickle_leaves_out_a_type_that_cannot_be_pickled() -> None:
    class Local(City):
        pass

    result = response(message(text(LIMA))).parse(Local)
    assert copy.deepcopy(result).output_parsed == Local(name="Lima", people=10)
    again = pickle.loads(pickle.dumps(result))
    assert (type(again), again, again.output_text) == (ParsedResponse, result, LIMA)
    assert again.output_parsed is None
    assert "The type of the text is not known" in str(again.parse_error)
    assert again.parse(City).output_parsed == City(name="Lima", people=10)


def test_deep_copy_of_a_type_is_the_type() -> None:
    wanted = output_type(City)
    assert copy.deepcopy(wanted) is wanted


def test_repr_names_the_type() -> None:
    result = parsed(message(text(LIMA)))
    assert (
        repr(result)
        == str(result)
        == "ParsedResponse[City](id='resp_1', status='completed', output=<1 items>)"
    )
    assert repr(ParsedResponse.from_dict({"id": "r"})) == "ParsedResponse(id='r')"


def test_response_without_a_type_says_so() -> None:
    result: ParsedResponse[City] = ParsedResponse.from_json('{"id": "resp_1"}')
    assert result.output_parsed is None
    assert "call .parse with a type" in str(result.parse_error)
    assert result.parse(City).parse_error is not None


def test_class_is_one_for_all_types() -> None:
    form: Any = ParsedResponse[City]
    assert form is ParsedResponse


@pytest.mark.parametrize("form", [None, "City", 5])
def test_value_that_is_not_a_type_cannot_be_read_as(form: Any) -> None:
    with pytest.raises(RequestValidationError, match="text_format"):
        response().parse(form)


def test_format_and_reading_fit_together() -> None:
    asked = text_format(City)
    assert asked["strict"] is True
    assert response(message(text(LIMA))).parse(City).output_parsed == City(name="Lima", people=10)


def test_partial_value_is_that_of_the_message_that_is_the_answer_now() -> None:
    remark, answer = message(text('{"name": "No')), message(text('{"name": "Li'), id="msg_2")
    snapshots = [response(remark), response(remark, answer)]
    source: Any = SimpleNamespace(snapshot=lambda: snapshots.pop(0))
    reading = _Reading(source, output_type(City), None)
    assert [reading.partial(), reading.partial()] == [{"name": "No"}, {"name": "Li"}]
