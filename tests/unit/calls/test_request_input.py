"""The input of a request, in each method that takes one: strings, dicts, and the output of a response."""

from __future__ import annotations

import json
from typing import Any

import pytest
from callers import Caller
from fake_io import FakeIO
from fake_socket import FakeSocket, Upgraded, use_socket_clock

from responses_client import RequestValidationError, WebSocketSession, batch_line
from responses_client._calls.endpoints import (
    CONVERSATIONS_CREATE,
    CONVERSATIONS_ITEMS_CREATE,
    RESPONSES_COMPACT,
    RESPONSES_CREATE,
    RESPONSES_INPUT_TOKENS_COUNT,
)
from responses_client._calls.operation import Operation
from responses_client._calls.request import prepare
from responses_client._calls.settings import Settings
from responses_client._websocket.session_core import _CREATE, _STEER
from responses_client.models import (
    CustomToolCall,
    InputImage,
    Response,
    ResponseCreateEvent,
    WebSearchActionSearch,
    WebSearchCall,
    WebSearchPreviewTool,
)
from responses_client.testing import Server

REASONING = {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAAAA"}
MESSAGE = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Lima", "annotations": []}],
}
FIRST = {"role": "user", "content": "What is the capital of Peru?"}
NEXT = {"role": "user", "content": "And of Chile?"}

IMAGE = InputImage(file_id="file_1")
LOOKED_AT = {
    "role": "user",
    "content": [
        {"type": "input_text", "text": "What is on it?"},
        {"type": "input_image", "file_id": "file_1"},
    ],
}
MIXED: list[Any] = ["What is on it?", IMAGE, MESSAGE, "And of Chile?"]

# Each endpoint that takes items, the name of the argument, and what it takes beside.
TAKERS = {
    "create": (RESPONSES_CREATE, "input", {"model": "m"}),
    "compact": (RESPONSES_COMPACT, "input", {"model": "m"}),
    "count": (RESPONSES_INPUT_TOKENS_COUNT, "input", {"model": "m"}),
    "conversation": (CONVERSATIONS_CREATE, "items", {}),
    "items": (CONVERSATIONS_ITEMS_CREATE, "items", {}),
    "session": (_CREATE, "input", {"type": "response.create", "model": "m"}),
}
TAKER = pytest.mark.parametrize(("operation", "name", "others"), TAKERS.values(), ids=TAKERS)


def sent(operation: Operation[Any], params: dict[str, Any], **options: Any) -> dict[str, Any]:
    path = ("conv_1",) if "{" in operation.path else ()
    return dict(
        json.loads(prepare(operation, params, Settings(api_key="key", **options), path).request.content)
    )


def created(**params: Any) -> dict[str, Any]:
    return sent(RESPONSES_CREATE, {"model": "m", "input": "Hi", **params})


def response(*output: object) -> Response:
    return Response.from_dict({"id": "resp_1", "output": output})


# --- texts in a list


@TAKER
@pytest.mark.parametrize("kind", [list, tuple])
def test_text_in_a_list_is_a_message_of_the_user(
    operation: Operation[Any], name: str, others: dict[str, Any], kind: type[list[Any] | tuple[Any, ...]]
) -> None:
    given = kind(["What is the capital of Peru?", *response(REASONING, MESSAGE).output, "And of Chile?"])

    assert sent(operation, {name: given, **others})[name] == [FIRST, REASONING, MESSAGE, NEXT]
    assert given[0] == "What is the capital of Peru?"


def test_text_may_steer_a_response_among_messages() -> None:
    fields = {"type": "response.steer", "previous_response_id": "resp_1"}

    assert sent(_STEER, {**fields, "input": ["In French", NEXT]})["input"] == [
        {"role": "user", "content": "In French"},
        NEXT,
    ]


def test_text_in_a_list_of_a_batch_line_is_a_message_of_the_user() -> None:
    line = batch_line("one", model="m", input=[*response(MESSAGE).output, "And of Chile?"])

    assert line.to_dict()["body"]["input"] == [MESSAGE, NEXT]


def test_text_in_a_list_is_a_message_without_checks_too() -> None:
    assert sent(RESPONSES_CREATE, {"input": ["Hi"]}, validate_requests=False)["input"] == [
        {"role": "user", "content": "Hi"}
    ]


def test_string_that_is_the_whole_input_stays_a_string() -> None:
    assert created(input="Hi")["input"] == "Hi"


def test_texts_in_extra_fields_are_no_messages() -> None:
    assert created(extra_body={"input": ["Hi"]})["input"] == ["Hi"]


@TAKER
def test_texts_and_parts_in_a_list_are_a_message(
    operation: Operation[Any], name: str, others: dict[str, Any]
) -> None:
    assert sent(operation, {name: MIXED, **others})[name] == [LOOKED_AT, MESSAGE, NEXT]


