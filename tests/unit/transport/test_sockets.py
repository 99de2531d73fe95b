"""Sockets below connections, and their shutdown from another thread."""

from __future__ import annotations

import socket
import threading
from types import SimpleNamespace

from waits import PATIENT

from responses_client._transport.sockets import is_readable, shut_down, socket_below


def test_socket_of_a_connection_is_found() -> None:
    with socket.socket() as sock:
        stream = SimpleNamespace(get_extra_info={"socket": sock}.get)
        assert socket_below(stream) is sock


def test_connection_without_a_socket_has_none() -> None:
    assert socket_below(SimpleNamespace(get_extra_info=lambda _: None)) is None
    assert socket_below(SimpleNamespace(get_extra_info=lambda _: object())) is None


def test_shutdown_ends_a_read_that_blocks_in_another_thread() -> None:
    near, far = socket.socketpair()
    read: list[bytes] = []
    with near, far:
        reader = threading.Thread(target=lambda: read.append(near.recv(1)))
        reader.start()
        shut_down(near)
        reader.join(PATIENT)
    assert read == [b""]


def test_shutdown_of_a_closed_socket_is_not_an_error() -> None:
    sock = socket.socket()
    sock.close()
    shut_down(sock)


def test_socket_is_readable_if_bytes_or_its_end_wait() -> None:
    near, far = socket.socketpair()
    with near:
        with far:
            assert not is_readable(near)
            far.send(b"1")
            assert is_readable(near)
            near.recv(1)
        assert is_readable(near)
