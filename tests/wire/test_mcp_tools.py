"""Tools of hosted MCP servers, as recorded traffic has them, mapped as those of servers that a run talks to.

The recordings are no part of this repository; without them these tests are skipped.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("mcp")

from mcp.types import CallToolResult, Tool

from responses_client._mcp_tools.results import as_output
from responses_client._mcp_tools.schemas import tool_schema
from responses_client._mcp_tools.selection import selection
from responses_client.testing import Server

CORPUS = Path(__file__).parents[3] / "shared" / "wire"


def items(value: Any, kind: str) -> Iterator[dict[str, Any]]:
    """Yield the items of a type anywhere in JSON data."""
    if isinstance(value, dict):
        if value.get("type") == kind:
            yield value
        for member in value.values():
            yield from items(member, kind)
    elif isinstance(value, list):
        for member in value:
            yield from items(member, kind)


def recorded(kind: str) -> list[dict[str, Any]]:
    """Return the finished items of a type in all recordings, each once."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(CORPUS.rglob("*.json")):
        body = json.loads(path.read_text("utf-8"))["body"]
        frames = body.split("\n") if isinstance(body, str) else []
        data = [json.loads(line[6:]) for line in frames if line.startswith("data: {")] or [body]
        found |= {str(item.get("id")): item for item in items(data, kind)}
    return [*found.values()]


LISTS = [item for item in recorded("mcp_list_tools") if item.get("tools")]
CALLS = [item for item in recorded("mcp_call") if isinstance(item.get("output"), str)]
MISSING = pytest.param(None, marks=pytest.mark.skip(reason=f"no recordings in {CORPUS}"), id="no recordings")


@pytest.mark.parametrize("item", LISTS or [MISSING], ids=lambda item: item and item["server_label"])
def test_tools_of_a_server_can_be_sent(item: dict[str, Any]) -> None:
    chosen, names = selection(None, (), "destructive", None), set[str]()
    definitions: list[Any] = []
    for given in item["tools"]:
        tool = Tool.model_validate({**given, "inputSchema": given["input_schema"]})
        schema = tool_schema(tool.name, tool.input_schema)
        name = chosen.name(tool.name, item["server_label"], names)
        names.add(name)
        definitions.append(
            {"type": "function", "name": name, "parameters": schema.parameters, "strict": schema.is_strict}
        )
        assert set(schema.parameters["properties"]) == set(tool.input_schema.get("properties", {}))
    with Server() as server:
        assert (
            server.client().responses.create(model="m", input="Hi", tools=definitions).status == "completed"
        )


@pytest.mark.parametrize("item", CALLS or [MISSING], ids=lambda item: item and item["name"])
def test_output_of_a_call_is_the_text_that_the_hosted_tool_gave(item: dict[str, Any]) -> None:
    result = CallToolResult.model_validate({"content": [{"type": "text", "text": item["output"]}]})

    assert as_output(result) == item["output"]
