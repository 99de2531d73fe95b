"""One call from its first attempt to its answer: keys, redirects, retries, deadline and errors; over `IO`."""

# How it works
#
# A call is one or more attempts, and an attempt is one or more requests.
#
#     connect
#        |
#        v
#   +--> wait until the throttle lets the attempt through, if the call is one of a map       _attempt
#   |    |
#   |    v
#   |    sign the request, notify observers                                                  _send
#   |    |
#   |    v
#   |    send it <-------------------------------+
#   |    |                                       | the same request to another URL
#   |    +-- redirect that may be followed -------+ (at most `max_redirects` times; see redirects.py)
#   |    |
#   |    +-- 2xx, 101 -------> return the answer, its body unread
#   |    |
#   |    +-- 401, and a function gives the keys: get another one -------+ (once)
#   |    |                                                              |
#   |    +-- any other status, or no answer                             |
#   |        |                                                          |
#   |        v                                                          |
#   |        decide (_base/retry.py)                                    |
#   |        |         |                                                |
#   |        Retry     GiveUp -------> raise the error                  |
#   |        |                                                          |
#   |        v                                                          |
#   +------- sleep, or block the throttle                               |
#   |                                                                   |
#   +-------------------------------------------------------------------+
#
# What counts as a retry:
#
# - A redirect is part of its attempt. A renewed key costs an attempt and no retry, because the server did no work.
# - A 429 costs a retry if the call is alone. In a map it is expected: it costs none, and the wait blocks all calls to
#   the same model (`rate_limit_policy`).
# - A stream that is resumed has all its retries again whenever an event has come (`continue_with`).
#
# `deadline` bounds all of this, resumed streams included. It starts when the throttle lets the first attempt through:
# a call that waits in a map has not begun.
#
# If the body of an answer breaks off, its reader calls `retry` and then `connect` again: `fetch` for JSON,
# `_streaming/http_source.py` for streams.

from __future__ import annotations

import logging
import random
from collections.abc import Awaitable, Callable
from functools import partial
from io import BytesIO
from typing import TYPE_CHECKING, Any, Protocol, TypeVar

from .._base import clock
from .._base.clock import NO_DEADLINE, Deadline
from .._base.error_frames import without_frames
from .._base.http import Headers, ResponseMeta, origin
from .._base.messages import MAX_VALUE_CHARS, UNREAD, clause, one_line
from .._base.redaction import Redactor, public_url
from .._base.retry import GiveUp, Outcome, Policy, StatusFailure, decide, rate_limit_policy
from .._transport.protocols import IO, Body, TransportError
from ..errors import (
    APIConnectionError,
    APIError,
    APIStatusError,
    APITimeoutError,
    ResponseValidationError,
)
from ..models import Model
from .answers import MAX_KEPT_BYTES, STREAM_TYPE, answer_error, content_type, parse_result
from .auth import RequestSigner
from .request import Call, is_observed

if TYPE_CHECKING:
    from .observers import ObserverDispatcher

__all__ = ["LONG_WAIT_SECONDS", "Attempts", "Throttle", "as_value", "fetch", "fetch_with_redactor"]

_T = TypeVar("_T")
_R = TypeVar("_R", bound=Model)
logger = logging.getLogger("responses_client")

LONG_WAIT_SECONDS = 60.0
"""A wait that is longer is a warning in the log."""


class Throttle(Protocol):
    """Delays the attempts of many calls to keep within the rate limits of a server."""

    async def send(self, send: Callable[[], Awaitable[Body]], deadline: Deadline) -> Body:
        """Wait until the next attempt may go, and send it.

        Raises:
            TransportError: No answer came, or the deadline has passed.
        """
        ...

    def block_for(self, seconds: float, reason: str) -> None:
        """Send nothing for this long, because the server refused an attempt; `reason` is for the log."""
        ...

    async def pause(self, seconds: float, reason: str) -> None:
        """Wait before the next attempt of this call alone; `reason` is for users."""
        ...


