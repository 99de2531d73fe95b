"""The exception tree: classes, messages, attributes, and copies that lose nothing."""

import copy
import inspect
import json
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from responses_client import errors
from responses_client._base.field_errors import FieldError, field_error, missing_field
from responses_client._base.http import Headers, ResponseMeta
from responses_client._base.redaction import Redactor
from responses_client._calls.answers import status_error
from responses_client.errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    ConflictError,
    InternalServerError,
    MaxTurnsExceeded,
    NotFoundError,
    ParseError,
    PermissionDeniedError,
    RateLimitError,
    RefusalError,
    RequestValidationError,
    ResponsesClientError,
    ResponseValidationError,
    StreamError,
    StreamInterrupted,
    ToolDefinitionError,
    ToolError,
    ToolExecutionError,
    UnprocessableEntityError,
    WaitTimeout,
    WebhookSignatureError,
)
from responses_client.models import FunctionCall, Response

URL = "https://api.openai.com/v1/responses"
META = ResponseMeta.build(200, {"x-request-id": "req_meta"}, elapsed=1.0, tries=1, method="POST", url=URL)


CALL = FunctionCall(call_id="call_1", name="weather", arguments="{}")


def status(
    code: int, body: bytes = b"", *, headers: dict[str, str] | None = None, tries: int = 1, **more: object
) -> APIStatusError:
    return status_error(
        code,
        headers or {},
        body,
        **{"method": "POST", "url": URL, "request_id": None, "tries": tries, **more},
    )


EXAMPLES: list[ResponsesClientError] = [
    ResponsesClientError("base"),
    ConfigurationError("no key"),
    RequestValidationError([field_error("temperature", "a number", "hot")]),
    APIError("went wrong", request_id="req_1", meta=META),
    APIConnectionError("refused"),
    APITimeoutError("too slow"),
    status(418, b"teapot"),
    status(400, b'{"error": {"message": "No.", "code": "bad", "type": "t", "param": "input"}}'),
    status(401),
    status(403),
    status(404),
    status(409),
    status(422),
    status(429, headers={"retry-after": "2"}),
    status(500),
    ResponseValidationError("not JSON", path="output[0]", body=b"<html>", meta=META),
    StreamError("overloaded", code="c", partial={"id": "r"}, event={"type": "error"}),
    StreamInterrupted("reset", partial={"id": "r"}, response_id="r", last_sequence_number=3),
    ParseError("no JSON", response={"id": "r"}, text="Hi", errors=[field_error("a", "a number", "b")]),
    RefusalError("refused", refusal="No.", response={"id": "r"}),
    WebhookSignatureError("bad signature"),
    WaitTimeout("still in progress", response={"id": "r"}),
    ToolError("tool failed"),
    ToolDefinitionError("weather", [field_error("weather.city", "a type", 3)]),
    ToolExecutionError("it took too long", tool="weather", call=CALL),
    MaxTurnsExceeded("too many turns"),
]


def subclasses(cls: type[ResponsesClientError]) -> set[type[ResponsesClientError]]:
    own = {sub for sub in cls.__subclasses__() if sub.__module__ == errors.__name__}
    return {cls}.union(*map(subclasses, own))


def test_the_examples_cover_every_class() -> None:
    assert {type(error) for error in EXAMPLES} == subclasses(ResponsesClientError)


def test_the_tree_of_the_docstring_is_the_tree_of_the_classes() -> None:
    drawn: list[tuple[str, str]] = []
    parents: dict[int, str] = {-1: "Exception"}
    for line in inspect.cleandoc(errors.__doc__ or "").splitlines()[2:]:
        depth = (len(line) - len(line.lstrip())) // 2
        parents[depth] = name = line.split()[0]
        drawn.append((name, parents[depth - 1]))

    classes = subclasses(ResponsesClientError)
    assert sorted(drawn) == sorted((cls.__name__, cls.__bases__[0].__name__) for cls in classes)


@pytest.mark.parametrize(
    "error", [one for one in EXAMPLES if isinstance(one, APIError)], ids=lambda error: type(error).__name__
)
def test_every_api_error_has_code_type_and_param(error: APIError) -> None:
    for fact in (error.code, error.type, error.param):
        assert fact is None or isinstance(fact, str)


def test_all_public_names_are_listed() -> None:
    assert {cls.__name__ for cls in subclasses(ResponsesClientError)} == set(errors.__all__) - {"FieldError"}
    assert errors.__all__ == sorted(errors.__all__)


