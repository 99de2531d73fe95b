"""First builds of classes and adapters, one at a time; also where the process forks."""

from __future__ import annotations

import os
import threading
from contextlib import suppress

from pydantic_core import SchemaValidator, ValidationError
from pydantic_core import core_schema as cs

__all__ = ["first_build", "validate_first"]

# One lock for all classes, since two locks could each be held by a build that needs the other. It is re-entrant,
# because a build may need another class. Python runs one build at a time in any case.
first_build = threading.RLock()
"""Held while a class or an adapter is built.

Before 2.14, pydantic's builds are not safe to run at once. Later ones hold a lock of pydantic, which a child process
would inherit locked if the process forked in a build. So no process forks while this one is held.
"""
if hasattr(os, "register_at_fork"):  # pragma: no branch  # Windows has no forks
    os.register_at_fork(
        before=first_build.acquire, after_in_parent=first_build.release, after_in_child=first_build.release
    )

_has_validated = False


class _Sample:
    """The part of a class that a validator of models needs."""

    __slots__ = ("__dict__", "__pydantic_extra__", "__pydantic_fields_set__", "__pydantic_private__")


def validate_first() -> None:
    """Let pydantic validate a model, in all ways that this package does; the caller holds `first_build`.

    Its compiled code makes its constants at their first use, and may wait for Python in the middle. A process that
    forks at that moment would have a child that waits for them forever, so it has to happen under the lock.
    """
    global _has_validated
    if _has_validated:
        return
    _has_validated = True
    value = cs.nullable_schema(cs.union_schema([cs.str_schema(), cs.int_schema()]))
    fields = cs.model_fields_schema({"a": cs.model_field(value)}, extra_behavior="allow")
    validator = SchemaValidator(cs.model_schema(_Sample, fields))
    validator.validate_python({"a": "x", "b": 1})
    validator.validate_json(b'{"a": 1, "b": [1.5, true, null, {"c": ""}]}')
    with suppress(ValidationError):
        validator.validate_python({})
    with suppress(ValidationError):
        validator.validate_json(b'{"a": []}')
