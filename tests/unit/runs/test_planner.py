"""The plan of a run: the next request, the calls to answer, and when the run ends."""

from __future__ import annotations

from typing import Any

import pytest
from call_items import call, output
from samples import response

from responses_client import RunResult, Turn
from responses_client._runs.arguments import RunArguments
from responses_client._runs.planner import RunPlan
from responses_client._runs.result import as_item
from responses_client._tools.calls import call_key
from responses_client._tools.toolbox import Toolbox
from responses_client.errors import (
    APIConnectionError,
    APIError,
    BadRequestError,
    InternalServerError,
    MaxTurnsExceeded,
    NotFoundError,
    RequestValidationError,
    StreamError,
)
from responses_client.models import AllowedToolsChoice, FunctionToolChoice, Model, Response

HELLO = {"type": "message", "role": "user", "content": "Hello"}
MORE = {"role": "user", "content": "More"}


def think(**fields: Any) -> dict[str, Any]:
    return {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "sealed", **fields}


def message(text: str = "Hi", **fields: Any) -> dict[str, Any]:
    return {**response(text=text)["output"][0], **fields}


def answer(*items: dict[str, Any], number: int = 1, **fields: Any) -> Response:
    whole = {**response(id=f"resp_{number}", store=True), "output": [*items], **fields}
    if number > 1:
        whole = {"previous_response_id": f"resp_{number - 1}", **whole}
    return Response.from_dict(whole)


LOOK = {"type": "input_image", "file_id": "file_1"}


def turn(response: Response, *outputs: dict[str, Any], given: Any = (MORE,)) -> Turn:
    return Turn(tuple(map(as_item, given)), response, tuple(map(as_item, outputs)))


def saved(*turns: Turn, status: Any = "in_progress", **fields: Any) -> RunResult:
    return RunResult(turns, status, **fields)


def plan(**params: Any) -> RunPlan:
    arguments = RunArguments({"model": "m", **params})
    return RunPlan(arguments, Toolbox(arguments.tools), None)


def any_call(call: object) -> bool:
    return True


def no_call(call: object) -> bool:
    return False


def ask(made: RunPlan) -> dict[str, Any]:
    """The next request, items as data."""
    params = made.next_request()
    made.mark_sent()
    if isinstance(params.get("input"), list):
        items: Any = params["input"]
        params["input"] = [item.to_dict() if isinstance(item, Model) else item for item in items]
    return params


def go(made: RunPlan, response: Response, *answers: dict[str, Any]) -> None:
    """Take a response, and the answers to its calls."""
    made.add_response(response)
    calls = made.next_calls(any_call)
    made.add_outputs(zip(calls, map(as_item, answers), strict=False))


# --- requests


def test_first_request_has_the_arguments() -> None:
    made = plan(input="Hello", temperature=0.5)
    assert ask(made) == {"model": "m", "input": "Hello", "temperature": 0.5}
    assert made.result() is None
    assert (made.number, made.is_running, made.has_new_turn) == (0, True, False)


@pytest.mark.parametrize("given", ["Hello", ["Hello"], [{"role": "user", "content": "Hello"}], ("Hello",)])
def test_first_input_is_in_the_result_as_items(given: Any) -> None:
    made = plan(input=given)
    ask(made)
    go(made, answer(message()))
    (first,) = made.last_turn.input
    assert first.to_dict() in ({"role": "user", "content": "Hello"}, HELLO)


def test_run_of_a_prompt_needs_no_input() -> None:
    made = plan(prompt={"id": "pmpt_1"})
    ask(made)
    go(made, answer(message()))
    assert made.last_turn.input == ()


def test_request_has_tools_only_if_there_are_any() -> None:
    assert "tools" not in ask(plan(tools=[]))
    assert [made["type"] for made in ask(plan(tools=[{"type": "web_search"}]))["tools"]] == ["web_search"]


def test_next_request_continues_the_last_response() -> None:
    made = plan(input="Hello")
    ask(made)
    go(made, answer(call()), output())
    assert ask(made) == {"model": "m", "previous_response_id": "resp_1", "input": [output()]}
    go(made, answer(call("c2"), number=2), output("c2"))
    assert ask(made) == {"model": "m", "previous_response_id": "resp_2", "input": [output("c2")]}
    go(made, answer(message("Done"), number=3))
    result = made.result()
    assert result is not None
    assert (result.status, len(result.turns), made.is_running) == ("completed", 3, False)
    assert [item.to_dict() for item in result.turns[1].input] == [output()]


