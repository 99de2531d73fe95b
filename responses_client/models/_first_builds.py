"""First builds of classes and adapters, one at a time; also where the process forks."""

from __future__ import annotations

import os
import threading

__all__ = ["first_build"]

# One lock for all classes, since two locks could each be held by a build that needs the other. It is re-entrant,
# because a build may need another class. Python runs one build at a time in any case.
first_build = threading.RLock()
"""Held while a class or an adapter is built.

Before 2.14, pydantic's builds are not safe to run at once. Later ones hold a lock of pydantic, which a child process
would inherit locked if the process forked in a build. So no process forks while this one is held.
"""
if hasattr(os, "register_at_fork"):  # pragma: no branch # Windows has no forks
    os.register_at_fork(
        before=first_build.acquire, after_in_parent=first_build.release, after_in_child=first_build.release
    )
