"""Images and files from local files: their types, their sizes, and their mistakes."""

from __future__ import annotations

import base64
import os
import pickle
import re
from pathlib import Path
from typing import Any

import pytest
from callers import RULE_MODES, Caller

from responses_client import RequestValidationError
from responses_client.models import InputFile, InputImage
from responses_client.testing import Server

PNG = b"\x89PNG\r\n\x1a\n...."
JPEG = b"\xff\xd8\xff\xe0...."
WEBP = b"RIFF\x04\0\0\0WEBPVP8 "
PDF = b"%PDF-1.7 ..."
ZIP = b"PK\x03\x04\0\0"


def url(mime_type: str, data: bytes) -> str:
    return f"data:{mime_type};base64,{base64.b64encode(data).decode()}"


def refusal(make: Any, *args: Any, **options: Any) -> RequestValidationError:
    with pytest.raises(RequestValidationError) as caught:
        make(*args, **options)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)
    assert str(caught.value).startswith("The file cannot be attached: ")
    return caught.value


# --- images


@pytest.mark.parametrize(
    ("data", "mime_type"),
    [
        (PNG, "image/png"),
        (JPEG, "image/jpeg"),
        (b"GIF87a....", "image/gif"),
        (b"GIF89a....", "image/gif"),
        (WEBP, "image/webp"),
    ],
)
def test_type_of_an_image_is_detected_from_its_data(tmp_path: Path, data: bytes, mime_type: str) -> None:
    path = tmp_path / "picture.txt"
    path.write_bytes(data)

    expected = {"type": "input_image", "image_url": url(mime_type, data)}
    assert InputImage.from_path(path).to_dict() == expected
    assert InputImage.from_path(str(path), detail="low").to_dict() == {**expected, "detail": "low"}
    assert InputImage.from_bytes(data, detail="high").to_dict() == {**expected, "detail": "high"}
    assert InputImage.from_bytes(memoryview(bytearray(data))).to_dict() == expected


def test_image_of_another_type_is_refused_unless_its_type_is_named(tmp_path: Path) -> None:
    path = tmp_path / "picture.bmp"
    path.write_bytes(b"BM....")

    error = refusal(InputImage.from_path, path)
    assert error.path == "path"
    assert f"{str(path)!r} is not a PNG, JPEG, GIF or WebP image" in str(error)
    assert "the image is not a PNG" in str(refusal(InputImage.from_bytes, b"RIFF....WAVE"))
    named = InputImage.from_path(path, mime_type="image/bmp")
    assert named.image_url == url("image/bmp", b"BM....")


def test_image_is_at_most_what_the_published_bound_allows() -> None:
    most = 15_728_592
    error = refusal(InputImage.from_bytes, PNG.ljust(most + 1))

    assert "the image is larger than 15,728,592 bytes (max_bytes); make it smaller" in str(error)
    largest = InputImage.from_bytes(JPEG.ljust(most)).image_url
    assert largest is not None
    assert 20_971_400 < len(largest) <= 20_971_520


# --- files


