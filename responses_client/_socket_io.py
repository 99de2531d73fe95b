"""What a WebSocket needs of the outside world, as types; what calls need is in `_io`."""

from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from typing import Any, Protocol

__all__ = ["Bell", "Socket"]


class Bell(Protocol):
    """Wakes one that waits, once."""

    def ring(self) -> None:
        """Wake it, or whoever comes to wait."""
        ...

    async def wait(self, left: float | None) -> None:
        """Wait to be woken, for at most `left` seconds."""
        ...


class Socket(Protocol):
    """A connection that bytes go over in both ways at the same time. One reads at a time, any number write."""

    async def read(self, left: float | None) -> bytes | None:
        """Return what comes next, nothing at the end; None when nothing came for `left` seconds."""
        ...

    async def write(self, make: Callable[[], bytes], left: float | None = None) -> None:
        """Send what `make` returns, all of it and in the order of the calls; wait for at most `left` seconds."""
        ...

    def bell(self) -> Bell:
        """Return a bell."""
        ...

    def start(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Have work done beside everything else; it raises nothing and comes to an end by itself."""
        ...

    def finishing(self, seconds: float) -> AbstractContextManager[object]:
        """Return a block that cancellation does not end, but the time does."""
        ...

    async def close(self) -> None:
        """Close the connection at once, which ends what reads and writes."""
        ...
