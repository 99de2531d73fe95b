"""Files as they are sent: forms, mistakes that are told before, progress, repetitions."""

from __future__ import annotations

import io
import logging
import os
import threading
from collections.abc import Callable
from email.parser import BytesParser
from email.policy import HTTP
from pathlib import Path
from typing import Any, get_args, get_type_hints

import httpx
import pytest
from callers import MODES, Caller

from responses_client import (
    APIStatusError,
    AsyncClient,
    Client,
    ConfigurationError,
    InternalServerError,
    RequestValidationError,
    TransferProgress,
)
from responses_client._calls import uploads
from responses_client.models import FileCreateParams, FileObject
from responses_client.testing import VirtualClock

Part = tuple[str | None, str | None, str, bytes]
MIB = 1024 * 1024


class Files:
    """A server that keeps the forms that it got, and answers with statuses that the test appends, then with 200."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.statuses: list[int] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        status = self.statuses.pop(0) if self.statuses else 200
        if status != 200:
            location = {"location": "/v1/elsewhere"} if status == 307 else {}
            return httpx.Response(status, json={"error": {"message": "Not now."}}, headers=location)
        return httpx.Response(
            200, json={"id": "file-1", "object": "file", "bytes": len(request.content), "filename": "f"}
        )

    @property
    def parts(self) -> list[Part]:
        """The parts of the last form: name, file name, media type, content."""
        return parts_of(self.requests[-1])


def parts_of(request: httpx.Request) -> list[Part]:
    head = f"Content-Type: {request.headers['content-type']}\r\n\r\n".encode()
    message = BytesParser(policy=HTTP).parsebytes(head + request.content)
    found: list[Part] = []
    for part in message.iter_parts():
        place = part["content-disposition"].params
        found.append(
            (place.get("name"), place.get("filename"), part.get_content_type(), part.get_payload(decode=True))
        )
    return found


@pytest.fixture
def files() -> Files:
    return Files()


@pytest.fixture(params=MODES)
def caller(request: pytest.FixtureRequest, files: Files, virtual_clock: VirtualClock) -> Caller:
    transport = httpx.MockTransport(files.answer)
    return Caller(
        request.param,
        lambda: Client(api_key="k", http_client=httpx.Client(transport=transport)),
        lambda: AsyncClient(api_key="k", http_client=httpx.AsyncClient(transport=transport)),
    )


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A file on disk."""
    made = tmp_path / "notes.txt"
    made.write_bytes(b"Buy milk.")
    return made


def create(file: Any, **more: Any) -> Callable[[Any], Any]:
    return lambda client: client.files.create(**{"purpose": "user_data", **more}, file=file)


# --- the form


def test_file_and_fields_are_parts_of_a_form_of_known_length(
    caller: Caller, files: Files, path: Path
) -> None:
    made = caller(create(str(path), expires_after={"anchor": "created_at", "seconds": 3600}))

    assert isinstance(made, FileObject)
    assert files.parts == [
        ("purpose", None, "text/plain", b"user_data"),
        ("expires_after[anchor]", None, "text/plain", b"created_at"),
        ("expires_after[seconds]", None, "text/plain", b"3600"),
        ("file", "notes.txt", "text/plain", b"Buy milk."),
    ]
    request = files.requests[-1]
    assert int(request.headers["content-length"]) == len(request.content)
    assert request.headers["idempotency-key"].startswith("rc-")


@pytest.mark.parametrize(
    ("make", "name", "kind"),
    [
        (lambda path: path, "notes.txt", "text/plain"),
        (lambda path: path.read_bytes(), "upload", "application/octet-stream"),
        (lambda path: bytearray(path.read_bytes()), "upload", "application/octet-stream"),
        (lambda path: memoryview(path.read_bytes()), "upload", "application/octet-stream"),
        (lambda path: path.open("rb"), "notes.txt", "text/plain"),
        (lambda path: io.BytesIO(path.read_bytes()), "upload", "application/octet-stream"),
        (lambda path: ("a.pdf", path), "a.pdf", "application/pdf"),
        (lambda path: ("a.csv.gz", path.read_bytes()), "a.csv.gz", "application/octet-stream"),
        (lambda path: (None, path), "notes.txt", "text/plain"),
        (lambda path: ("a.pdf", path.read_bytes(), "text/x-own"), "a.pdf", "text/x-own"),
        (lambda path: ("a.pdf", path.read_bytes(), None, {"X-Own": "1"}), "a.pdf", "application/pdf"),
    ],
)
def test_each_form_of_a_file_is_sent(
    caller: Caller, files: Files, path: Path, make: Callable[[Path], Any], name: str, kind: str
) -> None:
    given = make(path)
    caller(create(given))
    assert files.parts[-1] == ("file", name, kind, b"Buy milk.")
    assert (b"X-Own: 1\r\n" in files.requests[-1].content) == (isinstance(given, tuple) and len(given) == 4)
    if hasattr(given, "close"):
        given.close()


