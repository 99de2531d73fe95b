"""The state of a batch in a file, with which another process can continue it; one call at a time uses the file."""

# How it works
#
# Each input file goes through five steps, and a line is written before and after each request that must not be sent
# twice:
#
#   planned ──► uploading ──► uploaded ──► creating ──► created
#               POST /files                POST /batches
#
# If a process ends in `uploading` or `creating`, the server may or may not have the file or the batch. The next process
# looks it up: the name of the file is unique, since it contains the token of the state, and the batch names its file.
# It takes over an object that the server has, and sends again only a missing one.
#
# The first line identifies the requests; each further one has the step of an input file, and its last one counts. Lines
# are only appended, because the lock belongs to the open file: a file in its place would not be locked. A line that a
# crash or a full disk has cut off is removed when the file is opened again. That loses nothing, because a request is
# sent only after its line is on the disk.

from __future__ import annotations

import os
from io import FileIO
from pathlib import Path
from secrets import token_hex
from types import NoneType
from typing import NamedTuple, NoReturn

from pydantic_core import to_json

from .._base import forks
from .._base.field_errors import field_error
from .._base.file_lock import FileLock, InUse
from .._base.json_types import JsonObject, as_object, json_or
from .._base.validation import is_whole_number
from ..errors import RequestValidationError
from .lines import NOT_STARTED, Plan

__all__ = ["BatchState", "FileState"]

_FORMAT = "responses_client batch"
_VERSION = 1
_HEAD_START = to_json({"format": _FORMAT})[:-1]
_IDS_AFTER: dict[str, tuple[type, ...]] = {  # each step; `planned` is not written
    "uploading": (NoneType, NoneType),
    "uploaded": (str, NoneType),
    "creating": (str, NoneType),
    "created": (str, str),
}


class FileState(NamedTuple):
    """The progress of one input file, with the ids that the server has given out for it."""

    step: str = "planned"
    file_id: str | None = None
    batch_id: str | None = None


class BatchState:
    """The progress of a batch.

    Args:
        path: The path of the file; None for a state that is only in memory.
        plan: The input files.

    Attributes:
        files: The progress of each input file; empty before `open`.
    """

    def __init__(self, path: str | os.PathLike[str] | None, plan: Plan) -> None:
        self.files: list[FileState] = []
        # Without links, so that all paths to the file share the note of its lock.
        self._path = None if path is None else Path(os.path.realpath(path))
        self._lock = None if self._path is None else FileLock(self._path)
        self._file: FileIO | None = None
        self._plan = plan
        self._token = token_hex(12)

    def open(self) -> None:
        """Lock and read the file, or begin a new one if there is none.

        Raises:
            RequestValidationError: The file is not a state, belongs to other requests, or is open in another call.
            OSError: The file cannot be read or written.
        """
        files = [FileState() for _ in self._plan.files]
        if self._path is not None and self._lock is not None:
            self._file = file = FileIO(self._path, "a+")
            forks.close_in_children(file)
            try:
                self._lock.acquire(file)
            except InUse as error:
                self._refuse(
                    f"is in use by another call of batch, of {error}; wait until it has ended, or pass another file"
                )
            file.seek(0)
            self._read(file, file.readall(), files)
        self.files = files

    def filename(self, place: int) -> str:
        """Return the name under which an input file is uploaded."""
        return f"responses-{self._token}-{place}.jsonl"

    def note(self, place: int, step: str, **ids: str) -> None:
        """Write that an input file has reached a step.

        Raises:
            OSError: It cannot be written, as on a full disk.
        """
        self.files[place] = self.files[place]._replace(step=step, **ids)
        if self._file is not None:
            _append(self._file, {"file": place, **self.files[place]._asdict()})

    def close(self) -> None:
        """Close the file, which ends its lock."""
        # In a forked process, the file is closed already, and the note belongs to the parent.
        if self._lock is not None and self._file is not None and not self._file.closed:
            self._lock.release()
            self._file.close()

    def _read(self, file: FileIO, content: bytes, files: list[FileState]) -> None:
        """Read the token and the steps from the content of the file, and remove an unfinished line."""
        *lines, torn = content.split(b"\n")
        if not content or (not lines and torn.startswith(_HEAD_START)):
            file.truncate(0)
            _append(file, self._head())
            return
        facts = as_object(json_or(lines[0] if lines else b""))
        if facts.get("format") != _FORMAT:
            self._refuse("is not the state of a batch; pass another file")
        if facts.get("version") != _VERSION or not isinstance(facts.get("token"), str):
            self._refuse_form()
        if {**facts, "token": self._token} != self._head():
            self._refuse(
                "is the state of other requests or other options; pass the same ones, or another file"
            )
        for line in lines[1:]:
            note = as_object(json_or(line))
            place = note.pop("file", None)
            if not is_whole_number(place) or place >= len(files) or not _is_whole(note):
                self._refuse_form()
            files[place] = FileState(**note)
        self._token = facts["token"]
        if torn:
            file.truncate(len(content) - len(torn))

    def _head(self) -> JsonObject:
        return {
            "format": _FORMAT,
            "version": _VERSION,
            "digest": self._plan.digest,
            "token": self._token,
            "files": len(self._plan.files),
        }

    def _refuse_form(self) -> NoReturn:
        self._refuse("is the state of a batch in a form that this version does not read; pass another file")

    def _refuse(self, problem: str) -> NoReturn:
        expected = "the state of a batch of the same requests"
        mistake = field_error("state", expected, str(self._path), message=f"{self._path} {problem}")
        raise RequestValidationError([mistake], outcome=NOT_STARTED) from None


def _is_whole(note: JsonObject) -> bool:
    """Whether a note has a step, and the ids that are known after it."""
    step, *ids = (note.get(name) for name in FileState._fields)
    is_known = isinstance(step, str) and tuple(map(type, ids)) == _IDS_AFTER.get(step)
    return is_known and "" not in ids and note.keys() == set(FileState._fields)


def _append(file: FileIO, facts: JsonObject) -> None:
    """Append a line, and return when it is on the disk."""
    data = memoryview(to_json(facts) + b"\n")
    while data:  # a call may write only a part, as shortly before the disk is full
        data = data[file.write(data) :]
    os.fsync(file.fileno())
