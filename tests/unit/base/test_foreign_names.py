"""Names from other APIs and packages: each has an answer, and none is a name of this package."""

from __future__ import annotations

import copy
import inspect
import json
import pickle
import re
import subprocess
import sys
from pathlib import Path
from typing import Any
from unittest.mock import create_autospec

import pytest
from samples import KEY

import responses_client
from responses_client import APIError, AsyncClient, BadRequestError, Client, batch_line
from responses_client._base import foreign_names
from responses_client._base.foreign_names import argument_hint, attribute_hint, export_hint, value_hint
from responses_client._base.options import RequestOptions
from responses_client._calls import endpoints, referred_endpoints
from responses_client._calls.client_options import Options
from responses_client._calls.operation import Operation
from responses_client._calls.pagination import AsyncPage, Page
from responses_client._streaming.streams import AsyncResponseStream, ResponseStream
from responses_client.models import OutputText, Response, ResponseCreateRequest
from responses_client.testing import Server

PUBLISHED = Path(__file__).parents[4] / "shared" / "spec" / "openapi.json"
REQUEST = {*ResponseCreateRequest.model_fields, *RequestOptions.__annotations__}
CLIENT = {*Options.__annotations__, "http_client"}
METHODS = {
    "json",
    "text_format",
    "responses.stream",
    "items",
    "poll_interval",
    "max_concurrency",
    "max_turns",
}
ROWS = {
    "methods": (foreign_names._ARGUMENTS_OF_METHODS, METHODS),
    "requests": (foreign_names._ARGUMENTS_OF_REQUESTS, REQUEST),
    "clients": (foreign_names._OPTIONS_OF_CLIENTS, CLIENT),
}


def names_of(rows: Any) -> list[str]:
    return [name for row in rows for name in row[0].split()]


async def awaited(made: Any) -> Any:
    return await made if inspect.isawaitable(made) else made


def operations() -> list[Operation[Any]]:
    named = {**vars(endpoints), **vars(referred_endpoints)}
    found = [one for one in named.values() if isinstance(one, Operation)]
    return [one for one in found if one.request is not None]


# --- arguments


@pytest.mark.parametrize("kind", ROWS)
def test_each_name_has_one_answer_which_names_what_the_function_takes(kind: str) -> None:
    rows, known = ROWS[kind]
    assert len(names_of(rows)) == len({*names_of(rows)})
    for names, needs, hint in rows:
        assert needs in known
        for target in re.findall(r"as (\w+)(?:,|$)", hint):
            assert target in REQUEST | CLIENT | METHODS | {"query", "content", "text_format"}
        for name in names.split():
            assert argument_hint(name, known) == hint.replace("<name>", name)


@pytest.mark.parametrize("operation", operations(), ids=lambda operation: operation.name)
def test_no_argument_of_a_request_counts_as_foreign(operation: Operation[Any]) -> None:
    model = operation.request_model()
    assert model is not None
    known = {*model.model_fields, *RequestOptions.__annotations__}
    assert [name for name in known if argument_hint(name, known)] == []


def test_no_field_of_the_published_request_counts_as_foreign() -> None:
    if not PUBLISHED.exists():
        pytest.skip(f"there is no published document at {PUBLISHED}")
    schemas = json.loads(PUBLISHED.read_text())["components"]["schemas"]
    names = (
        "CreateModelResponseProperties",
        "ModelResponseProperties",
        "ResponseProperties",
        "CreateResponse",
    )
    parts = [part for name in names for part in (schemas[name], *schemas[name].get("allOf", ()))]
    fields = {field for part in parts for field in part.get("properties", ())}

    assert {"model", "input", "metadata"} <= fields
    assert [name for name in fields if argument_hint(name, REQUEST)] == []


def test_options_of_a_client_are_answered_in_a_request() -> None:
    assert [name for name in sorted(CLIENT - REQUEST) if argument_hint(name, REQUEST) is None] == []


def test_each_option_of_a_client_is_known() -> None:
    assert [name for name in CLIENT - {"http_client"} if argument_hint(name, CLIENT)] == []


def test_answer_needs_the_argument_that_takes_the_place() -> None:
    assert argument_hint("messages", REQUEST) == "pass it as input"
    assert argument_hint("messages", {"stream", "include"}) is None
    assert argument_hint("flavour", REQUEST) is None


