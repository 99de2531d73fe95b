"""Forms that clients upload: their fields, and the refusal of malformed and hostile forms."""

from __future__ import annotations

from contextlib import suppress

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from server_calls import KEY, http

from responses_client.testing import Server
from responses_client.testing._http_types import ApiError
from responses_client.testing._multipart import MAX_PARTS, Part, parse_form, text_of

FORM = {"content-type": "multipart/form-data; boundary=b"}


def form(*parts: bytes, end: bytes = b"--b--\r\n") -> bytes:
    """Return a form of parts that are written out, headers included."""
    return b"".join(b"--b\r\n" + part + b"\r\n" for part in parts) + end


def part(name: str, content: bytes = b"x") -> bytes:
    return f'Content-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + content


def refusal(body: bytes, headers: dict[str, str] = FORM) -> str:
    with pytest.raises(ApiError) as caught:
        parse_form(headers, body)
    assert caught.value.status == 400
    return str(caught.value)


def test_parts_are_read_with_their_names_and_bytes() -> None:
    content = bytes(range(256)) + b"\r\n--\r\n--bb\r--b\n\r\n"
    file = b'content-disposition: form-data; name="file"; filename="a b.bin"\r\nContent-Type: x/y\r\n\r\n'
    assert parse_form(FORM, form(part("purpose", b""), file + content.replace(b"\r\n--bb", b""))) == [
        Part("purpose", None, b""),
        Part("file", "a b.bin", content.replace(b"\r\n--bb", b"")),
    ]


@given(
    st.binary(max_size=300), st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=20)
)
def test_forms_of_httpx_are_read_as_they_were_meant(content: bytes, name: str) -> None:
    request = httpx.Request("POST", "http://x/", data={"purpose": name}, files={"file": (name, content)})
    purpose, file = parse_form(request.headers, request.read())
    assert (purpose.content.decode(), file.content) == (name, content)
    assert file.filename == (name.replace("\\", "/").rpartition("/")[2] or "file")


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ('"C:\\\\temp\\\\a.txt"', "a.txt"),
        ('"../../etc/passwd"', "passwd"),
        ('"say \\"hi\\".txt"', 'say "hi".txt'),
        ('"say %22hi%22.txt"', 'say "hi".txt'),
        ("a.txt", "a.txt"),
        ('""', "file"),
        ('"/"', "file"),
    ],
)
def test_filename_is_the_last_part_of_the_path(written: str, read: str) -> None:
    head = f'Content-Disposition: form-data; name="file"; filename={written}\r\n\r\n'
    assert parse_form(FORM, form(head.encode()))[0].filename == read


def test_preamble_epilogue_and_padding_are_skipped() -> None:
    body = b"Ignore me.\r\n--b \t\r\n" + part("a") + b"\r\n--b--\r\nIgnore me too."
    assert parse_form({"content-type": 'Multipart/Form-Data; charset=x; boundary="b"'}, body) == [
        Part("a", None, b"x")
    ]


def test_form_without_parts_has_none() -> None:
    assert parse_form(FORM, b"--b--") == []


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "the boundary does not occur in it"),
        (b"nothing", "the boundary does not occur in it"),
        (b"--b", "it does not end with its boundary"),
        (b"--b\r\n", "the headers of a part have no end"),
        (b"--bx\r\n", "it does not end with its boundary"),
        (form(part("a"), end=b""), "it does not end with its boundary"),
        (b"--b\r\n" + part("a"), "it does not end with its boundary"),
        (form(b"A: b" * 2000), "the headers of a part have no end"),
        (form(b"\r\nx"), "a part has no valid name"),
        (form(b"Content-Disposition: form-data\r\n\r\nx"), "a part has no valid name"),
        (form(b'Content-Disposition: attachment; name="a"\r\n\r\nx'), "a part has no valid name"),
        (form(part("")), "a part has no valid name"),
        (form(part("a\x00b")), "a part has no valid name"),
        (form(part("a%0D%0Ab")), "a part has no valid name"),
        (form(b'Content-Disposition: form-data; name="\xff"\r\n\r\nx'), "a name in it is not UTF-8"),
        (form(*[part(f"a{n}") for n in range(MAX_PARTS + 1)]), f"it has more than {MAX_PARTS} parts"),
    ],
)
def test_malformed_form_is_refused_with_its_reason(body: bytes, reason: str) -> None:
    assert refusal(body) == f"Could not parse multipart form: {reason}."


@pytest.mark.parametrize("boundary", ["", "; boundary=", f"; boundary={'b' * 71}", '; boundary="a\\"b"'])
def test_form_without_a_valid_boundary_is_refused(boundary: str) -> None:
    said = refusal(form(part("a")), {"content-type": f"multipart/form-data{boundary}"})
    assert "its content type has no valid boundary" in said


@given(st.lists(st.sampled_from([b"--b", b"--", b"\r\n", b"\r", b"\n", b'name="', b";", b"x", part("a")])))
@settings(max_examples=300)
def test_no_bytes_break_the_parser(pieces: list[bytes]) -> None:
    body = b"".join(pieces)
    with suppress(ApiError):
        assert {each.name for each in parse_form(FORM, body)} <= {"a"}


def test_value_that_is_not_utf8_is_refused() -> None:
    with pytest.raises(ApiError, match="expected text in UTF-8"):
        text_of({"a": Part("a", None, b"\xff")}, "a")


@pytest.mark.parametrize(
    ("parts", "message", "param"),
    [
        ([part("color")], "Unknown parameter: 'color'.", "color"),
        ([part("purpose"), part("purpose")], "Duplicate parameter: 'purpose'.", "purpose"),
        ([part("file")], "Invalid type for 'file': expected a file.", "file"),
        (
            [part('purpose"; filename="a')],
            "Invalid type for 'purpose': expected a string.",
            "purpose",
        ),
    ],
)
def test_parts_that_do_not_fit_are_refused(parts: list[bytes], message: str, param: str) -> None:
    with Server() as server, http(server) as client:
        answer = client.post("/files", content=form(*parts), headers={**KEY, **FORM})
    assert answer.status_code == 400
    assert (answer.json()["error"]["message"], answer.json()["error"]["param"]) == (message, param)


def test_other_content_type_is_refused() -> None:
    with Server() as server, http(server) as client:
        answer = client.post("/files", json={"purpose": "batch"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (415, "unsupported_content_type")