@pytest.mark.parametrize(
    ("name", "sent"),
    [
        ('a".txt', 'filename="a%22.txt"'),
        ("a\r\nX-Injected: 1.txt", 'filename="a%0D%0AX-Injected: 1.txt"'),
        ("a\0.txt", 'filename="a%00.txt"'),
        ("a\\", 'filename="a\\\\"'),
        ("Grüße 😀.txt", 'filename="Grüße 😀.txt"'),
        ("a\udcff.txt", 'filename="a?.txt"'),
    ],
)
def test_name_cannot_leave_its_quotes(files: Files, name: str, sent: str) -> None:
    with Client(api_key="k", http_client=httpx.Client(transport=httpx.MockTransport(files.answer))) as client:
        client.files.create(file=(name, b"x"), purpose="user_data")
    content = files.requests[-1].content
    assert f'Content-Disposition: form-data; name="file"; {sent}\r\nContent-Type: '.encode() in content
    assert b"\nX-Injected" not in content


def test_headers_of_the_user_do_not_replace_those_of_the_form(caller: Caller, files: Files) -> None:
    caller(create(b"x", extra_headers={"content-type": "application/json", "X-Mine": "1"}))
    assert files.requests[-1].headers["content-type"].startswith("multipart/form-data; boundary=rc-")
    assert files.requests[-1].headers["x-mine"] == "1"


def test_extra_fields_are_parts_too(caller: Caller, files: Files) -> None:
    caller(create(b"x", extra_body={"team": "a", "flags": [1, True]}))
    assert [(name, content) for name, _, _, content in files.parts[:-1]] == [
        ("purpose", b"user_data"),
        ("team", b"a"),
        ("flags[]", b"1"),
        ("flags[]", b"true"),
    ]


def test_open_file_is_sent_from_its_position_and_stays_open(caller: Caller, files: Files, path: Path) -> None:
    with path.open("rb") as file:
        file.seek(4)
        caller(create(file))
        assert files.parts[-1][3] == b"milk."
        assert not file.closed


def test_pipe_is_sent_in_chunks_as_its_length_is_not_known(caller: Caller, files: Files) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"piped")
    os.close(writing)
    seen: list[TransferProgress] = []
    with os.fdopen(reading, "rb") as file:
        caller(create(("p.txt", file), on_progress=seen.append))
    assert files.parts[-1] == ("file", "p.txt", "text/plain", b"piped")
    assert "content-length" not in files.requests[-1].headers
    assert seen == [(5, None)]


def test_redirect_of_a_pipe_says_that_it_cannot_be_sent_again(caller: Caller, files: Files) -> None:
    reading, writing = os.pipe()
    os.write(writing, b"piped")
    os.close(writing)
    files.statuses.append(307)
    with os.fdopen(reading, "rb") as file, pytest.raises(APIStatusError) as caught:
        caller(create(("p.txt", file)))
    assert "not followed because the file is a pipe, which cannot be read again" in caught.value.message
    assert len(files.requests) == 1


def test_file_for_a_container_is_a_form_and_an_id_is_json(caller: Caller, files: Files) -> None:
    caller(lambda client: client.containers.files.create("cntr_1", file=b"x"))
    assert files.parts == [("file", "upload", "application/octet-stream", b"x")]
    caller(lambda client: client.containers.files.create("cntr_1", file_id="file-1"))
    assert files.requests[-1].content == b'{"file_id":"file-1"}'
    assert files.requests[-1].url.path == "/v1/containers/cntr_1/files"
    for both in ({}, {"file": b"x", "file_id": "file-1"}):
        with pytest.raises(RequestValidationError, match="file: pass either file or file_id"):
            caller(lambda client, both=both: client.containers.files.create("cntr_1", **both))
    assert len(files.requests) == 2


# --- mistakes, of which nothing is sent


class AsyncFile:
    async def read(self, size: int) -> bytes:
        raise AssertionError


