"""Fixtures of the tests with broken servers."""

from __future__ import annotations

import shutil
import subprocess
from functools import partial
from pathlib import Path

import pytest
from callers import MODES
from shells import Shell
from socket_shell import SocketShell

from responses_client._base.retry import Policy


@pytest.fixture(params=MODES)
def shell(request: pytest.FixtureRequest) -> Shell:
    """Each mode of the client in turn."""
    return Shell(request.param)


@pytest.fixture
def sessions(shell: Shell) -> SocketShell:
    """Each way to run WebSocket sessions in turn."""
    return SocketShell(shell.name)


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let back-off take no time: that the waits are right is tested with a virtual clock."""
    monkeypatch.setattr("responses_client._calls.attempts.Policy", partial(Policy, initial=0.001))
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


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