@pytest.mark.parametrize(
    ("name", "data", "mime_type"),
    [
        ("report", PDF, "application/pdf"),
        ("report.txt", PDF, "application/pdf"),
        ("scan.dat", PNG, "image/png"),
        ("letter.DOCX", ZIP, "application/vnd.openxmlformats-officedocument.wordprocessingml.document"),
        ("table.xlsx", ZIP, "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
        ("slides.pptx", ZIP, "application/vnd.openxmlformats-officedocument.presentationml.presentation"),
        ("old.doc", b"\xd0\xcf\0", "application/msword"),
        ("table.csv", b"a,b\n1,2\n", "text/csv"),
        ("data.json", b"{}", "application/json"),
        ("code.ts", b"let x = 1", "text/plain"),
        ("Makefile", b"all:\n", "text/plain"),
        ("long.log2", "é".encode() * 40_000, "text/plain"),
        ("notes.txt", b"caf\xe9", "text/plain"),
    ],
)
def test_type_of_a_file_is_detected_from_its_data_and_name(
    tmp_path: Path, name: str, data: bytes, mime_type: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)

    expected = {"type": "input_file", "filename": name, "file_data": url(mime_type, data)}
    assert InputFile.from_path(path).to_dict() == expected
    assert InputFile.from_bytes(data, name, detail="low").to_dict() == {**expected, "detail": "low"}
    renamed = InputFile.from_path(path, filename="shown.pdf", mime_type="text/x-mine")
    assert (renamed.filename, renamed.file_data) == ("shown.pdf", url("text/x-mine", data))


@pytest.mark.parametrize(
    ("name", "data"), [("thing.xyz1", b"\0\1"), ("table.csv.gz", b"\x1f\x8b"), ("x", b"\xff")]
)
def test_file_of_an_unknown_type_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    path = tmp_path / name
    path.write_bytes(data)

    assert f"the type of {str(path)!r} is not known; name it as mime_type" in str(
        refusal(InputFile.from_path, path)
    )
    assert f"the type of {name!r} is not known" in str(refusal(InputFile.from_bytes, data, name))


def test_file_is_at_most_fifty_mebibytes(tmp_path: Path) -> None:
    path = tmp_path / "large.bin"
    with path.open("wb") as file:
        file.truncate(50 * 1024 * 1024 + 1)

    error = refusal(InputFile.from_path, path)
    assert (
        f"{str(path)!r} is larger than 52,428,800 bytes (max_bytes); upload it and pass its file_id"
        in str(error)
    )


# --- mistakes


@pytest.mark.parametrize("kind", [InputImage, InputFile])
def test_path_without_a_file_is_named(tmp_path: Path, kind: Any) -> None:
    missing = tmp_path / "nowhere.png"
    error = refusal(kind.from_path, missing)
    assert (error.path, type(error.__cause__)) == ("path", FileNotFoundError)
    assert f"the file {str(missing)!r} does not exist; check the path" in str(error)

    assert f"{str(tmp_path)!r} is a directory; pass the path of a regular file" in str(
        refusal(kind.from_path, tmp_path)
    )
    cannot_be = str(refusal(kind.from_path, "a\0b"))
    assert re.search(r"cannot be read \(.*embedded null .*\); check the path", cannot_be)
    assert "path: expected the path of a file, got int 3" in str(refusal(kind.from_path, 3))


@pytest.mark.parametrize("kind", [InputImage, InputFile])
def test_path_below_a_file_cannot_be_read(tmp_path: Path, kind: Any) -> None:
    (tmp_path / "file").write_bytes(PNG)

    error = refusal(kind.from_path, tmp_path / "file" / "below")
    assert "cannot be read (Not a directory); check the path" in str(error)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_pipe_is_not_waited_for(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    assert f"{str(pipe)!r} is a device, pipe or socket; pass the path of a regular file" in str(
        refusal(InputImage.from_path, pipe)
    )


@pytest.mark.parametrize("kind", [InputImage, InputFile])
def test_size_that_is_allowed_can_be_set(tmp_path: Path, kind: Any) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(PNG)

    assert kind.from_path(path, max_bytes=len(PNG)) == kind.from_path(path)
    assert "larger than 11 bytes" in str(refusal(kind.from_path, path, max_bytes=len(PNG) - 1))
    for wrong in (0, -1, True, 1.5, "1"):
        error = refusal(kind.from_path, path, max_bytes=wrong)
        assert (error.path, error.expected) == ("max_bytes", "a whole number from 1")


def test_file_that_grows_while_it_is_read_is_not_taken_beyond_the_limit(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "picture.png"
    path.write_bytes(PNG)
    before = path.stat()
    path.write_bytes(PNG.ljust(1000))
    monkeypatch.setattr(Path, "stat", lambda self: before)

    assert "larger than 20 bytes" in str(refusal(InputImage.from_path, path, max_bytes=20))


def test_data_must_be_bytes_and_not_empty(tmp_path: Path) -> None:
    path = tmp_path / "empty.png"
    path.touch()

    assert f"{str(path)!r} is empty; pass one with data" in str(refusal(InputImage.from_path, path))
    assert "data: the image is empty" in str(refusal(InputImage.from_bytes, b""))
    assert refusal(InputFile.from_bytes, "text", "a.txt").expected == "bytes"
    assert refusal(InputImage.from_bytes, PNG, mime_type="png").expected == "a type such as 'image/png'"


# --- requests


@pytest.mark.parametrize("mode", RULE_MODES)
def test_local_files_are_sent_with_a_request(mode: str, server: Server) -> None:
    parts = [InputImage.from_bytes(PNG), InputFile.from_bytes(PDF, "report.pdf")]
    caller = Caller(mode, server.client, server.async_client)
    caller(lambda client: client.responses.create(model="m", input=[{"role": "user", "content": parts}]))

    assert server.requests[0].json["input"][0]["content"] == [
        {"type": "input_image", "image_url": url("image/png", PNG)},
        {"type": "input_file", "filename": "report.pdf", "file_data": url("application/pdf", PDF)},
    ]
