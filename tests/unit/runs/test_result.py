"""The result of a run: its parts and sums, pending calls, and its JSON form."""

from __future__ import annotations

import json
import pickle
from typing import Any

import pytest
from call_items import call, output
from pydantic import BaseModel
from samples import response

from responses_client import RunResult, Turn
from responses_client._runs.result import ParsedRunResult, as_item
from responses_client._structured.output_type import output_type
from responses_client.errors import ParseError, ResponseValidationError
from responses_client.models import FunctionCallOutput, Response, UnknownItem

USAGE = {
    "input_tokens": 10,
    "input_tokens_details": {"cached_tokens": 4},
    "output_tokens": 2,
    "output_tokens_details": {"reasoning_tokens": 1},
    "total_tokens": 12,
}


class City(BaseModel):
    name: str


def turn(*items: dict[str, Any], status: str | None = "completed", answers: Any = (), **fields: Any) -> Turn:
    made = Response.from_dict({**response(**fields), "status": status, "output": [*items]})
    return Turn((as_item({"role": "user", "content": "Hi"}),), made, tuple(map(as_item, answers)))


def result(*turns: Turn, status: Any = "completed", **fields: Any) -> RunResult:
    return RunResult(turns, status, **fields)


MESSAGE = response(text="The end")["output"][0]
TWO_TURNS = result(
    turn(call(), answers=[output()], usage=USAGE),
    Turn((as_item(output()),), Response.from_dict(response(text="The end", id="resp_2", usage=USAGE))),
    previous_response_id="resp_0",
)


# --- parts


def test_response_and_text_are_those_of_the_last_turn() -> None:
    assert TWO_TURNS.response is TWO_TURNS.turns[1].response
    assert TWO_TURNS.output_text == "The end"


def test_items_are_all_after_the_first_input() -> None:
    assert [item.type for item in TWO_TURNS.items] == ["function_call", "function_call_output", "message"]


def test_items_include_outputs_that_were_not_sent_yet() -> None:
    assert [item.type for item in result(TWO_TURNS.turns[0]).items] == [
        "function_call",
        "function_call_output",
    ]


def test_repr_shows_status_and_text() -> None:
    assert repr(TWO_TURNS) == "<RunResult completed after 2 turns: 'The end'>"
    assert repr(result(turn(), status="failed")).startswith("<RunResult failed after 1 turn: ")


# --- sums


def test_usage_is_the_sum_of_all_turns() -> None:
    usage = TWO_TURNS.usage
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (20, 4, 24)
    assert usage.input_tokens_details.cached_tokens == 8
    assert usage.output_tokens_details.reasoning_tokens == 2


@pytest.mark.parametrize("known", [0, 1])
def test_usage_includes_fields_that_only_some_responses_report(known: int) -> None:
    some: list[dict[str, Any] | None] = [
        None,
        {"total_tokens": 3, "cost": 0.5, "currency": "EUR", "details": None},
    ]
    first, second = some if known else some[::-1]
    usage = result(turn(usage=first), turn(usage=second), turn(usage={"details": {"a": 1}})).usage
    assert usage.total_tokens == 3
    assert usage.to_dict()["cost"] == 0.5
    assert usage.to_dict()["currency"] == "EUR"
    assert usage.to_dict()["details"] == {"a": 1}
    assert usage.input_tokens == 0


def test_usage_without_reports_is_empty() -> None:
    assert result(turn()).usage.to_dict() == {}
    assert result(turn()).usage.total_tokens == 0


def test_turn_without_a_total_or_details_counts_in_all_sums() -> None:
    bare = {"input_tokens": 100, "output_tokens": 10, "output_tokens_details": None}
    usage = result(turn(usage=USAGE), turn(usage=bare)).usage
    assert (usage.input_tokens, usage.output_tokens, usage.total_tokens) == (110, 12, 122)
    assert usage.output_tokens_details.reasoning_tokens == 1


def test_null_in_a_later_usage_does_not_undo_the_sum() -> None:
    usage = result(turn(usage={"total_tokens": 3}), turn(usage={"total_tokens": None, "x": None})).usage
    assert usage.total_tokens == 3
    assert usage.to_dict()["x"] is None


# --- pending calls


def test_pending_are_the_calls_without_an_answer() -> None:
    calls = [call(), call("c2")]
    assert [one.item.to_dict() for one in result(turn(*calls, answers=[output("c2")])).pending] == calls[:1]


def test_pending_are_the_calls_of_the_last_turn_alone() -> None:
    assert result(turn(call()), turn(MESSAGE)).pending == []


@pytest.mark.parametrize("status", ["incomplete", "failed", "cancelled", "in_progress"])
def test_call_of_an_incomplete_response_is_not_pending(status: str) -> None:
    assert result(turn(call(), status=status)).pending == []


def test_response_without_a_status_counts_as_complete() -> None:
    assert len(result(turn(call(), status=None)).pending) == 1


