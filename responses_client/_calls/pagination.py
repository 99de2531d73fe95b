"""Pages of lists, and the iteration over all pages that follow."""

# How it works
#
# Whether another page follows is said by `has_more`:
#
#   true             another one; its cursor is `last_id`, else the id of the last item
#   false            this is the last one
#   null, or absent  a page without items is the last one. Otherwise the next one is asked for, as if `has_more` were
#                    true. Servers without pages send the same items once more, which are then not given out again.
#   anything else    an error: the list may be longer
#
# A list that leads back to a page of before is an error: the iteration would never end.

from __future__ import annotations

import json
import logging
from collections.abc import (
    AsyncIterable,
    AsyncIterator,
    Awaitable,
    Callable,
    Generator,
    Iterable,
    Iterator,
    Sequence,
)
from typing import TYPE_CHECKING, Any, Generic, Never, Protocol, TypeVar

from .._base.http import HasRequestId
from .._base.public import foreign_attributes, public
from .._base.redaction import NO_SECRETS, Redactor
from ..errors import ResponseValidationError

if TYPE_CHECKING:
    from .._base.http import ResponseMeta
    from ..models._base import JsonObject

__all__ = ["AsyncPage", "AsyncPager", "Listing", "Page"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
_F = TypeVar("_F")
logger = logging.getLogger("responses_client")


class Listing(Protocol[T_co]):
    """The answer of an endpoint that lists things, as a model."""

    @property
    def data(self) -> Sequence[T_co]:
        """The listed things."""
        ...

    @property
    def has_more(self) -> bool | None:
        """Whether more follow; None if the server does not say."""
        ...

    @property
    def first_id(self) -> str | None:
        """The id of the first one."""
        ...

    @property
    def last_id(self) -> str | None:
        """The id of the last one."""
        ...

    @property
    def meta(self) -> ResponseMeta | None:
        """The facts of the answer."""
        ...

    def to_dict(self) -> JsonObject:
        """Return the answer as JSON data."""
        ...

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the answer as JSON text."""
        ...


def _refuse_copy(cursor: str) -> Never:
    raise RuntimeError(
        f"This page is a copy without a client: call list again with after={cursor!r} for the next page"
    )


class _Page(HasRequestId, Generic[T]):
    """The base of `Page` and `AsyncPage`.

    Copies and pickles contain the page without its client, which knows the key.
    """

    if not TYPE_CHECKING:
        __getattr__ = foreign_attributes("page")

    def __init__(self, listing: Listing[T], after: object, redactor: Redactor) -> None:
        self._listing = listing
        self._after = after
        self._redactor = redactor

    # For copies as well as pickles: a page on its way through a queue or a cache must not carry the key.
    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_fetch_after": _refuse_copy, "_redactor": NO_SECRETS}

    @property
    def data(self) -> list[T]:
        """The items of this page, in the order of the server; a new list at each access."""
        return list(self._listing.data)

    @property
    def first_id(self) -> str | None:
        """The id of the first item; None if the server does not say."""
        return self._listing.first_id

    @property
    def last_id(self) -> str | None:
        """The id of the last item; None if the server does not say."""
        return self._listing.last_id

    @property
    def has_more(self) -> bool:
        """Whether another page follows. If the server does not say, one may follow a page that has items.

        Raises:
            ResponseValidationError: The server says something else than true or false.
        """
        said = self._listing.has_more
        if said is not None:
            return said
        raw = self.to_dict().get("has_more")
        if raw is not None:
            raise ResponseValidationError(
                "The server says neither that the list continues nor that it ends",
                path="has_more",
                body=self._masked(),
                advice="call list again with after= the last id to see whether more follow",
                meta=self.meta,
            )
        if not self._listing.data:
            return False
        if self._last_cursor() is None:
            logger.warning(
                "The server does not say whether a list continues (has_more), nor where: it ends here"
            )
            return False
        return not self.is_repetition()

    def is_repetition(self) -> bool:
        """Whether this is the page again that was listed before, from a server that knows no pages."""
        if self._listing.has_more is not None or self._after is None or self._last_cursor() != self._after:
            return False
        logger.warning(
            "The server does not say whether a list continues (has_more), and sends the same page again: it ends here"
        )
        return True

    def _last_cursor(self) -> str | None:
        # Some servers send no `last_id`, or something else than a string.
        ids: list[object] = [self.last_id, *(getattr(item, "id", None) for item in self._listing.data[-1:])]
        return next((found for found in ids if found and isinstance(found, str)), None)

    @property
    def meta(self) -> ResponseMeta | None:
        """The facts of the answer: request id, status, headers, rate limits, seconds, and number of attempts."""
        return self._listing.meta

    def to_dict(self) -> JsonObject:
        """Return the page as JSON data, as the server sent it."""
        return self._listing.to_dict()

    def to_json(self, *, indent: int | None = None) -> str:
        """Return the page as JSON text, as the server sent it; `indent` as in `Model.to_json`."""
        return self._listing.to_json(indent=indent)

    def has_next_page(self) -> bool:
        """Whether another page follows; a method, as in the official package."""
        return self.has_more

    def next_cursor(self) -> str | None:
        """Return the `after` of the next page: the id of the last item; None on the last page.

        Raises:
            ResponseValidationError: The server says that more follow, but gives no id, or the `after` of this page.
        """
        if not self.has_more:
            return None
        cursor = self._last_cursor()
        if cursor is None:
            raise self._broken("but not where: it gives neither a last_id nor ids")
        if cursor == self._after:
            raise self._broken(f"but gives the same cursor again, {cursor!r}")
        return cursor

    def check_cursor(self, seen: set[object]) -> bool:
        """Whether an iteration has a next page; `seen` are the cursors of its pages so far, to which this adds.

        Raises:
            ResponseValidationError: The next page is one of those. Some servers ignore `after`, and would never end.
                Or the server does not say whether there is one.
        """
        seen.add(self._after)
        cursor = self.next_cursor()
        if cursor is not None and cursor in seen:
            raise self._broken(f"but leads back to {cursor!r}, which was listed before")
        return cursor is not None

    def _fetch_next(self, fetch_after: Callable[[str], _F]) -> _F:
        cursor = self.next_cursor()
        if cursor is None:
            raise RuntimeError("This is the last page; check has_next_page() first.")
        return fetch_after(cursor)

    def _broken(self, problem: str) -> ResponseValidationError:
        text = f"The server says that the list continues (has_more), {self._redactor.text(problem)}"
        return ResponseValidationError(text, path="last_id", body=self._masked(), meta=self.meta)

    def _masked(self) -> object:
        """Return the page as JSON data, without the secrets that a server repeats in it."""
        return json.loads(self._redactor.body(self.to_json().encode()))

    def __repr__(self) -> str:
        said = self._listing.has_more
        more = "more may follow" if said is None else "more follow" if said else "the last"
        return f"<{type(self).__name__} of {len(self.data)}, {more}>"


@public
class Page(_Page[T], Iterable[T]):
    """A page of a list; iterating over it yields its items and those of all pages after it.

    The pages after it are fetched when the iteration gets there.

    Raises:
        APIError: While iterating, a page could not be fetched.
    """

    def __init__(
        self, listing: Listing[T], after: object, fetch_after: Callable[[str], Page[T]], redactor: Redactor
    ) -> None:
        super().__init__(listing, after, redactor)
        self._fetch_after = fetch_after

    def get_next_page(self) -> Page[T]:
        """Fetch the page after this one.

        Raises:
            RuntimeError: This is the last page, or a copy without a client.
            APIError: No answer, an error or an invalid answer; see `responses_client.errors`.
        """
        return self._fetch_next(self._fetch_after)

    def iter_pages(self) -> Iterator[Page[T]]:
        """Iterate over this page and those after it; each is fetched when the iteration gets there."""
        page, seen = self, set[object]()
        while True:
            yield page
            if not page.check_cursor(seen):
                return
            page = page.get_next_page()
            if page.is_repetition():
                return

    def __iter__(self) -> Iterator[T]:
        for page in self.iter_pages():
            yield from page.data


@public
class AsyncPage(_Page[T], AsyncIterable[T]):
    """A page of a list; `async for` over it yields its items and those of all pages after it; see `Page`."""

    def __init__(
        self,
        listing: Listing[T],
        after: object,
        fetch_after: Callable[[str], AsyncPager[T]],
        redactor: Redactor,
    ) -> None:
        super().__init__(listing, after, redactor)
        self._fetch_after = fetch_after

    async def get_next_page(self) -> AsyncPage[T]:
        """Fetch the page after this one; see `Page.get_next_page`."""
        return await self._fetch_next(self._fetch_after)

    def iter_pages(self) -> AsyncIterator[AsyncPage[T]]:
        """Iterate over this page and those after it; each is fetched when the iteration gets there."""
        return _Pages(self)

    def __aiter__(self) -> AsyncIterator[T]:
        return _Items(_Pages(self))


@public
class AsyncPager(AsyncIterable[T]):
    """A list that is not requested yet: `await` returns its first page, `async for` yields the items of all pages.

    Each `await` and each iteration sends requests of its own.

    Raises:
        APIError: No answer, an error or an invalid answer; see `responses_client.errors`.
    """

    def __init__(self, fetch: Callable[[], Awaitable[AsyncPage[T]]]) -> None:
        self._fetch = fetch

    def __await__(self) -> Generator[Any, Any, AsyncPage[T]]:
        return self._fetch().__await__()

    def iter_pages(self) -> AsyncIterator[AsyncPage[T]]:
        """Iterate over the pages; each is fetched when the iteration gets there."""
        return _Pages(self)

    def __aiter__(self) -> AsyncIterator[T]:
        return _Items(_Pages(self))


class _Pages(AsyncIterator[AsyncPage[T]]):
    # Not async generators: one that is left early would have to wait for the garbage collector to be closed.
    def __init__(self, start: AsyncPage[T] | AsyncPager[T]) -> None:
        self._start = start
        self._page: AsyncPage[T] | None = None
        self._has_ended = False  # with a page that was not given out
        self._seen = set[object]()

    async def __anext__(self) -> AsyncPage[T]:
        if self._page is None:
            start = self._start
            self._page = start if isinstance(start, AsyncPage) else await start
            return self._page
        if self._has_ended or not self._page.check_cursor(self._seen):
            raise StopAsyncIteration
        self._page = await self._page.get_next_page()
        self._has_ended = self._page.is_repetition()
        if self._has_ended:
            raise StopAsyncIteration
        return self._page


class _Items(AsyncIterator[T]):
    def __init__(self, pages: AsyncIterator[AsyncPage[T]]) -> None:
        self._pages = pages
        self._rest: Iterator[T] = iter(())

    async def __anext__(self) -> T:
        while True:
            for thing in self._rest:
                return thing
            self._rest = iter((await anext(self._pages)).data)
