"""The lines of a batch's input file: their checks, and the mistakes for which the API refuses a whole batch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ._json_types import JSONObject, encode, is_object, load

MAX_REQUESTS = 50_000
MAX_INPUT_BYTES = 200 * 1024 * 1024
# The API lists some of the mistakes, not each of a large file.
_MAX_ERRORS = 20


@dataclass(frozen=True, slots=True)
class BatchLine:
    """A request of a batch: your id of it, its model, and its body, encoded."""

    custom_id: str
    model: str
    body: bytes


@dataclass(frozen=True, slots=True)
class BatchLimits:
    """The bounds of an input file, which a test may change."""

    max_requests: int = MAX_REQUESTS
    max_bytes: int = MAX_INPUT_BYTES


def parse_lines(
    content: bytes, endpoint: str, limits: BatchLimits
) -> tuple[list[BatchLine], list[JSONObject]]:
    """Return the requests in an input file, and the mistakes in it; a file with mistakes is not executed."""
    if len(content) > limits.max_bytes:
        message = (
            f"The batch input file is larger than the {limits.max_bytes} maximum. Please try again with a"
        )
        return [], [_error("file_too_large", f"{message} smaller batch.")]
    lines: list[BatchLine] = []
    errors: list[JSONObject] = []
    seen: set[str] = set()
    models: set[str] = set()
    for number, text in enumerate(content.split(b"\n"), 1):
        if not text.strip():
            continue
        found = _parsed(text, endpoint)
        if isinstance(found, BatchLine):
            found = _beside_others(found, seen, models)
        if isinstance(found, BatchLine):
            lines.append(found)
        else:
            errors.append({**found, "line": number})
        if len(errors) == _MAX_ERRORS or len(lines) > limits.max_requests:
            break
    if len(lines) > limits.max_requests:
        message = (
            f"The batch has more than {limits.max_requests} requests. Please try again with a smaller batch."
        )
        errors = [_error("too_many_tasks", message)]
    elif not lines and not errors:
        errors = [_error("empty_file", "The batch input file has no request.")]
    return lines, errors


def _error(code: str, message: str, param: str | None = None) -> JSONObject:
    return {"code": code, "message": message, "param": param, "line": None}


def _parsed(text: bytes, endpoint: str) -> BatchLine | JSONObject:
    """Return the request in a line, or the mistake in it."""
    try:
        line: Any = load(text)
        # Encoded: thousands of bodies take a tenth of the memory that they take as objects.
        body = encode(line.get("body")) if is_object(line) else b""
    except (ValueError, RecursionError):
        line, body = None, b""
    if not is_object(line):
        return _error("invalid_json_line", "This line is not parseable as valid JSON.")
    for name in ("custom_id", "method", "url", "body"):
        if line.get(name) in (None, ""):
            return _error("missing_required_parameter", f"Missing required parameter: '{name}'.", name)
    custom_id: Any = line["custom_id"]
    if not isinstance(custom_id, str):
        return _error("invalid_type", "Invalid type for 'custom_id': expected a string.", "custom_id")
    if line["method"] != "POST":
        return _error("invalid_method", "Invalid value for 'method': only 'POST' is supported.", "method")
    if line["url"] != endpoint:
        message = f"The URL provided for this request does not match the batch endpoint '{endpoint}'."
        return _error("invalid_url", message, "url")
    if not is_object(line["body"]):
        return _error("invalid_type", "Invalid type for 'body': expected an object.", "body")
    return BatchLine(custom_id, str(line["body"].get("model")), body)


def _beside_others(line: BatchLine, seen: set[str], models: set[str]) -> BatchLine | JSONObject:
    """Return a request that goes with those before it, or the mistake in it."""
    if line.custom_id in seen:
        message = (
            "The custom_id for this request is a duplicate of another request. It must be unique in a batch."
        )
        return _error("duplicate_custom_id", message, "custom_id")
    seen.add(line.custom_id)
    models.add(line.model)
    if len(models) > 1:
        models.discard(line.model)
        message = (
            f"The model '{line.model}' does not match the rest of the batch, which must have a single model."
        )
        return _error("mismatched_model", message, "body.model")
    return line
