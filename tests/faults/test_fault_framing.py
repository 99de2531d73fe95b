"""Bytes behind the end of an answer, as a desynchronized server or proxy sends them: they are never taken for an answer."""

from __future__ import annotations

import ssl
from pathlib import Path
from typing import Any

import httpx2
import pytest
from payloads import WHOLE
from samples import COMPLETED, CREATED, response
from scripted_server import LAST_CHUNK, ScriptedServer, Step, answer, chunk, head, stream_head
from shells import HTTP, Session, Shell
from waits import PATIENT

from responses_client.errors import NotFoundError

OTHERS = answer(200, response(text="Of another"))
OWN = answer(200, response(text="Own"))
STREAM = b"".join([stream_head(), chunk(CREATED), chunk(COMPLETED), LAST_CHUNK])
FIRST: dict[str, bytes] = {
    "answer with a length": answer(200, response()),
    "answer in chunks": head(200, content_type="application/json", transfer_encoding="chunked")
    + chunk(answer(200, response()).partition(b"\r\n\r\n")[2])
    + LAST_CHUNK,
    "compressed answer": answer(200, response(), content_encoding="identity"),
    "stream": STREAM,
    "error": answer(404, {"error": {"message": "No such thing"}}),
    "answer without a body": head(404, content_length="0"),
}


async def two_calls(session: Session, name: str, server: ScriptedServer) -> str:
    if name == "stream":
        await (await session.stream()).rest()
    elif "error" in name or "without" in name:
        with pytest.raises(NotFoundError):
            await session.create()
    else:
        assert (await session.create()).output_text == "Hello"
    assert server.played.acquire(
        timeout=PATIENT
    )  # bytes that come after the next request look like its answer
    return (await session.create()).output_text


def apart(first: bytes) -> list[Step]:
    return [first, OTHERS]


def together(first: bytes) -> list[Step]:
    return [first + OTHERS]


@pytest.mark.parametrize("name", FIRST)
@pytest.mark.parametrize("script", [together, apart])
@pytest.mark.parametrize("http", [None, HTTP], ids=["own", "given"])
def test_answer_of_another_is_never_read(
    shell: Shell, name: str, script: Any, http: dict[str, Any] | None
) -> None:
    with ScriptedServer(script(FIRST[name]), [OWN]) as server:
        assert shell.play(lambda session: two_calls(session, name, server), server.url, http) == "Own"
    assert [seen.connection for seen in server.requests] == [1, 2]


@pytest.mark.parametrize("script", [together, apart])
@pytest.mark.parametrize("name", ["answer with a length", "stream"])
def test_the_same_over_tls(
    shell: Shell, name: str, script: Any, certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", f"{certificate}.crt")
    with ScriptedServer(script(FIRST[name]), [OWN], certificate=certificate) as server:
        assert shell.play(lambda session: two_calls(session, name, server), server.url) == "Own"
    assert [seen.connection for seen in server.requests] == [1, 2]


def test_the_same_over_the_other_library() -> None:
    from responses_client import Client

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    with ScriptedServer(together(FIRST["stream"]), [OWN]) as server, httpx2.Client(verify=context) as http:
        client = Client(api_key="k", base_url=server.url, http_client=http)
        assert len(list(client.responses.create(model="m", input="Hi", stream=True))) == 2
        assert client.responses.create(model="m", input="Hi").output_text == "Own"


def test_connection_of_a_whole_answer_is_used_again(shell: Shell) -> None:
    with ScriptedServer(WHOLE, [OWN]) as server:
        assert shell.play(lambda session: two_calls(session, "stream", server), server.url) == "Own"
    assert [seen.connection for seen in server.requests] == [1, 1]
