"""The sources of a page: files and objects, recognised by their content, without keys."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from call_items import call, output
from samples import response

from responses_client import RunResult, ToolReturned, Turn
from responses_client._report.sources import Source, as_source, read, to_script_data
from responses_client._tools.calls import as_item
from responses_client.models import Response

DELTA = {"type": "response.output_text.delta", "delta": "Hi"}
LINE = {"custom_id": "7", "response": {"status_code": 200, "body": {}}, "error": None}
RESPONSE = Response.from_dict(response("completed"))
RUN = RunResult((Turn((as_item({"role": "user", "content": "Hi"}),), RESPONSE),), "completed")


def lines(*records: object) -> str:
    return "\n".join(map(json.dumps, records))


@pytest.mark.parametrize(
    ("text", "kind", "count"),
    [
        (lines(DELTA, DELTA), "events", 2),
        (lines(DELTA), "events", 1),
        (json.dumps([DELTA, DELTA], indent=1), "events", 2),
        (lines(LINE, LINE), "journal", 2),
        (lines(LINE), "journal", 1),
        (RUN.to_json(), "run", 1),
        (RUN.to_json(indent=2), "run", 1),
        (RESPONSE.to_json(), "run", 1),
        (b"\xef\xbb\xbf" + lines(DELTA).encode(), "events", 1),
    ],
)
def test_file_is_recognised_by_its_content(text: str | bytes, kind: str, count: int) -> None:
    source = read(text)
    assert (source.kind, len(source.records), source.skipped) == (kind, count, 0)


def test_numbers_that_browsers_do_not_read_are_shown_as_text() -> None:
    assert read('{"type": "a", "n": [NaN, 1e999, 1.5]}').records == [
        {"type": "a", "n": ["nan", "inf", 1.5]},
    ]


def test_lines_that_are_not_objects_are_counted() -> None:
    source = read(f"{lines(DELTA)}\n\nnot JSON\n5\n{lines(DELTA)}\n", [0.0, 1.0, 2.0, 3.0, 4.5])
    assert (len(source.records), source.skipped, source.times) == (2, 2, [0.0, 4.5])


def test_times_of_fewer_lines_than_there_are_do_not_count() -> None:
    assert read(lines(DELTA, DELTA), [1.0]).times is None


@pytest.mark.parametrize("text", ["", "tea\x1b", "[]", "[5]", "{}", "5", '{"a": 1, "turns": 5}'])
def test_other_files_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="It has neither events, nor a saved run, nor lines of a journal"):
        read(text)


@pytest.mark.parametrize(
    ("given", "kind"),
    [
        (RUN, "run"),
        (RUN.to_dict(), "run"),
        (RUN.to_json(), "run"),
        (RESPONSE, "run"),
        ([DELTA], "events"),
        (iter([DELTA]), "events"),
        ([], "events"),
        ([LINE], "journal"),
    ],
)
def test_objects_are_recognised(given: Any, kind: str) -> None:
    assert as_source(given, None).kind == kind


def test_events_of_runs_become_data() -> None:
    called = as_item(call("c"))
    answer = as_item(output("c"))
    event = ToolReturned(1, called, answer, ValueError("no"), 0.5)
    turn = SimpleNamespace(_asdict=lambda: {"input": (called,), "other": {1: None}})
    [record, other] = as_source([event, turn], [3.0, 4.0]).records

    assert record["type"] == "run.tool_returned"
    assert record["call"]["call_id"] == "c"
    assert record["error"] == "ValueError('no')"
    assert other == {"input": [called.to_dict()], "other": {"1": None}}


@pytest.mark.parametrize(
    ("given", "times", "message"),
    [
        (5, None, "A page shows events, a run or a response, not int"),
        ([DELTA], [1.0, 2.0], "There are 2 times for 1 events"),
    ],
)
def test_other_objects_are_refused(given: Any, times: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        as_source(given, times)


def test_keys_are_masked() -> None:
    tool = {"type": "mcp", "authorization": "tea-and-milk", "headers": {"X": "secret"}}
    record = {
        "type": "e",
        "text": "my\nsk-abcdefgh12345678",
        "list": ["Bearer abcdefgh1234"],
        "tools": [tool],
    }
    shown = json.dumps(as_source([record], None).records)
    for secret in ("tea-and-milk", "secret", "abcdefgh"):
        assert secret not in shown


def test_script_data_cannot_end_its_element() -> None:
    text = to_script_data({"a": "</script><!--&\u2028\u202e\ud800"})
    assert text.isascii()
    assert not set("<>&") & set(text)
    assert json.loads(text) == {"a": "</script><!--&\u2028\u202e\ud800"}


def test_source_has_no_times_by_default() -> None:
    assert Source("events", []) == ("events", [], None, 0, {})
