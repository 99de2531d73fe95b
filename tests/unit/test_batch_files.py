"""Batch files: requests are written and results read line by line, valid lines and invalid ones."""

from __future__ import annotations

import io
import itertools
import json
import logging
import os
import pickle
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from responses_client import batch_line, read_batch, write_batch
from responses_client.errors import (
    APIError,
    APIStatusError,
    BadRequestError,
    InternalServerError,
    RateLimitError,
    RequestValidationError,
    ResponseValidationError,
)
from responses_client.models import (
    BatchRequestLine,
    BatchResultLine,
    InputMessage,
    Response,
    ResponseCreateRequest,
)
from responses_client.testing import Server


def line(custom_id: str = "a", **fields: Any) -> BatchRequestLine:
    return batch_line(custom_id, model="m", input="Hi", **fields)


def result(custom_id: str = "a", body: Any = None, status: Any = 200, **fields: Any) -> dict[str, Any]:
    """A line of an output file."""
    body = answered() if body is None else body
    answer = {"status_code": status, "request_id": "req_1", "body": body}
    return {"id": "batch_req_1", "custom_id": custom_id, "response": answer, "error": None, **fields}


def answered() -> dict[str, Any]:
    with Server() as server:
        return server.reply("Hello").client().responses.create(model="m", input="Hi").to_dict()


def lines_of(*results: dict[str, Any]) -> bytes:
    return b"".join(json.dumps(each).encode() + b"\n" for each in results)


def ids(read: Iterator[BatchResultLine]) -> list[str]:
    return [each.custom_id for each in read]


# --- requests


def test_line_is_what_the_batch_api_takes() -> None:
    made = line("a", temperature=0.5, metadata={"k": "v"}, extra_body={"brand_new": [1]})
    assert made.to_dict() == {
        "custom_id": "a",
        "method": "POST",
        "url": "/v1/responses",
        "body": {"model": "m", "input": "Hi", "temperature": 0.5, "metadata": {"k": "v"}, "brand_new": [1]},
    }
    assert isinstance(made.body, ResponseCreateRequest)
    assert made.body.temperature == 0.5


def test_line_has_the_body_that_create_sends() -> None:
    history = [InputMessage(role="user", content="Hi"), *Response.from_dict(answered()).output]
    params: Any = {"model": "m", "input": history, "instructions": None}
    with Server() as server:
        server.client().responses.create(**params)
    assert batch_line("a", **params).to_dict()["body"] == server.requests[0].json


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"temperature": 3}, "temperature"),
        ({"top_logprobs": "3"}, "top_logprobs"),
        ({"previous_response_id": "resp_1", "conversation": "conv_1"}, "previous_response_id"),
        ({"metadata": {"n": float("nan")}}, "metadata.n"),
    ],
)
def test_line_is_checked_as_create_checks(params: dict[str, Any], path: str) -> None:
    with Server() as server, pytest.raises(RequestValidationError) as by_create:
        server.client().responses.create(**{"model": "m", "input": "Hi", **params})
    with pytest.raises(RequestValidationError) as caught:
        batch_line("a", **{"model": "m", "input": "Hi", **params})
    assert caught.value.path == path
    assert caught.value.errors == by_create.value.errors
    assert str(caught.value) == str(by_create.value).replace(
        "The request was not sent: ", "The batch line was not created: "
    )


def test_argument_that_create_does_not_take_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="'temprature'; did you mean 'temperature'"):
        line(temprature=1)


