"""Events become the response so far, from correct servers and from careless ones."""

from typing import Any

import pytest

from responses_client._events.accumulator import Accumulator
from responses_client.models import StreamEvent, UnknownItem
from responses_client.models._base import OpenUnion, union_class

Wire = dict[str, Any]
UNION: type[OpenUnion] = union_class(StreamEvent)


def typed(wire: Wire) -> Any:
    model = UNION.member(wire["type"])
    assert model is not None
    return model.from_dict(wire)


def accumulated(*events: Wire) -> Accumulator:
    accumulator = Accumulator()
    accumulator.extend([typed(event) for event in events])
    return accumulator


def output_of(*events: Wire) -> list[Wire]:
    snapshot = accumulated(*events).snapshot()
    assert snapshot is not None
    return snapshot.to_dict().get("output", [])


def event(kind: str, **fields: Any) -> Wire:
    return {"type": f"response.{kind}", **fields}


def added(item: Wire, **fields: Any) -> Wire:
    return event("output_item.added", item=item, **fields)


def done(item: Wire, **fields: Any) -> Wire:
    return event("output_item.done", item=item, **fields)


def delta(text: str, **fields: Any) -> Wire:
    return event("output_text.delta", delta=text, **fields)


def message(*texts: str, **fields: Any) -> Wire:
    return {"type": "message", "role": "assistant", "content": [part(text) for text in texts], **fields}


def part(text: str, **fields: Any) -> Wire:
    return {"type": "output_text", "text": text, **fields}


def call(arguments: str = "", **fields: Any) -> Wire:
    return {"type": "function_call", "call_id": "call_1", "name": "boil", "arguments": arguments, **fields}


def made(kind: str = "message", **fields: Any) -> Wire:
    """Return an item that the server never announced."""
    parent = {"role": "assistant"} if kind == "message" else {}
    return {"type": kind, "status": "in_progress", **parent, **fields}


CITATION = {"type": "url_citation", "url": "https://tea.example/"}
AT = {"output_index": 0, "content_index": 0}

