"""Requests that refer to files, vector stores and containers of the embedded server."""

from __future__ import annotations

from typing import Any

import pytest
from server_calls import create, created, http, text_of, uploaded

from responses_client.testing import Server

IMAGE = {"type": "input_image", "detail": "auto", "file_id": "file-1"}
FILE = {"type": "input_file", "file_id": "file-1"}
CODE = {"type": "code_interpreter"}
SHELL = {"type": "shell"}
SEARCH = {"type": "file_search", "vector_store_ids": ["vs_1"]}


def asking(*parts: dict[str, Any]) -> dict[str, Any]:
    return {"input": [{"role": "user", "content": [{"type": "input_text", "text": "Hi"}, *parts]}]}


def with_tools(*tools: dict[str, Any]) -> dict[str, Any]:
    return {"tools": [*tools]}


REFERRING: list[Any] = [
    (asking(FILE), "No such File object: file-1", "input[0].content[1].file_id"),
    (asking(IMAGE), "No such File object: file-1", "input[0].content[1].file_id"),
    (
        {
            "input": [
                {"type": "function_call", "call_id": "c", "name": "look", "arguments": "{}"},
                {"type": "function_call_output", "call_id": "c", "output": [FILE]},
            ]
        },
        "No such File object: file-1",
        "input[1].output[0].file_id",
    ),
    (with_tools(SEARCH), "Vector store with id 'vs_1' not found.", "tools[0].vector_store_ids"),
    (
        with_tools({"type": "web_search"}, {**CODE, "container": "cntr_1"}),
        "Container with id 'cntr_1' not found.",
        "tools[1].container",
    ),
    (
        with_tools({**SHELL, "environment": {"type": "container_reference", "container_id": "cntr_1"}}),
        "Container with id 'cntr_1' not found.",
        "tools[0].container",
    ),
    (
        with_tools({**CODE, "container": {"type": "auto", "file_ids": ["file-1"]}}),
        "No such File object: file-1",
        "tools[0].file_ids",
    ),
    (
        with_tools({**SHELL, "environment": {"type": "container_auto", "file_ids": ["file-1"]}}),
        "No such File object: file-1",
        "tools[0].file_ids",
    ),
]


@pytest.mark.parametrize(("body", "message", "param"), REFERRING)
def test_unknown_id_is_refused_by_a_server_that_has_such_objects(
    body: dict[str, Any], message: str, param: str
) -> None:
    with Server() as server, http(server) as client:
        id = server.add_file("a.txt", "Tea.")
        client.post("/vector_stores")
        client.post("/containers", json={"name": "a"})
        client.delete(f"/files/{id}")
        answer = create(server, **body)
    assert answer.status_code == 404
    assert (answer.json()["error"]["message"], answer.json()["error"]["param"]) == (message, param)


@pytest.mark.parametrize(("body", "message", "param"), REFERRING)
def test_any_id_is_taken_by_a_server_that_has_no_such_objects(
    body: dict[str, Any], message: str, param: str
) -> None:
    with Server() as server:
        created(server, **body)


def test_any_id_is_taken_without_checks() -> None:
    with Server(validate=False) as server:
        server.add_file("a.txt", "Tea.")
        created(server, **asking(FILE), tools=[{**SEARCH, "filters": 5}])


def test_known_ids_are_taken_and_used() -> None:
    with Server(now=0) as server, http(server) as client:
        file = server.add_file("a.txt", "Tea.")
        store = client.post("/vector_stores").json()["id"]
        container = client.post("/containers", json={"name": "a"}).json()["id"]
        tools = [{**SEARCH, "vector_store_ids": [store]}, {**CODE, "container": container}]
        server.now = 60
        created(server, **asking({**FILE, "file_id": file}), tools=tools)
    assert server.vector_stores[store]["last_active_at"] == 60
    assert server.containers[container]["last_active_at"] == 60


def test_expired_container_is_refused() -> None:
    with Server(now=0) as server, http(server) as client:
        container = client.post("/containers", json={"name": "a"}).json()["id"]
        server.now = 1200
        answer = create(server, tools=[{**CODE, "container": container}])
    assert (answer.status_code, answer.json()["error"]["message"]) == (400, "Container is expired.")


# --- searches in files


def searched(server: Server, question: str, **settings: Any) -> dict[str, Any]:
    """Return the response to a question about the files of the one vector store."""
    (store,) = server.vector_stores
    tool = {**SEARCH, "vector_store_ids": [store], **settings}
    return created(server, input=question, tools=[tool], include=["file_search_call.results"])


def fill(server: Server, *texts: str) -> list[str]:
    """Create a vector store with files that are ready; return their ids."""
    server.indexing(polls=0)
    with http(server) as client:
        ids = [uploaded(client, text.encode(), f"{number}.txt") for number, text in enumerate(texts)]
        store = client.post("/vector_stores").json()["id"]
        for number, id in enumerate(ids):
            body = {"file_id": id, "attributes": {"number": number}}
            client.post(f"/vector_stores/{store}/files", json=body)
    return ids


def test_search_without_a_script_finds_what_the_files_say() -> None:
    with Server() as server:
        tea, _ = fill(server, "Green tea is brewed at 80 degrees.", "Beer, cold.")
        response = searched(server, "How is tea brewed?")
    call, _ = response["output"]
    (result,) = call["results"]
    assert (result["file_id"], result["filename"], result["attributes"]) == (tea, "0.txt", {"number": 0})
    assert text_of(response) == (
        "For “How is tea brewed?” the files have one passage. Green tea is brewed at 80 degrees."
    )
    (note,) = response["output"][1]["content"][0]["annotations"]
    assert note == {
        "type": "file_citation",
        "file_id": tea,
        "filename": "0.txt",
        "index": len(text_of(response)),
    }


def test_search_keeps_to_the_settings_of_the_tool() -> None:
    with Server() as server:
        fill(server, "tea", "tea milk", "tea milk sugar")
        filters = {"type": "gt", "key": "number", "value": 0}
        response = searched(server, "milk sugar", filters=filters, max_num_results=1)
        strict = searched(server, "milk", ranking_options={"score_threshold": 0.99})
    assert [result["filename"] for result in response["output"][0]["results"]] == ["2.txt"]
    assert strict["output"][0]["results"] == []
    assert text_of(strict) == "For “milk” the files have no passages."


def test_search_cites_the_best_two_of_many_passages() -> None:
    with Server() as server:
        fill(server, "tea 1", "tea 2", "tea 3")
        response = searched(server, "tea")
    assert text_of(response) == "For “tea” the files have 3 passages. tea 1 tea 2"
    assert len(response["output"][0]["results"]) == 3
