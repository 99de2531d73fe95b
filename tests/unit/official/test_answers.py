"""Answers and errors of our client as those of the HTTP library of the official package."""

from __future__ import annotations

from typing import Any

import pytest

openai = pytest.importorskip("openai")

from responses_client import RawAnswer, errors
from responses_client._base.http import ResponseMeta
from responses_client._official.answers import cause_of, failure, http, official_error, whole_answer
from responses_client.models import Response

REQUEST = http.Request("POST", "https://api.test/v1/responses")
META = ResponseMeta.build(
    201,
    {
        "x-request-id": "req_1",
        "Content-Encoding": "gzip",
        "content-length": "3",
        "content-type": "application/json",
    },
    elapsed=1.5,
    tries=2,
    method="POST",
    url="https://api.test/v1/responses",
)


def test_library_is_that_of_the_official_package() -> None:
    assert issubclass(openai.DefaultHttpxClient, http.Client)


def test_answer_has_status_headers_and_time_and_a_body_that_is_not_compressed() -> None:
    answer = whole_answer(REQUEST, RawAnswer(b'{"a": 1}', META))

    assert (answer.status_code, answer.json(), answer.elapsed.total_seconds()) == (201, {"a": 1}, 1.5)
    assert answer.headers["x-request-id"] == "req_1"
    assert answer.headers["content-length"] == "8"
    assert "content-encoding" not in answer.headers


def test_model_is_written_as_it_came() -> None:
    response = Response.from_json(b'{"id": "resp_1", "object": "response", "of_the_future": 1.0}')

    assert whole_answer(REQUEST, response).json() == {
        "id": "resp_1",
        "object": "response",
        "of_the_future": 1.0,
    }


@pytest.mark.parametrize(
    ("body", "content"),
    [
        ({"error": {"message": "No."}}, b'{"error":{"message":"No."}}'),
        ("Bad gateway", b"Bad gateway"),
        (None, b"null"),
    ],
)
def test_error_status_is_an_answer_that_remembers_its_error(body: Any, content: bytes) -> None:
    error = errors.RateLimitError("No.", status_code=429, body=body, headers={"retry-after": "3"})
    answer = failure(REQUEST, error)

    assert (answer.status_code, answer.content, answer.headers["retry-after"]) == (429, content, "3")
    assert cause_of(openai.RateLimitError("No.", response=answer, body=None)) is error


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.APITimeoutError("It took too long."), http.TimeoutException),
        (errors.APIConnectionError("No answer."), http.TransportError),
        (errors.ConfigurationError("There is no key."), http.TransportError),
    ],
)
def test_other_errors_are_raised_as_the_library_raises_them(
    error: errors.ResponsesClientError, kind: type[Exception]
) -> None:
    with pytest.raises(kind, match=str(error)) as raised:
        failure(REQUEST, error)

    wrapped = openai.APIConnectionError(request=REQUEST)
    wrapped.__cause__ = raised.value
    assert cause_of(wrapped) is error


def test_errors_of_the_official_package_have_no_cause_of_ours() -> None:
    assert cause_of(openai.APIConnectionError(request=REQUEST)) is None
    answer = http.Response(500, request=REQUEST)
    assert cause_of(openai.InternalServerError("No.", response=answer, body=None)) is None


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (errors.APITimeoutError("It took too long."), openai.APITimeoutError),
        (errors.APIConnectionError("No answer."), openai.APIConnectionError),
        (errors.StreamInterrupted("the connection broke"), openai.APIConnectionError),
        (
            errors.ResponseValidationError("The answer is not JSON", body="<html>"),
            openai.APIResponseValidationError,
        ),
        (errors.StreamError("It failed.", code="server_error"), openai.APIError),
        (errors.ConfigurationError("There is no key."), openai.OpenAIError),
    ],
)
def test_each_error_has_its_official_one(error: errors.ResponsesClientError, kind: type[Exception]) -> None:
    assert type(official_error(error, REQUEST)) is kind


def test_facts_of_an_error_in_a_stream_are_kept() -> None:
    error = official_error(errors.StreamError("It failed.", code="server_error", param="input"), REQUEST)

    assert isinstance(error, openai.APIError)
    assert (error.message, error.code, error.param) == ("It failed.", "server_error", "input")