DUPLICATES: list[Callable[[ResponsesClientError], ResponsesClientError]] = [
    copy.copy,
    copy.deepcopy,
    lambda error: pickle.loads(pickle.dumps(error)),
]


@pytest.mark.parametrize("duplicate", DUPLICATES, ids=["copy", "deepcopy", "pickle"])
@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_every_error_survives_copying_and_pickling(
    error: ResponsesClientError, duplicate: Callable[[ResponsesClientError], ResponsesClientError]
) -> None:
    again = duplicate(error)

    assert type(again) is type(error)
    assert str(again) == str(error)
    assert vars(again) == vars(error)


@pytest.mark.parametrize("error", EXAMPLES, ids=lambda error: type(error).__name__)
def test_every_error_is_one_line(error: ResponsesClientError) -> None:
    assert str(error)
    assert str(error).isprintable()


def test_the_request_id_comes_from_the_meta_when_not_given() -> None:
    assert APIError("x", meta=META).request_id == "req_meta"
    assert APIError("x", meta=META, request_id="req_1").request_id == "req_1"
    assert APIError("x").request_id is None
    assert APIError("x").message == "x"


def test_request_validation_names_path_type_and_expectation() -> None:
    error = RequestValidationError(
        [
            field_error(("input", 3, "content"), "a string or a list of parts", 7),
            missing_field("model", "a string"),
        ]
    )

    assert isinstance(error, ValueError)
    assert (error.path, error.expected, error.value_type) == (
        "input[3].content",
        "a string or a list of parts",
        "int",
    )
    assert [entry["path"] for entry in error.errors] == ["input[3].content", "model"]
    assert str(error) == (
        "The request was not sent: input[3].content: expected a string or a list of parts, got int 7; "
        "model: missing, expected a string"
    )


def test_request_validation_of_an_argument_names_another_outcome() -> None:
    mistake = field_error("max_concurrency", "a whole number", "7")
    error = RequestValidationError([mistake], outcome="The map was not started")

    assert str(error) == "The map was not started: max_concurrency: expected a whole number, got str '7'"
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_request_validation_names_each_mistake_once() -> None:
    mistakes = [missing_field(name, "a string") for name in ("model", "input", "model")]

    error = RequestValidationError(mistakes)

    assert error.errors == mistakes[:2]
    assert str(error).count("model: missing") == 1


def test_request_validation_shows_the_first_ten_mistakes() -> None:
    mistakes: list[FieldError] = [missing_field(f"field{number}", "a string") for number in range(12)]

    error = RequestValidationError(mistakes)

    assert "field9: " in str(error)
    assert "field10" not in str(error)
    assert str(error).endswith("; and 2 more in .errors")
    assert len(error.errors) == 12


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        (304, APIStatusError),
        (400, BadRequestError),
        (401, AuthenticationError),
        (403, PermissionDeniedError),
        (404, NotFoundError),
        (408, APIStatusError),
        (409, ConflictError),
        (418, APIStatusError),
        (422, UnprocessableEntityError),
        (429, RateLimitError),
        (500, InternalServerError),
        (503, InternalServerError),
        (599, InternalServerError),
    ],
)
def test_the_status_chooses_the_class(code: int, expected: type[APIStatusError]) -> None:
    error = status(code)

    assert type(error) is expected
    assert error.status_code == code


def test_a_status_error_has_all_facts() -> None:
    error = status(
        429,
        b'{"error": {"message": "Slow down.", "type": "requests", "code": "rate_limit_exceeded", "param": "model"}}',
        headers={"Retry-After": "2.5", "Set-Cookie": "hunter2"},
        tries=3,
        request_id="req_1",
        meta=META,
    )

    assert error.message == "Slow down."
    assert (error.code, error.type, error.param) == ("rate_limit_exceeded", "requests", "model")
    assert error.body["error"]["param"] == "model"
    assert error.headers["retry-after"] == "2.5"
    assert isinstance(error.headers, Headers)
    assert (error.retry_after, error.tries, error.request_id, error.meta) == (2.5, 3, "req_1", META)
    assert str(error) == (
        "POST /v1/responses was answered with 429 after 3 attempts: Slow down "
        "(type requests, code rate_limit_exceeded, param model, request id req_1); try again in 2.5 s"
    )


