"""Invariants of errors: in the documented tree, typed, and fit to be printed, logged and pickled."""

from __future__ import annotations

import pickle
import unicodedata
from typing import Any

from leaks import leaks
from model_types import fits

from responses_client.errors import ResponsesClientError

from .cases import require

MAX_MESSAGE_CHARS = 4000
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


def check_error(error: BaseException, secret: str | None = None) -> str:
    """Require the properties of all errors of the package, and that none shows a secret; return the name of the class."""
    require(isinstance(error, ResponsesClientError), "an error outside of the tree:", error)
    text = str(error)
    text.encode()
    require(len(text) <= MAX_MESSAGE_CHARS, "a message without a bound:", text)
    odd = {character for character in text if unicodedata.category(character) in ("Cc", "Cs", "Zl", "Zp")}
    require(not odd, "a message of several lines, or with control characters:", odd, text)
    repr(error).encode()
    for name, hint in _ATTRIBUTES.items():
        if hasattr(error, name):
            value = getattr(error, name)
            require(fits(hint, value), f"{type(error).__name__}.{name} is not as annotated:", value)
    if secret is not None:
        require(not (places := leaks(error, secret)), "an error that shows the key:", places)
    again = pickle.loads(pickle.dumps(error))
    require(type(again) is type(error) and str(again) == text, "another error after pickling:", again)
    return type(error).__name__
