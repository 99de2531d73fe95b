"""The methods with which tests script files, vector stores, containers and batches, and look at them."""

from __future__ import annotations

from dataclasses import replace
from typing import Self

from ._argument_checks import check_count
from ._batches import BatchPlan, LineAnswer
from ._containers import Container
from ._file_operations import PURPOSES
from ._json_types import JSONObject
from ._script_queue import refusal
from ._store import Store


class ResourceMethods:
    """The methods that script the objects that responses refer to."""

    _store: Store

    # --- stored objects

    @property
    def files(self) -> dict[str, JSONObject]:
        """The stored files by id, as JSON objects, without those that have expired."""
        with self._store.lock:
            return {file["id"]: file for file in self._store.files.listed(self._store.now)}

    @property
    def vector_stores(self) -> dict[str, JSONObject]:
        """The vector stores by id, as JSON objects."""
        with self._store.lock:
            return {id: each.shown(self._store.now) for id, each in self._store.vector_stores.items()}

    @property
    def containers(self) -> dict[str, JSONObject]:
        """The containers by id, as JSON objects."""
        with self._store.lock:
            return {id: each.shown(self._store.now) for id, each in self._store.containers.items()}

    @property
    def batches(self) -> dict[str, JSONObject]:
        """The batches by id, as JSON objects."""
        with self._store.lock:
            return {id: batch.shown for id, batch in self._store.batches.items()}

    def file_content(self, id: str) -> bytes:
        """Return the content of a file by its id, also of one in a container.

        Raises:
            KeyError: There is no file of that id.
        """
        with self._store.lock:
            return self._store.files.contents.get(id)

    def add_file(self, filename: str, content: bytes | str, *, purpose: str = "user_data") -> str:
        """Store a file, as if a client had uploaded it, and return its id.

        Raises:
            ValueError: The API has no such purpose.
        """
        if purpose not in PURPOSES:
            raise ValueError(f"purpose must be one of {', '.join(PURPOSES)}, got {purpose!r}.")
        data = content.encode() if isinstance(content, str) else content
        store = self._store
        with store.lock:
            file = store.files.add(store.new_ids("file"), filename, data, purpose=purpose, now=store.now)
            return str(file["id"])

    def add_container_file(
        self, filename: str, content: bytes | str, *, container_id: str = "cntr_1"
    ) -> JSONObject:
        """Put a file in a container, as code of a model does, and return its object.

            plot = server.add_container_file("plot.png", png)
            server.reply("See plot.png.", annotations=[{"type": "container_file_citation", "file_id": plot["id"], ...}])

        A container of an unknown id is created.
        """
        data = content.encode() if isinstance(content, str) else content
        store = self._store
        with store.lock:
            fresh = Container(container_id, container_id, store.now, store.now)
            container = store.containers.setdefault(container_id, fresh)
            ids, contents = store.new_ids("container file"), store.files.contents
            return container.add_file(ids, contents, filename, data, now=store.now, source="assistant")

    # --- bounds

    def limit_files(self, *, max_bytes: int | None = None, max_total_bytes: int | None = None) -> Self:
        """Change the size of the largest file that is accepted, at first 512 MiB, or of all together, at first 1 GiB.

        Raises:
            ValueError: A number is negative.
        """
        contents = self._store.files.contents
        if max_bytes is not None:
            contents.max_file_bytes = check_count("max_bytes", max_bytes, minimum=0)
        if max_total_bytes is not None:
            contents.max_stored_bytes = check_count("max_total_bytes", max_total_bytes, minimum=0)
        return self

    def limit_batches(self, *, max_requests: int | None = None, max_bytes: int | None = None) -> Self:
        """Change the bounds of later batches: at first 50,000 requests, and 200 MiB of the input file.

        Raises:
            ValueError: A number is less than 1.
        """
        limits = self._store.batch_limits
        if max_requests is not None:
            limits = replace(limits, max_requests=check_count("max_requests", max_requests, minimum=1))
        if max_bytes is not None:
            limits = replace(limits, max_bytes=check_count("max_bytes", max_bytes, minimum=1))
        self._store.batch_limits = limits
        return self

    # --- progress

    def indexing(self, *, polls: int) -> Self:
        """Let files that are added to vector stores from now on be ready with the poll of this number, at first 2.

        A poll is a `GET` of the file in its vector store, of its batch, or of the store. With 0, files are ready at
        once.

        Raises:
            ValueError: `polls` is negative.
        """
        self._store.index_polls = check_count("polls", polls, minimum=0)
        return self

    def batching(self, *, polls: int) -> Self:
        """Let batches that start from now on end with the poll of this number, at first 3.

        A poll is a `GET` of the batch. The first one reads the file and finds the batch in progress, the last one
        finds its end; the requests are executed in between.

        Raises:
            ValueError: `polls` is less than 1.
        """
        self._store.batch_polls = check_count("polls", polls, minimum=1)
        return self

    # --- failures

    def fail_indexing(
        self,
        code: str = "unsupported_file",
        message: str = "The file type is not supported.",
        *,
        times: int = 1,
    ) -> Self:
        """Let the next `times` files that are added to vector stores end as `failed`, with this error.

        Raises:
            ValueError: `times` is less than 1.
        """
        error = {"code": code, "message": message}
        with self._store.lock:
            self._store.planned_index_errors.extend([error] * check_count("times", times, minimum=1))
        return self

    def fail_batch(
        self,
        code: str = "token_limit_exceeded",
        message: str = "Enqueued token limit reached for the model.",
        *,
        line: int | None = None,
        param: str | None = None,
    ) -> Self:
        """Let the next batch that is created end as `failed`, with this error, and execute none of its requests."""
        error: JSONObject = {"code": code, "message": message, "param": param, "line": line}
        return self._plan(BatchPlan(errors=(error,)))

    def expire_batch(self, *, after: int = 0) -> Self:
        """Let the next batch that is created expire after this many requests; the others are left out.

        Batches also expire when `now` reaches their `expires_at`.

        Raises:
            ValueError: `after` is negative.
        """
        return self._plan(BatchPlan(expires_after=check_count("after", after, minimum=0)))

    def fail_batch_request(
        self,
        custom_id: str,
        status: int = 500,
        *,
        message: str | None = None,
        code: str | None = None,
        type: str | None = None,
        param: str | None = None,
    ) -> Self:
        """Answer the next request of a batch that has this `custom_id` with an error of the API, as `fail` does.

        Raises:
            ValueError: `status` is not from 400 to 599.
        """
        check_count("status", status, minimum=400, maximum=599)
        error = refusal(status, message=message, code=code, type=type, param=param)
        with self._store.lock:
            self._store.planned_lines[custom_id] = LineAnswer(status, "", {"error": error.error})
        return self

    def _plan(self, plan: BatchPlan) -> Self:
        with self._store.lock:
            self._store.planned_batches.append(plan)
        return self