class Attempts:
    """The attempts of one call, counted against its retries and its deadline.

    Attributes:
        call: The call; another one once a stream is resumed.
        count: The number of attempts so far.
        meta: The facts of the last answer; None before the first.
        deadline: The end of the whole call, counted from its first attempt; none before that.
        dispatcher: Notifies the observers of the call; None if there are none.
        throttle: Delays each attempt among those of many calls; None if the call is alone.
    """

    def __init__(self, io: IO, call: Call[Any]) -> None:
        self.call = call
        self.count = 0
        self.meta: ResponseMeta | None = None
        self.deadline = NO_DEADLINE
        self.dispatcher: ObserverDispatcher | None = None
        self.throttle: Throttle | None = None
        self._redactor = Redactor(call.secrets)
        self._signer = RequestSigner(io, call.settings, needs_key=call.needs_key)
        self._io = io
        self._start = 0.0
        self._earlier_count = 0  # attempts before the one from which retries are counted
        self._rate_limited_count = 0  # refusals that cost no retry
        self._policy = Policy(max_retries=call.settings.max_retries)

    @property
    def redactor(self) -> Redactor:
        """Masks the secrets of the call, and the keys and signatures that were sent so far."""
        return self._redactor.with_secrets(self._signer.secrets)

    def continue_with(self, call: Call[Any]) -> None:
        """Go over to another request: under the same deadline, but with all retries again."""
        self._redactor = self.redactor.with_secrets(call.secrets)
        self._signer = RequestSigner(self._io, call.settings, needs_key=call.needs_key)
        self._earlier_count = self.count - 1
        self.call = call

    async def connect(self) -> tuple[Body, ResponseMeta]:
        """Make attempts until one is answered with success; return the answer, its body unread.

        Raises:
            APIConnectionError: No answer came.
            APIStatusError: The answer has another status.
        """
        while True:
            attempt = self._attempt()
            body = await as_value(attempt if self.dispatcher is None else self.dispatcher.run(attempt))
            if isinstance(body, TransportError):
                await self.retry_failure(body, None)
                continue
            meta = self.meta = self._meta_of(body)
            if logger.isEnabledFor(logging.DEBUG):  # masks cost more than all else here
                shown_id = one_line(meta.request_id or "", MAX_VALUE_CHARS)
                logger.debug("%s: %d %s", self.call.operation.name, body.status_code, shown_id)
            if 200 <= body.status_code < 300 or body.status_code == 101:
                return body, meta
            await self._retry_status(body, meta)

    async def _retry_status(self, body: Body, meta: ResponseMeta) -> None:
        """Wait before the next attempt after an answer with another status, or raise the error that it is."""
        error = await self._status_error(body, meta)
        try:
            await self.notify_response(meta, error)
            # A function that does not return in time has no other key; the 401 is then the error to raise.
            renews = body.status_code == 401 and self._can_repeat
            if renews and await as_value(self._signer.renew(self.deadline)) is True:
                logger.info("%s: retry with another key, status 401", self.call.operation.name)
                if self.dispatcher is not None:
                    self.dispatcher.notify_retry(0, "status 401, with another key")
                return
            failed = StatusFailure(error.status_code, error.headers, error.code, error.type, error.message)
            await self.retry(failed, error)
        finally:
            del error  # its traceback holds this frame

    async def retry_failure(self, failure: TransportError, meta: ResponseMeta | None) -> None:
        """Wait before the next attempt after one without an answer, or with a part of one, or raise the error."""
        error = self.to_error(failure)
        try:
            await self.notify_response(meta, error)
            await self.retry(failure.outcome, error)
        finally:
            del error  # its traceback holds this frame

    async def retry(self, outcome: Outcome, error: APIError) -> None:
        """Wait before the next attempt, or raise the error if there is to be none."""
        limit_policy = None if self.throttle is None else rate_limit_policy(outcome, clock.time())
        retries = self.count - 1 - self._earlier_count - self._signer.renewals - self._rate_limited_count
        decision = decide(
            retries if limit_policy is None else self._rate_limited_count,
            outcome,
            policy=limit_policy or self._policy,
            now=clock.time(),
            random=random.random(),
            remaining=self.deadline.remaining(),
        )
        if not self._can_repeat:
            decision = GiveUp("the file cannot be read a second time")
        if isinstance(decision, GiveUp):
            logger.debug("%s: no retry, %s", self.call.operation.name, decision.reason)
            try:
                raise error
            finally:
                del error  # its traceback holds this frame
        after = self.call.params.get("starting_after")
        action = "retry" if after is None else f"resume after event {after}"
        reason = decision.reason if decision.source is None else f"{decision.reason} ({decision.source})"
        # A call that waits for longer looks like a program that hangs. Of a whole map, the throttle says it once.
        is_long = decision.delay > LONG_WAIT_SECONDS and limit_policy is None
        level = logging.WARNING if is_long else logging.INFO
        logger.log(level, "%s: %s in %.2f s, %s", self.call.operation.name, action, decision.delay, reason)
        if self.dispatcher is not None:
            self.dispatcher.notify_retry(decision.delay, decision.reason)
        if self.throttle is None:
            await self._io.sleep(decision.delay)
        elif limit_policy is None:
            await self.throttle.pause(decision.delay, reason)
        else:
            self._rate_limited_count += 1
            self.throttle.block_for(decision.delay, reason)

    async def notify_response(
        self, meta: ResponseMeta | None, error: APIError | None, result: Model | Any | None = None
    ) -> None:
        """Notify observers, if there are any, of the answer to an attempt."""
        if self.dispatcher is not None:
            await self.dispatcher.notify_response(meta, error, result)

    def reason(self, failure: TransportError) -> str:
        """Return the reason why no answer came, or only a part of one."""
        if self.deadline.is_expired:
            return f"the deadline of {self.call.settings.deadline:g} s has passed"
        return self.redactor.with_secrets(failure.secrets).text(failure.reason)

    def cause(self, failure: TransportError) -> BaseException | None:
        """Return the exception behind a failure; None if it quotes a secret that a server repeated."""
        return without_frames(failure.__cause__, self.redactor.with_secrets(failure.secrets))

    def to_error(self, failure: TransportError) -> APIError:
        """Return the error for a call that got no answer, or only a part of one."""
        request, kind, reason = self.call.request, failure.outcome.kind, self.reason(failure)
        error: APIError
        if kind == "decoding":
            text = f"The answer cannot be decompressed: {self.redactor.text(failure.reason)}"
            advice = "check what compresses the answers of base_url"
            error = ResponseValidationError(text, body=UNREAD, advice=advice, meta=self.meta)
        elif kind == "size":
            text = f"The answer is {failure.reason}"
            advice = "raise max_response_bytes to take it"
            error = ResponseValidationError(text, body=UNREAD, advice=advice, meta=self.meta)
        elif kind == "redirect":
            text = f"{request.method} {origin(request.url)} was answered with a redirect to something that is not a URL"
            error = ResponseValidationError(
                text, body=UNREAD, advice="set base_url to the address that answers"
            )
        else:
            is_late = kind == "timeout"
            count = f" after {self.count} attempts" if self.count > 1 else ""
            problem = "was not answered in time" if is_late else "got no answer"
            advice = failure.advice or "check the network and base_url"
            if is_late:
                advice = f"raise {failure.limits}, or try again"
            text = f"{request.method} {origin(request.url)} {problem}{count}: {clause(reason)}; {advice}"
            error = (APITimeoutError if is_late else APIConnectionError)(text)
        error.__cause__ = self.cause(failure)
        return error

    async def read(self, body: Body) -> bytes:
        """Read a body to its end and close it.

        Raises:
            TransportError: The connection broke, the deadline has passed, or the body is larger than it may be.
        """
        limit = self.call.settings.max_response_bytes
        content = BytesIO()  # a list of pieces would take many times their size if they are small
        try:
            while (piece := await body.next(self.deadline)) is not None:
                if content.tell() + len(piece) > limit:
                    raise TransportError("size", f"larger than {limit} bytes (max_response_bytes)")
                content.write(piece)
        finally:
            await body.close()
        return content.getvalue()

    async def read_start(self, body: Body) -> bytes:
        """Read up to 1 MiB of a body that is probably an error, as far as it comes, and close it.

        Of an event stream, only up to the error, because the server may keep the stream open.

        Raises:
            ResponseValidationError: Nothing of it can be decompressed.
        """
        content = await as_value(self._read_start(body))
        if isinstance(content, TransportError):
            raise self.to_error(content)
        return content

    async def _status_error(self, body: Body, meta: ResponseMeta) -> APIStatusError:
        """Return the error of an answer with the status of one."""
        content = await as_value(self._read_start(body))
        if isinstance(content, TransportError):
            problem = f"the body cannot be decompressed: {self.redactor.text(content.reason)}"
            return answer_error(body.status_code, b"", meta, self.redactor, problem)
        return answer_error(body.status_code, content, meta, self.redactor, can_repeat=self._can_repeat)

    async def _read_start(self, body: Body) -> bytes:
        content = BytesIO()
        finder = None
        if content_type(body.headers) == STREAM_TYPE:
            from .error_streams import ErrorFinder  # here, because most errors are JSON

            finder = ErrorFinder()
        try:
            while (room := MAX_KEPT_BYTES - content.tell()) > 0:
                piece = await as_value(body.next(self.deadline))
                if isinstance(piece, TransportError):
                    if piece.outcome.kind == "decoding" and not content.tell():
                        try:
                            raise piece
                        finally:
                            del piece  # its traceback holds this frame
                    break
                if piece is None:
                    break
                content.write(piece[:room])
                if finder is not None and finder.feed(piece):
                    break
        finally:
            await body.close()
        return content.getvalue()

    async def _attempt(self) -> Body:
        if self.throttle is None:
            return await self._send()
        return await self.throttle.send(self._send, self.deadline)

    async def _send(self) -> Body:
        if not self.count:
            self._start = clock.monotonic()
            self.deadline = Deadline.after(self.call.settings.deadline)
        self.count += 1
        request = self.call.request
        if logger.isEnabledFor(logging.DEBUG):
            url = self.redactor.text(public_url(request.url))
            logger.debug("%s: %s %s, attempt %d", self.call.operation.name, request.method, url, self.count)
        if self.dispatcher is not None:
            request = self.dispatcher.add_headers(request)
        request = await self._signer.sign(request, self.deadline)
        if self.dispatcher is not None:
            await self.dispatcher.notify_request(request)
        redirects = self.call.settings.max_redirects
        while True:
            if self.deadline.is_expired:
                raise TransportError("timeout", "the deadline has passed")
            try:
                body = await self._io.send(request, self.deadline)
            except Exception:
                if request.upload is not None and request.upload.problem is not None:
                    raise request.upload.problem from None
                raise
            if not 300 <= body.status_code < 400:
                return body
            from .redirects import redirected  # here, because few answers are redirects

            following = redirected(self.call, request, body)
            if following is None or not redirects or not self._can_repeat:
                return body
            await body.close()
            request = following
            redirects -= 1

    @property
    def _can_repeat(self) -> bool:
        """Whether the body can be sent again; not if it comes from a pipe."""
        upload = self.call.request.upload
        return upload is None or upload.can_send

    def _meta_of(self, body: Body) -> ResponseMeta:
        redactor = self.redactor
        masked = redactor.headers(body.headers)
        return ResponseMeta.build(
            body.status_code,
            body.headers if masked is None else Headers(masked),
            elapsed=clock.monotonic() - self._start,
            tries=self.count,
            method=self.call.request.method,
            url=redactor.text(self.call.request.url),
        )


