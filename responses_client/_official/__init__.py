"""Requests of the official clients, sent by ours; `responses_client.openai` has the classes that users hold."""

from __future__ import annotations

from .._base.extras import install_hint
from ..errors import ConfigurationError

try:
    import openai as openai
    from openai.resources import webhooks as webhooks
except ModuleNotFoundError as error:
    raise ConfigurationError(
        f"The official clients need the package {error.name}, which is not installed: {install_hint('openai')}"
    ) from error
