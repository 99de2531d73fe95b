"""Requests of batches, and clients that end in the middle of one."""

from __future__ import annotations

from collections.abc import AsyncIterable, Callable, Iterable
from typing import Any, cast

import httpx
from callers import Caller

from responses_client import BatchResults
from responses_client._base import clock
from responses_client.testing import Server

__all__ = ["Killed", "Killer", "SlowUploads", "batched", "carrying", "killing", "questions", "sent"]


def questions(count: int, **body: Any) -> list[dict[str, Any]]:
    """Return requests with numbered inputs."""
    return [{"model": "m", "input": f"Question {number}", **body} for number in range(count)]


def batched(caller: Caller, requests: Any, **options: Any) -> BatchResults:
    """Return the results of a call of `responses.batch`."""
    found: BatchResults = caller(lambda client: client.responses.batch(requests, **options))
    return found


def sent(server: Server) -> tuple[int, int]:
    """Return how many input files and how many batches the server has."""
    return sum(file["purpose"] == "batch" for file in server.files.values()), len(server.batches)


class Killed(BaseException):
    """The end of a process, after which no code continues."""


class Killer:
    """Ends a process at its request of a number: before the server has it, or after, when the answer is lost.

    With another `error`, the request fails with it, and the process continues.
    """

    def __init__(self, at: int, *, is_answered: bool, error: BaseException | None = None) -> None:
        self._rest = at
        self._is_answered = is_answered
        self._error = Killed() if error is None else error

    def __call__(self, *, is_answered: bool) -> None:
        if is_answered == self._is_answered:
            self._rest -= 1
            if self._rest == 0:
                raise self._error


class _Transport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    def __init__(self, server: Server) -> None:
        self.sync, self.asynchronous = server.transport(), server.async_transport()


class _KillingTransport(_Transport):
    def __init__(self, server: Server, kill: Callable[..., None]) -> None:
        super().__init__(server)
        self._kill = kill

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self._kill(is_answered=False)
        answer = self.sync.handle_request(request)
        self._kill(is_answered=True)
        return answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self._kill(is_answered=False)
        answer = await self.asynchronous.handle_async_request(request)
        self._kill(is_answered=True)
        return answer


class SlowUploads(_Transport):
    """A transport that takes half a minute for each piece of a body."""

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        pieces: list[bytes] = []
        for piece in cast("Iterable[bytes]", request.stream):
            clock.sleep(30)
            pieces.append(piece)
        return self.sync.handle_request(_whole(request, pieces))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        pieces: list[bytes] = []
        async for piece in cast("AsyncIterable[bytes]", request.stream):
            await clock.sleep_async(30)
            pieces.append(piece)
        return await self.asynchronous.handle_async_request(_whole(request, pieces))


def _whole(request: httpx.Request, pieces: list[bytes]) -> httpx.Request:
    return httpx.Request(request.method, request.url, headers=request.headers, content=b"".join(pieces))


def carrying(mode: str, server: Server, transport: _Transport | httpx.MockTransport) -> Caller:
    """Return a caller with clients that send over a transport."""
    return Caller(
        mode,
        lambda: server.client(http_client=httpx.Client(transport=transport)),
        lambda: server.async_client(http_client=httpx.AsyncClient(transport=transport)),
    )


def killing(mode: str, server: Server, kill: Callable[..., None]) -> Caller:
    """Return a caller with clients that end as a process does."""
    return carrying(mode, server, _KillingTransport(server, kill))
