"""The application that all transports share: it records each request and finds its answer."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial

import httpx

from ._batch_lines import BatchLine
from ._batches import LineAnswer
from ._http_envelope import check_key
from ._http_types import JSON_TYPE, Answer, ApiError, Pace
from ._json_types import as_object, load
from ._rate_limits import Limiter
from ._recorded_request import RecordedRequest, compare, recorded
from ._routes import answer, not_found, segments_of
from ._script_queue import Canned
from ._store import Store
from ._websocket_session import WebSocketSession

BATCH = "BATCH"


class Application:
    """The embedded API without any transport. Safe to use from several threads.

    `prefix` is the path under which the API is found, such as `/v1`. Without `keeps_requests`, those that were answered
    take no memory.
    """

    def __init__(self, store: Store, *, prefix: str, keeps_requests: bool = True) -> None:
        self.store = store
        self.prefix = prefix
        self._keeps_requests = keeps_requests
        self._count = 0
        self.requests: list[RecordedRequest] = []
        self.is_closed = False
        self.opened_streams: int = 0
        self.closed_streams = 0
        store.execute = self._execute

    def handle(self, method: str, url: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Return the answer to an HTTP request.

        Raises:
            UnexpectedRequest: The request is not the expected one.
            httpx.TransportError: The server is closed, or a dropped connection is scripted.
        """
        with self.store.lock:
            request, canned = self._begin(method, url, headers, body)
            return self._answer(request, canned).under(self._usual_headers())

    def connect(self, url: str, headers: Mapping[str, str]) -> WebSocketSession | Answer:
        """Return the session of a new WebSocket, or the answer that refuses it; raise as `handle` does."""
        with self.store.lock:
            request, canned = self._begin("GET", url, headers, b"")
            try:
                if canned is not None:
                    return _canned(*canned)
                if segments_of(request, self.prefix) != ["responses"]:
                    raise not_found(request)
                check_key(request.headers)
            except ApiError as error:
                return error.answer()
            return WebSocketSession(self.store, url, request.headers, self._record)

    def _execute(self, endpoint: str, line: BatchLine) -> LineAnswer:
        """Answer a request of a batch as if it was sent, except that no rate limit counts it.

        It is recorded with the method `BATCH`, as messages of a WebSocket are with theirs.
        """
        headers = {"authorization": "Bearer batch", "content-type": JSON_TYPE}
        # The endpoint of a batch begins with `/v1` under any base URL.
        url = f"http://batch{self.prefix}{endpoint.removeprefix('/v1')}"
        request = recorded(BATCH, url, headers, line.body, self.store.known_history)
        self._record(request)
        request_id = self._usual_headers()["x-request-id"]
        for mode in ("stream", "background"):
            if as_object(request.json).get(mode) is True:
                message = f"Invalid '{mode}': a request of a batch is answered as a whole."
                error = ApiError(400, message, param=mode, code="invalid_value").error
                return LineAnswer(400, request_id, {"error": error})
        if line.custom_id in self.store.planned_lines:
            return replace(self.store.planned_lines.pop(line.custom_id), request_id=request_id)
        limiter, self.store.limiter = self.store.limiter, Limiter(None)
        try:
            canned = self.store.script.begin(partial(compare, request))
            found = self._answer(replace(request, method="POST"), canned)
        except httpx.TransportError as error:
            found = ApiError(500, str(error), type="server_error").answer()
        finally:
            self.store.limiter = limiter
        try:
            body = load(found.body)
        except ValueError:
            body = None
        return LineAnswer(found.status, request_id, body)

    def _answer(self, request: RecordedRequest, canned: tuple[Canned, Pace] | None) -> Answer:
        try:
            return answer(self.store, request, self.prefix) if canned is None else _canned(*canned)
        except ApiError as error:
            return error.answer()
        except RecursionError:
            return ApiError(400, "The JSON of the request is nested too deeply.").answer()

    def _begin(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[RecordedRequest, tuple[Canned, Pace] | None]:
        if self.is_closed:
            raise httpx.ConnectError("The embedded server is closed.")
        request = recorded(method, url, headers, body, self.store.known_history)
        self._record(request)
        return request, self.store.script.begin(partial(compare, request))

    def _record(self, request: RecordedRequest) -> None:
        self._count += 1
        if self._keeps_requests:
            self.requests.append(request)

    def _usual_headers(self) -> dict[str, str]:
        count = self._count
        return {
            "openai-processing-ms": "1",
            "openai-version": "2020-10-01",
            "x-request-id": f"req_{count:032x}",
            **self.store.limiter.headers(count),
        }

    def verify(self, *, ended: bool) -> None:
        """Raise `AssertionError` for unexpected requests and, if `ended`, for expected ones never sent."""
        with self.store.lock:
            self.store.script.verify(ended=ended)

    def opened(self) -> Callable[[], None]:
        """Count an opened stream; return the function that counts it as closed, at most once."""
        with self.store.lock:
            self.opened_streams += 1
        pending = [1]

        def closed() -> None:
            with self.store.lock:
                self.closed_streams += len(pending)
                pending.clear()

        return closed


def _canned(canned: Canned, pace: Pace) -> Answer:
    if canned.answer is None:
        raise httpx.RemoteProtocolError("Server disconnected without sending a response.")
    return canned.answer.at(pace)
