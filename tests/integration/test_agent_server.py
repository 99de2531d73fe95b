"""The life of a response against an independent server, in each mode."""

from __future__ import annotations

import uuid
from typing import Any

import pytest
from callers import MODES, Caller
from waits import PATIENT

from responses_client import AsyncClient, BadRequestError, Client, NotFoundError
from responses_client.models import Response, UnknownModel

pytestmark = pytest.mark.usefixtures("no_warnings")


@pytest.fixture(params=MODES)
def caller(request: pytest.FixtureRequest, agent_server: str) -> Caller:
    options: dict[str, Any] = {"api_key": "any", "base_url": agent_server, "max_retries": 0, "timeout": 30}
    return Caller(request.param, lambda: Client(**options), lambda: AsyncClient(**options))


def create(caller: Caller, text: str, **params: Any) -> Response:
    made: Response = caller(lambda client: client.responses.create(model="m", input=text, **params))
    return made


def until_done(caller: Caller, response: Response) -> Response:
    waited: Response = caller(
        lambda client: client.responses.wait(response.id, poll_interval=0.05, timeout=PATIENT)
    )
    return waited


def test_create_and_retrieve(caller: Caller) -> None:
    response = create(caller, "one two three")

    assert (response.output_text, response.status) == ("one two three ", "completed")
    assert response.meta is not None
    again = caller(lambda client: client.responses.retrieve(response.id))
    assert again.to_dict() == response.to_dict()


def test_stream(caller: Caller) -> None:
    events = caller.events(lambda client: client.responses.create(model="m", input="one two", stream=True))

    assert [event.type for event in events] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
        "response.output_text.delta",
        "response.output_text.delta",
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert not [event for event in events if isinstance(event, UnknownModel)]


def test_incomplete(caller: Caller) -> None:
    response = create(caller, "short of tokens")
    assert (response.status, response.output_text) == ("incomplete", "short of tokens ")
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"


def test_failure_in_a_stream_keeps_what_came(caller: Caller) -> None:
    def read(client: Client) -> Response:
        with client.responses.stream(model="m", input="one fail") as stream:
            return stream.until_done().snapshot

    async def wait(client: AsyncClient) -> Response:
        async with client.responses.stream(model="m", input="one fail") as stream:
            return (await stream.until_done()).snapshot

    failed: Response = caller.run(read, wait)
    assert (failed.status, failed.output_text) == ("failed", "one fail ")


def test_conversation_by_previous_response_id(caller: Caller) -> None:
    first = create(caller, "one")
    second = create(caller, "before two", previous_response_id=first.id)
    assert second.output_text == "one one before two "


def test_conversation_by_its_id(caller: Caller) -> None:
    conversation = f"conv_{uuid.uuid4().hex}"
    create(caller, "one", conversation=conversation)
    second = create(caller, "before two", conversation=conversation)
    assert second.output_text.endswith("before two ")
    assert second.conversation is not None
    assert second.conversation.id == conversation


def test_background(caller: Caller) -> None:
    started = create(caller, "slowly one two", background=True)
    assert started.status in ("queued", "in_progress")

    finished = until_done(caller, started)
    assert (finished.id, finished.status, finished.output_text) == (
        started.id,
        "completed",
        "slowly one two ",
    )


def test_failure_in_the_background(caller: Caller) -> None:
    failed = until_done(caller, create(caller, "slowly fail", background=True))

    assert failed.status == "failed"
    assert failed.error is not None
    assert failed.error.code == "server_error"


def test_cancel(caller: Caller) -> None:
    started = create(caller, "slowly " + "word " * 200, background=True)

    assert caller(lambda client: client.responses.cancel(started.id)).status == "cancelled"
    assert caller(lambda client: client.responses.retrieve(started.id)).status == "cancelled"


def test_events_of_a_background_response_come_again_from_any_place(caller: Caller) -> None:
    def begin(client: Any) -> Any:
        return client.responses.create(model="m", input="slowly a b c", background=True, stream=True)

    first = caller.events(begin, count=3)
    response_id = first[0].response.id
    for start in (None, 0, 2, 5):
        after = {} if start is None else {"starting_after": start}
        events = caller.events(
            lambda client, after=after: client.responses.retrieve(response_id, stream=True, **after)
        )
        numbers = [event.sequence_number for event in events]
        assert numbers == list(range(0 if start is None else start + 1, 12))
        assert events[-1].response.output_text == "slowly a b c "


def test_input_items(caller: Caller) -> None:
    response = create(caller, "one two three")

    items = caller.all(lambda client: client.responses.input_items.list(response.id, order="asc"))
    assert [part.text for item in items for part in item.content] == ["one two three"]


def test_pages_of_input_items(caller: Caller) -> None:
    messages = [{"role": "user", "content": f"Question {number}"} for number in range(7)]
    response: Response = caller(lambda client: client.responses.create(model="m", input=messages))

    items = caller.all(lambda client: client.responses.input_items.list(response.id, order="asc", limit=3))
    assert [item.content[0].text for item in items] == [f"Question {number}" for number in range(7)]


def test_delete(caller: Caller) -> None:
    response = create(caller, "one")

    assert caller(lambda client: client.responses.delete(response.id)).deleted is True
    for call in ("retrieve", "cancel", "delete"):
        with pytest.raises(NotFoundError):
            caller(lambda client, call=call: getattr(client.responses, call)(response.id))
    with pytest.raises(NotFoundError):
        caller.all(lambda client: client.responses.input_items.list(response.id))


def test_unknown_id(caller: Caller) -> None:
    with pytest.raises(BadRequestError, match="Malformed identifier"):
        caller(lambda client: client.responses.retrieve("nothing"))