@pytest.mark.parametrize("name", ["maxTokens", "max_tokens", "MaxTokens", "_max_tokens"])
def test_spelling_of_other_languages_counts_as_the_same_name(name: str) -> None:
    assert argument_hint(name, REQUEST) == "pass it as max_output_tokens"


@pytest.mark.parametrize("make", [Server.client, Server.async_client])
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("messages", "pass it as input"),
        ("system_prompt", "pass it as instructions"),
        ("max_completion_tokens", "pass it as max_output_tokens"),
        ("json_schema", "pass a type to responses.parse"),
        ("reasoning_effort", "pass reasoning={'effort': ...}"),
        ("n", "one request has one response; send several with responses.map"),
        ("seed", "the Responses API does not have it; a server that has it takes extra_body={'seed': ...}"),
        ("temprature", "did you mean 'temperature'? (extra_body takes"),
    ],
)
async def test_every_way_to_send_a_request_answers_by_name(make: Any, name: str, hint: str) -> None:
    text = re.escape(f"got an unexpected keyword argument {name!r}; {hint}")
    arguments: Any = {"model": "m", "input": "Hi", name: 1}
    with Server() as server:
        responses = make(server).responses
        for method in (responses.create, responses.stream, responses.run, responses.parse):
            options = {"text_format": int} if method == responses.parse else {}
            with pytest.raises(TypeError, match=text):
                await awaited(method(**arguments, **options))
        with pytest.raises(TypeError, match=text):
            batch_line("1", **arguments)
        (result,) = await awaited(responses.map([arguments]).all())
        assert re.search(text, str(result.error))
        assert server.requests == []


@pytest.mark.parametrize("make", [Server.client, Server.async_client])
@pytest.mark.parametrize(
    ("method", "name", "hint"),
    [
        *[
            (f"responses.{each}", "response_format", "pass it as text_format")
            for each in ("parse", "stream", "run")
        ],
        ("responses.create", "response_format", "pass a type to responses.parse"),
        (
            "responses.stream",
            "response_id",
            "responses.retrieve(response_id, stream=True, starting_after=...)",
        ),
        ("responses.create", "response_id", "pass it as previous_response_id"),
        ("responses.run", "max_steps", "pass it as max_turns"),
        ("responses.run_stream", "max_iterations", "pass it as max_turns"),
        ("responses.create", "max_steps", "it is max_turns of responses.run"),
        ("conversations.create", "messages", "pass it as items"),
        ("conversations.create", "input", "pass it as items"),
    ],
)
async def test_methods_answer_by_what_they_take_and_name_themselves(
    make: Any, method: str, name: str, hint: str
) -> None:
    resource, _, function = method.partition(".")
    text = re.escape(f"{method}() got an unexpected keyword argument {name!r}; {hint}")
    with Server() as server, pytest.raises(TypeError, match=f"^{text}"):
        await awaited(getattr(getattr(make(server), resource), function)(**{name: 1}))


@pytest.mark.parametrize("make", [Server.client, Server.async_client])
@pytest.mark.parametrize(
    ("method", "given", "name", "hint"),
    [
        ("wait", "resp_1", "interval", "pass it as poll_interval, in seconds"),
        ("wait", "resp_1", "polll_interval", "did you mean 'poll_interval'?"),
        ("resume", {"response_id": "resp_1", "sequence_number": 1}, "includes", "did you mean 'include'?"),
        ("map", [], "concurrency", "pass it as max_concurrency"),
        ("map", [], "orderd", "did you mean 'ordered'?"),
    ],
)
async def test_methods_that_send_later_or_often_answer_too(
    make: Any, method: str, given: Any, name: str, hint: str
) -> None:
    text = re.escape(f"responses.{method}() got an unexpected keyword argument {name!r}; {hint}")
    with Server() as server:
        with pytest.raises(TypeError, match=f"^{text}"):
            await awaited(getattr(make(server).responses, method)(given, **{name: 1}))
        assert server.requests == []


