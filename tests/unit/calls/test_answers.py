"""The result of an answer: a typed object, or the right error."""

from __future__ import annotations

import json
from typing import Any, cast

import pytest
from pydantic import ValidationError
from samples import COMPLETED, CREATED, HEL, KEY, event, response

from responses_client import errors, models
from responses_client._base.http import Headers, ResponseMeta
from responses_client._base.redaction import Redactor
from responses_client._calls.answers import (
    MAX_KEPT_BYTES,
    answer_error,
    content_type,
    not_json,
    parse_result,
    reported_error,
    undecoded,
)
from responses_client._calls.settings import Settings
from responses_client.errors import APIStatusError, ResponseValidationError, StreamError, StreamInterrupted
from responses_client.models import Response


def meta(kind: str | None = "application/json") -> ResponseMeta:
    headers = {"x-request-id": "req_1", **({} if kind is None else {"content-type": kind})}
    return ResponseMeta.build(
        200, headers, elapsed=1.0, tries=2, method="POST", url="http://api.test/v1/responses"
    )


def parsed(body: Any, kind: str | None = "application/json", **options: Any) -> Response:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return parse_result(Response, content, meta(kind), Settings(**options), Redactor([KEY]))


def answer(model: type[Any], body: bytes, method: str = "GET", **options: Any) -> Any:
    url = "http://api.test/v1/responses/resp%201"
    of_call = ResponseMeta.build(200, JSON, elapsed=1.0, tries=1, method=method, url=url)
    return parse_result(model, body, of_call, Settings(**options))


JSON = {"content-type": "application/json"}


@pytest.mark.parametrize("body", [b"", b" \n"])
def test_deletion_that_is_answered_with_its_status_alone_is_one(body: bytes) -> None:
    result = answer(models.DeletedResponse, body, "DELETE")

    assert (result.id, result.deleted, result.meta.status_code) == ("resp 1", True, 200)


@pytest.mark.parametrize("model", [models.DeletedResponse, models.DeletedConversation])
@pytest.mark.parametrize("deleted", [True, False])
def test_deletion_that_is_answered_with_a_body_is_as_the_body_says(model: type[Any], deleted: bool) -> None:
    wire = {"id": "another", "deleted": deleted}

    assert answer(model, json.dumps(wire).encode(), "DELETE").to_dict() == wire


def test_deletion_that_is_answered_with_an_id_alone_says_no_more() -> None:
    assert answer(models.DeletedResponse, b'{"id": "resp_9"}', "DELETE").to_dict() == {"id": "resp_9"}


def test_empty_body_is_an_answer_to_nothing_else() -> None:
    for model, method in ((models.DeletedResponse, "GET"), (models.Conversation, "DELETE")):
        with pytest.raises(ResponseValidationError, match="is not valid JSON"):
            answer(model, b"", method)


def test_item_gets_its_class() -> None:
    body = {"type": "reasoning", "id": "rs_1", "summary": []}
    item = answer(cast("type[Any]", models.Item), json.dumps(body).encode())

    assert type(item) is models.ReasoningItem
    assert item.to_dict() == body
    assert item.meta.status_code == 200


def test_item_of_an_unknown_type_is_kept() -> None:
    body = {"type": "dream", "id": "dr_1", "meta": 5, "request_id": "other"}
    item = answer(cast("type[Any]", models.Item), json.dumps(body).encode())

    assert type(item) is models.UnknownItem
    assert item.to_dict() == body
    assert item.request_id == item.meta.request_id
    assert item.meta.status_code == 200


def test_item_of_an_unknown_type_needs_no_id_and_may_have_an_error() -> None:
    body = {"type": "dream", "error": {"message": "Woke up"}}
    item = answer(cast("type[Any]", models.Item), json.dumps(body).encode())

    assert type(item) is models.UnknownItem
    assert item.to_dict() == body


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<html>", "is not valid JSON"),
        (b"[]", "is JSON, but not a valid Item"),
        (b"{}", "is JSON, but not a valid Item"),
    ],
)
def test_answer_that_is_no_item(body: bytes, message: str) -> None:
    with pytest.raises(ResponseValidationError, match=message):
        answer(cast("type[Any]", models.Item), body)


def test_malformed_item_is_an_error_in_strict_mode() -> None:
    body = b'{"type": "shell_call_output", "id": "so_1", "output": []}'
    assert answer(cast("type[Any]", models.Item), body).validation_error is not None
    with pytest.raises(ResponseValidationError, match="call_id"):
        answer(cast("type[Any]", models.Item), body, strict=True)


def test_one_field_is_enough_for_other_results() -> None:
    assert answer(models.InputTokenCount, b'{"input_tokens": 5}').input_tokens == 5
    with pytest.raises(ResponseValidationError, match="Not a valid Conversation: expected a value at id"):
        answer(models.Conversation, b'{"other": 1}')
    with pytest.raises(APIStatusError, match="no luck"):
        answer(models.Conversation, b'{"error": {"message": "no luck"}}')
    with pytest.raises(ResponseValidationError, match="is JSON, but not a valid DeletedResponse"):
        answer(models.DeletedResponse, b'{"other": 1}')


