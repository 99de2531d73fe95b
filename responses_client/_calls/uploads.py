"""Files that are sent: forms of several parts (RFC 7578), read piece by piece from wherever the file is."""

# How it works
#
#     a path, bytes, an open file, a tuple    read_upload    first of all, so that mistakes are found before a request
#        |
#        v
#     FileUpload: one part of a form          with_form      the other fields are the bytes before the file, so that
#        |                                                   the length of the whole is known
#        v
#     pieces, async_pieces                    by a driver    a block is read (in a thread, where other tasks would
#                                                            wait), and given out in pieces of the size of one write
#
# - A path is opened for each attempt. A file of the user is read from the place where it stood when it was given, and
#   stays open. Each read seeks: after a cancelled attempt, a thread may still be in one as the next attempt begins, and
#   must not move the file under it.
# - A file that cannot seek, such as a pipe, is sent once and in chunks, since its length is not known.
# - HTTP libraries hide exceptions of a body behind their own. `problem` keeps them for `Attempts`.

from __future__ import annotations

import logging
import os
import stat
from collections.abc import AsyncIterator, Awaitable, Callable, Generator, Iterator, Mapping
from functools import partial
from inspect import isawaitable, iscoroutinefunction
from io import FileIO, TextIOBase
from json import loads
from mimetypes import MimeTypes
from os import PathLike, urandom
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn, TypeAlias, TypeVar, cast

from .._base.field_errors import field_error
from .._base.file_types import TransferProgress
from .._base.http import merge_headers
from .._base.messages import MAX_VALUE_CHARS, one_line
from .._base.overrides import override
from .._base.validation import check_argument, check_header_value, check_headers
from .._transport.upload_bodies import Upload
from ..errors import RequestValidationError
from .attempts import fetch
from .query import parameters
from .request import encode, prepare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .._transport.protocols import IO, WireRequest
    from .._transport.upload_bodies import InThread
    from ..models import Model
    from .operation import Operation
    from .settings import Settings

__all__ = ["FileUpload", "read_upload", "upload", "with_form"]

_R = TypeVar("_R", bound="Model")
_Step: TypeAlias = bytes | Callable[[], bytes] | Awaitable[object]
logger = logging.getLogger("responses_client")

_BLOCK_BYTES = 1024 * 1024  # read at once: in async code, each read switches threads
_PIECE_BYTES = 64 * 1024  # written at once, as httpx does; the time limit of a write is for this much
_EXPECTED = "a path, bytes, a file opened in binary mode, or a tuple of a name and one of these"
_UNNAMED = "upload"
_OCTETS = "application/octet-stream"
# OpenAI's reference page of `POST /files`: 512 MB for a file, 200 MB for the lines of a batch.
_MAX_BYTES = 512 * 1024 * 1024
_MAX_BATCH_BYTES = 200 * 1024 * 1024
_PURPOSES = ("assistants", "batch", "fine-tune", "vision", "user_data", "evals")  # servers may have others
_ESCAPES = {ord('"'): "%22", ord("\\"): "\\\\"} | {code: f"%{code:02X}" for code in (*range(32), 127)}


class _Source(NamedTuple):
    """The place of the bytes of a file.

    Attributes:
        shown: The file, in messages.
        size: Its bytes; None if that is not known.
        path: The path to open for each attempt, if it is one.
        file: The open file, if it is one.
        start: The position at which it stood; None if it cannot seek.
        data: The bytes, if they are there.
    """

    shown: str
    size: int | None
    path: Path | None = None
    file: Any = None
    start: int | None = 0
    data: bytes | None = None