def test_run_in_a_conversation_sends_new_items_only() -> None:
    made = plan(input="Hello", conversation="conv_1")
    ask(made)
    go(made, answer(call()), output())
    assert ask(made) == {"model": "m", "conversation": "conv_1", "input": [output()]}


NOT_KEPT: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"store": False}, {"store": False}),
    ({"store": False}, {"store": True}),
    ({}, {"store": False}),
    ({}, {"store": None}),
    ({}, {"id": ""}),
    ({"replay": True}, {}),
    ({"replay": False}, {"id": ""}),
    ({"replay": False}, {"store": False}),
]


@pytest.mark.parametrize(("params", "fields"), NOT_KEPT)
def test_all_items_are_sent_where_the_server_keeps_nothing(params: Any, fields: Any) -> None:
    made = plan(input="Hello", previous_response_id="resp_0", **params)
    ask(made)
    go(made, answer(think(), call(), **fields), output())
    request = ask(made)
    assert request["previous_response_id"] == "resp_0"
    types = [item.get("type") or item["role"] for item in request["input"]]
    assert types == ["user", "reasoning", "function_call", "function_call_output"]
    go(made, answer(think(), call("c2"), number=2, **fields), output("c2"))
    assert len(ask(made)["input"]) == 7


def test_replay_false_asserts_that_a_silent_server_stores_responses() -> None:
    made = plan(input="Hello", replay=False)
    ask(made)
    go(made, answer(call(), store=None), output())
    assert ask(made)["previous_response_id"] == "resp_1"


def test_repeated_items_have_no_ids_that_the_server_does_not_know() -> None:
    made = plan(input="Hello", store=False)
    ask(made)
    go(made, answer(think(), call(), store=False), output())
    thought, made_call = ask(made)["input"][1:3]
    assert thought["encrypted_content"] == "sealed"
    assert "id" not in made_call
    assert "previous_response_id" not in ask(made)


def test_reasoning_without_its_thoughts_is_not_sent_again() -> None:
    made = plan(input="Hello", store=False)
    ask(made)
    go(made, answer(think(encrypted_content=None), call(), store=False), output())
    assert [item.get("type") for item in ask(made)["input"]][1:] == ["function_call", "function_call_output"]


def test_omitted_reasoning_is_logged_once(caplog: pytest.LogCaptureFixture) -> None:
    made = plan(input="Hello", store=False)
    ask(made)
    for number in range(1, 4):
        go(made, answer(think(encrypted_content=None), call(), store=False, number=number), output())
        ask(made)
        assert len(caplog.records) == number


# --- servers that do not know the previous response


def refusal(kind: Any, status: int, text: str = "no", **fields: Any) -> APIError:
    error: APIError = kind(text, status_code=status, **fields)
    return error


LOST: list[APIError] = [
    refusal(BadRequestError, 400, code="previous_response_not_found"),
    refusal(BadRequestError, 400, param="previous_response_id"),
    refusal(BadRequestError, 400, "llama.cpp does not support 'previous_response_id'."),
    refusal(NotFoundError, 404, "Response with id 'resp_1' not found."),
    StreamError("gone", code="previous_response_not_found"),
]
OTHER: list[APIError] = [
    refusal(BadRequestError, 400, "Unknown model"),
    refusal(InternalServerError, 500, "resp_1 broke"),
    APIConnectionError("resp_1"),
]


@pytest.mark.parametrize("problem", [*LOST, answer(number=2, previous_response_id=None)], ids=str)
def test_all_is_sent_again_to_a_server_that_lost_the_response(problem: Any) -> None:
    made = plan(input="Hello")
    ask(made)
    go(made, answer(call()), output())
    ask(made)
    assert made.recover(problem)
    request = ask(made)
    assert "previous_response_id" not in request
    assert [item.get("type") for item in request["input"]] == [None, "function_call", "function_call_output"]
    assert "id" not in request["input"][1]
    assert not made.recover(problem)  # there is nothing more to try
    go(made, answer(call("c2"), number=2), output("c2"))
    assert len(ask(made)["input"]) == 5


