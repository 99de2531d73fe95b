"""An endpoint of the API: its method, its path, and the names of the models around it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Self, TypeVar, cast

if TYPE_CHECKING:
    from ..models import Model

__all__ = ["BinaryOperation", "Operation", "PagedOperation"]

_R = TypeVar("_R", bound="Model")
_T = TypeVar("_T")


class Operation(NamedTuple, Generic[_R]):
    """An endpoint; its models are named, and imported when a call needs them.

    Attributes:
        name: The name of the method of the client, such as `responses.create`.
        method: The HTTP method.
        path: The path, with placeholders such as `{response_id}`.
        result: The model of the answer, as `module.Class` within `models`.
        request: The model that checks the arguments; None if there are none but the options.
        query: The arguments that go into the query, and not into the body.
        unconstrained: The arguments that take any string or any flag, with their type. If a call has no others, there
            is nothing to check, and the model of the request is not imported: most first calls of a program are such.
        items: The argument that is a list of input items, in which a string stands for a message of the user.
        function: The function that was called, for messages, if it is not the method of this name.
        own_arguments: The arguments that this function takes beside those of the request.
        files: The arguments that are files; with one of them, the body is a form, and not JSON.
        accept: The media type that is asked for, unless the answer is a stream.
    """

    name: str
    method: str
    path: str
    result: str
    request: str | None = None
    query: tuple[str, ...] = ()
    unconstrained: Mapping[str, type] | None = None
    items: str | None = None
    function: str = ""
    own_arguments: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    accept: str = "application/json"

    def called(self, function: str, *own_arguments: str) -> Self:
        """Return the endpoint as another function calls it, such as `responses.parse`; its name stays."""
        return self._replace(function=function, own_arguments=own_arguments)

    @property
    def label(self) -> str:
        """The name of the function that was called, for messages."""
        return self.function or self.name

    def request_model(self) -> type[Model] | None:
        """Return the class that checks the arguments; None if there are none but the options."""
        return None if self.request is None else _model(self.request)

    def result_model(self) -> type[_R]:
        """Return the class of the answer, or the run-time form of a union."""
        return cast("type[_R]", _model(self.result))


class PagedOperation(Operation[_R], Generic[_R, _T]):
    """An endpoint that lists things of type `_T`."""


class BinaryOperation(Operation[Any]):
    """An endpoint that returns the content of a file, which may come from another host."""


@cache
def _model(entry: str) -> type[Model]:
    module, _, name = entry.partition(".")
    return cast("type[Model]", getattr(import_module(f"..models.{module}", __package__), name))
