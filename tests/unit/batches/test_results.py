"""The results of a batch: their order, their errors, and the value that holds them."""

from __future__ import annotations

import json
import pickle
from pathlib import Path
from typing import Any

import pytest
from batch_helpers import questions

from responses_client import APIError, APIStatusError, BatchResults, ResponseValidationError
from responses_client._batches.results import read_results
from responses_client._map.requests import RequestIterator
from responses_client.models import Batch

BODY = {"id": "resp_1", "object": "response", "status": "completed", "output": [], "new_field": 7}


def answer(custom_id: str, status: int = 200, body: Any = BODY) -> dict[str, Any]:
    response = {"status_code": status, "request_id": "req_1", "body": body}
    return {"id": "batch_req_1", "custom_id": custom_id, "response": response, "error": None}


def read(folder: Path, *lines: Any, count: int = 2, batch: dict[str, Any] | None = None) -> BatchResults:
    """Return the results of one batch with these lines in its file."""
    path = folder / "results.jsonl"
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    requests = [*RequestIterator(questions(count))]
    state = Batch.from_dict({"id": "batch_1", "status": "completed", **(batch or {})})
    return read_results(requests, [[each.id for each in requests]], [state], [path], strict=False)


def test_results_are_in_the_order_of_the_requests(tmp_path: Path) -> None:
    results = read(tmp_path, answer("1"), answer("0"))
    assert [(result.index, result.id, result.request["input"]) for result in results] == [
        (0, "0", "Question 0"),
        (1, "1", "Question 1"),
    ]
    assert [result.id for result in results[1:]] == ["1"]
    assert (len(results), results[-1].id, results.failed) == (2, "1", [])
    assert repr(results) == "<BatchResults: 2 results, 0 of them errors>"


def test_response_is_typed_and_whole(tmp_path: Path) -> None:
    response = read(tmp_path, answer("0"), answer("1"))[0].response_or_raise()
    assert (response.id, response.request_id) == ("resp_1", "req_1")
    assert response.to_dict()["new_field"] == 7


def test_error_stays_with_its_request(tmp_path: Path) -> None:
    error = {"error": {"message": "Slow down.", "code": "rate_limit_exceeded"}}
    results = read(tmp_path, answer("0", 429, error), answer("1"))
    (failed,) = results.failed
    assert isinstance(failed.error, APIStatusError)
    assert (failed.error.status_code, failed.error.code) == (429, "rate_limit_exceeded")
    assert failed.request == {"model": "m", "input": "Question 0"}
    with pytest.raises(APIStatusError, match="Slow down"):
        failed.response_or_raise()


def message(results: BatchResults, index: int) -> str:
    error = results[index].error
    assert isinstance(error, APIError)
    return str(error)


def test_request_that_was_not_answered_has_the_reason_of_its_line(tmp_path: Path) -> None:
    expired = {"custom_id": "0", "response": None, "error": {"code": "batch_expired", "message": "Too late."}}
    results = read(tmp_path, expired, answer("1"), batch={"status": "expired"})
    assert "The request '0' of the batch was not answered: Too late (code batch_expired)" in message(
        results, 0
    )


def test_request_without_a_line_has_the_state_of_its_batch(tmp_path: Path) -> None:
    results = read(tmp_path, answer("1"))
    assert "the batch batch_1 is completed and has no result for it; send it again" in message(results, 0)


def test_request_whose_line_may_be_malformed_is_told_of_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    results = read(tmp_path, answer("1"), ["oops"], {"custom_id": 0})
    assert (
        "the batch batch_1 is completed and has no result for it; of the lines of the results, 2 could not be read "
        "(see the log); send it again" in message(results, 0)
    )
    assert [text.partition(":")[0] for text in caplog.messages] == ["Skipped a line", "Skipped a line"]


def test_refused_file_says_which_line_was_wrong(tmp_path: Path) -> None:
    mistakes = [{"code": "invalid_url", "message": "Wrong URL.", "line": 2}]
    results = read(tmp_path, batch={"status": "failed", "errors": {"data": mistakes}})
    assert "the batch batch_1 was refused as a whole (line 2: Wrong URL.)" in message(results, 0)
    assert "not answered: Wrong URL (code invalid_url)" in message(results, 1)


def test_refusal_that_is_about_no_line_is_that_of_all(tmp_path: Path) -> None:
    mistakes = [{"code": "token_limit_exceeded", "message": "Too many tokens.", "line": None}]
    results = read(tmp_path, batch={"status": "failed", "errors": {"data": mistakes}})
    assert all("Too many tokens (code token_limit_exceeded)" in message(results, index) for index in (0, 1))


def test_lines_of_others_and_malformed_lines_are_passed_over(tmp_path: Path) -> None:
    results = read(tmp_path, answer("9"), ["oops"], answer("1"), answer("0"))
    assert results.failed == []


def test_answer_is_not_lost_to_an_error_of_the_same_id(tmp_path: Path) -> None:
    error = {"custom_id": "0", "response": None, "error": {"code": "batch_expired", "message": "Too late."}}
    results = read(tmp_path, error, answer("0"), answer("1"), answer("1", 500))
    assert results.failed == []


def test_malformed_answer_is_an_error_of_its_request(tmp_path: Path) -> None:
    results = read(tmp_path, answer("0", body="oops"), answer("1"))
    assert isinstance(results[0].error, ResponseValidationError)


def test_results_can_be_pickled(tmp_path: Path) -> None:
    results = pickle.loads(pickle.dumps(read(tmp_path, answer("0"), answer("1", 500))))
    assert results[0].response_or_raise().id == "resp_1"
    assert isinstance(results[1].error, APIStatusError)
    assert results.batches[0].id == "batch_1"
