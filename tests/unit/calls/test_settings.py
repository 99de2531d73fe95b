"""Settings: accepted values, environment variables, and no secret in any repr."""

import dataclasses
import math
from types import SimpleNamespace
from typing import Any, cast

import httpx
import httpx2
import pytest
from pydantic import AnyUrl, HttpUrl
from yarl import URL

from responses_client import AsyncClient, Client
from responses_client._base.api_keys import KeyFunction
from responses_client._base.http import merge_headers
from responses_client._base.option_types import UrlLike
from responses_client._base.options import RequestOptions, SessionOptions
from responses_client._base.validation import unknown_argument
from responses_client._calls.client_options import Options
from responses_client._calls.settings import (
    DEFAULT_BASE_URL,
    Settings,
    is_azure,
    redact_headers,
    resolve,
)
from responses_client.errors import ConfigurationError

KEY = "sk-hunter2hunter2"


def refusal(**options: object) -> str:
    """Return the text of the error that the options cause."""
    with pytest.raises(ConfigurationError) as caught:
        resolve({}, **options)
    assert "hunter2" not in str(caught.value)
    return str(caught.value)


def test_defaults_are_those_of_the_documentation() -> None:
    settings = resolve({})

    assert settings._asdict() == {
        "api_key": None,
        "auth": None,
        "base_url": DEFAULT_BASE_URL,
        "websocket_base_url": None,
        "organization": None,
        "project": None,
        "webhook_secret": None,
        "timeout": 600.0,
        "connect_timeout": 5.0,
        "deadline": None,
        "max_retries": 2,
        "default_headers": {},
        "default_query": {},
        "strict": False,
        "validate_requests": True,
        "idle_timeout": None,
        "max_event_bytes": 64 * 1024 * 1024,
        "max_response_bytes": 256 * 1024 * 1024,
        "max_redirects": 5,
        "on_request": None,
        "on_response": None,
        "on_event": None,
        "telemetry": None,
    }


VARIABLES = {
    "OPENAI_API_KEY": KEY,
    "OPENAI_BASE_URL": "http://localhost:1234/v1/",
    "OPENAI_ORG_ID": "org_1",
    "OPENAI_PROJECT_ID": "proj_1",
    "OPENAI_WEBHOOK_SECRET": "whsec_hunter2",
}


def test_environment_variables_fill_in() -> None:
    settings = resolve(VARIABLES, organization=None)

    assert settings.api_key == KEY
    assert settings.base_url == "http://localhost:1234/v1"
    assert settings.organization == "org_1"
    assert settings.project == "proj_1"
    assert settings.webhook_secret == "whsec_hunter2"


def test_the_environment_of_the_process_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in VARIABLES.items():
        monkeypatch.setenv(name, value)

    assert resolve() == resolve(VARIABLES)


def test_arguments_win_over_variables() -> None:
    settings = resolve(
        VARIABLES,
        api_key="k",
        base_url="https://a.example",
        organization="o",
        project="p",
        webhook_secret="w",
    )

    assert (settings.api_key, settings.base_url) == ("k", "https://a.example")
    assert (settings.organization, settings.project, settings.webhook_secret) == ("o", "p", "w")


@pytest.mark.parametrize("blank", ["", " ", "\n"])
def test_a_blank_variable_counts_as_not_set(blank: str) -> None:
    assert resolve(dict.fromkeys(VARIABLES, blank)) == resolve({})


