"""The errors of the package: one sentence each, with the reason and a remedy; all can be pickled.

ResponsesClientError
  ConfigurationError          an option of a client or session, or a variable, that cannot work
  RequestValidationError      an argument of a call, refused before anything was sent (also a ValueError)
  APIError                    something went wrong between the client and the API
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
    ResponseValidationError   an answer that does not match the API (of webhooks.unwrap also a ValueError)
    StreamError               the API reported an error inside a stream
    StreamInterrupted         a stream ended before its terminal event
  ParseError                  an answer that does not match the requested type
    RefusalError              the model refused to answer
  WebhookSignatureError       a webhook that was not signed with the secret (also a ValueError)
  WaitTimeout                 what was waited for was not finished in time
  ToolError                   something went wrong with a tool or with a run
    ToolDefinitionError       a function that cannot be a tool (also a RequestValidationError)
    ToolExecutionError        a tool failed, and its run was set to end with that
    MaxTurnsExceeded          a run would take more turns than it may
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Unpack

from ._base.error_bodies import as_data, read_error
from ._base.field_errors import FieldError
from ._base.foreign_errors import takes_answers
from ._base.http import Headers, url_path
from ._base.messages import MAX_BODY_CHARS, body_clause, body_start, clause, fact_list, one_line, sentence
from ._base.public import foreign_attributes
from ._base.retry import advice_after
from ._base.stream_failures import StreamFailure

if TYPE_CHECKING:
    from ._base.http import ResponseMeta
    from ._base.stream_failures import StreamProgress
    from ._runs.result import RunResult
    from .models import Batch, OutputItem, Response, StreamEvent, VectorStoreFile, VectorStoreFileBatch

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

_MAX_FIELDS_SHOWN = 10


class ResponsesClientError(Exception):
    """The base class of all errors of this package.

    Copies and pickles keep all attributes and the `__cause__`. A cause from another package is kept only as its
    type and message: it might not survive pickling, and its request might contain the API key.
    """

    run: RunResult | None = None
    """The result so far of the run that this error ended, to be continued by `resume`; None outside of runs."""

    def __init__(self, *args: object) -> None:
        super().__init__(*[sentence(arg) if isinstance(arg, str) else arg for arg in args])

    def __reduce__(self) -> tuple[Callable[..., Exception], tuple[object, ...]]:
        from ._base.error_copies import reduce_error

        return reduce_error(self, ResponsesClientError)


class ConfigurationError(ResponsesClientError):
    """An option of a client or a session, or an environment variable, that is missing or cannot work.

    The message names it and shows no secret. Wrong arguments of calls are `RequestValidationError`s.
    """


class RequestValidationError(ResponsesClientError, ValueError):
    """A request that the API would refuse, or an argument that cannot work, found before anything was sent.

    `errors` has one `FieldError` for each mistake; `path`, `expected` and `value_type` are those of the first. `outcome`
    begins the message; where no request would have been sent, it names what did not happen instead.
    """

    def __init__(self, errors: Sequence[FieldError], *, outcome: str = "The request was not sent") -> None:
        errors = [*{(error["path"], error["message"]): error for error in errors}.values()]
        first = errors[0]
        self.errors: list[FieldError] = errors
        self.path: str = first["path"]
        self.expected: str = first["expected"]
        self.value_type: str = first["value_type"]
        shown = [f"{error['path']}: {error['message']}" for error in errors[:_MAX_FIELDS_SHOWN]]
        if len(errors) > _MAX_FIELDS_SHOWN:
            shown.append(f"and {len(errors) - _MAX_FIELDS_SHOWN} more in .errors")
        super().__init__(f"{outcome}: {'; '.join(shown)}")


class APIError(ResponsesClientError):
    """Something went wrong between the client and the API.

    `message` says what. `request_id` is the id that the server gave the request, and `meta` has the other facts
    of its answer; both are None when no answer came. `code`, `type` and `param` are those of the API, None where it
    sends none.
    """

    code: str | None = None
    """The code of the error, such as `rate_limit_exceeded`."""
    type: str | None = None
    """The kind of the error, such as `invalid_request_error`."""
    param: str | None = None
    """The argument that the error is about."""

    if not TYPE_CHECKING:
        __getattr__ = foreign_attributes("error")

    @takes_answers
    def __init__(
        self, message: str, *, request_id: str | None = None, meta: ResponseMeta | None = None
    ) -> None:
        super().__init__(message)
        self.message = message
        self.meta = meta
        self.request_id: str | None = (
            request_id if request_id is not None or meta is None else meta.request_id
        )


class APIConnectionError(APIError):
    """No answer came: the server was not reached, or the connection broke; `__cause__` has the cause."""


class APITimeoutError(APIConnectionError):
    """No answer came in time: `timeout`, `connect_timeout` or `deadline` ran out."""


class APIStatusError(APIError):
    """An answer with an error status (or a redirect that was not followed).

    `message`, `code`, `type` and `param` are those of the API, None where its body has none; `message` is then the
    first part of the body, or the title of a page. `body` is the parsed JSON (of an event stream, the event with the
    error), a string if the body is not JSON, and None if it is empty. `headers` ignore case. `retry_after` is the time
    in seconds that the server asks to wait, None if it does not. `tries` is the number of requests sent.
    """

    advice: ClassVar[str] = "see .body for the whole answer"
    """The advice that ends the message."""

    @takes_answers
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
        # `message` stays as the API has it; the text of the exception is the whole sentence around it. The URL is shown
        # without its query, which may hold a key.
        request = "The request" if method is None or url is None else f"{method} {url_path(url)}"
        count = f" after {tries} attempts" if tries > 1 else ""
        details = fact_list(type=type, code=code, param=param, request_id=self.request_id)
        hint = advice_after(status_code, self.headers, code, type, retry_after) or self._advice()
        text = f"{request} was answered with {status_code}{count}: {clause(message)}{details}; {hint}"
        self.args: tuple[str] = (sentence(text),)

    def _advice(self) -> str:
        has_more = self.body is not None or self.advice != APIStatusError.advice
        return self.advice if has_more else "check base_url and the request"


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
    """404: the response, model or path does not exist."""

    advice = "check base_url, the model and the ids"


class ConflictError(APIStatusError):
    """409: the request conflicts with another change to the same object."""

    advice = "try again"


class UnprocessableEntityError(APIStatusError):
    """422: the request is well formed, but the API refuses some of its values."""

    advice = "change the request"


class RateLimitError(APIStatusError):
    """429: too many requests or tokens, or the quota is used up, as `code` says."""

    advice = "try again later"


class InternalServerError(APIStatusError):
    """500 and above: the server failed."""

    advice = "try again later"


class ResponseValidationError(APIError, StreamFailure):
    """An answer that does not match the API: not JSON, another content type, or JSON of another shape.

    `path` is the place in the JSON (`output[0].content`), None if the answer as a whole is wrong. `body` is the
    parsed JSON, a string if the body is not JSON, and None if it is empty; bytes passed for it are parsed. If the
    error ended a stream, `partial`, `response_id` and `last_sequence_number` say how far it got.
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
        **progress: Unpack[StreamProgress],
    ) -> None:
        super().__init__(message, request_id=request_id, meta=meta)
        self.note_progress(**progress)
        self.path = path
        self.body: Any = as_data(body)
        place = f" at {one_line(path, MAX_BODY_CHARS)}" if path else ""
        details = fact_list(request_id=self.request_id)
        text = f"{clause(message)}{place}{details}{body_clause(body)}; {advice}"
        self.args: tuple[str] = (sentence(text),)


