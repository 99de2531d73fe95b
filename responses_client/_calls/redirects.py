"""Redirects: the requests that follow them, and the reason why one is not followed; loaded when one comes; pure."""

from __future__ import annotations

from typing import Any
from urllib.parse import urljoin

from .._base.http import origin
from .._transport.protocols import Body, WireRequest
from .operation import BinaryOperation
from .request import Call

__all__ = ["redirect_reason", "redirected"]

# RFC 9110, 15.4: 303 turns the request into a GET, and 300 leaves the choice to the user. 301 and 302 keep method and
# body here, as 307 and 308 do; browsers turn POST into GET for historical reasons, which no API means.
_FOLLOWED = frozenset({301, 302, 307, 308})
_SENT_ABROAD = ("Accept", "Accept-Encoding", "User-Agent")  # to hosts other than the API


def redirected(call: Call[Any], request: WireRequest, body: Body) -> WireRequest | None:
    """Return the request that follows a redirect, if it may be followed; None for any other answer.

    A redirect is followed only within the origin, because another one must not get the key and the prompt. Only the
    content of a file may come from another host, which gets neither, and never over HTTP instead of HTTPS.
    """
    location = body.headers.get("location")
    if body.status_code not in _FOLLOWED or not location:
        return None
    there = origin(location, request.url)
    if there == origin(request.url):
        return request._replace(url=urljoin(request.url, location))
    schemes = ("https://", "http://") if request.url.startswith("http:") else ("https://",)
    if not isinstance(call.operation, BinaryOperation) or not there.startswith(schemes):
        return None
    headers = {name: request.headers[name] for name in _SENT_ABROAD if request.headers.get(name) is not None}
    target = urljoin(request.url, location)
    return request._replace(url=target, headers=headers, auth=None, is_foreign=True)


def redirect_reason(status: int, location: str | None, url: str, *, can_repeat: bool) -> str:
    """Return the reason why the redirect of a request to a URL was not followed.

    `can_repeat` says whether the body could be sent again.
    """
    if location is None:
        return "a redirect without a Location header"
    target = origin(location, url)
    if not target:
        return "a redirect whose Location is not a URL"
    if target != origin(url):
        return f"a redirect to {target}, not followed because another origin must not get the request and its key"
    if status == 303:
        return f"a redirect within {target}, not followed because it would turn the request into a GET"
    if status not in _FOLLOWED:
        return (
            f"a redirect within {target}, not followed because {status} does not say that the request moved"
        )
    if not can_repeat:
        return (
            f"a redirect within {target}, not followed because the file is a pipe, which cannot be read again"
        )
    return f"a redirect within {target}, not followed because it would exceed max_redirects"
