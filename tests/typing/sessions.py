"""WebSocket sessions, as users write them; checked, not run."""

from collections.abc import AsyncIterator, Iterator
from typing import assert_never, assert_type

from responses_client import (
    AsyncClient,
    AsyncEventStream,
    AsyncSteering,
    AsyncWebSocketSession,
    Client,
    EventStream,
    ResponseMeta,
    Steering,
    WebSocketSession,
)
from responses_client.models import (
    ErrorEvent,
    FunctionCallOutput,
    RequiredInput,
    Response,
    ResponseCreateEvent,
    ResponseSteerEvent,
    ServerEvent,
    SteerAccepted,
    SteerFailed,
    SteerPending,
    StreamEvent,
)


def sessions(client: Client) -> None:
    with client.responses.connect(ping_interval=None, ping_timeout=5, lanes=False, max_retries=0) as session:
        assert_type(session, WebSocketSession)
        assert_type(session.meta, ResponseMeta | None)
        with session.create(model="gpt-5.4", input="Hi", stream_id="a", generate=True, timeout=5) as stream:
            assert_type(stream, EventStream)
            for event in stream:
                assert_type(event, StreamEvent)
            assert_type(stream.get_final_response(), Response)
        session.create(model="gpt-5.4", input=[{"role": "user", "content": "Hi"}], temperature="hot")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
        session.create(model="gpt-5.4", stream=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.responses.connect(ping=5)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def steering(session: WebSocketSession) -> None:
    steering = session.steer(previous_response_id="resp_1", input="In French")
    assert_type(steering, Steering)
    assert_type(steering.answer(), SteerAccepted | SteerFailed)
    outcome = steering.outcome()
    match outcome:
        case EventStream():
            assert_type(outcome.get_final_response(), Response)
        case SteerPending():
            assert_type(outcome.required_input, list[RequiredInput])
        case SteerFailed():
            assert_type(outcome.steer.previous_response_id, str)
        case _:
            assert_never(outcome)
    session.steer(previous_response_id="resp_1", input=[{"role": "user", "content": "More"}])
    session.steer(previous_response_id="resp_1", input=[FunctionCallOutput(call_id="c", output="5")])
    session.steer(previous_response_id="resp_1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def other_events(session: WebSocketSession) -> None:
    session.send({"type": "response.brand_new", "n": 1})
    session.send(ResponseCreateEvent(model="gpt-5.4", input="Hi", stream_id="a"))
    session.send(ResponseSteerEvent(previous_response_id="resp_1", input="Hi"))
    session.send("text")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    assert_type(session.events(), Iterator[ServerEvent])
    for event in session:
        if isinstance(event, ErrorEvent):
            assert_type(event.stream_id, str | None)
    assert_type(session.recv(), ServerEvent)
    session.response.create(model="gpt-5.4", input="Hi")
    session.response.steer(previous_response_id="resp_1", input="Hi")


async def async_sessions(client: AsyncClient) -> None:
    async with client.responses.connect() as session:
        assert_type(session, AsyncWebSocketSession)
        async with await session.create(model="gpt-5.4", input="Hi") as stream:
            assert_type(stream, AsyncEventStream)
            async for text in stream.text_deltas():
                assert_type(text, str)
        steering = await session.steer(previous_response_id="resp_1", input="In French")
        assert_type(steering, AsyncSteering)
        assert_type(await steering.answer(), SteerAccepted | SteerFailed)
        assert_type(await steering.outcome(), AsyncEventStream | SteerPending | SteerFailed)
        await session.send({"type": "response.brand_new"})
        assert_type(session.events(), AsyncIterator[ServerEvent])
        async for event in session:
            assert_type(event, ServerEvent)
        assert_type(await session.recv(), ServerEvent)
        await session.response.create(model="gpt-5.4", input="Hi")
        await session.response.steer(previous_response_id="resp_1", input="Hi")
    with client.responses.connect():  # type: ignore[attr-defined]  # pyright: ignore[reportGeneralTypeIssues, reportAttributeAccessIssue]
        pass
