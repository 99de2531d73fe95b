"""`responses PROMPT`: its request, the id that it keeps, and answers that are data."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import demo, errors

from responses_client._cli.last_response import state_file
from responses_client._cli.main import main
from responses_client.testing import Server


@pytest.fixture
def schema(tmp_path: Path) -> str:
    path = tmp_path / "city.json"
    path.write_text('{"type": "object", "properties": {"name": {"type": "string"}}}')
    return str(path)


def test_id_of_the_answer_is_kept_and_continued_from(configured: Server) -> None:
    assert main(["One"]) == 0
    (first,) = configured.responses
    kept = json.loads(Path(state_file()).read_text())
    assert kept == {"response_id": first, "base_url": "http://server.test/v1"}
    assert main(["-c", "Two"]) == 0
    assert configured.requests[1].json["previous_response_id"] == first
    assert main(["--previous", first, "Three"]) == 0
    assert configured.requests[2].json["previous_response_id"] == first


@pytest.mark.parametrize("arguments", [["--no-save", "Hi"], ["--demo", "Hi"]])
def test_id_is_not_kept_if_the_user_says_so_or_the_server_keeps_nothing(
    configured: Server, arguments: list[str]
) -> None:
    assert main(arguments) == 0
    assert not Path(state_file()).exists()


def test_id_of_an_answer_that_the_server_does_not_store_is_not_kept(configured: Server) -> None:
    configured.reply_response({"store": False})
    assert main(["Hi"]) == 0
    assert not Path(state_file()).exists()


def test_continue_without_a_last_answer_is_one_line(
    configured: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["-c", "Hi"]) == 2
    assert errors(capsys) == [f"error: no last answer is saved in {state_file()}; pass the id of an answer"]
    assert len(configured.requests) == 0


def test_background_prints_the_id(configured: Server, capsys: pytest.CaptureFixture[str]) -> None:
    configured.background(polls=2)
    assert main(["--background", "Long work"]) == 0
    (response_id,) = configured.responses
    assert capsys.readouterr().out == f"{response_id}\n"
    assert configured.requests[0].json["background"] is True
    assert json.loads(Path(state_file()).read_text())["response_id"] == response_id


def test_background_as_json_is_the_response(configured: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--background", "--json", "Long work"]) == 0
    assert json.loads(capsys.readouterr().out)["id"] in configured.responses


def test_answer_that_is_not_json_fails_with_a_schema(
    server: Server, capsys: pytest.CaptureFixture[str], schema: str
) -> None:
    server.reply("Paris, of course")
    assert demo("Hi", "--schema", schema) == 1
    (line,) = errors(capsys)
    assert line.startswith("error: the answer is not valid JSON: ")


def test_refusal_is_no_data(server: Server, capsys: pytest.CaptureFixture[str], schema: str) -> None:
    server.refuse("I would rather not.")
    assert demo("Hi", "--schema", schema) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines()[1:] == ["error: the model refused to answer: I would rather not."]


def test_nothing_but_the_data_is_written_with_a_schema(
    server: Server, capsys: pytest.CaptureFixture[str], schema: str
) -> None:
    message: dict[str, Any] = {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": '{"name": "Paris"}', "annotations": []}],
    }
    server.reply_items([{"type": "web_search_call", "status": "completed"}, message])
    assert demo("Hi", "--schema", schema) == 0
    assert capsys.readouterr().out == '{"name": "Paris"}\n'


def test_usage_is_said_on_standard_error(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo("Hi", "--usage") == 0
    shown = capsys.readouterr()
    assert shown.out == "Hello! How can I help you today?\n"
    assert shown.err.splitlines()[1].startswith("usage: 1 token in, 9 out; ")
