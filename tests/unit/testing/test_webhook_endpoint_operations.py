"""Webhook endpoints of the embedded server."""

from __future__ import annotations

import base64
from typing import Any

import httpx
import pytest
from server_calls import async_http, http

from responses_client.testing import Server

ENDPOINT = {"name": "Mine", "url": "https://example.com/hook", "event_types": ["response.completed"]}


def made(server: Server, **changes: Any) -> dict[str, Any]:
    with http(server) as client:
        response = client.post("/webhook_endpoints", json={**ENDPOINT, **changes})
    assert response.status_code == 200, response.text
    return dict(response.json())


def test_endpoint_shows_its_secret_once() -> None:
    with Server(now=100) as server, http(server) as client:
        endpoint = made(server)
        secret = endpoint.pop("signing_secret")
        assert secret.startswith("whsec_")
        assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
        assert client.get(f"/webhook_endpoints/{endpoint['id']}").json() == endpoint
    assert endpoint == {
        **ENDPOINT,
        "id": endpoint["id"],
        "object": "webhook_endpoint",
        "created_at": 100,
        "updated_at": 100,
        "signing_secret_hint": f"whsec_...{secret[-4:]}",
    }


async def test_endpoint_is_kept_async() -> None:
    with Server() as server:
        async with async_http(server) as client:
            id = (await client.post("/webhook_endpoints", json=ENDPOINT)).json()["id"]
            assert (await client.get(f"/webhook_endpoints/{id}")).json()["name"] == "Mine"


def test_endpoints_are_listed_newest_first_in_pages() -> None:
    with Server() as server, http(server) as client:
        ids = [made(server, name=str(n))["id"] for n in range(3)]
        first = client.get("/webhook_endpoints?limit=2").json()
        rest = client.get(f"/webhook_endpoints?limit=2&after={first['last_id']}").json()
    assert [endpoint["id"] for endpoint in first["data"]] == [ids[2], ids[1]]
    assert (first["object"], first["first_id"], first["has_more"]) == ("list", ids[2], True)
    assert ([endpoint["name"] for endpoint in rest["data"]], rest["has_more"]) == (["0"], False)
    assert "signing_secret" not in first["data"][0]


def test_update_changes_what_is_given_and_the_time() -> None:
    with Server(now=100) as server, http(server) as client:
        id = made(server)["id"]
        server.now = 200
        same = client.post(f"/webhook_endpoints/{id}", json={"name": "Mine"}).json()
        assert same == client.post(f"/webhook_endpoints/{id}").json()
        changed = client.post(f"/webhook_endpoints/{id}", json={"url": "https://example.com/new"}).json()
        assert client.get(f"/webhook_endpoints/{id}").json() == changed
    assert (same["name"], same["updated_at"]) == ("Mine", 100)
    assert (changed["url"], changed["updated_at"], changed["created_at"]) == (
        "https://example.com/new",
        200,
        100,
    )


@pytest.mark.parametrize("body", [None, {"keep_old_secret_active_for_24_hours": True}])
def test_rotation_gives_another_secret(body: Any) -> None:
    with Server(now=100) as server, http(server) as client:
        endpoint = made(server)
        server.now = 200
        rotated = client.post(f"/webhook_endpoints/{endpoint['id']}/rotate_secret", json=body).json()
        kept = client.get(f"/webhook_endpoints/{endpoint['id']}").json()
    assert rotated["signing_secret"] != endpoint["signing_secret"]
    assert kept == {key: value for key, value in rotated.items() if key != "signing_secret"}
    assert (kept["updated_at"], kept["signing_secret_hint"][-4:]) == (200, rotated["signing_secret"][-4:])


def test_test_says_that_the_endpoint_answered() -> None:
    with Server() as server, http(server) as client:
        id = made(server)["id"]
        result = client.post(f"/webhook_endpoints/{id}/test", json={"event_type": "response.failed"})
    assert result.json() == {
        "object": "webhook_endpoint.test",
        "webhook_endpoint_id": id,
        "event_type": "response.failed",
        "status_code": 200,
        "success": True,
    }


def test_deleted_endpoint_is_gone() -> None:
    with Server() as server, http(server) as client:
        id = made(server)["id"]
        path = f"/webhook_endpoints/{id}"
        assert client.delete(path).json() == {"id": id, "object": "webhook_endpoint.deleted", "deleted": True}
        again: list[httpx.Response] = [
            client.get(path),
            client.post(path, json={}),
            client.delete(path),
            client.post(f"{path}/rotate_secret"),
            client.post(f"{path}/test", json={"event_type": "response.failed"}),
        ]
    assert [response.status_code for response in again] == [404] * 5
    messages = {response.json()["error"]["message"] for response in again}
    assert messages == {f"Webhook endpoint with id '{id}' not found."}


def test_event_types_are_those_that_can_be_subscribed_to() -> None:
    with Server() as server, http(server) as client:
        types = client.get("/webhook_event_types").json()
        assert types["object"] == "list"
        assert {"response.completed", "batch.failed", "safety.alert.created"} < {*types["data"]}
        assert len(types["data"]) == 27
        assert made(server, event_types=types["data"])["event_types"] == types["data"]


@pytest.mark.parametrize(
    ("path", "body", "param", "code"),
    [
        ("", {**ENDPOINT, "url": "http://example.com"}, "url", "invalid_value"),
        ("", {**ENDPOINT, "url": 1}, "url", "invalid_type"),
        ("", {**ENDPOINT, "name": ""}, "name", "string_below_min_length"),
        ("", {**ENDPOINT, "event_types": []}, "event_types", "array_below_min_length"),
        ("", {**ENDPOINT, "event_types": ["response.created"]}, "event_types[0]", "invalid_value"),
        ("", {"name": "Mine"}, "url", "missing_required_parameter"),
        ("/{id}", {"name": None}, "name", "invalid_type"),
        ("/{id}", {"secret": "x"}, "secret", "unknown_parameter"),
        ("/{id}/test", {}, "event_type", "missing_required_parameter"),
        ("/{id}/test", {"event_type": "x"}, "event_type", "invalid_value"),
        ("/{id}/rotate_secret", {"keep_old_secret_active_for_24_hours": 1}, None, "invalid_type"),
    ],
)
def test_bad_request_is_refused(path: str, body: Any, param: str | None, code: str) -> None:
    with Server() as server, http(server) as client:
        id = made(server)["id"]
        refused = client.post("/webhook_endpoints" + path.format(id=id), json=body)
    assert refused.status_code == 400
    error = refused.json()["error"]
    assert (error["param"], error["code"]) == (param or "keep_old_secret_active_for_24_hours", code)


@pytest.mark.parametrize("query", ["limit=0", "after=we_x"])
def test_bad_page_is_refused(query: str) -> None:
    with Server() as server, http(server) as client:
        assert client.get(f"/webhook_endpoints?{query}").status_code == 400