CASES: dict[str, tuple[list[Wire], list[Wire]]] = {
    "deltas alone": ([delta("a"), delta("b")], [made(content=[part("ab")])]),
    "deltas with an id": ([delta("a", item_id="m1")], [made(id="m1", content=[part("a")])]),
    "deltas at an index": ([delta("a", output_index=3, content_index=7)], [made(content=[part("a")])]),
    "deltas of two parts": (
        [
            added(message("", ""), output_index=0),
            delta("a", **AT),
            delta("b", output_index=0, content_index=1),
            delta("c", **AT),
        ],
        [message("ac", "b")],
    ),
    "deltas of two items by turns": (
        [delta("a", output_index=1), delta("b", output_index=0), delta("c", output_index=1)],
        [made(content=[part("b")]), made(content=[part("ac")])],
    ),
    "deltas of two items by id": (
        [
            added(message(id="m1")),
            added(message(id="m2")),
            delta("b", item_id="m2"),
            delta("a", item_id="m1"),
        ],
        [message("a", id="m1"), message("b", id="m2")],
    ),
    "deltas after done": ([done(message("a"), output_index=0), delta("b", output_index=0)], [message("ab")]),
    "deltas onto a null": (
        [added(call(arguments=None) | {"arguments": ""}), event("function_call_arguments.delta", delta="x")],
        [call("x")],
    ),
    "done instead of deltas": ([event("output_text.done", text="a")], [made(content=[part("a")])]),
    "done after deltas": ([delta("a"), event("output_text.done", text="abc")], [made(content=[part("abc")])]),
    "refusal and text": (
        [
            delta("a", **AT),
            event("refusal.delta", delta="n", output_index=0, content_index=1),
            event("refusal.delta", delta="o"),
        ],
        [made(content=[part("a"), {"type": "refusal", "refusal": "no"}])],
    ),
    "a part, opened and closed": (
        [
            event("content_part.added", part=part("")),
            delta("a"),
            event("content_part.done", part=part("a", annotations=[])),
        ],
        [made(content=[part("a", annotations=[])])],
    ),
    "two parts, opened and closed": (
        [
            event("content_part.added", part=part("")),
            delta("a"),
            event("content_part.done", part=part("a")),
            event("content_part.added", part=part("")),
            delta("b"),
            event("content_part.done", part=part("b")),
        ],
        [made(content=[part("a"), part("b")])],
    ),
    "a part that is announced late": (
        [delta("a", **AT), event("content_part.added", part=part("a"), **AT)],
        [made(content=[part("a")])],
    ),
    "a part beyond the end": (
        [delta("a", **AT), event("content_part.added", part=part("b"), output_index=0, content_index=5)],
        [made(content=[part("a"), part("b")])],
    ),
    "a closed part of another kind": (
        [
            delta("a", **AT),
            event(
                "content_part.done",
                part={"type": "refusal", "refusal": "no"},
                output_index=0,
                content_index=5,
            ),
        ],
        [made(content=[part("a"), {"type": "refusal", "refusal": "no"}])],
    ),
    "a text beyond the end of one that has ended": (
        [
            delta("a", **AT),
            event("output_text.done", text="a", **AT),
            delta("b", output_index=0, content_index=1),
            event("output_text.done", text="b", output_index=0, content_index=1),
        ],
        [made(content=[part("a"), part("b")])],
    ),
    "an end beyond the end, and once more": (
        [
            delta("a", **AT),
            delta("b", output_index=0, content_index=1),
            event("output_text.done", text="ab", output_index=0, content_index=2),
            event("output_text.done", text="ab", output_index=0, content_index=3),
        ],
        [made(content=[part("ab")])],
    ),
    "indexes that count deltas": (
        [
            delta("a", content_index=4),
            delta("b", content_index=5),
            event("output_text.done", text="ab", content_index=6),
        ],
        [made(content=[part("ab")])],
    ),
    "an index below zero": (
        [delta("a", content_index=-1), delta("b", content_index=-2)],
        [made(content=[part("a"), part("b")])],
    ),
    "citations": (
        [delta("a"), event("output_text.annotation.added", annotation=CITATION, annotation_index=0)],
        [made(content=[part("a", annotations=[CITATION])])],
    ),
    "citations whose index leaps": (
        [event("output_text.annotation.added", annotation=CITATION, annotation_index=n) for n in (3, 7)],
        [made(content=[part("", annotations=[CITATION, CITATION])])],
    ),
    "citations without an index": (
        [event("output_text.annotation.added", annotation=CITATION)] * 2,
        [made(content=[part("", annotations=[CITATION, CITATION])])],
    ),
    "a summary alone": (
        [event("reasoning_summary_text.delta", delta="a", summary_index=0, item_id="r1")],
        [made("reasoning", id="r1", summary=[{"type": "summary_text", "text": "a"}])],
    ),
    "sections of a summary": (
        [
            event("reasoning_summary_part.added", part={"type": "summary_text", "text": ""}, summary_index=0),
            event("reasoning_summary_text.delta", delta="a", summary_index=0),
            event("reasoning_summary_part.done", part={"type": "summary_text", "text": "a"}, summary_index=0),
            event("reasoning_summary_text.delta", delta="b", summary_index=1),
            event("reasoning_summary_text.done", text="bc", summary_index=1),
        ],
        [
            made(
                "reasoning",
                summary=[{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "bc"}],
            )
        ],
    ),
    "a section closed beyond the end": (
        [
            event("reasoning_summary_text.delta", delta="a", summary_index=0),
            event("reasoning_summary_part.done", part={"type": "summary_text", "text": "b"}, summary_index=1),
        ],
        [
            made(
                "reasoning",
                summary=[{"type": "summary_text", "text": "a"}, {"type": "summary_text", "text": "b"}],
            )
        ],
    ),
    "thoughts, then text, without indexes": (
        [event("reasoning_text.delta", delta="hm", item_id="r1"), delta("a", item_id="m1")],
        [
            made("reasoning", id="r1", content=[{"type": "reasoning_text", "text": "hm"}]),
            made(id="m1", content=[part("a")]),
        ],
    ),
    "arguments by call id": (
        [
            added(call(call_id="c1")),
            added(call(call_id="c2")),
            event("function_call_arguments.delta", delta="1", item_id="c1"),
            event("function_call_arguments.done", arguments="2", item_id="c2"),
        ],
        [call("1", call_id="c1"), call("2", call_id="c2")],
    ),
    "items of the same call": (
        [
            done({"type": "shell_call", "call_id": "c1", "action": {"commands": ["ls"]}}),
            done({"type": "shell_call_output", "call_id": "c1", "output": []}),
        ],
        [
            {"type": "shell_call", "call_id": "c1", "action": {"commands": ["ls"]}},
            {"type": "shell_call_output", "call_id": "c1", "output": []},
        ],
    ),
    "items done and never added": (
        [done(message("a", id="m1")), done(message("b", id="m2")), done(message("c"))],
        [message("a", id="m1"), message("b", id="m2"), message("c")],
    ),
    "items added and done under other ids": (
        [
            added(message(id="m1")),
            done(message("a", id="m2")),
            added(message(id="m3")),
            done(message("b", id="m4")),
        ],
        [message("a", id="m2"), message("b", id="m4")],
    ),
    "items done under their id": (
        [
            added(message(id="m1")),
            added(call(id="f1")),
            done(message("a", id="m1")),
            done(call("{}", id="f1")),
        ],
        [message("a", id="m1"), call("{}", id="f1")],
    ),
    "items of another kind without ids": (
        [added(message()), done(call("{}")), delta("a")],
        [message("a"), call("{}")],
    ),
    "items added twice": ([added(message(id="m1")), added(message("a", id="m1"))], [message("a", id="m1")]),
    "items out of order": (
        [done(message("b"), output_index=7), done(message("a"), output_index=2), added(message("c"))],
        [message("a"), message("b"), message("c")],
    ),
    "an index that leads to another item": (
        [
            added(message(id="m1"), output_index=0),
            added(call(id="f1"), output_index=1),
            delta("a", output_index=1, item_id="m1"),
            event("function_call_arguments.delta", delta="{}", output_index=0, item_id="f1"),
        ],
        [message("a", id="m1"), call("{}", id="f1")],
    ),
    "an index that leads nowhere, an id that does": (
        [added(message(id="m1"), output_index=0), delta("a", output_index=4, item_id="m1")],
        [message("a", id="m1")],
    ),
    "an item of a kind of its own": (
        [added({"type": "poem", "lines": 0}, output_index=0), delta("a", output_index=0)],
        [{"type": "poem", "lines": 0, "content": [part("a")]}],
    ),
    "content that is no list": (
        [
            added({"type": "message", "role": "assistant", "content": "a"}, output_index=0),
            delta("b", output_index=0),
        ],
        [message("b")],
    ),
    "parts that are no objects": (
        [
            added({"type": "message", "role": "assistant", "content": ["a", None]}, output_index=0),
            delta("b", **AT),
        ],
        [{"type": "message", "role": "assistant", "content": [part("b"), None]}],
    ),
    "an item that is none": (
        [done(message("a"), output_index=0), event("output_item.done", item=None, output_index=0)],
        [message("a")],
    ),
    "a part that is none": (
        [delta("a", **AT), event("content_part.done", part=None, **AT)],
        [made(content=[part("a")])],
    ),
    "text that is none": (
        [
            added(message(), output_index=0),
            event("content_part.added", part={"type": "output_text", "text": 5}, **AT),
            delta("b", **AT),
        ],
        [message("b")],
    ),
    "statuses": (
        [
            event("web_search_call.in_progress", item_id="w1"),
            event("web_search_call.searching", item_id="w1"),
        ],
        [{"type": "web_search_call", "status": "searching", "id": "w1"}],
    ),
    "a status beside a message": (
        [added(message(id="m1")), event("file_search_call.completed")],
        [message(id="m1"), {"type": "file_search_call", "status": "completed"}],
    ),
    "commands": (
        [
            event("shell_call_command.added", command="", command_index=0, output_index=0),
            event("shell_call_command.delta", delta="l", command_index=0, output_index=0),
            event("shell_call_command.delta", delta="s", command_index=0, output_index=0),
            event("shell_call_command.delta", delta="wc", command_index=9, output_index=0),
            event("shell_call_command.done", command="wc -l", command_index=1, output_index=0),
        ],
        [made("shell_call", action={"commands": ["ls", "wc -l"]})],
    ),
    "commands without an index": (
        [
            event("shell_call_command.delta", delta="l"),
            event("shell_call_command.delta", delta="s"),
            event("shell_call_command.done", command="ls ."),
        ],
        [made("shell_call", action={"commands": ["ls ."]})],
    ),
    "output of commands": (
        [
            event(
                "shell_call_output_content.delta",
                delta={"stdout": "a", "stderr": None},
                command_index=0,
                output_index=0,
            ),
            event(
                "shell_call_output_content.delta",
                delta={"stdout": "b", "other": 5},
                command_index=0,
                output_index=0,
            ),
            event("shell_call_output_content.delta", delta={"stderr": "c"}, command_index=1, output_index=0),
        ],
        [made("shell_call_output", output=[{"stdout": "ab"}, {"stderr": "c"}])],
    ),
    "output of commands, whole": (
        [event("shell_call_output_content.done", output=[{"stdout": "a"}], command_index=0)],
        [made("shell_call_output", output=[{"stdout": "a"}])],
    ),
    "diffs": (
        [
            event("apply_patch_call_operation_diff.delta", delta="+a"),
            event("apply_patch_call_operation_diff.delta", delta="b"),
        ],
        [made("apply_patch_call", operation={"diff": "+ab"})],
    ),
    "items that share an index": (
        [
            added(call(id="f1", call_id="c1"), output_index=0),
            added(call(id="f2", call_id="c2"), output_index=0),
            event("function_call_arguments.delta", delta="1", output_index=0, item_id="f1"),
            event("function_call_arguments.delta", delta="2", output_index=0, item_id="f2"),
            event("function_call_arguments.delta", delta="3", output_index=0, item_id="f1"),
            done(call("13", id="f1", call_id="c1"), output_index=0),
        ],
        [call("13", id="f1", call_id="c1"), call("2", id="f2", call_id="c2")],
    ),
    "an index that begins again": (
        [done(message("a", id="m1"), output_index=0), added(call(id="f1"), output_index=0)],
        [message("a", id="m1"), call(id="f1")],
    ),
    "an item under three ids": (
        [
            added(message(id="m1"), output_index=0),
            delta("a", item_id="m2", **AT),
            done(message("a", id="m3"), output_index=0),
        ],
        [message("a", id="m3")],
    ),
    "parts whose item was never added beside another": (
        [
            done({"type": "reasoning", "id": "r1", "summary": []}, output_index=0),
            event("content_part.added", part=part(""), item_id="m1", **AT),
            delta("a", item_id="m1", **AT),
        ],
        [{"type": "reasoning", "id": "r1", "summary": []}, made(id="m1", content=[part("a")])],
    ),
    "a part of no known type": (
        [event("content_part.added", part={"type": "x_part"}, **AT)],
        [made(content=[{"type": "x_part"}])],
    ),
    "an item that comes a second time as a whole": (
        [
            one
            for is_done in (False, True)
            for one in (
                added(message(id="m1"), output_index=0),
                event("content_part.added", part=part(""), **AT),
                *([delta("a", **AT)] if not is_done else []),
                event("content_part.done", part=part("a"), **AT),
            )
        ],
        [message("a", id="m1")],
    ),
    "an end without arguments": (
        [
            event("function_call_arguments.delta", delta="{}", item_id="f1"),
            event("function_call_arguments.done", arguments="", item_id="f1"),
            done(call("", id="f1")),
        ],
        [call("{}", id="f1")],
    ),
    "an end without input": (
        [
            added({"type": "custom_tool_call", "call_id": "c1", "name": "sql", "input": ""}, output_index=0),
            event("custom_tool_call_input.delta", delta="a", output_index=0),
            done({"type": "custom_tool_call", "call_id": "c1", "name": "sql", "input": ""}, output_index=0),
        ],
        [{"type": "custom_tool_call", "call_id": "c1", "name": "sql", "input": "a"}],
    ),
    "ends without text": (
        [
            added(message(), output_index=0),
            delta("a", **AT),
            event("output_text.annotation.added", annotation=CITATION, annotation_index=0, **AT),
            event("output_text.done", text="", **AT),
            event("content_part.done", part=part("", annotations=[]), **AT),
            done(message(), output_index=0),
        ],
        [message() | {"content": [part("a", annotations=[CITATION])]}],
    ),
    "an end without output": (
        [
            event("shell_call_output_content.delta", delta={"stdout": "a"}, command_index=0),
            event("shell_call_output_content.done", output=[], command_index=0),
        ],
        [made("shell_call_output", output=[{"stdout": "a"}])],
    ),
    "arguments that were all announced": (
        [
            added(call('{"a": 1}'), output_index=0),
            event("function_call_arguments.delta", delta='{"a"', output_index=0),
            event("function_call_arguments.delta", delta=": 1}", output_index=0),
        ],
        [call('{"a": 1}')],
    ),
    "arguments that were announced in part": (
        [
            added(call('{"a"'), output_index=0),
            event("function_call_arguments.delta", delta=": 1}", output_index=0),
        ],
        [call('{"a": 1}')],
    ),
    "the end decides whether pieces repeat a text": (
        [
            added(message("ha"), output_index=0),
            delta("ha", **AT),
            event("output_text.done", text="haha", **AT),
        ],
        [message("haha")],
    ),
    "citations at one index": (
        [
            event("output_text.annotation.added", annotation={**CITATION, "title": title}, annotation_index=0)
            for title in "aba"
        ],
        [made(content=[part("", annotations=[{**CITATION, "title": "a"}, {**CITATION, "title": "b"}])])],
    ),
    "no effect": (
        [event("created", response={"id": "r1"}), event("audio.delta", delta="AA=="), {"type": "keepalive"}],
        [],
    ),
}


