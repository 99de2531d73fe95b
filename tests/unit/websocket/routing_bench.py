"""Messages of a server, and a router that sorts them."""

from __future__ import annotations

import json
from typing import Any

from responses_client._base.redaction import NO_SECRETS, Redactor
from responses_client._websocket.inboxes import Inbox, Inboxes
from responses_client._websocket.outstanding import Request, Steer
from responses_client._websocket.routing import Router

DELTA, DONE = "response.output_text.delta", "response.completed"


def server_event(kind: str | None, stream_id: str | None = None, **fields: Any) -> bytes:
    """A message of the server."""
    named = {} if stream_id is None else {"stream_id": stream_id}
    typed = {} if kind is None else {"type": kind}
    return json.dumps({**typed, **named, **fields}).encode()


def created(stream_id: str | None = None, parent: str | None = None, *, id: str | None = "r") -> bytes:
    """The first event of a response."""
    return server_event("response.created", stream_id, response={"id": id, "previous_response_id": parent})


def ended(kind: str, id: str | None, stream_id: str | None = None) -> bytes:
    """An event with a response, such as the last one."""
    return server_event(f"response.{kind}", stream_id, response={"id": id})


class Bench:
    """A router with its inboxes."""

    def __init__(self, *, strict: bool = False, redactor: Redactor = NO_SECRETS) -> None:
        self.inboxes = Inboxes(1_000_000)
        self.router = Router(self.inboxes, strict=strict, redactor=redactor)

    def receive(self, *messages: bytes) -> None:
        """Let messages arrive."""
        for message in messages:
            self.router.receive(message)

    def open(self, stream_id: str | None = None, parent: str | None = None) -> Inbox:
        """The inbox of a new request."""
        return self.router.open(Request(stream_id, parent))

    def steer(self, response_id: str | None) -> Steer:
        """A new steer."""
        return self.router.steer(response_id)

    def taken(self, inbox: Inbox | None = None) -> list[str]:
        """The types of the events in an inbox, by default in that of the unrouted ones."""
        messages = self.inboxes.take(inbox or self.inboxes.unrouted)
        return [message.type.removeprefix("response.") for message in messages]

    def ends_with(self, text: str) -> bool:
        """Whether the connection was closed because nothing can be trusted, for a reason with this text."""
        return (
            self.reason is not None
            and text in self.reason
            and "the request may have been carried out" in self.reason
        )

    @property
    def reason(self) -> str | None:
        """The reason why the connection was closed."""
        return self.router.close_info and self.router.close_info.reason
