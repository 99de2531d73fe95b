"""The base of sources: the final response, the token, and the repr of streams."""

from __future__ import annotations

import pytest
from fake_io import Clock, FakeIO, stream
from samples import COMPLETED, CREATED, HEL
from stream_shells import Play, Stream

from responses_client._streaming.http_source import HttpSource
from responses_client._streaming.source import Source
from responses_client.errors import StreamInterrupted


def test_repr_has_the_id_the_count_and_the_state(play: Play, clock: Clock) -> None:
    async def script(stream: Stream) -> None:
        name = type(stream.inner).__name__
        assert repr(stream.inner) == f"<{name} no response yet: 0 events, open>"
        await stream.next()
        assert repr(stream.inner) == f"<{name} resp_1: 1 events, open>"
        await stream.rest()
        assert repr(stream.inner) == f"<{name} resp_1: 3 events, completed>"

    play(script, FakeIO(clock, stream(CREATED, HEL, COMPLETED)))


def test_repr_of_a_failed_and_of_a_closed_stream(play: Play, clock: Clock) -> None:
    async def script(stream: Stream) -> None:
        with pytest.raises(StreamInterrupted):
            await stream.rest()
        assert repr(stream.inner).endswith(" resp_1: 1 events, failed>")

    async def left(stream: Stream) -> None:
        await stream.next()
        await stream.close()
        assert repr(stream.inner).endswith(" resp_1: 1 events, closed>")

    play(script, FakeIO(clock, stream(CREATED)))
    play(left, FakeIO(clock, stream(CREATED)))


def test_other_sources_have_no_token() -> None:
    assert Source.resume_token.fget is not None
    assert Source.resume_token.fget(object.__new__(HttpSource)) is None


def test_final_response_of_a_stream_closed_before_is_an_interruption(play: Play, clock: Clock) -> None:
    async def script(stream: Stream) -> None:
        await stream.next()
        await stream.close()
        with pytest.raises(StreamInterrupted, match="closed here before its end") as caught:
            await stream.final()
        assert (caught.value.response_id, caught.value.request_id) == ("resp_1", "req_1")

    play(script, FakeIO(clock, stream(CREATED)))
