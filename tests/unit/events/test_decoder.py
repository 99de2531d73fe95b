"""Bytes of a stream become typed events; odd ones are typed all the same, or are an error of this package."""

import json
import logging
import subprocess
import sys
from typing import Any

import pytest

from responses_client._base.http import ResponseMeta
from responses_client._events.decoder import MAX_KEPT_BYTES, EventDecoder, tag_of
from responses_client.errors import ResponseValidationError
from responses_client.models import (
    ClickAction,
    ComputerCall,
    ErrorEvent,
    FunctionCallArgumentsDone,
    Keepalive,
    OutputItemDone,
    OutputTextDelta,
    ReasoningTextDelta,
    ResponseCompleted,
    ResponseInProgress,
    UnknownEvent,
    UnknownItem,
)

DELTA = {"type": "response.output_text.delta", "delta": "Tea"}
COMPLETED = {"type": "response.completed", "response": {"id": "resp_1", "status": "completed"}}
META = ResponseMeta.build(
    200, {"x-request-id": "req_1"}, elapsed=0, tries=1, method="POST", url="https://api.example/v1/responses"
)


def replayed(made: EventDecoder) -> list[Any]:
    return [event for events in made.replay() for event in events]


def frame(value: object, name: str | None = None) -> bytes:
    """Write a frame with the value as its data; a text is taken as it is."""
    data = value if isinstance(value, str) else json.dumps(value)
    return ("" if name is None else f"event: {name}\n").encode() + f"data: {data}\n\n".encode()


def decoder(*, strict: bool = False, limit: int = 2**20) -> EventDecoder:
    return EventDecoder(limit, strict, META)


def decoded(*frames: bytes, strict: bool = False) -> tuple[list[Any], ResponseValidationError | None]:
    made = decoder(strict=strict)
    return made.feed(b"".join(frames)), made.failure


KINDS: dict[str, tuple[bytes, type, dict[str, Any]]] = {
    "name and type": (frame(DELTA, DELTA["type"]), OutputTextDelta, DELTA),
    "type alone": (frame(DELTA), OutputTextDelta, DELTA),
    "type not first": (frame({"delta": "Tea", "type": DELTA["type"]}), OutputTextDelta, DELTA),
    "name alone": (frame({"delta": "Tea"}, DELTA["type"]), OutputTextDelta, {"delta": "Tea"}),
    "a null for the type": (
        frame({"delta": "Tea", "type": None}, DELTA["type"]),
        UnknownEvent,
        {"delta": "Tea", "type": None},
    ),
    "a name that says nothing": (frame(DELTA, "message"), OutputTextDelta, DELTA),
    "another name": (frame(DELTA, "response.refusal.delta"), OutputTextDelta, DELTA),
    "a name of the end": (frame(DELTA, "response.completed"), OutputTextDelta, DELTA),
    "a name of an error": (frame(DELTA, "error"), OutputTextDelta, DELTA),
    "an unknown name": (frame(DELTA, "response.tea.poured"), OutputTextDelta, DELTA),
    "an unknown type": (
        frame({"type": "tea.poured", "cup": {"size": 1.0}}, DELTA["type"]),
        UnknownEvent,
        {"type": "tea.poured", "cup": {"size": 1.0}},
    ),
    "neither": (frame({"cup": 1}), UnknownEvent, {"cup": 1}),
    "a type that is no text": (frame({"type": 7, "cup": 1}), UnknownEvent, {"type": 7, "cup": 1}),
    "blanks": (frame(' \t{ "type" : "keepalive" } '), Keepalive, {"type": "keepalive"}),
    "ping": (frame({}, "ping"), Keepalive, {}),
    "a type escaped": (
        frame('{"type": "response\\u002eoutput_text.delta", "delta": "Tea"}'),
        OutputTextDelta,
        DELTA,
    ),
    "keys twice": (frame('{"type": "keepalive", "a": 1, "a": 2}'), Keepalive, {"type": "keepalive", "a": 2}),
    "a large number": (
        frame({"type": "keepalive", "a": 10**30, "sequence_number": 2**70}),
        Keepalive,
        {"type": "keepalive", "a": 10**30, "sequence_number": 2**70},
    ),
}


