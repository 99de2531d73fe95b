"""The files of the embedded server: their objects and their contents, within bounds and until they expire."""

from __future__ import annotations

from typing import NoReturn

from ._http_types import ApiError
from ._ids import Ids
from ._json_types import JSONObject

MAX_FILE_BYTES = 512 * 1024 * 1024
"""The size of a file, as in the API."""

MAX_STORED_BYTES = 1024 * 1024 * 1024
"""The size of all files together, those of containers included. The API has more, but this is memory."""


class Contents:
    """The contents of all files by their ids, within bounds that a test may change."""

    def __init__(self) -> None:
        self.max_file_bytes = MAX_FILE_BYTES
        self.max_stored_bytes = MAX_STORED_BYTES
        self._contents: dict[str, bytes] = {}
        self._size = 0

    def check(self, content: bytes) -> bytes:
        """Return a content that fits; refuse one that is too large, or too large beside the others."""
        if len(content) > self.max_file_bytes:
            limit = self.max_file_bytes
            raise ApiError(
                413, f"File is too large: it has {len(content)} bytes, the maximum is {limit}.", param="file"
            )
        if self._size + len(content) > self.max_stored_bytes:
            message = f"The storage is full: all files together may have {self.max_stored_bytes} bytes."
            raise ApiError(400, f"{message} Delete files that are not needed.", code="storage_limit_exceeded")
        return content

    def put(self, id: str, content: bytes) -> None:
        """Keep the content of a new file."""
        self._contents[id] = content
        self._size += len(content)

    def get(self, id: str) -> bytes:
        """Return the content of a file that is kept."""
        return self._contents[id]

    def drop(self, id: str) -> None:
        """Drop the content of a file, if it is kept."""
        self._size -= len(self._contents.pop(id, b""))


class FileStore:
    """The files by their ids."""

    def __init__(self) -> None:
        self.objects: dict[str, JSONObject] = {}
        self.contents: Contents = Contents()

    def add(
        self,
        ids: Ids,
        filename: str,
        content: bytes,
        *,
        purpose: str,
        now: int,
        expires_after: int | None = None,
    ) -> JSONObject:
        """Keep a file, and return its object; `expires_after` is in seconds from now on."""
        self.contents.check(content)
        file: JSONObject = {
            "id": ids.new("file", 24).replace("_", "-"),
            "object": "file",
            "bytes": len(content),
            "created_at": now,
            "expires_at": None if expires_after is None else now + expires_after,
            "filename": filename,
            "purpose": purpose,
            "status": "processed",
            "status_details": None,
        }
        self.objects[file["id"]] = file
        self.contents.put(file["id"], content)
        return file

    def listed(self, now: int) -> list[JSONObject]:
        """Return all files, oldest first, without those that have expired by now."""
        for file in [*self.objects.values()]:
            self._expire(file, now)
        return [*self.objects.values()]

    def find(self, id: str, now: int) -> JSONObject | None:
        """Return a file; None if there is none of that id, or if it has expired by now."""
        self._expire(self.objects.get(id, {}), now)
        return self.objects.get(id)

    def get(self, id: str, now: int, *, param: str = "id") -> JSONObject:
        """Return a file; refuse with 404 if there is none of that id, or if it has expired by now."""
        return self.find(id, now) or no_such_file(id, param)

    def content(self, id: str, now: int) -> bytes:
        """Return the content of a file; refuse as `get` does."""
        return self.contents.get(self.get(id, now)["id"])

    def delete(self, id: str) -> None:
        """Delete a file that is there."""
        del self.objects[id]
        self.contents.drop(id)

    def _expire(self, file: JSONObject, now: int) -> None:
        if file.get("expires_at") is not None and file["expires_at"] <= now:
            self.delete(file["id"])


def no_such_file(id: str, param: str = "id") -> NoReturn:
    """Refuse an id that no file has."""
    raise ApiError(404, f"No such File object: {id}", param=param)
