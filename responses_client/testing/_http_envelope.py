"""The checks that come before those of the body: the API key, the content type, and that the body is JSON."""

from __future__ import annotations

from collections.abc import Mapping

from ._http_types import JSON_TYPE, ApiError
from ._json_checks import OBJECT, expect
from ._json_types import JSONObject, as_object, load


def check_key(headers: Mapping[str, str]) -> None:
    """Refuse a request without an API key, and the one key that is invalid by definition: `invalid`."""
    scheme, _, token = headers.get("authorization", "").partition(" ")
    key = token.strip() if scheme.lower() == "bearer" else headers.get("api-key", "").strip()
    if not key:
        raise ApiError(
            401, "You didn't provide an API key. Send it as 'Authorization: Bearer KEY' or as 'api-key: KEY'."
        )
    if key == "invalid":
        # The key itself stays out of the message: tests compare and print messages.
        raise ApiError(401, "Incorrect API key provided.", code="invalid_api_key")


def parse_body(headers: Mapping[str, str], body: bytes) -> JSONObject:
    """Return the JSON object of a request; refuse another content type with 415, any other body with 400."""
    content_type = headers.get("content-type", "")
    if content_type.partition(";")[0].strip().lower() != JSON_TYPE:
        message = f"Unsupported content type: '{content_type}'. This API method only accepts '{JSON_TYPE}'."
        raise ApiError(415, message, code="unsupported_content_type")
    try:
        value = load(body)
    except ValueError:
        raise ApiError(400, "We could not parse the JSON body of your request.") from None
    expect(value, "", OBJECT)
    return as_object(value)
