"""Prepared answers of aimock, an independent server from npm that keeps nothing, in each mode."""

from __future__ import annotations

import io
import json
import uuid
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from callers import MODES, Caller
from pydantic import BaseModel
from sessions import at_once, one_by_one

from responses_client import (
    APIConnectionError,
    APIError,
    AsyncClient,
    AuthenticationError,
    Client,
    InternalServerError,
    NotFoundError,
    RateLimitError,
    ResponseValidationError,
    StreamError,
    StreamInterrupted,
    ToolReturned,
    batch_line,
    read_batch,
    write_batch,
)
from responses_client.models import FunctionCall, OutputMessage, ReasoningItem, Response, WebSearchCall

MODEL = "gpt-5.4"
HELLO = "Hello from a mock, in several pieces."


def caller_of(mode: str, url: str, **changes: Any) -> Caller:
    options: dict[str, Any] = {"api_key": "key", "base_url": url, "max_retries": 0, "timeout": 30, **changes}
    return Caller(mode, lambda: Client(**options), lambda: AsyncClient(**options))


@pytest.fixture(params=MODES)
def caller(request: pytest.FixtureRequest, aimock: str) -> Caller:
    return caller_of(request.param, aimock)


@pytest.fixture(params=MODES)
def mode_url(request: pytest.FixtureRequest, aimock: str) -> tuple[str, str]:
    return request.param, aimock


def create(caller: Caller, text: str, **params: Any) -> Response:
    made: Response = caller(lambda client: client.responses.create(model=MODEL, input=text, **params))
    return made


def streamed(caller: Caller, text: str, **params: Any) -> list[Any]:
    return caller.events(
        lambda client: client.responses.create(model=MODEL, input=text, stream=True, **params)
    )


def plain(caller: Caller, text: str, **params: Any) -> Response:
    return create(caller, text, **params)


def last(caller: Caller, text: str, **params: Any) -> Response:
    response: Response = streamed(caller, text, **params)[-1].response
    return response


def over_a_socket(caller: Caller, text: str, **params: Any) -> Response:
    (outcome,) = at_once(caller, [{"model": MODEL, "input": text, **params}])
    if isinstance(outcome, APIError):
        raise outcome
    return outcome


each_way = pytest.mark.parametrize("ask", [plain, last, over_a_socket])
Ask = Callable[..., Response]


def without_ids(response: Response) -> Any:
    """The output with the ids that this server draws for each answer left out."""
    return [{key: value for key, value in item.to_dict().items() if key != "id"} for item in response.output]


class City(BaseModel):
    city: str
    inhabitants: int


def get_weather(city: str) -> str:
    """Look up the weather."""
    return f"Sunny in {city}."


# --- answers


@each_way
def test_text(caller: Caller, ask: Ask, no_warnings: None) -> None:
    response = ask(caller, "hello")
    assert (response.output_text, response.status, response.model) == (HELLO, "completed", MODEL)


def test_stream_in_pieces(caller: Caller, no_warnings: None) -> None:
    events = streamed(caller, "hello")
    texts = [event.delta for event in events if event.type == "response.output_text.delta"]
    assert len(texts) > 5
    assert "".join(texts) == HELLO


@each_way
def test_reasoning_and_searches(caller: Caller, ask: Ask, no_warnings: None) -> None:
    response = ask(caller, "reason", include=["reasoning.encrypted_content"])
    reasoning, search, message = response.output

    assert isinstance(reasoning, ReasoningItem)
    assert [part.text for part in reasoning.summary] == ["Let me think about that."]
    assert reasoning.encrypted_content
    assert isinstance(search, WebSearchCall)
    assert isinstance(message, OutputMessage)
    assert response.output_text == "The answer is 42."
    assert response.usage is not None
    assert response.usage.total_tokens == 12


@each_way
def test_calls_and_texts_stand_in_their_order(caller: Caller, ask: Ask, no_warnings: None) -> None:
    response = ask(caller, "blocks")
    first, before, second, after = response.output

    assert isinstance(first, FunctionCall)
    assert isinstance(second, FunctionCall)
    calls = [(call.call_id, json.loads(call.arguments)) for call in (first, second)]
    assert calls == [("call_1", {"city": "Bonn"}), ("call_2", {"city": "Lima"})]
    assert isinstance(before, OutputMessage)
    assert isinstance(after, OutputMessage)
    assert response.output_text == "While I look, be patient."


