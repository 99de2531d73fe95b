"""Vector stores: their files, the indexing of these, and the JSON form of a store.

There is no clock: as with responses in the background, files are indexed when a client asks for them. A file is in
progress until it was polled `polls` times, by looks at itself, at its batch, or at its store; lists and searches only
see where it stands.

    in_progress ──poll number `polls`──► completed, or failed where a test wants it or the file has no text
        └──────cancel of its batch────► cancelled
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from ._http_types import ApiError
from ._json_types import JSONObject
from ._lexical_search import chunks_of

AUTO_STRATEGY: JSONObject = {
    "type": "static",
    "static": {"max_chunk_size_tokens": 800, "chunk_overlap_tokens": 400},
}
FILE_STATUSES = ("in_progress", "completed", "failed", "cancelled")
_DAY = 24 * 3600


@dataclass(slots=True)
class IndexedFile:
    """A file in a vector store; `planned_error` is the one that its indexing will end with.

    It has no text: a search reads that from the one file, which may be in many stores.
    """

    id: str
    size: int
    created_at: int
    store_id: str
    strategy: JSONObject
    attributes: JSONObject
    polls: int
    planned_error: JSONObject | None = None
    batch_id: str | None = None
    status: str = "in_progress"
    last_error: JSONObject | None = None

    def poll(self) -> None:
        """Count a poll, and index the file if it was the last one."""
        self.polls -= 1
        self.settle()

    def settle(self) -> None:
        """Index the file if it was polled often enough."""
        if self.status != "in_progress" or self.polls > 0:
            return
        self.last_error = self.planned_error
        self.status = "failed" if self.last_error else "completed"

    def chunks(self, text: str) -> list[str]:
        """Return the chunks of the text of the file."""
        sizes = self.strategy["static"]
        return chunks_of(text, size=sizes["max_chunk_size_tokens"], overlap=sizes["chunk_overlap_tokens"])

    def cancel(self) -> None:
        """Stop the indexing, if it has not ended."""
        if self.status == "in_progress":
            self.status = "cancelled"

    def shown(self) -> JSONObject:
        """Return the object of the API."""
        return {
            "id": self.id,
            "object": "vector_store.file",
            "usage_bytes": self.size if self.status == "completed" else 0,
            "created_at": self.created_at,
            "vector_store_id": self.store_id,
            "status": self.status,
            "last_error": self.last_error,
            "chunking_strategy": self.strategy,
            "attributes": self.attributes,
        }


@dataclass(slots=True)
class FileBatch:
    """Files that were added to a vector store together."""

    id: str
    created_at: int
    store_id: str
    files: list[IndexedFile]

    def poll(self) -> None:
        """Count a poll of each file."""
        for file in self.files:
            file.poll()

    def shown(self) -> JSONObject:
        """Return the object of the API."""
        counts = file_counts(self.files)
        status = next((name for name in ("in_progress", "cancelled") if counts[name]), "completed")
        if counts["failed"] == counts["total"]:
            status = "failed"
        return {
            "id": self.id,
            "object": "vector_store.files_batch",
            "created_at": self.created_at,
            "vector_store_id": self.store_id,
            "status": status,
            "file_counts": counts,
        }


@dataclass(slots=True)
class VectorStore:
    """A vector store; `settings` are its name, its description, its metadata, and when it expires."""

    id: str
    created_at: int
    last_active_at: int
    settings: JSONObject
    files: dict[str, IndexedFile] = field(default_factory=dict[str, IndexedFile])
    batches: dict[str, FileBatch] = field(default_factory=dict[str, FileBatch])

    @property
    def expires_at(self) -> int | None:
        """The time at which the store expires if it is not used before."""
        expiry = self.settings["expires_after"]
        return None if expiry is None else self.last_active_at + expiry["days"] * _DAY

    def is_expired(self, now: int) -> bool:
        """Whether the store has expired."""
        return self.expires_at is not None and self.expires_at <= now

    def use(self, now: int) -> None:
        """Note that the store is used; refuse if it has expired."""
        if self.is_expired(now):
            raise ApiError(400, f"Vector store with id '{self.id}' is expired.", code="vector_store_expired")
        self.last_active_at = now

    def poll(self) -> None:
        """Count a poll of each file."""
        for file in self.files.values():
            file.poll()

    def file(self, id: str) -> IndexedFile:
        """Return a file of the store; refuse with 404 if it is not there."""
        if id not in self.files:
            raise ApiError(404, f"No file found with id '{id}' in vector store '{self.id}'.")
        return self.files[id]

    def shown(self, now: int) -> JSONObject:
        """Return the object of the API."""
        files = [*self.files.values()]
        counts = file_counts(files)
        status = "in_progress" if counts["in_progress"] else "completed"
        return {
            "id": self.id,
            "object": "vector_store",
            "created_at": self.created_at,
            "usage_bytes": sum(file.shown()["usage_bytes"] for file in files),
            "file_counts": counts,
            "status": "expired" if self.is_expired(now) else status,
            "expires_at": self.expires_at,
            "last_active_at": self.last_active_at,
            **self.settings,
        }


def file_counts(files: Iterable[IndexedFile]) -> dict[str, int]:
    """Return the numbers of files by their status, and of all of them."""
    counts = Counter(file.status for file in files)
    return {**{name: counts[name] for name in FILE_STATUSES}, "total": counts.total()}


def strategy_of(given: Any) -> JSONObject:
    """Return the strategy by which a file is split, as it is shown; refuse chunks that overlap too much."""
    if given is None or given["type"] != "static":
        return AUTO_STRATEGY
    sizes = given["static"]
    if not 0 <= sizes["chunk_overlap_tokens"] <= sizes["max_chunk_size_tokens"] // 2:
        message = "'chunk_overlap_tokens' must not exceed half of 'max_chunk_size_tokens'."
        raise ApiError(
            400, message, param="chunking_strategy.static.chunk_overlap_tokens", code="invalid_value"
        )
    return {"type": "static", "static": dict(sizes)}
