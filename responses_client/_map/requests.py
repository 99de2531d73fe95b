"""The requests of a map, numbered one by one, and its results, put in their order; pure."""

from __future__ import annotations

from collections import deque
from collections.abc import (
    AsyncGenerator,
    AsyncIterable,
    AsyncIterator,
    Callable,
    Iterable,
    Iterator,
    Mapping,
)
from dataclasses import dataclass
from inspect import isasyncgen, isgenerator
from os import PathLike
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, cast

from typing_extensions import TypeIs

from .._base.field_errors import FieldError, field_error
from .._base.json_types import is_mapping
from .._base.public import public
from .._base.validation import is_async as is_async_function
from .._base.validation import is_whole_number
from .._calls.plain_data import plain_data
from ..errors import RequestValidationError, ResponsesClientError

if TYPE_CHECKING:
    from .._base.progress import Progress
    from ..models import Response, ResponseCreateParams

__all__ = [
    "AsyncRequestIterator",
    "AsyncRequests",
    "MapOptions",
    "MapRequest",
    "MapResult",
    "RequestIterator",
    "Requests",
    "ResultOrder",
    "check_options",
    "mapping_mistakes",
    "needs_async_map",
]

Requests: TypeAlias = "Iterable[ResponseCreateParams] | Mapping[str, ResponseCreateParams]"
AsyncRequests: TypeAlias = "Requests | AsyncIterable[ResponseCreateParams]"
_REQUESTS = (
    "an iterable of requests, each a dict of the arguments of create, or a mapping of your ids to them"
)


class MapOptions(NamedTuple):
    """The arguments of `responses.map` beside the requests.

    Attributes:
        max_concurrency: The maximum number of requests in flight.
        ordered: Whether results come in the order of the requests.
        on_result: A function that is called with each result on arrival, before it is returned.
        journal: The path of the file that keeps the results.
        on_progress: A function that is called with the progress, after each result, and about once a second between results.
        progress: Whether the progress is shown on standard error.
    """

    max_concurrency: int
    ordered: bool
    on_result: Callable[[MapResult], object] | None
    journal: str | PathLike[str] | None
    on_progress: Callable[[Progress], object] | None
    progress: bool


class MapRequest(NamedTuple):
    """One request of a map as it was given, with its position and id: the first fields of its `MapResult`."""

    position: int
    id: str
    request: ResponseCreateParams


@public
@dataclass(frozen=True, slots=True, repr=False)
class MapResult:
    """The result of one request of `responses.map`.

    There is either a `response` or an `error`. Results are immutable and can be pickled.

    Attributes:
        index: The position of the request among all requests, from 0.
        id: The key of the request if the requests are a mapping, otherwise the index as a string.
        request: The arguments of `create` as they were given, in a shallow copy.
        response: The response. As with `create`, its status may be `failed` or `incomplete`.
        error: The exception that `create` would have raised; None if there is a response.
        is_replayed: Whether the response comes from the journal, so that nothing was sent.
    """

    index: int
    id: str
    request: ResponseCreateParams
    response: Response | None = None
    error: ResponsesClientError | None = None
    is_replayed: bool = False

    def response_or_raise(self) -> Response:
        """Return the response.

        Raises:
            ResponsesClientError: The request failed; this is its `error`.
        """
        if self.error is not None:
            raise self.error
        return cast("Response", self.response)  # one of the two is there

    def __repr__(self) -> str:
        """Leave out the request, which may be long and hold secret headers."""
        outcome = type(self.error).__name__ if self.response is None else f"status {self.response.status}"
        replayed = ", from the journal" if self.is_replayed else ""
        return f"<MapResult {self.index}, id {self.id!r}: {outcome}{replayed}>"


class RequestIterator(Iterator[MapRequest]):
    """The requests of a map, numbered as they are read.

    Attributes:
        count: The number of requests that were read.
        is_exhausted: Whether there are no others.
    """

    def __init__(self, requests: Requests) -> None:
        self.count = 0
        self.is_exhausted = False
        self._source = requests
        pairs: Iterable[tuple[str | None, Any]]
        pairs = requests.items() if is_mapping(requests) else ((None, request) for request in requests)
        self._pairs = iter(pairs)

    def __next__(self) -> MapRequest:
        try:
            name, request = next(self._pairs)
        except StopIteration:
            self.is_exhausted = True
            raise
        return self.number(name, request)

    def number(self, name: str | None, request: ResponseCreateParams) -> MapRequest:
        """Give a request the next position, and copy it: a generator may yield the same dict again, changed."""
        position = self.count
        self.count += 1
        given = request if isinstance(request, Mapping) else plain_data(request)
        # Anything other than a mapping is kept for the result, whose error says what is wrong.
        copy: Any = dict(given) if is_mapping(given) else request
        return MapRequest(position, str(position) if name is None else name, copy)

    def close(self) -> None:
        """Close the source if it is a generator, so that its `finally` runs now, not at garbage collection."""
        if isgenerator(self._source):
            self._source.close()


