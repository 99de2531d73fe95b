"""Requests of batches, and clients that end in the middle of one."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import httpx
from callers import Caller

from responses_client import BatchResults
from responses_client.testing import Server

__all__ = ["Killed", "Killer", "batched", "killing", "questions"]


def questions(count: int, **body: Any) -> list[dict[str, Any]]:
    """Return requests whose inputs are numbered."""
    return [{"model": "m", "input": f"Question {number}", **body} for number in range(count)]


def batched(caller: Caller, requests: Any, **options: Any) -> BatchResults:
    """Return the results of a call of `responses.batch`."""
    found: BatchResults = caller(lambda client: client.responses.batch(requests, **options))
    return found


class Killed(BaseException):
    """The end of a process, which no code can catch and go on from."""


class Killer:
    """Ends a process at its request of a number: before the server has it, or after, when the answer is lost."""

    def __init__(self, at: int, *, is_answered: bool) -> None:
        self._rest = at
        self._is_answered = is_answered

    def __call__(self, *, is_answered: bool) -> None:
        if is_answered == self._is_answered:
            self._rest -= 1
            if self._rest == 0:
                raise Killed


class _Transport(httpx.BaseTransport, httpx.AsyncBaseTransport):
    def __init__(self, server: Server, kill: Callable[..., None]) -> None:
        self._sync, self._async = server.transport(), server.async_transport()
        self._kill = kill

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        request.read()
        self._kill(is_answered=False)
        answer = self._sync.handle_request(request)
        self._kill(is_answered=True)
        return answer

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        await request.aread()
        self._kill(is_answered=False)
        answer = await self._async.handle_async_request(request)
        self._kill(is_answered=True)
        return answer


def killing(mode: str, server: Server, kill: Callable[..., None]) -> Caller:
    """Return a caller whose clients end as a process does."""
    transport = _Transport(server, kill)
    return Caller(
        mode,
        lambda: server.client(http_client=httpx.Client(transport=transport)),
        lambda: server.async_client(http_client=httpx.AsyncClient(transport=transport)),
    )
