"""`client.vector_stores`: the generated methods, and the wait until the server has read files."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .._base.cached import cached_property
from .._base.public import resource
from ._vector_stores import (
    AsyncVectorStoresFileBatchesOperations,
    AsyncVectorStoresFilesOperations,
    AsyncVectorStoresOperations,
    VectorStoresFileBatchesOperations,
    VectorStoresFilesOperations,
    VectorStoresOperations,
)

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from .._base.options import WaitOptions
    from .._base.progress import Progress
    from ..models import VectorStoreFile, VectorStoreFileBatch

__all__ = [
    "AsyncVectorStoreFileBatches",
    "AsyncVectorStoreFiles",
    "AsyncVectorStores",
    "VectorStoreFileBatches",
    "VectorStoreFiles",
    "VectorStores",
]


@resource("client.vector_stores.files")
class VectorStoreFiles(VectorStoresFilesOperations):
    """The methods of `client.vector_stores.files`."""

    def wait(
        self,
        file_id: str | VectorStoreFile,
        *,
        vector_store_id: str | None = None,
        poll_interval: float = 1.0,
        timeout: float | None = None,
        on_progress: Callable[[VectorStoreFile], object]
        | Callable[[VectorStoreFile, Progress], object]
        | None = None,
        progress: bool = False,
        **options: Unpack[WaitOptions],
    ) -> VectorStoreFile:
        """Poll a file of a vector store until the server has read it, and return it.

        `GET /vector_stores/{vector_store_id}/files/{file_id}`

            added = client.vector_stores.files.create(store.id, file_id=file.id)
            added = client.vector_stores.files.wait(added, timeout=60)

        A file that is `completed` can be searched. The wait also ends when it has `failed`, with the reason in
        `last_error`, or was `cancelled`. Errors that may pass end the wait only when ten polls in a row fail, after all
        their retries.

        Args:
            file_id: The last known state of the file; or its id, with a `vector_store_id`. A finished one is returned
                without a request.
            vector_store_id: The id of the vector store; by default that of the state.
            poll_interval: The first interval between two polls in seconds, 1 by default; each further one is longer
                by half, up to 10. If the server asks for a longer one, it is used, up to 300.
            timeout: Seconds that the whole wait may take; None, the default, sets no limit.
            on_progress: A function that is called with the first state, and with each later one whose status differs,
                including the last. One of two arguments is a heartbeat: it is called after each poll, with the last
                state and a `Progress`.
            progress: Whether standard error shows the progress, as for `responses.map`.
            deadline: Seconds that the whole wait may take, as `timeout`; None sets no limit.
            options: The options of `retrieve`, for each poll.

        Returns:
            VectorStoreFile: The file, which was read or not.

        Raises:
            WaitTimeout: The file was not finished within `timeout` or `deadline`; the attribute `state` is its last
                known state.
            RequestValidationError: An argument is not valid; nothing was sent.
            APIError: The file cannot be retrieved, for example because it is not in the store.
        """
        from .._calls.store_polling import StoreFileSchedule
        from .._calls.waiting import wait_work

        params = StoreFileSchedule.params(options)
        schedule = StoreFileSchedule(file_id, vector_store_id, poll_interval=poll_interval, timeout=timeout)
        work = wait_work(schedule, params, on_progress, progress=progress, is_async=False)
        return self._core.perform(work)


@resource("client.vector_stores.file_batches")
class VectorStoreFileBatches(VectorStoresFileBatchesOperations):
    """The methods of `client.vector_stores.file_batches`."""

    def wait(
        self,
        batch_id: str | VectorStoreFileBatch,
        *,
        vector_store_id: str | None = None,
        poll_interval: float = 1.0,
        timeout: float | None = None,
        on_progress: Callable[[VectorStoreFileBatch], object]
        | Callable[[VectorStoreFileBatch, Progress], object]
        | None = None,
        progress: bool = False,
        **options: Unpack[WaitOptions],
    ) -> VectorStoreFileBatch:
        """Poll a batch of files until the server has read all of them, and return it.

        `GET /vector_stores/{vector_store_id}/file_batches/{batch_id}`

            added = client.vector_stores.file_batches.create(store.id, file_ids=[file.id for file in files])
            added = client.vector_stores.file_batches.wait(added, progress=True)
            print(added.file_counts.failed)

        A batch that is `completed` may have files that failed: `file_counts` has their number, and `list_files` with
        `filter="failed"` names them. The wait also ends when the batch has `failed` or was `cancelled`. Errors that
        may pass end the wait only when ten polls in a row fail, after all their retries.

        Args:
            batch_id: The last known state of the batch; or its id, with a `vector_store_id`. A finished one is
                returned without a request.
            vector_store_id: The id of the vector store; by default that of the state.
            poll_interval: The first interval between two polls in seconds, 1 by default; each further one is longer
                by half, up to 10. If the server asks for a longer one, it is used, up to 300.
            timeout: Seconds that the whole wait may take; None, the default, sets no limit.
            on_progress: A function that is called with the first state, and with each later one whose status or
                `file_counts` differ, including the last. One of two arguments is a heartbeat: it is called after
                each poll, with the last state and a `Progress`, which counts the files.
            progress: Whether standard error shows the progress, as for `responses.map`.
            deadline: Seconds that the whole wait may take, as `timeout`; None sets no limit.
            options: The options of `retrieve`, for each poll.

        Returns:
            VectorStoreFileBatch: The finished batch.

        Raises:
            WaitTimeout: The batch was not finished within `timeout` or `deadline`; the attribute `state` is its last
                known state.
            RequestValidationError: An argument is not valid; nothing was sent.
            APIError: The batch cannot be retrieved, for example because it does not exist.
        """
        from .._calls.store_polling import StoreFileBatchSchedule
        from .._calls.waiting import wait_work

        params = StoreFileBatchSchedule.params(options)
        schedule = StoreFileBatchSchedule(
            batch_id, vector_store_id, poll_interval=poll_interval, timeout=timeout
        )
        work = wait_work(schedule, params, on_progress, progress=progress, is_async=False)
        return self._core.perform(work)


@resource("client.vector_stores")
class VectorStores(VectorStoresOperations):
    """The methods of `client.vector_stores`: vector stores, which models and programs search, and their files."""

    @cached_property
    def files(self) -> VectorStoreFiles:
        """The methods of `client.vector_stores.files`."""
        return VectorStoreFiles(self._core)

    @cached_property
    def file_batches(self) -> VectorStoreFileBatches:
        """The methods of `client.vector_stores.file_batches`."""
        return VectorStoreFileBatches(self._core)


@resource("client.vector_stores.files", like=VectorStoreFiles)
class AsyncVectorStoreFiles(AsyncVectorStoresFilesOperations):
    """The methods of `client.vector_stores.files` of an `AsyncClient`; see `VectorStoreFiles`."""

    async def wait(
        self,
        file_id: str | VectorStoreFile,
        *,
        vector_store_id: str | None = None,
        poll_interval: float = 1.0,
        timeout: float | None = None,
        on_progress: Callable[[VectorStoreFile], object]
        | Callable[[VectorStoreFile, Progress], object]
        | None = None,
        progress: bool = False,
        **options: Unpack[WaitOptions],
    ) -> VectorStoreFile:
        """Poll a file until the server has read it, and return it; see `VectorStoreFiles.wait`. `on_progress` may be async."""
        from .._calls.store_polling import StoreFileSchedule
        from .._calls.waiting import wait_work

        params = StoreFileSchedule.params(options)
        schedule = StoreFileSchedule(file_id, vector_store_id, poll_interval=poll_interval, timeout=timeout)
        work = wait_work(schedule, params, on_progress, progress=progress, is_async=True)
        return await self._core.perform(work)


@resource("client.vector_stores.file_batches", like=VectorStoreFileBatches)
class AsyncVectorStoreFileBatches(AsyncVectorStoresFileBatchesOperations):
    """The methods of `client.vector_stores.file_batches` of an `AsyncClient`; see `VectorStoreFileBatches`."""

    async def wait(
        self,
        batch_id: str | VectorStoreFileBatch,
        *,
        vector_store_id: str | None = None,
        poll_interval: float = 1.0,
        timeout: float | None = None,
        on_progress: Callable[[VectorStoreFileBatch], object]
        | Callable[[VectorStoreFileBatch, Progress], object]
        | None = None,
        progress: bool = False,
        **options: Unpack[WaitOptions],
    ) -> VectorStoreFileBatch:
        """Poll a batch of files, and return it; see `VectorStoreFileBatches.wait`. `on_progress` may be async."""
        from .._calls.store_polling import StoreFileBatchSchedule
        from .._calls.waiting import wait_work

        params = StoreFileBatchSchedule.params(options)
        schedule = StoreFileBatchSchedule(
            batch_id, vector_store_id, poll_interval=poll_interval, timeout=timeout
        )
        work = wait_work(schedule, params, on_progress, progress=progress, is_async=True)
        return await self._core.perform(work)


@resource("client.vector_stores", like=VectorStores)
class AsyncVectorStores(AsyncVectorStoresOperations):
    """The methods of `client.vector_stores` of an `AsyncClient`; see `VectorStores`."""

    @cached_property
    def files(self) -> AsyncVectorStoreFiles:
        """The methods of `client.vector_stores.files`."""
        return AsyncVectorStoreFiles(self._core)

    @cached_property
    def file_batches(self) -> AsyncVectorStoreFileBatches:
        """The methods of `client.vector_stores.file_batches`."""
        return AsyncVectorStoreFileBatches(self._core)
