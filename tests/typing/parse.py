"""Structured output, as type checkers see it."""

from dataclasses import dataclass
from enum import Enum
from typing import Annotated, Any, Generic, Literal, NamedTuple, TypeVar, assert_type

from pydantic import BaseModel, Field, TypeAdapter
from typing_extensions import TypedDict

from responses_client import (
    AsyncClient,
    AsyncParsedResponseStream,
    AsyncResponseStream,
    Client,
    ParsedResponse,
    ParsedResponseStream,
    ParseError,
    RefusalError,
    ResponseStream,
    text_format,
    tool,
)
from responses_client.models import (
    OutputItem,
    Response,
    ResponseCreateParams,
    StreamEvent,
    TextFormatJsonSchemaParam,
)

T = TypeVar("T")


class City(BaseModel):
    name: str


class Country(BaseModel):
    code: str


@dataclass
class Point:
    x: int


class Movie(TypedDict):
    title: str


class Pair(NamedTuple):
    left: int


class Colour(Enum):
    RED = "red"


class Box(BaseModel, Generic[T]):
    item: T


def classes_give_themselves(client: Client) -> None:
    assert_type(client.responses.parse(model="m", input="Hi", text_format=City), ParsedResponse[City])
    assert_type(client.responses.parse(input="Hi", text_format=City).output_parsed, City | None)
    assert_type(client.responses.parse(input="Hi", text_format=City).output_parsed_or_raise(), City)
    assert_type(client.responses.parse(input="Hi", text_format=Point).output_parsed, Point | None)
    assert_type(client.responses.parse(input="Hi", text_format=Movie).output_parsed, Movie | None)
    assert_type(client.responses.parse(input="Hi", text_format=Pair).output_parsed, Pair | None)
    assert_type(client.responses.parse(input="Hi", text_format=Colour).output_parsed, Colour | None)
    assert_type(client.responses.parse(input="Hi", text_format=Box[int]).output_parsed, Box[int] | None)


def other_types_do_too(client: Client) -> None:
    assert_type(client.responses.parse(input="Hi", text_format=int).output_parsed, int | None)
    assert_type(client.responses.parse(input="Hi", text_format=list[City]).output_parsed, list[City] | None)
    assert_type(
        client.responses.parse(input="Hi", text_format=City | Country).output_parsed, City | Country | None
    )
    assert_type(client.responses.parse(input="Hi", text_format=City | None).output_parsed, City | None)
    assert_type(
        client.responses.parse(input="Hi", text_format=Literal["a", "b"]).output_parsed,
        Literal["a", "b"] | None,
    )
    assert_type(
        client.responses.parse(input="Hi", text_format=Annotated[int, Field(gt=3)]).output_parsed, int | None
    )
    adapter = TypeAdapter(list[Movie])
    assert_type(client.responses.parse(input="Hi", text_format=adapter).output_parsed, list[Movie] | None)


def the_type_may_be_a_variable(client: Client, form: type[T]) -> T:
    return client.responses.parse(input="Hi", text_format=form).output_parsed_or_raise()


def parameters_may_be_kept_in_a_dict(client: Client) -> None:
    params: ResponseCreateParams = {"model": "m", "input": "Hi", "text": {"verbosity": "low"}}
    assert_type(client.responses.parse(**params, text_format=City), ParsedResponse[City])


def parsed_response_is_a_response(result: ParsedResponse[City]) -> None:
    response: Response = result
    assert_type(response.output_text, str)
    assert_type(result.output, list[OutputItem])
    assert_type(result.refusal, str | None)
    assert_type(result.parse_error, ParseError | None)
    results: list[ParsedResponse[City | Country]] = [result]  # covariant
    print(results)


