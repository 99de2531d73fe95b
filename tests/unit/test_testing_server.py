"""The embedded server: what it records and keeps, and what can be scripted."""

from __future__ import annotations

import json
import threading
from typing import Any

import httpx
import pytest
from testing_helpers import create, created, events, http, streamed, text_of, types_of

from responses_client.testing import RecordedRequest, Server

# --- requests


def test_requests_are_recorded_as_they_came() -> None:
    with Server() as server, http(server) as client:
        client.post("/responses?a=1&a=2", json={"model": "m", "input": "Hi"}, headers={"X-Test": "yes"})
        (request,) = server.requests
    assert (request.method, request.path) == ("POST", "/v1/responses")
    assert request.url == "http://testserver/v1/responses?a=1&a=2"
    assert request.query.get_list("a") == ["1", "2"]
    assert request.headers["x-test"] == "yes"
    assert request.json == {"model": "m", "input": "Hi"}
    assert json.loads(request.body) == request.json


def test_requests_that_fail_are_recorded_too() -> None:
    with Server() as server:
        server.fail()
        assert create(server).status_code == 429
        assert create(server, temperature=9).status_code == 400
        assert [request.json.get("temperature") for request in server.requests] == [None, 9]


@pytest.mark.parametrize(
    ("query", "body", "stream"),
    [
        ("", {"stream": True}, True),
        ("", {"stream": False}, False),
        ("", [], False),
        ("?stream=true", {}, True),
    ],
)
def test_recorded_request_knows_whether_it_asked_for_a_stream(query: str, body: Any, stream: bool) -> None:
    with Server() as server, http(server) as client:
        client.post(f"/responses{query}", json=body)
        assert server.requests[0].stream is stream


def test_recorded_request_shows_no_key_in_its_repr() -> None:
    with Server() as server:
        create(server)
        shown = repr(server.requests[0])
    assert isinstance(server.requests[0], RecordedRequest)
    assert "/v1/responses" in shown
    assert "test-key" not in shown


# --- routes


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", "/v1/completions"),
        ("POST", "/v1/responses/"),
        ("GET", "/v1/responses/a/b/c"),
        ("GET", "/v2/responses/a"),
        ("POST", "/responses"),
        ("GET", "/v1"),
    ],
)
def test_unknown_path_is_not_found(method: str, path: str) -> None:
    with Server() as server, http(server) as client:
        response = client.request(method, f"http://testserver{path}")
    assert response.status_code == 404
    assert response.json()["error"]["message"] == f"Invalid URL ({method} {path})"


@pytest.mark.parametrize(
    ("method", "path", "allowed"), [("GET", "/responses", "POST"), ("PUT", "/responses/resp_1", "GET")]
)
def test_wrong_method_is_not_allowed(method: str, path: str, allowed: str) -> None:
    with Server() as server, http(server) as client:
        response = client.request(method, path)
    assert response.status_code == 405
    assert allowed in response.headers["allow"]
    assert response.json()["error"]["code"] == "method_not_supported"


@pytest.mark.parametrize("base_url", ["http://testserver", "https://me.example.com/openai/v1/"])
def test_server_is_found_under_the_path_of_its_base_url(base_url: str) -> None:
    with Server(base_url=base_url) as server:
        assert create(server).status_code == 200


# --- what it keeps


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


# --- scripted answers


def test_scripted_answers_come_in_order_and_then_its_own() -> None:
    with Server() as server:
        server.reply("one").reply("two")
        assert [text_of(created(server, input="Hello")) for _ in range(3)] == [
            "one",
            "two",
            "Hello! How can I help you today?",
        ]


def test_refused_requests_use_up_no_scripted_answer() -> None:
    with Server() as server, http(server) as client:
        server.reply("one")
        create(server, temperature=9)
        client.get("/responses/resp_1")
        assert text_of(created(server)) == "one"


def test_reply_is_not_cut_by_the_limit_of_tokens() -> None:
    with Server() as server:
        server.reply("word " * 50)
        assert created(server, max_output_tokens=16)["status"] == "completed"


def test_reply_json_is_text_that_is_json() -> None:
    with Server() as server:
        server.reply_json({"name": "Zoë"})
        assert text_of(created(server)) == '{"name":"Zoë"}'


@pytest.mark.parametrize(
    ("arguments", "written"), [({"city": "Paris"}, '{"city":"Paris"}'), ("{broken", "{broken")]
)
def test_call_tool_is_a_function_call(arguments: Any, written: str) -> None:
    with Server() as server:
        server.call_tool("get_weather", arguments, call_id="call_1")
        (call,) = created(server)["output"]
    assert (call["type"], call["name"], call["call_id"]) == ("function_call", "get_weather", "call_1")
    assert call["arguments"] == written


def test_call_tool_without_arguments_makes_up_a_call_id() -> None:
    with Server() as server:
        (call,) = created(server.call_tool("f"))["output"]
    assert call["arguments"] == "{}"
    assert call["call_id"].startswith("call_")


def test_call_tool_is_a_custom_call_when_the_request_has_such_a_tool() -> None:
    with Server() as server:
        server.call_tool("write_sql", "SELECT 1")
        (call,) = created(server, tools=[{"type": "custom", "name": "write_sql"}])["output"]
    assert (call["type"], call["input"]) == ("custom_tool_call", "SELECT 1")


