"""Compressed bodies: decoded as they come, in pieces of bounded size."""

from __future__ import annotations

import gzip
import tracemalloc
import zlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses_client._transport.decompression import MAX_PIECE_BYTES, Decompressor, unknown_encoding
from responses_client._transport.protocols import TransportError

TEXT = b"All happy families are alike. " * 20


def raw_deflate(data: bytes) -> bytes:
    compressor = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return compressor.compress(data) + compressor.flush()


FORMS: dict[str, tuple[str, Any]] = {
    "gzip": ("gzip", gzip.compress),
    "gzip by another name": (" X-Gzip ", gzip.compress),
    "gzip in two members": ("gzip", lambda data: gzip.compress(data[:7]) + gzip.compress(data[7:])),
    "gzip with padding": ("gzip", lambda data: gzip.compress(data) + b"\0" * 9),
    "deflate": ("deflate", zlib.compress),
    "deflate with bytes behind it": ("deflate", lambda data: zlib.compress(data) + b"\x1f\x8b"),
    "deflate without the head of zlib": ("Deflate", raw_deflate),
    "twice": ("deflate, identity, gzip", lambda data: gzip.compress(zlib.compress(data))),
    "not by a known way": ("utf-8", lambda data: data),
    "by a known way and another": ("aws-chunked, gzip", gzip.compress),
    "not at all": ("identity", lambda data: data),
    "not at all, without a name": ("", lambda data: data),
}


def decompressed(encodings: str, *pieces: bytes) -> bytes:
    return b"".join(Decompressor(encodings).pieces(pieces))


@pytest.mark.parametrize("form", FORMS)
@given(data=st.binary(max_size=300), size=st.integers(1, 40))
def test_body_is_decompressed_however_it_is_cut(form: str, data: bytes, size: int) -> None:
    encodings, compress = FORMS[form]
    sent = compress(data)
    pieces = [sent[start : start + size] for start in range(0, len(sent), size)]
    assert decompressed(encodings, *pieces) == data


def test_members_of_gzip_are_one_body() -> None:
    both = gzip.compress(b"One, ") + gzip.compress(b"two.")
    assert decompressed("gzip", both) == b"One, two."


@pytest.mark.parametrize(("encodings", "is_needed"), [("", False), ("identity", False), (" , gzip", True)])
def test_need_is_told_by_the_encoding(encodings: str, is_needed: bool) -> None:
    assert Decompressor(encodings).is_needed is is_needed


@pytest.mark.parametrize("form", ["gzip", "deflate", "twice"])
def test_pieces_and_memory_are_bounded_whatever_the_body_stands_for(form: str) -> None:
    encodings, compress = FORMS[form]
    body = compress(bytes(64 * 1024 * 1024))
    pieces = Decompressor(encodings).pieces([body])
    tracemalloc.start()
    try:
        sizes = [len(piece) for piece in pieces]
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sum(sizes) == 64 * 1024 * 1024
    assert min(sizes) > 0
    assert max(sizes) == MAX_PIECE_BYTES
    assert peak < 1024 * 1024


@pytest.mark.parametrize("name", ["gzip", "deflate"])
@pytest.mark.parametrize("kept", [1, 2, 30])
def test_body_that_ends_early_is_one_that_broke_off(name: str, kept: int) -> None:
    _, compress = FORMS[name]
    with pytest.raises(TransportError, match=f"the body ended within its {name} data") as caught:
        decompressed(name, compress(TEXT)[:kept])
    assert caught.value.outcome.kind == "network"


@pytest.mark.parametrize("name", ["gzip", "deflate"])
def test_damaged_body_is_named(name: str) -> None:
    with pytest.raises(TransportError, match=f"it is not valid {name} \\(Error -3") as caught:
        decompressed(name, b"\x07\x07 neither")
    assert caught.value.outcome.kind == "decoding"


@pytest.mark.parametrize("encodings", ["br", "gzip, ZSTD", "gzip, gzip, gzip, gzip", "br, a\x1b[0mb"])
def test_compression_without_a_bound_is_refused(encodings: str) -> None:
    with pytest.raises(TransportError) as caught:
        decompressed(encodings, b"data")
    shown = encodings.replace("\x1b", " ")
    assert caught.value.reason == (
        f"its content-encoding is '{shown}', and only gzip and deflate are decompressed here"
    )
    assert caught.value.outcome.kind == "decoding"


@pytest.mark.parametrize("encodings", ["br", "gzip", "deflate"])
def test_empty_body_needs_no_decompression(encodings: str) -> None:
    assert decompressed(encodings) == decompressed(encodings, b"") == b""


@pytest.mark.parametrize(
    ("encodings", "name"), [("", None), ("gzip, identity", None), ("Gzip, UTF-8, br", "utf-8"), ("br", "br")]
)
def test_encoding_that_is_left_as_it_is_can_be_named(encodings: str, name: str | None) -> None:
    assert unknown_encoding(encodings) == name
