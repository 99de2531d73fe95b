"""The results of a batch, read from its files and put in the order of the requests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, overload

from .._base.messages import one_line
from .._base.public import public
from .._batch_files import log_skipped, read_batch, result_of
from .._map.requests import MapResult
from ..errors import APIError, ResponseValidationError
from ..models.batch import BatchResultLine

if TYPE_CHECKING:
    from .._map.requests import MapRequest
    from ..models import Batch

__all__ = ["BatchResults", "read_results"]


@public
class BatchResults(Sequence[MapResult]):
    """The results of `responses.batch`: a sequence of `MapResult` in the order of the requests.

        for result in results:
            print(result.id, result.response_or_raise().output_text)

    Attributes:
        batches: The batches that answered, one for each input file, as they were at their end.
    """

    def __init__(self, results: Sequence[MapResult], batches: Sequence[Batch]) -> None:
        self._results = (*results,)
        self.batches: tuple[Batch, ...] = (*batches,)

    @property
    def failed(self) -> list[MapResult]:
        """The results that have an error; send their `request` again."""
        return [result for result in self if result.error is not None]

    @overload
    def __getitem__(self, index: int) -> MapResult: ...

    @overload
    def __getitem__(self, index: slice) -> tuple[MapResult, ...]: ...

    def __getitem__(self, index: int | slice) -> MapResult | tuple[MapResult, ...]:
        return self._results[index]

    def __len__(self) -> int:
        return len(self._results)

    def __iter__(self) -> Iterator[MapResult]:
        return iter(self._results)

    def __repr__(self) -> str:
        return f"<BatchResults: {len(self)} results, {len(self.failed)} of them errors>"


def read_results(
    requests: Sequence[MapRequest],
    ids: Sequence[Sequence[str]],
    batches: Sequence[Batch],
    files: Sequence[Path],
    *,
    strict: bool,
) -> BatchResults:
    """Return the results of requests.

    Args:
        requests: All requests.
        ids: The ids of the requests of each batch, in the order of their lines.
        batches: The batches at their end.
        files: The downloaded output and error files of all batches.
        strict: Whether a malformed part of a response is an error.
    """
    by_id = {each.id: each for each in requests}
    found: dict[str, MapResult] = {}
    malformed = 0

    def skip(error: ResponseValidationError) -> None:
        nonlocal malformed
        malformed += 1
        log_skipped(error)

    for path in files:
        for line in read_batch(path, on_error=skip):
            each = by_id.get(line.custom_id)
            # Of several lines with one id, an answer counts more than an error.
            if each is not None and (each.id not in found or found[each.id].error is not None):
                found[each.id] = _result(each, line, strict=strict)
    for batch, own in zip(batches, ids, strict=True):
        reasons = _reasons(batch, malformed)
        for number, id in enumerate(own, 1):
            if id not in found:
                facts = reasons.get(number) or reasons[None]
                line = BatchResultLine.from_dict({"custom_id": id, "error": facts})
                found[id] = _result(by_id[id], line, strict=strict)
    return BatchResults([found[each.id] for each in requests], batches)


def _result(each: MapRequest, line: BatchResultLine, *, strict: bool) -> MapResult:
    try:
        return MapResult(*each, response=result_of(line, strict))
    except (APIError, ResponseValidationError) as error:
        return MapResult(*each, error=error.with_traceback(None))


def _reasons(batch: Batch, malformed: int) -> Mapping[int | None, dict[str, str | None]]:
    """Return the reasons why requests have no result: by their line, and for all others by None.

    `malformed` is the number of lines with results that cannot be read.
    """
    given = [] if batch.errors is None else batch.errors.data
    reasons: dict[int | None, dict[str, str | None]] = {
        error.line: {"code": error.code, "message": error.message} for error in reversed(given)
    }
    state = f"the batch {batch.id} is {batch.status} and has no result for it"
    if malformed:
        state += f"; of the lines of the results, {malformed} could not be read (see the log)"
    if None not in reasons and given:
        first = f"line {given[0].line}: {one_line(given[0].message or given[0].code or '', 500)}"
        reasons[None] = {"code": None, "message": f"the batch {batch.id} was refused as a whole ({first})"}
    reasons.setdefault(None, {"code": None, "message": state})
    return reasons
