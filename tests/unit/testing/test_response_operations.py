"""Operations on stored responses, counting of input tokens, and compaction."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from server_calls import async_http, create, created, http, text_of, types_of

from responses_client.testing import Server


def get(server: Server, path: str) -> httpx.Response:
    with http(server) as client:
        return client.get(path)


def post(server: Server, path: str, body: Any = None) -> httpx.Response:
    with http(server) as client:
        return client.post(path, json=body)


def texts(page: dict[str, Any]) -> list[str]:
    return [item["content"][0]["text"] for item in page["data"]]


# --- retrieve, delete


def test_retrieve_takes_what_to_include() -> None:
    with Server() as server:
        response = created(server)
        path = f"/responses/{response['id']}?include=file_search_call.results"
        assert get(server, f"{path}&include[]=reasoning.encrypted_content").json() == response


@pytest.mark.parametrize(
    ("query", "param", "code"),
    [
        ("include=everything", "include[0]", "invalid_value"),
        ("stream=yes", "stream", "invalid_value"),
        ("include_obfuscation=1", "include_obfuscation", "invalid_value"),
        ("stream=true&starting_after=first", "starting_after", "invalid_type"),
        ("stream=true&starting_after=-1", "starting_after", "integer_below_min_value"),
    ],
)
def test_retrieve_refuses_a_bad_query(query: str, param: str, code: str) -> None:
    with Server() as server:
        refused = get(server, f"/responses/{created(server)['id']}?{query}")
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert (error["param"], error["code"]) == (param, code)


def test_deleted_response_is_gone() -> None:
    with Server() as server, http(server) as client:
        id = created(server)["id"]
        deleted = client.delete(f"/responses/{id}")
        assert deleted.json() == {"id": id, "object": "response", "deleted": True}
        assert server.responses == {}
        for path in (f"/responses/{id}", f"/responses/{id}/input_items"):
            assert client.get(path).status_code == 404
        for again in (client.delete(f"/responses/{id}"), client.post(f"/responses/{id}/cancel")):
            assert again.status_code == 404
            assert again.json()["error"]["message"] == f"Response with id '{id}' not found."
        refused = create(server, previous_response_id=id)
    assert refused.json()["error"]["code"] == "previous_response_not_found"


async def test_deleted_response_is_gone_async() -> None:
    with Server() as server:
        async with async_http(server) as client:
            id = (await client.post("/responses", json={"model": "m", "input": "Hi"})).json()["id"]
            assert (await client.delete(f"/responses/{id}")).json()["deleted"] is True
            assert (await client.get(f"/responses/{id}")).status_code == 404


def test_response_after_a_deleted_one_keeps_its_history() -> None:
    with Server() as server, http(server) as client:
        first = created(server, input="I am Ada.")["id"]
        second = created(server, input="I like tea.", previous_response_id=first)["id"]
        client.delete(f"/responses/{first}")
        page = get(server, f"/responses/{second}/input_items?order=asc").json()
        assert texts(page)[0] == "I am Ada."
        assert "“I like tea.”" in text_of(created(server, input="Who?", previous_response_id=second))


# --- input items


def test_input_items_are_those_of_the_request_with_ids() -> None:
    given = [
        {"role": "user", "content": "One"},
        {"role": "assistant", "content": "Two"},
        {"role": "user", "content": [{"type": "input_text", "text": "Three"}], "id": "msg_3"},
        {"type": "function_call", "call_id": "call_1", "name": "f", "arguments": "{}"},
        {"type": "function_call_output", "call_id": "call_1", "output": "ok", "status": "incomplete"},
        {"type": "reasoning", "summary": []},
        {
            "type": "local_shell_call",
            "call_id": "call_2",
            "action": {"type": "exec", "command": ["ls"], "env": {}},
        },
        {"type": "local_shell_call_output", "id": "lso_1", "call_id": "call_2", "output": "{}"},
        {"type": "additional_tools", "role": "developer", "tools": []},
    ]
    with Server() as server:
        id = created(server, input=given)["id"]
        page = get(server, f"/responses/{id}/input_items?order=asc").json()
    items = page["data"]
    assert [item["id"].partition("_")[0] for item in items] == [
        "msg", "msg", "msg", "fc", "fco", "rs", "lsc", "lso", "at",
    ]  # fmt: skip
    assert items[0]["content"] == [{"type": "input_text", "text": "One"}]
    assert items[1]["content"] == [{"type": "output_text", "text": "Two", "annotations": [], "logprobs": []}]
    assert [item.get("status") for item in items[:6]] == [
        "completed", "completed", "completed", "completed", "incomplete", None,
    ]  # fmt: skip
    assert items[2]["id"] == "msg_3"
    assert items[3]["arguments"] == "{}"
    assert (page["object"], page["has_more"]) == ("list", False)
    assert (page["first_id"], page["last_id"]) == (items[0]["id"], items[-1]["id"])


def test_output_given_as_input_keeps_what_it_has() -> None:
    with Server() as server:
        first = created(server)
        id = created(server, input=[*first["output"], {"role": "user", "content": "And?"}])["id"]
        page = get(server, f"/responses/{id}/input_items?order=asc").json()
    assert page["data"][0] == first["output"][0]


def test_input_items_start_with_the_history() -> None:
    with Server() as server:
        first = created(server.reply("Hello"), input="One")["id"]
        second = created(server, input="Two", previous_response_id=first)["id"]
        page = get(server, f"/responses/{second}/input_items").json()
        assert texts(page) == ["Two", "Hello", "One"]
        assert texts(get(server, f"/responses/{first}/input_items").json()) == ["One"]


def test_reference_is_the_item_that_it_names() -> None:
    with Server() as server:
        first = created(server.reply("Hello"))
        known = {"type": "item_reference", "id": first["output"][0]["id"]}
        id = created(server, input=[known])["id"]
        items = get(server, f"/responses/{id}/input_items?order=asc").json()["data"]
    assert items == [first["output"][0]]


def test_response_put_in_by_hand_has_the_input_items_of_its_history() -> None:
    with Server() as server:
        first = created(server.reply("Hello"), input="One")["id"]
        server.responses["resp_x"] = {"id": "resp_x", "output": [], "previous_response_id": first}
        server.responses["resp_y"] = {"id": "resp_y", "output": [], "previous_response_id": "resp_x"}
        server.responses["resp_z"] = {"id": "resp_z"}
        assert texts(get(server, "/responses/resp_y/input_items").json()) == ["Hello", "One"]
        page = get(server, "/responses/resp_z/input_items").json()
    assert page == {"object": "list", "data": [], "first_id": None, "last_id": None, "has_more": False}


# --- pages


@pytest.fixture
def listed() -> tuple[Server, str]:
    """A server, and the path of a list of 25 items with the texts 0 to 24."""
    server = Server()
    id = created(server, input=[{"role": "user", "content": str(n)} for n in range(25)])["id"]
    return server, f"/responses/{id}/input_items"


def test_page_has_the_newest_twenty_unless_told(listed: tuple[Server, str]) -> None:
    server, path = listed
    page = get(server, path).json()
    assert texts(page) == [str(n) for n in range(24, 4, -1)]
    assert page["has_more"] is True


@pytest.mark.parametrize("order", ["asc", "desc"])
def test_pages_follow_each_other_to_the_end(listed: tuple[Server, str], order: str) -> None:
    server, path = listed
    found: list[str] = []
    after, more = "", True
    while more:
        page = get(server, f"{path}?order={order}&limit=10{after}").json()
        found += texts(page)
        after, more = f"&after={page['last_id']}", page["has_more"]
    expected = [str(n) for n in range(25)]
    assert found == (expected if order == "asc" else expected[::-1])


def test_page_after_the_last_item_is_empty(listed: tuple[Server, str]) -> None:
    server, path = listed
    last = get(server, f"{path}?limit=1&order=desc").json()["last_id"]
    page = get(server, f"{path}?order=asc&after={last}").json()
    assert (page["data"], page["has_more"], page["last_id"]) == ([], False, None)


@pytest.mark.parametrize("limit", [1, 100])
def test_limits_of_the_limit_are_in_order(listed: tuple[Server, str], limit: int) -> None:
    server, path = listed
    page = get(server, f"{path}?limit={limit}").json()
    assert (len(page["data"]), page["has_more"]) == (min(limit, 25), limit == 1)


@pytest.mark.parametrize(
    ("query", "param", "code"),
    [
        ("limit=0", "limit", "integer_below_min_value"),
        ("limit=101", "limit", "integer_above_max_value"),
        ("limit=ten", "limit", "invalid_type"),
        ("limit=", "limit", "invalid_type"),
        ("order=up", "order", "invalid_value"),
        ("after=msg_x", "after", "invalid_value"),
        ("include=x", "include[0]", "invalid_value"),
    ],
)
def test_page_that_cannot_be_is_refused(
    listed: tuple[Server, str], query: str, param: str, code: str
) -> None:
    server, path = listed
    refused = get(server, f"{path}?{query}")
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert (error["param"], error["code"]) == (param, code)
    assert f"'{param}'" in error["message"] or param in ("order", "include[0]")


# --- input tokens


def test_input_tokens_are_those_that_a_response_says() -> None:
    body = {"model": "m", "input": "One two three", "instructions": "Four five"}
    with Server() as server:
        counted = post(server, "/responses/input_tokens", body).json()
        assert counted == {"object": "response.input_tokens", "input_tokens": 5}
        first = created(server, **body)
        assert first["usage"]["input_tokens"] == 5
        more = {"input": "Six", "previous_response_id": first["id"]}
        counted = post(server, "/responses/input_tokens", more).json()["input_tokens"]
        assert created(server, **more)["usage"]["input_tokens"] == counted > 4


def test_input_tokens_of_nothing_are_none() -> None:
    with Server() as server, http(server) as client:
        assert client.post("/responses/input_tokens").json()["input_tokens"] == 0
        assert server.responses == {}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"inptu": "Hi"}, 400),
        ({"input": 7}, 400),
        ({"personality": "p" * 65}, 400),
        ({"previous_response_id": "resp_x"}, 400),
        ({"previous_response_id": "resp_x", "conversation": "conv_x"}, 400),
        ({"conversation": "conv_x"}, 404),
    ],
)
def test_input_tokens_refuse_what_a_response_would(body: dict[str, Any], status: int) -> None:
    with Server() as server:
        assert post(server, "/responses/input_tokens", body).status_code == status


# --- compaction


def test_compaction_keeps_the_words_of_the_user_and_seals_the_rest() -> None:
    with Server() as server:
        first = created(server, input="I am Ada.")
        body = {"model": "m", "input": "I like tea.", "previous_response_id": first["id"]}
        compacted = post(server, "/responses/compact", body).json()
        assert compacted["object"] == "response.compaction"
        assert compacted["created_at"] == server.now
        assert types_of(compacted) == ["message", "message", "compaction"]
        *messages, summary = compacted["output"]
        assert [message["content"][0]["text"] for message in messages] == ["I am Ada.", "I like tea."]
        assert summary.keys() == {"id", "type", "encrypted_content"}
        assert compacted["usage"]["input_tokens"] > 0
        answer = created(server, input=[*compacted["output"], {"role": "user", "content": "Who am I?"}])
    assert "Before that you said: “I like tea.”" in text_of(answer)


def test_compactions_of_the_same_are_the_same() -> None:
    body = {"model": "m", "input": "I am Ada."}
    first, second = (post(Server(), "/responses/compact", body).json() for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"input": "Hi"}, "model"),
        ({"model": "m"}, "input"),
        ({"model": "m", "input": "Hi", "tools": []}, "tools"),
        ({"model": "m", "previous_response_id": "resp_x"}, "previous_response_id"),
    ],
)
def test_compaction_refuses_a_bad_request(body: dict[str, Any], param: str) -> None:
    with Server() as server:
        refused = post(server, "/responses/compact", body)
    assert refused.status_code == 400
    assert refused.json()["error"]["param"] == param


def test_checks_of_these_bodies_can_be_turned_off() -> None:
    with Server(validate=False) as server:
        assert post(server, "/responses/input_tokens", {"inptu": "Hi"}).status_code == 200
        assert post(server, "/responses/compact", {}).status_code == 200
        assert create(server, previous_response_id=7).status_code == 400
        assert create(server, conversation=[]).status_code == 404