@pytest.mark.parametrize("name", ["stream", "background"])
@pytest.mark.parametrize("form", [lambda n: {n: True}, lambda n: {"extra_body": {n: True}}])
def test_streams_and_background_responses_are_refused(name: str, form: Callable[[str], Any]) -> None:
    with pytest.raises(
        RequestValidationError, match=f"^The batch line was not created: {name}: cannot be used in a batch"
    ):
        line(**form(name))
    assert line(**{name: False}).to_dict()["body"][name] is False


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("extra_headers", {"x": "y"}),
        ("extra_query", {"x": "y"}),
        ("timeout", 3),
        ("deadline", 3),
        ("max_retries", 0),
        ("idempotency_key", "k"),
    ],
)
def test_option_that_a_line_cannot_hold_is_refused(name: str, value: Any) -> None:
    with pytest.raises(
        RequestValidationError,
        match=f"^The batch line was not created: {name}: cannot be part of a batch line",
    ):
        line(**{name: value})


@pytest.mark.parametrize("name", ["extra_headers", "extra_query", "timeout", "deadline", "idempotency_key"])
def test_option_that_is_none_is_ignored(name: str) -> None:
    assert line(**{name: None}) == line()


@pytest.mark.parametrize("custom_id", ["", "  ", None, 3])
def test_line_needs_an_id(custom_id: Any) -> None:
    with pytest.raises(
        RequestValidationError, match=r"^The batch line was not created: custom_id: expected your own id"
    ):
        line(custom_id)


# --- writing


def forms(path: Path) -> Iterator[tuple[Any, Callable[[], bytes]]]:
    yield path, path.read_bytes
    yield str(path), path.read_bytes
    memory = io.BytesIO()
    yield memory, memory.getvalue


def test_lines_are_written_one_by_one(tmp_path: Path) -> None:
    for file, written in forms(tmp_path / "in.jsonl"):
        assert write_batch(file, (line(f"ü{n}", instructions="a\nb") for n in range(3))) == 3
        made = [BatchRequestLine.from_json(text) for text in written().splitlines()]
        assert [each.custom_id for each in made] == ["ü0", "ü1", "ü2"]
        assert made[0] == line("ü0", instructions="a\nb")
        assert written().endswith(b"}\n")
    assert [path.name for path in tmp_path.iterdir()] == ["in.jsonl"]


def test_no_lines_are_an_empty_file(tmp_path: Path) -> None:
    assert write_batch(tmp_path / "in.jsonl", []) == 0
    assert (tmp_path / "in.jsonl").read_bytes() == b""


BAD_LINES: list[tuple[Any, str]] = [
    (
        lambda: [line("a"), line("b"), line("a")],
        "The batch was not written: lines[2].custom_id: expected an id that no earlier line has, got str 'a'",
    ),
    (
        lambda: [line("a"), line().to_dict()],
        "The batch was not written: lines[1]: expected a result of batch_line, got dict",
    ),
    (
        lambda: iter([line("a"), None]),
        "The batch was not written: lines[1]: expected a result of batch_line, got None",
    ),
]


@pytest.mark.parametrize(("lines", "reason"), BAD_LINES)
def test_file_is_whole_or_as_it_was(tmp_path: Path, lines: Callable[[], Any], reason: str) -> None:
    path = tmp_path / "in.jsonl"
    for before in (None, b"old\n"):
        if before is not None:
            path.write_bytes(before)
        with pytest.raises(RequestValidationError) as caught:
            write_batch(path, lines())
        assert str(caught.value) == reason
        assert (path.read_bytes() if path.exists() else None) == before
        assert [*tmp_path.iterdir()] == ([] if before is None else [path])


def test_link_and_mode_of_a_file_stay(tmp_path: Path) -> None:
    path, link, other = tmp_path / "in.jsonl", tmp_path / "link", tmp_path / "in.jsonl.part"
    path.write_bytes(b"old\n")
    path.chmod(0o600)
    link.symlink_to(path)
    other.write_bytes(b"mine")
    write_batch(link, [line("a")])

    assert link.is_symlink()
    assert b'"custom_id":"a"' in path.read_bytes()
    assert path.stat().st_mode & 0o777 == 0o600
    assert other.read_bytes() == b"mine"
    assert len([*tmp_path.iterdir()]) == 3


def test_device_is_written_and_not_replaced() -> None:
    assert write_batch(os.devnull, [line("a")]) == 1
    assert Path(os.devnull).is_char_device()