@pytest.mark.parametrize(("body", "kind", "wire"), KINDS.values(), ids=KINDS.keys())
@pytest.mark.parametrize("times", [1, 3])
def test_the_type_says_which_event_it_is_or_else_the_name(
    body: bytes, kind: type, wire: dict[str, Any], times: int
):
    events, failure = decoded(body * times)
    assert failure is None
    assert [type(event) for event in events] == [kind] * times
    assert [event.to_dict() for event in events] == [wire] * times


NAMES_OF_REASONING = ["response.reasoning_text.delta", "response.reasoning.delta"]


@pytest.mark.parametrize("name", NAMES_OF_REASONING)
@pytest.mark.parametrize("line", [None, *NAMES_OF_REASONING])
def test_an_event_with_several_types_has_the_one_that_came(name: str, line: str | None):
    wire = {"type": name, "delta": "Hm.", "content_index": 0}
    body = frame(wire, line) * 2
    events, failure = decoded(body)
    assert failure is None
    assert [type(event) for event in events] == [ReasoningTextDelta] * 2
    assert [event.type for event in events] == [event.wire_type for event in events] == [name] * 2
    assert [event.to_dict() for event in events] == [wire] * 2


@pytest.mark.parametrize("name", NAMES_OF_REASONING)
@pytest.mark.parametrize("index", [0, 0.0, "0"])
def test_the_type_may_stand_in_the_event_line_alone(name: str, index: object):
    wire = {"delta": "Hm.", "content_index": index}
    decoder = EventDecoder(1000, strict=False)
    first, second = decoder.feed(frame(wire, name) * 2)
    for event in (first, second, *replayed(decoder)):
        assert type(event) is ReasoningTextDelta
        assert (event.type, event.wire_type, event.to_dict()) == (name, name, wire)


NO_EVENTS = ["", " ", "[DONE]", " [DONE] "]


@pytest.mark.parametrize("text", NO_EVENTS)
@pytest.mark.parametrize("name", [None, "ping", DELTA["type"], "response.completed"])
def test_frames_without_an_event_are_passed_over(text: str, name: str | None):
    made = decoder(strict=True)
    assert [type(event) for event in made.feed(frame(text, name) + frame(DELTA))] == [OutputTextDelta]
    assert made.has_done_marker == ("DONE" in text)
    assert made.failure is None


@pytest.mark.parametrize("text", ["null", "5", '"tea"', "[]", "true"])
def test_json_that_is_not_an_object_is_skipped_unless_strict(text: str, caplog: pytest.LogCaptureFixture):
    events, failure = decoded(frame(text), frame(DELTA))
    assert (len(events), failure) == (1, None)
    assert "expected a JSON object, got" in caplog.text
    events, failure = decoded(frame(text), frame(DELTA), strict=True)
    assert events == []
    assert "must be a JSON object, got" in str(failure)
    assert failure is not None
    assert failure.request_id == "req_1"


NO_JSON = {
    "torn": '{"type": "keepalive"',
    "text": "Bad gateway",
    "two": "{} {}",
    "deep": '{"type": "keepalive", "a": ' + "[" * 1000 + "]" * 1000 + "}",
    "thousands of digits": '{"type": "keepalive", "a": ' + "9" * 5000 + "}",
}


@pytest.mark.parametrize("text", NO_JSON.values(), ids=NO_JSON.keys())
@pytest.mark.parametrize("strict", [False, True])
@pytest.mark.parametrize("name", [None, "keepalive"])
def test_invalid_json_ends_the_stream_and_is_quoted(text: str, strict: bool, name: str | None):
    events, failure = decoded(frame(DELTA), frame(text, name), frame(DELTA), strict=strict)
    assert [type(event) for event in events] == [OutputTextDelta]
    assert failure is not None
    assert "A stream event is not valid JSON" in str(failure)
    assert text[:20] in str(failure)
    assert failure.request_id == "req_1"