@pytest.mark.parametrize(("events", "output"), CASES.values(), ids=CASES.keys())
def test_events_give_the_output(events: list[Wire], output: list[Wire]):
    assert output_of(*events) == output


@pytest.mark.parametrize("events", [events for events, _ in CASES.values()], ids=CASES.keys())
def test_snapshots_on_the_way_change_nothing(events: list[Wire]):
    accumulator = Accumulator()
    for wire in events:
        before = typed(wire)
        accumulator.extend([before])
        accumulator.snapshot()
        assert before.to_dict() == typed(wire).to_dict()
    assert accumulator.snapshot() == accumulated(*events).snapshot()


def test_no_events_give_no_snapshot():
    accumulator = Accumulator()
    accumulator.extend([])
    assert accumulator.snapshot() is None
    accumulator.extend([typed({"type": "keepalive", "sequence_number": 4})])
    assert accumulator.snapshot() is None
    assert accumulator.last_sequence_number == 4


def test_the_last_number_is_that_of_the_last_event_with_one():
    accumulator = accumulated({"type": "keepalive", "sequence_number": 4}, {"type": "keepalive"})
    assert accumulator.last_sequence_number == 4


START = {"id": "r1", "model": "kettle-1", "status": "in_progress", "output": []}
RESPONSES: dict[str, tuple[list[Wire], Wire]] = {
    "the last one counts": (
        [event("created", response=START), event("in_progress", response={**START, "model": "kettle-2"})],
        {**START, "model": "kettle-2"},
    ),
    "its output replaces what came": (
        [
            event("created", response=START),
            delta("a"),
            event("completed", response={"id": "r1", "output": [message("b")]}),
        ],
        {"id": "r1", "output": [message("b")]},
    ),
    "no output keeps what came": (
        [
            event("created", response=START),
            done(message("a")),
            event("completed", response={"id": "r1", "status": "completed"}),
        ],
        {"id": "r1", "status": "completed", "output": [message("a")]},
    ),
    "empty output keeps what came": (
        [done(message("a")), event("completed", response={"id": "r1", "output": []})],
        {"id": "r1", "output": [message("a")]},
    ),
    "null output keeps what came": (
        [done(message("a")), event("completed", response={"id": "r1", "output": None})],
        {"id": "r1", "output": [message("a")]},
    ),
    "malformed output keeps what came": (
        [done(message("a")), event("completed", response={"id": "r1", "output": {"a": 1}})],
        {"id": "r1", "output": [message("a")]},
    ),
    "malformed output alone is kept": (
        [event("completed", response={"id": "r1", "output": {"a": 1}})],
        {"id": "r1", "output": {"a": 1}},
    ),
    "members that are no objects are kept": (
        [event("created", response={"id": "r1", "output": [None, "x", message("a")]})],
        {"id": "r1", "output": [None, "x", message("a")]},
    ),
    "and deltas go past them": (
        [event("created", response={"id": "r1", "output": [None, message("a")]}), delta("b", output_index=0)],
        {"id": "r1", "output": [made(content=[part("b")]), message("a")]},
    ),
    "empty values in its output do not count": (
        [
            done(message("a", id="m1")),
            event("completed", response={"id": "r1", "output": [message(id="m1")]}),
        ],
        {"id": "r1", "output": [message("a", id="m1")]},
    ),
    "a part of a response is added": (
        [
            event("created", response=START),
            event("failed", response={"status": "failed", "error": {"code": "x"}}),
        ],
        {**START, "status": "failed", "error": {"code": "x"}},
    ),
    "parts of a response, one after the other": (
        [event("in_progress", response={"model": "a"}), event("in_progress", response={"status": "queued"})],
        {"model": "a", "status": "queued"},
    ),
    "a part of a response comes first": (
        [event("failed", response={"status": "failed"})],
        {"status": "failed"},
    ),
    "null output is written as it came": (
        [event("created", response={"id": "r1", "output": None})],
        {"id": "r1", "output": None},
    ),
}


