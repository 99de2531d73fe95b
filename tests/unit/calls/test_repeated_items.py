"""Items that came twice: which of them only repeat another one."""

from __future__ import annotations

import logging
from typing import Any

import pytest
from call_items import call, custom_call
from samples import response

from responses_client._calls.repeated_items import repeated_items
from responses_client.models import Response

MESSAGE = response(text="The end")["output"][0]
REPEATED: list[tuple[list[dict[str, Any]], dict[int, int]]] = [
    ([call(), call()], {1: 0}),
    ([call(), call(), call()], {1: 0, 2: 0}),
    ([call(arguments=""), call(arguments="[1]")], {0: 1}),
    ([call(arguments="[1]"), call(arguments="")], {1: 0}),
    ([call(status="incomplete"), call()], {0: 1}),
    ([call(arguments=""), call(arguments=""), call(arguments="[1]"), call(arguments="")], {0: 2, 1: 2, 3: 2}),
    ([call(), call(arguments="[1]")], {}),
    ([call(arguments="[1]"), call(arguments="[2]"), call(arguments="[2]")], {2: 1}),
    ([call("c1", id="x"), call("c2", id="x")], {}),
    ([call("c1", id="x"), call("", id="x")], {1: 0}),
    ([call(), custom_call("f", "{}")], {}),
    ([call(id=None), call(id=None)], {}),
    ([call(id=""), call(id="")], {}),
    ([MESSAGE, MESSAGE], {1: 0}),
    ([MESSAGE, {**MESSAGE, "content": []}], {1: 0}),
]


@pytest.mark.parametrize(("made", "places"), REPEATED)
def test_item_that_only_repeats_another_is_known(made: list[dict[str, Any]], places: dict[int, int]) -> None:
    assert repeated_items(made) == places
    assert repeated_items(Response.from_dict({"output": made}).output) == places


def test_values_that_are_no_items_repeat_nothing() -> None:
    assert repeated_items(["a", "a", 5, None, {"id": 5}, {"id": 5}, MESSAGE, "a", MESSAGE]) == {8: 6}


def test_an_item_without_a_type_is_one() -> None:
    untyped = {"id": "x", "role": "user", "content": "Hi"}
    assert repeated_items([untyped, untyped, {**untyped, "type": "message"}]) == {1: 0}


def test_different_items_with_one_id_are_warned_of_on_demand(caplog: pytest.LogCaptureFixture) -> None:
    items = [call(), call(arguments="[1]"), MESSAGE, MESSAGE]
    repeated_items(items)
    assert caplog.records == []
    repeated_items(items, warns=True)
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, "Different items of the input have the id id_c1: the API may refuse that")
    ]
