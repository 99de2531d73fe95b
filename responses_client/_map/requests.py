"""What goes into a map and what comes out of it: numbered requests, and results in their order; no I/O."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from inspect import isasyncgen, isgenerator
from os import PathLike
from typing import TYPE_CHECKING, NamedTuple, TypeAlias, cast

from .._base.field_errors import FieldError, field_error
from .._base.public import public
from .._base.validation import is_async as is_async_function
from ..errors import RequestValidationError, ResponsesClientError

if TYPE_CHECKING:
    from ..models import Response, ResponseCreateParams

__all__ = ["AsyncItems", "AsyncRequests", "Item", "Items", "MapResult", "Order", "Requests", "check_options"]

Requests: TypeAlias = "Iterable[ResponseCreateParams] | Mapping[str, ResponseCreateParams]"
AsyncRequests: TypeAlias = "Requests | AsyncIterable[ResponseCreateParams]"
_REQUESTS = (
    "an iterable of requests, each a dict of the arguments of create, or a mapping of your ids to them"
)


class Item(NamedTuple):
    """One request of a map, as it was given."""

    number: int
    id: str
    request: ResponseCreateParams


@public
@dataclass(frozen=True, slots=True, repr=False)
class MapResult:
    """What became of one request of `responses.map`.

    `index` is its position among the requests, `id` your id of it or, where there is none, the index as a text.
    `request` is what was given. There is either a `response` or an `error`; a response may have the status
    `failed`, as it may with `create`. `is_replayed` says that it comes from the journal and was not sent.
    """

    index: int
    id: str
    request: ResponseCreateParams
    response: Response | None = None
    error: ResponsesClientError | None = None
    is_replayed: bool = False

    def response_or_raise(self) -> Response:
        """Return the response, or raise the error."""
        if self.error is not None:
            raise self.error
        return cast("Response", self.response)

    def __repr__(self) -> str:
        """Show no request: it may hold secret headers, and more text than anybody wants to see."""
        what = type(self.error).__name__ if self.response is None else f"status {self.response.status}"
        replayed = ", from the journal" if self.is_replayed else ""
        return f"<MapResult {self.index}, id {self.id!r}: {what}{replayed}>"


class Items(Iterator[Item]):
    """The requests one by one, as they are asked for."""

    def __init__(self, requests: Requests) -> None:
        self._count = 0
        self._requests = requests
        pairs: Iterable[tuple[str | None, ResponseCreateParams]]
        if isinstance(requests, Mapping):
            pairs = cast("Mapping[str, ResponseCreateParams]", requests).items()
        else:
            pairs = ((None, request) for request in requests)
        self._pairs = iter(pairs)

    def __next__(self) -> Item:
        name, request = next(self._pairs)
        return self.item(name, request)

    def item(self, name: str | None, request: ResponseCreateParams) -> Item:
        """Number a request, and keep it as it is now: whoever gives it may fill the same dict again."""
        number = self._count
        self._count += 1
        kept = cast("ResponseCreateParams", dict(request)) if isinstance(request, Mapping) else request
        return Item(number, str(number) if name is None else name, kept)

    def close(self) -> None:
        """Close a generator, so that its `finally` is not left to the garbage collector."""
        if isgenerator(self._requests):
            self._requests.close()


class AsyncItems:
    """The requests one by one, whether waiting for them is async or not."""

    def __init__(self, requests: AsyncRequests) -> None:
        self._source: AsyncIterator[ResponseCreateParams] | None = None
        if isinstance(requests, AsyncIterable):
            self._source = aiter(requests)
            self._items = Items(())
        else:
            self._items = Items(requests)

    async def next(self) -> Item | None:
        """Return the next one; None after the last."""
        if self._source is None:
            return next(self._items, None)
        try:
            request = await anext(self._source)
        except StopAsyncIteration:
            return None
        return self._items.item(None, request)

    async def close(self) -> None:
        """Close a generator, which would be left to the garbage collector otherwise, and to the event loop."""
        self._items.close()
        if isasyncgen(cast("object", self._source)):
            await cast("AsyncGenerator[object]", self._source).aclose()


class Order:
    """Puts results in the order of the requests, or leaves them as they came.

    Attributes:
        ready: Those whose turn it is.
    """

    def __init__(self, *, is_kept: bool) -> None:
        self.ready: deque[MapResult] = deque()
        self._is_kept = is_kept
        self._early: dict[int, MapResult] = {}
        self._next = 0

    def put(self, result: MapResult) -> None:
        """Take a result."""
        if not self._is_kept:
            self.ready.append(result)
            return
        self._early[result.index] = result
        while self._next in self._early:
            self.ready.append(self._early.pop(self._next))
            self._next += 1


def check_options(
    requests: object, max_concurrency: object, on_result: object, journal: object, *, is_async: bool
) -> None:
    """Refuse arguments of a map that cannot work.

    Raises:
        RequestValidationError: One cannot.
    """
    mistakes: list[FieldError] = []
    if isinstance(max_concurrency, bool) or not isinstance(max_concurrency, int) or max_concurrency < 1:
        mistakes.append(field_error("max_concurrency", "a whole number, 1 or more", max_concurrency))
    if on_result is not None and not callable(on_result):
        mistakes.append(field_error("on_result", "a function", on_result))
    if is_async_function(on_result) and not is_async:
        message = "is an async function, which needs AsyncClient; pass one that is not async"
        mistakes.append(field_error("on_result", "a function that is not async", on_result, message=message))
    if journal is not None and not isinstance(journal, (str, PathLike)):
        mistakes.append(field_error("journal", "a path", journal))
    if isinstance(requests, Mapping):
        mistakes += _mapping_mistakes(cast("Mapping[object, object]", requests))
    elif isinstance(requests, AsyncIterable) and not is_async:
        message = "is async, which needs AsyncClient; pass one that is not async"
        mistakes.append(field_error("requests", _REQUESTS, cast("object", requests), message=message))
    elif isinstance(requests, (str, bytes)) or not isinstance(requests, (Iterable, AsyncIterable)):
        mistakes.append(field_error("requests", _REQUESTS, requests))
    if mistakes:
        raise RequestValidationError(mistakes)


def _mapping_mistakes(requests: Mapping[object, object]) -> Iterator[FieldError]:
    if isinstance(requests.get("model"), str) or isinstance(requests.get("input"), str):
        message = "is one request; put it into a list"
        yield field_error("requests", _REQUESTS, requests, message=message)
        return
    for name in requests:
        if not isinstance(name, str) or not name.strip():
            yield field_error(
                "requests", _REQUESTS, name, message="has an id that is no text, or a blank one"
            )
            return
