"""The forms of files, and the progress of a transfer."""

from __future__ import annotations

import pickle

import pytest

from responses_client import TransferProgress


@pytest.mark.parametrize(
    ("progress", "fraction"),
    [((0, 8), 0.0), ((2, 8), 0.25), ((8, 8), 1.0), ((0, 0), 1.0), ((3, None), None)],
)
def test_fraction_is_the_part_that_is_done(progress: tuple[int, int | None], fraction: float | None) -> None:
    assert TransferProgress(*progress).fraction == fraction


def test_progress_is_public_and_can_be_pickled() -> None:
    progress = TransferProgress(1, 2)
    assert repr(progress) == "TransferProgress(done=1, total=2)"
    assert pickle.loads(pickle.dumps(progress)) == progress
    assert TransferProgress.__module__ == "responses_client"
