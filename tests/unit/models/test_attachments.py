"""Images and files that are made of local files set only the fields that were given."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest

from responses_client import AsyncClient, Client, TransferProgress
from responses_client.models import InputFile, InputImage

PNG = b"\x89PNG\r\n\x1a\n...."
PNG_URL = "data:image/png;base64,iVBORw0KGgouLi4u"
TEXT_URL = "data:text/plain;base64,VGVh"


def test_image_has_its_url_and_no_detail_unless_that_is_given() -> None:
    assert InputImage.from_bytes(PNG).to_dict() == {"type": "input_image", "image_url": PNG_URL}
    assert InputImage.from_bytes(PNG, detail="low").detail == "low"


def test_image_from_a_path_is_that_from_its_bytes(tmp_path: Path) -> None:
    path = tmp_path / "picture"
    path.write_bytes(PNG)

    assert InputImage.from_path(path) == InputImage.from_bytes(PNG)


@pytest.mark.parametrize(("given", "shown"), [(None, "tea.txt"), ("menu.txt", "menu.txt")])
def test_file_is_named_after_its_path_unless_a_name_is_given(
    tmp_path: Path, given: str | None, shown: str
) -> None:
    path = tmp_path / "tea.txt"
    path.write_bytes(b"Tea")

    assert InputFile.from_path(path, filename=given).to_dict() == {
        "type": "input_file",
        "filename": shown,
        "file_data": TEXT_URL,
    }


def test_file_from_bytes_has_the_name_that_is_given() -> None:
    made = InputFile.from_bytes(b"Tea", "tea.txt", detail="high")

    assert (made.filename, made.file_data, made.detail) == ("tea.txt", TEXT_URL, "high")


@pytest.mark.parametrize(
    ("kind", "purpose", "part"),
    [
        (InputFile, b"user_data", {"type": "input_file", "file_id": "file-1"}),
        (InputImage, b"vision", {"type": "input_image", "file_id": "file-1"}),
    ],
)
def test_uploaded_file_is_named_by_its_id(kind: Any, purpose: bytes, part: dict[str, str]) -> None:
    sent: list[bytes] = []
    seen: list[TransferProgress] = []

    def answer(request: httpx.Request) -> httpx.Response:
        sent.append(request.content)
        return httpx.Response(200, json={"id": "file-1", "object": "file"})

    transport = httpx.MockTransport(answer)
    upload: Callable[..., Any] = kind.from_upload
    with Client(api_key="k", http_client=httpx.Client(transport=transport)) as client:
        made = upload(client, ("a.png", b"Tea"), on_progress=seen.append)
        detailed = upload(client, b"Tea", purpose="assistants", detail="low")

    async def wait() -> Any:
        async with AsyncClient(api_key="k", http_client=httpx.AsyncClient(transport=transport)) as client:
            return await upload(client, b"Tea")

    assert made.to_dict() == anyio.run(wait).to_dict() == part
    assert detailed.to_dict() == {**part, "detail": "low"}
    assert [purpose in body for body in sent] == [True, False, True]
    assert b"assistants" in sent[1]
    assert seen == [(3, 3)]
