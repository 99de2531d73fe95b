"""Files, vector stores, containers and batches against the embedded server, in each mode."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from callers import Caller

from responses_client import NotFoundError, RequestValidationError, read_batch
from responses_client.models import (
    Batch,
    ContainerFile,
    FileObject,
    StaticChunking,
    VectorStoreFile,
    VectorStoreSearchResult,
)
from responses_client.testing import Server


def line(custom_id: str) -> bytes:
    body = {"model": "m", "input": "Hi"}
    return json.dumps(
        {"custom_id": custom_id, "method": "POST", "url": "/v1/responses", "body": body}
    ).encode()


def store(caller: Caller, name: str, content: bytes, purpose: str = "assistants") -> FileObject:
    stored: FileObject = caller(lambda client: client.files.create(file=(name, content), purpose=purpose))
    return stored


def test_files_are_stored_listed_read_and_deleted(caller: Caller, tmp_path: Path) -> None:
    made = [store(caller, f"{number}.jsonl", line("a"), "batch") for number in range(5)]
    store(caller, "guide.txt", b"Tea.")

    listed = caller.all(lambda client: client.files.list(purpose="batch", limit=2, order="asc"))
    assert [file.id for file in listed] == [file.id for file in made]
    assert all(isinstance(file, FileObject) for file in listed)
    again = caller(lambda client: client.files.retrieve(made[0].id))
    assert (again.to_dict(), again.filename) == (made[0].to_dict(), "0.jsonl")
    assert again.meta is not None
    assert caller(lambda client: client.files.content(made[0].id)) == line("a")
    path = caller(lambda client: client.files.download(made[0].id, tmp_path / "a"))
    assert path.read_bytes() == line("a")
    assert caller(lambda client: client.files.delete(made[0].id)).deleted
    with pytest.raises(NotFoundError):
        caller(lambda client: client.files.retrieve(made[0].id))
    with pytest.raises(RequestValidationError, match="limit"):
        caller.all(lambda client: client.files.list(limit=0))


def test_batch_is_created_waited_for_and_read(caller: Caller, server: Server, tmp_path: Path) -> None:
    file = store(caller, "requests.jsonl", b"\n".join(map(line, "ab")), "batch")
    batch = caller(
        lambda client: client.batches.create(
            input_file_id=file.id, endpoint="/v1/responses", completion_window="24h", metadata={"a": "b"}
        )
    )
    done = caller(lambda client: client.batches.wait(batch, poll_interval=0))

    assert (done.status, done.request_counts.completed, done.metadata) == ("completed", 2, {"a": "b"})
    assert isinstance(done, Batch)
    path = caller(lambda client: client.files.download(done.output_file_id, tmp_path / "results"))
    assert {result.custom_id for result in read_batch(path)} == {"a", "b"}
    assert [each.id for each in caller.all(lambda client: client.batches.list(limit=1))] == [batch.id]


def test_batch_is_cancelled(caller: Caller) -> None:
    file = store(caller, "requests.jsonl", line("a"), "batch")
    asked: dict[str, Any] = {
        "input_file_id": file.id,
        "endpoint": "/v1/responses",
        "completion_window": "24h",
    }
    batch = caller(lambda client: client.batches.create(**asked))
    assert caller(lambda client: client.batches.cancel(batch.id)).status in ("cancelling", "cancelled")


def test_vector_store_is_filled_and_searched(caller: Caller) -> None:
    file = store(caller, "guide.txt", b"The warranty is 30 days.")
    other = store(caller, "tea.txt", b"Tea is hot.")
    made = caller(
        lambda client: client.vector_stores.create(
            name="Guides", expires_after={"anchor": "last_active_at", "days": 3}
        )
    )
    added = caller(
        lambda client: client.vector_stores.files.create(
            made.id,
            file_id=file.id,
            attributes={"year": 2026},
            chunking_strategy={
                "type": "static",
                "static": {"max_chunk_size_tokens": 200, "chunk_overlap_tokens": 50},
            },
        )
    )
    assert isinstance(added, VectorStoreFile)
    assert isinstance(added.chunking_strategy, StaticChunking)
    group = caller(lambda client: client.vector_stores.file_batches.create(made.id, file_ids=[other.id]))
    state = caller(lambda client: client.vector_stores.file_batches.wait(group, poll_interval=0))
    assert (state.status, state.file_counts.total) == ("completed", 1)
    in_group = caller.all(
        lambda client: client.vector_stores.file_batches.list_files(group.id, vector_store_id=made.id)
    )
    assert [each.id for each in in_group] == [other.id]
    in_store = caller.all(lambda client: client.vector_stores.files.list(made.id, limit=1))
    assert {each.id for each in in_store} == {file.id, other.id}
    caller(lambda client: client.vector_stores.files.wait(added, poll_interval=0))
    found = caller(
        lambda client: client.vector_stores.search(
            made.id, query="warranty", filters={"type": "eq", "key": "year", "value": 2026}
        )
    )
    assert all(isinstance(each, VectorStoreSearchResult) for each in found.data)
    assert {each.file_id for each in found.data} <= {file.id}
    text = caller(lambda client: client.vector_stores.files.content(file.id, vector_store_id=made.id))
    assert "".join(part.text for part in text.data) == "The warranty is 30 days."


def test_vector_store_is_changed_and_deleted(caller: Caller) -> None:
    file = store(caller, "guide.txt", b"Tea.")
    made = caller(lambda client: client.vector_stores.create(file_ids=[file.id]))
    changed = caller(lambda client: client.vector_stores.update(made.id, name="New", metadata={"a": "b"}))
    assert (changed.name, changed.metadata) == ("New", {"a": "b"})
    marked = caller(
        lambda client: client.vector_stores.files.update(
            file.id, vector_store_id=made.id, attributes={"year": 1}
        )
    )
    assert marked.attributes == {"year": 1}
    group = caller(lambda client: client.vector_stores.file_batches.create(made.id, file_ids=[file.id]))
    cancelled = caller(
        lambda client: client.vector_stores.file_batches.cancel(group.id, vector_store_id=made.id)
    )
    assert cancelled.id == group.id
    removed = caller(lambda client: client.vector_stores.files.delete(file.id, vector_store_id=made.id))
    assert (removed.id, removed.deleted) == (file.id, True)
    assert [each.id for each in caller.all(lambda client: client.vector_stores.list())] == [made.id]
    assert caller(lambda client: client.vector_stores.delete(made.id)).deleted
    with pytest.raises(NotFoundError):
        caller(lambda client: client.vector_stores.retrieve(made.id))


def test_container_holds_files(caller: Caller, tmp_path: Path) -> None:
    made = caller(lambda client: client.containers.create(name="work"))
    file = caller(lambda client: client.containers.files.create(made.id, file=("plot.png", b"png")))
    assert isinstance(file, ContainerFile)
    again = caller(lambda client: client.containers.files.retrieve(file.id, container_id=made.id))
    assert again.to_dict() == file.to_dict()
    listed = caller.all(lambda client: client.containers.files.list(made.id))
    assert [each.id for each in listed] == [file.id]
    path = caller(lambda client: client.containers.files.download(file, tmp_path))
    assert (path.name, path.read_bytes()) == ("plot.png", b"png")
    assert caller(lambda client: client.containers.files.delete(file.id, container_id=made.id)).deleted
    assert [each.id for each in caller.all(lambda client: client.containers.list(name="work"))] == [made.id]
    assert caller(lambda client: client.containers.retrieve(made.id)).name == "work"
    assert caller(lambda client: client.containers.delete(made.id)).deleted


@pytest.mark.parametrize(
    ("call", "problem"),
    [
        (lambda client: client.vector_stores.search("vs_1"), "query: missing"),
        (
            lambda client: client.vector_stores.search("vs_1", query="x", max_num_results=51),
            "max_num_results",
        ),
        (
            lambda client: client.vector_stores.files.create(
                "vs_1", file_id="f", attributes={"a": "x" * 513}
            ),
            "attributes",
        ),
        (lambda client: client.vector_stores.file_batches.create("vs_1", file_ids=[]), "file_ids"),
        (lambda client: client.batches.create(input_file_id="file-1"), "endpoint: missing"),
        (lambda client: client.containers.create(), "name: missing"),
        (lambda client: client.files.retrieve("../x"), "file_id"),
    ],
)
def test_mistake_is_told_before_anything_is_sent(
    caller: Caller, server: Server, call: Any, problem: str
) -> None:
    with pytest.raises(RequestValidationError, match=problem):
        caller(call)
    assert server.requests == []


def test_resources_are_made_once(server: Server) -> None:
    for client in (server.client(), server.async_client()):
        assert client.files is client.files
        assert client.batches is client.batches
        assert client.containers.files is client.containers.files
        assert client.vector_stores.files is client.vector_stores.files
        assert client.vector_stores.file_batches is client.vector_stores.file_batches