@pytest.mark.parametrize(
    ("key", "forbidden"),
    [
        (f"{KEY}\n", "a line break"),
        (f"{KEY}\r", "a line break"),
        (f"\x00{KEY}", "a control character"),
        (f"{KEY}\t", "a control character"),
        (f"{KEY}\x7f", "a control character"),
        (f"{KEY}é", "a character beyond ASCII"),
        (f" {KEY}", "white space at its start or end"),
    ],
)
def test_a_key_that_no_header_can_carry_is_refused_without_being_quoted(key: str, forbidden: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        resolve({"OPENAI_API_KEY": key})

    text = f" contains {forbidden}; remove it (the value is not shown)"
    assert str(caught.value) == f"The api_key from OPENAI_API_KEY{text}"
    assert refusal(api_key=key) == f"The api_key argument{text}"


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        (f"Bearer {KEY}", "starts with 'Bearer'; pass the key alone, since the client adds the word"),
        (f"bearer {KEY}", "starts with 'Bearer'; pass the key alone, since the client adds the word"),
        (f'"{KEY}"', "contains a quotation mark at its start or end; remove it"),
        (f"'{KEY}'", "contains a quotation mark at its start or end; remove it"),
    ],
)
def test_key_with_something_around_it_is_refused_without_being_quoted(key: str, problem: str) -> None:
    assert refusal(api_key=key) == f"The api_key argument {problem} (the value is not shown)"


@pytest.mark.parametrize("key", ["none", "EMPTY", "lm-studio", "not needed", "a/b+c==", "eyJhbGciOi.J9.x_-"])
def test_keys_of_other_servers_are_taken(key: str) -> None:
    assert resolve({}, api_key=key).api_key == key


@pytest.mark.parametrize("option", ["api_key", "base_url", "organization", "project", "webhook_secret"])
def test_a_blank_argument_is_refused(option: str) -> None:
    assert refusal(**{option: " "}) == f"The {option} argument is blank; set a value or leave it out"


@pytest.mark.parametrize("option", ["base_url", "organization", "project", "webhook_secret"])
def test_a_text_must_be_a_string(option: str) -> None:
    assert refusal(**{option: b"hunter2"}) == f"The {option} argument must be a string, got bytes"


def test_there_may_be_several_webhook_secrets() -> None:
    assert resolve({}, webhook_secret=["new", "old"]).webhook_secret == ("new", "old")
    assert resolve({"OPENAI_WEBHOOK_SECRET": " new  old\n"}).webhook_secret == ("new", "old")
    shown = repr(resolve({}, webhook_secret=("hunter2", "hunter3")))
    assert "hunter" not in shown
    assert "webhook_secret='***'" in shown


@pytest.mark.parametrize(
    ("value", "problem"),
    [
        ([], "is an empty list; pass a secret, or leave it out"),
        (["new", b"hunter2"], "must be a string, got bytes"),
        (["new", " "], "is blank; set a value or leave it out"),
        ({"hunter2"}, "must be a string, got set"),
    ],
)
def test_webhook_secrets_that_cannot_work_are_refused(value: Any, problem: str) -> None:
    assert refusal(webhook_secret=value) == f"The webhook_secret argument {problem}"


def test_a_function_may_give_the_key() -> None:
    def provider() -> str:
        return KEY

    settings = resolve({}, api_key=provider)

    assert isinstance(settings.api_key, KeyFunction)
    assert settings.api_key.function is provider


def test_settings_made_of_others_share_the_key_that_a_function_gave() -> None:
    settings = resolve({}, api_key=lambda: KEY)

    assert settings.replace(timeout=1, api_key=None).api_key is settings.api_key
    assert settings.replace(api_key=lambda: KEY).api_key is not settings.api_key


def test_a_key_is_a_string_or_a_function() -> None:
    assert refusal(api_key=b"hunter2") == ("The api_key argument must be a string or a function, got bytes")


def test_a_credential_is_refused_with_the_function_that_makes_tokens_of_it() -> None:
    class Credential:
        def get_token(self, *scopes: str) -> str:
            raise AssertionError(scopes)

    assert "azure.identity.get_bearer_token_provider" in refusal(api_key=Credential())


