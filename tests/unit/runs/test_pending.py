"""Pending calls as values, and the decisions on them: ids, calls, mistakes."""

from __future__ import annotations

import pickle
from typing import Any

import pytest
from call_items import call, custom_call, item, output

from responses_client import PendingCall, RequestValidationError
from responses_client._runs.arguments import RunArguments
from responses_client._runs.pending import Decision, decide
from responses_client._tools.outputs import denial_of
from responses_client.models import Response

MCP = {"type": "mcp_approval_request", "id": "m1", "name": "read", "arguments": "{}", "server_label": "docs"}
COMPUTER = item("computer_call", "k1", action={"type": "wait"}, pending_safety_checks=[])


def items(*made: dict[str, Any]) -> Any:
    return Response.from_dict({"output": [*made]}).output


def pending(made: dict[str, Any], **fields: Any) -> PendingCall:
    return PendingCall(*items(made), **fields)


def decided(
    *made: dict[str, Any], approve: Any = (), deny: Any = (), answered: Any = ()
) -> list[Decision | None]:
    """The decisions on calls that wait, in their order."""
    return decided_on(items(*made), approve, deny, answered)


def decided_on(waiting: Any, approve: Any = (), deny: Any = (), answered: Any = ()) -> list[Decision | None]:
    """The decisions on items that wait, in their order."""
    arguments = RunArguments({"approve": approve, "deny": deny or {}})
    can_deny = [id(one) for one in waiting if denial_of(one, "No.")]
    found = decide(arguments.approve, arguments.deny, waiting, answered, can_deny)
    return [found.get(id(one)) for one in waiting]


def refused(*made: dict[str, Any], **given: Any) -> list[str]:
    """The mistakes in decisions."""
    with pytest.raises(RequestValidationError) as caught:
        decided(*made, **given)
    return [f"{error['path']}: {error['message']}" for error in caught.value.errors]


# --- calls as values

FACTS = [
    (call("c1", "add", '{"a": 1}'), ("c1", "add", '{"a": 1}', "function_call")),
    (custom_call("shout", "hello"), ("c1", "shout", "hello", "custom_tool_call")),
    (MCP, ("m1", "read", "{}", "mcp_approval_request")),
    (COMPUTER, ("k1", "computer", '{"type":"wait"}', "computer_call")),
]


@pytest.mark.parametrize(("made", "facts"), FACTS, ids=lambda value: str(value)[:20])
def test_call_has_an_id_a_name_and_arguments(made: dict[str, Any], facts: tuple[str, ...]) -> None:
    waiting = pending(made)
    assert (waiting.call_id, waiting.name, waiting.arguments, waiting.type) == facts
    assert waiting.item.to_dict() == made


def test_equal_calls_are_one_key() -> None:
    assert {pending(call()): 1, pending(call()): 2} == {pending(call()): 2}
    assert len({pending(call()), pending(call("c2")), pending(call(arguments="[]"))}) == 3
    assert pickle.loads(pickle.dumps(pending(call()))) == pending(call())


def test_repr_names_the_call() -> None:
    assert repr(pending(call("c1", "pay", '{"euros": 12}'))) == (
        '<PendingCall c1 waits for an answer: pay {"euros": 12}>'
    )
    assert repr(pending(MCP, needs_approval=True)) == "<PendingCall m1 waits for approval: read {}>"


# --- decisions


def test_id_decides_on_the_one_call_that_has_it() -> None:
    assert decided(call(), call("c2"), call("c3"), approve={"c1"}, deny={"c2": "No."}) == [True, "No.", None]


def test_id_that_calls_share_is_ambiguous() -> None:
    wrong = "which several calls that wait share; pass the call itself, which `pending` of the run lists"
    made = (call(), call(arguments="[]"), call("c2"), call("c2"), call("c3"))
    assert refused(*made, approve=["c1", "c3", "c2"]) == [f"approve: names c1, c2, {wrong}"]
    assert refused(*made, deny={"c1": "No.", "c3": "No."}) == [f"deny: names c1, {wrong}"]


APART = [
    (call(), call(arguments="[]")),
    (call(), call(name="g")),
    (call(), call(namespace="other")),
    (call(), {**call(), "id": "fc_2"}),
    (call(), custom_call("f", "{}")),
    (call("m1", "read"), MCP),
    (MCP, {**MCP, "server_label": "evil"}),
    (call(), call()),
]


