"""Malformed data are repaired, kept or refused."""

import json
import logging
import tracemalloc
from typing import Any

import pytest
from pydantic import ValidationError

from responses_client.models import CustomTool, FunctionCall, OutputMessage, OutputText, Response, Usage
from responses_client.models._tolerance import (
    as_response_error,
    error_lines,
    is_strict,
    parse_json,
    read_json,
    strict_validation,
    suppress_warnings,
    validate_nested,
    write_json,
)


def test_strict_mode_holds_inside_its_block_alone():
    assert not is_strict()
    with strict_validation():
        assert is_strict()
        with strict_validation(False):
            assert not is_strict()
        assert is_strict()
    with pytest.raises(KeyError), strict_validation():
        raise KeyError
    assert not is_strict()


MENDED: dict[str, tuple[str | bytes, Any]] = {
    "nothing to mend": (b'{"a": "\xc3\xa9\\ud83d\\ude00\\\\ud83d"}', {"a": "é\U0001f600\\ud83d"}),
    "half of a pair": ('{"a": "\\ud83d"}', {"a": "\ufffd"}),
    "half in a key": ('{"\\udc00": 1}', {"\ufffd": 1}),
    "half of a pair in a text": ('{"a": "\ud83d"}', {"a": "\ufffd\ufffd\ufffd"}),
    "no UTF-8": (b'{"a": "\xff"}', {"a": "\ufffd"}),
    "a mark": (b"\xef\xbb\xbf[]", []),
    "a mark in a text": ("\ufeff[]", []),
}


@pytest.mark.parametrize(("data", "value"), MENDED.values(), ids=MENDED.keys())
def test_json_is_mended(data: str | bytes, value: Any):
    assert read_json(data) == value


@pytest.mark.parametrize("data", [data for name, (data, _) in MENDED.items() if name != "nothing to mend"])
def test_json_is_not_mended_when_strict(data: str | bytes):
    with strict_validation(), pytest.raises(ValueError, match=r"at line 1"):
        read_json(data)


@pytest.mark.parametrize(
    "data", ["", "{", b"\xff", '"\\ud83d', "[" * 300 + "]" * 300, "1" * 5000, "{'a': 1}"]
)
def test_json_beyond_repair_is_an_error(data: str | bytes):
    with pytest.raises(ValueError, match=r"at line 1"):
        read_json(data)


@pytest.mark.parametrize("start", ["<html>\U0001f600", '{"a": "\U0001f600'])
def test_json_beyond_repair_is_not_copied(start: str):
    data = start.encode().ljust(8 * 1024 * 1024, b"x")
    tracemalloc.start()
    try:
        with pytest.raises(ValueError, match=r"at line 1"):
            read_json(data)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < len(data)


def test_data_are_written_as_they_are():
    value = {
        "b": [1, 1.0, None, float("inf")],
        "a": FunctionCall(call_id="c", name="n", arguments="", async_=True),
    }
    assert write_json(value) == (
        b'{"b":[1,1.0,null,Infinity],'
        b'"a":{"type":"function_call","call_id":"c","name":"n","arguments":"","async":true}}'
    )
    assert write_json({"a": object}, fallback=lambda value: value.__name__) == b'{"a":"object"}'
    with pytest.raises(ValueError, match="Unable to serialize"):
        write_json({"a": object})


def test_mended_json_is_validated():
    assert parse_json(OutputText, b'{"text": "\xff"}').text == "\ufffd"
    with strict_validation(), pytest.raises(ValidationError):
        parse_json(OutputText, b'{"text": "\xff"}')


def test_a_nested_model_is_taken_as_it_is():
    usage = Usage(input_tokens=1)
    assert validate_nested(Usage, usage) is usage
    with strict_validation(), pytest.raises(ValidationError):
        validate_nested(Usage, {"input_tokens": "x"})


@pytest.mark.parametrize("value", [None, "much", [1], {"text": 5}, {}])
def test_object_that_is_useless_without_its_malformed_fields_is_an_error(value: object):
    with pytest.raises(ValidationError):
        validate_nested(OutputText, value)


def test_each_malformed_field_is_kept_and_logged(caplog: pytest.LogCaptureFixture):
    wire = {"id": 5, "created_at": "x", "output": [None], "metadata": {"a": 1}, "model": "m"}
    response: Any = validate_nested(Response, wire)
    assert (response.id, response.created_at, response.metadata, response.model) == ("", None, None, "m")
    assert [type(item).__name__ for item in response.output] == ["UnknownItem"]
    assert response.to_dict() == wire
    assert caplog.messages == [
        "Malformed member of OutputItem kept as UnknownItem: expected an object with a `type`",
        "Malformed Response kept as raw data: expected a valid string at id",
    ]


@pytest.mark.parametrize(
    ("wire", "name", "value"),
    [
        ({"type": "message", "status": 5}, "status", "completed"),
        ({"type": "custom", "name": "n", "async": 5}, "async_", True),
    ],
)
def test_a_malformed_field_is_replaced_when_it_is_set(wire: dict[str, Any], name: str, value: object):
    model: Any = (OutputMessage if wire["type"] == "message" else CustomTool).from_dict({**wire, "x_new": 1})
    model.x_new = 2
    assert model.to_dict() == {**wire, "x_new": 2}
    setattr(model, name, value)
    assert json.loads(model.to_json()) == model.to_dict() == {**wire, name.strip("_"): value, "x_new": 2}
    assert model.to_json().count(f'"{name.strip("_")}"') == 1


def test_malformed_data_inside_malformed_data_take_no_longer(caplog: pytest.LogCaptureFixture):
    nested: dict[str, Any] = {"type": "and", "filters": [], "size": None}
    for _ in range(90):
        nested = {"type": "and", "filters": [nested, None, {"type": "or", "filters": 5}]}
    wire = {"tools": [{"type": "file_search", "vector_store_ids": [], "filters": nested}], "id": 5}
    assert Response.from_dict(wire).to_dict() == wire
    assert len(caplog.messages) == 2 * 90 + 1


def test_warnings_can_be_suppressed(caplog: pytest.LogCaptureFixture):
    with suppress_warnings():
        Response.from_dict({"id": 5, "output": [{"type": "message", "status": 5}]})
        read_json(b'"\xff"')
    assert caplog.messages == []
    with caplog.at_level(logging.WARNING):
        Response.from_dict({"id": 5})
    assert len(caplog.messages) == 1


def error_of(model: type[Any], data: str) -> ValidationError:
    with strict_validation(), pytest.raises(ValidationError) as caught:
        parse_json(model, data)
    return caught.value


def test_errors_are_at_places_that_users_know():
    error = error_of(Response, '{"created_at": "x", "tools": [5], "top_p": [], "metadata": 1}')
    found = [(line["loc"], line["msg"]) for line in error_lines(error)]
    assert found == [
        (("created_at",), "Input should be a valid number"),
        (("tools", 0), "Input should be an object with a `type`"),
        (("top_p",), "Input should be a valid number"),
        (("metadata",), "Input should be an object"),
    ]
    assert json.loads(error.json())


def test_errors_end_with_advice():
    malformed, no_json = error_of(Response, '{"id": 5}'), error_of(Response, "{")
    assert "see .body" in str(as_response_error("Response", malformed, {}))
    assert str(as_response_error("Response", malformed, {}, "boil it")).endswith("; boil it")
    with strict_validation():
        assert "strict=False" in str(as_response_error("Response", malformed, {}))
        assert "strict=False" not in str(as_response_error("Response", no_json, "{"))
