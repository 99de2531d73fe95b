"""Runs examples inside of the tests' process, as with a key."""

from __future__ import annotations

import io
import runpy
import shutil
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from example_programs import EXAMPLES, NEEDS

from responses_client.testing import Server


@pytest.fixture
def run_copy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> Callable[..., str]:
    """Run a copy of an example, in a folder where it is alone, against a server; return what it prints."""
    monkeypatch.chdir(tmp_path)

    def run(name: str, server: Server, *arguments: str, stdin: str = "") -> str:
        pytest.importorskip(NEEDS.get(name, "responses_client"))
        program = shutil.copy(EXAMPLES / f"{name}.py", tmp_path)
        monkeypatch.setattr(sys, "argv", [program, *arguments])
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        with server.serve() as url:
            monkeypatch.setenv("OPENAI_API_KEY", "sk-test")
            monkeypatch.setenv("OPENAI_BASE_URL", url)
            monkeypatch.setenv("FALLBACK_BASE_URL", url)
            runpy.run_path(program, run_name="__main__")
        return capsys.readouterr().out

    return run