def test_calls_that_share_an_id_are_answered_one_by_one() -> None:
    calls = [call(), call(arguments='{"a": 1}')]
    assert len(result(turn(*calls)).pending) == 2
    assert [one.item.to_dict() for one in result(turn(*calls, answers=[output()])).pending] == calls[1:]
    assert result(turn(*calls, answers=[output(), output()])).pending == []


def test_positions_say_which_calls_of_an_id_have_an_answer_and_which_wait_for_approval() -> None:
    calls = [call(name="a"), call(name="b"), call(name="c")]
    run = result(
        turn(*calls, answers=[output()]),
        status="pending",
        approval_ids=("c1",),
        approval_positions=(2,),
        answered_positions=(1,),
    )
    assert [(one.name, one.needs_approval) for one in run.pending] == [("a", False), ("c", True)]
    assert RunResult.from_json(run.to_json()) == run
    assert pickle.loads(pickle.dumps(run)).pending == run.pending


def test_calls_with_ids_made_here_are_known_after_a_save() -> None:
    run = result(turn(call(), call("c2")), renamed_calls=((0, 1), (0, 0)))
    assert RunResult.from_json(run.to_json()) == run
    assert run.to_dict()["renamed_calls"] == [[0, 1], [0, 0]]
    assert "renamed_calls" not in result(turn(call())).to_dict()


@pytest.mark.parametrize(
    "pairs", [5, [5], [[0]], [[0, 2]], [[1, 0]], [[-1, 0]], [[0, -1]], [[True, 0]], [["0", 0]], [[0, 0, 0]]]
)
def test_calls_that_a_saved_run_does_not_have_are_refused(pairs: Any) -> None:
    saved = result(turn(call(), call("c2"))).to_dict()
    with pytest.raises(ResponseValidationError, match="The data is not a saved run"):
        RunResult.from_dict({**saved, "renamed_calls": pairs})


STALE: list[tuple[int, ...]] = [(), (0, 1), (5,), (-2,), (2,)]


@pytest.mark.parametrize("places", STALE)
def test_ids_decide_where_positions_do_not_fit(places: tuple[int, ...]) -> None:
    made = turn(call(name="a"), call(name="b"), call("c2"), answers=[output()])
    run = result(made, approval_ids=("c1",), approval_positions=places, answered_positions=places)
    assert [(one.name, one.needs_approval) for one in run.pending] == [("b", True), ("f", False)]


def test_runs_of_earlier_versions_have_no_positions() -> None:
    run = result(turn(call(), call("c2"), answers=[output()]), status="pending", approval_ids=("c2",))
    data = run.to_dict()
    del data["approval_positions"]
    assert RunResult.from_dict(data).approvals == run.approvals
    state = {"turns": run.turns, "status": "pending", "approval_ids": ("c2",)}
    old = RunResult.__new__(RunResult)
    old.__dict__.update(state)
    assert pickle.loads(pickle.dumps(old)).approvals == run.approvals


@pytest.mark.parametrize("name", ["approval_positions", "answered_positions"])
@pytest.mark.parametrize("value", ["12", 1, [True], ["1"], None])
def test_saved_positions_are_a_list_of_numbers(name: str, value: Any) -> None:
    with pytest.raises(ResponseValidationError, match=f"{name} is not a list of whole numbers"):
        RunResult.from_dict({**result(turn(call())).to_dict(), name: value})


def test_positions_without_ids_survive_json() -> None:
    run = result(turn(call()), approval_positions=(0,))
    assert RunResult.from_json(run.to_json()) == run


@pytest.mark.parametrize("value", [{}, "", "x", 1, None, {"0": {}}])
@pytest.mark.parametrize("name", ["turns", "input", "outputs", "unsent", "renamed_calls"])
def test_saved_lists_are_lists(name: str, value: Any) -> None:
    saved = result(turn(call())).to_dict()
    inside = saved["turns"][0] if name in ("input", "outputs") else saved
    inside[name] = value
    with pytest.raises(ResponseValidationError, match=f"{name} is not a list of"):
        RunResult.from_dict(saved)


@pytest.mark.parametrize("version", [True, 1.0, "1", 2, None])
def test_saved_version_is_a_known_number(version: Any) -> None:
    with pytest.raises(ResponseValidationError, match=f"it has version {version!r} and 1 turns"):
        RunResult.from_dict({**result(turn(call())).to_dict(), "version": version})


def test_calls_that_wait_for_approval_are_listed() -> None:
    request = {"type": "mcp_approval_request", "id": "m1", "name": "read", "arguments": "{}"}
    run = result(turn(call(), call("c2"), request), status="pending", approval_ids=("c2",))
    assert [one.call_id for one in run.pending] == ["c1", "c2", "m1"]
    assert [one.call_id for one in run.approvals] == ["c2", "m1"]
    assert RunResult.from_json(run.to_json()) == run


