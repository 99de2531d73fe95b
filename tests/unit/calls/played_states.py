"""A server that plays the states of an object, for the methods that wait for it."""

from __future__ import annotations

from typing import Any

import httpx
from callers import Caller

from responses_client import AsyncClient, Client
from responses_client._calls.polling import Schedule
from responses_client.models._base import Model

__all__ = ["PlayedStates", "delays"]


class PlayedStates:
    """A server that answers each request with the next state, or with an error of the next status.

    Attributes:
        rest: The states and statuses that are still to come.
        paths: The paths that were asked for.
        caller: A caller of the server.
    """

    def __init__(self, mode: str) -> None:
        self.rest: list[Model | int] = []
        self.paths: list[str] = []
        transport = httpx.MockTransport(self._answer)
        self.caller = Caller(
            mode,
            lambda: Client(api_key="k", http_client=httpx.Client(transport=transport)),
            lambda: AsyncClient(api_key="k", http_client=httpx.AsyncClient(transport=transport)),
        )

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.paths.append(request.url.path)
        state = self.rest.pop(0)
        if isinstance(state, int):
            return httpx.Response(state, json={"error": {"message": "There is no such object."}})
        return httpx.Response(200, json=state.to_dict())


def delays(schedule: Schedule[Any], state: Model, count: int) -> list[float]:
    """Return the first delays of a schedule while its object stays in one state."""
    found: list[float] = []
    for _ in range(count):
        found.append(schedule.next_delay(0.0, 0.0))
        schedule.record(state)
    return found
