"""The lines of cassette files, and files that were cut or edited."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses_client.testing import Cassette, CassetteError
from responses_client.testing._cassettes.exchanges import (
    Body,
    Exchange,
    Failure,
    Part,
    Recording,
    read_lines,
    write_lines,
)
from responses_client.testing._cassettes.frames import FrameSplitter

REQUEST = Recording(
    "POST", "/responses", {"a": ["1", "2"]}, {"content-type": "application/json"}, Body("body", {})
)
STREAM = Exchange(
    REQUEST,
    200,
    {"content-type": "text/event-stream"},
    at=5,
    parts=[
        Part(6, "event", {"type": "response.created", "text": "\u2028 \udc00"}),
        Part(7, "frame", ": ping"),
        Part(8, "rest", "event: res"),
    ],
    failure=Failure("ReadError", "It broke."),
    failed_at=9,
)
VERSION = '{"cassette": 1}'
ASKED = '{"request": {"method": "GET", "path": "/x"}}'
STREAMED = '{"answer": {"status": 200, "stream": true}}'
ANSWERED = '{"answer": {"status": 200}}'


@pytest.mark.parametrize(
    "exchange",
    [
        STREAM,
        Exchange(Recording("GET", "/x"), 200, at=1, body=Body("text", "not JSON")),
        Exchange(Recording("GET", "/x", body=Body("base64", "/w==")), 204),
        Exchange(Recording("GET", "/x"), failure=Failure("ConnectError", "No."), failed_at=3),
        Exchange(REQUEST, 200, body=Body("body", None)),
    ],
)
def test_exchange_is_read_as_it_was_written(exchange: Exchange) -> None:
    assert read_lines(write_lines([exchange, exchange])) == [exchange, exchange]


@pytest.mark.parametrize(
    ("content", "content_type", "body"),
    [
        (b"", "application/json", None),
        (b'{"a": 1.0}', "application/json", Body("body", {"a": 1.0})),
        (b"[1]", "", Body("body", [1])),
        (b'{"a": NaN}', "application/json", Body("text", '{"a": NaN}')),
        (b"[" * 100_000, "application/json", Body("text", "[" * 100_000)),
        (b"{cut", "application/json", Body("text", "{cut")),
        (b"<html>", "text/html", Body("text", "<html>")),
        (b"\xff", "image/png", Body("base64", "/w==")),
    ],
)
def test_body_is_written_in_the_most_readable_form(
    content: bytes, content_type: str, body: Body | None
) -> None:
    assert Body.of(content, content_type) == body


@pytest.mark.parametrize("content", [b'{"a":1.0}', b"<html>", b"\xff\x00"])
def test_body_is_the_same_again(content: bytes) -> None:
    body = Body.of(content)

    assert body is not None
    assert body.content == content


@pytest.mark.parametrize(
    ("frame", "form"),
    [
        ('event: a\ndata: {"type": "a"}', "event"),
        ('event: a\ndata: {"type": "b"}', "frame"),
        ('data: {"type": "a"}', "frame"),
        ("event: a\ndata: {cut", "frame"),
        ("event: a\ndata: 1", "frame"),
        (": ping", "frame"),
        ("data: [DONE]", "frame"),
    ],
)
def test_frame_is_an_event_if_its_name_and_its_data_agree(frame: str, form: str) -> None:
    assert Part.of(1, frame).form == form


@given(st.lists(st.sampled_from(["data: a", ": ping", "event: x\ndata: 1", "data: \u00e4"])), st.data())
def test_frames_are_found_however_the_bytes_are_cut(frames: list[str], data: Any) -> None:
    end = data.draw(st.sampled_from(["\n", "\r\n", "\r"]))
    content = "".join(f"{frame}\n\n".replace("\n", end) for frame in frames).encode() + b"data: rest"
    cuts = sorted(data.draw(st.lists(st.integers(0, len(content)), max_size=5)))
    splitter = FrameSplitter()
    found = [
        frame
        for start, stop in zip([0, *cuts], [*cuts, len(content)], strict=True)
        for frame in splitter.feed(content[start:stop])
    ]

    assert (found, splitter.rest()) == (frames, "data: rest")


def test_carriage_return_at_the_end_may_be_half_of_a_line_end() -> None:
    splitter = FrameSplitter()

    assert splitter.feed(b"data: a\n\r") == ["data: a"]
    assert splitter.feed(b"") == []
    assert splitter.feed(b"\ndata: b") == []
    assert splitter.rest() == "data: b"


def test_bytes_before_are_not_searched_again() -> None:
    splitter = FrameSplitter()
    searched = 0

    class Counted(bytearray):
        def find(self, *arguments: Any) -> int:
            nonlocal searched
            searched += len(self) - arguments[1]
            return super().find(*arguments)

    splitter._rest = Counted()
    for _ in range(1000):
        assert splitter.feed(b"a" * 1000) == []

    assert splitter.feed(b"\n\n") == ["a" * 1_000_000]
    assert searched < 2_000_000


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ([], "the file is empty"),
        (["", ""], "the file is empty"),
        (["{}"], r'line 1 must be \{"cassette": 1\}, the version of the format'),
        (['{"cassette": 2}'], r'line 1 must be \{"cassette": 1\}'),
        (["[1]"], "line 1 is not a JSON object"),
        ([VERSION, ASKED, '{"answer": {"sta'], "line 3 is not valid JSON: it was cut, or edited"),
        ([VERSION, "7"], "line 2 is not a JSON object"),
        ([VERSION, ANSWERED], "line 2 stands before the first request"),
        ([VERSION, ASKED], "the last line is a request without an answer: the file was cut"),
        ([VERSION, ASKED, ASKED], "line 3 is a request, but the one before it has no answer"),
        ([VERSION, ASKED, ANSWERED, ANSWERED], "line 4 is a second answer to one request"),
        (
            [VERSION, ASKED, ANSWERED, '{"at": 1, "event": {"type": "a"}}'],
            "line 4 is a part of a stream, but",
        ),
        (
            [VERSION, ASKED, STREAMED, '{"at": 1, "event": {"type": 1}}'],
            "line 4: event.type: expected a valid string, got int 1",
        ),
        (
            [VERSION, ASKED, STREAMED, '{"at": 1, "frame": 1}'],
            "line 4: frame: expected a valid string, got int 1",
        ),
        (
            [VERSION, ASKED, STREAMED, '{"at": -1, "frame": ""}'],
            "line 4: at: expected a number greater than or equal to 0",
        ),
        ([VERSION, '{"request": [1]}'], "line 2: request: expected a valid dictionary"),
        ([VERSION, '{"request": {"method": "GET"}}'], "line 2: request.path: missing"),
        (
            [VERSION, '{"request": {"method": "GET", "path": "/", "query": 5}}'],
            "line 2: request.query: expected a valid dictionary",
        ),
        ([VERSION, ASKED, '{"answer": {}}'], "line 3: answer.status: missing"),
        ([VERSION, ASKED, '{"answer": {"status": "x"}}'], "line 3: answer.status: expected a valid integer"),
        (
            [VERSION, ASKED, '{"answer": {"status": 1e999}}'],
            "line 3: answer.status: expected a valid integer",
        ),
        ([VERSION, ASKED, '{"answer": {"status": 9999}}'], "line 3: answer.status: expected a number less"),
        (
            [VERSION, ASKED, '{"answer": {"status": 200, "headers": {"a": 1}}}'],
            "line 3: answer.headers.a: expected a valid string",
        ),
        ([VERSION, ASKED, '{"answer": {"status": 200, "base64": "*"}}'], "line 3: answer.base64: .*base64"),
        (
            [VERSION, ASKED, '{"answer": {"status": 200, "text": 1}}'],
            "line 3: answer.text: expected a valid string",
        ),
        (
            [VERSION, ASKED, '{"error": {"kind": 1, "message": ""}}'],
            "line 3: error.kind: expected a valid string",
        ),
        ([VERSION, "[" * 100_000 + "]" * 100_000], "line 2 is not valid JSON"),
        ([VERSION, '{"other": 1}'], "line 2 stands before the first request"),
        ([VERSION, ASKED, ANSWERED, '{"other": 1}'], "line 4 has none of the keys request, answer"),
    ],
)
def test_file_that_was_cut_or_edited_is_an_error_with_its_line(
    tmp_path: Path, lines: list[str], message: str
) -> None:
    path = tmp_path / "a.jsonl"
    path.write_text("\n".join(lines))
    with pytest.raises(CassetteError, match=f"a.jsonl cannot be replayed: {message}"):
        Cassette(path)


def test_file_that_is_not_text_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.jsonl"
    path.write_bytes(b"\xff\xfe")
    with pytest.raises(CassetteError, match="is not a cassette: it is not UTF-8"):
        Cassette(path)
