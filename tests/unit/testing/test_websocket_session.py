"""WebSockets of the embedded server: requests in lanes, scripts, errors, how connections end."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from asgi_sockets import connected, dialled, types, websocket_scope
from server_calls import created, streamed, text_of

from responses_client.testing import Server

DONE = "response.completed"

# --- answers


async def test_response_is_made_of_the_events_of_a_stream() -> None:
    with Server() as server:
        async with connected(server) as socket:
            found = await socket.create(input="What is new?")
    assert found == streamed(Server(), input="What is new?")
    assert not any("stream_id" in event for event in found)


async def test_response_is_stored() -> None:
    with Server() as server:
        async with connected(server) as socket:
            found = await socket.create()
        assert server.responses == {found[-1]["response"]["id"]: found[-1]["response"]}


async def test_scripted_replies_come_in_turn() -> None:
    with Server() as server:
        server.reply("one").call_tool("f", {"n": 1})
        async with connected(server) as socket:
            first, second = await socket.create(), await socket.create()
    assert text_of(first[-1]["response"]) == "one"
    assert second[-1]["response"]["output"][0]["arguments"] == '{"n":1}'


async def test_message_can_be_binary() -> None:
    with Server() as server:
        async with connected(server) as socket:
            await socket.send_bytes(b'{"type": "response.create", "model": "m", "input": "Hi"}')
            assert (await socket.until(DONE))[0]["type"] == "response.created"


async def test_messages_are_recorded() -> None:
    with Server() as server:
        async with connected(server) as socket:
            await socket.create(input="Hi")
        handshake, message = server.requests
    assert (handshake.method, handshake.path, handshake.json) == ("GET", "/v1/responses", None)
    assert (message.method, message.url) == ("WEBSOCKET", "ws://testserver/v1/responses")
    assert message.json == {"type": "response.create", "model": "m", "input": "Hi"}
    assert message.headers["authorization"] == "Bearer test-key"


async def test_socket_counts_as_an_open_stream() -> None:
    with Server() as server:
        async with dialled(server.app()) as socket:
            await socket.message()
            assert (server.open_streams, server.closed_streams) == (1, 0)
            await socket.leave()
            assert await socket.message() == {"type": "ended"}
        assert (server.open_streams, server.closed_streams) == (0, 1)


async def test_deltas_are_padded_on_request() -> None:
    with Server() as server:
        async with connected(server) as socket:
            found = await socket.create(stream_options={"include_obfuscation": True})
    assert all("obfuscation" in event for event in found if "delta" in event)


# --- the state of a connection


async def test_connection_knows_its_responses_that_are_not_stored() -> None:
    with Server() as server:
        async with connected(server) as socket:
            first = (await socket.create(input="I am Ada.", store=False))[-1]["response"]
            second = (await socket.create(input="Who?", store=False, previous_response_id=first["id"]))[-1]
            third = await socket.create(input="Sure?", previous_response_id=second["response"]["id"])
        assert "Before that you said: “I am Ada.”" in text_of(second["response"])
        assert "Before that you said: “Who?”" in text_of(third[-1]["response"])
        assert [*server.responses] == [third[-1]["response"]["id"]]
        async with connected(server) as socket:
            (refused,) = await socket.create(previous_response_id=first["id"])
    assert refused["error"]["code"] == "previous_response_not_found"


async def test_connection_goes_on_from_stored_responses() -> None:
    with Server() as server:
        id = created(server, input="I am Ada.")["id"]
        async with connected(server) as socket:
            found = await socket.create(input="Who?", previous_response_id=id)
    assert "“I am Ada.”" in text_of(found[-1]["response"])


@pytest.mark.parametrize("how", [{"generate": False}, {"prompt_cache_options": {"prewarm": True}}])
async def test_warming_up_gives_a_response_without_output_to_go_on_from(how: dict[str, Any]) -> None:
    with Server() as server:
        server.reply("one")
        async with connected(server) as socket:
            await socket.send(type="response.create", model="m", instructions="Be brief.", **how)
            found = await socket.until(DONE)
            response = found[-1]["response"]
            assert types(found) == ["created", "in_progress", "completed"]
            assert (response["output"], response["usage"]["output_tokens"]) == ([], 0)
            after = await socket.create(previous_response_id=response["id"], generate=True)
    assert text_of(after[-1]["response"]) == "one"


# --- lanes


async def test_events_carry_the_lane_of_their_request() -> None:
    with Server() as server:
        async with connected(server) as socket:
            found = await socket.create(stream_id="a.b-C_1")
            (error,) = await socket.create(stream_id="x", temperature=9)
    assert {event["stream_id"] for event in found} == {"a.b-C_1"}
    assert (error["type"], error["status"], error["stream_id"]) == ("error", 400, "x")


async def test_lanes_are_answered_side_by_side() -> None:
    with Server() as server:
        server.hold_after(3).reply("one two three").reply("four five six")
        async with connected(server) as socket:
            await socket.send(type="response.create", model="m", input="Hi", stream_id="a")
            first = [await socket.event() for _ in range(3)]
            await socket.send(type="response.create", model="m", input="Hi", stream_id="b")
            found = [*first, *await socket.until(DONE), *await socket.until(DONE)]
    lanes = [event["stream_id"] for event in found]
    ends = [len(lanes) - 1 - lanes[::-1].index(lane) for lane in "ab"]
    assert lanes.index("b") < ends[0]
    assert lanes.index("a") < ends[1]
    for lane, text in (("a", "one two three"), ("b", "four five six")):
        events = [event for event in found if event["stream_id"] == lane]
        assert [event["sequence_number"] for event in events] == list(range(len(events)))
        assert text_of(events[-1]["response"]) == text


@pytest.mark.parametrize("lane", [{}, {"stream_id": "a"}])
async def test_requests_of_one_lane_are_answered_one_after_the_other(lane: dict[str, str]) -> None:
    with Server() as server:
        server.hold_after(1).reply("one").reply("two")
        async with connected(server) as socket:
            for _ in range(2):
                await socket.send(type="response.create", model="m", input="Hi", **lane)
            first, second = await socket.until(DONE), await socket.until(DONE)
    assert [text_of(found[-1]["response"]) for found in (first, second)] == ["one", "two"]
    assert {event["response"]["id"] for event in second if "response" in event} == {
        second[-1]["response"]["id"]
    }


async def test_hold_goes_on_when_the_client_sends_anything() -> None:
    with Server() as server:
        server.hold_after(2).reply("one")
        async with connected(server) as socket:
            await socket.send(type="response.create", model="m", input="Hi")
            assert types([await socket.event() for _ in range(2)]) == ["created", "in_progress"]
            await socket.send_text("?")
            found = await socket.until(DONE)
    assert "error" in types(found)
    assert text_of(found[-1]["response"]) == "one"


# --- errors


@pytest.mark.parametrize(
    ("text", "param", "code"),
    [
        ("{", None, None),
        ("[]", None, "invalid_type"),
        ("null", None, "invalid_type"),
        ('{"model": "m"}', "type", "missing_required_parameter"),
        ('{"type": 1}', "type", "invalid_type"),
        ('{"type": "response.inject"}', "type", "invalid_value"),
        ('{"type": "response.create", "stream_id": ""}', "stream_id", "string_below_min_length"),
        ('{"type": "response.create", "stream_id": "a b"}', "stream_id", "invalid_value"),
        ('{"type": "response.create", "stream_id": null}', "stream_id", "invalid_type"),
        (
            '{"type": "response.create", "stream_id": "%s"}' % ("x" * 257),
            "stream_id",
            "string_above_max_length",
        ),
        ('{"type": "response.create", "model": "m"}', "input", "missing_required_parameter"),
        (
            '{"type": "response.create", "model": "m", "input": "Hi", "generate": 1}',
            "generate",
            "invalid_type",
        ),
        ('{"type": "response.create", "model": "m", "input": "Hi", "background": true}', "background", None),
        ('{"type": "response.create", "model": "m", "input": "Hi", "lane": 1}', "lane", "unknown_parameter"),
    ],
)
async def test_bad_message_gets_an_error_and_the_next_one_an_answer(
    text: str, param: str | None, code: str | None
) -> None:
    with Server() as server:
        async with connected(server) as socket:
            await socket.send_text(text)
            error = await socket.event()
            assert error.keys() == {"type", "status", "error"}
            assert (error["type"], error["status"]) == ("error", 400)
            assert (error["error"]["param"], error["error"]["code"]) == (param, code)
            assert error["error"]["type"] == "invalid_request_error"
            assert (await socket.create())[-1]["type"] == DONE


async def test_checks_can_be_turned_off() -> None:
    with Server(validate=False) as server:
        async with connected(server) as socket:
            assert (await socket.create(temperature=9, background=True))[-1]["type"] == DONE


async def test_conversation_that_is_unknown_is_not_found() -> None:
    with Server() as server:
        async with connected(server) as socket:
            (error,) = await socket.create(conversation="conv_x")
    assert error["status"] == 404


async def test_scripted_failure_is_an_error_event_with_its_headers() -> None:
    with Server() as server:
        async with connected(server) as socket:
            server.fail(429, retry_after=2, message="Slow down.").reply("one")
            (error,) = await socket.create(stream_id="a")
            assert text_of((await socket.create())[-1]["response"]) == "one"
    assert error == {
        "type": "error",
        "status": 429,
        "stream_id": "a",
        "error": {
            "type": "requests",
            "code": "rate_limit_exceeded",
            "message": "Slow down.",
            "param": None,
            "headers": {"retry-after": "2"},
        },
    }


@pytest.mark.parametrize("body", ["<h1>Bad gateway</h1>", '{"fault": 1}'])
async def test_scripted_body_is_sent_as_it_is(body: str) -> None:
    with Server() as server:
        async with connected(server) as socket:
            server.reply_raw(body, status=502)
            await socket.send(type="response.create", model="m", input="Hi")
            assert (await socket.message())["text"] == body
            server.reply_raw(b"\xff")
            await socket.send(type="response.create", model="m", input="Hi")
            assert (await socket.message())["bytes"] == b"\xff"


async def test_scripted_events_are_sent_as_they_are() -> None:
    with Server() as server:
        server.reply_events([{"type": "error", "message": "☃"}, b"?"])
        async with connected(server) as socket:
            await socket.send(type="response.create", model="m", input="Hi", stream_id="a")
            assert await socket.event() == {"type": "error", "message": "☃"}
            assert (await socket.message())["text"] == "?"


# --- pace and endings


async def test_delays_are_those_of_streams() -> None:
    naps: list[float] = []
    with Server(sleep=naps.append) as server:
        server.delay(1.5, per_event=0.25)
        async with connected(server) as socket:
            found = await socket.create()
            server.delay(3).fail(500)
            await socket.create()
    assert naps == [1.5, *[0.25] * (len(found) - 1), 3]


@pytest.mark.parametrize("clean", [True, False])
async def test_connection_ends_after_so_many_events(clean: bool) -> None:
    with Server() as server:
        server.disconnect_after(events=3, clean=clean).reply("one")
        async with connected(server) as socket:
            await socket.send(type="response.create", model="m", input="Hi")
            await socket.send(type="response.create", model="m", input="Hi", stream_id="a")
            lane = [await socket.message() for _ in range(3)]
            ending = [message for message in lane if message["type"] != "websocket.send"]
            while not ending or ending[-1]["type"] != "ended":
                message = await socket.message()
                (lane if message["type"] == "websocket.send" else ending).append(message)
    assert sum("stream_id" not in message["text"] for message in lane if "text" in message) == 3
    closed = [{"type": "websocket.close", "code": 1000}] if clean else []
    assert ending == [*closed, {"type": "ended"}]
    assert server.open_streams == 0


async def test_connection_can_end_after_the_last_event() -> None:
    with Server() as server:
        length = len(streamed(Server()))
        server.disconnect_after(events=length)
        async with connected(server) as socket:
            assert len(await socket.create()) == length
            assert await socket.message() == {"type": "ended"}


async def test_dropped_connection_just_ends() -> None:
    with Server() as server:
        async with connected(server) as socket:
            server.drop_connection()
            await socket.send(type="response.create", model="m", input="Hi")
            assert await socket.message() == {"type": "ended"}


async def test_client_that_leaves_ends_everything() -> None:
    with Server() as server:
        server.hold_after(1)
        async with connected(server) as socket:
            await socket.send(type="response.create", model="m", input="Hi")
            await socket.event()
            await socket.leave()
            assert await socket.message() == {"type": "ended"}


async def test_client_that_is_gone_is_not_sent_anything_more() -> None:
    messages = iter(
        [
            {"type": "websocket.connect"},
            {"type": "websocket.receive", "text": '{"type": "response.create", "model": "m", "input": "Hi"}'},
            {"type": "websocket.receive", "text": "?"},
            {"type": "websocket.disconnect"},
        ]
    )
    sent: list[str] = []

    async def receive() -> dict[str, Any]:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message["type"])
        if message["type"] == "websocket.send":
            raise ConnectionResetError

    with Server() as server:
        await server.app()(websocket_scope(), receive, send)
    assert sent[0] == "websocket.accept"
    assert "websocket.send" in sent


# --- handshakes


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"headers": []}, 401, None),
        ({"headers": [(b"api-key", b"invalid")]}, 401, "invalid_api_key"),
        ({"raw_path": b"/v1/realtime"}, 404, None),
        ({"raw_path": b"/responses"}, 404, None),
    ],
)
async def test_handshake_is_refused_with_an_answer(changes: Any, status: int, code: str | None) -> None:
    with Server() as server:
        async with dialled(server.app(), **changes) as socket:
            start, body = await socket.message(), await socket.message()
    assert (start["type"], start["status"]) == ("websocket.http.response.start", status)
    assert httpx.Headers(start["headers"])["content-type"] == "application/json"
    assert body["type"] == "websocket.http.response.body"
    assert httpx.Response(status, content=body["body"]).json()["error"]["code"] == code


async def test_handshake_is_refused_with_a_close_where_there_is_nothing_better() -> None:
    with Server() as server:
        async with dialled(server.app(), headers=[], extensions={}) as socket:
            assert await socket.message() == {"type": "websocket.close"}


async def test_scripted_failure_can_be_that_of_the_handshake() -> None:
    naps: list[float] = []
    with Server(sleep=naps.append) as server:
        server.delay(2).fail(503).reply("one")
        async with dialled(server.app()) as socket:
            assert (await socket.message())["status"] == 503
        async with connected(server) as socket:
            assert text_of((await socket.create())[-1]["response"]) == "one"
    assert naps == [2]


async def test_handshake_leaves_the_pace_to_the_first_response() -> None:
    naps: list[float] = []
    with Server(sleep=naps.append) as server:
        server.delay(2)
        async with connected(server) as socket:
            assert naps == []
            await socket.create()
    assert naps == [2]
