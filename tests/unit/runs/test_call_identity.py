"""Calls with missing, shared or repeated ids: each is answered once, or the run is pending, with a warning."""

from __future__ import annotations

import json
import logging
import pickle
from collections import Counter
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from callers import Caller
from run_streams import read

from responses_client import (
    Client,
    RequestValidationError,
    RunResult,
    ToolCalled,
    ToolReturned,
    custom_tool,
    tool,
)
from responses_client.models import ShellOutputContent
from responses_client.testing import Server

SCREEN = "data:image/png;base64,AA=="
ANSWER_TYPES = {"mcp_approval_request": "mcp_approval_response", "tool_search_call": "tool_search_output"}


class Desk:
    """The functions and hooks of a run, and the calls that they were given."""

    def __init__(self) -> None:
        self.made: list[object] = []

    def arguments(self) -> dict[str, Any]:
        def add(number: int = 0) -> int:
            """Add one."""
            self.made.append(number)
            return number + 1

        @custom_tool
        def shout(text: str) -> str:
            """Shout."""
            self.made.append(text)
            return text.upper()

        def hook(value: Any) -> Callable[[Any], Any]:
            def answer(call: Any) -> Any:
                self.made.append(call.call_id if call.type != "mcp_approval_request" else call.id)
                return value

            return answer

        outcome: Any = {"type": "exit", "exit_code": 0}
        return {
            "tools": [add, shout, {"type": "shell"}, {"type": "apply_patch"}],
            "on_shell": hook([ShellOutputContent(stdout="a", stderr="", outcome=outcome)]),
            "on_apply_patch": hook(None),
            "on_computer": hook(SCREEN),
            "on_local_shell": hook("a"),
            "on_mcp_approval": hook(True),
            "on_tool_search": hook([]),
        }


BODIES: dict[str, list[dict[str, Any]]] = {
    "function_call": [{"name": "add", "arguments": f'{{"number": {number}}}'} for number in (1, 2)],
    "custom_tool_call": [{"name": "shout", "input": text} for text in ("a", "b")],
    "shell_call": [{"action": {"commands": [name]}} for name in ("ls", "pwd")],
    "local_shell_call": [
        {"action": {"type": "exec", "command": [name], "env": {}}} for name in ("ls", "pwd")
    ],
    "apply_patch_call": [{"operation": {"type": "delete_file", "path": name}} for name in ("a", "b")],
    "computer_call": [
        {"action": {"type": "type", "text": text}, "pending_safety_checks": []} for text in ("a", "b")
    ],
    "mcp_approval_request": [
        {"name": name, "arguments": "{}", "server_label": "docs"} for name in ("a", "b")
    ],
    "tool_search_call": [{"arguments": {"goal": goal}, "execution": "client"} for goal in ("a", "b")],
}
"""Two calls of each kind, without ids."""


def pair(kind: str, *ids: dict[str, Any]) -> list[dict[str, Any]]:
    fields = {} if kind == "mcp_approval_request" else {"status": "completed"}
    return [{"type": kind, **fields, **body, **own} for body, own in zip(BODIES[kind], ids, strict=True)]


