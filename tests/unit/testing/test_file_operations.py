"""Files of the embedded server: uploads, lists, downloads, and their refusals."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from server_calls import async_http, http, refused, upload, uploaded

from responses_client.testing import Server

EXPIRY = {"expires_after[anchor]": "created_at", "expires_after[seconds]": "3600"}


def test_uploaded_file_is_kept() -> None:
    with Server(now=100) as server, http(server) as client:
        file = upload(client, b"Tea.", "tea.txt").json()
        assert client.get(f"/files/{file['id']}").json() == file
    assert file == {
        "id": file["id"],
        "object": "file",
        "bytes": 4,
        "created_at": 100,
        "expires_at": None,
        "filename": "tea.txt",
        "purpose": "user_data",
        "status": "processed",
        "status_details": None,
    }
    assert file["id"].startswith("file-")
    assert server.files == {file["id"]: file}
    assert server.file_content(file["id"]) == b"Tea."


async def test_uploaded_file_is_kept_async() -> None:
    with Server() as server:
        async with async_http(server) as client:
            files = {"file": ("tea.txt", b"Tea.")}
            made = (await client.post("/files", data={"purpose": "evals"}, files=files)).json()
            assert (await client.get(f"/files/{made['id']}/content")).content == b"Tea."


def test_content_comes_back_as_it_went_in() -> None:
    content = bytes(range(256)) * 20
    with Server() as server, http(server) as client:
        answer = client.get(f"/files/{uploaded(client, content, 'ä b.bin', purpose='vision')}/content")
    assert answer.content == content
    assert answer.headers["content-type"] == "application/octet-stream"
    assert answer.headers["content-length"] == str(len(content))
    assert answer.headers["content-disposition"] == "attachment; filename*=UTF-8''%C3%A4%20b.bin"


@pytest.mark.parametrize("purpose", ["assistants", "user_data"])
def test_documents_are_not_given_out(purpose: str) -> None:
    with Server() as server, http(server) as client:
        answer = client.get(f"/files/{uploaded(client, b'x', purpose=purpose)}/content")
    assert refused(answer, 400) == f"Not allowed to download files of purpose: {purpose}"


def test_files_are_listed_newest_first_in_pages_and_by_purpose() -> None:
    with Server() as server, http(server) as client:
        ids = [uploaded(client, b"x", purpose=purpose) for purpose in ("vision", "evals", "vision")]
        first = client.get("/files?limit=2").json()
        rest = client.get(f"/files?limit=2&after={first['last_id']}").json()
        vision = client.get("/files?purpose=vision&order=asc&limit=10000").json()
        assert refused(client.get("/files?limit=10001"), 400).startswith("Invalid 'limit'")
    assert [file["id"] for file in first["data"]] == [ids[2], ids[1]]
    assert (first["has_more"], rest["has_more"], [file["id"] for file in rest["data"]]) == (
        True,
        False,
        ids[:1],
    )
    assert [file["id"] for file in vision["data"]] == [ids[0], ids[2]]


def test_deleted_file_is_gone_everywhere() -> None:
    with Server() as server, http(server) as client:
        id = uploaded(client, b"Tea.")
        store = client.post("/vector_stores", json={"file_ids": [id]}).json()["id"]
        assert client.delete(f"/files/{id}").json() == {"id": id, "object": "file", "deleted": True}
        for path in (f"/files/{id}", f"/files/{id}/content"):
            assert refused(client.get(path), 404) == f"No such File object: {id}"
        assert refused(client.delete(f"/files/{id}"), 404) == f"No such File object: {id}"
        assert client.get(f"/vector_stores/{store}/files").json()["data"] == []
    with pytest.raises(KeyError):
        server.file_content(id)


def test_file_expires() -> None:
    with Server(now=100) as server, http(server) as client:
        id = uploaded(client, b"x", **EXPIRY)
        assert client.get(f"/files/{id}").json()["expires_at"] == 3700
        server.now = 3699
        assert len(client.get("/files").json()["data"]) == 1
        server.now = 3700
        assert refused(client.get(f"/files/{id}"), 404) == f"No such File object: {id}"
        assert client.get("/files").json()["data"] == []


@pytest.mark.parametrize(
    ("changes", "param"),
    [
        ({"expires_after[seconds]": "3599"}, "expires_after.seconds"),
        ({"expires_after[seconds]": "9" * 5000}, "expires_after.seconds"),
        ({"expires_after[seconds]": "an hour"}, "expires_after.seconds"),
        ({"expires_after[anchor]": "now"}, "expires_after.anchor"),
        ({"expires_after[anchor]": None}, "expires_after.anchor"),
        ({"expires_after[seconds]": None}, "expires_after.seconds"),
    ],
)
def test_wrong_expiry_is_refused(changes: dict[str, Any], param: str) -> None:
    fields = {key: value for key, value in {**EXPIRY, **changes}.items() if value is not None}
    with Server() as server, http(server) as client:
        answer = upload(client, b"x", **fields)
    assert answer.status_code == 400
    assert answer.json()["error"]["param"] == param


@pytest.mark.parametrize(
    ("name", "content", "purpose", "message"),
    [
        ("a.txt", b"x", "poetry", "Invalid value: 'poetry'. Supported values are: 'assistants', 'batch',"),
        ("a.txt", b"x", "batch", "Invalid file format for Batch API. Must be .jsonl"),
        ("a.txt", b"", "evals", "File is empty."),
    ],
)
def test_wrong_file_is_refused(name: str, content: bytes, purpose: str, message: str) -> None:
    with Server() as server, http(server) as client:
        assert refused(upload(client, content, name, purpose=purpose), 400).startswith(message)
    assert server.files == {}


@pytest.mark.parametrize("missing", ["file", "purpose"])
def test_incomplete_upload_is_refused(missing: str) -> None:
    form = {"file": ("a.txt", b"x"), "purpose": (None, b"evals")}
    del form[missing]
    with Server() as server, http(server) as client:
        assert refused(client.post("/files", files=form), 400) == f"Missing required parameter: '{missing}'."


def test_file_that_is_too_large_is_refused() -> None:
    with Server() as server, http(server) as client:
        server.limit_files(max_bytes=3)
        assert "4 bytes, the maximum is 3" in refused(upload(client, b"1234"), 413)
        assert upload(client, b"123").status_code == 200


def test_storage_that_is_full_has_room_again_after_a_deletion() -> None:
    with Server() as server, http(server) as client:
        server.limit_files(max_total_bytes=5)
        id = uploaded(client, b"123")
        answer = upload(client, b"123")
        assert "all files together may have 5 bytes" in refused(answer, 400)
        assert answer.json()["error"]["code"] == "storage_limit_exceeded"
        client.delete(f"/files/{id}")
        assert upload(client, b"12345").status_code == 200


def test_test_can_add_a_file() -> None:
    with Server() as server, http(server) as client:
        id = server.add_file("a.txt", "Tea.", purpose="evals")
        assert client.get(f"/files/{id}/content").text == "Tea."
        with pytest.raises(ValueError, match=r"purpose must be one of assistants, batch, .* got 'poetry'"):
            server.add_file("a.txt", b"", purpose="poetry")


@pytest.mark.parametrize("limit", ["max_bytes", "max_total_bytes"])
def test_negative_limit_is_refused(limit: str) -> None:
    with pytest.raises(ValueError, match=f"{limit} must be at least 0"):
        Server().limit_files(**{limit: -1})


def test_download_that_breaks_off_arrives_in_part() -> None:
    with Server() as server, http(server) as client:
        id = uploaded(client, b"12345678", purpose="evals")
        server.disconnect_after(1)
        with client.stream("GET", f"/files/{id}/content") as answer:
            pieces = answer.iter_bytes()
            assert next(pieces) == b"1234"
            with pytest.raises(httpx.ReadError):
                next(pieces)
