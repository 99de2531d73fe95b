"""The journal of a map: the lines in it, the requests that are not sent again, and torn lines."""

from __future__ import annotations

import errno
import json
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from io import FileIO
from pathlib import Path
from typing import Any

import anyio
import pytest
from callers import ASYNC_MODES, Caller
from hypothesis import given
from hypothesis import strategies as st

from responses_client import (
    APIConnectionError,
    APIError,
    BadRequestError,
    MapResult,
    RequestValidationError,
    read_batch,
)
from responses_client._base import forks
from responses_client._map.journal import Journal, _line, digest_of
from responses_client.testing import Server, VirtualClock

REQUESTS: list[Any] = [{"model": "m", "input": f"Number {number}"} for number in range(5)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.jsonl"


def mapped(caller: Caller, given: Any, path: Any, **options: Any) -> list[MapResult]:
    found: list[MapResult] = caller(lambda client: client.responses.map(given, journal=path, **options).all())
    return found


def test_each_result_has_its_line_which_read_batch_reads(
    caller: Caller, server: Server, path: Path, virtual_clock: VirtualClock
) -> None:
    wrong: Any = {"model": "m", "temperature": 7}
    server.unscripted(5).fail(400, message="No.").drop_connection(3)
    results = mapped(caller, [*REQUESTS, *REQUESTS[:2], wrong], path, max_concurrency=1)

    lines = {line.custom_id: line for line in read_batch(path)}
    assert list(lines) == [str(number) for number in range(8)]
    for number in range(5):
        assert lines[str(number)].result() == results[number].response
    with pytest.raises(BadRequestError, match="400: No"):
        lines["5"].result()
    with pytest.raises(APIError, match=r"'6' of the batch was not answered: .* \(code APIConnectionError\)"):
        lines["6"].result()
    with pytest.raises(APIError, match=r"temperature: expected.* \(code RequestValidationError\)"):
        lines["7"].result()
    assert [type(result.error) for result in results[5:]] == [
        BadRequestError,
        APIConnectionError,
        RequestValidationError,
    ]


def warnings(caplog: pytest.LogCaptureFixture) -> list[str]:
    return [record.getMessage() for record in caplog.records if record.levelname == "WARNING"]


def test_successes_are_not_sent_again_and_failures_are(caller: Caller, server: Server, path: Path) -> None:
    server.unscripted(2).fail(400)
    first = mapped(caller, REQUESTS, str(path), max_concurrency=1)
    assert [result.error is None for result in first] == [True, True, False, True, True]
    assert len(server.requests) == 5

    second = mapped(caller, iter(REQUESTS), path)
    assert len(server.requests) == 6
    assert [result.is_replayed for result in second] == [True, True, False, True, True]
    assert second[0].response == first[0].response
    assert second[0].request == REQUESTS[0]
    assert second[0].response_or_raise().meta is not None

    third = mapped(caller, REQUESTS, path)
    assert all(result.is_replayed for result in third)
    assert len(server.requests) == 6
    assert len(path.read_bytes().splitlines()) == 6


def test_journal_takes_more_requests_than_before(caller: Caller, server: Server, path: Path) -> None:
    mapped(caller, REQUESTS[:2], path)
    assert [result.is_replayed for result in mapped(caller, REQUESTS, path)] == [True, True, *[False] * 3]


def test_ids_of_the_user_find_their_results_in_any_order(caller: Caller, path: Path) -> None:
    given: dict[str, Any] = {f"case-{number}": request for number, request in enumerate(REQUESTS)}
    mapped(caller, given, path)
    again = mapped(caller, dict(reversed(list(given.items()))), path)
    assert [(result.index, result.id, result.is_replayed) for result in again] == [
        (number, f"case-{4 - number}", True) for number in range(5)
    ]


def test_journal_of_other_requests_is_an_error(caller: Caller, server: Server, path: Path) -> None:
    mapped(caller, REQUESTS, path)
    other: Any = [REQUESTS[0], {"model": "m", "input": "Something else"}]
    text = r"^The map was stopped: journal: .* is the journal of other requests: it has an answer to '1', which has"
    with pytest.raises(RequestValidationError, match=text):
        mapped(caller, other, path)
    assert len(server.requests) == 5


def test_failed_request_may_be_changed(caller: Caller, path: Path) -> None:
    wrong: Any = [{"input": "Hi"}]
    assert mapped(caller, wrong, path)[0].error is not None
    assert mapped(caller, [{"model": "m", "input": "Hi"}], path)[0].error is None


def test_request_of_a_torn_line_is_sent_again(
    caller: Caller, server: Server, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mapped(caller, REQUESTS, path, max_concurrency=1)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])

    results = mapped(caller, REQUESTS, path)

    assert [result.is_replayed for result in results] == [True] * 4 + [False]
    assert len(server.requests) == 6
    assert [line.custom_id for line in read_batch(path)] == ["0", "1", "2", "3", "4"]
    assert warnings(caplog) == [
        f"{path}: line 5 is damaged, as by a crash or a full disk; requests without an answer in another line are "
        "sent again"
    ]


