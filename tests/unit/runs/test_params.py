"""The types of a run's arguments: the same names for both clients, and no others than a run takes."""

from __future__ import annotations

from responses_client import AsyncRunParams, RunParams
from responses_client._base.options import RequestOptions
from responses_client._runs.arguments import RunArguments
from responses_client._runs.executor import HOOKS
from responses_client.models.params import ResponseRunParams

OWN = RunParams.__optional_keys__ - ResponseRunParams.__optional_keys__ - ResponseRunParams.__required_keys__


def test_arguments_are_declared_for_both_clients() -> None:
    assert RunParams.__optional_keys__ == AsyncRunParams.__optional_keys__
    assert RunParams.__required_keys__ == AsyncRunParams.__required_keys__
    assert {"model", "timeout", "tools", "max_turns", *HOOKS.values()} <= RunParams.__optional_keys__


def test_declared_arguments_of_a_run_are_those_that_it_takes_out() -> None:
    given = dict.fromkeys(OWN - RequestOptions.__optional_keys__)
    valid = {
        "tools": (),
        "max_turns": 1,
        "max_concurrency": 1,
        "on_tool_error": "return",
        "approve": (),
        "deny": {},
        "reset_tool_choice": True,
    }
    assert RunArguments({**given, **valid}).request == {}