def stream_has_the_type(client: Client) -> None:
    with client.responses.stream(model="m", input="Hi", text_format=City) as stream:
        assert_type(stream, ParsedResponseStream[City])
        plain: ResponseStream = stream
        print(plain)
        for event in stream:
            assert_type(event, StreamEvent)
            assert_type(stream.partial_parsed, Any)
        assert_type(stream.snapshot, ParsedResponse[City] | None)
        assert_type(stream.get_final_response(), ParsedResponse[City])
        assert_type(stream.until_done(), ParsedResponseStream[City])
    assert_type(client.responses.stream(input="Hi"), ResponseStream)
    assert_type(client.responses.stream(input="Hi", text_format=list[int]), ParsedResponseStream[list[int]])
    assert_type(
        client.responses.stream(input="Hi", text_format=City | None), ParsedResponseStream[City | None]
    )


async def async_client_is_the_same(client: AsyncClient) -> None:
    assert_type(await client.responses.parse(input="Hi", text_format=City), ParsedResponse[City])
    union = await client.responses.parse(input="Hi", text_format=City | Country)
    assert_type(union.output_parsed, City | Country | None)
    async with client.responses.stream(input="Hi", text_format=City) as stream:
        assert_type(stream, AsyncParsedResponseStream[City])
        async for event in stream:
            assert_type(event, StreamEvent)
        assert_type(await stream.get_final_response(), ParsedResponse[City])
    assert_type(client.responses.stream(input="Hi"), AsyncResponseStream)


def any_response_can_be_read(response: Response) -> None:
    assert_type(response.parse(City), ParsedResponse[City])
    assert_type(response.parse(City | Country).output_parsed, City | Country | None)
    assert_type(response.parse(TypeAdapter(list[int])).output_parsed, list[int] | None)


def get_weather(city: str) -> str:
    return city


def calls_have_arguments(client: Client, response: Response) -> None:
    found = client.responses.parse(input="Hi", tools=[City, get_weather, {"type": "web_search"}])
    assert_type(found, ParsedResponse[None])
    assert_type(found.output_parsed, None)
    for item in found.output:
        if item.type == "function_call":
            assert_type(item.parsed_arguments, object)
            assert_type(item.arguments_error, ParseError | None)
            if isinstance(item.parsed_arguments, City):
                assert_type(item.parsed_arguments.name, str)
            match item.parsed_arguments:
                case City(name=name):
                    assert_type(name, str)
                case _:
                    pass
    assert_type(
        client.responses.parse(input="Hi", tools=[tool(City)], text_format=Point), ParsedResponse[Point]
    )
    assert_type(client.responses.stream(input="Hi", tools=[City]), ResponseStream)
    assert_type(response.parse(tools=[City]), ParsedResponse[None])
    assert_type(response.parse(Point, tools=[City]), ParsedResponse[Point])


async def calls_have_arguments_with_an_async_client(client: AsyncClient) -> None:
    assert_type(await client.responses.parse(input="Hi", tools=[City]), ParsedResponse[None])


def format_is_a_param(client: Client) -> None:
    assert_type(text_format(City), TextFormatJsonSchemaParam)
    assert_type(text_format(City | None), TextFormatJsonSchemaParam)
    client.responses.create(input="Hi", text={"format": text_format(list[City]), "verbosity": "low"})


def errors_have_their_fields(error: ParseError, refusal: RefusalError) -> None:
    assert_type(error.response, Response | None)
    assert_type(error.text, str | None)
    assert_type([entry["path"] for entry in error.errors], list[str])
    assert_type(refusal.refusal, str)


def mistakes_are_found(client: Client, response: Response) -> None:
    client.responses.parse(input="Hi", text_format=5)  # type: ignore[call-overload]
    client.responses.parse(input="Hi", text_format={"type": "object"})  # type: ignore[call-overload]
    client.responses.parse(input="Hi", tools=[5])  # type: ignore[list-item]
    client.responses.parse(input="Hi", tools=[{"type": "web_serch"}])  # type: ignore[list-item]
    client.responses.create(input="Hi", tools=[City])  # type: ignore[list-item]
    client.responses.parse(input="Hi", text_format=City, stream=True)  # type: ignore[call-overload]
    print(client.responses.parse(input="Hi", text_format=City).output_parsed.name)  # type: ignore[union-attr]
    response.parse(5)  # type: ignore[call-overload]
