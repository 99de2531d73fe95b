"""`client.containers`: the generated methods, and files of containers by the citations that name them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .._base.cached import cached_property
from .._base.field_errors import field_error
from .._base.public import resource
from .._calls.referred_endpoints import CONTAINERS_FILES_CONTENT
from ..errors import RequestValidationError
from ._containers import (
    AsyncContainersFilesOperations,
    AsyncContainersOperations,
    ContainersFilesOperations,
    ContainersOperations,
)

if TYPE_CHECKING:
    from os import PathLike
    from pathlib import Path

    from typing_extensions import Unpack

    from .._base.file_types import TransferProgress
    from .._base.options import RequestOptions
    from .._calls.downloads import Target
    from ..models import ContainerFile, ContainerFileCitation

__all__ = ["AsyncContainerFiles", "AsyncContainers", "ContainerFiles", "Containers"]


@resource("client.containers.files")
class ContainerFiles(ContainersFilesOperations):
    """The methods of `client.containers.files`."""

    def content(
        self,
        file_id: str | ContainerFile | ContainerFileCitation,
        *,
        container_id: str | None = None,
        **params: Unpack[RequestOptions],
    ) -> bytes:
        """Return the content of a file in a container; `download` writes it to disk instead.

        `GET /containers/{container_id}/files/{file_id}/content`

        Args:
            file_id: The id of the file with a `container_id`, or a `ContainerFileCitation` or `ContainerFile`,
                which name both.
            container_id: The id of the container.
            params: The options of `retrieve`.

        Returns:
            bytes: The content.

        Raises:
            RequestValidationError: An argument is not valid; nothing was sent.
            APIError: No answer, an error or an invalid answer; see `responses_client.errors`.
        """
        return self._core.content(CONTAINERS_FILES_CONTENT, params, *_ids(file_id, container_id))

    def download(
        self,
        file_id: str | ContainerFile | ContainerFileCitation,
        path: str | PathLike[str],
        *,
        container_id: str | None = None,
        overwrite: bool = False,
        on_progress: Callable[[TransferProgress], object] | None = None,
        **options: Unpack[RequestOptions],
    ) -> Path:
        """Write the content of a file in a container to disk as it comes, and return its path.

            for citation in citations:
                client.containers.files.download(citation, "reports/")

        See `client.files.download` for what is left after an error. Containers end when they were not used for some
        minutes, and their files with them.

        Args:
            file_id: A `ContainerFileCitation` or `ContainerFile`; or the id of the file, with a `container_id`.
            path: The file to write; or a folder, in which a cited file gets the last part of the name that it has in
                the container.
            container_id: The id of the container.
            overwrite: Whether a file of that name is replaced; False refuses to.
            on_progress: Called with the `TransferProgress` as the content comes.
            options: The options of `retrieve`.

        Returns:
            Path: The path of the file.

        Raises:
            RequestValidationError: No file can be written there, or there is one; nothing was sent.
            APIError: No answer, an error or a part of the content; see `responses_client.errors`.
            OSError: The file cannot be written.
        """
        ids, target = _ids(file_id, container_id), _target(file_id, path, overwrite)
        return self._core.download(CONTAINERS_FILES_CONTENT, options, target, on_progress, *ids)


@resource("client.containers")
class Containers(ContainersOperations):
    """The methods of `client.containers`: containers, in which models run code, and their files."""

    @cached_property
    def files(self) -> ContainerFiles:
        """The methods of `client.containers.files`."""
        return ContainerFiles(self._core)


@resource("client.containers.files", like=ContainerFiles)
class AsyncContainerFiles(AsyncContainersFilesOperations):
    """The methods of `client.containers.files` of an `AsyncClient`; see `ContainerFiles`."""

    async def content(
        self,
        file_id: str | ContainerFile | ContainerFileCitation,
        *,
        container_id: str | None = None,
        **params: Unpack[RequestOptions],
    ) -> bytes:
        """Return the content of a file in a container; see `ContainerFiles.content`."""
        return await self._core.content(CONTAINERS_FILES_CONTENT, params, *_ids(file_id, container_id))

    async def download(
        self,
        file_id: str | ContainerFile | ContainerFileCitation,
        path: str | PathLike[str],
        *,
        container_id: str | None = None,
        overwrite: bool = False,
        on_progress: Callable[[TransferProgress], object] | None = None,
        **options: Unpack[RequestOptions],
    ) -> Path:
        """Write the content of a file in a container to disk as it comes; see `ContainerFiles.download`."""
        ids, target = _ids(file_id, container_id), _target(file_id, path, overwrite)
        return await self._core.download(CONTAINERS_FILES_CONTENT, options, target, on_progress, *ids)


@resource("client.containers", like=Containers)
class AsyncContainers(AsyncContainersOperations):
    """The methods of `client.containers` of an `AsyncClient`; see `Containers`."""

    @cached_property
    def files(self) -> AsyncContainerFiles:
        """The methods of `client.containers.files`."""
        return AsyncContainerFiles(self._core)


def _ids(given: object, container_id: str | None) -> tuple[str, str]:
    """Return the id of the container and that of the file."""
    from ..models import ContainerFile, ContainerFileCitation

    own: str | None = None
    if isinstance(given, ContainerFileCitation):
        file_id, own = given.file_id, given.container_id
    elif isinstance(given, ContainerFile):
        file_id, own = given.id, given.container_id
    elif isinstance(given, str):
        file_id = given
    else:
        raise RequestValidationError([field_error("file_id", "an id, a citation or a ContainerFile", given)])
    if (container := container_id or own) is None:
        message = "is needed with the id of a file; a ContainerFileCitation has both"
        raise RequestValidationError([field_error("container_id", "an id", container_id, message=message)])
    return container, file_id


def _target(given: object, path: str | PathLike[str], overwrite: bool) -> Target:
    from .._calls.downloads import Target

    # Of a citation the name, of a `ContainerFile` the path in the container, which ends in it.
    name = getattr(given, "filename", None) or getattr(given, "path", None)
    return Target(path, overwrite, name if isinstance(name, str) else None)
