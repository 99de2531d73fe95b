"""Containers: their files, and when they expire."""

from __future__ import annotations

from dataclasses import dataclass, field

from ._file_store import Contents
from ._http_types import ApiError
from ._ids import Ids
from ._json_types import JSONObject
from ._multipart import base_name

FOLDER = "/mnt/data"
_DEFAULT_EXPIRY: JSONObject = {"anchor": "last_active_at", "minutes": 20}


@dataclass(slots=True)
class Container:
    """A container of the API; `files` are the objects of its files by their ids."""

    id: str
    name: str
    created_at: int
    last_active_at: int
    expires_after: JSONObject = field(default_factory=lambda: _DEFAULT_EXPIRY)
    memory_limit: str = "1g"
    network_policy: JSONObject = field(default_factory=lambda: {"type": "disabled"})
    files: dict[str, JSONObject] = field(default_factory=dict[str, JSONObject])

    def is_expired(self, now: int) -> bool:
        """Whether the container has been unused for so long that it is gone, with its files."""
        minutes: int = self.expires_after["minutes"]
        return self.last_active_at + 60 * minutes <= now

    def use(self, now: int) -> None:
        """Note that the container is used; refuse if it has expired."""
        if self.is_expired(now):
            raise ApiError(400, "Container is expired.", code="container_expired")
        self.last_active_at = now

    def file(self, id: str) -> JSONObject:
        """Return the object of a file; refuse with 404 if there is none of that id."""
        if id not in self.files:
            raise ApiError(404, f"Container file with id '{id}' not found.")
        return self.files[id]

    def shown(self, now: int) -> JSONObject:
        """Return the object of the API."""
        return {
            "id": self.id,
            "object": "container",
            "created_at": self.created_at,
            "status": "expired" if self.is_expired(now) else "running",
            "expires_after": self.expires_after,
            "last_active_at": self.last_active_at,
            "memory_limit": self.memory_limit,
            "name": self.name,
            "network_policy": self.network_policy,
        }

    def add_file(
        self, ids: Ids, contents: Contents, name: str, content: bytes, *, now: int, source: str
    ) -> JSONObject:
        """Keep a file, in place of the one of the same path, and return its object."""
        contents.check(content)
        path = f"{FOLDER}/{base_name(name)}"
        for old in [file["id"] for file in self.files.values() if file["path"] == path]:
            del self.files[old]
            contents.drop(old)
        file: JSONObject = {
            "id": ids.new("cfile", 32),
            "object": "container.file",
            "created_at": now,
            "bytes": len(content),
            "container_id": self.id,
            "path": path,
            "source": source,
        }
        self.files[file["id"]] = file
        contents.put(file["id"], content)
        return file
