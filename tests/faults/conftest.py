"""Fixtures of the tests with broken servers."""

from __future__ import annotations

import logging
import shutil
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from callers import MODES
from leaks import leaks
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from samples import KEY
from shells import Shell
from socket_shell import SocketShell
from waits import SHORT

from responses_client._base.retry import Policy


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "without_aiohttp(reason): tests whose shell is not run over aiohttp")


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run tests over aiohttp too, unless they are marked."""
    if "shell" in metafunc.fixturenames:
        is_without = metafunc.definition.get_closest_marker("without_aiohttp") is not None
        metafunc.parametrize("shell", MODES if is_without else [*MODES, "aiohttp"], indirect=True)


@pytest.fixture
def shell(request: pytest.FixtureRequest) -> Shell:
    """Each mode of the client in turn."""
    return Shell(request.param)


@pytest.fixture(params=MODES)
def sessions(request: pytest.FixtureRequest) -> SocketShell:
    """Each way to run WebSocket sessions in turn; aiohttp is none, as they go over httpx."""
    return SocketShell(request.param)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let back-off take no time: that the waits are right is tested with a virtual clock."""
    monkeypatch.setattr("responses_client._calls.attempts.Policy", partial(Policy, initial=0.001))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def patient_drain(monkeypatch: pytest.MonkeyPatch) -> None:
    """Give a server more time to end a stream after its terminal event, for tests that count connections."""
    for module in ("sync", "bodies"):
        monkeypatch.setattr(f"responses_client._transport.{module}.DRAIN_SECONDS", SHORT)


class _Searched:
    """A `pytest.raises` that also looks whether the exception shows the key."""

    def __init__(self, raises: Any) -> None:
        self._raises = raises

    def __enter__(self) -> Any:
        return self._raises.__enter__()

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> bool:
        is_expected: bool = self._raises.__exit__(kind, error, trace)
        if is_expected and error is not None:
            assert leaks(error, KEY) == []
        return is_expected


class _Records(logging.Handler):
    def __init__(self) -> None:
        super().__init__()
        self.texts: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.texts.append(f"{self.format(record)} {record.args}")


@pytest.fixture(autouse=True)
def _no_secret_is_shown(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Look for the key in each exception that a test expects, in each log record, whatever its level."""
    raises = pytest.raises
    monkeypatch.setattr(pytest, "raises", lambda *args, **options: _Searched(raises(*args, **options)))
    records, logger = _Records(), logging.getLogger("responses_client")
    level = logger.level
    logger.addHandler(records)
    logger.setLevel(logging.DEBUG)
    yield
    logger.setLevel(level)
    logger.removeHandler(records)
    assert [text for text in records.texts if KEY in text] == []


@pytest.fixture
def exported() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    yield exporter
    exporter.clear()


@pytest.fixture
def tracers(exported: InMemorySpanExporter) -> TracerProvider:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exported))
    return provider


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 with its key."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    run_openssl(
        "req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=test",
        *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(path), "-out", f"{path}.crt"),
        folder=path.parent,
    )
    path.write_text(path.read_text() + Path(f"{path}.crt").read_text())
    return path


@pytest.fixture(scope="session")
def expired_certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for 127.0.0.1 whose time was up long ago, with its key."""
    folder = tmp_path_factory.mktemp("expired")
    (folder / "index").touch()
    (folder / "ca.conf").write_text(
        "[ca]\ndefault_ca=a\n[a]\ndatabase=index\nserial=serial\nnew_certs_dir=.\ndefault_md=sha256\npolicy=p\n"
        "x509_extensions=x\n[p]\ncommonName=supplied\n[x]\nsubjectAltName=IP:127.0.0.1\n"
    )
    (folder / "serial").write_text("01\n")
    key, request, path = folder / "key.pem", folder / "request.pem", folder / "both.pem"
    run_openssl(
        "req -new -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=test",
        *("-keyout", str(key), "-out", str(request)),
        folder=folder,
    )
    run_openssl(
        "ca -batch -selfsign -notext -config ca.conf -startdate 20200101000000Z -enddate 20200102000000Z",
        *("-keyfile", str(key), "-in", str(request), "-out", str(path)),
        folder=folder,
    )
    path.write_text(key.read_text() + path.read_text())
    return path


def run_openssl(command: str, *options: str, folder: Path) -> None:
    """Run openssl, or skip the test where it is not installed."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl is not installed")
    subprocess.run([openssl, *command.split(), *options], check=True, capture_output=True, cwd=folder)
