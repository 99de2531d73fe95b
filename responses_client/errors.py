"""Every error of the package; each says in one sentence what happened and what to do, and can be pickled.

ResponsesClientError
  ConfigurationError          an option or environment variable that cannot work
  RequestValidationError      a request or an argument refused at once (also a ValueError)
  APIError                    something went wrong between here and the API
    APIConnectionError        no answer came
      APITimeoutError         no answer came in time
    APIStatusError            an answer with an error status
      BadRequestError           400
      AuthenticationError       401
      PermissionDeniedError     403
      NotFoundError             404
      ConflictError             409
      UnprocessableEntityError  422
      RateLimitError            429
      InternalServerError       500 and above
    ResponseValidationError   an answer that is not what the API promises
    StreamError               the API reported an error inside a stream
    StreamInterrupted         a stream ended before its terminal event
  ParseError                  an answer that is not the type that was asked for
    RefusalError              the model refused to answer
  WebhookSignatureError       a webhook that was not signed with the secret
  WaitTimeout                 a background response took longer than was waited for
  ToolError                   something went wrong with a tool, or with a run of tools
    ToolDefinitionError       a function that cannot be a tool (also a RequestValidationError)
    ToolExecutionError        a tool failed, and its run was to end with that
    MaxTurnsExceeded          a run would take more turns than it may
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from ._base.error_bodies import parse_body, read_error
from ._base.field_errors import FieldError
from ._base.http import Headers, url_path
from ._base.messages import BODY_SHOWN, body_start, one_line
from ._base.retry import QUOTA_CODES

if TYPE_CHECKING:
    from ._base.http import ResponseMeta
    from ._runs.result import RunResult
    from .models import OutputItem, Response, StreamEvent

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AuthenticationError",
    "BadRequestError",
    "ConfigurationError",
    "ConflictError",
    "FieldError",
    "InternalServerError",
    "MaxTurnsExceeded",
    "NotFoundError",
    "ParseError",
    "PermissionDeniedError",
    "RateLimitError",
    "RefusalError",
    "RequestValidationError",
    "ResponseValidationError",
    "ResponsesClientError",
    "StreamError",
    "StreamInterrupted",
    "ToolDefinitionError",
    "ToolError",
    "ToolExecutionError",
    "UnprocessableEntityError",
    "WaitTimeout",
    "WebhookSignatureError",
]

_MESSAGE_SHOWN = 1000
_FIELDS_SHOWN = 10


class ResponsesClientError(Exception):
    """The base of every error this package raises on its own account.

    Copies and pickles keep all attributes and the `__cause__`; a cause from another package, which may not
    survive pickling or may hold the API key in its request, is kept as its type and text.
    """

    run: RunResult | None = None
    """What a run had come to when it ended in this error, to go on from; None elsewhere."""

    def __reduce__(self) -> tuple[Callable[..., ResponsesClientError], tuple[object, ...]]:
        cause = self.__cause__
        if cause is not None and not isinstance(cause, (ResponsesClientError, _ForeignCause)):
            cause = _ForeignCause.of(cause)
        return _rebuild, (type(self), self.args, self.__dict__, cause, self.__suppress_context__)


class _ForeignCause(Exception):
    """What is left, in a copy, of an exception that is not ours."""

    @classmethod
    def of(cls, error: BaseException) -> _ForeignCause:
        kind = type(error)
        return cls(f"{kind.__module__}.{kind.__qualname__}: {one_line(str(error), BODY_SHOWN)}")


def _rebuild(
    cls: type[ResponsesClientError],
    args: tuple[object, ...],
    state: dict[str, object],
    cause: BaseException | None,
    suppress_context: bool,
) -> ResponsesClientError:
    error = cls.__new__(cls, *args)
    error.__dict__.update(state)
    error.__cause__ = cause
    error.__suppress_context__ = suppress_context
    return error


class ConfigurationError(ResponsesClientError):
    """An option or environment variable that is missing or cannot work; names it, never quotes a secret."""


class RequestValidationError(ResponsesClientError, ValueError):
    """A request that the API would refuse, or an argument that cannot work, found before anything was sent.

    `errors` has one entry per mistake; `path`, `expected` and `value_type` are those of the first. `outcome` begins the
    message; where no request would have been sent, it names what did not happen instead.
    """

    def __init__(self, errors: Sequence[FieldError], *, outcome: str = "The request was not sent") -> None:
        first = errors[0]
        self.errors = list(errors)
        self.path = first["path"]
        self.expected = first["expected"]
        self.value_type = first["value_type"]
        shown = [f"{error['path']}: {error['message']}" for error in errors[:_FIELDS_SHOWN]]
        if len(errors) > _FIELDS_SHOWN:
            shown.append(f"and {len(errors) - _FIELDS_SHOWN} more in .errors")
        super().__init__(f"{outcome}: {'; '.join(shown)}")


class APIError(ResponsesClientError):
    """Something went wrong between here and the API.

    `message` says what, `request_id` is the id the server gave the request and `meta` what else is known of
    its answer; both are None when no answer came.
    """

    def __init__(
        self, message: str, *, request_id: str | None = None, meta: ResponseMeta | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.meta = meta
        self.request_id = request_id if request_id is not None or meta is None else meta.request_id


class APIConnectionError(APIError):
    """No answer came: the server was not reached, or the connection broke. The cause is in `__cause__`."""


class APITimeoutError(APIConnectionError):
    """No answer came in time: `timeout`, `connect_timeout` or `deadline` ran out."""


class APIStatusError(APIError):
    """An answer with an error status (or a redirect that was not followed).

    `message`, `code`, `type` and `param` are the API's, None where its body has none; without a message of
    the API's, `message` is the first part of the body. `body` is the parsed JSON, else the text, None when
    empty. `retry_after` is in seconds. `tries` counts the requests sent.
    """

    advice: ClassVar[str] = "see .body for the whole answer"
    """What the user can do about this status, the end of the text."""

    def __init__(
        self,
        message: str,
        *,
        status_code: int,
        code: str | None = None,
        type: str | None = None,
        param: str | None = None,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        retry_after: float | None = None,
        method: str | None = None,
        url: str | None = None,
        tries: int = 1,
        request_id: str | None = None,
        meta: ResponseMeta | None = None,
    ) -> None:
        super().__init__(message, request_id=request_id, meta=meta)
        self.status_code = status_code
        self.code = code
        self.type = type
        self.param = param
        self.body = body
        self.headers: Mapping[str, str] = headers if isinstance(headers, Headers) else Headers(headers or {})
        self.retry_after = retry_after
        self.tries = tries
        request = "The request" if method is None or url is None else f"{method} {url_path(url)}"
        count = f" after {tries} tries" if tries > 1 else ""
        details = _details(type=type, code=code, param=param, request_id=self.request_id)
        said = one_line(message, _MESSAGE_SHOWN).rstrip(" .")
        self.args = (f"{request} was answered with {status_code}{count}: {said}{details}; {_advice(self)}",)


class BadRequestError(APIStatusError):
    """400: the request is malformed or breaks a rule of the API."""

    advice = "change the request"


class AuthenticationError(APIStatusError):
    """401: the API key is missing, wrong or revoked."""

    advice = "check the API key"


class PermissionDeniedError(APIStatusError):
    """403: the key may not do this."""

    advice = "check what the key, its project and organization may do"


class NotFoundError(APIStatusError):
    """404: there is no such response, model or path."""

    advice = "check base_url, the model and the ids"


class ConflictError(APIStatusError):
    """409: the request met another change to the same object."""

    advice = "try again"


class UnprocessableEntityError(APIStatusError):
    """422: the request is well formed but some of its values are refused."""

    advice = "change the request"


class RateLimitError(APIStatusError):
    """429: too many requests, or no quota is left (`code` tells)."""

    advice = "try again later"


class InternalServerError(APIStatusError):
    """500 and above: the server failed."""

    advice = "try again later"


class ResponseValidationError(APIError):
    """An answer that is not what the API promises: not JSON, another content type, JSON of another shape.

    `path` is where in the JSON (`output[0].content`), None when the whole is wrong. `body` is the parsed
    JSON, else the text, None when empty; bytes given for it are parsed. Where it ends a stream, `partial`,
    `response_id` and `last_sequence_number` say how far that got; elsewhere they are None.
    """

    def __init__(
        self,
        message: str,
        *,
        path: str | None = None,
        body: Any = None,
        advice: str = "check that base_url leads to a server of the Responses API",
        request_id: str | None = None,
        meta: ResponseMeta | None = None,
    ) -> None:
        super().__init__(message, request_id=request_id, meta=meta)
        self.path = path
        self.body = parse_body(body) if isinstance(body, bytes) else body
        self.partial: Response | None = None
        self.response_id: str | None = None
        self.last_sequence_number: int | None = None
        place = f" at {path}" if path else ""
        details = _details(request_id=self.request_id)
        said = one_line(message, _MESSAGE_SHOWN).rstrip(" .")
        self.args = (f"{said}{place}{details}: the body is {body_start(body)}; {advice}",)


class StreamError(APIError):
    """The API reported an error inside a stream: an `error` event or a response that failed.

    `event` is the event as it came, `partial` the response as far as it got, `last_sequence_number` that of
    the last event seen. `message`, `code`, `type`, `param` and `status_code` are the API's, None where it
    gives none.
    """

    def __init__(
        self,
        message: str,
        *,
        code: str | None = None,
        type: str | None = None,
        param: str | None = None,
        status_code: int | None = None,
        event: StreamEvent | Mapping[str, Any] | None = None,
        partial: Response | None = None,
        response_id: str | None = None,
        last_sequence_number: int | None = None,
        request_id: str | None = None,
        meta: ResponseMeta | None = None,
    ) -> None:
        super().__init__(message, request_id=request_id, meta=meta)
        self.code = code
        self.type = type
        self.param = param
        self.status_code = status_code
        self.event = event
        self.partial = partial
        self.response_id = response_id
        self.last_sequence_number = last_sequence_number
        status = None if status_code is None else str(status_code)
        details = _details(
            status=status, type=type, code=code, param=param, response=response_id, request_id=self.request_id
        )
        said = one_line(message, _MESSAGE_SHOWN).rstrip(" .")
        self.args = (f"The API ended the stream with an error: {said}{details}; what came is in .partial",)

    @classmethod
    def from_event(
        cls,
        payload: Mapping[str, Any],
        *,
        event: StreamEvent | None = None,
        partial: Response | None = None,
        response_id: str | None = None,
        last_sequence_number: int | None = None,
        request_id: str | None = None,
        meta: ResponseMeta | None = None,
    ) -> StreamError:
        """Make one from the JSON of an event, whatever form the error has in it.

        Errors come flat (`{"type": "error", "code", "message", "param"}`), nested under `error`, nested with
        an HTTP `status` beside (WebSocket), without any `type`, and inside the `response` of
        `response.failed`. `event` is kept as it is, by default the payload; what the payload says of ids
        fills in for arguments that are None.
        """
        found = read_error(payload)
        number = payload.get("sequence_number")
        if last_sequence_number is None and isinstance(number, int):
            last_sequence_number = number
        return cls(
            found.message or f"no message, only {body_start(payload)}",
            code=found.code,
            type=found.type,
            param=found.param,
            status_code=found.status_code,
            event=payload if event is None else event,
            partial=partial,
            response_id=response_id or found.response_id,
            last_sequence_number=last_sequence_number,
            request_id=request_id or found.request_id,
            meta=meta,
        )


class StreamInterrupted(APIError):
    """A stream ended before its terminal event; what was received is not lost.

    `partial` is the response as far as it got, `reason` what ended the stream. A response created with
    `background=True` goes on at the server, and its stream was resumed before as often as `max_retries` allow:
    `responses.resume` with the stream's `resume_token` gives the rest, `responses.wait` the whole.
    """

    def __init__(
        self,
        reason: str,
        *,
        partial: Response | None = None,
        response_id: str | None = None,
        last_sequence_number: int | None = None,
        request_id: str | None = None,
        meta: ResponseMeta | None = None,
    ) -> None:
        number = "" if last_sequence_number is None else f" after event {last_sequence_number}"
        known = None if meta is None else meta.request_id
        details = _details(response=response_id, request_id=request_id or known)
        said = f"The stream ended{number} without a terminal event: {one_line(reason, _MESSAGE_SHOWN).rstrip(' .')}"
        super().__init__(f"{said}{details}; what came is in .partial", request_id=request_id, meta=meta)
        self.reason = reason
        self.partial = partial
        self.response_id = response_id
        self.last_sequence_number = last_sequence_number


class ParseError(ResponsesClientError):
    """No value of the type asked for can be made of an answer.

    `response` is the plain response, `text` what the model wrote, None if it wrote nothing. `errors` has one entry
    for each part of the text that does not fit the type; it is empty if the text is no JSON, or was not looked at.
    """

    def __init__(
        self,
        message: str,
        *,
        response: Response | None = None,
        text: str | None = None,
        errors: Sequence[FieldError] = (),
    ) -> None:
        super().__init__(message)
        self.response = response
        self.text = text
        self.errors = list(errors)


class RefusalError(ParseError):
    """The model refused to answer; `refusal` is what it said."""

    def __init__(self, message: str, *, refusal: str, response: Response | None = None) -> None:
        super().__init__(message, response=response)
        self.refusal = refusal


class WebhookSignatureError(ResponsesClientError):
    """A webhook whose signature is missing, wrong or too old: do not trust its content."""


class WaitTimeout(ResponsesClientError):
    """A background response was not done in time; `response` is the last state seen, None if none was."""

    def __init__(self, message: str, *, response: Response | None = None) -> None:
        super().__init__(message)
        self.response = response


class ToolError(ResponsesClientError):
    """Something went wrong with a tool, or with a run of tools; what the run had come to is in `run`."""


class ToolDefinitionError(ToolError, RequestValidationError):
    """A function that cannot be a tool as it is; see `RequestValidationError` for its attributes."""

    def __init__(self, name: str, errors: Sequence[FieldError]) -> None:
        RequestValidationError.__init__(self, errors, outcome=f"{name} cannot be a tool")


class ToolExecutionError(ToolError):
    """A tool failed: its arguments did not fit, it raised, or it took too long.

    `tool` is its name, `call` the item that called it, and `reason` what is wrong in one sentence. What it raised is
    in `__cause__`. A run goes on from such an error, and the model is told, unless `on_tool_error` says otherwise.
    """

    def __init__(self, reason: str, *, tool: str, call: OutputItem) -> None:
        said = one_line(reason, _MESSAGE_SHOWN).rstrip(" .")
        super().__init__(f"The tool {one_line(tool, BODY_SHOWN)} failed: {said}")
        self.reason = reason
        self.tool = tool
        self.call = call


class MaxTurnsExceeded(ToolError):
    """A run would take more turns than it may: `run` is what it came to, and what `resume=` goes on from."""


def _advice(error: APIStatusError) -> str:
    if error.code in QUOTA_CODES or error.type in QUOTA_CODES:
        return "check plan and billing, waiting does not help"
    if error.retry_after is not None:
        return f"try again in {error.retry_after:g} s"
    if 300 <= error.status_code < 400:
        return "set base_url to the address that answers"
    return error.advice


def _details(**facts: str | None) -> str:
    known = [f"{name.replace('_', ' ')} {value}" for name, value in facts.items() if value]
    return f" ({', '.join(known)})" if known else ""
