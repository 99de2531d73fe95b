"""Secrets stay out of headers, URLs and text that are shown."""

from __future__ import annotations

import html
import json
import time
from urllib.parse import quote

import pytest

from responses_client._base.redaction import (
    NO_SECRETS,
    Redactor,
    _mask_starts,
    field_secrets,
    is_secret_name,
    mask_fields,
    public_url,
    query_secrets,
    redact_headers,
    scrub,
    secret_values,
)
from responses_client.models import McpTool

URL = "https://api.openai.com/v1/responses"


@pytest.mark.parametrize(
    "name",
    [
        "Authorization",
        "Proxy-Authorization",
        "api-key",
        "X-API-Key",
        "Cookie",
        "set-cookie",
        "x-amz-security-token",
        "client_secret",
        "X-Password",
        "webhook-signature",
    ],
)
def test_names_of_secrets_are_known(name: str) -> None:
    assert is_secret_name(name)


@pytest.mark.parametrize(
    "name", ["content-type", "x-ratelimit-remaining-tokens", "max_output_tokens", "openai-organization"]
)
def test_harmless_names_are_no_secrets(name: str) -> None:
    assert not is_secret_name(name)


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("authorization", "Bearer hunter2", {"Bearer hunter2", "hunter2"}),
        ("authorization", "Basic bWU6bG9uZy1zZWNyZXQ=", {"long-secret"}),
        ("Proxy-Authorization", "basic bG9uZy1zZWNyZXQ6", {"long-secret"}),
        ("authorization", "Basic not-base64!", {"not-base64!"}),
        ("cookie", "sid=long-secret; theme=dark; last=other-secret", {"long-secret", "other-secret"}),
        ("x-key", " ", set()),
        ("accept", "long-secret", set()),
    ],
)
def test_each_secret_in_a_header_is_found(name: str, value: str, words: set[str]) -> None:
    found = secret_values({name: value, "x-token": None})

    assert found >= words
    assert "dark" not in found
    assert bool(found) == bool(words)


def test_redacting_keeps_names_and_removed_headers() -> None:
    headers = {"Authorization": "Bearer hunter2", "X-Api-Key": None, "Accept": "*/*"}

    assert redact_headers(headers) == {"Authorization": "***", "X-Api-Key": None, "Accept": "*/*"}


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (URL, URL),
        ("https://me:hunter2@a.example/v1", "https://a.example/v1"),
        ("https://a.example/v1?api-key=hunter2&version=1#x", "https://a.example/v1?api-key=***&version=1"),
        ("https://a.example/?token", "https://a.example/?token"),
        ("https://[broken/?key=hunter2", ""),
    ],
)
def test_public_url_leaves_secrets_out(url: str, expected: str) -> None:
    assert public_url(url) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("key sk-proj-abcdefgh123 is wrong", "key sk-*** is wrong"),
        ("key xai-abcdefgh123", "key xai-***"),
        ("'whsec_abcdefgh123'", "'whsec_***'"),
        ("Authorization: Bearer abcdefgh123", "Authorization: Bearer ***"),
        ("basic YWJjZGVmZzEyMw==", "basic ***"),
        ("use Bearer authentication", "use Bearer authentication"),
        ("an sk-learn model, a task-oriented-agent", "an sk-learn model, a task-oriented-agent"),
    ],
)
def test_keys_inside_a_text_are_masked(text: str, expected: str) -> None:
    assert scrub(text) == expected


def test_secret_is_masked_wherever_a_body_repeats_it() -> None:
    redactor = Redactor(["long-secret", "other-secret"])

    assert redactor.body(b"long-secret, 'long-secret' and other-secret") == b"***, '***' and ***"


def test_secret_that_is_too_short_to_be_one_is_left() -> None:
    assert Redactor(["x", "ollama"]).body(b"axbxc ollama") == b"axbxc ollama"


def test_secret_is_masked_whole_when_it_begins_with_another() -> None:
    assert Redactor(["long-secret", "long-secret-of-mine"]).body(b"(long-secret-of-mine)") == b"(***)"


def test_strings_are_masked_and_can_be_encoded_afterwards() -> None:
    assert Redactor(["long-secret"]).text("Ä long-secret \ud800") == "Ä *** ?"


def test_secrets_are_added_to_a_copy() -> None:
    one = Redactor(["long-secret"])
    both = one.with_secrets(["other-secret"])

    assert both.text("long-secret, other-secret") == "***, ***"
    assert one.text("long-secret, other-secret") == "***, other-secret"
    assert one.with_secrets(()) is one


def test_secret_is_found_in_a_string_however_short_it_is() -> None:
    redactor = Redactor(["x", "long-secret"])

    assert [redactor.occurs_in(text) for text in ("axb", "a long-secret", "none")] == [True, True, False]


def test_nothing_is_masked_without_secrets() -> None:
    assert NO_SECRETS.body(b"long-secret") == b"long-secret"
    assert not NO_SECRETS.occurs_in("long-secret")


def test_redactor_does_not_show_its_secrets() -> None:
    assert repr(Redactor(["long-secret", "x"])) == "<Redactor of 2 secrets>"


WRITTEN = 'se/cret+of"mine\\0&<>'


