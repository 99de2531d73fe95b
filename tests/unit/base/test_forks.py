"""The count of forks."""

from __future__ import annotations

import os
from io import FileIO
from pathlib import Path

import pytest

from responses_client._base import forks


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # of Python 3.12: the test run has threads
def test_child_has_another_count_and_a_free_lock() -> None:
    before = forks.generation
    with forks.fresh_lock():
        child = os.fork()
        if child == 0:
            os._exit(
                0 if forks.generation == before + 1 and forks.fresh_lock().acquire(blocking=False) else 1
            )
        assert os.waitpid(child, 0)[1] == 0
    assert forks.generation == before


def test_new_process_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    before, lock = forks.generation, forks.fresh_lock()
    monkeypatch.setattr(forks, "generation", before)
    monkeypatch.setattr(forks, "_lock", lock)
    forks._start_anew()
    assert forks.generation == before + 1
    assert forks.fresh_lock() is not lock


def test_object_of_the_parent_is_refused() -> None:
    forks.refuse_after_fork(forks.generation, "map")
    with pytest.raises(RuntimeError, match="This map was opened before the process was forked"):
        forks.refuse_after_fork(forks.generation - 1, "map")


def test_system_without_fork_is_left_alone() -> None:
    forks._never_forks(after_in_child=forks._start_anew)


def test_file_is_closed_in_a_new_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forks, "generation", forks.generation)
    monkeypatch.setattr(forks, "_lock", forks.fresh_lock())
    with FileIO(tmp_path / "open", "w") as file:
        forks.close_in_children(file)
        forks._start_anew()
        assert file.closed
    assert not forks._files
