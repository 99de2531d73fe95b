"""The request that resumes a stream, and resume tokens."""

from __future__ import annotations

import json
from typing import Any

import pytest
from fake_io import call as created
from numbered_events import begin, end, piece, state
from samples import COMPLETED, CREATED, HEL, KEY, LO, event, response

from responses_client._calls.endpoints import RESPONSES_RETRIEVE
from responses_client._calls.request import Call, prepare
from responses_client._calls.settings import Settings
from responses_client._events.resume_check import ResumeCheck
from responses_client._events.stream_state import StreamState
from responses_client._streaming.resumption import can_resume, check_token, make_token, resume_call
from responses_client.errors import RequestValidationError
from responses_client.models import (
    Keepalive,
    Response,
    StreamEvent,
    StreamOptions,
)

# --- the request


def retrieved(response_id: str = "resp_1", **params: Any) -> Call[Response]:
    settings = Settings(api_key=KEY, base_url="http://api.test/v1")
    return prepare(RESPONSES_RETRIEVE, {"stream": True, **params}, settings, (response_id,))


def background(**params: Any) -> Call[Response]:
    return created({"background": True, "stream": True, **params})


def test_next_request_asks_for_the_events_after_the_last() -> None:
    call = resume_call(background(), "resp_1", 7)

    assert call is not None
    assert (call.request.method, call.request.content) == ("GET", b"")
    assert call.request.url == "http://api.test/v1/responses/resp_1?stream=true&starting_after=7"
    assert call.request.headers["Accept"] == "text/event-stream"
    assert call.request.headers["Idempotency-Key"] is None


def test_options_of_the_first_request_are_those_of_the_next() -> None:
    first = background(
        extra_headers={"X-Team": "tea", "idempotency-key": "one", "X-Off": None},
        extra_query={"api-version": "preview", "starting_after": 1, "stream": "no"},
        extra_body={"flavour": "oolong"},
        idempotency_key="two",
        include=["message.output_text.logprobs"],
        stream_options={"include_obfuscation": False},
        timeout=7.0,
        deadline=60,
        max_retries=5,
    )
    call = resume_call(first, "resp_1", 7)

    assert call is not None
    for again in (call, resume_call(call, "resp_1", 7)):
        assert again is not None
        assert again.request.url == (
            "http://api.test/v1/responses/resp_1?include%5B%5D=message.output_text.logprobs&include_obfuscation=false"
            "&stream=true&starting_after=7&api-version=preview"
        )
        assert again.request.headers["X-Team"] == "tea"
        assert again.request.headers["X-Off"] is None
        assert {k.lower(): v for k, v in again.request.headers.items()}["idempotency-key"] is None
        assert again.request.content == b""
        assert again.request.timeouts.read == 7.0
        assert again.settings == first.settings
        assert (again.settings.deadline, again.settings.max_retries) == (60, 5)


def test_stream_options_may_be_an_object() -> None:
    call = resume_call(background(stream_options=StreamOptions(include_obfuscation=False)), "resp_1", 0)

    assert call is not None
    assert "include_obfuscation=false" in call.request.url


def test_retrieved_stream_goes_on_as_it_was_retrieved() -> None:
    call = resume_call(retrieved(starting_after=3, include_obfuscation=False), "resp_other", 7)

    assert call is not None
    assert call.request.url.endswith("/resp_1?include_obfuscation=false&stream=true&starting_after=7")


@pytest.mark.parametrize(
    "call",
    [created({"stream": True}), background(store=False), created({"stream": True, "background": None})],
    ids=["in the foreground", "not stored", "null"],
)
def test_stream_that_the_server_does_not_keep_is_not_gone_on_with(call: Call[Response]) -> None:
    assert not can_resume(call)
    assert resume_call(call, "resp_1", 7) is None


def test_background_among_extra_fields_counts() -> None:
    assert can_resume(created({"stream": True, "extra_body": {"background": True}}))
    assert not can_resume(background(extra_body={"store": False}))


@pytest.mark.parametrize(
    ("response_id", "number"), [(None, 7), ("resp_1", None), ("", 7), ("..", 7), ("resp_1", -1)]
)
def test_without_a_usable_id_and_number_there_is_no_next_request(
    response_id: str | None, number: int | None
) -> None:
    assert resume_call(background(), response_id, number) is None


