"""The work of a session: options, the request that connects, and the events that are sent."""

from __future__ import annotations

from typing import Any

import pytest
from fake_io import FakeIO
from fake_socket import (
    FakeSocket,
    Upgraded,
    completed,
    created,
    in_lane,
    session_on,
    session_over,
    settings,
    steer_event,
    whole,
)
from samples import KEY

from responses_client import Client, WebSocketSession
from responses_client.errors import (
    APITimeoutError,
    ConfigurationError,
    RequestValidationError,
    StreamError,
    StreamInterrupted,
)
from responses_client.models import (
    FileSearchCall,
    FunctionCallOutput,
    ResponseCreateEvent,
    ResponseSteerEvent,
)

# Options and connecting


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"ping_interval": 0},
            ConfigurationError,
            "ping_interval argument must be a positive number of seconds",
        ),
        ({"ping_timeout": True}, ConfigurationError, "ping_timeout argument must be a positive number"),
        ({"ping_timeout": "5"}, ConfigurationError, "or None, got str"),
        ({"ping_timeout": float("inf")}, ConfigurationError, "or None, got float inf"),
        (
            {"max_buffered_bytes": 0},
            ConfigurationError,
            "max_buffered_bytes argument must be a whole number from 1",
        ),
        ({"max_buffered_bytes": 1.5}, ConfigurationError, "from 1, got float"),
        ({"lanes": 1}, ConfigurationError, "lanes argument must be True or False, got int"),
        ({"timeout": -1}, ConfigurationError, "timeout argument must be a positive number"),
        ({"deadline": 0}, ConfigurationError, "deadline argument must be a positive number"),
        ({"max_retries": -1}, ConfigurationError, "max_retries argument must be a whole number from 0"),
        ({"extra_query": "a=b"}, ConfigurationError, "extra_query argument must be a mapping, got str"),
        ({"extra_headers": {"a b": "c"}}, ConfigurationError, "not a valid header name"),
        ({"ping_intervall": 5}, TypeError, r"responses.connect\(\) got .*did you mean 'ping_interval'"),
        ({"extra_body": {}}, TypeError, "extra_body"),
    ],
)
def test_options_that_cannot_work_are_refused(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message), Client(api_key=KEY) as client:
        client.responses.connect(**options)


@pytest.mark.parametrize(
    "options",
    [
        {"ping_interval": 0.001, "ping_timeout": 0.001},
        {"ping_interval": 1, "ping_timeout": None},
        {"max_buffered_bytes": 1},
        {"lanes": True},
        {"timeout": None, "deadline": None},
        {"timeout": 0.5, "deadline": 0.5},
        {"max_retries": 0},
        {"extra_query": {}, "extra_headers": {}},
        {"extra_query": {"a": ["b", 1]}, "extra_headers": {"a": "c"}},
    ],
)
def test_option_next_to_a_wrong_one_is_taken(wire: FakeSocket, options: dict[str, Any]) -> None:
    with session_over(wire, options) as session:
        session.create(model="m").close()
    assert len(wire.sent) == 1


def test_none_is_the_default_of_an_option(wire: FakeSocket) -> None:
    wire.script += whole("Hi")
    with session_over(wire, dict.fromkeys(["lanes", "max_buffered_bytes", "max_retries"])) as session:
        assert session.create(model="m").get_final_response().output_text == "Hi"
    assert "stream_id" in wire.sent[0]


def test_websockets_can_have_an_address_of_their_own(wire: FakeSocket) -> None:
    io = FakeIO(wire.clock, Upgraded(wire))
    options: Any = {"ping_interval": None}
    with WebSocketSession(io, settings(websocket_base_url="wss://live.test/v2"), options) as session:
        assert session.meta is not None
    assert [request.url for request in io.requests] == ["https://live.test/v2/responses"]


def test_connecting_requests_a_websocket_with_the_key_of_the_client(wire: FakeSocket) -> None:
    io = FakeIO(wire.clock, Upgraded(wire))
    session = session_on(io, extra_headers={"X-Trace": "1", "connection": "close"}, extra_query={"v": 2})
    assert (session.meta, session.request_id) == (None, None)
    assert not session.is_closed
    assert repr(session) == "<WebSocketSession http://api.test/v1: not yet open>"
    with session:
        assert session.meta is not None
        assert (session.meta.status_code, session.meta.request_id) == (101, "req_1")
        assert session.request_id == "req_1"
        assert repr(session) == "<WebSocketSession http://api.test/v1: open>"
    (request,) = io.requests
    assert (request.method, request.url) == ("GET", "http://api.test/v1/responses?v=2")
    headers = {name.lower(): value for name, value in request.headers.items()}
    assert len(headers) == len(request.headers)
    assert headers["connection"] == "Upgrade"
    assert headers["authorization"] == f"Bearer {KEY}"
    assert (headers["upgrade"], headers["x-trace"], headers["sec-websocket-version"]) == (
        "websocket",
        "1",
        "13",
    )
    assert "idempotency-key" not in headers


