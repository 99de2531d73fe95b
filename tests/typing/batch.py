"""Batch files, as type checkers see them."""

import io
from collections.abc import Iterator
from pathlib import Path
from typing import Any, assert_type

import httpx

from responses_client import BatchLineParams, batch_line, read_batch, write_batch
from responses_client.errors import ResponseValidationError
from responses_client.models import (
    BatchRequestLine,
    BatchResponse,
    BatchResultLine,
    Response,
    ResponseCreateRequest,
)


def a_line_takes_the_arguments_of_create() -> None:
    params: BatchLineParams = {"model": "gpt-5-mini", "input": "Hi"}
    line = batch_line("a", **params)
    batch_line("b", model="gpt-5-mini", extra_body={"top_k": 40})
    assert_type(line, BatchRequestLine)
    assert_type(line.body, ResponseCreateRequest)
    batch_line("c", temperature="hot")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]  # a wrong type
    batch_line("d", stream=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]  # no streams in batches


def lines_are_written_to_paths_and_files(path: Path) -> None:
    lines = (batch_line(str(number), model="gpt-5-mini", input="Hi") for number in range(3))
    assert_type(write_batch(path, lines), int)
    write_batch("requests.jsonl", [])
    with path.open("wb") as file:
        write_batch(file, [])
    write_batch(io.BytesIO(), [])


def results_are_read_from_many_things(path: Path, download: httpx.Response, lines: list[bytes]) -> None:
    assert_type(read_batch(path), Iterator[BatchResultLine])
    read_batch("results.jsonl", on_error="skip", strict=True)
    with path.open("rb") as file:
        read_batch(file)
    read_batch(download)
    read_batch(download.iter_lines())
    read_batch(lines)
    errors: list[ResponseValidationError] = []
    read_batch(io.BytesIO(), on_error=errors.append)


def a_result_has_a_response(line: BatchResultLine) -> None:
    assert_type(line.result(), Response)
    assert_type(line.result(strict=True).output_text, str)
    assert_type(line.custom_id, str)
    assert_type(line.response, BatchResponse | None)
    if line.response is not None:
        assert_type(line.response.status_code, int | None)
        assert_type(line.response.body, Any)
    if line.error is not None:
        assert_type(line.error.code, str | None)
