"""How a stream ends: one outcome, with all that came."""

import copy
import json
import pickle
import subprocess
import sys
from collections import deque
from typing import Any

import pytest

from responses_client._base.http import ResponseMeta
from responses_client._base.redaction import Redactor
from responses_client._events import stream_state as _state
from responses_client._events.decoder import EventDecoder
from responses_client._events.stream_state import StreamState
from responses_client.errors import ResponseValidationError, StreamError, StreamInterrupted
from responses_client.models import OutputTextDelta, ResponseCompleted, UnknownEvent

CREATED = {
    "type": "response.created",
    "sequence_number": 0,
    "response": {"id": "resp_1", "status": "in_progress"},
}
DELTA = {"type": "response.output_text.delta", "sequence_number": 1, "delta": "Tea", "output_index": 0}
MESSAGE = {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": "Tea."}]}
COMPLETED = {
    "type": "response.completed",
    "sequence_number": 2,
    "response": {"id": "resp_1", "status": "completed", "output": [MESSAGE]},
}
FAILED = {
    "type": "response.failed",
    "sequence_number": 3,
    "response": {"id": "resp_1", "status": "failed", "error": {"code": "server_error", "message": "m"}},
}
ERROR = {"type": "error", "sequence_number": 2, "code": "server_error", "message": "The kettle is broken."}
META = ResponseMeta.build(
    200, {"x-request-id": "req_1"}, elapsed=0, tries=1, method="POST", url="https://api.example/v1/responses"
)


def frame(value: object) -> bytes:
    return f"data: {value if isinstance(value, str) else json.dumps(value)}\n\n".encode()


def state_after(*values: object, ends: bool = False, strict: bool = False, limit: int = 2**20) -> StreamState:
    """Make a state, feed it each value as a chunk, and tell it the end."""
    state = StreamState(deque(), limit, strict, META)
    for value in values:
        state.feed(value if isinstance(value, bytes) else frame(value))
    if ends:
        state.end()
    return state


@pytest.mark.parametrize("kind", ["completed", "incomplete", "failed", "cancelled"])
def test_a_terminal_event_ends_the_stream_well(kind: str):
    end = {"type": f"response.{kind}", "response": {"id": "resp_1", "status": kind, "output": [MESSAGE]}}
    state = state_after(CREATED, DELTA, end)
    assert (state.has_terminal_event, state.has_ended, state.count) == (True, True, 3)
    assert state.failure() is None
    snapshot = state.snapshot()
    assert snapshot is not None
    assert snapshot.to_dict() == end["response"]
    assert snapshot.meta is META


@pytest.mark.parametrize(
    ("kind", "response", "status"),
    [
        ("completed", {"id": "resp_1"}, "completed"),
        ("completed", {}, "completed"),
        ("completed", None, "completed"),
        ("incomplete", {"id": "resp_1", "status": None}, "incomplete"),
        ("failed", {"id": "resp_1", "status": "in_progress"}, "failed"),
        ("cancelled", {"id": "resp_1", "status": "queued"}, "cancelled"),
        ("completed", {"id": "resp_1", "status": "done"}, "done"),
        ("completed", {"id": "resp_1", "status": "failed"}, "failed"),
    ],
)
def test_the_type_of_the_end_gives_the_status_if_the_response_does_not(
    kind: str, response: object, status: str
):
    state = state_after(CREATED, {"type": f"response.{kind}", "response": response})
    assert state.has_terminal_event
    snapshot = state.snapshot()
    assert snapshot is not None
    assert (snapshot.id, snapshot.status) == ("resp_1", status)
    assert state.snapshot() is snapshot


def test_a_terminal_event_alone_gives_a_response():
    snapshot = state_after({"type": "response.failed"}).snapshot()
    assert snapshot is not None
    assert (snapshot.status, snapshot.output) == ("failed", [])


def test_events_after_the_terminal_one_in_its_chunk_are_discarded():
    state = state_after(frame(CREATED) + frame(COMPLETED) + frame(DELTA) + frame("no JSON") + frame(ERROR))
    assert [event.type for event in state.events] == ["response.created", "response.completed"]
    assert state.failure() is None
    snapshot = state.snapshot()
    assert snapshot is not None
    assert snapshot.output_text == "Tea."


INTERRUPTIONS: dict[str, tuple[list[object], str, int | None]] = {
    "nothing": ([], "the answer has no events", None),
    "comments": ([b": ping\n\n"], "the answer has no events", None),
    "closed": ([CREATED, DELTA], "the connection was closed", 1),
    "torn": ([CREATED, DELTA, frame(DELTA)[:30]], "the connection ended inside an event", 1),
    "torn in a character": ([CREATED, b'data: {"delta": "\xc3'], "the connection ended inside an event", 0),
    "[DONE]": ([CREATED, DELTA, "[DONE]"], "the server wrote [DONE] before it", 1),
    "an unknown event last": (
        [CREATED, {"type": "tea.poured", "sequence_number": 7}],
        "the connection was closed",
        7,
    ),
    "no numbers": (
        [{"type": "response.created", "response": {"id": "resp_1"}}],
        "the connection was closed",
        None,
    ),
}


@pytest.mark.parametrize(("values", "reason", "number"), INTERRUPTIONS.values(), ids=INTERRUPTIONS.keys())
@pytest.mark.parametrize("strict", [False, True])
def test_an_end_without_a_terminal_event_is_an_interruption(
    values: list[object], reason: str, number: int | None, strict: bool
):
    state = state_after(*values, ends=True, strict=strict)
    error = state.failure()
    assert isinstance(error, StreamInterrupted)
    assert (error.reason, error.last_sequence_number) == (reason, number)
    assert state.has_ended
    assert not state.has_terminal_event
    assert error.meta is META
    assert error.response_id == ("resp_1" if state.count else None)
    assert (error.partial is None) == (not state.count)
    if error.partial is not None:
        assert error.partial.meta is META
        assert error.partial.output_text == ("Tea" if DELTA in values else "")


def test_a_torn_event_is_the_cause():
    error = state_after(CREATED, b'data: {"delta": ', ends=True).failure()
    assert error is not None
    assert isinstance(error.__cause__, ResponseValidationError)
    assert '{\\"delta\\":' in str(error.__cause__) or '{"delta":' in str(error.__cause__)


def test_a_broken_connection_is_an_interruption():
    state = state_after(CREATED, DELTA)
    assert not state.has_ended
    assert state.failure() is None
    state.interrupt("the connection was reset")
    error = state.failure()
    assert state.has_ended
    assert isinstance(error, StreamInterrupted)
    assert error.reason == "the connection was reset"
    assert error.partial is not None
    assert error.partial.output_text == "Tea"


def test_a_terminal_event_without_a_blank_line_ends_the_stream_well():
    state = state_after(CREATED, frame(COMPLETED).rstrip(), ends=True)
    assert state.has_terminal_event
    assert state.failure() is None
    assert [event.type for event in state.events] == ["response.created", "response.completed"]


def test_an_error_without_a_blank_line_is_an_error():
    state = state_after(CREATED, frame(ERROR).rstrip(), ends=True)
    assert isinstance(state.failure(), StreamError)


ERRORS = {
    "flat": ERROR,
    "nested": {
        "type": "error",
        "sequence_number": 2,
        "error": {"code": "server_error", "message": "The kettle is broken."},
    },
    "without a type": {
        "sequence_number": 2,
        "error": {"code": "server_error", "message": "The kettle is broken."},
    },
    "malformed": {**ERROR, "param": 5},
}


@pytest.mark.parametrize("value", ERRORS.values(), ids=ERRORS.keys())
@pytest.mark.parametrize("strict", [False, True])
def test_an_error_event_is_an_error_and_not_given_out(value: dict[str, Any], strict: bool):
    state = state_after(CREATED, DELTA, value, strict=strict)
    assert (state.has_ended, state.has_terminal_event, state.count) == (True, False, 2)
    assert [event.type for event in state.events] == ["response.created", "response.output_text.delta"]
    error = state.failure()
    assert isinstance(error, StreamError)
    assert (error.code, error.message) == ("server_error", "The kettle is broken.")
    assert (error.response_id, error.last_sequence_number, error.request_id) == ("resp_1", 2, "req_1")
    assert error.event is state.error_event
    assert error.partial is not None
    assert error.partial.output_text == "Tea"


@pytest.mark.parametrize("together", [True, False])
def test_the_failed_response_behind_an_error_is_its_partial_response(together: bool):
    state = state_after(CREATED, frame(ERROR) + frame(FAILED) if together else ERROR)
    if not together:
        state.feed_after_error(frame(FAILED))
    error = state.failure()
    assert isinstance(error, StreamError)
    assert error.partial is not None
    assert error.partial.to_dict() == FAILED["response"]
    assert error.last_sequence_number == 3


@pytest.mark.parametrize("status", [None, "in_progress"])
def test_the_failed_response_behind_an_error_has_failed_whatever_its_status(status: str | None):
    failed = {**FAILED, "response": {**FAILED["response"], "status": status}}
    error = state_after(CREATED, frame(ERROR) + frame(failed)).failure()
    assert isinstance(error, StreamError)
    assert error.partial is not None
    assert error.partial.status == "failed"


def test_a_secret_that_an_error_event_repeats_is_masked():
    secret = "0f1e2d3c4b5a6978"
    state = state_after({"type": "error", "message": f"Wrong key {secret}", "code": "invalid_api_key"})
    error = state.failure(Redactor([secret]))
    assert isinstance(error, StreamError)
    assert error.event is not None
    assert error.code == "invalid_api_key"
    assert "Wrong key ***" in str(error)
    assert not [text for text in (str(error), repr(error), error.event.to_json()) if secret in text]


def test_an_error_before_everything_has_no_partial_response():
    error = state_after(ERROR).failure()
    assert isinstance(error, StreamError)
    assert error.partial is None
    assert error.response_id is None


def test_invalid_json_is_an_error_after_earlier_events():
    state = state_after(frame(CREATED) + frame("Bad gateway") + frame(DELTA))
    assert [event.type for event in state.events] == ["response.created"]
    assert state.has_ended
    error = state.failure()
    assert isinstance(error, ResponseValidationError)
    assert error.request_id == "req_1"
    assert state.snapshot() is not None


@pytest.mark.parametrize("ends", [False, True])
def test_a_malformed_event_is_an_error_when_strict(ends: bool):
    body = frame({**DELTA, "delta": 5})
    state = state_after(CREATED, body.rstrip() if ends else body, ends=ends, strict=True)
    error = state.failure()
    assert isinstance(error, ResponseValidationError)
    assert error.path == "delta"
    assert state.count == 1


def test_a_malformed_event_is_given_out_and_has_no_effect():
    state = state_after(CREATED, {**DELTA, "delta": 5}, {"type": "response.output_item.done"}, DELTA)
    assert [type(event) for event in state.events][1:] == [UnknownEvent, UnknownEvent, OutputTextDelta]
    snapshot = state.snapshot()
    assert snapshot is not None
    assert snapshot.output_text == "Tea"


def test_an_event_that_is_too_large_is_an_error_with_the_earlier_events():
    state = state_after(frame(CREATED) + frame(DELTA) + b"data: " + b"x" * 300, limit=200)
    assert state.count == 2
    assert isinstance(state.failure(), ResponseValidationError)
    snapshot = state.snapshot()
    assert snapshot is not None
    assert snapshot.output_text == "Tea"


OTHER = {**MESSAGE, "content": [{"type": "output_text", "text": "Milk?"}]}


def done(item: dict[str, Any], index: int = 0) -> dict[str, Any]:
    return {"type": "response.output_item.done", "output_index": index, "item": item}


@pytest.mark.parametrize("looks", [True, False])
def test_an_item_that_the_terminal_event_lacks_is_kept_with_one_warning(
    looks: bool, caplog: pytest.LogCaptureFixture
):
    state = state_after(done(OTHER))
    if looks:
        state.snapshot()
    for value in (done(MESSAGE, 1), COMPLETED):
        state.feed(frame(value))
    for _ in range(2):
        snapshot = state.snapshot()
        assert snapshot is not None
        assert snapshot.to_dict()["output"] == [OTHER, MESSAGE]
    assert len(caplog.records) == 1


@pytest.mark.parametrize("looks", [True, False])
def test_a_text_that_the_terminal_event_lacks_is_that_of_the_pieces(looks: bool):
    state = state_after(DELTA)
    if looks:
        state.snapshot()
    state.feed(frame({**COMPLETED, "response": {"id": "resp_1", "output": [{**MESSAGE, "content": []}]}}))
    snapshot = state.snapshot()
    assert snapshot is not None
    assert snapshot.output_text == "Tea"


def test_a_whole_terminal_event_is_the_response_without_a_look_at_the_others(monkeypatch: pytest.MonkeyPatch):
    state = state_after(DELTA, done(MESSAGE), COMPLETED)
    monkeypatch.setattr(EventDecoder, "_parse_again", None)
    snapshot = state.snapshot()
    assert snapshot is not None
    assert snapshot.to_dict() == COMPLETED["response"]


def test_snapshots_neither_change_events_nor_share_with_them():
    state = state_after(CREATED, DELTA, COMPLETED)
    events = list(state.events)
    before = copy.deepcopy(events)
    snapshot = state.snapshot()
    assert snapshot is not None
    snapshot.output.clear()
    assert [event.to_dict() for event in events] == [CREATED, DELTA, COMPLETED]
    assert events == before
    assert isinstance(events[-1], ResponseCompleted)
    assert events[-1].response.meta is None


def test_a_snapshot_does_not_change_later():
    state = state_after(CREATED, DELTA)
    first = state.snapshot()
    state.feed(frame(DELTA))
    second = state.snapshot()
    assert first is not None
    assert second is not None
    assert (first.output_text, second.output_text) == ("Tea", "TeaTea")
    assert state.snapshot() is second


def test_bytes_are_folded_in_before_they_are_too_many(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(_state, "MAX_KEPT_BYTES", 1000)
    state = state_after(CREATED)
    replays: list[int] = []
    extend = state._accumulator.extend
    monkeypatch.setattr(
        state._accumulator, "extend", lambda events: (replays.append(len(events)), extend(events))
    )
    for _ in range(100):
        state.feed(frame(DELTA))
    assert len(replays) > 5
    assert max(replays) * len(frame(DELTA)) < 1500
    snapshot = state.snapshot()
    assert snapshot is not None
    assert snapshot.output_text == "Tea" * 100


@pytest.mark.parametrize("value", [ERROR, {"type": "error", "code": 5}])
def test_errors_of_streams_can_be_pickled_and_copied(value: dict[str, Any]):
    error = state_after(CREATED, DELTA, value).failure()
    assert isinstance(error, StreamError)
    for twin in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert str(twin) == str(error)
        assert twin.event == error.event
        assert twin.partial == error.partial
        assert twin.partial.meta == META


def test_invalid_json_keeps_the_events_before_it():
    error = state_after(CREATED, DELTA, "{oops").failure()
    assert isinstance(error, ResponseValidationError)
    assert (error.response_id, error.last_sequence_number) == ("resp_1", 1)
    assert error.partial is not None
    assert error.partial.output_text == "Tea"
    copied = pickle.loads(pickle.dumps(error))
    assert copied.partial == error.partial


@pytest.mark.parametrize("response", [5, "x", [], None])
def test_a_terminal_event_with_a_malformed_response_keeps_earlier_events(response: object):
    state = state_after(CREATED, DELTA, {"type": "response.completed", "response": response})
    assert (state.has_terminal_event, state.failure()) == (True, None)
    assert isinstance(state.events[-1], UnknownEvent)
    snapshot = state.snapshot()
    assert snapshot is not None
    assert (snapshot.status, snapshot.output_text) == ("completed", "Tea")


def test_unreadable_event_ends_the_stream_with_the_earlier_ones():
    state = state_after(CREATED, DELTA)
    error = ResponseValidationError("too large")
    state.fail(error)
    assert state.has_ended
    failure = state.failure()
    assert isinstance(failure, ResponseValidationError)
    assert str(failure) == str(error)
    assert failure is not error  # which would hold the state, once it is raised
    assert (failure.response_id, failure.last_sequence_number) == ("resp_1", 1)
    assert failure.partial is not None
    assert failure.partial.output_text == "Tea"


def test_position_is_the_last_event_that_was_read():
    state = state_after(CREATED, DELTA, {"type": "keepalive"})
    created, delta, keepalive = state.events

    assert state.position() == ("resp_1", 1)
    assert state.position([keepalive]) == ("resp_1", 1)
    assert state.position([delta, keepalive]) == ("resp_1", 0)
    assert state.position([created, delta, keepalive]) == ("resp_1", -1)


def test_position_is_not_known_without_numbers():
    state = state_after(CREATED, {**DELTA, "sequence_number": None})

    assert state.position() == ("resp_1", None)


LOADED = """
import sys
from collections import deque
from responses_client._base.http import ResponseMeta
from responses_client._events.stream_state import StreamState
meta = ResponseMeta.build(200, {}, elapsed=0, tries=1, method="POST", url="https://api.example/v1/responses")
state = StreamState(deque(), 2**20, False, meta)
for line in sys.stdin.buffer:
    state.feed(line + b"\\n")
assert state.count == 3 and state.has_terminal_event
names = ("accumulator", "items", "pieces")
print([name for name in names if f"responses_client._events.{name}" in sys.modules])
state.snapshot()
print([name for name in names if f"responses_client._events.{name}" in sys.modules])
"""


def test_a_stream_without_a_look_at_the_snapshot_loads_nothing_for_it():
    body = b"".join(frame(one).rstrip(b"\n") + b"\n" for one in (CREATED, DELTA, COMPLETED))
    found = subprocess.run([sys.executable, "-c", LOADED], input=body, capture_output=True, check=True)
    assert found.stdout.decode().split("\n")[:2] == ["[]", "['accumulator', 'items', 'pieces']"]


@pytest.mark.parametrize(("values", "has_events"), [((), False), (("event: x",), False), ((CREATED,), True)])
def test_stream_has_events_when_one_came(values: tuple[Any, ...], has_events: bool):
    state = state_after(*values)
    assert state.has_events is has_events
    state.interrupt("lost")
    state.reconnect(META, None)
    assert state.has_events is has_events


def test_last_numbered_event_is_known_before_anybody_looks_at_the_snapshot():
    state = state_after(CREATED, DELTA, {"type": "ping"})
    assert state.last_numbered is not None
    assert state.last_numbered.to_dict() == DELTA
