"""Fields that requests must have and servers leave out: added to models, demanded of dicts."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from callers import Caller
from fake_io import FakeIO, call
from fake_socket import FakeSocket, Upgraded, use_socket_clock

from codegen.reader import load
from responses_client import Client, RequestValidationError, WebSocketSession
from responses_client._calls.required_fields import (
    NULLABLE_FIELDS,
    REQUIRED_FIELDS,
    complete,
    completed,
    missing_fields,
)
from responses_client._calls.settings import Settings
from responses_client.models import (
    InputMessage,
    ReasoningItem,
    Response,
    ResponseCreateEvent,
    SummaryText,
    UnknownItem,
)
from responses_client.testing import Server

OPEN = {"type": "reasoning", "id": "rs_1", "content": [{"type": "reasoning_text", "text": "Hm."}]}
MESSAGE = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Lima", "annotations": []}],
}
NEXT = {"role": "user", "content": "Go on."}


def output(*items: object) -> list[Any]:
    return [*Response.from_dict({"id": "resp_1", "output": items}).output]


def sent(*items: object, **options: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(call({"input": [*items]}, **options).request.content)["input"]
    return found


def test_fields_to_add_are_those_that_requests_must_have_and_that_may_be_empty() -> None:
    document = load()
    found = {
        tag: {
            field.wire: field.nullable
            for field in document.all_fields(document.object(name))
            if field.required
            and not field.essential
            and (field.nullable or field.spec.get("type") == "array")
        }
        for name in document.objects("OutputItem")
        for tag in document.tags(name)
    }

    assert {tag: tuple(fields) for tag, fields in found.items() if fields} == REQUIRED_FIELDS
    assert {name for fields in found.values() for name, null in fields.items() if null} == {*NULLABLE_FIELDS}


# --- models


def test_output_without_a_summary_is_sent_with_an_empty_one() -> None:
    items = output(OPEN, MESSAGE)
    before = [item.to_dict() for item in items]

    assert sent(*items, "Go on.") == [{**OPEN, "summary": []}, MESSAGE, NEXT]
    assert [item.to_dict() for item in items] == before


@pytest.mark.parametrize(
    ("item", "added"),
    [
        ({"type": "reasoning", "id": "rs_1", "summary": None}, {"summary": []}),
        ({"type": "code_interpreter_call", "id": "ci_1"}, {"code": None, "outputs": []}),
        ({"type": "file_search_call", "id": "fs_1", "queries": None}, {"queries": []}),
        ({"type": "image_generation_call", "id": "ig_1"}, {"result": None}),
        ({"type": "mcp_list_tools", "id": "mcpl_1", "server_label": "s"}, {"tools": []}),
    ],
)
def test_fields_that_may_be_empty_are_added_to_models(item: dict[str, Any], added: dict[str, Any]) -> None:
    assert sent(*output(item)) == [{**item, **added}]


def test_models_that_people_made_are_completed_as_well() -> None:
    assert sent(ReasoningItem(id="rs_1")) == [{"type": "reasoning", "id": "rs_1", "summary": []}]


def test_part_that_was_added_to_a_default_list_is_kept() -> None:
    item = ReasoningItem(id="rs_1")
    item.summary.append(SummaryText(text="Hm."))

    assert sent(item)[0]["summary"] == [{"type": "summary_text", "text": "Hm."}]


def test_null_that_was_assigned_is_an_empty_list() -> None:
    item = ReasoningItem(id="rs_1")
    item.summary = None

    assert sent(item)[0]["summary"] == []


def test_items_stay_the_same_objects_if_they_lack_nothing() -> None:
    items = [NEXT, *output(MESSAGE, {**OPEN, "summary": []}), InputMessage(role="user", content="Hi")]

    assert completed(items) is items
    assert completed("Hi") == "Hi"
    assert all(complete(item) is item for item in items)


def test_model_with_a_malformed_field_is_sent_as_it_came() -> None:
    item = ReasoningItem.from_dict({"type": "reasoning", "id": "rs_1", "summary": 3})

    assert sent(item) == [{"type": "reasoning", "id": "rs_1", "summary": 3}]


@pytest.mark.parametrize("items", [completed, Response.as_input])
def test_item_that_came_malformed_is_sent_as_it_came(items: Any) -> None:
    malformed = {"type": "shell_call_output", "id": 5}
    response = Response.from_dict({"id": "resp_1", "output": [malformed, MESSAGE]})
    given = response.as_input() if items is Response.as_input else items(response.output)

    assert isinstance(given[0], UnknownItem)
    assert sent(*given) == [malformed, MESSAGE]


def test_client_that_checks_nothing_adds_nothing() -> None:
    assert sent(*output(OPEN), validate_requests=False) == [OPEN]


CALLED = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "look", "arguments": "{}"}


def look() -> str:
    """Look."""
    return "a cat"


def test_run_sends_reasoning_without_a_summary_back_with_one(caller: Caller, server: Server) -> None:
    before = output(OPEN, MESSAGE)
    server.reply_items([{**OPEN, "id": "rs_2"}, CALLED])
    server.reply("A cat")
    params: dict[str, Any] = {"model": "m", "tools": [look], "store": False}
    caller(lambda client: client.responses.run(input=[*before, "Look."], **params))

    items = server.requests[-1].json["input"]
    reasoning = [item["summary"] for item in items if item.get("type") == "reasoning"]
    assert reasoning == [[], []]


def test_run_sends_an_item_that_came_malformed_back_as_it_came() -> None:
    malformed = {"type": "shell_call_output", "id": 5}
    bodies: list[dict[str, Any]] = []

    def answer(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        items = [malformed, CALLED] if len(bodies) == 1 else [MESSAGE]
        return httpx.Response(200, json={"id": "resp_1", "status": "completed", "output": items})

    with Client(api_key="key", http_client=httpx.Client(transport=httpx.MockTransport(answer))) as client:
        result = client.responses.run(model="m", input="Look.", tools=[look], store=False)

    assert result.output_text == "Lima"
    assert bodies[1]["input"][1] == malformed


def test_events_for_a_session_are_completed(monkeypatch: pytest.MonkeyPatch) -> None:
    socket = FakeSocket(use_socket_clock(monkeypatch))
    items = output(OPEN, MESSAGE)
    with WebSocketSession(FakeIO(socket.clock, Upgraded(socket)), Settings(api_key="key"), {}) as session:
        session.send(ResponseCreateEvent(model="m", input=items))
        session.send({"type": "response.create", "model": "m", "input": [*items, "Go on."]})

    assert socket.sent[0]["input"] == [{**OPEN, "summary": []}, MESSAGE]
    assert socket.sent[1]["input"] == [{**OPEN, "summary": []}, MESSAGE, NEXT]


# --- dicts

NO_SUMMARY = "input[1].summary: missing, expected a list, empty if there is none; response.as_input() adds it"


@pytest.mark.parametrize(
    "item",
    [{"type": "reasoning", "id": "rs_1"}, {"type": "reasoning", "id": "rs_1", "summary": None}],
)
def test_dict_of_reasoning_without_a_summary_is_refused(item: object) -> None:
    with pytest.raises(RequestValidationError) as caught:
        sent("Hi", item, "Go on.")

    assert str(caught.value) == f"The request was not sent: {NO_SUMMARY}"
    assert sent(item, validate_requests=False) == [item]


def test_dict_of_reasoning_with_an_empty_summary_is_sent() -> None:
    item = {"type": "reasoning", "id": "rs_1", "summary": []}

    assert sent(item) == [item]
    assert list(missing_fields("input", [item])) == []


def test_dict_whose_other_fields_are_left_out_is_sent() -> None:
    # The schema requires `result`, but no server was seen to refuse an item without it.
    item = {"type": "image_generation_call", "id": "ig_1"}

    assert sent(item) == [item]
