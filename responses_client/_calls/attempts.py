"""One call from its first try to its answer: key, retries, redirects, deadline, errors; over `IO`."""

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Protocol, TypeVar
from urllib.parse import urljoin

from .._base import clock
from .._base.clock import NO_DEADLINE, Deadline
from .._base.http import ResponseMeta, origin
from .._base.redaction import Redactor, public_url
from .._base.retry import GiveUp, Outcome, Policy, StatusFailure, decide, patience
from .._transport.protocols import IO, Body, TransportError, WireRequest
from ..errors import APIConnectionError, APIError, APITimeoutError, ResponseValidationError
from ..models import Model
from .answers import answer_error, parse_result
from .auth import Login
from .observers import is_watched, watch_of
from .request import Call

if TYPE_CHECKING:
    from .observers import Watch

__all__ = ["Attempts", "Throttle", "as_value", "fetch"]

_T = TypeVar("_T")
_R = TypeVar("_R", bound=Model)
logger = logging.getLogger("responses_client")

_LONG = 60.0  # seconds that somebody who waits for them wants to know of
_ERROR_BODY_BYTES = 1024 * 1024
_REDIRECTS = frozenset({301, 302, 307, 308})  # 303 asks for another method


class Throttle(Protocol):
    """Delays the tries of many calls to keep within the rate limits of a server."""

    async def send(self, send: Callable[[], Awaitable[Body]], deadline: Deadline) -> Body:
        """Wait until the next attempt may go, and send it.

        Raises:
            TransportError: No answer came, or the deadline has passed.
        """
        ...

    def block_for(self, seconds: float) -> None:
        """Send nothing for this long, since the server refused a try."""
        ...


class Attempts:
    """The tries of one call, counted against its retries and its deadline.

    Attributes:
        tries: How many requests were sent, redirects left aside.
        meta: Of the last answer.
        deadline: The end of the whole call, counted from its first attempt; none before that.
        watch: Who is told of each try; None if nobody is.
        throttle: Delays each try among those of many calls; None if the call is alone.
    """

    def __init__(self, io: IO, call: Call[Any]) -> None:
        self.call = call
        self.tries = 0
        self.meta: ResponseMeta | None = None
        self.watch: Watch | None = None
        self.throttle: Throttle | None = None
        self._redactor = Redactor(call.secrets)
        self._login = Login(io, call.settings, needs_key=call.needs_key)
        self._io = io
        self._start = 0.0
        self.deadline = NO_DEADLINE
        self._spent = 0  # tries before the one that retries are counted from
        self._refusals = 0  # which cost no retry
        self._policy = Policy(max_retries=call.settings.max_retries)

    @property
    def redactor(self) -> Redactor:
        """Masks the secrets of the call, and those that were sent so far to prove who sends it."""
        return self._redactor.with_secrets(self._login.secrets)

    def follow(self, call: Call[Any]) -> None:
        """Go on with another request: in the time of the first, but with all retries again."""
        self._redactor = self.redactor.with_secrets(call.secrets)
        self._login = Login(self._io, call.settings, needs_key=call.needs_key)
        self._spent = self.tries - 1
        self.call = call

    async def open(self) -> tuple[Body, ResponseMeta]:
        """Send the request until it is answered with success; return the answer, its body unread.

        Raises:
            APIConnectionError: No answer came.
            APIStatusError: The answer has another status.
        """
        while True:
            body = await as_value(self._send() if self.watch is None else self.watch.within(self._send()))
            if isinstance(body, TransportError):
                failure = self.failure_error(body)
                await self.tell(None, failure)
                await self.retry(body.outcome, failure)
                continue
            meta = self.meta = self._meta_of(body)
            logger.debug("%s: %d %s", self.call.operation.name, body.status_code, meta.request_id or "")
            if 200 <= body.status_code < 300 or body.status_code == 101:
                return body, meta
            content = await self.read_head(body)
            error = answer_error(body.status_code, content, meta, self.redactor)
            await self.tell(meta, error)
            if body.status_code == 401 and await as_value(self._login.renew(self.deadline)) is True:
                logger.info("%s: retry with another key, status 401", self.call.operation.name)
                if self.watch is not None:
                    self.watch.retrying(0, "status 401, with another key")
                continue
            await self.retry(StatusFailure(error.status_code, error.headers, error.code, error.type), error)

    async def retry(self, outcome: Outcome, error: APIError) -> None:
        """Wait before the next try, or raise the error if there shall be none."""
        patient = None if self.throttle is None else patience(outcome)
        retries = self.tries - 1 - self._spent - self._login.renewals - self._refusals
        decision = decide(
            retries if patient is None else self._refusals,
            outcome,
            policy=patient or self._policy,
            now=clock.time(),
            random=random.random(),
            deadline_left=self.deadline.remaining(),
        )
        if isinstance(decision, GiveUp):
            logger.debug("%s: no retry, %s", self.call.operation.name, decision.reason)
            raise error
        after = self.call.params.get("starting_after")
        what = "retry" if after is None else f"resume after event {after}"
        logger.info("%s: %s in %.2f s, %s", self.call.operation.name, what, decision.delay, decision.reason)
        if self.watch is not None:
            self.watch.retrying(decision.delay, decision.reason)
        if self.throttle is None or patient is None:
            await self._io.sleep(decision.delay)
        else:
            self._refusals += 1
            if decision.delay > _LONG:
                logger.warning(
                    "%s: nothing is sent for %.0f s, as the server asks",
                    self.call.operation.name,
                    decision.delay,
                )
            self.throttle.block_for(decision.delay)

    async def tell(
        self, meta: ResponseMeta | None, error: APIError | None, result: Model | None = None
    ) -> None:
        """Tell who watches how a try was answered."""
        if self.watch is not None:
            await self.watch.answered(meta, error, result)

    def reason(self, failure: TransportError) -> str:
        """Say why no answer came, or only a part of one."""
        if self.deadline.is_expired:
            return f"the deadline of {self.call.settings.deadline:g} s has passed"
        return self.redactor.text(failure.reason)

    def cause(self, failure: TransportError) -> BaseException | None:
        """Give the exception behind a failure unless it quotes a server that repeats a secret."""
        return None if self.redactor.occurs_in(str(failure.__cause__)) else failure.__cause__

    def failure_error(self, failure: TransportError) -> APIError:
        """Make the error for a call that got no answer, or only a part of one."""
        request, kind, reason = self.call.request, failure.outcome.kind, self.reason(failure)
        error: APIError
        if kind == "decoding":
            advice = "check what compresses the answers of base_url"
            error = ResponseValidationError(
                f"The answer cannot be decompressed: {reason}", advice=advice, meta=self.meta
            )
        else:
            late = kind == "timeout"
            count = f" after {self.tries} tries" if self.tries > 1 else ""
            what = "was not answered in time" if late else "got no answer"
            advice = "raise timeout or deadline, or try again" if late else "check the network and base_url"
            text = f"{request.method} {origin(request.url)} {what}{count}: {reason}; {advice}"
            error = (APITimeoutError if late else APIConnectionError)(text)
        error.__cause__ = self.cause(failure)
        return error

    async def read(self, body: Body) -> bytes:
        """Read a body to its end and close it."""
        pieces: list[bytes] = []
        try:
            while (piece := await body.next(self.deadline)) is not None:
                pieces.append(piece)
        finally:
            await body.close()
        return b"".join(pieces)

    async def read_head(self, body: Body) -> bytes:
        """Read what comes of the body of an error, up to a limit, and close it."""
        content = b""
        try:
            while len(content) < _ERROR_BODY_BYTES:
                piece = await as_value(body.next(self.deadline))
                if piece is None or isinstance(piece, TransportError):
                    break
                content += piece
        finally:
            await body.close()
        return content

    async def _send(self) -> Body:
        if self.throttle is None:
            return await self._try()
        # The time of the call begins when it is let through for the first time.
        return await self.throttle.send(self._try, self.deadline)

    async def _try(self) -> Body:
        if not self.tries:
            self._start = clock.monotonic()
            self.deadline = Deadline.after(self.call.settings.deadline)
        self.tries += 1
        request = self.call.request
        logger.debug(
            "%s: %s %s, try %d", self.call.operation.name, request.method, public_url(request.url), self.tries
        )
        if self.watch is not None:
            request = self.watch.marked(request)
        request = await self._login.sign(request, self.deadline)
        if self.watch is not None:
            await self.watch.sending(request)
        redirects = self.call.settings.max_redirects
        while True:
            if self.deadline.is_expired:
                raise TransportError("timeout", "the deadline has passed")
            body = await self._io.send(request, self.deadline)
            target = _target(request, body)
            if target is None or not redirects:
                return body
            await body.close()
            request = request._replace(url=target)
            redirects -= 1

    def _meta_of(self, body: Body) -> ResponseMeta:
        return ResponseMeta.build(
            body.status_code,
            body.headers,
            elapsed=clock.monotonic() - self._start,
            tries=self.tries,
            method=self.call.request.method,
            url=self.call.request.url,
        )


