"""Reading errors out of every shape of body, and making texts from elsewhere fit for messages."""

import json
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses_client._base.error_bodies import ErrorFields, parse_body, read_error
from responses_client._base.field_errors import field_error, field_path, missing_field
from responses_client._base.messages import body_start, number_text, one_line


def said(**fields: object) -> ErrorFields:
    return ErrorFields(**{**dict.fromkeys(ErrorFields._fields), **fields})  # type: ignore[arg-type]


NESTED = {"message": "No.", "type": "invalid_request_error", "code": "bad", "param": "input"}
ALL_FOUR = said(message="No.", type="invalid_request_error", code="bad", param="input")


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param({"error": NESTED}, ALL_FOUR, id="OpenAI"),
        pytest.param([{"error": NESTED}], ALL_FOUR, id="Google, in a list"),
        pytest.param(NESTED, ALL_FOUR, id="flat"),
        pytest.param({"detail": NESTED}, ALL_FOUR, id="FastAPI, an object"),
        pytest.param({"detail": {"error": NESTED}}, ALL_FOUR, id="FastAPI, nested"),
        pytest.param(
            {"error": {"message": "No.", "code": 429}},
            said(message="No.", code="429", status_code=429),
            id="OpenRouter",
        ),
        pytest.param({"code": "bad", "error": "No."}, said(message="No.", code="bad"), id="xAI"),
        pytest.param({"error": "Bad Request", "message": "No."}, said(message="No."), id="NestJS"),
        pytest.param(
            {"success": False, "errors": [{"code": 10000, "message": "No."}]},
            said(message="No.", code="10000"),
            id="Cloudflare",
        ),
        pytest.param({"detail": "Not Found"}, said(message="Not Found"), id="FastAPI, a text"),
        pytest.param(
            {
                "detail": [
                    {"loc": ["body", "input", 3, "content"], "msg": "Field required", "type": "missing"},
                    {"loc": ["query", "after"], "msg": "Bad"},
                    {"msg": "Worse"},
                    "?",
                ]
            },
            said(
                message="input[3].content: Field required; query.after: Bad; Worse", param="input[3].content"
            ),
            id="FastAPI, a list",
        ),
        pytest.param({"detail": []}, said(), id="FastAPI, an empty list"),
        pytest.param({"detail": [{"loc": ["body"]}]}, said(), id="FastAPI, a list that says nothing"),
        pytest.param({"title": "Gone", "status": 410}, said(message="Gone", status_code=410), id="RFC 9457"),
        pytest.param({"message": "No."}, said(message="No."), id="message only"),
        pytest.param({"error": {"message": {"a": 1}}, "code": True}, said(), id="of wrong types"),
        pytest.param(
            {"type": "error", **{k: NESTED[k] for k in ("message", "code", "param")}},
            said(message="No.", code="bad", param="input"),
            id="flat event",
        ),
        pytest.param({"type": "error", "error": NESTED, "sequence_number": 4}, ALL_FOUR, id="nested event"),
        pytest.param(
            {"type": "error", "status": 400, "error": {**NESTED, "headers": {"x-request-id": "req_1"}}},
            ALL_FOUR._replace(status_code=400, request_id="req_1"),
            id="WebSocket event",
        ),
        pytest.param(
            {
                "type": "response.failed",
                "response": {"id": "resp_1", "error": {"code": "bad", "message": "No."}},
            },
            said(message="No.", code="bad", response_id="resp_1"),
            id="failed response",
        ),
        pytest.param(
            {"error": {"message": "No."}, "response_id": "resp_1", "request_id": "req_1"},
            said(message="No.", response_id="resp_1", request_id="req_1"),
            id="event without type",
        ),
        pytest.param([], said(), id="empty list"),
        pytest.param("text", said(), id="text"),
        pytest.param(None, said(), id="nothing"),
    ],
)
def test_errors_are_read_from_every_shape(body: object, expected: ErrorFields) -> None:
    assert read_error(body) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: (
        st.lists(inner)
        | st.dictionaries(
            st.sampled_from(
                ["error", "errors", "detail", "message", "code", "loc", "msg", "response", "status"]
            ),
            inner,
        )
    ),
)


@given(JSON)
def test_no_json_breaks_the_reading(body: object) -> None:
    for value in read_error(body)[:4]:
        assert value is None or isinstance(value, str)