def test_call_tools_calls_several_at_once() -> None:
    with Server() as server:
        server.call_tools([("f", {"n": 1}), ("g", "{}")])
        calls = created(server)["output"]
    assert [(call["name"], call["arguments"]) for call in calls] == [("f", '{"n":1}'), ("g", "{}")]
    assert calls[0]["call_id"] != calls[1]["call_id"]


def test_refuse_is_a_message_with_a_refusal() -> None:
    with Server() as server:
        (message,) = created(server.refuse("I can't."))["output"]
    assert message["content"] == [{"type": "refusal", "refusal": "I can't."}]


def test_reply_items_are_the_output_as_they_are() -> None:
    items: list[dict[str, Any]] = [{"type": "time_travel"}, {"type": "message", "content": None}]
    with Server() as server:
        assert created(server.reply_items(items))["output"] == items


def test_reply_response_is_merged_over_the_usual_one() -> None:
    error = {"code": "server_error", "message": "Out of order."}
    with Server() as server:
        server.reply_response({"status": "failed", "error": error, "id": "resp_x"})
        response = created(server, metadata={"k": "v"})
        assert server.responses["resp_x"] == response
    assert (response["status"], response["error"], response["metadata"]) == ("failed", error, {"k": "v"})
    assert (response["output"], response["usage"], response["completed_at"]) == ([], None, None)


def test_reply_response_that_is_incomplete_has_an_output() -> None:
    details = {"reason": "content_filter"}
    with Server() as server:
        response = created(server.reply_response({"status": "incomplete", "incomplete_details": details}))
    assert (response["incomplete_details"], response["completed_at"]) == (details, None)
    assert types_of(response) == ["message"]


def test_reply_response_with_an_output_counts_that() -> None:
    call = {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}"}
    with Server() as server:
        response = created(server.reply_response({"output": [call]}))
    assert response["output"] == [call]
    assert response["usage"]["output_tokens"] == 2


def test_reply_events_are_sent_as_they_are() -> None:
    with Server() as server:
        server.reply_events([{"type": "error", "message": "☃"}, {"code": 1}, b": ping\n\n"])
        response = create(server)
    assert response.headers["content-type"] == "text/event-stream; charset=utf-8"
    sent = 'event: error\ndata: {"type":"error","message":"☃"}\n\ndata: {"code":1}\n\n: ping\n\n'
    assert response.text == sent


def test_reply_events_takes_raw_bytes() -> None:
    with Server() as server:
        assert create(server.reply_events(b"data: [DONE]\n\n")).content == b"data: [DONE]\n\n"


# --- scripted failures


def test_reply_raw_is_sent_as_it_is_before_anything_is_checked() -> None:
    with Server() as server, http(server, headers={}) as client:
        server.reply_raw("<h1>Bad gateway</h1>", status=502, headers={"via": "proxy"})
        server.reply_raw(b"\x00", content_type="application/octet-stream")
        page, other = client.get("/nowhere"), client.get("/nowhere")
    assert (page.status_code, page.text) == (502, "<h1>Bad gateway</h1>")
    assert (page.headers["content-type"], page.headers["via"]) == ("text/html", "proxy")
    assert (other.status_code, other.content) == (200, b"\x00")


@pytest.mark.parametrize(
    ("status", "kind", "code"),
    [
        (400, "invalid_request_error", None),
        (401, "invalid_request_error", "invalid_api_key"),
        (429, "requests", "rate_limit_exceeded"),
        (500, "server_error", None),
        (503, "server_error", None),
    ],
)
def test_failure_has_the_usual_body_for_its_status(status: int, kind: str, code: str | None) -> None:
    with Server() as server:
        response = create(server.fail(status))
    assert response.status_code == status
    error = response.json()["error"]
    assert (error["type"], error["code"], error["param"]) == (kind, code, None)
    assert str(status) in error["message"]
    assert "retry-after" not in response.headers


def test_failure_can_say_everything_itself() -> None:
    with Server() as server:
        server.fail(
            400,
            message="No.",
            code="c",
            type="t",
            param="p",
            retry_after=0.5,
            headers={"x-should-retry": "false"},
        )
        response = create(server)
    assert response.json() == {"error": {"message": "No.", "type": "t", "param": "p", "code": "c"}}
    assert response.headers["retry-after"] == "0.5"
    assert response.headers["x-should-retry"] == "false"


def test_quota_failure_has_its_code_as_its_type() -> None:
    with Server() as server:
        error = create(server.fail(code="insufficient_quota")).json()["error"]
    assert (error["type"], error["code"]) == ("insufficient_quota", "insufficient_quota")


def test_failure_can_last_for_several_requests() -> None:
    with Server() as server:
        server.fail(500, times=2).reply("fine")
        assert [create(server).status_code for _ in range(3)] == [500, 500, 200]


def test_dropped_connection_gives_no_answer() -> None:
    with Server() as server:
        server.drop_connection(times=2).reply("fine")
        for _ in range(2):
            with pytest.raises(httpx.RemoteProtocolError, match="disconnected"):
                create(server)
        assert text_of(created(server)) == "fine"
        assert len(server.requests) == 3


def test_closed_server_refuses_connections() -> None:
    with Server() as server:
        pass
    with pytest.raises(httpx.ConnectError, match="closed"):
        create(server)


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
