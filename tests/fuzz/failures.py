"""Invariants of errors: in the documented tree, typed, and the same after pickling."""

from __future__ import annotations

import pickle
from typing import Any

from model_types import fits

from responses_client.errors import ResponsesClientError

from .cases import require

_ATTRIBUTES: dict[str, Any] = {
    "body": object,
    "code": str | None,
    "headers": object,
    "last_sequence_number": int | None,
    "message": str,
    "param": str | None,
    "path": str | None,
    "request_id": str | None,
    "response_id": str | None,
    "retry_after": float | None,
    "status_code": int | None,
    "tries": int,
    "type": str | None,
}


def check_error(error: BaseException) -> str:
    """Require what holds for all errors of the package; return the name of the class."""
    require(isinstance(error, ResponsesClientError), "an error outside of the tree:", error)
    text = str(error)
    for name, hint in _ATTRIBUTES.items():
        if hasattr(error, name):
            value = getattr(error, name)
            require(fits(hint, value), f"{type(error).__name__}.{name} is not as annotated:", value)
    again = pickle.loads(pickle.dumps(error))
    require(type(again) is type(error) and str(again) == text, "another error after pickling:", again)
    return type(error).__name__