@pytest.mark.parametrize(
    ("body", "kept", "shown"),
    [
        (b"", None, "no body"),
        (b"  \n", None, "no body"),
        (b"null", None, "null"),
        (b"upstream\r\n  failed.", "upstream\r\n  failed.", "upstream failed"),
        (b"<html><title>502</title>", "<html><title>502</title>", "an HTML page, '502'"),
        (b"<h1 class='x'>A &amp; B.</h1>", "<h1 class='x'>A &amp; B.</h1>", "an HTML page, 'A & B.'"),
        (b"<Error>Denied</Error>", "<Error>Denied</Error>", "<Error>Denied</Error>"),
        (b'{"error": {"message": "cut o', '{"error": {"message": "cut o', '{"error": {"message": "cut o'),
        (b"x" * 5000, "x" * 5000, f"{'x' * 200}…"),
        (b'{"unknown": "shape"}', {"unknown": "shape"}, '{"unknown": "shape"}'),
        (b'{"detail": "Not Found"}', {"detail": "Not Found"}, "Not Found"),
    ],
    ids=[
        "empty",
        "blank",
        "null",
        "text",
        "HTML",
        "heading",
        "XML",
        "truncated",
        "long",
        "unknown",
        "FastAPI",
    ],
)
def test_any_body_is_kept_and_its_start_shown(body: bytes, kept: object, shown: str) -> None:
    error = status(502, body)

    assert error.body == kept
    assert str(error) == f"POST /v1/responses was answered with 502: {shown}; try again later"


@pytest.mark.parametrize(
    ("code", "headers", "body", "advice"),
    [
        (400, {}, b"", "change the request"),
        (401, {}, b"", "check the API key"),
        (403, {}, b"", "check what the key, its project and organization may do"),
        (404, {}, b"", "check base_url, the model and the ids"),
        (409, {}, b"", "try again"),
        (405, {}, b"", "this server does not offer the call, or base_url is not the address of its API"),
        (413, {}, b"", "send less in one request"),
        (418, {}, b"", "check base_url and the request"),
        (418, {}, b"I am a teapot", "see .body for the whole answer"),
        (429, {}, b"", "try again later"),
        (501, {}, b"", "this server does not offer the call, or base_url is not the address of its API"),
        (429, {"retry-after": "20"}, b"", "try again in 20 s"),
        (429, {"retry-after": "0"}, b"", "try again later"),
        (429, {"x-ratelimit-reset-tokens": "1m30s"}, b"", "try again in 90 s"),
        (429, {}, b'{"error": {"message": "Please try again in 6m0s."}}', "try again in 360 s"),
        (400, {"retry-after": "20"}, b"", "change the request"),
        (400, {"retry-after": "20", "x-should-retry": "true"}, b"", "try again in 20 s"),
        (400, {}, b'{"error": {"message": "Please try again in 0 s."}}', "change the request"),
        (307, {"retry-after": "20"}, b"", "set base_url to the address that answers"),
        (
            429,
            {},
            b'{"error": {"code": "insufficient_quota"}}',
            "check plan and billing, since waiting does not help",
        ),
        (
            429,
            {},
            b'{"error": {"type": "insufficient_quota"}}',
            "check plan and billing, since waiting does not help",
        ),
        (307, {}, b"", "set base_url to the address that answers"),
    ],
)
def test_the_message_ends_with_advice(code: int, headers: dict[str, str], body: bytes, advice: str) -> None:
    assert str(status(code, body, headers=headers)).endswith(f"; {advice}")


def test_a_date_to_retry_after_needs_a_clock() -> None:
    headers = {"retry-after": "Thu, 01 Jan 1970 00:01:40 GMT"}

    assert status(503, headers=headers).retry_after is None
    assert status(503, headers=headers, now=60.0).retry_after == 40.0


