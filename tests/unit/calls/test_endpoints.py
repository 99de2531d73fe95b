"""Each endpoint and its errors against the embedded server, in each mode."""

from __future__ import annotations

from typing import Any

import pytest
from callers import Caller

from responses_client import BadRequestError, NotFoundError, RequestValidationError
from responses_client.models import Compaction, InputMessage, OutputMessage, Response, WebhookEndpoint
from responses_client.testing import Server

HI: dict[str, Any] = {"model": "m", "input": "Hi"}


@pytest.fixture
def made(caller: Caller) -> Response:
    """A stored response."""
    response: Response = caller(lambda client: client.responses.create(**HI))
    return response


# --- responses


def test_retrieve(caller: Caller, made: Response, server: Server) -> None:
    again = caller(
        lambda client: client.responses.retrieve(made.id, include=["message.output_text.logprobs"])
    )

    assert again.to_dict() == made.to_dict()
    assert again.meta is not None
    assert server.requests[-1].query.get_list("include[]") == ["message.output_text.logprobs"]


def test_cancel(caller: Caller) -> None:
    started = caller(lambda client: client.responses.create(**HI, background=True))

    assert caller(lambda client: client.responses.cancel(started.id)).status == "cancelled"
    assert caller(lambda client: client.responses.retrieve(started.id)).status == "cancelled"


def test_response_outside_the_background_cannot_be_cancelled(caller: Caller, made: Response) -> None:
    with pytest.raises(BadRequestError, match="Cannot cancel a synchronous response"):
        caller(lambda client: client.responses.cancel(made.id))


def test_delete(caller: Caller, made: Response) -> None:
    deleted = caller(lambda client: client.responses.delete(made.id))

    assert (deleted.id, deleted.deleted) == (made.id, True)
    for name in ("retrieve", "cancel", "delete"):
        with pytest.raises(NotFoundError):
            caller(lambda client, name=name: getattr(client.responses, name)(made.id))
    with pytest.raises(BadRequestError) as caught:
        caller(lambda client: client.responses.create(**HI, previous_response_id=made.id))
    assert caught.value.code == "previous_response_not_found"


@pytest.mark.parametrize("name", ["retrieve", "cancel", "delete"])
@pytest.mark.parametrize(
    ("response_id", "error"),
    [("resp_none", NotFoundError), ("", RequestValidationError), ("..", RequestValidationError)],
)
def test_wrong_id(
    caller: Caller, server: Server, name: str, response_id: str, error: type[Exception]
) -> None:
    with pytest.raises(error):
        caller(lambda client: getattr(client.responses, name)(response_id))
    assert len(server.requests) == (error is NotFoundError)


def test_compact(caller: Caller, made: Response) -> None:
    compacted = caller(lambda client: client.responses.compact(model="m", previous_response_id=made.id))

    assert any(isinstance(item, Compaction) for item in compacted.output)
    assert compacted.usage.total_tokens > 0
    follow_up = {"model": "m", "input": [*compacted.output, {"role": "user", "content": "Go on"}]}
    assert caller(lambda client: client.responses.create(**follow_up)).status == "completed"


def test_compact_needs_a_model(caller: Caller) -> None:
    with pytest.raises(RequestValidationError, match="model"):
        caller(lambda client: client.responses.compact(input="Hi"))


def test_count_of_input_tokens(caller: Caller) -> None:
    count = caller(lambda client: client.responses.input_tokens.count(**HI, instructions="Be short."))

    assert (
        count.input_tokens > caller(lambda client: client.responses.input_tokens.count(**HI)).input_tokens > 0
    )
    with pytest.raises(RequestValidationError, match="cannot be combined with conversation"):
        caller(
            lambda client: client.responses.input_tokens.count(
                **HI, previous_response_id="resp_1", conversation="conv_1"
            )
        )


def test_input_items_over_several_pages(caller: Caller, server: Server) -> None:
    asked = [{"role": "user", "content": f"Question {number}"} for number in range(7)]
    response = caller(lambda client: client.responses.create(model="m", input=asked))
    before = len(server.requests)

    oldest = caller.all(lambda client: client.responses.input_items.list(response.id, limit=3, order="asc"))
    newest = caller.all(lambda client: client.responses.input_items.list(response.id, limit=3))

    assert [item.content[0].text for item in oldest] == [f"Question {number}" for number in range(7)]
    assert [item.id for item in newest] == [item.id for item in reversed(oldest)]
    assert len(server.requests) == before + 6


@pytest.mark.parametrize(
    ("params", "error"),
    [
        ({"after": "msg_none"}, (BadRequestError, NotFoundError)),
        ({"order": "sideways"}, BadRequestError),
        ({"limit": 0}, RequestValidationError),
    ],
)
def test_wrong_list_arguments(
    caller: Caller, made: Response, params: dict[str, Any], error: type[Exception]
) -> None:
    with pytest.raises(error):
        caller.all(lambda client: client.responses.input_items.list(made.id, **params))


