"""Which server answers."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from command_line import Start, Terminal, demo, hello, no_wait, refuse

from responses_client._cli.main import main
from responses_client.testing import Server


@pytest.mark.parametrize("arguments", [["Hi"], ["chat"]])
def test_script_without_a_key_gets_no_answer_of_the_embedded_server(
    server: Server, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    assert main(arguments) == 2
    assert capsys.readouterr() == (
        "",
        "error: OPENAI_API_KEY is not set; set it, name another server by --base-url, or write --demo for a "
        "demonstration\n",
    )
    assert len(server.requests) == 0


def test_file_without_a_key_gets_no_answer_of_the_embedded_server(
    server: Server, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(sys, "stdout", Terminal())
    assert main(["Hi", "-o", str(tmp_path / "answer")]) == 2
    assert [*tmp_path.iterdir()] == []


def test_person_without_a_key_sees_a_demonstration(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr("time.sleep", no_wait)
    assert main(["Hi"]) == 0
    assert terminal.getvalue() == "Hello! How can I help you today?\n"
    assert capsys.readouterr().err == (
        "OPENAI_API_KEY is not set: the embedded server answers, without a model or a network.\n"
    )


def test_demonstration_is_one_also_with_a_key(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OPENAI_API_KEY", "sk-any")
    assert demo("Hi") == 0
    assert capsys.readouterr().out == "Hello! How can I help you today?\n"


def test_server_of_the_option_answers_without_a_key(
    loopback: Start, capsys: pytest.CaptureFixture[str]
) -> None:
    server = loopback(hello)
    assert main(["--base-url", server.url, "Hi"]) == 0
    assert capsys.readouterr() == ("Hello\n", "")
    assert "authorization" not in server.seen[0]


def test_server_of_the_environment_answers_with_a_key(
    loopback: Start, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = loopback(hello)
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("OPENAI_API_KEY", "sk-local")
    assert main(["Hi"]) == 0
    assert capsys.readouterr() == ("Hello\n", "")
    assert server.seen[0]["authorization"] == "Bearer sk-local"


@pytest.mark.parametrize(("status", "tries"), [(401, 1), (500, 3)])
def test_error_status_is_one_line(
    loopback: Start,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    tries: int,
) -> None:
    monkeypatch.setattr("time.sleep", no_wait)
    server = loopback(refuse(status))
    assert main(["--base-url", server.url, "Hi"]) == 1
    assert len(server.seen) == tries
    shown = capsys.readouterr()
    assert shown.out == ""
    (line,) = shown.err.splitlines()
    assert line.startswith("error: ")
    assert f"{status}" in line
    assert "Sorry" in line


def test_refused_connection_is_one_line(
    loopback: Start, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("time.sleep", no_wait)
    server = loopback(hello)
    server.shutdown()
    server.server_close()
    assert main(["--base-url", server.url, "Hi"]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith(f"error: POST {server.url.removesuffix('/v1')} got no answer after 3 attempts")


def test_invalid_address_is_wrong_usage(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--base-url", "localhost:8000", "Hi"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line == "error: --base-url must start with http:// or https://; write 'http://localhost:8000'"
