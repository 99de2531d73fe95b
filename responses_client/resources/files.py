"""`client.files`: the generated methods, and downloads to disk."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .._base.public import resource
from .._calls.referred_endpoints import FILES_CONTENT
from ._files import AsyncFilesOperations, FilesOperations

if TYPE_CHECKING:
    from os import PathLike
    from pathlib import Path

    from typing_extensions import Unpack

    from .._base.file_types import TransferProgress
    from .._base.options import RequestOptions

__all__ = ["AsyncFiles", "Files"]


@resource("client.files")
class Files(FilesOperations):
    """The methods of `client.files`: upload, list, download and delete files that the server stores."""

    def download(
        self,
        file_id: str,
        path: str | PathLike[str],
        *,
        overwrite: bool = False,
        on_progress: Callable[[TransferProgress], object] | None = None,
        **options: Unpack[RequestOptions],
    ) -> Path:
        """Write the content of a file to disk as it comes, and return its path.

            client.files.download("file-1", "answers.jsonl")

        It is written under another name in the same folder, and renamed when it is whole. Nothing is left of it after
        an error or a cancellation. If the connection breaks, the download begins anew, as often as `max_retries` says.

        Args:
            file_id: The id of the file.
            path: The file to write, in a folder that exists.
            overwrite: Whether a file of that name is replaced; False refuses to, before and after the download.
            on_progress: Called with the `TransferProgress` as the content comes.
            options: The options of `retrieve`.

        Returns:
            Path: The path of the file.

        Raises:
            RequestValidationError: No file can be written there, or there is one; nothing was sent.
            APIError: No answer, an error or a part of the content; see `responses_client.errors`.
            OSError: The file cannot be written.
        """
        from .._calls.downloads import Target

        return self._core.download(FILES_CONTENT, options, Target(path, overwrite), on_progress, file_id)


@resource("client.files", like=Files)
class AsyncFiles(AsyncFilesOperations):
    """The methods of `client.files` of an `AsyncClient`; see `Files`."""

    async def download(
        self,
        file_id: str,
        path: str | PathLike[str],
        *,
        overwrite: bool = False,
        on_progress: Callable[[TransferProgress], object] | None = None,
        **options: Unpack[RequestOptions],
    ) -> Path:
        """Write the content of a file to disk as it comes, and return its path; see `Files.download`."""
        from .._calls.downloads import Target

        target = Target(path, overwrite)
        return await self._core.download(FILES_CONTENT, options, target, on_progress, file_id)
