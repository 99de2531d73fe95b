"""Values of a response, used without further checks."""

from __future__ import annotations

import time

from api import APIConnectionError, APIError, APIStatusError, Client, RateLimitError, Response, Usage


def text(response: Response) -> str:
    return response.output_text.strip()


def model(response: Response) -> bool:
    return response.model.startswith("gpt-5")


def counts_of_tokens(usage: Usage) -> int:
    return usage.input_tokens + usage.output_tokens


def total(response: Response) -> int:
    return response.usage.total_tokens if response.usage else 0


def total_of_all(responses: list[Response]) -> int:
    return sum(response.usage.total_tokens for response in responses if response.usage is not None)


def cached_tokens(response: Response) -> float:
    assert response.usage is not None
    return response.usage.input_tokens_details.cached_tokens / response.usage.input_tokens


def reasoning_tokens(usage: Usage) -> int:
    return usage.output_tokens_details.reasoning_tokens


def price(response: Response) -> float:
    usage = response.usage
    return 0.0 if usage is None else usage.input_tokens * 1.25e-6 + usage.output_tokens * 1e-5


def incomplete(response: Response) -> None:
    if response.status == "incomplete" and response.incomplete_details:
        print(response.incomplete_details.reason)


def failed(response: Response) -> str:
    if response.status == "failed" and response.error is not None:
        return f"{response.error.code}: {response.error.message}"
    return ""


def identifier(response: Response) -> str:
    return response.id.removeprefix("resp_")


def next_turn(client: Client, response: Response) -> Response:
    return client.responses.create(model=response.model, input="And then?", previous_response_id=response.id)


def metadata(response: Response) -> str:
    return (response.metadata or {}).get("topic", "")


def json_text(response: Response) -> str:
    return response.to_json()


def json_data(response: Response) -> dict[str, object]:
    return response.to_dict()


def pydantic_methods(response: Response) -> str:
    return response.model_dump_json(exclude_none=True) + str(response.model_dump()["id"])


def from_data(data: dict[str, object]) -> Response:
    return Response.model_validate(data)


def status_of_an_error(client: Client) -> int:
    try:
        client.responses.create(model="gpt-5.4", input="Hi")
    except APIStatusError as error:
        print(error.request_id, error.body)
        return error.status_code
    return 200


def fields_of_an_error(client: Client) -> str | None:
    try:
        client.responses.create(model="gpt-5.4", input="Hi")
    except APIError as error:
        return error.code or error.type or error.param or error.message
    return None


def errors_by_class(client: Client) -> None:
    try:
        client.responses.create(model="gpt-5.4", input="Hi")
    except RateLimitError:
        time.sleep(1)
    except APIConnectionError as error:
        print(error.__cause__)


def total_that_may_be_missing(response: Response) -> int:
    return response.usage.total_tokens  # wrong


def error_that_may_be_missing(response: Response) -> str:
    return response.error.message  # wrong


def text_as_a_method(response: Response) -> str:
    return response.output_text()  # wrong


def choices_of_another_api(response: Response) -> object:
    return response.choices[0].message.content  # wrong
