"""Streams of an independent server over connections that break."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
from callers import MODES, Caller
from cutting_proxy import CuttingProxy

from responses_client import AsyncClient, Client
from responses_client._base.retry import Policy


@pytest.fixture
def proxy(agent_server: str) -> Iterator[CuttingProxy]:
    proxy = CuttingProxy(agent_server)
    yield proxy
    proxy.close()


@pytest.mark.parametrize("mode", MODES)
def test_stream_that_breaks_off_again_and_again_is_whole(
    mode: str, proxy: CuttingProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("responses_client._calls.attempts.Policy", partial(Policy, initial=0.001))
    options: dict[str, Any] = {"api_key": "any", "base_url": proxy.url, "timeout": 30}
    caller = Caller(mode, lambda: Client(**options), lambda: AsyncClient(**options))
    text = "one two three four five six seven eight nine ten"
    events = caller.events(
        lambda client: client.responses.create(model="m", input=text, background=True, stream=True)
    )

    assert proxy.cuts >= 2
    assert [event.sequence_number for event in events] == list(range(len(events)))
    assert "".join(event.delta for event in events if event.type.endswith("text.delta")) == f"{text} "
    assert events[-1].response.output_text == f"{text} "
