"""Webhooks, as type checkers see them."""

from collections.abc import Mapping
from typing import Any, assert_never, assert_type

import httpx

from responses_client import AsyncClient, AsyncPage, Client, Page
from responses_client.models import (
    DeletedWebhookEndpoint,
    ResponseCancelledWebhookEvent,
    ResponseCompletedWebhookEvent,
    ResponseFailedWebhookEvent,
    ResponseIncompleteWebhookEvent,
    UnknownWebhookData,
    UnknownWebhookEvent,
    WebhookEndpoint,
    WebhookEndpointTestResult,
    WebhookEndpointWithSecret,
    WebhookEvent,
    WebhookEventData,
    WebhookEventTypeList,
)
from responses_client.testing import Server, Webhook, sign_webhook


def headers_may_come_in_many_forms(
    client: Client,
    mapping: Mapping[str, str],
    of_httpx: httpx.Headers,
    lists: dict[str, list[str]],
    of_asgi: list[tuple[bytes, bytes]],
) -> None:
    for headers in (mapping, of_httpx, lists, of_asgi):
        client.webhooks.verify_signature(b"{}", headers)
    assert_type(client.webhooks.unwrap("{}", mapping), WebhookEvent)


def arguments_may_be_named(client: Client, headers: Mapping[str, str]) -> None:
    assert_type(client.webhooks.unwrap(payload=b"{}", headers=headers, secret="whsec_"), WebhookEvent)
    client.webhooks.verify_signature(payload=b"{}", headers=headers, secret="whsec_", tolerance=60)


def there_may_be_several_secrets(headers: Mapping[str, str], new: str, old: str) -> None:
    client = Client(webhook_secret=[new, old]).with_options(webhook_secret=(new, old))
    client.webhooks.verify_signature(b"{}", headers, [new, old])
    AsyncClient(webhook_secret=[new, old]).webhooks.unwrap(b"{}", headers, secret=(new, old))
    client.webhooks.unwrap(b"{}", headers, secret=[3])  # type: ignore[list-item]  # pyright: ignore[reportArgumentType]


def endpoints(client: Client) -> None:
    made = client.webhooks.create(name="n", url="https://example.com", event_types=["response.completed"])
    assert_type(made, WebhookEndpointWithSecret)
    assert_type(made.signing_secret, str)
    assert_type(client.webhooks.retrieve(made.id), WebhookEndpoint)
    assert_type(client.webhooks.update(made.id, event_types=["batch.completed"]), WebhookEndpoint)
    assert_type(client.webhooks.list(limit=5), Page[WebhookEndpoint])
    assert_type(client.webhooks.rotate_secret(made.id), WebhookEndpointWithSecret)
    tested = client.webhooks.test(made.id, event_type="response.completed")
    assert_type(tested, WebhookEndpointTestResult)
    assert_type(client.webhooks.event_types.list(), WebhookEventTypeList)
    assert_type(client.webhooks.delete(made.id), DeletedWebhookEndpoint)
    client.webhooks.create(name="n")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def endpoints_in_async(client: AsyncClient) -> None:
    assert_type(await client.webhooks.retrieve("we_1"), WebhookEndpoint)
    assert_type(await client.webhooks.list(), AsyncPage[WebhookEndpoint])
    async for endpoint in client.webhooks.list():
        assert_type(endpoint, WebhookEndpoint)


async def the_async_client_does_not_wait(client: AsyncClient, headers: Mapping[str, str]) -> None:
    assert_type(client.webhooks.unwrap(b"{}", headers), WebhookEvent)
    client.webhooks.verify_signature(b"{}", headers)


def every_event_can_be_described(event: WebhookEvent) -> str:
    match event:
        case (
            ResponseCompletedWebhookEvent()
            | ResponseFailedWebhookEvent()
            | ResponseIncompleteWebhookEvent()
            | ResponseCancelledWebhookEvent()
        ):
            assert_type(event.data, WebhookEventData)
            return event.data.id
        case UnknownWebhookEvent():
            assert_type(event.data, UnknownWebhookData)
            assert_type(event.data.id, str | None)
            assert_type(event.data["id"], Any)
            assert_type(event.id, str | None)
            return event.wire_type or ""
        case _:
            assert_never(event)


def the_id_of_the_subject_needs_no_class(event: WebhookEvent) -> None:
    assert_type(event.data.id, str | None)


def the_server_makes_them(server: Server, client: Client) -> None:
    response = client.responses.create(model="gpt-5-mini", input="Hi")
    webhook = server.webhook(response)
    assert_type(webhook, Webhook)
    assert_type(webhook.body, bytes)
    assert_type(webhook.headers, dict[str, str])
    assert_type(sign_webhook(b"{}"), dict[str, str])
    server.webhook({"id": "resp_1", "status": "failed"})
    server.webhook("resp_1", type="response.failed", secret="whsec_aGVsbG8=")
