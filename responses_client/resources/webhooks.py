"""`client.webhooks`: the generated methods for endpoints, and the check of received webhooks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from .. import _webhook_signatures
from .._base.error_frames import Hidden
from .._base.public import resource
from ._webhooks import AsyncWebhooksOperations, WebhooksOperations

if TYPE_CHECKING:
    from .._client_core import AsyncCore, SyncCore
    from .._webhook_signatures import WebhookHeaders
    from ..models import WebhookEvent

__all__ = ["AsyncWebhooks", "Webhooks"]


@resource("client.webhooks")
class Webhooks(WebhooksOperations):
    """The methods of `client.webhooks`: verify and read received webhooks, and manage their endpoints."""

    def verify_signature(
        self,
        payload: bytes | str,
        headers: WebhookHeaders,
        secret: str | Sequence[str] | None = None,
        tolerance: float = _webhook_signatures.TOLERANCE,
    ) -> None:
        """Raise an error unless a webhook is signed with the secret, by the rules of Standard Webhooks.

        Nothing is sent. The client keeps no record of webhooks: one that is delivered twice has the same
        `webhook-id`.

        Args:
            payload: The body of the request as received, before any parsing.
            headers: The headers of the request: a mapping, or pairs as in ASGI; names in any case.
            secret: The secret of the endpoint, `whsec_...`, or a list of several, one of which must have
                signed; by default the option `webhook_secret` of the client.
            tolerance: Seconds that the time of signing may differ from the local clock, in either direction;
                300 by default.

        Raises:
            WebhookSignatureError: The webhook is not signed with the secret, or too long ago; the message
                says which.
            ConfigurationError: There is no secret, or it is not valid, or shorter than 16 bytes.
            RequestValidationError: `tolerance` is not a number of seconds from 0.
            TypeError: `payload` or `headers` has the wrong type.
        """
        hidden = Hidden(secret)
        del secret  # which the frame of an error would show
        _verify(self._core, payload, headers, hidden, tolerance)

    def unwrap(
        self,
        payload: bytes | str,
        headers: WebhookHeaders,
        secret: str | Sequence[str] | None = None,
        tolerance: float = _webhook_signatures.TOLERANCE,
    ) -> WebhookEvent:
        """Verify the signature of a webhook, and return its event.

            event = client.webhooks.unwrap(await request.body(), request.headers)

        Args:
            payload: The body of the webhook as it came.
            headers: The headers of the webhook.
            secret: The secret, as for `verify_signature`.
            tolerance: Seconds that the time of signing may differ from the local clock, as for
                `verify_signature`.

        Returns:
            WebhookEvent: The event; an `UnknownWebhookEvent` if its type is not known.

        Raises:
            WebhookSignatureError: The webhook is not signed with the secret, or too long ago.
            ConfigurationError: There is no secret, or it is not valid, or shorter than 16 bytes.
            ResponseValidationError: The body is signed, but it is not a JSON object or, with the option
                `strict`, not a well-formed event. Here it is a `ValueError` as well.
            TypeError: `payload` or `headers` has the wrong type.
        """
        hidden = Hidden(secret)
        del secret  # which the frame of an error would show
        return _unwrap(self._core, payload, headers, hidden, tolerance)


@resource("client.webhooks", like=Webhooks)
class AsyncWebhooks(AsyncWebhooksOperations):
    """The methods of `client.webhooks` of an `AsyncClient`; see `Webhooks`.

    `verify_signature` and `unwrap` send no request, and are not awaited.
    """

    def verify_signature(
        self,
        payload: bytes | str,
        headers: WebhookHeaders,
        secret: str | Sequence[str] | None = None,
        tolerance: float = _webhook_signatures.TOLERANCE,
    ) -> None:
        """Raise an error unless a webhook is signed with the secret; see `Webhooks.verify_signature`."""
        hidden = Hidden(secret)
        del secret  # which the frame of an error would show
        _verify(self._core, payload, headers, hidden, tolerance)

    def unwrap(
        self,
        payload: bytes | str,
        headers: WebhookHeaders,
        secret: str | Sequence[str] | None = None,
        tolerance: float = _webhook_signatures.TOLERANCE,
    ) -> WebhookEvent:
        """Verify the signature of a webhook, and return its event; see `Webhooks.unwrap`."""
        hidden = Hidden(secret)
        del secret  # which the frame of an error would show
        return _unwrap(self._core, payload, headers, hidden, tolerance)


def _verify(
    core: SyncCore | AsyncCore,
    payload: bytes | str,
    headers: WebhookHeaders,
    secret: Hidden[str | Sequence[str] | None],
    tolerance: float,
) -> None:
    _webhook_signatures.verify(payload, headers, _secret(core, secret), tolerance)


def _unwrap(
    core: SyncCore | AsyncCore,
    payload: bytes | str,
    headers: WebhookHeaders,
    secret: Hidden[str | Sequence[str] | None],
    tolerance: float,
) -> WebhookEvent:
    strict = core.settings.strict
    return _webhook_signatures.unwrap(payload, headers, _secret(core, secret), tolerance, strict=strict)


def _secret(
    core: SyncCore | AsyncCore, secret: Hidden[str | Sequence[str] | None]
) -> str | Sequence[str] | None:
    # A function, so that the secret is in no variable while an error is raised.
    return core.settings.webhook_secret if secret.value is None else secret.value