@pytest.mark.parametrize(
    ("file", "problem"),
    [
        ("{tmp}/none.txt", r"the file '.*none\.txt' does not exist; check the path"),
        ("{tmp}", "is a directory; pass the path of a regular file"),
        ("{tmp}/pipe", "is a device, pipe or socket, which has no length; pass the path of a regular file"),
        ("a\0b", "cannot be read"),
        ("{tmp}/empty", "empty' is empty; pass one with data"),
        (b"", "the file is empty; pass one with data"),
        (io.StringIO("x"), "is a file opened in text mode; open it with mode 'rb'"),
        (("a.txt", "text"), "is text where bytes are expected; encode it, or pass a pathlib.Path"),
        (AsyncFile(), "is a file that is read with await; pass its path"),
        (3, "expected a path, bytes, a file opened in binary mode, or a tuple"),
        (None, "expected a path, bytes, a file opened in binary mode, or a tuple"),
        ((b"x",), "expected a path, bytes"),
        (("", b"x"), r"file\[0\]: expected the name of the file"),
        ((1, b"x"), r"file\[0\]: expected the name of the file"),
        (("a", b"x", "text\r\nX: 1"), r"file\[2\]"),
        (("a", b"x", None, {"X": "1\r\nY: 2"}), r"file\[3\]"),
    ],
)
def test_mistake_is_told_before_anything_is_sent(
    caller: Caller, files: Files, tmp_path: Path, file: Any, problem: str
) -> None:
    (tmp_path / "empty").touch()
    os.mkfifo(tmp_path / "pipe")
    given = file.replace("{tmp}", str(tmp_path)) if isinstance(file, str) else file
    with pytest.raises(RequestValidationError, match=problem):
        caller(create(given))
    assert files.requests == []


def test_file_that_may_not_be_read_is_told(monkeypatch: pytest.MonkeyPatch, path: Path) -> None:
    def refuse(*given: object) -> int:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(RequestValidationError, match=r"cannot be read \(Permission denied\)"):
        uploads.read_upload(path, "file")


def test_missing_file_and_wrong_arguments_are_told(caller: Caller, files: Files) -> None:
    with pytest.raises(RequestValidationError, match="file: missing"):
        caller(lambda client: client.files.create(purpose="user_data"))
    with pytest.raises(RequestValidationError, match="purpose: missing"):
        caller(lambda client: client.files.create(file=b"x"))
    with pytest.raises(RequestValidationError, match=r"expires_after\.seconds"):
        caller(create(b"x", expires_after={"anchor": "created_at", "seconds": 1}))
    with pytest.raises(TypeError, match=r"files\.create\(\) got an unexpected keyword argument 'progress'"):
        caller(create(b"x", progress=print))
    assert files.requests == []


@pytest.mark.parametrize(
    ("purpose", "size", "limit"),
    [("user_data", 512 * MIB + 1, "536,870,912"), ("batch", 200 * MIB + 1, "209,715,200")],
)
def test_file_that_is_too_large_for_the_api_is_told_without_reading_it(
    caller: Caller, files: Files, tmp_path: Path, purpose: str, size: int, limit: str
) -> None:
    large = tmp_path / "large.jsonl"
    with large.open("wb") as file:
        file.truncate(size)
    with pytest.raises(RequestValidationError, match=f"has {size:,} bytes, and the API takes {limit}"):
        caller(create(large, purpose=purpose))
    assert files.requests == []


def test_client_of_another_server_may_send_anything(files: Files) -> None:
    transport = httpx.MockTransport(files.answer)
    with Client(
        api_key="k", validate_requests=False, http_client=httpx.Client(transport=transport)
    ) as client:
        client.files.create(file=b"", purpose="anything")
    assert files.parts[-1][3] == b""


