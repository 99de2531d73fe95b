"""The common part of the sync and the async official client: their options, and the conversion of errors."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from .._base.validation import invalid_option
from .._calls.request import timeouts_of
from .._client import AsyncClient, Client
from .._client_base import settings_of
from ..errors import ConfigurationError, WebhookSignatureError
from . import openai
from .answers import cause_of, http, official_error
from .http_clients import ROUTE
from .routes import Route, is_ours

__all__ = ["check_client", "official_options", "own_key_of", "routed", "verify"]

# In place of a key that a function returns, or of an auth object: our client replaces it in the requests that it sends.
_NO_KEY = "responses_client-signs-requests"


def own_key_of(client: Client | AsyncClient | None, api_key: object) -> str | None:
    """Return the key for an official client that stands for the way in which ours signs; None if the user gave one."""
    if client is None or api_key is not None:
        return None
    key = settings_of(client).api_key
    return key if isinstance(key, str) else _NO_KEY


def official_options(client: Client | AsyncClient | None, options: dict[str, Any]) -> dict[str, Any]:
    """Return the options of an official client: those that were given, and for the others the settings of ours."""
    given = {name: value for name, value in options.items() if not isinstance(value, openai.NotGiven)}
    if client is None:
        return given
    settings = settings_of(client)
    return {
        "base_url": settings.base_url,
        "max_retries": settings.max_retries,
        "timeout": http.Timeout(**timeouts_of(settings)._asdict()),
        **given,
    }


def check_client(client: object, kind: type[Client] | type[AsyncClient]) -> None:
    """Refuse a client of the other kind.

    Raises:
        ConfigurationError: It is not of this kind.
    """
    if client is not None and not isinstance(client, kind):
        raise invalid_option("client", f"a responses_client.{kind.__name__}", client)


@contextmanager
def routed(official: openai.OpenAI | openai.AsyncOpenAI, options: Any) -> Generator[None]:
    """Send the request of a block by our client if it is one of ours, and raise the errors of the official package.

    Args:
        official: The official client.
        options: The options of its request.

    Raises:
        openai.OpenAIError: The request failed; its cause is the error of our client.
    """
    given = options.max_retries
    route = None
    if is_ours(options.url):
        retries = given if isinstance(given, int) else official.max_retries
        route = Route(str(official.base_url), retries)
        options.max_retries = 0  # ours retries; its answer is the last word
    token = ROUTE.set(route)
    try:
        yield
    except openai.APIError as error:
        cause = cause_of(error)
        if cause is None:
            raise
        if isinstance(error, openai.APIStatusError):
            raise error from cause
        raise official_error(cause, error.request) from cause
    finally:
        ROUTE.reset(token)
        options.max_retries = given


def verify(
    client: Client | AsyncClient, secret: str | None, payload: Any, headers: Any, options: Any
) -> None:
    """Verify the signature of a webhook, and raise the errors of the official package.

    Raises:
        openai.InvalidWebhookSignatureError: It is not signed with the secret, or too long ago.
        ValueError: There is no secret, or it cannot be one.
    """
    chosen: dict[str, Any] = {**options, "secret": options.get("secret") or secret}
    try:
        client.webhooks.verify_signature(payload, headers, **chosen)
    except WebhookSignatureError as error:
        raise openai.InvalidWebhookSignatureError(str(error)) from error
    except ConfigurationError as error:
        raise ValueError(str(error)) from error