@pytest.mark.parametrize(
    ("code", "headers", "body", "seconds"),
    [
        (429, {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "7s"}, b"", 7.0),
        (429, {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1796040042"}, b"", 42.0),
        (429, {"retry-after": "2026-11-30T12:00:42Z"}, b"", 42.0),
        (429, {}, b'{"error": {"message": "Please try again in 6m0s."}}', 360.0),
        (400, {"retry-after": "20"}, b"", 20.0),
        (400, {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "7s"}, b"", None),
    ],
)
def test_the_wait_that_the_server_asks_for_is_told(
    code: int, headers: dict[str, str], body: bytes, seconds: float | None
) -> None:
    assert status(code, body, headers=headers, now=1_796_040_000.0).retry_after == seconds


def test_a_key_repeated_by_the_server_is_masked() -> None:
    redactor = Redactor(["azure0123456789", "x", ""])

    error = status(401, b'{"error": {"message": "Wrong key azure0123456789"}}', redactor=redactor)

    assert error.message == "Wrong key ***"
    assert "azure" not in f"{error} {error.body}"


def test_the_query_of_the_url_is_not_shown() -> None:
    assert "hunter2" not in str(status(404, url=f"{URL}?api-key=hunter2"))


@pytest.mark.parametrize(
    ("code", "headers", "message"),
    [
        (
            307,
            {"location": "https://u:p@evil.example/v1/responses?x=1"},
            "a redirect to https://evil.example, not followed because another origin must not get the request and its key",
        ),
        (
            301,
            {"location": "http://api.openai.com/v1/responses"},
            "a redirect to http://api.openai.com, not followed because another origin must not get the request and its key",
        ),
        (
            303,
            {"location": "/elsewhere"},
            "a redirect within https://api.openai.com, not followed because it would turn the request into a GET",
        ),
        (
            308,
            {"location": "/v1/responses/"},
            "a redirect within https://api.openai.com, not followed because it would exceed max_redirects",
        ),
        (
            300,
            {"location": "/v1/responses/"},
            "a redirect within https://api.openai.com, not followed because 300 does not say that the request moved",
        ),
        (302, {"location": "https://[broken"}, "a redirect whose Location is not a URL"),
        (302, {}, "a redirect without a Location header"),
    ],
)
def test_a_redirect_says_why_it_was_not_followed(code: int, headers: dict[str, str], message: str) -> None:
    error = status(code, b"<html>Moved", headers=headers)

    assert error.message == message
    assert message in str(error)


def test_a_status_error_made_by_hand_needs_only_a_status() -> None:
    error = RateLimitError("Slow down.", status_code=429)

    assert str(error) == "The request was answered with 429: Slow down; try again later"
    assert (error.body, error.tries, dict(error.headers)) == (None, 1, {})


@pytest.mark.parametrize(
    ("body", "kept", "shown"),
    [
        (b"<html>", "<html>", "'<html>'"),
        (b"", None, "empty"),
        (b"null", None, "'null'"),
        (b"[1]", [1], "'[1]'"),
        ({"output": 1}, {"output": 1}, "'{\"output\": 1}'"),
        ("text", "text", "'text'"),
    ],
)
def test_an_answer_of_the_wrong_kind_shows_its_start(body: object, kept: object, shown: str) -> None:
    error = ResponseValidationError("The answer is no response.", body=body, request_id="req_1")

    assert error.body == kept
    assert error.path is None
    assert error.message == "The answer is no response."
    assert str(error) == (
        f"The answer is no response (request id req_1): the body is {shown}; "
        "check that base_url leads to a server of the Responses API"
    )


def test_an_answer_of_the_wrong_shape_names_the_path() -> None:
    error = ResponseValidationError(
        "Expected a list", path="output", body={"output": 1}, advice="use strict=False"
    )

    assert error.path == "output"
    assert str(error) == "Expected a list at output: the body is '{\"output\": 1}'; use strict=False"


FIELDS = {"code": "server_error", "message": "Overloaded.", "param": None}


@pytest.mark.parametrize(
    ("payload", "status_code"),
    [
        ({"type": "error", **FIELDS}, None),
        ({"type": "error", "error": FIELDS}, None),
        ({"type": "error", "status": 503, "error": FIELDS}, 503),
        ({"type": "error", "status_code": 503, "error": FIELDS}, 503),
        ({"error": FIELDS}, None),
        ({"type": "response.failed", "response": {"error": FIELDS}}, None),
    ],
    ids=["flat", "nested", "WebSocket", "status_code", "no type", "failed response"],
)
def test_every_shape_of_event_gives_the_same_error(
    payload: dict[str, object], status_code: int | None
) -> None:
    error = StreamError.from_event(payload, request_id="req_1")

    assert error.message == "Overloaded."
    assert (error.code, error.type, error.param, error.status_code) == (
        "server_error",
        None,
        None,
        status_code,
    )
    assert error.event is payload
    status_shown = f"status {status_code}, " if status_code else ""
    assert str(error) == (
        f"The API ended the stream with an error: Overloaded ({status_shown}code server_error, "
        "request id req_1)"
    )


def test_a_stream_error_takes_ids_from_the_event() -> None:
    error = StreamError.from_event(
        {"type": "response.failed", "sequence_number": 9, "response": {"id": "resp_1", "error": FIELDS}}
    )

    assert (error.response_id, error.last_sequence_number) == ("resp_1", 9)


def test_a_stream_error_prefers_ids_of_the_stream() -> None:
    typed, partial = object(), object()

    error = StreamError.from_event(
        {"error": FIELDS, "sequence_number": 9, "response_id": "resp_2", "request_id": "req_2"},
        event=typed,
        partial=partial,
        response_id="resp_1",
        last_sequence_number=8,
        meta=META,
    )

    assert (error.event, error.partial) == (typed, partial)
    assert (error.response_id, error.last_sequence_number) == ("resp_1", 8)
    assert (error.request_id, error.meta) == ("req_2", META)


def test_a_stream_error_without_message_shows_the_event() -> None:
    error = StreamError.from_event({"type": "error", "sequence_number": "?"})

    assert error.message == """no message, only '{"type": "error", "sequence_number": "?"}'"""
    assert error.last_sequence_number is None


def test_an_interrupted_stream_says_where_it_stopped() -> None:
    error = StreamInterrupted("connection reset", response_id="resp_1", last_sequence_number=0, meta=META)

    assert (error.reason, error.response_id, error.last_sequence_number) == ("connection reset", "resp_1", 0)
    assert error.partial is None
    assert str(error) == error.message
    assert str(error) == (
        "The stream ended after event 0 without a terminal event: connection reset "
        "(response resp_1, request id req_meta)"
    )


def test_a_stream_that_never_began_says_so_without_numbers() -> None:
    error = StreamInterrupted("connection closed.")

    assert str(error) == "The stream ended without a terminal event: connection closed"


@pytest.mark.parametrize("make", [StreamInterrupted, StreamError])
def test_message_names_the_part_that_came_only_if_one_did(
    make: type[StreamInterrupted] | type[StreamError],
) -> None:
    assert str(make("broken", partial=Response())).endswith("; the received part is in .partial")
    assert ".partial" not in str(make("broken"))


@pytest.mark.parametrize("end", [".", "...", ":", ";", ",", ". "])
def test_advice_follows_a_message_without_two_marks(end: str) -> None:
    body = json.dumps({"error": {"message": f"No{end}"}}).encode()
    assert str(status(400, body)).endswith("400: No; change the request")


def test_a_wait_that_timed_out_keeps_the_last_state() -> None:
    state = object()

    assert WaitTimeout("still queued", response=state).response is state
    assert WaitTimeout("never seen").response is None


def test_a_tool_that_cannot_be_one_is_named_with_its_mistakes() -> None:
    mistakes = [field_error("weather.city", "a type", 3), missing_field("weather.days", "a type")]
    error = ToolDefinitionError("weather", mistakes)

    assert str(error) == (
        "weather cannot be a tool: weather.city: expected a type, got int 3; weather.days: missing, expected a type"
    )
    assert isinstance(error, ToolError)
    assert isinstance(error, RequestValidationError)
    assert error.errors == mistakes
    assert error.path == "weather.city"
    assert error.expected == "a type"
    assert error.run is None


def test_a_tool_that_failed_says_why_in_one_line() -> None:
    error = ToolExecutionError("it broke:\n  twice.", tool="weather", call=CALL)

    assert str(error) == "The tool weather failed: it broke: twice"
    assert (error.reason, error.tool, error.call) == ("it broke:\n  twice.", "weather", CALL)


@pytest.mark.parametrize("kind", [ResponseValidationError, StreamError, StreamInterrupted])
def test_errors_that_end_a_stream_share_the_arguments_for_its_progress(kind: Callable[..., Any]) -> None:
    partial = object()

    error = kind("it broke", partial=partial, response_id="resp_1", last_sequence_number=3)

    assert (error.partial, error.response_id, error.last_sequence_number) == (partial, "resp_1", 3)
    error = kind("it broke")
    assert (error.partial, error.response_id, error.last_sequence_number) == (None, None, None)
    with pytest.raises(TypeError, match="unexpected keyword argument 'sequence_number'"):
        kind("it broke", sequence_number=3)
