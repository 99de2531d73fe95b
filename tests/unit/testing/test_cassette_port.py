"""Cassettes on a port: clients that we did not write record and replay."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import httpx
import pytest
from waits import PATIENT

from responses_client import Client
from responses_client.testing import Cassette, CassetteError, Server, __main__
from responses_client.testing._cassettes.matching import Matcher
from responses_client.testing._cassettes.port import CassetteApp
from responses_client.testing._cassettes.scrubbing import Scrubber
from responses_client.testing._cassettes.tape import Tape

pytest.importorskip("uvicorn")

ASK: dict[str, Any] = {"model": "gpt-5.4", "input": "Hi"}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "calls.jsonl"


def stream(url: str) -> list[Any]:
    client = Client(api_key="sk-secret-of-the-client", base_url=url)
    with client, client.responses.create(**ASK, stream=True) as opened:
        return list(opened)


@contextmanager
def recording(path: Path, script: Callable[[Server], object] = id) -> Iterator[str]:
    """Yield the address of a cassette that records an embedded server."""
    with Server() as server, server.serve() as upstream:
        script(server)
        with Cassette(path, "record") as cassette, cassette.serve(upstream=upstream) as url:
            yield url


def test_traffic_is_recorded_and_replayed(path: Path) -> None:
    with recording(path) as url:
        first = [stream(url), stream(url)]
    with Cassette(path) as cassette, cassette.serve() as url:
        again = [stream(url), stream(url)]

    assert first == again
    assert "sk-secret" not in path.read_text()


def test_query_and_errors_pass_through(path: Path) -> None:
    params = {"include[]": "a b"}
    with recording(path) as url:
        found = httpx.get(f"{url}/responses/resp_1", params=params, headers={"Authorization": "Bearer any"})
    assert found.status_code == 404
    with Cassette(path) as cassette, cassette.serve() as url:
        again = httpx.get(f"{url}/responses/resp_1", params=params)
    assert (again.status_code, again.json()) == (found.status_code, found.json())


def test_request_that_was_not_recorded_is_an_error_of_the_api(path: Path) -> None:
    path.write_text('{"cassette": 1}\n')
    with Cassette(path) as cassette, cassette.serve() as url:
        found = httpx.post(f"{url}/responses", json=ASK)

    assert found.status_code == 400
    assert found.json()["error"]["code"] == "not_recorded"
    assert "no recorded request is left" in found.json()["error"]["message"]


def test_server_that_is_not_reached_is_an_error_of_the_gateway(path: Path) -> None:
    with Cassette(path, "record") as cassette, cassette.serve(upstream="http://127.0.0.1:9/v1") as url:
        found = httpx.post(f"{url}/responses", json=ASK)

    assert (found.status_code, found.json()["error"]["code"]) == (502, "no_answer")


def test_connection_that_breaks_breaks_for_the_client(path: Path) -> None:
    headers = {"Authorization": "Bearer any"}
    with recording(path, lambda server: server.disconnect_after(events=3)) as url:
        asked = httpx.stream("POST", f"{url}/responses", json={**ASK, "stream": True}, headers=headers)
        with asked as answer, pytest.raises(httpx.RemoteProtocolError):
            answer.read()
    assert path.read_text().count('"event"') == 3


async def test_request_that_is_cut_is_not_passed_on(path: Path) -> None:
    sent: list[object] = []
    cut = [{"type": "http.request", "body": b"{", "more_body": True}, {"type": "http.disconnect"}]

    async def receive() -> object:
        return cut.pop(0)

    async def send(message: object) -> None:
        sent.append(message)

    tape = Tape(path, "record", Matcher(), Scrubber())
    app = CassetteApp(tape, "http://127.0.0.1:9", realtime=False)
    await app({"type": "http"}, receive, send)

    assert (sent, cut) == ([], [])


def test_websocket_is_refused(path: Path) -> None:
    path.write_text('{"cassette": 1}\n')
    with Cassette(path) as cassette, cassette.serve() as url:
        handshake = {
            "connection": "upgrade",
            "upgrade": "websocket",
            "sec-websocket-version": "13",
            "sec-websocket-key": "dGhlIHNhbXBsZSBub25jZQ==",
        }
        assert httpx.get(f"{url}/responses", headers=handshake).status_code == 403


@pytest.mark.parametrize("upstream", [None, "api.openai.com/v1"])
def test_address_that_cannot_be_asked_is_an_error(path: Path, upstream: str | None) -> None:
    with (
        pytest.raises(CassetteError, match="upstream must be"),
        Cassette(path, "record").serve(upstream=upstream),
    ):
        pass


def test_port_that_is_taken_is_an_error_of_the_system(path: Path) -> None:
    path.write_text('{"cassette": 1}\n')
    with Cassette(path) as cassette, cassette.serve() as url:
        port = int(url.split(":")[2].split("/")[0])
        with pytest.raises(OSError, match="in use"), cassette.serve(port=port):
            pass


def test_address_of_version_6_is_shown_in_brackets(path: Path) -> None:
    path.write_text('{"cassette": 1}\n')
    try:
        with Cassette(path) as cassette, cassette.serve(host="::1") as url:
            assert url.startswith("http://[::1]:")
    except OSError:
        pytest.skip("this machine has no IPv6")


# --- the commands


def started(*arguments: str) -> tuple[subprocess.Popen[str], str]:
    program = [sys.executable, "-m", "responses_client.testing", *arguments]
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout is not None
    line = process.stdout.readline()
    return process, line.rpartition(" ")[2].strip()


def stopped(process: subprocess.Popen[str]) -> tuple[int, str]:
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=PATIENT)
    return process.returncode, errors


def test_commands_record_and_replay_for_any_client(path: Path) -> None:
    with Server() as server, server.serve() as upstream:
        process, url = started("record", "--upstream", upstream, "--port", "0", str(path))
        first = stream(url)
        assert stopped(process) == (0, "")
    process, url = started("replay", "--port", "0", str(path))
    again = stream(url)
    assert stopped(process) == (0, "")
    assert first == again


def test_replay_says_what_was_never_asked_for(path: Path) -> None:
    path.write_text(
        '{"cassette": 1}\n{"request": {"method": "GET", "path": "/x"}}\n{"answer": {"status": 200}}\n'
    )
    process, _ = started("replay", "--port", "0", str(path))

    assert stopped(process) == (0, "Never asked for: GET /x\n")


def test_replay_here_says_it_too(
    path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    path.write_text(
        '{"cassette": 1}\n{"request": {"method": "GET", "path": "/x"}}\n{"answer": {"status": 200}}\n'
    )
    monkeypatch.setattr("threading.Event.wait", lambda self, timeout=None: None)
    monkeypatch.setattr(
        "responses_client.testing._cassettes.command.Cassette.serve", lambda *_, **__: nullcontext("url")
    )

    assert __main__.main(["replay", "--port", "0", str(path)]) == 0
    assert capsys.readouterr() == (f"Replaying {path} at url\n", "Never asked for: GET /x\n")


def test_missing_requests_are_added(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("responses_client.testing._cassettes.command._wait", lambda: None)
    arguments = ["record", "--missing", "--upstream", "http://127.0.0.1:9/v1", "--port", "0", str(path)]

    assert __main__.main(arguments) == 0
    assert not path.exists()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["replay", "missing.jsonl"], "The cassette missing.jsonl does not exist"),
        (
            ["record", "--upstream", "nowhere", "--port", "0", "x.jsonl"],
            "upstream must be an http or https address",
        ),
        (
            ["record", "--upstream", "http://a/v1", "--port", "99999", "x.jsonl"],
            "Cannot listen on 127.0.0.1:99999",
        ),
        (
            ["record", "--upstream", "http://a/v1", "--host", "192.0.2.1", "x.jsonl"],
            "Cannot listen on 192.0.2.1:8080",
        ),
    ],
)
def test_command_that_cannot_start_says_why(
    arguments: list[str],
    message: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)

    assert __main__.main(arguments) == 1
    assert message in capsys.readouterr().err


def test_wrong_arguments_are_refused_with_status_2() -> None:
    with pytest.raises(SystemExit) as raised:
        __main__.main(["record", "x.jsonl"])
    assert raised.value.code == 2
