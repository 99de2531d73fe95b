"""How answers are shown: text, events, JSON."""

from __future__ import annotations

import io
import json
import sys
from typing import Any

import pytest
from command_line import DEMONSTRATION, Terminal, demo, errors, no_wait

from responses_client.testing import Server

# --- output


def test_text_of_the_answer_is_shown_and_where_it_comes_from(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo("Hi") == 0
    shown = capsys.readouterr()
    assert shown.out == "Hello! How can I help you today?\n"
    assert shown.err.startswith(DEMONSTRATION)
    assert shown.err.count("\n") == 1


def test_events_are_shown_by_type_and_deltas_as_text(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo("--events", "Hi") == 0
    assert [tuple(line.split(maxsplit=1)) for line in capsys.readouterr().out.splitlines()] == [
        ("ResponseCreated", "response: Response (in_progress)"),
        ("ResponseInProgress", "response: Response (in_progress)"),
        ("OutputItemAdded", "item: OutputMessage (in_progress)"),
        ("ContentPartAdded", "part: OutputText"),
        ("OutputTextDelta", "Hello! How can I help you today?  (9 events)"),
        ("OutputTextDone", "text: 'Hello! How can I help you today?'"),
        ("ContentPartDone", "part: OutputText"),
        ("OutputItemDone", "item: OutputMessage (completed)"),
        ("ResponseCompleted", "response: Response (completed)"),
    ]


def test_events_take_one_line_each(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.reply_events(
        [
            {"type": "response.output_text.delta", "delta": "one\ntwo"},
            {"type": "response.refusal.delta", "delta": "no"},
            {"type": "response.of_tomorrow", "n": 1},
            {"type": "response.output_text.done", "text": "long " * 100},
            {"type": "response.output_text.delta", "delta": "the rest"},
        ]
    )
    assert demo("--events", "Hi") == 1
    lines = capsys.readouterr().out.splitlines()
    assert [line.split()[0] for line in lines] == [
        "OutputTextDelta",
        "RefusalDelta",
        "UnknownEvent",
        "OutputTextDone",
        "OutputTextDelta",
    ]
    assert lines[0].endswith("one\\ntwo  (1 event)")
    assert lines[2].endswith("type: 'response.of_tomorrow', n: 1")
    assert lines[3].endswith("…")
    assert lines[4].endswith("the rest")


def test_json_gives_each_event_as_it_came(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert demo("--json", "Hi") == 0
    events = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert events[-1]["type"] == "response.completed"
    assert events[-1]["response"] == next(iter(server.responses.values()))


def test_json_is_utf_8_in_any_locale(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii"))
    server.reply("Grüße")
    assert demo("--json", "Hi") == 0
    assert "Grüße" in written.getvalue().decode("utf-8")


def test_text_that_the_terminal_cannot_write_becomes_question_marks(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="ascii", newline="\n"))
    server.reply("Grüße")
    assert demo("Hi") == 0
    assert written.getvalue() == b"Gr??e\n"


def test_text_cannot_steer_the_terminal(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr("time.sleep", no_wait)
    server.reply("a\x1b]0;title\x07b\tc\n")
    assert demo("Hi") == 0
    assert terminal.getvalue() == "a\ufffd]0;title\ufffdb\tc\n"


def test_embedded_server_streams_slowly_to_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    slept: list[float] = []
    monkeypatch.setattr(sys, "stdout", Terminal())
    monkeypatch.setattr("time.sleep", slept.append)
    assert demo("Hi") == 0
    assert len(slept) > 9
    assert set(slept) == {0.03}


@pytest.mark.parametrize(
    ("item", "line"),
    [
        (
            {"type": "function_call", "call_id": "c", "name": "get_weather", "arguments": '{"city":"Paris"}'},
            '[get_weather({"city":"Paris"})]',
        ),
        (
            {"type": "custom_tool_call", "call_id": "c", "name": "code", "input": "print(1)"},
            "[code(print(1))]",
        ),
        ({"type": "web_search_call", "id": "ws_1", "status": "completed"}, "[web_search_call]"),
        ({"type": "call_of_tomorrow"}, "[call_of_tomorrow]"),
    ],
)
def test_tool_call_is_a_line(
    server: Server, capsys: pytest.CaptureFixture[str], item: dict[str, Any], line: str
) -> None:
    server.reply_items([item])
    assert demo("Hi") == 0
    assert capsys.readouterr().out == f"{line}\n"


def test_each_message_starts_a_line_and_reasoning_is_not_shown(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    part: dict[str, Any] = {"type": "output_text", "text": "Hello", "annotations": []}
    message: dict[str, Any] = {"type": "message", "role": "assistant", "content": [part]}
    reasoning = {"type": "reasoning", "summary": [{"type": "summary_text", "text": "Hm."}]}
    server.reply_items([reasoning, message, message])
    assert demo("Hi") == 0
    assert capsys.readouterr().out == "Hello\nHello\n"


REASONING: dict[str, Any] = {
    "type": "reasoning",
    "summary": [{"type": "summary_text", "text": "Hm."}, {"type": "summary_text", "text": "So."}],
}
MESSAGE: dict[str, Any] = {
    "type": "message",
    "role": "assistant",
    "content": [{"type": "output_text", "text": "Hello", "annotations": []}],
}
CALL = {"type": "web_search_call", "status": "completed"}


def joined(shown: str) -> str:
    """Leave out the ends and beginnings of styles between pieces of one text."""
    return shown.replace("\x1b[0m\x1b[2m", "")


def at_terminal(server: Server, monkeypatch: pytest.MonkeyPatch, *items: dict[str, Any]) -> str:
    terminal = Terminal()
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setattr("time.sleep", no_wait)
    server.reply_items(items)
    assert demo("Hi") == 0
    return terminal.getvalue()


def test_terminal_shows_reasoning_dimmed_and_calls_marked(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = at_terminal(server, monkeypatch, REASONING, CALL, MESSAGE)
    assert joined(shown) == (
        "\x1b[2mHm.\x1b[0m\n\x1b[2mSo.\x1b[0m\n\x1b[36m[web_search_call]\x1b[0m\nHello\n"
    )


def test_terminal_without_styles_shows_reasoning_behind_bars(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    shown = at_terminal(server, monkeypatch, REASONING, CALL, MESSAGE)
    assert shown == "| Hm.\n| So.\n[web_search_call]\nHello\n"


def test_text_of_reasoning_is_dimmed_as_summaries_are(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = {"type": "reasoning", "summary": [], "content": [{"type": "reasoning_text", "text": "Hm."}]}
    shown = at_terminal(server, monkeypatch, text, MESSAGE)
    assert joined(shown) == "\x1b[2mHm.\x1b[0m\nHello\n"


def test_forced_styles_reach_a_pipe(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    server.reply_items([REASONING, MESSAGE])
    assert demo("Hi") == 0
    assert "\x1b[2mHm.\x1b[0m\n" in joined(capsys.readouterr().out)


def test_call_without_events_is_shown(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.reply_events(
        [{"type": "response.completed", "response": {"id": "resp_1", "output": [REASONING, CALL]}}]
    )
    assert demo("Hi") == 0
    shown = capsys.readouterr()
    assert shown.out == "[web_search_call]\n"
    assert "empty" not in shown.err


@pytest.mark.parametrize(
    "items",
    [
        [],
        [REASONING],
        [MESSAGE | {"content": []}],
        [MESSAGE | {"content": [{"type": "output_text", "text": " "}]}],
    ],
)
def test_answer_that_shows_nothing_is_said_to_be_empty(
    server: Server, capsys: pytest.CaptureFixture[str], items: list[dict[str, Any]]
) -> None:
    server.reply_events([{"type": "response.completed", "response": {"id": "resp_1", "output": items}}])
    assert demo("Hi") == 0
    assert errors(capsys) == ["The answer is empty."]


def test_refusal_is_shown_and_named(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.refuse("I would rather not.")
    assert demo("Hi") == 0
    shown = capsys.readouterr()
    assert shown.out == "I would rather not.\n"
    assert shown.err.splitlines()[1:] == ["The model refused to answer."]


@pytest.mark.parametrize(
    "part", [{"type": "output_text", "text": "Hello"}, {"type": "refusal", "refusal": "Hello"}]
)
def test_text_without_deltas_is_shown(
    server: Server, capsys: pytest.CaptureFixture[str], part: dict[str, Any]
) -> None:
    item = {"type": "message", "role": "assistant", "content": [part]}
    server.reply_events([{"type": "response.completed", "response": {"id": "resp_1", "output": [item]}}])
    assert demo("Hi") == 0
    assert capsys.readouterr().out == "Hello\n"


def test_answer_alone_is_shown_without_deltas(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    def message(text: str, phase: str) -> dict[str, Any]:
        part = {"type": "output_text", "text": text}
        return {"type": "message", "role": "assistant", "phase": phase, "content": [part]}

    output = [message("I look it up.", "commentary"), message("It is 42.", "final_answer")]
    server.reply_events([{"type": "response.completed", "response": {"id": "resp_1", "output": output}}])
    assert demo("Hi") == 0
    assert capsys.readouterr().out == "It is 42.\n"


def test_empty_answer_is_reported(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.reply_items([])
    assert demo("Hi") == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines()[1:] == ["The answer is empty."]
