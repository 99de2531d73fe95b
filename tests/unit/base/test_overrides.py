"""The decorator `override`: it changes nothing, and loads nothing."""

from __future__ import annotations

import subprocess
import sys

from responses_client._base.overrides import override

PROGRAM = """
import sys
from responses_client import Client
Client(api_key="k")
print("typing_extensions" in sys.modules)
"""


def test_method_stays_as_it_is() -> None:
    def method() -> None:
        raise AssertionError

    assert override(method) is method


def test_client_is_made_without_typing_extensions() -> None:
    found = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert found.stdout == "False\n"
