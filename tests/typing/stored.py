"""Stored responses, conversations and pages, as users write them; checked, not run."""

from typing import assert_type

from responses_client import AsyncClient, AsyncEventStream, AsyncPage, AsyncPager, Client, EventStream, Page
from responses_client.models import (
    CompactedResponse,
    Conversation,
    DeletedConversation,
    DeletedResponse,
    InputTokenCount,
    Item,
    ItemList,
    OutputMessage,
    Response,
    UnknownItem,
)


def responses(client: Client) -> None:
    assert_type(client.responses.retrieve("resp_1"), Response)
    assert_type(client.responses.retrieve("resp_1", stream=False), Response)
    assert_type(client.responses.retrieve("resp_1", stream=True, starting_after=7), EventStream)
    assert_type(client.responses.cancel("resp_1", timeout=5), Response)
    assert_type(client.responses.delete("resp_1"), DeletedResponse)
    compacted = client.responses.compact(model="gpt-5.4", previous_response_id="resp_1")
    assert_type(compacted, CompactedResponse)
    client.responses.create(model="gpt-5.4", input=compacted.output)
    assert_type(client.responses.input_tokens.count(model="gpt-5.4", input="Hi"), InputTokenCount)
    client.responses.retrieve(response_id="resp_1")
    client.responses.retrieve()  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    client.responses.cancel("resp_1", force=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


def pages(client: Client) -> None:
    page = client.responses.input_items.list(
        "resp_1", order="asc", limit=5, include=["reasoning.encrypted_content"]
    )
    assert_type(page, Page[Item])
    assert_type(page.data, list[Item])
    assert_type([*page], list[Item])
    assert_type(page.get_next_page(), Page[Item])
    for item in page:
        assert_type(item, Item)
        match item:
            case OutputMessage():
                print(item.content)
            case UnknownItem():
                print(item.to_dict())
            case _:
                print(item.type)
    for each in page.iter_pages():
        assert_type(each, Page[Item])


def conversations(client: Client) -> None:
    conversation = client.conversations.create(metadata={"a": "b"})
    assert_type(conversation, Conversation)
    assert_type(client.conversations.retrieve(conversation.id), Conversation)
    assert_type(client.conversations.update(conversation.id, metadata=None), Conversation)
    assert_type(client.conversations.delete(conversation.id), DeletedConversation)
    items = client.conversations.items
    assert_type(items.create("conv_1", items=[{"role": "user", "content": "Hi"}]), ItemList)
    assert_type(items.list("conv_1"), Page[Item])
    assert_type(items.retrieve("msg_1", conversation_id="conv_1"), Item)
    assert_type(items.delete("msg_1", conversation_id="conv_1"), Conversation)
    items.retrieve("msg_1")  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def in_async(client: AsyncClient) -> None:
    assert_type(await client.responses.retrieve("resp_1"), Response)
    assert_type(await client.responses.retrieve("resp_1", stream=True), AsyncEventStream)
    pager = client.conversations.items.list("conv_1")
    assert_type(pager, AsyncPager[Item])
    assert_type(await pager, AsyncPage[Item])
    assert_type(await (await pager).get_next_page(), AsyncPage[Item])
    async for item in pager:
        assert_type(item, Item)
    async for page in pager.iter_pages():
        assert_type(page, AsyncPage[Item])
    async for item in await pager:
        assert_type(item, Item)
