"""Steering of responses on a WebSocket of the embedded server."""

from __future__ import annotations

from typing import Any

import pytest
from asgi_sockets import Client, connected, types
from server_calls import created, text_of

from responses_client.testing import Server

DONE = "response.completed"
CALL = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{}"}


async def begun(socket: Client, events: int, **body: Any) -> list[dict[str, Any]]:
    """The first events of a response that is held after them."""
    await socket.send(type="response.create", **{"model": "m", "input": "Hi", **body})
    return [await socket.event() for _ in range(events)]


def texts(events: list[dict[str, Any]]) -> list[str]:
    """The texts of the responses that have ended."""
    ends = ("response.completed", "response.incomplete")
    return [text_of(event["response"]) for event in events if event["type"] in ends]


@pytest.mark.parametrize("store", [True, False])
async def test_response_stops_before_its_next_item_and_another_follows(store: bool) -> None:
    with Server() as server:
        server.hold_after(2).reply("long").reply("short")
        async with connected(server) as socket:
            first = await begun(socket, 2, stream_id="a", instructions="Be kind.", store=store)
            id = first[0]["response"]["id"]
            await socket.send(type="response.steer", previous_response_id=id, input="Be brief.")
            accepted, stopped, *after = await socket.until(DONE)
    assert accepted == {
        "type": "response.steer.accepted",
        "sequence_number": 2,
        "stream_id": "a",
        "steer": {"id": accepted["steer"]["id"], "previous_response_id": id},
    }
    assert accepted["steer"]["id"].startswith("steer_")
    assert (stopped["type"], stopped["sequence_number"]) == ("response.incomplete", 3)
    assert stopped["response"]["incomplete_details"] == {"reason": "steered"}
    assert (stopped["response"]["output"], stopped["response"]["completed_at"]) == ([], None)
    assert stopped["response"]["usage"]["output_tokens"] == 0
    assert [event["sequence_number"] for event in after] == list(range(len(after)))
    assert {event["stream_id"] for event in after} == {"a"}
    successor = after[-1]["response"]
    assert (successor["previous_response_id"], successor["instructions"]) == (id, "Be kind.")
    assert text_of(successor) == "short"
    assert successor["store"] is store
    assert (id in server.responses) is store
    if store:
        assert server.responses[id] == stopped["response"]


async def test_item_under_way_is_finished_first() -> None:
    items = [{"type": "message", "id": f"msg_{n}", "content": []} for n in (1, 2)]
    with Server() as server:
        server.hold_after(3).reply_items(items).reply("short")
        async with connected(server) as socket:
            first = await begun(socket, 3)
            await socket.send(
                type="response.steer", previous_response_id=first[0]["response"]["id"], input="Be brief."
            )
            found = await socket.until(DONE)
    assert types(found)[:4] == ["steer.accepted", "output_item.done", "incomplete", "created"]
    assert found[2]["response"]["output"] == items[:1]


async def test_response_in_its_last_item_completes_and_another_follows() -> None:
    with Server() as server:
        server.hold_after(3).reply("long").reply("short")
        async with connected(server) as socket:
            first = await begun(socket, 3)
            await socket.send(
                type="response.steer", previous_response_id=first[0]["response"]["id"], input="Be brief."
            )
            found = [*await socket.until(DONE), *await socket.until(DONE)]
    assert texts(found) == ["long", "short"]


async def test_all_input_goes_into_the_successor_in_its_order() -> None:
    messages = [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Two"}]},
        {"role": "user", "content": "Three"},
    ]
    with Server() as server:
        server.hold_after(2, messages=2).reply("long").unscripted()
        async with connected(server) as socket:
            id = (await begun(socket, 2, input="I am Ada."))[0]["response"]["id"]
            await socket.send(type="response.steer", previous_response_id=id, input="One")
            await socket.send(type="response.steer", previous_response_id=id, input=messages)
            found = await socket.until(DONE)
        successor = found[-1]["response"]["id"]
        assert types(found)[:3] == ["steer.accepted", "steer.accepted", "incomplete"]
        items = [item["content"][0]["text"] for item in server._store.memory.contexts[successor]]
    assert items == ["I am Ada.", "One", "Two", "Three"]
    assert "You said: “Three” Before that you said: “Two”" in text_of(found[-1]["response"])


async def test_successor_can_be_steered_again() -> None:
    with Server() as server:
        server.hold_after(2).reply("one").hold_after(2).reply("two").reply("three")
        async with connected(server) as socket:
            found = await begun(socket, 2)
            for _ in range(2):
                await socket.send(
                    type="response.steer", previous_response_id=found[-1]["response"]["id"], input="Again"
                )
                found += await socket.until("response.in_progress")
            found += await socket.until(DONE)
    assert texts(found) == ["", "", "three"]


