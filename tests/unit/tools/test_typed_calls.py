"""`responses.parse` and `stream` with classes and functions as tools, in each mode."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
from dataclasses import dataclass
from typing import Annotated, Any

import pytest
from callers import Caller
from pydantic import BaseModel, Field
from typing_extensions import TypedDict

from responses_client import (
    AsyncParsedResponseStream,
    ParsedResponse,
    ParsedResponseStream,
    RequestValidationError,
    ResponseStream,
    ToolDefinitionError,
    custom_tool,
    tool,
)
from responses_client._tools.typed_calls import CallTypes
from responses_client.models import FunctionCall, FunctionTool, Response
from responses_client.testing import Server

ASK = {"model": "m", "input": "Where is Lima?"}


class Query(BaseModel):
    """A query of a table."""

    table: str = Field(description="The name of the table.")
    limit: int = Field(ge=1)


@dataclass
class Point:
    x: int


class Options(TypedDict):
    size: int


@tool
def weather(city: Annotated[str, "A city."], days: list[int]) -> str:
    """Tell the weather."""
    raise AssertionError("parse calls nothing")


def plain(number: int) -> int:
    raise AssertionError("parse calls nothing")


@custom_tool
def run_code(code: str) -> str:
    return code


SCHEMA: dict[str, Any] = {
    "type": "object",
    "properties": {"a": {"type": "integer"}},
    "required": ["a"],
    "additionalProperties": False,
}
DECLARED: dict[str, Any] = {"type": "function", "name": "declared", "parameters": SCHEMA, "strict": True}


class _Function(dict[str, Any]):
    """As the functions of `openai` that make a tool of a class keep the class beside the fields of the function."""

    model = Query


CHAT: dict[str, Any] = {
    "type": "function",
    "function": _Function(name="query", description="A query.", strict=True, parameters=SCHEMA),
}
FLAT = _Function(type="function", name="query", description="A query.", strict=True, parameters=SCHEMA)
PLAIN_CHAT: dict[str, Any] = {"type": "function", "function": {"name": "declared", "parameters": SCHEMA}}

KINDS = [
    pytest.param(Query, "Query", {"table": "t", "limit": 3}, Query(table="t", limit=3), id="model"),
    pytest.param(
        tool(name="ask")(Query),
        "ask",
        {"table": "t", "limit": 3},
        Query(table="t", limit=3),
        id="named model",
    ),
    pytest.param(CHAT, "query", {"table": "t", "limit": 3}, Query(table="t", limit=3), id="chat"),
    pytest.param(FLAT, "query", {"table": "t", "limit": 3}, Query(table="t", limit=3), id="flat"),
    pytest.param(Point, "Point", {"x": 1}, Point(1), id="dataclass"),
    pytest.param(Options, "Options", {"size": 1}, {"size": 1}, id="TypedDict"),
    pytest.param(weather, "weather", {"city": "Oslo", "days": [1]}, {"city": "Oslo", "days": [1]}, id="tool"),
    pytest.param(plain, "plain", {"number": 1}, {"number": 1}, id="function"),
    pytest.param(DECLARED, "declared", {"a": 1}, {"a": 1}, id="dict"),
    pytest.param(
        FunctionTool(name="declared", parameters=SCHEMA, strict=True),
        "declared",
        {"a": 1},
        {"a": 1},
        id="object",
    ),
    pytest.param(PLAIN_CHAT, "declared", {"a": 1}, {"a": 1}, id="plain chat"),
]


def first_call(response: Response) -> FunctionCall:
    call = next(item for item in response.output if item.type == "function_call")
    assert isinstance(call, FunctionCall)
    return call


@pytest.mark.parametrize(("kind", "name", "arguments", "value"), KINDS)
def test_calls_have_arguments_of_the_type_of_the_tool(
    caller: Caller, server: Server, kind: Any, name: str, arguments: Any, value: object
) -> None:
    server.call_tool(name, arguments)
    found = caller(lambda client: client.responses.parse(**ASK, tools=[kind]))

    assert isinstance(found, ParsedResponse)
    call = first_call(found)
    assert call.parsed_arguments == value
    assert type(call.parsed_arguments) is type(value)
    assert call.arguments_error is None
    sent = server.requests[-1].json
    assert sent["tools"][0]["name"] == name
    assert "text" not in sent
    assert found.output_parsed is None


def test_classes_and_functions_are_sent_as_strict_tools(caller: Caller, server: Server) -> None:
    caller(lambda client: client.responses.parse(**ASK, tools=[Query, weather, CHAT]))

    query, function, chat = server.requests[-1].json["tools"]
    assert query == {
        "type": "function",
        "name": "Query",
        "description": "A query of a table.",
        "parameters": {
            "type": "object",
            "properties": {
                "table": {"type": "string", "description": "The name of the table."},
                "limit": {"type": "integer", "minimum": 1},
            },
            "required": ["table", "limit"],
            "additionalProperties": False,
        },
        "strict": True,
    }
    assert function == weather.definition
    assert chat == {"type": "function", **CHAT["function"]}


def test_parse_without_a_type_and_without_tools_is_create(caller: Caller, server: Server) -> None:
    created, parsed = (
        caller(lambda client: client.responses.create(**ASK)),
        caller(lambda client: client.responses.parse(**ASK)),
    )

    assert parsed.output_text == created.output_text
    assert server.requests[0].json == server.requests[1].json
    assert parsed.output_parsed is None
    assert "call .parse with a type" in str(parsed.parse_error)
    assert caller(lambda client: client.responses.parse(**ASK, text_format=None, tools=[])).output_text


def test_type_of_the_text_and_types_of_calls_go_together(caller: Caller, server: Server) -> None:
    server.reply('{"x": 5}')
    found = caller(lambda client: client.responses.parse(**ASK, tools=[Query], text_format=Point))
    assert found.output_parsed == Point(5)
    assert server.requests[-1].json["text"]["format"]["name"] == "Point"

    server.call_tool("Query", {"table": "t", "limit": 1})
    found = caller(lambda client: client.responses.parse(**ASK, tools=[Query], text_format=Point))
    assert first_call(found).parsed_arguments == Query(table="t", limit=1)
    assert "has no text to read as Point" in str(found.parse_error)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ('{"table": "t", "limit": 0}', "limit: expected a number greater than or equal to 1, got int 0"),
        ('{"table": "t"', "The arguments are not valid JSON"),
    ],
)
def test_arguments_that_do_not_fit_are_no_error_of_the_call(
    caller: Caller, server: Server, arguments: str, message: str
) -> None:
    server.call_tool("Query", arguments)
    found = caller(lambda client: client.responses.parse(**ASK, tools=[Query]))

    call = first_call(found)
    assert call.parsed_arguments is None
    assert message in str(call.arguments_error)
    assert call.arguments == arguments


def read(caller: Caller, **params: Any) -> tuple[Any, Any]:
    """A stream, and its final response."""

    def scenario(client: Any) -> Any:
        with client.responses.stream(**ASK, **params) as stream:
            assert stream.partial_parsed is None or params.get("text_format")
            return stream, stream.get_final_response()

    async def wait(client: Any) -> Any:
        async with client.responses.stream(**ASK, **params) as stream:
            assert stream.partial_parsed is None or params.get("text_format")
            return stream, await stream.get_final_response()

    found: tuple[Any, Any] = caller.run(scenario, wait)
    return found


@pytest.mark.parametrize("params", [{}, {"text_format": Point}])
@pytest.mark.parametrize(("kind", "name", "arguments", "value"), KINDS[:8])
def test_final_response_of_a_stream_has_them(
    caller: Caller, server: Server, kind: Any, name: str, arguments: Any, value: object, params: Any
) -> None:
    server.call_tool(name, arguments)
    stream, found = read(caller, tools=[kind], **params)

    assert isinstance(stream, (ParsedResponseStream, AsyncParsedResponseStream))
    assert first_call(found).parsed_arguments == value


def test_stream_with_declared_tools_alone_is_a_plain_one(server: Server) -> None:
    with server.client() as client, client.responses.stream(**ASK, tools=[DECLARED]) as stream:
        assert type(stream) is ResponseStream
        assert type(stream.get_final_response()) is Response


def test_stream_with_a_tool_that_cannot_be_one_is_not_made(caller: Caller, server: Server) -> None:
    with pytest.raises(RequestValidationError):
        read(caller, tools=[Query, 5])
    assert not server.requests


def test_responses_from_elsewhere_are_read_with_tools(server: Server) -> None:
    server.call_tool("Query", {"table": "t", "limit": 1})
    with server.client() as client:
        found = client.responses.create(**ASK, tools=[tool(Query).definition])

    parsed = found.parse(tools=[Query])
    assert first_call(parsed).parsed_arguments == Query(table="t", limit=1)
    assert first_call(found).parsed_arguments is None
    assert first_call(parsed.parse(Point)).parsed_arguments == Query(table="t", limit=1)
    assert first_call(found.parse(Point, tools=[Query])).parsed_arguments == Query(table="t", limit=1)


def test_response_cannot_be_read_as_nothing() -> None:
    with pytest.raises(RequestValidationError, match="expected a type"):
        Response.from_dict({"id": "r"}).parse(None)


def response(*calls: dict[str, Any]) -> Response:
    output = [{"type": "function_call", "call_id": f"c{n}", **call} for n, call in enumerate(calls)]
    return Response.from_dict({"id": "r", "status": "completed", "output": output})


@pytest.mark.parametrize(
    ("call", "value"),
    [
        ({"name": "plain", "arguments": '{"number": 1}', "namespace": "plain"}, {"number": 1}),
        ({"name": "plain", "arguments": '{"number": 1}', "namespace": "other"}, None),
        ({"name": "query", "arguments": '{"table": "t", "limit": 1}', "namespace": "other"}, None),
        ({"name": "nobody", "arguments": "{}"}, None),
        ({"name": "run_code", "arguments": "{}"}, None),
        ({"name": "member", "arguments": '{"a": "any"}', "namespace": "space"}, {"a": "any"}),
        ({"name": "weather", "arguments": '{"city": "\\ud800"}'}, None),
    ],
)
def test_tool_is_found_by_name_and_namespace(call: dict[str, Any], value: object) -> None:
    member = {"type": "function", "name": "member", "parameters": SCHEMA}
    space: Any = {"type": "namespace", "name": "space", "description": "A space.", "tools": [member]}
    found = first_call(response(call).parse(tools=[plain, CHAT, run_code, weather, space]))

    assert found.parsed_arguments == value
    assert (found.arguments_error is None) == (value is not None)


def test_response_without_calls_is_read_as_it_is() -> None:
    found = Response.from_dict({"id": "r", "status": "completed", "output": []})
    assert found.parse(tools=[Query]).to_dict() == found.to_dict()


def test_other_items_stay_the_same_objects() -> None:
    data = {"type": "message", "id": "m", "role": "assistant", "status": "completed", "content": []}
    call = {"type": "function_call", "call_id": "c", "name": "Query", "arguments": "{}"}
    found = Response.from_dict({"id": "r", "status": "completed", "output": [data, call]})
    parsed = found.parse(tools=[Query])
    assert parsed.output[0] is found.output[0]
    assert parsed.output[1] is not found.output[1]


def test_errors_of_a_response_can_be_pickled_for_any_tool() -> None:
    class Local(BaseModel):
        a: int

    parsed = response({"name": "Local", "arguments": "{}"}).parse(tools=[Local])
    assert first_call(parsed).arguments_error is not None
    error = parsed.parse_error
    assert error is not None
    assert pickle.loads(pickle.dumps(error)).response == error.response


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda it: pickle.loads(pickle.dumps(it))])
@pytest.mark.parametrize("kind", [Query, weather, DECLARED, CHAT])
def test_copies_and_pickles_have_the_types(kind: Any, duplicate: Any) -> None:
    texts = {
        "Query": '{"table": "t", "limit": 1}',
        "query": '{"table": "t", "limit": 1}',
        "weather": '{"city": "Oslo", "days": []}',
        "declared": '{"a": 1}',
    }
    parsed = response(*({"name": name, "arguments": text} for name, text in texts.items())).parse(
        tools=[kind]
    )
    again = duplicate(parsed)
    assert [call.parsed_arguments for call in again.output] == [
        call.parsed_arguments for call in parsed.output
    ]
    assert sum(call.arguments_error is None for call in again.output) == 1


def test_pickle_leaves_out_a_tool_that_cannot_be_pickled() -> None:
    class Local(BaseModel):
        a: int

    def local(a: int) -> int:
        return a

    calls = ({"name": name, "arguments": '{"a": 1}'} for name in ("Local", "local"))
    parsed = response(*calls).parse(tools=[Local, local])
    assert [call.parsed_arguments for call in copy.deepcopy(parsed).output] == [Local(a=1), {"a": 1}]
    again = pickle.loads(pickle.dumps(parsed))
    assert (type(again), again) == (ParsedResponse, parsed)
    assert [call.parsed_arguments for call in again.output] == [None, None]
    assert "is not known; call .parse(tools=...)" in str(first_call(again).arguments_error)
    assert first_call(again.parse(tools=[Local, local])).parsed_arguments == Local(a=1)
    call = pickle.loads(pickle.dumps(first_call(parsed)))
    assert (call, call.parsed_arguments) == (first_call(parsed), None)


def test_tools_are_checked() -> None:
    with pytest.raises(ToolDefinitionError, match="has keys that are not known beforehand"):
        CallTypes([dict_of_numbers])
    with pytest.raises(
        RequestValidationError, match=r"tools\[1\]\.name: is 'plain', the name of another tool"
    ):
        CallTypes([plain, tool(name="plain")(weather)])
    with pytest.raises(
        RequestValidationError, match=r"tools\[0\]: is the class FunctionTool; pass an instance"
    ):
        CallTypes([FunctionTool])


def dict_of_numbers(numbers: dict[str, int]) -> None: ...


WRONG: list[tuple[dict[str, Any], str]] = [
    ({}, "The response was not parsed: text_format: expected a type"),
    ({"text_format": "x"}, "The response was not parsed: text_format: expected a type"),
    ({"text_format": 5}, "The response was not parsed: text_format: pydantic cannot take 5"),
    ({"tools": []}, "The response was not parsed: text_format: expected a type"),
    ({"tools": "x"}, "The response was not parsed: tools: expected a list of tools"),
    ({"tools": [dict_of_numbers]}, "dict_of_numbers cannot be a tool"),
]


@pytest.mark.parametrize(("given", "message"), WRONG)
def test_mistake_in_parse_mentions_no_request(given: dict[str, Any], message: str) -> None:
    with pytest.raises(RequestValidationError) as caught:
        Response.from_dict({"id": "r"}).parse(**given)
    assert str(caught.value).startswith(message)
    assert ("pydantic" in message) == (caught.value.__cause__ is not None)


def test_toolbox_is_not_loaded_to_read_a_text() -> None:
    script = """
import sys
from responses_client.models import Response
message = {"type": "message", "content": [{"type": "output_text", "text": "5"}], "role": "assistant"}
found = Response.from_dict({"id": "r", "status": "completed", "output": [{**message, "id": "m", "status": "completed"}]})
assert found.parse(int).output_parsed == 5
assert "responses_client._tools.toolbox" not in sys.modules
"""
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