@pytest.mark.parametrize(
    "auth", ["bearer", "api-key", None, httpx.BasicAuth("me", KEY), httpx2.BasicAuth("me", KEY)]
)
def test_a_way_to_sign_is_kept(auth: Any) -> None:
    settings = resolve({}, auth=auth)

    assert settings.auth is auth
    assert settings.http_auth is (None if isinstance(auth, str) else auth)
    assert resolve({}, auth="bearer").replace(auth=auth).auth is auth


@pytest.mark.parametrize(
    ("auth", "got"),
    [
        ("Bearer", "str"),
        ("sk-hunter2", "str"),
        (("me", "hunter2"), "tuple"),
        (httpx.BasicAuth, "type"),
        (7, "int 7"),
        (lambda request: request, "function"),
    ],
)
def test_an_unknown_way_to_sign_is_refused_without_being_quoted(auth: object, got: str) -> None:
    assert refusal(auth=auth) == (
        f"The auth argument must be 'bearer', 'api-key' or an httpx.Auth, got {got}"
    )


@pytest.mark.parametrize(
    ("url", "azure"),
    [
        ("https://name.openai.azure.com/openai/v1", True),
        ("https://name.cognitiveservices.azure.com:443/openai", True),
        ("https://name.services.ai.azure.com/openai/v1", True),
        ("HTTPS://Name.OpenAI.Azure.com/openai", True),
        ("https://name.openai.azure.com./openai/v1", True),
        ("https://name.services.ai.azure.com/api/projects/p/openai/v1", True),
        ("https://name.openai.azure.us/openai/v1", True),
        ("https://name.openai.azure.cn/openai/v1", True),
        ("https://openai.azure.com", False),
        ("https://name.openai.azure.com.example/v1", False),
        ("https://name.openai-azure.com/v1", False),
        ("https://api.example/name.openai.azure.com/v1", False),
        ("http://[::1]/v1", False),
        (DEFAULT_BASE_URL, False),
    ],
)
def test_addresses_of_azure_are_known(url: str, azure: bool) -> None:
    assert is_azure(Settings(base_url=url).base_url) is azure


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://api.openai.com/v1", "https://api.openai.com/v1"),
        ("https://api.openai.com/v1//", "https://api.openai.com/v1"),
        ("HTTP://LocalHost:8080", "http://localhost:8080"),
        ("http://[::1]:8080/v1", "http://[::1]:8080/v1"),
        ("https://bücher.example/V1", "https://bücher.example/V1"),
        (None, DEFAULT_BASE_URL),
        (httpx.URL("https://a.example/v1/"), "https://a.example/v1"),
        (httpx2.URL("https://a.example/v1/"), "https://a.example/v1"),
        (URL("http://localhost:8080/v1"), "http://localhost:8080/v1"),
        (AnyUrl("https://a.example"), "https://a.example"),
        (HttpUrl("https://a.example/v1"), "https://a.example/v1"),
    ],
)
def test_base_urls_are_normalised(url: str | UrlLike | None, expected: str) -> None:
    assert Settings(base_url=url).base_url == expected


