"""The decoder of server-sent events follows the HTML standard for chunks of any size."""

import re
from collections.abc import Iterable

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from responses_client._events.sse import EventTooLarge, Frame, SSEDecoder

LIMIT = 64 * 1024 * 1024


def decode(chunks: Iterable[bytes], limit: int = LIMIT) -> tuple[list[Frame], bytes | None, int | None]:
    decoder = SSEDecoder(limit)
    frames = [frame for chunk in chunks for frame in decoder.feed(chunk)]
    return frames + decoder.end(), decoder.last_event_id, decoder.retry


def frames_of(*chunks: bytes) -> list[Frame]:
    return decode(chunks)[0]


def by_the_standard(body: bytes) -> tuple[list[Frame], bytes | None, int | None]:
    """Interpret a whole body line by line, as the standard describes it; the end dispatches, too."""
    frames: list[Frame] = []
    event, data, last_id, retry = b"", [], None, None
    for line in [*re.split(rb"\r\n|\r|\n", body.removeprefix(b"\xef\xbb\xbf")), b""]:
        if not line:
            if data:
                frames.append((event, b"\n".join(data)))
            event, data = b"", []
            continue
        name, _, value = line.partition(b":")
        value = value[1:] if value.startswith(b" ") else value
        match name:
            case b"data":
                data.append(value)
            case b"event":
                event = value
            case b"id" if b"\0" not in value:
                last_id = value
            case b"retry" if value.isdigit() and len(value) < 19:
                retry = int(value)
    return frames, last_id, retry


FRAMINGS = {
    "line feeds": (b"event: a\ndata: 1\n\nevent: b\ndata: 2\n\n", [(b"a", b"1"), (b"b", b"2")]),
    "carriage returns": (b"event: a\rdata: 1\r\rdata: 2\r\r", [(b"a", b"1"), (b"", b"2")]),
    "both": (b"event: a\r\ndata: 1\r\n\r\ndata: 2\r\n\r\n", [(b"a", b"1"), (b"", b"2")]),
    "a mixture": (
        b"event: a\rdata: 1\n\r\ndata: 2\r\n\ndata: 3\r\r",
        [(b"a", b"1"), (b"", b"2"), (b"", b"3")],
    ),
    "no blanks": (b"event:a\ndata:1\n\n", [(b"a", b"1")]),
    "one blank is taken off": (b"data:  1 \n\n", [(b"", b" 1 ")]),
    "no event name": (b"data: 1\n\n", [(b"", b"1")]),
    "empty event name": (b"event: \ndata: 1\n\n", [(b"", b"1")]),
    "last event name": (b"event: a\nevent: b\ndata: 1\n\n", [(b"b", b"1")]),
    "data before the name": (b"data: 1\nevent: a\n\n", [(b"a", b"1")]),
    "name does not last": (b"event: a\ndata: 1\n\ndata: 2\n\n", [(b"a", b"1"), (b"", b"2")]),
    "several lines of data": (b"data: 1\ndata:\ndata: 2\n\n", [(b"", b"1\n\n2")]),
    "no colon": (b"data\ndata\n\n", [(b"", b"\n")]),
    "byte order mark": (b"\xef\xbb\xbfdata: 1\n\n", [(b"", b"1")]),
    "mark in the middle": (b"data: 1\n\n\xef\xbb\xbfdata: 2\n\n", [(b"", b"1")]),
    "comments": (b": hi\n\n:\ndata: 1\n: there\n\n", [(b"", b"1")]),
    "unknown fields": (b"color: red\nData: no\n data: no\ndata: 1\n\n", [(b"", b"1")]),
    "a name alone": (b"event: ping\n\ndata: 1\n\n", [(b"", b"1")]),
    "an id alone": (b"id: 7\n\ndata: 1\n\n", [(b"", b"1")]),
    "data that are empty": (b"event: ping\ndata:\n\n", [(b"ping", b"")]),
    "more blank lines": (b"\n\n\ndata: 1\n\n\n\n\ndata: 2\n\n", [(b"", b"1"), (b"", b"2")]),
    "no last blank line": (b"event: a\ndata: 1\n", [(b"a", b"1")]),
    "no last line end": (b"event: a\ndata: 1", [(b"a", b"1")]),
    "a colon in the data": (b'data: {"a": 1}\n\n', [(b"", b'{"a": 1}')]),
    "line ends of Unicode": (
        "data: a\u2028b\u2029c\x85d\x0be\x0cf\x1cg\n\n".encode(),
        [(b"", "a\u2028b\u2029c\x85d\x0be\x0cf\x1cg".encode())],
    ),
    "invalid UTF-8": (b"data: \xff\xc3\n\n", [(b"", b"\xff\xc3")]),
    "null": (b"data: \0\n\n", [(b"", b"\0")]),
    "nothing": (b"", []),
    "half a mark": (b"\xef\xbb", []),
}