MENDED = {
    "half of a surrogate pair": (b'{"type": "response.output_text.delta", "delta": "a\\ud83d"}', "a\ufffd"),
    "the other half": (b'{"type": "response.output_text.delta", "delta": "\\uDE00b"}', "\ufffdb"),
    "halves in the wrong order": (
        b'{"type": "response.output_text.delta", "delta": "\\ude00\\ud83d"}',
        "\ufffd\ufffd",
    ),
    "beside a pair": (
        b'{"type": "response.output_text.delta", "delta": "\\ud83d\\ude00\\ud83d"}',
        "\U0001f600\ufffd",
    ),
    "beside what looks like one": (
        b'{"type": "response.output_text.delta", "delta": "\\\\ud83d\\n\\ud83d"}',
        "\\ud83d\n\ufffd",
    ),
    "no UTF-8": (b'{"type": "response.output_text.delta", "delta": "\xff\xc3"}', "\ufffd\ufffd"),
    "byte order mark": (b'\xef\xbb\xbf{"type": "response.output_text.delta", "delta": "a"}', "a"),
}


@pytest.mark.parametrize(("data", "delta"), MENDED.values(), ids=MENDED.keys())
@pytest.mark.parametrize("name", [b"", b"event: response.output_text.delta\n"])
def test_invalid_characters_are_replaced_unless_strict(
    data: bytes, delta: str, name: bytes, caplog: pytest.LogCaptureFixture
):
    body = name + b"data: " + data + b"\n\n"
    (event,), failure = decoded(body)
    assert failure is None
    assert event.delta == delta
    assert "U+FFFD" in caplog.text
    assert "not valid JSON" in str(decoded(body, strict=True)[1])


def test_numbers_that_json_does_not_have_are_kept():
    body = frame(
        '{"type": "response.output_text.delta", "delta": "", "logprobs": [{"token": "", "logprob": -Infinity}]}'
    )
    (event,), _ = decoded(body)
    assert event.logprobs[0].logprob == float("-inf")
    assert '"logprob":-Infinity' in event.to_json()


MALFORMED = {
    "wrong type": ({**DELTA, "delta": 5}, "delta"),
    "nothing in it": ({"type": DELTA["type"]}, "delta"),
    "nothing to say": ({"type": "response.output_item.done"}, "item"),
    "a text for an object": ({"type": "response.created", "response": "resp_1"}, "response"),
}


@pytest.mark.parametrize(("value", "path"), MALFORMED.values(), ids=MALFORMED.keys())
@pytest.mark.parametrize("is_named", [False, True])
def test_a_malformed_event_is_unknown_or_an_error_when_strict(
    value: dict[str, Any], path: str, is_named: bool
):
    body = frame(value, value["type"] if is_named else None)
    (event, last), failure = decoded(body, frame(DELTA))
    assert failure is None
    assert type(event) is UnknownEvent
    assert type(last) is OutputTextDelta
    assert event.wire_type == value["type"]
    assert event.to_dict() == value
    assert event.validation_error is not None
    assert event.validation_error.path == path
    events, failure = decoded(frame(DELTA), body, strict=True)
    assert len(events) == 1
    assert failure is not None
    assert failure.path == path
    assert failure.request_id == "req_1"
    assert "strict=False" in str(failure)


MALFORMED_FIELDS = {
    "a text for a number": ("sequence_number", "5", "sequence_number"),
    "a truth for a number": ("output_index", True, "output_index"),
    "inside a list": ("logprobs", [{"token": "a", "logprob": "b"}], "logprobs[0].logprob"),
    "nothing in a list": ("logprobs", [None], "logprobs[0]"),
}


@pytest.mark.parametrize(("field", "raw", "path"), MALFORMED_FIELDS.values(), ids=MALFORMED_FIELDS.keys())
@pytest.mark.parametrize("is_named", [False, True])
def test_a_malformed_field_costs_an_event_nothing_else_unless_strict(
    field: str, raw: object, path: str, is_named: bool, caplog: pytest.LogCaptureFixture
):
    value = {**DELTA, field: raw}
    body = frame(value, value["type"] if is_named else None)
    (event, last), failure = decoded(body, frame(DELTA))
    assert failure is None
    assert type(event) is type(last) is OutputTextDelta
    assert (event.delta, getattr(event, field), event.model_extra) == (
        DELTA["delta"],
        getattr(last, field),
        {field: raw},
    )
    assert event.to_dict() == value
    assert len(caplog.messages) == 1
    assert path in caplog.text
    _, failure = decoded(body, strict=True)
    assert failure is not None
    assert failure.path == path


