"""The forms in which programs give files, and how much of one was sent or received; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from os import PathLike
from typing import NamedTuple, Protocol, TypeAlias

from .public import public

__all__ = ["BinaryFile", "FileContent", "FileInput", "TransferProgress"]


class BinaryFile(Protocol):
    """A file that was opened in binary mode, or an object that reads like one."""

    def read(self, size: int, /) -> bytes:
        """Return the next bytes, at most `size`; none at the end."""
        ...


FileContent: TypeAlias = bytes | bytearray | memoryview | PathLike[str] | BinaryFile
"""A file without a name of its own to send: data, a path, or an open file."""

FileInput: TypeAlias = (
    str
    | FileContent
    | tuple[str | None, FileContent]
    | tuple[str | None, FileContent, str | None]
    | tuple[str | None, FileContent, str | None, Mapping[str, str]]
)
"""A file to send: a path, bytes, or a file opened in binary mode; or a tuple of the name to send, one of these, and
perhaps its media type and further headers."""


@public
class TransferProgress(NamedTuple):
    """The progress of a file that is sent or received; the argument of `on_progress`.

    After a lost connection, a transfer starts again at 0.

    Attributes:
        done: Bytes so far.
        total: All bytes; None if the size is not known.
    """

    done: int
    total: int | None

    @property
    def fraction(self) -> float | None:
        """The part that is done, from 0 to 1; None if the size is not known."""
        if self.total is None:
            return None
        return self.done / self.total if self.total else 1.0
