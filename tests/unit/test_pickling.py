"""Pickles and copies of clients, pages and results, as worker processes receive and return them."""

from __future__ import annotations

import copy
import json
import pickle
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from multiprocessing import get_context
from typing import Any

import cloudpickle
import httpx
import pytest
from callers import Caller
from samples import KEY, response

from responses_client import AsyncClient, AuthenticationError, Client, ConfigurationError
from responses_client._base.api_keys import KeyFunction
from responses_client._calls.settings import Settings
from responses_client._transport.protocols import run

CLIENTS = (Client, AsyncClient)
HTTP_CLIENTS: dict[type[Any], type[Any]] = {Client: httpx.Client, AsyncClient: httpx.AsyncClient}


def pickled(thing: Any) -> Any:
    return pickle.loads(pickle.dumps(thing))


def give_key() -> tuple[str, float]:
    """A key that never expires; pickles need a function of a module."""
    return KEY, 9e9


class Mine(Client):
    """A client with an attribute of its own."""

    team = "nobody's"


COPIES: dict[str, Callable[[Any], Any]] = {"pickle": pickled, "deepcopy": copy.deepcopy}
COPY = pytest.mark.parametrize("duplicate", COPIES.values(), ids=COPIES)


# --- clients


@COPY
@pytest.mark.parametrize("kind", CLIENTS)
def test_copy_of_a_client_has_its_settings_and_connections_of_its_own(
    kind: Any, duplicate: Callable[[Any], Any]
) -> None:
    client = kind(
        api_key=KEY,
        base_url="http://api.test/v1",
        timeout=httpx.Timeout(3),
        default_headers={"X-Team": "docs", "User-Agent": None},
        default_query={"v": [1, 2]},
        auth=httpx.BasicAuth("me", "password"),
        max_retries=7,
    )
    resources = client.responses, client.conversations, client.webhooks
    twin = duplicate(client)

    assert type(twin) is kind
    changes = {"auth": None}
    assert twin._core.settings._replace(**changes) == client._core.settings._replace(**changes)
    assert type(twin._core.settings) is Settings
    assert type(twin._core.settings.auth) is httpx.BasicAuth
    assert twin._core.io is not client._core.io
    assert not {twin.responses, twin.conversations, twin.webhooks} & {*resources}


def test_shallow_copy_shares_the_connections() -> None:
    client = Client(api_key=KEY)
    resources = client.responses
    twin = copy.copy(client)
    twin.close()

    assert twin._core.io is client._core.io
    assert twin.responses is not resources
    assert (twin.is_closed, client.is_closed) == (True, False)


@COPY
@pytest.mark.parametrize("kind", CLIENTS)
def test_copy_of_a_client_from_with_options_closes_its_own_connections(
    kind: Any, duplicate: Callable[[Any], Any]
) -> None:
    twin = duplicate(kind(api_key=KEY).with_options(max_retries=0))

    assert (twin._core.settings.max_retries, twin._core._is_copy) == (0, False)


@COPY
def test_copy_of_a_closed_client_is_closed(duplicate: Callable[[Any], Any]) -> None:
    client = Client(api_key=KEY)
    other = client.with_options()
    client.close()

    for closed in (client, other):
        with pytest.raises(RuntimeError, match="is closed"):
            duplicate(closed).responses.create(model="m", input="Hi")


@COPY
@pytest.mark.parametrize("kind", CLIENTS)
def test_function_for_the_key_is_pickled_without_its_last_key(
    kind: Any, duplicate: Callable[[Any], Any]
) -> None:
    client = kind(api_key=give_key)
    client._core.settings.api_key.keep(KEY, 9e9, 0.0)
    key = duplicate(client)._core.settings.api_key

    assert isinstance(key, KeyFunction)
    assert key.function is give_key
    assert key.kept(0.0, None) is None
    assert KEY.encode() not in pickle.dumps(client)


@pytest.mark.parametrize("kind", CLIENTS)
def test_key_is_in_the_pickle_and_not_in_the_repr(kind: Any) -> None:
    client = kind(api_key=KEY)

    assert KEY.encode() in pickle.dumps(client)
    assert KEY not in repr(pickled(client))


def test_function_outside_a_module_is_named_by_pickle() -> None:
    with pytest.raises((pickle.PicklingError, AttributeError), match="lambda"):
        pickle.dumps(Client(api_key=lambda: KEY))