def test_events_with_a_malformed_field_are_replayed_without_another_warning(caplog: pytest.LogCaptureFixture):
    decoder = EventDecoder(1000, strict=False)
    decoder.feed(
        frame({**DELTA, "output_index": "0"}) + frame({**DELTA, "delta": 5}) + frame({"type": "poem"})
    )
    events = [event for events in decoder.replay() for event in events]
    assert [type(event) for event in events] == [OutputTextDelta, UnknownEvent, UnknownEvent]
    assert len(caplog.messages) == 2


@pytest.mark.parametrize(
    ("item", "path"),
    [
        ({"type": "message", "role": "user", "content": []}, "item.role"),
        (None, "item"),
        ("tea", "item"),
    ],
)
def test_a_malformed_part_spoils_itself_alone_unless_strict(item: object, path: str):
    body = frame({"type": "response.output_item.done", "item": item})
    (event,), failure = decoded(body)
    assert failure is None
    assert type(event) is OutputItemDone
    assert type(event.item) is UnknownItem
    _, failure = decoded(body, strict=True)
    assert failure is not None
    assert failure.path == path


ERRORS = {
    "flat": {"type": "error", "code": "c", "message": "m", "param": None},
    "nested": {"type": "error", "error": {"type": "t", "code": "c", "message": "m"}},
    "nested, with a status": {"type": "error", "status": 429, "error": {"code": "c", "message": "m"}},
    "without a type": {"error": {"code": "c", "message": "m"}},
    "a null for its type": {"type": None, "error": {"code": "c", "message": "m"}},
    "a text": {"error": "m"},
    "a number for its code": {"type": "error", "code": 502, "message": "m"},
    "a number for its code, nested": {"error": {"code": 502, "message": "m"}},
    "nothing": {"type": "error"},
}


@pytest.mark.parametrize("value", ERRORS.values(), ids=ERRORS.keys())
@pytest.mark.parametrize("name", [None, "error", "message"])
@pytest.mark.parametrize("strict", [False, True])
def test_an_error_event_of_any_form_is_one(value: dict[str, Any], name: str | None, strict: bool):
    made = decoder(strict=strict)
    (event,) = made.feed(frame(value, name) + frame(DELTA))
    assert type(event) is ErrorEvent
    assert event.to_dict() == value
    assert made.end is event
    assert made.failure is None


@pytest.mark.parametrize("value", [{"type": "server_error", "message": "m"}, {"message": "m"}, {"type": 7}])
def test_the_name_of_an_error_is_enough(value: dict[str, Any]):
    (event,), _ = decoded(frame(value, "error"))
    assert type(event) is ErrorEvent
    assert event.to_dict() == value


ENDS = ["response.completed", "response.incomplete", "response.failed", "response.cancelled"]


@pytest.mark.parametrize("kind", ENDS)
@pytest.mark.parametrize("value", [{"response": {"id": "resp_1"}}, {"response": None}, {}])
@pytest.mark.parametrize("names", [True, False])
def test_nothing_is_read_after_a_terminal_event(kind: str, value: dict[str, Any], names: bool):
    made = decoder()
    end = {"type": kind, **value}
    events = made.feed(frame(DELTA) + frame(end, kind if names else None) + frame(DELTA) + frame("no JSON"))
    assert [event.to_dict() for event in events] == [DELTA, end]
    assert made.end is events[-1]
    assert made.failure is None


@pytest.mark.parametrize("strict", [False, True])
def test_an_event_that_is_too_large_is_an_error_after_those_before_it(strict: bool):
    made = decoder(strict=strict, limit=100)
    assert [event.to_dict() for event in made.feed(frame(DELTA) + b"data: " + b"x" * 100)] == [DELTA]
    assert made.failure is not None
    assert "larger than 100 bytes (max_event_bytes)" in str(made.failure)
    assert made.failure.request_id == "req_1"
    assert [event.to_dict() for event in replayed(made)] == [DELTA]


def test_the_end_gives_out_an_event_without_its_blank_line():
    made = decoder()
    assert made.feed(frame(COMPLETED).rstrip()) == []
    assert [type(event) for event in made.finish()] == [ResponseCompleted]
    assert made.end is not None
    assert not made.is_truncated