@pytest.mark.parametrize("text", ["hello", "reason", "weather", "blocks", "too long"])
def test_each_way_gives_the_same_output(caller: Caller, text: str, no_warnings: None) -> None:
    expected = without_ids(plain(caller, text))
    assert without_ids(last(caller, text)) == expected
    assert without_ids(over_a_socket(caller, text)) == expected


@pytest.mark.parametrize("text", ["reason", "weather", "blocks"])
def test_snapshot_is_the_last_response(caller: Caller, text: str, no_warnings: None) -> None:
    def read(client: Client) -> Response:
        with client.responses.create(model=MODEL, input=text, stream=True) as stream:
            return stream.until_done().snapshot

    async def wait(client: AsyncClient) -> Response:
        async with await client.responses.create(model=MODEL, input=text, stream=True) as stream:
            return (await stream.until_done()).snapshot

    assert without_ids(caller.run(read, wait)) == without_ids(plain(caller, text))


@each_way
def test_incomplete(caller: Caller, ask: Ask, no_warnings: None) -> None:
    response = ask(caller, "too long")
    assert (response.status, response.output_text) == ("incomplete", "The end is mis")


def test_structured_output(caller: Caller, no_warnings: None) -> None:
    parsed = caller(lambda client: client.responses.parse(model=MODEL, input="structured", text_format=City))
    assert parsed.output_parsed == City(city="Rome", inhabitants=2_800_000)


@pytest.mark.parametrize(
    ("text", "answer"), [("weather", "It is sunny in Rome and in Oslo."), ("blocks", "Done with blocks.")]
)
def test_run(caller: Caller, text: str, answer: str, no_warnings: None) -> None:
    result = caller(lambda client: client.responses.run(model=MODEL, input=text, tools=[get_weather]))
    assert (result.status, result.output_text) == ("completed", answer)
    assert [len(turn.outputs) for turn in result.turns] == [2, 0]


def test_streamed_run(caller: Caller, no_warnings: None) -> None:
    def read(client: Client) -> list[Any]:
        with client.responses.run_stream(model=MODEL, input="weather", tools=[get_weather]) as stream:
            return list(stream)

    async def wait(client: AsyncClient) -> list[Any]:
        async with client.responses.run_stream(model=MODEL, input="weather", tools=[get_weather]) as stream:
            return [event async for event in stream]

    events = caller.run(read, wait)
    returned = {
        event.call.call_id: event.output.output for event in events if isinstance(event, ToolReturned)
    }
    assert returned == {"call_rome": "Sunny in Rome.", "call_oslo": "Sunny in Oslo."}


# --- errors


@pytest.mark.parametrize("ask", [plain, last])
def test_quota_that_is_used_up_is_not_asked_for_again(mode_url: tuple[str, str], ask: Ask) -> None:
    caller = caller_of(*mode_url, max_retries=3, default_headers={"X-Test-Id": uuid.uuid4().hex})
    with pytest.raises(RateLimitError, match="No quota is left") as caught:
        ask(caller, "no quota")
    assert caught.value.code == "insufficient_quota"
    assert caught.value.request_id
    asked = httpx.get(
        f"{mode_url[1]}/../__aimock/journal",
        params={"requestId": caught.value.request_id},
        headers={"Authorization": "Bearer key"},
    )
    assert len(asked.json()) == 1


@pytest.mark.parametrize("ask", [plain, last])
def test_overload_is_asked_again(mode_url: tuple[str, str], ask: Ask) -> None:
    caller = caller_of(*mode_url, max_retries=1, default_headers={"X-Test-Id": uuid.uuid4().hex})
    assert ask(caller, "overloaded").output_text == "Now I can."


@pytest.mark.parametrize("ask", [plain, last])
def test_unknown_question(caller: Caller, ask: Ask) -> None:
    with pytest.raises(NotFoundError, match="No fixture matched") as caught:
        ask(caller, "nobody prepared this")
    assert caught.value.code == "no_fixture_match"


@pytest.mark.parametrize("ask", [plain, last])
def test_faults_of_the_server(caller: Caller, ask: Ask) -> None:
    for header, error in [
        ("drop", InternalServerError),
        ("ratelimit", RateLimitError),
        ("malformed", ResponseValidationError),
        ("disconnect", APIConnectionError),
    ]:
        with pytest.raises(error):
            ask(caller, "hello", extra_headers={f"X-AIMock-Chaos-{header}": "1"})


