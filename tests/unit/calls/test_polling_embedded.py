"""Background responses of the embedded server, polled and streamed, in each mode."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from callers import Caller
from waits import SOON

from responses_client import NotFoundError, StreamInterrupted, WaitTimeout
from responses_client._base.retry import Policy
from responses_client.testing import Server

TELL = {"model": "m", "input": "Tell me a story.", "background": True}


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr("responses_client._calls.attempts.Policy", partial(Policy, initial=0.001))
    with Server() as server:
        yield server


def whole(caller: Caller, server: Server) -> list[Any]:
    server.reply("Once there was a cup of tea.")
    return caller.events(lambda client: client.responses.create(stream=True, **TELL))


def texts(events: list[Any]) -> str:
    return "".join(event.delta for event in events if event.type == "response.output_text.delta")


def test_wait_gives_the_finished_response(caller: Caller, server: Server) -> None:
    server.background(polls=4).reply("Done")
    reported: list[str] = []
    started = caller(lambda client: client.responses.create(**TELL))
    finished = caller(
        lambda client: client.responses.wait(
            started.id, poll_interval=0.001, on_progress=lambda state: reported.append(state.status)
        )
    )

    assert (finished.output_text, finished.id) == ("Done", started.id)
    assert reported == ["in_progress", "completed"]
    assert [request.method for request in server.requests] == ["POST", *["GET"] * 4]


def test_wait_that_takes_too_long_raises(caller: Caller, server: Server) -> None:
    server.background(polls=1000)
    started = caller(lambda client: client.responses.create(**TELL))

    with pytest.raises(WaitTimeout) as caught:
        caller(lambda client: client.responses.wait(started, poll_interval=0.001, timeout=SOON))

    assert caught.value.response is not None
    assert caught.value.response.id == started.id


def test_wait_for_a_response_that_is_not_there_raises(caller: Caller, server: Server) -> None:
    with pytest.raises(NotFoundError):
        caller(lambda client: client.responses.wait("resp_none"))


@pytest.mark.parametrize("clean", [False, True])
def test_interrupted_stream_is_resumed(caller: Caller, server: Server, clean: bool) -> None:
    expected = whole(caller, server)
    for count in range(1, len(expected), 5):
        server.disconnect_after(events=count, clean=clean)
        events = whole(caller, server)

        assert [event.type for event in events] == [event.type for event in expected]
        assert [event.sequence_number for event in events] == [*range(len(expected))]
        assert texts(events) == events[-1].response.output_text == texts(expected)


def test_stream_of_a_response_that_was_deleted_meanwhile_is_interrupted(
    caller: Caller, server: Server
) -> None:
    server.disconnect_after(events=4).reply("Tea").fail(status=404)

    with pytest.raises(StreamInterrupted, match="it was not resumed") as caught:
        caller.events(lambda client: client.responses.create(stream=True, **TELL))

    assert type(caught.value.__cause__) is NotFoundError


def test_token_resumes_in_another_client_after_each_event(caller: Caller, server: Server) -> None:
    expected = whole(caller, server)

    def read(count: int) -> str:
        server.reply("Once there was a cup of tea.")

        def sync(client: Any) -> Any:
            with client.responses.create(stream=True, **TELL) as stream:
                for _ in range(count):
                    next(stream)
                return stream.resume_token

        async def wait(client: Any) -> Any:
            async with await client.responses.create(stream=True, **TELL) as stream:
                for _ in range(count):
                    await anext(stream)
                return stream.resume_token

        return json.dumps(caller.run(sync, wait))

    for count in range(1, len(expected)):
        token = json.loads(read(count))
        rest = caller.events(lambda client, token=token: client.responses.resume(token))
        assert [event.type for event in rest] == [event.type for event in expected[count:]]
        assert rest[-1].response.output_text == texts(expected)
    assert json.loads(read(len(expected))) is None
