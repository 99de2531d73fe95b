"""`client.request` over broken networks: it is a call like all others."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
from samples import KEY
from scripted_server import CLOSE, HOLD, ScriptedServer, answer
from shells import Session, Shell
from waits import SOON

from responses_client import RawAnswer, RequestInfo, ResponseInfo
from responses_client.errors import (
    APIConnectionError,
    APIStatusError,
    APITimeoutError,
    NotFoundError,
    RateLimitError,
    RequestValidationError,
)

FILE = {"id": "file_1", "object": "file"}


def request(shell: Shell, url: str, *arguments: Any, client: Any = None, **options: Any) -> Any:
    async def script(session: Session) -> Any:
        found: Any = session.client.request(*arguments, **options)
        return await found if inspect.isawaitable(found) else found

    return shell.play(script, url, **(client or {}))


def test_passing_errors_are_tried_again_with_the_same_key_and_body(shell: Shell) -> None:
    with ScriptedServer([answer(503, {})], [CLOSE], [answer(200, FILE)]) as server:
        assert request(shell, server.url, "POST", "files", json={"a": 1}) == FILE

    assert [(seen.method, seen.path, seen.json) for seen in server.requests] == [
        ("POST", "/v1/files", {"a": 1})
    ] * 3
    assert len({seen.headers["idempotency-key"] for seen in server.requests}) == 1
    assert {seen.headers["authorization"] for seen in server.requests} == {f"Bearer {KEY}"}


def test_body_that_breaks_off_is_asked_for_again(shell: Shell) -> None:
    broken = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{"
    with ScriptedServer([broken, CLOSE], [answer(200, FILE)]) as server:
        assert request(shell, server.url, "GET", "files/file_1") == FILE


def test_lasting_error_has_the_class_of_its_status(shell: Shell) -> None:
    body = {"error": {"message": "No such file", "code": "not_found"}}
    with ScriptedServer([answer(404, body)]) as server, pytest.raises(NotFoundError) as caught:
        request(shell, server.url, "GET", "files/x")
    assert caught.value.code == "not_found"


def test_rate_limit_that_lasts_is_raised_with_its_wait(shell: Shell) -> None:
    limited = [answer(429, {}, retry_after="7")]
    with ScriptedServer(limited) as server, pytest.raises(RateLimitError) as caught:
        request(shell, server.url, "GET", "files", max_retries=0)
    assert caught.value.retry_after == 7


def test_deadline_ends_it(shell: Shell) -> None:
    with ScriptedServer([HOLD]) as server, pytest.raises(APITimeoutError):
        request(shell, server.url, "GET", "files", deadline=SOON)


def test_server_that_is_not_there_is_a_connection_error(shell: Shell) -> None:
    with ScriptedServer() as server:
        url = server.url
    with pytest.raises(APIConnectionError):
        request(shell, url, "GET", "files", max_retries=0)


def test_redirect_is_followed_within_the_origin_only(shell: Shell) -> None:
    moved = [answer(307, {}, location="/v1/files/new")]
    away = [answer(307, {}, location="http://evil.test/v1/files")]
    with ScriptedServer(moved, [answer(200, FILE)], away) as server:
        assert request(shell, server.url, "POST", "files", json={}) == FILE
        with pytest.raises(APIStatusError, match=r"evil\.test, not followed"):
            request(shell, server.url, "POST", "files", json={})
    assert server.requests[1].path == "/v1/files/new"


def test_path_of_another_origin_sends_nothing(shell: Shell) -> None:
    with ScriptedServer() as server, pytest.raises(RequestValidationError, match="leads out of base_url"):
        request(shell, server.url, "GET", f"{server.origin}.evil.test/v1/files")
    assert server.requests == []


def test_bytes_come_and_go_as_they_are(shell: Shell) -> None:
    content = bytes(range(256)) * 1000
    with ScriptedServer([answer(200, {})], [answer(200, {}, x_request_id="req_1")]) as server:
        request(shell, server.url, "POST", "files", content=content, cast_to=None)
        came = request(shell, server.url, "GET", "files/a/content", cast_to=RawAnswer)
    assert server.requests[0].body == content
    assert came.content == b"{}"


def test_empty_answer_is_fine_where_nothing_is_wanted(shell: Shell) -> None:
    with ScriptedServer([b"HTTP/1.1 204 No Content\r\n\r\n"]) as server:
        assert request(shell, server.url, "DELETE", "files/a", cast_to=None) is None


def test_hooks_see_each_attempt_and_the_result(shell: Shell) -> None:
    seen: list[Any] = []

    def sent(info: RequestInfo) -> None:
        seen.append((info.operation, info.try_number, info.method, info.json()))

    def came(info: ResponseInfo) -> None:
        seen.append(info.result)

    with ScriptedServer([answer(503, {})], [answer(200, FILE)]) as server:
        client = {"on_request": sent, "on_response": came}
        request(shell, server.url, "POST", "files", content=b"\xff", client=client)
    assert seen == [("request", 1, "POST", None), None, ("request", 2, "POST", None), FILE]
