"""The journal of a map: the lines in it, the requests that are not sent again, and torn lines."""

from __future__ import annotations

import json
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
from responses_client._map.journal import Journal, digest_of
from responses_client.testing import Server

REQUESTS: list[Any] = [{"model": "m", "input": f"Number {number}"} for number in range(5)]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "results.jsonl"


def mapped(caller: Caller, given: Any, path: Any, **options: Any) -> list[MapResult]:
    found: list[MapResult] = caller(lambda client: client.responses.map(given, journal=path, **options).all())
    return found


def test_each_result_has_its_line_which_read_batch_reads(caller: Caller, server: Server, path: Path) -> None:
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


def test_request_of_a_torn_line_is_sent_again(caller: Caller, server: Server, path: Path) -> None:
    mapped(caller, REQUESTS, path, max_concurrency=1)
    whole = path.read_bytes()
    path.write_bytes(whole[:-20])

    results = mapped(caller, REQUESTS, path)

    assert [result.is_replayed for result in results] == [True] * 4 + [False]
    assert len(server.requests) == 6
    assert [line.custom_id for line in read_batch(path)] == ["0", "1", "2", "3", "4"]


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
        (b'{"custom_id": "1", "response": null, "request_digest": null}\n[]\n', 2),
        (b"[]\n", 1),
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

    complete = kept.count(b"\n")
    assert path.read_bytes() == "".join(lines[:complete]).encode()
    found = [journal.replay(f"{number}", "d") for number in range(count)]
    assert [response is not None for response in found] == [number < complete for number in range(count)]


def test_digest_does_not_depend_on_the_order_of_fields() -> None:
    assert digest_of(b'{"model":"m","input":"Hi"}') == digest_of(b'{"input":"Hi","model":"m"}')
    assert digest_of(b'{"model":"m","input":"Hi"}') != digest_of(b'{"model":"m","input":"Ho"}')


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