@pytest.mark.parametrize("ask", [last, over_a_socket])
def test_answer_that_breaks_off_is_an_error_with_what_came(caller: Caller, ask: Ask) -> None:
    with pytest.raises(StreamInterrupted) as caught:
        ask(caller, "break off")
    assert caught.value.partial is not None
    assert caught.value.partial.output_text.startswith("This ")


def test_response_is_not_kept(caller: Caller) -> None:
    response = create(caller, "hello")
    with pytest.raises(NotFoundError):
        caller(lambda client: client.responses.retrieve(response.id))


@each_way
def test_wrong_key(mode_url: tuple[str, str], ask: Ask) -> None:
    with pytest.raises(AuthenticationError):
        ask(caller_of(*mode_url, api_key="other"), "hello")


# --- sessions


def questions(*texts: str) -> list[dict[str, Any]]:
    return [{"model": MODEL, "input": text} for text in texts]


@pytest.mark.parametrize("read", [(0, 1, 2), (2, 1, 0)], ids=str)
def test_each_question_gets_its_answer(caller: Caller, read: tuple[int, ...], no_warnings: None) -> None:
    asked = ["hello", "blocks", "reason"]
    outcomes = at_once(caller, questions(*asked), read=read)
    for text, outcome in zip(asked, outcomes, strict=True):
        assert isinstance(outcome, Response)
        assert without_ids(outcome) == without_ids(plain(caller, text))


def test_refused_question_ends_nothing_but_itself(caller: Caller, no_warnings: None) -> None:
    refused, unknown, good = one_by_one(caller, questions("no quota", "nobody prepared this", "hello"))

    assert isinstance(refused, StreamError)
    assert refused.code == "insufficient_quota"
    assert isinstance(unknown, StreamError)
    assert unknown.code == "no_fixture_match"
    assert isinstance(good, Response)
    assert good.output_text == HELLO


@pytest.mark.parametrize("ask", [at_once, one_by_one])
@pytest.mark.parametrize(
    "odd", [{"type": "response.odd"}, {"type": "response.create", "input": "?"}], ids=str
)
def test_refused_event_gives_no_question_the_answer_of_another(
    caller: Caller, ask: Callable[..., list[Any]], odd: dict[str, Any]
) -> None:
    expected = {"hello": HELLO, "reason": "The answer is 42.", "too long": "The end is mis"}
    outcomes = ask(caller, questions(*expected), first=odd)
    for text, outcome in zip(expected.values(), outcomes, strict=True):
        assert isinstance(outcome, APIError) or outcome.output_text == text


@pytest.mark.parametrize("failing", range(3))
@pytest.mark.parametrize("failure", ["no quota", "break off"])
def test_failure_among_questions_gives_none_the_answer_of_another(
    caller: Caller, failing: int, failure: str
) -> None:
    expected = {"hello": HELLO, "reason": "The answer is 42.", "too long": "The end is mis"}
    asked = list(expected)
    asked[failing] = failure
    outcomes = at_once(caller, questions(*asked))

    assert isinstance(outcomes[failing], APIError)
    for text, outcome in zip(asked, outcomes, strict=True):
        assert isinstance(outcome, APIError) or outcome.output_text == expected[text]


# --- batches


def test_batch(aimock: str) -> None:
    requests = io.BytesIO()
    write_batch(requests, (batch_line(str(number), model=MODEL, input="hello") for number in range(3)))
    requests.seek(0)
    with httpx.Client(base_url=aimock, headers={"Authorization": "Bearer key"}) as http:
        uploaded = http.post(
            "/files", data={"purpose": "batch"}, files={"file": ("r.jsonl", requests)}
        ).json()
        task = {"input_file_id": uploaded["id"], "endpoint": "/v1/responses", "completion_window": "24h"}
        batch = http.post("/batches", json=task).json()
        while batch["status"] != "completed":
            batch = http.get(f"/batches/{batch['id']}").json()
        with http.stream("GET", f"/files/{batch['output_file_id']}/content") as download:
            results = list(read_batch(download))
    assert [result.custom_id for result in results] == ["0", "1", "2"]
    assert all(result.result().output_text for result in results)
