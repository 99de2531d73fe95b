"""Batches of the embedded server, which it executes against itself."""

from __future__ import annotations

import json
import re
from typing import Any

import httpx
import pytest
from server_calls import async_http, http, refused, uploaded

from responses_client.testing import RateLimit, Server, UnexpectedRequest
from responses_client.testing._batches import MAX_REQUESTS_A_POLL
from responses_client.testing._json_types import encode

WINDOW = {"endpoint": "/v1/responses", "completion_window": "24h"}


def line(custom_id: Any, **body: Any) -> dict[str, Any]:
    """Return a request of a batch, with a default model and input."""
    body = {"model": "m", "input": f"Question {custom_id}", **body}
    return {"custom_id": custom_id, "method": "POST", "url": "/v1/responses", "body": body}


def given(client: httpx.Client, *lines: dict[str, Any] | bytes) -> str:
    """Return the id of an uploaded input file."""
    content = b"\n".join(each if isinstance(each, bytes) else encode(each) for each in lines)
    return uploaded(client, content, "requests.jsonl", purpose="batch")


def started(client: httpx.Client, *lines: dict[str, Any] | bytes, **body: Any) -> str:
    answer = client.post("/batches", json={"input_file_id": given(client, *lines), **WINDOW, **body})
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def polled(client: httpx.Client, id: str, times: int = 1) -> dict[str, Any]:
    """Return a batch as the last of some polls finds it."""
    for _ in range(times - 1):
        client.get(f"/batches/{id}")
    return dict(client.get(f"/batches/{id}").json())


def results(client: httpx.Client, file_id: str | None) -> dict[str, dict[str, Any]]:
    """Return the lines of an output or error file by their `custom_id`."""
    if file_id is None:
        return {}
    text = client.get(f"/files/{file_id}/content").text
    return {found["custom_id"]: found for found in map(json.loads, text.splitlines())}


def texts(found: dict[str, dict[str, Any]]) -> dict[str, str]:
    return {key: each["response"]["body"]["output"][0]["content"][0]["text"] for key, each in found.items()}


# --- the life of a batch


def test_new_batch_is_shown_as_the_api_shows_it() -> None:
    with Server(now=100) as server, http(server) as client:
        id = started(client, line("a"), metadata={"job": "7"})
        batch = client.get("/batches").json()["data"][0]
    assert server.batches == {id: batch}
    assert batch == {
        "id": id,
        "object": "batch",
        **WINDOW,
        "model": None,
        "errors": None,
        "input_file_id": batch["input_file_id"],
        "status": "validating",
        "output_file_id": None,
        "error_file_id": None,
        "created_at": 100,
        "expires_at": 100 + 24 * 3600,
        "in_progress_at": None,
        "finalizing_at": None,
        "completed_at": None,
        "failed_at": None,
        "expired_at": None,
        "cancelling_at": None,
        "cancelled_at": None,
        "request_counts": {"total": 0, "completed": 0, "failed": 0},
        "usage": None,
        "metadata": {"job": "7"},
    }


def test_batch_makes_progress_with_each_poll() -> None:
    with Server(now=100) as server, http(server) as client:
        server.batching(polls=5)
        id = started(client, *map(line, "abcdef"))
        polls = []
        for server.now in range(101, 107):
            polls.append(polled(client, id))
    assert [poll["status"] for poll in polls] == [
        "in_progress",
        "in_progress",
        "finalizing",
        "finalizing",
        "completed",
        "completed",
    ]
    assert [poll["request_counts"]["completed"] for poll in polls] == [2, 4, 6, 6, 6, 6]
    assert polls[-1] == polls[-2]
    times = {key: value for key, value in polls[-1].items() if key.endswith("_at") and value}
    assert times == {
        "created_at": 100,
        "expires_at": 100 + 24 * 3600,
        "in_progress_at": 101,
        "finalizing_at": 103,
        "completed_at": 105,
    }


@pytest.mark.parametrize(
    ("polls", "statuses"),
    [
        (1, ["completed"]),
        (2, ["in_progress", "completed"]),
        (3, ["in_progress", "finalizing", "completed"]),
    ],
)
def test_batch_ends_with_its_last_poll(polls: int, statuses: list[str]) -> None:
    with Server() as server, http(server) as client:
        server.batching(polls=polls)
        id = started(client, line("a"))
        found = [polled(client, id) for _ in range(polls)]
    assert [poll["status"] for poll in found] == statuses
    assert found[-1]["finalizing_at"] == server.now


