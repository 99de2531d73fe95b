"""The official clients over ours: to type checkers they are official clients."""

from __future__ import annotations

from typing import assert_type

import openai
from openai.types.responses import Response

from responses_client import AsyncClient, Client
from responses_client.openai import AsyncOpenAI, OpenAI


def takes_official(client: openai.OpenAI) -> Response:
    return client.responses.create(model="gpt-5.4", input="Hi")


def sync(client: Client) -> None:
    official = OpenAI(client=client, max_retries=1, timeout=None, project="proj_1")
    assert_type(takes_official(official), Response)
    assert_type(official.with_options(timeout=5), OpenAI)
    assert_type(official.responses_client, Client)
    OpenAI(client=AsyncClient())  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType] # of the other kind


async def asynchronous(client: AsyncClient) -> None:
    official = AsyncOpenAI(client=client)
    assert_type(await official.responses.create(model="gpt-5.4", input="Hi"), Response)
    assert_type(official.responses_client, AsyncClient)
