"""Containers of the embedded server, and their files."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from server_calls import http, refused, uploaded

from responses_client.testing import Server


def made(client: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = client.post("/containers", json={"name": "Mine", **body})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_new_container_is_shown_as_the_api_shows_it() -> None:
    with Server(now=100) as server, http(server) as client:
        container = made(client)
        assert client.get(f"/containers/{container['id']}").json() == container
    assert container == {
        "id": container["id"],
        "object": "container",
        "created_at": 100,
        "status": "running",
        "expires_after": {"anchor": "last_active_at", "minutes": 20},
        "last_active_at": 100,
        "memory_limit": "1g",
        "name": "Mine",
        "network_policy": {"type": "disabled"},
    }
    assert server.containers == {container["id"]: container}


def test_settings_are_kept_but_for_secrets() -> None:
    secret = {"domain": "example.com", "name": "KEY", "value": "hush"}
    policy = {"type": "allowlist", "allowed_domains": ["example.com"], "domain_secrets": [secret]}
    expiry = {"anchor": "last_active_at", "minutes": 1}
    with Server() as server, http(server) as client:
        container = made(client, memory_limit="4g", expires_after=expiry, network_policy=policy)
    assert (container["memory_limit"], container["expires_after"]) == ("4g", expiry)
    assert container["network_policy"] == {"type": "allowlist", "allowed_domains": ["example.com"]}


def test_containers_are_listed_by_name() -> None:
    with Server() as server, http(server) as client:
        ids = [made(client, name=name)["id"] for name in "aba"]
        listed = client.get("/containers?name=a&order=asc").json()["data"]
        everything = client.get("/containers?limit=2").json()
    assert [each["id"] for each in listed] == [ids[0], ids[2]]
    assert ([each["id"] for each in everything["data"]], everything["has_more"]) == ([ids[2], ids[1]], True)


def test_container_expires_with_its_files_when_nobody_uses_it() -> None:
    with Server(now=0) as server, http(server) as client:
        path = f"/containers/{made(client)['id']}"
        server.now = 1199
        assert client.get(f"{path}/files").status_code == 200
        server.now = 2398
        assert client.get(path).json()["status"] == "running"
        server.now = 2399
        assert client.get(path).json()["status"] == "expired"
        for answer in (
            client.get(f"{path}/files"),
            client.get(f"{path}/files/cfile_1"),
            client.get(f"{path}/files/cfile_1/content"),
            client.delete(f"{path}/files/cfile_1"),
            client.post(f"{path}/files", files={"file": b"x"}),
        ):
            assert refused(answer, 400) == "Container is expired."


def test_deleted_container_is_gone_and_frees_its_room() -> None:
    with Server() as server, http(server) as client:
        server.limit_files(max_total_bytes=3)
        id = made(client)["id"]
        client.post(f"/containers/{id}/files", files={"file": ("a.txt", b"123")})
        deleted = client.delete(f"/containers/{id}").json()
        assert deleted == {"id": id, "object": "container.deleted", "deleted": True}
        assert refused(client.get(f"/containers/{id}"), 404) == f"Container with id '{id}' not found."
        uploaded(client, b"123")


def test_uploaded_file_is_in_the_container() -> None:
    with Server(now=7) as server, http(server) as client:
        container = made(client)["id"]
        path = f"/containers/{container}/files"
        file = client.post(path, files={"file": ("a/b.csv", b"1,2\r\n")}).json()
        assert client.get(f"{path}/{file['id']}").json() == file
        content = client.get(f"{path}/{file['id']}/content")
        assert client.get(path).json()["data"] == [file]
    assert file == {
        "id": file["id"],
        "object": "container.file",
        "created_at": 7,
        "bytes": 5,
        "container_id": container,
        "path": "/mnt/data/b.csv",
        "source": "user",
    }
    assert (content.content, content.headers["content-type"]) == (b"1,2\r\n", "application/octet-stream")


def test_stored_files_are_copied_by_their_ids() -> None:
    with Server() as server, http(server) as client:
        ids = [uploaded(client, name.encode(), name) for name in ("a.txt", "b.txt", "c.txt")]
        path = f"/containers/{made(client, file_ids=ids[:1])['id']}/files"
        client.post(path, json={"file_id": ids[1]})
        client.post(path, files={"file_id": (None, ids[2])})
        listed = client.get(f"{path}?order=asc").json()["data"]
        for id in ids:
            client.delete(f"/files/{id}")
        texts = [client.get(f"{path}/{file['id']}/content").text for file in listed]
    assert [file["path"] for file in listed] == ["/mnt/data/a.txt", "/mnt/data/b.txt", "/mnt/data/c.txt"]
    assert texts == ["a.txt", "b.txt", "c.txt"]


def test_file_of_the_same_path_is_replaced() -> None:
    with Server() as server, http(server) as client:
        path = f"/containers/{made(client)['id']}/files"
        for content in (b"1", b"2"):
            client.post(path, files={"file": ("a.txt", content)})
        (file,) = client.get(path).json()["data"]
        assert client.get(f"{path}/{file['id']}/content").content == b"2"


def test_deleted_file_leaves_the_container() -> None:
    with Server() as server, http(server) as client:
        path = f"/containers/{made(client)['id']}/files"
        id = client.post(path, files={"file": ("a.txt", b"x")}).json()["id"]
        deleted = client.delete(f"{path}/{id}").json()
        assert deleted == {"id": id, "object": "container.file.deleted", "deleted": True}
        assert refused(client.get(f"{path}/{id}"), 404) == f"Container file with id '{id}' not found."
    with pytest.raises(KeyError):
        server.file_content(id)


@pytest.mark.parametrize(
    ("sent", "status", "message"),
    [
        ({"json": {}}, 400, "Missing required parameter: 'file'."),
        ({"files": {}, "data": {}}, 415, "Unsupported content type: ''."),
        ({"files": {"file": b"x", "file_id": (None, "file-1")}}, 400, "Only one of 'file' and 'file_id' may"),
        ({"json": {"file_id": "file-1"}}, 404, "No such File object: file-1"),
        ({"json": {"color": "red"}}, 400, "Unknown parameter: 'color'."),
    ],
)
def test_wrong_file_is_refused(sent: dict[str, Any], status: int, message: str) -> None:
    with Server() as server, http(server) as client:
        answer = client.post(f"/containers/{made(client)['id']}/files", **sent)
    assert refused(answer, status).startswith(message)


@pytest.mark.parametrize(
    ("body", "status", "param"),
    [
        ({"name": ""}, 400, "name"),
        ({"name": "a", "memory_limit": "2g"}, 400, "memory_limit"),
        (
            {"name": "a", "expires_after": {"anchor": "last_active_at", "minutes": 0}},
            400,
            "expires_after.minutes",
        ),
        ({"name": "a", "file_ids": ["file-1"]}, 404, "file_ids"),
    ],
)
def test_wrong_container_is_refused(body: dict[str, Any], status: int, param: str) -> None:
    with Server() as server, http(server) as client:
        answer = client.post("/containers", json=body)
    assert (answer.status_code, answer.json()["error"]["param"]) == (status, param)
    assert server.containers == {}


def test_test_can_add_a_file_that_code_has_made() -> None:
    with Server() as server, http(server) as client:
        plot = server.add_container_file("plot.png", b"\x89PNG")
        table = server.add_container_file("table.csv", "1,2", container_id="cntr_1")
        assert (plot["container_id"], plot["source"], plot["path"]) == (
            "cntr_1",
            "assistant",
            "/mnt/data/plot.png",
        )
        content = client.get(f"/containers/cntr_1/files/{plot['id']}/content").content
    assert content == server.file_content(plot["id"]) == b"\x89PNG"
    assert server.file_content(table["id"]) == b"1,2"
