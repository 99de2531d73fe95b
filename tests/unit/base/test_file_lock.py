"""The lock of a file: its note, systems without locks, and Windows."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from io import FileIO
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from responses_client._base.file_lock import FileLock, InUse, _host, _is_alive
from responses_client.testing import VirtualClock


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.jsonl"


@pytest.fixture
def note(path: Path) -> Path:
    return path.with_name("results.jsonl.lock")


@pytest.fixture
def clock() -> Iterator[VirtualClock]:
    with VirtualClock() as clock:
        yield clock


def refusal(path: Path) -> str:
    with FileIO(path, "a+") as file, pytest.raises(InUse) as caught:
        FileLock(path).acquire(file)
    return str(caught.value)


def test_note_names_the_holder_until_the_lock_ends(path: Path, note: Path, clock: VirtualClock) -> None:
    lock = FileLock(path)
    with FileIO(path, "a+") as file:
        lock.acquire(file)
        assert json.loads(note.read_text())["pid"] == os.getpid()
        assert refusal(path).startswith(f"this process (pid {os.getpid()} on ")
        assert note.exists()  # the refused one has not taken it away
        lock.release()
    assert not note.exists()
    lock.release()
    assert clock.waits == []


def ended_process() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
@pytest.mark.parametrize("left", ["", "{", "[]", '{"pid": "x"}', "ended", "huge"])
def test_note_that_cannot_be_right_is_waited_for(
    path: Path, note: Path, clock: VirtualClock, left: str
) -> None:
    with FileIO(path, "a+") as file:
        lock = FileLock(path)
        lock.acquire(file)
        note.unlink()
        if left:
            host = json.dumps(_host())
            pid = {"ended": str(ended_process()), "huge": "9" * 30}.get(left)
            note.write_text(f'{{"pid": {pid}, "host": {host}, "since": "then"}}' if pid else left)
        assert refusal(path) == "an unknown process"
        assert clock.waits == [0.05] * 19
        lock.release()


def test_lock_that_ends_meanwhile_is_taken(path: Path, note: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with FileIO(path, "a+") as first, FileIO(path, "a+") as second:
        held, wanted = FileLock(path), FileLock(path)
        held.acquire(first)
        note.unlink()
        monkeypatch.setattr("responses_client._base.clock.sleep", lambda seconds: held.release())
        wanted.acquire(second)
        assert note.exists()
        wanted.release()


@pytest.mark.skipif(os.name == "nt", reason="signals of POSIX")
def test_process_of_another_user_or_host_is_named(
    path: Path, note: Path, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(pid: int, signal: int) -> None:
        raise PermissionError(errno.EPERM, "Operation not permitted")

    with FileIO(path, "a+") as file:
        lock = FileLock(path)
        lock.acquire(file)
        note.write_text(json.dumps({"pid": 7, "host": "far\naway" + "y" * 100, "since": "then"}))
        assert refusal(path) == f"another process (pid 7 on far away{'y' * 72}…, since then)"
        note.write_text(json.dumps({"pid": 7, "host": _host(), "since": "then"}))
        monkeypatch.setattr(os, "kill", kill)
        assert refusal(path) == f"another process (pid 7 on {_host()}, since then)"
        lock.release()
    assert clock.waits == []


def test_link_in_the_place_of_the_note_is_not_followed(path: Path, note: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text("precious")
    note.symlink_to(other)
    with FileIO(path, "a+") as file:
        lock = FileLock(path)
        lock.acquire(file)
        lock.release()
    assert other.read_text() == "precious"


def test_folder_that_takes_no_note_does_not_stop_the_map(path: Path, note: Path, clock: VirtualClock) -> None:
    note.mkdir()
    with FileIO(path, "a+") as file:
        lock = FileLock(path)
        lock.acquire(file)
        assert refusal(path) == "an unknown process"
        lock.release()


@pytest.mark.skipif(os.name == "nt", reason="flock of POSIX")
@pytest.mark.parametrize("strerror", ["No locks available", None])
def test_file_system_without_locks_is_named_in_the_log(
    path: Path,
    note: Path,
    strerror: str | None,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def flock(descriptor: int, mode: int) -> None:
        raise OSError(errno.ENOLCK, strerror)

    monkeypatch.setattr("fcntl.flock", flock)
    lock = FileLock(path)
    with FileIO(path, "a+") as file:
        lock.acquire(file)
        lock.release()
    assert not note.exists()
    assert [record.getMessage() for record in caplog.records] == [
        f"{path} cannot be locked ({strerror or 'OSError'}), as on some network file systems; make sure that "
        "nothing else uses it"
    ]


def test_windows_locks_a_byte_behind_the_end(
    path: Path, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked: dict[int, int] = {}

    def locking(descriptor: int, mode: str, count: int) -> None:
        place = os.lseek(descriptor, 0, os.SEEK_CUR)
        if mode == "unlock":
            del locked[place]
        elif place in locked:
            raise PermissionError(errno.EACCES, "Permission denied")
        else:
            locked[place] = count

    fake: Any = SimpleNamespace(locking=locking, LK_NBLCK="lock", LK_UNLCK="unlock")
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", fake)
    lock = FileLock(path)
    with FileIO(path, "a+") as file:
        lock.acquire(file)
        assert locked == {2**31 - 2: 1}
        assert refusal(path).startswith("this process")
        lock.release()
    assert locked == {}


def test_windows_takes_every_process_for_alive(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr("responses_client._base.file_lock.os", SimpleNamespace(name="nt"))
        assert _is_alive(-5)
