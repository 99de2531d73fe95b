"""The work of a WebSocket session, written once for sync and async: check options and requests, send, find answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from .._base.clock import RealDeadline
from .._base.field_errors import field_error, missing_field
from .._base.http import merge_headers
from .._base.json_types import is_mapping
from .._base.options import SessionOptions
from .._base.validation import (
    check_headers,
    check_option,
    check_query,
    invalid_option,
    is_seconds,
    is_whole_number,
    refuse_unknown,
)
from .._calls.input_items import as_items
from .._calls.operation import Operation
from .._calls.plain_data import plain_arguments, plain_data
from .._calls.request import Call, encode, prepare, validate
from .._calls.required_fields import completed
from .._calls.settings import Settings
from .._transport.protocols import IO
from ..errors import RequestValidationError
from ..models import ClientEvent, Model, Response
from ..models._base import union_class
from ..models._tolerance import omit_read_only
from .connection import Connection
from .event_fields import as_string
from .frames import upgrade_headers
from .handshake import connect
from .inboxes import Inbox
from .outstanding import OtherEvent, Request
from .routing import Router
from .source import SocketSource, SteeringResult, UnroutedEvents

if TYPE_CHECKING:
    from .._calls.client_options import AsyncOptions
    from ..models import ServerEvent

__all__ = ["SessionCore"]

_CONNECT = Operation[Response]("responses.connect", "GET", "/responses", "response.Response")
# Events are prepared as if they were requests over HTTP, with the same checks and defaults; only the body is sent.
_CREATE = Operation[Response](
    "session.create",
    "POST",
    "/responses",
    "response.Response",
    "socket_requests.ResponseCreateEvent",
    items="input",
)
_STEER = Operation[Response](
    "session.steer",
    "POST",
    "/responses",
    "response.Response",
    "socket_requests.ResponseSteerEvent",
    items="input",
)
_HTTP_OPTIONS = ("extra_headers", "extra_query", "max_retries", "idempotency_key")
_FOR_HTTP = "is for HTTP requests; pass it to responses.connect(), or leave it out"
# True of every response over a WebSocket, and not to be sent there (OpenAI's API reference, "WebSocket events"). They
# are accepted, because the same code may pass them to `responses.create`.
_IMPLIED_PARAMS = {"stream": True, "background": False}
_OMITTED_IF_NONE = ("stream_id", "generate")
_DEFAULT_IF_NONE = ("lanes", "max_buffered_bytes", "max_retries")


def _without_defaults(options: Mapping[str, object]) -> dict[str, object]:
    """Return the options without those that are None, where None means the default."""
    return {k: v for k, v in options.items() if v is not None or k not in _DEFAULT_IF_NONE}


def _check_options(options: Mapping[str, object]) -> None:
    """Check the options that no setting of the client stands for."""
    known = SessionOptions.__annotations__
    refuse_unknown("responses.connect", options, known, known)
    for name, value in options.items():
        if name in ("ping_interval", "ping_timeout") and value is not None and not is_seconds(value):
            raise invalid_option(f"{name} argument", "a positive number of seconds or None", value)
        if name == "max_buffered_bytes" and not is_whole_number(value, 1):
            raise invalid_option(f"{name} argument", "a whole number from 1", value)
        if name == "lanes" and not isinstance(value, bool):
            raise invalid_option(f"{name} argument", "True or False", value)
        # `prepare` checks these two again, but as arguments of a call.
        if name == "extra_headers":
            check_option(f"{name} argument", check_headers, value)
        if name == "extra_query":
            check_option(f"{name} argument", check_query, value)


class SessionCore:
    """A session, which is opened once: not yet open, open, or closed.

    Attributes:
        settings: The settings of the client, with the changes for this session.
        connection: The open or closed connection; None before the session is open.
    """

    def __init__(self, io: IO, settings: Settings, options: SessionOptions, block: str) -> None:
        options = cast("SessionOptions", _without_defaults(options))
        _check_options(options)
        self._io = io
        self._options = options
        self._block = block
        changes: AsyncOptions = {}
        if "timeout" in options:
            changes["timeout"] = options["timeout"]
        if "max_retries" in options:
            changes["max_retries"] = options["max_retries"]
        self.settings: Settings = settings.replace(**changes)
        if "deadline" in options:
            changes["deadline"] = options["deadline"]  # for connecting alone, not for the responses
        if settings.websocket_base_url is not None:
            changes["base_url"] = settings.websocket_base_url
        given = {k: v for k, v in options.items() if k in ("extra_headers", "extra_query")}
        self._call = prepare(_CONNECT, given, settings.replace(**changes))
        self.connection: Connection | None = None
        self._unrouted: UnroutedEvents | None = None
        self._is_used = False

    @property
    def is_closed(self) -> bool:
        """Whether the session was closed, or its connection lost."""
        return self._is_used and (self.connection is None or self.connection.close_info is not None)

    def _not_open(self) -> RuntimeError:
        return RuntimeError(f"This WebSocket session is not open: use it in a block of `{self._block}`.")

    @property
    def _open_connection(self) -> Connection:
        if self.connection is None:
            raise self._not_open()
        return self.connection

    async def open(self) -> None:
        """Connect.

        Raises:
            RuntimeError: The session was used before.
            APIError: No answer, or one that does not open a WebSocket.
        """
        if self._is_used:
            raise RuntimeError(
                "This WebSocket session was used before; get another with responses.connect()."
            )
        self._is_used = True
        request = self._call.request
        # The headers of the handshake win over those of the user.
        request = request._replace(headers=merge_headers(request.headers, upgrade_headers()))
        self.connection = await connect(self._io, self._call._replace(request=request), self._options)
        self._unrouted = UnroutedEvents(self.connection)

    async def close(self) -> None:
        """Close the connection, if there is one; a session that is not open can no longer be opened."""
        self._is_used = True
        if self.connection is not None:
            await self.connection.close()

    async def create(self, params: Mapping[str, object]) -> SocketSource:
        """Request a response, and return the source of its events."""
        connection = self._open_connection
        given = _sent_params(params)
        has_own_lane = False
        if "stream_id" not in given and self._options.get("lanes", True):
            extra = given.get("extra_body")
            # In a lane of its own, a request does not wait for the others.
            if not (is_mapping(extra) and "stream_id" in extra):
                given["stream_id"] = connection.new_lane()
                has_own_lane = True
        call, inbox, deadline = await self._request(connection, given, has_own_lane=has_own_lane)
        return SocketSource(connection, inbox, call.settings, call.request.timeouts.read, deadline)

    async def create_unrouted(self, params: Mapping[str, object]) -> None:
        """Request a response without a stream; its events are unrouted."""
        await self._request(self._open_connection, _sent_params(params), is_unrouted=True)

    async def _request(
        self,
        connection: Connection,
        given: Mapping[str, object],
        *,
        has_own_lane: bool = False,
        is_unrouted: bool = False,
    ) -> tuple[Call[Response], Inbox, RealDeadline]:
        call = prepare(_CREATE, {"type": "response.create", **given}, self.settings)
        extra = given.get("extra_body")
        connection.mask(call.tool_secrets)
        sent = {**given, **extra} if is_mapping(extra) else given  # as `prepare` merges them
        request = _request_of(sent)._replace(has_own_lane=has_own_lane, is_unrouted=is_unrouted)
        deadline = RealDeadline.after(call.settings.deadline)
        # A `timeout` of the session is that of its socket, too.
        own_timeout = call.request.timeouts.write if given.get("timeout") is not None else None
        limit = deadline.earlier(RealDeadline.after(own_timeout))
        inbox = await connection.send(call.request.content, lambda router: router.open(request), limit)
        return call, inbox, deadline

    async def steer(self, previous_response_id: str, given: object) -> SteeringResult:
        """Send input that steers a response, and return its future result."""
        connection = self._open_connection
        call = self._steer_call(previous_response_id, given)
        steer = await connection.send(call.request.content, lambda router: router.steer(previous_response_id))
        return SteeringResult(connection, steer, call.request.timeouts.read)

    async def steer_unrouted(self, previous_response_id: str, given: object) -> None:
        """Send input that steers a response; the events about it are unrouted."""
        call = self._steer_call(previous_response_id, given)
        await self._open_connection.send(
            call.request.content, lambda router: router.steer(previous_response_id, is_unrouted=True)
        )

    def _steer_call(self, previous_response_id: str, given: object) -> Call[Response]:
        fields = {"previous_response_id": previous_response_id, "input": given}
        return prepare(_STEER, {"type": "response.steer", **fields}, self.settings)

    async def send(self, event: Model | Mapping[str, object]) -> None:
        """Send an event of any type, checked if the type is known and the client checks requests.

        Raises:
            RequestValidationError: The event has no type, or a wrong field; nothing was sent.
        """
        unread: list[object] = []
        with omit_read_only(self.settings.validate_requests):
            fields = event.to_dict() if isinstance(event, Model) else dict(plain_data(event, unread))
        kind = fields.get("type")
        if not isinstance(kind, str) or not kind:
            raise RequestValidationError([missing_field("type", "the type of the event")])
        if self.settings.validate_requests and (model := union_class(ClientEvent).member(kind)):
            given = fields
            # Of an event of this package the items themselves, which are completed as in a request.
            items = getattr(event, "input", None) if isinstance(event, Model) else fields.get("input")
            if "input" in fields:
                fields = {**fields, "input": completed(as_items(items))}
            validate(model, fields, given, unread)
        request = _request_of(fields)._replace(is_unrouted=True)

        def register(router: Router) -> None:
            # A message that can be refused must be known, and a response takes a place in its lane even without a
            # stream.
            if kind == "response.create":
                router.open(request)
            elif kind == "response.steer":
                parent, event_id = request.previous_response_id, request.event_id
                router.steer(parent, event_id=event_id, is_unrouted=True)
            else:
                router.expect_refusal(OtherEvent(request.stream_id, request.event_id))

        content = encode(fields, is_exact=not self.settings.validate_requests)
        await self._open_connection.send(content, register)

    async def next(self) -> ServerEvent | None:
        """Wait for the next unrouted event; return None when the session was closed."""
        if self._unrouted is None:
            raise self._not_open()
        return await self._unrouted.next()

    async def receive(self) -> ServerEvent:
        """Wait for the next unrouted event.

        Raises:
            RuntimeError: The session was closed.
            APIConnectionError: The connection was lost.
        """
        event = await self.next()
        if event is None:
            raise self._open_connection.closed_error()
        return event

    def successor(self, inbox: Inbox) -> SocketSource:
        """Return the source of a response that continues from steering input."""
        return SocketSource(self._open_connection, inbox, self.settings, self._call.request.timeouts.read)


def _request_of(fields: Mapping[str, object]) -> Request:
    return Request(
        stream_id=as_string(fields.get("stream_id")),
        previous_response_id=as_string(fields.get("previous_response_id")),
        event_id=as_string(fields.get("event_id")),
    )


def _sent_params(params: Mapping[str, object]) -> dict[str, object]:
    """Return the parameters to send.

    Raises:
        RequestValidationError: One is an option of HTTP requests.
    """
    plain = plain_arguments(params)
    given = {k: v for k, v in plain.items() if k not in _IMPLIED_PARAMS or v is not _IMPLIED_PARAMS[k]}
    mistakes = [
        field_error(name, "nothing", None, message=_FOR_HTTP)
        for name in _HTTP_OPTIONS
        if given.pop(name, None) is not None
    ]
    if mistakes:
        raise RequestValidationError(mistakes)
    return {k: v for k, v in given.items() if v is not None or k not in _OMITTED_IF_NONE}
