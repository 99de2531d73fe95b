"""A count of the forks that led to this process: connections of another count belong to another process."""

# After `os.fork`, parent and child have the same sockets. A request of the child over one of them mixes with the
# requests of the parent: each process may get answers for the other. Locks have the same trouble: one that another
# thread of the parent held stays locked in the child forever, as that thread does not exist there.
#
# So objects with connections or locks note the count when they are made, and replace these when it has changed.

from __future__ import annotations

import os
import threading
from io import FileIO
from weakref import WeakSet

__all__ = ["FORKED", "close_in_children", "fresh_lock", "generation", "leave_to_parent", "refuse_after_fork"]

FORKED = "the process was forked after the connection was opened, which belongs to the parent process"

# A variable and not a function, because each read of a stream compares it.
generation: int = 0
_lock = threading.Lock()
_of_parent: list[object] = []


_files: WeakSet[FileIO] = WeakSet()


def close_in_children(file: FileIO) -> None:
    """Close a file in each process that is forked off, which would share its lock, and could write it."""
    _files.add(file)


def leave_to_parent(thing: object) -> None:
    """Keep an object of the parent process as it is: to end it would take its locks, or tell the parent's event loop."""
    _of_parent.append(thing)


def fresh_lock() -> threading.Lock:
    """Return a lock of this process, which no thread of the parent can have left locked."""
    return _lock


def refuse_after_fork(made_in: int, name: str) -> None:
    """Raise `RuntimeError` in a process that was forked since the object of this name was made."""
    if made_in != generation:
        raise RuntimeError(
            f"This {name} was opened before the process was forked, and belongs to the parent process; "
            "open a new one here."
        )


def _start_anew() -> None:
    global generation, _lock
    generation += 1
    _lock = threading.Lock()
    for file in list(_files):
        file.close()
    _files.clear()


def _never_forks(**_: object) -> None:
    """Take the place of `os.register_at_fork` on Windows, which has no `fork`."""


getattr(os, "register_at_fork", _never_forks)(after_in_child=_start_anew)
