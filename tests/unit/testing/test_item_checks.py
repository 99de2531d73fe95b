"""Items of an input that depend on others: references, ids, and reasoning with the item that follows it."""

from __future__ import annotations

from typing import Any

import pytest
from server_calls import create, created

from responses_client.testing import Server

USER = {"role": "user", "content": "Hi"}
REASONING = {"type": "reasoning", "id": "rs_1", "summary": []}
CALL = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{}"}
OUTPUT = {"type": "function_call_output", "call_id": "call_1", "output": "1"}
MESSAGE = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Hello", "annotations": [], "logprobs": []}],
}
NOT_STORED = (
    " Items are not persisted when `store` is set to false. Try again with `store` set to true, or remove this"
    " item from your input."
)
NO_FOLLOWER = "Item 'rs_1' of type 'reasoning' was provided without its required following item."


def refusal(server: Server, status: int = 400, **body: Any) -> str:
    """Return the message of the API's error about the input."""
    response = create(server, **body)
    assert response.status_code == status, response.text
    error = response.json()["error"]
    assert (error["type"], error["param"], error["code"]) == ("invalid_request_error", "input", None)
    return str(error["message"])


def duplicate(id: str) -> str:
    return f"Duplicate item found with id {id}. Remove duplicate items from your input and try again."


# --- references


def test_reference_to_an_unknown_item_is_refused() -> None:
    with Server() as server:
        reference = {"type": "item_reference", "id": "msg_1"}
        assert refusal(server, 404, input=[reference]) == "Item with id 'msg_1' not found."
        message = refusal(server, 404, input=[reference], store=False)
        assert message == "Item with id 'msg_1' not found." + NOT_STORED


def test_reasoning_without_its_content_is_a_reference() -> None:
    with Server() as server:
        message = refusal(server, 404, input=[REASONING, MESSAGE], store=False)
        assert message == "Item with id 'rs_1' not found." + NOT_STORED


@pytest.mark.parametrize(
    "fields",
    [
        {"encrypted_content": "x"},
        {"content": [{"type": "reasoning_text", "text": "Hm."}]},
        {"encrypted_content": None, "id": None},
        {"encrypted_content": "x", "id": None},
    ],
    ids=["encrypted", "of an open model", "without an id", "encrypted, with a null id"],
)
def test_reasoning_that_was_never_stored_is_accepted(fields: dict[str, Any]) -> None:
    with Server() as server:
        created(server, input=[USER, {**REASONING, **fields}, USER], store=False)
        created(server, input=[USER, {**REASONING, **fields}])


# --- ids


def test_item_that_comes_twice_is_refused() -> None:
    with Server() as server:
        assert refusal(server, input=[MESSAGE, USER, MESSAGE]) == duplicate("msg_1")


def test_item_that_the_history_has_is_refused() -> None:
    with Server() as server:
        server.conversations["conv_1"] = []
        first = created(server.reply_items([MESSAGE]), conversation="conv_1")["id"]
        assert refusal(server, previous_response_id=first, input=[MESSAGE]) == duplicate("msg_1")
        reference = {"type": "item_reference", "id": "msg_1"}
        assert refusal(server, conversation="conv_1", input=[reference]) == duplicate("msg_1")


def test_items_without_ids_may_come_twice() -> None:
    with Server() as server:
        created(server, input=[USER, USER, {**MESSAGE, "id": None}, {**MESSAGE, "id": None}])


# --- reasoning


def test_stored_reasoning_goes_with_the_item_that_follows_it() -> None:
    with Server() as server:
        created(server.reply_items([REASONING, CALL]))
        created(server, input=[USER, REASONING, CALL, OUTPUT])


@pytest.mark.parametrize(
    "after",
    [
        [],
        [USER],
        [{**CALL, "id": None}, OUTPUT],
        [USER, CALL, OUTPUT],
    ],
    ids=["nothing", "a user message", "the item without its id", "another item first"],
)
def test_stored_reasoning_without_the_item_that_follows_it_is_refused(after: list[dict[str, Any]]) -> None:
    with Server() as server:
        created(server.reply_items([REASONING, CALL]))
        assert refusal(server, input=[USER, REASONING, *after]) == NO_FOLLOWER


def test_stored_reasoning_that_nothing_followed_is_refused() -> None:
    with Server() as server:
        created(server.reply_items([REASONING]))
        assert refusal(server, input=[REASONING, USER]) == NO_FOLLOWER


def test_stored_item_without_its_reasoning_is_refused() -> None:
    with Server() as server:
        created(server.reply_items([REASONING, CALL]))
        assert refusal(server, input=[CALL, OUTPUT]) == (
            "Item 'fc_1' of type 'function_call' was provided without its required 'reasoning' item: 'rs_1'."
        )
        created(server, input=[{**CALL, "id": None}, OUTPUT])


def test_item_needs_all_of_its_reasoning() -> None:
    second = {**REASONING, "id": "rs_2"}
    with Server() as server:
        created(server.reply_items([REASONING, second, MESSAGE]))
        created(server, input=[REASONING, second, MESSAGE, USER])
        assert refusal(server, input=[second, MESSAGE, USER]) == (
            "Item 'msg_1' of type 'message' was provided without its required 'reasoning' item: 'rs_1'."
        )


def test_items_that_several_responses_share_may_come_as_in_any_of_them() -> None:
    with Server() as server:
        created(server.reply_items([REASONING, CALL]))
        created(server.reply_items([REASONING, MESSAGE]))
        created(server, input=[REASONING, CALL, OUTPUT])
        created(server, input=[REASONING, MESSAGE, USER])
