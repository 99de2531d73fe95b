"""Secrets stay out of headers, URLs and text that are shown."""

from __future__ import annotations

import pytest

from responses_client._base.redaction import (
    NO_SECRETS,
    Redactor,
    is_secret_name,
    public_url,
    redact_headers,
    scrub,
)

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
