"""`responses.parse` and `responses.stream(text_format=...)` against the embedded server, in each mode."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple

import pytest
from callers import Caller
from pydantic import BaseModel, Field, TypeAdapter
from typing_extensions import TypedDict

from responses_client import (
    AsyncParsedResponseStream,
    BadRequestError,
    ParsedResponse,
    ParsedResponseStream,
    ParseError,
    RefusalError,
    RequestValidationError,
    StreamInterrupted,
    text_format,
)
from responses_client.models import Response, TextConfig
from responses_client.testing import Server


class City(BaseModel):
    """A place."""

    name: str
    people: int = Field(ge=0)


class Atlas(BaseModel):
    """More than 16 tokens."""

    first: City
    second: City
    third: City


@dataclass
class Point:
    x: float
    y: float


class Movie(TypedDict):
    title: str
    stars: list[str]


class Pair(NamedTuple):
    left: int
    right: str


FORMS: list[Any] = [
    *(City, Point, Movie, Pair, list[City], City | Point, Literal["yes", "no"], int, tuple[int, int]),
    TypeAdapter(list[Movie]),
]
ASK = {"model": "m", "input": "Where is Lima?"}


def final(caller: Caller, **params: Any) -> Any:
    """The final response of a stream."""

    def read(client: Any) -> Any:
        with client.responses.stream(**ASK, **params) as stream:
            return stream.get_final_response()

    async def wait(client: Any) -> Any:
        async with client.responses.stream(**ASK, **params) as stream:
            return await stream.get_final_response()

    return caller.run(read, wait)


def each_state(caller: Caller, look: Any, **params: Any) -> list[Any]:
    """The states of a stream before its first event and after each."""

    def read(client: Any) -> list[Any]:
        with client.responses.stream(**ASK, **params) as stream:
            return [look(stream), *(look(stream) for _ in stream)]

    async def wait(client: Any) -> list[Any]:
        async with client.responses.stream(**ASK, **params) as stream:
            return [look(stream), *[look(stream) async for _ in stream]]

    return list(caller.run(read, wait))


# --- parse


@pytest.mark.parametrize("form", FORMS)
def test_answer_is_a_value_of_the_type(caller: Caller, server: Server, form: Any) -> None:
    result = caller(lambda client: client.responses.parse(**ASK, text_format=form))

    assert type(result) is ParsedResponse
    assert result.parse_error is None
    assert result.output_parsed is not None
    assert server.requests[-1].json["text"] == {"format": text_format(form)}
    assert result.meta.request_id
    TypeAdapter(list[Any]).validate_python([result.output_parsed])


def test_answer_is_lossless(caller: Caller, server: Server) -> None:
    server.reply_json({"name": "Lima", "people": 10})
    result = caller(lambda client: client.responses.parse(**ASK, text_format=City))

    assert result.output_parsed == City(name="Lima", people=10)
    assert result.to_dict() == server.responses[result.id]


@pytest.mark.parametrize("text", [{"verbosity": "low"}, TextConfig(verbosity="low")])
def test_other_settings_of_the_text_go_with_it(caller: Caller, server: Server, text: Any) -> None:
    caller(lambda client: client.responses.parse(**ASK, text_format=City, text=text))
    assert server.requests[-1].json["text"] == {"verbosity": "low", "format": text_format(City)}


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"text_format": City, "text": {"format": {"type": "text"}}}, "text.format"),
        ({"text_format": City, "stream": True}, "stream"),
        ({"text_format": City, "temperature": 3}, "temperature"),
        ({"text_format": dict[str, int]}, "text_format"),
        ({"text_format": "City"}, "text_format"),
        ({"stream": True}, "stream"),
        ({"tools": [5]}, "tools[0]"),
        ({"tools": "web_search"}, "tools"),
        ({"tools": [City, lambda: 1, lambda: 2], "text_format": City}, "'<lambda>'"),
        ({"tools": [Movie, TypeAdapter(int)]}, "tools[1]"),
    ],
)
def test_request_without_a_valid_type_is_not_sent(
    caller: Caller, server: Server, params: dict[str, Any], path: str
) -> None:
    with pytest.raises(RequestValidationError) as caught:
        caller(lambda client: client.responses.parse(**ASK, **params))
    assert caught.value.path == path
    assert not server.requests


def test_stream_may_be_false(caller: Caller) -> None:
    result = caller(lambda client: client.responses.parse(**ASK, text_format=City, stream=False))
    assert result.output_parsed is not None


def test_refusal_does_not_raise(caller: Caller, server: Server) -> None:
    server.refuse("I will not.")
    result = caller(lambda client: client.responses.parse(**ASK, text_format=City))

    assert (result.output_parsed, result.refusal) == (None, "I will not.")
    with pytest.raises(RefusalError, match="I will not"):
        result.output_parsed_or_raise()


def test_answer_that_is_cut_off_does_not_raise(caller: Caller) -> None:
    cut = caller(lambda client: client.responses.parse(**ASK, text_format=Atlas, max_output_tokens=16))
    assert cut.status == "incomplete"
    assert cut.output_parsed is None
    with pytest.raises(ParseError, match=r"cut short \(max_output_tokens\)"):
        cut.output_parsed_or_raise()


def test_errors_of_the_api_are_raised(caller: Caller, server: Server) -> None:
    server.fail(status=400)
    with pytest.raises(BadRequestError):
        caller(lambda client: client.responses.parse(**ASK, text_format=City))


def test_background_response_is_read_when_it_is_done(caller: Caller, server: Server) -> None:
    server.background(polls=2).reply_json({"name": "Lima", "people": 10})
    started = caller(lambda client: client.responses.parse(**ASK, text_format=City, background=True))
    assert started.output_parsed is None
    assert "wait for it with responses.wait" in str(started.parse_error)

    done = caller(lambda client: client.responses.wait(started, poll_interval=0.001))
    assert done.parse(City).output_parsed == City(name="Lima", people=10)


# --- stream


@pytest.mark.parametrize("form", FORMS)
def test_final_response_has_the_value(caller: Caller, server: Server, form: Any) -> None:
    result = final(caller, text_format=form)

    assert type(result) is ParsedResponse
    assert result.output_parsed_or_raise() is not None
    assert server.requests[-1].json["text"] == {"format": text_format(form)}


@pytest.mark.parametrize("ending", ["refused", "cut", "failed"])
def test_stream_without_a_value_ends_like_any_other(caller: Caller, server: Server, ending: str) -> None:
    if ending == "refused":
        server.refuse("No.")
    elif ending == "failed":
        server.reply_response({"status": "failed", "error": {"code": "server_error", "message": "Oh."}})
    result = final(caller, text_format=Atlas, max_output_tokens=16)

    assert result.output_parsed is None
    assert result.refusal == ("No." if ending == "refused" else None)
    assert result.status == {"refused": "completed", "cut": "incomplete", "failed": "failed"}[ending]
    assert result.parse_error is not None


def test_partial_value_grows(caller: Caller, server: Server) -> None:
    whole = {"name": "Lima on the coast", "people": 12345}
    server.reply_json(whole)
    states = each_state(caller, lambda stream: stream.partial_parsed, text_format=City)

    assert states[0] is None
    assert states[-1] == whole
    seen = [state for state, before in zip(states[1:], states, strict=False) if state not in (None, before)]
    assert len(seen) > 3
    for state in seen:
        assert whole["name"].startswith(state.get("name", ""))
        assert state.get("people", 12345) == 12345


def test_partial_list_grows_without_its_key(caller: Caller, server: Server) -> None:
    server.reply_json({"value": [1, 20, 300]})
    states = each_state(caller, lambda stream: stream.partial_parsed, text_format=list[int])

    assert states[-1] == [1, 20, 300]
    assert all(state is None or state == [1, 20, 300][: len(state)] for state in states)


def test_partial_value_is_made_once_a_text(caller: Caller, server: Server) -> None:
    server.reply_json({"value": [1]})
    states = each_state(
        caller, lambda stream: (stream.partial_parsed, stream.partial_parsed), text_format=list[int]
    )
    assert all(first is second for first, second in states)


def test_snapshot_is_of_the_type_from_the_start(caller: Caller, server: Server) -> None:
    server.reply_json({"name": "Lima", "people": 10})
    states = each_state(caller, lambda stream: (stream.snapshot, stream.snapshot), text_format=City)

    assert states[0] == (None, None)
    assert all(first is second for first, second in states)
    assert all(type(state) is ParsedResponse for state, _ in states[1:])
    assert [state.output_parsed for state, _ in states[1:-1]] == [None] * (len(states) - 2)
    assert states[-1][0].output_parsed == City(name="Lima", people=10)


def test_text_deltas_come_as_in_any_stream(caller: Caller, server: Server) -> None:
    server.reply_json({"name": "Lima", "people": 10})

    def read(client: Any) -> Any:
        with client.responses.stream(**ASK, text_format=City) as stream:
            return type(stream), "".join(stream.text_deltas()), stream.until_done().snapshot

    async def wait(client: Any) -> Any:
        async with client.responses.stream(**ASK, text_format=City) as stream:
            text = "".join([piece async for piece in stream.text_deltas()])
            return type(stream), text, (await stream.until_done()).snapshot

    kind, text, snapshot = caller.run(read, wait)
    assert kind is (ParsedResponseStream if caller.mode == "sync" else AsyncParsedResponseStream)
    assert City.model_validate_json(text) == snapshot.output_parsed


def test_stream_that_breaks_off_is_interrupted_with_the_response_so_far(
    caller: Caller, server: Server
) -> None:
    server.disconnect_after(events=8).reply_json({"name": "Lima", "people": 10})
    with pytest.raises(StreamInterrupted) as caught:
        final(caller, text_format=City)

    assert caught.value.partial is not None
    partial = caught.value.partial.parse(City)
    assert partial.output_parsed is None


def test_stream_without_a_type_is_a_plain_one(caller: Caller) -> None:
    assert type(final(caller)) is Response
    assert type(final(caller, text_format=None)) is Response


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"text_format": dict[str, int]}, "text_format"),
        ({"text_format": City, "text": {"format": {"type": "text"}}}, "text.format"),
        ({"text_format": City, "stream": False}, "stream"),
    ],
)
def test_stream_that_cannot_be_asked_for_is_not_made(
    caller: Caller, server: Server, params: dict[str, Any], path: str
) -> None:
    with pytest.raises(RequestValidationError) as caught:
        final(caller, **params)
    assert caught.value.path == path
    assert not server.requests


# --- elsewhere


def test_format_can_be_sent_by_hand(caller: Caller, server: Server) -> None:
    server.reply_json({"value": [1, 2]})
    plain = caller(lambda client: client.responses.create(**ASK, text={"format": text_format(list[int])}))
    assert plain.parse(list[int]).output_parsed == [1, 2]


PROGRAM = """
import sys
from responses_client.testing import Server
with Server() as server:
    client = server.client()
    client.responses.create(model="m", input="Hi")
    with client.responses.stream(model="m", input="Hi") as stream:
        stream.get_final_response()
    print([name for name in sys.modules if name.startswith("responses_client._structured")])
"""


def test_nothing_is_loaded_before_a_type_is_asked_for() -> None:
    found = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert found.stdout == "[]\n"