class FileUpload(Upload):
    """A file to send, and the form around it.

    Args:
        source: The place of its bytes.
        field: The name of the argument.
        filename: The name to send.
        content_type: Its media type.
        headers: Further headers of its part of the form.
        on_progress: Called after each piece; may be async for an async driver.
    """

    def __init__(
        self,
        source: _Source,
        field: str,
        filename: str,
        content_type: str,
        headers: Mapping[str, str | None],
        on_progress: Callable[[TransferProgress], object] | None,
    ) -> None:
        self.problem: Exception | None = None
        self.size: int | None = None
        self.source = source
        self.field = field
        self._part = [
            f'Content-Disposition: form-data; name="{_escaped(field)}"; filename="{_escaped(filename)}"',
            f"Content-Type: {content_type}",
            *(f"{name}: {value}" for name, value in headers.items() if value is not None),
        ]
        self._on_progress = on_progress
        self._before = b""
        self._after = b""
        self._opened: list[Any] = []
        self._lock = Lock()
        self._is_used = False

    def __repr__(self) -> str:
        return f"<{self.source.shown}>"

    @property
    @override
    def can_send(self) -> bool:
        return self.source.start is not None or not self._is_used

    def enclose(self, fields: Mapping[str, object], boundary: str) -> None:
        """Make a form of the file and other fields, which stand before it."""
        parts = [
            f'--{boundary}\r\nContent-Disposition: form-data; name="{_escaped(name)}"\r\n\r\n{value}\r\n'
            for field, given in fields.items()
            for name, value in parameters(field, given)
        ]
        lines = "\r\n".join([f"--{boundary}", *self._part, "", ""])
        self._before = "".join([*parts, lines]).encode("utf-8", "replace")
        self._after = f"\r\n--{boundary}--\r\n".encode()
        size = self.source.size
        self.size = None if size is None else len(self._before) + size + len(self._after)

    def close(self) -> None:
        """Close the files that were opened here."""
        with self._lock:
            for file in self._opened:
                file.close()
            self._opened.clear()

    @override
    def pieces(self) -> Iterator[bytes]:
        self.problem = None
        steps = self.steps()
        block: bytes | None = None
        try:
            while (step := _next_step(steps, block)) is not None:
                if isinstance(step, bytes):
                    yield step
                else:  # no function of a sync client is async, see `require_sync`
                    block = cast("Callable[[], bytes]", step)()
        except Exception as error:
            self.problem = error
            raise

    @override
    def async_pieces(self, in_thread: InThread) -> AsyncIterator[bytes]:
        self.problem = None
        return _AsyncPieces(self, in_thread)

    def steps(self) -> Generator[_Step, bytes | None, None]:
        """Yield pieces to send, functions to call for the next block, and awaitables."""
        yield self._before
        read, done = self._reader(), 0
        while block := (yield read):
            for start in range(0, len(block), _PIECE_BYTES):
                piece = block[start : start + _PIECE_BYTES]
                yield piece
                done += len(piece)
                if self._on_progress is not None:
                    returned = self._on_progress(TransferProgress(done, self.source.size))
                    if isawaitable(returned):
                        yield returned
        yield self._after

    def _reader(self) -> Callable[[], bytes]:
        """Return the function that reads the next block; no bytes are the end."""
        source, file, offset = self.source, self.source.file, 0

        def read() -> bytes:
            nonlocal file, offset
            wanted = _BLOCK_BYTES if source.size is None else min(_BLOCK_BYTES, source.size - offset)
            if source.data is not None or not wanted:
                block = b"" if source.data is None else source.data[offset : offset + wanted]
            else:
                with self._lock:
                    self._is_used = True
                    file = file or self._open()
                    if source.start is not None:
                        file.seek(source.start + offset)
                    block = self._checked(file.read(wanted))
            offset += len(block)
            return block

        return read

    def _open(self) -> Any:
        file = FileIO(self.source.path or "")  # `close` closes it
        self._opened.append(file)
        if os.fstat(file.fileno()).st_size != self.source.size:
            self._give_up("changed since it was given")
        return file

    def _checked(self, block: object) -> bytes:
        if not isinstance(block, bytes):
            self._give_up(f"gave {type(block).__name__} and not bytes")
        if not block and self.source.size is not None:
            self._give_up("became shorter while it was sent")
        return block

    def _give_up(self, problem: str) -> NoReturn:
        message = f"{self.source.shown} {problem}; send it again as it is now"
        mistake = field_error(self.field, "a file that stays as it is", None, message=message)
        raise RequestValidationError([mistake], outcome="The upload was given up")


