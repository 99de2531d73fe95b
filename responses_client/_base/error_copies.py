"""Copies and pickles of errors: with all attributes, and without exceptions of other packages; no I/O."""

from __future__ import annotations

from collections.abc import Callable

from .messages import MAX_BODY_CHARS, one_line

__all__ = ["reduce_error"]


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


def _rebuild(
    cls: type[Exception],
    args: tuple[object, ...],
    state: dict[str, object],
    cause: BaseException | None,
    suppress_context: bool,
) -> Exception:
    # Not by a call of the class, as `Exception` does it: most constructors have required keyword arguments.
    error = cls.__new__(cls, *args)
    error.__dict__.update(state)
    error.__cause__ = cause
    error.__suppress_context__ = suppress_context
    return error
