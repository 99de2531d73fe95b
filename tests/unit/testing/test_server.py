"""The embedded server: stored objects, headers, clients and threads."""

from __future__ import annotations

import threading

import httpx
import pytest
from server_calls import create, created, events, http, streamed, text_of

from responses_client.testing import Server

# --- stored objects


def test_stored_response_can_be_retrieved() -> None:
    with Server() as server, http(server) as client:
        response = created(server)
        assert client.get(f"/responses/{response['id']}").json() == response
        assert server.responses == {response["id"]: response}


def test_path_parameter_is_decoded_after_it_was_split() -> None:
    with Server() as server, http(server) as client:
        server.responses["a/b c"] = {"id": "a/b c"}
        assert client.get("/responses/a%2Fb%20c").json() == {"id": "a/b c"}


def test_response_that_is_not_to_be_stored_is_not_found() -> None:
    with Server() as server, http(server) as client:
        response = created(server, store=False)
        missing = client.get(f"/responses/{response['id']}")
    assert missing.status_code == 404
    assert missing.json()["error"]["message"] == f"Response with id '{response['id']}' not found."


def test_streamed_response_is_stored_too() -> None:
    with Server() as server:
        response = streamed(server)[-1]["response"]
        assert server.responses[response["id"]] == response


def test_unknown_previous_response_is_refused() -> None:
    with Server() as server:
        response = create(server, previous_response_id="resp_1")
    assert response.status_code == 400
    error = response.json()["error"]
    assert (error["param"], error["code"]) == ("previous_response_id", "previous_response_not_found")


def test_response_put_in_by_hand_is_part_of_the_conversation() -> None:
    with Server() as server:
        output = [{"type": "message", "role": "user", "content": "I am Ada."}]
        server.responses["resp_1"] = {"id": "resp_1", "output": output, "previous_response_id": "resp_1"}
        answer = created(server, input="Who am I?", previous_response_id="resp_1")
    assert "Before that you said: “I am Ada.”" in text_of(answer)


def test_time_stands_still_until_it_is_set() -> None:
    with Server(now=100) as server:
        first = created(server)
        server.now += 50
        second = created(server)
    assert (first["created_at"], first["completed_at"]) == (100, 101)
    assert second["created_at"] == server.now == 150
    assert created(Server())["created_at"] == 1_750_000_000


# --- headers


def test_every_answer_has_the_headers_of_the_api() -> None:
    with Server() as server:
        answers = [create(server), create(server, temperature=9), create(server, stream=True)]
    assert [answer.headers["content-type"] for answer in answers] == [
        "application/json",
        "application/json",
        "text/event-stream; charset=utf-8",
    ]
    assert [answer.headers["x-request-id"] for answer in answers] == [f"req_{n:032x}" for n in (1, 2, 3)]
    assert [answer.headers["x-ratelimit-remaining-requests"] for answer in answers] == [
        "9999",
        "9998",
        "9997",
    ]
    assert all("openai-processing-ms" in answer.headers for answer in answers)


# --- threads


def test_requests_from_many_threads_are_all_answered_once() -> None:
    with Server() as server:
        for number in range(64):
            server.reply(str(number))
        texts: list[str] = []
        threads = [
            threading.Thread(target=lambda: texts.extend(text_of(created(server)) for _ in range(8)))
            for _ in range(8)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(map(int, texts)) == list(range(64))
        assert len(server.responses) == len(server.requests) == 64


def test_stream_of_one_request_does_not_hold_up_another() -> None:
    with Server() as server, http(server) as client:
        body = {"model": "m", "input": "Hi", "stream": True}
        with client.stream("POST", "/responses", json=body) as stream:
            assert created(server)["status"] == "completed"
            assert events(stream.read().decode())[-1]["type"] == "response.completed"


# --- clients


def test_client_talks_to_the_server() -> None:
    with Server() as server, server.client() as client:
        server.reply("Hello")
        assert client.responses.create(model="m", input="Hi").output_text == "Hello"
        assert server.requests[0].headers["authorization"] == "Bearer test-key"
        assert server.requests[0].json == {"model": "m", "input": "Hi"}


async def test_async_client_talks_to_the_server() -> None:
    with Server() as server:
        server.reply("Hello")
        async with server.async_client() as client:
            response = await client.responses.create(model="m", input="Hi")
        assert response.output_text == "Hello"
        assert server.requests[0].url == "http://testserver/v1/responses"


def test_options_of_the_client_are_passed_on() -> None:
    with Server() as server, server.client(api_key="other", max_retries=0) as client:
        client.responses.create(model="m", input="Hi")
        assert server.requests[0].headers["authorization"] == "Bearer other"


async def test_http_client_of_ones_own_is_used() -> None:
    with Server() as server:
        mine = httpx.Client(transport=server.transport(), headers={"x-mine": "yes"})
        with server.client(http_client=mine) as client:
            client.responses.create(model="m", input="Hi")
        other = httpx.AsyncClient(transport=server.async_transport(), headers={"x-mine": "yes"})
        async with server.async_client(http_client=other) as aclient:
            await aclient.responses.create(model="m", input="Hi")
        assert [request.headers["x-mine"] for request in server.requests] == ["yes", "yes"]


def test_closed_server_refuses_connections() -> None:
    with Server() as server:
        pass
    with pytest.raises(httpx.ConnectError, match="closed"):
        create(server)
