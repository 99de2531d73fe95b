"""One scenario in each mode: with a `Client`, and with an `AsyncClient` on asyncio and on trio."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from itertools import islice
from typing import Any, cast

import anyio

from responses_client import AsyncClient, Client

__all__ = ["ASYNC_MODES", "MODES", "RULE_MODES", "Caller"]

ASYNC_MODES = ("asyncio", "trio")
MODES = ("sync", *ASYNC_MODES)
RULE_MODES = ("sync", "asyncio")
"""For rules that no event loop changes: `tests/faults` and `tests/integration` show what trio does with them."""


class Caller:
    """Runs functions of a client whose result may have to be awaited, each with a client of its own.

    `client` and `async_client` make those.
    """

    def __init__(
        self, mode: str, client: Callable[[], Client], async_client: Callable[[], AsyncClient]
    ) -> None:
        self.mode = mode
        self._client = client
        self._async_client = async_client

    def __call__(self, scenario: Callable[[Any], Any]) -> Any:
        """The result of one call."""
        return self.run(scenario, scenario)

    def run(self, scenario: Callable[[Any], Any], wait: Callable[[Any], Awaitable[Any]]) -> Any:
        """The result of a scenario that is written for each mode."""
        if self.mode == "sync":
            with self._client() as client:
                return scenario(client)

        async def within() -> Any:
            async with self._async_client() as client:
                return await wait(client)

        return anyio.run(within, backend=self.mode)

    def events(self, opened: Callable[[Any], Any], count: int | None = None) -> list[Any]:
        """The events of a stream, all or the first ones."""

        def read(client: Any) -> list[Any]:
            with opened(client) as stream:
                return list(islice(stream, count))

        async def wait(client: Any) -> list[Any]:
            events: list[Any] = []
            async with await opened(client) as stream:
                while count is None or len(events) < count:
                    try:
                        events.append(await anext(stream))
                    except StopAsyncIteration:
                        break
            return events

        return cast("list[Any]", self.run(read, wait))

    def all(self, lists: Callable[[Any], Any]) -> list[Any]:
        """All that is listed."""

        async def wait(client: Any) -> list[Any]:
            return [thing async for thing in lists(client)]

        return cast("list[Any]", self.run(lambda client: list(lists(client)), wait))
