"""The server that answers: the one of the options and variables, or the embedded one for a demonstration."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .._calls.settings import DEFAULT_BASE_URL, resolve
from .._client import Client
from .statuses import MISUSED, CommandFailed, print_note

if TYPE_CHECKING:
    from .._calls.hooks import RequestInfo

__all__ = ["Connection", "connect"]

_EVENT_DELAY_SECONDS = 0.03  # of the embedded server, so that its answer is seen to stream
_DEMONSTRATION = "the embedded server answers, without a model or a network."
_NO_KEY = "OPENAI_API_KEY is not set"


class Connection(NamedTuple):
    """A client, and whether its answers can be found again later."""

    client: Client
    base_url: str
    is_demo: bool


def connect(
    base_url: str | None, *, demo: bool, is_terminal: bool, may_demonstrate: bool = True
) -> Connection:
    """Return the connection to the server that answers.

    Args:
        base_url: The address of the option; None for that of the environment.
        demo: Whether the embedded server is asked for.
        is_terminal: Whether a person sees the answer: without a key, only a person gets one of the embedded server,
            since a script would take it for that of a model.
        may_demonstrate: Whether the embedded server can answer; it keeps nothing from one command to the next.

    Raises:
        CommandFailed: There is no key, and a script asks.
        ConfigurationError: A setting cannot work.
    """
    if demo:
        print_note(f"Demonstration: {_DEMONSTRATION}")
        return _demonstration(is_terminal)
    settings = resolve(base_url=base_url)
    if base_url is None and settings.api_key is None and settings.base_url == DEFAULT_BASE_URL:
        if not may_demonstrate:
            raise CommandFailed(f"{_NO_KEY}; set it, or name another server by --base-url", MISUSED)
        if not is_terminal:
            raise CommandFailed(
                f"{_NO_KEY}; set it, name another server by --base-url, or write --demo for a demonstration",
                MISUSED,
            )
        print_note(f"{_NO_KEY}: {_DEMONSTRATION}")
        return _demonstration(is_terminal)
    # Most servers at other addresses need no key; one that does answers 401. None keeps the header from being sent.
    headers = {"Authorization": None} if settings.api_key is None else None
    return Connection(Client(base_url=base_url, default_headers=headers), settings.base_url, False)


def _demonstration(is_terminal: bool) -> Connection:
    from ..testing import Server

    server = Server()
    seconds = _EVENT_DELAY_SECONDS if is_terminal else 0.0

    def delay(info: RequestInfo) -> None:
        server.delay(per_event=seconds)  # of the next answer alone

    client = server.client(on_request=delay)
    return Connection(client, client.base_url, True)
