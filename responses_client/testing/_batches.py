"""Batches: requests in a file, which are executed bit by bit and answered in files.

There is no clock, as with responses in the background: a batch makes progress when it is polled with `GET`. Its requests
are executed in the order of their lines, about equally many with each poll but never too many, by the server itself.

    validating ──poll 1──► in_progress ──► finalizing ──poll number `polls`──► completed
        │                       │
        │ mistakes in the file  ├── `expires_at` has come, or a test wants it ──► expired
        └──────► failed         └── cancel ──► cancelling ──poll──► cancelled

Answers with an error status go to the error file, and so do requests that an end in `expired` or `cancelled` leaves out.
"""

from __future__ import annotations

import hashlib
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, TypeAlias

from ._batch_lines import BatchLimits, BatchLine, parse_lines
from ._http_types import ApiError
from ._json_types import JSONObject, as_object, encode, is_object

WINDOW_SECONDS = 24 * 3600
MAX_REQUESTS_A_POLL = 500
"""The requests that one poll executes; so that a large batch takes more polls, and not other clients' time."""

DEFAULT_POLLS = 3
_ENDED = ("completed", "failed", "expired", "cancelled")
_LEFT_OUT: dict[str, JSONObject] = {
    "expired": {
        "code": "batch_expired",
        "message": "This request could not be executed before the completion window expired.",
    },
    "cancelled": {
        "code": "batch_cancelled",
        "message": "The batch was cancelled before this request was executed.",
    },
}
_COUNTS = ("input_tokens", "output_tokens", "total_tokens")


@dataclass(frozen=True, slots=True)
class LineAnswer:
    """The answer to a request of a batch: its status, its request id, and its body as JSON."""

    status: int
    request_id: str
    body: Any


Execute: TypeAlias = Callable[[str, BatchLine], LineAnswer]


class FileAccess(Protocol):
    """The files of the server, as a batch needs them."""

    def read(self, id: str) -> bytes:
        """Return the content of a file; refuse with 404 if it is not there."""
        ...

    def write(self, filename: str, content: bytes, expires_after: int | None) -> str:
        """Keep a file, and return its id; refuse one for which no room is left."""
        ...


@dataclass(frozen=True, slots=True)
class BatchPlan:
    """The end that a test wants for a batch: mistakes in its file, or that it expires after some requests."""

    errors: tuple[JSONObject, ...] = ()
    expires_after: int | None = None