@pytest.mark.parametrize("make", [Server.client, Server.async_client])
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("body", "pass it as json"),
        ("json_data", "pass it as json"),
        ("params", "pass it as query"),
        ("data", "pass the body as content, and its media type as extra_headers={'Content-Type': ...}"),
        ("files", "pass a form that httpx has written as content; see 'Uploads' in docs/other-endpoints.md"),
        ("options", "pass its fields, such as timeout, as arguments of their own"),
        ("stream_cls", "answers are read as a whole; see 'Streams' in docs/other-endpoints.md"),
    ],
)
async def test_other_endpoints_answer_by_name(make: Any, name: str, hint: str) -> None:
    text = re.escape(f"client.request() got an unexpected keyword argument {name!r}; {hint}")
    with Server() as server, pytest.raises(TypeError, match=f"^{text}$"):
        await awaited(make(server).request("POST", "files", **{name: 1}))


def test_pages_that_answers_name_have_such_sections() -> None:
    docs = Path(foreign_names.__file__).parents[2] / "docs"
    answers = [hint for _, _, hint in foreign_names._ARGUMENTS_OF_METHODS]
    named = re.findall(r"'(\w+)' in docs/([\w-]+\.md)", "\n".join(answers))
    assert len(named) == 2
    for section, page in named:
        assert f"\n## {section}\n" in (docs / page).read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", [Client, AsyncClient])
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("azure_endpoint", "pass base_url='https://NAME.openai.azure.com/openai/v1'"),
        ("proxies", "pass http_client=httpx.Client(proxy=...), or an httpx.AsyncClient to AsyncClient"),
        ("verify", "pass http_client=httpx.Client(verify=...), or an httpx.AsyncClient to AsyncClient"),
        ("organization_id", "pass it as organization"),
        ("model", "pass it to each request"),
        ("http_clien", "did you mean 'http_client'?"),
    ],
)
def test_client_answers_by_name(kind: Any, name: str, hint: str) -> None:
    with pytest.raises(TypeError, match=re.escape(f"argument {name!r}; {hint}")):
        kind(**{name: 1})


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_copy_takes_no_connections(kind: Any) -> None:
    with pytest.raises(TypeError, match="'http_client'; a copy uses the connections of its client"):
        kind(api_key=KEY).with_options(http_client=None)


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("prompt", "got str 'Hi'; pass the text as input; prompt is a stored template"),
        ("reasoning", "got str 'Hi'; write reasoning={'effort': ...}"),
        ("text", "got str 'Hi'; write text={'verbosity': ...}"),
    ],
)
def test_string_in_place_of_an_object_is_answered(name: str, hint: str) -> None:
    given: Any = {name: "Hi"}
    with pytest.raises(ValueError, match=re.escape(hint)):
        Client(api_key=KEY).responses.create(model="m", **given)
    assert value_hint("metadata") is None


# --- attributes

OBJECTS: dict[str, list[Any]] = {
    "client": [Client(api_key=KEY), AsyncClient(api_key=KEY)],
    "resource": [
        Client(api_key=KEY).responses,
        AsyncClient(api_key=KEY).responses,
        Client(api_key=KEY).responses.input_items,
        AsyncClient(api_key=KEY).conversations,
    ],
    "stream": [ResponseStream.__new__(ResponseStream), AsyncResponseStream.__new__(AsyncResponseStream)],
    "page": [Page.__new__(Page), AsyncPage.__new__(AsyncPage)],
    "response": [Response(id="resp_1")],
    "text": [OutputText(text="Hi")],
    "error": [APIError("No."), BadRequestError("No.", status_code=400)],
}
PRESENT = {(AsyncClient, "aclose")}
ATTRIBUTES = [
    (each, name)
    for kind, rows in foreign_names._ATTRIBUTES.items()
    for name in names_of(rows)
    for each in OBJECTS[kind]
    if (type(each), name) not in PRESENT
]


@pytest.fixture(autouse=True)
def no_source(monkeypatch: pytest.MonkeyPatch) -> None:
    """Streams of these tests have no source to be closed at their end."""
    for kind in (ResponseStream, AsyncResponseStream):
        monkeypatch.setattr(kind, "__del__", lambda _: None, raising=False)


def test_every_kind_of_object_is_tried() -> None:
    assert OBJECTS.keys() == foreign_names._ATTRIBUTES.keys()