def test_deadline_is_for_connecting_alone(wire: FakeSocket) -> None:
    wire.script += [3600.0, *whole("Hi")]
    io = FakeIO(wire.clock, Upgraded(wire))
    with session_on(io, deadline=9.0, timeout=None) as session:
        assert io.timeouts == [9.0]
        assert session.create(model="m").get_final_response().output_text == "Hi"


def test_session_is_used_once(wire: FakeSocket) -> None:
    session = session_over(wire)
    for use in (
        lambda: session.create(model="m"),
        lambda: session.send({"type": "x"}),
        lambda: next(session.events()),
    ):
        with pytest.raises(RuntimeError, match="is not open: use it in a block of `with`"):
            use()
    with session, pytest.raises(RuntimeError, match="was used before"):
        session.__enter__()
    with pytest.raises(RuntimeError, match="was used before"):
        session.__enter__()


def test_session_may_be_closed_before_it_is_open(wire: FakeSocket) -> None:
    session = session_over(wire)
    session.close()
    assert session.is_closed
    with pytest.raises(RuntimeError, match="was used before"):
        session.__enter__()


# Requests


def test_request_is_an_event_with_a_lane_of_its_own(wire: FakeSocket) -> None:
    with session_over(wire) as session:
        session.create(model="m", input=[{"role": "user", "content": "ä"}], temperature=0).close()
        session.create(model="m", previous_response_id="r1", generate=False, stream_id="my.lane").close()
        session.create(model="m", extra_body={"stream_id": "x", "top_k": 4}).close()
    assert wire.sent == [
        {
            "type": "response.create",
            "stream_id": "rc-1",
            "model": "m",
            "input": [{"role": "user", "content": "ä"}],
            "temperature": 0,
        },
        {
            "type": "response.create",
            "stream_id": "my.lane",
            "model": "m",
            "previous_response_id": "r1",
            "generate": False,
        },
        {"type": "response.create", "model": "m", "stream_id": "x", "top_k": 4},
    ]


def test_servers_without_lanes_get_no_lane(wire: FakeSocket) -> None:
    wire.script += [*whole("One", None), *whole("Two", None)]
    with session_over(wire, {"lanes": False}) as session:
        one, two = session.create(model="m"), session.create(model="m")
        assert [s.get_final_response().output_text for s in (two, one)] == ["Two", "One"]
    assert wire.sent == [{"type": "response.create", "model": "m"}] * 2


def test_lane_of_extra_body_is_that_of_the_stream(wire: FakeSocket) -> None:
    wire.script += whole("Hi", "x")
    with session_over(wire) as session:
        assert (
            session.create(model="m", extra_body={"stream_id": "x"}).get_final_response().output_text == "Hi"
        )


@pytest.mark.parametrize(
    ("params", "message"),
    [
        ({"model": "m", "temperature": 3}, "temperature: expected a number less than or equal to 2"),
        ({"model": "m", "stream_id": "a b"}, "stream_id: "),
        ({"model": "m", "stream_id": ""}, "stream_id: "),
        ({"model": "m", "stream_id": "x" * 257}, "stream_id: "),
        ({"model": "m", "generate": "no"}, "generate: "),
        ({"model": "m", "stream": False}, "stream: does not exist over a WebSocket"),
        ({"model": "m", "background": True}, "background: does not exist over a WebSocket"),
        ({"model": "m", "background_options": {}}, "background_options: does not exist"),
        ({"model": "m", "input": [{"type": "message", "role": 5, "content": ""}]}, r"input\[0\]"),
    ],
)
def test_mistakes_in_a_request_are_found_before_it_is_sent(
    wire: FakeSocket, params: dict[str, Any], message: str
) -> None:
    with session_over(wire) as session, pytest.raises(RequestValidationError, match=message):
        session.create(**params)
    assert wire.sent == []


def test_parameters_that_a_websocket_implies_are_accepted_and_not_sent(wire: FakeSocket) -> None:
    with session_over(wire) as session:
        params: dict[str, Any] = {
            "stream": True,
            "background": False,
            "stream_options": {"include_obfuscation": False},
        }
        session.create(model="m", **params).close()
    assert set(wire.sent[0]) == {"type", "stream_id", "model", "stream_options"}


