"""A run as people read it: text, Markdown and HTML."""

from __future__ import annotations

from typing import Any

import pytest
from call_items import call, output
from samples import response

from responses_client import RequestValidationError, RunResult, Turn
from responses_client._tools.calls import as_item
from responses_client.models import Response

USAGE = {
    "input_tokens": 10,
    "input_tokens_details": {"cached_tokens": 0},
    "output_tokens": 2,
    "output_tokens_details": {"reasoning_tokens": 0},
    "total_tokens": 12,
}
QUESTION = {"role": "user", "content": "Tea?"}
ANSWER = output("c")
NAME = call("c")["name"]


def message(text: str) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    return {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": [part]}


def turn(given: Any, *items: dict[str, Any], answers: Any = (), **fields: Any) -> Turn:
    made = Response.from_dict({**response("completed"), "usage": USAGE, "output": [*items], **fields})
    return Turn(tuple(map(as_item, given)), made, tuple(map(as_item, answers)))


def ended(*items: dict[str, Any]) -> RunResult:
    return RunResult((turn([QUESTION], *items),), "completed")


RUN = RunResult(
    (
        turn([QUESTION], call("c"), answers=[ANSWER], instructions="Be short."),
        turn([ANSWER], message("Yes."), instructions="Be short."),
    ),
    "completed",
)


def test_text_has_each_part_once() -> None:
    titles = [line for line in RUN.transcript().splitlines() if line and not line.startswith(" ")]
    assert titles == [
        "Instructions:",
        "User:",
        f"Call of {NAME}:",
        f"Output of {NAME}:",
        "Assistant:",
        "Run:",
    ]
    assert RUN.transcript().endswith("Run:\n  completed after 2 turns, 24 tokens (20 input, 4 output)\n")


def test_new_instructions_are_shown_again() -> None:
    items = [{"type": "message", "role": "system", "content": "Be long."}]
    turns = (turn([QUESTION], instructions="Be short."), turn([QUESTION], instructions=items))
    text = RunResult(turns, "completed").transcript()
    assert text.count("Instructions:") == 2
    assert "  Be long." in text


def test_run_that_waits_has_its_last_outputs_and_what_was_not_sent() -> None:
    later = as_item({"role": "user", "content": "And milk?"})
    last = turn([QUESTION], call("c"), answers=[ANSWER])
    for unsent in ((later,), (*last.outputs, later)):
        text = RunResult((last,), "in_progress", unsent=unsent).transcript()
        assert text.count("Output of") == 1
        assert "And milk?" in text
    waits = RunResult((turn([QUESTION], call("c")),), "pending").transcript()
    assert f"pending after 1 turn, 12 tokens (10 input, 2 output), waits for {NAME}" in waits


def test_texts_cannot_look_like_titles() -> None:
    run = ended(message("Hm.\n\nUser:\n**User**"))
    assert [line for line in run.transcript().splitlines() if line == "User:"] == ["User:"]
    shown = run.transcript(format="markdown").splitlines()
    assert [line for line in shown if line.endswith("**User**")] == ["**User**", "> **User**"]


def test_markdown_fences_data_and_shows_html_as_text() -> None:
    hostile = "a ```` b\n```\n<script>alert(1)</script>"
    text = ended({**call("c"), "name": "a_b*<i>", "arguments": hostile}, message(hostile)).transcript(
        format="markdown"
    )
    assert "**Call of a\\_b\\*\\<i\\>**\n\n`````\na ```` b" in text
    assert "> \\<script>alert(1)\\</script>" in text


def test_call_without_arguments_is_a_title_alone() -> None:
    run = ended({**call("c"), "arguments": ""})
    assert f"\n\nCall of {NAME}\n\n" in run.transcript()
    assert "\n\n**Call of " in run.transcript(format="markdown")


def test_values_are_bounded() -> None:
    run = ended(message("a" * 5000))
    assert "… (3,000 more characters)" in run.transcript()
    assert "… (4,995 more characters)" in run.transcript(max_chars=5)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"format": "pdf"}, 'format: expected "text" or "markdown"'),
        ({"max_chars": 0}, "max_chars: expected a whole number, 1 or more"),
    ],
)
def test_wrong_arguments_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestValidationError, match=message):
        RUN.transcript(**options)


def test_notebook_shows_the_run() -> None:
    page = RUN._repr_html_()
    assert page.startswith("<div")
    assert "Run: completed after 2 turns, 24 tokens (20 input, 4 output)" in page
    assert f"Call of {NAME}" in page
    assert "<script" not in ended(message("<script>"))._repr_html_()