@pytest.mark.parametrize(
    ("thing", "name"), ATTRIBUTES, ids=lambda value: value if isinstance(value, str) else type(value).__name__
)
def test_attribute_of_another_package_is_missing_and_answered(thing: Any, name: str) -> None:
    assert not hasattr(thing, name)
    with pytest.raises(AttributeError, match=f"^'{type(thing).__name__}' object has no attribute '{name}'; "):
        getattr(thing, name)


def test_value_of_a_response_or_a_text_that_was_not_parsed_is_answered() -> None:
    assert attribute_hint("response", "output_parsed") == (
        "create the response by responses.parse, or use response.parse(City)"
    )
    assert attribute_hint("text", "parsed") == "use response.output_parsed, of responses.parse and stream"


def test_answers_name_what_takes_the_place() -> None:
    assert attribute_hint("client", "copy") == "use client.with_options(...)"
    assert attribute_hint("client", "timeout") == (
        "clients do not show their options; client.with_options(timeout=...) changes one"
    )
    assert attribute_hint("resource", "copy") is None


@pytest.mark.parametrize(
    "each", [thing for things in OBJECTS.values() for thing in things], ids=lambda each: type(each).__name__
)
def test_any_other_attribute_is_missing_as_usual(each: Any) -> None:
    with pytest.raises(AttributeError, match=r"^'[A-Za-z]+' object has no attribute 'flavour'$"):
        print(each.flavour)


def test_error_of_a_property_is_not_replaced() -> None:
    class TeamClient(Client):
        @property
        def team(self) -> str:
            return self.flavour

    with pytest.raises(AttributeError, match="has no attribute 'flavour'"):
        print(TeamClient(api_key=KEY).team)


@pytest.mark.parametrize("kind", [Client, AsyncClient])
def test_clients_are_copied_pickled_and_mocked_as_before(kind: Any) -> None:
    client = kind(api_key=KEY)
    for each in (copy.copy(client), copy.deepcopy(client), pickle.loads(pickle.dumps(client))):
        assert type(each) is kind
    assert not hasattr(create_autospec(client), "with_raw_response")
    assert not hasattr(create_autospec(kind), "copy")
    assert "copy" not in dict(inspect.getmembers(client))


def test_unknown_fields_of_a_response_stay_attributes() -> None:
    given = Response.from_dict({"id": "resp_1", "choices": [1], "flavour": "mint"})
    for each in (given, copy.deepcopy(given), pickle.loads(pickle.dumps(given))):
        assert (each.choices, each.flavour, each.meta) == ([1], "mint", None)


# --- names of the package


EXPORTS = names_of(foreign_names._EXPORTS)


@pytest.mark.parametrize("name", EXPORTS)
def test_name_that_the_package_does_not_export_is_answered(name: str) -> None:
    hint = export_hint(name)
    assert hint is not None
    assert not hasattr(responses_client, name)
    assert name not in dir(responses_client)
    with pytest.raises(
        AttributeError, match=re.escape(f"module 'responses_client' has no attribute {name!r}; {hint}")
    ):
        getattr(responses_client, name)
    with pytest.raises(
        ImportError, match=re.escape(f"cannot import name {name!r} from 'responses_client'; {hint}")
    ):
        exec(f"from responses_client import {name}")


def test_any_other_name_cannot_be_imported_as_usual() -> None:
    assert export_hint("Flavour") is None
    with pytest.raises(AttributeError, match=r"^module 'responses_client' has no attribute 'Flavour'$"):
        responses_client.Flavour  # noqa: B018  # reading it raises
    with pytest.raises(ImportError, match=r"^cannot import name 'Flavour' from 'responses_client' \("):
        exec("from responses_client import Flavour")


def test_answers_name_what_the_package_exports() -> None:
    named = {name for _, hint in foreign_names._EXPORTS for name in re.findall(r"\buse ([A-Z]\w+)", hint)}
    assert named <= {*responses_client.__all__}
    assert {"Client", "AsyncClient", "EventStream", "WebhookSignatureError"} <= named


def test_names_are_loaded_only_for_errors() -> None:
    script = (
        "import copy, sys\nfrom responses_client import Client\nclient = Client(api_key='k')\n"
        "client.responses\ncopy.copy(client)\nassert 'responses_client._base.foreign_names' not in sys.modules\n"
        "assert not hasattr(client, 'copy')\nassert 'responses_client._base.foreign_names' in sys.modules\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True, timeout=60)
