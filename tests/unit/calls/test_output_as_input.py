"""The output of a response as input, with servers that keep responses and with others."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from callers import Caller

from codegen.reader import load
from responses_client._calls.output_as_input import KEEPS_ID
from responses_client.models import Response
from responses_client.testing import Server

SEALED = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAAA"}
BARE = {"type": "reasoning", "id": "rs_2", "summary": [{"type": "summary_text", "text": "Hm."}]}
OPEN = {
    "type": "reasoning",
    "id": "rs_3",
    "summary": [],
    "content": [{"type": "reasoning_text", "text": "Hm."}],
}
MESSAGE = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "phase": "final_answer",
    "content": [{"type": "output_text", "text": "Lima", "annotations": []}],
}
CALL = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "look", "arguments": "{}"}
SEARCH = {
    "type": "web_search_call",
    "id": "ws_1",
    "status": "completed",
    "action": {"type": "search", "query": "Peru"},
}
NEW = {"type": "dream", "id": "dr_1"}


def response(*output: object, **fields: object) -> Response:
    return Response.from_dict({"id": "resp_1", "output": output, **fields})


def back(*output: object, store: bool | None = None, said: bool | None = None) -> list[dict[str, Any]]:
    """The input, for `store` as an argument and as a field of the response."""
    given = response(*output, **({} if said is None else {"store": said}))
    return [item.to_dict() for item in given.as_input(store=store)]


@pytest.mark.parametrize("store", [True, False])
def test_an_item_that_came_twice_is_returned_once(store: bool) -> None:
    assert len(back(MESSAGE, CALL, MESSAGE, CALL, store=store)) == 2


def without_id(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != "id"}


@pytest.mark.parametrize(("store", "said"), [(None, None), (None, True), (True, False)])
def test_stored_output_is_returned_as_it_came(store: bool | None, said: bool | None) -> None:
    output = [SEALED, CALL, BARE, SEARCH, NEW, OPEN, MESSAGE]

    assert back(*output, store=store, said=said) == output


@pytest.mark.parametrize(("store", "said"), [(None, False), (False, None), (False, True)])
def test_output_that_is_not_stored_is_returned_without_optional_ids(
    store: bool | None, said: bool | None
) -> None:
    output = back(SEALED, CALL, SEARCH, NEW, OPEN, MESSAGE, store=store, said=said)

    assert output == [SEALED, without_id(CALL), SEARCH, NEW, OPEN, without_id(MESSAGE)]


def test_reasoning_without_its_thoughts_is_left_out_and_the_log_says_so(
    caplog: pytest.LogCaptureFixture,
) -> None:
    with caplog.at_level(logging.WARNING, "responses_client"):
        output = back(BARE, MESSAGE, {**SEALED, "encrypted_content": None}, CALL, store=False)

    assert output == [without_id(MESSAGE), without_id(CALL)]
    assert [record.getMessage() for record in caplog.records] == [
        f"Left out reasoning {name}, which came without its thoughts and cannot be sent back; "
        "ask for them with include=['reasoning.encrypted_content']"
        for name in ("rs_2", "rs_1")
    ]


@pytest.mark.parametrize("store", [True, False])
def test_reasoning_that_nothing_follows_is_left_out(store: bool) -> None:
    assert [item["type"] for item in back(SEALED, MESSAGE, SEALED, OPEN, store=store)] == [
        "reasoning",
        "message",
    ]
    assert back(SEALED, store=store) == []


def test_response_stays_as_it_is() -> None:
    given = response(SEALED, MESSAGE, SEALED)
    before = given.to_dict()
    items = given.as_input(store=False)
    items.clear()

    assert given.to_dict() == before


def test_items_keep_an_id_where_the_schema_demands_one() -> None:
    document = load()
    demanded = {
        tag
        for name in document.objects("InputItem")
        for field in document.all_fields(document.object(name))
        if field.wire == "id" and field.required
        for tag in document.tags(name)
    }

    assert demanded - {"message"} == KEEPS_ID


# --- fields that servers leave out, and requests must have

LACKING: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"type": "reasoning", "id": "rs_1", "encrypted_content": "gAAAAA"}, {"summary": []}),
    ({"type": "reasoning", "id": "rs_1", "summary": None, "encrypted_content": "gAAAAA"}, {"summary": []}),
    ({"type": "code_interpreter_call", "id": "ci_1"}, {"code": None, "outputs": []}),
    ({"type": "code_interpreter_call", "id": "ci_1", "code": "1"}, {"code": "1", "outputs": []}),
    ({"type": "file_search_call", "id": "fs_1"}, {"queries": []}),
    ({"type": "image_generation_call", "id": "ig_1"}, {"result": None}),
]


@pytest.mark.parametrize("store", [True, False])
@pytest.mark.parametrize(("item", "added"), LACKING)
def test_empty_fields_that_requests_must_have_are_added(
    item: dict[str, Any], added: dict[str, Any], store: bool
) -> None:
    given = response(item, MESSAGE)
    before = given.to_dict()

    assert given.as_input(store=store)[0].to_dict() == {**item, **added}
    assert given.to_dict() == before


def test_whole_and_unknown_items_are_the_same_objects() -> None:
    malformed = {"type": "reasoning", "id": "rs_9", "content": [{"type": "reasoning_text"}], "summary": 3}
    null = {"type": "code_interpreter_call", "id": "ci_1", "code": None, "outputs": None}
    given = response(SEALED, NEW, malformed, null, MESSAGE)

    assert all(new is old for new, old in zip(given.as_input(), given.output, strict=True))


# --- with the embedded server, in each mode


def test_history_that_is_not_stored_is_accepted(caller: Caller, server: Server) -> None:
    params: dict[str, Any] = {"model": "m", "reasoning": {"effort": "low"}, "store": False}
    question = "What is the capital of Peru?"
    first = caller(lambda client: client.responses.create(input=question, **params))
    reasoning, message = first.output
    history = [question, *first.as_input(), "And of Chile?"]
    caller(lambda client: client.responses.create(input=history, **params))

    assert first.store is False
    assert server.requests[-1].json["input"] == [
        {"role": "user", "content": question},
        reasoning.to_dict(),
        without_id(message.to_dict()),
        {"role": "user", "content": "And of Chile?"},
    ]
    assert reasoning.encrypted_content


def test_run_sends_reasoning_of_a_server_without_summaries(caller: Caller, server: Server) -> None:
    def look() -> str:
        """Look."""
        return "a cat"

    server.reply_items([LACKING[0][0], CALL])
    server.reply("A cat")
    caller(lambda client: client.responses.run(model="m", input="Look.", tools=[look], store=False))

    assert {**LACKING[0][0], "summary": []} in server.requests[-1].json["input"]