def test_file_open_for_text_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="open it for bytes"):
        write_batch(io.StringIO(), [line()])


# --- reading


def with_read_only(data: bytes) -> Any:
    class File:
        def __init__(self) -> None:
            self.read = io.BytesIO(data).read

    return File()


def small_chunks(data: bytes) -> Any:
    return httpx.Response(200, stream=Chunks(data))


class Chunks(httpx.SyncByteStream):
    def __init__(self, data: bytes) -> None:
        self._data = data

    def __iter__(self) -> Iterator[bytes]:
        yield from (self._data[start : start + 7] for start in range(0, len(self._data), 7))


def lines_without_ends(data: bytes) -> Any:
    return [text.rstrip(b"\n") for text in io.BytesIO(data)]


def text_lines(data: bytes) -> Any:
    return data.decode("utf-8", "surrogatepass").split("\n")


SOURCES: dict[str, Callable[[bytes], Any]] = {
    "file": io.BytesIO,
    "file with nothing but read": with_read_only,
    "file open for text": lambda data: io.StringIO(data.decode()),
    "response": lambda data: httpx.Response(200, content=data),
    "response in small chunks": small_chunks,
    "lines with ends": lambda data: list(io.BytesIO(data)),
    "lines without ends": lines_without_ends,
    "lines of text": text_lines,
}
sources = pytest.mark.parametrize("source", SOURCES.values(), ids=SOURCES)


@sources
def test_results_are_read_from_every_kind_of_source(source: Callable[[bytes], Any]) -> None:
    data = lines_of(result("ü", note="\u2028 is no end of a line"), result("b"))
    assert ids(read_batch(source(data))) == ["ü", "b"]


@pytest.mark.parametrize("kind", [str, Path])
def test_results_are_read_from_a_path(tmp_path: Path, kind: Callable[[Path], Any]) -> None:
    path = tmp_path / "out.jsonl"
    path.write_bytes(lines_of(result("a"), result("b")))
    assert ids(read_batch(kind(path))) == ["a", "b"]
    with pytest.raises(FileNotFoundError):
        next(read_batch(kind(tmp_path / "nowhere")))


@sources
@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.replace(b"\n", b"\r\n"),
        lambda data: b"\xef\xbb\xbf" + data,
        lambda data: data[:-1],
        lambda data: b"\n  \n" + data.replace(b"\n", b"\n\n\t\r\n"),
    ],
    ids=["CRLF", "BOM", "no last newline", "blank lines"],
)
def test_ends_of_lines_do_not_matter(
    source: Callable[[bytes], Any], change: Callable[[bytes], bytes]
) -> None:
    data = change(lines_of(result("a"), result("b")))
    assert ids(read_batch(source(data))) == ["a", "b"]


@sources
def test_empty_file_has_no_results(source: Callable[[bytes], Any]) -> None:
    assert ids(read_batch(source(b""))) == []


@settings(max_examples=50)
@given(st.lists(st.binary(max_size=5).map(lambda data: data.replace(b"\n", b"")), max_size=5), st.data())
def test_ends_of_chunks_do_not_matter(texts: list[bytes], data: st.DataObject) -> None:
    results = [result(f"{number}", body=text.hex()) for number, text in enumerate(texts)]
    whole = lines_of(*results)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(whole)), max_size=8)))
    chunks = [whole[start:end] for start, end in itertools.pairwise([0, *cuts, len(whole)])]
    response = httpx.Response(200, content=iter(chunks))
    assert [each.to_dict() for each in read_batch(response)] == results