@pytest.mark.parametrize(("body", "expected"), FRAMINGS.values(), ids=FRAMINGS.keys())
def test_frames_are_read_in_any_framing(body: bytes, expected: list[Frame]):
    assert frames_of(body) == expected


@pytest.mark.parametrize("body", [body for body, _ in FRAMINGS.values()], ids=FRAMINGS.keys())
def test_chunks_may_end_anywhere(body: bytes):
    whole = decode([body])
    assert decode([body[i : i + 1] for i in range(len(body))]) == whole
    for cut in range(len(body)):
        assert decode([body[:cut], b"", body[cut:]]) == whole


def test_frames_come_with_the_chunk_that_completes_them():
    decoder = SSEDecoder()
    assert decoder.feed(b"data: 1\n") == []
    assert decoder.feed(b"\ndata: 2\n\ndata: 3") == [(b"", b"1"), (b"", b"2")]
    assert decoder.feed(b"\r") == []
    assert decoder.feed(b"\r") == [(b"", b"3")]
    assert decoder.feed(b"\n") == []
    assert decoder.end() == []


def test_a_long_line_in_small_chunks_is_one_frame():
    body = b"event: a\ndata: " + b"x" * 10_000 + b"\n\n"
    assert frames_of(*(body[i : i + 7] for i in range(0, len(body), 7))) == [(b"a", b"x" * 10_000)]


@pytest.mark.parametrize(
    ("line", "last_id", "retry"),
    [
        (b"id: 7", b"7", None),
        (b"id:", b"", None),
        (b"id: 7\nid: 8", b"8", None),
        (b"id: 7\nid: a\0b", b"7", None),
        (b"retry: 1500", None, 1500),
        (b"retry: 1.5", None, None),
        (b"retry: -1", None, None),
        (b"retry: \xd9\xa3", None, None),
        (b"retry:", None, None),
        (b"retry: " + b"9" * 5000, None, None),
    ],
)
def test_id_and_retry_are_kept(line: bytes, last_id: bytes | None, retry: int | None):
    assert decode([line + b"\n\ndata: x\n\n"]) == ([(b"", b"x")], last_id, retry)


@pytest.mark.parametrize("framing", [b"event: a\ndata: %s\n\n", b"data: %s\n\n", b"data: %s", b"data: %s\n"])
@pytest.mark.parametrize("step", [1, 7, 1000])
def test_an_event_may_be_as_large_as_the_limit(framing: bytes, step: int):
    body = framing % (b"x" * 100)
    chunks = [body[i : i + step] for i in range(0, len(body), step)]
    size = len(body.rstrip(b"\n"))
    assert len(decode(chunks, size)[0]) == 1
    with pytest.raises(EventTooLarge, match=rf"larger than {size - 1} bytes \(max_event_bytes\)"):
        decode(chunks, size - 1)


@pytest.mark.parametrize("end", [b"", b"\n\n", b"\n\ndata: 4\n\n"])
@pytest.mark.parametrize("small", [b"event: a\ndata: 1\n\n", b"data: 1\n\n"])
def test_events_before_one_that_is_too_large_are_not_lost(small: bytes, end: bytes):
    with pytest.raises(EventTooLarge) as caught:
        SSEDecoder(max_event_bytes=20).feed(small * 2 + b"data: " + b"x" * 20 + end)
    assert [data for _, data in caught.value.frames] == [b"1", b"1"]


def test_many_small_events_may_be_larger_than_the_limit_together():
    body = b"event: a\ndata: 1\n\n" * 10
    assert len(decode([body], limit=20)[0]) == 10
    assert len(decode([b": x\n\n", body], limit=20)[0]) == 10


line_ends = st.sampled_from([b"\n", b"\r\n", b"\r"])
lines = st.one_of(
    st.sampled_from(
        [
            b"",
            b"",
            b"data",
            b"data:",
            b"event: a",
            b"event:",
            b":",
            b": ping",
            b"id: 3",
            b"id: \0",
            b"retry: 5",
        ]
    ),
    st.text(max_size=6).map(lambda text: b"data: " + re.sub(r"[\r\n]", "", text).encode("utf-8", "replace")),
    st.sampled_from(["data: \u2028é\U0001f600", "event: ü"]).map(str.encode),
    st.binary(max_size=6),
)
bodies = st.tuples(
    st.sampled_from([b"", b"\xef\xbb\xbf"]), st.lists(st.tuples(lines, line_ends).map(b"".join), max_size=12)
).map(lambda parts: parts[0] + b"".join(parts[1]))