async def as_value(work: Awaitable[_T]) -> _T | TransportError:
    """Return a failure as a value, so that an error raised because of it does not have it as its context.

    Without its frames, which hold the variable in which the caller has it.
    """
    try:
        return await work
    except TransportError as failure:
        return failure.with_traceback(None)


async def fetch(io: IO, call: Call[_R], throttle: Throttle | None = None) -> _R:
    """Make a call that is answered with one JSON object; a throttle is shared with other calls.

    Raises:
        APIError: No answer came, or an error, or no valid answer.
    """
    attempts = Attempts(io, call)
    attempts.throttle = throttle
    return await _fetch(attempts, io, call)


async def fetch_with_redactor(io: IO, call: Call[_R]) -> tuple[_R, Redactor]:
    """Do the same, and return the redactor of the call as well, for errors that quote the result later."""
    attempts = Attempts(io, call)
    return await _fetch(attempts, io, call), attempts.redactor


async def _fetch(attempts: Attempts, io: IO, call: Call[_R]) -> _R:
    work = _read_result(attempts, call)
    if not is_observed(call):
        return await work
    from .observers import make_dispatcher  # here, because few calls have observers

    attempts.dispatcher = make_dispatcher(io, attempts)
    return await attempts.dispatcher.observe(work)


async def _read_result(attempts: Attempts, call: Call[_R]) -> _R:
    while True:
        body, meta = await attempts.connect()
        result = await as_value(_read_body(attempts, call, body, meta))
        if isinstance(result, TransportError):
            await attempts.retry_failure(result, meta)
            continue
        if isinstance(result, APIError):
            try:
                await attempts.notify_response(meta, result)
                raise result
            finally:
                del result  # its traceback holds this frame
        await attempts.notify_response(meta, None, result)
        return result


async def _read_body(attempts: Attempts, call: Call[_R], body: Body, meta: ResponseMeta) -> _R | APIError:
    """Return the result of the body of an answer, or the error that it is.

    The error has lost its frames here, whose variables hold the body, and is raised outside of the handler: an
    exception of a hook must not have it as its context.
    """
    if call.receive is not None:
        received: _R = await call.receive(attempts, body, meta)
        return received
    content = await attempts.read(body)
    read = call.read or partial(parse_result, call.operation.result_model())
    try:
        result: _R = read(content, meta, call.settings, attempts.redactor)
    except APIError as error:
        return error.with_traceback(None)
    return result
