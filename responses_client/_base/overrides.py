"""`override` without `typing_extensions`, which would take 4 % of the time in which a client is made."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

__all__ = ["override"]

if TYPE_CHECKING:
    from typing_extensions import override
else:
    _Method = TypeVar("_Method")

    def override(method: _Method) -> _Method:
        """Mark a method that implements one of a base class or a protocol, for readers and type checkers."""
        return method
