"""The public path of names that private modules define."""

from __future__ import annotations

from typing import Any, TypeVar

_Named = TypeVar("_Named")


def public(named: _Named) -> _Named:
    """Give a class or a function the path under which it is exported, for tracebacks, reprs and pickles.

    It is a decorator, not a part of the lazy import in `__init__`, because a test may see an exception or a
    recorded request without ever importing its class.
    """
    target: Any = named
    target.__module__ = __package__
    return named
