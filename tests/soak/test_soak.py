"""The short form of the soak test passes, and its checks see each fault that they are for."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from . import __main__ as command
from . import measures, meter, modes, wire
from .checks import Faults, StreamCheck
from .measures import Report
from .meter import Holdings, Kept, Meter
from .wire import Plan
from .work import Streams

ROOT = Path(__file__).parents[2]
MOST_SECONDS = 100
PLAN = Plan(7, 10)


@pytest.mark.skipif(sys.platform == "win32", reason="the server cuts connections in ways that Windows lacks")
def test_short_form_passes_in_every_mode() -> None:
    start = [sys.executable, "-m", "tests.soak", "--short", "--only-rows", "--seconds", str(MOST_SECONDS)]
    running = [
        subprocess.Popen(
            [*start, "--mode", mode], cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        for mode in modes.MODES
        if modes.is_available(mode)
    ]
    printed = [process.communicate(timeout=MOST_SECONDS + 20)[0] for process in running]

    assert [process.returncode for process in running] == [0] * len(running), "".join(printed)
    assert sum(text.count("pass") for text in printed) == 4 * len(running) - 1, "".join(printed)


def events(plan: Plan = PLAN) -> list[Any]:
    """The events of a stream, with the attributes that the check looks at."""
    data = [json.loads(wire.event(plan, number).partition(b"data: ")[2]) for number in range(plan.events)]
    return [
        SimpleNamespace(**{**one, "response": SimpleNamespace(id=one["response"]["id"])})
        if "response" in one
        else SimpleNamespace(**one)
        for one in data
    ]


def faults_of(given: list[Any], text: str = wire.whole_text(PLAN)) -> dict[str, int]:
    """The faults that the check finds, by name."""
    faults = Faults()
    check = StreamCheck(PLAN, faults)
    for event in given:
        check.take(event)
    check.end(SimpleNamespace(output_text=text))
    return {name: count for name, count in faults.counts.items() if count}


def change(given: list[Any], number: int, **fields: Any) -> list[Any]:
    return [
        SimpleNamespace(**{**vars(one), **fields}) if one.sequence_number == number else one for one in given
    ]


def test_stream_as_it_was_sent_has_no_fault() -> None:
    assert faults_of(events()) == {}


@pytest.mark.parametrize(
    ("spoil", "expected"),
    [
        (lambda sent: sent[:4] + sent[6:], {"lost": 2}),
        (lambda sent: sent[:-1], {"lost": 1}),
        (lambda sent: sent[:5] + sent[3:], {"doubled": 2}),
        (lambda sent: [*sent[:4], sent[5], sent[4], *sent[6:]], {"disordered": 1}),
        (lambda sent: change(sent, 5, delta=wire.text_of(8, 5)), {"foreign": 1}),
        (lambda sent: change(sent, 5, delta=wire.text_of(7, 6)), {"garbled": 1}),
        (lambda sent: change(sent, 5, delta="7:5 \ufffd "), {"garbled": 1}),
        (lambda sent: change(sent, 5, type="unknown"), {"garbled": 1}),
        (lambda sent: change(sent, 9, response=SimpleNamespace(id="resp_8_10_0_0")), {"foreign": 1}),
        (lambda sent: [*sent, *change(sent, 9, sequence_number=10)[-1:]], {"garbled": 1}),
        (lambda sent: [*sent, SimpleNamespace(type="ping", sequence_number=None)], {"garbled": 1}),
    ],
)
def test_check_counts_each_fault(spoil: Callable[[list[Any]], list[Any]], expected: dict[str, int]) -> None:
    assert faults_of(spoil(events())) == expected


def test_check_compares_the_whole_text() -> None:
    assert faults_of(events(), wire.whole_text(Plan(8, 10))) == {"foreign": 1}
    assert faults_of(events(), wire.whole_text(PLAN)[:-1]) == {"garbled": 1}


@pytest.mark.parametrize(("read", "shown", "wrong"), [(6, 6, 0), (6, 8, 0), (6, 5, 1)])
def test_snapshot_has_at_least_the_events_that_were_read(read: int, shown: int, wrong: int) -> None:
    faults = Faults()
    check = StreamCheck(PLAN, faults)
    for event in events()[:read]:
        check.take(event)
    check.take_snapshot(SimpleNamespace(output_text=wire.deltas_before(PLAN, shown)))
    check.take_snapshot(SimpleNamespace(output_text=wire.deltas_before(PLAN, read)))
    assert faults.garbled == wrong


def test_answers_of_other_requests_are_foreign() -> None:
    faults = Faults()
    for text in ("answer to 1", "answer to 2", "answ"):
        faults.answer("request 1", text, "answer to 1")
    assert (faults.foreign, faults.garbled) == (1, 1)


def test_plan_travels_as_the_id_of_its_response() -> None:
    plan = Plan(3, 400, 20, 500)
    assert Plan.from_id(plan.id) == plan


def test_long_form_has_a_million_events_of_200_streams() -> None:
    size = measures.streams(is_short=False)
    assert isinstance(size.work, Streams)
    assert size.sampled == 1_000_000
    assert [plan.events for plan in size.work.plans[-220:-20]] == [5000] * 200
    assert size.lead_in == sum(plan.events for plan in size.work.plans[:-220])
    assert all(plan.gap for plan in size.work.plans)


def test_meter_samples_each_tenth_of_the_work_after_its_lead_in(monkeypatch: pytest.MonkeyPatch) -> None:
    work = Meter(50, 100, samples=20)
    monkeypatch.setattr(meter, "resident_bytes", lambda: work.done * 2**20)
    for _ in range(200):
        work.add(1)
    assert work.tenths == [50 + 10 * tenth + 2.5 for tenth in range(10)]
    assert len(work.descriptors) == 10


def test_meter_without_samples_counts_only() -> None:
    work = Meter(0, 0, samples=0)
    work.add(3)
    assert (work.done, work.tenths, work.descriptors) == (3, [], [])


def test_objects_that_outlive_a_block_are_counted() -> None:
    with Kept() as kept:
        held = [Faults() for _ in range(500)]
    assert kept.count >= len(held)
    assert f"{len(held)} {Faults.__module__}.Faults" in kept.types
    del held


def report(**fields: Any) -> Report:
    """The report of a measure in which all went well, but for some fields."""
    usual: dict[str, Any] = {
        "name": "loops",
        "mode": "trio",
        "amount": "10 loops",
        "faults": Faults(),
        "seconds": 1.0,
        "server": {"open": 0, "cuts": 3},
        "before": Holdings(6, 1),
        "after": Holdings(6, 1),
        "tasks": (1, 1),
        "tenths": [100.0] * 9 + [102.9],
        "descriptors": [8] * 10,
        "kept": None,
        "expected": {"cuts": 3},
    }
    return Report(**{**usual, **fields})


def kept(count: int) -> Kept:
    found = Kept()
    found.count, found.types = count, "9 Thing"
    return found


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"faults": Faults(lost=2)}, "2 lost"),
        ({"tenths": [100.0] * 9 + [103.1]}, "memory grew by 3.1 %"),
        ({"kept": kept(101)}, "101 objects were kept: 9 Thing"),
        (
            {"after": Holdings(7, 1)},
            "Holdings(descriptors=6, threads=1) before, Holdings(descriptors=7, threads=1) after",
        ),
        ({"tasks": (1, 2)}, "1 tasks before, 2 after"),
        ({"descriptors": [8] * 9 + [10]}, "descriptors grew from 8 to 10"),
        ({"server": {"open": 1, "cuts": 3}}, "1 connections are open at the server"),
        ({"server": {"open": 0}}, "the server counted 0 of 3 for 'cuts'"),
    ],
)
def test_report_names_each_problem(
    fields: dict[str, Any], problem: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert report(**fields).problems == [problem]
    assert command._show(report(**fields)) == 1
    printed = capsys.readouterr().out
    assert printed.splitlines()[0].endswith("FAIL")
    assert problem in printed


def test_report_without_a_problem_passes(capsys: pytest.CaptureFixture[str]) -> None:
    assert report().problems == []
    assert command._show(report(tenths=[], kept=kept(100))) == 0
    assert "100 objects kept" in capsys.readouterr().out


def test_command_names_the_measures_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        command.main(["nonsense"])
    assert "no such measure: nonsense; there are streams, crowd, maps, loops" in capsys.readouterr().err


def test_long_form_runs_each_measure_in_a_process_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[list[str]] = []

    def run(arguments: list[str], **options: Any) -> Any:
        started.append(arguments[3:])
        return SimpleNamespace(returncode=len(started) == 3)

    monkeypatch.setattr(subprocess, "run", run)
    assert command.main(["crowd", "loops", "--mode", "sync", "--mode", "trio", "--seconds", "9"]) == 1
    assert started == [
        [name, "--mode", mode, "--seconds", "9", "--only-rows"]
        for name, mode in [("crowd", "sync"), ("crowd", "trio"), ("loops", "trio")]
    ]
