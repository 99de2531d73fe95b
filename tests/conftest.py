"""What holds for all tests."""

from __future__ import annotations

from inspect import iscoroutinefunction
from typing import Any

import pytest
from anyio import pytest_plugin
from hypothesis import HealthCheck, settings

# No test is timed: under load, or when an example is the first to load a module, any may be slow.
settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("untimed")

if not hasattr(pytest_plugin, "pytest_addoption"):
    # The lowest versions of anyio have no `anyio_mode`, so that async tests need a mark.

    def pytest_addoption(parser: pytest.Parser) -> None:
        parser.addini("anyio_mode", "As later versions of anyio have it.")

    @pytest.hookimpl(tryfirst=True)
    def pytest_pycollect_makeitem(collector: Any, name: str, obj: Any) -> None:
        if collector.istestfunction(obj, name) and iscoroutinefunction(obj):
            pytest.mark.anyio(obj)