@COPY
@pytest.mark.parametrize("kind", CLIENTS)
@pytest.mark.parametrize("is_changed", [False, True])
def test_client_with_an_http_client_cannot_be_copied(
    kind: Any, duplicate: Callable[[Any], Any], is_changed: bool
) -> None:
    client = kind(api_key=KEY, http_client=HTTP_CLIENTS[kind]())
    with pytest.raises(
        ConfigurationError, match=f"This {kind.__name__} was given an http_client, which cannot"
    ):
        duplicate(client.with_options(max_retries=1) if is_changed else client)


@COPY
def test_attributes_of_a_derived_class_are_copied(duplicate: Callable[[Any], Any]) -> None:
    client = Mine(api_key=KEY)
    client.team = "docs"
    twin = duplicate(client)

    assert (type(twin), twin.team, twin._core.settings) == (Mine, "docs", client._core.settings)


@pytest.mark.parametrize("kind", CLIENTS)
def test_client_and_its_resource_share_connections_after_unpickling(kind: Any) -> None:
    client = kind(api_key=KEY)
    twin, resource = pickled((client, client.responses))

    assert resource._core is twin._core
    assert twin.responses._core is twin._core


# --- results


@pytest.mark.parametrize("duplicate", [*COPIES.values(), copy.copy], ids=[*COPIES, "copy"])
def test_copy_of_a_page_has_its_items_and_no_client(caller: Caller, duplicate: Callable[[Any], Any]) -> None:
    items = [{"role": "user", "content": str(number)} for number in range(3)]
    conversation = caller(lambda client: client.conversations.create(items=items))

    async def first(client: AsyncClient) -> Any:
        return await client.conversations.items.list(conversation.id, limit=2)

    page = caller.run(lambda client: client.conversations.items.list(conversation.id, limit=2), first)
    twin = duplicate(page)

    assert type(twin) is type(page)
    assert (twin.data, twin.meta, twin.to_dict()) == (page.data, page.meta, page.to_dict())
    assert twin.has_next_page()
    assert b"test-key" not in pickle.dumps(page)
    cursor = page.next_cursor()
    text = f"This page is a copy without a client: call list again with after='{cursor}' for the next page"
    with pytest.raises(RuntimeError) as caught:
        twin._fetch_after(cursor)
    assert str(caught.value) == text


def test_response_and_its_attributes_can_be_pickled(caller: Caller) -> None:
    answer = caller(lambda client: client.responses.create(model="m", input="Hi"))

    assert pickled(answer) == answer
    assert pickled(answer).meta == answer.meta
    assert [pickled(item) for item in answer.as_input(store=False)] == answer.as_input(store=False)


# --- worker processes


class _Answers(BaseHTTPRequestHandler):
    """A server that answers 200 if the key is right, else 401."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        is_known = self.headers["authorization"] == f"Bearer {KEY}"
        answer = response() if is_known else {"error": {"message": "Who are you?"}}
        body = json.dumps(answer).encode()
        self.send_response(200 if is_known else 401)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *values: object) -> None:
        pass


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Answers) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
        server.shutdown()
        thread.join()


@pytest.mark.parametrize("dump", [pickle.dumps, cloudpickle.dumps])
@pytest.mark.parametrize(("name", "options"), [("create", {}), ("parse", {"text_format": str})])
def test_method_of_a_resource_can_be_pickled(
    address: str, dump: Callable[[Any], bytes], name: str, options: dict[str, Any]
) -> None:
    with Client(api_key=KEY, base_url=address) as client:
        method = pickle.loads(dump(getattr(client.responses, name)))

    assert method(model="m", input="Hi", **options).output_text == "Hello"
    run(method.__self__._core.close())


def test_worker_processes_take_clients_and_give_results_and_errors_back(address: str) -> None:
    client = Client(api_key=KEY, base_url=address)
    stranger = client.with_options(api_key="sk-of-nobody")
    question: Any = {"model": "m", "input": "Hi"}
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool, client:
        answer = pool.submit(client.responses.create, **question).result(60)
        with pytest.raises(AuthenticationError, match="Who are you") as caught:
            pool.submit(stranger.responses.create, **question).result(60)

    assert answer.output_text == "Hello"
    assert answer.meta is not None
    assert (answer.meta.status_code, caught.value.status_code) == (200, 401)
