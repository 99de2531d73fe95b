"""Deadlines; clocks that replace the real ones are tested with the virtual clock of the testing package."""

from __future__ import annotations

import pytest
from fake_io import Clock

from responses_client._base.clock import NO_DEADLINE, NO_REAL_DEADLINE, Deadline, RealDeadline


def test_deadline_comes_nearer_and_passes(clock: Clock) -> None:
    deadline = Deadline.after(5)
    assert (deadline.remaining(), deadline.is_expired) == (5, False)
    clock.now += 5
    assert (deadline.remaining(), deadline.is_expired) == (0, True)
    clock.now += 1
    assert (deadline.remaining(), deadline.is_expired) == (-1, True)


def test_no_deadline_never_passes(clock: Clock) -> None:
    assert Deadline.after(None) is NO_DEADLINE
    clock.now += 1e9
    assert (NO_DEADLINE.remaining(), NO_DEADLINE.is_expired, NO_DEADLINE.min(3)) == (None, False, 3)


@pytest.mark.parametrize(("seconds", "shorter"), [(2, 2), (9, 5)])
def test_wait_is_no_longer_than_what_remains(clock: Clock, seconds: float, shorter: float) -> None:
    assert Deadline.after(5).min(seconds) == shorter


def test_earlier_of_two_deadlines_wins(clock: Clock) -> None:
    near, far = Deadline.after(1), Deadline.after(2)
    assert near.earlier(far) is far.earlier(near) is near
    assert near.earlier(NO_DEADLINE) is NO_DEADLINE.earlier(near) is near


def test_real_deadline_ignores_the_clock_that_replaces_the_real_one(clock: Clock) -> None:
    deadline = RealDeadline.after(60)
    clock.now += 1e9
    assert not deadline.is_expired
    assert 59 < deadline.min(1e9) <= 60
    assert RealDeadline.after(None) is NO_REAL_DEADLINE
    assert NO_REAL_DEADLINE.earlier(deadline) is deadline
    assert RealDeadline.after(-1).is_expired
