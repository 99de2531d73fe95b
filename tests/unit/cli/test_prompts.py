"""The input of a request: prompt, piped text, images and files."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from command_line import POSIX, Terminal, demo, errors, standard_input

from responses_client._cli.prompts import piped_text
from responses_client.testing import Server

PNG = b"\x89PNG\r\n\x1a\n0000"


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """A file that standard input is."""
    path = tmp_path / "piped"
    path.write_bytes(b"")
    with path.open() as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        yield path


@pytest.mark.parametrize("arguments", [[], ["-"]])
def test_prompt_is_read_from_standard_input(
    server: Server, monkeypatch: pytest.MonkeyPatch, arguments: list[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", standard_input("\ufeffGrüße\n".encode()))
    assert demo(*arguments) == 0
    assert server.requests[0].json["input"] == "Grüße\n"


def test_piped_text_follows_the_prompt(server: Server, pipe: Path) -> None:
    pipe.write_text("Sales rose.\n")
    assert demo("Summarise") == 0
    assert server.requests[0].json["input"] == "Summarise\n\nSales rose.\n"


def test_text_of_a_pipe_follows_the_prompt(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    reader, writer = os.pipe()
    os.write(writer, b"Sales rose.")
    os.close(writer)
    with os.fdopen(reader) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert demo("Summarise") == 0
    assert server.requests[0].json["input"] == "Summarise\n\nSales rose."


@pytest.mark.parametrize("data", [b"", b" \n"])
def test_blank_piped_text_adds_nothing(server: Server, pipe: Path, data: bytes) -> None:
    pipe.write_bytes(data)
    assert demo("Hi") == 0
    assert server.requests[0].json["input"] == "Hi"


@POSIX
def test_terminal_is_not_read_beside_a_prompt(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    primary, secondary = os.openpty()
    with os.fdopen(secondary) as stdin:
        monkeypatch.setattr(sys, "stdin", stdin)
        assert demo("Hi") == 0
    os.close(primary)
    assert server.requests[0].json["input"] == "Hi"


@pytest.mark.parametrize("must_come", [True, False])
def test_closed_standard_input_is_empty(monkeypatch: pytest.MonkeyPatch, must_come: bool) -> None:
    monkeypatch.setattr(sys, "stdin", None)
    assert piped_text(must_come=must_come) == ""


def test_missing_prompt_at_a_terminal_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal())
    assert demo() == 2
    (line,) = errors(capsys)
    assert line.startswith('error: the prompt is missing; run responses "..."')


@pytest.mark.parametrize("data", [b"", b" \n"])
def test_empty_prompt_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], data: bytes
) -> None:
    monkeypatch.setattr(sys, "stdin", standard_input(data))
    assert demo() == 2
    assert errors(capsys) == ["error: the prompt is empty"]


def test_prompt_that_is_not_utf_8_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", standard_input(b"\xff\xfe"))
    assert demo() == 2
    (line,) = errors(capsys)
    assert "cannot be read as UTF-8 text" in line


def test_images_and_files_precede_the_prompt_in_one_message(server: Server, tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PNG)
    (tmp_path / "b.txt").write_text("Buy milk.")
    paths = ["--image", str(tmp_path / "a.png"), "--file", str(tmp_path / "b.txt")]
    addresses = ["--image", "https://a.test/a.png", "--file", "https://a.test/b.pdf"]
    assert demo("What is it?", *paths, *addresses) == 0
    (message,) = server.requests[0].json["input"]
    assert message["role"] == "user"
    image, of_address, file, file_of_address, text = message["content"]
    assert image["image_url"].startswith("data:image/png;base64,")
    assert of_address["image_url"] == "https://a.test/a.png"
    assert (file["filename"], file["file_data"][:5]) == ("b.txt", "data:")
    assert file_of_address["file_url"] == "https://a.test/b.pdf"
    assert text == {"type": "input_text", "text": "What is it?"}


@pytest.mark.parametrize("option", ["--image", "--file"])
def test_attachment_that_does_not_exist_is_one_line(
    server: Server, capsys: pytest.CaptureFixture[str], option: str
) -> None:
    assert demo("Hi", option, "none.png") == 2
    assert errors(capsys) == ["error: the file 'none.png' does not exist; check the path"]
    assert len(server.requests) == 0


def test_image_of_another_type_is_one_line(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("a.bmp").write_bytes(b"BM000000")
    assert demo("Hi", "--image", "a.bmp") == 2
    assert errors(capsys) == [
        "error: 'a.bmp' is not a PNG, JPEG, GIF or WebP image, and the API takes no other; convert it"
    ]