def test_url_object_with_a_query_is_refused_like_a_string() -> None:
    assert "must not contain a query" in refusal(base_url=httpx.URL("https://a.example/v1?key=1"))


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("localhost:1234/v1", "must start with http:// or https://; write 'http://localhost:1234/v1'"),
        ("localhost", "must start with http:// or https://; write 'http://localhost'"),
        ("vllm:8000/v1", "must start with http:// or https://; write 'http://vllm:8000/v1'"),
        ("127.0.0.1:8000/v1", "must start with http:// or https://; write 'http://127.0.0.1:8000/v1'"),
        ("api.example.com/v1", "must start with http:// or https://; write 'https://api.example.com/v1'"),
        (
            "https://api.openai.com/v1/responses",
            "must not contain /responses, since the client adds the path of each endpoint; "
            "write 'https://api.openai.com/v1'",
        ),
        (
            "http://localhost:8000/v1/chat/completions/",
            "must not contain /chat/completions, since the client adds the path of each endpoint; "
            "write 'http://localhost:8000/v1'",
        ),
        (
            "http://localhost:8000/v1/completions",
            "must not contain /completions, since the client adds the path of each endpoint; "
            "write 'http://localhost:8000/v1'",
        ),
        ("https://api.openai.com", "must end in /v1; write 'https://api.openai.com/v1'"),
        ("https://eu.api.openai.com/", "must end in /v1; write 'https://eu.api.openai.com/v1'"),
        (
            "https://name.openai.azure.com/",
            "is not the address of Azure's Responses API; write 'https://name.openai.azure.com/openai/v1'",
        ),
        (
            "https://name.openai.azure.com/openai/responses?api-version=2025-04-01-preview",
            "is not the address of Azure's Responses API; write 'https://name.openai.azure.com/openai/v1'",
        ),
        (
            "https://name.openai.azure.com/openai/deployments/gpt/chat/completions",
            "is not the address of Azure's Responses API; write 'https://name.openai.azure.com/openai/v1' "
            "and pass the deployment as model",
        ),
        (
            "https://name.services.ai.azure.com/api/projects/p",
            "is not the address of Azure's Responses API; "
            "write 'https://name.services.ai.azure.com/api/projects/p/openai/v1'",
        ),
        ('"https://a.example/v1"', "contains a quotation mark at its start or end; remove it"),
        ("https://a.example/v1 ", "contains white space at its start or end; remove it"),
    ],
)
def test_address_that_leads_elsewhere_is_refused_with_the_one_to_write(url: str, problem: str) -> None:
    assert refusal(base_url=url).startswith(f"The base_url argument {problem}")


def test_key_in_an_address_is_not_shown() -> None:
    assert KEY not in refusal(base_url=f"https://{KEY}.example/responses")
    assert KEY not in refusal(base_url=f"{KEY}.example")


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("nowhere", "nowhere"),
        ("ftp://a.example", "ftp://a.example"),
        ("ws://a.example", "ws://a.example"),
        ("https:///v1", "https:///v1"),
        ("https://a.example:port/v1", "https://a.example:port/v1"),
        ("https://[broken/v1", "https://[broken/v1"),
        ("https://a b.example/v1", "https://a b.example/v1"),
        ("https://a.example\\v1", "https://a.example\\\\v1"),
        ("https://a!b.example/v1", "https://a!b.example/v1"),
        ("https://a.example/\ud800", "https://a.example/\ufffd"),
        ("//a.example?key=hunter2", "//a.example"),
    ],
)
def test_address_that_is_not_a_url_is_refused(url: str, shown: str) -> None:
    assert refusal(base_url=url) == (
        f"The base_url argument must be a URL such as https://api.openai.com/v1, got '{shown}'"
    )


@pytest.mark.parametrize("url", ["https://me:hunter2@a.example/v1", "https://hunter2@a.example"])
def test_a_url_with_a_password_is_refused_without_being_quoted(url: str) -> None:
    assert "must not contain a user or password" in refusal(base_url=url)


def test_a_broken_url_with_a_password_is_not_quoted() -> None:
    assert refusal(base_url="me:hunter2@a.example").endswith("such as https://api.openai.com/v1")


@pytest.mark.parametrize("tail", ["?api-key=hunter2", "#hunter2", "?"])
def test_a_url_with_a_query_or_fragment_is_refused(tail: str) -> None:
    assert refusal(base_url=f"https://a.example/v1{tail}") == (
        "The base_url argument must not contain a query or fragment; use default_query, got 'https://a.example/v1'"
    )


def test_a_wrong_url_in_the_environment_names_the_variable() -> None:
    with pytest.raises(ConfigurationError, match="base_url from OPENAI_BASE_URL must be a URL"):
        resolve({"OPENAI_BASE_URL": "nowhere"})


FOREIGN = SimpleNamespace(connect=1.0, read=None, write=None, pool=None)