# --- responses that wait for the client


@pytest.mark.parametrize(
    ("call", "stub"),
    [
        (CALL, {"type": "function_call_output", "call_id": "call_1", "name": "f"}),
        (
            {"type": "custom_tool_call", "call_id": "c", "name": "f", "input": ""},
            {"type": "custom_tool_call_output", "call_id": "c"},
        ),
        ({"type": "computer_call", "call_id": "c"}, {"type": "computer_call_output", "call_id": "c"}),
        ({"type": "shell_call", "call_id": "c"}, {"type": "shell_call_output", "call_id": "c"}),
        ({"type": "apply_patch_call", "call_id": "c"}, {"type": "apply_patch_call_output", "call_id": "c"}),
        (
            {"type": "tool_search_call", "call_id": "c", "execution": "client"},
            {"type": "tool_search_output", "call_id": "c", "execution": "client"},
        ),
        (
            {"type": "mcp_approval_request", "id": "mcpr_1"},
            {"type": "mcp_approval_response", "approval_request_id": "mcpr_1"},
        ),
    ],
)
async def test_input_waits_for_what_the_client_owes_to_calls(call: Any, stub: Any) -> None:
    with Server() as server:
        server.hold_after(2).reply_items([call])
        async with connected(server) as socket:
            id = (await begun(socket, 2))[0]["response"]["id"]
            await socket.send(type="response.steer", previous_response_id=id, input="Be brief.")
            found = await socket.until("response.steer.pending")
    assert types(found)[-2:] == ["completed", "steer.pending"]
    assert found[-1]["reason"] == "waiting_for_required_input"
    assert found[-1]["required_input"] == [stub]
    assert found[-1]["steer"] == found[0]["steer"]
    assert found[-1]["sequence_number"] == found[-2]["sequence_number"] + 1


async def test_calls_that_the_api_answers_itself_are_not_waited_for() -> None:
    items = [
        {"type": "shell_call", "call_id": "c"},
        {"type": "shell_call_output", "call_id": "c", "output": []},
        {"type": "tool_search_call", "call_id": None, "execution": "server"},
        {"type": "web_search_call", "id": "ws_1"},
    ]
    with Server() as server:
        server.hold_after(2).reply_items(items).reply("short")
        async with connected(server) as socket:
            id = (await begun(socket, 2))[0]["response"]["id"]
            await socket.send(type="response.steer", previous_response_id=id, input="Be brief.")
            found = await socket.until(DONE)
    assert types(found)[:2] == ["steer.accepted", "incomplete"]


async def test_waiting_input_is_put_before_that_of_the_next_request_in_its_lane() -> None:
    with Server() as server:
        server.hold_after(2).reply_items([CALL])
        async with connected(server) as socket:
            id = (await begun(socket, 2))[0]["response"]["id"]
            await socket.send(type="response.steer", previous_response_id=id, input="Be brief.")
            await socket.until("response.steer.pending")
            result = {"type": "function_call_output", "call_id": "call_1", "output": "42"}
            (refused,) = await socket.create(previous_response_id=id, input=[result], temperature=9)
            endless = {"type": "json_schema", "name": "n", "schema": {"$ref": "#"}}
            server.unscripted()
            (late,) = await socket.create(previous_response_id=id, input=[result], text={"format": endless})
            other = await socket.create(previous_response_id=id, input=[result], stream_id="b")
            found = await socket.create(previous_response_id=id, input=[result])
            again = await socket.create(previous_response_id=id, input=[result])
        contexts = server._store.memory.contexts
        kinds = [
            [item["type"] for item in contexts[events[-1]["response"]["id"]]]
            for events in (other, found, again)
        ]
    assert (refused["type"], late["error"]["code"]) == ("error", "invalid_json_schema")
    plain = ["message", "function_call", "function_call_output"]
    assert kinds == [plain, ["message", "function_call", "message", "function_call_output"], plain]


# --- refusals


def failure(event: dict[str, Any]) -> tuple[str, Any]:
    assert event["type"] == "response.steer.failed"
    assert event["error"]["type"] == "invalid_request_error"
    assert event["error"]["message"]
    return event["error"]["code"], event["steer"]


