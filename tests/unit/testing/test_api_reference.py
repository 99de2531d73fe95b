"""The eight examples of the API's reference page against the embedded server, request for request."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from server_calls import async_http, events, http

from responses_client.testing import Server

FACTS = json.loads(Path(__file__).with_name("api_reference.json").read_text())
EXAMPLES = FACTS["examples"]
WHOLE = [example for example in EXAMPLES if "items" in example]
STREAMED = next(example for example in EXAMPLES if "events" in example)
# Fields at the top of every real response that the page does not show.
TOP_BEYOND_THE_PAGE = {"frequency_penalty", "presence_penalty", "prompt_cache_key", "safety_identifier"}
# The page shows a web search without the action that the schema demands and real answers have, and a usage
# without a count that the schema demands.
BEYOND_THE_PAGE = {
    *TOP_BEYOND_THE_PAGE,
    "usage.input_tokens_details.cache_write_tokens",
    "output[].action",
    "output[].action.queries",
    "output[].action.query",
    "output[].action.type",
}


def names(examples: list[dict[str, Any]]) -> list[str]:
    return [example["name"] for example in examples]


def paths(value: Any, prefix: str = "") -> set[str]:
    """The path of every property in a JSON value, with `[]` for the items of arrays."""
    if isinstance(value, list):
        return {path for item in value for path in paths(item, f"{prefix}[]")}
    if not isinstance(value, dict):
        return set()
    found: set[str] = set()
    for key, item in value.items():
        path = f"{prefix}.{key}" if prefix else key
        found |= {path} | paths(item, path)
    return found


def check_whole(example: dict[str, Any], response: dict[str, Any]) -> None:
    assert response["status"] == "completed"
    assert [item["type"] for item in response["output"]] == example["items"]
    shown = {*FACTS["common"], *example["paths"]}
    anywhere = {path for other in WHOLE for path in other["paths"]} | shown | BEYOND_THE_PAGE
    found = {path for path in paths(response) if not path.startswith("tools[].parameters.")}
    assert shown <= found
    assert found <= anywhere


def check_streamed(body: str) -> None:
    found = events(body)
    in_order = list(dict.fromkeys(event["type"] for event in found))
    assert in_order == list(STREAMED["events"])
    assert sum(event["type"] == "response.output_text.delta" for event in found) > 1
    for event in found:
        shown = set(STREAMED["events"][event["type"]])
        assert shown <= paths(event)
        if "response" in event:
            assert set(event["response"]) == set(found[-1]["response"])
    assert set(FACTS["common"]) <= paths(found[-1]["response"])


@pytest.mark.parametrize("example", WHOLE, ids=names(WHOLE))
def test_example_gives_a_response_of_the_shape_on_the_page(example: dict[str, Any]) -> None:
    with Server() as server, http(server) as client:
        check_whole(example, client.post("/responses", json=example["request"]).json())


@pytest.mark.parametrize("example", WHOLE, ids=names(WHOLE))
async def test_example_gives_a_response_of_the_shape_on_the_page_async(example: dict[str, Any]) -> None:
    with Server() as server:
        async with async_http(server) as client:
            answer = await client.post("/responses", json=example["request"])
            check_whole(example, answer.json())


def test_streaming_example_gives_the_events_on_the_page_in_their_order() -> None:
    with Server() as server, http(server) as client:
        check_streamed(client.post("/responses", json=STREAMED["request"]).text)


async def test_streaming_example_gives_the_events_on_the_page_in_their_order_async() -> None:
    with Server() as server:
        async with async_http(server) as client:
            check_streamed((await client.post("/responses", json=STREAMED["request"])).text)


@pytest.mark.parametrize("example", EXAMPLES, ids=names(EXAMPLES))
def test_example_streams_to_the_response_that_it_gives_whole(example: dict[str, Any]) -> None:
    with Server() as whole, Server() as stream, http(whole) as first, http(stream) as second:
        response = first.post("/responses", json={**example["request"], "stream": False}).json()
        found = events(second.post("/responses", json={**example["request"], "stream": True}).text)
    assert found[-1]["response"] == response
    done = [event["item"] for event in found if event["type"] == "response.output_item.done"]
    assert done == response["output"]
    assert [event["sequence_number"] for event in found] == list(range(len(found)))


def test_every_response_has_the_same_top_level_fields() -> None:
    top = {path for example in WHOLE for path in example["paths"] if "." not in path and "[" not in path}
    top |= TOP_BEYOND_THE_PAGE
    expected = top | {path for path in FACTS["common"] if "." not in path and "[" not in path}
    for example in WHOLE:
        with Server() as server, http(server) as client:
            assert set(client.post("/responses", json=example["request"]).json()) == expected


@pytest.mark.parametrize("example", WHOLE, ids=names(WHOLE))
def test_client_sends_the_example_and_gets_the_same_shape(example: dict[str, Any]) -> None:
    with Server() as server, server.client() as client:
        response = client.responses.create(**example["request"])
    assert server.requests[0].json == example["request"]
    check_whole(example, response.to_dict())


@pytest.mark.parametrize("example", WHOLE, ids=names(WHOLE))
async def test_async_client_sends_the_example_and_gets_the_same_shape(example: dict[str, Any]) -> None:
    with Server() as server:
        async with server.async_client() as client:
            response = await client.responses.create(**example["request"])
    assert server.requests[0].json == example["request"]
    check_whole(example, response.to_dict())


def test_client_streams_the_example_in_the_order_of_the_page() -> None:
    with (
        Server() as server,
        server.client() as client,
        client.responses.create(**STREAMED["request"]) as stream,
    ):
        types = [event.type for event in stream]
    assert server.requests[0].json == STREAMED["request"]
    assert list(dict.fromkeys(types)) == list(STREAMED["events"])


async def test_async_client_streams_the_example_in_the_order_of_the_page() -> None:
    with Server() as server:
        async with (
            server.async_client() as client,
            await client.responses.create(**STREAMED["request"]) as stream,
        ):
            types = [event.type async for event in stream]
    assert list(dict.fromkeys(types)) == list(STREAMED["events"])