@pytest.mark.parametrize(
    "spelling",
    [
        json.dumps(WRITTEN)[1:-1],
        json.dumps(json.dumps(json.dumps(WRITTEN))),
        json.dumps(WRITTEN)[1:-1].replace("/", "\\/"),
        "".join(f"\\u{ord(one):04X}" for one in WRITTEN),
        quote(WRITTEN, safe=""),
        quote(WRITTEN, safe="").lower(),
        "".join(f"&#{ord(one)};" for one in WRITTEN),
        "".join(f"&#x{ord(one):04x};" for one in WRITTEN),
        "".join(f"\\x{ord(one):02X}" for one in WRITTEN),
        quote(quote(WRITTEN, safe=""), safe=""),
        html.escape(WRITTEN),
    ],
)
def test_secret_is_found_behind_escapes(spelling: str) -> None:
    redactor = Redactor([WRITTEN, "another-one"])
    text = f"the key ({spelling}) \\u00e9"

    assert spelling.strip('"\\') not in redactor.text(text)
    assert redactor.text(text).endswith(") \\u00e9")
    assert "***" in redactor.text(text)
    assert redactor.body(text.encode()) == redactor.text(text).encode()
    assert redactor.occurs_in(text)


def test_escapes_of_other_characters_stay_as_they_are() -> None:
    text = r"50 % of \u00e9 \u2028 &#x; \n"

    assert Redactor(["long-secret"]).text(text) == text


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-32-be", "utf-8-sig"])
def test_body_in_any_encoding_of_json_is_masked(encoding: str) -> None:
    body = Redactor(["long-secret"]).body('{"a": "long-secret"}'.encode(encoding))

    assert json.loads(body) == {"a": "***"}


def test_bytes_that_are_not_text_stay_as_they_are() -> None:
    body = b"\x00\xff\xfe long-secret \x80"

    assert Redactor(["long-secret"]).body(body) == b"\x00\xff\xfe *** \x80"
    assert Redactor(["other-secret"]).body(body) is body


def test_headers_are_masked_by_their_values() -> None:
    redactor = Redactor(["long-secret"])

    assert redactor.headers({"x-echo": "my long-secret", "location": "/?k=long%2Dsecret", "a": "b"}) == {
        "x-echo": "my ***",
        "location": "/?k=***",
        "a": "b",
    }
    assert redactor.headers({"a": "b"}) is None


def test_credentials_of_tools_are_masked_by_the_names_of_their_fields() -> None:
    tool = {"type": "mcp", "authorization": "a", "headers": {"x": "b"}, "domain_secrets": ["c"], "url": "d"}

    assert mask_fields({"tools": [tool], "signing_secret": "e", "authorization": {"kept": 1}}) == {
        "tools": [
            {
                "type": "mcp",
                "authorization": "***",
                "headers": {"x": "***"},
                "domain_secrets": "***",
                "url": "d",
            }
        ],
        "signing_secret": "***",
        "authorization": {"kept": 1},
    }


CUT = [
    ("x Key-of-mine/1", "x ***"),
    ("x Key-of-mine\\", "x ***"),
    ("x Key-of-mine\\u00", "x ***"),
    ("x Key-of-m%2", "x ***"),
    ("x Key\\u002dof-mine&#x2", "x ***"),
    ("x Key-of-mine\ufffd", "x ***"),
    ("x Key-of-mi… and Key-of-mine/12", "x ***… and ***"),
]


@pytest.mark.parametrize(("text", "shown"), CUT)
def test_secret_that_was_cut_in_the_middle_is_masked(text: str, shown: str) -> None:
    redactor = Redactor(["Key-of-mine/12"])

    assert redactor.text(text) == shown
    assert redactor.body(text.encode()).decode() == shown


def test_start_of_a_secret_is_left_where_another_text_follows_or_where_it_tells_nothing() -> None:
    redactor = Redactor(["Key-of-mine/12"])

    for text in ("Key-of-mine/1 is short", "Key-of-", "Key-of-mine and more…"):
        assert redactor.text(text) == text


ROWS = [b"\\" * 300_000, b"%" + b"25" * 150_000, b"&#x" + b"0" * 300_000, b"&#" + b"0" * 300_000]


@pytest.mark.parametrize("row", ROWS, ids=["backslashes", "percent", "hexadecimal", "decimal"])
@pytest.mark.parametrize("secret", ["Key-of-mine/12", '"/quoted\\key', "\\backslash"])
def test_time_to_look_for_a_secret_is_linear_in_the_size_of_a_body(row: bytes, secret: str) -> None:
    """A server chooses the body: a quadratic search in 300 KB takes five minutes."""
    escaped = "".join(f"\\u{ord(character):04x}" for character in secret)
    start = time.process_time()

    for body in (row, row + b"\\u00", row + escaped.encode(), secret[:8].encode() + row + b"\\u00"):
        Redactor([secret]).body(body)

    assert time.process_time() - start < 10


def test_secrets_in_a_query_are_found_as_they_were_before_they_were_encoded() -> None:
    assert query_secrets("https://a.test/?api-key=long%2Fsecret&x=long-value&token=1") == {"long/secret"}
    assert query_secrets("https://a.test/") == set()


def test_credentials_of_tools_are_found_in_data_and_in_models() -> None:
    tools = [
        {
            "type": "mcp",
            "authorization": "first-secret",
            "headers": {"x-key": "other-secret", "accept": "any/thing"},
        },
        McpTool(
            server_label="x", authorization="third-secret", headers={"Authorization": "Bearer fourth-secret"}
        ),
        {
            "environment": {
                "network_policy": {"domain_secrets": [{"name": "long-name", "value": "fifth-secret"}]}
            }
        },
        {"type": "mcp", "authorization": "short", "headers": None, "domain_secrets": None},
        print,
    ]

    assert set(field_secrets(tools)) == {
        *(
            "first-secret",
            "other-secret",
            "third-secret",
            "Bearer fourth-secret",
            "fourth-secret",
            "fifth-secret",
        )
    }


def test_whole_secret_before_a_cut_is_masked_as_a_start_of_itself() -> None:
    assert _mask_starts("x Key-of-mine/12… y", "Key-of-mine/12") == "x ***… y"