def test_unknown_purpose_is_sent_with_a_warning(
    caller: Caller, files: Files, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        caller(create(b"x", purpose="poems"))
        caller(create(b"x", purpose="vision"))
    assert files.parts[0][3] == b"vision"
    assert caplog.messages == ["files.create: sent as given, but the purpose 'poems' is not known"]


# --- progress


def test_progress_counts_the_bytes_of_the_file(caller: Caller, tmp_path: Path) -> None:
    large = tmp_path / "large.bin"
    large.write_bytes(b"x" * (MIB + 10))
    seen: list[TransferProgress] = []
    caller(create(large, on_progress=seen.append))
    assert seen[0] == (64 * 1024, MIB + 10)
    assert seen[-1] == (MIB + 10, MIB + 10)
    assert [done for done, _ in seen] == sorted({done for done, _ in seen})


def test_async_progress_needs_the_async_client(caller: Caller, files: Files) -> None:
    seen: list[TransferProgress] = []

    async def report(progress: TransferProgress) -> None:
        seen.append(progress)

    if caller.mode == "sync":
        with pytest.raises(ConfigurationError, match="on_progress is an async function"):
            caller(create(b"abc", on_progress=report))
    else:
        caller(create(b"abc", on_progress=report))
        assert seen == [(3, 3)]


def test_exception_of_a_function_ends_the_upload(caller: Caller) -> None:
    def fail(progress: TransferProgress) -> None:
        raise OSError("my own")

    with pytest.raises(OSError, match="my own"):
        caller(create(b"abc", on_progress=fail))


def test_files_are_read_in_threads_of_async_clients(caller: Caller) -> None:
    class Watched(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            threads.add(threading.get_ident())
            return super().read(size)

    threads: set[int] = set()
    caller(create(Watched(b"x" * 3 * MIB)))
    assert (threading.get_ident() in threads) == (caller.mode == "sync")


# --- again


@pytest.mark.parametrize(
    "make", [lambda path: path, lambda path: path.read_bytes(), lambda path: path.open("rb")]
)
def test_failed_upload_is_repeated_from_its_beginning(
    caller: Caller, files: Files, path: Path, make: Callable[[Path], Any]
) -> None:
    files.statuses += [500, 307, 503]
    seen: list[int] = []
    given = make(path)
    caller(create(given, on_progress=lambda progress: seen.append(progress.done)))
    assert [parts_of(request)[-1][3] for request in files.requests] == [b"Buy milk."] * 4
    assert len({request.headers["idempotency-key"] for request in files.requests}) == 1
    assert seen == [9] * 4
    if hasattr(given, "close"):
        given.close()


@pytest.mark.parametrize("status", [500, 307, 401])
def test_pipe_is_not_repeated(files: Files, virtual_clock: VirtualClock, status: int) -> None:
    files.statuses += [status]
    reading, writing = os.pipe()
    os.write(writing, b"piped")
    os.close(writing)
    transport = httpx.MockTransport(files.answer)
    client = Client(api_key=lambda: "k", http_client=httpx.Client(transport=transport))
    with os.fdopen(reading, "rb") as file, pytest.raises(Exception, match=str(status)) as caught:
        client.files.create(file=file, purpose="user_data")
    assert len(files.requests) == 1
    assert isinstance(caught.value, InternalServerError) == (status == 500)


def test_renewed_key_sends_the_file_again(files: Files, path: Path) -> None:
    files.statuses += [401]
    keys = iter("ab")
    transport = httpx.MockTransport(files.answer)
    with Client(api_key=lambda: next(keys), http_client=httpx.Client(transport=transport)) as client:
        client.files.create(file=path, purpose="user_data")
    assert [request.headers["authorization"] for request in files.requests] == ["Bearer a", "Bearer b"]
    assert files.parts[-1][3] == b"Buy milk."


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        (b"Buy much more milk.", r"changed since it was given; send it again as it is now$"),
        (b"", r"changed since it was given"),
    ],
)
def test_file_that_changes_between_attempts_ends_the_upload(
    caller: Caller, files: Files, path: Path, change: bytes, problem: str
) -> None:
    answer = files.answer

    def change_and_fail(request: httpx.Request) -> httpx.Response:
        answer(request)
        path.write_bytes(change)
        return httpx.Response(500)

    files.answer = change_and_fail
    transport = httpx.MockTransport(lambda request: files.answer(request))
    given = Caller(
        caller.mode,
        lambda: Client(api_key="k", http_client=httpx.Client(transport=transport)),
        lambda: AsyncClient(api_key="k", http_client=httpx.AsyncClient(transport=transport)),
    )
    with pytest.raises(RequestValidationError, match=f"^The upload was given up: file: .*{problem}"):
        given(create(path))
    assert len(files.requests) == 1


def test_file_that_becomes_shorter_while_it_is_sent_ends_the_upload(caller: Caller, path: Path) -> None:
    class Shrinking(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            return b""

    with pytest.raises(RequestValidationError, match="the file became shorter while it was sent"):
        caller(create(Shrinking(b"abc")))


def test_object_that_reads_no_bytes_ends_the_upload(caller: Caller) -> None:
    class Odd:
        name = 3

        def read(self, size: int) -> str:
            return "text"

    with pytest.raises(RequestValidationError, match="the file gave str and not bytes"):
        caller(create(Odd()))


def test_file_that_is_opened_here_is_closed_after_the_call(
    caller: Caller, files: Files, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Any] = []
    read = uploads.read_upload

    def keep(*given: Any) -> Any:
        made.append(read(*given))
        return made[-1]

    monkeypatch.setattr(uploads, "read_upload", keep)
    opened: list[Any] = []
    original = uploads.FileUpload._open
    monkeypatch.setattr(uploads.FileUpload, "_open", lambda self: opened.append(original(self)) or opened[-1])
    caller(create(path))
    assert [file.closed for file in opened] == [True]
    assert repr(made[0]) == f"<{str(path)!r}>"


def test_known_purposes_are_those_of_the_schema() -> None:
    purpose = get_type_hints(FileCreateParams)["purpose"]
    assert get_args(purpose) == uploads._PURPOSES
