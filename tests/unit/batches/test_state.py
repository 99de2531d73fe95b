"""The state of a batch in a file."""

from __future__ import annotations

import errno
import json
import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Any

import pytest

from responses_client import RequestValidationError
from responses_client._batches import state as states
from responses_client._batches.lines import InputFile, Plan
from responses_client._batches.state import BatchState, FileState

PLAN = Plan([InputFile(Path("0.jsonl"), ["0"]), InputFile(Path("1.jsonl"), ["1"])], "sha256:1")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "distances.state"


@contextmanager
def opened(path: Path | None, plan: Plan = PLAN) -> Iterator[BatchState]:
    state = BatchState(path, plan)
    try:
        state.open()
        yield state
    finally:
        state.close()


def lines(path: Path) -> list[Any]:
    return [json.loads(line) for line in path.read_text().splitlines()]


HEAD = {
    "format": "responses_client batch",
    "version": 1,
    "digest": "sha256:1",
    "token": "t",
    "files": 2,
}


def test_state_is_in_the_file_from_the_start(path: Path) -> None:
    with opened(path) as state:
        (head,) = lines(path)
        assert head == {**HEAD, "token": head["token"]}
        assert state.filename(1) == f"responses-{head['token']}-1.jsonl"
        state.note(1, "uploading")
        assert lines(path) == [head, {"file": 1, "step": "uploading", "file_id": None, "batch_id": None}]


def test_state_is_read_back(path: Path) -> None:
    with opened(path) as first:
        first.note(1, "uploading")
        first.note(1, "uploaded", file_id="file-1")
        first.note(0, "uploading")
    with opened(path) as second:
        assert second.files == [FileState("uploading"), FileState("uploaded", "file-1")]
        assert second.filename(1) == first.filename(1)


def test_state_without_a_path_is_in_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with opened(None) as state, opened(None) as other:
        state.note(0, "created", file_id="file-1", batch_id="batch_1")
        assert state.files[0] == FileState("created", "file-1", "batch_1")
        assert other.filename(0) != state.filename(0)
    assert os.listdir() == []


# --- one call at a time


def test_second_call_is_refused_and_the_first_goes_on(path: Path) -> None:
    problem = (
        rf"^The batch was not started: state: {re.escape(str(path))} is in use by another call of batch, of this "
        rf"process \(pid {os.getpid()} on \S+, since \S+\); wait until it has ended, or pass another file"
    )
    other = BatchState(path, PLAN)
    with opened(path) as state:
        with pytest.raises(RequestValidationError, match=problem):
            other.open()
        other.close()
        assert other.files == []  # so that nothing of the first call is cancelled
        state.note(0, "uploading")
    other.open()
    assert other.files[0] == FileState("uploading")
    other.close()
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="this system has no links")
def test_state_is_the_same_by_any_path(path: Path) -> None:
    link = path.with_name("link.state")
    link.symlink_to(path)
    with opened(link) as state:
        with pytest.raises(RequestValidationError, match="in use"), opened(path):
            pass
        state.note(0, "uploading")
    with opened(path) as again:
        assert again.files[0] == FileState("uploading")
    assert link.is_symlink()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_forked_process_leaves_the_lock_to_its_parent(path: Path) -> None:
    with opened(path) as state:
        child = os.fork()
        if not child:
            state.close()
            os._exit(0)
        assert os.waitpid(child, 0)[1] == 0
        with pytest.raises(RequestValidationError, match="of this process"), opened(path):
            pass
        state.note(0, "uploading")


# --- writes that were cut off


def test_line_that_was_cut_off_counts_as_not_written(path: Path) -> None:
    with opened(path) as state:
        state.note(0, "uploading")
        before = path.read_bytes()
        state.note(0, "uploaded", file_id="file-1")
        whole = path.read_bytes()
    for end in range(len(before), len(whole)):
        path.write_bytes(whole[:end])
        with opened(path) as state:
            assert state.files[0] == FileState("uploading")
            assert path.read_bytes() == before
            state.note(0, "uploaded", file_id="file-2")
        with opened(path) as state:
            assert state.files[0] == FileState("uploaded", "file-2")


def test_first_line_that_was_cut_off_is_written_anew(path: Path) -> None:
    path.write_text(json.dumps(HEAD, separators=(",", ":"))[:-5])
    with opened(path) as state:
        assert lines(path)[0]["files"] == 2
        assert state.files == [FileState(), FileState()]


class FullDisk(FileIO):
    """A file that takes a part of each write, and from some size on nothing."""

    size = 0

    def write(self, data: Any) -> int:
        room = self.size - os.fstat(self.fileno()).st_size
        if room <= 0:
            raise OSError(errno.ENOSPC, "No space left on device")
        return super().write(data[: min(room, 7)])


def test_full_disk_leaves_the_state_of_before(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(states, "FileIO", FullDisk)
    monkeypatch.setattr(FullDisk, "size", 200)
    with opened(path) as state:
        state.note(0, "uploading")
        with pytest.raises(OSError, match="No space"):
            state.note(1, "uploading")
    assert path.stat().st_size == 200
    monkeypatch.setattr(FullDisk, "size", 1000)
    with opened(path) as state:
        assert state.files == [FileState("uploading"), FileState()]


# --- files that do not fit


NOTE = {"file": 0, "step": "uploading", "file_id": None, "batch_id": None}


def written(*notes: Any, **changes: Any) -> str:
    return "".join(json.dumps(line) + "\n" for line in ({**HEAD, **changes}, *notes))


FOREIGN = "is not the state of a batch; pass another file"
OLD = "is the state of a batch in a form that this version does not read; pass another file"
OTHER = "is the state of other requests or other options; pass the same ones, or another file"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("Dear diary", FOREIGN),
        ("\n", FOREIGN),
        ("[]\n", FOREIGN),
        ('{"a": 1}\n', FOREIGN),
        (written(version=2), OLD),
        (written(token=None), OLD),
        (written([]), OLD),
        (written({**NOTE, "file": 2}), OLD),
        (written({**NOTE, "file": None}), OLD),
        (written({**NOTE, "step": "lost"}), OLD),
        (written({**NOTE, "step": ["created"]}), OLD),
        (written({"file": 0, "step": "planned"}), OLD),
        (written({**NOTE, "more": 1}), OLD),
        (written({**NOTE, "file_id": "file-1"}), OLD),
        (written({**NOTE, "step": "uploaded"}), OLD),
        (written({**NOTE, "step": "creating", "file_id": 5}), OLD),
        (written({**NOTE, "step": "created", "file_id": "file-1"}), OLD),
        (written({**NOTE, "step": "created", "file_id": "file-1", "batch_id": ""}), OLD),
        (written(NOTE, "half", NOTE), OLD),
        (written(digest="sha256:2"), OTHER),
        (written(files=1), OTHER),
    ],
)
def test_file_that_does_not_fit_is_refused_and_stays(path: Path, content: str, problem: str) -> None:
    path.write_text(content + "torn")
    with pytest.raises(RequestValidationError, match=problem), opened(path):
        pass
    assert path.read_text() == content + "torn"
    assert os.listdir(path.parent) == [path.name]
