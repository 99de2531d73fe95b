"""The requests of a batch as lines of input files, split at the bounds of the API."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple, NoReturn

from .._base.field_errors import FieldError, field_error
from .._base.json_types import is_mapping
from .._batch_files import batch_line
from .._map.journal import digest_of
from ..errors import RequestValidationError

if TYPE_CHECKING:
    from .._map.requests import MapRequest

__all__ = ["NOT_STARTED", "InputFile", "Limits", "Plan", "write_plan"]

NOT_STARTED = "The batch was not started"
_REQUEST = "a dict of the arguments of create"


class Limits(NamedTuple):
    """The bounds of one input file: its requests and its bytes."""

    max_requests: int
    max_bytes: int


class InputFile(NamedTuple):
    """One input file: its path, and the ids of its requests in the order of the lines."""

    path: Path
    ids: list[str]


class Plan(NamedTuple):
    """The input files of a batch, and a digest of all their requests and bounds."""

    files: list[InputFile]
    digest: str


def write_plan(folder: Path, requests: Sequence[MapRequest], limits: Limits) -> Plan:
    """Write requests to input files in a folder, each for one model, as OpenAI demands, and within the bounds.

    Raises:
        RequestValidationError: A request is not valid, is too large, or cannot be part of a batch.
        OSError: A file cannot be written.
    """
    digest = hashlib.sha256(repr(limits).encode())
    files: list[InputFile] = []
    for group in _by_model(requests):
        lines = _lines(group, limits, digest)
        line = next(lines, None)
        while line is not None:
            path = folder / f"{len(files)}.jsonl"
            with path.open("xb") as file:
                ids, line = _fill(file, line, lines, limits)
            files.append(InputFile(path, ids))
    return Plan(files, f"sha256:{digest.hexdigest()}")


def _by_model(requests: Sequence[MapRequest]) -> list[list[MapRequest]]:
    groups: dict[str, list[MapRequest]] = {}
    for each in requests:
        request: Any = each.request
        model = str(request.get("model")) if is_mapping(request) else ""
        groups.setdefault(model, []).append(each)
    return [*groups.values()]


def _fill(
    file: BinaryIO, first: tuple[str, bytes], lines: Iterator[tuple[str, bytes]], limits: Limits
) -> tuple[list[str], tuple[str, bytes] | None]:
    """Write lines as long as they fit; return their ids, and the first line that did not fit."""
    ids: list[str] = []
    size = 0
    line: tuple[str, bytes] | None = first
    while line is not None and len(ids) < limits.max_requests and size + len(line[1]) <= limits.max_bytes:
        ids.append(line[0])
        size += file.write(line[1])
        line = next(lines, None)
    return ids, line


def _lines(requests: Sequence[MapRequest], limits: Limits, digest: Any) -> Iterator[tuple[str, bytes]]:
    """Yield the id and the line of each request, and add them to the digest."""
    for each in requests:
        data = _line_of(each)
        if len(data) > limits.max_bytes:
            message = (
                f"has {len(data):,} bytes as a line, more than the {limits.max_bytes:,} of an input file"
            )
            _refuse(each, [field_error("", _REQUEST, None, message=message)])
        digest.update(digest_of(data).encode())
        yield each.id, data


def _line_of(each: MapRequest) -> bytes:
    request: Any = each.request
    if not is_mapping(request):
        _refuse(each, [field_error("", _REQUEST, request)])
    if "custom_id" in request:
        message = (
            "is the key of the request in a mapping; leave it out, and pass a mapping of your ids to requests"
        )
        _refuse(each, [field_error("custom_id", "nothing", None, message=message)])
    try:
        return batch_line(each.id, **request).to_json().encode() + b"\n"
    except RequestValidationError as error:
        _refuse(each, error.errors)


def _refuse(each: MapRequest, mistakes: Sequence[FieldError]) -> NoReturn:
    """Refuse the requests because of the mistakes in one of them, each at its place."""
    place = f"requests[{each.id!r}]" if each.id != str(each.position) else f"requests[{each.position}]"
    found: list[FieldError] = []
    for mistake in mistakes:
        here = mistake.copy()
        here["path"] = f"{place}.{mistake['path']}" if mistake["path"] else place
        found.append(here)
    raise RequestValidationError(found, outcome=NOT_STARTED) from None
