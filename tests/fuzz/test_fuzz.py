"""A bounded number of cases of each target, always the same; and the command that runs more of them."""

from __future__ import annotations

import re
import time
from typing import Any, NoReturn

import pytest
import samples
from waits import PATIENT

from responses_client import _batch_files
from responses_client._events.accumulator import Accumulator
from responses_client._events.sse import SSEDecoder
from responses_client._structured import partial_json
from responses_client._websocket.routing import Router

from . import __main__ as command
from . import cases, corpus, sse_reference, streams_reference
from .cases import Target, require

CASES = {
    "sse": 3000,
    "events": 1200,
    "streams": 80,
    "responses": 200,
    "answers": 250,
    "errors": 1000,
    "outputs": 300,
    "websocket": 1000,
    "sessions": 150,
    "webhooks": 1500,
    "batches": 200,
    "runs": 250,
    "journals": 50,
}
"""About a second of each."""


def test_each_target_has_its_number_of_cases() -> None:
    assert [*CASES] == [*command.TARGETS]


@pytest.mark.parametrize("name", command.TARGETS)
def test_target_holds(name: str) -> None:
    report = cases.run(command.TARGETS[name], 0, cases=CASES[name])

    assert [str(failure) for failure in report.failures] == []
    assert report.cases == CASES[name]
    assert len(report.outcomes) > 1  # else the cases would be all alike


@pytest.mark.parametrize("name", command.TARGETS)
def test_case_is_the_same_whenever_it_is_made(name: str) -> None:
    target = command.TARGETS[name]
    assert target.case(1, 7) == target.case(1, 7)
    assert [target.case(1, number) for number in range(20)] != [
        target.case(2, number) for number in range(20)
    ]


def test_mistake_in_the_client_is_found_and_can_be_seen_again(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    frame = SSEDecoder._frame
    monkeypatch.setattr(SSEDecoder, "_frame", lambda self, block: frame(self, block.replace(b"id", b"ID")))

    assert command.main(["sse", "--seconds", "30"]) == 1
    shown = capsys.readouterr()
    assert "Mismatch: another id or retry" in shown.err
    again = shown.err.partition("again: python -m tests.fuzz ")[2].partition("\n")[0].split()
    assert again[:2] == ["--seed", "0"]
    assert command.main(again) == 1
    assert "Mismatch: another id or retry" in capsys.readouterr().out


def _ignore(one: object, fact: object) -> None:
    """Learn nothing of it."""


@pytest.mark.parametrize(
    ("name", "holder", "attribute", "mistake", "text"),
    [
        ("streams", Accumulator, "finish", _ignore, "instead of 'completed'"),
        ("sessions", Router, "_note_lane", _ignore, "another response"),
        ("outputs", partial_json, "_CUT_ESCAPE", re.compile(""), "another value"),
        ("batches", _batch_files, "BOM_UTF8", b"", "not one result or error for each line"),
    ],
)
def test_mistake_in_what_reads_for_others_is_found(
    monkeypatch: pytest.MonkeyPatch, name: str, holder: object, attribute: str, mistake: object, text: str
) -> None:
    monkeypatch.setattr(holder, attribute, mistake)

    report = cases.run(command.TARGETS[name], 0, cases=2 * CASES[name])

    assert any(text in failure.trace for failure in report.failures), report


@pytest.mark.parametrize(
    ("count", "change", "problem"),
    [
        (4, {}, ""),
        (4, {"status": "failed"}, "the status 'failed' instead of 'completed'"),
        (4, {"output": []}, "another output than that of the last event"),
        (3, {"output": []}, "0 items instead of 1"),
        (2, {"output": [{"content": [{"text": "Hello"}]}]}, "instead of 'Hel'"),
        (2, {"output": [{"content": [{"text": "Hel"}]}]}, ""),
    ],
)
def test_reference_of_streams_sees_how_a_response_differs(
    count: int, change: dict[str, Any], problem: str
) -> None:
    events = corpus.regular_streams()[0][:count]
    whole = {**samples.response(), **change}
    found = streams_reference.problem(events, whole)
    assert problem in found
    assert bool(found) == bool(problem)


def test_command_prints_the_counts(capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["websocket", "sse", "--cases", "30", "--seed", "5"]) == 0

    first, header, *rows = capsys.readouterr().out.splitlines()
    assert "seed 5" in first
    assert "recordings" in first
    assert header.startswith("target")
    assert [row.split()[:3] for row in rows] == [["websocket", "30", "0"], ["sse", "30", "0"]]


@pytest.mark.parametrize("arguments", [["no-such"], ["--case", "1"], ["sse", "events", "--case", "1"]])
def test_command_refuses_what_it_cannot_run(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit, match="2"):
        command.main(arguments)
    assert "error: no such target" in (shown := capsys.readouterr().err) or "error: --case needs" in shown


def test_case_that_goes_on_for_ever_is_stopped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cases, "MAX_CASE_SECONDS", 0.05)

    def spin(_: Any) -> NoReturn:
        while True:
            pass

    report = cases.run(Target("spin", "nothing", lambda random: random.random(), spin), 0, cases=1)
    assert "OutOfTime: the case takes more than 0.05 s of CPU time" in report.failures[0].trace


def test_target_ends_after_some_failures_and_in_time() -> None:
    def refuse(number: int) -> str:
        require(number < 0, "a number:", number)
        return "less"

    failing = Target("failing", "nothing", lambda random: random.randrange(9), refuse)
    assert cases.run(failing, 0).cases == cases.MAX_FAILURES
    start = time.monotonic()
    cases.run(Target("fine", "nothing", lambda random: 1, lambda number: "fine"), 0, seconds=0.01)
    assert time.monotonic() - start < PATIENT


@pytest.mark.parametrize(
    ("body", "frames"),
    [
        (b"data: YHOO\ndata: +2\ndata: 10\n\n", [(b"", b"YHOO\n+2\n10")]),
        (
            b": test\n\ndata: first\nid: 1\n\ndata:second\nid\n\ndata:  third\n\n",
            [(b"", b"first"), (b"", b"second"), (b"", b" third")],
        ),
        (b"data\n\ndata\ndata\n\ndata:\n\n", [(b"", b""), (b"", b"\n"), (b"", b"")]),
        (b"data:test\n\ndata: test\n\n", [(b"", b"test"), (b"", b"test")]),
        (b"event: add\r\ndata: 7\r\rdata: 8", [(b"add", b"7"), (b"", b"8")]),
    ],
)
def test_reference_reads_the_examples_of_the_standard(body: bytes, frames: list[tuple[bytes, bytes]]) -> None:
    assert sse_reference.read(body).frames == frames