def own_ids(kind: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """The ids of the items, which say nothing of their calls; an approval request has no other."""
    if kind == "mcp_approval_request":
        return {}, {}
    return {"id": "it_1"}, {"id": "it_2"}


def key(kind: str) -> str:
    return "id" if kind == "mcp_approval_request" else "call_id"


def absent(kind: str) -> list[dict[str, Any]]:
    return pair(kind, *own_ids(kind))


def null(kind: str) -> list[dict[str, Any]]:
    return pair(kind, *({**own, key(kind): None} for own in own_ids(kind)))


def empty(kind: str) -> list[dict[str, Any]]:
    return pair(kind, *({**own, key(kind): ""} for own in own_ids(kind)))


def one_absent(kind: str) -> list[dict[str, Any]]:
    one, two = own_ids(kind)
    return pair(kind, {**one, key(kind): "c1"}, two)


def no_string(kind: str) -> list[dict[str, Any]]:
    return pair(kind, *({**own, key(kind): number} for number, own in enumerate(own_ids(kind), 7)))


def shared(kind: str) -> list[dict[str, Any]]:
    return pair(kind, *({**own, key(kind): "c1"} for own in own_ids(kind)))


def shared_with_item(kind: str) -> list[dict[str, Any]]:
    return pair(kind, *[{"id": "it_1", key(kind): "c1"}] * 2)


def without_any(kind: str) -> list[dict[str, Any]]:
    return pair(kind, {}, {})


def twice(kind: str) -> list[dict[str, Any]]:
    one = pair(kind, {"id": "it_1", key(kind): "c1"}, {})[0]
    return [one, dict(one)]


DEVIATIONS = [absent, null, empty, one_absent, no_string, shared, shared_with_item, without_any]
SETTINGS: dict[str, dict[str, Any]] = {
    "stored": {},
    "not stored": {"store": False},
    "replayed": {"replay": True},
    "stored for sure": {"replay": False},
}


def go(caller: Caller, **params: Any) -> Any:
    return caller(lambda client: client.responses.run(**{"model": "m", "input": "Hi", **params}))


def sent(server: Server, number: int = -1) -> list[dict[str, Any]]:
    posts = [request for request in server.requests if request.method == "POST"]
    found: Any = posts[number].json["input"]
    return list(found)


def assert_matched(items: list[dict[str, Any]], *, calls: int) -> None:
    """Each call of a request has one answer of its kind, and each answer one call; no id comes twice."""
    named, answers = Counter[tuple[str, str]](), Counter[tuple[str, str]]()
    for item in items:
        kind = item.get("type", "message")
        if kind in BODIES:
            assert item[key(kind)]
            named[ANSWER_TYPES.get(kind, f"{kind}_output"), item[key(kind)]] += 1
        elif kind == "mcp_approval_response":
            answers[kind, item["approval_request_id"]] += 1
        elif kind.endswith("_output"):
            answers[kind, item["call_id"]] += 1
    assert named == answers
    assert len(named) == calls
    assert set(named.values()) == {1}
    ids = [item["id"] for item in items if item.get("id") and item["type"] != "local_shell_call_output"]
    assert len(ids) == len({*ids})


@pytest.fixture(autouse=True)
def watch(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING, "responses_client")


def warned(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [text for text in caplog.messages if text.startswith("responses.run: ")]


# Each deviation of each kind with one setting, so that each two of the three meet.
@pytest.mark.parametrize(
    ("kind", "deviation", "setting"),
    [
        pytest.param(kind, deviation, [*SETTINGS][(row + column) % len(SETTINGS)])
        for row, kind in enumerate(BODIES)
        for column, deviation in enumerate(DEVIATIONS)
    ],
)
def test_calls_that_no_answer_could_name_have_ids_made_here(
    server: Server, caplog: pytest.LogCaptureFixture, kind: str, deviation: Any, setting: str
) -> None:
    desk = Desk()
    server.reply_items(deviation(kind)).reply("Done.")
    with server.client() as client:
        result = client.responses.run(model="m", input="Hi", **desk.arguments(), **SETTINGS[setting])

    assert (result.status, result.output_text, result.pending) == ("completed", "Done.", [])
    assert len(desk.made) == len({*map(str, desk.made)}) == 2
    assert_matched(sent(server), calls=2)
    assert [item.get("role") for item in sent(server)][:1] == ["user"]
    assert "previous_response_id" not in server.requests[-1].json
    (text,) = warned(caplog)
    assert text.startswith("responses.run: the server gave no id, or one to several, to calls of ")
    assert text.endswith("; they have ids made here, and are sent back with these")


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("kind", BODIES)
def test_call_that_comes_twice_is_made_once(
    server: Server, caplog: pytest.LogCaptureFixture, kind: str, setting: str
) -> None:
    desk = Desk()
    server.reply_items(twice(kind)).reply("Done.")
    with server.client() as client:
        result = client.responses.run(model="m", input="Hi", **desk.arguments(), **SETTINGS[setting])

    assert (result.status, len(desk.made), warned(caplog)) == ("completed", 1, [])
    assert [item.to_dict() for item in result.turns[0].response.output] == twice(kind)
    assert len(result.turns[0].outputs) == 1
    if setting.startswith("stored"):
        assert len(sent(server)) == 1
    else:
        assert_matched(sent(server), calls=1)


@pytest.mark.parametrize("deviation", [absent, null, empty, shared, without_any])
def test_streamed_calls_have_ids_made_here(caller: Caller, server: Server, deviation: Any) -> None:
    desk = Desk()
    server.reply_items(deviation("function_call")).reply("Done.")
    events, result = read(caller, **desk.arguments())
    assert (result.status, sorted(map(str, desk.made))) == ("completed", ["1", "2"])
    assert_matched(sent(server), calls=2)
    called = [event.call_id for event in events if isinstance(event, ToolCalled)]
    returned = [event.call_id for event in events if isinstance(event, ToolReturned)]
    assert len({*called}) == 2
    assert sorted(called) == sorted(returned)


GATEWAYS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({}, {}),
    ({"id": "call_8"}, {"id": "call_9"}),
    ({"call_id": ""}, {"call_id": ""}),
    ({"id": "fc_1", "call_id": "c1"}, {"id": "fc_2", "call_id": "c1"}),
]


@pytest.mark.parametrize("is_whole", [True, False], ids=["whole at the end", "only piece by piece"])
@pytest.mark.parametrize("ids", GATEWAYS)
def test_calls_that_arrive_piece_by_piece_are_answered(ids: Any, is_whole: bool) -> None:
    sent: list[Any] = []
    made = [{"type": "function_call", "name": "add", **own} for own in ids]
    calls = [{**one, "arguments": f'{{"number": {number}}}'} for number, one in enumerate(made)]
    message = {"type": "message", "id": "msg_1", "role": "assistant", "content": [], "status": "completed"}

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(json.loads(request.content))
        created = {"id": f"resp_{len(sent)}", "object": "response", "output": [], "status": "in_progress"}
        events: list[dict[str, Any]] = [{"type": "response.created", "response": created}]
        for place, call in enumerate(calls if len(sent) == 1 else ()):
            where = {"output_index": place}
            piece = {**where, "item_id": call.get("id", ""), "delta": call["arguments"]}
            added = {**call, "arguments": ""}
            events += [
                {"type": "response.output_item.added", **where, "item": added},
                {"type": "response.function_call_arguments.delta", **piece},
                {"type": "response.output_item.done", **where, "item": call},
            ]
        output = [message] if len(sent) > 1 else calls if is_whole else []
        events.append(
            {"type": "response.completed", "response": {**created, "status": "completed", "output": output}}
        )
        text = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
        return httpx.Response(200, headers={"content-type": "text/event-stream"}, text=text)

    desk = Desk()
    with (
        httpx.Client(transport=httpx.MockTransport(answer)) as transport,
        Client(api_key="k", base_url="http://test/v1", http_client=transport) as client,
        client.responses.run_stream(model="m", input="Hi", **desk.arguments()) as stream,
    ):
        result = stream.get_final_result()
    assert (result.status, sorted(map(str, desk.made))) == ("completed", ["0", "1"])
    assert_matched(sent[1]["input"], calls=2)


def test_call_with_an_item_id_alone_is_named_by_it(caller: Caller, server: Server) -> None:
    made = {"type": "function_call", "id": "call_9", "name": "add", "arguments": '{"number": 1}'}
    server.reply_items([made]).reply("Done.")
    go(caller, **Desk().arguments())
    call, answer = sent(server)[1:]
    assert call == {**made, "call_id": "call_9"}
    assert answer == {"type": "function_call_output", "call_id": "call_9", "output": "2"}


def test_calls_of_several_kinds_that_share_an_id_are_told_apart(caller: Caller, server: Server) -> None:
    desk = Desk()
    server.reply_items([shared(kind)[0] | {"id": f"it_{kind}"[:20]} for kind in BODIES]).reply("Done.")
    result = go(caller, **desk.arguments())
    assert (result.status, len(desk.made)) == ("completed", len(BODIES))
    assert_matched(sent(server), calls=len(BODIES))


def test_equal_calls_of_later_turns_have_other_ids(caller: Caller, server: Server) -> None:
    desk = Desk()
    for _ in range(3):
        server.reply_items(without_any("function_call"))
    server.reply("Done.")
    result = go(caller, store=False, **desk.arguments())
    assert (result.status, len(desk.made)) == ("completed", 6)
    assert_matched(sent(server), calls=6)


def test_run_goes_on_from_its_next_response_as_usual(caller: Caller, server: Server) -> None:
    server.reply_items(absent("function_call")).call_tool("add", {"number": 5}).reply("Done.")
    result = go(caller, previous_response_id=None, **Desk().arguments())
    assert result.status == "completed"
    assert server.requests[-1].json["previous_response_id"] == result.turns[1].response.id
    assert len(sent(server)) == 1


def test_run_that_continues_a_response_still_does(caller: Caller, server: Server) -> None:
    server.reply("First.").reply_items(absent("function_call")).reply("Done.")
    first = caller(lambda client: client.responses.create(model="m", input="Hi"))
    go(caller, previous_response_id=first.id, input="And?", **Desk().arguments())
    assert server.requests[-1].json["previous_response_id"] == first.id
    assert_matched(sent(server), calls=2)


# --- calls that wait


def asked(caller: Caller, server: Server, items: list[dict[str, Any]], ran: list[int]) -> tuple[Any, Any]:
    """A run with calls that wait for approval, and its tool."""

    @tool(needs_approval=True)
    def add(number: int) -> int:
        """Add one."""
        ran.append(number)
        return number + 1

    server.reply_items(items)
    return go(caller, tools=[add]), add


SAVED: list[Callable[[RunResult], RunResult]] = [
    lambda run: run,
    lambda run: RunResult.from_json(run.to_json()),
    lambda run: pickle.loads(pickle.dumps(run)),
]


@pytest.mark.parametrize("saved", SAVED, ids=["as it is", "as JSON", "as a pickle"])
@pytest.mark.parametrize(
    "deviation", [absent, null, empty, one_absent, shared, shared_with_item, without_any]
)
def test_one_yes_is_for_one_call(caller: Caller, server: Server, deviation: Any, saved: Any) -> None:
    ran: list[int] = []
    result, add = asked(caller, server, deviation("function_call"), ran)
    assert (result.status, ran) == ("pending", [])
    one, two = result.approvals
    assert one.call_id
    assert one.call_id != two.call_id
    for names in ([two], [two.call_id], [two.item]):
        with pytest.raises(
            RequestValidationError, match=f"lacks a decision on the function_call {one.call_id}"
        ):
            go(caller, tools=[add], resume=saved(result), input=None, approve=names)
    assert ran == []
    server.reply("Done.")
    done = go(
        caller,
        tools=[add],
        resume=saved(result),
        input=None,
        approve=[two.call_id],
        deny={one.call_id: "No."},
    )
    assert (done.status, ran) == ("completed", [2])
    assert_matched(sent(server), calls=2)
    texts = {item["call_id"]: item["output"] for item in sent(server) if "output" in item}
    assert texts == {one.call_id: "No.", two.call_id: "3"}


def test_one_yes_is_enough_for_a_call_that_came_twice(caller: Caller, server: Server) -> None:
    ran: list[int] = []
    result, add = asked(caller, server, twice("function_call"), ran)
    (one,) = result.approvals
    server.reply("Done.")
    go(caller, tools=[add], resume=result, input=None, approve=["c1"])
    assert (one.call_id, ran) == ("c1", [1])


def test_id_that_several_calls_had_decides_on_none(caller: Caller, server: Server) -> None:
    result, add = asked(caller, server, shared("function_call"), [])
    wrong = "names c1, but the run has no waiting call with that id; the ids of the calls that wait are call_"
    with pytest.raises(RequestValidationError, match=wrong):
        go(caller, tools=[add], resume=result, input=None, approve=["c1"])


def test_event_of_a_call_without_an_id_decides_on_none(caller: Caller, server: Server) -> None:
    result, add = asked(caller, server, absent("function_call"), [])
    event = result.response.from_dict({"output": absent("function_call")}).output[0]
    with pytest.raises(RequestValidationError, match="names a call of add without an id, but the run has no"):
        go(caller, tools=[add], resume=result, input=None, approve=[event])
    with pytest.raises(RequestValidationError, match="names an empty id, but the run has no waiting call"):
        go(caller, tools=[add], resume=result, input=None, approve=[""])


@pytest.mark.parametrize("deviation", [absent, shared, without_any])
@pytest.mark.parametrize("kind", BODIES)
def test_calls_that_wait_for_the_user_are_answered_by_their_ids(
    server: Server, kind: str, deviation: Any
) -> None:
    server.reply_items(deviation(kind))
    with server.client() as client:
        result = client.responses.run(
            model="m", input="Hi", tools=[{"type": "custom", "name": "shout"}, PLAIN]
        )
        assert (result.status, len(result.pending)) == ("pending", 2)
        assert len({one.call_id for one in result.pending}) == 2
        server.reply("Done.")
        given: Any = [ANSWERS[kind](one.call_id) for one in RunResult.from_json(result.to_json()).pending]
        done = client.responses.run(model="m", input=given, resume=result, tools=[PLAIN])
    assert done.status == "completed"
    assert_matched(sent(server), calls=2)


PLAIN: Any = {"type": "function", "name": "add", "parameters": {}, "strict": False}
ANSWERS: dict[str, Callable[[str], dict[str, Any]]] = {
    "function_call": lambda name: {"type": "function_call_output", "call_id": name, "output": "2"},
    "custom_tool_call": lambda name: {"type": "custom_tool_call_output", "call_id": name, "output": "A"},
    "shell_call": lambda name: {"type": "shell_call_output", "call_id": name, "output": []},
    "local_shell_call": lambda name: {
        "type": "local_shell_call_output",
        "id": name,
        "call_id": name,
        "output": "a",
    },
    "apply_patch_call": lambda name: {
        "type": "apply_patch_call_output",
        "call_id": name,
        "status": "completed",
    },
    "computer_call": lambda name: {
        "type": "computer_call_output",
        "call_id": name,
        "output": {"type": "computer_screenshot", "image_url": SCREEN},
    },
    "mcp_approval_request": lambda name: {
        "type": "mcp_approval_response",
        "approval_request_id": name,
        "approve": True,
    },
    "tool_search_call": lambda name: {
        "type": "tool_search_output",
        "call_id": name,
        "execution": "client",
        "tools": [],
    },
}


def test_malformed_call_without_an_id_waits(caller: Caller, server: Server) -> None:
    server.reply_items([{"type": "function_call", "name": "add", "arguments": 5}])
    result = go(caller, **Desk().arguments())
    (one,) = result.pending
    assert (result.status, one.type, one.name) == ("pending", "unknown", "add")
    assert one.call_id.startswith("call_")


# --- calls that the server answers


def test_search_that_the_server_made_needs_no_id(caller: Caller, server: Server) -> None:
    search = {
        "type": "tool_search_call",
        "id": "ts_1",
        "arguments": {},
        "call_id": None,
        "status": "completed",
    }
    found = {"type": "tool_search_output", "id": "to_1", "tools": [], "call_id": None, "status": "completed"}
    message = {"type": "message", "role": "assistant", "content": [], "id": "msg_1", "status": "completed"}
    server.reply_items([{**search, "execution": "server"}, {**found, "execution": "server"}, message])
    assert go(caller).status == "completed"
    server.reply_items([search, found, message])  # without `execution`, its output says that it was made
    assert go(caller).status == "completed"
    server.reply_items([search, message])
    assert go(caller).status == "pending"


def test_call_that_the_server_answered_keeps_its_id(caller: Caller, server: Server) -> None:
    desk = Desk()
    shell, function = shared("shell_call")[0], shared("function_call")[1]
    output = {"type": "shell_call_output", "id": "so_1", "call_id": "c1", "output": [], "status": "completed"}
    server.reply_items([shell, output, function]).reply("Done.")
    result = go(caller, **desk.arguments())
    assert (result.status, desk.made) == ("completed", [2])
    assert_matched(sent(server), calls=2)
    assert [item["call_id"] for item in sent(server)[1:3]] == ["c1", "c1"]


# --- conversations


def test_calls_that_a_conversation_has_without_ids_wait(
    caller: Caller, server: Server, caplog: pytest.LogCaptureFixture
) -> None:
    desk = Desk()
    place = caller(lambda client: client.conversations.create())
    good = {"type": "function_call", "call_id": "c9", "name": "add", "arguments": '{"number": 9}'}
    server.reply_items([*absent("function_call"), good])
    result = go(caller, conversation=place.id, **desk.arguments())
    assert (result.status, desk.made) == ("pending", [9])
    assert len({one.call_id for one in result.pending}) == 2
    (text,) = warned(caplog)
    assert text.endswith(
        "the run is pending, since the conversation has them so; resume sends them again, with ids made here"
    )
