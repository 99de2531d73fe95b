"""Answers that are errors, broken, or of another kind than requested."""

from __future__ import annotations

import gzip
import json
from typing import Any

import pytest
from payloads import ERROR, FAILED
from samples import COMPLETED, CREATED, HEL, LO, response
from scripted_server import HOLD, ScriptedServer, answer, stream_head
from shells import Shell
from waits import SHORT

from responses_client import errors
from responses_client.errors import APIStatusError, ResponseValidationError, StreamError, StreamInterrupted

PROBLEM = {
    "error": {"message": "No such thing.", "type": "invalid_request_error", "param": "input", "code": "no"}
}
HTML = "<html><body>Bad gateway</body></html>"
STATUSES = {
    400: errors.BadRequestError,
    401: errors.AuthenticationError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    408: APIStatusError,
    409: errors.ConflictError,
    418: APIStatusError,
    422: errors.UnprocessableEntityError,
    429: errors.RateLimitError,
    500: errors.InternalServerError,
    502: errors.InternalServerError,
    529: errors.InternalServerError,
}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("status", STATUSES)
def test_error_status_with_json_has_all_fields_of_the_api(shell: Shell, status: int, stream: bool) -> None:
    play = shell.events if stream else shell.create
    with (
        ScriptedServer([answer(status, PROBLEM, x_request_id="req_1")]) as server,
        pytest.raises(APIStatusError) as caught,
    ):
        play(server.url, max_retries=0)

    error = caught.value
    assert type(error) is STATUSES[status]
    assert (error.status_code, error.code, error.param, error.request_id) == (status, "no", "input", "req_1")
    assert error.body == PROBLEM
    assert f"POST /v1/responses was answered with {status}: No such thing" in str(error)
    assert "req_1" in str(error)
    assert error.__context__ is None


@pytest.mark.parametrize(
    ("body", "kind", "shown"),
    [
        (HTML, "text/html", "<html><body>Bad gateway</body></html>"),
        ("upstream connect error", "text/plain", "upstream connect error"),
        ('{"error": {"message": "cut', "application/json", '{"error": {"message": "cut'),
        (b"", None, "no body"),
        (b"\xff\xfe", "application/json", "\ufffd\ufffd"),
        (
            {"detail": [{"loc": ["body", "input"], "msg": "field required"}]},
            "application/json",
            "field required",
        ),
    ],
)
def test_error_status_without_the_apis_json_shows_the_start_of_the_body(
    shell: Shell, body: Any, kind: str | None, shown: str
) -> None:
    with (
        ScriptedServer([answer(502, body, kind, x_request_id="req_1")]) as server,
        pytest.raises(errors.InternalServerError) as caught,
    ):
        shell.create(server.url, max_retries=0)

    assert shown in str(caught.value)
    assert caught.value.request_id == "req_1"


def test_error_with_an_interrupted_body_is_still_the_error_of_its_status(shell: Shell) -> None:
    broken = answer(404, "x" * 10)[:-5]
    with ScriptedServer([broken]) as server, pytest.raises(errors.NotFoundError) as caught:
        shell.create(server.url, max_retries=0, timeout=SHORT)

    assert caught.value.body == "xxxxx"


def deep(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


@pytest.mark.parametrize(
    ("body", "kind", "problem"),
    [
        (HTML, "text/html", "The answer (status 200, text/html) is not valid JSON"),
        (HTML, None, "The answer (status 200, no content type) is not valid JSON"),
        (
            '{"id": "resp_1", "obj',
            "application/json",
            "The answer (status 200, application/json) is JSON that was cut off after 21 bytes",
        ),
        (b"", "application/json", "is not valid JSON"),
        (b"\xff\xfe\x00", "application/json", "is not valid JSON"),
        (deep(100_000), "application/json", "is not valid JSON"),
        ([], "application/json", "Not a valid Response"),
        ('"Hello"', "application/json", "Not a valid Response"),
        ("null", "application/json", "Not a valid Response"),
        ("17", "application/json", "Not a valid Response"),
        ({}, "application/json", "is JSON, but not a valid Response"),
        ({"choices": []}, "application/json", "is JSON, but not a valid Response"),
    ],
)
def test_answer_that_is_no_response_is_an_error_with_its_start(
    shell: Shell, body: Any, kind: str | None, problem: str
) -> None:
    with (
        ScriptedServer([answer(200, body, kind, x_request_id="req_1")]) as server,
        pytest.raises(ResponseValidationError) as caught,
    ):
        shell.create(server.url)

    error = caught.value
    assert problem in str(error)
    assert "the body is " in str(error)
    assert error.request_id == "req_1"
    assert error.meta is not None
    assert error.meta.status_code == 200
    assert len(str(error)) < 700
    assert len(server.requests) == 1


@pytest.mark.parametrize("kind", ["application/json; charset=utf-8", "text/plain", "text/html", None])
def test_response_is_accepted_under_any_content_type(shell: Shell, kind: str | None) -> None:
    with ScriptedServer([answer(200, response(), kind)]) as server:
        assert shell.create(server.url).output_text == "Hello"


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (PROBLEM, APIStatusError, 200),
        ({"error": {"message": "No such thing.", "code": 429}}, errors.RateLimitError, 429),
        ({"error": {"message": "No such thing."}, "status": 500}, errors.InternalServerError, 500),
        ({"error": "No such thing.", "id": "gen_1"}, APIStatusError, 200),
        ({"object": "error", "message": "No such thing.", "code": 404}, errors.NotFoundError, 404),
    ],
)
def test_error_in_an_answer_with_status_200_is_raised(
    shell: Shell, body: Any, kind: type[APIStatusError], status: int
) -> None:
    for play in (shell.create, shell.events):
        with ScriptedServer([answer(200, body)]) as server, pytest.raises(APIStatusError) as caught:
            play(server.url)
        assert type(caught.value) is kind
        assert caught.value.status_code == status
        assert "No such thing" in str(caught.value)


