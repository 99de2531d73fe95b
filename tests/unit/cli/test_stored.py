"""The commands for answers that the server has stored."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from command_line import Terminal, errors

from responses_client._base.progress import Progress
from responses_client._cli.main import main
from responses_client._cli.stored import StatusLine
from responses_client.models import Response
from responses_client.testing import Server, VirtualClock


@pytest.fixture(autouse=True)
def clock() -> Iterator[VirtualClock]:
    with VirtualClock() as clock:
        yield clock


@pytest.fixture
def last(configured: Server, capsys: pytest.CaptureFixture[str]) -> str:
    """The id of an answer to `Hi`, the last one."""
    assert main(["Hi"]) == 0
    capsys.readouterr()
    return [*configured.responses][-1]


@pytest.fixture
def background(configured: Server, capsys: pytest.CaptureFixture[str]) -> str:
    """The id of an answer that the server makes in the background."""
    configured.background(polls=2)
    assert main(["--background", "Long work"]) == 0
    capsys.readouterr()
    return [*configured.responses][-1]


@pytest.mark.parametrize("named", [True, False])
def test_answer_is_printed_again(last: str, capsys: pytest.CaptureFixture[str], named: bool) -> None:
    assert main(["retrieve", *[last] * named]) == 0
    assert capsys.readouterr() == ("Hello! How can I help you today?\n", "")


def test_response_is_printed_as_json(
    configured: Server, last: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["retrieve", "--json", last]) == 0
    assert json.loads(capsys.readouterr().out) == configured.responses[last]


def test_answer_that_does_not_exist_is_one_line(
    configured: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["retrieve", "resp_none"]) == 1
    (line,) = errors(capsys)
    assert line.startswith("error: the server answered with 404: ")
    assert line.endswith("; check the model, the id and --base-url")


def test_id_that_is_a_path_is_wrong_usage(configured: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["retrieve", "../files"]) == 2
    (line,) = errors(capsys)
    assert line.startswith("error: the id: '../files' is a path or an address, not an id")


def test_answer_in_progress_is_not_printed_yet(background: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["retrieve", background]) == 1
    shown = capsys.readouterr()
    assert shown.out == ""
    assert f"run responses wait {background}" in shown.err


def test_wait_prints_the_answer_and_each_status_on_the_way(
    background: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["wait", background]) == 0
    shown = capsys.readouterr()
    assert "Long work" in shown.out
    assert shown.err.splitlines() == ["in_progress", "completed"]


def test_wait_that_takes_too_long_says_how_to_go_on(
    configured: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    configured.background(polls=50)
    assert main(["--background", "Long work"]) == 0
    capsys.readouterr()
    (response_id,) = configured.responses
    assert main(["wait", "--timeout", "3"]) == 1
    (line,) = [line for line in errors(capsys) if line.startswith("error")]
    assert line == (
        "error: the answer was not finished in time: its status is in_progress; continue with "
        f"responses wait {response_id}, or stop it with responses cancel {response_id}"
    )


def test_progress_at_a_terminal_is_one_line_that_goes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    line = StatusLine()
    line.show(Response.from_dict({"status": "queued"}), Progress(elapsed=12.3))
    assert terminal.getvalue() == "\r\x1b[Kqueued, 12 s"
    line.show(Response.from_dict({"status": "a\x1b[2J"}), Progress(elapsed=12.3))
    assert terminal.getvalue().endswith("\r\x1b[Ka [2J, 12 s")
    line.show(Response.from_dict({}), Progress(elapsed=13.4))
    line.end()
    assert terminal.getvalue().endswith("\r\x1b[Kunknown, 13 s\r\x1b[K")


def test_progress_elsewhere_is_a_line_for_each_status(capsys: pytest.CaptureFixture[str]) -> None:
    line = StatusLine()
    for status in ("queued", "queued", "completed"):
        line.show(Response.from_dict({"status": status}), Progress())
    line.end()
    assert capsys.readouterr().err == "queued\ncompleted\n"


def test_progress_that_showed_nothing_leaves_the_terminal_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stderr", terminal)
    StatusLine().end()
    assert terminal.getvalue() == ""


@pytest.mark.parametrize(
    ("form", "read"), [([], str.strip), (["--json"], lambda text: json.loads(text)["status"])]
)
def test_cancel_prints_the_status(
    background: str, capsys: pytest.CaptureFixture[str], form: list[str], read: Any
) -> None:
    assert main(["cancel", *form]) == 0
    assert read(capsys.readouterr().out) == "cancelled"


def test_input_is_printed_item_by_item_the_oldest_first(
    configured: Server, last: str, capsys: pytest.CaptureFixture[str]
) -> None:
    image = ["--image", "https://a.test/a.png"]
    assert main(["-c", "Two", *image]) == 0
    capsys.readouterr()
    assert main(["input-items"]) == 0
    assert capsys.readouterr().out.splitlines() == [
        "user: Hi",
        "assistant: Hello! How can I help you today?",
        "user: [input_image] Two",
    ]


def test_input_is_printed_as_json(last: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["input-items", "--json", last]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["role"] == "user"


@pytest.mark.parametrize(
    ("item", "line"),
    [
        ({"type": "function_call_output", "call_id": "c", "output": "x"}, "[function_call_output]"),
        ({"type": "message", "role": "user", "content": "Hi"}, "user: Hi"),
        ({}, "[unknown]"),
    ],
)
def test_item_is_a_line(item: dict[str, Any], line: str) -> None:
    from responses_client._cli.stored import _item_line

    assert _item_line(item) == line