@pytest.mark.parametrize(
    ("headers", "kind"),
    [
        ({}, ""),
        ({"Content-Type": "application/json"}, "application/json"),
        ({"content-type": " Text/Event-Stream ; charset=utf-8"}, "text/event-stream"),
    ],
)
def test_content_type_is_read_without_parameters(headers: dict[str, str], kind: str) -> None:
    assert content_type(Headers(headers)) == kind


@pytest.mark.parametrize("kind", ["application/json", "text/plain", "application/problem+json", None])
def test_response_is_recognised_by_its_fields(kind: str | None) -> None:
    result = parsed(response(), kind)

    assert result.output_text == "Hello"
    assert result.meta == meta(kind)


@pytest.mark.parametrize(
    "body", [{"id": "resp_1"}, {"output": []}, {"status": "completed"}, {"object": "response"}]
)
def test_one_field_that_only_responses_have_is_enough(body: dict[str, Any]) -> None:
    assert parsed(body).to_dict() == body


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"<html>", "The answer (status 200, application/json) is not valid JSON"),
        (b'{"id": ', "is JSON that was cut off after 7 bytes"),
        (b"", "is not valid JSON"),
        (b"[" * 10_000, "is not valid JSON"),
        ([response()], "Not a valid Response"),
        ("text", "Not a valid Response"),
        (None, "Not a valid Response"),
        ({}, "is JSON, but not a valid Response"),
        ({"data": []}, "is JSON, but not a valid Response"),
    ],
)
def test_anything_else_is_an_error_that_shows_its_start(body: Any, problem: str) -> None:
    with pytest.raises(ResponseValidationError) as caught:
        parsed(body)

    assert problem in str(caught.value)
    assert "(request id req_1): the body is " in str(caught.value)
    assert caught.value.meta == meta()


@pytest.mark.parametrize("encoding", ["aws-chunked", "gzip, UTF-8"])
def test_encoding_that_nothing_decodes_is_named(encoding: str) -> None:
    name = encoding.rpartition(" ")[2].lower()
    of_call = ResponseMeta.build(
        200, {"content-encoding": encoding}, elapsed=1, tries=1, method="GET", url="/"
    )

    for body, kept in ((b"\x0b\x02", "\x0b\x02"), (b"{", "{")):
        error = not_json("EOF while parsing", body, of_call)
        assert f"has the content-encoding {name!r}, which nothing here decodes; let the server" in str(error)
        assert error.body is None
        status = answer_error(500, body, of_call)
        assert f"a body with the content-encoding {name!r}" in status.message
        assert status.body == kept


def test_encoding_that_was_decoded_is_not_named() -> None:
    assert undecoded(Headers({"content-encoding": "gzip, x-gzip, deflate, identity"})) is None
    assert undecoded(Headers({})) is None
    assert undecoded(Headers({"content-encoding": "x" * 100})) == "x" * 80 + "…"


def test_answer_that_was_cut_off_does_not_blame_the_address() -> None:
    error = not_json("EOF while parsing an object at line 1", b' {"id":', meta())

    assert str(error) == (
        "The answer (status 200, application/json) is JSON that was cut off after 7 bytes (request id req_1): the body "
        "is '{\"id\":'; try again, and if it happens again, look for a proxy that cuts answers off"
    )
    other = not_json("expected value", b"<", meta(), advice="look")
    assert str(other).endswith("is not valid JSON (request id req_1): the body is '<'; look")
    assert str(not_json("expected value", b"<", meta())).endswith(
        "the body is '<'; check that base_url leads to a server of the Responses API"
    )


def test_missing_content_type_is_reported_as_such() -> None:
    with pytest.raises(ResponseValidationError, match=r"\(status 200, no content type\) is not valid JSON"):
        parsed(b"<html>", None)


@pytest.mark.parametrize("body", [f"<html>{KEY}".encode(), {"echo": KEY}])
def test_key_in_a_body_is_not_shown(body: Any) -> None:
    with pytest.raises(ResponseValidationError) as caught:
        parsed(body)

    assert KEY not in str(caught.value)
    assert KEY not in str(caught.value.body)


def test_strict_mode_names_the_place_of_the_malformed_part() -> None:
    with pytest.raises(ResponseValidationError) as caught:
        parsed(response(created_at="yesterday"), strict=True)

    assert caught.value.path == "created_at"
    assert caught.value.request_id == "req_1"


def test_lenient_mode_keeps_malformed_parts() -> None:
    assert parsed(response(created_at="yesterday")).to_dict()["created_at"] == "yesterday"


@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        ({"error": {"message": "Busy"}}, APIStatusError, 200),
        ({"error": {"message": "Busy", "code": 429}}, errors.RateLimitError, 429),
        ({"error": "Busy", "id": "gen_1"}, APIStatusError, 200),
        ({"object": "error", "message": "Busy", "code": 503}, errors.InternalServerError, 503),
    ],
)
def test_error_under_status_200_is_raised(
    body: dict[str, Any], kind: type[APIStatusError], status: int, strict: bool
) -> None:
    with pytest.raises(kind, match="Busy") as caught:
        parsed(body, strict=strict)

    assert caught.value.status_code == status
    assert caught.value.tries == 2


