"""A call ends in its result or in an error of the package, which can be shown and kept, for any bytes of a server."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any, TypedDict

import pytest
from hostile_answers import hostile_answer
from leaks import leaks
from samples import KEY
from scripted_server import CLOSE, ScriptedServer
from shells import Session, Shell
from waits import LONG, SOON

from responses_client.errors import ResponsesClientError

SEEDS = 12  # for each kind of call; more by hand
_STEERING = r"[\x00-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]"


class Numbers(TypedDict):
    a: int


async def stream(session: Session) -> list[Any]:
    events = await session.stream()
    return await events.rest()


async def final(session: Session) -> Any:
    events = await session.stream()
    return await events.final()


def called(method: Callable[[Any], Any]) -> Callable[[Session], Any]:
    async def call(session: Session) -> Any:
        found = method(session.client)
        return await found if inspect.isawaitable(found) else found

    return call


CALLS: dict[str, Callable[[Session], Any]] = {
    "create": lambda session: session.create(),
    "stream": stream,
    "final response": final,
    "retrieve": called(lambda client: client.responses.retrieve("resp_1")),
    "delete": called(lambda client: client.responses.delete("resp_1")),
    "list": called(lambda client: client.responses.input_items.list("resp_1")),
    "parse": called(lambda client: client.responses.parse(model="m", input="Hi", text_format=Numbers)),
    "wait": called(lambda client: client.responses.wait("resp_1", timeout=SOON, poll_interval=0.01)),
    "run": called(lambda client: client.responses.run(model="m", input="Hi", tools=[])),
    "map": called(lambda client: client.responses.map([{"model": "m", "input": "Hi"}]).all()),
    "request": called(lambda client: client.request("GET", "x")),
    "request of a type": called(lambda client: client.request("GET", "x", cast_to=Numbers)),
}


@pytest.mark.filterwarnings("ignore")  # of libraries, about what they find in answers
@pytest.mark.parametrize("name", CALLS)
def test_every_answer_is_a_result_or_an_error_of_the_package(
    shell: Shell, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripted_server.MOST_CONNECTIONS", 10 * SEEDS)
    monkeypatch.setattr("scripted_server.MOST_SECONDS", LONG)
    first = 1000 * list(CALLS).index(name)

    async def script(session: Session) -> None:
        for seed in range(first, first + SEEDS):
            server._scripts[:] = [[hostile_answer(seed), CLOSE], [hostile_answer(-1 - seed), CLOSE]]
            for client in session.http_clients:
                (client.cookie_jar if session.is_over_aiohttp else client.cookies).clear()
            try:
                await CALLS[name](session)
            except ResponsesClientError as error:
                check(error)

    with ScriptedServer() as server:
        shell.play(script, server.url, max_retries=1)


def check(error: ResponsesClientError) -> None:
    text = str(error)
    assert text.encode()
    assert repr(error).encode()
    assert re.search(_STEERING, text) is None
    assert len(text) <= 4001
    # The response so far is the data of the user, in which the server may write anything.
    assert [
        place for place in leaks(error, KEY) if ".partial" not in place and ".response" not in place
    ] == []
