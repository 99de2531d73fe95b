"""Vector stores of the embedded server: their files, their progress, and their search."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from server_calls import http, refused, uploaded

from responses_client.testing import Server, _vector_store_operations

TEXTS = {"tea.txt": b"Green tea is brewed at 80 degrees.", "coffee.txt": b"Coffee is brewed at 93 degrees."}
DAY = 24 * 3600


def made(client: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = client.post("/vector_stores", json=body)
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def filled(server: Server, client: httpx.Client) -> tuple[str, list[str]]:
    """Return the id of a vector store with two files that are ready, and their ids."""
    server.indexing(polls=0)
    ids = [uploaded(client, content, name) for name, content in TEXTS.items()]
    return made(client, file_ids=ids)["id"], ids


def search(client: httpx.Client, store: str, query: Any, **body: Any) -> dict[str, Any]:
    answer = client.post(f"/vector_stores/{store}/search", json={"query": query, **body})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def names(found: dict[str, Any]) -> list[str]:
    return [result["filename"] for result in found["data"]]


# --- stores


def test_new_store_is_shown_as_the_api_shows_it() -> None:
    with Server(now=100) as server, http(server) as client:
        store = made(client, name="Drinks", metadata={"a": "b"})
        assert client.get(f"/vector_stores/{store['id']}").json() == store
    assert store == {
        "id": store["id"],
        "object": "vector_store",
        "created_at": 100,
        "usage_bytes": 0,
        "file_counts": {"in_progress": 0, "completed": 0, "failed": 0, "cancelled": 0, "total": 0},
        "status": "completed",
        "expires_after": None,
        "expires_at": None,
        "last_active_at": 100,
        "name": "Drinks",
        "description": None,
        "metadata": {"a": "b"},
    }
    assert server.vector_stores == {store["id"]: store}


def test_store_needs_no_body() -> None:
    with Server() as server, http(server) as client:
        assert client.post("/vector_stores").json()["name"] == ""


def test_stores_are_listed_in_both_directions() -> None:
    with Server() as server, http(server) as client:
        ids = [made(client)["id"] for _ in range(4)]
        oldest, second, third, newest = ids
        back = client.get(f"/vector_stores?before={oldest}&limit=2").json()
        between = client.get(f"/vector_stores?after={newest}&before={oldest}&order=desc").json()
        assert refused(client.get("/vector_stores?before=x"), 400).startswith("Invalid 'before'")
        assert refused(client.get("/vector_stores?after=x"), 400).startswith("Invalid 'after'")
    assert ([store["id"] for store in back["data"]], back["has_more"]) == ([third, second], True)
    assert ([store["id"] for store in between["data"]], between["has_more"]) == ([third, second], False)


def test_update_changes_what_is_given() -> None:
    with Server(now=100) as server, http(server) as client:
        path = f"/vector_stores/{made(client, name='A', metadata={'a': 'b'})['id']}"
        server.now = 200
        changed = client.post(path, json={"expires_after": {"anchor": "last_active_at", "days": 1}}).json()
        assert (changed["name"], changed["metadata"], changed["expires_at"]) == ("A", {"a": "b"}, 200 + DAY)
        changed = client.post(path, json={"name": "B", "metadata": None, "expires_after": None}).json()
        assert (changed["name"], changed["metadata"], changed["expires_at"]) == ("B", {}, None)


def test_deleted_store_is_gone_and_its_files_stay() -> None:
    with Server() as server, http(server) as client:
        store, ids = filled(server, client)
        answer = client.delete(f"/vector_stores/{store}").json()
        assert answer == {"id": store, "object": "vector_store.deleted", "deleted": True}
        assert (
            refused(client.get(f"/vector_stores/{store}"), 404)
            == f"Vector store with id '{store}' not found."
        )
    assert [*server.files] == ids


def test_store_expires_when_nobody_uses_it() -> None:
    with Server(now=0) as server, http(server) as client:
        store = made(client, expires_after={"anchor": "last_active_at", "days": 1})["id"]
        server.now = DAY - 1
        search(client, store, "tea")
        server.now = 2 * DAY - 2
        assert client.get(f"/vector_stores/{store}").json()["status"] == "completed"
        server.now = 2 * DAY - 1
        assert client.get(f"/vector_stores/{store}").json()["status"] == "expired"
        answer = client.post(f"/vector_stores/{store}/search", json={"query": "tea"})
        assert refused(answer, 400) == f"Vector store with id '{store}' is expired."


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({"color": "red"}, "color"),
        ({"expires_after": {"anchor": "last_active_at", "days": 366}}, "expires_after.days"),
        ({"file_ids": ["x"] * 501}, "file_ids"),
        (
            {
                "chunking_strategy": {
                    "type": "static",
                    "static": {"max_chunk_size_tokens": 99, "chunk_overlap_tokens": 0},
                }
            },
            "chunking_strategy.static.max_chunk_size_tokens",
        ),
    ],
)
def test_wrong_store_is_refused(body: dict[str, Any], param: str) -> None:
    with Server(validate=False) as server, http(server) as client:
        answer = client.post("/vector_stores", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (400, param)


def test_store_of_an_unknown_file_is_refused_and_not_made() -> None:
    with Server() as server, http(server) as client:
        answer = client.post("/vector_stores", json={"file_ids": ["file-1"]})
    assert refused(answer, 404) == "No such File object: file-1"
    assert server.vector_stores == {}


# --- files


def test_file_is_ready_after_its_polls() -> None:
    with Server(now=5) as server, http(server) as client:
        id, store = uploaded(client, TEXTS["tea.txt"]), made(client)["id"]
        added = client.post(f"/vector_stores/{store}/files", json={"file_id": id}).json()
        path = f"/vector_stores/{store}/files/{id}"
        assert search(client, store, "tea")["data"] == []
        polls = [client.get(path).json() for _ in range(2)]
        content = client.get(f"{path}/content").json()
    assert added == {
        "id": id,
        "object": "vector_store.file",
        "usage_bytes": 0,
        "created_at": 5,
        "vector_store_id": store,
        "status": "in_progress",
        "last_error": None,
        "chunking_strategy": {
            "type": "static",
            "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400},
        },
        "attributes": {},
    }
    assert [poll["status"] for poll in polls] == ["in_progress", "completed"]
    assert polls[1]["usage_bytes"] == len(TEXTS["tea.txt"])
    assert content == {
        "object": "vector_store.file_content.page",
        "data": [{"type": "text", "text": TEXTS["tea.txt"].decode()}],
        "has_more": False,
        "next_page": None,
    }


def test_polls_of_the_store_count_too() -> None:
    with Server() as server, http(server) as client:
        server.indexing(polls=3)
        path = f"/vector_stores/{made(client, file_ids=[uploaded(client, b'x')])['id']}"
        polls = [client.get(path).json() for _ in range(3)]
    assert [poll["status"] for poll in polls] == ["in_progress", "in_progress", "completed"]
    assert [poll["file_counts"]["completed"] for poll in polls] == [0, 0, 1]
    assert polls[2]["usage_bytes"] == 1


def test_planned_failure_and_file_without_text_fail() -> None:
    with Server() as server, http(server) as client:
        server.indexing(polls=1).fail_indexing(message="No poems.", times=2)
        ids = [uploaded(client, content) for content in (b"a", b"b", b" \n", b"c")]
        store = made(client, file_ids=ids)["id"]
        for id in ids:
            client.get(f"/vector_stores/{store}/files/{id}")
        listed = client.get(f"/vector_stores/{store}/files?order=asc").json()["data"]
        failed = client.get(f"/vector_stores/{store}/files?filter=failed").json()["data"]
        assert refused(client.get(f"/vector_stores/{store}/files?filter=lost"), 400).startswith(
            "Invalid value"
        )
    errors = [file["last_error"] and file["last_error"]["message"] for file in listed]
    assert errors == ["No poems.", "No poems.", "The file has no text.", None]
    assert [file["id"] for file in failed] == ids[2::-1]


def test_attributes_are_replaced_and_files_removed() -> None:
    with Server() as server, http(server) as client:
        store, (tea, coffee) = filled(server, client)
        path = f"/vector_stores/{store}/files/{tea}"
        changed = client.post(path, json={"attributes": {"hot": True}}).json()
        assert changed["attributes"] == {"hot": True}
        assert client.post(path, json={"attributes": None}).json()["attributes"] == {}
        deleted = client.delete(path).json()
        assert deleted == {"id": tea, "object": "vector_store.file.deleted", "deleted": True}
        assert refused(client.get(path), 404) == f"No file found with id '{tea}' in vector store '{store}'."
        assert names(search(client, store, "brewed")) == ["coffee.txt"]
    assert [*server.files] == [tea, coffee]


def test_chunks_that_overlap_too_much_are_refused() -> None:
    sizes = {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 51}
    with Server() as server, http(server) as client:
        body = {"file_id": uploaded(client, b"x"), "chunking_strategy": {"type": "static", "static": sizes}}
        answer = client.post(f"/vector_stores/{made(client)['id']}/files", json=body)
    assert refused(answer, 400) == "'chunk_overlap_tokens' must not exceed half of 'max_chunk_size_tokens'."


# --- batches of files


def test_file_batch_counts_its_files() -> None:
    with Server(now=5) as server, http(server) as client:
        ids = [uploaded(client, content) for content in TEXTS.values()]
        store = made(client)["id"]
        path = f"/vector_stores/{store}/file_batches"
        sizes = {"max_chunk_size_tokens": 100, "chunk_overlap_tokens": 0}
        strategy = {"type": "static", "static": sizes}
        body = {"file_ids": [*ids, ids[0]], "attributes": {"a": 1}, "chunking_strategy": strategy}
        batch = client.post(path, json=body).json()
        polls = [client.get(f"{path}/{batch['id']}").json() for _ in range(2)]
        listed = client.get(f"{path}/{batch['id']}/files?order=asc&filter=completed").json()["data"]
    assert batch == {
        "id": batch["id"],
        "object": "vector_store.files_batch",
        "created_at": 5,
        "vector_store_id": store,
        "status": "in_progress",
        "file_counts": {"in_progress": 2, "completed": 0, "failed": 0, "cancelled": 0, "total": 2},
    }
    assert [poll["status"] for poll in polls] == ["in_progress", "completed"]
    assert [file["id"] for file in listed] == ids
    assert (listed[0]["attributes"], listed[0]["chunking_strategy"]) == ({"a": 1}, strategy)


def test_files_of_a_batch_have_settings_of_their_own() -> None:
    with Server() as server, http(server) as client:
        ids = [uploaded(client, b"x") for _ in range(2)]
        store = made(client)["id"]
        files = [{"file_id": ids[0], "attributes": {"a": 1}}, {"file_id": ids[1]}]
        client.post(f"/vector_stores/{store}/file_batches", json={"files": files})
        listed = client.get(f"/vector_stores/{store}/files?order=asc").json()["data"]
    assert [file["attributes"] for file in listed] == [{"a": 1}, {}]


def test_file_batch_fails_only_as_a_whole() -> None:
    with Server() as server, http(server) as client:
        server.indexing(polls=0).fail_indexing(times=3)
        ids = [uploaded(client, b"x") for _ in range(2)]
        path = f"/vector_stores/{made(client)['id']}/file_batches"
        statuses = [client.post(path, json={"file_ids": ids}).json()["status"] for _ in range(2)]
    assert statuses == ["failed", "completed"]


def test_cancelled_file_batch_stops() -> None:
    with Server() as server, http(server) as client:
        path = f"/vector_stores/{made(client)['id']}/file_batches"
        id = client.post(path, json={"file_ids": [uploaded(client, b"x")]}).json()["id"]
        assert client.post(f"{path}/{id}/cancel").json()["status"] == "cancelled"
        assert client.get(f"{path}/{id}").json()["file_counts"]["cancelled"] == 1
        server.indexing(polls=0)
        id = client.post(path, json={"file_ids": [*server.files]}).json()["id"]
        assert client.post(f"{path}/{id}/cancel").json()["status"] == "completed"


@pytest.mark.parametrize("body", [{}, {"file_ids": ["file-1"], "files": [{"file_id": "file-1"}]}])
def test_file_batch_needs_exactly_one_list(body: dict[str, Any]) -> None:
    with Server() as server, http(server) as client:
        answer = client.post(f"/vector_stores/{made(client)['id']}/file_batches", json=body)
    assert refused(answer, 400) == "Exactly one of 'file_ids' and 'files' is needed."


def test_file_batch_of_an_unknown_file_adds_nothing() -> None:
    with Server() as server, http(server) as client:
        store = made(client)["id"]
        body = {"file_ids": [uploaded(client, b"x"), "file-1"]}
        answer = client.post(f"/vector_stores/{store}/file_batches", json=body)
        assert refused(answer, 404) == "No such File object: file-1"
        assert client.get(f"/vector_stores/{store}/files").json()["data"] == []
        answer = client.get(f"/vector_stores/{store}/file_batches/vsfb_1")
    assert refused(answer, 404) == f"No file batch found with id 'vsfb_1' in vector store '{store}'."


# --- search


def test_search_ranks_the_files() -> None:
    with Server() as server, http(server) as client:
        store, (tea, coffee) = filled(server, client)
        found = search(client, store, "How is green tea brewed?")
        assert search(client, store, "How is green tea brewed?") == found
    first, second = found["data"]
    assert first == {
        "file_id": tea,
        "filename": "tea.txt",
        "score": first["score"],
        "attributes": {},
        "content": [{"type": "text", "text": TEXTS["tea.txt"].decode()}],
    }
    assert second["file_id"] == coffee
    assert 1 > first["score"] > second["score"] > 0
    assert {key: found[key] for key in ("object", "search_query", "has_more", "next_page")} == {
        "object": "vector_store.search_results.page",
        "search_query": ["How is green tea brewed?"],
        "has_more": False,
        "next_page": None,
    }


def test_search_keeps_to_its_settings() -> None:
    with Server() as server, http(server) as client:
        store, (tea, _) = filled(server, client)
        client.post(f"/vector_stores/{store}/files/{tea}", json={"attributes": {"hot": True}})
        hot = {"type": "eq", "key": "hot", "value": True}
        assert names(search(client, store, "brewed", filters=hot)) == ["tea.txt"]
        assert names(search(client, store, ["tea", "coffee"], max_num_results=1)) == ["tea.txt"]
        assert names(search(client, store, "green tea", ranking_options={"score_threshold": 0.5})) == [
            "tea.txt"
        ]
        assert names(search(client, store, "brewed", ranking_options={"ranker": "auto"})) == [*TEXTS]


def test_search_finds_no_file_that_has_gone() -> None:
    with Server(now=0) as server, http(server) as client:
        server.indexing(polls=0)
        expiry = {"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}
        store = made(client, file_ids=[uploaded(client, b"tea", **expiry)])["id"]
        server.now = 3600
        assert search(client, store, "tea")["data"] == []


def test_search_looks_at_a_bounded_text(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_vector_store_operations, "MAX_SEARCHED_CHARS", len(TEXTS["tea.txt"]))
    with Server() as server, http(server) as client:
        store, _ = filled(server, client)
        assert names(search(client, store, "brewed")) == ["tea.txt"]


@pytest.mark.parametrize("query", ["", [], ["", " "]])
def test_empty_query_is_refused(query: Any) -> None:
    with Server() as server, http(server) as client:
        answer = client.post(f"/vector_stores/{made(client)['id']}/search", json={"query": query})
    assert refused(answer, 400) == "Invalid 'query': it must not be empty."


@pytest.mark.parametrize("depth", [300, 900])
def test_filter_that_nests_too_deeply_is_refused(depth: int) -> None:
    leaf = '{"type":"eq","key":"a","value":1}'
    deep = '{"type":"and","filters":[' * depth + leaf + "]}" * depth
    with Server() as server, http(server) as client:
        body = f'{{"query":"tea","filters":{deep}}}'
        headers = {"content-type": "application/json"}
        answer = client.post(f"/vector_stores/{made(client)['id']}/search", content=body, headers=headers)
    assert refused(answer, 400) in (
        "The JSON of the request is nested too deeply.",
        "We could not parse the JSON body of your request.",
    )
