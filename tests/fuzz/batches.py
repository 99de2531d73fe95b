"""Target: result files of batches, damaged and in any pieces, against a reference that reads line by line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from random import Random
from typing import Any, NamedTuple

import samples
from wire_helpers import differences

from responses_client import read_batch
from responses_client.errors import ResponsesClientError, ResponseValidationError
from responses_client.models import BatchResultLine, Response

from . import corpus
from .cases import Target, require
from .failures import check_error
from .mutations import changed, damaged, pieces
from .parsed import check_copies, check_types
from .values import Values

_BOM = b"\xef\xbb\xbf"


class File(NamedTuple):
    """The content of a file in pieces, the limit for a line, and whether to be strict."""

    chunks: list[bytes]
    limit: int
    strict: bool


class _Download:
    def __init__(self, chunks: list[bytes]) -> None:
        self.chunks = chunks

    def iter_bytes(self) -> Iterator[bytes]:
        return iter(self.chunks)


def make(random: Random) -> File:
    """Write some results, mutated, with blank lines and other line ends, and damage some of the bytes."""
    content = _BOM * (not random.randrange(8))
    for number in range(random.randrange(6)):
        wire: Any = _line(random, number)
        if not random.randrange(3):
            wire = changed(random, wire)
        content += json.dumps(wire, ensure_ascii=random.random() < 0.5).encode()
        content += random.choice((b"\n", b"\n", b"\n", b"\r\n", b"\n\n", b" \n\t\n", b"\r", b""))
    if not random.randrange(4):
        content = damaged(random, content)
    limit = random.choice((2**26, 2**26, 2**26, 600, 40))
    return File(pieces(random, content), limit, not random.randrange(3))


def _line(random: Random, number: int) -> dict[str, Any]:
    if not random.randrange(4):
        return Values(random).object_of(BatchResultLine)
    status = random.choice((200, 200, 200, 201, 400, 429, 500))
    body = samples.response(text="é\u2028🍵") if random.randrange(2) else random.choice(corpus.responses())
    if status >= 400:
        body = random.choice(corpus.error_bodies())
    answer = {"status_code": status, "request_id": f"req_{number}", "body": body}
    error = {"code": "batch_expired", "message": "This request could not be executed"}
    is_answered = random.randrange(8)
    return {
        "id": f"batch_req_{number}",
        "custom_id": f"request-{number}",
        "response": answer if is_answered else None,
        "error": None if is_answered else error,
    }


def check(file: File) -> str:
    """Read the file, and require a result or an error for each line, and the answer in each result."""
    found: list[BatchResultLine | ResponseValidationError] = []
    source, limit = _Download(file.chunks), file.limit
    for result in read_batch(source, found.append, strict=file.strict, max_line_bytes=limit):
        found.append(result)  # noqa: PERF402  # errors are put in between meanwhile
    lines = _lines(b"".join(file.chunks))
    require(len(found) == len(lines), "not one result or error for each line:", found, lines)
    outcomes = {_check_line(one, line, file) for one, line in zip(found, lines, strict=True)}
    return " and ".join(sorted(outcomes)) or "empty"


def _check_line(found: BatchResultLine | ResponseValidationError, line: bytes, file: File) -> str:
    wire = _result(line) if len(line) <= file.limit else None
    if isinstance(found, ResponseValidationError):
        require(wire is None or file.strict, "a result was refused:", found)
        check_error(found)
        return "errors"
    require(len(line) <= file.limit, "a line that is too long was read:", line)
    if wire is None:
        require(_has_odd_characters(line), "a result of a line that is none:", found)
    else:
        require(not (lost := differences(wire, found.to_dict())), "not written as it came:", lost)
    check_types(found)
    check_copies(found)
    _check_answer(found, strict=file.strict)
    return "results"


def _check_answer(result: BatchResultLine, *, strict: bool) -> None:
    try:
        response = result.result(strict=strict)
    except ResponsesClientError as error:
        check_error(error)
        return
    require(isinstance(response, Response), "not a response:", response)
    check_types(response)
    body = result.response.body if result.response is not None else None
    require(
        not (lost := differences(body, response.to_dict())), "another answer than that of the line:", lost
    )


def _lines(content: bytes) -> list[bytes]:
    lines = content.split(b"\n")
    lines[0] = lines[0].removeprefix(_BOM)
    return [line for line in lines if line.strip()]


def _result(line: bytes) -> dict[str, Any] | None:
    """Return the object in a line that has the one field that all results have."""
    try:
        wire = json.loads(line)
        json.dumps(wire, ensure_ascii=False).encode()  # halves of characters are replaced
    except ValueError:
        return None
    return wire if isinstance(wire, dict) and isinstance(wire.get("custom_id"), str) else None


def _has_odd_characters(line: bytes) -> bool:
    """Whether a line that is not JSON may be read as if it had other characters."""
    try:
        line.decode("utf-8")
    except UnicodeDecodeError:
        return True
    return b"\\ud" in line.lower() or _BOM in line


TARGET = Target(
    "batches", "result files of batches, damaged: each line gives its result or an error", make, check
)
