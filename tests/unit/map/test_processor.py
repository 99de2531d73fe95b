"""The steps of one request of a map: failures are results, other exceptions end the map."""

from __future__ import annotations

from typing import Any

import pytest
from callers import MODES, Caller
from fake_io import Clock, FakeIO, bad, good
from map_helpers import mapped, requests

from responses_client import BadRequestError, RequestValidationError
from responses_client._calls.settings import Settings
from responses_client._map.processor import RequestProcessor
from responses_client._map.requests import MapRequest
from responses_client._map.throttle import ModelThrottle
from responses_client._transport.protocols import run
from responses_client.testing import RateLimit, Server, VirtualClock


def test_failed_request_is_a_result_and_ends_nothing(caller: Caller, server: Server) -> None:
    server.fail(400, message="No.").unscripted(3)
    results = mapped(caller, requests(4), max_concurrency=1)

    assert [type(result.error) for result in results] == [BadRequestError, *[type(None)] * 3]
    assert results[0].response is None
    assert results[1].error is None
    with pytest.raises(BadRequestError, match="400: No"):
        results[0].response_or_raise()


@pytest.mark.parametrize(
    ("request_", "text"),
    [
        ({"model": "m", "input": "Hi", "temperature": 7}, "temperature: expected a number less than"),
        ({"model": "m", "input": "Hi", "stream": True}, "stream: cannot be used in a map"),
        ({"model": "m", "input": "Hi", "background": True}, "background: cannot be used in a map"),
        ({"model": "m", "extra_body": {"stream": True}}, "stream: cannot be used in a map"),
        (
            {"model": "m", "input": "Hi", "flavour": "mint"},
            "request: .*unexpected keyword argument 'flavour'",
        ),
        ("Hi", "request: expected a dict of the arguments of create, got str"),
    ],
)
def test_wrong_request_is_a_failed_result(caller: Caller, server: Server, request_: Any, text: str) -> None:
    good: Any = {"model": "m", "input": "Hi"}
    results = mapped(caller, [request_, good])

    assert results[1].error is None
    assert results[0].request == request_
    with pytest.raises(RequestValidationError, match=f"^The request was not sent: {text}"):
        results[0].response_or_raise()
    assert len(server.requests) == 1


def test_request_whose_keys_are_not_strings_is_a_failed_result(caller: Caller) -> None:
    wrong, right = mapped(caller, [{1: 2}, next(requests(1))])
    assert isinstance(wrong.error, RequestValidationError)
    assert right.error is None


def test_exception_of_the_key_function_ends_the_map(server: Server) -> None:
    def key() -> str:
        raise ZeroDivisionError

    for mode in MODES:
        caller = Caller(mode, lambda: server.client(api_key=key), lambda: server.async_client(api_key=key))
        with pytest.raises(ZeroDivisionError):
            mapped(caller, requests(3))


def test_error_has_no_traceback(server: Server) -> None:
    server.fail(400)
    (result,) = server.client().responses.map(requests(1)).all()
    assert isinstance(result.error, BadRequestError)
    assert result.error.__traceback__ is None


@pytest.mark.parametrize("style", ["bucket", "window"])
@pytest.mark.parametrize("mode", MODES)
def test_rate_limit_of_the_server_is_obeyed(mode: str, style: Any) -> None:
    with VirtualClock() as clock, Server(rate_limit=RateLimit(requests=60, style=style)) as server:
        caller = Caller(mode, server.client, server.async_client)
        results = mapped(caller, requests(150), max_concurrency=16)

    assert [result.error for result in results] == [None] * 150
    assert server.refused <= 7
    assert clock.now <= 130


@pytest.mark.parametrize("mode", MODES)
def test_refusal_that_tells_only_a_reset_is_waited_for(mode: str) -> None:
    with VirtualClock() as clock, Server() as server:
        headers = {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "90s"}
        server.fail(429, headers=headers).unscripted(5)
        results = mapped(Caller(mode, server.client, server.async_client), requests(3), max_concurrency=1)

    assert [result.error for result in results] == [None] * 3
    assert 90 <= clock.now < 92


def test_tokens_are_counted_without_a_total_but_not_when_no_count_came(
    caller: Caller, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[int] = []
    monkeypatch.setattr(ModelThrottle, "record_usage", lambda _, tokens: counted.append(tokens))
    for usage in ({"input_tokens": 3, "output_tokens": 4}, {"input_tokens": 1.0}, {}, None):
        server.reply_response({"usage": usage})
    mapped(caller, requests(4), max_concurrency=1)
    assert counted == [7, 1]


@pytest.mark.parametrize("is_closed", [False, True])
def test_failures_after_the_end_are_not_recorded(clock: Clock, is_closed: bool) -> None:
    class Recorder:
        def __init__(self) -> None:
            self.ids: list[str] = []

        def replay(self, id: str, digest: str) -> None:
            return None

        async def record(self, io: Any, run_blocking: Any, result: Any, digest: str | None) -> None:
            self.ids.append(result.id)

    journal: Any = Recorder()
    io = FakeIO(clock, bad(400), good())
    processor = RequestProcessor(io, Settings(api_key="k", base_url="http://a/v1"), journal, None)
    processor.is_closed = is_closed
    for number, request in enumerate(requests(2)):
        run(processor.process(MapRequest(number, str(number), request)))
    assert journal.ids == (["1"] if is_closed else ["0", "1"])
