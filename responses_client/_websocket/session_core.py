"""What a WebSocket session does, once for sync and async: checks what is asked for, sends it, finds the answers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, cast

from .._base.field_errors import missing_field
from .._base.http import merge_headers
from .._base.options import SessionOptions
from .._base.validation import check_headers, check_option, check_query, invalid_option, unknown_argument
from .._calls.operation import Operation
from .._calls.request import Call, encode, prepare, validate
from .._calls.settings import Options, Settings
from .._transport.protocols import IO
from ..errors import ConfigurationError, RequestValidationError
from ..models import ClientEvent, Model, Response
from ..models._base import dispatcher
from ..models._tolerance import omit_read_only
from .connection import Connection, connect
from .frames import upgrade_headers
from .routing import Inbox, SocketState, Steer
from .source import SocketSource, Steered, Strays

if TYPE_CHECKING:
    from ..models import ServerEvent

__all__ = ["SessionCore"]

_Register = Callable[[SocketState, str | None, str | None], Inbox | None]

_CONNECT = Operation[Response]("responses.connect", "GET", "/responses", "response.Response")
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
_OF_HTTP = ("extra_headers", "extra_query", "max_retries", "idempotency_key")
_IMPLIED = {"stream": True, "background": False}  # true of all that goes over a WebSocket, and not sent
_LEFT_OUT = ("stream_id", "generate")  # when None


def _check(options: Mapping[str, object]) -> None:
    for name, value in options.items():
        if name not in SessionOptions.__annotations__:
            raise unknown_argument("responses.connect", name, SessionOptions.__annotations__)
        is_number = isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0
        if name in ("ping_interval", "ping_timeout") and value is not None and not is_number:
            raise invalid_option(f"{name} argument", "a positive number of seconds or None", value)
        if name == "max_buffered_bytes" and not (isinstance(value, int) and is_number):
            raise invalid_option(f"{name} argument", "a whole number from 1", value)
        if name == "lanes" and not isinstance(value, bool):
            raise invalid_option(f"{name} argument", "True or False", value)
        # `prepare` checks these two again, but as arguments of a call.
        if name == "extra_headers":
            check_option(f"{name} argument", check_headers, value)
        if name == "extra_query":
            check_option(f"{name} argument", check_query, value)


class SessionCore:
    """One session: not open, open, or over for good.

    Attributes:
        settings: Of the client, with the changes for this session.
        connection: None before it is open.
    """

    def __init__(self, io: IO, settings: Settings, options: SessionOptions, block: str) -> None:
        _check(options)
        self._io = io
        self._options = options
        self._block = block
        changes = {k: v for k, v in options.items() if k in ("timeout", "deadline", "max_retries")}
        named = {k: v for k, v in options.items() if k in ("extra_headers", "extra_query")}
        self._call = prepare(_CONNECT, named, settings.replace(**cast("Options", changes)))
        # That deadline is for connecting, and no response's.
        changes.pop("deadline", None)
        self.settings = settings.replace(**cast("Options", changes))
        self.connection: Connection | None = None
        self._strays: Strays | None = None
        self._is_used = False

    @property
    def is_over(self) -> bool:
        """Whether it was closed, or its connection lost."""
        return self._is_used and (self.connection is None or self.connection.ending is not None)

    @property
    def _opened(self) -> Connection:
        if self.connection is None:
            raise RuntimeError(f"This WebSocket session is not open: use it in a block of `{self._block}`.")
        return self.connection

    async def open(self) -> None:
        """Connect."""
        if self._is_used:
            raise RuntimeError(
                "This WebSocket session was used before; get another with responses.connect()."
            )
        self._is_used = True
        request = self._call.request
        request = request._replace(headers=merge_headers(request.headers, upgrade_headers()))
        self.connection = await connect(self._io, self._call._replace(request=request), self._options)
        self._strays = Strays(self.connection)

    async def close(self) -> None:
        """Close the connection, if there is one."""
        self._is_used = True
        if self.connection is not None:
            await self.connection.close()

    async def create(self, params: Mapping[str, object]) -> SocketSource:
        """Ask for a response and return what reads it."""
        connection = self._opened
        given = _without_implied(params)
        extra = given.get("extra_body")
        if "stream_id" not in given and self._options.get("lanes", True):
            named = isinstance(extra, Mapping) and "stream_id" in extra
            given |= {} if named else {"stream_id": connection.new_lane()}
        call, inbox = await self._ask(connection, given, SocketState.open)
        return SocketSource(connection, cast("Inbox", inbox), call.settings, call.request.timeouts.read)

    async def create_raw(self, params: Mapping[str, object]) -> None:
        """Ask for a response whose events are read with all others."""
        await self._ask(self._opened, _without_implied(params), SocketState.open_raw)

    async def _ask(
        self, connection: Connection, given: Mapping[str, object], register: _Register
    ) -> tuple[Call[Response], Inbox | None]:
        call = prepare(_CREATE, {"type": "response.create", **given}, self.settings)
        sent = {**given, **cast("Mapping[str, object]", given.get("extra_body") or {})}
        lane, previous = (_text(sent.get(name)) for name in ("stream_id", "previous_response_id"))
        inbox = await connection.send(call.request.content, lambda state: register(state, lane, previous))
        return call, inbox

    async def steer(self, previous_response_id: str, given: object) -> Steered:
        """Steer a response and return what tells of it."""
        connection = self._opened
        call = self._steering(previous_response_id, given)
        steer: Steer = await connection.send(
            call.request.content, lambda state: state.steer(previous_response_id)
        )
        return Steered(connection, steer, call.request.timeouts.read)

    async def steer_raw(self, previous_response_id: str, given: object) -> None:
        """Steer a response; what is said of it is read with all other events."""
        call = self._steering(previous_response_id, given)
        await self._opened.send(call.request.content, lambda _: None)

    def _steering(self, previous_response_id: str, given: object) -> Call[Response]:
        fields = {"previous_response_id": previous_response_id, "input": given}
        return prepare(_STEER, {"type": "response.steer", **fields}, self.settings)

    async def send(self, event: Model | Mapping[str, object]) -> None:
        """Send an event of any type."""
        with omit_read_only(self.settings.validate_requests):
            fields = event.to_dict() if isinstance(event, Model) else dict(event)
        kind = fields.get("type")
        if not isinstance(kind, str) or not kind:
            raise RequestValidationError([missing_field("type", "the type of the event")])
        if self.settings.validate_requests and (model := dispatcher(ClientEvent).member(kind)):
            validate(model, fields)
        lane, previous = (_text(fields.get(name)) for name in ("stream_id", "previous_response_id"))

        def register(state: SocketState) -> None:
            if kind == "response.create":
                state.open_raw(lane, previous)

        content = encode(fields, is_exact=not self.settings.validate_requests)
        await self._opened.send(content, register)

    async def next(self) -> ServerEvent | None:
        """Return the next event of no stream; None when the session was closed."""
        return await cast("Strays", self._opened and self._strays).next()

    async def receive(self) -> ServerEvent:
        """Return the next event of no stream.

        Raises:
            RuntimeError: The session was closed.
            APIConnectionError: The connection was lost.
        """
        event = await self.next()
        if event is None:
            raise self._opened.error()
        return event

    def successor(self, inbox: Inbox) -> SocketSource:
        """Return what reads a response that nobody asked for, but steered another into."""
        return SocketSource(self._opened, inbox, self.settings, self._call.request.timeouts.read)


def _without_implied(params: Mapping[str, object]) -> dict[str, object]:
    given = {k: v for k, v in params.items() if k not in _IMPLIED or v is not _IMPLIED[k]}
    for name in _OF_HTTP:
        if given.pop(name, None) is not None:
            raise ConfigurationError(
                f"The {name} argument is for HTTP requests; pass it to responses.connect(), or leave it out"
            )
    return {k: v for k, v in given.items() if v is not None or k not in _LEFT_OUT}


def _text(value: object) -> str | None:
    return value if isinstance(value, str) else None
