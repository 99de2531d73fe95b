"""Questions over one WebSocket to an independent server, in each mode; the server is to know no lanes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from callers import Caller

from responses_client import APIError, AsyncClient, Client
from responses_client.models import Response

__all__ = ["at_once", "one_by_one"]

Outcome = Response | APIError


def at_once(
    caller: Caller,
    requests: Sequence[Mapping[str, Any]],
    *,
    first: Mapping[str, Any] | None = None,
    read: Sequence[int] | None = None,
) -> list[Outcome]:
    """Send all requests, after an event `first`, then read the answers in the order `read`; an error is one."""
    order = range(len(requests)) if read is None else read

    def scenario(client: Client) -> dict[int, Outcome]:
        with client.responses.connect(lanes=False) as session:
            if first is not None:
                session.send(first)
            outcomes: dict[int, Outcome] = {}
            streams: dict[int, Any] = {}
            for index, request in enumerate(requests):
                try:
                    streams[index] = session.create(**request)
                except APIError as error:  # of a session that an answer before has ended
                    outcomes[index] = error
            for index in order:
                if index in streams:
                    try:
                        outcomes[index] = streams[index].get_final_response()
                    except APIError as error:
                        outcomes[index] = error
            return outcomes

    async def wait(client: AsyncClient) -> dict[int, Outcome]:
        async with client.responses.connect(lanes=False) as session:
            if first is not None:
                await session.send(first)
            outcomes: dict[int, Outcome] = {}
            streams: dict[int, Any] = {}
            for index, request in enumerate(requests):
                try:
                    streams[index] = await session.create(**request)
                except APIError as error:
                    outcomes[index] = error
            for index in order:
                if index in streams:
                    try:
                        outcomes[index] = await streams[index].get_final_response()
                    except APIError as error:
                        outcomes[index] = error
            return outcomes

    outcomes = caller.run(scenario, wait)
    return [outcomes[index] for index in range(len(requests))]


def one_by_one(
    caller: Caller, requests: Sequence[Mapping[str, Any]], *, first: Mapping[str, Any] | None = None
) -> list[Outcome]:
    """Send an event `first`, then each request after the answer to the one before, which it continues."""

    def scenario(client: Client) -> list[Outcome]:
        outcomes: list[Outcome] = []
        with client.responses.connect(lanes=False) as session:
            if first is not None:
                session.send(first)
            for request in _continuing(requests, outcomes):
                try:
                    outcomes.append(session.create(**request).get_final_response())
                except APIError as error:
                    outcomes.append(error)
        return outcomes

    async def wait(client: AsyncClient) -> list[Outcome]:
        outcomes: list[Outcome] = []
        async with client.responses.connect(lanes=False) as session:
            if first is not None:
                await session.send(first)
            for request in _continuing(requests, outcomes):
                try:
                    outcomes.append(await (await session.create(**request)).get_final_response())
                except APIError as error:
                    outcomes.append(error)
        return outcomes

    outcomes: list[Outcome] = caller.run(scenario, wait)
    return outcomes


def _continuing(
    requests: Sequence[Mapping[str, Any]], outcomes: Sequence[Outcome]
) -> Iterator[dict[str, Any]]:
    for request in requests:
        before = outcomes[-1] if outcomes else None
        continues = {"previous_response_id": before.id} if isinstance(before, Response) else {}
        yield {**continues, **request}
