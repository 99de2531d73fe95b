"""`cached_property` without a lock: that of Python 3.11 has one for each class."""

# A process that forks while another thread makes the value has a child in which the lock is taken forever, so that
# `client.responses` of any client would hang. The lock also made the threads of all objects of a class wait for one.

from __future__ import annotations

from typing import TYPE_CHECKING

__all__ = ["cached_property"]

if TYPE_CHECKING:
    from functools import cached_property
else:
    import functools

    class cached_property(functools.cached_property):
        """An attribute that is computed at its first use; if threads do so at once, one value is kept."""

        def __get__(self, instance: object | None, owner: type | None = None) -> object:
            if instance is None:
                return self
            return instance.__dict__.setdefault(self.attrname, self.func(instance))
