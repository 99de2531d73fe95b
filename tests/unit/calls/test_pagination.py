"""Pages, the iteration over them, and servers with lists that would never end."""

from __future__ import annotations

import json
from typing import Any, TypeVar

import anyio
import httpx
import pytest
from samples import KEY

from responses_client import AsyncClient, Client, NotFoundError, RequestValidationError
from responses_client._calls.pagination import AsyncPage, Page
from responses_client.errors import ResponseValidationError
from responses_client.models import Item

T = TypeVar("T")


def message(number: int) -> dict[str, Any]:
    content = [{"type": "input_text", "text": f"Message {number}"}]
    return {"id": f"msg_{number}", "type": "message", "role": "user", "content": content}


def page(*numbers: int, more: bool | None = False, **fields: Any) -> dict[str, Any]:
    ids = [f"msg_{number}" for number in numbers]
    ends = {"first_id": ids[0], "last_id": ids[-1]} if ids else {}
    return {"object": "list", "data": [message(n) for n in numbers], "has_more": more, **ends, **fields}


class Server:
    """Answers with pages by the cursor that is asked for, None for the first."""

    def __init__(self, pages: dict[str | None, dict[str, Any]]) -> None:
        self.pages = pages
        self.queries: list[dict[str, str]] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        query = dict(request.url.params)
        self.queries.append(query)
        found = self.pages.get(query.get("after"))
        return httpx.Response(404 if found is None else 200, json=found or {"error": {"message": "no such"}})

    def client(self) -> Client:
        transport = httpx.MockTransport(self.answer)
        return Client(api_key=KEY, http_client=httpx.Client(transport=transport))

    def async_client(self) -> AsyncClient:
        transport = httpx.MockTransport(self.answer)
        return AsyncClient(api_key=KEY, http_client=httpx.AsyncClient(transport=transport))

    def page(self, **params: Any) -> Page[Item]:
        return self.client().responses.input_items.list("resp_1", **params)


class Walk:
    """Walks over lists in one mode."""

    def __init__(self, backend: str) -> None:
        self.backend = backend

    def ids(self, server: Server, **params: Any) -> list[str | None]:
        """Ids of all items of all pages."""
        if self.backend == "sync":
            return [item.id for item in server.page(**params)]

        async def walk() -> list[str | None]:
            pager = server.async_client().responses.input_items.list("resp_1", **params)
            return [item.id async for item in pager]

        return anyio.run(walk, backend=self.backend)

    def pages(self, server: Server, start_at_page: bool = True) -> list[list[str | None]]:
        """Ids of the items of each page."""
        if self.backend == "sync":
            return [[item.id for item in page.data] for page in server.page().iter_pages()]

        async def walk() -> list[list[str | None]]:
            pager = server.async_client().responses.input_items.list("resp_1")
            pages = (await pager).iter_pages() if start_at_page else pager.iter_pages()
            return [[item.id for item in page.data] async for page in pages]

        return anyio.run(walk, backend=self.backend)


@pytest.fixture(params=["sync", "asyncio", "trio"])
def walk(request: pytest.FixtureRequest) -> Walk:
    return Walk(request.param)


THREE = {
    None: page(1, 2, more=True),
    "msg_2": page(3, 4, more=True),
    "msg_4": page(5),
}


def test_iteration_goes_through_all_pages(walk: Walk) -> None:
    server = Server(THREE)

    assert walk.ids(server, limit=2, order="asc") == ["msg_1", "msg_2", "msg_3", "msg_4", "msg_5"]
    rest = {"limit": "2", "order": "asc"}
    assert server.queries == [rest, {**rest, "after": "msg_2"}, {**rest, "after": "msg_4"}]


@pytest.mark.parametrize("start_at_page", [True, False])
def test_pages_one_by_one(walk: Walk, start_at_page: bool) -> None:
    found = walk.pages(Server(THREE), start_at_page)

    assert found == [["msg_1", "msg_2"], ["msg_3", "msg_4"], ["msg_5"]]


def test_empty_list(walk: Walk) -> None:
    assert walk.ids(Server({None: page()})) == []


def test_empty_page_in_between(walk: Walk) -> None:
    pages = {None: page(1, more=True), "msg_1": page(more=True, last_id="msg_7"), "msg_7": page(8)}

    assert walk.ids(Server(pages)) == ["msg_1", "msg_8"]


# How a server does not say whether there is more.
SILENT: dict[str, dict[str, Any]] = {
    "null": {"has_more": None, "last_id": "msg_1"},
    "null without last_id": {"has_more": None},
    "absent": {"last_id": "msg_1"},
    "absent without last_id": {},
}


