"""The handshake of a WebSocket: refusals, answers that do not open one, and unrequested answers."""

from __future__ import annotations

from typing import Any

import pytest
from fake_io import Clock, FakeBody, FakeIO, bad
from fake_socket import FakeSocket, Upgraded, session_on
from samples import KEY

from responses_client._transport.protocols import TransportError
from responses_client.errors import (
    APIStatusError,
    APITimeoutError,
    AuthenticationError,
    ConfigurationError,
    ResponseValidationError,
)

NO_WEBSOCKET = "; the server may offer no WebSocket here: use responses.stream, or set websocket_base_url"


def test_refusal_is_the_error_of_its_status(clock: Clock) -> None:
    io = FakeIO(clock, bad(401, {"message": "Incorrect API key"}))
    with pytest.raises(
        AuthenticationError, match="GET /v1/responses was answered with 401: Incorrect API key"
    ):
        session_on(io).__enter__()


def test_attempts_to_connect_are_repeated_like_any_request(wire: FakeSocket) -> None:
    io = FakeIO(wire.clock, bad(503), TransportError("connect", "refused"), Upgraded(wire))
    with session_on(io):
        assert len(io.requests) == 3


def test_attempts_to_connect_are_limited(clock: Clock) -> None:
    io = FakeIO(clock, *[TransportError("timeout", "too late")] * 3)
    with pytest.raises(APITimeoutError, match="was not answered in time after 2 attempts"):
        session_on(io, max_retries=1).__enter__()


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (FakeBody(b'{"data": []}'), "A WebSocket was requested, but the answer has the status 200"),
        (
            FakeBody(f"key {KEY}".encode()),
            r"the body is 'key \*\*\*'; the server may offer no WebSocket here",
        ),
        (FakeBody(status=101), "The connection was switched to a protocol that is not WebSocket"),
        (FakeBody(status=101, headers={"sec-websocket-accept": "x"}), "switched to a protocol"),
    ],
)
def test_answer_that_opens_no_websocket_is_an_error(clock: Clock, body: FakeBody, message: str) -> None:
    with pytest.raises(ResponseValidationError, match=message):
        session_on(FakeIO(clock, body)).__enter__()
    assert body.closed


def test_connection_that_cannot_be_taken_over_is_closed(
    wire: FakeSocket, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ConfigurationError("no")

    body = Upgraded(wire)
    monkeypatch.setattr(body, "socket", refuse)
    with pytest.raises(ConfigurationError):
        session_on(FakeIO(wire.clock, body)).__enter__()
    assert body.closed == 1


NO_SERVERS: dict[str, tuple[int, bytes]] = {
    "403 without a body": (403, b""),
    "403 of a framework": (403, b'{"detail": "Forbidden"}'),
    "400 with a page": (400, b"<html>Bad Request</html>"),
    "404 without a body": (404, b""),
    "404 with an error": (404, b'{"error": {"message": "Not found; no", "type": "invalid_request_error"}}'),
    "405": (405, b'{"detail": "Method Not Allowed"}'),
    "426": (426, b"Upgrade Required"),
    "501": (501, b""),
}


@pytest.mark.parametrize(("status", "content"), NO_SERVERS.values(), ids=NO_SERVERS)
def test_server_without_websockets_is_named_as_the_probable_cause(
    clock: Clock, status: int, content: bytes
) -> None:
    io = FakeIO(clock, FakeBody(content, status=status))

    with pytest.raises(APIStatusError, match=f"answered with {status}") as caught:
        session_on(io, max_retries=0).__enter__()

    assert str(caught.value).endswith(NO_WEBSOCKET)
    assert caught.value.status_code == status
    for blamed in (" key", " base_url", "project", "change the request"):
        assert blamed not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "error", "advice"),
    [
        (401, {"message": "Wrong"}, "; check the API key"),
        (
            403,
            {"message": "No", "code": "country"},
            "check what the key, its project and organization may do",
        ),
        (400, {"message": "No", "type": "invalid_request_error"}, "; change the request"),
        (429, {"message": "No"}, "; try again later"),
        (503, {"message": "No"}, "; try again later"),
    ],
)
def test_refusal_with_another_cause_keeps_its_advice(
    clock: Clock, status: int, error: dict[str, Any], advice: str
) -> None:
    with pytest.raises(APIStatusError) as caught:
        session_on(FakeIO(clock, bad(status, error)), max_retries=0).__enter__()

    assert str(caught.value).endswith(advice)


def test_page_in_place_of_a_websocket_does_not_blame_the_address(clock: Clock) -> None:
    body = FakeBody(b"<html>", headers={"content-type": "text/html"})

    with pytest.raises(ResponseValidationError) as caught:
        session_on(FakeIO(clock, body)).__enter__()

    assert str(caught.value).endswith(NO_WEBSOCKET)


@pytest.mark.parametrize("offered", [None, "permessage-deflate"])
def test_extension_is_refused(wire: FakeSocket, offered: str | None) -> None:
    body = Upgraded(wire, **{"sec-websocket-extensions": "permessage-deflate; server_no_context_takeover"})
    headers = {} if offered is None else {"Sec-WebSocket-Extensions": offered}

    with pytest.raises(
        ResponseValidationError, match="chose the WebSocket extension 'permessage-deflate; server"
    ):
        session_on(FakeIO(wire.clock, body), extra_headers=headers).__enter__()

    assert body.closed == 1


@pytest.mark.parametrize("offered", [None, "chat, superchat"])
def test_subprotocol_that_was_not_offered_is_refused(wire: FakeSocket, offered: str | None) -> None:
    body = Upgraded(wire, **{"sec-websocket-protocol": f"key-{KEY}"})
    headers = {} if offered is None else {"sec-websocket-protocol": offered}

    with pytest.raises(ResponseValidationError, match="which was not offered") as caught:
        session_on(FakeIO(wire.clock, body), extra_headers=headers).__enter__()

    assert body.closed == 1
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("chosen", ["", "superchat"])
def test_subprotocol_that_the_user_offered_is_accepted(wire: FakeSocket, chosen: str) -> None:
    body = Upgraded(wire, **{"sec-websocket-protocol": chosen, "sec-websocket-extensions": ""})
    io = FakeIO(wire.clock, body)

    with session_on(io, extra_headers={"Sec-WebSocket-Protocol": "chat, superchat"}) as session:
        assert not session.is_closed