def test_repr_of_a_call_shows_no_secret() -> None:
    call = resume_call(background(extra_headers={"X-Api-Key": "hunter2"}), "resp_1", 7)

    assert "hunter2" not in repr(call)
    assert repr(call).startswith("<responses.retrieve: <GET http://api.test/v1/responses/resp_1")


# --- tokens


def token(made: StreamState | None, *unread: StreamEvent, call: Call[Response] | None = None) -> Any:
    return make_token(background() if call is None else call, made, unread)


def test_token_tells_the_last_event_that_was_read() -> None:
    made = state(CREATED + HEL, LO)

    assert token(made) == {"response_id": "resp_1", "sequence_number": 2}
    assert token(made, piece(2)) == {"response_id": "resp_1", "sequence_number": 1}
    assert token(made, Keepalive(), piece(1), piece(2)) == {"response_id": "resp_1", "sequence_number": 0}
    assert token(made, Keepalive()) == {"response_id": "resp_1", "sequence_number": 2}
    assert json.loads(json.dumps(token(made))) == token(made)


NONE: dict[str, tuple[StreamState | None, list[StreamEvent], Call[Response] | None]] = {
    "not open": (None, [], None),
    "nothing came": (state(), [], None),
    "nothing was read": (state(CREATED), [begin(0)], None),
    "no id": (state(HEL), [], None),
    "no numbers": (state(event("response.created", response=response("in_progress"))), [], None),
    "some without a number": (state(CREATED, event("response.output_text.delta", delta="a"), LO), [], None),
    "the same number again": (state(CREATED, HEL, HEL), [], None),
    "the same number in a chunk": (state(CREATED, HEL + HEL), [], None),
    "all was read": (state(CREATED, COMPLETED), [], None),
    "not kept by the server": (state(CREATED, HEL), [], created({"stream": True})),
}


@pytest.mark.parametrize(("made", "unread", "call"), NONE.values(), ids=NONE)
def test_there_is_no_token_where_nobody_can_go_on(
    made: StreamState | None, unread: list[StreamEvent], call: Call[Response] | None
) -> None:
    assert token(made, *unread, call=call) is None


def test_token_of_a_retrieved_stream_is_there_from_the_start() -> None:
    call = retrieved(starting_after=3)

    assert token(None, call=call) == {"response_id": "resp_1", "sequence_number": 3}
    assert token(None, call=retrieved()) is None
    begun = state(response_id="resp_1", resume_check=ResumeCheck(3))
    assert token(begun, call=call) == {"response_id": "resp_1", "sequence_number": 3}


def test_end_that_is_still_to_be_read_leaves_a_token() -> None:
    assert token(state(CREATED + HEL + LO + COMPLETED), end(3)) == {
        "response_id": "resp_1",
        "sequence_number": 2,
    }


def test_pings_without_a_number_do_not_count() -> None:
    made = state(CREATED, event("ping"), HEL, event("codex.rate_limits"))

    assert token(made) == {"response_id": "resp_1", "sequence_number": 1}


@pytest.mark.parametrize(
    ("value", "path"),
    [
        (None, "token"),
        ("resp_1", "token"),
        ({}, "token.response_id"),
        ({"response_id": 5, "sequence_number": 1}, "token.response_id"),
        ({"response_id": "resp_1"}, "token.sequence_number"),
        ({"response_id": "resp_1", "sequence_number": -1}, "token.sequence_number"),
        ({"response_id": "resp_1", "sequence_number": True}, "token.sequence_number"),
        ({"response_id": "resp_1", "sequence_number": "1"}, "token.sequence_number"),
    ],
)
def test_value_that_is_not_a_token_is_refused(value: object, path: str) -> None:
    with pytest.raises(RequestValidationError) as caught:
        check_token(value)

    assert caught.value.path == path


def test_other_keys_of_a_token_are_left_out() -> None:
    value = {"response_id": "resp_1", "sequence_number": 0}

    assert check_token({**value, "user": "u"}) == value
