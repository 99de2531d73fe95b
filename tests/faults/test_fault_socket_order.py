"""WebSocket servers without lanes, which refuse at any point: no question ever gets the answer to another."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, TypeAlias

import pytest
from callers import RULE_MODES
from samples import response
from shells import Events
from socket_server import Peer, Script, SocketServer, delta, event
from socket_shell import SocketSession, SocketShell

from responses_client.errors import (
    APIConnectionError,
    APIError,
    StreamError,
    StreamInterrupted,
)

QUESTIONS = ("alpha", "beta", "gamma")
NO = {"type": "error", "status": 400, "error": {"type": "invalid_request_error", "message": "I will not."}}

Program: TypeAlias = Callable[["Asker"], Awaitable[None]]


def text_of(name: str) -> str:
    return f"About {name}."


def response_id(name: str) -> str:
    return f"resp_{name}"


def events_of(name: str) -> list[dict[str, Any]]:
    """The events of an answer without a lane; its text and its id name the question."""
    about = {"id": response_id(name)}
    words = [f"{word} " for word in text_of(name).split()]
    return [
        event(None, "created", 0, response=response("in_progress") | about),
        *(delta(None, word, number) for number, word in enumerate(words, 1)),
        event(None, "completed", 9, response=response(text=text_of(name)) | about),
    ]


def name_of(message: dict[str, Any]) -> str:
    return str(message["input"]) if message["type"] == "response.create" else str(message["type"])


class InOrder:
    """A script: answer the requests in order, ignore other events, and refuse one message.

    Args:
        refused: The name of the message.
        point: The number of events that are sent before; a message that comes later is refused when it comes, and a
            request that is already being answered, at the latest, before its last event.
        batch: The number of messages that are read before they are answered.
    """

    def __init__(self, refused: str, point: int, batch: int) -> None:
        self.refused = refused
        self.point = point
        self.batch = batch
        self.sent = 0
        self.is_refused = False
        self.has_come = False

    def __call__(self, peer: Peer) -> None:
        while True:
            names = [name_of(peer.request()) for _ in range(self.batch)]
            self.has_come = self.has_come or self.refused in names
            for name in names:
                self.refuse_if_due(peer)
                if name in (*QUESTIONS, "raw"):
                    self.answer(peer, name)
            self.refuse_if_due(peer)

    def answer(self, peer: Peer, name: str) -> None:
        for each in events_of(name):
            is_last = each["type"] == "response.completed"
            self.refuse_if_due(peer, is_late=is_last and name == self.refused)
            if self.is_refused and name == self.refused:
                return
            peer.send(each)
            self.sent += 1

    def refuse_if_due(self, peer: Peer, *, is_late: bool = False) -> None:
        if self.has_come and not self.is_refused and (self.sent >= self.point or is_late):
            self.is_refused = True
            peer.send(NO)


class Asker:
    """A session whose questions get an answer or an error each."""

    def __init__(self, session: SocketSession) -> None:
        self.session = session
        self.streams: dict[str, Events] = {}
        self.texts: dict[str, str] = {}
        self.errors: dict[str, APIError] = {}

    async def ask(self, name: str) -> None:
        """Send a question; the session may have ended."""
        try:
            self.streams[name] = await self.session.create(name)
        except APIConnectionError as error:
            self.errors[name] = error

    async def send(self, name: str = "response.odd") -> None:
        """Send something else: an event, a request without a stream, or a steer."""
        try:
            if name == "raw":
                await self.session.send({"type": "response.create", "model": "m", "input": "raw"})
            elif name == "response.steer":
                await self.session.steer(response_id("alpha"), "Shorter!")
            else:
                await self.session.send({"type": name})
        except APIConnectionError as error:
            self.errors[name] = error

    async def read(self, *names: str) -> None:
        """Read answers to their ends."""
        for name in names:
            if name in self.streams:
                try:
                    self.texts[name] = (await self.streams[name].final()).output_text
                except (StreamError, StreamInterrupted) as error:
                    self.errors[name] = error
                    part = "" if error.partial is None else error.partial.output_text
                    assert f"{text_of(name)} ".startswith(part), (
                        f"{name} got a part of another answer: {part}"
                    )

    def check(self) -> None:
        """Check that each question has its own answer or an error, and that no error is a time limit."""
        assert {*self.texts, *self.errors} >= {*QUESTIONS}
        assert self.texts == {name: text_of(name) for name in self.texts}
        for error in self.errors.values():
            assert "(timeout)" not in str(error)


async def all_at_once(asker: Asker) -> None:
    for name in QUESTIONS:
        await asker.ask(name)
    await asker.read(*QUESTIONS)


async def all_at_once_with_others(asker: Asker) -> None:
    await asker.ask("alpha")
    await asker.send()
    await asker.ask("beta")
    await asker.send("raw")
    await asker.send("response.steer")
    await asker.ask("gamma")
    await asker.read(*QUESTIONS)


async def one_by_one(asker: Asker) -> None:
    for name in QUESTIONS:
        await asker.ask(name)
        await asker.read(name)


async def one_by_one_with_others(asker: Asker) -> None:
    await asker.send()
    for name, other in zip(QUESTIONS, ("raw", "response.steer", "response.odd"), strict=True):
        await asker.ask(name)
        await asker.read(name)
        await asker.send(other)


OTHERS = ("response.odd", "raw", "response.steer")
POINTS = range(4 * len(events_of("alpha")) + 1)


def cases() -> Iterator[Any]:
    for program, batch, refusable in (
        (all_at_once, 3, QUESTIONS),
        (all_at_once, 1, QUESTIONS),
        (one_by_one, 1, QUESTIONS),
        (all_at_once_with_others, 6, (*QUESTIONS, *OTHERS)),
        (all_at_once_with_others, 1, (*QUESTIONS, *OTHERS)),
        (one_by_one_with_others, 1, (*QUESTIONS, *OTHERS)),
    ):
        for refused in refusable:
            yield pytest.param(program, batch, refused, id=f"{program.__name__}-{batch}-{refused}")


def outcome(
    sessions: SocketShell, program: Program, script: Script, *, lanes: bool = False
) -> tuple[dict[str, str], dict[str, APIError]]:
    """Run a program with a server; return the texts and the errors by question."""

    async def play(session: SocketSession) -> Asker:
        asker = Asker(session)
        await program(asker)
        asker.check()
        return asker

    with SocketServer(script) as server:
        asker = sessions.talk(play, server.url, options={"lanes": lanes, "ping_interval": None})
    return asker.texts, asker.errors


@pytest.mark.parametrize("sessions", RULE_MODES, indirect=True)
@pytest.mark.parametrize(("program", "batch", "refused"), list(cases()))
def test_refusal_at_any_point_gives_no_question_the_answer_to_another(
    sessions: SocketShell, program: Program, batch: int, refused: str
) -> None:
    for point in POINTS:
        outcome(sessions, program, InOrder(refused, point, batch), lanes=point % 2 == 0)


def test_one_question_at_a_time_survives_the_refusal_of_another(sessions: SocketShell) -> None:
    for point in range(4):
        texts, errors = outcome(sessions, one_by_one, InOrder("beta", 4 + point, 1))
        assert texts == {name: text_of(name) for name in ("alpha", "gamma")}
        assert isinstance(errors["beta"], StreamError)
        assert "I will not" in str(errors["beta"])


def test_refused_event_alone_harms_no_question(sessions: SocketShell) -> None:
    async def program(asker: Asker) -> None:
        await asker.send()
        assert (await asker.session.receive()).type == "error"
        await one_by_one(asker)

    texts, errors = outcome(sessions, program, InOrder("response.odd", 0, 1))
    assert set(texts) == {*QUESTIONS}
    assert errors == {}


def test_error_that_may_be_about_several_things_says_so_to_all(sessions: SocketShell) -> None:
    async def program(asker: Asker) -> None:
        await asker.send()
        await asker.ask("alpha")
        await asker.ask("beta")
        await asker.read("alpha", "beta")
        await asker.ask("gamma")

    texts, errors = outcome(sessions, program, InOrder("response.odd", 2, 3))
    assert texts == {}
    told = "an error that may be about 2 requests or an event of send(), and does not say which: I will not; the request"
    assert [type(errors[name]) for name in QUESTIONS] == [
        StreamInterrupted,
        StreamInterrupted,
        APIConnectionError,
    ]
    for error in errors.values():
        assert told in str(error)
    assert isinstance(errors["alpha"], StreamInterrupted)
    assert errors["alpha"].partial is not None
    assert errors["alpha"].partial.output_text == "About "


# Steers


def test_steer_refused_with_an_error_fails_at_once_with_the_text_of_the_server(sessions: SocketShell) -> None:
    async def play(session: SocketSession) -> None:
        await (await session.create("alpha")).final()
        steering = await session.steer(response_id("alpha"), "Shorter!")
        for _ in range(2):
            with pytest.raises(StreamError, match="The server refused the steering input: I will not"):
                await session.answer(steering)
        assert (await (await session.create("beta")).final()).output_text == text_of("beta")

    with SocketServer(InOrder("response.steer", 0, 1)) as server:
        sessions.talk(play, server.url, options={"lanes": False}, timeout=None)


def test_steer_refused_with_an_error_during_the_response_fails_at_once(sessions: SocketShell) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        first, *rest = events_of("alpha")
        peer.send(first)
        peer.request()
        peer.request()
        peer.send(NO, *rest, *events_of("beta"))

    async def play(session: SocketSession) -> None:
        one = await session.create("alpha")
        await one.next()
        steering = await session.steer(response_id("alpha"), "Shorter!")
        two = await session.create("beta")
        with pytest.raises(
            APIConnectionError, match=r"may be about 2 requests or 1 steering input.*I will not"
        ):
            await session.answer(steering)
        for stream in (one, two):
            with pytest.raises(StreamInterrupted, match="I will not"):
                await stream.rest()

    with SocketServer(script) as server:
        sessions.talk(play, server.url, options={"lanes": False}, timeout=None)


def test_steer_refused_with_an_event_that_names_nothing_fails_at_once(sessions: SocketShell) -> None:
    def script(peer: Peer) -> None:
        peer.send(*events_of(name_of(peer.request())))
        peer.request()
        error = {"type": "invalid_request_error", "code": "steering_not_supported", "message": "Not here."}
        peer.send(event(None, "steer.failed", error=error))

    async def play(session: SocketSession) -> None:
        await (await session.create("alpha")).final()
        steering = await session.steer(response_id("alpha"), "Shorter!")
        with pytest.raises(StreamError, match="refused the steering input: Not here"):
            await session.answer(steering)

    with SocketServer(script) as server:
        sessions.talk(play, server.url, options={"lanes": False}, timeout=None)


# Events out of place


def swapped(peer: Peer) -> None:
    """A script: send the last event of one answer in place of that of another."""
    peer.request()
    peer.send(*events_of("alpha")[:-1], events_of("beta")[-1])


def late(peer: Peer) -> None:
    """A script: send more after the last event of an answer."""
    peer.request()
    peer.send(*events_of("alpha"), events_of("alpha")[-1])


def without_order(peer: Peer) -> None:
    """A script: write two answers at the same time."""
    peer.request()
    peer.request()
    for pair in zip(events_of("beta"), events_of("alpha"), strict=True):
        peer.send(*pair)


def headless(peer: Peer) -> None:
    """A script: continue an answer after its error, when the next request has come."""
    peer.request()
    first, second, *rest = events_of("alpha")
    peer.send(first, second, NO)
    peer.request()
    peer.send(*rest, *events_of("beta"))


@pytest.mark.parametrize("lanes", [False, True])
@pytest.mark.parametrize("script", [swapped, late, without_order, headless])
def test_event_out_of_place_ends_the_session(sessions: SocketShell, script: Script, lanes: bool) -> None:
    async def program(asker: Asker) -> None:
        if script is headless:
            await one_by_one(asker)
        else:
            await all_at_once(asker)

    texts, errors = outcome(sessions, program, script, lanes=lanes)
    assert texts == ({"alpha": text_of("alpha")} if script is late else {})
    assert "the request may have been carried out, so check before you send it again" in str(errors["gamma"])


@pytest.mark.parametrize("lanes", [False, True])
def test_answer_that_is_sent_twice_is_not_that_of_the_next_question(
    sessions: SocketShell, lanes: bool
) -> None:
    def script(peer: Peer) -> None:
        peer.request()
        peer.request()
        peer.send(*events_of("alpha"), *events_of("alpha"), *events_of("beta"))

    texts, errors = outcome(sessions, all_at_once, script, lanes=lanes)
    assert texts == {"alpha": text_of("alpha")}
    assert isinstance(errors["beta"], StreamInterrupted)
    assert errors["beta"].partial is None
    told = "response resp_alpha, which has ended: the server gave two responses the same id, or sent an answer again"
    assert told in str(errors["beta"])


def test_events_about_the_connection_disturb_nothing(sessions: SocketShell) -> None:
    news = [{"type": kind} for kind in ("keepalive", "ping", "session.updated", "response.keep_alive")]

    def script(peer: Peer) -> None:
        peer.send(*news)
        while True:
            for each in events_of(name_of(peer.request())):
                peer.send(*news, each)

    texts, errors = outcome(sessions, all_at_once, script)
    assert set(texts) == {*QUESTIONS}
    assert errors == {}


@pytest.mark.parametrize("seed", range(20))
def test_server_that_refuses_and_is_silent_at_random_mixes_nothing_up(
    sessions: SocketShell, seed: int
) -> None:
    chance = random.Random(seed)

    async def program(asker: Asker) -> None:
        await asker.send()
        for name in QUESTIONS:
            await asker.ask(name)
            for _ in range(chance.randrange(3)):
                await asker.send(chance.choice(OTHERS))
            if chance.random() < 0.5:
                await asker.read(name)
        await asker.read(*(name for name in QUESTIONS if name not in {*asker.texts, *asker.errors}))

    def script(peer: Peer) -> None:
        refusals = 0
        while True:
            name = name_of(peer.request())
            is_question = name in (*QUESTIONS, "raw")
            refusals += 1
            for each in events_of(name) if is_question else ():
                if refusals and chance.random() < 0.1:  # of this message, or of one before
                    refusals -= 1
                    peer.send(NO)
                    if chance.random() < 0.5:
                        break
                peer.send(each)

    outcome(sessions, program, script)
