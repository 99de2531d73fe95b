"""Answers of `client.request` as the types that it was told to make of them."""

from __future__ import annotations

import pickle
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

import pytest
from pydantic import BaseModel, Field, TypeAdapter
from samples import KEY, response
from typing_extensions import TypedDict

from responses_client import RawAnswer
from responses_client._base.http import ResponseMeta
from responses_client._base.redaction import NO_SECRETS, Redactor
from responses_client._calls.answers import MAX_KEPT_BYTES
from responses_client._calls.settings import Settings
from responses_client._structured.cast import cast_of
from responses_client.errors import APIStatusError, RequestValidationError, ResponseValidationError
from responses_client.models import FunctionTool, Item, Response, UnknownItem, Usage


def meta_of(status: int = 200, media_type: str = "application/json", **headers: str) -> ResponseMeta:
    return ResponseMeta.build(
        status,
        {"content-type": media_type, **headers},
        elapsed=0.1,
        tries=1,
        method="GET",
        url="https://api.test/v1/files",
    )


def read(
    form: Any, body: bytes, meta: ResponseMeta | None = None, redactor: Redactor = NO_SECRETS, **options: Any
) -> Any:
    return cast_of(form).read(body, meta or meta_of(), Settings(**options), redactor)


class File(BaseModel):
    id: str
    size: int = Field(alias="bytes")


class FileDict(TypedDict):
    id: str


class Dated(BaseModel, strict=True):
    id: str
    day: date


@dataclass
class FileData:
    id: str


FILE = b'{"id":"file_1","bytes":3,"error":null}'


@pytest.mark.parametrize(
    ("form", "value"),
    [
        (dict, {"id": "file_1", "bytes": 3, "error": None}),
        (dict[str, object], {"id": "file_1", "bytes": 3, "error": None}),
        (Any, {"id": "file_1", "bytes": 3, "error": None}),
        (File, File(id="file_1", bytes=3)),
        (TypeAdapter(File), File(id="file_1", bytes=3)),
        (FileDict, {"id": "file_1"}),
        (FileData, FileData("file_1")),
        (Annotated[File, {"any": 1}], File(id="file_1", bytes=3)),
        (str, FILE.decode()),
        (bytes, FILE),
        (None, None),
        (type(None), None),
        (RawAnswer, RawAnswer(FILE, meta_of())),
    ],
)
def test_answer_becomes_the_type(form: Any, value: Any) -> None:
    found = read(form, FILE)
    assert found == value
    assert type(found) is type(value)


def test_list_is_json_too() -> None:
    assert read(list, b"[1,2]") == [1, 2]
    assert read(list[FileData], b'[{"id":"a"}]') == [FileData("a")]


def test_only_bodies_as_they_came_may_be_anything() -> None:
    assert [cast_of(form).is_raw for form in (str, bytes, None, RawAnswer)] == [True] * 4
    assert [cast_of(form).is_raw for form in (dict, list, File, Response)] == [False] * 4


def test_models_of_this_package_have_their_meta() -> None:
    found = read(Response, bytes(Response.from_dict(response()).to_json(), "utf-8"))
    assert isinstance(found, Response)
    assert found.meta == meta_of()


def test_parts_and_unions_of_this_package_are_types_as_well() -> None:
    assert read(FunctionTool, b'{"type":"function","name":"f"}') == FunctionTool(name="f")
    assert isinstance(read(Item, b'{"type":"new"}'), UnknownItem)


def test_strict_applies_to_models_of_this_package() -> None:
    body = b'{"type":"message","role":"user","content":3}'
    read(Item, body)
    with pytest.raises(ResponseValidationError):
        read(Item, body, strict=True)


def test_models_that_are_no_results_are_as_tolerant_as_results() -> None:
    found = read(Usage, b'{"input_tokens":5.0,"output_tokens":"many"}')
    assert isinstance(found, Usage)
    assert found.input_tokens == 5
    assert found.to_dict() == {"input_tokens": 5.0, "output_tokens": "many"}
    with pytest.raises(ResponseValidationError) as caught:
        read(Usage, b'{"output_tokens":"many"}', strict=True)
    assert caught.value.path == "output_tokens"


@pytest.mark.parametrize("form", [dict, File, Dated, Usage, FileDict, Any])
@pytest.mark.parametrize("sent", [b"%s", b"\xef\xbb\xbf%s"])
@pytest.mark.parametrize("name", [b"\\ud800", b"\xff", b"a"])
def test_byte_order_marks_and_invalid_characters_are_mended_for_all_types(
    form: Any, sent: bytes, name: bytes
) -> None:
    body = sent % (b'{"id":"%s","bytes":3,"day":"2026-01-02"}' % name)
    found = read(form, body)
    fields = found if isinstance(found, dict) else found.__dict__ | (found.__pydantic_extra__ or {})
    assert fields["id"] == ("a" if name == b"a" else "\ufffd")


def test_invalid_characters_are_an_error_in_strict_mode() -> None:
    with pytest.raises(ResponseValidationError, match="is not valid JSON"):
        read(File, b'\xef\xbb\xbf{"id":"a","bytes":3}', strict=True)


@pytest.mark.parametrize("form", ["File", 3, {"type": "string"}])
def test_what_is_not_a_type_is_refused(form: Any) -> None:
    with pytest.raises(RequestValidationError, match="cast_to"):
        cast_of(form)


def test_class_that_pydantic_cannot_read_is_refused() -> None:
    class Plain:
        pass

    with pytest.raises(RequestValidationError, match="cast_to: pydantic cannot take Plain"):
        cast_of(Plain)


