"""A picture and a PDF in one question.

    python examples/images_and_pdf.py [FILE...]

`InputImage.from_path` and `InputFile.from_path` put files into the request, and detect their
kinds from the data. Without arguments, the example makes a picture and a page itself.
"""

import os
import struct
import sys
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

from responses_client import Client
from responses_client.models import InputFile, InputImage

IMAGES = {".gif", ".jpeg", ".jpg", ".png", ".webp"}


def attachment(path: Path) -> InputImage | InputFile:
    if path.suffix.lower() in IMAGES:
        return InputImage.from_path(path, detail="low")
    return InputFile.from_path(path)


def main(client: Client, paths: list[Path]) -> None:
    for path in paths:
        print(f"{path.name}: {path.stat().st_size} bytes")
    response = client.responses.create(
        model="gpt-5.4",
        input=[*map(attachment, paths), "What is in these files? One sentence each."],
    )
    print(response.output_text)


# --- the two files: a white cross on red, and a page with one line


def draw(path: Path, size: int = 60) -> None:
    def is_white(x: int, y: int) -> bool:
        return size // 3 <= x < 2 * size // 3 or size // 3 <= y < 2 * size // 3

    white, red = b"\xff\xff\xff", b"\xd0\x10\x20"
    rows = b"".join(
        b"\0" + b"".join(white if is_white(x, y) else red for x in range(size)) for y in range(size)
    )
    chunks = [
        chunk(b"IHDR", struct.pack(">IIBBBBB", size, size, 8, 2, 0, 0, 0)),
        chunk(b"IDAT", zlib.compress(rows)),
        chunk(b"IEND"),
    ]
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"".join(chunks))


def chunk(kind: bytes, data: bytes = b"") -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def write_page(path: Path, line: str) -> None:
    text = f"BT /F1 18 Tf 20 60 Td ({line}) Tj ET".encode()
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 320 120] /Contents 4 0 R "
        b"/Resources << /Font << /F1 5 0 R >> >> >>",
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(text), text),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
    ]
    body = b"%PDF-1.4\n"
    offsets: list[int] = []
    for number, entry in enumerate(objects, 1):
        offsets.append(len(body))
        body += b"%d 0 obj\n%s\nendobj\n" % (number, entry)
    table = b"".join(b"%010d 00000 n \n" % offset for offset in offsets)
    trailer = b"trailer << /Size 6 /Root 1 0 R >>\nstartxref\n%d\n%%%%EOF\n" % len(body)
    path.write_bytes(body + b"xref\n0 6\n0000000000 65535 f \n" + table + trailer)


if __name__ == "__main__":
    if not os.environ.get("OPENAI_API_KEY"):
        import demo

        demo.start("images_and_pdf")
    with Client() as client, TemporaryDirectory() as folder:
        made = [Path(folder, "flag.png"), Path(folder, "ferry.pdf")]
        draw(made[0])
        write_page(made[1], "The ferry leaves at noon.")
        main(client, [Path(argument) for argument in sys.argv[1:]] or made)
