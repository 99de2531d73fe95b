"""The 17 compliance cases of Open Responses, in our own words, against the embedded server.

The specification (openresponses.org, of 2026-04-24) is one for all servers of this kind. A case sends requests with
plain httpx, in process or to a port, or over a WebSocket, and checks what comes back with a table of fields and with
the models in their strict mode.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, NamedTuple

import httpx
import pytest
from raw_sockets import Socket
from server_calls import KEY
from waits import PATIENT

from responses_client._events.decoder import EventDecoder
from responses_client.models import CompactedResponse, Response
from responses_client.testing import Server

NoneType = type(None)
Number = (int, float)
JSON = dict[str, Any]

# Every response has these fields, each of one of these types.
FIELDS: dict[str, tuple[type, ...]] = {
    "id": (str,),
    "object": (str,),
    "created_at": (int,),
    "completed_at": (int, NoneType),
    "status": (str,),
    "incomplete_details": (dict, NoneType),
    "model": (str,),
    "previous_response_id": (str, NoneType),
    "instructions": (str, NoneType),
    "output": (list,),
    "error": (dict, NoneType),
    "tools": (list,),
    "tool_choice": (str, dict),
    "truncation": (str,),
    "parallel_tool_calls": (bool,),
    "text": (dict,),
    "top_p": Number,
    "presence_penalty": Number,
    "frequency_penalty": Number,
    "top_logprobs": (int,),
    "temperature": Number,
    "reasoning": (dict, NoneType),
    "usage": (dict, NoneType),
    "max_output_tokens": (int, NoneType),
    "max_tool_calls": (int, NoneType),
    "store": (bool,),
    "background": (bool,),
    "service_tier": (str,),
    "metadata": (dict,),
    "safety_identifier": (str, NoneType),
    "prompt_cache_key": (str, NoneType),
}
PNG = "data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather of a place.",
    "parameters": {
        "type": "object",
        "properties": {"place": {"type": "string"}},
        "required": ["place"],
        "additionalProperties": False,
    },
    "strict": True,
}


class Site(NamedTuple):
    """A server, a client of it, and its address if it is on a port."""

    server: Server
    http: httpx.Client
    url: str

    def create(self, given: Any, **fields: Any) -> JSON:
        answer = self.http.post("/responses", json={"model": "m", "input": given, **fields})
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def socket(self) -> Socket:
        return Socket(self.url, **KEY)


def user(text: str) -> JSON:
    return {"type": "message", "role": "user", "content": text}


def fits(response: JSON) -> None:
    """Check a response: all its fields, their types, and its items and parts as strict models."""
    assert FIELDS.keys() - response.keys() == set()
    assert {name for name, types in FIELDS.items() if type(response[name]) not in types} == set()
    assert response["object"] == "response"
    Response.from_dict(response, strict=True)


def completed(response: JSON) -> None:
    fits(response)
    assert response["status"] == "completed"
    assert response["output"]


def event_fits(event: JSON) -> None:
    """Check an event: its number, its fields as a strict model, and the response in it."""
    assert type(event["sequence_number"]) is int
    decoder = EventDecoder(max_event_bytes=1_000_000, strict=True)
    (parsed,) = decoder.feed(f"data: {json.dumps(event)}\n\n".encode())
    assert parsed.type == event["type"]
    if "response" in event:
        fits(event["response"])


def whole_stream(events: list[JSON]) -> JSON:
    """Check the events of a stream, which ends completed; return its response."""
    for event in events:
        event_fits(event)
    assert [event["sequence_number"] for event in events] == list(range(len(events)))
    assert events[0]["type"] == "response.created"
    assert events[-1]["type"] == "response.completed"
    response: JSON = events[-1]["response"]
    completed(response)
    return response


def ask(socket: Socket, given: Any, **fields: Any) -> list[JSON]:
    """Send a `response.create`; return the events up to the last one, or up to an error."""
    socket.send(type="response.create", model="m", input=given, **fields)
    found: list[JSON] = []
    for event in socket.events():
        found.append(event)
        if event["type"] in ("response.completed", "response.failed", "response.incomplete", "error"):
            return found
    raise AssertionError(f"The connection ended after {found}.")


def not_found(events: list[JSON]) -> None:
    (event,) = events
    assert (event["type"], event["error"]["code"]) == ("error", "previous_response_not_found")


# --- the cases


def basic(site: Site) -> None:
    completed(site.create([user("Say hello in three words.")]))


def assistant_phase(site: Site) -> None:
    said = {"type": "message", "role": "assistant", "phase": "commentary", "content": "I look it up."}
    completed(site.create([user("What is new?"), said, user("Go on.")]))


def output_phases(site: Site) -> None:
    def message(id: str, phase: str) -> JSON:
        part = {"type": "output_text", "text": "Well.", "annotations": [], "logprobs": []}
        shared = {"id": id, "type": "message", "role": "assistant", "status": "completed"}
        return {**shared, "phase": phase, "content": [part]}

    phases = ["commentary", "final_answer"]
    site.server.reply_items([message(f"msg_{phase}", phase) for phase in phases])
    response = site.create("Hi")
    completed(response)
    assert [item["phase"] for item in response["output"]] == phases


def streaming(site: Site) -> None:
    body = {"model": "m", "input": [user("Count to five.")], "stream": True}
    with site.http.stream("POST", "/responses", json=body) as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = [line.removeprefix("data: ") for line in answer.iter_lines() if line.startswith("data: ")]
    whole_stream([json.loads(line) for line in lines if line != "[DONE]"])


def web_socket(site: Site) -> None:
    with closing(site.socket()) as socket:
        whole_stream(ask(socket, [user("Say hello.")]))


def web_socket_in_a_row(site: Site) -> None:
    with closing(site.socket()) as socket:
        for number in (1, 2):
            site.server.reply(f"Answer {number}")
        texts = [
            whole_stream(ask(socket, [user(text)], store=False))["output"][0]["content"][0]["text"]
            for text in ("One", "Two")
        ]
    assert texts == ["Answer 1", "Answer 2"]


def web_socket_continuation(site: Site) -> None:
    with closing(site.socket()) as socket:
        first = whole_stream(ask(socket, [user("My name is Ada.")], store=False))
        second = whole_stream(ask(socket, [user("Who am I?")], store=False, previous_response_id=first["id"]))
    assert second["previous_response_id"] == first["id"]
    assert "Ada" in second["output"][0]["content"][0]["text"]


def web_socket_reconnect(site: Site) -> None:
    with closing(site.socket()) as socket:
        first = whole_stream(ask(socket, [user("My name is Ada.")], store=False))
    with closing(site.socket()) as socket:
        not_found(ask(socket, [user("Who am I?")], store=False, previous_response_id=first["id"]))
        whole_stream(ask(socket, [user("My name is Ada.")], store=False))


def web_socket_unknown_previous(site: Site) -> None:
    with closing(site.socket()) as socket:
        not_found(ask(socket, [user("Hi")], store=False, previous_response_id="resp_unknown"))


def web_socket_failed_continuation(site: Site) -> None:
    output = {"type": "function_call_output", "call_id": "call_unknown", "output": "1"}
    with closing(site.socket()) as socket:
        first = whole_stream(ask(socket, [user("Hi")], store=False))
        (refused,) = ask(socket, [output], store=False, previous_response_id=first["id"])
        assert (refused["type"], refused["error"]["type"]) == ("error", "invalid_request_error")
        not_found(ask(socket, [user("And?")], store=False, previous_response_id=first["id"]))


def web_socket_compact(site: Site) -> None:
    answer = site.http.post("/responses/compact", json={"model": "m", "input": [user("My name is Ada.")]})
    with closing(site.socket()) as socket:
        whole_stream(ask(socket, [*answer.json()["output"], user("Who am I?")], store=False))


def system_prompt(site: Site) -> None:
    system = {"type": "message", "role": "system", "content": "You are a pirate."}
    completed(site.create([system, user("Say hello.")]))


def tool_calling(site: Site) -> None:
    response = site.create([user("Is it sunny in Paris?")], tools=[WEATHER])
    completed(response)
    assert [item["type"] for item in response["output"]] == ["function_call"]
    assert response["output"][0]["name"] == "get_weather"


def image_input(site: Site) -> None:
    content = [{"type": "input_text", "text": "What is this?"}, {"type": "input_image", "image_url": PNG}]
    completed(site.create([{"type": "message", "role": "user", "content": content}]))


def multi_turn(site: Site) -> None:
    said = {"type": "message", "role": "assistant", "content": "Hello Ada."}
    completed(site.create([user("My name is Ada."), said, user("Who am I?")]))


def compaction(site: Site) -> None:
    said = {"type": "message", "role": "assistant", "content": "Hello Ada."}
    body = {"model": "m", "input": [user("My name is Ada."), said, user("Who am I?")]}
    answer = site.http.post("/responses/compact", json=body)
    assert answer.status_code == 200
    compacted = answer.json()
    assert compacted["object"] == "response.compaction"
    assert "compaction" in [item["type"] for item in compacted["output"]]
    CompactedResponse.from_dict(compacted, strict=True)


def compaction_without_a_model(site: Site) -> None:
    answer = site.http.post("/responses/compact", json={"input": [user("Hi")]})
    assert (answer.status_code, answer.json()["error"]["type"]) == (400, "invalid_request_error")


OVER_HTTP: tuple[Callable[[Site], None], ...] = (
    basic,
    assistant_phase,
    output_phases,
    streaming,
    system_prompt,
    tool_calling,
    image_input,
    multi_turn,
    compaction,
    compaction_without_a_model,
)
OVER_A_WEB_SOCKET: tuple[Callable[[Site], None], ...] = (
    web_socket,
    web_socket_in_a_row,
    web_socket_continuation,
    web_socket_reconnect,
    web_socket_unknown_previous,
    web_socket_failed_continuation,
    web_socket_compact,
)


@pytest.fixture(scope="module")
def port() -> Iterator[tuple[Server, str]]:
    with Server() as server, server.serve() as url:
        yield server, url


@pytest.fixture
def on_a_port(port: tuple[Server, str]) -> Iterator[Site]:
    server, url = port
    with httpx.Client(base_url=url, headers=KEY, timeout=PATIENT) as http:
        yield Site(server, http, url)


@pytest.fixture
def in_process() -> Iterator[Site]:
    with (
        Server() as server,
        httpx.Client(transport=server.transport(), base_url=server.base_url, headers=KEY) as http,
    ):
        yield Site(server, http, "")


@pytest.mark.parametrize("case", OVER_HTTP)
def test_case_in_process(in_process: Site, case: Callable[[Site], None]) -> None:
    case(in_process)


@pytest.mark.parametrize("case", [*OVER_HTTP, *OVER_A_WEB_SOCKET])
def test_case_on_a_port(on_a_port: Site, case: Callable[[Site], None]) -> None:
    case(on_a_port)


def test_seventeen_of_seventeen_cases_pass(on_a_port: Site) -> None:
    def passes(case: Callable[[Site], None]) -> bool:
        try:
            case(on_a_port)
        except AssertionError:
            return False
        return True

    cases = {*OVER_HTTP, *OVER_A_WEB_SOCKET}
    assert (sum(map(passes, cases)), len(cases)) == (17, 17)
