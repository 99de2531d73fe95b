"""The benchmarks run, and the clients read all events; their speed is not tested."""

import json
from functools import partial
from pathlib import Path

import pytest

from . import __main__ as command
from . import instructions, payloads, streams
from .peers import Answer, ours
from .setup import Setup
from .timing import Row, Target, alternate, cpu


@pytest.mark.parametrize("name", command._USUAL)
def test_measure_gives_rows_of_ours(name: str) -> None:
    rows = list(command.MEASURES[name](Setup.tiny()))

    assert rows
    for row in rows:
        assert len(row.ours) == 1
        assert command._cells(row)[0] == row.what


@pytest.mark.parametrize("size", [None, 7, payloads.SEGMENT])
def test_every_event_of_the_payloads_is_known(size: int | None) -> None:
    events = [*payloads.text_events(5), *payloads.mixed_events(2)[2:]]
    chunks = payloads.chunks([payloads.frame(event) for event in events[:-1]], size)
    client = ours().client(Answer.events([*chunks, payloads.frame(events[-1])]))

    with client.responses.create(model="m", input="x", stream=True) as stream:
        kinds = {type(event).__name__ for event in stream}

    assert not [name for name in kinds if name.startswith("Unknown")]


def test_read_counts_events_and_text() -> None:
    events = payloads.text_events(5)
    client = ours().client(Answer.events([payloads.frame(event) for event in events]))
    text = "".join(event["delta"] for event in events if event["type"].endswith("output_text.delta"))

    assert streams.read(client) == (len(events), len(text))


def test_samples_alternate_after_a_discarded_round() -> None:
    order: list[str] = []

    def measure(name: str) -> float:
        order.append(name)
        return 1.0

    samples = alternate(3, {name: partial(measure, name) for name in "ab"})

    assert "".join(order) == "ab" + "abbaab"
    assert samples == {"a": [1.0] * 3, "b": [1.0] * 3}


def test_ratio_is_the_median_of_neighbours_and_decides() -> None:
    fast = Row("stream", "us", [1.0, 2.0, 1.0], [20.0, 20.0, 20.0], "official", Target("at least", 15))
    slow = Row("stream", "us", [3.0, 3.0, 3.0], [1.0, 2.0, 1.0], "bare", Target("at most", 2))

    assert (fast.ratio, fast.passed) == (20, True)
    assert (slow.ratio, slow.passed) == (3, False)
    assert Row("alone", "us", [1.0]).passed is None


def test_cpu_time_is_counted() -> None:
    assert cpu(lambda: sum(range(100_000))) > 0


@pytest.mark.parametrize("path", instructions.PATHS)
def test_paths_whose_instructions_are_counted_can_be_taken(
    path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for size in ("CALLS", "REQUESTS", "DELTAS"):
        monkeypatch.setattr(instructions, size, 3)

    instructions.work("ours", path)()


def test_instructions_are_those_of_one_more_time_and_those_of_starts_above_an_empty_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(instructions, "_TOOL", "python3")
    monkeypatch.setattr(instructions, "_count", lambda *arguments: 1_000 * len("".join(arguments)))

    rows = list(instructions.counts(Setup.tiny()))

    assert [row.what for row in rows]


def test_instructions_need_valgrind(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(instructions, "_TOOL", "no-such-program")

    assert list(instructions.counts(Setup.tiny())) == []
    assert "no-such-program is not installed" in capsys.readouterr().out


def test_command_prints_a_table_and_writes_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "_setup", lambda options: Setup.tiny())

    code = command.main(["parse", "--json", str(tmp_path / "table.json")])

    table = json.loads((tmp_path / "table.json").read_text())
    assert code == 0
    assert "parse a 9-item response" in capsys.readouterr().out
    assert table["rows"][0]["unit"] == "ms"
