"""A client and a server without lanes that do anything in any order: no response receives the events of another."""

from __future__ import annotations

import json
from collections import deque
from random import Random
from typing import Any

import pytest
from routing_bench import DELTA, DONE, Bench, created, server_event

from responses_client._websocket.inboxes import Inbox
from responses_client._websocket.outstanding import OtherEvent, Request, Steer


class InOrderServer:
    """A server that answers requests in order, and may refuse each message at any time after it has come.

    Args:
        bench: The router that receives its events.
        chance: Decides at each point what happens.
        lanes: Whether the client asks for lanes, which the server ignores.
    """

    def __init__(self, bench: Bench, chance: Random, *, lanes: bool) -> None:
        self.bench = bench
        self.chance = chance
        self.lanes = lanes
        self.ids = chance.choice([True, True, False])
        self.echoes = chance.choice([True, False])
        self.refusal_rate = chance.choice([0, 0, 0.1, 0.4])
        self.kinds = chance.choice([["stream"], ["stream", "steer"], ["stream", "raw", "steer", "other"]])
        self.steering = chance.choice(["refused", "refused", "failed", "nameless", "accepted", "accepted"])
        self.streams: dict[str, Inbox] = {}
        self.steers: list[tuple[Steer, str]] = []
        self.unread: deque[tuple[str, str, str | None]] = deque()  # what was sent: kind, name, parent
        self.queue: deque[tuple[str, str | None]] = deque()  # requests: name, parent
        self.steered: dict[str, int] = {}
        self.begun: list[str] = []
        self.in_progress: str | None = None
        self.late_refusals = 0

    # The client

    def send(self) -> None:
        """Send a request with or without a stream, a steer, or another event."""
        kind = self.chance.choice(self.kinds)
        name = f"q{len(self.streams) + len(self.unread) + len(self.queue) + self.chance.randrange(10**6)}"
        parent = self.chance.choice([None, *self.begun[-1:]]) if self.ids else None
        if kind in ("stream", "raw"):
            lane = self.bench.router.new_lane() if self.lanes else None
            request = Request(lane, parent, has_own_lane=self.lanes, is_unrouted=kind == "raw")
            inbox = self.bench.router.open(request)
            if kind == "stream":
                self.streams[name] = inbox
            self.unread.append(("request", name, parent))
        elif kind == "steer" and not (self.ids and self.begun):
            return
        elif kind == "steer":
            name = self.begun[-1]
            self.steers.append((self.bench.steer(name), name))
            self.unread.append(("steer", name, None))
        else:
            self.bench.router.expect_refusal(OtherEvent())
            self.unread.append(("other", name, None))

    # The server

    def emit(self, kind: str, name: str, parent: str | None = None, **fields: Any) -> None:
        response: dict[str, Any] = {"id": name} if self.ids else {}
        if self.echoes:
            response["previous_response_id"] = parent
        about = {} if kind == DELTA else {"response": response}
        self.bench.receive(server_event(kind, name=name, **about, **fields))

    def refuse(self) -> None:
        self.bench.receive(server_event("error", error={"message": "No"}))

    def read(self) -> None:
        """Read a message: queue it, ignore it, or refuse it now or later."""
        kind, name, parent = self.unread.popleft()
        is_refused = self.chance.random() < self.refusal_rate * (4 if kind == "other" else 1)
        is_refused |= (kind, self.steering) == ("steer", "refused")
        if is_refused and kind != "request" and self.chance.random() < 0.5:
            self.late_refusals += 1
        elif is_refused:
            self.refuse()
        elif kind == "steer":
            self.read_steer(name)
        elif kind == "request":
            self.queue.append((name, parent))

    def read_steer(self, name: str) -> None:
        about: dict[str, Any] = {"steer": {"previous_response_id": name}}
        if self.steering == "accepted" and name == self.in_progress:
            self.steered[name] = self.steered.get(name, 0) + 1
            about["steer"]["id"] = f"{name}-{self.steered[name]}"
            self.bench.receive(server_event("response.steer.accepted", **about))
        else:
            self.bench.receive(
                server_event("response.steer.failed", **({} if self.steering == "nameless" else about))
            )

    def write(self) -> None:
        """Write the next event of the response in progress, or of the next one; or refuse it."""
        name, parent = self.queue[0]
        if self.chance.random() < self.refusal_rate / 4:
            self.end()
            self.refuse()
        elif self.in_progress is None:
            self.in_progress = name
            self.begun.append(name)
            self.emit("response.created", name, parent)
        elif self.chance.random() < 0.5:
            self.emit(DELTA, name)
        else:
            successors = self.steered.pop(name, 0)
            self.end()
            self.emit(DONE, name, parent)
            if successors:
                self.queue.appendleft((f"after {name}", name))

    def end(self) -> None:
        self.queue.popleft()
        self.in_progress = None

    def run(self) -> None:
        """Do anything in any order, and at last all that is left to do."""
        for _ in range(self.chance.randrange(100)):
            self.step(self.chance.choice(["send", "read", "write", "refuse"]))
        while self.unread or self.queue or self.late_refusals:
            self.step(self.chance.choice(["read", "write", "refuse"]))

    def step(self, what: str) -> None:
        if what == "send" and self.bench.reason is None:
            self.send()
        elif what == "read" and self.unread:
            self.read()
        elif what == "write" and self.queue:
            self.write()
        elif what == "refuse" and self.late_refusals:
            self.late_refusals -= 1
            self.refuse()


def names_in(bench: Bench, inbox: Inbox) -> set[str]:
    """The names of the requests with events in an inbox."""
    events = [json.loads(message.data) for message in bench.inboxes.take(inbox)]
    return {event["name"] for event in events if "name" in event}


@pytest.mark.parametrize("lanes", [False, True])
def test_each_response_has_its_own_events_and_an_end(lanes: bool) -> None:
    successors = 0
    for seed in range(1500):
        bench = Bench()
        server = InOrderServer(bench, Random(seed), lanes=lanes)
        server.run()
        for name, inbox in server.streams.items():
            assert names_in(bench, inbox) <= {name}, f"seed {seed}"
            assert inbox.close_info is not None, f"seed {seed}"
        for steer, name in server.steers:
            if steer.successor is not None:
                assert names_in(bench, steer.successor) <= {f"after {name}"}, f"seed {seed}"
                successors += 1
    assert successors > 10  # all this is not in vain


@pytest.mark.parametrize("lane", ["a", None])
def test_server_that_goes_on_after_an_error_is_not_believed(bench: Bench, lane: str | None) -> None:
    first = bench.open(lane)
    bench.receive(created(lane), server_event("error", lane))
    second = bench.open(lane)
    bench.receive(server_event(DELTA, lane), server_event(DONE, lane))
    assert bench.taken(first) == ["created", "error"]
    assert bench.taken(second) == []
    assert bench.reason is not None
