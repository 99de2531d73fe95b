"""Requests of the command, and answers that fail."""

from __future__ import annotations

from typing import Any

import pytest
from command_line import demo, errors

from responses_client.testing import Server

# --- the request


def test_options_are_sent(server: Server) -> None:
    assert demo("Hi", "--model", "gpt-6-sol", "--instructions", "Be brief.") == 0
    assert server.requests[0].json == {
        "model": "gpt-6-sol",
        "input": "Hi",
        "instructions": "Be brief.",
        "stream": True,
    }


def test_request_without_options_has_model_and_input_only(server: Server) -> None:
    assert demo("Hi") == 0
    assert server.requests[0].json == {"model": "gpt-5.4", "input": "Hi", "stream": True}


def test_every_option_of_the_request_is_sent(server: Server) -> None:
    options = ["--effort", "low", "--reasoning-summary", "--max-output-tokens", "500", "--previous", "resp_1"]
    assert demo("Hi", *options) == 1  # there is no such answer
    assert server.requests[0].json == {
        "model": "gpt-5.4",
        "input": "Hi",
        "reasoning": {"effort": "low", "summary": "auto"},
        "max_output_tokens": 500,
        "previous_response_id": "resp_1",
        "stream": True,
    }


# --- responses that fail


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}},
            "error: the answer is incomplete: max_output_tokens",
        ),
        ({"status": "incomplete"}, "error: the answer is incomplete: the server does not say why"),
        (
            {"status": "failed", "error": {"code": "server_error", "message": "Out of order."}},
            "error: the response failed: Out of order. (server_error)",
        ),
        ({"status": "failed", "error": None}, "error: the response failed: the server does not say why"),
        ({"status": "failed", "error": {"message": "No."}}, "error: the response failed: No."),
        ({"status": "cancelled"}, "error: the response was cancelled"),
    ],
)
def test_response_that_is_not_completed_is_an_error(
    server: Server, capsys: pytest.CaptureFixture[str], fields: dict[str, Any], problem: str
) -> None:
    server.reply_response(fields)
    assert demo("--json", "Hi") == 1
    assert errors(capsys) == [problem]


def test_interrupted_stream_shows_the_text_received(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.disconnect_after(events=6)
    assert demo("Hi") == 1
    shown = capsys.readouterr()
    assert shown.out == "Hello!\n"
    (line,) = shown.err.splitlines()[1:]
    assert line.startswith("error: the answer broke off: The connection broke off")


@pytest.mark.parametrize(("option", "shown"), [("--json", '{"type":"error"'), ("--events", "ErrorEvent")])
def test_error_event_is_shown_among_the_events(
    server: Server, capsys: pytest.CaptureFixture[str], option: str, shown: str
) -> None:
    created = {"type": "response.created", "response": {"id": "resp_1"}}
    server.reply_events([created, {"type": "error", "code": "server_error", "message": "Overloaded."}])
    assert demo(option, "Hi") == 1
    output = capsys.readouterr()
    assert output.out.splitlines()[1].startswith(shown)
    assert "Overloaded" in output.err.splitlines()[1]


def test_refused_request_is_one_line(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.fail(400, message="No such\nmodel.")
    assert demo("Hi") == 1
    (line,) = errors(capsys)
    assert line.startswith("error: the server answered with 400: No such model")