@st.composite
def chunked(draw: st.DrawFn) -> tuple[bytes, list[bytes]]:
    body = draw(bodies)
    cuts = sorted(draw(st.sets(st.integers(0, len(body)), max_size=8)))
    return body, [body[a:b] for a, b in zip([0, *cuts], [*cuts, len(body)], strict=True)]


# Chunks as most servers send them: whole events, each mostly of an event line, a data line and a blank line.
usual_lines = st.tuples(
    st.sampled_from([b"event: a", b"event: \xc3\xbc", b"event: "]), st.sampled_from([b"data: 1", b"data: {}"])
)
odd_lines = st.lists(lines.filter(bool), min_size=1, max_size=3).map(tuple)
whole_events = st.builds(
    lambda parts, end, last: end.join(parts) + end + last,
    usual_lines | usual_lines | odd_lines,
    st.sampled_from([b"\n", b"\n", b"\n", b"\r\n", b"\r"]),
    st.sampled_from([b"\n", b"\n", b"\n", b"\r\n", b"\r", b""]),
)
whole_chunks = st.lists(
    st.lists(whole_events, min_size=1, max_size=3).map(b"".join), min_size=2, max_size=4
).map(lambda chunks: (b"".join(chunks), chunks))


@given(chunked() | whole_chunks)
def test_any_chunks_give_the_frames_of_the_standard(case: tuple[bytes, list[bytes]]):
    body, chunks = case
    assert decode(chunks) == by_the_standard(body)


@given(whole_chunks)
def test_whole_events_are_read_like_any_chunks(case: tuple[bytes, list[bytes]]):
    body, chunks = case
    decoder, frames = SSEDecoder(), []
    for chunk in chunks:
        is_reached = decoder._usual and chunk.endswith(b"\n\n")
        event("shortcut but for a CR" if is_reached and b"\r" in chunk else f"shortcut: {is_reached}")
        frames += decoder.feed(chunk)
    assert (frames + decoder.end(), decoder.last_event_id, decoder.retry) == by_the_standard(body)


@pytest.mark.parametrize("first", [b"event: a\ndata: 1\n\n", b"data: 1\n\n"])
@pytest.mark.parametrize(
    ("then", "expected"),
    [
        (b"event: b\ndata: 2\r\n\n", [(b"b", b"2")]),
        (b"event: b\r\ndata: 2\n\n", [(b"b", b"2")]),
        (b"event: b\rdata: 2\n\n", [(b"b", b"2")]),
        (b"event: b\ndata: 2\rdata: 3\n\n", [(b"b", b"2\n3")]),
        (b"data: 2\r\rdata: 3\n\n", [(b"", b"2"), (b"", b"3")]),
        (b"event: b\ndata: 2\n\n\n\n\n", [(b"b", b"2")]),
        (b"event: b\ndata: 2\n", []),
    ],
)
def test_chunk_after_whole_events_is_read_by_the_standard(first: bytes, then: bytes, expected: list[Frame]):
    decoder = SSEDecoder()
    decoder.feed(first)
    assert decoder.feed(then) == expected


@given(chunked() | whole_chunks, st.integers(0, 40))
def test_a_limit_only_cuts_off_the_end(case: tuple[bytes, list[bytes]], limit: int):
    body, chunks = case
    decoder, frames = SSEDecoder(limit), []
    try:
        for chunk in chunks:
            frames += decoder.feed(chunk)
        frames += decoder.end()
    except EventTooLarge as error:
        frames += error.frames
        assert frames == by_the_standard(body)[0][: len(frames)]
    else:
        assert frames == by_the_standard(body)[0]


@pytest.mark.parametrize(("digits", "retry"), [(18, 10**18 - 1), (19, None)])
def test_retry_has_at_most_18_digits(digits: int, retry: int | None):
    assert decode([b"retry: " + b"9" * digits + b"\n\n"])[2] == retry


def test_decoder_goes_on_after_an_event_that_was_too_large():
    decoder = SSEDecoder(max_event_bytes=20)
    with pytest.raises(EventTooLarge):
        decoder.feed(b"data: " + b"x" * 40)
    assert decoder.feed(b"\n\ndata: 1\n\n") == [(b"", b"1")]