def test_one_poll_executes_no_more_than_its_share() -> None:
    with Server() as server, http(server) as client:
        server.batching(polls=1)
        lines = [line(str(n), stream=True) for n in range(MAX_REQUESTS_A_POLL + 1)]
        first, second = (polled(client, id) for id in [started(client, *lines)] * 2)
    assert (first["status"], first["request_counts"]["failed"]) == ("in_progress", MAX_REQUESTS_A_POLL)
    assert (second["status"], second["request_counts"]["failed"]) == ("completed", MAX_REQUESTS_A_POLL + 1)


def test_requests_are_answered_by_the_server_and_its_script() -> None:
    with Server() as server, http(server) as client:
        server.reply("One").fail(429, code="slow_down").reply("Three")
        id = started(client, *map(line, "abcd"))
        batch = polled(client, id, 3)
        outputs, errors = (results(client, batch[f"{kind}_file_id"]) for kind in ("output", "error"))
    assert batch["request_counts"] == {"total": 4, "completed": 3, "failed": 1}
    assert batch["model"] == "m"
    assert texts(outputs).items() >= {"a": "One", "c": "Three"}.items()
    assert "Question d" in texts(outputs)["d"]
    assert outputs["a"]["error"] is None
    assert re.fullmatch("batch_req_[0-9a-f]{32}", outputs["a"]["id"])
    assert outputs["a"]["response"]["status_code"] == 200
    assert outputs["a"]["response"]["request_id"].startswith("req_")
    assert errors["b"]["response"]["status_code"] == 429
    assert errors["b"]["response"]["body"]["error"]["code"] == "slow_down"
    assert errors["b"]["error"] is None


async def test_batch_is_executed_async() -> None:
    with Server() as server:
        async with async_http(server) as client:
            server.batching(polls=1).reply("Hello")
            file = {"file": ("a.jsonl", encode(line("a")))}
            made = (await client.post("/files", data={"purpose": "batch"}, files=file)).json()
            task = {"input_file_id": made["id"], **WINDOW}
            id = (await client.post("/batches", json=task)).json()["id"]
            batch = (await client.get(f"/batches/{id}")).json()
            output = (await client.get(f"/files/{batch['output_file_id']}/content")).text
    assert "Hello" in output


def test_requests_are_recorded_and_their_responses_stored() -> None:
    with Server(base_url="http://testserver/openai/v1") as server, http(server) as client:
        batch = polled(client, started(client, line("a")), 3)
        stored = results(client, batch["output_file_id"])["a"]["response"]["body"]
    (request,) = [each for each in server.requests if each.method == "BATCH"]
    assert (request.path, request.json["input"]) == ("/openai/v1/responses", "Question a")
    assert server.responses[stored["id"]] == stored


def test_usage_of_all_answers_is_added() -> None:
    with Server() as server, http(server) as client:
        batch = polled(client, started(client, *map(line, "ab")), 3)
        found = results(client, batch["output_file_id"])
    usages = [each["response"]["body"]["usage"] for each in found.values()]
    assert batch["usage"]["total_tokens"] == sum(usage["total_tokens"] for usage in usages) > 0
    assert batch["usage"]["input_tokens_details"]["cached_tokens"] == 0


def test_order_of_the_results_is_not_that_of_the_requests() -> None:
    keys = [str(number) for number in range(20)]
    with Server() as server, http(server) as client:
        batch = polled(client, started(client, *map(line, keys)), 3)
        found = [*results(client, batch["output_file_id"])]
    assert sorted(found) == sorted(keys)
    assert found != keys


def test_rate_limit_of_the_server_does_not_count() -> None:
    with Server(rate_limit=RateLimit(requests=1)) as server, http(server) as client:
        batch = polled(client, started(client, *map(line, "abc")), 3)
        assert client.post("/responses", json={"model": "m", "input": "Hi"}).status_code == 200
    assert batch["request_counts"]["completed"] == 3
    assert server.refused == 0


