"""An endpoint of the API: its method, its path, and the names of the models around it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar, cast

if TYPE_CHECKING:
    from ..models import Model

__all__ = ["Operation", "PagedOperation"]

_R = TypeVar("_R", bound="Model")
_T = TypeVar("_T")


class Operation(NamedTuple, Generic[_R]):
    """An endpoint; models are named, not imported, until a call needs them."""

    name: str
    method: str
    path: str
    result: str
    request: str | None = None
    query: tuple[str, ...] = ()
    plain: Mapping[str, type] | None = None
    """Arguments that take any text or any flag, with the type: with no others, there is nothing to check."""
    items: str | None = None
    """The argument that is a list of input items, where a text stands for a message of the user."""

    def request_model(self) -> type[Model] | None:
        """Return the class that checks the arguments; None where there are none but the options."""
        return None if self.request is None else _model(self.request)

    def result_model(self) -> type[_R]:
        """Return the class of the answer, or the run-time form of a union."""
        return cast("type[_R]", _model(self.result))


class PagedOperation(Operation[_R], Generic[_R, _T]):
    """An endpoint whose answer lists things."""


@cache
def _model(entry: str) -> type[Model]:
    module, _, name = entry.partition(".")
    return cast("type[Model]", getattr(import_module(f"..models.{module}", __package__), name))
