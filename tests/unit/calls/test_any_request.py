"""Checked requests of `client.request`: paths that stay within the API, bodies, queries and headers."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import pytest
from pydantic import BaseModel
from samples import KEY, response

from responses_client._calls.any_request import AnyRequest, prepare_any
from responses_client._calls.request import Call
from responses_client._calls.settings import Settings
from responses_client.errors import RequestValidationError
from responses_client.models import FunctionTool, Response

BASE = "https://api.test/v1"


def prepared(
    method: Any = "POST", path: Any = "files", is_raw: bool = False, client: Any = None, **given: Any
) -> Call[Any]:
    names = AnyRequest._fields
    own = {name: value for name, value in given.items() if name in names}
    options = {name: value for name, value in given.items() if name not in names}
    settings = Settings(**{"api_key": KEY, "base_url": BASE, **(client or {})})
    return prepare_any(AnyRequest(method, path, **own), options, settings, is_raw=is_raw)


def url(path: Any, **given: Any) -> str:
    return prepared("GET", path, **given).request.url.removeprefix(BASE)


def refusal(**given: Any) -> str:
    with pytest.raises(RequestValidationError) as caught:
        prepared(**given)
    return str(caught.value)


# --- paths


@pytest.mark.parametrize("path", ["files/a", "/files/a", f"{BASE}/files/a"])
def test_path_is_relative_to_the_address_of_the_api(path: str) -> None:
    assert url(path) == "/files/a"


def test_one_slash_may_end_a_path() -> None:
    assert url("files/") == url(f"{BASE}/files/") == "/files/"
    assert url("/files/?a=b") == "/files/?a=b"


@pytest.mark.parametrize(
    "path",
    [
        "HTTPS://api.test/v1/files/a",
        "https://API.Test/v1/files/a",
        "https://api.test:443/v1/files/a",
        f"{BASE}/files/a",
    ],
)
@pytest.mark.parametrize("base", [BASE, "https://api.test:443/v1", "HTTPS://API.TEST/v1/"])
def test_url_of_the_same_origin_is_as_good_in_any_notation(path: str, base: str) -> None:
    sent = prepared("GET", path, client={"base_url": base}).request.url
    assert sent.removeprefix("https://api.test").removeprefix(":443") == "/v1/files/a"


def test_url_may_be_of_an_api_at_the_root_of_a_host() -> None:
    sent = prepared("GET", "HTTP://[::1]:80/files/a", client={"base_url": "http://[::1]"}).request.url
    assert sent == "http://[::1]/files/a"


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.test/v1/files",
        "https://api.test:444/v1/files",
        "http://api.test/v1/files",
        "https://API.test/v2/files",
        "https://API.test/v11/files",
        "https://API.test?/v1/files",
        "https://ada:hunter2@api.test/v1/files",
        "https://api.test:x/v1/files",
        "https:/api.test/v1/files",
        "HTTPS://api.test/v1/https://evil.test",
        "HTTPS://evil.test",
        "//evil.test/files",
        "https://api.test/v2/files",
        "https://api.test.evil.test/v1/files",
        f"{BASE}.evil.test/files",
        f"{BASE}//evil.test",
        "file:///etc/passwd",
    ],
)
def test_path_that_leads_elsewhere_is_refused(path: str) -> None:
    assert re.search("path: (leads out of base_url|has an empty segment)", refusal(path=path))


@pytest.mark.parametrize(
    "path",
    [
        "../admin",
        "files/..",
        "files/./a",
        "files/%2e%2E/a",
        "files//content",
        "files//",
        "/",
        "?a=b",
        f"{BASE}/",
    ],
)
def test_path_that_names_another_place_once_resolved_is_refused(path: str) -> None:
    assert "path: has an empty segment, '.' or '..'" in refusal(path=path)


@pytest.mark.parametrize(
    "step",
    [
        "..%2f..%2fadmin",
        "..%2F",
        "%2e%2e%2fa",
        "a%2f.%2fb",
        "..;/a",
        "..%3Bx=1/a",
        "%252e%252E/a",
        "..%5cadmin",
    ],
)
def test_path_that_gateways_resolve_after_decoding_is_refused(step: str) -> None:
    assert "path: has an empty segment, '.' or '..'" in refusal(path=f"files/{step}")


def test_encoded_slash_in_an_id_passes() -> None:
    assert url("files/" + quote("team/..ada/b.c;d%", safe="")) == "/files/team%2F..ada%2Fb.c%3Bd%25"


@pytest.mark.parametrize("path", ["a b", "a\\..\\b", "a#b", "a\r\nX-Bad: 1", "a\x00", "a\ud800"])
def test_path_with_characters_that_no_url_has_is_refused(path: str) -> None:
    assert "path: contains white space, a backslash" in refusal(path=path)


@pytest.mark.parametrize("path", ["", " ", None, 3, b"files"])
def test_path_that_is_not_one_is_refused(path: Any) -> None:
    assert "path: expected a path under base_url, such as 'files'" in refusal(path=path)


def test_refusal_of_a_path_shows_neither_its_query_nor_a_password() -> None:
    message = refusal(path="https://ada:hunter2@evil.test/x?key=hunter3")
    assert "evil.test/x" in message
    assert "hunter" not in message


def test_other_characters_of_a_path_are_encoded_and_escapes_stay() -> None:
    assert url("files/ä{b}%2Fc:search") == "/files/%C3%A4%7Bb%7D%2Fc:search"


def test_colon_in_the_first_segment_needs_a_slash() -> None:
    assert url("/files:search") == "/files:search"


# --- queries


def test_query_of_the_path_and_parameters_are_merged() -> None:
    assert url("files?limit=2&order=asc&include[]=a&include[]=b&x=", query={"limit": 5, "after": "f"}) == (
        "/files?order=asc&include[]=a&include[]=b&x=&limit=5&after=f"
    )
    assert url("files?a=b") == "/files?a=b"


@pytest.mark.parametrize(
    "sent", ["cursor=%ff&flag&q=a%20b+c", "a=%2F/?:@;,!'()*$~&&b==", 'a={"<|>"}^`', "a%5b%5d=1&%"]
)
def test_query_of_the_path_is_sent_byte_for_byte(sent: str) -> None:
    assert url(f"x?{sent}") == f"/x?{sent}"
    assert url(f"x?{sent}", query={"new": "a b"}) == f"/x?{sent}&new=a+b"


def test_query_of_the_path_is_encoded_only_beyond_ascii_and_replaced_by_its_decoded_name() -> None:
    assert url("x?q=ä") == "/x?q=%C3%A4"
    assert url("x?a%20b=1&a+b=2&c=3", query={"a b": 4}) == "/x?c=3&a+b=4"
    assert url("x?a=1", query={"a": None}) == url("x?") == "/x"


def test_query_comes_before_the_defaults_of_the_client_and_extra_query_before_all() -> None:
    client = {"default_query": {"api-version": "v1", "team": "docs"}}
    assert url("files?api-version=v2", client=client) == "/files?api-version=v2&team=docs"
    assert url("files", query={"api-version": "v2"}, client=client) == "/files?api-version=v2&team=docs"
    assert url("files?a=1", query={"a": 2}, extra_query={"a": 3}) == "/files?a=3"


def test_query_that_no_url_can_carry_is_refused_by_its_name() -> None:
    assert "query.a: expected a string" in refusal(query={"a": object()})
    assert "query.a: contains half of a surrogate pair" in refusal(query={"a": "\ud800"})


# --- methods


def test_method_may_be_written_small() -> None:
    assert prepared("delete").request.method == "DELETE"


@pytest.mark.parametrize("method", ["CONNECT", "", "GET ", None, 3])
def test_method_that_http_apis_do_not_have_is_refused(method: Any) -> None:
    assert "method: expected one of GET, HEAD, POST, PUT, PATCH, DELETE" in refusal(method=method)


# --- bodies


class Query(BaseModel):
    text: str
    limit: int = 10


def test_json_is_written_with_models_in_it() -> None:
    sent = prepared(json={"query": Query(text="a"), "tool": FunctionTool(name="f")}).request
    assert sent.content == b'{"query":{"text":"a"},"tool":{"type":"function","name":"f"}}'
    assert sent.headers["Content-Type"] == "application/json"


def test_items_of_a_response_lose_what_only_servers_set() -> None:
    item = {"type": "function_call", "call_id": "c", "name": "f", "arguments": "{}", "created_by": "server"}
    came = Response.from_dict(response(output=[item]))
    assert b"created_by" not in prepared(json={"items": came.output}).request.content


@pytest.mark.parametrize(("value", "body"), [([1, 2], b"[1,2]"), ("text", b'"text"'), ({}, b"{}"), (0, b"0")])
def test_any_json_may_be_a_body(value: Any, body: bytes) -> None:
    assert prepared(json=value).request.content == body


def test_without_a_body_no_content_type_is_sent() -> None:
    sent = prepared("POST").request
    assert sent.content == b""
    assert "Content-Type" not in sent.headers


def test_extra_body_adds_fields() -> None:
    assert prepared(json={"a": 1, "b": 2}, extra_body={"b": 3}).request.content == b'{"a":1,"b":3}'
    assert prepared(extra_body={"b": 3}).request.content == b'{"b":3}'


@pytest.mark.parametrize("given", [{"json": [1]}, {"content": b"a"}])
def test_extra_body_needs_a_dict(given: dict[str, Any]) -> None:
    assert "extra_body: needs a json that is a dict" in refusal(extra_body={"a": 1}, **given)


@pytest.mark.parametrize("given", [{"json": [1]}, {"content": b"a"}])
@pytest.mark.parametrize("extra", [{}, None])
def test_extra_body_without_fields_goes_with_any_body(given: dict[str, Any], extra: Any) -> None:
    assert prepared(extra_body=extra, **given).request.content == prepared(**given).request.content


def test_json_that_cannot_be_written_is_refused() -> None:
    assert "cannot be written as JSON" in refusal(json={"a": object()})
    assert "cannot be written as JSON" in refusal(json=[float("nan")])


@pytest.mark.parametrize(
    ("content", "sent", "media_type"),
    [
        ("für", "für".encode(), "text/plain; charset=utf-8"),
        (b"\xff", b"\xff", "application/octet-stream"),
        (bytearray(b"a"), b"a", "application/octet-stream"),
        (memoryview(b"a"), b"a", "application/octet-stream"),
        (b"", b"", "application/octet-stream"),
    ],
)
def test_content_is_sent_as_it_is(content: Any, sent: bytes, media_type: str) -> None:
    request = prepared(content=content).request
    assert request.content == sent
    assert request.headers["Content-Type"] == media_type


def test_headers_name_the_type_of_content() -> None:
    request = prepared(content=b"{}", extra_headers={"content-type": "application/jsonl"}).request
    assert [value for name, value in request.headers.items() if name.lower() == "content-type"] == [
        "application/jsonl"
    ]


def test_content_and_json_exclude_each_other() -> None:
    assert "content: cannot be combined with json" in refusal(json={}, content=b"")
    assert prepared(json={}, content=None).request.content == b"{}"
    assert prepared(json=None, content=b"").request.content == b""


@pytest.mark.parametrize("content", [iter([b"a"]), {"a": 1}, 3])
def test_content_that_is_not_bytes_is_refused(content: Any) -> None:
    assert "read files and iterators first" in refusal(content=content)


def test_content_that_utf_8_cannot_encode_is_refused() -> None:
    assert "half of a surrogate pair" in refusal(content="\ud800")


def test_stream_is_refused_where_its_answer_could_not_be_read() -> None:
    assert "json.stream: asks for a stream" in refusal(json={"stream": True})
    assert "json.stream" in refusal(json={}, extra_body={"stream": True})
    assert prepared(json={"stream": False}).request.content == b'{"stream":false}'
    assert prepared(json=[{"stream": True}]).request.content == b'[{"stream":true}]'
    assert prepared(json={"stream": True}, is_raw=True).request.content == b'{"stream":true}'


# --- the rest of the call


def test_request_has_key_idempotency_key_and_options_like_all_others() -> None:
    client = {"organization": "org", "default_headers": {"X-Team": "docs"}}
    call = prepared(
        client=client,
        timeout=3,
        deadline=9,
        max_retries=0,
        idempotency_key="mine",
        extra_headers={"X-A": "1"},
    )
    assert call.needs_key
    assert (call.settings.timeout, call.settings.deadline, call.settings.max_retries) == (3, 9, 0)
    assert call.request.timeouts.read == 3
    wanted = {"OpenAI-Organization": "org", "X-Team": "docs", "X-A": "1", "Idempotency-Key": "mine"}
    assert wanted.items() <= call.request.headers.items()
    assert prepared().request.headers["Idempotency-Key"]
    assert "Idempotency-Key" not in prepared("GET").request.headers
    assert not prepared(extra_headers={"Authorization": None}).needs_key


def test_json_is_asked_for_unless_anything_will_do() -> None:
    assert prepared().request.headers["Accept"] == "application/json"
    assert prepared(is_raw=True).request.headers["Accept"] == "*/*"
    csv = prepared(is_raw=True, client={"default_headers": {"accept": "text/csv"}}).request.headers
    assert [value for name, value in csv.items() if name.lower() == "accept"] == ["text/csv"]


def test_settings_of_the_call_are_those_of_the_client() -> None:
    client = {"default_headers": {"X-Team": "docs"}, "default_query": {"a": "b"}}
    call = prepared(path="files?a=c", json={}, client=client)
    assert call.settings == Settings(api_key=KEY, base_url=BASE, **client)


def test_telemetry_sees_the_fields_of_the_body_and_one_name_for_all_paths() -> None:
    call = prepared(path="embeddings", json={"model": "e"}, extra_body={"dimensions": 8}, deadline=3)
    assert call.operation.name == "request"
    assert call.params == {"model": "e", "dimensions": 8, "extra_body": {"dimensions": 8}, "deadline": 3}
    assert prepared(json=[1]).params == {}


def test_argument_that_it_does_not_have_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(TypeError, match=r"client\.request\(\) got an .* 'cast'; did you mean 'cast_to'\?"):
        prepared(cast=dict)


def test_request_shows_neither_query_nor_body() -> None:
    given = AnyRequest("GET", "files?api-key=hunter2", {"a": "hunter2"}, "hunter2", {"api-key": "hunter2"})

    assert repr(given) == given.sentry_repr() == "<GET files>"