def test_results_expire_when_the_batch_says_so() -> None:
    with Server(now=0) as server, http(server) as client:
        expiry = {"anchor": "created_at", "seconds": 3600}
        batch = polled(client, started(client, line("a"), output_expires_after=expiry), 3)
        path = f"/files/{batch['output_file_id']}"
        file = client.get(path).json()
        assert (file["expires_at"], file["purpose"]) == (3600, "batch_output")
        assert file["filename"] == f"{batch['id']}_output.jsonl"
        server.now = 3600
        assert client.get(path).status_code == 404


def test_delay_is_for_the_answer_to_the_poll() -> None:
    waits: list[float] = []
    with Server(sleep=waits.append) as server, http(server) as client:
        id = started(client, line("a"))
        server.delay(3)
        polled(client, id)
    assert waits == [3]


# --- failures of single requests


def test_planned_failure_is_for_the_request_of_its_id() -> None:
    with Server() as server, http(server) as client:
        server.fail_batch_request("b", 503, message="Busy.").reply("One").reply("Two")
        batch = polled(client, started(client, *map(line, "abc")), 3)
        outputs, errors = (results(client, batch[f"{kind}_file_id"]) for kind in ("output", "error"))
    assert texts(outputs) == {"a": "One", "c": "Two"}
    answer = errors["b"]["response"]
    assert (answer["status_code"], answer["body"]["error"]["message"]) == (503, "Busy.")
    assert answer["request_id"].startswith("req_")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"input": None}, "Invalid type for 'input': expected one of"),
        ({"stream": True}, "Invalid 'stream': a request of a batch is answered as a whole."),
        ({"background": True}, "Invalid 'background': a request of a batch is answered as a whole."),
        ({"temperature": 3}, "Invalid 'temperature': decimal above maximum value."),
    ],
)
def test_request_that_the_api_refuses_is_an_error_of_its_own(body: dict[str, Any], message: str) -> None:
    with Server() as server, http(server) as client:
        batch = polled(client, started(client, line("a", **body)), 3)
        (error,) = results(client, batch["error_file_id"]).values()
    assert (batch["status"], batch["output_file_id"]) == ("completed", None)
    assert error["response"]["status_code"] == 400
    assert error["response"]["body"]["error"]["message"].startswith(message)


def test_endpoint_that_the_server_does_not_have_is_an_error_of_each_request() -> None:
    with Server() as server, http(server) as client:
        url = "/v1/embeddings"
        batch = polled(client, started(client, {**line("a"), "url": url}, endpoint=url), 3)
        (error,) = results(client, batch["error_file_id"]).values()
    assert error["response"]["status_code"] == 404


def test_dropped_connection_is_a_server_error() -> None:
    with Server() as server, http(server) as client:
        id = started(client, line("a"), line("b"))
        server.reply("One").drop_connection()
        batch = polled(client, id, 3)
        (error,) = results(client, batch["error_file_id"]).values()
    assert (error["custom_id"], error["response"]["status_code"]) == ("b", 500)


def test_answer_that_is_not_json_has_no_body() -> None:
    with Server() as server, http(server) as client:
        id = started(client, line("a"), line("b"))
        server.reply("One").reply_raw("<html>", status=502, content_type="text/html")
        batch = polled(client, id, 3)
        (error,) = results(client, batch["error_file_id"]).values()
    assert (error["response"]["status_code"], error["response"]["body"]) == (502, None)


def test_unexpected_request_is_raised_by_the_poll_and_counted_as_failed() -> None:
    server = Server()
    with http(server) as client:
        server.expect(model="other").reply("One").reply("Two")
        id = started(client, line("a"), line("b"))
        with pytest.raises(UnexpectedRequest, match="The request POST /v1/responses"):
            polled(client, id)
        batch = polled(client, id, 2)
        found = results(client, batch["error_file_id"])
    assert batch["request_counts"] == {"total": 2, "completed": 1, "failed": 1}
    assert found["a"]["error"] == {"code": "server_error", "message": "The request was not executed."}
    with pytest.raises(AssertionError, match="model"):
        server.verify()


# --- files that are refused as a whole


