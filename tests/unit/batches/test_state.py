"""The state of a batch in a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from responses_client import RequestValidationError
from responses_client._batches import state as states
from responses_client._batches.lines import InputFile, Plan
from responses_client._batches.state import BatchState, FileState

PLAN = Plan([InputFile(Path("0.jsonl"), ["0"]), InputFile(Path("1.jsonl"), ["1"])], "sha256:1")


def test_state_is_in_the_file_from_the_start(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    state = BatchState.open(path, PLAN)
    assert json.loads(path.read_text()) == {
        "format": "responses_client batch",
        "version": 1,
        "digest": "sha256:1",
        "token": state.token,
        "files": [{"step": "planned", "file_id": None, "batch_id": None}] * 2,
    }


def test_state_is_read_back(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    first = BatchState.open(path, PLAN)
    first.note(1, "uploaded", file_id="file-1")
    second = BatchState.open(path, PLAN)
    assert second.token == first.token
    assert second.files == [FileState(), FileState("uploaded", "file-1")]
    assert second.filename(1) == f"responses-{first.token}-1.jsonl"


def test_state_without_a_path_is_in_memory() -> None:
    state = BatchState.open(None, PLAN)
    state.note(0, "created", file_id="file-1", batch_id="batch_1")
    assert state.files[0] == FileState("created", "file-1", "batch_1")
    assert BatchState.open(None, PLAN).token != state.token


def test_write_that_fails_leaves_the_state_of_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.json"
    state = BatchState.open(path, PLAN)
    before = path.read_bytes()

    def full(*_: Any) -> None:
        raise OSError("No space left on device")

    monkeypatch.setattr(states.os, "fsync", full)
    with pytest.raises(OSError, match="No space"):
        state.note(0, "uploading")
    assert path.read_bytes() == before
    assert [*tmp_path.iterdir()] == [path]


def written(**changes: Any) -> str:
    state = {
        "format": "responses_client batch",
        "version": 1,
        "digest": "sha256:1",
        "token": "t",
        "files": [FileState()._asdict()] * 2,
    }
    return json.dumps({**state, **changes})


OLD = "is the state of a batch in a form that this version does not read"
OTHER = "is the state of other requests or other options; pass the same ones, or another file"


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("", "is not the state of a batch; pass another file"),
        ("[]", "is not the state of a batch; pass another file"),
        ('{"a": 1}', "is not the state of a batch; pass another file"),
        (written(version=2), OLD),
        (written(token=None), OLD),
        (written(files=None), OLD),
        (written(files=[1, 2]), OLD),
        (written(files=[{"step": "planned"}] * 2), OLD),
        (written(files=[FileState("lost")._asdict()] * 2), OLD),
        (written(digest="sha256:2"), OTHER),
        (written(files=[FileState()._asdict()]), OTHER),
    ],
)
def test_file_that_does_not_fit_is_refused_and_stays(tmp_path: Path, content: str, problem: str) -> None:
    path = tmp_path / "state.json"
    path.write_text(content)
    with pytest.raises(RequestValidationError, match=problem):
        BatchState.open(path, PLAN)
    assert path.read_text() == content