class StreamError(APIError, StreamFailure):
    """The API reported an error inside a stream, by an `error` event or a response that failed.

    `event` is that event as it came. `message`, `code`, `type`, `param` and `status_code` are those of the API, None
    where it sends none. `partial`, `response_id` and `last_sequence_number` say how far the stream got.
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
        request_id: str | None = None,
        meta: ResponseMeta | None = None,
        **progress: Unpack[StreamProgress],
    ) -> None:
        super().__init__(message, request_id=request_id, meta=meta)
        self.note_progress(**progress)
        self.code = code
        self.type = type
        self.param = param
        self.status_code = status_code
        self.event = event
        details = fact_list(
            status=None if status_code is None else str(status_code),
            type=type,
            code=code,
            param=param,
            response=self.response_id,
            request_id=self.request_id,
        )
        text = f"The API ended the stream with an error: {clause(message)}{details}{self._where()}"
        self.args: tuple[str] = (sentence(text),)

    @classmethod
    def from_event(
        cls,
        payload: Mapping[str, Any],
        *,
        event: StreamEvent | None = None,
        request_id: str | None = None,
        meta: ResponseMeta | None = None,
        **progress: Unpack[StreamProgress],
    ) -> StreamError:
        """Return the error of an event, given as JSON.

        Servers send errors flat (`{"type": "error", "code", "message", "param"}`), nested under `error`, nested with
        an HTTP `status` beside (WebSocket), without any `type`, and inside the `response` of `response.failed`.

        `payload` is the event as JSON, and `event` the one to keep, by default the payload. Ids and the number of the
        payload are used where arguments are None.
        """
        found = read_error(payload)
        number = payload.get("sequence_number")
        if progress.get("last_sequence_number") is None and isinstance(number, int):
            progress["last_sequence_number"] = number
        progress["response_id"] = progress.get("response_id") or found.response_id
        return cls(
            found.message or f"no message, only {body_start(payload)}",
            code=found.code,
            type=found.type,
            param=found.param,
            status_code=found.status_code,
            event=payload if event is None else event,
            request_id=request_id or found.request_id,
            meta=meta,
            **progress,
        )


class StreamInterrupted(APIError, StreamFailure):
    """A stream ended before its terminal event; `partial` is the response so far.

    `reason` says what ended the stream; `response_id` and `last_sequence_number` say how far it got. A response
    created with `background=True` continues on the server. Its stream was resumed already, as often as `max_retries`
    allows: `responses.resume` with the `resume_token` of the stream returns the rest, and `responses.wait` the whole.
    """

    def __init__(
        self,
        reason: str,
        *,
        request_id: str | None = None,
        meta: ResponseMeta | None = None,
        **progress: Unpack[StreamProgress],
    ) -> None:
        self.note_progress(**progress)
        number = self.last_sequence_number
        place = "" if number is None else f" after event {number}"
        known = None if meta is None else meta.request_id
        details = fact_list(response=self.response_id, request_id=request_id or known)
        text = f"The stream ended{place} without a terminal event: {clause(reason)}{details}"
        super().__init__(f"{text}{self._where()}", request_id=request_id, meta=meta)
        self.reason = reason


class ParseError(ResponsesClientError):
    """An answer cannot be read as the requested type.

    `response` is the response without the type, `text` the text of the model, None if it wrote nothing. `errors` has
    one `FieldError` for each part of the text that does not match the type; it is empty if the text is not JSON or
    was not read.
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
        self.errors: list[FieldError] = list(errors)