class AsyncRequestIterator:
    """The requests of a map from an iterable of either kind, numbered as they are read."""

    def __init__(self, requests: AsyncRequests) -> None:
        self._source: AsyncIterator[ResponseCreateParams] | None = None
        if isinstance(requests, AsyncIterable):
            self._source = aiter(requests)
            self._requests = RequestIterator(())
        else:
            self._requests = RequestIterator(requests)

    @property
    def count(self) -> int:
        """The number of requests that were read."""
        return self._requests.count

    @property
    def is_exhausted(self) -> bool:
        """Whether there are no others."""
        return self._requests.is_exhausted

    async def next(self) -> MapRequest | None:
        """Return the next request; None after the last."""
        if self._source is None:
            return next(self._requests, None)
        try:
            request = await anext(self._source)
        except StopAsyncIteration:
            self._requests.is_exhausted = True
            return None
        return self._requests.number(None, request)

    async def close(self) -> None:
        """Close the source if it is a generator, which would be left to the garbage collector and the event loop."""
        self._requests.close()
        if _is_async_generator(self._source):
            await self._source.aclose()


def _is_async_generator(source: object) -> TypeIs[AsyncGenerator[Any, None]]:
    return isasyncgen(source)


class ResultOrder:
    """The results of a map, put in the order of the requests, or left in that of their arrival.

    Attributes:
        ready: The results to be read next.
    """

    def __init__(self, *, is_ordered: bool) -> None:
        self.ready: deque[MapResult] = deque()
        self._is_ordered = is_ordered
        self._early: dict[int, MapResult] = {}  # by index: they wait for those before them
        self._next_index = 0

    def put(self, result: MapResult) -> None:
        """Add a result."""
        if not self._is_ordered:
            self.ready.append(result)
            return
        self._early[result.index] = result
        while self._next_index in self._early:
            self.ready.append(self._early.pop(self._next_index))
            self._next_index += 1


def check_options(requests: object, options: MapOptions, *, is_async: bool) -> None:
    """Refuse arguments of a map that cannot work.

    Raises:
        RequestValidationError: There are some.
    """
    # Users without a type checker pass values of any type.
    given: dict[str, object] = options._asdict()
    mistakes: list[FieldError] = []
    if not is_whole_number(given["max_concurrency"], 1):
        mistakes.append(field_error("max_concurrency", "a whole number, 1 or more", given["max_concurrency"]))
    for name in ("on_result", "on_progress"):
        function = given[name]
        if function is not None and not callable(function):
            mistakes.append(field_error(name, "a function", function))
        if is_async_function(function) and not is_async:
            mistakes.append(needs_async_map(name, "a function that is not async", function))
    if not isinstance(given["progress"], bool):
        message = "is not True or False; a function goes into on_progress"
        mistakes.append(field_error("progress", "True or False", given["progress"], message=message))
    if given["journal"] is not None and not isinstance(given["journal"], (str, PathLike)):
        mistakes.append(field_error("journal", "a path", given["journal"]))
    if is_mapping(requests):
        mistakes += mapping_mistakes(requests)
    elif isinstance(requests, AsyncIterable) and not is_async:
        mistakes.append(needs_async_map("requests", _REQUESTS, cast("object", requests)))
    elif isinstance(requests, (str, bytes)) or not isinstance(requests, (Iterable, AsyncIterable)):
        mistakes.append(field_error("requests", _REQUESTS, requests))
    if mistakes:
        raise RequestValidationError(mistakes, outcome="The map was not started")


def needs_async_map(argument: str, expected: str, value: object) -> FieldError:
    """Describe an async argument of a map that is not."""
    message = "is async, which needs AsyncClient; pass one that is not async"
    return field_error(argument, expected, value, message=message)


def mapping_mistakes(requests: Mapping[str, object]) -> Iterator[FieldError]:
    """Describe the mistakes in a mapping of ids to requests."""
    if isinstance(requests.get("model"), str) or isinstance(requests.get("input"), str):
        message = "is a single request; put it into a list"
        yield field_error("requests", _REQUESTS, requests, message=message)
        return
    for name in requests:
        if not isinstance(name, str) or not name.strip():
            yield field_error("requests", "ids that are strings and not blank", name)
            return
