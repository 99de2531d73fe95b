"""Journals of several processes: one has the file at a time, and no kill costs an answer that was given.

Each test runs programs of its own.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from programs import run

from responses_client import read_batch
from responses_client._map.journal import Journal

pytestmark = pytest.mark.skipif(os.name != "posix", reason="signals and forks of POSIX")

SYNC, ASYNC = "sync", "async"

# A map that says "open", waits for a line, and then prints the id of each result.
MAP = """
import asyncio, sys
from responses_client.testing import Server
path, mode = sys.argv[1:]
requests = [{"model": "m", "input": "Number %d" % number} for number in range(200)]
def say(text):
    print(text, flush=True)
def show(result):
    say(("replayed " if result.is_replayed else "answered ") + result.id)
def sync():
    client = Server().client()
    with client.responses.map(requests, journal=path, on_result=show, max_concurrency=4) as results:
        say("open")
        sys.stdin.readline()
        for result in results:
            pass
async def main():
    async with Server().async_client() as client:
        async with client.responses.map(requests, journal=path, on_result=show, max_concurrency=4) as results:
            say("open")
            sys.stdin.readline()
            async for result in results:
                pass
try:
    sync() if mode == "sync" else asyncio.run(main())
except ValueError as error:
    say(error)
"""

# Lines of 1 MB, written as fast as the disk allows, and the number of each after it is written.
WRITES = """
import sys
from responses_client._map.journal import Journal, _line
from responses_client._map.requests import MapResult
from responses_client.testing import Server
server = Server().reply("x" * 1_000_000)
response = server.client().responses.create(model="m", input="Hi")
journal = Journal(sys.argv[1])
journal.open()
for number in range(10_000):
    journal._pending.append(_line(MapResult(number, f"{sys.argv[2]}.{number}", {}, response), "d"))
    journal.flush()
    print(number, flush=True)
"""


@contextmanager
def program(text: str, *arguments: object) -> Iterator[Any]:
    """Run a program; it is killed at the end."""
    command = [sys.executable, "-c", text, *map(str, arguments)]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
    ) as process:
        try:
            yield process
        finally:
            process.kill()


@pytest.mark.parametrize("modes", [(SYNC, SYNC), (ASYNC, ASYNC), (SYNC, ASYNC)])
def test_one_of_two_processes_gets_the_journal_and_the_other_is_told_of_it(
    tmp_path: Path, modes: tuple[str, str]
) -> None:
    path = tmp_path / "results.jsonl"
    with program(MAP, path, modes[0]) as one, program(MAP, path, modes[1]) as other:
        lines = {one.stdout.readline(): one, other.stdout.readline(): other}
        opened = lines.pop("open\n")
        (refusal,) = lines
        named = re.search(
            r"in use by another map, of another process \(pid (\d+) on \S+, since \S+\)", refusal
        )
        assert named, refusal
        assert int(named[1]) == opened.pid
        answers, _ = opened.communicate("\n", timeout=60)
    assert answers.count("answered") == 200
    assert len(list(read_batch(path))) == 200
    assert os.listdir(tmp_path) == [path.name]


@pytest.mark.parametrize("mode", [SYNC, ASYNC])
def test_killed_map_frees_the_journal_and_loses_no_answer(tmp_path: Path, mode: str) -> None:
    path = tmp_path / "results.jsonl"
    known: set[str] = set()
    for _ in range(4):
        with program(MAP, path, mode) as process:
            process.stdin.write("\n")
            lines = (line.split() for line in process.stdout)
            assert next(lines) == ["open"]
            found = [next(lines) for _ in range(len(known) + 20)]
        assert process.returncode == -signal.SIGKILL
        assert {id for how, id in found if how == "replayed"} >= known
        known |= {id for _, id in found}
    with program(MAP, path, mode) as process:
        rest, _ = process.communicate("\n", timeout=60)
    assert rest.count("\n") == 201
    assert rest.count("replayed") >= len(known) >= 80
    assert {line.custom_id for line in read_batch(path)} == {str(number) for number in range(200)}


def test_kill_in_the_middle_of_writing_costs_only_the_line_that_was_written(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    written: set[str] = set()
    for round in range(8):
        with program(WRITES, path, round) as process:
            # So long is the program left alone: the kill hits it at another place of a line each time.
            written |= {f"{round}.{process.stdout.readline().strip()}" for _ in range(round + 1)}
    journal = Journal(path)
    journal.open()
    journal.close()
    assert journal._entries.keys() >= written
    assert len(journal._entries) == len(list(read_batch(path)))


FORKED = """
client = Client(**start())
path = sys.argv[1]
with client.responses.map([{"model": "m", "input": "parent"}], journal=path) as results:
    next(results)
    journal = results._journal
    size = os.path.getsize(path)
    assert size > 100
    def child():
        assert journal._file.closed
        try:
            client.responses.map([{"model": "m", "input": "child 0"}], journal=path).all()
        except ValueError as error:
            assert f"another process (pid {os.getppid()} on" in str(error), error
        else:
            raise AssertionError
        results.close()
        journal.close()
    wait_for(in_child(child))
    assert os.path.getsize(path) == size
    assert os.path.exists(path + ".lock")
    ready, go = os.pipe(), os.pipe()
    def survivor():
        os.read(go[0], 1)
        answers = client.responses.map([{"model": "m", "input": "parent"}], journal=path).all()
        assert [answer.is_replayed for answer in answers] == [True]
    late = in_child(survivor)
os.write(go[1], b"x")
wait_for(late)
"""


def test_child_of_a_fork_neither_writes_nor_holds_the_journal(tmp_path: Path) -> None:
    run(FORKED, tmp_path, str(tmp_path / "results.jsonl"))


ORPHAN = """
import os, sys, time
from responses_client._map.journal import Journal
journal = Journal(sys.argv[1])
journal.open()
if os.fork() == 0:
    print("child", flush=True)
    sys.stdin.readline()
    os._exit(0)
sys.stdin.readline()
"""


def test_child_that_outlives_a_killed_parent_does_not_keep_the_journal(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    command = [sys.executable, "-W", "ignore", "-c", ORPHAN, str(path)]
    pipes: Any = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    with subprocess.Popen(command, **pipes) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "child\n"
        process.kill()
        process.wait()
        journal = Journal(path)
        journal.open()  # while the child still waits
        journal.close()


FULL = """
import resource, sys
from responses_client import read_batch
from responses_client.testing import Server
requests = [{"model": "m", "input": "Number %d" % number} for number in range(50)]
client = Server().client()
resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, resource.RLIM_INFINITY))
try:
    client.responses.map(requests, journal=sys.argv[1], max_concurrency=8).all()
except OSError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
kept = len(list(read_batch(sys.argv[1])))
results = client.responses.map(requests, journal=sys.argv[1]).all()
assert sum(result.is_replayed for result in results) == kept > 0
assert len(list(read_batch(sys.argv[1]))) == 50
"""


def test_file_that_may_not_grow_has_whole_lines_and_is_continued(tmp_path: Path) -> None:
    path = tmp_path / "results.jsonl"
    command = [sys.executable, "-c", FULL, str(path)]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert re.fullmatch(
        r"\[Errno 27\] File too large; \d+ results? (is|are) not in the journal, and the next map sends their "
        rf"requests again: '{path}'\n",
        ended.stdout,
    )
