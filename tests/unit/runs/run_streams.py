"""Streamed runs in a form that tests of sync and async clients share."""

from __future__ import annotations

from typing import Any

import anyio
import pytest
from callers import Caller
from waits import PATIENT

from responses_client import AsyncClient, Client
from responses_client._transport.protocols import run
from responses_client.errors import StreamInterrupted

__all__ = ["Stream", "kinds", "play", "read"]


class Stream:
    """A streamed run with async methods, which never suspend over a sync one."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.is_sync = not hasattr(inner, "aclose")

    async def __aenter__(self) -> Stream:
        assert (self.inner.__enter__() if self.is_sync else await self.inner.__aenter__()) is self.inner
        return self

    async def __aexit__(self, *exc_info: Any) -> None:
        if self.is_sync:
            self.inner.__exit__(*exc_info)
        else:
            await self.inner.__aexit__(*exc_info)

    async def next(self) -> Any:
        return next(self.inner) if self.is_sync else await anext(self.inner)

    async def rest(self) -> list[Any]:
        return list(self.inner) if self.is_sync else [event async for event in self.inner]

    async def into(self, events: list[Any]) -> None:
        """Keep each event, until an error comes."""
        while True:
            events.append(await self.next())

    async def until_closed(self) -> list[Any]:
        """The events up to the error that says that the run was closed before its end."""
        events: list[Any] = []
        with pytest.raises(StreamInterrupted, match="it was closed here before the end of the run"):
            await self.into(events)
        return events

    async def until(self, kind: str) -> Any:
        while (event := await self.next()).type != kind:
            pass
        return event

    async def text(self) -> list[str]:
        pieces = self.inner.text_deltas()
        return list(pieces) if self.is_sync else [piece async for piece in pieces]

    async def final(self) -> Any:
        return self.inner.get_final_result() if self.is_sync else await self.inner.get_final_result()

    async def until_done(self) -> Any:
        return self.inner.until_done() if self.is_sync else await self.inner.until_done()

    async def close(self) -> None:
        if self.is_sync:
            self.inner.close()
        else:
            await self.inner.close()


def play(caller: Caller, script: Any, **params: Any) -> Any:
    """Run an async script with a streamed run."""
    given = {"model": "m", "input": "Hi", **params}

    def sync(client: Client) -> Any:
        return run(script(Stream(client.responses.run_stream(**given))))

    async def wait(client: AsyncClient) -> Any:
        with anyio.fail_after(PATIENT):
            return await script(Stream(client.responses.run_stream(**given)))

    return caller.run(sync, wait)


def read(caller: Caller, **params: Any) -> tuple[list[Any], Any]:
    """All events of a run, and its result."""

    async def script(stream: Stream) -> Any:
        async with stream:
            return await stream.rest(), await stream.final()

    events, result = play(caller, script, **params)
    return events, result


def kinds(events: list[Any]) -> list[str]:
    """The types of the events that matter here."""
    kept = ("response.created", "response.completed", "response.failed")
    return [event.type for event in events if event.type in kept or event.type.startswith("run.")]
