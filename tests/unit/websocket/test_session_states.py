"""Sessions in any state that a user and a server can bring about: each stream receives its own events, and all of them.

A machine draws what happens next: requests with and without a stream, steering, events, errors, silence, lost
connections. It keeps its own books of what is owed to whom, and compares.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

import pytest
from fake_socket import (
    CLOSE,
    LOST,
    FakeSocket,
    Ping,
    Pong,
    Step,
    ask,
    completed,
    connection_of,
    created,
    delta,
    in_lane,
    session_over,
    use_socket_clock,
)
from hypothesis import event, given, settings
from hypothesis import strategies as st

from responses_client import EventStream
from responses_client._transport.protocols import run
from responses_client.errors import StreamError, StreamInterrupted
from responses_client.models import SteerFailed, SteerPending

SHARED_LANE = "a"


@dataclass
class Answer:
    """A response in the books: its place, its stream if it is read, and the events that the stream has not given yet."""

    number: int
    lane: str
    stream: EventStream | None
    is_raw: bool = False
    is_started: bool = False
    deltas: int = 0
    owed: deque[tuple[str, str]] = field(default_factory=deque)

    @property
    def id(self) -> str:
        return f"resp_{self.number}"


class Machine:
    """A session, its server, and the books."""

    def __init__(self) -> None:
        self.patch = pytest.MonkeyPatch()
        self.wire = FakeSocket(use_socket_clock(self.patch))
        self.session = session_over(self.wire, {"ping_interval": 10.0, "ping_timeout": 20.0})
        self.session.__enter__()
        self.connection = connection_of(self.session)
        self.answers: list[Answer] = []
        self.lanes: dict[str, list[Answer]] = {}
        self.unrouted: list[str] = []
        self.own_lanes = 0
        self.end: str | None = None  # how the connection ended
        self.others = 0  # events of `send` that may still be refused
        self.sent = 0

    # What the user does

    def ask(self, data: st.DataObject) -> None:
        """Request a response, in a lane of its own or in the one for several."""
        is_shared = data.draw(st.booleans(), "is_shared")
        if is_shared:
            self._add(SHARED_LANE, ask(self.session, stream_id=SHARED_LANE))
        else:
            stream = ask(self.session)
            self.own_lanes += 1
            self._add(f"rc-{self.own_lanes}", stream)

    def send_create(self, data: st.DataObject) -> None:
        """Request a response by hand; its events belong to no stream."""
        lane = data.draw(st.sampled_from([SHARED_LANE, "raw"]), "lane")
        self.session.send({"type": "response.create", "model": "m", "stream_id": lane})
        self._add(lane, None).is_raw = True

    def send_other(self, data: st.DataObject) -> None:
        """Send an event that no model knows, which the server may refuse by its id."""
        is_refused = data.draw(st.booleans(), "is_refused")
        self.others += 1
        self.sent += 1
        id = f"event_{self.sent}"
        self.session.send({"type": "x.note", "event_id": id, "stream_id": "notes"})
        if is_refused:
            error = {"type": "invalid_request_error", "message": "No", "event_id": id}
            self.wire.script.append({"type": "error", "error": error})
            self._pump()
            self.unrouted.append("error")
            self.others -= 1

    def read(self, data: st.DataObject) -> None:
        """Read an event that has been sent."""
        if owed := [answer for answer in self.answers if answer.stream and answer.owed]:
            self._read(data.draw(st.sampled_from(owed), "answer"))

    def close_stream(self, data: st.DataObject) -> None:
        """Close a stream; its events are discarded from then on."""
        if read := [answer for answer in self.answers if answer.stream]:
            answer = data.draw(st.sampled_from(read), "answer")
            cast("EventStream", answer.stream).close()
            answer.stream = None
            answer.owed.clear()

    def steer(self, data: st.DataObject) -> None:
        """Steer a response in progress; the server refuses, asks for more, or lets another one continue from it."""
        end = data.draw(st.sampled_from(["accepted", "failed", "pending"]), "end")
        started = [lane[0] for lane in self.lanes.values() if lane[0].is_started]
        if not started:
            return
        steered = data.draw(st.sampled_from(started), "steered")
        steering = self.session.steer(previous_response_id=steered.id, input="More")
        about = {"id": f"steer_{len(self.answers)}", "previous_response_id": steered.id}
        event(f"steer {end}")
        if end == "failed":
            failed = in_lane(steered.lane, "response.steer.failed", steer=about, error={"message": "No"})
            self.wire.script.append(failed)
            assert isinstance(steering.outcome(), SteerFailed)
            return
        self.wire.script.append(in_lane(steered.lane, "response.steer.accepted", steer=about))
        self._end(steered)
        if end == "pending":
            self.wire.script.append(in_lane(steered.lane, "response.steer.pending", steer=about))
            assert isinstance(steering.outcome(), SteerPending)
            return
        successor = Answer(len(self.answers), steered.lane, None)
        self.answers.append(successor)
        self.lanes.setdefault(steered.lane, []).insert(0, successor)
        self._begin(successor, previous_response_id=steered.id)
        stream = steering.outcome()
        assert isinstance(stream, EventStream)
        successor.stream = stream
        self._owe(successor, "response.created")

    # What the server does

    def progress(self, data: st.DataObject) -> None:
        """Send the next event of a response: its first, a piece of text, or its last."""
        is_read_at_once = data.draw(st.booleans(), "is_read_at_once")
        if not self.lanes:
            return
        answer = self._drawn(data)
        if not answer.is_started:
            self._begin(answer)
            self._owe(answer, "response.created")
        elif data.draw(st.booleans(), "more"):
            answer.deltas += 1
            text = f"{answer.number}.{answer.deltas} "
            self.wire.script.append(delta(text, answer.lane))
            self._owe(answer, "response.output_text.delta", text)
        else:
            self._end(answer)
        if is_read_at_once:
            self._pump()

    def fail(self, data: st.DataObject) -> None:
        """End a response by an error that names its lane; some servers then say that it failed, too."""
        is_repeated = data.draw(st.booleans(), "is_repeated")
        if not self.lanes:
            return
        answer = self._drawn(data)
        if not answer.is_started and len(self.lanes[answer.lane]) > 1:
            return  # it would not say which of them it is about
        self._pump()
        about = {"response_id": answer.id} if answer.is_started else {}
        self.wire.script.append(in_lane(answer.lane, "error", error={"message": "Broken"}, **about))
        self._owe(answer, "error")
        self._remove(answer)
        if is_repeated and answer.is_started:
            failed = {"id": answer.id, "status": "failed", "output": []}
            self.wire.script.append(in_lane(answer.lane, "response.failed", response=failed))
            self.unrouted.append("response.failed")
        self._pump()

    def fail_without_a_name(self, data: st.DataObject) -> None:
        """Report an error without a subject; if several are possible, none of them can continue."""
        self._pump()
        # The server names lanes, so that it would name that of a response in progress.
        waiting = [answer for lane in self.lanes.values() for answer in lane if not answer.is_started]
        subjects = len(waiting) + bool(self.others)
        if subjects > 1 and data.draw(st.integers(0, 5), "skipped"):
            return
        self.wire.script.append({"type": "error", "error": {"message": "Lost"}})
        self._pump()
        event(f"nameless error about {min(subjects, 2)}")
        if subjects > 1:
            self.unrouted.append("error")
            self.end = "may be about"
        elif waiting:
            self._owe(waiting[0], "error")
            self._remove(waiting[0])
        else:
            self.unrouted.append("error")
            self.others -= bool(self.others)

    def ping(self, data: st.DataObject) -> None:
        """Send a ping, which is answered even if no stream is read."""
        self.wire.script.append(Ping(b"%d" % len(self.wire.received)))
        payload = b"%d" % len(self.wire.received)
        self._pump()
        assert Pong(payload) in self.wire.received

    def be_silent(self, data: st.DataObject | None) -> None:
        """Send nothing until the client asks whether anybody is there; without data, answer nothing either."""
        self._pump()
        self.wire.clock.now += 10.0
        pings = self._pings()
        self._pump()
        assert self._pings() == pings + 1
        self.wire.clock.now += 19.9
        self._pump()
        assert self.connection.close_info is None
        if data is not None:
            self.wire.script.append(Pong(b""))
            self._pump()
            self.wire.clock.now += 9.0
            self._pump()
            assert self._pings() == pings + 1
        else:
            self.wire.clock.now += 0.2
            self._pump()
            self.end = "a ping was not answered for 20 s"

    def drop(self, last: Step, text: str) -> None:
        """End the connection."""
        self.wire.script.append(last)
        self._pump()
        self.end = text
        if isinstance(last, str):
            for answer in (one for lane in self.lanes.values() for one in lane):
                self._owe(answer, "unreadable")

    # The books

    def _add(self, lane: str, stream: EventStream | None) -> Answer:
        answer = Answer(len(self.answers), lane, stream)
        self.answers.append(answer)
        self.lanes.setdefault(lane, []).append(answer)
        return answer

    def _drawn(self, data: st.DataObject) -> Answer:
        return self.lanes[data.draw(st.sampled_from(sorted(self.lanes)), "lane")][0]

    def _begin(self, answer: Answer, **fields: Any) -> None:
        answer.is_started = True
        self.wire.script.append(created(answer.lane, id=answer.id, **fields))

    def _end(self, answer: Answer) -> None:
        self.wire.script.append(completed("", answer.lane, id=answer.id))
        self._owe(answer, "response.completed")
        self._remove(answer)

    def _remove(self, answer: Answer) -> None:
        self.lanes[answer.lane].remove(answer)
        if not self.lanes[answer.lane]:
            del self.lanes[answer.lane]

    def _owe(self, answer: Answer, kind: str, text: str = "") -> None:
        if answer.is_raw:
            self.unrouted.append(kind)
        elif answer.stream is not None:
            answer.owed.append((kind, text))

    def _read(self, answer: Answer) -> None:
        kind, text = answer.owed.popleft()
        stream = cast("EventStream", answer.stream)
        event(f"read {kind}")
        if kind == "error":
            with pytest.raises(StreamError):
                next(stream)
        elif kind == "unreadable":
            with pytest.raises(Exception, match="JSON"):
                next(stream)
        else:
            found = next(stream)
            assert found.type == kind
            assert getattr(found, "delta", "") == text
        if kind in ("error", "unreadable", "response.completed"):
            if kind == "response.completed":
                assert next(stream, None) is None
            stream.close()
            answer.stream = None

    def _pump(self) -> None:
        """Let the keep-alive function read all that came."""
        run(self.connection._check_alive())

    def _pings(self) -> int:
        return [type(event) for event in self.wire.received].count(Ping)

    def check(self) -> None:
        """Check the invariants."""
        inboxes = self.connection._inboxes
        assert inboxes.size == sum(inbox.size for inbox in inboxes._unread)
        for inbox in inboxes._unread:
            assert inbox.size == sum(len(message.data) for message in inbox.messages) > 0
        assert not self.connection._has_reader
        info = self.connection.close_info
        assert (info is None) == (self.end is None)
        assert info is None or cast("str", self.end) in info.reason
        assert self.session.is_closed == (self.end is not None)

    def finish(self) -> None:
        """Bring all to its end: each stream gives all that it is owed, and nothing else."""
        event(f"end: {self.end}")
        while self.end is None and self.lanes:
            answer = next(iter(self.lanes.values()))[0]
            if not answer.is_started:
                self._begin(answer)
                self._owe(answer, "response.created")
            self._end(answer)
        self._pump()
        for answer in self.answers:
            while answer.owed:
                self._read(answer)
            if answer.stream is not None:
                with pytest.raises(StreamInterrupted, match=cast("str", self.end)):
                    next(answer.stream)
        if self.end is None:
            self.session.close()
            assert [event.type for event in self.session] == self.unrouted

    def leave(self) -> None:
        for answer in self.answers:
            if answer.stream is not None:
                answer.stream.close()
        self.session.close()
        self.patch.undo()


ACTIONS: list[tuple[int, Callable[[Machine, st.DataObject], None]]] = [
    (4, Machine.ask),
    (1, Machine.send_create),
    (1, Machine.send_other),
    (9, Machine.progress),
    (6, Machine.read),
    (1, Machine.close_stream),
    (3, Machine.steer),
    (2, Machine.fail),
    (1, Machine.fail_without_a_name),
    (1, Machine.ping),
    (1, Machine.be_silent),
]


ENDS: list[Callable[[Machine], None]] = [
    lambda machine: None,
    lambda machine: None,
    lambda machine: machine.drop(LOST, "reset by peer"),
    lambda machine: machine.drop(CLOSE, "closed"),
    lambda machine: machine.drop("no JSON", "not valid JSON"),
    lambda machine: machine.be_silent(None),
]


@settings(max_examples=100)
@given(
    st.lists(
        st.sampled_from([action for weight, action in ACTIONS for _ in range(weight)]),
        min_size=20,
        max_size=60,
    ),
    st.sampled_from(ENDS),
    st.data(),
)
def test_streams_receive_their_own_events_whatever_happens(
    actions: list[Callable[[Machine, st.DataObject], None]],
    end: Callable[[Machine], None],
    data: st.DataObject,
) -> None:
    machine = Machine()
    try:
        for action in actions:
            if machine.end is None:
                action(machine, data)
                machine.check()
        if machine.end is None:
            end(machine)
            machine.check()
        machine.finish()
    finally:
        machine.leave()
