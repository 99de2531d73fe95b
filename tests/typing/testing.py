"""Tests of a user with the embedded server, as type checkers see them; checked, not run."""

from typing import assert_type

from responses_client.testing import RateLimit, Server, VirtualClock


def time_of_ones_own() -> None:
    with VirtualClock() as clock:
        assert_type(clock, VirtualClock)
        assert_type(clock.now, float)
        assert_type(clock.waits, list[float])
        clock.advance(5)
        clock.now = 5  # type: ignore[misc]  # pyright: ignore[reportAttributeAccessIssue]


def test_fixture(virtual_clock: VirtualClock) -> None:
    virtual_clock.advance("5")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def limits() -> None:
    server = Server(rate_limit=RateLimit(requests=500, tokens=30_000, seconds=10, style="window"))
    assert_type(server.refused, int)
    RateLimit(requests=5, style="leaky")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