class RefusalError(ParseError):
    """The model refused to answer; `refusal` is its explanation."""

    def __init__(self, message: str, *, refusal: str, response: Response | None = None) -> None:
        super().__init__(message, response=response)
        self.refusal = refusal


class WebhookSignatureError(ResponsesClientError, ValueError):
    """A webhook with a missing, wrong or outdated signature; its content is not to be trusted."""


class WaitTimeout(ResponsesClientError):
    """The end of a wait that came before its object was finished; `state` is its last state, None if no poll succeeded.

    `response` is the same for a background response, and `batch` for a batch of requests.
    """

    def __init__(
        self,
        message: str,
        *,
        response: Response | None = None,
        batch: Batch | None = None,
        state: VectorStoreFile | VectorStoreFileBatch | None = None,
    ) -> None:
        super().__init__(message)
        self.response = response
        self.batch = batch
        self.state: Response | Batch | VectorStoreFile | VectorStoreFileBatch | None = (
            response or batch or state
        )


class ToolError(ResponsesClientError):
    """Something went wrong with a tool or with a run of tools; `run` is the result of the run so far."""


class ToolDefinitionError(ToolError, RequestValidationError):
    """A function that cannot be a tool as it is; see `RequestValidationError` for its attributes."""

    def __init__(self, name: str, errors: Sequence[FieldError]) -> None:
        RequestValidationError.__init__(self, errors, outcome=f"{name} cannot be a tool")


class ToolExecutionError(ToolError):
    """A tool failed: its arguments were invalid, it raised an exception, or it took too long.

    `tool` is its name, `call` the item that called it, and `reason` says in one sentence what is wrong. `__cause__` is
    the exception that the tool raised. A run sends such an error to the model and continues, unless `on_tool_error`
    says otherwise.
    """

    def __init__(self, reason: str, *, tool: str, call: OutputItem) -> None:
        super().__init__(f"The tool {one_line(tool, MAX_BODY_CHARS)} failed: {clause(reason)}")
        self.reason = reason
        self.tool = tool
        self.call = call


class MaxTurnsExceeded(ToolError):
    """A run would take more turns than `max_turns` allows; `resume=error.run` continues it."""
