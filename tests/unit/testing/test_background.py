"""Responses in the background: polls and streams advance them, and streams can be left and resumed."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from server_calls import async_http, create, created, events, http, streamed, text_of, types_of

from responses_client.testing import Server


def poll(server: Server, response_id: str) -> dict[str, Any]:
    with http(server) as client:
        return dict(client.get(f"/responses/{response_id}").json())


def statuses(server: Server, response_id: str, count: int) -> list[str]:
    return [poll(server, response_id)["status"] for _ in range(count)]


def resumed(server: Server, response_id: str, after: int | None = None, **query: Any) -> list[dict[str, Any]]:
    """The events of a stored response."""
    if after is not None:
        query["starting_after"] = after
    with http(server) as client:
        response = client.get(f"/responses/{response_id}", params={"stream": "true", **query})
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    return events(response.text)


def started(server: Server, count: int) -> str:
    """The id of a background response; its stream was left after some events."""
    with http(server) as client:
        body = {"model": "m", "input": "Hi", "background": True, "stream": True}
        with client.stream("POST", "/responses", json=body) as stream:
            (first, *_) = [events(chunk.decode())[0] for chunk in itertools.islice(stream.iter_raw(), count)]
    return str(first["response"]["id"])


# --- polls


def test_background_response_is_queued_then_in_progress_then_finished() -> None:
    with Server() as server:
        queued = created(server, background=True)
        running, finished, again = (poll(server, queued["id"]) for _ in range(3))
    assert (queued["status"], queued["output"], queued["usage"]) == ("queued", [], None)
    assert (running["status"], running["output"], running["completed_at"]) == ("in_progress", [], None)
    assert (finished["status"], types_of(finished)) == ("completed", ["message"])
    assert finished["background"] is True
    assert again == finished


async def test_background_response_ends_in_the_same_way_async() -> None:
    with Server() as server:
        async with async_http(server) as client:
            body = {"model": "m", "input": "Hi", "background": True}
            id = (await client.post("/responses", json=body)).json()["id"]
            found = [(await client.get(f"/responses/{id}")).json()["status"] for _ in range(3)]
    assert found == ["in_progress", "completed", "completed"]


@pytest.mark.parametrize(
    ("polls", "expected"),
    [
        (1, ["completed", "completed"]),
        (3, ["in_progress", "in_progress", "completed"]),
    ],
)
def test_number_of_polls_can_be_set(polls: int, expected: list[str]) -> None:
    with Server() as server:
        server.background(polls=polls)
        assert statuses(server, created(server, background=True)["id"], len(expected)) == expected


def test_number_of_polls_counts_for_responses_that_start_later() -> None:
    with Server() as server:
        id = created(server, background=True)["id"]
        server.background(polls=1)
        assert statuses(server, id, 1) == ["in_progress"]
        assert statuses(server, created(server, background=True)["id"], 1) == ["completed"]


def test_scripted_end_comes_at_the_end() -> None:
    error = {"code": "server_error", "message": "Out of order."}
    with Server() as server:
        server.reply_response({"status": "failed", "error": error})
        id = created(server, background=True)["id"]
        assert statuses(server, id, 2) == ["in_progress", "failed"]
        assert poll(server, id)["error"] == error


@pytest.mark.parametrize("status", ["in_progress", "queued"])
def test_response_scripted_to_stay_so_stays_so(status: str) -> None:
    with Server() as server:
        server.reply_response({"status": status})
        response = created(server, background=True)
        assert response["status"] == status
        assert statuses(server, response["id"], 4) == [status] * 4


def test_stored_response_shows_how_far_it_is_without_a_poll() -> None:
    with Server() as server:
        id = created(server, background=True)["id"]
        assert server.responses[id]["status"] == "queued"
        poll(server, id)
        assert server.responses[id]["status"] == "in_progress"


def test_response_changed_by_hand_is_left_as_it_is() -> None:
    with Server() as server:
        id = created(server, background=True)["id"]
        server.responses[id] = {"id": id, "status": "failed"}
        assert statuses(server, id, 3) == ["failed"] * 3


# --- streams


def test_stream_of_a_background_response_runs_to_its_end() -> None:
    with Server() as server:
        found = streamed(server, background=True)
        assert found[-1]["type"] == "response.completed"
        assert server.responses[found[-1]["response"]["id"]] == found[-1]["response"]


@pytest.mark.parametrize("left_after", [1, 4, 9])
def test_stream_that_was_left_goes_on_exactly_there(left_after: int) -> None:
    whole = streamed(Server(), background=True)
    with Server() as server:
        id = started(server, left_after)
        rest = resumed(server, id, after=left_after - 1)
    assert rest == whole[left_after:]


async def test_stream_that_was_left_goes_on_exactly_there_async() -> None:
    whole = streamed(Server(), background=True)
    with Server() as server:
        async with async_http(server) as client:
            body = {"model": "m", "input": "Hi", "background": True, "stream": True}
            server.disconnect_after(events=1, clean=True)
            (first,) = events((await client.post("/responses", json=body)).text)
            id = first["response"]["id"]
            rest = await client.get(f"/responses/{id}?stream=true&starting_after=0")
    assert events(rest.text) == whole[1:]


def test_stream_without_a_start_has_all_events_as_often_as_asked() -> None:
    with Server() as server:
        whole = streamed(server, background=True)
        id = whole[0]["response"]["id"]
        assert resumed(server, id) == resumed(server, id) == whole
        assert resumed(server, id, after=whole[-1]["sequence_number"]) == []


def test_streams_drive_a_response_on_and_share_what_happened() -> None:
    with Server() as server, http(server) as client:
        id = started(server, 2)

        def reader() -> Iterator[int]:
            with client.stream("GET", f"/responses/{id}?stream=true") as stream:
                for chunk in stream.iter_raw():
                    yield events(chunk.decode())[0]["sequence_number"]

        first, second = reader(), reader()
        assert [next(first) for _ in range(5)] == [0, 1, 2, 3, 4]
        assert server.responses[id]["status"] == "in_progress"
        assert [next(second) for _ in range(6)] == [0, 1, 2, 3, 4, 5]
        assert next(first) == 5
        first.close()
        second.close()


def test_response_that_was_left_in_its_stream_ends_by_polls() -> None:
    with Server() as server:
        id = started(server, 4)
        assert statuses(server, id, 2) == ["in_progress", "completed"]
        assert resumed(server, id, after=3)[-1]["type"] == "response.completed"


def test_items_that_are_done_are_seen_while_others_are_not() -> None:
    items = [{"type": "function_call", "id": f"fc_{n}", "name": "f", "arguments": ""} for n in (1, 2)]
    with Server() as server:
        server.reply_items(items)
        # Three events to open, three for the first item, and one that begins the second.
        id = started(server, 7)
        assert poll(server, id)["output"] == items[:1]
        assert server.responses[id]["status"] == "in_progress"


def test_resumed_stream_pads_deltas_on_request() -> None:
    with Server() as server:
        id = started(server, 1)
        padded = resumed(server, id, include_obfuscation="true")
        plain = resumed(server, id, include_obfuscation="false")
    assert all("obfuscation" in event for event in padded if "delta" in event)
    assert not any("obfuscation" in event for event in plain)
    found = streamed(Server(), background=True, stream_options={"include_obfuscation": True})
    assert found == padded


def test_resumed_stream_of_a_response_that_stays_in_progress_just_ends() -> None:
    with Server() as server:
        server.reply_response({"status": "in_progress"})
        found = streamed(server, background=True)
        assert [event["type"] for event in found] == [
            "response.created",
            "response.queued",
            "response.in_progress",
        ]
        assert resumed(server, found[0]["response"]["id"], after=1) == found[2:]


@pytest.mark.parametrize(
    ("body", "lacking"),
    [({}, "background"), ({"stream": True}, "background"), ({"background": True}, "stream")],
)
def test_response_of_another_kind_cannot_be_streamed(body: dict[str, Any], lacking: str) -> None:
    with Server() as server, http(server) as client:
        create(server, **body)
        (id,) = server.responses
        refused = client.get(f"/responses/{id}?stream=true")
    assert refused.status_code == 400
    assert refused.json()["error"]["message"].endswith(f"because it was not created with {lacking}=true.")


def test_response_put_in_by_hand_can_be_streamed() -> None:
    output = [{"type": "message", "id": "msg_1", "content": [{"type": "output_text", "text": "Hi"}]}]
    with Server() as server:
        server.responses["resp_1"] = {"id": "resp_1", "status": "completed", "output": output}
        found = resumed(server, "resp_1", after=1)
    assert [event["sequence_number"] for event in found] == list(range(2, 2 + len(found)))
    assert found[-1]["response"]["output"] == output


# --- broken and slow


def test_break_goes_with_the_stream_and_not_with_the_response() -> None:
    with Server() as server, http(server) as client:
        server.disconnect_after(events=5)
        with pytest.raises(httpx.ReadError):
            client.post("/responses", json={"model": "m", "input": "Hi", "background": True, "stream": True})
        (id,) = server.responses
        rest = resumed(server, id, after=4)
    assert rest[0]["sequence_number"] == 5
    assert rest[-1]["type"] == "response.completed"


def test_several_streams_in_a_row_can_be_broken_off() -> None:
    with Server() as server, http(server) as client:
        server.disconnect_after(events=5).reply("one two three four five six")
        server.disconnect_after(events=3).unscripted().disconnect_after(events=1, clean=True).unscripted()
        with pytest.raises(httpx.ReadError):
            client.post("/responses", json={"model": "m", "input": "Hi", "background": True, "stream": True})
        (id,) = server.responses
        with pytest.raises(httpx.ReadError):
            resumed(server, id, after=4)
        assert [event["sequence_number"] for event in resumed(server, id, after=7)] == [8]
        last = resumed(server, id, after=8)
    assert last[0]["sequence_number"] == 9
    assert text_of(last[-1]["response"]) == "one two three four five six"


def test_resumed_stream_takes_the_pace_that_was_set_for_it() -> None:
    naps: list[float] = []
    with Server(sleep=naps.append) as server:
        id = started(server, 1)
        server.delay(2, per_event=0.5)
        found = resumed(server, id, after=0)
        resumed(server, id)
    assert naps == [2, *[0.5] * (len(found) - 1)]


# --- cancelling


def cancel(server: Server, response_id: str) -> httpx.Response:
    with http(server) as client:
        return client.post(f"/responses/{response_id}/cancel")


def test_cancelled_response_stays_cancelled() -> None:
    with Server() as server:
        id = created(server, background=True)["id"]
        cancelled = cancel(server, id).json()
        assert (cancelled["status"], cancelled["output"], cancelled["completed_at"]) == (
            "cancelled",
            [],
            None,
        )
        assert poll(server, id) == server.responses[id] == cancelled
        assert cancel(server, id).json() == cancelled


def test_streams_of_a_cancelled_response_end_there() -> None:
    with Server() as server, http(server) as client:
        body = {"model": "m", "input": "Hi", "background": True, "stream": True}
        with client.stream("POST", "/responses", json=body) as stream:
            chunks = stream.iter_raw()
            (first,) = events(next(chunks).decode())
            next(chunks)
            cancel(server, first["response"]["id"])
            (last,) = events(b"".join(chunks).decode())
        again = resumed(server, first["response"]["id"], after=1)
    assert (last["type"], last["sequence_number"]) == ("response.cancelled", 2)
    assert last["response"]["status"] == "cancelled"
    assert again == [last]


def test_response_that_stays_in_progress_can_be_cancelled() -> None:
    with Server() as server:
        server.reply_response({"status": "in_progress"})
        id = created(server, background=True)["id"]
        assert cancel(server, id).json()["status"] == "cancelled"
        assert statuses(server, id, 1) == ["cancelled"]


def test_response_put_in_by_hand_can_be_cancelled() -> None:
    with Server() as server:
        server.responses["resp_1"] = {"id": "resp_1", "status": "queued", "background": True}
        assert cancel(server, "resp_1").json()["status"] == "cancelled"
        assert server.responses["resp_1"]["status"] == "cancelled"


def test_response_in_the_foreground_cannot_be_cancelled() -> None:
    with Server() as server:
        refused = cancel(server, created(server)["id"])
    assert refused.status_code == 400
    assert refused.json()["error"]["message"] == "Cannot cancel a synchronous response."


@pytest.mark.parametrize(
    ("status", "message"),
    [
        ("completed", "Cannot cancel a completed response."),
        ("failed", "Cannot cancel a failed response."),
        ("incomplete", "Cannot cancel an incomplete response."),
    ],
)
def test_finished_response_cannot_be_cancelled(status: str, message: str) -> None:
    with Server() as server:
        server.background(polls=1).reply_response({"status": status})
        id = created(server, background=True)["id"]
        poll(server, id)
        refused = cancel(server, id)
        assert refused.status_code == 400
        assert refused.json()["error"]["message"] == message
        assert poll(server, id)["status"] == status


# --- deleting


def test_deleted_response_does_not_come_back_when_its_stream_goes_on() -> None:
    with Server() as server, http(server) as client:
        body = {"model": "m", "input": "Hi", "background": True, "stream": True}
        with client.stream("POST", "/responses", json=body) as stream:
            next(stream.iter_raw())
            (id,) = server.responses
            client.delete(f"/responses/{id}")
            stream.close()
        assert server.responses == {}
        with client.stream("POST", "/responses", json=body) as stream:
            (id,) = server.responses
            chunks = stream.iter_raw()
            next(chunks)
            client.delete(f"/responses/{id}")
            assert events(b"".join(chunks).decode())[-1]["type"] == "response.completed"
        assert server.responses == {}


def test_background_response_has_to_be_stored() -> None:
    with Server() as server:
        refused = create(server, background=True, store=False)
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == "background"