def test_error_inside_of_a_response_is_part_of_it() -> None:
    result = parsed(response("failed", error={"code": "server_error", "message": "Busy"}))

    assert result.error is not None
    assert result.error.message == "Busy"


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"[]", b'"error"', b"{}", b'{"error": null}', b'{"object": "list"}']
)
def test_body_without_an_error_reports_none(body: bytes) -> None:
    assert reported_error(body, meta()) is None


def test_error_of_an_answer_masks_the_key() -> None:
    error = answer_error(401, f'{{"error": {{"message": "No key {KEY}"}}}}'.encode(), meta(), Redactor([KEY]))

    assert isinstance(error, errors.AuthenticationError)
    assert str(error).startswith("POST /v1/responses was answered with 401 after 2 attempts: No key ***")


def test_unrequested_stream_gives_its_response() -> None:
    result = parsed(CREATED + HEL + COMPLETED, "text/event-stream; charset=utf-8")

    assert result.output_text == "Hello"
    assert result.meta == meta("text/event-stream; charset=utf-8")


@pytest.mark.parametrize("kind", ["application/json", "text/plain", None])
@pytest.mark.parametrize("start", [b"", b"\n\n"])
def test_stream_under_another_media_type_gives_its_response(start: bytes, kind: str | None) -> None:
    assert parsed(start + CREATED + HEL + COMPLETED, kind).output_text == "Hello"
    with pytest.raises(StreamError, match="Busy"):
        parsed(start + event("error", 1, message="Busy"), kind)


@pytest.mark.parametrize("kind", ["text/event-stream", "application/json"])
def test_stream_with_an_error_status_is_the_error_in_it(kind: str) -> None:
    error = answer_error(
        429, event("error", 0, code="slow_down", message=f"No {KEY}"), meta(kind), Redactor([KEY])
    )

    assert isinstance(error, errors.RateLimitError)
    assert (error.code, error.message) == ("slow_down", "No ***")
    assert KEY not in str(error.body)


def test_body_of_an_error_that_is_neither_json_nor_a_stream_is_its_text() -> None:
    error = answer_error(502, b"<html>Bad gateway", meta())

    assert (error.body, error.message) == ("<html>Bad gateway", "<html>Bad gateway")


@pytest.mark.parametrize(
    ("page", "shown"),
    [
        (b" <html><head><title>502 Bad &amp; gone</title>", "an HTML page, '502 Bad & gone'"),
        (b"<h1 class=x>Down</h1>", "an HTML page, 'Down'"),
        (b"No <title>page</title>", "No <title>page</title>"),
        (b"\xef\xbb\xbf<h1>Down</h1>", "an HTML page, 'Down'"),
        (b"Down\xff", "Down\ufffd"),
    ],
)
def test_page_is_named_by_its_title(page: bytes, shown: str) -> None:
    assert answer_error(502, page, meta()).message == shown


def test_proxy_that_asks_for_a_password_is_named_in_the_advice() -> None:
    assert str(answer_error(407, b"{}", meta())).endswith(
        "; correct the user and password of the proxy, which answered this"
    )
    assert "the proxy, which answered" not in str(answer_error(408, b"{}", meta()))


def test_stream_whose_last_event_has_no_response_still_has_its_status() -> None:
    assert parsed(b'data: {"type": "response.completed"}\n\n', "text/event-stream").status == "completed"


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (CREATED + HEL, StreamInterrupted),
        (b"", StreamInterrupted),
        (CREATED + event("error", 1, message="Busy"), StreamError),
        (CREATED + b"data: {oops\n\n", ResponseValidationError),
    ],
)
def test_stream_without_a_whole_response_is_an_error(body: bytes, kind: type[Exception]) -> None:
    with pytest.raises(kind):
        parsed(body, "text/event-stream")


@pytest.mark.parametrize(("body", "is_kept"), [(b"<p>Hi", True), (f"<p>{KEY}".encode(), False)])
def test_cause_that_quotes_a_secret_is_left_out(body: bytes, is_kept: bool) -> None:
    with pytest.raises(ResponseValidationError) as caught:
        parsed(body)

    assert isinstance(caught.value.__cause__, ValidationError) is is_kept
    assert caught.value.__context__ is None


@pytest.mark.parametrize("start", [b"<html>", b'{"id": "'])
def test_error_keeps_the_start_of_a_body_that_is_not_json(start: bytes) -> None:
    problem = "is not valid JSON" if start == b"<html>" else "is JSON that was cut off after more than 1 MiB"
    with pytest.raises(ResponseValidationError, match=problem) as caught:
        parsed(start.ljust(3 * MAX_KEPT_BYTES))

    assert caught.value.body == start.decode().ljust(MAX_KEPT_BYTES)
    assert caught.value.__cause__ is None  # it would keep the body


def test_error_keeps_the_whole_of_a_body_that_is_json() -> None:
    with pytest.raises(ResponseValidationError) as caught:
        parsed(["x" * MAX_KEPT_BYTES])

    assert caught.value.body == ["x" * MAX_KEPT_BYTES]
