"""The value that says how far the work on many requests is, and its counts and rates."""

from __future__ import annotations

import copy
import dataclasses
import pickle

import pytest

from responses_client import Progress
from responses_client._base.progress import ProgressMeter


def counted(meter: ProgressMeter, now: float, total: int | None = None) -> Progress:
    return meter.progress(now, total=total)


@pytest.mark.parametrize(
    ("progress", "line"),
    [
        (Progress(), "0 done in 0:00"),
        (Progress(total=1200, done=34, elapsed=7.4), "34 of 1,200 done in 0:07"),
        (
            Progress(
                total=100,
                done=40,
                failed=1,
                replayed=3,
                in_flight=8,
                waiting=52,
                requests_per_minute=1234.4,
                tokens_per_minute=98_765.0,
                elapsed=75,
                eta=3723,
                wait_reason="nothing is sent to m for 20 s",
            ),
            "40 of 100 done in 1:15, 1 failed, 3 from the journal, 8 in flight, 52 waiting, 1,234 requests/min, "
            "98,765 tokens/min, about 1:02:03 left, nothing is sent to m for 20 s",
        ),
    ],
)
def test_line_says_what_there_is_to_say(progress: Progress, line: str) -> None:
    assert str(progress) == line


def test_progress_is_frozen_and_can_be_copied_and_pickled() -> None:
    progress = Progress(total=3, done=3, eta=0.0)

    assert progress.is_finished
    assert not Progress(done=3).is_finished
    assert pickle.loads(pickle.dumps(progress)) == copy.deepcopy(progress) == progress
    with pytest.raises(dataclasses.FrozenInstanceError):
        progress.done = 4


def test_results_are_counted_by_their_kind() -> None:
    meter = ProgressMeter(100.0)
    meter.add(101.0, tokens=10)
    meter.add(101.5, is_failed=True, tokens=5)
    meter.add(102.0, is_replayed=True, tokens=1000)
    progress = meter.progress(110.0, total=9, in_flight=2, waiting=4, wait_reason="nothing is sent")

    assert (progress.total, progress.done, progress.failed, progress.replayed) == (9, 3, 1, 1)
    assert (progress.in_flight, progress.waiting, progress.wait_reason) == (2, 4, "nothing is sent")
    assert (progress.tokens, progress.elapsed) == (15, 10.0)


def test_rates_are_of_the_last_minute_and_leave_out_the_journal() -> None:
    meter = ProgressMeter(0.0)
    for second in range(120):
        meter.add(float(second), tokens=7)
        meter.add(float(second), is_replayed=True, tokens=7)
    progress = counted(meter, 119.5)

    assert progress.requests_per_minute == 60
    assert progress.tokens_per_minute == 420
    assert counted(meter, 1000.0).requests_per_minute == 0


def test_rates_of_the_first_second_are_no_higher_than_its_counts() -> None:
    meter = ProgressMeter(0.0)
    meter.add(0.001, tokens=5)
    assert counted(meter, 0.001).requests_per_minute == 60
    assert counted(meter, 10.0).requests_per_minute == 6


@pytest.mark.parametrize(
    ("results", "now", "total", "eta"),
    [
        (0, 10.0, 100, None),  # no result tells how fast it goes
        (20, 10.0, None, None),  # an end that is not known
        (20, 10.0, 20, 0.0),
        (20, 0.5, 100, None),  # too early
        (20, 10.0, 100, 40.0),
        (2, 500.0, 4, 500.0),  # none in the last minute: by the whole time
    ],
)
def test_end_is_estimated_where_it_can_be(
    results: int, now: float, total: int | None, eta: float | None
) -> None:
    meter = ProgressMeter(0.0)
    for _ in range(results):
        meter.add(0.1)
    assert counted(meter, now, total).eta == eta


def test_end_is_estimated_by_the_speed_of_the_last_minute() -> None:
    meter = ProgressMeter(0.0)
    for number in range(60):
        meter.add(540.0 + number)  # nothing for nine minutes, then one in each second
    assert counted(meter, 599.5, 120).eta == pytest.approx(60.0)