@pytest.mark.parametrize("name", ["extra_headers", "extra_query", "max_retries", "idempotency_key"])
def test_option_of_http_requests_that_is_none_is_left_out(wire: FakeSocket, name: str) -> None:
    with session_over(wire) as session:
        session.create(model="m", **{name: None}).close()
    assert name not in wire.sent[0]


@pytest.mark.parametrize("name", ["extra_headers", "extra_query", "max_retries", "idempotency_key"])
def test_options_of_http_requests_are_refused(wire: FakeSocket, name: str) -> None:
    refused = pytest.raises(RequestValidationError, match=f"not sent: {name}: is for HTTP requests")
    with session_over(wire) as session, refused:
        session.create(model="m", **{name: 1})


def test_unknown_argument_is_a_type_error(wire: FakeSocket) -> None:
    with session_over(wire) as session, pytest.raises(TypeError, match=r"session.create\(\) .*'temperature'"):
        session.create(model="m", temprature=1)


# Events


def test_events_of_any_type_are_sent(wire: FakeSocket) -> None:
    with session_over(wire) as session:
        session.send({"type": "response.brand_new", "x": [1]})
        session.send(ResponseSteerEvent(previous_response_id="r1", input="Hi"))
        session.send({"type": "response.create", "model": "m", "brand_new": 1})
    assert wire.sent == [
        {"type": "response.brand_new", "x": [1]},
        {"type": "response.steer", "previous_response_id": "r1", "input": "Hi"},
        {"type": "response.create", "model": "m", "brand_new": 1},
    ]


def test_request_sent_as_an_event_takes_its_place_before_later_ones(wire: FakeSocket) -> None:
    wire.script += [*whole("One", None), *whole("Two", None)]
    with session_over(wire, {"lanes": False}) as session:
        session.send({"type": "response.create", "model": "m"})
        assert session.create(model="m").get_final_response().output_text == "Two"
        assert session.recv().type == "response.created"


@pytest.mark.parametrize("way", ["send", "command"])
def test_steer_sent_as_an_event_does_not_leave_its_refusal_to_others(wire: FakeSocket, way: str) -> None:
    wire.script += [in_lane(None, "error", error={"message": "No"})]
    with session_over(wire, {"lanes": False}) as session:
        if way == "send":
            session.send({"type": "response.steer", "previous_response_id": "r1", "input": "Hi"})
        else:
            session.response.steer(previous_response_id="r1", input="Hi")
        assert session.recv().type == "error"
        wire.script += whole("One", None)
        assert session.create(model="m").get_final_response().output_text == "One"


def test_error_that_names_the_event_that_it_is_about_harms_no_stream(wire: FakeSocket) -> None:
    with session_over(wire, {"lanes": False}) as session:
        session.send({"type": "odd", "event_id": "e1"})
        steer = {"type": "response.steer", "previous_response_id": "r1", "input": "Hi", "event_id": "e4"}
        session.send(steer)
        stream = session.create(model="m", extra_body={"event_id": "e2"})
        other = session.create(model="m", extra_body={"event_id": "e3"})
        wire.script += [
            in_lane(None, "error", error={"message": "No", "event_id": each}) for each in ("e1", "e3", "e4")
        ]
        wire.script += whole("One", None)
        assert stream.get_final_response().output_text == "One"
        assert [session.recv().type for _ in range(2)] == ["error", "error"]
        with pytest.raises(StreamError, match="No"):
            other.until_done()


def test_successor_of_a_steer_that_was_sent_as_an_event_is_unrouted(wire: FakeSocket) -> None:
    with session_over(wire) as session:
        stream = session.create(model="m")
        session.send({"type": "response.steer", "previous_response_id": "resp_1", "input": "More"})
        wire.script += [created(), steer_event("accepted"), completed("One")]
        wire.script += [created(id="resp_2", previous_response_id="resp_1"), completed("Two", id="resp_2")]
        assert stream.get_final_response().output_text == "One"
        types = [session.recv().type for _ in range(3)]
        assert types == ["response.steer.accepted", "response.created", "response.completed"]


@pytest.mark.parametrize("way", ["dict", "object", "create", "steer"])
def test_items_of_a_response_are_sent_as_in_other_requests(wire: FakeSocket, way: str) -> None:
    search = FileSearchCall.from_dict(
        {"type": "file_search_call", "id": "fs_1", "status": "completed", "created_by": "server"}
    )
    call = FunctionCallOutput.from_dict(
        {"type": "function_call_output", "call_id": "c", "output": "5", "created_by": "server"}
    )
    with session_over(wire) as session:
        if way == "dict":
            session.send({"type": "response.create", "model": "m", "input": [search, call]})
        elif way == "object":
            session.send(ResponseCreateEvent(model="m", input=[search, call]))
        elif way == "create":
            session.create(model="m", input=[search, call]).close()
        else:
            session.steer(previous_response_id="r1", input=[call])
    sent = {item["type"]: item for item in wire.sent[0]["input"]}
    assert sent["function_call_output"] == {"type": "function_call_output", "call_id": "c", "output": "5"}
    if way != "steer":
        assert sent["file_search_call"]["queries"] == []