@pytest.mark.parametrize("damage", ["zeros", "half a line", "another text", "nothing"])
def test_damaged_line_costs_that_line_only_and_is_named(
    caller: Caller, server: Server, path: Path, caplog: pytest.LogCaptureFixture, damage: str
) -> None:
    mapped(caller, REQUESTS, path, max_concurrency=1)
    lines = path.read_bytes().splitlines(keepends=True)
    damages = {
        "zeros": bytes(len(lines[1]) - 1) + b"\n",
        "half a line": lines[1][:50],  # so that the next line follows without a newline between them
        "another text": b"Dear diary, \xff\n",
        "nothing": b"\n",
    }
    lines[1] = damages[damage]
    path.write_bytes(b"".join(lines))

    results = mapped(caller, REQUESTS, path)

    assert [result.is_replayed for result in results] == [True, False, True, True, True]
    assert (
        results[2].response_or_raise().output_text
        == Server().client().responses.create(**REQUESTS[2]).output_text
    )
    assert path.read_bytes().startswith(b"".join(lines))  # nothing is deleted
    named = [text.partition(", as")[0] for text in warnings(caplog)]
    assert named == ([] if damage == "nothing" else [f"{path}: line 2 is damaged"])


@pytest.mark.parametrize(("starts", "found"), [(5, ["0", "1"]), (50, ["0"])])
def test_search_in_a_damaged_line_has_an_end(
    server: Server, path: Path, starts: int, found: list[str]
) -> None:
    server.client().responses.map(REQUESTS[:1], journal=path).all()
    answer = path.read_bytes()
    path.write_bytes(answer + b'{"custom_id":' * starts + answer.replace(b'"0"', b'"1"', 1))
    journal = Journal(path)
    journal.open()
    journal.close()
    assert list(journal._entries) == found