def test_text_and_part_may_steer_a_response() -> None:
    fields = {"type": "response.steer", "previous_response_id": "resp_1"}

    assert sent(_STEER, {**fields, "input": ["What is on it?", IMAGE]})["input"] == [LOOKED_AT]
    with pytest.raises(RequestValidationError, match=r"input\[2\]\.role: expected 'user', got str 'system'"):
        sent(_STEER, {**fields, "input": ["Hi", IMAGE, {"role": "system", "content": "Hi"}]})


def test_texts_and_parts_in_a_batch_line_are_a_message() -> None:
    assert batch_line("one", model="m", input=MIXED).to_dict()["body"]["input"] == [LOOKED_AT, MESSAGE, NEXT]


def test_text_in_content_is_a_part() -> None:
    assert created(input=[{"role": "user", "content": ["What is on it?", IMAGE]}])["input"] == [LOOKED_AT]


@pytest.mark.parametrize("operation", [CONVERSATIONS_CREATE, CONVERSATIONS_ITEMS_CREATE])
def test_string_that_is_all_items_is_a_message(operation: Operation[Any]) -> None:
    assert sent(operation, {"items": "And of Chile?"})["items"] == [NEXT]


def test_mistake_beside_a_text_is_named_by_its_place() -> None:
    with pytest.raises(RequestValidationError, match=r"input\[1\]\.role: missing"):
        created(input=["Hi", {"type": "message", "content": "Hi"}])


# --- what servers set and requests must not have

STORED_CALL = {
    "type": "custom_tool_call",
    "id": "ctc_1",
    "call_id": "call_1",
    "name": "say",
    "input": "Hi",
    "status": "completed",
    "created_by": "user_1",
}
CALL = {name: value for name, value in STORED_CALL.items() if name not in ("status", "created_by")}
SEARCH = {
    "type": "web_search_call",
    "id": "ws_1",
    "status": "completed",
    "action": {"type": "search", "query": "rain", "sources": [{"type": "api", "name": "oai-weather"}]},
    "results": [{"url": "https://example.com"}],
}


@TAKER
def test_read_only_fields_are_left_out(operation: Operation[Any], name: str, others: dict[str, Any]) -> None:
    output = response({**REASONING, "status": None}, STORED_CALL, SEARCH).output
    before = [item.to_dict() for item in output]

    assert sent(operation, {name: output, **others})[name] == [
        REASONING,
        CALL,
        {
            **{key: value for key, value in SEARCH.items() if key != "results"},
            "action": {"type": "search", "query": "rain", "sources": [{"type": "api"}]},
        },
    ]
    assert [item.to_dict() for item in output] == before


def test_read_only_fields_are_left_out_of_a_batch_line() -> None:
    line = batch_line("one", model="m", input=response(STORED_CALL).output)

    assert line.to_dict()["body"]["input"] == [CALL]


def test_read_only_fields_are_left_out_of_tools_that_a_response_repeats() -> None:
    tool = {"type": "web_search_preview", "search_context_size": "low", "domains": []}
    (given,) = Response.from_dict({"id": "resp_1", "tools": [tool]}).tools

    assert isinstance(given, WebSearchPreviewTool)
    assert given.to_dict() == tool
    assert created(tools=[given])["tools"] == [{"type": "web_search_preview", "search_context_size": "low"}]


def test_read_only_fields_are_left_out_of_a_model_inside_a_dict() -> None:
    item = response(SEARCH).output[0]
    assert isinstance(item, WebSearchCall)
    assert isinstance(item.action, WebSearchActionSearch)
    given: dict[str, Any] = {"type": "search", "sources": item.action.sources}

    sent = created(input=[{"type": "web_search_call", "id": "ws_1", "status": "completed", "action": given}])
    assert sent["input"][0]["action"] == {"type": "search", "sources": [{"type": "api"}]}


def test_dicts_are_sent_as_they_are() -> None:
    # Some servers demand what OpenAI refuses.
    item = response({**REASONING, "status": "completed"}).output[0].to_dict()

    assert created(input=[item, STORED_CALL])["input"] == [{**REASONING, "status": "completed"}, STORED_CALL]


def test_models_are_sent_as_they_came_by_a_client_that_checks_nothing() -> None:
    output = response(STORED_CALL, SEARCH).output

    assert sent(RESPONSES_CREATE, {"input": output}, validate_requests=False)["input"] == [
        STORED_CALL,
        SEARCH,
    ]


def test_read_only_fields_are_left_out_of_models_of_the_user() -> None:
    call = CustomToolCall(call_id="call_1", name="say", input="Hi", status="completed", created_by="me")

    assert created(input=[call])["input"] == [
        {"type": "custom_tool_call", "call_id": "call_1", "name": "say", "input": "Hi"}
    ]


