"""Requests and timeouts as values, and coroutines that run without an event loop."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from responses_client._transport.protocols import Timeouts, TransportError, WireRequest, run


@pytest.mark.parametrize(
    ("timeouts", "left", "within"),
    [
        (Timeouts(5, 600, 600, 600), 30, Timeouts(5, 30, 30, 30)),
        (Timeouts(5, None, 1, None), 30, Timeouts(5, 30, 1, 30)),
        (Timeouts(5, None, 1, 0.5), 0, Timeouts(0.001, 0.001, 0.001, 0.001)),
        (Timeouts(5, None, 1, 0.5), -1, Timeouts(0.001, 0.001, 0.001, 0.001)),
    ],
)
def test_no_timeout_is_longer_than_what_is_left(timeouts: Timeouts, left: float, within: Timeouts) -> None:
    assert timeouts.capped(left) == within


def test_request_is_shown_without_its_secrets() -> None:
    headers = {"Authorization": "hunter2", "X": "1"}
    request = WireRequest("POST", "http://u:p@h/?api-key=hunter2", headers, b"{}", Timeouts(1, 1, 1, 1))

    shown = "<POST http://h/?api-key=*** {'Authorization': '***', 'X': '1'} and 2 bytes>"
    assert repr(request) == request.sentry_repr() == shown


def test_secret_of_a_request_is_masked_under_harmless_names_too() -> None:
    headers = {"Authorization": "Bearer long-secret", "X": "long-secret"}
    request = WireRequest("POST", "http://h/?k=long-secret", headers, b"{}", Timeouts(1, 1, 1, 1))

    assert repr(request) == "<POST http://h/?k=*** {'Authorization': '***', 'X': '***'} and 2 bytes>"


def test_failure_tells_what_happened_and_why() -> None:
    failure = TransportError("timeout", "nothing came")

    assert (failure.outcome.kind, failure.reason, str(failure)) == ("timeout", "nothing came", "nothing came")
    assert repr(failure) == "<TransportError: timeout>"  # the reason may quote a secret


def test_run_returns_what_a_coroutine_returns_and_raises_what_it_raises() -> None:
    async def value() -> int:
        return 17

    async def error() -> int:
        raise ZeroDivisionError

    assert run(value()) == 17
    with pytest.raises(ZeroDivisionError):
        run(error())


def test_run_refuses_a_coroutine_that_has_to_wait() -> None:
    class Wait:
        def __await__(self) -> Iterator[None]:
            yield

    async def waiting() -> None:
        await Wait()

    with pytest.raises(RuntimeError, match="awaited something asynchronous; use AsyncClient"):
        run(waiting())
