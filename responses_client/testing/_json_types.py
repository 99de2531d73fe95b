"""JSON values: type guards, decoding by the rules of JSON, and encoding as the API encodes."""

from __future__ import annotations

import json
from typing import Any, NoReturn, TypeAlias

from typing_extensions import TypeIs

JSONObject: TypeAlias = dict[str, Any]


def is_object(value: Any) -> TypeIs[JSONObject]:
    """Whether a JSON value is an object."""
    return isinstance(value, dict)


def is_array(value: Any) -> TypeIs[list[Any]]:
    """Whether a JSON value is an array."""
    return isinstance(value, list)


def as_object(value: Any) -> JSONObject:
    """Return a JSON value if it is an object, else an empty object."""
    return value if is_object(value) else {}


def objects(value: Any) -> list[JSONObject]:
    """Return the objects in a JSON array; none if the value is not an array, as in unchecked requests."""
    return [item for item in value if is_object(item)] if is_array(value) else []


def encode(value: Any) -> bytes:
    """Encode a JSON value as the API does: compact, UTF-8, with no escapes but those that JSON requires."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    # A lone surrogate has no UTF-8 form; Python's backslash form of it is JSON's escape for it too.
    return text.encode("utf-8", "backslashreplace")


def load(body: bytes | str) -> Any:
    """Decode a JSON value by the rules of JSON, stricter than the `json` module.

    Raises:
        ValueError: It is not JSON, contains NaN or an infinity, or nests too deeply.
    """
    try:
        return json.loads(body, parse_constant=_no_constant)
    except RecursionError as error:
        raise ValueError("The JSON is nested too deeply.") from error


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is not valid JSON.")
