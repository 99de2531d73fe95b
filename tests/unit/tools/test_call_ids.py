"""Ids made for calls that no answer could name, and items that a request has once."""

from __future__ import annotations

import re
from typing import Any

import pytest
from call_items import call, item, output
from samples import response as sample

from responses_client._tools.call_ids import own_ids, with_ids, without_repeats, without_shared_ids
from responses_client._tools.calls import as_item, unanswered
from responses_client.models import FunctionCall, McpApprovalRequest, Response

APPROVAL = {"type": "mcp_approval_request", "id": "a1", "name": "n", "arguments": "{}", "server_label": "s"}
LOCAL = item("local_shell_call", action={"type": "exec", "command": ["ls"], "env": {}})
MESSAGE = sample(text="The end")["output"][0]
MADE = re.compile("(call|mcpr)_[0-9a-f]{24}")


def without(data: dict[str, Any], *names: str) -> dict[str, Any]:
    return {name: value for name, value in data.items() if name not in names}


def answer(*items: dict[str, Any], **fields: Any) -> Response:
    return Response.from_dict({"id": "resp_1", "status": "completed", "output": [*items], **fields})


def made(*items: dict[str, Any], turn: int = 0, **fields: Any) -> dict[int, str]:
    """The ids for an output in which all calls wait."""
    response = answer(*items, **fields)
    return own_ids(response, unanswered(response.output, ()), turn)


def test_calls_with_ids_of_their_own_keep_them() -> None:
    assert made(call("c1"), call("c2"), APPROVAL, MESSAGE) == {}


@pytest.mark.parametrize("absent", [{}, {"call_id": None}, {"call_id": ""}, {"call_id": 7}])
def test_call_without_an_id_has_that_of_its_item(absent: dict[str, Any]) -> None:
    assert made({**without(call(), "call_id"), **absent}) == {0: "id_c1"}


UNFIT: list[list[dict[str, Any]]] = [
    [without(call(), "call_id", "id")],
    [{**without(call(), "call_id"), "id": ""}],
    [{**without(call(), "call_id"), "id": "x" * 65}],
    [{**without(call(), "call_id"), "id": 7}],
    [without(LOCAL, "call_id")],
    [without(APPROVAL, "id")],
    [without(call(), "call_id"), call("id_c1", id="fc_2")],
    [without(call(), "call_id"), {**without(call(arguments="[]"), "call_id")}],
]


@pytest.mark.parametrize("items", UNFIT)
def test_id_is_made_where_that_of_the_item_does_not_fit(items: list[dict[str, Any]]) -> None:
    found = made(*items)
    assert MADE.fullmatch(found[0])
    assert len({*found.values()}) == len(found)


def test_id_of_an_item_is_taken_once_in_a_run() -> None:
    response = answer(without(call(), "call_id"))
    earlier = answer(MESSAGE, call("id_c1")).output
    assert MADE.fullmatch(own_ids(response, response.output, 1, earlier)[0])
    assert own_ids(response, response.output, 1, earlier[:1]) == {0: "id_c1"}


def test_all_calls_that_share_an_id_have_others() -> None:
    shared = [
        call(),
        call(arguments="[]", id="fc_2"),
        item("shell_call", action={"commands": ["ls"]}, id="s"),
    ]
    found = made(*shared, call("c2"))
    assert [*found] == [0, 1, 2]
    assert all(map(MADE.fullmatch, found.values()))
    requests = made(APPROVAL, {**APPROVAL, "server_label": "t"})
    assert [name[:5] for name in requests.values()] == ["mcpr_", "mcpr_"]
    assert len({*requests.values()}) == 2


def test_call_that_has_an_answer_keeps_its_id() -> None:
    response = answer(call(), call(arguments="[]"), without(call("c2"), "call_id"))
    assert [*own_ids(response, response.output[1:2], 0)] == [1]
    assert own_ids(response, (), 0) == {}


def test_call_that_came_twice_is_not_one_that_shares_its_id() -> None:
    assert made(call(), call()) == {}
    assert made(without(call(), "call_id"), without(call(), "call_id")) == {0: "id_c1", 1: "id_c1"}


def test_made_ids_follow_from_the_data_alone() -> None:
    nameless = without(call(), "call_id", "id")
    first = made(nameless, nameless)
    assert made(nameless, nameless) == first
    assert len({*first.values()}) == 2
    others = [made(nameless, turn=1), made(nameless, id="resp_2"), made(nameless, created_at=5)]
    assert len({first[0], *(found[0] for found in others)}) == 4


def test_call_is_whole_once_it_has_its_id() -> None:
    response = answer(without(call(), "call_id"), MESSAGE, without(APPROVAL, "id"))
    named = with_ids(response, {0: "c8", 2: "c9"})
    one, message, request = named.output
    assert isinstance(one, FunctionCall)
    assert isinstance(request, McpApprovalRequest)
    assert (one.call_id, request.id) == ("c8", "c9")
    assert message is response.output[1]
    assert [kept.wire_type for kept in response.output] == [kept.wire_type for kept in named.output]
    assert response.output[0].type == "unknown"


def test_repeated_items_are_left_out() -> None:
    response = answer(MESSAGE, call(), MESSAGE, call(status="in_progress"), call("c2"))
    assert without_repeats(response).output == [response.output[place] for place in (0, 1, 4)]
    once = answer(MESSAGE, call())
    assert without_repeats(once) is once


def request(*items: dict[str, Any]) -> list[dict[str, Any]]:
    return [one.to_dict() for one in without_shared_ids([*map(as_item, items)])]


def think(**fields: Any) -> dict[str, Any]:
    return {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "sealed", **fields}


def test_request_has_each_id_once() -> None:
    assert request(call(), output(), call(arguments="[]"), output()) == [
        call(),
        output(),
        without(call(arguments="[]"), "id"),
        output(),
    ]
    assert [one["id"] for one in request(think(), think(), think(id="rs_1_2"), think())] == [
        "rs_1",
        "rs_1_2",
        "rs_1_2_2",
        "rs_1_3",
    ]


def test_id_that_the_server_has_already_is_not_sent_again() -> None:
    earlier = [*answer(call()).output, as_item({"role": "user", "content": "Hi"})]
    assert [one.to_dict() for one in without_shared_ids([as_item(call("c2", id="id_c1"))], earlier)] == [
        without(call("c2"), "id")
    ]


def test_ids_that_other_items_refer_to_stay() -> None:
    items = [
        APPROVAL,
        {**APPROVAL, "server_label": "t"},
        {"type": "item_reference", "id": "a1"},
        think(encrypted_content=None),
        think(encrypted_content=None),
        {"type": "local_shell_call_output", "id": "a1", "output": "x"},
        {"role": "user", "content": "Hi"},
    ]
    assert request(*items) == items
