"""First builds of classes: many threads at once, and a fork in the middle of one.

`first_uses.py` and `fork_in_build.py` are run in processes of their own, since a class is built once in a process.
"""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from responses_client.models import Model
from responses_client.models._first_builds import first_build

HERE = Path(__file__).parent
PROCESSES = int(os.environ.get("FIRST_USE_PROCESSES", "1"))


def start(script: str) -> subprocess.Popen[str]:
    path = os.pathsep.join(part for part in sys.path if part)
    command = [sys.executable, "-W", "ignore", HERE / script]
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, env={**os.environ, "PYTHONPATH": path}
    )


def test_threads_can_use_classes_for_the_first_time_at_once() -> None:
    processes = [start("first_uses.py") for _ in range(PROCESSES)]
    assert [process.communicate(timeout=100)[0] for process in processes] == [""] * PROCESSES
    assert [process.returncode for process in processes] == [0] * PROCESSES


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
def test_process_that_forks_in_a_build_has_a_child_that_can_build() -> None:
    process = start("fork_in_build.py")
    process.communicate(timeout=100)
    assert process.returncode == 0


def test_class_is_built_once_for_threads_that_need_it_at_once() -> None:
    class Made(Model):
        name: str

    built: list[bool | None] = []
    threads = [threading.Thread(target=lambda: built.append(Made.model_rebuild())) for _ in range(4)]
    with first_build:
        for thread in threads:
            thread.start()
    for thread in threads:
        thread.join()
    assert sorted(map(str, built)) == ["None", "None", "None", "True"]


def test_build_can_need_another_build() -> None:
    class Inner(Model):
        name: str

    class Outer(Model):
        inner: Inner

    with first_build:
        assert Outer.from_dict({"inner": {"name": "x"}}).inner == Inner(name="x")


FIRST_VALIDATION = """
import threading
from responses_client.models import FunctionCall, _first_builds

made = _first_builds.SchemaValidator
held = []

def validator(schema):
    other = threading.Thread(target=lambda: held.append(not _first_builds.first_build.acquire(blocking=False)))
    other.start()
    other.join()
    return made(schema)

_first_builds.SchemaValidator = validator
for _ in range(2):
    FunctionCall.from_dict({"type": "function_call", "call_id": "c", "name": "f", "arguments": ""})
print(held)
"""


def test_first_validation_of_a_process_is_under_the_lock() -> None:
    found = subprocess.run(
        [sys.executable, "-c", FIRST_VALIDATION], capture_output=True, text=True, check=True
    )
    assert found.stdout.strip() == "[True]"