# --- answers that do not fit


@pytest.mark.parametrize(
    ("form", "body", "problem"),
    [
        (dict, b"", "is not valid JSON"),
        (dict, b"<html>", "is not valid JSON"),
        (File, b"<html>", "is not valid JSON"),
        (Usage, b"<html>", "is not valid JSON"),
        (dict, b"[]", "is JSON, but not a dict"),
        (list, b"{}", "is JSON, but not a list"),
    ],
)
def test_answer_that_is_not_the_json_wanted_is_an_error(form: Any, body: bytes, problem: str) -> None:
    with pytest.raises(ResponseValidationError, match=problem) as caught:
        read(form, body)
    assert "cast_to" in str(caught.value)
    assert caught.value.meta == meta_of()


def test_answer_that_does_not_match_a_type_names_the_place() -> None:
    with pytest.raises(ResponseValidationError) as caught:
        read(File, b'{"id":"a","bytes":"x"}')
    assert caught.value.path == "bytes"
    assert str(caught.value).endswith("; pass a cast_to for what the endpoint answers")
    assert caught.value.__cause__ is not None


@pytest.mark.parametrize("form", [dict, File, list, Usage])
def test_error_of_a_gateway_with_status_200_is_that_error(form: Any) -> None:
    with pytest.raises(APIStatusError, match="No such model"):
        read(form, b'{"error":{"message":"No such model"}}')


def test_error_that_is_a_field_of_an_object_is_no_error_of_the_call() -> None:
    job = b'{"id":"job_1","status":"failed","error":{"message":"Bad file"}}'
    assert read(dict, job)["error"] == {"message": "Bad file"}


@pytest.mark.parametrize("form", [dict, File])
def test_secrets_in_an_answer_are_masked(form: Any) -> None:
    with pytest.raises(ResponseValidationError) as caught:
        read(form, f'["{KEY}"]'.encode(), redactor=Redactor([KEY]))
    assert KEY not in str(caught.value)
    assert KEY not in str(caught.value.body)
    assert caught.value.__cause__ is None


# --- RawAnswer


def test_raw_answer_has_body_and_facts() -> None:
    answer = RawAnswer(b'{"a":1}', meta_of(201, **{"x-request-id": "req_1"}))
    assert (answer.json(), answer.text, answer.status_code) == ({"a": 1}, '{"a":1}', 201)
    assert answer.headers["x-request-id"] == answer.meta.request_id == "req_1"
    assert repr(answer) == "<RawAnswer 201, application/json, 7 bytes>"
    assert pickle.loads(pickle.dumps(answer)) == answer


def test_raw_answer_that_is_not_json_says_so() -> None:
    with pytest.raises(ValueError, match="expected value"):
        RawAnswer(b"<html>", meta_of()).json()


@pytest.mark.parametrize(
    ("media_type", "text"),
    [
        ("text/plain", "für"),
        ('text/plain; charset="UTF-8"; x=y', "für"),
        ("text/plain; charset=latin-1", "fÃ¼r"),
        ("text/plain; charset=klingon", "für"),
        ("", "für"),
    ],
)
def test_text_is_decoded_by_its_charset(media_type: str, text: str) -> None:
    assert read(str, "für".encode(), meta_of(media_type=media_type)) == text


# --- lists for dicts, and no body at all


@pytest.mark.parametrize(
    ("form", "body", "advice"),
    [(dict, b"[1]", "list"), (list, b'{"a":1}', "dict"), (dict, b"1", "object"), (list, b"null", "object")],
)
def test_json_of_another_kind_names_the_type_to_pass(form: Any, body: bytes, advice: str) -> None:
    with pytest.raises(ResponseValidationError, match=f"; pass cast_to={advice}$"):
        read(form, body)
    read(eval(advice), body)


def meta_of_nothing(status: int, method: str) -> ResponseMeta:
    return ResponseMeta.build(
        status, {}, elapsed=0.1, tries=1, method=method, url="https://api.test/v1/files"
    )


@pytest.mark.parametrize(("status", "method"), [(200, "HEAD"), (204, "DELETE"), (205, "POST")])
@pytest.mark.parametrize("form", [dict, list])
def test_answer_that_cannot_have_a_body_is_empty(form: Any, status: int, method: str) -> None:
    assert read(form, b"", meta_of_nothing(status, method)) == form()


@pytest.mark.parametrize("form", [dict, File, list[int]])
def test_error_keeps_the_start_of_a_body_that_is_not_json(form: Any) -> None:
    with pytest.raises(ResponseValidationError, match="is not valid JSON") as caught:
        read(form, b"<html>".ljust(3 * MAX_KEPT_BYTES))

    assert caught.value.body == "<html>".ljust(MAX_KEPT_BYTES)


def test_missing_body_is_an_error() -> None:
    with pytest.raises(ResponseValidationError, match="is not valid JSON: the body is empty"):
        read(dict, b"", meta_of_nothing(200, "GET"))


def test_body_of_a_status_without_one_is_read() -> None:
    assert read(dict, b'{"a": 1}', meta_of_nothing(204, "DELETE")) == {"a": 1}


class Omit:
    """A mark as that of the official package."""


def test_mark_that_nothing_is_given_is_no_type() -> None:
    with pytest.raises(
        RequestValidationError, match=r"cast_to: expected a type: .*, got Omit; leave it out$"
    ):
        cast_of(Omit())