@pytest.mark.parametrize(("events", "response"), RESPONSES.values(), ids=RESPONSES.keys())
def test_events_give_the_response(events: list[Wire], response: Wire):
    snapshot = accumulated(*events).snapshot()
    assert snapshot is not None
    assert snapshot.to_dict() == response


A, B = message("a", id="m1"), message("b", id="m2")


def test_items_that_the_last_output_lacks_stay_with_a_warning(caplog: pytest.LogCaptureFixture):
    output = output_of(
        done(A, output_index=0),
        done(B, output_index=1),
        added(call(id="f1"), output_index=2),
        event("in_progress", response={"id": "r1", "output": [B]}),
        event("completed", response={"id": "r1", "output": [B]}),
    )
    assert output == [A, B]
    assert [record.getMessage() for record in caplog.records] == [
        "The output in response.in_progress lacks items that came before it: the snapshot keeps those that were done "
        "(message) and leaves out the others (none)"
    ]


def test_items_that_were_begun_and_are_not_in_the_last_output_are_left_out_with_a_warning(
    caplog: pytest.LogCaptureFixture,
):
    assert output_of(added(call("{", id="f1")), event("completed", response={"id": "r1", "output": [A]})) == [
        A
    ]
    assert "leaves out the others (function_call)" in caplog.text