class _AsyncPieces(AsyncIterator[bytes]):
    """The pieces for an async driver. It is not a generator, so that nothing waits in it when an upload breaks off."""

    def __init__(self, upload: FileUpload, in_thread: InThread) -> None:
        self._upload = upload
        self._in_thread = in_thread
        self._steps = upload.steps()
        self._block: bytes | None = None

    @override
    async def __anext__(self) -> bytes:
        try:
            while (step := _next_step(self._steps, self._block)) is not None:
                if isinstance(step, bytes):
                    return step
                if isawaitable(step):
                    await step
                else:
                    is_there = self._upload.source.data is not None
                    self._block = step() if is_there else await self._in_thread(step)
        except Exception as error:
            self._upload.problem = error
            raise
        raise StopAsyncIteration


def _next_step(steps: Generator[_Step, bytes | None, None], block: bytes | None) -> _Step | None:
    """Return the next step, given the block that the last one may have asked for; None at the end."""
    try:
        return steps.send(block)
    except StopIteration:
        return None


def _escaped(text: str) -> str:
    """Return a name so that it cannot end where it stands between quotes in a header; other characters are UTF-8."""
    return text.translate(_ESCAPES)


async def upload(
    io: IO,
    operation: Operation[_R],
    params: Mapping[str, object],
    settings: Settings,
    path: Sequence[str],
    on_progress: Callable[[TransferProgress], object] | None,
) -> _R:
    """Call an endpoint that takes files.

    Raises:
        RequestValidationError: A file cannot be sent, or another argument is not valid.
        APIError: No answer came, or an error, or no valid answer.
        OSError: A file cannot be read to its end.
    """
    files: dict[str, FileUpload] = {}
    try:
        for name in operation.files:
            if name in params:
                files[name] = await io.in_thread(partial(read_upload, params[name], name, on_progress))
        return await fetch(io, prepare(operation, {**params, **files}, settings, path))
    finally:
        for file in files.values():
            file.close()


def with_form(
    request: WireRequest, operation: Operation[Any], fields: Mapping[str, object], *, is_checked: bool
) -> WireRequest:
    """Return a request with a form of the fields as its body, one of which is a `FileUpload`.

    Raises:
        RequestValidationError: The file is empty, or larger than the API takes.
    """
    file = next(value for value in fields.values() if isinstance(value, FileUpload))
    others = {name: value for name, value in fields.items() if value is not file}
    if is_checked:
        _check_size(file, fields.get("purpose"))
        purpose = fields.get("purpose")
        if purpose is not None and purpose not in _PURPOSES:
            shown = one_line(str(purpose), MAX_VALUE_CHARS)
            logger.warning("%s: sent as given, but the purpose %r is not known", operation.label, shown)
    boundary = f"rc-{urandom(16).hex()}"
    file.enclose(loads(encode(others)), boundary)
    length = {} if file.size is None else {"Content-Length": str(file.size)}
    form = {"Content-Type": f"multipart/form-data; boundary={boundary}", **length}
    return request._replace(headers=merge_headers(request.headers, form), upload=file)


def _check_size(file: FileUpload, purpose: object) -> None:
    limit = _MAX_BATCH_BYTES if purpose == "batch" else _MAX_BYTES
    if file.source.size == 0:
        _refuse(file.field, f"{file.source.shown} is empty; pass one with data")
    if file.source.size is not None and file.source.size > limit:
        shown = f"{file.source.shown} has {file.source.size:,} bytes, and the API takes {limit:,}"
        _refuse(
            file.field, f"{shown}; split it, or pass validate_requests=False to a client of another server"
        )


