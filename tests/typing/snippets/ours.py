"""Features that only this package has: text of streams, runs, maps, waiting, functions as tools, derived clients."""

from __future__ import annotations

from collections.abc import Iterator
from typing import assert_type

from api import AsyncClient, Client, EventStream, FunctionCall, Response
from pydantic import BaseModel
from responses_client import Options, ParsedResponse, RequestOptions, RunParams, RunResult, batch_line, tool
from responses_client.models import InputImage


class City(BaseModel):
    name: str


class MyClient(Client):
    team = "a"


class MyAsyncClient(AsyncClient):
    team = "a"


@tool
def weather(city: str) -> str:
    """Return the weather in a city."""
    return f"Sunny in {city}"


def text_of_a_stream(stream: EventStream) -> Iterator[str]:
    yield from stream.text_deltas()


def request_id(response: Response) -> str:
    return response.request_id or "none"


def facts_of_an_answer(response: Response) -> None:
    if response.meta is not None:
        print(response.meta.request_id, response.meta.headers["x-request-id"], response.meta.rate_limits)


def tool_called_as_a_function() -> str:
    return weather("Paris") + weather(city="Rome")


def run(client: Client) -> str:
    result = client.responses.run(model="gpt-5.4", input="Weather in Paris?", tools=[weather], max_turns=4)
    assert_type(result, RunResult)
    return result.output_text


def run_with_a_type(client: Client) -> City | None:
    return client.responses.run(
        model="gpt-5.4", input="Paris", tools=[weather], text_format=City
    ).output_parsed


def run_from_a_dict(client: Client) -> RunResult:
    params: RunParams = {"model": "gpt-5.4", "input": "Hi", "max_turns": 2}
    return client.responses.run(**params)


def calls_that_wait(result: RunResult) -> list[str]:
    return [call.call_id for call in result.pending]


def names_of_calls_that_wait(result: RunResult) -> list[str]:
    return [f"{call.name}({call.arguments})" for call in result.approvals]


def approval(client: Client, result: RunResult) -> RunResult:
    yes = [call for call in result.approvals if call.name == "weather"]
    no = {call: "too dangerous" for call in result.approvals if call.name != "weather"}
    return client.responses.run(resume=result, approve=yes, deny=no, tools=[weather])


def tokens_of_a_run(result: RunResult) -> int:
    return result.usage.total_tokens + result.usage.input_tokens_details.cached_tokens


def events_of_a_run(client: Client) -> RunResult:
    with client.responses.run_stream(model="gpt-5.4", input="Hi", tools=[weather]) as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                print(event.delta)
            elif event.type == "run.tool_called":
                print(event.call.type)
            elif event.type == "run.turn_ended":
                print(event.turn.response.id)
        return stream.get_final_result()


def log_of_a_run(client: Client) -> list[str | None]:
    with client.responses.run_stream(model="gpt-5.4", input="Hi", tools=[weather]) as stream:
        return [event.wire_type for event in stream]


def many(client: Client, questions: list[str]) -> list[str]:
    found: list[str] = []
    for result in client.responses.map([{"model": "gpt-5.4", "input": question} for question in questions]):
        found.append(result.response.output_text if result.response else str(result.error))
    return found


def waiting(client: Client) -> Response:
    response = client.responses.create(model="gpt-5.4", input="Hi", background=True)
    return client.responses.wait(response.id, timeout=60)


def derived_client(client: MyClient) -> str:
    derived = client.with_options(timeout=5)
    assert_type(derived, MyClient)
    return derived.team


def derived_async_client(client: MyAsyncClient) -> str:
    return client.with_options(max_retries=0).team


def options_of_a_client(options: Options) -> Client:
    return Client(**options)


def options_of_a_request(client: Client, options: RequestOptions) -> Response:
    return client.responses.create(model="gpt-5.4", input="Hi", **options)


def input_of_text_and_pictures(client: Client) -> Response:
    return client.responses.create(model="gpt-5.4", input=["What is on it?", InputImage.from_path("a.png")])


def other_type_of_a_response(response: Response) -> ParsedResponse[City]:
    return response.parse(City)


def other_endpoint(client: Client) -> dict[str, object]:
    return client.request("GET", "/models")


def other_endpoint_with_a_type(client: Client) -> City:
    return client.request("GET", "/cities/1", cast_to=City)


async def async_close(client: AsyncClient) -> None:
    await client.close()


async def token() -> str:
    return "key"


def async_key_of_an_async_client() -> AsyncClient:
    return AsyncClient(api_key=token)


def async_key_of_a_sync_client() -> Client:
    return Client(api_key=token)  # wrong


def option_without_a_meaning_in_a_file() -> str:
    return batch_line("1", model="gpt-5.4", input="Hi", timeout=5)  # wrong


def option_without_a_meaning_over_a_websocket(client: Client) -> None:
    with client.responses.connect() as session:
        session.create(model="gpt-5.4", input="Hi", max_retries=2)  # wrong


def misspelt_argument_of_a_run(client: Client) -> None:
    client.responses.run(model="gpt-5.4", input="Hi", max_turn=4)  # wrong


def misspelt_keyword_of_options(client: Client) -> None:
    client.with_options(time_out=5)  # wrong


def call_of_a_tool_with_a_wrong_type() -> str:
    return weather(5)  # wrong


def calls_of_a_response(response: Response) -> list[FunctionCall]:
    return [item for item in response.output if isinstance(item, FunctionCall)]