@pytest.mark.parametrize("ids", ["c2", [1], None])
def test_saved_ids_are_a_list_of_strings(ids: Any) -> None:
    saved = {**result(turn(call())).to_dict(), "approval_ids": ids}
    with pytest.raises(ResponseValidationError, match="approval_ids is not a list of strings"):
        RunResult.from_dict(saved)


def test_malformed_call_is_pending() -> None:
    waiting = result(turn({"type": "function_call", "call_id": "c9", "arguments": 5})).pending
    assert [type(one.item) for one in waiting] == [UnknownItem]


# --- JSON


def test_run_survives_json() -> None:
    assert RunResult.from_json(TWO_TURNS.to_json()) == TWO_TURNS
    assert RunResult.from_json(TWO_TURNS.to_json().encode()) == TWO_TURNS
    assert RunResult.from_dict(TWO_TURNS.to_dict()) == TWO_TURNS
    assert json.loads(TWO_TURNS.to_json()) == TWO_TURNS.to_dict() == json.loads(TWO_TURNS.to_json(indent=2))
    assert TWO_TURNS.to_json(indent=2).startswith('{\n  "')


def test_unknown_status_survives_json() -> None:
    assert RunResult.from_dict({**GOOD, "status": "expired"}).status == "expired"


def test_unknown_items_survive_json() -> None:
    odd = result(
        turn({"type": "poem", "lines": [1]}, {"type": "function_call", "arguments": 5}), status="pending"
    )
    assert RunResult.from_json(odd.to_json()).to_dict() == odd.to_dict()
    assert "previous_response_id" not in odd.to_dict()


GOOD = TWO_TURNS.to_dict()
NOT_RUNS: list[Any] = [
    5,
    None,
    [],
    {},
    {**GOOD, "version": 2},
    {**GOOD, "version": None},
    {**GOOD, "turns": []},
    {**GOOD, "turns": None},
    {**GOOD, "turns": 5},
    {**GOOD, "turns": [5]},
    {**GOOD, "turns": [{}]},
    {**GOOD, "turns": [{"input": 5, "response": {}, "outputs": []}]},
    {**GOOD, "turns": [{"input": [], "response": 5, "outputs": []}]},
    {**GOOD, "turns": [{"input": [], "response": response(), "outputs": [5]}]},
    {**GOOD, "turns": [{"input": [], "response": response(), "outputs": "text"}]},
    {**GOOD, "status": None},
    {**GOOD, "previous_response_id": None},
    {**GOOD, "previous_response_id": 5},
    {key: value for key, value in GOOD.items() if key != "status"},
]


@pytest.mark.parametrize("data", NOT_RUNS, ids=lambda data: str(data)[:60])
def test_data_of_another_shape_is_refused(data: Any) -> None:
    with pytest.raises(ResponseValidationError):
        RunResult.from_dict(data)
    with pytest.raises(ResponseValidationError):
        RunResult.from_json(json.dumps(data))


@pytest.mark.parametrize("text", ["", "{", b"\xff", "[1"])
def test_text_that_is_not_json_is_refused(text: str | bytes) -> None:
    with pytest.raises(
        ResponseValidationError,
        match=r"^The text is not a saved run \(.*pass the result of RunResult\.to_json",
    ):
        RunResult.from_json(text)


def test_run_can_be_pickled() -> None:
    again = pickle.loads(pickle.dumps(TWO_TURNS))
    assert again == TWO_TURNS
    assert again.usage == TWO_TURNS.usage


# --- with a type


def parsed(text: str, **fields: Any) -> ParsedRunResult[City]:
    made = Response.from_dict(response(text=text, **fields))
    return ParsedRunResult((Turn((), made),), "completed", wanted=output_type(City))


def test_last_text_is_parsed_as_the_type() -> None:
    run = parsed('{"name": "Lima"}')
    assert run.output_parsed == City(name="Lima")
    assert run.output_parsed_or_raise() == City(name="Lima")
    assert run.response is run.response
    assert repr(run) == """<ParsedRunResult completed after 1 turn: '{"name": "Lima"}'>"""


def test_text_that_does_not_fit_raises_only_on_demand() -> None:
    run = parsed("Lima")
    assert run.output_parsed is None
    with pytest.raises(ParseError):
        run.output_parsed_or_raise()


def test_saved_run_with_a_type_is_a_plain_run() -> None:
    run = parsed('{"name": "Lima"}')
    assert RunResult.from_json(run.to_json()).to_dict() == run.to_dict()


def test_run_with_a_type_can_be_pickled() -> None:
    run = parsed('{"name": "Lima"}')
    assert pickle.loads(pickle.dumps(run)).output_parsed == City(name="Lima")
    assert run.output_parsed is not None
    assert pickle.loads(pickle.dumps(run)).output_parsed == City(name="Lima")


def test_output_item_of_the_run_is_a_model() -> None:
    assert isinstance(TWO_TURNS.turns[0].outputs[0], FunctionCallOutput)