def test_list_of_an_unknown_response(caller: Caller) -> None:
    with pytest.raises(NotFoundError):
        caller.all(lambda client: client.responses.input_items.list("resp_none"))


# --- conversations


def test_conversation_is_created_read_updated_and_deleted(caller: Caller) -> None:
    first = {"role": "user", "content": "Hello"}
    made = caller(lambda client: client.conversations.create(items=[first], metadata={"a": "b"}))
    again = caller(lambda client: client.conversations.retrieve(made.id))
    changed = caller(lambda client: client.conversations.update(made.id, metadata={"a": "c"}))
    deleted = caller(lambda client: client.conversations.delete(made.id))

    assert again.to_dict() == made.to_dict()
    assert (changed.id, changed.metadata) == (made.id, {"a": "c"})
    assert (deleted.id, deleted.deleted) == (made.id, True)
    for name in ("retrieve", "delete"):
        with pytest.raises(NotFoundError):
            caller(lambda client, name=name: getattr(client.conversations, name)(made.id))


def test_conversation_stores_input_and_output(caller: Caller) -> None:
    made = caller(lambda client: client.conversations.create())
    response = caller(lambda client: client.responses.create(**HI, conversation=made.id))

    items = caller.all(lambda client: client.conversations.items.list(made.id, order="asc"))
    assert [type(item) for item in items] == [InputMessage, OutputMessage]
    assert items[1].id == response.output[0].id


def test_items_of_a_conversation(caller: Caller) -> None:
    made = caller(lambda client: client.conversations.create())
    said = [{"role": "user", "content": text} for text in ("One", "Two", "Three")]
    added = caller(lambda client: client.conversations.items.create(made.id, items=said))
    first, second, third = added.data

    again = caller(lambda client: client.conversations.items.retrieve(second.id, conversation_id=made.id))
    assert again.to_dict() == second.to_dict()
    assert again.meta is not None
    kept = caller(lambda client: client.conversations.items.delete(second.id, conversation_id=made.id))
    assert kept.id == made.id
    rest = caller.all(lambda client: client.conversations.items.list(made.id, limit=1, order="asc"))
    assert [item.id for item in rest] == [first.id, third.id]
    with pytest.raises(NotFoundError):
        caller(lambda client: client.conversations.items.retrieve(second.id, conversation_id=made.id))


def test_wrong_ids_of_conversations(caller: Caller) -> None:
    with pytest.raises(NotFoundError):
        caller(lambda client: client.conversations.retrieve("conv_none"))
    with pytest.raises(NotFoundError):
        caller(lambda client: client.responses.create(**HI, conversation="conv_none"))
    with pytest.raises(RequestValidationError, match="conversation_id"):
        caller(lambda client: client.conversations.items.retrieve("msg_1", conversation_id=""))
    with pytest.raises(RequestValidationError, match="metadata"):
        caller(lambda client: client.conversations.update("conv_1", metadata={"key": "x" * 513}))
    with pytest.raises(RequestValidationError, match="items: expected at most 20 entries"):
        caller(lambda client: client.conversations.create(items=[{"role": "user", "content": "Hi"}] * 21))


# --- endpoints for webhooks


def test_webhook_endpoint_is_created_read_updated_and_deleted(caller: Caller) -> None:
    wanted: dict[str, Any] = {
        "name": "mine",
        "url": "https://example.com/hook",
        "event_types": ["response.completed"],
    }
    made = caller(lambda client: client.webhooks.create(**wanted))
    changed = caller(lambda client: client.webhooks.update(made.id, name="ours"))
    rotated = caller(lambda client: client.webhooks.rotate_secret(made.id))
    tested = caller(lambda client: client.webhooks.test(made.id, event_type="response.completed"))
    listed = caller.all(lambda client: client.webhooks.list())
    again = caller(lambda client: client.webhooks.retrieve(made.id))
    deleted = caller(lambda client: client.webhooks.delete(made.id))

    assert made.signing_secret.startswith("whsec_")
    assert made.signing_secret not in repr(made)
    assert changed.name == "ours"
    assert rotated.signing_secret != made.signing_secret
    assert tested.status_code == 200
    assert [type(endpoint) for endpoint in listed] == [WebhookEndpoint]
    assert again.name == "ours"
    assert (deleted.id, deleted.deleted) == (made.id, True)
    with pytest.raises(NotFoundError):
        caller(lambda client: client.webhooks.retrieve(made.id))


def test_types_of_webhook_events(caller: Caller) -> None:
    assert "response.completed" in caller(lambda client: client.webhooks.event_types.list()).data


def test_resources_are_made_once(server: Server) -> None:
    for client in (server.client(), server.async_client()):
        assert client.responses is client.responses
        assert client.responses.input_items is client.responses.input_items
        assert client.responses.input_tokens is client.responses.input_tokens
        assert client.conversations.items is client.conversations.items
        assert client.webhooks.event_types is client.webhooks.event_types
