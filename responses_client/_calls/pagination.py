"""Pages of lists: what came, and the way to what follows."""

from __future__ import annotations

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
from typing import TYPE_CHECKING, Any, Generic, Never, Protocol, TypeVar, cast

from .._base.public import public
from ..errors import ResponseValidationError

if TYPE_CHECKING:
    from .._base.http import ResponseMeta
    from ..models._base import JsonObject

__all__ = ["AsyncPage", "AsyncPager", "Listing", "Page"]

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
_F = TypeVar("_F")


class Listing(Protocol[T_co]):
    """The answer of an endpoint that lists things."""

    @property
    def data(self) -> Sequence[T_co]:
        """What is listed."""
        ...

    @property
    def has_more(self) -> bool | None:
        """Whether something follows."""
        ...

    @property
    def first_id(self) -> str | None:
        """Id of the first."""
        ...

    @property
    def last_id(self) -> str | None:
        """Id of the last."""
        ...

    @property
    def meta(self) -> ResponseMeta | None:
        """Of the answer."""
        ...

    def to_dict(self) -> JsonObject:
        """Return the answer as JSON data."""
        ...

    def to_json(self) -> str:
        """Return the answer as JSON text."""
        ...


def _without_client(cursor: str) -> Never:
    raise RuntimeError(
        f"This page is a copy, which has no client: list again with after={cursor!r} for what follows"
    )


class _Page(Generic[T]):
    """The base of `Page` and `AsyncPage`.

    Copies and pickles have what is on the page, and not the client, which knows the key.
    """

    def __init__(self, listing: Listing[T], after: object) -> None:
        self._listing = listing
        self._after = after

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "follow": _without_client}

    @property
    def data(self) -> list[T]:
        """What this page lists, in the order of the server."""
        return list(self._listing.data)

    @property
    def first_id(self) -> str | None:
        """Id of the first thing on the page; None if the server does not say."""
        return self._listing.first_id

    @property
    def last_id(self) -> str | None:
        """Id of the last thing on the page; None if the server does not say."""
        return self._listing.last_id

    @property
    def has_more(self) -> bool:
        """Whether another page follows."""
        return self._listing.has_more is True

    @property
    def meta(self) -> ResponseMeta | None:
        """Request id, status, headers, rate limits, time and tries of the answer that the page came in."""
        return self._listing.meta

    def to_dict(self) -> JsonObject:
        """Return the page as JSON data, as it came."""
        return self._listing.to_dict()

    def to_json(self) -> str:
        """Return the page as JSON text, as it came."""
        return self._listing.to_json()

    def has_next_page(self) -> bool:
        """Say whether another page follows."""
        return self.has_more

    def next_cursor(self) -> str | None:
        """Return the id that the next page comes after; None on the last page.

        Raises:
            ResponseValidationError: The server says that there is more, but not where.
        """
        if not self.has_more:
            return None
        ids = [self.last_id, *(cast("object", getattr(last, "id", None)) for last in self.data[-1:])]
        cursor = next((found for found in ids if found and isinstance(found, str)), None)
        if cursor is None:
            raise self._broken("but not where: it gives neither a last_id nor ids")
        if cursor == self._after:
            raise self._broken(f"but gives the same cursor again, {cursor!r}")
        return cursor

    def cursor_after(self, seen: set[object]) -> str | None:
        """Return the next cursor of a walk, which must never come to a place twice."""
        seen.add(self._after)
        cursor = self.next_cursor()
        if cursor is not None and cursor in seen:
            raise self._broken(f"but leads back to {cursor!r}, which was listed before")
        return cursor

    def _following(self, follow: Callable[[str], _F]) -> _F:
        cursor = self.next_cursor()
        if cursor is None:
            raise RuntimeError("This is the last page; has_next_page() tells.")
        return follow(cursor)

    def _broken(self, what: str) -> ResponseValidationError:
        text = f"The server says that the list goes on (has_more), {what}"
        return ResponseValidationError(text, path="last_id", body=self.to_dict(), meta=self.meta)

    def __repr__(self) -> str:
        more = "more follow" if self.has_more else "the last"
        return f"<{type(self).__name__} of {len(self.data)}, {more}>"


@public
class Page(_Page[T], Iterable[T]):
    """A page of a list. Iterating over it gives what is on it and on all pages after it."""

    def __init__(self, listing: Listing[T], after: object, follow: Callable[[str], Page[T]]) -> None:
        super().__init__(listing, after)
        self.follow = follow

    def get_next_page(self) -> Page[T]:
        """Return the page that follows.

        Raises:
            RuntimeError: This is the last page.
            APIError: No valid answer, see `responses_client.errors`.
        """
        return self._following(self.follow)

    def iter_pages(self) -> Iterator[Page[T]]:
        """Iterate over this page and those after it, each fetched when it is its turn."""
        page, seen = self, set[object]()
        while True:
            yield page
            cursor = page.cursor_after(seen)
            if cursor is None:
                return
            page = self.follow(cursor)

    def __iter__(self) -> Iterator[T]:
        for page in self.iter_pages():
            yield from page.data


@public
class AsyncPage(_Page[T], AsyncIterable[T]):
    """A page of a list. `async for` over it gives what is on it and on all pages after it."""

    def __init__(self, listing: Listing[T], after: object, follow: Callable[[str], AsyncPager[T]]) -> None:
        super().__init__(listing, after)
        self.follow = follow

    async def get_next_page(self) -> AsyncPage[T]:
        """Return the page that follows; see `Page.get_next_page`."""
        return await self._following(self.follow)

    def iter_pages(self) -> AsyncIterator[AsyncPage[T]]:
        """Iterate over this page and those after it, each fetched when it is its turn."""
        return _Pages(self)

    def __aiter__(self) -> AsyncIterator[T]:
        return _Things(_Pages(self))


@public
class AsyncPager(AsyncIterable[T]):
    """A list not yet asked for: `await` gives its first page, `async for` all that it lists."""

    def __init__(self, fetch: Callable[[], Awaitable[AsyncPage[T]]]) -> None:
        self._fetch = fetch

    def __await__(self) -> Generator[Any, Any, AsyncPage[T]]:
        return self._fetch().__await__()

    def iter_pages(self) -> AsyncIterator[AsyncPage[T]]:
        """Iterate over the pages, each fetched when it is its turn."""
        return _Pages(self)

    def __aiter__(self) -> AsyncIterator[T]:
        return _Things(_Pages(self))


class _Pages(AsyncIterator[AsyncPage[T]]):
    # No async generators: one that is left early waits for the garbage collector.
    def __init__(self, start: AsyncPage[T] | AsyncPager[T]) -> None:
        self._start = start
        self._page: AsyncPage[T] | None = None
        self._seen = set[object]()

    async def __anext__(self) -> AsyncPage[T]:
        if self._page is None:
            start = self._start
            self._page = start if isinstance(start, AsyncPage) else await start
            return self._page
        cursor = self._page.cursor_after(self._seen)
        if cursor is None:
            raise StopAsyncIteration
        self._page = await self._page.follow(cursor)
        return self._page


class _Things(AsyncIterator[T]):
    def __init__(self, pages: AsyncIterator[AsyncPage[T]]) -> None:
        self._pages = pages
        self._left: Iterator[T] = iter(())

    async def __anext__(self) -> T:
        while True:
            for thing in self._left:
                return thing
            self._left = iter((await anext(self._pages)).data)
