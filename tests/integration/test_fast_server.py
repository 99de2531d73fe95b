"""The life of a response against fastresponses, an independent server with WebSockets, in each mode."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
from callers import MODES, Caller
from cutting_proxy import CuttingProxy
from pydantic import BaseModel
from waits import PATIENT

from responses_client import (
    APIError,
    APIStatusError,
    AsyncClient,
    AuthenticationError,
    BadRequestError,
    Client,
    InternalServerError,
    NotFoundError,
    RateLimitError,
    StreamError,
    StreamInterrupted,
)
from responses_client.models import (
    OutputMessage,
    ReasoningItem,
    Response,
    ResponseIncomplete,
    UnknownItem,
    UnknownModel,
)

pytestmark = pytest.mark.usefixtures("no_warnings")


def caller_of(mode: str, url: str, **changes: Any) -> Caller:
    options: dict[str, Any] = {"api_key": "key", "base_url": url, "max_retries": 0, "timeout": 30, **changes}
    return Caller(mode, lambda: Client(**options), lambda: AsyncClient(**options))


@pytest.fixture(params=MODES)
def caller(request: pytest.FixtureRequest, fast_server: str) -> Caller:
    return caller_of(request.param, fast_server)


def create(caller: Caller, text: str, **params: Any) -> Response:
    made: Response = caller(lambda client: client.responses.create(model="m", input=text, **params))
    return made


def until_done(caller: Caller, response_id: str) -> Response:
    waited: Response = caller(
        lambda client: client.responses.wait(response_id, poll_interval=0.05, timeout=PATIENT)
    )
    return waited


def streamed(caller: Caller, text: str, **params: Any) -> list[Any]:
    return caller.events(lambda client: client.responses.create(model="m", input=text, stream=True, **params))


class Answer(BaseModel):
    answer: str


# --- plain answers and streams


def test_create_and_retrieve(caller: Caller) -> None:
    response = create(caller, "one two three")

    assert (response.output_text, response.status) == ("one two three ", "completed")
    again = caller(lambda client: client.responses.retrieve(response.id))
    assert again.to_dict() == response.to_dict()


def test_a_model_may_be_left_out(caller: Caller) -> None:
    response = caller(lambda client: client.responses.create(input="one"))
    assert response.model == "echo-1"


def test_stream(caller: Caller) -> None:
    events = streamed(caller, "one two")

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
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert not [event for event in events if isinstance(event, UnknownModel)]


def test_reasoning_and_items_of_the_server_stand_before_the_message(caller: Caller) -> None:
    events = streamed(caller, "think receipt")
    response: Response = events[-1].response
    reasoning, note, message = response.output

    assert isinstance(reasoning, ReasoningItem)
    assert [part.text for part in reasoning.summary] == ["Let me think."]
    assert reasoning.encrypted_content == "c2VjcmV0"
    assert isinstance(note, UnknownItem)
    assert (note.wire_type, note.to_dict()["status"]) == ("echo:note", "completed")
    assert isinstance(message, OutputMessage)
    again = caller(lambda client: client.responses.retrieve(response.id))
    assert again.output == response.output


def test_snapshot_of_a_stream_is_what_the_server_keeps(caller: Caller) -> None:
    def read(client: Client) -> Response:
        with client.responses.stream(model="m", input="think receipt one") as stream:
            return stream.until_done().snapshot

    async def wait(client: AsyncClient) -> Response:
        async with client.responses.stream(model="m", input="think receipt one") as stream:
            return (await stream.until_done()).snapshot

    snapshot: Response = caller.run(read, wait)
    kept = caller(lambda client: client.responses.retrieve(snapshot.id))
    assert snapshot.to_dict() == kept.to_dict()


def test_items_of_the_server_are_taken_back(caller: Caller) -> None:
    first = create(caller, "think receipt one", store=False)
    question = {"role": "user", "content": "two"}
    second = caller(lambda client: client.responses.create(model="m", input=[*first.as_input(), question]))
    assert second.output_text == "two "


def test_incomplete(caller: Caller) -> None:
    response = create(caller, "short")
    assert response.status == "incomplete"
    assert response.incomplete_details is not None
    assert response.incomplete_details.reason == "max_output_tokens"

    last = streamed(caller, "short")[-1]
    assert isinstance(last, ResponseIncomplete)
    assert last.response.output_text == "short "


def test_structured_output(caller: Caller) -> None:
    parsed = caller(lambda client: client.responses.parse(model="m", input="Why not?", text_format=Answer))
    assert parsed.output_parsed == Answer(answer="Why not?")


# --- errors


def test_failure_has_the_status_that_the_server_gives_it(caller: Caller) -> None:
    with pytest.raises(InternalServerError, match="failed on request") as caught:
        create(caller, "fail")
    assert (caught.value.type, caught.value.code) == ("model_error", "broken")
    with pytest.raises(RateLimitError, match="too many"):
        create(caller, "limit")


def test_failure_ends_a_stream(caller: Caller) -> None:
    with pytest.raises(StreamError, match="failed on request") as caught:
        streamed(caller, "one fail")
    assert caught.value.code == "broken"
    assert caught.value.partial is not None
    assert caught.value.partial.status == "failed"
    assert caught.value.partial.output_text == "one "  # the server ends the message without its content


def test_refused_parameter_is_named(caller: Caller) -> None:
    with pytest.raises(BadRequestError) as caught:
        create(caller, "one", extra_body={"temperature": "warm"})
    assert (caught.value.param, caught.value.code) == ("temperature", "invalid_value")


def test_wrong_key(fast_server: str) -> None:
    for mode in MODES:
        with pytest.raises(AuthenticationError, match="invalid_api_key"):
            create(caller_of(mode, fast_server, api_key="other"), "one")


# --- what the server keeps


def test_conversation_by_previous_response_id(caller: Caller) -> None:
    first = create(caller, "one")
    second = create(caller, "two", previous_response_id=first.id)

    assert second.previous_response_id == first.id
    assert second.usage is not None
    assert second.usage.input_tokens == 2  # the server counts the questions

    with pytest.raises(BadRequestError) as caught:
        create(caller, "two", previous_response_id="resp_other")
    assert caught.value.code == "previous_response_not_found"


def test_response_that_is_not_stored_is_not_found(caller: Caller) -> None:
    response = create(caller, "one", store=False)
    with pytest.raises(NotFoundError):
        caller(lambda client: client.responses.retrieve(response.id))


def test_delete(caller: Caller) -> None:
    response = create(caller, "one")

    assert caller(lambda client: client.responses.delete(response.id)).deleted is True
    for call in ("retrieve", "cancel", "delete"):
        with pytest.raises(NotFoundError, match="not found"):
            caller(lambda client, call=call: getattr(client.responses, call)(response.id))


def test_compact(caller: Caller) -> None:
    compacted = caller(lambda client: client.responses.compact(model="m", input="one two"))
    (item,) = compacted.output
    assert item.type == "compaction"
    question = {"role": "user", "content": "three"}
    response = caller(lambda client: client.responses.create(model="m", input=[item, question]))
    assert response.output_text == "three "


# --- in the background


def test_background(caller: Caller) -> None:
    started = create(caller, "slowly one", background=True)
    assert started.status == "queued"

    finished = until_done(caller, started.id)
    assert (finished.id, finished.status, finished.output_text) == (started.id, "completed", "slowly one ")


def test_failure_in_the_background(caller: Caller) -> None:
    failed = until_done(caller, create(caller, "slowly fail", background=True).id)

    assert failed.status == "failed"
    assert failed.error is not None
    assert (failed.error.code, failed.error.message) == ("broken", "failed on request")


def test_cancel(caller: Caller) -> None:
    started = create(caller, "slowly " + "word " * 200, background=True)

    assert caller(lambda client: client.responses.cancel(started.id)).status == "cancelled"
    assert until_done(caller, started.id).status == "cancelled"
    in_front = create(caller, "one")
    with pytest.raises(BadRequestError, match="Only background"):
        caller(lambda client: client.responses.cancel(in_front.id))


def test_background_stream(caller: Caller) -> None:
    events = streamed(caller, "slowly one", background=True)
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert events[-1].response.output_text == "slowly one "


@pytest.mark.parametrize("mode", MODES)
def test_broken_background_stream_that_the_server_does_not_resume_can_be_waited_for(
    mode: str, fast_server: str
) -> None:
    with contextlib.closing(CuttingProxy(fast_server)) as proxy:
        caller = caller_of(mode, f"{proxy.url}/v1", max_retries=1)
        with pytest.raises(StreamInterrupted) as caught:
            streamed(caller, "one two three four five six seven eight nine ten", background=True)
    assert caught.value.response_id is not None
    assert caught.value.partial is not None
    assert caught.value.partial.output_text.startswith("one two ")
    response = until_done(caller_of(mode, fast_server), caught.value.response_id)
    assert response.output_text == "one two three four five six seven eight nine ten "


def test_stream_of_a_kept_response_is_refused_because_json_comes(caller: Caller) -> None:
    response = create(caller, "one", background=True)
    with pytest.raises(APIError, match="does not resume streams"):
        caller.events(lambda client: client.responses.retrieve(response.id, stream=True))


# --- what the server has not


def test_endpoints_that_the_server_has_not_are_told_by_their_status(caller: Caller) -> None:
    response = create(caller, "one")
    with pytest.raises(NotFoundError):
        caller.all(lambda client: client.responses.input_items.list(response.id))
    with pytest.raises(NotFoundError):
        caller(lambda client: client.conversations.create())
    with pytest.raises(APIStatusError) as caught:
        caller(lambda client: client.responses.input_tokens.count(model="m", input="one"))
    assert caught.value.status_code == 405
