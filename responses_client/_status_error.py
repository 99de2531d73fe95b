"""An answer with an error status in, the error of its class out."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from ._error_text import parse_body, read_error
from ._messages import BODY_SHOWN, one_line
from ._meta import Headers, origin
from ._redaction import without
from ._retry import parse_retry_after
from .errors import (
    APIStatusError,
    AuthenticationError,
    BadRequestError,
    ConflictError,
    InternalServerError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    UnprocessableEntityError,
)

if TYPE_CHECKING:
    from ._meta import ResponseMeta

__all__ = ["status_error"]

_STATUS_CLASSES: dict[int, type[APIStatusError]] = {
    400: BadRequestError,
    401: AuthenticationError,
    403: PermissionDeniedError,
    404: NotFoundError,
    409: ConflictError,
    422: UnprocessableEntityError,
    429: RateLimitError,
}


def status_error(
    status: int,
    headers: Mapping[str, str],
    body: bytes,
    *,
    method: str,
    url: str,
    request_id: str | None,
    tries: int,
    now: float | None = None,
    meta: "ResponseMeta | None" = None,
    secrets: Sequence[str] = (),
) -> APIStatusError:
    """Make the error for an answer whose status is not 2xx, of the class that the status asks for.

    Understands the error bodies of OpenAI, Azure, OpenRouter, Cloudflare (`errors`), xAI (`error` is a text), FastAPI
    (`detail`), `{"message": ...}`, RFC 9457 (`detail`, `title`), and text, HTML, nothing or broken JSON.
    `secrets` (the API key) are masked wherever the body repeats them. `now` (Unix time) is needed only for a
    `retry-after` date in an answer that has no `date`.
    """
    kept = headers if isinstance(headers, Headers) else Headers(headers)
    body = without(secrets, body)
    parsed = parse_body(body)
    found = read_error(parsed)
    message = found.message
    if 300 <= status < 400:
        message = _redirect_reason(status, kept.get("location"), url)
    cls = InternalServerError if status >= 500 else _STATUS_CLASSES.get(status, APIStatusError)
    return cls(
        message or _first_part(body),
        status_code=status,
        code=found.code,
        type=found.type,
        param=found.param,
        body=parsed,
        headers=kept,
        retry_after=parse_retry_after(kept, now),
        method=method,
        url=url,
        tries=tries,
        request_id=request_id,
        meta=meta,
    )


def _redirect_reason(status: int, location: str | None, url: str) -> str:
    if location is None:
        return "a redirect without a Location header"
    target = origin(location, url)
    if not target:
        return "a redirect to what is no URL"
    if target != origin(url):
        return f"a redirect to {target}, not followed because another origin must not get the request and its key"
    if status == 303:
        return f"a redirect within {target}, not followed because it would turn the request into a GET"
    return f"a redirect within {target}, not followed because there were too many"


def _first_part(body: bytes) -> str:
    return one_line(body[: 8 * BODY_SHOWN].decode("utf-8-sig", "replace"), BODY_SHOWN) or "no body"
