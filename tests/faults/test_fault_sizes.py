"""Answers that are much larger in memory than on the wire, read by processes that may not have that much memory."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
import zlib
from functools import cache

import pytest
from samples import CREATED, response
from scripted_server import CLOSE, HOLD, ScriptedServer, answer, head
from shells import Session, Shell
from waits import SOON

from responses_client.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    ResponseValidationError,
)

MEBIBYTE = 1024 * 1024

# Makes the four calls, in the order of the scripts, with 192 MiB of address space to spare.
PROGRAM = """
import asyncio, importlib, json, resource, sys
from responses_client import APIError, AsyncClient, Client

MEBIBYTE = 1024 * 1024

def limit_memory():
    size = int(open("/proc/self/statm").read().split()[0]) * resource.getpagesize()
    resource.setrlimit(resource.RLIMIT_AS, (size + 192 * MEBIBYTE, resource.RLIM_INFINITY))

def note(error):
    text = f"{type(error).__name__}: {error}"
    seen.append([text[:300], len(error.body) if getattr(error, "body", None) else 0])

def play():
    given = {} if library is None else {"http_client": library.Client(trust_env=False)}
    client = Client(**options, **given)
    client.warm_up()
    limit_memory()
    for streams in (False, True, False, False):
        try:
            answer = client.responses.create(model="m", input="Hi", stream=streams)
            list(answer)
        except APIError as error:
            note(error)
            error.__traceback__ = None

async def play_async():
    given = {} if library is None else {"http_client": library.AsyncClient(trust_env=False)}
    client = AsyncClient(**options, **given)
    await client.warm_up()
    limit_memory()
    for streams in (False, True, False, False):
        try:
            answer = await client.responses.create(model="m", input="Hi", stream=streams)
            [event async for event in answer]
        except APIError as error:
            note(error)
            error.__traceback__ = None