@pytest.mark.parametrize(
    ("event", "message"),
    [
        ({}, "type: missing, expected the type of the event"),
        ({"type": 5}, "type: missing"),
        ({"type": "response.steer", "input": "Hi"}, "previous_response_id: missing"),
        ({"type": "response.create", "temperature": "hot"}, "temperature"),
        ({"type": "new", "x": object()}, "x: cannot be written as JSON"),
    ],
)
def test_events_that_are_wrong_are_not_sent(wire: FakeSocket, event: dict[str, Any], message: str) -> None:
    with session_over(wire) as session, pytest.raises(RequestValidationError, match=message):
        session.send(event)
    assert wire.sent == []


def test_without_validation_events_are_sent_as_they_are(wire: FakeSocket) -> None:
    with session_over(wire, validate_requests=False) as session:
        session.send({"type": "response.steer", "input": 5})
        session.create(temperature=9).close()
    assert [event.get("input", event.get("temperature")) for event in wire.sent] == [5, 9]


# Steering


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (5, "input"),
        ([], "input: expected at least 1 entry, got list"),
        ([{"role": "system", "content": "x"}], r"input\[0\].role: expected 'user', got str 'system'"),
        ([{"role": "user", "content": "x"}, {"role": "user"}], r"input\[1\].content"),
    ],
)
def test_mistakes_in_steering_are_found_before_it_is_sent(wire: FakeSocket, given: Any, message: str) -> None:
    with session_over(wire) as session, pytest.raises(RequestValidationError, match=message):
        session.steer(previous_response_id="r1", input=given)
    assert wire.sent == []


def test_steering_takes_messages_and_outputs_as_objects(wire: FakeSocket) -> None:
    output = FunctionCallOutput(call_id="c", output="5")
    with session_over(wire) as session:
        session.steer(previous_response_id="r1", input=[output])
    assert wire.sent[0]["input"] == [{"type": "function_call_output", "call_id": "c", "output": "5"}]


def test_answers_in_lanes_of_their_own_may_share_an_id(wire: FakeSocket) -> None:
    with session_over(wire) as session:
        streams = [session.create(model="m"), session.create(model="m")]
        for lane in ("rc-1", "rc-2"):
            wire.script += [created(lane, id="same"), completed("Hi", lane, id="same")]
        assert [stream.get_final_response().output_text for stream in streams] == ["Hi", "Hi"]


@pytest.mark.parametrize("named", [{"stream_id": "x"}, {"extra_body": {"stream_id": "x"}}])
def test_answers_in_a_lane_that_was_named_need_ids_of_their_own(wire: FakeSocket, named: Any) -> None:
    with session_over(wire) as session:
        one, two = session.create(model="m", **named), session.create(model="m", **named)
        for _ in range(2):
            wire.script += [created("x", id="same"), completed("Hi", "x", id="same")]
        assert one.get_final_response().output_text == "Hi"
        with pytest.raises(StreamInterrupted, match="which has ended"):
            two.until_done()


def test_answer_to_a_later_request_is_not_taken_for_that_of_the_first(wire: FakeSocket) -> None:
    with session_over(wire, {"lanes": False}) as session:
        one = session.create(model="m", previous_response_id="resp_a")
        session.create(model="m", previous_response_id="resp_b").close()
        wire.script += [created(None, previous_response_id="resp_b")]
        with pytest.raises(StreamInterrupted, match="continues resp_b, which the request whose turn it is"):
            one.until_done()


def test_time_to_send_is_that_of_the_call_or_else_left_to_the_socket(wire: FakeSocket) -> None:
    with session_over(wire, timeout=5.0) as session:
        wire.write_seconds = 6.0
        session.create(model="m").close()
        with pytest.raises(APITimeoutError):
            session.create(model="m", timeout=4.0)
        wire.write_seconds = 0.0


def test_event_of_send_and_a_request_may_both_be_what_an_error_is_about(wire: FakeSocket) -> None:
    with session_over(wire) as session:
        stream = session.create(model="m")
        session.send({"type": "x.note"})
        wire.script.append({"type": "error", "error": {"message": "No"}})
        with pytest.raises(StreamInterrupted, match=r"may be about 1 request or an event of send\(\)"):
            stream.until_done()
