"""WebSocket sessions: connecting, what is sent, steering, events of no stream, sync and async."""

from __future__ import annotations

import builtins
import gc
from typing import Any

import pytest
from fake_io import Clock, FakeBody, FakeIO, bad, types, use_clock
from fake_socket import (
    GOODBYE,
    LOST,
    CloseConnection,
    FakeSocket,
    Step,
    Upgraded,
    completed,
    created,
    delta,
    in_lane,
    session_over,
    use_nonce,
    whole,
)
from samples import KEY, response

from responses_client import AsyncClient, AsyncEventStream, Client, EventStream, WebSocketSession
from responses_client._calls.settings import Settings
from responses_client._transport.protocols import TransportError, run
from responses_client._websocket.session import AsyncWebSocketSession
from responses_client.errors import (
    APIConnectionError,
    APITimeoutError,
    AuthenticationError,
    BadRequestError,
    ConfigurationError,
    RequestValidationError,
    ResponseValidationError,
)
from responses_client.models import (
    FunctionCallOutput,
    ResponseCreated,
    ResponseSteerEvent,
    SteerAccepted,
    SteerFailed,
    SteerPending,
    UnknownEvent,
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = use_clock(monkeypatch)
    for module in ("connection", "source"):
        monkeypatch.setattr(f"responses_client._websocket.{module}.time", clock)
    use_nonce(monkeypatch)
    return clock


@pytest.fixture
def wire(clock: Clock) -> FakeSocket:
    return FakeSocket(clock)


def settings(**given: Any) -> Settings:
    return Settings(**{"api_key": KEY, "base_url": "http://api.test/v1", **given})


def session_on(io: FakeIO, **options: Any) -> WebSocketSession:
    return WebSocketSession(io, settings(), {"ping_interval": None, **options})  # type: ignore[typeddict-item]


def async_session(wire: FakeSocket) -> AsyncWebSocketSession:
    io = FakeIO(wire.clock, Upgraded(wire))
    return AsyncWebSocketSession(io, settings(), {"ping_interval": None})


# Connecting


def test_connecting_asks_for_a_websocket_with_the_key_of_the_client(wire: FakeSocket) -> None:
    io = FakeIO(wire.clock, Upgraded(wire))
    session = session_on(io, extra_headers={"X-Trace": "1", "connection": "close"}, extra_query={"v": 2})
    assert session.meta is None
    assert not session.is_closed
    assert repr(session) == "<WebSocketSession http://api.test/v1: not yet open>"
    with session:
        assert session.meta is not None
        assert (session.meta.status_code, session.meta.request_id) == (101, "req_1")
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


def test_refusal_is_the_error_of_its_status(clock: Clock) -> None:
    io = FakeIO(clock, bad(401, {"message": "Incorrect API key"}))
    with pytest.raises(
        AuthenticationError, match="GET /v1/responses was answered with 401: Incorrect API key"
    ):
        session_on(io).__enter__()


def test_attempts_to_connect_are_repeated_like_any_request(wire: FakeSocket) -> None:
    io = FakeIO(wire.clock, bad(503), TransportError("connect", "refused"), Upgraded(wire))
    with session_on(io):
        assert len(io.requests) == 3


def test_attempts_to_connect_are_limited(clock: Clock) -> None:
    io = FakeIO(clock, *[TransportError("timeout", "too late")] * 3)
    with pytest.raises(APITimeoutError, match="was not answered in time after 2 tries"):
        session_on(io, max_retries=1).__enter__()


def test_deadline_is_for_connecting_alone(wire: FakeSocket) -> None:
    wire.script += [3600.0, *whole("Hi")]
    io = FakeIO(wire.clock, Upgraded(wire))
    with session_on(io, deadline=9.0, timeout=None) as session:
        assert io.timeouts == [9.0]
        assert session.create(model="m").get_final_response().output_text == "Hi"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (FakeBody(b'{"data": []}'), "A WebSocket was asked for, but an answer with status 200 came"),
        (FakeBody(f"key {KEY}".encode()), r"the body is 'key \*\*\*'; check that the server of base_url"),
        (FakeBody(status=101), "The connection was switched to something that is no WebSocket"),
        (FakeBody(status=101, headers={"sec-websocket-accept": "x"}), "switched to something"),
    ],
)
def test_what_is_no_websocket_is_an_error(clock: Clock, body: FakeBody, message: str) -> None:
    with pytest.raises(ResponseValidationError, match=message):
        session_on(FakeIO(clock, body)).__enter__()
    assert body.closed