def test_many_damaged_lines_are_named_in_one_line(
    caller: Caller, path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    mapped(caller, REQUESTS[:1], path)
    path.write_bytes(path.read_bytes() + b"?\n" * 12)
    assert [result.is_replayed for result in mapped(caller, REQUESTS[:1], path)] == [True]
    assert [text.partition(", as")[0] for text in warnings(caplog)] == [
        f"{path}: lines 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 2 more are damaged"
    ]


@pytest.mark.parametrize("rest", ["", "?"])
def test_last_line_gets_the_newline_that_it_lacks(caller: Caller, path: Path, rest: str) -> None:
    mapped(caller, REQUESTS[:1], path)
    given = path.read_bytes() if rest else path.read_bytes().removesuffix(b"\n")
    path.write_bytes(given + rest.encode())
    assert [result.is_replayed for result in mapped(caller, REQUESTS[:2], path)] == [True, False]
    assert path.read_bytes().startswith(given + rest.encode() + b"\n{")


def test_interrupted_map_can_be_continued(caller: Caller, server: Server, path: Path) -> None:
    def read(client: Any) -> None:
        with client.responses.map(REQUESTS, max_concurrency=1, journal=path) as results:
            next(results)
            next(results)

    async def wait(client: Any) -> None:
        async with client.responses.map(REQUESTS, max_concurrency=1, journal=path) as results:
            await anext(results)
            await anext(results)

    caller.run(read, wait)
    sent = len(server.requests)
    results = mapped(caller, REQUESTS, path)

    assert [result.error for result in results] == [None] * 5
    replayed = [result.is_replayed for result in results]
    assert replayed[:2] == [True, True]
    assert len(server.requests) == sent + replayed.count(False)


@pytest.mark.parametrize(
    ("content", "number"),
    [
        (b"Dear diary,\n", 1),
        (b"Dear diary,", 1),
        (b'{"custom_id": 1, "response": null, "request_digest": null}\n', 1),
        (b'{"custom_id": "1", "response": {"status_code": null}, "request_digest": null}\n', 1),
        (b'{"custom_id": "1", "response": null, "error": null}\n', 1),
        (b"\n[]\n", 2),
        (b"[]\n", 1),
        (b'{"custom_id":"1","method":"POST"}', 1),
        (b'{"custom_id":"1","method":"POST"}\n{"custom_id":"2","met', 1),
        (b"{\n}\n", 1),
        (b"?\n" * 100 + b'{"custom_id": "1", "response": null, "request_digest": null}\n', 1),
    ],
)
def test_other_files_are_refused_and_left_as_they_are(
    caller: Caller, server: Server, path: Path, content: bytes, number: int
) -> None:
    path.write_bytes(content)
    text = rf"^The map was not started: journal: line {number} of .* is not a line of a journal"
    with pytest.raises(RequestValidationError, match=text):
        mapped(caller, REQUESTS, path)
    assert path.read_bytes() == content
    assert server.requests == []


def test_journal_that_cannot_be_written_is_an_error_before_anything_is_sent(
    caller: Caller, server: Server, tmp_path: Path
) -> None:
    with pytest.raises(IsADirectoryError):
        mapped(caller, REQUESTS, tmp_path)
    assert server.requests == []


def test_error_that_is_not_json_is_kept_as_a_string(caller: Caller, server: Server, path: Path) -> None:
    server.reply_raw("<h1>Bad gateway</h1>", status=400)
    mapped(caller, REQUESTS[:1], path)
    (line,) = read_batch(path)
    with pytest.raises(BadRequestError, match="Bad gateway"):
        line.result()


def test_error_under_status_200_is_sent_again(caller: Caller, server: Server, path: Path) -> None:
    body = json.dumps({"error": {"message": "Later."}})
    server.reply_raw(body, status=200, content_type="application/json")
    mapped(caller, REQUESTS[:1], path)
    assert mapped(caller, REQUESTS[:1], path)[0].error is None


@pytest.mark.parametrize("mode", ASYNC_MODES)
def test_journal_is_closed_when_its_opening_is_cancelled(server: Server, path: Path, mode: str) -> None:
    async def wait(client: Any) -> None:
        many = client.responses.map(REQUESTS, journal=path)
        with anyio.CancelScope() as scope:
            scope.cancel()
            await many.__aenter__()
        assert many._journal._file is None
        with pytest.raises(RuntimeError, match="is closed"):
            await anext(many)

    Caller(mode, server.client, server.async_client).run(wait, wait)


# --- the journal alone


@given(cut=st.integers(0, 400), count=st.integers(1, 3))
def test_complete_lines_are_kept_wherever_the_file_is_torn(
    cut: int, count: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.mktemp("journal") / "results.jsonl"
    line = {
        "custom_id": "",
        "id": None,
        "response": {"status_code": 200, "request_id": None, "body": {"id": "resp_1", "output": []}},
        "error": None,
        "request_digest": "d",
    }
    lines = [
        json.dumps({**line, "custom_id": f"{number}"}, separators=(",", ":")) + "\n"
        for number in range(count)
    ]
    whole = "".join(lines).encode()
    kept = whole[: max(len(whole) - cut, 0)]
    path.write_bytes(kept)

    journal = Journal(path)
    journal.open()
    journal.close()

    # The last one may lack only its newline.
    complete = sum(len(kept) >= len("".join(lines[: number + 1])) - 1 for number in range(count))
    assert path.read_bytes() == "".join(lines[:complete]).encode()
    found = [journal.replay(f"{number}", "d") for number in range(count)]
    assert [response is not None for response in found] == [number < complete for number in range(count)]


def test_digest_does_not_depend_on_the_order_of_fields() -> None:
    assert digest_of(b'{"model":"m","input":"Hi"}') == digest_of(b'{"input":"Hi","model":"m"}')
    assert digest_of(b'{"model":"m","input":"Hi"}') != digest_of(b'{"model":"m","input":"Ho"}')


@pytest.mark.parametrize(
    ("content", "digest"),
    [
        ('{"model":"m","input":"Hi"}', "7eaa87797ca4cbdea3a896bb8f5848f551524835b3913bea6f1e30b0d1056103"),
        (
            '{"input":"Grüße \U0001f600","model":"m"}',
            "1d5d532ad04aa65c4080ac13daf0cd609b9e50f903eaf796e21f1f8e09e3cca0",
        ),
        (
            '{"b":[{"d":1,"c":2.5}],"a":null,"e":true,"f":1.0,"g":1e30}',
            "8006e2798e3c20b5a14565ec5e574cfe21b316232b98bfd6e62659a3072afba2",
        ),
    ],
)
def test_digest_is_that_of_the_journals_of_earlier_versions(content: str, digest: str) -> None:
    # Another digest would have each request of an old journal sent, and paid for, again.
    assert digest_of(content.encode()) == f"sha256:{digest}"


def test_journal_that_an_earlier_version_wrote_is_read(caller: Caller, server: Server, path: Path) -> None:
    path.write_text(
        '{"custom_id":"0","id":null,"response":{"status_code":200,"request_id":"req_1","body":{"id":"resp_old",'
        '"object":"response","created_at":1,"model":"m","output":[],"status":"completed"}},"error":null,'
        '"request_digest":"sha256:7eaa87797ca4cbdea3a896bb8f5848f551524835b3913bea6f1e30b0d1056103"}\n'
    )
    [result] = mapped(caller, [{"model": "m", "input": "Hi"}], path)
    assert result.response is not None
    assert result.response.id == "resp_old"
    assert server.requests == []


def test_journal_can_be_closed_twice(path: Path) -> None:
    journal = Journal(path)
    journal.open()
    journal.close()
    journal.close()
    assert path.read_bytes() == b""


def test_error_with_half_a_surrogate_pair_is_recorded(caller: Caller, server: Server, path: Path) -> None:
    server.reply_raw('{"error": {"message": "bad \\ud800"}}', status=400, content_type="application/json")
    results = mapped(caller, REQUESTS[:2], path, max_concurrency=1)
    assert [result.error is None for result in results] == [False, True]
    assert len(path.read_bytes().splitlines()) == 2
    assert [result.error for result in mapped(caller, REQUESTS[:2], path)] == [None, None]


def test_request_of_a_failed_response_is_sent_again(caller: Caller, server: Server, path: Path) -> None:
    server.reply_response({"status": "failed", "error": {"code": "server_error", "message": "Oh."}})
    first = mapped(caller, REQUESTS[:1], path)
    assert first[0].response_or_raise().status == "failed"
    second = mapped(caller, REQUESTS[:1], path)
    assert (second[0].is_replayed, second[0].response_or_raise().status) == (False, "completed")
    assert mapped(caller, REQUESTS[:1], path)[0].is_replayed


# --- one map at a time


def nested(caller: Caller, server: Server, path: Path, other: Path) -> None:
    """Run a map over a journal while another map has it open."""
    text = (
        rf"^The map was not started: journal: {path} is in use by another map, of this process "
        rf"\(pid {os.getpid()} on \S+, since 20\S+\+00:00\); wait until it has ended, or pass another file"
    )

    def read(client: Any) -> None:
        with client.responses.map(REQUESTS, journal=path) as results:
            first = next(results)
            with pytest.raises(RequestValidationError, match=text):
                client.responses.map(REQUESTS, journal=other).all()
            assert [first, *results][4].error is None

    async def wait(client: Any) -> None:
        async with client.responses.map(REQUESTS, journal=path) as results:
            first = await anext(results)
            with pytest.raises(RequestValidationError, match=text):
                await client.responses.map(REQUESTS, journal=other).all()
            assert [first, *[result async for result in results]][4].error is None

    caller.run(read, wait)
    assert len(server.requests) == 5


def test_second_map_on_a_journal_is_refused_and_the_first_goes_on(
    caller: Caller, server: Server, path: Path
) -> None:
    nested(caller, server, path, path)
    assert len(list(read_batch(path))) == 5
    assert all(result.is_replayed for result in mapped(caller, REQUESTS, path))
    assert os.listdir(path.parent) == [path.name]


@pytest.mark.skipif(not hasattr(os, "symlink"), reason="this system has no links")
def test_journal_is_the_same_by_any_path(caller: Caller, server: Server, path: Path) -> None:
    link = path.with_name("link.jsonl")
    link.symlink_to(path)
    nested(caller, server, path, link)


def test_one_of_many_threads_gets_the_journal(path: Path) -> None:
    journals = [Journal(path) for _ in range(8)]
    start = threading.Barrier(8)

    def open_one(journal: Journal) -> str:
        start.wait()
        try:
            journal.open()
        except RequestValidationError as error:
            return str(error)
        return "opened"

    with ThreadPoolExecutor(8) as pool:
        *refused, opened = sorted(pool.map(open_one, journals))
    assert opened == "opened"
    assert all("is in use by another map, of this process" in text for text in refused)
    for journal in journals:
        journal.close()
    journals[0].open()
    journals[0].close()


def test_refused_file_is_free_again(path: Path) -> None:
    path.write_bytes(b"Dear diary,\n")
    for _ in range(2):
        with pytest.raises(RequestValidationError, match="is not a line of a journal"):
            Journal(path).open()
    assert os.listdir(path.parent) == [path.name]


def test_journal_stays_where_it_is_when_the_program_changes_its_folder(
    caller: Caller, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    mapped(caller, REQUESTS, path.name)

    def given() -> Any:
        monkeypatch.chdir("/")
        yield from REQUESTS

    assert all(result.is_replayed for result in mapped(caller, given(), path.name))


def test_file_that_another_program_changed_is_not_replayed(
    caller: Caller, server: Server, path: Path
) -> None:
    mapped(caller, REQUESTS[:1], path)

    def given() -> Any:
        path.write_bytes(path.read_bytes().replace(b"completed", b"incomplet"))
        yield REQUESTS[0]

    with pytest.raises(
        RequestValidationError, match="was changed by another program while this map has it open"
    ):
        mapped(caller, given(), path)


# --- writing


class ShortFile(FileIO):
    """A file on a disk with room for some more bytes, and that writes at most 100 at once."""

    room = 10**9
    can_truncate = True

    def write(self, data: Any) -> int:
        if not self.room:
            raise OSError(errno.ENOSPC, "No space left on device")
        count = min(len(data), 100, self.room)
        super().write(data[:count])
        self.room -= count
        return count

    def truncate(self, size: int | None = None) -> int:
        if not self.can_truncate:
            raise OSError(errno.EIO, "Input/output error")
        return super().truncate(size)


def record(journal: Journal, *ids: str) -> None:
    """Record results, all by one write."""
    response = Server().client().responses.create(model="m", input="Hi")
    for index, id in enumerate(ids):
        journal._pending.append(_line(MapResult(index, id, REQUESTS[0], response), "d"))
    journal.flush()


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put journals on a disk that may be full."""
    monkeypatch.setattr("responses_client._map.journal.FileIO", ShortFile)


def short(journal: Journal) -> ShortFile:
    """Open a journal on such a disk."""
    journal.open()
    assert isinstance(journal._file, ShortFile)
    return journal._file


@pytest.mark.usefixtures("disk")
def test_file_that_writes_only_parts_gets_the_whole(path: Path) -> None:
    journal = Journal(path)
    short(journal)
    record(journal, "a", "b")
    journal.close()
    assert [line.custom_id for line in read_batch(path)] == ["a", "b"]


@pytest.mark.parametrize(("room", "kept"), [(0, 0), (1, 0), (1.5, 1), (2, 2), (2.9, 2)])
@pytest.mark.usefixtures("disk")
def test_full_disk_leaves_whole_lines_and_the_error_counts_the_others(
    path: Path, room: float, kept: int
) -> None:
    journal = Journal(path)
    file = short(journal)
    size = len(
        _line(MapResult(0, "a", REQUESTS[0], Server().client().responses.create(model="m", input="Hi")), "d")
    )
    file.room = 1 if room == 1 else int(room * size)
    lost = 3 - kept
    counted = "1 result is" if lost == 1 else f"{lost} results are"
    text = (
        f"No space left on device; {counted} not in the journal, and the next map sends their requests again"
    )
    with pytest.raises(OSError, match=text) as caught:
        record(journal, "a", "b", "c")
    assert (caught.value.errno, caught.value.filename) == (errno.ENOSPC, str(path))
    assert [line.custom_id for line in read_batch(path)] == ["a", "b", "c"][:kept]

    file.room = 10**9  # the lines that are left are written at the end, if there is room again
    journal.close()
    assert [line.custom_id for line in read_batch(path)] == ["a", "b", "c"]


@pytest.mark.usefixtures("disk")
def test_full_disk_at_the_end_is_an_error_and_ends_the_lock(path: Path) -> None:
    journal = Journal(path)
    file = short(journal)
    record(journal, "a")
    file.room = 0
    with pytest.raises(OSError, match="1 result is not in the journal"):
        record(journal, "b")
    with pytest.raises(OSError, match="1 result is not in the journal"):
        journal.close()
    assert file.closed
    again = Journal(path)
    again.open()
    assert list(again._entries) == ["a"]
    again.close()


@pytest.mark.usefixtures("disk")
def test_part_of_a_line_that_cannot_be_cut_off_costs_no_other_line(
    path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    journal = Journal(path)
    file = short(journal)
    record(journal, "a")
    file.can_truncate, file.room = False, 30
    with pytest.raises(OSError, match="No space left"):
        record(journal, "b")
    file.room = 10**9
    record(journal, "c")
    journal.close()
    again = Journal(path)
    again.open()
    assert list(again._entries) == ["a", "b", "c"]
    again.close()
    assert len(warnings(caplog)) == 1


@pytest.mark.usefixtures("disk")
def test_file_that_grew_meanwhile_is_not_cut(path: Path) -> None:
    journal = Journal(path)
    file = short(journal)
    record(journal, "a")
    whole = path.read_bytes()
    file.room = 30

    def fail_after_another(data: Any, write: Any = file.write) -> int:
        if not file.room:
            path.write_bytes(path.read_bytes() + b"of another\n")
        count: int = write(data)
        return count

    file.write = fail_after_another
    with pytest.raises(OSError, match="No space left"):
        record(journal, "b")
    assert path.read_bytes() == whole + whole[:30].replace(b'"a"', b'"b"') + b"of another\n"
    del file.write
    file.room = 10**9
    journal.close()


@pytest.mark.parametrize(("code", "is_raised"), [(errno.EINVAL, False), (errno.EIO, True)])
def test_journal_is_on_the_disk_when_the_map_has_ended(
    path: Path, monkeypatch: pytest.MonkeyPatch, code: int, is_raised: bool
) -> None:
    synced: list[int] = []

    def fsync(descriptor: int) -> None:
        synced.append(os.fstat(descriptor).st_size)
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(os, "fsync", fsync)
    journal = Journal(path)
    journal.open()
    record(journal, "a")
    with pytest.raises(OSError, match="error") if is_raised else nullcontext():
        journal.close()
    assert synced == [path.stat().st_size]
    assert journal._file is None


# --- after a fork


def test_journal_of_the_parent_process_is_not_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    journal = Journal(path)
    journal.open()
    result = MapResult(0, "a", REQUESTS[0], Server().client().responses.create(model="m", input="Hi"))
    with monkeypatch.context() as patch:
        patch.setattr(forks, "generation", forks.generation + 1)
        with pytest.raises(RuntimeError, match="This journal was opened before the process was forked"):
            anyio.run(journal.record, None, None, result, "d")
        journal.close()
    assert journal._file is not None
    journal.close()
    assert path.read_bytes() == b""


@pytest.mark.parametrize("damage", [(b'"body"', b'"boody"'), (b'"body":{', b'"body":7,"x":{')])
def test_damaged_answer_in_a_whole_line_is_asked_for_again(
    caller: Caller, path: Path, caplog: pytest.LogCaptureFixture, damage: tuple[bytes, bytes]
) -> None:
    first = mapped(caller, REQUESTS[:2], path)
    path.write_bytes(path.read_bytes().replace(*damage, 1))

    again = mapped(caller, REQUESTS[:2], path)
    assert [result.response_or_raise().output_text for result in again] == [
        result.response_or_raise().output_text for result in first
    ]
    assert [text for text in warnings(caplog) if "is damaged" in text and "sent again" in text] != []


@pytest.mark.parametrize("digest", [None, 5])
def test_line_whose_digest_is_damaged_costs_that_line_only(
    caller: Caller, server: Server, path: Path, caplog: pytest.LogCaptureFixture, digest: object
) -> None:
    mapped(caller, REQUESTS, path)
    first, *others = path.read_text().splitlines()
    path.write_text("\n".join([json.dumps({**json.loads(first), "request_digest": digest}), *others, ""]))
    sent = len(server.requests)
    mapped(caller, REQUESTS, path)
    assert len(server.requests) == sent + 1
    assert [text for text in warnings(caplog) if "line 1 is damaged" in text]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="a device of Linux, whose content has no end")
def test_device_is_not_read(path: Path) -> None:
    journal = Journal("/dev/full")
    journal.open()
    journal.close()
