"""`client.request`: the result has the type that `cast_to` names."""

from dataclasses import dataclass
from typing import Any, assert_type

from pydantic import BaseModel, TypeAdapter
from typing_extensions import TypedDict

from responses_client import AsyncClient, Client, RawAnswer, ResponseMeta
from responses_client.models import Response


class File(BaseModel):
    id: str


class FileDict(TypedDict):
    id: str


@dataclass
class FileData:
    id: str


def an_answer_is_a_dict_by_default(client: Client) -> None:
    assert_type(client.request("GET", "models"), dict[str, Any])
    assert_type(client.request("GET", "models", cast_to=dict[str, int]), dict[str, int])
    assert_type(client.request("POST", "files", json={"a": [1]}, query={"b": ["c"]}), dict[str, Any])


def an_answer_has_the_type_that_is_asked_for(client: Client) -> None:
    assert_type(client.request("GET", "files/a", cast_to=File), File)
    assert_type(client.request("GET", "files/a", cast_to=FileDict), FileDict)
    assert_type(client.request("GET", "files/a", cast_to=FileData), FileData)
    assert_type(client.request("GET", "files", cast_to=list[File]), list[File])
    assert_type(client.request("GET", "files", cast_to=TypeAdapter(list[File])), list[File])
    assert_type(client.request("GET", "files", cast_to=list[Any]), list[Any])
    assert_type(client.request("GET", "files", cast_to=File | FileData), File | FileData)
    assert_type(client.request("GET", "responses/a", cast_to=Response), Response)
    assert_type(client.request("GET", "files/a/content", cast_to=bytes), bytes)
    assert_type(client.request("GET", "files/a/content", cast_to=str), str)
    client.request("DELETE", "files/a", cast_to=None)


def a_raw_answer_has_body_and_facts(client: Client) -> None:
    answer = client.request("GET", "files/a/content", cast_to=RawAnswer, max_retries=0)
    assert_type(answer, RawAnswer)
    assert_type(answer.content, bytes)
    assert_type(answer.text, str)
    assert_type(answer.meta, ResponseMeta)
    assert_type(answer.status_code, int)


async def an_async_client_awaits_it(client: AsyncClient) -> None:
    assert_type(await client.request("GET", "models"), dict[str, Any])
    assert_type(await client.request("GET", "files/a", cast_to=File, timeout=3), File)


def mistakes_are_found(client: Client) -> None:
    client.request("GET", "models", jsn={})  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]
    client.request("GET", "models", content=3)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue, reportArgumentType]
