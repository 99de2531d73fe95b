"""A test that hangs fails alone, and Ctrl-C works in tests that a shell started in the background."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]

HANGING = """
import os
import threading
import time
import anyio
import anyio._backends._asyncio, anyio._backends._trio  # the limit is short, and loading them takes time
import pytest

@pytest.fixture
def never():
    threading.Event().wait()

@pytest.fixture
def never_ends():
    yield
    threading.Event().wait()

def test_before():
    raise ValueError("told")

def test_in_a_thread_that_waits():
    threading.Event().wait()

def test_that_swallows_errors():
    try:
        threading.Event().wait()
    except BaseException:
        threading.Event().wait()

async def test_in_an_event_loop(anyio_backend):
    await anyio.sleep_forever()

def test_in_its_set_up(never):
    pass

def test_in_its_tear_down(never_ends):
    pass

def test_after():
    pass

def test_where_many_programs_share_a_core(monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (1000.0, 0.0, 0.0))
    time.sleep(3.5)

def test_that_hangs_there(monkeypatch):
    monkeypatch.setattr(os, "getloadavg", lambda: (1000.0, 0.0, 0.0))
    threading.Event().wait()
"""

INTERRUPTED = """
import signal, subprocess, sys

def test_own_process():
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler

def test_program_that_a_test_starts():
    program = "import signal; print(signal.getsignal(signal.SIGINT) is signal.default_int_handler)"
    assert subprocess.run([sys.executable, "-c", program], capture_output=True).stdout.strip() == b"True"
"""


def run_tests(folder: Path, tests: str, *options: str, before: object = None) -> str:
    """Return the output of pytest for tests that stand under the conftest of this repository."""
    (folder / "conftest.py").write_text((ROOT / "tests" / "conftest.py").read_text())
    (folder / "test_these.py").write_text(tests)
    (folder / "pytest.ini").write_text("[pytest]\nanyio_mode = auto\n")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-p",
        "no:cacheprovider",
        "-o",
        "faulthandler_timeout=400",
    ]
    done = subprocess.run(
        [*command, *options, "."], cwd=folder, capture_output=True, text=True, check=False, preexec_fn=before
    )
    return done.stdout + done.stderr


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="alarms of POSIX")
def test_hanging_test_fails_alone(tmp_path: Path) -> None:
    output = run_tests(tmp_path, HANGING, "-o", "phase_limit=1", "-n", "1")
    assert "ValueError: told" in output
    assert output.count("Failed: The test hangs.") >= 7
    assert 'test_these.py", line' in output  # where each thread was
    assert re.search(r"\n6 failed, 3 passed, 2 errors in ", output)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")
@pytest.mark.parametrize("options", [(), ("-n", "1")], ids=["in the process", "in a worker"])
def test_ctrl_c_works_where_a_shell_had_it_ignored(tmp_path: Path, options: tuple[str, ...]) -> None:
    output = run_tests(
        tmp_path, INTERRUPTED, *options, before=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN)
    )
    assert "2 passed" in output
