"""Background streams with broken connections: their events are those of an unbroken stream."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

import pytest
from samples import KEY, delta, event, response
from scripted_server import (
    CLOSE,
    HOLD,
    LAST_CHUNK,
    RESET,
    ScriptedServer,
    Seen,
    Step,
    answer,
    chunk,
    head,
    stream_head,
)
from shells import Events, Session, Shell
from waits import PATIENT, SHORT, cancel_when

from responses_client import Client
from responses_client.errors import NotFoundError, StreamError, StreamInterrupted
from responses_client.models import StreamEvent

PLACE = {"item_id": "msg_1", "output_index": 0, "content_index": 0}
PART = {"type": "output_text", "text": "", "annotations": []}
ITEM = {"type": "message", "id": "msg_1", "role": "assistant", "status": "in_progress", "content": []}
STORY = [
    event("response.created", 0, response=response("queued")),
    event("response.in_progress", 1, response=response("in_progress")),
    event("response.output_item.added", 2, output_index=0, item=ITEM),
    event("response.content_part.added", 3, part=PART, **PLACE),
    delta("Hel", 4),
    event("keepalive", 5),
    delta("lö", 6),
    event("response.output_text.done", 7, text="Hellö", **PLACE),
    event("response.completed", 8, response={"id": "resp_1", "status": "completed"}),
]
COUNT = len(STORY)


def begin(seen: Seen) -> int:
    """The number of the first event that a request asks for."""
    after = parse_qs(urlsplit(seen.path).query).get("starting_after")
    return 0 if after is None else int(after[0]) + 1


def rest(seen: Seen) -> list[Step]:
    """The rest of the story, event by event."""
    return [stream_head(), *map(chunk, STORY[begin(seen) :]), LAST_CHUNK]


def all_again(seen: Seen) -> list[Step]:
    """The whole story for every request."""
    return [stream_head(), chunk(b": again\n\n"), *map(chunk, STORY), LAST_CHUNK]


def all_again_at_once(seen: Seen) -> list[Step]:
    """The whole story in one piece for every request."""
    return [stream_head(), chunk(b"".join(STORY)), LAST_CHUNK]


def without_chunks(*steps: bytes) -> list[Step]:
    """An answer that ends with its connection."""
    return [head(200, content_type="text/event-stream"), *steps, CLOSE]


# From the first events and the next one: what comes before the connection breaks.
WAYS: dict[str, Callable[[list[bytes], bytes], list[Step]]] = {
    "closed": lambda first, _: [stream_head(), *map(chunk, first), CLOSE],
    "closed without chunks": lambda first, _: without_chunks(*first),
    "ended": lambda first, _: [stream_head(), *map(chunk, first), LAST_CHUNK],
    "reset": lambda first, _: [stream_head(), *map(chunk, first), 0.005, RESET],
    "closed inside of an event": lambda first, last: [
        stream_head(),
        *map(chunk, first),
        chunk(last[: len(last) // 2]),
        CLOSE,
    ],
    "ended inside of an event": lambda first, last: [
        stream_head(),
        chunk(b"".join(first) + last[:-40]),
        LAST_CHUNK,
    ],
    "ended inside of an event without chunks": lambda first, last: without_chunks(
        b"".join(first) + last[: len(last) // 2]
    ),
    "closed inside of a chunk": lambda first, last: [
        stream_head(),
        chunk(b"".join(first)),
        chunk(last)[:-30],
        CLOSE,
    ],
    "reset inside of a chunk": lambda first, last: [
        stream_head(),
        *map(chunk, first),
        chunk(last)[:30],
        0.005,
        RESET,
    ],
    "silent": lambda first, last: [stream_head(), *map(chunk, first), chunk(last[:20]), HOLD],
}


def as_json(events: Sequence[StreamEvent]) -> list[Any]:
    return [one.to_dict() for one in events]


UNCUT = [json.loads(one.partition(b"data: ")[2]) for one in STORY]


@pytest.mark.parametrize("way", WAYS)
def test_stream_cut_after_each_event_in_turn_gives_the_same(shell: Shell, way: str) -> None:
    cuts = (1, COUNT // 2, COUNT - 1) if way == "silent" else range(1, COUNT)  # silence takes its time

    async def play(session: Session) -> None:
        for cut in cuts:
            broken = WAYS[way](STORY[:cut], STORY[cut])
            server.add(broken, *[[answer(503)], rest][cut % 2 :])
            stream = await session.stream(background=True)
            assert as_json(await stream.rest()) == UNCUT, cut
            final = await stream.final()
            assert (final.output_text, final.status, final.id) == ("Hellö", "completed", "resp_1"), cut
        assert session.busy_connections == 0

    with ScriptedServer() as server:
        shell.play(play, server.url, timeout=SHORT if way == "silent" else PATIENT)
        for seen in server.requests:
            assert seen.headers["authorization"] == f"Bearer {KEY}"
            assert ("idempotency-key" in seen.headers) is (seen.method == "POST")
            assert seen.method == "POST" or seen.body == b""
        assert len(server.requests) == 2 * len(cuts) + sum(cut % 2 == 0 for cut in cuts)


@pytest.mark.parametrize("again", [all_again, all_again_at_once])
def test_servers_that_begin_from_the_first_event_give_no_event_twice(
    shell: Shell, again: Callable[[Seen], list[Step]]
) -> None:
    async def play(session: Session) -> None:
        for cut in range(1, COUNT):
            server.add([stream_head(), *map(chunk, STORY[:cut]), CLOSE], again)
            stream = await session.stream(background=True)
            assert as_json(await stream.rest()) == UNCUT, cut
            assert (await stream.final()).output_text == "Hellö", cut

    with ScriptedServer() as server:
        shell.play(play, server.url)


def test_stream_cut_after_every_event_gives_the_same(shell: Shell) -> None:
    def one(seen: Seen) -> list[Step]:
        return [stream_head(), chunk(STORY[begin(seen)]), 0.005, RESET if begin(seen) % 2 else CLOSE]

    async def play(session: Session) -> None:
        stream = await session.stream(background=True)
        assert as_json(await stream.rest()) == UNCUT
        assert (await stream.final()).output_text == "Hellö"
        assert session.busy_connections == 0

    with ScriptedServer(*[one] * COUNT) as server:
        shell.play(play, server.url, max_retries=1)
        assert [begin(seen) for seen in server.requests] == [*range(COUNT)]


# --- what cannot be resumed


def test_missing_events_are_reported(shell: Shell) -> None:
    async def play(session: Session) -> None:
        stream = await session.stream(background=True)
        with pytest.raises(StreamInterrupted) as caught:
            await stream.rest()
        error = caught.value
        assert error.reason == "the resumed stream lacks events 5 to 6"
        assert (error.response_id, error.last_sequence_number) == ("resp_1", 4)
        assert error.partial is not None
        assert error.partial.output_text == "Hel"
        assert session.busy_connections == 0

    forgetful = [stream_head(), *map(chunk, STORY[7:]), LAST_CHUNK]
    with ScriptedServer([stream_head(), *map(chunk, STORY[:5]), CLOSE], forgetful) as server:
        shell.play(play, server.url)
        assert len(server.requests) == 2


def test_response_that_is_gone_is_the_cause(shell: Shell) -> None:
    async def play(session: Session) -> None:
        stream = await session.stream(background=True)
        with pytest.raises(StreamInterrupted, match="and it was not resumed: No such response") as caught:
            await stream.rest()
        assert type(caught.value.__cause__) is NotFoundError
        assert caught.value.partial is not None
        assert caught.value.partial.output_text == "Hel"
        assert session.busy_connections == 0

    gone = [answer(404, {"error": {"message": "No such response"}})]
    with ScriptedServer([stream_head(), *map(chunk, STORY[:5]), CLOSE], gone) as server:
        shell.play(play, server.url)
        assert len(server.requests) == 2


def test_retries_without_a_new_event_are_used_up(shell: Shell) -> None:
    async def play(session: Session) -> None:
        stream = await session.stream(background=True)
        with pytest.raises(StreamInterrupted) as caught:
            await stream.rest()
        assert caught.value.last_sequence_number == 4
        assert stream.stream.resume_token == {"response_id": "resp_1", "sequence_number": 4}
        assert session.busy_connections == 0

    broken: list[Step] = [stream_head(), *map(chunk, STORY[:5]), CLOSE]
    with ScriptedServer(broken, broken, [CLOSE], rest) as server:
        shell.play(play, server.url)
        assert len(server.requests) == 3


def test_deadline_ends_a_resumed_stream(shell: Shell) -> None:
    async def play(session: Session) -> None:
        stream = await session.stream(background=True, deadline=SHORT)
        with pytest.raises(StreamInterrupted, match=f"the deadline of {SHORT} s has passed"):
            await stream.rest()
        assert session.busy_connections == 0

    with ScriptedServer(
        [stream_head(), *map(chunk, STORY[:3]), CLOSE],
        [stream_head(), chunk(STORY[3]), HOLD],
        rest,
    ) as server:
        shell.play(play, server.url)
        assert len(server.requests) == 2


def test_error_event_of_a_resumed_stream_is_raised(shell: Shell) -> None:
    error = event("error", 5, code="server_error", message="Out of order")
    with (
        ScriptedServer(
            [stream_head(), *map(chunk, STORY[:5]), CLOSE], [stream_head(), chunk(error), LAST_CHUNK], rest
        ) as server,
        pytest.raises(StreamError, match="Out of order") as caught,
    ):
        shell.events(server.url, {"background": True})

    assert caught.value.partial is not None
    assert caught.value.partial.output_text == "Hel"
    assert len(server.requests) == 2


# --- leaving


def test_stream_left_early_is_not_resumed(shell: Shell) -> None:
    async def play(session: Session) -> None:
        stream = await session.stream(background=True)
        assert (await stream.next()).sequence_number == 0
        await stream.close()
        assert await stream.until_closed([]) == []
        assert stream.stream.resume_token == {"response_id": "resp_1", "sequence_number": 0}
        assert session.busy_connections == 0

    with ScriptedServer([stream_head(), chunk(b"".join(STORY[:3])), HOLD], rest) as server:
        shell.play(play, server.url)
        assert server.left.wait(PATIENT)
        assert len(server.requests) == 1


@pytest.mark.parametrize("backend", ["asyncio", "trio"])
@pytest.mark.parametrize("again", [[[answer(503, retry_after="45")]], [[HOLD]], [[stream_head(), HOLD]]])
def test_cancelling_while_a_stream_is_resumed_leaves_a_usable_pool(
    backend: str, again: list[list[Step]]
) -> None:
    async def play(session: Session) -> None:
        stream = await session.stream(background=True)
        await cancel_when(lambda: len(server.requests) == 2, stream.rest)
        await stream.close()
        assert session.busy_connections == 0
        server.add(rest)
        assert len(await (await session.stream(background=True)).rest()) == COUNT

    with ScriptedServer([stream_head(), *map(chunk, STORY[:5]), CLOSE], *again) as server:
        Shell(backend).play(play, server.url)


# --- tokens


async def resume(session: Session, token: Any, **options: Any) -> Events:
    if isinstance(session.client, Client):
        return Events(session.client.responses.resume(token, **options))
    return Events(await session.client.responses.resume(token, **options))


@pytest.mark.parametrize("at_once", [False, True])
def test_token_lets_another_client_continue_after_each_event(shell: Shell, at_once: bool) -> None:
    tokens: list[str] = []

    async def read(session: Session) -> None:
        for count in range(1, COUNT):
            stream = await session.stream(background=True)
            for _ in range(count):
                await stream.next()
            await stream.close()
            tokens.append(json.dumps(stream.stream.resume_token))

    async def go_on(session: Session) -> None:
        for number, token in enumerate(tokens):
            stream = await resume(session, json.loads(token))
            assert stream.stream.resume_token == json.loads(token)
            assert as_json(await stream.rest()) == UNCUT[number + 1 :]
            final = await stream.final()
            assert (final.id, final.status) == ("resp_1", "completed")
            assert final.output_text == ("Hellö" if number < 7 else "")
            assert stream.stream.resume_token is None

    first: list[Step] = [stream_head(), chunk(b"".join(STORY)), HOLD] if at_once else rest(SEEN)
    with ScriptedServer(*[first] * (COUNT - 1)) as server:
        shell.play(read, server.url)
    assert [json.loads(token) for token in tokens] == [
        {"response_id": "resp_1", "sequence_number": number} for number in range(COUNT - 1)
    ]
    with ScriptedServer(*[all_again_at_once if at_once else rest] * (COUNT - 1)) as server:
        shell.play(go_on, server.url)
        assert [begin(seen) for seen in server.requests] == [*range(1, COUNT)]


SEEN = Seen("POST", "/v1/responses", {}, b"", 1)


def test_stream_that_continues_from_a_token_is_resumed_automatically(shell: Shell) -> None:
    async def play(session: Session) -> None:
        stream = await resume(
            session,
            {"response_id": "resp_1", "sequence_number": 1},
            include=["message.output_text.logprobs"],
            include_obfuscation=False,
            extra_headers={"X-Team": "tea"},
            max_retries=1,
        )
        assert as_json(await stream.rest()) == UNCUT[2:]
        assert (await stream.final()).output_text == "Hellö"

    def broken(seen: Seen) -> list[Step]:
        first = begin(seen)
        return [stream_head(), *map(chunk, STORY[first : first + 2]), CLOSE]

    with ScriptedServer([CLOSE], broken, broken, rest) as server:
        shell.play(play, server.url)
        assert [begin(seen) for seen in server.requests] == [2, 2, 4, 6]
        for seen in server.requests:
            assert seen.headers["x-team"] == "tea"
            query = parse_qs(urlsplit(seen.path).query)
            assert query["include[]"] == ["message.output_text.logprobs"]
            assert query["include_obfuscation"] == ["false"]


def test_retrieved_stream_is_resumed_by_itself(shell: Shell) -> None:
    async def play(session: Session) -> None:
        responses = cast("Any", session.client.responses)
        opened = responses.retrieve("resp_1", stream=True)
        stream = Events(opened if isinstance(session.client, Client) else await opened)
        assert as_json(await stream.rest()) == UNCUT
        assert (await stream.final()).output_text == "Hellö"

    with ScriptedServer([stream_head(), *map(chunk, STORY[:5]), CLOSE], rest) as server:
        shell.play(play, server.url)
        assert [begin(seen) for seen in server.requests] == [0, 5]


# --- waiting


def test_wait_outlives_a_server_that_is_down_for_a_while(shell: Shell) -> None:
    async def play(session: Session) -> None:
        found = cast("Any", session.client.responses).wait("resp_1", poll_interval=0, timeout=PATIENT)
        final = found if isinstance(session.client, Client) else await found
        assert final.output_text == "Hello"
        assert session.busy_connections == 0

    queued = [answer(200, response("queued"))]
    down: list[list[Step]] = [[CLOSE], [RESET], [answer(503)], [head(200, content_length="100"), CLOSE]]
    with ScriptedServer(queued, *down, queued, [answer(200, response())]) as server:
        shell.play(play, server.url, max_retries=1)
        assert len(server.requests) == 7
