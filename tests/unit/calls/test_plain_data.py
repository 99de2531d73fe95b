"""Objects of users and of other packages among arguments: written as the dicts that they stand for."""

from __future__ import annotations

import json
from collections import ChainMap, UserDict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from types import MappingProxyType
from typing import Any, Literal

import pydantic.dataclasses
import pytest
from callers import Caller
from fake_io import FakeIO
from fake_socket import FakeSocket, Upgraded, use_socket_clock
from pydantic import BaseModel, Field, RootModel

from responses_client import RequestValidationError, WebSocketSession, batch_line
from responses_client._calls.plain_data import is_unread, plain_arguments, plain_data
from responses_client._calls.settings import Settings
from responses_client.models import FunctionCall, ReasoningConfig
from responses_client.testing import Server


class Effort(BaseModel):
    effort: str | None = None
    summary: str | None = None


class Part(BaseModel):
    type: Literal["input_text"] = "input_text"
    text: str


class Message(BaseModel):
    type: Literal["message"] = "message"
    role: str = "user"
    content: list[Part]
    extra: str | None = None


class Camel(BaseModel):
    kind: Literal["k"] = Field(default="k", serialization_alias="type")
    inner: dict[str, Part] = Field(serialization_alias="innerParts")
    day: date


class Many(RootModel[list[Part]]):
    pass


@dataclass
class Format:
    name: str
    schema: dict[str, Any]
    description: str | None = None
    type: str = "json_schema"


@dataclass
class Text:
    format: Format
    verbosity: str | None = None
    required: str | None = field(default_factory=lambda: None)


@pydantic.dataclasses.dataclass
class Aliased:
    name: str = Field(serialization_alias="theName")


class Unwritable(BaseModel):
    effort: object


@pytest.mark.parametrize(
    ("value", "data"),
    [
        (Effort(effort="low"), {"effort": "low"}),
        (Effort(effort="low", summary=None), {"effort": "low", "summary": None}),
        (Effort(), {}),
        (Part(text="Hi"), {"type": "input_text", "text": "Hi"}),
        (
            [Message(role="user", content=[Part(text="Hi")])],
            [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]}],
        ),
        (
            Camel(inner={"a": Part(text="Hi")}, day=date(2026, 1, 2)),
            {"type": "k", "innerParts": {"a": {"type": "input_text", "text": "Hi"}}, "day": "2026-01-02"},
        ),
        ({"a": (Many([Part(text="Hi")]),)}, {"a": [[{"text": "Hi"}]]}),
        (
            Text(Format("f", {})),
            {"format": {"name": "f", "schema": {}, "type": "json_schema"}, "required": None},
        ),
        (MappingProxyType({"a": Effort(effort="low")}), {"a": {"effort": "low"}}),
        ([MappingProxyType({"a": [ChainMap({"b": 1}, {"c": 2})]})], [{"a": [{"b": 1, "c": 2}]}]),
        (UserDict({"a": 1}), {"a": 1}),
        (Aliased("x"), {"theName": "x"}),
    ],
)
def test_objects_are_the_dicts_that_they_stand_for(value: Any, data: Any) -> None:
    made = plain_data(value)
    assert made == data
    assert json.loads(json.dumps(made)) == json.loads(json.dumps(data))  # of dicts alone


@pytest.mark.parametrize(
    "value",
    ["x", [1, {"a": [None]}], ({"a": 1},), ReasoningConfig(effort="low"), Effort, Format, object(), {1, 2}],
)
def test_all_else_stays_as_it_is(value: Any) -> None:
    assert plain_data(value) is value


def test_iterators_and_views_are_told_and_stay() -> None:
    keys, values = {"a": 1}.keys(), iter([1])
    unread: list[object] = []

    assert plain_arguments({"a": [{"b": keys}], "c": values, "timeout": values}, unread) == {
        "a": [{"b": keys}],
        "c": values,
        "timeout": values,
    }
    assert unread == [keys, values]
    assert all(map(is_unread, unread))
    assert not any(map(is_unread, ["a", [1], {"a": 1}, {1, 2}, None]))


def test_value_nested_in_itself_ends() -> None:
    value: list[Any] = []
    value.append(value)
    assert plain_data(value) is value
    assert plain_arguments({"input": value})["input"] is value


@pytest.mark.parametrize("call", [FunctionCall(call_id="c", name="f", arguments="{}"), {"a": [{}, 1]}])
def test_values_without_objects_are_not_copied(call: object) -> None:
    given = [call, {"input": [call]}]
    for _ in range(2):
        assert plain_arguments({"input": given})["input"] is given


def test_options_stay_as_they_are() -> None:
    given = Effort(effort="low")
    assert plain_arguments({"timeout": given, "extra_body": given, "reasoning": given}) == {
        "timeout": given,
        "extra_body": {"effort": "low"},
        "reasoning": {"effort": "low"},
    }


# --- in each method that takes them

TOOL = {"type": "function", "name": "f", "parameters": None, "strict": None}


@dataclass
class Tool:
    name: str
    parameters: dict[str, Any] | None
    strict: bool | None
    type: str = "function"


class Labels(BaseModel):
    metadata: dict[str, str]


