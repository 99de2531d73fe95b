"""Copies and pickles of errors: with all attributes, and without exceptions of other packages; no I/O."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from .messages import MAX_BODY_CHARS, one_line

__all__ = ["KeptError", "copy_error", "reduce_error"]

_E = TypeVar("_E", bound=BaseException)


class _ForeignCause(Exception):
    """The type and message of an exception of another package, which stand for it in copies."""

    @classmethod
    def of(cls, error: BaseException) -> _ForeignCause:
        kind = type(error)
        return cls(f"{kind.__module__}.{kind.__qualname__}: {one_line(str(error), MAX_BODY_CHARS)}")


def reduce_error(
    error: Exception, own: type[Exception]
) -> tuple[Callable[..., Exception], tuple[object, ...]]:
    """Return the result of `__reduce__` for an error, with its attributes and its cause.

    A cause that is not one of the `own` errors is reduced to its type and message: it might not survive pickling, and
    its request might contain the API key.
    """
    cause = error.__cause__
    if cause is not None and not isinstance(cause, (own, _ForeignCause)):
        cause = _ForeignCause.of(cause)
    return _rebuild, (type(error), error.args, error.__dict__, cause, error.__suppress_context__)


def copy_error(error: _E) -> _E:
    """Return a copy of an error with its cause, but without its frames and context; itself if it cannot be copied.

    For an object that keeps an error that it raises: the frames of the error hold the object, so that only the garbage
    collector would free the two.
    """
    try:
        return _rebuild(type(error), error.args, error.__dict__, error.__cause__, error.__suppress_context__)
    except Exception:  # of a class of the user's
        return error


class KeptError:
    """An error that is raised more than once: first as it is, with its frames, and after that in copies without them."""

    def __init__(self, error: BaseException) -> None:
        self._error = error

    def take(self) -> BaseException:
        """Return the error to raise."""
        error, self._error = self._error, copy_error(self._error)
        return error


def _rebuild(
    cls: type[_E],
    args: tuple[object, ...],
    state: dict[str, object],
    cause: BaseException | None,
    suppress_context: bool,
) -> _E:
    # Not by a call of the class, as `Exception` does it: most constructors have required keyword arguments.
    error = cls.__new__(cls, *args)
    error.__dict__.update(state)
    error.__cause__ = cause
    error.__suppress_context__ = suppress_context
    return error