@pytest.mark.parametrize(("timeout", "kept"), [(1, 1.0), (0.5, 0.5), (None, None), (FOREIGN, FOREIGN)])
def test_timeouts_are_numbers_none_or_foreign_objects(timeout: object, kept: object) -> None:
    settings = resolve({}, timeout=timeout)

    assert settings.timeout is kept or settings.timeout == kept


@pytest.mark.parametrize("option", ["timeout", "connect_timeout", "deadline", "idle_timeout"])
@pytest.mark.parametrize(
    ("value", "got"),
    [
        (0, "int 0"),
        (-1.5, "float -1.5"),
        (math.inf, "float inf"),
        (math.nan, "float nan"),
        (True, "bool True"),
        (10**5000, "int"),
        ("5", "str"),
        ((1, 2), "tuple"),
    ],
    ids=["zero", "negative", "infinite", "nan", "bool", "huge", "str", "tuple"],
)
def test_seconds_must_be_positive_finite_numbers(option: str, value: object, got: str) -> None:
    assert refusal(**{option: value}) == (
        f"The {option} argument must be a positive number of seconds, got {got}"
    )


@pytest.mark.parametrize(
    ("option", "least"),
    [("max_retries", 0), ("max_redirects", 0), ("max_event_bytes", 1), ("max_response_bytes", 1)],
)
def test_counts_must_be_whole_numbers(option: str, least: int) -> None:
    assert getattr(resolve({}, **{option: least}), option) == least
    for value, got in [
        (least - 1, f"int {least - 1}"),
        (1.5, "float 1.5"),
        (True, "bool True"),
        ("2", "str"),
    ]:
        assert refusal(**{option: value}) == (
            f"The {option} argument must be a whole number from {least}, got {got}"
        )


@pytest.mark.parametrize("option", ["strict", "validate_requests"])
def test_flags_must_be_true_or_false(option: str) -> None:
    assert refusal(**{option: 1}) == f"The {option} argument must be True or False, got int 1"


def test_headers_are_copied_without_white_space_around_values() -> None:
    given = {"X-Mine": " a\tb ", "User-Agent": None, "X-Latin": "é"}

    settings = resolve({}, default_headers=given)
    given["X-Late"] = "1"

    assert settings.default_headers == {"X-Mine": "a\tb", "User-Agent": None, "X-Latin": "é"}


@pytest.mark.parametrize(
    ("headers", "text"),
    [
        (
            {"X-Mine": "hunter2\n"},
            "The header 'X-Mine' in the default_headers argument contains a line break",
        ),
        (
            {"X-Mine": "hunter2\x00"},
            "The header 'X-Mine' in the default_headers argument contains a control character",
        ),
        (
            {"X-Mine": "hunter2€"},
            "The header 'X-Mine' in the default_headers argument contains a character beyond Latin-1",
        ),
        (
            {"X-Mine": 7},
            "The header 'X-Mine' in the default_headers argument must be a string or None, got int 7",
        ),
        (
            {"X Mine": "a"},
            "The default_headers argument has a header 'X Mine', which is not a valid header name",
        ),
        ({"": "a"}, "The default_headers argument has a header '', which is not a valid header name"),
        ({7: "a"}, "The name in the default_headers argument must be a string, got int 7"),
        ([("X-Mine", "a")], "The default_headers argument must be a mapping, got list"),
    ],
)
def test_headers_that_http_cannot_carry_are_refused(headers: object, text: str) -> None:
    assert refusal(default_headers=headers).startswith(text)


def test_query_values_are_scalars_lists_or_dicts() -> None:
    query = {"a": "x", "b": 1, "c": 0.5, "d": True, "e": None, "f": ["x", 1], "g": {"h": "x", "i": [1]}}

    assert resolve({}, default_query=query).default_query == query


