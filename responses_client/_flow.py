"""One call from its first try to its answer: key, retries, redirects, deadline, errors; over `IO`."""

import logging
import random
import time
from collections.abc import Sequence
from typing import Any, TypeVar
from urllib.parse import urljoin

from ._config import auth_headers, missing_key_error
from ._meta import ResponseMeta, origin
from ._request import Call
from ._result import parse_result
from ._retry import GiveUp, Outcome, Policy, StatusFailure, decide
from ._transport import IO, Body, Failure, WireRequest
from .errors import APIConnectionError, APIError, APIStatusError, APITimeoutError, status_error

from .models import Result

__all__ = ["Attempts", "fetch"]

_R = TypeVar("_R", bound=Result)
logger = logging.getLogger("responses_client")

_ERROR_BODY_BYTES = 1024 * 1024
_REDIRECTS = frozenset({301, 302, 307, 308})  # 303 asks for another method


class Attempts:
    """The tries of one call, counted against its retries and its deadline."""

    def __init__(self, io: IO, call: "Call[Any]") -> None:
        self.call = call
        self.tries = 0
        self._io = io
        self._start = time.monotonic()
        self._policy = Policy(max_retries=call.settings.max_retries)
        self._key: str | None = None

    @property
    def left(self) -> float | None:
        """Seconds the call may still take; None without a deadline."""
        deadline = self.call.settings.deadline
        return None if deadline is None else deadline - (time.monotonic() - self._start)

    async def open(self) -> tuple[Body, ResponseMeta]:
        """Send the request until it is answered with success; return the answer, its body unread.

        Raises:
            APIConnectionError: No answer came.
            APIStatusError: The answer has another status.
        """
        while True:
            try:
                body = await self._send()
            except Failure as failure:
                await self.retry(failure.outcome, self.connection_error(failure))
                continue
            if 200 <= body.status_code < 300:
                return body, self._meta(body)
            error = await self._status_error(body)
            outcome = StatusFailure(error.status_code, error.headers, error.code, error.type)
            await self.retry(outcome, error)

    async def retry(self, outcome: Outcome, error: APIError) -> None:
        """Wait before the next try, or raise the error if there shall be none."""
        decision = decide(
            self.tries - 1,
            outcome,
            policy=self._policy,
            now=time.time(),
            random=random.random(),
            deadline_left=self.left,
        )
        if isinstance(decision, GiveUp):
            logger.debug("%s: no retry, %s", self.call.operation.name, decision.reason)
            raise error
        logger.info("%s: retry in %.2f s, %s", self.call.operation.name, decision.delay, decision.reason)
        await self._io.sleep(decision.delay)

    def connection_error(self, failure: Failure) -> APIConnectionError:
        """Make the error for a call that got no answer, or only a part of one."""
        request = self.call.request
        late = failure.outcome.kind == "timeout"
        count = f" after {self.tries} tries" if self.tries > 1 else ""
        what = "was not answered in time" if late else "got no answer"
        advice = "raise timeout or deadline, or try again" if late else "check the network and base_url"
        text = f"{request.method} {origin(request.url)} {what}{count}: {failure.reason}; {advice}"
        error = (APITimeoutError if late else APIConnectionError)(text)
        error.__cause__ = failure.__cause__
        return error

    async def read(self, body: Body, limit: int | None = None) -> bytes:
        """Read a body to its end, or past the limit, and close it."""
        pieces: list[bytes] = []
        size = 0
        try:
            while (piece := await body.next(self.left)) is not None:
                pieces.append(piece)
                size += len(piece)
                if limit is not None and size > limit:
                    break
        finally:
            await body.close()
        if self.left is not None and self.left <= 0:
            raise Failure("timeout", "the deadline has passed")
        return b"".join(pieces)

    def status_error(self, status: int, body: bytes, meta: ResponseMeta) -> APIStatusError:
        """Make the error for an answer."""
        return status_error(
            status,
            meta.headers,
            body,
            method=meta.method,
            url=meta.url,
            request_id=meta.request_id,
            tries=self.tries,
            now=time.time(),
            meta=meta,
            secrets=self._secrets(),
        )

    def _secrets(self) -> Sequence[str]:
        return () if self._key is None else (self._key,)

    async def _send(self) -> Body:
        self.tries += 1
        request = self.call.request
        if self.call.needs_key:
            request = request._replace(headers={**request.headers, **await self._auth()})
        for _ in range(self.call.settings.max_redirects):
            if self.left is not None and self.left <= 0:
                raise Failure("timeout", "the deadline has passed")
            body = await self._io.send(request, self.left)
            target = _target(request, body)
            if target is None:
                return body
            await body.close()
            request = request._replace(url=target)
        return await self._io.send(request, self.left)

    async def _auth(self) -> dict[str, str]:
        key = self.call.settings.api_key
        if key is None:
            raise missing_key_error()
        if not isinstance(key, str):
            key = await self._io.call(key)
            self._key = key
            return auth_headers(key, source="key that the api_key function gave")
        self._key = key
        return auth_headers(key)

    async def _status_error(self, body: Body) -> APIStatusError:
        meta = self._meta(body)
        try:
            content = await self.read(body, _ERROR_BODY_BYTES)
        except Failure:
            content = b""
        return self.status_error(body.status_code, content, meta)

    def _meta(self, body: Body) -> ResponseMeta:
        return ResponseMeta.build(
            body.status_code,
            body.headers,
            elapsed=time.monotonic() - self._start,
            tries=self.tries,
            method=self.call.request.method,
            url=self.call.request.url,
        )


def _target(request: WireRequest, body: Body) -> str | None:
    """Return where a redirect leads that may be followed: same origin, same method and body."""
    location = body.headers.get("location")
    if body.status_code not in _REDIRECTS or not location:
        return None
    return urljoin(request.url, location) if origin(location, request.url) == origin(request.url) else None


async def fetch(io: IO, call: Call[_R]) -> _R:
    """Make a call whose answer is one JSON object.

    Raises:
        APIError: No answer came, or an error, or no valid answer.
    """
    attempts = Attempts(io, call)
    while True:
        body, meta = await attempts.open()
        try:
            content = await attempts.read(body)
        except Failure as failure:
            await attempts.retry(failure.outcome, attempts.connection_error(failure))
            continue
        return parse_result(call.operation.result_model(), content, meta, call.settings, attempts.status_error)