@dataclass(slots=True)
class Batch:
    """A batch; `shown` is its object, `polls` are those until its end."""

    shown: JSONObject
    polls: int
    limits: BatchLimits
    plan: BatchPlan = field(default_factory=BatchPlan)
    output_expires_after: int | None = None
    _polled: int = 0
    _pending: deque[BatchLine] = field(default_factory=deque[BatchLine])
    _outputs: list[bytes] = field(default_factory=list[bytes])
    _errors: list[bytes] = field(default_factory=list[bytes])

    @property
    def status(self) -> str:
        """The status of the batch."""
        return str(self.shown["status"])

    def poll(self, now: int, files: FileAccess, execute: Execute) -> None:
        """Count a poll, and make the progress that it brings."""
        if self.status in _ENDED:
            return
        if self.status == "cancelling":
            self._end("cancelled", now, files)
            return
        self._polled += 1
        if self.status == "validating" and not self._validate(now, files):
            return
        limit = self.plan.expires_after
        total = self.shown["request_counts"]["total"]
        share = min(
            math.ceil(total * self._polled / max(self.polls - 2, 1)), self._done + MAX_REQUESTS_A_POLL
        )
        self._execute(share if limit is None else min(share, limit), execute)
        if (limit is not None and self._done >= limit) or now >= self.shown["expires_at"]:
            self._end("expired", now, files)
        elif self._polled >= self.polls and not self._pending:
            self._end("completed", now, files)
        elif not self._pending and self._polled >= 2 and self.status == "in_progress":
            self._become("finalizing", now)

    def cancel(self, now: int) -> None:
        """Begin to cancel the batch; refuse if it has ended."""
        if self.status in _ENDED:
            raise ApiError(409, f"Cannot cancel a batch with status '{self.status}'.")
        if self.status != "cancelling":
            self._become("cancelling", now)

    def _validate(self, now: int, files: FileAccess) -> bool:
        """Read the input file; return whether it can be executed."""
        errors = [*self.plan.errors]
        lines: list[BatchLine] = []
        try:
            content = files.read(self.shown["input_file_id"])
        except ApiError as error:
            errors = [{**error.error, "line": None}]
        else:
            if not errors:
                lines, errors = parse_lines(content, self.shown["endpoint"], self.limits)
        if errors:
            self._fail(errors, now)
            return False
        self._pending.extend(lines)
        self.shown["model"] = lines[0].model
        self.shown["request_counts"] = {"total": len(lines), "completed": 0, "failed": 0}
        self._become("in_progress", now)
        return True

    def _fail(self, errors: list[JSONObject], now: int) -> None:
        named = [{key: error.get(key) for key in ("code", "message", "param", "line")} for error in errors]
        self.shown["errors"] = {"object": "list", "data": named}
        self._become("failed", now)

    @property
    def _done(self) -> int:
        counts = self.shown["request_counts"]
        return int(counts["total"]) - len(self._pending)

    def _execute(self, count: int, execute: Execute) -> None:
        """Execute requests until so many are done."""
        while self._pending and self._done < count:
            line = self._pending.popleft()
            # Counted and written before it is known: an unexpected request leaves this method with an exception.
            place = len(self._errors)
            self._write(line, error={"code": "server_error", "message": "The request was not executed."})
            self._count("failed")
            found = execute(str(self.shown["endpoint"]), line)
            del self._errors[place:]
            self._count("failed", -1)
            self._keep(line, found)

    def _keep(self, line: BatchLine, found: LineAnswer) -> None:
        is_error = found.status >= 400
        answer = {"status_code": found.status, "request_id": found.request_id, "body": found.body}
        self._count("failed" if is_error else "completed")
        self._write(line, response=answer, to_errors=is_error)
        usage = as_object(as_object(found.body).get("usage"))
        if not is_error and usage:
            self.shown["usage"] = _added(as_object(self.shown["usage"]), usage)

    def _count(self, name: str, number: int = 1) -> None:
        counts = self.shown["request_counts"]
        self.shown["request_counts"] = {**counts, name: counts[name] + number}

    def _write(
        self,
        line: BatchLine,
        *,
        response: JSONObject | None = None,
        error: JSONObject | None = None,
        to_errors: bool = True,
    ) -> None:
        digest = hashlib.sha256(f"{self.shown['id']}/{line.custom_id}".encode("utf-8", "replace")).hexdigest()
        written = {
            "id": f"batch_req_{digest[:32]}",
            "custom_id": line.custom_id,
            "response": response,
            "error": error,
        }
        (self._errors if to_errors else self._outputs).append(encode(written) + b"\n")

    def _end(self, status: str, now: int, files: FileAccess) -> None:
        """End the batch: write the files of the answers, and of the requests that are left out."""
        for line in self._pending:
            self._write(line, error=_LEFT_OUT[status])
        self._pending.clear()
        try:
            for kind, lines in (("output", self._outputs), ("error", self._errors)):
                if lines:
                    # By their ids, which are hashes: as in the API, clients must not rely on the order of the requests.
                    content = b"".join(sorted(lines))
                    name = f"{self.shown['id']}_{kind}.jsonl"
                    id = files.write(name, content, self.output_expires_after)
                    self.shown[f"{kind}_file_id"] = id
                lines.clear()
        except ApiError as error:
            self._fail([{**error.error, "line": None}], now)
            return
        if status == "completed" and self.shown["finalizing_at"] is None:
            self.shown["finalizing_at"] = now
        self._become(status, now)

    def _become(self, status: str, now: int) -> None:
        self.shown = {**self.shown, "status": status, f"{status}_at": now}


def new_batch(id: str, body: JSONObject, now: int) -> JSONObject:
    """Return the object of a new batch."""
    times = ("in_progress", "finalizing", "completed", "failed", "expired", "cancelling", "cancelled")
    return {
        "id": id,
        "object": "batch",
        "endpoint": body["endpoint"],
        "model": None,
        "errors": None,
        "input_file_id": body["input_file_id"],
        "completion_window": body["completion_window"],
        "status": "validating",
        "output_file_id": None,
        "error_file_id": None,
        "created_at": now,
        "expires_at": now + WINDOW_SECONDS,
        **{f"{name}_at": None for name in times},
        "request_counts": {"total": 0, "completed": 0, "failed": 0},
        "usage": None,
        "metadata": body.get("metadata"),
    }


def _added(total: JSONObject, usage: JSONObject) -> JSONObject:
    """Return the sum of two usages, field by field."""
    names = {*total, *usage}
    return {
        name: _added(as_object(total.get(name)), as_object(usage.get(name)))
        if is_object(usage.get(name)) or is_object(total.get(name))
        else (total.get(name) or 0) + (usage.get(name) or 0)
        for name in sorted(names)
    }
