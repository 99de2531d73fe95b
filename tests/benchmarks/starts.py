"""New processes: the time to import, to be ready to send, to the first request, and to the first typed event.

All rivals have the same conditions: compiled modules come from one cache, which a first round fills, and trio is
hidden, which our tests need and httpcore would load.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import NamedTuple, Self

import responses_client

from . import payloads
from .loopback import Loopback
from .peers import KEY
from .setup import Setup
from .timing import Row, Target, alternate, rows

_IMPORT = {"ours": "import responses_client", "official": "import openai"}
_MAKE = {
    "ours": "from responses_client import Client; client = Client({options})",
    "official": "from openai import OpenAI; client = OpenAI({options})",
}
_BARE = "import httpx, pydantic; client = httpx.Client()"
# This package loads no certificates for a server without TLS; this line measures what they would cost.
_CERTIFICATES = "\nimport httpx; httpx.create_ssl_context()\n"
_FIRST_EVENT = """
with client.responses.create(model="gpt-5-mini", input="Tell me a story.", stream=True) as stream:
    event = next(iter(stream))
    now = time.monotonic()
    assert event.type == "response.created" and event.response.status == "in_progress"
"""
# The least that a client made of the same libraries would do: one request, and one class for its first event.
_FLOOR = """
import httpx
from pydantic import BaseModel

class Event(BaseModel):
    type: str
    sequence_number: int

client = httpx.Client({options})
body = {{"model": "gpt-5-mini", "input": "Tell me a story.", "stream": True}}
with client.stream("POST", "{url}/responses", json=body, headers={{"authorization": "Bearer {key}"}}) as response:
    piece = next(response.iter_raw())
    event = Event.model_validate_json(piece[piece.index(b"data: ") + 6 : piece.index(b"\\n\\n")])
    now = time.monotonic()
    assert event.type == "response.created"
"""
# The clock of `time.monotonic` is the same in all processes of a machine.
_BEFORE = """
import sys, time
sys.modules["trio"] = None
now, modules, began = None, len(sys.modules), time.monotonic()
"""
_AFTER = """
now = now or time.monotonic()
cpu = time.process_time()
modules = len(sys.modules) - modules
try:
    import resource
    with open("/proc/self/statm") as file:
        memory = int(file.read().split()[1]) * resource.getpagesize() / 2**20
except (ImportError, OSError):
    memory = 0  # not known outside Linux
print(now, cpu, now - began, modules, memory)
"""


class Start(NamedTuple):
    """The costs of one process.

    Seconds since its start, CPU seconds, seconds of its own code, the number of modules loaded, and memory in MiB.
    """

    wall: float
    cpu: float
    own: float
    modules: float
    memory: float


def imports(setup: Setup) -> Iterator[Row]:
    """Compare the import of the package."""
    with _Starter() as starter:
        calls = {peer.name: partial(starter.start, _IMPORT[peer.name]) for peer in setup.peers}
        samples = alternate(setup.starts, calls)
    yield from _rows("import the package", "ms", samples, "own", {"official": None}, 1e3)
    yield from _rows("import the package", "modules", samples, "modules", {"official": None})


def ready(setup: Setup) -> Iterator[Row]:
    """Compare a client that is ready to send with one of httpx, and with the official one."""
    code = {peer.name: _MAKE[peer.name].format(options=f"api_key={KEY!r}") for peer in setup.peers}
    with _Starter() as starter:
        calls = {who: partial(starter.start, one) for who, one in {**code, "bare httpx": _BARE}.items()}
        samples = alternate(setup.starts, calls)
    targets = {"bare httpx": Target("at most", 1.25), "official": None}
    yield from _rows("ready to send, wall time", "ms", samples, "wall", targets, 1e3)
    yield from _rows("ready to send, CPU time", "ms", samples, "cpu", targets, 1e3)
    yield from _rows("ready to send", "modules", samples, "modules", dict.fromkeys(targets))


def first_event(setup: Setup) -> Iterator[Row]:
    """Compare the first request at the server, and the first event out of it, also with bare httpx and pydantic."""
    frames = [payloads.frame(event) for event in payloads.text_events(setup.deltas)]
    with _Starter() as starter, Loopback(frames) as server:
        options = f"api_key={KEY!r}, base_url={server.base_url!r}, max_retries=0"
        code = {peer.name: _MAKE[peer.name].format(options=options) + _FIRST_EVENT for peer in setup.peers}
        code["certified"] = _CERTIFICATES + code["ours"]
        for who, given in {"bare": "verify=False", "bare, certified": ""}.items():
            code[who] = _FLOOR.format(options=given, url=server.base_url, key=KEY)
        samples = alternate(
            setup.starts, {who: partial(_exchange, starter, server, one) for who, one in code.items()}
        )
    starts = {who: [start for start, _ in exchanges] for who, exchanges in samples.items()}
    requests = {who: [requested for _, requested in exchanges] for who, exchanges in samples.items()}
    certified = {**starts, "ours": starts["certified"], "bare": starts["bare, certified"]}
    target = {"official": Target("at least", 3)}
    unbound = {"official": None}
    above_bare = {**unbound, "bare": Target("at most", 1.15)}
    yield from rows("first request at the server", "ms", requests, unbound, 1e3)
    yield from _rows("first typed event, wall time", "ms", starts, "wall", target, 1e3)
    yield from _rows("first typed event, CPU time", "ms", starts, "cpu", above_bare, 1e3)
    yield from _rows("the same with certificates, CPU time", "ms", certified, "cpu", above_bare, 1e3)
    yield from _rows("after the first event", "modules", starts, "modules", unbound)
    yield from _rows("after the first event", "MiB", starts, "memory", unbound)


def _rows(
    what: str,
    unit: str,
    samples: Mapping[str, list[Start]],
    quantity: str,
    targets: Mapping[str, Target | None],
    factor: float = 1.0,
) -> list[Row]:
    values = {who: [getattr(start, quantity) for start in starts] for who, starts in samples.items()}
    return rows(what, unit, values, targets, factor)


class _Starter:
    """Starts processes that share only a cache of compiled modules."""

    def __init__(self) -> None:
        self._cache = TemporaryDirectory()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._cache.cleanup()

    def start(self, code: str) -> Start:
        """Run code in a new process."""
        command = [sys.executable, "-P", "-c", _BEFORE + code + _AFTER]
        environment = self._environment()
        before = time.monotonic()
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=60, check=False
        )
        if done.returncode:
            raise RuntimeError(done.stderr)
        now, *rest = map(float, done.stdout.split())
        return Start(now - before, *rest)

    def _environment(self) -> dict[str, str]:
        ours = {
            "PYTHONPATH": str(Path(responses_client.__file__).parents[1]),
            "PYTHONPYCACHEPREFIX": self._cache.name,
        }
        return {name: value for name, value in os.environ.items() if not _is_foreign(name)} | ours


def _is_foreign(name: str) -> bool:
    """Whether an environment variable would change the results."""
    return name.startswith(("OPENAI_", "PYTHON")) or name.lower().endswith("_proxy")


def _exchange(starter: _Starter, server: Loopback, code: str) -> tuple[Start, float]:
    before = time.monotonic()
    start = starter.start(code)
    return start, server.requested_at - before