@pytest.mark.parametrize("made", APART)
def test_call_decides_on_no_other_one_of_its_id(made: tuple[dict[str, Any], ...]) -> None:
    one, two = map(pending, made)
    assert decided(*made, approve=[one]) == [True, None]
    assert decided(*made, approve=[one], deny={two: "No."}) == [True, "No."]
    assert decided(*made, approve=[one, two]) == [True, True]
    for number, expected in enumerate([[True, None], [None, True]]):
        waiting = items(*made)
        assert decided_on(waiting, approve=[PendingCall(waiting[number])]) == expected


@pytest.mark.parametrize("made", APART[:-1])
def test_second_call_of_an_id_is_decided_on_alone(made: tuple[dict[str, Any], ...]) -> None:
    assert decided(*made, approve=[pending(made[1])]) == [None, True]
    assert decided(*made, deny={pending(made[1]): "No."}) == [None, "No."]


def test_no_stands_for_all_equal_calls_that_have_no_yes() -> None:
    assert decided(call(), call(), deny={pending(call()): "No."}) == ["No.", "No."]
    made = (call(), call(), call())
    assert decided(*made, approve=[pending(call())], deny={pending(call()): "No."}) == [True, "No.", "No."]
    assert refused(call(), call(), approve=[pending(call())] * 2, deny={pending(call()): "No."}) == [
        "deny: names c1, which approve names as well; name it in one of the two"
    ]


def test_status_does_not_tell_calls_apart() -> None:
    assert decided(call(), approve=[pending(call(status="in_progress"))]) == [True]


def test_call_named_twice_with_one_decision_is_decided_on() -> None:
    assert decided(call(), approve=("c1", pending(call()), *items(call()))) == [True]
    assert decided(call(), deny={"c1": "No.", pending(call()): "No."}) == ["No."]


def test_call_is_either_approved_or_denied() -> None:
    assert refused(call(), approve=["c1"], deny={"c1": "No."}) == [
        "deny: names c1, which approve names as well; name it in one of the two"
    ]
    assert refused(call(), approve=["c1"], deny={"c1": "No.", pending(call()): "No."}) == [
        "deny: names c1, which approve names as well; name it in one of the two"
    ]
    assert refused(call(), deny={"c1": "No.", pending(call()): "Never."}) == [
        "deny: gives two reasons for c1; give one"
    ]


def test_call_whose_answer_cannot_say_no_is_not_denied() -> None:
    assert refused(COMPUTER, deny={"k1": "No."}) == [
        "deny: names k1, a computer_call, which cannot be denied; pass the item that answers it in input"
    ]


def test_calls_that_do_not_wait_are_named_with_those_that_do() -> None:
    choice = "; the ids of the calls that wait are c1, c2"
    given = ["c8", "c1", "c9", pending(call(arguments="[]")), "c0"]
    assert refused(call(), call("c2"), approve=given, deny={"c7": "No."}, answered=["c0"]) == [
        f"approve: names c8, c9, but the run has no waiting call with that id{choice}",
        f"approve: names c1, but no call of that id that waits equals the one given{choice}",
        f"approve: names c0, but that call has an answer already{choice}",
        f"deny: names c7, but the run has no waiting call with that id{choice}",
    ]


# --- the arguments


@pytest.mark.parametrize(
    "value",
    ["c1", b"c1", [1], None, 5, {"c1": "yes"}, pending(call()), *items(call()), Response(), [Response()]],
)
def test_approve_is_a_list_of_ids_and_calls(value: Any) -> None:
    assert refused(approve=value)[0].startswith("approve: expected a list of call ids or calls, got ")


def test_item_that_is_no_call_is_not_approved() -> None:
    assert refused(approve=items(output()))[0].startswith("approve: expected a list of call ids or calls")


@pytest.mark.parametrize("value", ["c1", ["c1"], pending(call())])
def test_deny_gives_reasons(value: Any) -> None:
    assert refused(deny=value)[0].startswith("deny: expected a dict of reasons by call id or call, got ")


def test_reasons_are_not_empty_and_keys_are_calls() -> None:
    assert refused(call(), deny={"c1": " ", pending(call("c2")): None, 3: "No."}) == [
        "deny.c1: expected a reason for the model, a string that is not empty, got str ''",
        "deny.c2: expected a reason for the model, a string that is not empty, got None",
        "deny: expected keys that are call ids or calls, got int 3",
    ]


def test_decision_on_a_call_of_no_earlier_run_needs_one() -> None:
    with pytest.raises(RequestValidationError) as caught:
        decide(["c9"], [("c8", "No.")], [], (), (), is_resumed=False)
    assert [error["message"] for error in caught.value.errors] == [
        f"names {key}, but the run has no waiting call with that id; no call waits; pass the earlier run as resume"
        for key in ("c9", "c8")
    ]
