"""Redirects: followed within the origin with method and body kept; nothing goes to any other server."""

from __future__ import annotations

import pytest
from payloads import WHOLE
from samples import KEY, response
from scripted_server import ScriptedServer, answer
from shells import Shell

from responses_client import Client
from responses_client.errors import APIError, APIStatusError, ResponseValidationError

GOOD = answer(200, response())


def moved(status: int, location: str | None) -> bytes:
    return answer(status, b"", None, **({} if location is None else {"location": location}))


@pytest.mark.parametrize(
    "form", ["/v2/responses", "{origin}/v2/responses", "../v2/responses", "//{host}/v2/responses"]
)
@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect_within_the_origin_keeps_method_body_and_key(shell: Shell, status: int, form: str) -> None:
    with ScriptedServer() as server:
        location = form.format(origin=server.origin, host=server.origin.removeprefix("http://"))
        server.add([moved(status, location)], [GOOD])
        created = shell.create(server.url)

    first, second = server.requests
    assert created.output_text == "Hello"
    assert (first.path, second.path) == ("/v1/responses", "/v2/responses")
    assert second.method == "POST"
    assert second.body == first.body
    assert second.headers["authorization"] == f"Bearer {KEY}"
    assert second.headers["idempotency-key"] == first.headers["idempotency-key"]
    assert created.meta is not None
    assert created.meta.tries == 1


def test_redirect_of_a_stream_is_followed(shell: Shell) -> None:
    with ScriptedServer([moved(307, "/v2/responses")], WHOLE) as server:
        assert len(shell.events(server.url)) == 4


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirect_to_another_origin_is_an_error_and_nothing_reaches_it(shell: Shell, status: int) -> None:
    with ScriptedServer() as server, ScriptedServer([GOOD]) as other:
        server.add([moved(status, f"{other.url}/responses")])
        with pytest.raises(APIStatusError) as caught:
            shell.create(server.url)

    assert caught.value.status_code == status
    assert f"a redirect to {other.origin}, not followed" in str(caught.value)
    assert str(caught.value).endswith("set base_url to the address that answers")
    assert other.connections == 0
    assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("status", "location", "shown"),
    [
        (303, "/v2/responses", "it would turn the request into a GET"),
        (307, None, "a redirect without a Location header"),
        (307, "https://[", "a redirect whose Location is not a URL"),
        (302, "ftp://127.0.0.1/", "another origin must not get the request"),
        (304, None, "was answered with 304"),
    ],
)
def test_redirect_that_cannot_be_followed_is_an_error(
    shell: Shell, status: int, location: str | None, shown: str
) -> None:
    with ScriptedServer([moved(status, location)]) as server, pytest.raises(APIStatusError) as caught:
        shell.create(server.url)

    assert caught.value.status_code == status
    assert shown in str(caught.value)
    assert len(server.requests) == 1


@pytest.mark.parametrize("location", ["javascript:alert(1)", "data:,x", "http:\\\\x", "http://a:99999999/"])
def test_redirect_to_something_that_is_not_a_url_is_an_error_without_retries(
    shell: Shell, location: str
) -> None:
    for play in (shell.create, shell.events):
        with ScriptedServer([moved(307, location)]) as server, pytest.raises(APIError) as caught:
            play(server.url)
        assert "not a URL" in str(caught.value) or "another origin" in str(caught.value)
        assert str(caught.value).endswith("set base_url to the address that answers")
        assert len(server.requests) == 1


def test_redirect_to_something_that_is_not_a_url_does_not_end_a_map() -> None:
    requests = [{"model": "m", "input": "Hi"}] * 3
    with (
        ScriptedServer([moved(307, "javascript:x")], [GOOD], [GOOD]) as server,
        Client(api_key=KEY, base_url=server.url) as client,
    ):
        results = client.responses.map(requests, max_concurrency=1).all()

    assert [type(result.error) for result in results] == [ResponseValidationError, type(None), type(None)]


def test_redirects_in_a_circle_end_after_the_limit(shell: Shell) -> None:
    with (
        ScriptedServer(*[[moved(307, "/v1/responses")]] * 10) as server,
        pytest.raises(APIStatusError, match="it would exceed max_redirects"),
    ):
        shell.create(server.url, max_redirects=3)

    assert len(server.requests) == 4
