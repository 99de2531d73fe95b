"""The text of a response is that of its answer: one rule chooses the messages."""

from __future__ import annotations

from typing import Any

import pytest

from responses_client.models import Response


def message(text: str, id: str | None = None, **fields: Any) -> dict[str, Any]:
    part = {"type": "output_text", "text": text, "annotations": []}
    return {"type": "message", "id": id, "role": "assistant", "content": [part], **fields}


def phased(text: str, phase: str | None) -> dict[str, Any]:
    return message(text, f"msg_{text}", phase=phase)


REFUSAL: dict[str, Any] = {"type": "refusal", "refusal": "No."}
CALL = {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"}


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ([], ""),
        ([CALL], ""),
        ([message("A"), CALL, message("B")], "AB"),
        ([phased("A", "commentary"), CALL, phased("B", "final_answer")], "B"),
        ([phased("A", "final_answer"), phased("B", "commentary")], "A"),
        ([phased("A", "final_answer"), phased("B", "commentary"), phased("C", "final_answer")], "AC"),
        ([phased("A", "final_answer"), phased("B", "epilogue"), message("C")], "A"),
        ([phased("A", "commentary"), message("B"), phased("C", "epilogue"), phased("D", None)], "BD"),
        ([phased("A", "commentary"), phased("B", "epilogue")], "AB"),
    ],
)
def test_text_is_that_of_the_final_answer_or_else_of_messages_without_a_phase_or_else_of_all(
    output: list[dict[str, Any]], text: str
) -> None:
    assert Response.from_dict({"output": output}).output_text == text


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ([message("A", "msg_1"), message("A", "msg_1")], "A"),
        ([message("A", "msg_1"), message("B", "msg_2"), message("A", "msg_1")], "AB"),
        ([message("A", "msg_1"), message("B", "msg_2"), message("C", "msg_1")], "BC"),
        ([message("A", "msg_1"), message("B", "msg_2"), message("", "msg_1")], "AB"),
        ([message("Te", "msg_1", status="in_progress"), message("Tea", "msg_1", status="completed")], "Tea"),
        ([message("A", "msg_1"), message("", "msg_1")], "A"),
        ([message("A", "msg_1", phase="final_answer"), message("B", "msg_1", phase="commentary")], "A"),
        ([message("A"), message("A")], "AA"),
        ([message("A", ""), message("A", "")], "AA"),
    ],
)
def test_message_that_came_twice_counts_once(output: list[dict[str, Any]], text: str) -> None:
    response = Response.from_dict({"output": output})
    assert response.output_text == text
    assert response.to_dict() == {"output": output}


def test_refusal_is_no_text() -> None:
    response = Response.from_dict({"output": [message("A", content=[REFUSAL])]})
    assert response.output_text == ""


def test_repeated_message_may_turn_into_a_refusal() -> None:
    response = Response.from_dict(
        {"output": [message("A", "msg_1"), message("", "msg_1", content=[REFUSAL])]}
    )
    assert response.output_text == ""
    assert response.parse(int).refusal == "No."
