"""The state of a batch in a file, by which another process takes it up; each write replaces the whole file."""

# How it works
#
# Each input file goes through five steps, and the state is written before and after each request that must not be sent
# twice:
#
#   planned ──► uploading ──► uploaded ──► creating ──► created
#               POST /files                POST /batches
#
# A process that ends in `uploading` or `creating` leaves open whether the server has what was sent. The next one looks:
# the file has a name that occurs nowhere else, since it contains the token of the state, and the batch names its file.
# What the server has is taken over, and only what it does not have is sent again.

from __future__ import annotations

import os
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple, NoReturn

from pydantic_core import from_json, to_json

from .._base.field_errors import field_error
from .._base.json_types import as_object, is_array
from ..errors import RequestValidationError
from .lines import NOT_STARTED, Plan

__all__ = ["BatchState", "FileState"]

_FORMAT = "responses_client batch"
_VERSION = 1
_STEPS = ("planned", "uploading", "uploaded", "creating", "created")


class FileState(NamedTuple):
    """How far one input file is, with the ids that the server has given out for it."""

    step: str = "planned"
    file_id: str | None = None
    batch_id: str | None = None


class BatchState:
    """How far a batch is; without a path, only in memory.

    Attributes:
        token: A random text that names the files.
        files: How far each input file is.
    """

    def __init__(self, path: Path | None, digest: str, facts: dict[str, Any]) -> None:
        self.path = path
        self.token: str = facts["token"]
        self.files: list[FileState] = [FileState(**file) for file in facts["files"]]
        self._digest = digest

    @classmethod
    def open(cls, path: Path | None, plan: Plan) -> BatchState:
        """Read the state of a plan, or begin a new one if there is no file.

        Raises:
            RequestValidationError: The file is no state, or that of other requests.
            OSError: The file cannot be read or written.
        """
        if path is not None:
            try:
                content = path.read_bytes()
            except FileNotFoundError:
                pass
            else:
                return cls(path, plan.digest, _checked(path, content, plan))
        files = [FileState()._asdict() for _ in plan.files]
        facts = {"token": token_hex(12), "files": files}
        state = cls(path, plan.digest, facts)
        state.save()
        return state

    def filename(self, place: int) -> str:
        """Return the name under which an input file is uploaded."""
        return f"responses-{self.token}-{place}.jsonl"

    def note(self, place: int, step: str, **ids: str) -> None:
        """Write that an input file has come to a step."""
        self.files[place] = self.files[place]._replace(step=step, **ids)
        self.save()

    def save(self) -> None:
        """Write the state, completely or not at all."""
        if self.path is None:
            return
        facts = {
            "format": _FORMAT,
            "version": _VERSION,
            "digest": self._digest,
            "token": self.token,
            "files": [file._asdict() for file in self.files],
        }
        part = self.path.with_name(f".{self.path.name}.{token_hex(8)}")
        try:
            with part.open("xb") as file:
                file.write(to_json(facts, indent=2) + b"\n")
                file.flush()
                os.fsync(file.fileno())
            part.replace(self.path)
        finally:
            part.unlink(missing_ok=True)


def _checked(path: Path, content: bytes, plan: Plan) -> dict[str, Any]:
    try:
        facts = as_object(from_json(content))
    except ValueError:
        facts = {}
    if facts.get("format") != _FORMAT:
        _refuse(f"{path} is not the state of a batch; pass another file", path)
    if facts.get("version") != _VERSION or not _is_whole(facts):
        _refuse(f"{path} is the state of a batch in a form that this version does not read", path)
    if facts.get("digest") != plan.digest or len(facts["files"]) != len(plan.files):
        _refuse(
            f"{path} is the state of other requests or other options; pass the same ones, or another file",
            path,
        )
    return facts


def _is_whole(facts: dict[str, Any]) -> bool:
    files = facts.get("files")
    return (
        isinstance(facts.get("token"), str)
        and is_array(files)
        and all(as_object(file).keys() == set(FileState._fields) and file["step"] in _STEPS for file in files)
    )


def _refuse(message: str, path: Path) -> NoReturn:
    mistake = field_error("state", "the state of a batch of the same requests", str(path), message=message)
    raise RequestValidationError([mistake], outcome=NOT_STARTED)
