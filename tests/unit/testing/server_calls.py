"""Calls of the embedded server, most of them with plain httpx, and readers of its answers."""

from __future__ import annotations

import json
from typing import Any

import httpx

from responses_client.testing import AsyncServer, Server

KEY = {"authorization": "Bearer test-key"}


def http(server: Server, **options: Any) -> httpx.Client:
    return httpx.Client(transport=server.transport(), base_url=server.base_url, **{"headers": KEY, **options})


def async_http(server: Server, **options: Any) -> httpx.AsyncClient:
    return httpx.AsyncClient(
        transport=server.async_transport(), base_url=server.base_url, **{"headers": KEY, **options}
    )


def create(server: Server, **body: Any) -> httpx.Response:
    """Send `POST /responses`, with a default model and input."""
    with http(server) as client:
        return client.post("/responses", json={"model": "m", "input": "Hi", **body})


def created(server: Server, **body: Any) -> dict[str, Any]:
    """Return the response to a request, which must succeed."""
    response = create(server, **body)
    assert response.status_code == 200, response.text
    return dict(response.json())


def streamed(server: Server, **body: Any) -> list[dict[str, Any]]:
    """Return the events of a streamed response."""
    return events(create(server, stream=True, **body).text)


def events(body: str) -> list[dict[str, Any]]:
    """Return the events in a body, after checking that each is named by its type."""
    found: list[dict[str, Any]] = []
    for block in body.split("\n\n")[:-1]:
        name, data = block.split("\n")
        event = json.loads(data.removeprefix("data: "))
        assert name == f"event: {event['type']}"
        found.append(event)
    return found


def text_of(response: dict[str, Any]) -> str:
    """Return all text in the output of a response."""
    return "".join(part.get("text", "") for item in response["output"] for part in item.get("content", ()))


def types_of(response: dict[str, Any]) -> list[str]:
    """Return the types of the output items."""
    return [item["type"] for item in response["output"]]


async def asked(server: AsyncServer, **options: object) -> str:
    """Return the text of the answer to a new client of an async server."""
    response = await server.client(**options).responses.create(model="m", input="Hi")
    return response.output_text


def upload(client: httpx.Client, content: bytes, name: str = "a.txt", **fields: str) -> httpx.Response:
    """Send `POST /files`, with the purpose `user_data` if no other is given."""
    return client.post("/files", data={"purpose": "user_data", **fields}, files={"file": (name, content)})


def uploaded(client: httpx.Client, content: bytes, name: str = "a.txt", **fields: str) -> str:
    """Return the id of an uploaded file."""
    answer = upload(client, content, name, **fields)
    assert answer.status_code == 200, answer.text
    return str(answer.json()["id"])


def refused(answer: httpx.Response, status: int) -> str:
    """Return the message of an answer that must be an error of a status."""
    assert answer.status_code == status, answer.text
    return str(answer.json()["error"]["message"])