@pytest.mark.parametrize(
    ("query", "text"),
    [
        (
            {"a": {1}},
            "The parameter 'a' in the default_query argument must be a string, number, list, dict or None, got set",
        ),
        (
            {"a": [None]},
            "The parameter 'a' in the default_query argument must be a string, number, list, dict or None, "
            "got NoneType",
        ),
        (
            {"a": {"b": {"c": b""}}},
            "The parameter 'a[b][c]' in the default_query argument must be a string, number, list, dict or None, "
            "got bytes",
        ),
        (
            {"a": {1: "b"}},
            "The name in the parameter 'a' in the default_query argument must be a string, got int 1",
        ),
        ({1: "a"}, "The name in the default_query argument must be a string, got int 1"),
        ("a=1", "The default_query argument must be a mapping, got str"),
    ],
)
def test_query_values_of_other_kinds_are_refused(query: object, text: str) -> None:
    assert refusal(default_query=query) == text


def test_merging_compares_header_names_without_case() -> None:
    merged = merge_headers({"User-Agent": "sdk", "Accept": "*/*"}, None, {"user-agent": None, "X-Mine": "1"})

    assert merged == {"user-agent": None, "Accept": "*/*", "X-Mine": "1"}


def test_replacing_keeps_the_rest() -> None:
    settings = resolve(VARIABLES, max_retries=7)

    changed = settings.replace(timeout=None, organization=None)

    assert (changed.timeout, changed.organization, changed.max_retries) == (None, None, 7)
    assert (settings.timeout, settings.organization) == (600.0, "org_1")


def test_replacing_adds_headers_and_query() -> None:
    settings = resolve({}, default_headers={"A": "1", "B": "2"}, default_query={"a": 1})

    changed = settings.replace(default_headers={"a": None, "C": "3"}, default_query={"b": 2})

    assert changed.default_headers == {"a": None, "B": "2", "C": "3"}
    assert changed.default_query == {"a": 1, "b": 2}


def test_replacing_headers_and_query_by_none_clears_them() -> None:
    settings = resolve({}, default_headers={"A": "1"}, default_query={"a": 1})

    changed = settings.replace(default_headers=None, default_query=None)

    assert (changed.default_headers, changed.default_query) == ({}, {})


@pytest.mark.parametrize(
    "change",
    [{"timeout": -1}, {"default_headers": ["A"]}, {"default_query": ["a"]}, {"default_headers": {"A": "\n"}}],
)
def test_replacing_checks_as_strictly(change: dict[str, object]) -> None:
    with pytest.raises(ConfigurationError):
        resolve({}).replace(**change)


@pytest.mark.parametrize(
    "change",
    [
        {"timeout": 60.5},
        {"timeout": None, "deadline": None},
        {"default_headers": {}, "default_query": {}},
        {"default_headers": {"A": ""}},
        {"max_retries": 0, "max_redirects": 0},
    ],
)
def test_replacing_takes_what_a_client_takes(change: dict[str, Any]) -> None:
    changed = resolve({}).replace(**change)
    assert {name: getattr(changed, name) for name in change} == change


@pytest.mark.parametrize(("name", "hint"), [("tiemout", "; did you mean 'timeout'?"), ("zzz", "")])
def test_an_unknown_option_suggests_the_nearest(name: str, hint: str) -> None:
    text = f"() got an unexpected keyword argument '{name}'{hint}"

    for function, call in [("with_options", resolve({}).replace), ("Client", lambda **o: resolve({}, **o))]:
        with pytest.raises(TypeError) as caught:
            call(**{name: 1})
        assert str(caught.value) == function + text


def test_unknown_arguments_of_any_function_are_explained() -> None:
    error = unknown_argument("create", "modle", ["model", "input"])

    assert str(error) == "create() got an unexpected keyword argument 'modle'; did you mean 'model'?"


def test_settings_are_frozen() -> None:
    with pytest.raises(AttributeError):
        resolve({}).timeout = 1.0


