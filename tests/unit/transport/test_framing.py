"""Connections with bytes behind the end of an answer; tests/faults/test_fault_framing.py has real ones."""

from __future__ import annotations

import ssl
from collections import deque
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from responses_client._transport.framing import end_if_out_of_step


class Protocol:
    """The state of a connection, as h11 keeps it."""

    def __init__(self, behind: bytes) -> None:
        self.trailing_data = (behind, False)
        self.has_failed = False

    def send_failed(self) -> None:
        self.has_failed = True


class Tls(ssl.SSLObject):
    """Bytes that TLS has read ahead."""

    def __init__(self, outcome: bytes | Exception) -> None:
        self.outcome = outcome

    def read(self, len: int = 1024, buffer: Any = None) -> bytes:
        if isinstance(self.outcome, Exception):
            raise self.outcome
        return self.outcome


def is_ended(behind: bytes = b"", tls: object = None, stream: object = None) -> bool:
    network = SimpleNamespace(get_extra_info=lambda name: tls, _stream=stream)
    protocol = Protocol(behind)
    connection = SimpleNamespace(_h11_state=protocol, _network_stream=network)
    parts: Any = connection
    for name in ("_connection", "_stream", "_httpcore_stream", "_stream", "stream"):
        parts = SimpleNamespace(**{name: parts})
    end_if_out_of_step(parts)
    return protocol.has_failed


def test_connection_ends_if_bytes_are_behind_the_answer() -> None:
    assert is_ended(b"HTTP/1.1 200 OK")
    assert not is_ended(b"")


@pytest.mark.parametrize(
    ("outcome", "ended"),
    [(ssl.SSLWantReadError(), False), (ssl.SSLZeroReturnError(), True), (b"H", True), (b"", True)],
)
def test_connection_ends_if_tls_has_read_ahead(outcome: bytes | Exception, ended: bool) -> None:
    assert is_ended(tls=Tls(outcome)) is ended


@pytest.mark.parametrize("queue", [[], [b"H"]])
@pytest.mark.parametrize("is_encrypted", [False, True])
def test_connection_ends_if_the_event_loop_has_read_ahead(queue: list[bytes], is_encrypted: bool) -> None:
    stream: Any = SimpleNamespace(_protocol=SimpleNamespace(read_queue=deque(queue)))
    if is_encrypted:
        stream = SimpleNamespace(transport_stream=stream)
    assert is_ended(stream=stream) is bool(queue)


def test_answer_of_another_transport_is_left_alone() -> None:
    end_if_out_of_step(httpx.Response(200, content=b"Hi"))