@pytest.mark.parametrize("silent", SILENT.values(), ids=SILENT)
def test_server_that_does_not_say_whether_there_is_more_is_asked(walk: Walk, silent: dict[str, Any]) -> None:
    server = Server(
        {None: {"data": [message(1)], **silent}, "msg_1": page(2, more=None), "msg_2": {"data": []}}
    )

    assert walk.ids(server) == ["msg_1", "msg_2"]
    assert walk.pages(server) == [["msg_1"], ["msg_2"], []]


@pytest.mark.parametrize("silent", SILENT.values(), ids=SILENT)
def test_list_without_pages_is_given_out_once_with_a_warning(
    walk: Walk, silent: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    whole = {"data": [message(0), message(1)], **silent}

    assert walk.ids(Server({None: whole, "msg_1": whole})) == ["msg_0", "msg_1"]
    assert walk.pages(Server({None: whole, "msg_1": whole})) == [["msg_0", "msg_1"]]
    assert (
        caplog.messages
        == [
            "The server does not say whether a list continues (has_more), and sends the same page again: it ends here"
        ]
        * 2
    )


def test_list_that_cannot_be_continued_ends_with_a_warning(
    walk: Walk, caplog: pytest.LogCaptureFixture
) -> None:
    unnamed = {name: value for name, value in message(1).items() if name != "id"}

    assert walk.ids(Server({None: {"data": [unnamed]}})) == [None]
    assert caplog.messages == [
        "The server does not say whether a list continues (has_more), nor where: it ends here"
    ]


def test_steps_through_a_list_without_pages_end_too() -> None:
    whole = {"data": [message(1)]}
    first = Server({None: whole, "msg_1": whole}).page()

    assert repr(first) == "<Page of 1, more may follow>"
    assert first.has_next_page()
    assert not first.get_next_page().has_next_page()
    assert not Server({None: {"data": []}}).page().has_more


@pytest.mark.parametrize("said", ["false", "true", "", 0, 1, [], {}])
@pytest.mark.parametrize("fields", [{}, {"last_id": None}], ids=["last_id", "no last_id"])
def test_malformed_flag_is_an_error_when_the_items_of_the_page_are_read(
    walk: Walk, said: object, fields: dict[str, Any]
) -> None:
    server = Server({None: page(1, 2, has_more=said, **fields)})

    with pytest.raises(
        ResponseValidationError, match="says neither that the list continues nor that it ends"
    ) as caught:
        walk.ids(server)

    assert (caught.value.path, caught.value.body["has_more"]) == ("has_more", said)
    assert "base_url" not in str(caught.value)
    things = iter(server.page())
    assert [next(things).id, next(things).id] == ["msg_1", "msg_2"]


def test_malformed_flag_ends_no_loop_over_pages_either() -> None:
    first = Server({None: page(1, has_more="false")}).page()

    assert repr(first) == "<Page of 1, more may follow>"
    for step in (first.has_next_page, first.get_next_page, first.next_cursor, lambda: first.has_more):
        with pytest.raises(ResponseValidationError, match="has_more"):
            step()


def test_cursor_is_the_last_id_of_the_page_where_the_server_names_none(walk: Walk) -> None:
    pages = {None: page(1, 2, more=True, last_id=None), "msg_2": page(3)}

    assert walk.ids(Server(pages)) == ["msg_1", "msg_2", "msg_3"]


ENDLESS: dict[str, tuple[dict[str | None, dict[str, Any]], str]] = {
    "no cursor": ({None: page(more=True)}, "it gives neither a last_id nor ids"),
    "same cursor at once": (
        {None: page(1, more=True), "msg_1": page(1, more=True)},
        "gives the same cursor again, 'msg_1'",
    ),
    "loop": (
        {None: page(1, more=True), "msg_1": page(2, more=True), "msg_2": page(1, more=True)},
        "leads back to 'msg_1', which was listed before",
    ),
}


@pytest.mark.parametrize(("pages", "message"), ENDLESS.values(), ids=ENDLESS)
def test_list_without_an_end_is_an_error(
    walk: Walk, pages: dict[str | None, dict[str, Any]], message: str
) -> None:
    with pytest.raises(ResponseValidationError, match=message) as caught:
        walk.ids(Server(pages))

    assert caught.value.path == "last_id"
    assert caught.value.body["has_more"] is True


@pytest.mark.parametrize("more", ["false", True])
def test_key_that_a_page_repeats_is_not_in_the_error_about_it(walk: Walk, more: object) -> None:
    pages = page(1, has_more=more, first_id=KEY, last_id=KEY)
    with pytest.raises(ResponseValidationError, match="has_more") as caught:
        walk.ids(Server({None: pages, KEY: pages}))

    assert caught.value.body["data"] == [message(1)]
    assert KEY not in f"{caught.value!r} {caught.value.body}"


def test_cursor_of_the_caller_that_comes_back_is_an_error(walk: Walk) -> None:
    with pytest.raises(ResponseValidationError, match="the same cursor again"):
        walk.ids(Server({"msg_1": page(1, more=True)}), after="msg_1")


def test_walk_never_comes_back_to_where_the_caller_started() -> None:
    server = Server({"A": page(2, more=True, last_id="B"), "B": page(3, more=True, last_id="A")})
    things = iter(server.page(after="A"))

    assert [next(things).id, next(things).id] == ["msg_2", "msg_3"]
    with pytest.raises(ResponseValidationError, match="leads back to 'A'"):
        next(things)


def test_malformed_cursors_are_not_used() -> None:
    with pytest.raises(ResponseValidationError, match="neither a last_id nor ids"):
        Server(
            {None: {"data": [{**message(1), "id": 5}], "has_more": True, "last_id": 7}}
        ).page().get_next_page()


def test_page_shows_its_items_and_the_answer() -> None:
    server = Server(THREE)
    first = server.page()

    assert (first.first_id, first.last_id, first.has_more) == ("msg_1", "msg_2", True)
    assert (
        first.to_dict() == THREE[None] == json.loads(first.to_json()) == json.loads(first.to_json(indent=2))
    )
    assert "\n  " in first.to_json(indent=2)
    assert first.meta is not None
    assert first.meta.status_code == 200
    assert first.request_id is first.meta.request_id
    assert repr(first) == "<Page of 2, more follow>"
    assert first.has_next_page()
    second = first.get_next_page()
    assert [item.id for item in second.data] == ["msg_3", "msg_4"]
    assert repr(second.get_next_page()) == "<Page of 1, the last>"
    assert first.get_next_page().to_dict() == second.to_dict()


def test_last_page_has_no_next() -> None:
    last = Server({None: page(1)}).page()

    assert not last.has_next_page()
    with pytest.raises(RuntimeError, match="This is the last page"):
        last.get_next_page()


def test_async_page_shows_its_items_and_the_answer() -> None:
    async def scenario() -> AsyncPage[Item]:
        client = Server(THREE).async_client()
        first = await client.conversations.items.list("conv_1")
        assert [item.id async for item in first] == ["msg_1", "msg_2", "msg_3", "msg_4", "msg_5"]
        return await first.get_next_page()

    second = anyio.run(scenario)
    assert second.to_dict() == THREE["msg_2"]
    assert repr(second) == "<AsyncPage of 2, more follow>"


def test_iteration_that_is_left_early_asks_for_no_more(walk: Walk) -> None:
    server = Server(THREE)
    if walk.backend == "sync":
        assert next(iter(server.page())).id == "msg_1"
    else:

        async def first() -> str | None:
            async for item in server.async_client().responses.input_items.list("resp_1"):
                return item.id
            return None

        assert anyio.run(first, backend=walk.backend) == "msg_1"
    assert len(server.queries) == 1


@pytest.mark.parametrize(
    "pages", [THREE, {None: {"data": [message(1)] * 5}, "msg_1": {"data": [message(1)]}}]
)
def test_iteration_that_has_ended_stays_so(pages: dict[str | None, dict[str, Any]]) -> None:
    server = Server(pages)

    async def scenario() -> None:
        things = server.async_client().responses.input_items.list("resp_1").__aiter__()
        assert len([item async for item in things]) == 5
        count = len(server.queries)
        assert [item async for item in things] == []
        assert len(server.queries) == count

    anyio.run(scenario)


def test_errors_come_as_they_are(walk: Walk) -> None:
    with pytest.raises(NotFoundError):
        walk.ids(Server({}))
    with pytest.raises(NotFoundError):
        walk.ids(Server({None: page(1, more=True)}))


def test_wrong_arguments_are_refused_at_the_call() -> None:
    server = Server(THREE)
    with pytest.raises(RequestValidationError, match="limit"):
        server.page(limit=0)
    with pytest.raises(RequestValidationError, match="response_id"):
        server.async_client().responses.input_items.list("")
    assert server.queries == []
