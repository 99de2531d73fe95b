"""Contents of files that are received: written to disk as they come, under another name until they are whole."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from inspect import isawaitable
from os import PathLike, urandom
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn, cast

from .._base.field_errors import field_error
from .._base.file_types import TransferProgress
from .._base.validation import check_argument, check_flag
from .._transport.protocols import TransportError
from ..errors import RequestValidationError
from .attempts import fetch
from .request import ACCEPT_ENCODING, prepare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._base.http import ResponseMeta
    from .._transport.protocols import IO, Body
    from .attempts import Attempts
    from .operation import BinaryOperation
    from .settings import Settings

__all__ = ["Target", "download"]

_BLOCK_BYTES = 1024 * 1024  # written at once: in async code, each write switches threads
_MAX_NAME_CHARS = 100  # of a file in a folder, within those that a file system takes


class Target:
    """The target of a download.

    Args:
        path: The file to write, or a folder for a file of a known name.
        overwrite: Whether a file that is there is replaced.
        filename: The name that the server gives the file, for a folder; None if it is not known.
    """

    def __init__(self, path: object, overwrite: object, filename: str | None = None) -> None:
        if not isinstance(path, (str, PathLike)):
            raise RequestValidationError([field_error("path", "the path of a file", path)])
        self._path = Path(cast("str | PathLike[str]", path))
        self._can_replace = check_argument("overwrite", check_flag, overwrite)
        self._filename = filename

    def check(self) -> Path:
        """Return the path of the file.

        Raises:
            RequestValidationError: No file can be written there.
        """
        path = self._path
        if "\0" in str(path):
            _refuse("a path cannot have a null byte; leave it out")
        if path.is_dir():
            if not self._filename:
                _refuse(f"{str(path)!r} is a folder; pass the path of the file to write")
            path = path / _safe_name(self._filename)
        if not path.parent.is_dir():
            _refuse(f"the folder {str(path.parent)!r} does not exist; create it")
        if path.is_dir():
            _refuse(f"{str(path)!r} is a folder; pass the path of the file to write")
        if os.path.lexists(path) and not self._can_replace:
            _refuse(f"{str(path)!r} exists; pass overwrite=True to replace it")
        return path

    def place(self, temporary: Path, path: Path) -> None:
        """Give a file that is whole its name.

        Raises:
            FileExistsError: Another one has got this name meanwhile.
        """
        if self._can_replace:
            os.replace(temporary, path)
            return
        try:
            os.link(temporary, path)  # the only way that never replaces a file
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            if os.path.lexists(path):
                raise FileExistsError(f"{str(path)!r} was created during the download") from None
            os.rename(temporary, path)
            return
        os.unlink(temporary)


def _safe_name(filename: str) -> str:
    """Return the last part of a name that a server gives, without the characters special to a file system."""
    last = filename.replace("\\", "/").rpartition("/")[2]
    name = "".join(c for c in last if c.isprintable() and c not in '<>:"|?*').strip(" .")
    stem, dot, ending = name.rpartition(".")
    return (stem or ending)[:_MAX_NAME_CHARS] + (dot + ending[:_MAX_NAME_CHARS] if stem else "") or "file"


def _refuse(message: str) -> NoReturn:
    mistake = field_error("path", "the path of a file to write", None, message=message)
    raise RequestValidationError([mistake])


async def download(
    io: IO,
    operation: BinaryOperation,
    params: Mapping[str, object],
    settings: Settings,
    ids: Sequence[str],
    target: Target,
    on_progress: Callable[[TransferProgress], object] | None,
) -> Path:
    """Call an endpoint that returns the content of a file, write it to disk, and return its path.

    Raises:
        RequestValidationError: The file cannot be written there, or an argument is not valid.
        APIError: No answer came, or an error, or a part of the content.
        OSError: The file cannot be written.
    """
    call = prepare(operation, params, settings, ids)
    # Only an uncompressed body has a known length. No variable has the headers, which the frame of an error would keep.
    if call.request.headers.get("Accept-Encoding") == ACCEPT_ENCODING:
        request = call.request
        call = call._replace(
            request=request._replace(headers={**request.headers, "Accept-Encoding": "identity"})
        )
    path = await io.in_thread(target.check)
    receive = partial(_receive, io, target, path, on_progress)
    written: Path = await fetch(io, call._replace(receive=receive))
    return written


async def _receive(
    io: IO,
    target: Target,
    path: Path,
    on_progress: Callable[[TransferProgress], object] | None,
    attempts: Attempts,
    body: Body,
    meta: ResponseMeta,
) -> Path:
    """Write a body to a file of another name, and rename it as it is whole."""
    temporary = path.parent / f".{path.name[:_MAX_NAME_CHARS]}.{urandom(6).hex()}.part"
    try:
        file = await io.in_thread(partial(open, temporary, "xb", buffering=0))
        try:
            await _write(io, file, on_progress, attempts, body, meta)
        finally:
            file.close()
        await io.in_thread(partial(target.place, temporary, path))
    except BaseException:
        with suppress(OSError):
            os.unlink(temporary)
        raise
    finally:
        await body.close()
    return path


async def _write(
    io: IO,
    file: Any,
    on_progress: Callable[[TransferProgress], object] | None,
    attempts: Attempts,
    body: Body,
    meta: ResponseMeta,
) -> None:
    total, limit = _length(meta), None
    if total is None and meta.headers.get("content-encoding"):
        limit = attempts.call.settings.max_response_bytes  # a few bytes may stand for any number
    block = bytearray()
    done = 0
    while True:
        piece = await body.next(attempts.deadline)
        block += piece or b""
        if len(block) >= _BLOCK_BYTES or (piece is None and block):
            await io.in_thread(partial(_write_all, file, block))
            done += len(block)
            block = bytearray()
            if limit is not None and done > limit:
                raise TransportError("size", f"larger than {limit} bytes (max_response_bytes)")
            if on_progress is not None and isawaitable(
                returned := on_progress(TransferProgress(done, total))
            ):
                await returned
        if piece is None:
            break
    if total is not None and done != total:
        raise TransportError("network", f"{done} of {total} bytes came")


def _write_all(file: Any, block: bytearray) -> None:
    view = memoryview(block)
    while view:
        view = view[file.write(view) :]


def _length(meta: ResponseMeta) -> int | None:
    """Return the bytes that an answer has by its headers; None if they do not say, or it is compressed."""
    length = meta.headers.get("content-length", "")
    return int(length) if length.isdecimal() and not meta.headers.get("content-encoding") else None
