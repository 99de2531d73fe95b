"""Files, vector stores, containers and batches, as users write them; checked, not run."""

from pathlib import Path
from typing import assert_type

from responses_client import AsyncClient, AsyncPager, Client, FileInput, Page, TransferProgress
from responses_client.models import (
    Batch,
    Container,
    ContainerFile,
    ContainerFileCitation,
    DeletedFile,
    FileObject,
    InputFile,
    InputImage,
    VectorStore,
    VectorStoreFile,
    VectorStoreFileBatch,
    VectorStoreSearchResults,
)


def uploads(client: Client, path: Path) -> None:
    assert_type(client.files.create(file="notes.txt", purpose="user_data"), FileObject)
    client.files.create(file=path, purpose="batch", timeout=5, max_retries=0)
    client.files.create(
        file=b"text", purpose="vision", expires_after={"anchor": "created_at", "seconds": 3600}
    )
    client.files.create(file=("a.txt", b"text"), purpose="evals")
    client.files.create(file=("a.txt", path, "text/plain"), purpose="assistants")
    given: FileInput = ("a.txt", b"text", None, {"X-Own": "1"})
    client.files.create(file=given, purpose="user_data")
    with path.open("rb") as file:
        client.files.create(file=file, purpose="user_data")
    with path.open() as text:
        client.files.create(file=text, purpose="user_data")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.files.create(file=3, purpose="user_data")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    client.files.create(purpose="user_data")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]
    client.files.create(file=b"x", purpose="poems")  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def progress(client: Client) -> None:
    def show(news: TransferProgress) -> None:
        assert_type(news.done, int)
        assert_type(news.total, int | None)
        assert_type(news.fraction, float | None)

    client.files.create(file=b"x", purpose="user_data", on_progress=show)
    assert_type(client.files.download("file-1", "a.txt", on_progress=show, overwrite=True), Path)


def files(client: Client) -> None:
    assert_type(client.files.list(purpose="batch"), Page[FileObject])
    assert_type(client.files.delete("file-1"), DeletedFile)
    assert_type(client.files.content("file-1"), bytes)
    assert_type(InputFile.from_upload(client, "report.pdf", detail="low"), InputFile)
    assert_type(InputImage.from_upload(client, b"..."), InputImage)


def containers(client: Client, citation: ContainerFileCitation) -> None:
    assert_type(client.containers.create(name="work", memory_limit="4g"), Container)
    assert_type(client.containers.files.create("cntr_1", file=b"x"), ContainerFile)
    assert_type(client.containers.files.download(citation, "folder"), Path)
    assert_type(client.containers.files.content("cfile_1", container_id="cntr_1"), bytes)


def stores(client: Client) -> None:
    store = client.vector_stores.create(name="Guides", chunking_strategy={"type": "auto"})
    assert_type(store, VectorStore)
    assert_type(client.vector_stores.search(store.id, query=["a", "b"]), VectorStoreSearchResults)
    assert_type(client.vector_stores.files.list(store.id, filter="failed"), Page[VectorStoreFile])
    made = client.vector_stores.file_batches.create(store.id, files=[{"file_id": "file-1"}])
    assert_type(made, VectorStoreFileBatch)
    waited = client.vector_stores.file_batches.wait(
        made, on_progress=lambda news: print(news.file_counts.total)
    )
    assert_type(waited, VectorStoreFileBatch)
    added = client.vector_stores.files.wait("file-1", vector_store_id=store.id, timeout=5)
    assert_type(added, VectorStoreFile)
    client.vector_stores.files.wait(made)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


def batches(client: Client) -> None:
    batch = client.batches.create(input_file_id="file-1", endpoint="/v1/responses", completion_window="24h")
    assert_type(client.batches.wait(batch, on_progress=lambda news: print(news.status)), Batch)
    assert_type(client.batches.list(limit=5), Page[Batch])
    client.batches.wait("batch_1", include=[])  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def awaited(client: AsyncClient, citation: ContainerFileCitation) -> None:
    async def show(news: TransferProgress) -> None:
        print(news.done)

    assert_type(await client.files.create(file=b"x", purpose="user_data", on_progress=show), FileObject)
    assert_type(client.files.list(), AsyncPager[FileObject])
    assert_type(await client.files.content("file-1"), bytes)
    assert_type(await client.files.download("file-1", Path("a")), Path)
    assert_type(await client.containers.files.download(citation, "folder"), Path)
    assert_type(await client.batches.wait("batch_1", timeout=5), Batch)
    files = client.vector_stores.files
    assert_type(await files.wait("file-1", vector_store_id="vs_1"), VectorStoreFile)
    group = await client.vector_stores.file_batches.wait("vsfb_1", vector_store_id="vs_1")
    assert_type(group, VectorStoreFileBatch)
    assert_type(await InputFile.from_upload(client, "report.pdf"), InputFile)
    assert_type(await InputImage.from_upload(client, b"..."), InputImage)
