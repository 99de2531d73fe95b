"""`client.webhooks`: the generated endpoints, and the check of what is sent to yours."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .. import _webhook_signatures
from ._webhooks import AsyncWebhooksOperations, WebhooksOperations

if TYPE_CHECKING:
    from .._client import AsyncClient, Client
    from .._webhook_signatures import WebhookHeaders
    from ..models import WebhookEvent

__all__ = ["AsyncWebhooks", "Webhooks"]


class Webhooks(WebhooksOperations):
    """Check and read webhooks; say where they are sent."""

    def verify_signature(
        self,
        payload: bytes | str,
        headers: WebhookHeaders,
        secret: str | None = None,
        tolerance: float = _webhook_signatures.TOLERANCE,
    ) -> None:
        """Check that a webhook is signed with the secret, by the rules of Standard Webhooks.

        Nothing is sent, and nothing remembers which webhooks came before: one that is delivered twice has the same
        `webhook-id`.

        Args:
            payload: The body of the request as it came, before any parsing.
            headers: Its headers: any mapping, or pairs as ASGI has them; names in any case.
            secret: The secret of the endpoint, `whsec_...`; by default `webhook_secret` of the client.
            tolerance: Seconds that the time of signing and the clock here may differ, in either direction.

        Raises:
            WebhookSignatureError: It is not signed with the secret, or not at this time; the text says which.
            ConfigurationError: There is no secret, or one that cannot work.
            RequestValidationError: The tolerance is not a number of seconds from 0.
            TypeError: Something else was passed than the body and the headers.
        """
        _verify(self._client, payload, headers, secret, tolerance)

    def unwrap(
        self,
        payload: bytes | str,
        headers: WebhookHeaders,
        secret: str | None = None,
        tolerance: float = _webhook_signatures.TOLERANCE,
    ) -> WebhookEvent:
        """Check the signature of a webhook, and return the event in it.

        Arguments and errors are those of `verify_signature`, and:

        Raises:
            ResponseValidationError: The body is signed but no JSON object or, with `strict`, a malformed event.
        """
        return _unwrap(self._client, payload, headers, secret, tolerance)


class AsyncWebhooks(AsyncWebhooksOperations):
    """Check and read webhooks; say where they are sent.

    `verify_signature` and `unwrap` ask no server: they return at once and are not awaited.
    """

    def verify_signature(
        self,
        payload: bytes | str,
        headers: WebhookHeaders,
        secret: str | None = None,
        tolerance: float = _webhook_signatures.TOLERANCE,
    ) -> None:
        """Check that a webhook is signed with the secret; see `Webhooks.verify_signature`."""
        _verify(self._client, payload, headers, secret, tolerance)

    def unwrap(
        self,
        payload: bytes | str,
        headers: WebhookHeaders,
        secret: str | None = None,
        tolerance: float = _webhook_signatures.TOLERANCE,
    ) -> WebhookEvent:
        """Check the signature of a webhook, and return the event in it; see `Webhooks.unwrap`."""
        return _unwrap(self._client, payload, headers, secret, tolerance)


def _verify(
    client: Client | AsyncClient,
    payload: bytes | str,
    headers: WebhookHeaders,
    secret: str | None,
    tolerance: float,
) -> None:
    settings = client._settings  # pyright: ignore[reportPrivateUsage]  # the client's own resource
    _webhook_signatures.verify(
        payload, headers, settings.webhook_secret if secret is None else secret, tolerance
    )


def _unwrap(
    client: Client | AsyncClient,
    payload: bytes | str,
    headers: WebhookHeaders,
    secret: str | None,
    tolerance: float,
) -> WebhookEvent:
    settings = client._settings  # pyright: ignore[reportPrivateUsage]  # the client's own resource
    secret = settings.webhook_secret if secret is None else secret
    return _webhook_signatures.unwrap(payload, headers, secret, tolerance, strict=settings.strict)