def test_an_event_is_torn_when_the_bytes_end_inside():
    made = decoder()
    made.feed(frame(DELTA) + frame(DELTA)[:-10])
    assert made.finish() == []
    assert made.is_truncated


@pytest.mark.parametrize("value", [{**DELTA, "delta": 5}, [1]])
def test_a_malformed_event_at_the_end_is_not_torn(value: object):
    made = decoder(strict=True)
    made.feed(frame(value).rstrip())
    assert made.finish() == []
    assert made.failure is not None
    assert not made.is_truncated


def test_events_are_given_again_once_for_the_snapshot(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.WARNING)
    made = decoder()
    body = [frame(DELTA, DELTA["type"]), frame({"type": "tea.poured"}), frame({**DELTA, "delta": 5})]
    odd = [frame("5"), frame("no JSON"), frame("[DONE]"), frame({"delta": "Tea"}, DELTA["type"])]
    made.feed(b"".join(body))
    caplog.clear()
    assert [type(event) for event in replayed(made)] == [OutputTextDelta, UnknownEvent, UnknownEvent]
    assert replayed(made) == []
    made.keep(b"".join(odd))
    made.keep(frame(COMPLETED) + frame(DELTA))
    assert [type(event) for event in replayed(made)] == [OutputTextDelta, ResponseCompleted]
    made.keep(frame(DELTA))
    assert replayed(made) == []
    assert caplog.text == ""


@pytest.mark.parametrize("is_named", [False, True])
@pytest.mark.parametrize("strict", [False, True])
def test_whole_floats_are_integers_in_events_and_for_the_snapshot(strict: bool, is_named: bool):
    delta = {**DELTA, "sequence_number": 4.0, "output_index": 0.0}
    call = {"type": "computer_call", "call_id": "c", "action": {"type": "click", "x": 9.0, "y": 3}}
    done = {"type": "response.output_item.done", "item": call, "sequence_number": 5}
    made = decoder(strict=strict)
    body = [frame(event, str(event["type"]) if is_named else None) for event in (delta, done)]
    for first, second in (made.feed(b"".join(body)), replayed(made)):
        assert type(first) is OutputTextDelta
        assert (first.sequence_number, first.output_index) == (4, 0)
        assert first.to_dict() == delta
        assert '"sequence_number":4.0' in first.to_json()
        assert isinstance(second, OutputItemDone)
        assert isinstance(second.item, ComputerCall)
        assert isinstance(second.item.action, ClickAction)
        assert (second.item.action.x, second.item.action.y) == (9, 3)
        assert second.to_dict() == done
    assert made.failure is None


def test_whole_float_does_not_hide_another_mistake():
    value = {**DELTA, "sequence_number": 4.0, "delta": 5}
    (event,), _ = decoded(frame(value))
    assert type(event) is UnknownEvent
    assert event.sequence_number == 4
    assert event.to_dict() == value
    _, failure = decoded(frame(value), strict=True)
    assert failure is not None
    assert failure.path == "delta"


def test_a_name_that_misleads_does_not_mislead_the_snapshot():
    made = decoder()
    call = {"type": "response.function_call_arguments.done", "arguments": "{}"}
    made.feed(frame(call) + frame(DELTA))
    replayed(made)
    made.feed(frame({"arguments": "{}", "type": call["type"]}, DELTA["type"]) + frame(call, DELTA["type"]))
    assert [type(event) for event in replayed(made)] == [FunctionCallArgumentsDone] * 2


def test_snapshots_have_the_events_after_an_error():
    made = decoder()
    made.feed(frame({"type": "error", "message": "m"}) + frame({**COMPLETED, "type": "response.failed"}))
    made.keep(frame({"type": "response.in_progress", "response": {}}))
    assert [event.type for event in replayed(made)] == ["error", "response.failed"]


def test_snapshots_see_the_last_event_without_its_blank_line():
    made = decoder()
    made.feed(frame({"type": "response.in_progress", "response": {"id": "resp_1"}}).rstrip())
    assert replayed(made) == []
    made.finish()
    assert [type(event) for event in replayed(made)] == [ResponseInProgress]


