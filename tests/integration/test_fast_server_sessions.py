"""WebSocket sessions with fastresponses, an independent server that answers in order, in each mode."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from callers import MODES, Caller
from sessions import at_once, one_by_one

from responses_client import APIError, AsyncClient, Client, StreamError
from responses_client.models import Response


@pytest.fixture(params=MODES)
def caller(request: pytest.FixtureRequest, fast_server: str) -> Caller:
    options: dict[str, Any] = {"api_key": "key", "base_url": fast_server, "max_retries": 0, "timeout": 30}
    return Caller(request.param, lambda: Client(**options), lambda: AsyncClient(**options))


def questions(*texts: str, **params: Any) -> list[dict[str, Any]]:
    return [{"model": "m", "input": text, **params} for text in texts]


def texts(outcomes: list[Any]) -> list[Any]:
    return [outcome.output_text if isinstance(outcome, Response) else outcome for outcome in outcomes]


@pytest.mark.parametrize("read", [(0, 1, 2), (2, 1, 0), (1, 2, 0)], ids=str)
def test_each_question_gets_its_answer(caller: Caller, read: tuple[int, ...], no_warnings: None) -> None:
    outcomes = at_once(caller, questions("think one", "receipt two", "three"), read=read)
    assert texts(outcomes) == ["think one ", "receipt two ", "three "]


def test_conversation_without_storage(caller: Caller, no_warnings: None) -> None:
    outcomes = one_by_one(caller, questions("one", "two", "three", store=False))

    assert texts(outcomes) == ["one ", "two ", "three "]
    asked = [
        outcome.usage.input_tokens for outcome in outcomes if isinstance(outcome, Response) and outcome.usage
    ]
    assert asked == [1, 2, 3]


def test_tools(caller: Caller, no_warnings: None) -> None:
    tool = {"type": "function", "name": "shout", "parameters": {}, "strict": False}
    call, answer = one_by_one(
        caller,
        [
            {"model": "m", "input": "one", "tools": [tool], "store": False},
            {
                "model": "m",
                "input": [{"type": "function_call_output", "call_id": "call_0", "output": "ONE"}],
                "tools": [tool],
                "store": False,
            },
        ],
    )
    assert isinstance(call, Response)
    assert [item.type for item in call.output] == ["function_call"]
    assert texts([answer]) == ["one ONE "]


def test_failed_response_ends_nothing_but_itself(caller: Caller, no_warnings: None) -> None:
    failed, limited, refused, good = one_by_one(
        caller,
        [
            *questions("one fail", "limit"),
            {"previous_response_id": "resp_other", "input": "x"},
            *questions("good"),
        ],
    )

    assert isinstance(failed, StreamError)
    assert failed.code == "broken"
    assert failed.partial is not None
    assert failed.partial.output_text == "one "
    assert isinstance(limited, StreamError)
    assert limited.code == "rate_limit_exceeded"
    assert isinstance(refused, StreamError)
    assert refused.code == "previous_response_not_found"
    assert texts([good]) == ["good "]


@pytest.mark.parametrize("ask", [at_once, one_by_one])
@pytest.mark.parametrize(
    "odd",
    [{"type": "response.odd"}, {"type": "response.create", "previous_response_id": "resp_other"}],
    ids=str,
)
def test_refused_event_gives_no_question_the_answer_of_another(
    caller: Caller, ask: Callable[..., list[Any]], odd: dict[str, Any]
) -> None:
    asked = ["one", "two", "three"]
    for text, outcome in zip(asked, ask(caller, questions(*asked), first=odd), strict=True):
        assert isinstance(outcome, APIError) or outcome.output_text == f"{text} "


@pytest.mark.parametrize("failing", range(3))
def test_failure_among_questions_gives_none_the_answer_of_another(caller: Caller, failing: int) -> None:
    asked = ["one", "two", "three"]
    asked[failing] = "fail"
    outcomes = at_once(caller, questions(*asked))

    assert isinstance(outcomes[failing], APIError)
    for text, outcome in zip(asked, outcomes, strict=True):
        assert isinstance(outcome, APIError) or outcome.output_text == f"{text} "


@pytest.mark.parametrize("mode", MODES)
def test_wrong_key(mode: str, fast_server: str) -> None:
    options: dict[str, Any] = {"api_key": "other", "base_url": fast_server, "max_retries": 0, "timeout": 30}
    caller = Caller(mode, lambda: Client(**options), lambda: AsyncClient(**options))
    (outcome,) = at_once(caller, questions("one"))
    assert isinstance(outcome, APIError)
    assert "invalid_api_key" in str(outcome)
