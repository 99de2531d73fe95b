"""Answers of aiohttp after the end of their connection, with invented connections; `tests/faults` has real ones."""

from __future__ import annotations

import asyncio
import gc
from types import SimpleNamespace
from typing import Any

import aiohttp
import httpx
import httpx_aiohttp
import pytest
from aiohttp.base_protocol import BaseProtocol
from aiohttp.streams import StreamReader
from waits import PATIENT, SOON, settle_async

from responses_client._transport.aiohttp_answers import end_with_connection, send_over
from responses_client._transport.protocols import TransportError


def answer_of(protocol: Any, content: StreamReader) -> Any:
    connection = None if protocol is None else SimpleNamespace(protocol=protocol)
    return SimpleNamespace(connection=connection, content=content)


def new_content() -> StreamReader:
    loop = asyncio.get_running_loop()
    return StreamReader(BaseProtocol(loop), 2**16, loop=loop)


async def _settle() -> None:
    await asyncio.sleep(0)
    await asyncio.sleep(0)


@pytest.mark.parametrize("cause", [None, OSError("reset")])
def test_body_ends_in_an_error_when_its_connection_ends(cause: OSError | None) -> None:
    async def main() -> None:
        content = new_content()
        closed = asyncio.get_running_loop().create_future()
        end_with_connection(answer_of(SimpleNamespace(closed=closed), content))
        closed.set_result(None) if cause is None else closed.set_exception(cause)
        await _settle()
        error = content.exception()
        assert isinstance(error, aiohttp.ClientPayloadError)
        assert (str(error), error.__cause__) == ("the connection ended in the middle of the body", cause)

    asyncio.run(main())


def test_connection_that_has_ended_already_ends_the_body_at_once() -> None:
    async def main() -> None:
        content = new_content()
        end_with_connection(answer_of(SimpleNamespace(closed=None), content))
        with pytest.raises(aiohttp.ClientPayloadError):
            await content.read()

    asyncio.run(main())


@pytest.mark.parametrize("end", ["eof", "error"])
def test_body_that_has_ended_itself_keeps_its_end(end: str) -> None:
    async def main() -> None:
        content = new_content()
        closed = asyncio.get_running_loop().create_future()
        end_with_connection(answer_of(SimpleNamespace(closed=closed), content))
        error = ValueError("its own")
        content.feed_eof() if end == "eof" else content.set_exception(error)
        closed.cancel()
        await _settle()
        assert content.exception() is (None if end == "eof" else error)

    asyncio.run(main())


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_connection_that_breaks_later_is_nothing_that_the_loop_complains_of(is_cancelled: bool) -> None:
    complaints: list[object] = []

    async def main() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: complaints.append(context))
        content, closed = new_content(), loop.create_future()
        end_with_connection(answer_of(SimpleNamespace(closed=closed), content))
        content.feed_eof()
        closed.cancel() if is_cancelled else closed.set_exception(OSError("reset"))
        await _settle()
        del closed
        gc.collect()

    asyncio.run(main())
    assert complaints == []


def test_connection_keeps_nothing_of_answers_that_came() -> None:
    async def main() -> None:
        closed = asyncio.get_running_loop().create_future()
        for _ in range(3):
            content = new_content()
            end_with_connection(answer_of(SimpleNamespace(closed=closed), content))
            content.feed_eof()
        assert len(closed._callbacks) == 1  # that of the connection itself

    asyncio.run(main())


def test_other_answers_are_left_as_they_are() -> None:
    content: Any = None
    end_with_connection(answer_of(None, content))  # the body has come
    end_with_connection(answer_of(SimpleNamespace(), content))  # aiohttp before 3.12
    end_with_connection(None)


BRIEF: dict[str, float | None] = {"connect": SOON, "read": SOON}


def over(client_transport: Any, send: Any, headers: dict[str, str], **waits: float | None) -> Any:
    """Send over a transport, by a function that stands for its client."""

    async def main() -> Any:
        timeout = {"connect": PATIENT, "read": PATIENT, "write": None, **waits}
        request = httpx.Request("GET", "http://api.test/", headers=headers, extensions={"timeout": timeout})
        async with httpx.AsyncClient(transport=client_transport, trust_env=False) as client:
            return await send_over(client, request, send)

    return asyncio.run(main())


def answering(status: int) -> Any:
    async def send() -> httpx.Response:
        await asyncio.sleep(0)
        return httpx.Response(status)

    return send


@pytest.mark.parametrize("status", [0, 99, 101])
def test_answer_that_ends_no_request_is_refused(status: int) -> None:
    with pytest.raises(
        TransportError, match=f"the server sent the status {status}, which cannot end a request"
    ):
        over(httpx_aiohttp.AiohttpTransport(), answering(status), {})


@pytest.mark.parametrize(("status", "headers"), [(200, {}), (204, {}), (101, {"upgrade": "websocket"})])
def test_answer_that_was_asked_for_is_taken(status: int, headers: dict[str, str]) -> None:
    assert over(httpx_aiohttp.AiohttpTransport(), answering(status), headers).status_code == status


def test_answers_of_other_transports_are_not_looked_at() -> None:
    assert over(httpx.MockTransport(lambda _: httpx.Response(200)), answering(101), {}).status_code == 101


def test_answer_that_does_not_begin_is_a_timeout() -> None:
    async def silent() -> None:
        await asyncio.Event().wait()

    with pytest.raises(TransportError, match=r"^ReadTimeout$") as caught:
        over(httpx_aiohttp.AiohttpTransport(), silent, {}, **BRIEF)
    assert caught.value.outcome.kind == "timeout"


@pytest.mark.parametrize("waits", [{"connect": None}, {"read": None}, {"write": PATIENT}])
def test_answer_has_time_where_there_is_no_limit_or_a_longer_one(waits: dict[str, float | None]) -> None:
    async def slow() -> httpx.Response:
        await settle_async(4 * SOON)
        return httpx.Response(200)

    assert over(httpx_aiohttp.AiohttpTransport(), slow, {}, **{**BRIEF, **waits}).status_code == 200
