"""Fixtures of the tests of streams."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import anyio
import pytest
from callers import RULE_MODES
from fake_io import FakeIO, call
from stream_shells import Play, Stream

from responses_client._streaming.http_source import HttpSource
from responses_client._streaming.streams import AsyncEventStream, EventStream
from responses_client._transport.protocols import run

T = TypeVar("T")


@pytest.fixture(params=RULE_MODES)
def play(request: pytest.FixtureRequest) -> Play:
    """Runs a script with a stream: sync and on asyncio."""

    def run_script(script: Callable[[Stream], Awaitable[T]], io: FakeIO, **options: object) -> T:
        params = {name: options.pop(name) for name in ("background",) if name in options}
        source = HttpSource(io, call({"stream": True, **params}, **options))
        if request.param == "sync":
            return run(script(Stream(EventStream(source))))
        return anyio.run(script, Stream(AsyncEventStream(source)), backend=request.param)

    return run_script