BAD: dict[str, tuple[bytes, str]] = {
    "not JSON": (b"oops", "Line 3 is not a result of a batch: Not a valid BatchResultLine: Invalid JSON"),
    "cut off": (lines_of(result())[:40], "Line 3 is not a result of a batch"),
    "not an object": (b"[1]", "Line 3 is not a result of a batch"),
    "no id": (b'{"response": null}', "Line 3 is not a result of a batch: .* at custom_id"),
    "null": (b"null", "Line 3 is not a result of a batch"),
    "a request": (b'{"model": "m"}', "Line 3 is not a result of a batch"),
    "too long": (b'{"custom_id": "' + b"x" * 10_000 + b'"}', "Line 3 is longer than 9000 bytes"),
}
bad_lines = pytest.mark.parametrize(("bad", "reason"), BAD.values(), ids=BAD)


def with_bad_line(bad: bytes) -> bytes:
    return lines_of(result("a")) + b"\n" + bad + b"\n" + lines_of(result("b"))


@sources
@bad_lines
def test_bad_line_is_an_error_with_its_number(
    source: Callable[[bytes], Any], bad: bytes, reason: str
) -> None:
    reading = read_batch(source(with_bad_line(bad)), max_line_bytes=9000)
    assert next(reading).custom_id == "a"
    with pytest.raises(ResponseValidationError, match=reason) as caught:
        next(reading)
    assert "check that this is the output or error file of a batch" in str(caught.value)
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


@sources
@bad_lines
def test_function_gets_the_errors_and_reading_continues(
    source: Callable[[bytes], Any], bad: bytes, reason: str
) -> None:
    errors: list[ResponseValidationError] = []
    assert ids(read_batch(source(with_bad_line(bad)), errors.append, max_line_bytes=9000)) == ["a", "b"]
    assert len(errors) == 1
    assert errors[0].args[0].startswith("Line 3 ")


@bad_lines
def test_bad_lines_can_be_skipped(bad: bytes, reason: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING, "responses_client"):
        reading = read_batch(io.BytesIO(with_bad_line(bad)), on_error="skip", max_line_bytes=9000)
        assert ids(reading) == ["a", "b"]
    assert [record.getMessage()[:22] for record in caplog.records] == ["Skipped a line: Line 3"]
    assert "the body is" not in caplog.text


def test_last_line_that_is_too_long_is_an_error() -> None:
    with pytest.raises(ResponseValidationError, match="Line 1 is longer than 5 bytes"):
        next(read_batch(io.BytesIO(b"x" * 1_000_000), max_line_bytes=5))


def test_errors_of_the_function_end_the_reading() -> None:
    def stop(error: ResponseValidationError) -> None:
        raise KeyError from error

    with pytest.raises(KeyError):
        ids(read_batch(io.BytesIO(with_bad_line(b"oops")), on_error=stop))


def test_malformed_part_is_kept_or_with_strict_an_error() -> None:
    data = lines_of(result("a", error=3))
    (kept,) = read_batch(io.BytesIO(data))
    assert kept.to_dict()["error"] == 3
    with pytest.raises(ResponseValidationError, match=r"Line 1 is not a result of a batch.* at error"):
        next(read_batch(io.BytesIO(data), strict=True))


@pytest.mark.parametrize("on_error", ["ignore", None, 3])
def test_other_values_of_on_error_are_refused(on_error: Any) -> None:
    expected = r"^The batch was not read: on_error: expected 'raise', 'skip' or a function, got "
    with pytest.raises(RequestValidationError, match=expected):
        read_batch(io.BytesIO(), on_error=on_error)


@pytest.mark.parametrize("file", [b"{}\n", bytearray(b"{}"), None, 3])
def test_source_of_another_type_is_a_type_error(file: Any) -> None:
    with pytest.raises(TypeError, match="file must be a path, an open file, a response or lines, got "):
        read_batch(file)


def test_chunks_of_several_lines_are_a_type_error() -> None:
    with pytest.raises(TypeError, match="pass the response or an open file instead"):
        next(read_batch([lines_of(result("a"), result("b"))]))


