"""The embedded server: a Responses API inside the process, for tests and demonstrations without a network."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import NoneType
from typing import TYPE_CHECKING, Any

import httpx

from ._answers import Ids, as_text, message, text_part, tool_call
from ._asgi import App
from ._front import Front
from ._record import RecordedRequest
from ._script import Canned, Entry, Items, Itself, Script, Whole, checked, failure, raw_events
from ._store import Store
from ._transport import AsyncServerTransport, ServerTransport
from ._webhook import WEBHOOK_SECRET, Webhook, webhook_of
from ._wire import Answer, JSONObject, Pace

if TYPE_CHECKING:
    from responses_client import AsyncClient, Client
    from responses_client.models import Response


class Server:
    """A Responses API in process, without a socket, or on a port while `serve()` lasts.

    Answers are deterministic: by themselves they follow from the request alone, and ids from how many
    responses there were. What is scripted is given in order, one answer a request; every scripting
    method returns the server, so that calls can be chained. Safe to use from several threads.

        with Server() as server:
            server.reply("Hello").call_tool("get_weather", {"city": "Paris"})
            client = server.client()

    `base_url` is where clients find it; only its path matters. `now` is the time of all responses in
    Unix seconds. `sleep` waits in place of the real clock, for tests that are to take no time.
    `validate=False` turns off the checks of request bodies (not those of the key and of the path).
    The attribute `webhook_secret` is what webhooks are signed with; its clients know it.
    """

    def __init__(
        self,
        *,
        base_url: str = "http://testserver/v1",
        now: int | None = None,
        sleep: Callable[[float], None] | None = None,
        validate: bool = True,
    ) -> None:
        self.base_url = base_url
        self.webhook_secret = WEBHOOK_SECRET
        self._webhooks = 0
        self._sleep = sleep
        self._script = Script()
        self._store = Store(self._script, validate=validate)
        if now is not None:
            self._store.now = now
        self._lock = self._store.lock
        self._front = Front(self._store, prefix=httpx.URL(base_url).path.rstrip("/"))

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Refuse connections from now on (`httpx.ConnectError`)."""
        self._front.is_closed = True

    # --- clients

    def client(self, **options: Any) -> Client:
        """A client of this server; `options` are those of `responses_client.Client`."""
        # Imported here: a server on its own, behind another client, does without the models.
        from responses_client import Client

        http_client = options.pop("http_client", None) or httpx.Client(transport=self.transport())
        return Client(http_client=http_client, **{**self._usual_options(), **options})

    def async_client(self, **options: Any) -> AsyncClient:
        """An async client of this server; `options` are those of `responses_client.AsyncClient`."""
        from responses_client import AsyncClient

        http_client = options.pop("http_client", None) or httpx.AsyncClient(transport=self.async_transport())
        return AsyncClient(http_client=http_client, **{**self._usual_options(), **options})

    def _usual_options(self) -> dict[str, Any]:
        return {"api_key": "test-key", "base_url": self.base_url, "webhook_secret": self.webhook_secret}

    def transport(self) -> httpx.BaseTransport:
        """A transport for `httpx.Client(transport=...)`; its bodies are read event by event."""
        return ServerTransport(self._front, self._sleep)

    def async_transport(self) -> httpx.AsyncBaseTransport:
        """A transport for `httpx.AsyncClient(transport=...)`, on asyncio and trio."""
        return AsyncServerTransport(self._front, self._sleep)

    def app(self) -> App:
        """An ASGI application, HTTP and WebSockets, for any ASGI server or to mount in another one."""
        return App(self._front, sleep=self._sleep)

    def serve(self, *, host: str = "127.0.0.1", port: int = 0) -> AbstractContextManager[str]:
        """Serve on a port, from a thread, while a `with` block lasts; it gives the base URL.

        Port 0 takes a free one. Needs `pip install 'responses-client[server]'`; raises
        `ModuleNotFoundError` without it, `OSError` when the port cannot be had, and `ValueError` when
        there is no such port.
        """
        # Imported here: only what is on a port needs a web server.
        from ._port import serving

        return serving(self._front, host=host, port=port, sleep=self._sleep)

    # --- what it has seen and keeps

    @property
    def requests(self) -> list[RecordedRequest]:
        """All requests in the order in which they came."""
        return self._front.requests

    @property
    def responses(self) -> dict[str, JSONObject]:
        """The stored responses by id, as JSON objects; put one in to have it known."""
        return self._store.memory.responses

    @property
    def conversations(self) -> dict[str, list[JSONObject]]:
        """The items of each conversation by its id, oldest first; put one in to have it known."""
        return self._store.conversations

    @property
    def now(self) -> int:
        """The time that responses are created at, in Unix seconds; it stands still until it is set."""
        return self._store.now

    @now.setter
    def now(self, seconds: int) -> None:
        self._store.now = seconds

    @property
    def open_streams(self) -> int:
        """How many event streams and WebSockets have been started and not closed."""
        return self._front.opened_streams - self._front.closed_streams

    @property
    def closed_streams(self) -> int:
        """How many event streams and WebSockets have been closed, read to their end or not."""
        return self._front.closed_streams

    # --- webhooks

    def webhook(
        self,
        response: Response | Mapping[str, Any] | str,
        *,
        type: str | None = None,
        timestamp: int | None = None,
        secret: str | None = None,
    ) -> Webhook:
        """A signed webhook that tells of a response, or of a stored one by its id; nothing is sent.

        `type` follows from the status when it is not given. `timestamp` is when it is signed, in Unix
        seconds, now by default; `secret` is `webhook_secret` of the server by default.
        """
        with self._lock:
            self._webhooks += 1
            return webhook_of(
                response,
                self.responses,
                type=type,
                ids=Ids(f"webhook {self._webhooks}"),
                created_at=self.now,
                timestamp=timestamp,
                secret=self.webhook_secret if secret is None else secret,
            )

    # --- scripted answers

    def reply(self, text: str) -> Server:
        """Answer the next request with this text."""
        return self._add(Items(lambda request, ids: [message(ids, text_part(text))]))

    def reply_json(self, value: Any) -> Server:
        """Answer the next request with this value, written as JSON."""
        return self.reply(as_text(value))

    def refuse(self, refusal: str) -> Server:
        """Answer the next request with a refusal in place of a text."""
        return self._add(Items(lambda request, ids: [message(ids, {"type": "refusal", "refusal": refusal})]))

    def call_tool(
        self, name: str, arguments: Mapping[str, Any] | str = "{}", *, call_id: str | None = None
    ) -> Server:
        """Answer the next request with a call of a function; a string is sent as it is.

        When the request has a custom tool of that name, the call is one of that, with `arguments` as
        its input. `call_id` is made up when it is not given.
        """
        return self._add(Items(lambda request, ids: [tool_call(request, ids, name, arguments, call_id)]))

    def call_tools(self, calls: Sequence[tuple[str, Mapping[str, Any] | str]]) -> Server:
        """Answer the next request with several calls at once, each a name and its arguments."""
        calls = tuple(calls)
        return self._add(Items(lambda request, ids: [tool_call(request, ids, *call) for call in calls]))

    def reply_items(self, items: Sequence[Mapping[str, Any]]) -> Server:
        """Answer the next request with these output items, as they are."""
        copied = [dict(item) for item in items]
        return self._add(Items(lambda request, ids: copied))

    def reply_response(self, fields: Mapping[str, Any]) -> Server:
        """Answer the next request with a response that has these fields, and what is usual for the others.

        With a status other than completed or incomplete there is no output and no usage unless given.
        """
        return self._add(Whole(dict(fields)))

    def reply_events(self, events: bytes | Sequence[Mapping[str, Any] | bytes]) -> Server:
        """Answer the next request with a stream of just this: dicts as events, bytes as they are.

        Each element is a chunk of its own. Nothing is added, no number and no terminal event.
        """
        return self._add(raw_events(events))

    def unscripted(self, times: int = 1) -> Server:
        """Answer the next `times` requests, whatever they are, as if nothing were scripted.

        For what comes between a scripted answer and a failure, and to have `disconnect_after` and
        `delay` apply to a request other than the creation of a response:

            server.disconnect_after(events=5).reply("Hello").disconnect_after(events=3).unscripted()

        breaks off a stream, and then the one that resumes it.
        """
        for _ in range(checked("times", times, least=1)):
            self._add(Itself())
        return self

    # --- scripted failures

    def reply_raw(
        self,
        body: bytes | str,
        status: int = 200,
        content_type: str = "text/html",
        headers: Mapping[str, str] | None = None,
    ) -> Server:
        """Answer the next request, whatever it is, with this body, as a gateway would."""
        chunk = body.encode() if isinstance(body, str) else body
        checked("status", status, least=200, most=599)
        return self._add(
            Canned(Answer(status, (chunk,), content_type=content_type, headers=dict(headers or {})))
        )

    def fail(
        self,
        status: int = 429,
        *,
        message: str | None = None,
        code: str | None = None,
        type: str | None = None,
        param: str | None = None,
        retry_after: float | str | None = None,
        times: int = 1,
        headers: Mapping[str, str] | None = None,
    ) -> Server:
        """Answer the next `times` requests, whatever they are, with an error of the API.

        What is not given is as usual for the status, 400 to 599. `retry_after` is the header of that
        name: seconds or a date.
        """
        checked("status", status, least=400, most=599)
        if not isinstance(retry_after, (str, NoneType)):
            checked("retry_after", retry_after, least=0)
        canned = failure(
            status,
            message=message,
            code=code,
            type=type,
            param=param,
            retry_after=retry_after,
            headers=headers,
        )
        for _ in range(checked("times", times, least=1)):
            self._add(canned)
        return self

    def drop_connection(self, times: int = 1) -> Server:
        """Give the next `times` requests no answer at all (`httpx.RemoteProtocolError`)."""
        for _ in range(checked("times", times, least=1)):
            self._add(Canned(None))
        return self

    # --- how the next answer is played

    def disconnect_after(self, events: int, *, clean: bool = False) -> Server:
        """Break the next answer off after so many events (`httpx.ReadError`), or just end it with `clean`.

        This, `delay` and `hold_after` change the answer that is scripted next; when a request comes
        before that, the answer to it. Of an answer that is not a stream, half the body arrives, or none
        with 0 events. A WebSocket is closed, with a closing handshake only if `clean`.
        """
        return self._change(Pace(cut_after=checked("events", events, least=0), clean_cut=clean))

    def delay(self, seconds: float = 0.0, *, per_event: float = 0.0) -> Server:
        """Make the next answer slow: seconds before its headers, and between its events.

        A wait longer than the client's read timeout ends, after that time, in `httpx.ReadTimeout`.
        """
        checked("seconds", seconds, least=0)
        return self._change(Pace(delay=seconds, per_event=checked("per_event", per_event, least=0)))

    def hold_after(self, events: int, *, messages: int = 1) -> Server:
        """Stop the next response on a WebSocket after so many events until its client sends something.

        So a test can steer a response, or start another one, while it is under way. `messages` is how
        many it waits for, counted from its request on. Without effect on HTTP.
        """
        checked("messages", messages, least=1)
        return self._change(Pace(hold_after=checked("events", events, least=1), hold_for=messages))

    def background(self, *, polls: int) -> Server:
        """Let responses that start from now on in the background end with the poll of this number.

        A poll is a `GET` without `stream`; all before it find the response in progress. At first it is
        2. A stream of such a response takes it further event by event, so that it ends without a poll.
        """
        self._store.polls = checked("polls", polls, least=1)
        return self

    def _add(self, scripted: Entry) -> Server:
        with self._lock:
            self._script.add(scripted)
        return self

    def _change(self, pace: Pace) -> Server:
        with self._lock:
            self._script.change(pace)
        return self