def test_failed_response_is_a_response_and_no_error(shell: Shell) -> None:
    problem = {"code": "server_error", "message": "Out of order"}
    with ScriptedServer([answer(200, response("failed", error=problem))]) as server:
        created = shell.create(server.url)

    assert created.status == "failed"
    assert created.error is not None
    assert created.error.message == "Out of order"


def event_stream(*events: bytes) -> bytes:
    return answer(200, b"".join(events), "text/event-stream; charset=utf-8", x_request_id="req_1")


def test_unrequested_event_stream_gives_the_accumulated_response(shell: Shell) -> None:
    with ScriptedServer([event_stream(CREATED, HEL, LO, COMPLETED)]) as server:
        created = shell.create(server.url)

    assert created.output_text == "Hello"
    assert created.status == "completed"
    assert created.meta is not None
    assert created.meta.request_id == "req_1"


def test_unrequested_event_stream_that_is_cut_keeps_the_partial_response(shell: Shell) -> None:
    with ScriptedServer([event_stream(CREATED, HEL)]) as server, pytest.raises(StreamInterrupted) as caught:
        shell.create(server.url)

    assert caught.value.partial is not None
    assert caught.value.partial.output_text == "Hel"


def test_unrequested_event_stream_that_fails_is_an_error(shell: Shell) -> None:
    with (
        ScriptedServer([event_stream(CREATED, HEL, ERROR, FAILED)]) as server,
        pytest.raises(StreamError) as caught,
    ):
        shell.create(server.url)

    assert caught.value.code == "server_error"


@pytest.mark.parametrize("encoding", ["gzip", "GZIP", "identity"])
def test_compressed_answer_is_decoded(shell: Shell, encoding: str) -> None:
    body = json.dumps(response()).encode()
    sent = gzip.compress(body) if encoding.lower() == "gzip" else body
    with ScriptedServer([answer(200, sent, content_encoding=encoding)]) as server:
        assert shell.create(server.url).output_text == "Hello"


def test_compressed_stream_is_decoded(shell: Shell) -> None:
    body = gzip.compress(CREATED + HEL + LO + COMPLETED)
    with ScriptedServer([answer(200, body, "text/event-stream", content_encoding="gzip")]) as server:
        assert len(shell.events(server.url)) == 4
        assert server.requests[0].headers["accept-encoding"] == "identity"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # of trio, about httpx
def test_body_that_cannot_be_decompressed_is_not_asked_for_again(shell: Shell) -> None:
    for play in (shell.create, shell.events):
        bad = answer(200, b"no gzip", "text/event-stream", content_encoding="gzip", x_request_id="req_1")
        with ScriptedServer([bad]) as server, pytest.raises(ResponseValidationError) as caught:
            play(server.url)
        assert "The answer cannot be decompressed: it is not valid gzip" in str(caught.value)
        assert "the body is" not in str(caught.value)
        assert caught.value.body is None
        assert caught.value.request_id == "req_1"
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("body", "kind", "problem"),
    [
        (response(), "application/json", "is not an event stream (status 200, application/json)"),
        (HTML, "text/html; charset=utf-8", "is not an event stream (status 200, text/html)"),
        (HTML, "text/plain", "is not an event stream (status 200, text/plain)"),
        ("upstream connect error", None, "is not an event stream (status 200, no content type)"),
        (
            "upstream connect error",
            "application/octet-stream",
            "is not an event stream (status 200, application/octet-stream)",
        ),
        (response(), "text/event-stream", "has no events (status 200, text/event-stream)"),
    ],
)
def test_answer_that_is_no_stream_is_an_error_with_its_start(
    shell: Shell, body: Any, kind: str | None, problem: str
) -> None:
    with (
        ScriptedServer([answer(200, body, kind, x_request_id="req_1")]) as server,
        pytest.raises(ResponseValidationError) as caught,
    ):
        shell.events(server.url)

    assert problem in str(caught.value)
    assert caught.value.request_id == "req_1"
    assert caught.value.body == body
    assert len(server.requests) == 1


@pytest.mark.parametrize("kind", ["text/event-stream", "application/octet-stream", "text/plain", None])
def test_stream_is_accepted_under_any_vague_content_type(shell: Shell, kind: str | None) -> None:
    with ScriptedServer([answer(200, CREATED + HEL + LO + COMPLETED, kind)]) as server:
        assert len(shell.events(server.url)) == 4


def test_error_in_the_body_of_a_stream_is_raised(shell: Shell) -> None:
    body = {"error": {"message": "No such thing.", "code": 429}}
    with (
        ScriptedServer([answer(200, body, "text/event-stream")]) as server,
        pytest.raises(errors.RateLimitError, match="No such thing"),
    ):
        shell.events(server.url)


def test_error_to_a_stream_request_whose_body_stalls_is_raised(shell: Shell) -> None:
    stalled = answer(200, HTML + " " * 10, "text/html")[:-10]
    with ScriptedServer([stalled, HOLD]) as server, pytest.raises(ResponseValidationError) as caught:
        shell.events(server.url, timeout=SHORT)

    assert caught.value.body == HTML


def test_answer_without_any_event_is_no_empty_stream(shell: Shell) -> None:
    with (
        ScriptedServer([stream_head() + b"0\r\n\r\n"] * 1) as server,
        pytest.raises(StreamInterrupted, match="the answer has no events"),
    ):
        shell.events(server.url, max_retries=0)