def test_little_is_kept_for_snapshots():
    made = decoder()
    made.feed(b": hello\n\n")
    assert made.kept_bytes < MAX_KEPT_BYTES
    made.keep(b": " + b"x" * 9_000_000)
    assert made.kept_bytes > MAX_KEPT_BYTES
    replayed(made)
    assert made.kept_bytes < MAX_KEPT_BYTES


@pytest.mark.parametrize("size", [1, 3, 40, 1000])
def test_kept_bytes_are_searched_across_chunks(size: int):
    made = decoder()
    body = frame(DELTA) * 3
    for start in range(0, len(body), size):
        made.feed(body[start : start + size])
    assert made.has_kept(b"response.output_text.delta")
    assert not made.has_kept(b"response.refusal.delta")
    assert not made.has_kept(b"response.output_text.delta", 1, 2)


def test_items_and_annotations_are_noted_until_the_next_replay():
    made = decoder()
    item = {"type": "message", "role": "assistant", "content": []}
    citation = {"type": "url_citation", "url": "u"}
    begun = {"type": "response.output_item.added", "item": item}
    noted = [begun, {**begun, "type": "response.output_item.done"}]
    noted.append({"type": "response.output_text.annotation.added", "annotation": citation})
    made.feed(b"".join(frame(one) for one in (*noted, DELTA)))
    assert [(event.to_dict(), chunks) for event, chunks in made.noted] == [(one, 1) for one in noted]
    assert len(replayed(made)) == 4
    assert made.noted == []
    for discard in (made.skip_kept, made.discard_kept):
        made.feed(frame(begun))
        assert len(made.noted) == 1
        discard()
        assert made.noted == []


CONCURRENT_FIRST_USE = """
import json, threading
from responses_client._events.decoder import EventDecoder
from responses_client.models import *

TEXT = {"type": "output_text", "text": "a", "annotations": [{"type": "url_citation", "url": "u"}]}
ITEM = {"type": "message", "role": "assistant", "content": [TEXT]}
WIRE = [
    {"type": "response.created", "response": {"id": "r", "output": [ITEM], "tools": [{"type": "shell"}]}},
    {"type": "response.output_text.delta", "delta": "a", "logprobs": [{"token": "a", "logprob": -1}]},
    {"type": "response.output_item.done", "item": ITEM},
    {"type": "response.completed", "response": {"id": "r", "usage": {"input_tokens": 1}, "output": [ITEM]}},
]
BODY = "".join(f"event: {event['type']}\\ndata: {json.dumps(event)}\\n\\n" for event in WIRE).encode()
start, wrong = threading.Barrier(24), []

def work():
    try:
        start.wait()
        events = EventDecoder(10**6, False).feed(BODY)
        assert [event.to_dict() for event in events] == WIRE
        assert [type(event) for event in events] == [ResponseCreated, OutputTextDelta, OutputItemDone, ResponseCompleted]
        part = events[-1].response.output[0].content[0]
        assert (type(part), type(part.annotations[0])) == (OutputText, UrlCitation)
        assert type(Response.from_dict(WIRE[0]["response"]).tools[0]) is ShellTool
        assert FunctionCall(call_id="c", name="n", arguments="", async_=True).to_dict()["async"] is True
    except BaseException as error:
        wrong.append(repr(error))

threads = [threading.Thread(target=work) for _ in range(24)]
[thread.start() for thread in threads]
[thread.join() for thread in threads]
print(len(wrong), *wrong[:1])
"""


@pytest.mark.parametrize("attempt", range(3))
def test_many_threads_may_build_the_validators_at_once(attempt: int):
    done = subprocess.run(
        [sys.executable, "-c", CONCURRENT_FIRST_USE], capture_output=True, text=True, timeout=60, check=False
    )
    assert (done.stdout.strip(), done.stderr) == ("0", "")


def test_event_counts_as_its_class_or_as_the_type_that_came() -> None:
    (named,), _ = decoded(frame({"type": "server_error", "message": "no"}, "error"))
    (malformed,), _ = decoded(frame({"type": "response.completed", "response": 5}))
    (known,), _ = decoded(frame(DELTA))

    assert (named.type, named.wire_type, tag_of(named)) == ("error", "server_error", "error")
    assert (malformed.type, tag_of(malformed)) == ("unknown", "response.completed")
    assert tag_of(known) == DELTA["type"]
