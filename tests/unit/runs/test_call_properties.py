"""Any run of any calls: each call is answered once or pending, and each approval is used once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from responses_client import Client, InternalServerError, RunResult, custom_tool, tool
from responses_client.testing import Server

KINDS = ("add", "delete", "shout", "pay", "shell", "patch")
"""A function, one that needs approval, a custom tool, a tool without a function, and hooks, of which one is missing."""
NUMBERS = st.sampled_from([None, "", "c1", "c2", 7, "own"])
"""The ids of calls: none, shared ones, one that is not a string, and one of its own."""


@dataclass
class Call:
    """A call as a server sends it, with a number by which the tools know it."""

    number: int
    kind: str
    fields: dict[str, Any]
    copies: int

    def items(self) -> list[dict[str, Any]]:
        n = self.number
        body: dict[str, dict[str, Any]] = {
            "shout": {"type": "custom_tool_call", "name": "shout", "input": str(n)},
            "shell": {"type": "shell_call", "action": {"commands": [str(n)]}, "status": "completed"},
            "patch": {
                "type": "apply_patch_call",
                "operation": {"type": "delete_file", "path": str(n)},
                "status": "completed",
            },
        }
        default = {"type": "function_call", "name": self.kind, "arguments": f'{{"number": {n}}}'}
        made = {**body.get(self.kind, default), **self.fields}
        return [dict(made) for _ in range(self.copies)]


@st.composite
def calls(draw: st.DrawFn, first: int) -> list[Call]:
    """The calls of one response."""
    found: list[Call] = []
    for number in range(first, first + draw(st.integers(0, 4))):
        fields: dict[str, Any] = {}
        key = draw(st.one_of(st.just("absent"), NUMBERS))
        if key != "absent":
            fields["call_id"] = f"call_{number}" if key == "own" else key
        own = draw(st.sampled_from([None, "it_shared", "it_own"]))
        if own is not None:
            fields["id"] = f"it_{number}" if own == "it_own" else own
        # Without an id of the item, two equal items are two calls.
        copies = draw(st.sampled_from([1, 1, 1, 2, 3])) if own == "it_own" else 1
        found.append(Call(number, draw(st.sampled_from(KINDS)), fields, copies))
    return found


@st.composite
def others(draw: st.DrawFn, is_stored: bool) -> list[dict[str, Any]]:
    """The items of a response beside its calls; servers use ids again here, too.

    A server that stores reasoning knows it by its id, and so does not use ids again.
    """
    content = [{"type": "output_text", "text": "I look.", "annotations": []}]
    made: dict[str, dict[str, Any]] = {
        "message": {"role": "assistant", "status": "completed", "content": content},
        "reasoning": {"summary": [], "encrypted_content": "sealed"},
    }
    kinds = draw(st.lists(st.sampled_from(["message"] if is_stored else [*made]), max_size=2))
    return [
        {"type": kind, "id": draw(st.sampled_from(["it_shared", f"{kind}_1"])), **made[kind]}
        for kind in kinds
    ]


@st.composite
def conversations(draw: st.DrawFn) -> list[list[Call]]:
    turns: list[list[Call]] = []
    for _ in range(draw(st.integers(1, 3))):
        turns.append(draw(calls(100 * (len(turns) + 1))))
        if not turns[-1]:
            break
    return turns


@dataclass
class Desk:
    """The program around the runs: its tools, their calls, and its approvals and denials."""

    made: Counter[int] = field(default_factory=Counter)
    approved: Counter[int] = field(default_factory=Counter)
    denied: Counter[int] = field(default_factory=Counter)
    given: Counter[int] = field(default_factory=Counter)

    def arguments(self) -> dict[str, Any]:
        def add(number: int) -> int:
            """Add one."""
            self.made[number] += 1
            return number

        @tool(needs_approval=True)
        def delete(number: int) -> int:
            """Delete."""
            self.made[number] += 1
            return number

        @custom_tool
        def shout(text: str) -> str:
            """Shout."""
            self.made[int(text)] += 1
            return text

        def patch(call: Any) -> str:
            self.made[int(call.operation.path)] += 1
            return str(call.operation.path)

        pay = {"type": "function", "name": "pay", "parameters": {}, "strict": False}
        tools = [add, delete, shout, pay, {"type": "shell"}, {"type": "apply_patch"}]
        return {"model": "m", "tools": tools, "on_apply_patch": patch, "max_turns": 9}

    def decide(self, result: RunResult, says_yes: Any) -> dict[str, Any]:
        """Answer, approve or deny each call that waits, by its id or by the call itself."""
        approve: list[Any] = []
        deny: dict[Any, str] = {}
        answers: list[Any] = []
        for call in result.pending:
            number = number_of(call.item.to_dict())
            name = call if says_yes() else call.call_id
            if call.needs_approval and says_yes():
                approve.append(name)
                self.approved[number] += 1
            elif says_yes() or call.needs_approval:
                deny[name] = f"{number}"
                self.denied[number] += 1
            else:
                kind = call.item.wire_type
                shown: Any = [] if kind == "shell_call" else str(number)
                answers.append({"type": f"{kind}_output", "call_id": call.call_id, "output": shown})
                self.given[number] += 1
        return {"approve": approve, "deny": deny, "input": answers}


def number_of(item: dict[str, Any]) -> int:
    """The number of a call, which says itself which one it is."""
    action, operation = item.get("action", {}), item.get("operation", {})
    text = item.get("input") or operation.get("path") or [*action.get("commands", ()), None][0]
    return int(text or item["arguments"].removeprefix('{"number": ').removesuffix("}"))


def assert_answered_once(result: RunResult) -> None:
    """Each call of a finished run has one output, by its id, and no id names two calls of a turn."""
    for number, turn in enumerate(result.turns):
        after = result.turns[number + 1].input if number + 1 < len(result.turns) else ()
        calls = [item for item in turn.response.output if item.wire_type.endswith("_call")]
        numbers = {call.call_id: number_of(call.to_dict()) for call in calls}
        assert len({*numbers.values()}) == len(numbers)
        found = Counter(item.call_id for item in after if item.wire_type.endswith("_output"))
        assert found == Counter(numbers.keys())


MODES: list[dict[str, Any]] = [{}, {"store": False}, {"replay": True}, {"replay": False}]


@settings(max_examples=60)
@given(conversations(), st.sampled_from(MODES), st.data())
def test_each_call_is_answered_once_and_each_approval_used_once(
    turns: list[list[Call]], mode: dict[str, Any], data: st.DataObject
) -> None:
    def toss() -> bool:
        return data.draw(st.booleans())

    desk = Desk()
    with Server() as server, server.client(max_retries=0) as client:
        for turn in turns:
            server.reply_items(
                [
                    *data.draw(others(mode.get("store", True))),
                    *(item for call in turn for item in call.items()),
                ]
            )
            if toss():
                server.fail(status=500)
        server.reply("Done.")
        result = finish(client, {**desk.arguments(), **mode}, desk, toss)

    assert (result.status, result.pending) == ("completed", [])
    every = [call for turn in turns[: len(result.turns)] for call in turn]
    assert set(desk.made.values()) <= {1}
    for call in every:
        asked = desk.approved[call.number], desk.denied[call.number], desk.given[call.number]
        assert desk.made[call.number] == {"add": 1, "shout": 1, "patch": 1, "delete": asked[0]}.get(
            call.kind, 0
        )
        assert sum(asked) == (0 if call.kind in ("add", "shout", "patch") else 1)
    assert_answered_once(result)


def finish(client: Client, arguments: dict[str, Any], desk: Desk, toss: Any) -> RunResult:
    """Run to the end: continue after errors, decide on calls that wait, and save the run in between."""
    params: dict[str, Any] = {"input": "Hi"}
    for _ in range(20):
        try:
            if toss():
                result = client.responses.run_stream(**arguments, **params).until_done().result
            else:
                result = client.responses.run(**arguments, **params)
        except InternalServerError as error:
            result, params = error.run, {}
        else:
            assert result is not None
            if result.status != "pending":
                return result
            params = desk.decide(result, toss)
        if result is None:
            params = {"input": "Hi"}
        else:
            params["resume"] = RunResult.from_json(result.to_json()) if toss() else result
    raise AssertionError("the run does not end")