async def as_value(work: Awaitable[_T]) -> _T | TransportError:
    """Give a failure as a value, so that what is raised because of it does not have it as its context."""
    try:
        return await work
    except TransportError as failure:
        return failure


def _target(request: WireRequest, body: Body) -> str | None:
    """Return where a redirect leads that may be followed: same origin, same method and body."""
    location = body.headers.get("location")
    if body.status_code not in _REDIRECTS or not location:
        return None
    return urljoin(request.url, location) if origin(location, request.url) == origin(request.url) else None


async def fetch(io: IO, call: Call[_R], throttle: Throttle | None = None) -> _R:
    """Make a call whose answer is one JSON object; it may be one of many that share a throttle.

    Raises:
        APIError: No answer came, or an error, or no valid answer.
    """
    attempts = Attempts(io, call)
    attempts.throttle = throttle
    work = _result(attempts, call)
    if not is_watched(call):
        return await work
    attempts.watch = watch_of(io, attempts)
    return await attempts.watch.over(work)


async def _result(attempts: Attempts, call: Call[_R]) -> _R:
    while True:
        body, meta = await attempts.open()
        content = await as_value(attempts.read(body))
        if isinstance(content, TransportError):
            failure = attempts.failure_error(content)
            await attempts.tell(meta, failure)
            await attempts.retry(content.outcome, failure)
            continue
        model = call.operation.result_model()
        if attempts.watch is None:
            return parse_result(model, content, meta, call.settings, attempts.redactor)
        try:
            result: _R | APIError = parse_result(model, content, meta, call.settings, attempts.redactor)
        except APIError as error:
            result = error
        if isinstance(result, APIError):
            await attempts.tell(meta, result)
            raise result
        await attempts.tell(meta, None, result)
        return result
