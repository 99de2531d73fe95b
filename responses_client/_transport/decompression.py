"""Bodies that come compressed, in pieces of bounded size; no I/O."""

# A kilobyte can stand for a gigabyte. The HTTP libraries decompress each piece of a body as a whole, of any size.
# Here `zlib` stops after 64 KiB and keeps the rest of its input, so that a reader with a limit of its own (for an event,
# an error body, an answer) stops in time. Brotli and zstd are not in the standard library: they are neither asked for
# nor decompressed. Other names, such as "utf-8", are mistakes of servers whose bodies may be fine all the same.

from __future__ import annotations

import zlib
from collections.abc import Iterable, Iterator, Sequence

from .._base.messages import MAX_VALUE_CHARS, one_line
from .protocols import TransportError

__all__ = ["MAX_PIECE_BYTES", "Decompressor", "unknown_encoding"]

MAX_PIECE_BYTES = 64 * 1024
"""The size of a decompressed piece, at most; also that of a piece of input that `zlib` is given."""

_KINDS = {"gzip": "gzip", "x-gzip": "gzip", "deflate": "deflate"}
_REFUSED = frozenset({"br", "compress", "dcb", "dcz", "x-compress", "zstd"})  # the others that IANA lists
_MAX_LAYERS = 3  # each has a window of its own in memory
_GZIP = zlib.MAX_WBITS | 16
_GZIP_START = b"\x1f"


class Decompressor:
    """Decompresses a body by its `content-encoding`: `feed` takes its pieces, `end` its end.

    Args:
        encodings: The value of the header, which may name several, in the order in which they were applied.

    Attributes:
        is_needed: Whether there is anything to decompress.
    """

    def __init__(self, encodings: str) -> None:
        names = [name for name in _names(encodings) if name in _KINDS or name in _REFUSED]
        self._refused: str | None = None
        self._layers: list[_Layer] = []
        if len(names) > _MAX_LAYERS or not _REFUSED.isdisjoint(names):
            self._refused = one_line(encodings, MAX_VALUE_CHARS)
        else:
            self._layers = [_Layer(name, _KINDS[name]) for name in reversed(names)]
        self.is_needed = bool(names)

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take a compressed piece, and yield its contents in pieces that are made one by one.

        Raises:
            TransportError: The data are damaged, or compressed in a way that has no bound here.
        """
        if self._refused is not None and data:
            reason = (
                f"its content-encoding is {self._refused!r}, and only gzip and deflate are decompressed here"
            )
            raise TransportError("decoding", reason)
        return _through(self._layers, data)

    def pieces(self, body: Iterable[bytes]) -> Iterator[bytes]:
        """Yield a whole body, which comes in pieces, decompressed.

        Raises:
            TransportError: As for `feed` and `end`.
        """
        for piece in body:
            yield from self.feed(piece)
        self.end()

    def end(self) -> None:
        """Take the end of the body.

        Raises:
            TransportError: The compressed data have no end, so that a part of the body is missing.
        """
        for layer in self._layers:
            layer.end()


def unknown_encoding(encodings: str) -> str | None:
    """Return the first name in a `content-encoding` that is left as it is, or refused; None if there is none."""
    return next((name for name in _names(encodings) if name not in _KINDS), None)


def _names(encodings: str) -> list[str]:
    names = [name.strip().lower() for name in encodings.split(",")]
    return [name for name in names if name not in ("", "identity")]


def _through(layers: Sequence[_Layer], data: bytes) -> Iterator[bytes]:
    if not layers:
        yield data
        return
    for piece in layers[0].feed(data):
        yield from _through(layers[1:], piece)


class _Layer:
    """One compression of a body."""

    def __init__(self, name: str, kind: str) -> None:
        self._name = name
        self._is_gzip = kind == "gzip"
        self._head: bytes = b""  # of deflate, until its form is known
        self._zlib = zlib.decompressobj(_GZIP) if self._is_gzip else None
        self._has_begun = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        for start in range(0, len(data), MAX_PIECE_BYTES):
            yield from self._feed_block(data[start : start + MAX_PIECE_BYTES])

    def _feed_block(self, data: bytes) -> Iterator[bytes]:
        self._has_begun = True
        if self._zlib is None:
            data = self._head + data
            if len(data) < 2:
                self._head = data
                return
            self._head = b""
            self._zlib = zlib.decompressobj(_form_of_deflate(data))
        piece = b""
        # Of a full piece, more may come without more input.
        while data or len(piece) == MAX_PIECE_BYTES:
            if self._zlib.eof:
                # More data in the format of gzip belong to the body (RFC 1952, 2.2); other bytes are padding.
                if not self._is_gzip or not data.startswith(_GZIP_START):
                    return
                self._zlib = zlib.decompressobj(_GZIP)
            try:
                piece = self._zlib.decompress(data, MAX_PIECE_BYTES)
            except zlib.error as error:
                raise TransportError("decoding", f"it is not valid {self._name} ({error})") from None
            data = self._zlib.unused_data if self._zlib.eof else self._zlib.unconsumed_tail
            if piece:
                yield piece

    def end(self) -> None:
        if self._has_begun and (self._zlib is None or not self._zlib.eof):
            raise TransportError("network", f"the body ended within its {self._name} data")


def _form_of_deflate(data: bytes) -> int:
    """Return the window bits of `zlib` for "deflate": by RFC 9110 the format of zlib, from many servers without its head."""
    has_head = data[0] & 0x0F == zlib.DEFLATED and int.from_bytes(data[:2], "big") % 31 == 0
    return zlib.MAX_WBITS if has_head else -zlib.MAX_WBITS
