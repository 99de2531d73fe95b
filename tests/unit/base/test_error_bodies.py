"""Errors are read from every shape of body."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses_client._base.error_bodies import ErrorFields, as_data, parse_body, read_error
from responses_client._base.messages import UNREAD


def said(**fields: object) -> ErrorFields:
    return ErrorFields(**{**dict.fromkeys(ErrorFields._fields), **fields})


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
        pytest.param(
            {"detail": [{"loc": ["body", 10], "msg": "JSON decode error", "type": "json_invalid"}]},
            said(message="JSON decode error"),
            id="FastAPI, the byte where JSON ends",
        ),
        pytest.param({"detail": []}, said(), id="FastAPI, an empty list"),
        pytest.param(
            {"error": {"message": "No.", "param": 10}}, said(message="No."), id="a number as argument"
        ),
        pytest.param(
            {"error": {"message": "No.", "param": "10"}, "param": "input"},
            said(message="No.", param="input"),
            id="a number as argument, and a name beside",
        ),
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


@pytest.mark.parametrize("form", ['{"a":%s}', "[%s]"])
def test_body_that_is_nested_too_deep_for_a_copy_of_its_error_stays_text(form: str) -> None:
    deep = "1"
    for _ in range(150):
        deep = form % deep

    assert parse_body(deep.encode()) == deep


@pytest.mark.parametrize(
    ("body", "expected"), [(b'{"a": 1}', {"a": 1}), ("text", "text"), ({"a": 1}, {"a": 1}), (UNREAD, None)]
)
def test_body_is_kept_as_data(body: object, expected: object) -> None:
    assert as_data(body) == expected