@pytest.mark.parametrize(
    "event",
    [
        {"input": []},
        {"input": None},
        {"input": [{"role": "assistant", "content": "Hi"}]},
        {"input": [{"type": "function_call_output", "call_id": "c", "output": ""}]},
        {"input": "Hi", "stream_id": "a"},
        {},
        {"input": "Hi", "previous_response_id": None},
    ],
)
async def test_input_that_is_none_is_refused(event: dict[str, Any]) -> None:
    with Server() as server:
        server.hold_after(2)
        async with connected(server) as socket:
            id = (await begun(socket, 2, stream_id="a"))[0]["response"]["id"]
            given = {"previous_response_id": id, **event}
            await socket.send(type="response.steer", **given)
            refused = await socket.event()
            rest = await socket.until(DONE)
    code, steer = failure(refused)
    assert (code, steer) == (
        "invalid_input",
        {"previous_response_id": given["previous_response_id"], "input": given.get("input", "")},
    )
    known = given["previous_response_id"] is not None
    assert (refused["sequence_number"], refused.get("stream_id")) == ((2, "a") if known else (0, None))
    assert rest[-1]["sequence_number"] == len(rest) + (2 if known else 1)


async def test_response_of_another_connection_is_not_found() -> None:
    with Server() as server:
        id = created(server)["id"]
        async with connected(server) as socket:
            await socket.send(type="response.steer", previous_response_id=id, input="Hi")
            refused = await socket.event()
    assert failure(refused) == ("response_not_found", {"previous_response_id": id, "input": "Hi"})
    assert (refused["sequence_number"], "stream_id" in refused) == (0, False)


@pytest.mark.parametrize(
    ("status", "code"), [("completed", "response_already_completed"), ("failed", "response_not_active")]
)
async def test_response_that_has_ended_is_not_steered(status: str, code: str) -> None:
    with Server() as server:
        server.reply_response({"status": status})
        async with connected(server) as socket:
            last = (await socket.create())[-1]
            await socket.send(type="response.steer", previous_response_id=last["response"]["id"], input="Hi")
            refused = await socket.event()
    assert failure(refused)[0] == code
    assert refused["sequence_number"] == last["sequence_number"] + 1


async def test_response_without_a_terminal_event_is_over_after_its_last_one() -> None:
    with Server() as server:
        server.reply_response({"status": "in_progress"})
        async with connected(server) as socket:
            id = (await begun(socket, 2))[0]["response"]["id"]
            await socket.create()
            await socket.send(type="response.steer", previous_response_id=id, input="Hi")
            assert failure(await socket.event())[0] == "response_not_active"


@pytest.mark.parametrize(
    "body", [{"conversation": "conv_1"}, {"context_management": [{"type": "compaction"}]}]
)
async def test_responses_of_some_kinds_cannot_be_steered(body: dict[str, Any]) -> None:
    with Server() as server:
        server.conversations["conv_1"] = []
        server.hold_after(2)
        async with connected(server) as socket:
            id = (await begun(socket, 2, **body))[0]["response"]["id"]
            await socket.send(type="response.steer", previous_response_id=id, input="Hi")
            assert failure(await socket.event())[0] == "steering_not_supported"
            assert (await socket.until(DONE))[-1]["response"]["id"] == id


async def test_input_beyond_sixteen_is_refused() -> None:
    with Server() as server:
        server.hold_after(3, messages=17).reply("one")
        async with connected(server) as socket:
            id = (await begun(socket, 3))[0]["response"]["id"]
            for _ in range(17):
                await socket.send(type="response.steer", previous_response_id=id, input="Hi")
            found = [await socket.event() for _ in range(17)]
    assert types(found[:16]) == ["steer.accepted"] * 16
    assert failure(found[16])[0] == "too_many_pending_steers"


async def test_input_for_a_response_that_fails_comes_back() -> None:
    with Server() as server:
        server.hold_after(2).reply_response({"status": "failed"})
        async with connected(server) as socket:
            id = (await begun(socket, 2))[0]["response"]["id"]
            await socket.send(type="response.steer", previous_response_id=id, input="Hi")
            accepted, failed, back = [await socket.event() for _ in range(3)]
    assert failed["type"] == "response.failed"
    assert failure(back) == (
        "response_not_active",
        {"id": accepted["steer"]["id"], "previous_response_id": id, "input": "Hi"},
    )


async def test_input_comes_back_when_no_successor_can_be_made() -> None:
    with Server() as server:
        server.hold_after(2).reply("one").fail(500, message="Out of order.")
        async with connected(server) as socket:
            id = (await begun(socket, 2, stream_id="a"))[0]["response"]["id"]
            await socket.send(type="response.steer", previous_response_id=id, input="Hi")
            accepted, stopped, back = [await socket.event() for _ in range(3)]
            assert (await socket.create())[-1]["type"] == DONE
    assert stopped["type"] == "response.incomplete"
    assert failure(back)[0] == "successor_creation_failed"
    assert back["error"]["message"] == "Out of order."
    assert back["steer"]["id"] == accepted["steer"]["id"]
    assert (back["stream_id"], back["sequence_number"]) == ("a", 4)