def read_upload(
    given: object, field: str, on_progress: Callable[[TransferProgress], object] | None = None
) -> FileUpload:
    """Return a file of a user as an upload; nothing of it is read.

    Args:
        given: The file, in one of the forms of `FileInput`.
        field: The name of the argument.
        on_progress: Called after each piece that is sent.

    Raises:
        RequestValidationError: It is not a file, or one that cannot be sent.
    """
    name: str | None = None
    content_type: str | None = None
    headers: Mapping[str, str | None] = {}
    if isinstance(given, tuple):
        members = cast("Sequence[Any]", given)
        if not 2 <= len(members) <= 4:
            raise RequestValidationError([field_error(field, _EXPECTED, members)])
        given_name, content, kind, more = (*members, None, None)[:4]
        if isinstance(content, str):
            message = (
                "is text where bytes are expected; encode it, or pass a pathlib.Path for a file of that name"
            )
            _refuse(field, message)
        if given_name is not None and (not isinstance(given_name, str) or not given_name):
            raise RequestValidationError([field_error(f"{field}[0]", "the name of the file", given_name)])
        name = given_name
        content_type = check_argument(f"{field}[2]", check_header_value, kind)
        headers = check_argument(f"{field}[3]", check_headers, more)
    else:
        content = given
    source, own_name = _source_of(content, field)
    filename = name or own_name or _UNNAMED
    guessed, encoding = MimeTypes().guess_type(filename)
    content_type = content_type or (guessed if encoding is None else None) or _OCTETS
    return FileUpload(source, field, filename, content_type, headers, on_progress)


def _source_of(content: object, field: str) -> tuple[_Source, str]:
    """Return where the bytes of a file are, and its name; empty if it has none."""
    if isinstance(content, (str, PathLike)):
        path = Path(cast("str | PathLike[str]", content))
        return _Source(repr(str(path)), _size_of(path, field), path=path), path.name
    if isinstance(content, (bytes, bytearray, memoryview)):
        data = bytes(cast("bytes | bytearray | memoryview", content))
        return _Source("the file", len(data), data=data), ""
    if isinstance(content, TextIOBase):
        _refuse(field, "is a file opened in text mode; open it with mode 'rb'")
    read = getattr(content, "read", None)
    if iscoroutinefunction(read):
        _refuse(field, "is a file that is read with await; pass its path")
    if not callable(read):
        raise RequestValidationError([field_error(field, _EXPECTED, content)])
    named: object = getattr(content, "name", None)
    name = os.path.basename(named) if isinstance(named, str) else ""
    size, start = _rest_of(content)
    return _Source(repr(name) if name else "the file", size, file=content, start=start), name


def _size_of(path: Path, field: str) -> int:
    shown = repr(str(path))
    try:
        status = path.stat()
        if stat.S_ISREG(status.st_mode):
            os.close(os.open(path, os.O_RDONLY))  # whether it may be read
            return status.st_size
    except FileNotFoundError as error:
        _refuse(field, f"the file {shown} does not exist; check the path", error)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        _refuse(field, f"{shown} cannot be read ({reason}); check the path", error)
    kind = "a directory" if stat.S_ISDIR(status.st_mode) else "a device, pipe or socket, which has no length"
    _refuse(field, f"{shown} is {kind}; pass the path of a regular file")


def _rest_of(file: Any) -> tuple[int | None, int | None]:
    """Return how many bytes follow in an open file, and where it stands; None for each where it cannot seek."""
    try:
        start: int = file.tell()
        end: int = file.seek(0, os.SEEK_END)
        file.seek(start)
    except (AttributeError, OSError):
        return None, None
    return max(end - start, 0), start


def _refuse(field: str, message: str, cause: Exception | None = None) -> NoReturn:
    raise RequestValidationError([field_error(field, _EXPECTED, None, message=message)]) from cause
