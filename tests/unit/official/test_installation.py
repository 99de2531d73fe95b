"""The error of a program that lacks the official package."""

from __future__ import annotations

import importlib
import sys

import pytest

from responses_client import ConfigurationError


def test_missing_package_is_named_with_the_command_that_installs_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "openai", None)  # as if it could not be found
    monkeypatch.delitem(sys.modules, "responses_client._official", raising=False)
    with pytest.raises(ConfigurationError) as raised:
        importlib.import_module("responses_client._official")

    assert str(raised.value) == (
        "The official clients need the package openai, which is not installed: pip install 'openai>=1.101'"
    )