@pytest.mark.parametrize("problem", [*OTHER, answer(number=2)], ids=str)
def test_nothing_is_sent_again_for_other_reasons(problem: Any) -> None:
    made = plan(input="Hello")
    ask(made)
    go(made, answer(call()), output())
    ask(made)
    assert not made.recover(problem)
    assert ask(made)["previous_response_id"] == "resp_1"


@pytest.mark.parametrize(
    "params", [{"conversation": "conv_1"}, {"replay": True}, {"replay": False}, {"store": False}], ids=str
)
def test_nothing_is_sent_again_where_that_is_no_way(params: Any) -> None:
    made = plan(input="Hello", **params)
    assert not made.recover(LOST[0])
    ask(made)
    assert not made.recover(LOST[0])
    go(made, answer(call()), output())
    assert not made.recover(LOST[0])


def test_first_response_that_is_not_known_is_for_the_user_to_mend() -> None:
    made = plan(input="Hello", previous_response_id="resp_0")
    ask(made)
    assert not made.recover(LOST[0])
    assert not made.recover(answer(previous_response_id=None))


# --- tool_choice

CHOICES: list[tuple[Any, Any]] = [
    ("required", "auto"),
    ("auto", "auto"),
    ("none", "none"),
    (None, None),
    ({"type": "function", "name": "f"}, "auto"),
    (FunctionToolChoice(name="f"), "auto"),
    (
        {"type": "allowed_tools", "mode": "required", "tools": []},
        {"type": "allowed_tools", "mode": "auto", "tools": []},
    ),
    (
        AllowedToolsChoice(mode="required", tools=[]),
        {"type": "allowed_tools", "mode": "auto", "tools": []},
    ),
]


@pytest.mark.parametrize(("choice", "later"), CHOICES, ids=str)
def test_choice_demands_a_call_of_the_first_response_only(choice: Any, later: Any) -> None:
    made = plan(input="Hello", tool_choice=choice)
    assert ask(made)["tool_choice"] == choice
    go(made, answer(call()), output())
    assert ask(made)["tool_choice"] == later


def test_choice_may_stand() -> None:
    made = plan(input="Hello", tool_choice="required", reset_tool_choice=False)
    ask(made)
    go(made, answer(call()), output())
    assert ask(made)["tool_choice"] == "required"


def test_run_without_a_choice_sends_none() -> None:
    made = plan(input="Hello")
    ask(made)
    go(made, answer(call()), output())
    assert "tool_choice" not in ask(made)


@pytest.mark.parametrize(
    ("before", "given", "expected"),
    [
        (turn(answer(message())), "More", "required"),
        (turn(answer(call()), output()), None, "auto"),
        (turn(answer(call())), [output()], "auto"),
        (turn(answer(status="failed"), given=[output()]), None, "auto"),
        (turn(answer(status="failed")), None, "required"),
    ],
)
def test_tool_choice_of_a_resumed_run(before: Turn, given: Any, expected: str) -> None:
    made = plan(resume=saved(before), input=given, tool_choice="required")
    assert made.calls_at_start(any_call) == []
    assert ask(made)["tool_choice"] == expected


# --- how a response ends a run


@pytest.mark.parametrize("status", ["completed", "incomplete", "failed", "cancelled", "expired"])
def test_run_ends_as_its_last_response(status: str) -> None:
    made = plan(input="Hello")
    ask(made)
    go(made, answer(message(), status=status))
    result = made.result()
    assert result is not None
    assert (result.status, made.is_running) == (status, False)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"status": None}, "completed"),
        ({"status": "in_progress", "id": ""}, "incomplete"),
        ({"status": "queued", "id": ""}, "incomplete"),
    ],
)
def test_status_that_says_nothing_ends_the_run_too(fields: Any, status: str) -> None:
    made = plan(input="Hello")
    ask(made)
    go(made, answer(message(), **fields))
    assert not made.is_response_running
    assert made.result() is not None
    assert made.result().status == status