def test_the_repr_shows_no_secret() -> None:
    settings = resolve(
        VARIABLES,
        default_headers={"Authorization": "hunter2", "X-Token": "hunter2", "Accept": "*/*", "Cookie": None},
        default_query={"api-key": "hunter2", "api-version": "preview"},
    )

    shown = repr(settings)

    assert "hunter2" not in shown
    assert "api_key='***', auth=None, base_url='http://localhost:1234/v1', websocket_base_url=None" in shown
    assert "{'Authorization': '***', 'X-Token': '***', 'Accept': '*/*', 'Cookie': None}" in shown
    assert "{'api-key': '***', 'api-version': 'preview'}" in shown


def test_the_repr_of_a_way_to_sign_shows_no_secret() -> None:
    @dataclasses.dataclass
    class Mine(httpx.Auth):
        token: str

    assert ", auth='api-key', " in repr(resolve({}, auth="api-key"))
    assert ", auth=None, " in repr(resolve({}))
    shown = repr(resolve({}, auth=Mine("hunter2")))
    assert "Mine" in shown
    assert "hunter2" not in shown


def test_repr_shows_whether_there_is_a_key() -> None:
    assert "api_key=None" in repr(resolve({}))
    assert "api_key='***'" in repr(resolve({}, api_key=lambda: KEY))


def test_headers_are_redacted_for_logs_too() -> None:
    assert redact_headers({"X-Secret": "hunter2"}) == {"X-Secret": "***"}


# --- None


NO_LIMIT = ("timeout", "deadline")
OPTIONS = pytest.mark.parametrize("option", Options.__annotations__)


@OPTIONS
def test_none_is_the_default_of_an_option(option: str) -> None:
    settings, none = resolve({}), cast("Any", {option: None})

    if option == "timeout":
        settings = settings._replace(timeout=None)
    assert resolve({}, **none) == settings
    assert Client(**none)._core.settings == AsyncClient(**none)._core.settings == resolve(**none)


@OPTIONS
def test_none_is_the_default_of_an_option_that_changes(option: str) -> None:
    given: dict[str, Any] = {
        "api_key": KEY,
        "base_url": "https://a.example",
        "max_retries": 7,
        "strict": True,
    }
    settings = resolve({}, **given)

    changed = settings.replace(**cast("Any", {option: None}))
    default = None if option == "timeout" else getattr(resolve({}), option)
    expected = given[option] if option in ("api_key", "base_url") else default
    assert getattr(changed, option) == expected
    assert changed._replace(**{option: getattr(settings, option)}) == settings


@pytest.mark.parametrize("option", ["timeout", "deadline", "max_retries"])
def test_none_for_one_call_is_no_limit_or_the_setting_of_the_client(option: str) -> None:
    settings = resolve({}, timeout=1, deadline=2, max_retries=3)

    called = settings.for_call({option: None})
    assert called == (settings._replace(**{option: None}) if option in NO_LIMIT else settings)


@pytest.mark.parametrize("options", [Options, RequestOptions, SessionOptions])
def test_type_checkers_take_none_for_each_option(options: Any) -> None:
    for name, annotation in options.__annotations__.items():
        assert annotation.__forward_arg__.endswith("| None"), name


@pytest.mark.parametrize(
    ("url", "address"),
    [
        ("wss://a.example/v1/", "https://a.example/v1"),
        ("ws://a.example", "http://a.example"),
        ("https://a.example/v1", "https://a.example/v1"),
        (None, None),
    ],
)
def test_address_for_websockets_is_that_of_a_request(url: str | None, address: str | None) -> None:
    assert resolve({}, websocket_base_url=url).websocket_base_url == address


@pytest.mark.parametrize("url", ["ftp://a.example", 7])
def test_address_for_websockets_is_checked(url: Any) -> None:
    with pytest.raises(ConfigurationError, match="The websocket_base_url argument must be"):
        resolve({}, websocket_base_url=url)