def test_connection_that_cannot_be_taken_over_is_closed(
    wire: FakeSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ConfigurationError("no")

    body = Upgraded(wire)
    monkeypatch.setattr(body, "socket", refuse)
    with pytest.raises(ConfigurationError):
        session_on(FakeIO(wire.clock, body)).__enter__()
    assert body.closed == 1


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
        (
            {"max_buffered_bytes": 0},
            ConfigurationError,
            "max_buffered_bytes argument must be a whole number from 1",
        ),
        ({"max_buffered_bytes": 1.5}, ConfigurationError, "from 1, got float"),
        ({"lanes": 1}, ConfigurationError, "lanes argument must be True or False, got int"),
        ({"timeout": -1}, ConfigurationError, "timeout argument must be a positive number"),
        ({"deadline": 0}, ConfigurationError, "deadline argument must be a positive number"),
        ({"max_retries": None}, ConfigurationError, "max_retries argument must be a whole number from 0"),
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


def test_closed_client_makes_no_session() -> None:
    client = Client(api_key=KEY)
    client.close()
    with pytest.raises(RuntimeError, match="Client is closed"):
        client.responses.connect()


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without_wsproto(name: str, *args: Any) -> Any:
        if name.startswith("wsproto") or name == "session_core":
            raise ModuleNotFoundError("No module named 'wsproto'", name="wsproto")
        return real(name, *args)

    monkeypatch.setattr(builtins, "__import__", without_wsproto)
    with pytest.raises(ConfigurationError, match=r"wsproto: pip install 'responses-client\[websocket\]'"):
        Client(api_key=KEY).responses.connect()


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


# What is sent


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
        ({}, "model: missing"),
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


def test_what_a_websocket_implies_may_be_said(wire: FakeSocket) -> None:
    with session_over(wire) as session:
        params: dict[str, Any] = {
            "stream": True,
            "background": False,
            "stream_options": {"include_obfuscation": False},
        }
        session.create(model="m", **params).close()
    assert set(wire.sent[0]) == {"type", "stream_id", "model", "stream_options"}


@pytest.mark.parametrize("name", ["extra_headers", "extra_query", "max_retries", "idempotency_key"])
def test_options_of_http_requests_are_refused(wire: FakeSocket, name: str) -> None:
    with session_over(wire) as session:
        session.create(model="m", **{name: None}).close()  # type: ignore[arg-type]
        with pytest.raises(ConfigurationError, match=f"The {name} argument is for HTTP requests"):
            session.create(model="m", **{name: 1})  # type: ignore[arg-type]


def test_unknown_argument_is_a_type_error(wire: FakeSocket) -> None:
    with session_over(wire) as session, pytest.raises(TypeError, match=r"session.create\(\) .*'temperature'"):
        session.create(model="m", temprature=1)  # type: ignore[call-arg]


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


def test_without_validation_events_go_out_as_they_are(wire: FakeSocket) -> None:
    with session_over(wire, validate_requests=False) as session:
        session.send({"type": "response.steer", "input": 5})
        session.create(temperature=9).close()
    assert [event.get("input", event.get("temperature")) for event in wire.sent] == [5, 9]


# Events of no stream


def test_events_of_no_stream_are_typed(wire: FakeSocket) -> None:
    wire.script += [
        in_lane("z", "response.brand_new", x=1),
        created("z"),
        in_lane(None, "response.created", response=5),
    ]
    with session_over(wire) as session:
        events = session.events()
        new, known, malformed = next(events), next(events), next(events)
    assert isinstance(new, UnknownEvent)
    assert new.to_dict() == {"type": "response.brand_new", "stream_id": "z", "x": 1}
    assert isinstance(known, ResponseCreated)
    assert isinstance(malformed, UnknownEvent)
    assert list(events) == []


def test_events_left_by_one_loop_come_in_the_next(wire: FakeSocket) -> None:
    wire.script.append(in_lane("z", "one"))
    with session_over(wire) as session:
        wire.script += [in_lane("z", "two"), in_lane("z", "three")]
        assert [event.type for _, event in zip(range(1), session.events(), strict=False)] == ["one"]
        assert [event.type for _, event in zip(range(1), session, strict=False)] == ["two"]
        assert session.recv().type == "three"


def test_malformed_event_of_no_stream_is_an_error_in_strict_mode(wire: FakeSocket) -> None:
    wire.script += [in_lane(None, "response.created", response=5)]
    with (
        session_over(wire, strict=True) as session,
        pytest.raises(ResponseValidationError, match=r"response\.created"),
    ):
        session.recv()


@pytest.mark.parametrize("end", [GOODBYE, CloseConnection(1000, "done")])
def test_events_end_when_the_server_says_goodbye(wire: FakeSocket, end: Step) -> None:
    wire.script += [in_lane("z", "one"), end]
    with session_over(wire) as session:
        assert [event.type for event in session.events()] == ["one"]
        with pytest.raises(APIConnectionError, match="the server closed the WebSocket"):
            session.recv()


def test_events_end_with_an_error_when_the_connection_is_lost(wire: FakeSocket) -> None:
    wire.script += [in_lane("z", "one"), LOST]
    with session_over(wire) as session:
        assert session.recv().type == "one"
        with pytest.raises(APIConnectionError, match="reset by peer"):
            next(session.events())


def test_events_of_a_closed_session_are_none(wire: FakeSocket) -> None:
    with session_over(wire) as session:
        pass
    assert list(session.events()) == []
    with pytest.raises(RuntimeError, match="The WebSocket session is closed"):
        session.recv()


def test_commands_have_no_streams(wire: FakeSocket) -> None:
    wire.script += [*whole("One", None), *whole("Two", "a")]
    with session_over(wire) as session:
        session.response.create(model="m", input="Hi")
        stream = session.create(model="m", stream_id="a")
        session.response.steer(previous_response_id="r1", input="More")
        assert types([session.recv() for _ in range(3)]) == ["created", "output_text.delta", "completed"]
        assert stream.get_final_response().output_text == "Two"
    assert wire.sent[0] == {"type": "response.create", "model": "m", "input": "Hi"}
    assert wire.sent[2]["type"] == "response.steer"


# Steering


def steer(what: str, **fields: Any) -> dict[str, Any]:
    about = {"id": "steer_1", "previous_response_id": "resp_1", **fields.pop("steer", {})}
    return in_lane("rc-1", f"response.steer.{what}", steer=about, **fields)


def test_steering_leads_to_the_stream_of_the_successor(wire: FakeSocket) -> None:
    steered = response("incomplete", incomplete_details={"reason": "steered"})
    wire.script += [
        created(),
        steer("accepted"),
        delta("Hel"),
        in_lane("rc-1", "response.incomplete", response=steered),
    ]
    wire.script += [created(previous_response_id="resp_1"), delta("Bonjour"), completed("Bonjour")]
    with session_over(wire) as session:
        stream = session.create(model="m")
        first = next(stream)
        assert isinstance(first, ResponseCreated)
        steering = session.steer(previous_response_id="resp_1", input="In French")
        answer = steering.answer()
        assert isinstance(answer, SteerAccepted)
        assert answer.steer.id == "steer_1"
        successor = steering.outcome()
        assert isinstance(successor, EventStream)
        assert steering.outcome() is successor
        assert successor.get_final_response().output_text == "Bonjour"
        assert stream.get_final_response().status == "incomplete"
    assert wire.sent[1] == {"type": "response.steer", "previous_response_id": "resp_1", "input": "In French"}


def test_steering_that_waits_for_the_user_is_told(wire: FakeSocket) -> None:
    wanted = [{"type": "function_call_output", "call_id": "c1", "name": "f"}, {"type": "brand_new"}]
    wire.script += [
        *whole("Hi"),
        steer("accepted"),
        steer("pending", reason="waiting_for_required_input", required_input=wanted),
    ]
    with session_over(wire) as session:
        stream = session.create(model="m")
        steering = session.steer(previous_response_id="resp_1", input=[{"role": "user", "content": "More"}])
        pending = steering.outcome()
        assert isinstance(pending, SteerPending)
        assert pending.to_dict()["required_input"] == wanted
        assert stream.get_final_response().output_text == "Hi"


def test_steering_that_failed_gives_the_input_back(wire: FakeSocket) -> None:
    error = {"type": "invalid_request_error", "code": "response_already_completed", "message": "Too late"}
    wire.script += [steer("failed", error=error, steer={"id": None, "input": "More"})]
    with session_over(wire) as session:
        steering = session.steer(previous_response_id="resp_1", input="More")
        failed = steering.answer()
        assert isinstance(failed, SteerFailed)
        assert (failed.error.code, failed.steer.input) == ("response_already_completed", "More")
        assert steering.outcome() is failed


def test_steering_that_failed_after_all_is_told(wire: FakeSocket) -> None:
    wire.script += [
        steer("accepted"),
        steer("failed", error={"code": "successor_creation_failed", "message": "x"}),
    ]
    with session_over(wire) as session:
        steering = session.steer(previous_response_id="resp_1", input="More")
        assert isinstance(steering.answer(), SteerAccepted)
        assert isinstance(steering.outcome(), SteerFailed)


def test_silence_about_steering_is_not_waited_out(wire: FakeSocket) -> None:
    with session_over(wire, timeout=5.0) as session:
        steering = session.steer(previous_response_id="resp_1", input="More")
        with pytest.raises(APITimeoutError, match="Nothing was heard of the steering for 5 s"):
            steering.answer()
        wire.script += [100.0, steer("accepted")]


def test_without_a_limit_steering_is_waited_for(wire: FakeSocket) -> None:
    wire.script += [1e5, steer("accepted")]
    with session_over(wire, timeout=None) as session:
        assert isinstance(session.steer(previous_response_id="resp_1", input="More").answer(), SteerAccepted)


def test_fate_of_steering_is_unknown_when_the_connection_is_lost(wire: FakeSocket) -> None:
    wire.script += [steer("accepted"), LOST]
    with session_over(wire) as session:
        steering = session.steer(previous_response_id="resp_1", input="More")
        assert isinstance(steering.answer(), SteerAccepted)
        with pytest.raises(APIConnectionError, match="reset by peer"):
            steering.outcome()


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (5, "input"),
        ([], "input: needs at least one message"),
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


def test_new_events_about_steering_do_no_harm(wire: FakeSocket) -> None:
    wire.script += [steer("considered"), steer("accepted")]
    with session_over(wire) as session:
        assert isinstance(session.steer(previous_response_id="resp_1", input="More").answer(), SteerAccepted)


# The sync session: nothing here suspends, so that it needs no loop.


def test_async_session_does_the_same(wire: FakeSocket) -> None:
    wire.script += [*whole("One", "rc-1"), in_lane("z", "one"), in_lane("z", "two"), *whole("Three", None)]

    async def play() -> None:
        async with async_session(wire) as session:
            stream = await session.create(model="m", input="Hi", generate=True)
            assert isinstance(stream, AsyncEventStream)
            assert (await stream.get_final_response()).output_text == "One"
            await session.send({"type": "response.new"})
            async for event in session.events():
                assert event.type == "one"
                break
            assert (await session.recv()).type == "two"
            await session.response.create(model="m")
            await session.response.steer(previous_response_id="r", input="x")
            assert types([await session.recv() for _ in range(3)]) == [
                "created",
                "output_text.delta",
                "completed",
            ]
            wire.script.append(GOODBYE)
        assert [event async for event in session] == []
        assert session.is_closed

    run(play())
    assert [event["type"].removeprefix("response.") for event in wire.sent] == [
        "create",
        "new",
        "create",
        "steer",
    ]


def test_async_steering_does_the_same(wire: FakeSocket) -> None:
    wire.script += [
        created(),
        steer("accepted"),
        completed("Hi"),
        created(previous_response_id="resp_1"),
        completed("Yo"),
    ]

    async def play() -> None:
        async with async_session(wire) as session:
            stream = await session.create(model="m")
            steering = await session.steer(previous_response_id="resp_1", input="More")
            assert isinstance(await steering.answer(), SteerAccepted)
            successor = await steering.outcome()
            assert isinstance(successor, AsyncEventStream)
            assert await steering.outcome() is successor
            assert (await successor.get_final_response()).output_text == "Yo"
            await stream.aclose()

    run(play())


def test_async_steering_gives_verdicts(wire: FakeSocket) -> None:
    wire.script += [steer("failed", error={"message": "No"})]

    async def play() -> None:
        async with async_session(wire) as session:
            steering = await session.steer(previous_response_id="resp_1", input="More")
            assert isinstance(await steering.outcome(), SteerFailed)

    run(play())


def test_async_session_that_was_forgotten_warns(wire: FakeSocket) -> None:
    session = async_session(wire)
    run(session.__aenter__())
    with pytest.warns(
        ResourceWarning, match="AsyncWebSocketSession was not closed: use it in a block of `async with`"
    ):
        del session
    gc.collect()


def test_async_client_makes_async_sessions() -> None:
    session = AsyncClient(api_key=KEY, base_url="http://api.test/v1").responses.connect(lanes=False)
    assert repr(session) == "<AsyncWebSocketSession http://api.test/v1: not yet open>"


def test_refusal_is_an_error_in_sync_and_async_sessions(clock: Clock) -> None:
    io = FakeIO(clock, bad(400, {"message": "No"}))
    with pytest.raises(BadRequestError):
        run(AsyncWebSocketSession(io, settings(), {}).__aenter__())