def test_a_shorter_output_on_the_way_and_none_at_the_end_lose_nothing():
    assert output_of(
        done(A, output_index=0),
        done(B, output_index=1),
        event("in_progress", response={"id": "r1", "output": [A]}),
        event("completed", response={"id": "r1", "output": None}),
    ) == [A, B]


@pytest.mark.parametrize(
    ("whole", "cut"),
    [
        (message("one two", id="m1"), message("one", id="m1")),
        (call('{"a": 1}', id="f1"), call('{"a"', id="f1")),
    ],
)
@pytest.mark.parametrize("is_item", [True, False])
def test_a_last_version_that_says_less_counts_with_a_warning(
    whole: Wire, cut: Wire, is_item: bool, caplog: pytest.LogCaptureFixture
):
    if is_item:
        events = [added(whole), done(cut), event("completed", response={"id": "r1", "output": []})]
    else:
        events = [done(whole), event("completed", response={"id": "r1", "output": [cut]})]
    assert output_of(*events) == [cut]
    [record] = caplog.records
    assert (
        f"says less than the one before ({cut['type']}): the snapshot has the last one" in record.getMessage()
    )


def test_a_whole_output_is_taken_without_a_warning(caplog: pytest.LogCaptureFixture):
    assert output_of(done(A), event("completed", response={"id": "r1", "output": [B, A, A]})) == [B, A, A]
    assert caplog.records == []


