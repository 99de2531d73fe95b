"""The lock of a file: one call at a time writes it, and the error of any other names that process.

Maps lock their journals with it, `responses.batch` its state, and cassettes what they record.
"""

# How it works
#
# The operating system locks the open file: with `flock`, or with a locked byte on Windows. The lock excludes other
# threads and processes, by any path or link to the file, and ends with the process in all cases. A lock does not say
# who holds it. So the holder leaves a note beside the file, such as `results.jsonl.lock`, with its process, its host
# and the time. The note is only for messages: one that a killed process left behind locks nothing, and the next holder
# replaces it.
#
# The lock belongs to the open file and not to its name. So a file that is locked may be appended to, but not replaced:
# the lock would stay with the old one.
#
# A forked process has the open file, too, and shares the lock. `forks` closes the file there, and `release` ends the
# lock explicitly, which ends it for all copies of the file.

from __future__ import annotations

import json
import logging
import os
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO

from . import clock
from .json_types import as_object
from .messages import MAX_VALUE_CHARS, one_line

__all__ = ["FileLock", "InUse"]

logger = logging.getLogger("responses_client")

_MAX_NOTE_CHARS = 1000
# The holder writes its note right after it has taken the lock. So a note that is missing, or names a process that has
# ended, is read again a few times.
_NOTE_CHECKS = 20
_SECONDS_BETWEEN_CHECKS = 0.05
# The byte that Windows locks. No process can read a locked byte, so it lies far beyond the end of most files, at an
# offset that fits into 32 bits.
_LOCKED_BYTE = 2**31 - 2


class InUse(Exception):
    """The file is locked; the message names the holder."""


class FileLock:
    """The lock of a file, and the note beside it.

    Args:
        path: The path of the file, absolute and without links.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._note = path.with_name(f"{path.name}.lock")
        self._locked: BinaryIO | None = None

    def acquire(self, file: BinaryIO) -> None:
        """Lock an open file, or log a warning if the file system has no locks.

        Raises:
            InUse: The file is locked already, by this process or another.
        """
        checks = 1
        try:
            while not _try_lock(file.fileno()):
                holder = self._holder()
                if holder is not None or checks == _NOTE_CHECKS:
                    raise InUse(holder or "an unknown process")
                checks += 1
                clock.sleep(_SECONDS_BETWEEN_CHECKS)
        except OSError as error:
            logger.warning(
                "%s cannot be locked (%s), as on some network file systems; make sure that nothing else uses it",
                self._path,
                error.strerror or type(error).__name__,
            )
            return
        self._locked = file
        self._leave_note()

    def release(self) -> None:
        """End the lock, if there is one."""
        if self._locked is None:
            return
        file, self._locked = self._locked, None
        # Before the lock ends: after it, this could be the note of the next holder.
        with suppress(OSError):
            self._note.unlink()
        with suppress(OSError):  # closing the file, which follows, ends the lock, too
            _unlock(file.fileno())

    def _leave_note(self) -> None:
        since = datetime.fromtimestamp(clock.time(), UTC).isoformat(timespec="seconds")
        note = json.dumps({"pid": os.getpid(), "host": _host(), "since": since})
        with suppress(OSError):  # without a note, only the message says less
            self._note.unlink(missing_ok=True)
            # "x" follows no link that another user may have put there.
            with self._note.open("x", encoding="utf-8") as file:
                file.write(note)

    def _holder(self) -> str | None:
        """Return a phrase for the process of the note; None if there is none, or if that process has ended."""
        try:
            with self._note.open(encoding="utf-8", errors="replace") as file:
                note: object = json.loads(file.read(_MAX_NOTE_CHARS))
        except (OSError, ValueError):
            return None
        pid = as_object(note).get("pid")
        if not isinstance(pid, int):
            return None
        host, since = (_shown(as_object(note).get(name)) for name in ("host", "since"))
        is_here = host == _host()
        if is_here and not _is_alive(pid):
            return None
        which = "this" if is_here and pid == os.getpid() else "another"
        return f"{which} process (pid {pid} on {host}, since {since})"


def _is_alive(pid: int) -> bool:
    if os.name == "nt":  # where `kill` ends processes
        return True
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:  # a process of another user
        return True
    return True


def _shown(value: object) -> str:
    return one_line(str(value), MAX_VALUE_CHARS)


def _host() -> str:
    import platform

    return _shown(platform.node())


def _try_lock(descriptor: int) -> bool:
    """Lock an open file; return False if it is locked already.

    Raises:
        OSError: The file system has no locks.
    """
    try:
        import fcntl
    except ModuleNotFoundError:
        lock = partial(_lock_byte, descriptor, "LK_NBLCK")
    else:
        lock = partial(fcntl.flock, descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    try:
        lock()
    except (BlockingIOError, PermissionError):
        return False
    return True


def _unlock(descriptor: int) -> None:
    try:
        import fcntl
    except ModuleNotFoundError:
        _lock_byte(descriptor, "LK_UNLCK")
        return
    fcntl.flock(descriptor, fcntl.LOCK_UN)


def _lock_byte(descriptor: int, mode: str) -> None:
    from importlib import import_module

    msvcrt: Any = import_module("msvcrt")
    os.lseek(descriptor, _LOCKED_BYTE, os.SEEK_SET)
    msvcrt.locking(descriptor, getattr(msvcrt, mode), 1)
