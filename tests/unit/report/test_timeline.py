"""The timeline of a page: bars, texts that grow, marks and facts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from call_items import call, output
from hypothesis import example, given
from hypothesis import strategies as st

from responses_client._report.sources import Source, as_source, to_script_data
from responses_client._report.timeline import Timeline, timeline

USAGE = {
    "input_tokens": 10,
    "input_tokens_details": {"cached_tokens": 4},
    "output_tokens": 20,
    "total_tokens": 30,
    "model": "m",
}


def event(kind: str, **fields: Any) -> dict[str, Any]:
    return {"type": kind, **fields}


def delta(text: str, index: int = 0, kind: str = "output_text", **fields: Any) -> dict[str, Any]:
    return event(f"response.{kind}.delta", output_index=index, content_index=0, delta=text, **fields)


def added(index: int, kind: str, **fields: Any) -> dict[str, Any]:
    return event("response.output_item.added", output_index=index, item={"type": kind, **fields})


def done(index: int, kind: str, **fields: Any) -> dict[str, Any]:
    return event("response.output_item.done", output_index=index, item={"type": kind, **fields})


def made(records: list[Any], times: list[float] | None = None) -> Timeline:
    return timeline(as_source(records, times))[0]


def bars(line: Timeline) -> list[tuple[str, str, float, float]]:
    return [(row.label, row.kind, row.start, row.end) for row in line.rows]


STREAM = [
    event("response.created", response={"id": "r", "model": "gpt", "status": "in_progress"}),
    added(0, "reasoning"),
    event("response.reasoning_summary_text.delta", output_index=0, summary_index=0, delta="Hm."),
    added(1, "message", role="assistant"),
    delta("Te", 1),
    delta("a\U0001f375", 1),
    event("response.output_text.done", output_index=1, content_index=0, text="Tea\U0001f375"),
    done(1, "message", role="assistant"),
    event("response.completed", response={"status": "completed", "usage": USAGE}),
]


def test_items_of_a_stream_are_bars() -> None:
    assert bars(made(STREAM)) == [("reasoning", "reasoning", 1, 3), ("message", "message", 3, 8)]
    times = [100 + number / 10 for number in range(9)]
    assert bars(made(STREAM, times)) == [
        ("reasoning", "reasoning", 0.1, 0.2),
        ("message", "message", 0.3, 0.7),
    ]


def test_texts_grow_with_their_events() -> None:
    texts = [
        (text.label, text.kind, text.row, text.steps, "".join(text.pieces)) for text in made(STREAM).texts
    ]
    assert texts == [
        ("reasoning summary text", "reasoning", 0, [(2, 3)], "Hm."),
        ("output text", "message", 1, [(4, 2), (5, 5)], "Tea\U0001f375"),  # two units in JavaScript
    ]


def test_events_have_a_place_a_type_a_detail_and_a_row() -> None:
    found = made(STREAM).events
    assert found[0] == (0.0, "response.created", "in_progress", -1)
    assert found[4] == (4.0, "response.output_text.delta", "Te", 1)
    assert found[7] == (7.0, "response.output_item.done", "message", 1)


def test_facts_of_a_stream_with_times() -> None:
    facts = dict(made(STREAM, [0, 1, 2, 3, 3.5, 4, 4, 4, 6]).facts)
    assert facts == {
        "model": "gpt",
        "status": "completed",
        "events": "9",
        "usage": "30 tokens (10 input, 4 cached, 20 output)",
        "first token": "2.00 s",
        "first text": "3.50 s",
        "total time": "6.00 s",
        "speed": "10 tokens/s",
    }


def test_facts_of_a_stream_without_times() -> None:
    line = made(STREAM)
    assert dict(line.facts)["first token"] == "event 3"
    assert "total time" not in dict(line.facts)
    assert line.note == "Times are not known: the timeline counts events."
    assert not line.is_timed


@pytest.mark.parametrize("records", [STREAM[:2], [*STREAM[:3], STREAM[-1]], [event("ping")]])
def test_stream_of_one_piece_has_no_speed(records: list[Any]) -> None:
    assert "speed" not in dict(made(records, [0.0] * len(records)).facts)


def test_gaps_and_the_first_token_are_marked() -> None:
    line = made(STREAM, [0, 0.01, 0.02, 2.0, 2.01, 2.02, 2.03, 2.04, 2.35])
    assert line.marks == [
        (0.02, 0.02, "first token"),
        (0.02, 2.0, "1.98 s without an event"),
        (2.04, 2.35, "0.31 s without an event"),
    ]
    assert made(STREAM[:1], [0.0]).marks == []
    assert made([]).marks == []


def test_arguments_and_other_texts_are_told_apart() -> None:
    line = made(
        [
            added(0, "function_call", name="get_tea"),
            delta('{"a"', 0, "function_call_arguments"),
            event(
                "response.function_call_arguments.done", output_index=0, content_index=0, arguments='{"a": 1}'
            ),
            event("response.refusal.done", output_index=1, item_id="m", refusal="No."),
            event("response.audio.done", output_index=1),
            done(2, "web_search_call", action={"query": "tea"}),
            done(2, "web_search_call", action={"query": "tea"}),
            event("response.odd.done"),
            event("run.odd", call=5, output_index=0),
        ]
    )
    assert [(text.label, text.kind, "".join(text.pieces)) for text in line.texts] == [
        ("function_call get_tea: function call arguments", "call", '{"a"'),
        ("refusal", "message", "No."),
        ("Call of web_search", "call", '{"query": "tea"}'),
    ]
    assert [row.label for row in line.rows] == ["function_call get_tea", "refusal", "web_search_call"]


def test_tools_of_a_run_are_bars_of_their_own() -> None:
    item = call("c")
    line = made(
        [
            event("response.created", response={}),
            added(0, "function_call", **{name: item[name] for name in ("call_id", "name")}),
            event("run.tool_called", call=item),
            event("run.tool_returned", call=item, output=output("c")),
            event("response.completed", response={"usage": {"output_tokens": 1, "total_tokens": 2}}),
            event("response.created", response={}),
            added(0, "message"),
            event(
                "response.failed",
                response={"error": {"message": "Oh."}, "usage": {"total_tokens": 3, "x": {}}},
            ),
        ],
        [0, 1, 2, 5, 5, 6, 7, 8],
    )
    assert bars(line) == [
        (f"function_call {item['name']}", "call", 1, 1),
        (f"tool {item['name']}", "output", 2, 5),
        ("message", "message", 7, 7),
    ]
    facts = dict(line.facts)
    assert (facts["turns"], facts["error"]) == ("2", "Oh.")
    assert facts["usage"] == "5 tokens (1 output)"


def turn(given: list[Any], items: list[Any], outputs: Any = (), **fields: Any) -> dict[str, Any]:
    answer = {"status": "completed", "model": "gpt", "usage": USAGE, "output": items, **fields}
    return {"input": given, "response": answer, "outputs": list(outputs)}


QUESTION = {"role": "user", "content": "Tea?"}
TURNS = [turn([QUESTION], [call("c")]), turn([output("c")], [], [output("d")], status="incomplete")]


def run(*turns: Any) -> Timeline:
    return timeline(Source("run", list(turns), run={"status": "pending"}))[0]


def test_items_of_a_run_stand_one_after_the_other() -> None:
    line, records = timeline(Source("run", TURNS, run={"status": "pending"}))

    assert [label for label, *_ in bars(line)] == [
        "message user",
        "turn 1: response",
        f"function_call {call('c')['name']}",
        "function_call_output",
        "turn 2: response",
        "function_call_output",
    ]
    assert bars(line)[2][1:] == ("call", 2, 3)
    assert len(records) == len(line.events) == 6
    assert [text.label for text in line.texts][:2] == ["User", f"Call of {call('c')['name']}"]
    assert "incomplete" in {"".join(text.pieces) for text in line.texts}
    assert dict(line.facts)["status"] == "pending"
    assert line.note == "Times are not known: the timeline counts items."


def test_run_of_some_seconds_has_the_times_of_its_responses() -> None:
    first = turn([QUESTION], [call("c")], created_at=100, completed_at=106)
    second = turn([output("c")], [], [output("d")], created_at=110, completed_at=113)
    line = run(first, second)

    assert line.is_timed
    assert [(start, end) for _, _, start, end in bars(line)] == [
        (0, 0),
        (0, 6),
        (0, 6),
        (6, 10),
        (10, 13),
        (13, 13),
    ]
    assert line.events[1][2] == "completed, 6 s"
    assert dict(line.facts)["total time"] == "13.00 s"
    assert line.marks == []
    assert not run(first, TURNS[1]).is_timed
    assert not run(turn([QUESTION], [], created_at=100, completed_at=101)).is_timed


def test_call_without_arguments_has_no_text() -> None:
    line = run(turn([], [{**call("c"), "arguments": ""}]))
    assert (len(line.rows), line.texts) == (2, [])


def test_run_without_turns_is_empty() -> None:
    assert run().events == []


def answered(id: str, **body: Any) -> dict[str, Any]:
    message = {
        "type": "message",
        "role": "assistant",
        "content": [{"type": "output_text", "text": f"Text {id}"}],
    }
    body = {"status": "completed", "model": "gpt", "usage": USAGE, "output": [message], **body}
    return {"custom_id": id, "response": {"status_code": 200, "body": body}, "error": None}


FAILED = {"custom_id": "b", "response": None, "error": {"code": "APITimeoutError", "message": "Late."}}


def test_lines_of_a_journal_are_bars() -> None:
    refused = {"custom_id": "c", "response": {"status_code": 400, "body": {"error": {"message": "Bad."}}}}
    line = made([answered("a"), FAILED, refused])

    assert [(label, kind) for label, kind, _, _ in bars(line)] == [
        ("a", "message"),
        ("b", "failed"),
        ("c", "failed"),
    ]
    texts = [(text.label, "".join(text.pieces)) for text in line.texts]
    assert texts[:2] == [("a: Assistant", "Text a"), ("b: error", "Late.")]
    assert ("c: error", "Bad.") in texts
    facts = dict(line.facts)
    assert (facts["requests"], facts["failed"], facts["model"]) == ("3", "2", "gpt")
    assert "status" not in facts
    assert [detail for _, _, detail, _ in line.events] == ["completed", "failed", "failed"]


def test_journal_of_some_seconds_has_the_times_of_its_responses() -> None:
    line = made(
        [
            answered("a", created_at=100, completed_at=109),
            FAILED,
            answered("c", created_at=102, completed_at=105),
        ]
    )
    assert [(start, end) for _, _, start, end in bars(line)] == [(0, 9), (9, 9), (2, 5)]
    assert [at for at, *_ in line.events] == [9, 9, 9]
    assert not made([answered("a", created_at=9, completed_at=5)]).is_timed


def test_lines_that_were_passed_over_are_counted() -> None:
    line = timeline(Source("events", STREAM, skipped=1200))[0]
    assert line.note.endswith("1,200 lines are neither events nor results, and are left out.")


def test_data_has_what_the_script_reads() -> None:
    line, records = timeline(as_source(STREAM, None))
    data = line.to_data(records)
    assert data["rows"][1] == ["message", "message", 3, 8, 3]
    assert data["texts"][1] == ["output text", "message", 1, [(4, 2), (5, 5)], "Tea\U0001f375"]
    assert data["raw"] == STREAM
    assert (data["timed"], data["title"]) == (False, "Stream")


NAMES = (
    "response",
    "item",
    "call",
    "output_index",
    "content_index",
    "id",
    "delta",
    "text",
    "usage",
    "input_tokens",
)
VALUES = st.recursive(
    st.sampled_from([None, True, 1, -1, 1.5, "", "message", "completed", "\ud83d"]) | st.floats(),
    lambda inner: (
        st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from((*NAMES, "turn", "output")), inner)
    ),
    max_leaves=6,
)
KINDS = ("response.created", "response.completed", "response.output_text.delta", "response.output_item.done")
FIELDS = st.fixed_dictionaries({}, optional=dict.fromkeys((*NAMES, "created_at", "completed_at"), VALUES))


@example([("response.output_text.delta", {"output_index": [], "content_index": {}, "delta": "x"})])
@example([("run.tool_returned", {"call": {"call_id": []}})])
@given(st.lists(st.tuples(st.sampled_from((*KINDS, "run.tool_returned")), FIELDS), min_size=1, max_size=4))
def test_events_may_say_anything(given: list[tuple[str, dict[str, Any]]]) -> None:
    line, records = timeline(as_source([{**fields, "type": kind} for kind, fields in given], None))
    assert len(json_of(line.to_data(records))["events"]) == len(given)


@given(st.lists(FIELDS, min_size=1, max_size=3), VALUES)
def test_turns_of_a_run_may_say_anything(responses: list[dict[str, Any]], item: Any) -> None:
    turns = [{"input": [item], "response": response, "outputs": [item]} for response in responses]
    line, records = timeline(as_source({"turns": turns}, None))
    assert len(json_of(line.to_data(records))["events"]) == 2 * len(turns) + 1


@given(st.lists(FIELDS, min_size=1, max_size=3), VALUES)
def test_lines_of_a_journal_may_say_anything(bodies: list[dict[str, Any]], error: Any) -> None:
    lines = [{"custom_id": "7", "response": {"body": body}, "error": error} for body in bodies]
    line, records = timeline(as_source(lines, None))
    assert len(json_of(line.to_data(records))["events"]) == len(lines)


def test_count_of_tokens_that_is_not_a_number_is_not_added() -> None:
    usages = [{"input_tokens": {"a": 1}}, {"input_tokens": 2, "output_tokens": 1, "total_tokens": 3}]
    turns = [{"response": {"usage": usage}} for usage in usages]
    assert dict(made_run(turns).facts)["usage"] == "3 tokens (2 input, 1 output)"


def test_item_of_a_run_may_have_a_response() -> None:
    item = {"response": {"status": "completed"}}
    assert [label for _, label, _, _ in made_run([{"input": [item], "response": {}}]).events] == [
        "message",
        "turn 1: response",
    ]


def made_run(turns: list[dict[str, Any]]) -> Timeline:
    return timeline(as_source({"turns": turns}, None))[0]


def json_of(data: Any) -> Any:
    """Return data as a browser reads them, which refuses NaN."""

    def refuse(name: str) -> None:
        raise AssertionError(f"{name} is not valid JSON")

    return json.loads(to_script_data(data), parse_constant=refuse)
