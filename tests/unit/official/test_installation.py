"""The error of a program that lacks the official package."""

from __future__ import annotations

import subprocess
import sys

import pytest

pytest.importorskip("openai")

PROGRAM = """
import sys
sys.modules["openai"] = None  # as if it could not be found
try:
    import responses_client.openai
except Exception as error:
    print(type(error).__name__, error)
"""


def test_missing_package_is_named_with_the_command_that_installs_it() -> None:
    found = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == (
        "ConfigurationError The official clients need the package openai, which is not installed: "
        "pip install 'openai>=1.101'"
    )