url, mode, name = sys.argv[1:]
options = {"base_url": url, "api_key": "k", "max_retries": 0, "timeout": 60}
options |= {"max_response_bytes": 64 * MEBIBYTE, "max_event_bytes": 16 * MEBIBYTE}
library = importlib.import_module(name) if name else None
seen = []
play() if mode == "sync" else asyncio.run(play_async())
print(json.dumps(seen))
"""


@cache
def bomb() -> bytes:
    """Return a megabyte of gzip that stands for a gigabyte of zeros, without its end."""
    compressor = zlib.compressobj(9, zlib.DEFLATED, zlib.MAX_WBITS | 16)
    first, second = (
        compressor.compress(bytes(16 * MEBIBYTE)) + compressor.flush(zlib.Z_FULL_FLUSH) for _ in range(2)
    )
    return first + second * 63


@pytest.mark.skipif(sys.platform != "linux", reason="other systems do not bound the address space")
@pytest.mark.parametrize("mode", ["sync", "async"])
@pytest.mark.parametrize("library", ["", "httpx", "httpx2"])
def test_bounds_hold_for_what_is_in_memory(mode: str, library: str) -> None:
    page = b"<html>\xf0\x9f\x98\x80".ljust(48 * MEBIBYTE)
    scripts = [
        [answer(200, bomb(), content_encoding="gzip"), CLOSE],
        [answer(200, bomb(), "text/event-stream", content_encoding="gzip"), CLOSE],
        [answer(500, bomb(), content_encoding="gzip"), CLOSE],
        [answer(200, page, "text/html"), CLOSE],
    ]
    with ScriptedServer(*scripts) as server:
        ran = subprocess.run(
            [sys.executable, "-c", PROGRAM, server.url, mode, library],
            capture_output=True,
            text=True,
            timeout=100,
            check=False,
        )
    assert ran.returncode == 0, ran.stderr
    whole, stream, error, html = json.loads(ran.stdout)
    assert "The answer is larger than 67108864 bytes (max_response_bytes)" in whole[0]
    assert "A stream event is larger than 16777216 bytes (max_event_bytes)" in stream[0]
    assert error[0].startswith("InternalServerError")
    assert error[1] == MEBIBYTE
    assert "The answer (status 200, text/html) is not valid JSON" in html[0]
    assert html[1] == MEBIBYTE - 3  # characters, of which one has four bytes


@pytest.mark.parametrize("size", [1000, 1001])
def test_answer_may_have_as_many_bytes_as_the_option_allows(shell: Shell, size: int) -> None:
    body = gzip.compress(json.dumps(response()).encode().ljust(size))
    assert len(body) < 500
    with ScriptedServer([answer(200, body, content_encoding="gzip")]) as server:
        if size == 1000:
            assert shell.create(server.url, max_response_bytes=1000).output_text == "Hello"
            return
        with pytest.raises(ResponseValidationError) as caught:
            shell.create(server.url, max_response_bytes=1000)
    assert "The answer is larger than 1000 bytes (max_response_bytes)" in str(caught.value)
    assert "raise max_response_bytes to take it" in str(caught.value)
    assert len(server.requests) == 1


def test_answer_that_is_too_large_may_be_in_small_pieces(shell: Shell) -> None:
    body = [b"1\r\n \r\n" * 2000, CLOSE]
    script = [head(200, content_type="application/json", transfer_encoding="chunked"), *body]
    with ScriptedServer(script) as server, pytest.raises(ResponseValidationError, match="max_response_bytes"):
        shell.create(server.url, max_response_bytes=1000)


@pytest.mark.parametrize("status", [200, 503])
@pytest.mark.parametrize("kind", ["application/json", "text/event-stream", "text/html"])
def test_encoding_that_nobody_decompresses_is_named(shell: Shell, status: int, kind: str) -> None:
    bad = answer(status, b"\x1b\xff\xff\xff", kind, content_encoding="br")
    for play in (shell.create, shell.events):
        with (
            ScriptedServer([bad]) as server,
            pytest.raises((ResponseValidationError, APIStatusError)) as caught,
        ):
            play(server.url, max_retries=0)
        assert "cannot be decompressed: its content-encoding is 'br', and only gzip and deflate are" in str(
            caught.value
        )
        assert isinstance(caught.value, APIStatusError if status == 503 else ResponseValidationError)


def test_only_encodings_with_a_bound_are_asked_for(shell: Shell) -> None:
    async def script(session: Session) -> None:
        await session.create()
        await session.create(extra_headers={"accept-encoding": "identity"})

    good = answer(200, response())
    with ScriptedServer([good], [good]) as server:
        shell.play(script, server.url)
    assert [seen.headers["accept-encoding"] for seen in server.requests] == ["gzip, deflate", "identity"]


def test_compressed_answer_that_is_cut_off_is_asked_for_again(shell: Shell) -> None:
    whole = gzip.compress(json.dumps(response()).encode())
    cut = answer(200, whole[:-20], content_encoding="gzip")
    with ScriptedServer([cut], [answer(200, whole, content_encoding="gzip")]) as server:
        assert shell.create(server.url).output_text == "Hello"
    with ScriptedServer([cut]) as server, pytest.raises(APIConnectionError) as caught:
        shell.create(server.url, max_retries=0)
    assert "got no answer: the body ended within its gzip data" in str(caught.value)


def test_error_that_is_cut_off_within_its_compressed_body_is_used_as_far_as_it_came(shell: Shell) -> None:
    body = gzip.compress(b"No such thing. " * 2000 + bytes(range(256)))
    with (
        ScriptedServer([answer(404, body[:-40], content_encoding="gzip")]) as server,
        pytest.raises(APIStatusError, match="404: No such thing"),
    ):
        shell.create(server.url)


def test_deadline_ends_a_compressed_answer_that_goes_silent(shell: Shell) -> None:
    start = gzip.compress(CREATED)[:-9]
    silent = [
        head(200, content_type="application/json", content_encoding="gzip", connection="close") + start,
        HOLD,
    ]
    with ScriptedServer(silent) as server, pytest.raises(APITimeoutError):
        shell.create(server.url, deadline=SOON, max_retries=0)