def arguments(**changes: Any) -> dict[str, Any]:
    given = {
        "model": "m",
        "input": [
            Message(role="user", content=[Part(text="Hi")]),
            {"role": "user", "content": [Part(text="And?")]},
        ],
        "reasoning": Effort(effort="low"),
        "tools": [Tool("f", None, None)],
        "extra_body": Labels(metadata={"a": "b"}),
    }
    return given | changes


def is_sent(body: Mapping[str, Any]) -> None:
    assert body["input"] == [
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Hi"}]},
        {"role": "user", "content": [{"type": "input_text", "text": "And?"}]},
    ]
    assert body["reasoning"] == {"effort": "low"}
    assert body["tools"] == [TOOL]
    assert body["metadata"] == {"a": "b"}


@pytest.mark.parametrize("method", ["create", "parse", "run"])
def test_methods_take_objects(caller: Caller, server: Server, method: str) -> None:
    server.reply('{"effort": "low"}')
    changes: dict[str, Any] = {"text_format": Effort, "text": Effort()} if method == "parse" else {}
    caller(lambda client: getattr(client.responses, method)(**arguments(**changes)))
    is_sent(server.requests[0].json)


def test_streams_take_objects(caller: Caller, server: Server) -> None:
    def read(client: Any) -> None:
        with client.responses.stream(**arguments()) as stream:
            stream.until_done()

    async def wait(client: Any) -> None:
        async with client.responses.stream(**arguments()) as stream:
            await stream.until_done()

    caller.run(read, wait)
    is_sent(server.requests[0].json)


def test_maps_take_objects() -> None:
    @dataclass
    class Request:
        model: str
        input: list[Any]
        reasoning: Effort
        tools: list[Tool]
        extra_body: Labels

    with Server() as server:
        requests: list[Any] = [arguments(), Request(**arguments())]
        with server.client().responses.map(requests) as results:
            assert [result.error for result in results] == [None, None]
        for request in server.requests:
            is_sent(request.json)


def test_batch_lines_take_objects() -> None:
    is_sent(batch_line("1", **arguments()).to_dict()["body"])


def test_conversations_take_objects() -> None:
    with Server() as server:
        items: Any = [Message(role="user", content=[Part(text="Hi")])]
        server.client().conversations.create(items=items)
        assert server.requests[0].json["items"][0]["content"] == [{"type": "input_text", "text": "Hi"}]


def test_sessions_take_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    socket = FakeSocket(use_socket_clock(monkeypatch))
    session = WebSocketSession(FakeIO(socket.clock, Upgraded(socket)), Settings(api_key="key"), {})
    with session:
        session.create(**arguments()).close()
        session.send(Event(type="response.create", model="m", input="Hi"))
    is_sent(socket.sent[0])
    assert socket.sent[1]["model"] == "m"


class Event(BaseModel):
    type: str
    model: str
    input: str


MESSAGES = [
    MappingProxyType({"role": "user", "content": "Hi"}),
    ChainMap({"role": "user"}, {"content": "Ho"}),
]


def test_mappings_of_any_kind_are_dicts_everywhere(caller: Caller, server: Server) -> None:
    params: dict[str, Any] = {
        "model": "m",
        "input": [*MESSAGES, MappingProxyType({"role": "user", "content": ["x"]})],
        "reasoning": MappingProxyType({"effort": "low"}),
        "tools": [ChainMap({"type": "function", "name": "f"})],
        "metadata": UserDict({"a": "b"}),
        "extra_body": MappingProxyType({"prompt_cache_key": "k", "text": ChainMap({"verbosity": "low"})}),
    }
    caller(lambda client: client.responses.create(**params))
    extra = params.pop("extra_body")
    caller(
        lambda client: client.request(
            "POST", "responses", json=MappingProxyType(params | {"input": MESSAGES}), extra_body=extra
        )
    )

    first, second = server.requests[0].json, server.requests[-1].json
    assert first["input"][:2] == [{"role": "user", "content": "Hi"}, {"role": "user", "content": "Ho"}]
    assert first["input"][2]["content"] == [{"type": "input_text", "text": "x"}]
    assert [first["metadata"], first["text"], first["tools"][0]["name"]] == [
        {"a": "b"},
        {"verbosity": "low"},
        "f",
    ]
    assert [second["reasoning"], second["text"]] == [{"effort": "low"}, {"verbosity": "low"}]


def test_fields_are_checked_as_those_of_a_dict() -> None:
    for wrong in (Effort.model_construct(effort=7), {"effort": 7}):
        with pytest.raises(
            RequestValidationError, match=r"reasoning\.effort: expected a valid string, got int 7"
        ):
            batch_line("1", **arguments(reasoning=wrong))


def test_field_that_is_not_json_is_named() -> None:
    with pytest.raises(RequestValidationError) as caught:
        batch_line("1", **arguments(extra_body={"metadata": Unwritable(effort=object())}))
    assert caught.value.errors[0]["path"] == "metadata.effort"


def test_object_of_any_other_class_is_refused_by_its_field() -> None:
    with pytest.raises(RequestValidationError, match=r"reasoning: expected .*, got object"):
        batch_line("1", **arguments(reasoning=object()))
    with pytest.raises(RequestValidationError, match=r"tools\[0\]: expected .*, got object"):
        batch_line("1", **arguments(tools=[object()]))