def test_deltas_of_an_unannounced_call_are_kept_as_unknown():
    snapshot = accumulated(event("function_call_arguments.delta", delta="{}", item_id="f1")).snapshot()
    assert snapshot is not None
    assert [type(item) for item in snapshot.output] == [UnknownItem]


@pytest.mark.parametrize("start", [[], [event("created", response=START)], [delta("a")]])
def test_the_end_gives_the_status_if_nothing_else_does(start: list[Wire]):
    accumulator = accumulated(*start)
    accumulator.finish("response.incomplete")
    snapshot = accumulator.snapshot()
    assert snapshot is not None
    assert snapshot.status == "incomplete"


def test_the_end_changes_no_final_status():
    accumulator = accumulated(event("completed", response={"id": "r1", "status": "failed"}))
    before = accumulator.snapshot()
    accumulator.finish("response.completed")
    assert accumulator.snapshot() is before


# No server is known to; but a delta must not start a part of its own because the index is odd.
@pytest.mark.parametrize("index", [1, 7, -1])
@pytest.mark.parametrize(
    ("kind", "path"),
    [("reasoning_summary_text", "summary"), ("reasoning_text", "content")],
)
def test_parts_that_are_counted_oddly_are_the_same_part_in_each_delta(
    kind: str, path: str, index: int
) -> None:
    place = {"output_index": 0, "summary_index" if path == "summary" else "content_index": index}
    events = [typed({"type": f"response.{kind}.delta", "delta": text, **place}) for text in ("Hel", "lo")]
    accumulator = Accumulator()
    for event in events:
        accumulator.extend([event])
        accumulator.snapshot()
    snapshot = accumulator.snapshot()
    assert snapshot is not None
    assert [part["text"] for part in snapshot.to_dict()["output"][0][path]] == ["Hello"]