def test_one_line_at_a_time_is_in_memory() -> None:
    taken: list[int] = []

    class Endless:
        def iter_bytes(self) -> Iterator[bytes]:
            for number in itertools.count():
                taken.append(number)
                yield lines_of(result(str(number), body={}))

    assert ids(itertools.islice(read_batch(Endless()), 5)) == ["0", "1", "2", "3", "4"]
    assert taken == [0, 1, 2, 3, 4]


def test_file_is_closed_when_reading_stops_early(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Any] = []
    usual = Path.open

    def watched(self: Path, *args: Any, **kwargs: Any) -> Any:
        opened.append(usual(self, *args, **kwargs))
        return opened[-1]

    path = tmp_path / "out.jsonl"
    path.write_bytes(lines_of(result("a"), result("b")))
    monkeypatch.setattr(Path, "open", watched)
    for each in read_batch(path):
        assert each.custom_id == "a"
        break
    assert [file.closed for file in opened] == [True]


# --- the result of a line


def read_one(*args: Any, **fields: Any) -> BatchResultLine:
    (read,) = read_batch(io.BytesIO(lines_of(result(*args, **fields))))
    return read


def test_result_has_the_response() -> None:
    read = read_one()
    assert read.response is not None
    assert read.response.body == answered()
    response = read.result()
    assert type(response) is Response
    assert response.output_text == "Hello"
    assert response.meta is not None
    assert (response.meta.request_id, response.meta.status_code) == ("req_1", 200)


def test_result_without_status_or_request_id_has_the_response_too() -> None:
    read = read_one(response={"body": answered()})
    response = read.result()
    assert response.output_text == "Hello"
    assert response.meta is not None
    assert response.meta.request_id is None


@pytest.mark.parametrize(
    ("status", "kind"), [(400, BadRequestError), (429, RateLimitError), (500, InternalServerError)]
)
def test_error_in_the_answer_is_the_error_of_its_status(status: int, kind: type[APIStatusError]) -> None:
    body = {"error": {"message": "No such model.", "code": "model_not_found", "type": "x", "param": "model"}}
    with pytest.raises(kind, match="No such model") as caught:
        read_one(body=body, status=status).result()
    error = caught.value
    assert (error.status_code, error.code, error.param) == (status, "model_not_found", "model")
    assert (error.request_id, error.body) == ("req_1", body)


def test_error_without_a_body_has_its_status() -> None:
    with pytest.raises(BadRequestError, match="400: no body"):
        read_one(response={"status_code": 400, "body": None}).result()


def test_error_under_status_200_is_an_error() -> None:
    with pytest.raises(APIStatusError, match="Overloaded"):
        read_one(body={"error": {"message": "Overloaded.", "code": 503}}).result()


@pytest.mark.parametrize(
    ("problem", "reason"),
    [
        (
            {"code": "batch_expired", "message": "It took too long."},
            "'a' of the batch was not answered: It took too long (code batch_expired); send it again",
        ),
        ({"code": None, "message": None}, "not answered: the file does not say why; send it again"),
    ],
)
def test_request_that_was_not_answered_is_an_error(problem: Any, reason: str) -> None:
    with pytest.raises(APIError) as caught:
        read_one(response=None, error=problem).result()
    assert type(caught.value) is APIError
    assert reason in str(caught.value)


@pytest.mark.parametrize("fields", [{"response": None}, {"response": "oops"}])
def test_line_without_answer_and_error_is_an_error(fields: dict[str, Any]) -> None:
    with pytest.raises(ResponseValidationError, match="'a' has neither a valid answer nor an error"):
        read_one(**fields).result()


def test_strict_refuses_a_malformed_response() -> None:
    read = read_one(body={**answered(), "output": 3})
    assert read.result().to_dict()["output"] == 3
    with pytest.raises(ResponseValidationError, match="at output"):
        read.result(strict=True)


def test_results_are_written_as_they_came() -> None:
    wire = result("a", new_field={"x": [None]})
    (read,) = read_batch(io.BytesIO(lines_of(wire)), strict=True)
    assert read.to_dict() == wire
    assert BatchResultLine.from_json(read.to_json()) == read