@pytest.mark.parametrize(
    ("lines", "errors"),
    [
        ([b"{oops"], [("invalid_json_line", None, 1)]),
        ([line("a"), b"[]"], [("invalid_json_line", None, 2)]),
        ([b'{"a":' * 100_000], [("invalid_json_line", None, 1)]),
        ([line("a"), b"", line("a")], [("duplicate_custom_id", "custom_id", 3)]),
        ([line("")], [("missing_required_parameter", "custom_id", 1)]),
        ([line(7)], [("invalid_type", "custom_id", 1)]),
        ([{**line("a"), "method": "GET"}], [("invalid_method", "method", 1)]),
        ([{**line("a"), "url": "/v1/embeddings"}], [("invalid_url", "url", 1)]),
        ([{**line("a"), "body": []}], [("invalid_type", "body", 1)]),
        ([{**line("a"), "body": None}], [("missing_required_parameter", "body", 1)]),
        ([line("a"), line("b", model="n"), line("c")], [("mismatched_model", "body.model", 2)]),
        ([b"\n \n"], [("empty_file", None, None)]),
        ([b"oops"] * 30, [("invalid_json_line", None, number) for number in range(1, 21)]),
    ],
)
def test_file_with_mistakes_fails(lines: list[Any], errors: list[Any]) -> None:
    with Server(now=9) as server, http(server) as client:
        batch = polled(client, started(client, *lines))
        assert refused(client.post(f"/batches/{batch['id']}/cancel"), 409) == (
            "Cannot cancel a batch with status 'failed'."
        )
    assert (batch["status"], batch["failed_at"], batch["request_counts"]["total"]) == ("failed", 9, 0)
    found = batch["errors"]["data"]
    assert [(error["code"], error["param"], error["line"]) for error in found] == errors
    assert batch["errors"]["object"] == "list"
    assert [each for each in server.requests if each.method == "BATCH"] == []


def test_line_that_nests_too_deeply_fails() -> None:
    body = b'{"model":' + b"[" * 2000 + b"]" * 2000 + b"}"
    text = b'{"custom_id":"a","method":"POST","url":"/v1/responses","body":' + body + b"}"
    with Server() as server, http(server) as client:
        batch = polled(client, started(client, text), 3)
    assert batch["status"] in ("failed", "completed")
    assert batch["output_file_id"] is None


@pytest.mark.parametrize(
    ("limits", "code"), [({"max_requests": 2}, "too_many_tasks"), ({"max_bytes": 100}, "file_too_large")]
)
def test_file_beyond_the_bounds_fails(limits: dict[str, int], code: str) -> None:
    with Server() as server, http(server) as client:
        server.limit_batches(**limits)
        batch = polled(client, started(client, *map(line, "abc")))
    assert [error["code"] for error in batch["errors"]["data"]] == [code]


def test_file_that_has_gone_fails() -> None:
    with Server() as server, http(server) as client:
        id = started(client, line("a"))
        client.delete(f"/files/{server.batches[id]['input_file_id']}")
        (error,) = polled(client, id)["errors"]["data"]
    assert error["message"].startswith("No such File object")


def test_planned_failure_of_a_batch_is_for_the_next_one() -> None:
    with Server() as server, http(server) as client:
        server.fail_batch(line=3)
        first, second = started(client, line("a")), started(client, line("a"))
        batch = polled(client, first)
        assert polled(client, second)["status"] == "in_progress"
    (error,) = batch["errors"]["data"]
    assert (batch["status"], error["code"], error["line"]) == ("failed", "token_limit_exceeded", 3)


def test_results_that_have_no_room_fail() -> None:
    with Server() as server, http(server) as client:
        id = started(client, line("a"))
        server.limit_files(max_total_bytes=300)
        batch = polled(client, id, 3)
    assert batch["status"] == "failed"
    assert batch["errors"]["data"][0]["code"] == "storage_limit_exceeded"


# --- the end before the end


def test_batch_expires_with_the_answers_that_it_has() -> None:
    with Server(now=9) as server, http(server) as client:
        server.expire_batch(after=1)
        batch = polled(client, started(client, *map(line, "abc")))
        outputs, errors = (results(client, batch[f"{kind}_file_id"]) for kind in ("output", "error"))
    assert (batch["status"], batch["expired_at"]) == ("expired", 9)
    assert [*outputs] == ["a"]
    assert sorted(errors) == ["b", "c"]
    assert errors["b"]["response"] is None
    assert errors["b"]["error"]["code"] == "batch_expired"


