"""Bodies in pieces, whichever library they come from; `test_both_drivers.py` has those of httpx."""

from __future__ import annotations

import gzip
from collections.abc import AsyncIterator

import anyio
import httpx
import pytest

from responses_client._base.clock import NO_DEADLINE, Deadline
from responses_client._base.http import Headers
from responses_client._transport.asynchronous import AsyncIO
from responses_client._transport.bodies import PiecesBody
from responses_client._transport.http_library import HttpLibrary
from responses_client._transport.protocols import Socket, TransportError


class Body(PiecesBody):
    async def close(self) -> None: ...

    def socket(self, write_timeout: float | None) -> Socket:
        raise NotImplementedError


async def given(*pieces: bytes | Exception) -> AsyncIterator[bytes]:
    for piece in pieces:
        if isinstance(piece, Exception):
            raise piece
        yield piece


def body_of(*pieces: bytes | Exception, encoding: str | None = None, is_raw: bool = True) -> Body:
    headers = Headers({} if encoding is None else {"content-encoding": encoding})
    return Body(AsyncIO(), HttpLibrary(httpx), 200, headers, given(*pieces), is_raw=is_raw)


async def read(body: Body, deadline: Deadline) -> list[bytes]:
    pieces = []
    while (piece := await body.next(deadline)) is not None:
        pieces.append(piece)
    return pieces


@pytest.mark.parametrize("deadline", [NO_DEADLINE, Deadline.after(1e9)])
def test_pieces_are_decompressed_once(deadline: Deadline) -> None:
    content = gzip.compress(b"text")
    assert anyio.run(read, body_of(content, encoding="gzip"), deadline) == [b"text"]
    assert anyio.run(read, body_of(b"text", encoding="gzip", is_raw=False), deadline) == [b"text"]
    assert anyio.run(read, body_of(b"text", encoding="utf-8"), deadline) == [b"text"]


def test_content_that_an_auth_object_has_read_takes_the_place_of_the_rest() -> None:
    body = body_of(b"rest")
    body.has_read(b"whole")
    assert anyio.run(read, body, NO_DEADLINE) == [b"whole"]


def test_error_of_the_library_becomes_a_failure() -> None:
    with pytest.raises(TransportError, match="ReadError: reset"):
        anyio.run(read, body_of(b"a", httpx.ReadError("reset")), NO_DEADLINE)
