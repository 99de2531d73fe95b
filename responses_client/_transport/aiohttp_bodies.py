"""Bodies of answers of aiohttp, with a time limit for each wait."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING, Any
from weakref import ref

import aiohttp
import anyio

from .._base import forks
from .._base.http import Headers
from .._base.overrides import override
from ..errors import ConfigurationError
from .aiohttp_answers import CUT_OFF
from .bodies import PiecesBody
from .protocols import Socket

if TYPE_CHECKING:
    from .asynchronous import AsyncIO

__all__ = ["AiohttpBody", "Pieces"]


class AiohttpBody(PiecesBody):
    """The body of an answer of aiohttp.

    Args:
        answer: The answer.
        io: The driver.
        timeout: The seconds that the wait for a piece may take; None for no limit.
    """

    def __init__(self, answer: aiohttp.ClientResponse, io: AsyncIO, timeout: float | None) -> None:
        headers = Headers([(_text(name), _text(value)) for name, value in answer.raw_headers])
        self._answer = answer
        self._io: AsyncIO = io
        self._timed = Pieces(answer, timeout)
        super().__init__(io, io.library, answer.status, headers, self._timed)

    @override
    def _finish(self) -> None:
        # aiohttp takes the end of a connection that we have closed for that of a body without a length.
        ended = None if self._io.is_borrowed else self._end_by_us()
        if ended is not None:
            raise ended
        super()._finish()

    @override
    async def close(self) -> None:
        if self._process != forks.generation:
            forks.leave_to_parent(self)
            return
        self._timed.close()
        if self._is_finished:
            self._answer.release()
        else:
            connection = self._answer.connection
            transport = None if connection is None else connection.transport
            if transport is not None:
                transport.abort()  # a peer need not agree to the end of TLS
            self._answer.close()
            with anyio.CancelScope(shield=True):
                await asyncio.sleep(0)  # in which the event loop closes the socket

    @override
    def socket(self, write_timeout: float | None) -> Socket:
        raise ConfigurationError("aiohttp gives no access to its connections; leave transport='aiohttp' out")


class Pieces(AsyncIterator[bytes]):
    """The body of an answer as it comes, with a time limit for each wait.

    The limit of aiohttp runs on while nobody waits, so that it is switched off. Here, a timer looks from time to time
    for a wait that is too long, since one for each piece would cost more than the rest.

    Args:
        answer: The answer of aiohttp.
        timeout: The seconds that a wait may take; None for no limit.
    """

    def __init__(self, answer: Any, timeout: float | None) -> None:
        self._content = answer.content
        self._read = answer.content.readany
        self._timeout = timeout
        self._since: float | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._time = asyncio.get_running_loop().time
        protocol: Any = getattr(answer.connection, "protocol", None)  # None if the body has come
        if protocol is not None and timeout is not None:
            protocol.read_timeout = None
            protocol.start_timeout()  # ends the one that runs
            self._look_again(self._time() + timeout)

    @override
    async def __anext__(self) -> bytes:
        self._since = self._time()
        try:
            piece: bytes = await self._read()
        except (
            RuntimeError
        ):  # between the end of the connection and the error that `end_with_connection` sets
            raise aiohttp.ClientPayloadError(CUT_OFF) from None
        finally:
            self._since = None
        if not piece:
            raise StopAsyncIteration
        return piece

    def close(self) -> None:
        """Stop the timer."""
        if self._timer is not None:
            self._timer.cancel()

    def _look_again(self, moment: float) -> None:
        # By a weak reference, so that the timer keeps no answer alive that its reader has dropped.
        weak: ref[Pieces] = ref(self)
        self._timer = asyncio.get_running_loop().call_at(moment, _look, weak)

    def look(self) -> None:
        """End a wait that is too long."""
        assert self._timeout is not None
        now = self._time()
        start = now if self._since is None else self._since
        if start + self._timeout > now:
            self._look_again(start + self._timeout)
        else:
            self._content.set_exception(aiohttp.SocketTimeoutError("Timeout on reading data from socket"))


def _look(pieces: ref[Pieces]) -> None:
    found = pieces()
    if found is not None:
        found.look()


def _text(value: bytes) -> str:
    """Return the name or value of a header; some servers write UTF-8, others Latin-1 (RFC 9110, 5.5)."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
