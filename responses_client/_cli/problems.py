"""Errors of the client, and incomplete responses, worded for users of a shell."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from .._base.messages import clause, fact_list
from .._base.retry import QUOTA_CODES
from ..errors import (
    APIStatusError,
    APITimeoutError,
    ConfigurationError,
    RequestValidationError,
    ResponsesClientError,
    StreamError,
    StreamInterrupted,
    WaitTimeout,
)
from .statuses import FAILED, MISUSED, CommandFailed

if TYPE_CHECKING:
    from ..models import Response

__all__ = ["failure_of", "problem_of"]

_NOT_OFFERED = "this server does not offer the call; check --base-url"
_ADVICE = {
    400: "",
    401: "check OPENAI_API_KEY",
    403: "check what the key may do",
    404: "check the model, the id and --base-url",
    405: _NOT_OFFERED,
    413: "send less",
    422: "",
    501: _NOT_OFFERED,
}

# Words of programs, and those for the same thing at a shell; the first that matches a place is used.
_WORDS = [
    (
        r"set the environment variable OPENAI_API_KEY or pass api_key \(or auth\) to the client",
        "set it as OPENAI_API_KEY",
    ),
    (r"; [^;]*(?<![\w/])\.(?:partial|body|response|errors|text)\b[^;]*", ""),
    (r"; raise [^;]*$", "; try again"),
    (r"\(max_response_bytes\)|\(max_event_bytes\)", ""),
    (r" \((?:idle_timeout|timeout)\)", ""),
    (r"\b[A-Z]\w*(?:Error|Timeout): ", ""),
    (r"\[Errno -?\d+\] ", ""),
    (r"\w+ from (?=OPENAI_)", ""),
    (r"\bbase_url argument\b|\bbase_url\b", "--base-url"),
    (r"^The (?=--|OPENAI)", ""),
    (r"\bapi_key argument\b|\bapi_key\b", "OPENAI_API_KEY"),
    (r"\bmax_output_tokens\b", "--max-output-tokens"),
    (r"\breasoning\.effort\b", "--effort"),
    (r"\bprevious_response_id\b", "--previous"),
    (r"\bresponse_id\b", "the id"),
    (r"\btext\.format\.schema\b", "--schema"),
    (r"The file cannot be attached: \w+: ", ""),
    (r", or name its mime_type if your server takes it|; name it as mime_type", ""),
    (r"The request was not sent: ", ""),
    (r"default_headers|default_query", "another address"),
]


def failure_of(error: ResponsesClientError) -> CommandFailed:
    """Return the end of the command for an error."""
    status = MISUSED if isinstance(error, (ConfigurationError, RequestValidationError)) else FAILED
    return CommandFailed(_sentence(error), status)


def _sentence(error: ResponsesClientError) -> str:
    match error:
        case APIStatusError():
            return _status_sentence(error)
        case StreamInterrupted():
            return f"the answer broke off: {clause(_in_shell_words(error.reason))}{_request(error)}"
        case StreamError():
            details = fact_list(code=error.code, request_id=error.request_id)
            return f"the server ended the answer with an error: {clause(error.message)}{details}"
        case WaitTimeout(response=response) if response is not None:
            return (
                f"the answer was not finished in time: its status is {response.status}; "
                f"continue with responses wait {response.id}, or stop it with responses cancel {response.id}"
            )
        case APITimeoutError():
            return re.sub(r"; [^;]*$", "; try again", _in_shell_words(str(error)))
        case _:
            return _in_shell_words(str(error))


def _request(error: StreamInterrupted) -> str:
    return fact_list(response=error.response_id, request_id=error.request_id)


def _status_sentence(error: APIStatusError) -> str:
    count = f" after {error.tries} attempts" if error.tries > 1 else ""
    details = fact_list(code=error.code, param=error.param, request_id=error.request_id)
    if error.code in QUOTA_CODES or error.type in QUOTA_CODES:
        advice = "check plan and billing, since waiting does not help"
    elif error.retry_after:
        advice = f"try again in {error.retry_after:g} s"
    elif 300 <= error.status_code < 400:
        advice = "set --base-url to the address that answers"
    else:
        advice = _ADVICE.get(error.status_code, "try again later")
    message = clause(_in_shell_words(error.message))
    text = f"the server answered with {error.status_code}{count}: {message}{details}"
    return f"{text}; {advice}" if advice else text


def _in_shell_words(text: str) -> str:
    for pattern, words in _WORDS:
        text = re.sub(pattern, words, text)
    return text


def problem_of(response: Response, status: str | None) -> str | None:
    """Return why a response of this status is not complete; None if it is."""
    unknown = "the server does not say why"
    match status:
        case "incomplete":
            details = response.incomplete_details
            return f"the answer is incomplete: {(details and details.reason) or unknown}"
        case "failed":
            failure = response.error
            code = f" ({failure.code})" if failure and failure.code else ""
            return f"the response failed: {(failure and failure.message) or unknown}{code}"
        case "cancelled":
            return "the response was cancelled"
        case "queued" | "in_progress":
            return f"the answer is not finished: its status is {status}; run responses wait {response.id}"
        case _:
            return None
