"""The request of `responses.parse` and `stream`: its arguments, and the types of its answer."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from pydantic import BaseModel

from responses_client._tools.parse_request import has_typed_tools, parse_request


class City(BaseModel):
    name: str


def weather(city: str) -> str:
    return f"Sunny in {city}"


PLAIN = {"type": "function", "name": "weather", "parameters": {"type": "object", "properties": {}}}
CHAT = {
    "type": "function",
    "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}},
}


class MadeTool(dict[str, Any]):
    """A tool in the form for responses that was made of a class."""

    model = City


MADE = MadeTool(type="function", name="city", parameters={"type": "object", "properties": {}})


@pytest.mark.parametrize(
    ("tools", "is_typed"),
    [
        (None, False),
        ([], False),
        ([PLAIN], False),
        ("weather", False),
        ([City], True),
        ([PLAIN, weather], True),
        ([CHAT], True),
        ([MADE], True),
    ],
)
def test_tools_are_typed_if_one_is_a_class_or_a_function_or_nested_or_made_of_a_class(
    tools: Any, is_typed: bool
) -> None:
    assert has_typed_tools({"tools": tools}) is is_typed


def test_request_without_tools_and_type_is_sent_as_it_is() -> None:
    params = {"input": "Hi"}
    assert parse_request(params, None) == (params, None, None)


def test_type_of_the_text_is_in_the_request() -> None:
    request = parse_request({"input": "Hi"}, City)

    assert request.params["text"]["format"]["name"] == "City"
    assert request.wanted is not None
    assert request.reader_of is None


def test_typed_tools_are_sent_as_definitions_and_have_readers() -> None:
    request = parse_request({"input": "Hi", "tools": [weather, {"type": "web_search"}]}, None)

    assert [tool["type"] for tool in request.params["tools"]] == ["function", "web_search"]
    assert request.wanted is None
    assert request.reader_of is not None


def test_stream_with_plain_tools_loads_nothing_for_types() -> None:
    code = (
        "import sys; from responses_client.testing import Server; client = Server().client();"
        "stream = client.responses.stream(input='Hi', tools=[{'type': 'web_search'}]);"
        "print('responses_client._structured.parsed' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False"]
