"""The embedded server: a Responses API inside the process, for tests and demonstrations without a network."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import httpx

from ._answers import as_text, message, text_part, tool_call
from ._api import Api, RecordedRequest
from ._script import Canned, Items, Reply, Script, Whole, failure, raw_events
from ._transport import AsyncServerTransport, ServerTransport
from ._validate import load
from ._wire import Answer, ApiError, JSONObject, Pace

if TYPE_CHECKING:
    from responses_client import AsyncClient, Client

_LIMIT_REQUESTS = 10_000
_LIMIT_TOKENS = 2_000_000


class Server:
    """A Responses API in process, without a socket.

    Answers are deterministic: by themselves they follow from the request alone, and ids from how many
    responses there were. What is scripted is given in order, one answer a request; every scripting
    method returns the server, so that calls can be chained. Safe to use from several threads.

        with Server() as server:
            server.reply("Hello").call_tool("get_weather", {"city": "Paris"})
            client = server.client()

    `base_url` is where clients find it; only its path matters. `now` is the time of all responses in
    Unix seconds. `sleep` waits in place of the real clock, for tests that are to take no time.
    `validate=False` turns off the checks of request bodies (not those of the key and of the path).
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
        self.requests: list[RecordedRequest] = []
        self._sleep = sleep
        self._script = Script()
        self._api = Api(self._script, prefix=httpx.URL(base_url).path.rstrip("/"), validate=validate)
        if now is not None:
            self._api.now = now
        self._lock = threading.RLock()
        self._opened = 0
        self._closed_streams = 0
        self._is_closed = False

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *exc_info: object) -> None:
        self.close()

    def close(self) -> None:
        """Refuse connections from now on (`httpx.ConnectError`)."""
        self._is_closed = True

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
        return {"api_key": "test-key", "base_url": self.base_url}

    def transport(self) -> httpx.BaseTransport:
        """A transport for `httpx.Client(transport=...)`; its bodies are read event by event."""
        return ServerTransport(self, self._sleep)

    def async_transport(self) -> httpx.AsyncBaseTransport:
        """A transport for `httpx.AsyncClient(transport=...)`, on asyncio and trio."""
        return AsyncServerTransport(self, self._sleep)

    # --- what it has seen and keeps

    @property
    def responses(self) -> dict[str, JSONObject]:
        """The stored responses by id, as JSON objects; put one in to have it known."""
        return self._api.responses

    @property
    def now(self) -> int:
        """The time that responses are created at, in Unix seconds; it stands still until it is set."""
        return self._api.now

    @now.setter
    def now(self, seconds: int) -> None:
        self._api.now = seconds

    @property
    def open_streams(self) -> int:
        """How many event streams have been started and not closed."""
        return self._opened - self._closed_streams

    @property
    def closed_streams(self) -> int:
        """How many event streams have been closed, read to their end or not."""
        return self._closed_streams

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

        What is not given is as usual for the status. `retry_after` is the header of that name: seconds
        or a date.
        """
        canned = failure(
            status,
            message=message,
            code=code,
            type=type,
            param=param,
            retry_after=retry_after,
            headers=headers,
        )
        for _ in range(times):
            self._add(canned)
        return self

    def drop_connection(self, times: int = 1) -> Server:
        """Give the next `times` requests no answer at all (`httpx.RemoteProtocolError`)."""
        for _ in range(times):
            self._add(Canned(None))
        return self

    # --- how the next answer is played

    def disconnect_after(self, events: int, *, clean: bool = False) -> Server:
        """Break the next answer off after so many events (`httpx.ReadError`), or just end it with `clean`.

        This and `delay` change the answer that is scripted next; when a request comes before that, the
        answer to it. Of an answer that is not a stream, half the body arrives, or none with 0 events.
        """
        return self._change(Pace(cut_after=events, clean_cut=clean))

    def delay(self, seconds: float = 0.0, *, per_event: float = 0.0) -> Server:
        """Make the next answer slow: seconds before its headers, and between its events.

        A wait longer than the client's read timeout ends, after that time, in `httpx.ReadTimeout`.
        """
        return self._change(Pace(delay=seconds, per_event=per_event))

    def _add(self, scripted: Reply | Canned) -> Server:
        with self._lock:
            self._script.add(scripted)
        return self

    def _change(self, pace: Pace) -> Server:
        with self._lock:
            self._script.change(pace)
        return self

    # --- for transports

    def handle(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """The answer to one HTTP request, before any I/O: what all transports build on."""
        if self._is_closed:
            raise httpx.ConnectError("The embedded server is closed.")
        with self._lock:
            request = _recorded(method, url, headers, body)
            self.requests.append(request)
            return self._answer(request).under(self._usual_headers())

    def _answer(self, request: RecordedRequest) -> Answer:
        canned = self._script.next_canned()
        if canned is None:
            try:
                return self._api.answer(request)
            except ApiError as error:
                return error.answer()
        answer, pace = canned[0].answer, canned[1]
        if answer is None:
            raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
        return answer.at(pace)

    def _usual_headers(self) -> dict[str, str]:
        count = len(self.requests)
        return {
            "openai-processing-ms": "1",
            "openai-version": "2020-10-01",
            "x-ratelimit-limit-requests": str(_LIMIT_REQUESTS),
            "x-ratelimit-limit-tokens": str(_LIMIT_TOKENS),
            "x-ratelimit-remaining-requests": str(max(_LIMIT_REQUESTS - count, 0)),
            "x-ratelimit-remaining-tokens": str(_LIMIT_TOKENS),
            "x-ratelimit-reset-requests": "6ms",
            "x-ratelimit-reset-tokens": "0s",
            "x-request-id": f"req_{count:032x}",
        }

    def opened(self) -> Callable[[], None]:
        """Count a stream that was started; call what comes back once it is closed."""
        with self._lock:
            self._opened += 1
        pending = [1]

        def closed() -> None:
            with self._lock:
                self._closed_streams += len(pending)
                pending.clear()

        return closed


def _recorded(method: str, url: str, headers: Mapping[str, str], body: bytes) -> RecordedRequest:
    parsed = httpx.URL(url)
    try:
        value = load(body)
    except ValueError:
        value = None
    return RecordedRequest(
        method=method.upper(),
        path=parsed.path,
        url=url,
        headers=httpx.Headers(headers),
        query=parsed.params,
        body=body,
        json=value,
    )
