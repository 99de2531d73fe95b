"""The benchmarks run, and the clients read all events; their speed is not tested."""

import asyncio
import json
import socket
import threading
import time
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from waits import PATIENT

from . import __main__ as command
from . import instructions, live, live_readers, live_server, official, payloads, peers, streams
from .peers import Answer, ours
from .setup import Setup
from .timing import Row, Target, alternate, cpu


@pytest.mark.parametrize("name", [name for name in command._USUAL if name != "official"])
def test_measure_gives_rows_of_ours(name: str) -> None:
    rows = list(command.MEASURES[name](Setup.tiny()))

    assert rows
    for row in rows:
        assert len(row.ours) == 1
        assert command._cells(row)[0] == row.what


def test_official_clients_over_ours_are_compared_with_those_of_their_own() -> None:
    pytest.importorskip("openai")
    tiny = Setup.tiny()
    assert list(official.over_ours(tiny)) == []
    rows = list(official.over_ours(replace(tiny, official=peers.official())))
    assert [(row.unit, row.rival_name) for row in rows] == [("us", "official"), ("ms", "official")]


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


def test_instructions_are_those_above_no_work_and_those_of_starts_above_an_empty_program(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(instructions, "_TOOL", "python3")
    monkeypatch.setattr(instructions, "_count", lambda *given, **options: 1_000 * len("".join(given)))

    rows = list(instructions.counts(Setup.tiny()))

    assert [row.what for row in rows]


def test_work_is_done_before_it_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    monkeypatch.setattr(instructions, "_tell", done.append)
    monkeypatch.setattr(instructions, "work", lambda who, path: lambda: done.append(f"{who} {path}"))

    instructions.main("ours", "call")
    instructions.main()

    assert done == ["ours call", "on", "ours call", "off", "on", "off"]


def test_instructions_need_valgrind(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(instructions, "_TOOL", "no-such-program")

    assert list(instructions.counts(Setup.tiny())) == []
    assert "no-such-program is not installed" in capsys.readouterr().out


def test_live_streams_are_read_from_another_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "RIVALS", {"ours": {}})
    monkeypatch.setattr(live, "_WHOLE", {"ours async": {}})

    rows = list(live.streams(Setup.tiny()))

    assert [row.what for row in rows] == [
        "whole answers, each at once, async",
        "1 stream, one event a packet, sync",
        "2 streams, one event a packet, sync",
    ]
    assert all(len(row.ours) == 1 for row in rows)


def test_memory_and_pauses_of_many_streams_are_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_MANY", {"ours async": {}})
    monkeypatch.setattr(live, "_MOST", {})

    assert [row.unit for row in live.many(Setup.tiny())] == ["s/s", "ms", "ms", "KiB each"]


@pytest.mark.parametrize("name", [*live_readers.THREADS, *live_readers.TASKS])
def test_reader_counts_all_events_of_an_answer(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("aiohttp", "openai"):
        if module in name.replace("official", "openai"):
            pytest.importorskip(module)
    tally = live_readers.Tally()
    answer = threading.Thread(target=_answer_once, args=(listener := socket.create_server(("127.0.0.1", 0)),))
    answer.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/0/v1"

    if name in live_readers.THREADS:
        make, read = live_readers.THREADS[name]
        client = make(url)
        read(client, url, tally)
        close = getattr(client, "close", None)
        if close is not None:
            close()
    else:
        sessions: list[Any] = []
        make_session = live_readers._session
        monkeypatch.setattr(
            live_readers, "_session", lambda url: sessions.append(make_session(url)) or sessions[-1]
        )
        asyncio.run(_read_task(name, url, tally, sessions))

    answer.join()
    assert (tally.begun, tally.events) == (1, len(payloads.text_events(20)))


async def _read_task(name: str, url: str, tally: live_readers.Tally, sessions: list[Any]) -> None:
    make, read = live_readers.TASKS[name]
    client = make(url)
    await read(client, url, tally)
    for used in [*sessions, client]:
        close = getattr(used, "aclose", None) or getattr(used, "close", None)
        if close is not None:
            await close()


def _answer_once(listener: socket.socket) -> None:
    connection, _ = listener.accept()
    with listener, connection:
        while b'"stream":' not in connection.recv(65536):
            pass
        connection.sendall(live_server.whole(20))


def test_paced_event_tells_when_it_was_sent() -> None:
    beginning, delta = live_server.paced()
    tally = live_readers.Tally()
    tally.add_raw(delta % time.monotonic())

    assert beginning.startswith(b"HTTP/1.1 200 OK\r\n")
    assert tally.events == 1
    assert 0 <= tally.delay < PATIENT


def test_more_is_better_for_times_as_many() -> None:
    row = Row("streams", "", [400.0], [100.0], "official", Target("times as many", 4))

    assert (row.ratio, row.passed) == (4, True)


def test_command_prints_a_table_and_writes_json(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(command, "_setup", lambda options: Setup.tiny())

    code = command.main(["parse", "--json", str(tmp_path / "table.json")])

    table = json.loads((tmp_path / "table.json").read_text())
    assert code == 0
    assert "parse a 9-item response" in capsys.readouterr().out
    assert table["rows"][0]["unit"] == "ms"