@pytest.mark.parametrize("status", ["completed", None])
def test_run_that_leaves_a_call_which_is_not_whole_is_incomplete_and_says_so(
    status: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    made = plan(input="Hello")
    ask(made)
    go(made, answer(call("c1", status="incomplete"), status=status))
    assert made.result() is not None
    assert made.result().status == "incomplete"
    assert "the server sent incomplete calls of" in caplog.text


@pytest.mark.parametrize("status", ["incomplete", "failed", "cancelled"])
def test_calls_of_an_answer_that_was_cut_short_are_not_made(status: str) -> None:
    made = plan(input="Hello")
    ask(made)
    made.add_response(answer(call(), status=status))
    assert made.next_calls(any_call) == []
    assert not made.is_running


def test_call_without_a_function_leaves_the_run_pending() -> None:
    made = plan(input="Hello")
    ask(made)
    made.add_response(answer(call(), call("c2")))
    calls = made.next_calls(lambda item: item.call_id == "c2")
    assert [item.call_id for item in calls] == ["c2"]
    made.add_outputs([(calls[0], as_item(output("c2")))])
    result = made.result()
    assert result is not None
    assert (result.status, len(result.pending)) == ("pending", 1)
    made.stop()
    assert result.status == "pending"


def test_run_may_take_so_many_turns_and_no_more() -> None:
    made = plan(input="Hello", max_turns=2)
    ask(made)
    go(made, answer(call()), output())
    ask(made)
    made.add_response(answer(call("c2"), number=2))
    with pytest.raises(MaxTurnsExceeded, match="after 2 turns, the maximum that max_turns allows"):
        made.next_calls(any_call)
    result = made.result()
    assert result is not None
    assert (result.status, len(result.pending)) == ("in_progress", 1)


def test_last_turn_may_be_the_last_allowed() -> None:
    made = plan(input="Hello", max_turns=1)
    ask(made)
    go(made, answer(message()))
    assert not made.is_running


def test_stopped_run_says_so_unless_it_had_ended() -> None:
    made = plan(input="Hello")
    ask(made)
    go(made, answer(call()), output())
    made.stop()
    assert made.result().status == "stopped"
    other = plan(input="Hello")
    ask(other)
    go(other, answer(message()))
    other.stop()
    assert other.result().status == "completed"


# --- answers


def test_answers_are_kept_in_the_order_of_the_calls() -> None:
    made = plan(input="Hello")
    ask(made)
    made.add_response(answer(message(), call("c1"), call("c2"), call("c3")))
    one, two, three = made.next_calls(any_call)
    made.add_outputs([(three, as_item(output("c3")))])
    made.add_outputs([(two, as_item(output("c2"))), (one, as_item(output("c1")))])
    assert [item.to_dict()["call_id"] for item in made.last_turn.outputs] == ["c1", "c2", "c3"]


SHARED = [call(arguments=f'{{"a": {number}}}') for number in range(3)]


def answered(one: Any, text: str) -> Any:
    return as_item(output(call_key(one), text))


def test_calls_that_share_an_id_have_an_answer_each() -> None:
    made = plan(input="Hello")
    ask(made)
    made.add_response(answer(*SHARED))
    calls = made.next_calls(any_call)
    made.add_outputs((one, answered(one, str(number))) for number, one in enumerate(calls[:2]))
    assert [item.to_dict()["output"] for item in made.last_turn.outputs] == ["0", "1"]
    made.add_outputs([(calls[2], answered(calls[2], "2"))])
    assert [item.to_dict()["output"] for item in made.last_turn.outputs] == ["0", "1", "2"]


def test_output_stays_with_its_call_among_those_that_share_an_id() -> None:
    made = plan(input="Hello")
    ask(made)
    made.add_response(answer(*SHARED))
    one, two, three = made.next_calls(any_call)
    for place, one_call, left in [(1, two, [one, three]), (2, three, [one])]:
        made.add_outputs([(one_call, answered(one_call, str(place)))])
        assert [id(waiting) for waiting in made.next_calls(any_call)] == list(map(id, left))
    result = made.result()
    assert result is not None
    assert result.answered_positions == (1, 2)

    again = plan(resume=RunResult.from_json(result.to_json()))
    (waiting,) = again.calls_at_start(any_call)
    again.add_outputs([(waiting, answered(waiting, "0"))])
    assert [item.to_dict()["output"] for item in again.last_turn.outputs] == ["0", "1", "2"]


# --- calls without ids


NAMELESS = {name: value for name, value in call().items() if name != "call_id"}


def waiting_run(**params: Any) -> RunPlan:
    """A run in a conversation with a call without an id."""
    made = plan(input="Hello", conversation="conv_1", **params)
    ask(made)
    made.add_response(answer(NAMELESS, call("c2")))
    return made


def test_call_without_an_id_in_a_conversation_waits_and_others_are_answered() -> None:
    made = waiting_run()
    (one,) = made.next_calls(any_call)
    assert call_key(one) == "c2"
    made.add_outputs([(one, as_item(output("c2")))])
    result = made.result()
    assert result is not None
    assert (result.status, [one.call_id for one in result.pending]) == ("pending", ["id_c1"])
    assert result.renamed_calls == ((0, 0),)


@pytest.mark.parametrize("is_saved", [False, True])
def test_resumed_run_sends_the_call_without_an_id_to_its_conversation_again(is_saved: bool) -> None:
    made = waiting_run()
    (one,) = made.next_calls(any_call)
    made.add_outputs([(one, as_item(output("c2")))])
    result = made.result()
    assert result is not None
    again = plan(resume=RunResult.from_json(result.to_json()) if is_saved else result, conversation="conv_1")
    (waiting,) = again.calls_at_start(any_call)
    again.add_outputs([(waiting, as_item(output("id_c1")))])
    named = {**NAMELESS, "call_id": "id_c1"}
    del named["id"]
    assert ask(again)["input"] == [named, output("id_c1"), output("c2")]
    again.add_response(answer(message(), number=2))
    assert [item.to_dict() for item in again.last_turn.input] == [named, output("id_c1"), output("c2")]
    assert again.next_calls(any_call) == []


def test_failed_request_of_a_conversation_repeats_the_call_with_its_output() -> None:
    made = waiting_run()
    made.next_calls(any_call)
    result = made.result()
    again = plan(resume=result)
    calls = again.calls_at_start(any_call)
    again.add_outputs((one, as_item(output(call_key(one)))) for one in calls)
    first = ask(again)["input"]
    assert ask(plan(resume=again.result()))["input"] == first
    again.add_response(answer(status="failed", number=2))
    assert ask(again)["input"] == first


def test_response_that_was_polled_has_its_calls_named() -> None:
    made = plan(input="Hello", background=True)
    ask(made)
    made.add_response(answer(status="in_progress"))
    made.update_response(answer(NAMELESS))
    (one,) = made.next_calls(any_call)
    made.add_outputs([(one, as_item(output("id_c1")))])
    types = [item.get("type") or item["role"] for item in ask(made)["input"]]
    assert types == ["user", "function_call", "function_call_output"]


def test_response_that_was_cut_off_is_sent_without_its_nameless_calls() -> None:
    made = plan(input="Hello")
    ask(made)
    go(made, answer(message(), NAMELESS, status="incomplete"))
    assert [item.get("type") or item["role"] for item in ask(made)["input"]] == ["user", "message"]


def test_calls_of_a_run_that_was_built_by_hand_are_named_unless_the_input_answers_them() -> None:
    built = saved(turn(answer(*SHARED[:2], NAMELESS)), status="pending")
    again = plan(resume=built)
    assert dict(again.decisions()) == {}
    assert len({call_key(one) for one in again.calls_at_start(any_call)}) == 3
    given = plan(resume=built, input=[output(), output()])
    given.decisions()
    (left,) = given.calls_at_start(any_call)
    assert call_key(left).startswith("call_")


def test_nameless_call_that_waits_for_approval_still_does_in_a_run_built_by_hand() -> None:
    built = saved(turn(answer(call(), call("c2"))), status="pending", approval_ids=("c1",))
    again = plan(resume=built)
    with pytest.raises(RequestValidationError, match="lacks a decision on the function_call c1"):
        again.calls_at_start(any_call)


# --- outputs of earlier responses


def test_outputs_of_an_earlier_response_answer_no_later_call() -> None:
    made = plan(input="Hello")
    for number in (1, 2):
        ask(made)
        made.add_response(answer(call(), number=number))
        (one,) = made.next_calls(any_call)
        result = made.result()
        assert result is not None
        assert result.answered_positions == ()
        made.add_outputs([(one, as_item(output()))])


# --- resumed runs


def test_new_run_has_nothing_open() -> None:
    assert plan(input="Hello").calls_at_start(any_call) == []


def test_resumed_run_answers_open_calls_first() -> None:
    made = plan(resume=saved(turn(answer(call(), call("c2")), output())))
    (left,) = made.calls_at_start(any_call)
    made.add_outputs([(left, as_item(output("c2")))])
    assert ask(made) == {"model": "m", "previous_response_id": "resp_1", "input": [output(), output("c2")]}


def test_call_may_be_answered_by_the_input() -> None:
    made = plan(resume=saved(turn(answer(call(), call("c2")), output())), input=[output("c2"), "And more"])
    assert made.calls_at_start(no_call) == []
    assert [item.get("type") for item in ask(made)["input"]] == ["function_call_output"] * 2 + [None]


def test_calls_without_an_answer_are_named() -> None:
    made = plan(resume=saved(turn(answer(call(), call("c2")))), input=[output("c2")])
    with pytest.raises(
        RequestValidationError, match="lacks the answer to the function_call c1, which the run waits for"
    ):
        made.calls_at_start(no_call)


@pytest.mark.parametrize("status", ["completed", "incomplete"])
def test_run_that_has_ended_needs_something_new(status: str) -> None:
    made = plan(resume=saved(turn(answer(message(), status=status))))
    with pytest.raises(
        RequestValidationError, match="input: is empty, but the run has ended and needs new input"
    ):
        made.calls_at_start(any_call)
    made = plan(resume=saved(turn(answer(message(), status=status))), input="More")
    assert made.calls_at_start(any_call) == []
    assert ask(made) == {"model": "m", "previous_response_id": "resp_1", "input": [MORE]}


def test_stopped_run_continues_without_new_input() -> None:
    made = plan(resume=saved(turn(answer(call()), output()), status="stopped"))
    assert made.calls_at_start(no_call) == []
    assert ask(made)["input"] == [output()]


def test_turns_before_are_in_the_result_and_not_in_the_count() -> None:
    made = plan(resume=saved(turn(answer(message()))), input="More", max_turns=1)
    made.calls_at_start(any_call)
    ask(made)
    go(made, answer(message(), number=2))
    result = made.result()
    assert result is not None
    assert (len(result.turns), result.status, made.number) == (2, "completed", 2)


def test_texts_and_parts_continue_a_run_as_one_message() -> None:
    made = plan(resume=saved(turn(answer(message()))), input=["What is on it?", LOOK, MORE])

    assert ask(made)["input"] == [
        {"role": "user", "content": [{"type": "input_text", "text": "What is on it?"}, LOOK]},
        MORE,
    ]


def test_input_is_new_only_once() -> None:
    made = plan(resume=saved(turn(answer(message()))), input="More")
    made.calls_at_start(any_call)
    ask(made)
    go(made, answer(call(), number=2), output())
    assert ask(made)["input"] == [output()]


def test_run_that_followed_a_response_still_does() -> None:
    resume = saved(turn(answer(call(), store=False), output()), previous_response_id="resp_0")
    made = plan(resume=resume, store=False)
    assert ask(made)["previous_response_id"] == "resp_0"
    assert made.result().previous_response_id == "resp_0"


def test_run_stays_in_its_conversation() -> None:
    resume = saved(turn(answer(call(), conversation={"id": "conv_1"}), output()))
    assert ask(plan(resume=resume)) == {"model": "m", "conversation": "conv_1", "input": [output()]}
    assert ask(plan(resume=resume, conversation=None))["previous_response_id"] == "resp_1"


# --- resumed runs whose last response failed or was cut off


@pytest.mark.parametrize("status", ["failed", "cancelled"])
def test_response_that_failed_is_asked_for_again(status: str) -> None:
    good = turn(answer(call()), output())
    bad = turn(answer(message("He"), number=2, status=status), given=[output()])
    made = plan(resume=saved(good, bad))
    assert made.calls_at_start(any_call) == []
    assert ask(made) == {"model": "m", "previous_response_id": "resp_1", "input": [output()]}
    go(made, answer(message("Done"), number=3))
    assert made.last_turn.input == ()  # it was in an earlier request
    assert made.result().status == "completed"


def test_first_response_that_failed_is_asked_for_again() -> None:
    resume = saved(turn(answer(status="failed")), previous_response_id="resp_0")
    made = plan(resume=resume, input="More")
    assert ask(made) == {"model": "m", "previous_response_id": "resp_0", "input": [MORE, MORE]}
    made = plan(resume=saved(turn(answer(status="failed"))))
    assert ask(made) == {"model": "m", "input": [MORE]}


def test_several_that_failed_are_one_question() -> None:
    turns = [
        turn(answer(message())),
        turn(answer(status="failed"), given=[HELLO]),
        turn(answer(status="failed")),
    ]
    assert ask(plan(resume=saved(*turns)))["input"] == [HELLO, MORE]


@pytest.mark.parametrize("params", [{"replay": True}, {"store": False}], ids=str)
def test_output_of_a_failed_response_is_not_sent_again(params: Any) -> None:
    bad = turn(answer(message("He"), number=2, status="failed"), given=[output()])
    made = plan(resume=saved(turn(answer(call()), output()), bad), **params)
    assert [item.get("type") for item in ask(made)["input"]] == [
        None,
        "function_call",
        "function_call_output",
    ]


def test_response_that_failed_in_a_conversation_is_asked_for_again() -> None:
    bad = turn(answer(status="failed", conversation={"id": "conv_1"}))
    assert ask(plan(resume=saved(bad))) == {"model": "m", "conversation": "conv_1", "input": [MORE]}


CUT = [
    think(id="rs_0"),
    message("I will call"),
    think(),
    call(),
    think(id="rs_2"),
    call("c2", status="incomplete"),
]


@pytest.mark.parametrize("params", [{}, {"replay": True}, {"store": False}], ids=str)
def test_calls_that_were_cut_off_are_not_sent_back_without_an_answer(params: Any) -> None:
    cut = turn(answer(*CUT, number=2, status="incomplete"))
    made = plan(resume=saved(turn(answer(message()), given=[HELLO]), cut), input="More", **params)
    assert made.calls_at_start(no_call) == []
    request = ask(made)
    types = [item.get("type", "user") for item in request["input"]]
    assert types[-4:] == ["user", "reasoning", "message", "user"]
    assert request.get("previous_response_id") == (None if params else "resp_1")


def test_cut_off_response_is_continued_if_the_server_answered_its_calls() -> None:
    shell = {
        "type": "shell_call",
        "id": "s",
        "call_id": "s1",
        "status": "completed",
        "action": {"commands": ["ls"]},
    }
    done = {"type": "shell_call_output", "id": "o", "call_id": "s1", "output": [], "status": "completed"}
    made = plan(resume=saved(turn(answer(shell, done, status="incomplete"))), input="More")
    assert ask(made) == {"model": "m", "previous_response_id": "resp_1", "input": [MORE]}


def test_cut_off_response_in_a_conversation_is_there_already() -> None:
    cut = turn(answer(*CUT, status="incomplete", conversation={"id": "conv_1"}))
    assert ask(plan(resume=saved(cut), input="More"))["input"] == [MORE]


# --- in the background


@pytest.mark.parametrize(
    ("is_background", "fields", "is_running"),
    [(True, {}, True), (True, {"completed_at": 5}, False), (False, {}, False)],
)
def test_unknown_status_of_a_response_in_the_background_is_no_end(
    is_background: bool, fields: dict[str, Any], is_running: bool
) -> None:
    made = plan(input="Hello", background=is_background)
    ask(made)
    made.add_response(answer(status="paused", **fields))
    assert made.is_response_running is is_running


def test_response_in_the_background_is_waited_for() -> None:
    made = plan(input="Hello", background=True)
    assert not made.is_response_running
    ask(made)
    made.add_response(answer(status="queued"))
    assert made.is_response_running
    made.update_response(answer(message("Done")))
    assert not made.is_response_running
    assert made.next_calls(any_call) == []
    result = made.result()
    assert result is not None
    assert (result.output_text, len(result.turns)) == ("Done", 1)


@pytest.mark.parametrize(
    ("params", "partial", "count"),
    [
        ({"background": True}, answer(status="in_progress"), 1),
        ({"background": True}, answer(id=""), 0),
        ({"background": True}, None, 0),
        ({}, answer(status="in_progress"), 0),
    ],
)
def test_broken_stream_is_kept_if_its_response_runs_in_the_background(
    params: Any, partial: Any, count: int
) -> None:
    made = plan(input="Hello", **params)
    ask(made)
    made.add_partial(partial)
    assert made.number == count
