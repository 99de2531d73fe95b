"""Conversations of the embedded server: their items, and responses that read and add to them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from server_calls import async_http, create, created, http, streamed, text_of

from responses_client.testing import Server


def made(server: Server, **body: Any) -> str:
    """The id of a new conversation."""
    with http(server) as client:
        response = client.post("/conversations", json=body)
    assert response.status_code == 200, response.text
    return str(response.json()["id"])


def listed(server: Server, id: str, query: str = "order=asc") -> list[dict[str, Any]]:
    with http(server) as client:
        return list(client.get(f"/conversations/{id}/items?{query}").json()["data"])


def texts(items: list[dict[str, Any]]) -> list[str]:
    return [item["content"][0]["text"] for item in items]


def user(text: str, **fields: Any) -> dict[str, Any]:
    return {"role": "user", "content": text, **fields}


# --- conversations


def test_conversation_has_what_it_was_made_with() -> None:
    with Server(now=100) as server, http(server) as client:
        conversation = client.post("/conversations", json={"metadata": {"k": "v"}}).json()
        id = conversation["id"]
        assert id.startswith("conv_")
        assert conversation == {"id": id, "object": "conversation", "created_at": 100, "metadata": {"k": "v"}}
        assert client.get(f"/conversations/{id}").json() == conversation
        assert server.conversations == {id: []}


def test_conversation_can_be_made_of_nothing() -> None:
    with Server() as server, http(server) as client:
        bodies = [client.post("/conversations"), client.post("/conversations", json={})]
        nulls = client.post("/conversations", json={"items": None, "metadata": None})
    assert [response.json()["metadata"] for response in (*bodies, nulls)] == [{}, {}, {}]
    assert len({response.json()["id"] for response in (*bodies, nulls)}) == 3


def test_metadata_is_replaced_as_a_whole() -> None:
    with Server() as server, http(server) as client:
        id = made(server, metadata={"a": "1"})
        for metadata, expected in (({"b": "2"}, {"b": "2"}), (None, {})):
            updated = client.post(f"/conversations/{id}", json={"metadata": metadata}).json()
            assert updated["metadata"] == expected
            assert client.get(f"/conversations/{id}").json() == updated


def test_deleted_conversation_is_gone() -> None:
    with Server() as server, http(server) as client:
        id = made(server, items=[user("Hi")])
        deleted = client.delete(f"/conversations/{id}")
        assert deleted.json() == {"id": id, "object": "conversation.deleted", "deleted": True}
        requests = [
            client.get(f"/conversations/{id}"),
            client.post(f"/conversations/{id}", json={"metadata": {}}),
            client.delete(f"/conversations/{id}"),
            client.get(f"/conversations/{id}/items"),
            client.post(f"/conversations/{id}/items", json={"items": []}),
            client.get(f"/conversations/{id}/items/msg_1"),
            client.delete(f"/conversations/{id}/items/msg_1"),
            create(server, conversation=id),
        ]
    assert [response.status_code for response in requests] == [404] * len(requests)
    messages = {response.json()["error"]["message"] for response in requests}
    assert messages == {f"Conversation with id '{id}' not found."}


def test_conversation_put_in_by_hand_is_known() -> None:
    with Server(now=100) as server, http(server) as client:
        server.conversations["conv_1"] = [{"id": "msg_1", "type": "message", **user("I am Ada.")}]
        assert client.get("/conversations/conv_1").json()["created_at"] == 100
        assert [item["id"] for item in listed(server, "conv_1")] == ["msg_1"]
        assert "“I am Ada.”" in text_of(created(server, input="Who am I?", conversation="conv_1"))
        client.delete("/conversations/conv_1")
        assert server.conversations == {}


async def test_conversation_is_kept_async() -> None:
    with Server() as server:
        async with async_http(server) as client:
            id = (await client.post("/conversations", json={"items": [user("One")]})).json()["id"]
            await client.post(f"/conversations/{id}/items", json={"items": [user("Two")]})
            page = (await client.get(f"/conversations/{id}/items")).json()
    assert texts(page["data"]) == ["Two", "One"]


# --- items


def test_items_are_added_listed_retrieved_and_deleted() -> None:
    with Server() as server, http(server) as client:
        id = made(server, items=[user("One")])
        added = client.post(f"/conversations/{id}/items", json={"items": [user("Two"), user("Three")]}).json()
        assert (added["object"], texts(added["data"])) == ("list", ["Two", "Three"])
        assert (added["first_id"], added["has_more"]) == (added["data"][0]["id"], False)
        assert texts(listed(server, id, "")) == ["Three", "Two", "One"]
        two = added["data"][0]
        assert client.get(f"/conversations/{id}/items/{two['id']}").json() == two
        left = client.delete(f"/conversations/{id}/items/{two['id']}").json()
        assert left == client.get(f"/conversations/{id}").json()
        assert texts(listed(server, id)) == ["One", "Three"]
        for response in (
            client.get(f"/conversations/{id}/items/{two['id']}"),
            client.delete(f"/conversations/{id}/items/{two['id']}"),
        ):
            assert response.status_code == 404
            assert response.json()["error"]["message"] == f"Item with id '{two['id']}' not found."


def test_item_is_kept_whole_with_its_own_id() -> None:
    call = {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"}
    with Server() as server:
        id = made(server, items=[call, user("Hi", id="msg_1")])
        first, second = listed(server, id)
    assert first == {**call, "status": "completed"}
    assert (second["id"], second["status"], second["type"]) == ("msg_1", "completed", "message")


def test_reference_adds_the_item_of_another_conversation() -> None:
    with Server() as server:
        made(server, items=[user("One", id="msg_1")])
        other = made(server, items=[{"type": "item_reference", "id": "msg_1"}])
        assert texts(listed(server, other)) == ["One"]


@pytest.mark.parametrize(
    ("method", "path", "body", "param"),
    [
        ("POST", "", {"items": [user("Hi")] * 21}, "items"),
        ("POST", "", {"items": [{"role": "user"}]}, "items[0].content"),
        ("POST", "", {"metadata": {"k": 1}}, "metadata.k"),
        ("POST", "", {"name": "x"}, "name"),
        ("POST", "/{id}", {}, "metadata"),
        ("POST", "/{id}/items", {"items": [user("Hi")] * 21}, "items"),
        ("POST", "/{id}/items", {}, "items"),
        ("POST", "/{id}/items?include=x", {"items": []}, "include[0]"),
        ("GET", "/{id}/items?limit=101", None, "limit"),
        ("GET", "/{id}/items?include=x", None, "include[0]"),
        ("GET", "/{id}/items/msg_1?include=x", None, "include[0]"),
    ],
)
def test_bad_request_is_refused(method: str, path: str, body: Any, param: str) -> None:
    with Server() as server, http(server) as client:
        id = made(server)
        refused = client.request(method, "/conversations" + path.format(id=id), json=body)
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == param


def test_too_many_items_are_counted_in_the_message() -> None:
    with Server() as server, http(server) as client:
        error = client.post("/conversations", json={"items": [user("Hi")] * 21}).json()["error"]
    assert (
        error["message"] == "Invalid 'items': array too long. Expected at most 20 items, but got 21 instead."
    )
    assert error["code"] == "array_above_max_length"


def test_update_needs_a_body() -> None:
    with Server() as server, http(server) as client:
        assert client.post(f"/conversations/{made(server)}").status_code == 415


# --- responses in a conversation


@pytest.mark.parametrize("as_object", [False, True])
def test_response_reads_a_conversation_and_adds_to_it(as_object: bool) -> None:
    with Server() as server:
        id = made(server, items=[user("I am Ada.")])
        response = created(server, input="Who am I?", conversation={"id": id} if as_object else id)
        assert response["conversation"] == {"id": id}
        assert "Before that you said: “I am Ada.”" in text_of(response)
        items = listed(server, id)
        assert texts(items[:2]) == ["I am Ada.", "Who am I?"]
        assert items[2:] == response["output"]
        second = created(server, input="Sure?", conversation=id)
        assert "Before that you said: “Who am I?”" in text_of(second)
        assert second["usage"]["input_tokens"] > response["usage"]["input_tokens"]
        assert len(server.conversations[id]) == 5


def test_input_items_of_a_response_start_with_its_conversation_as_it_was() -> None:
    with Server() as server, http(server) as client:
        id = made(server, items=[user("One")])
        response = created(server, input="Two", conversation=id)
        created(server, input="Three", conversation=id)
        page = client.get(f"/responses/{response['id']}/input_items?order=asc").json()
    assert texts(page["data"]) == ["One", "Two"]


def test_response_without_store_adds_to_its_conversation_too() -> None:
    with Server() as server:
        id = made(server)
        created(server, input="Hi", conversation=id, store=False)
        assert len(server.conversations[id]) == 2


def test_stream_adds_to_its_conversation() -> None:
    with Server() as server:
        id = made(server)
        last = streamed(server, input="Hi", conversation=id)[-1]
        assert server.conversations[id][1:] == last["response"]["output"]


def test_response_that_failed_adds_nothing() -> None:
    with Server() as server:
        id = made(server)
        created(server.reply_response({"status": "failed"}), conversation=id)
        assert server.conversations[id] == []


def test_background_response_adds_to_its_conversation_at_its_end() -> None:
    with Server() as server, http(server) as client:
        id = made(server)
        response = created(server, input="Hi", conversation=id, background=True)
        client.get(f"/responses/{response['id']}")
        assert server.conversations[id] == []
        for _ in range(2):
            client.get(f"/responses/{response['id']}")
        assert len(server.conversations[id]) == 2


def test_conversation_deleted_meanwhile_stays_deleted() -> None:
    with Server() as server, http(server) as client:
        id = made(server)
        response = created(server.background(polls=1), conversation=id, background=True)
        client.delete(f"/conversations/{id}")
        assert client.get(f"/responses/{response['id']}").json()["status"] == "completed"
        assert server.conversations == {}


def test_conversation_and_previous_response_exclude_each_other() -> None:
    with Server() as server:
        previous = created(server)["id"]
        refused: httpx.Response = create(server, conversation=made(server), previous_response_id=previous)
    assert refused.status_code == 400
    assert refused.json()["error"]["code"] == "mutually_exclusive_parameters"