def test_batch_expires_when_its_time_has_come() -> None:
    with Server(now=0) as server, http(server) as client:
        server.batching(polls=9)
        id = started(client, *map(line, "abcdefg"))
        server.now = 24 * 3600 - 1
        assert polled(client, id)["status"] == "in_progress"
        server.now += 1
        batch = polled(client, id)
    assert (batch["status"], batch["request_counts"]["completed"]) == ("expired", 2)


def test_cancelled_batch_keeps_the_answers_that_it_has() -> None:
    with Server(now=9) as server, http(server) as client:
        server.batching(polls=4)
        id = started(client, *map(line, "ab"))
        polled(client, id)
        cancelling = [client.post(f"/batches/{id}/cancel").json() for _ in range(2)]
        batch = polled(client, id, 2)
        outputs, errors = (results(client, batch[f"{kind}_file_id"]) for kind in ("output", "error"))
        assert refused(client.post(f"/batches/{id}/cancel"), 409) == (
            "Cannot cancel a batch with status 'cancelled'."
        )
    assert [each["status"] for each in cancelling] == ["cancelling", "cancelling"]
    assert (batch["status"], batch["cancelling_at"], batch["cancelled_at"]) == ("cancelled", 9, 9)
    assert ([*outputs], [*errors]) == (["a"], ["b"])
    assert errors["b"]["error"]["code"] == "batch_cancelled"


def test_batch_that_is_cancelled_at_once_has_no_files() -> None:
    with Server() as server, http(server) as client:
        id = started(client, line("a"))
        client.post(f"/batches/{id}/cancel")
        batch = polled(client, id)
    assert (batch["status"], batch["output_file_id"], batch["error_file_id"]) == ("cancelled", None, None)


# --- refusals


def test_batches_are_listed_newest_first_in_pages() -> None:
    with Server() as server, http(server) as client:
        ids = [started(client, line("a")) for _ in range(3)]
        first = client.get("/batches?limit=2").json()
        rest = client.get(f"/batches?after={first['last_id']}").json()
    assert ([batch["id"] for batch in first["data"]], first["has_more"]) == (ids[:0:-1], True)
    assert [batch["id"] for batch in rest["data"]] == ids[:1]


@pytest.mark.parametrize(
    ("change", "status", "param"),
    [
        ({"endpoint": "/v1/poems"}, 400, "endpoint"),
        ({"completion_window": "1h"}, 400, "completion_window"),
        ({"input_file_id": "file-1"}, 404, "input_file_id"),
        ({"metadata": {"a": 1}}, 400, "metadata.a"),
        ({"color": "red"}, 400, "color"),
    ],
)
def test_wrong_batch_is_refused(change: dict[str, Any], status: int, param: str) -> None:
    with Server() as server, http(server) as client:
        answer = client.post("/batches", json={"input_file_id": given(client, line("a")), **WINDOW, **change})
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)
    assert server.batches == {}


def test_file_of_another_purpose_is_refused() -> None:
    with Server() as server, http(server) as client:
        answer = client.post("/batches", json={"input_file_id": uploaded(client, b"x"), **WINDOW})
    assert refused(answer, 400) == "Invalid purpose for input file: expected 'batch', but got 'user_data'."


def test_unknown_batch_is_not_found() -> None:
    with Server() as server, http(server) as client:
        for answer in (client.get("/batches/batch_1"), client.post("/batches/batch_1/cancel")):
            assert refused(answer, 404) == "No batch found with id 'batch_1'."


@pytest.mark.parametrize(
    ("method", "arguments"),
    [
        ("batching", {"polls": 0}),
        ("indexing", {"polls": -1}),
        ("expire_batch", {"after": -1}),
        ("fail_indexing", {"times": 0}),
        ("fail_batch_request", {"custom_id": "a", "status": 200}),
        ("limit_batches", {"max_requests": 0}),
        ("limit_batches", {"max_bytes": 0}),
    ],
)
def test_wrong_numbers_of_a_script_are_refused(method: str, arguments: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"must be (at least|from)"):
        getattr(Server(), method)(**arguments)