def test_a_deep_body_does_not_break_the_reading() -> None:
    body: object = "x"
    for _ in range(5000):
        body = {"detail": body}

    assert read_error(body) == said()


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"a": 1}', {"a": 1}),
        (b"\xef\xbb\xbf[]", []),
        (b"null", None),
        (b"", None),
        (b" \r\n", None),
        (b'{"error": {"mess', '{"error": {"mess'),
        (b"<html>\xff</html>", "<html>\N{REPLACEMENT CHARACTER}</html>"),
        (b"[" * 100_000, "[" * 100_000),
    ],
    ids=["JSON", "byte order mark", "null", "empty", "blank", "truncated", "not UTF-8", "deep"],
)
def test_bodies_are_parsed_or_kept_as_text(body: bytes, expected: object) -> None:
    assert parse_body(body) == expected


def cyclic() -> list[object]:
    items: list[object] = []
    items.append(items)
    return items


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (None, "empty"),
        (b"", "empty"),
        (b"null", "'null'"),
        (b"<html>\n\xff", "'<html> \N{REPLACEMENT CHARACTER}'"),
        ("text", "'text'"),
        ({"ä": 1}, "'{\"ä\": 1}'"),
        (object(), "a object"),
        (cyclic(), "a list"),
        ("x" * 201, f"'{'x' * 200}…'"),
    ],
    ids=["None", "no bytes", "null", "bytes", "text", "JSON", "object", "cycle", "long"],
)
def test_the_start_of_a_body_is_quoted(body: object, expected: str) -> None:
    assert body_start(body) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a\r\n b\tc", "a b c"),
        ("\x1b[31mred\x00", "[31mred"),
        (" " * 1000 + "late", "late"),
        ("x" * 50, "x" * 20 + "…"),
        ("key sk-abcdefghijklmnopqrst", "key sk-***"),
        ("", ""),
    ],
)
def test_texts_become_one_short_line(text: str, expected: str) -> None:
    assert one_line(text, 20) == expected


@pytest.mark.parametrize(
    ("location", "expected"),
    [
        (("model",), "model"),
        (("input", 3, "content", 0, "text"), "input[3].content[0].text"),
        (("metadata", "my key"), "metadata['my key']"),
        (("metadata", "x" * 100 + " "), f"metadata['{'x' * 80}']"),
        ((0, "a"), "[0].a"),
        ((), ""),
    ],
)
def test_locations_are_written_as_users_read_them(location: Sequence[str | int], expected: str) -> None:
    assert field_path(location) == expected


@pytest.mark.parametrize(
    ("value", "got", "value_type"),
    [
        (3, "int 3", "int"),
        (2.5, "float 2.5", "float"),
        (True, "bool True", "bool"),
        (None, "None", "None"),
        ("hot", "str 'hot'", "str"),
        ("x" * 100, f"str '{'x' * 80}…'", "str"),
        ("sk-abcdefgh123", "str 'sk-***'", "str"),
        ([1], "list", "list"),
        (b"bytes", "bytes", "bytes"),
        (10**5000, "int", "int"),
    ],
    ids=["int", "float", "bool", "None", "str", "long str", "key", "list", "bytes", "huge int"],
)
def test_a_mistake_names_value_and_expectation(value: object, got: str, value_type: str) -> None:
    assert field_error(("input", 0, "x"), "a number from 0 to 2", value) == {
        "path": "input[0].x",
        "message": f"expected a number from 0 to 2, got {got}",
        "expected": "a number from 0 to 2",
        "value_type": value_type,
    }


@pytest.mark.parametrize("path", ["tools[0].authorization", "tools[0].headers['X-Mine']", "metadata.api_key"])
def test_a_mistake_in_a_secret_field_does_not_quote_it(path: str) -> None:
    assert field_error(path, "an object", "hunter2")["message"] == "expected an object, got str"


def test_a_mistake_may_have_its_own_message() -> None:
    error = field_error("modle", "a known field", "m", message="unknown field, did you mean 'model'?")

    assert error["message"] == "unknown field, did you mean 'model'?"


@pytest.mark.parametrize("path", ["input[0].role", ("input", 0, "role")])
def test_a_missing_field_is_named(path: str | Sequence[str | int]) -> None:
    assert missing_field(path, "a string") == {
        "path": "input[0].role",
        "message": "missing, expected a string",
        "expected": "a string",
        "value_type": "missing",
    }


@pytest.mark.parametrize(("value", "expected"), [(1, "1"), (False, "False"), (10**80, ""), ("secret", "")])
def test_only_short_numbers_are_shown(value: object, expected: str) -> None:
    assert number_text(value) == expected


def test_field_errors_are_plain_json() -> None:
    assert json.loads(json.dumps(field_error("a", "b", 1)))["path"] == "a"