@pytest.mark.parametrize(("checks", "item"), [(True, CALL), (False, STORED_CALL)])
def test_events_sent_over_a_websocket_are_treated_alike(
    monkeypatch: pytest.MonkeyPatch, checks: bool, item: dict[str, Any]
) -> None:
    socket = FakeSocket(use_socket_clock(monkeypatch))
    io = FakeIO(socket.clock, Upgraded(socket))
    settings = Settings(api_key="key", base_url="http://api.test/v1", validate_requests=checks)
    output = response(STORED_CALL).output
    with WebSocketSession(io, settings, {"ping_interval": None}) as session:
        session.send(ResponseCreateEvent(model="m", input=output))
        session.send({"type": "response.create", "model": "m", "input": output})

    assert [event["input"] for event in socket.sent] == [[item], [item]]


def test_texts_in_events_sent_over_a_websocket_are_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    socket = FakeSocket(use_socket_clock(monkeypatch))
    settings = Settings(api_key="key", base_url="http://api.test/v1")
    with WebSocketSession(
        FakeIO(socket.clock, Upgraded(socket)), settings, {"ping_interval": None}
    ) as session:
        session.send({"type": "response.create", "model": "m", "input": MIXED})
        session.send({"type": "response.create", "model": "m"})
        with pytest.raises(RequestValidationError, match=r"input\[2\]\.role: missing"):
            session.send(
                {"type": "response.create", "input": ["Hi", IMAGE, {"type": "message", "content": "Hi"}]}
            )

    assert [event.get("input") for event in socket.sent] == [[LOOKED_AT, MESSAGE, NEXT], None]


# --- reasoning of a response that is not stored


@pytest.mark.parametrize(
    ("params", "included"),
    [
        ({"store": False, "reasoning": {"effort": "low"}}, ["reasoning.encrypted_content"]),
        ({"store": False, "reasoning": {}, "include": []}, []),
        ({"store": False, "reasoning": {}, "include": None}, None),
        ({"store": False, "reasoning": {}, "extra_body": {"include": ["new"]}}, ["new"]),
        ({"extra_body": {"store": False, "reasoning": {}}}, ["reasoning.encrypted_content"]),
        ({"store": False}, "absent"),
        ({"store": False, "reasoning": None}, "absent"),
        ({"store": True, "reasoning": {}}, "absent"),
        ({"store": None, "reasoning": {}}, "absent"),
        ({"reasoning": {}}, "absent"),
    ],
)
@pytest.mark.parametrize("operation", [RESPONSES_CREATE, _CREATE], ids=["create", "session"])
def test_reasoning_that_is_not_stored_comes_encrypted(
    operation: Operation[Any], params: dict[str, Any], included: object
) -> None:
    event = {"type": "response.create"} if operation is _CREATE else {}

    assert (
        sent(operation, {"model": "m", "input": "Hi", **event, **params}).get("include", "absent") == included
    )


def test_requests_sent_as_given_ask_for_nothing_more() -> None:
    params = {"store": False, "reasoning": {}}

    assert sent(RESPONSES_CREATE, params, validate_requests=False) == params


# --- with the embedded server, in each mode


def test_conversation_continues_with_output_and_text(caller: Caller, server: Server) -> None:
    params: dict[str, Any] = {"model": "m", "reasoning": {"effort": "low"}, "store": False}
    server.reply("Lima")
    first = caller(lambda client: client.responses.create(input="What is the capital of Peru?", **params))
    history = ["What is the capital of Peru?", *first.output, "And of Chile?"]
    server.reply("Santiago")
    second = caller(lambda client: client.responses.create(input=history, **params))

    assert second.output_text == "Santiago"
    assert server.requests[-1].json["input"] == [FIRST, *first.to_dict()["output"], NEXT]


def test_texts_and_images_are_looked_at(caller: Caller, server: Server) -> None:
    params: dict[str, Any] = {"model": "m", "input": ["What is on it?", IMAGE]}
    caller(lambda client: client.responses.create(**params))
    caller(lambda client: client.responses.run(**params))
    caller.events(lambda client: client.responses.create(**params, stream=True))
    caller(lambda client: client.responses.input_tokens.count(**params))

    assert [request.json["input"] for request in server.requests] == [[LOOKED_AT]] * 4


def test_other_methods_take_output_and_text(caller: Caller, server: Server) -> None:
    history = [*response(MESSAGE).output, "And of Chile?"]
    caller(lambda client: client.responses.compact(model="m", input=history))
    caller(lambda client: client.responses.input_tokens.count(model="m", input=history))
    conversation = caller(lambda client: client.conversations.create(items=history))
    caller(lambda client: client.conversations.items.create(conversation.id, items=history))

    bodies = [request.json for request in server.requests]
    assert [body.get("input", body.get("items")) for body in bodies] == [[MESSAGE, NEXT]] * 4