@pytest.mark.parametrize(
    ("numbers", "is_numbered"),
    [
        ([0, 1, 2], True),
        ([0, 5], True),
        ([0, 0], False),
        ([1, 0], False),
        ([0, None], False),
        ([None, None], False),
    ],
)
@pytest.mark.parametrize("is_at_once", [True, False])
def test_stream_is_numbered_if_each_number_is_higher(
    numbers: list[int | None], is_numbered: bool, is_at_once: bool
):
    events = [
        typed(delta("a", **({} if number is None else {"sequence_number": number}))) for number in numbers
    ]
    accumulator = Accumulator()
    for chunk in [events] if is_at_once else [[one] for one in events]:
        accumulator.extend(chunk)
    assert accumulator.is_numbered is is_numbered


@pytest.mark.parametrize(
    ("kind", "item"), [("output_text", "message"), ("refusal", "message"), ("summary_text", "reasoning")]
)
def test_part_says_of_which_type_its_item_is(kind: str, item: str):
    found = output_of(event("content_part.added", part={"type": kind, "text": "", "refusal": ""}))
    assert [one["type"] for one in found] == [item]


def test_event_about_an_item_that_the_response_left_out_begins_another():
    left_out = [delta("gone", output_index=0), delta("gone, too", output_index=1)]
    whole = event("completed", response={"id": "resp_1", "output": [message("Tea", id="msg_1")]})
    found = output_of(*left_out, whole, delta("more", output_index=1))
    assert [one["content"][0]["text"] for one in found] == ["Tea", "more"]
