"""Runs of tools over recorded traffic: each call that a program answers is found, answered, and the answer is in order.

The recordings are not part of this repository; without them these tests are skipped. `tests/unit/runs/test_loop.py` and
`tests/faults/test_fault_runs.py` prove the same on scripted answers.
"""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from samples import KEY, response
from test_corpus import EXCHANGES, MISSING, as_body, exchanges, streams_of

from responses_client import Client, RunResult, Turn, custom_tool
from responses_client._runs.result import waiting_calls
from responses_client.models import InputImage, Response
from responses_client.testing._create_schema import check_create

CALLS = (
    "apply_patch_call",
    "computer_call",
    "custom_tool_call",
    "function_call",
    "local_shell_call",
    "mcp_approval_request",
    "shell_call",
    "tool_search_call",
)
# In these recordings, a server answers the calls itself.
HOSTED = ("openai-shell-container", "openai-shell-skills")
PICTURE = InputImage.from_bytes(b"\x89PNG\r\n\x1a\n\x00")
HOOKS: dict[str, Any] = {
    "on_apply_patch": lambda call: "Done.",
    "on_computer": lambda call: PICTURE,
    "on_local_shell": lambda call: "a.txt",
    "on_mcp_approval": lambda call: True,
    "on_shell": lambda call: [
        {"stdout": "a.txt", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}
        for _ in call.action.commands
    ],
    "on_tool_search": lambda call: [found_later],
}


def found_later(city: str) -> str:
    """Was found by a search."""
    return city


@custom_tool
def write_sql(text: str) -> str:
    """Is not called."""
    return text


def final_of(name: str) -> list[dict[str, Any]]:
    """Return the final responses of a recording."""
    exchange = EXCHANGES[name]
    if exchange["kind"] == "json":
        return [exchange["body"]]
    found: list[dict[str, Any]] = []
    for frames in streams_of(name):
        data = next(line for line in frames[-1].split("\n") if line.startswith("data: "))
        found.append(json.loads(data.removeprefix("data: "))["response"])
    return found


def calls_in(body: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the calls of a response that no output in it answers."""
    output = body.get("output") or []
    answered = {item.get("call_id") for item in output if item["type"].endswith("_output")}
    calls = [item for item in output if item["type"] in CALLS and item.get("execution") != "server"]
    return [item for item in calls if item.get("call_id") not in answered or "call_id" not in item]


def with_calls(kind: str) -> list[Any]:
    names = [
        param.values[0]
        for param in exchanges(kind)
        if isinstance(param.values[0], str) and any(map(calls_in, final_of(param.values[0])))
    ]
    return [pytest.param(name, id=name) for name in names] or [MISSING]


class Recorded:
    """Plays one answer of a recording, and then says that all is done."""

    def __init__(self, answer: httpx.Response) -> None:
        self._answer = answer
        self.requests: list[dict[str, Any]] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(json.loads(request.content))
        if len(self.requests) == 1:
            return self._answer
        check_create(self.requests[-1])
        previous = self.requests[-1].get("previous_response_id")
        done = response(text="Done.", previous_response_id=previous)
        if not self.requests[-1].get("stream"):
            return httpx.Response(200, json=done)
        body = f"data: {json.dumps({'type': 'response.completed', 'response': done})}\n\n"
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, text=body)


def run(recorded: Recorded, body: dict[str, Any], *, streams: bool) -> RunResult:
    with httpx.Client(transport=httpx.MockTransport(recorded)) as http_client:
        client = Client(api_key=KEY, http_client=http_client, max_retries=0)
        params: dict[str, Any] = {"model": "m", "input": "Go.", "tools": [write_sql], **HOOKS}
        if not streams:
            return client.responses.run(**params)
        with client.responses.run_stream(**params) as stream:
            return stream.get_final_result()


def check(result: RunResult, recorded: Recorded, body: dict[str, Any]) -> None:
    calls = calls_in(body)
    assert (result.status, result.output_text) == ("completed", "Done.")
    sent = [item.to_dict() for item in result.turns[0].outputs]
    keys = [item.get("call_id") or item.get("approval_request_id") for item in sent]
    assert keys == [call.get("call_id") or call["id"] for call in calls]
    assert recorded.requests[1]["input"][-len(sent) :] == sent
    assert [item.get("caller") for item in sent] == [call.get("caller") for call in calls]


@pytest.mark.parametrize("name", with_calls("json"))
def test_calls_of_an_answer_are_answered(name: str) -> None:
    (body,) = final_of(name)
    recorded = Recorded(httpx.Response(200, json=body))
    check(run(recorded, body, streams=False), recorded, body)


@pytest.mark.parametrize("name", with_calls("sse"))
def test_calls_of_a_stream_are_answered(name: str) -> None:
    for frames, body in zip(streams_of(name), final_of(name), strict=True):
        if calls_in(body):
            answer = httpx.Response(
                200, headers={"content-type": "text/event-stream"}, content=as_body(frames)
            )
            recorded = Recorded(answer)
            check(run(recorded, body, streams=True), recorded, body)


@pytest.mark.parametrize("name", [*exchanges("json"), *exchanges("sse")])
def test_calls_that_wait_are_those_that_no_output_answers(name: str) -> None:
    for body in final_of(name):
        if body.get("status") == "completed":
            found = [item.to_dict() for item in waiting_calls(Turn((), Response.from_dict(body)))]
            assert found == calls_in(body)
            assert not (found and name.startswith(HOSTED))
