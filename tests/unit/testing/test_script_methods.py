"""Scripts of the embedded server: answers, failures, unscripted requests, and arguments that are refused."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from server_calls import create, created, http, text_of, types_of

from responses_client.testing import RateLimit, Server


@pytest.mark.parametrize(
    ("script", "message"),
    [
        (lambda server: server.delay(-1), "seconds must be at least 0, got -1."),
        (lambda server: server.delay(math.nan), "seconds must be at least 0, got nan."),
        (lambda server: server.delay(per_event=-0.5), "per_event must be at least 0, got -0.5."),
        (lambda server: server.disconnect_after(-1), "events must be at least 0, got -1."),
        (lambda server: server.hold_after(0), "events must be at least 1, got 0."),
        (lambda server: server.hold_after(1, messages=0), "messages must be at least 1, got 0."),
        (lambda server: server.fail(status=200), "status must be from 400 to 599, got 200."),
        (lambda server: server.fail(status=600), "status must be from 400 to 599, got 600."),
        (lambda server: server.fail(times=0), "times must be at least 1, got 0."),
        (lambda server: server.fail(retry_after=-1), "retry_after must be at least 0, got -1."),
        (lambda server: server.drop_connection(0), "times must be at least 1, got 0."),
        (lambda server: server.unscripted(0), "times must be at least 1, got 0."),
        (lambda server: server.background(polls=0), "polls must be at least 1, got 0."),
        (lambda server: server.reply_raw("", status=100), "status must be from 200 to 599, got 100."),
    ],
)
def test_nonsense_is_refused_and_changes_nothing(script: Callable[[Server], Server], message: str) -> None:
    with Server(sleep=lambda seconds: pytest.fail("it waited")) as server:
        with pytest.raises(ValueError, match="must be") as caught:
            script(server)
        assert str(caught.value) == message
        assert created(server)["status"] == "completed"


@pytest.mark.parametrize("retry_after", [0, 0.5, "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_time_to_retry_is_a_number_or_a_date(retry_after: float | str) -> None:
    with Server() as server, http(server) as client:
        response = client.get("/x", headers={}) if server.fail(retry_after=retry_after) else None
    assert response is not None
    assert response.headers["retry-after"] == str(retry_after)


def test_unscripted_request_comes_between_a_reply_and_a_failure() -> None:
    with Server() as server, http(server) as client:
        server.reply("one").unscripted(2).fail(503)
        id = created(server)["id"]
        found = [client.get(f"/responses/{id}").status_code for _ in range(4)]
    assert found == [200, 200, 503, 200]


def test_unscripted_creation_leaves_the_next_reply() -> None:
    with Server() as server:
        server.unscripted().reply("one")
        assert text_of(created(server, input="Hello")) == "Hello! How can I help you today?"
        assert text_of(created(server)) == "one"


def test_pace_before_an_unscripted_request_is_its_own() -> None:
    naps: list[float] = []
    with Server(sleep=naps.append) as server, http(server) as client:
        server.reply("one").delay(3).unscripted().delay(5)
        created(server)
        assert naps == [5]
        client.get("/webhook_event_types")
        client.get("/webhook_event_types")
    assert naps == [5, 3]


def test_pace_applies_to_the_next_request_of_any_kind() -> None:
    with Server() as server, http(server) as client:
        server.disconnect_after(events=0)
        with pytest.raises(httpx.ReadError):
            client.get("/webhook_event_types")
        assert client.get("/webhook_event_types").status_code == 200


def test_refused_request_leaves_the_pace_to_the_next() -> None:
    naps: list[float] = []
    with Server(sleep=naps.append) as server, http(server) as client:
        server.delay(3)
        assert client.get("/responses/resp_x").status_code == 404
        assert naps == []
        created(server)
    assert naps == [3]


def test_hold_is_without_effect_on_http() -> None:
    with Server() as server:
        assert text_of(created(server.hold_after(1).reply("one"))) == "one"


@pytest.mark.parametrize(
    "script",
    [
        lambda server: server.drip(1.5),
        lambda server: server.fail(404.5),
        lambda server: server.fail(times=1.5),
        lambda server: server.fail(times=True),
        lambda server: server.corrupt_after(1.5),
        lambda server: server.background(polls="2"),
        lambda server: server.delay(float("inf")),
        lambda server: server.delay(True),
        lambda server: server.delay("soon"),
        lambda _: RateLimit(requests=1.5),
        lambda _: RateLimit(requests="5"),
        lambda _: Server(rate_limit=5),
    ],
)
def test_numbers_that_make_no_sense_are_refused_where_they_stand(script: Any) -> None:
    with pytest.raises(ValueError, match="must be"):
        script(Server())


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


def test_reply_has_the_annotations_that_are_given() -> None:
    note = {"type": "url_citation", "url": "https://example.com", "start_index": 0, "end_index": 3}
    with Server() as server:
        (message,) = created(server.reply("Tea", annotations=[note]))["output"]
    assert message["content"][0]["annotations"] == [note]


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
