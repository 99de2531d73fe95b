"""Contents of files as they are written to disk: whole or not at all."""

from __future__ import annotations

import gzip
import os
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from callers import MODES, Caller

from responses_client import (
    APIConnectionError,
    AsyncClient,
    Client,
    ConfigurationError,
    NotFoundError,
    RequestInfo,
    RequestValidationError,
    ResponseInfo,
    ResponseValidationError,
    TransferProgress,
)
from responses_client._calls import downloads
from responses_client._calls.downloads import Target
from responses_client.models import ContainerFile, ContainerFileCitation
from responses_client.testing import VirtualClock

MIB = 1024 * 1024
CITATION = ContainerFileCitation(container_id="cntr_1", file_id="cfile_1", filename="plot.png")


class Broken(httpx.SyncByteStream, httpx.AsyncByteStream):
    """A body with a connection that breaks after the first bytes."""

    def __iter__(self) -> Iterator[bytes]:
        yield b"Buy"
        raise httpx.ReadError("the connection broke")

    async def __aiter__(self) -> AsyncIterator[bytes]:
        yield b"Buy"
        raise httpx.ReadError("the connection broke")


class Contents:
    """A server that gives the answers that the test appends, then the content."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.answers: list[Callable[[], httpx.Response]] = []
        self.options: dict[str, Any] = {}

    def answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answers.pop(0)() if self.answers else httpx.Response(200, content=b"Buy milk.")


@pytest.fixture
def contents() -> Contents:
    return Contents()


@pytest.fixture(params=MODES)
def caller(request: pytest.FixtureRequest, contents: Contents, virtual_clock: VirtualClock) -> Caller:
    transport = httpx.MockTransport(contents.answer)
    return Caller(
        request.param,
        lambda: Client(api_key="k", http_client=httpx.Client(transport=transport), **contents.options),
        lambda: AsyncClient(
            api_key="k", http_client=httpx.AsyncClient(transport=transport), **contents.options
        ),
    )


def download(path: Path, **more: Any) -> Callable[[Any], Any]:
    return lambda client: client.files.download("file-1", path, **more)


def test_content_is_written_under_its_name_and_nothing_else_is_left(
    caller: Caller, contents: Contents, tmp_path: Path
) -> None:
    path = tmp_path / "notes.txt"
    seen: list[TransferProgress] = []

    assert caller(download(path, on_progress=seen.append)) == path

    assert path.read_bytes() == b"Buy milk."
    assert os.listdir(tmp_path) == ["notes.txt"]
    assert seen == [(9, 9)]
    assert contents.requests[0].url.path == "/v1/files/file-1/content"
    assert contents.requests[0].headers["accept"] == "*/*"
    assert contents.requests[0].headers["accept-encoding"] == "identity"


def test_file_has_the_rights_of_any_new_file(caller: Caller, tmp_path: Path) -> None:
    (tmp_path / "other").touch()
    caller(download(tmp_path / "notes.txt"))
    assert (tmp_path / "notes.txt").stat().st_mode == (tmp_path / "other").stat().st_mode


def test_content_is_returned_as_bytes_too(caller: Caller, contents: Contents) -> None:
    assert caller(lambda client: client.files.content("file-1")) == b"Buy milk."
    assert contents.requests[0].headers["accept-encoding"] == "gzip, deflate"
    contents.answers += [lambda: httpx.Response(200, content=b"")]
    assert caller(lambda client: client.files.content("file-1")) == b""


def test_content_in_memory_has_a_limit(caller: Caller, contents: Contents) -> None:
    contents.options = {"max_response_bytes": 8}
    with pytest.raises(ResponseValidationError, match=r"larger than 8 bytes \(max_response_bytes\)"):
        caller(lambda client: client.files.content("file-1"))


def test_large_content_comes_in_blocks_with_their_progress(
    caller: Caller, contents: Contents, tmp_path: Path
) -> None:
    content = os.urandom(2 * MIB + 10)
    contents.options = {"max_response_bytes": 8}  # is for memory alone
    contents.answers += [lambda: httpx.Response(200, content=content)]
    seen: list[TransferProgress] = []
    path = caller(download(tmp_path / "large", on_progress=seen.append))
    assert path.read_bytes() == content
    assert seen[-1] == (len(content), len(content))


def test_empty_content_is_an_empty_file(caller: Caller, contents: Contents, tmp_path: Path) -> None:
    contents.answers += [lambda: httpx.Response(200, content=b"")]
    assert caller(download(tmp_path / "empty")).read_bytes() == b""


# --- what is there already


def test_file_that_is_there_is_kept_before_anything_is_sent(
    caller: Caller, contents: Contents, tmp_path: Path
) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("mine")
    with pytest.raises(
        RequestValidationError, match=r"path: '.*notes\.txt' exists; pass overwrite=True to replace it"
    ):
        caller(download(path))
    assert (path.read_text(), contents.requests) == ("mine", [])
    caller(download(path, overwrite=True))
    assert path.read_text() == "Buy milk."
    assert os.listdir(tmp_path) == ["notes.txt"]


@pytest.mark.parametrize("has_links", [True, False])
def test_file_that_appears_meanwhile_is_kept(
    caller: Caller, contents: Contents, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, has_links: bool
) -> None:
    path = tmp_path / "notes.txt"
    if not has_links:
        monkeypatch.setattr(os, "link", _no_links)

    def appear() -> httpx.Response:
        path.write_text("mine")
        return httpx.Response(200, content=b"Buy milk.")

    contents.answers += [appear]
    with pytest.raises(FileExistsError):
        caller(download(path))
    assert (path.read_text(), os.listdir(tmp_path)) == ("mine", ["notes.txt"])


def _no_links(*paths: object) -> None:
    raise OSError(1, "Operation not permitted")


def test_file_system_without_links_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "link", _no_links)
    (tmp_path / "part").write_text("whole")
    Target(tmp_path / "file", False).place(tmp_path / "part", tmp_path / "file")
    assert os.listdir(tmp_path) == ["file"]


@pytest.mark.parametrize(
    ("path", "problem"),
    [
        ("{tmp}", "is a folder; pass the path of the file to write"),
        ("{tmp}/none/file", r"the folder '.*none' does not exist; create it"),
        ("{tmp}/a\0b", "a path cannot have a null byte"),
        (3, "path: expected the path of a file, got int 3"),
    ],
)
def test_place_where_no_file_can_be_is_told_before_anything_is_sent(
    caller: Caller, contents: Contents, tmp_path: Path, path: Any, problem: str
) -> None:
    given = path.replace("{tmp}", str(tmp_path)) if isinstance(path, str) else path
    with pytest.raises(RequestValidationError, match=problem):
        caller(download(given))
    assert contents.requests == []


def test_overwrite_is_a_flag(tmp_path: Path) -> None:
    with pytest.raises(RequestValidationError, match="overwrite"):
        Target(tmp_path / "a", "yes")


# --- errors, after which nothing is left


def test_broken_connection_begins_anew_and_leaves_nothing(
    caller: Caller, contents: Contents, tmp_path: Path
) -> None:
    contents.answers += [lambda: httpx.Response(200, stream=Broken()), lambda: httpx.Response(503)]
    assert caller(download(tmp_path / "notes.txt")).read_bytes() == b"Buy milk."
    assert (len(contents.requests), os.listdir(tmp_path)) == (3, ["notes.txt"])
    contents.answers += [lambda: httpx.Response(200, stream=Broken())] * 3
    with pytest.raises(APIConnectionError, match="after 3 attempts"):
        caller(download(tmp_path / "other.txt"))
    assert os.listdir(tmp_path) == ["notes.txt"]


def test_content_of_another_length_is_not_taken(caller: Caller, contents: Contents, tmp_path: Path) -> None:
    short = partial(httpx.Response, 200, content=b"Buy", headers={"content-length": "9"})
    contents.answers += [short]
    assert caller(download(tmp_path / "notes.txt")).read_bytes() == b"Buy milk."
    contents.answers += [short] * 3
    with pytest.raises(APIConnectionError, match="3 of 9 bytes came"):
        caller(download(tmp_path / "other.txt"))
    assert os.listdir(tmp_path) == ["notes.txt"]


def test_error_of_the_server_is_an_error_without_a_file(
    caller: Caller, contents: Contents, tmp_path: Path
) -> None:
    contents.answers += [lambda: httpx.Response(404, json={"error": {"message": "No such file."}})]
    with pytest.raises(NotFoundError, match="No such file"):
        caller(download(tmp_path / "notes.txt"))
    assert os.listdir(tmp_path) == []


def test_frames_of_an_error_show_no_header(caller: Caller, contents: Contents, tmp_path: Path) -> None:
    contents.answers += [lambda: httpx.Response(404, json={})]
    with pytest.raises(NotFoundError) as caught:
        caller(download(tmp_path / "notes.txt", extra_headers={"Authorization": "Bearer hunter2hunter2"}))

    assert contents.requests[0].headers["authorization"] == "Bearer hunter2hunter2"
    frames = [frame for frame, _ in traceback.walk_tb(caught.value.__traceback__)]
    ours = [frame for frame in frames if frame.f_code.co_filename == downloads.__file__]
    assert [frame.f_code.co_name for frame in ours] == ["download"]
    assert "hunter2" not in repr(ours[0].f_locals)


def test_compressed_content_is_decompressed_up_to_a_limit(
    caller: Caller, contents: Contents, tmp_path: Path
) -> None:
    def compressed() -> httpx.Response:
        stream = httpx.ByteStream(gzip.compress(b"a" * 3 * MIB))
        return httpx.Response(200, stream=stream, headers={"content-encoding": "gzip"})

    contents.answers += [compressed, compressed]
    seen: list[TransferProgress] = []
    caller(download(tmp_path / "whole", on_progress=seen.append))
    assert seen[-1] == (3 * MIB, None)
    contents.options = {"max_response_bytes": 2 * MIB}
    with pytest.raises(ResponseValidationError, match=r"larger than 2097152 bytes \(max_response_bytes\)"):
        caller(download(tmp_path / "large"))
    assert os.listdir(tmp_path) == ["whole"]


def test_own_compressions_stay(caller: Caller, contents: Contents, tmp_path: Path) -> None:
    caller(download(tmp_path / "notes.txt", extra_headers={"Accept-Encoding": "br"}))
    assert contents.requests[0].headers["accept-encoding"] == "br"


def test_disk_that_fails_leaves_nothing(
    caller: Caller, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*given: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(downloads, "_write_all", fail)
    with pytest.raises(OSError, match="No space left"):
        caller(download(tmp_path / "notes.txt"))
    assert os.listdir(tmp_path) == []


def test_block_is_written_whole_though_the_system_takes_parts() -> None:
    class Slow:
        def __init__(self) -> None:
            self.got = b""

        def write(self, data: memoryview) -> int:
            self.got += bytes(data[:3])
            return min(3, len(data))

    file = Slow()
    downloads._write_all(file, bytearray(b"Buy milk."))
    assert file.got == b"Buy milk."


def test_exception_of_a_function_leaves_nothing(caller: Caller, tmp_path: Path) -> None:
    def fail(progress: TransferProgress) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        caller(download(tmp_path / "notes.txt", on_progress=fail))
    assert os.listdir(tmp_path) == []


def test_async_progress_needs_the_async_client(caller: Caller, tmp_path: Path) -> None:
    seen: list[TransferProgress] = []

    async def report(progress: TransferProgress) -> None:
        seen.append(progress)

    if caller.mode == "sync":
        with pytest.raises(ConfigurationError, match="on_progress is an async function"):
            caller(download(tmp_path / "notes.txt", on_progress=report))
        assert os.listdir(tmp_path) == []
    else:
        caller(download(tmp_path / "notes.txt", on_progress=report))
        assert seen == [(9, 9)]


@pytest.mark.anyio
async def test_cancelled_download_leaves_nothing(contents: Contents, tmp_path: Path) -> None:
    scope = anyio.CancelScope()

    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"a" * MIB
            scope.cancel()
            await anyio.sleep_forever()

    contents.answers += [lambda: httpx.Response(200, stream=Endless())]
    transport = httpx.MockTransport(contents.answer)
    async with AsyncClient(api_key="k", http_client=httpx.AsyncClient(transport=transport)) as client:
        with scope:
            await client.files.download("file-1", tmp_path / "notes.txt")
    assert scope.cancelled_caught
    assert os.listdir(tmp_path) == []


def test_hooks_see_a_download(caller: Caller, contents: Contents, tmp_path: Path) -> None:
    seen: list[object] = []

    def note(info: RequestInfo | ResponseInfo) -> None:
        seen.append(info.operation if isinstance(info, RequestInfo) else info.result)

    contents.options = {"on_request": note, "on_response": note}
    path = caller(download(tmp_path / "notes.txt"))
    assert seen == ["files.content", path]


# --- files of containers


@pytest.mark.parametrize(
    ("given", "more"),
    [
        (CITATION, {}),
        (ContainerFile(id="cfile_1", container_id="cntr_1"), {}),
        ("cfile_1", {"container_id": "cntr_1"}),
    ],
)
def test_file_of_a_container_is_named_by_what_refers_to_it(
    caller: Caller, contents: Contents, tmp_path: Path, given: Any, more: dict[str, str]
) -> None:
    path = tmp_path / "a.png"
    assert caller(lambda client: client.containers.files.download(given, path, **more)) == path
    assert caller(lambda client: client.containers.files.content(given, **more)) == b"Buy milk."
    assert {request.url.path for request in contents.requests} == {
        "/v1/containers/cntr_1/files/cfile_1/content"
    }


@pytest.mark.parametrize(
    ("given", "problem"),
    [
        ("cfile_1", "container_id: is needed with the id of a file"),
        (3, "file_id: expected an id, a citation"),
    ],
)
def test_file_of_no_container_is_told(caller: Caller, tmp_path: Path, given: Any, problem: str) -> None:
    for method in (
        lambda client: client.containers.files.download(given, tmp_path / "a"),
        lambda client: client.containers.files.content(given),
    ):
        with pytest.raises(RequestValidationError, match=problem):
            caller(method)


@pytest.mark.parametrize(
    ("filename", "written"),
    [
        ("plot.png", "plot.png"),
        ("/mnt/data/plot.png", "plot.png"),
        ("../../plot.png", "plot.png"),
        ("..\\plot.png", "plot.png"),
        ("a:b\0|\n.png", "ab.png"),
        ("..", "file"),
        ("/", "file"),
        ("x" * 300 + ".png", "x" * 100 + ".png"),
        ("Grüße 😀.txt", "Grüße 😀.txt"),
    ],
)
def test_cited_file_stays_in_the_folder_whatever_its_name(
    caller: Caller, tmp_path: Path, filename: str, written: str
) -> None:
    cited = CITATION.model_copy(update={"filename": filename})
    path = caller(lambda client: client.containers.files.download(cited, tmp_path))
    assert path == tmp_path / written
    assert os.listdir(tmp_path) == [written]
    with pytest.raises(RequestValidationError, match="exists; pass overwrite=True"):
        caller(lambda client: client.containers.files.download(cited, tmp_path))


def test_folder_in_the_place_of_a_cited_file_is_told(caller: Caller, tmp_path: Path) -> None:
    (tmp_path / "plot.png").mkdir()
    with pytest.raises(RequestValidationError, match=r"plot\.png' is a folder"):
        caller(lambda client: client.containers.files.download(CITATION, tmp_path, overwrite=True))


def test_file_of_a_container_gets_the_end_of_its_path(caller: Caller, tmp_path: Path) -> None:
    file = ContainerFile(id="cfile_1", container_id="cntr_1", path="/mnt/data/plot.png")
    assert caller(lambda client: client.containers.files.download(file, tmp_path)) == tmp_path / "plot.png"


# --- contents that other hosts store


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_key_stays_behind_when_the_content_is_elsewhere(
    caller: Caller, contents: Contents, tmp_path: Path, status: int
) -> None:
    there = "https://storage.example/file?sig=1"
    contents.options = {"default_headers": {"X-Own": "secret"}, "organization": "org"}
    contents.answers += [lambda: httpx.Response(status, headers={"location": there})] * 2
    contents.answers.insert(1, lambda: httpx.Response(302, headers={"location": "/other"}))
    assert caller(download(tmp_path / "notes.txt")).read_bytes() == b"Buy milk."
    first, second, third = contents.requests[:3]
    assert first.headers["authorization"] == "Bearer k"
    assert (str(second.url), third.url.host) == (there, "storage.example")
    for request in (second, third):
        assert {"authorization", "x-own", "openai-organization", "cookie"}.isdisjoint(request.headers)
        assert {"accept", "user-agent", "host"} <= {*request.headers}


def test_headers_and_auth_of_a_given_client_stay_behind_too(contents: Contents) -> None:
    contents.answers += [lambda: httpx.Response(302, headers={"location": "https://storage.example/f"})]
    http_client = httpx.Client(
        transport=httpx.MockTransport(contents.answer),
        headers={"X-Team": "secret", "Authorization": "Bearer of-the-client"},
        cookies={"session": "secret"},
        auth=("user", "password"),
    )
    with Client(api_key="k", http_client=http_client) as client:
        assert client.files.content("file-1") == b"Buy milk."
    assert {"authorization", "x-team", "cookie"}.isdisjoint(contents.requests[1].headers)


def test_auth_object_does_not_sign_for_another_host(contents: Contents) -> None:
    contents.answers += [lambda: httpx.Response(302, headers={"location": "https://storage.example/f"})]
    http_client = httpx.Client(transport=httpx.MockTransport(contents.answer))
    with Client(auth=httpx.BasicAuth("user", "password"), http_client=http_client) as client:
        assert client.files.content("file-1") == b"Buy milk."
    assert contents.requests[0].headers["authorization"].startswith("Basic ")
    assert "authorization" not in contents.requests[1].headers


@pytest.mark.parametrize(
    "location", ["http://storage.example/f", "ftp://storage.example/f", "file:///etc/passwd"]
)
def test_content_is_not_fetched_by_a_less_secret_way(
    caller: Caller, contents: Contents, tmp_path: Path, location: str
) -> None:
    contents.answers += [lambda: httpx.Response(302, headers={"location": location})]
    with pytest.raises(Exception, match="302"):
        caller(download(tmp_path / "notes.txt"))
    assert (len(contents.requests), os.listdir(tmp_path)) == (1, [])


def test_other_calls_do_not_follow_to_another_host(caller: Caller, contents: Contents) -> None:
    contents.answers += [lambda: httpx.Response(302, headers={"location": "https://storage.example/f"})]
    with pytest.raises(Exception, match="302"), suppress(NotFoundError):
        caller(lambda client: client.files.retrieve("file-1"))
    assert len(contents.requests) == 1
