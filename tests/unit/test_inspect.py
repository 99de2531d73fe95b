"""`responses_client.inspect`: its function, and its command."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from waits import PATIENT

from responses_client import inspect
from responses_client.testing import Server

EVENT = {"type": "response.output_text.delta", "output_index": 0, "delta": "Tea"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "events.jsonl"
    path.write_text(f"{json.dumps(EVENT)}\n{json.dumps(EVENT)}\n")
    return path


def data(page: str) -> dict[str, object]:
    text = page.partition('id="data">')[2].partition("</script>")[0]
    found: dict[str, object] = json.loads(text)
    return found


def test_page_shows_runs_streams_and_responses() -> None:
    with Server() as server, server.client() as client:
        result = client.responses.run(model="m", input="Hi")
        with client.responses.create(model="m", input="Hi", stream=True) as stream:
            events = list(stream)
    assert data(inspect.page(result))["title"] == "Run"
    assert data(inspect.page(result.response))["title"] == "Run"
    shown = data(inspect.page(events, times=[float(n) for n in range(len(events))], title="Tea"))
    assert (shown["title"], shown["timed"]) == ("Tea", True)


def test_page_is_written_beside_the_file(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect.main([str(file)]) == 0
    page = file.with_name("events.jsonl.html")
    assert capsys.readouterr().out == f"{page}\n"
    shown = data(page.read_text())
    assert (shown["title"], shown["timed"]) == ("events.jsonl", False)


def test_page_may_be_named_and_titled(file: Path, tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert inspect.main([str(file), "-o", str(page), "--title", "Tea"]) == 0
    assert data(page.read_text())["title"] == "Tea"


def test_page_may_go_to_standard_output(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert inspect.main([str(file), "-o", "-"]) == 0
    assert capsys.readouterr().out.startswith("<!doctype html>")


def test_events_of_a_pipe_are_timed_as_they_come(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = f"{json.dumps(EVENT)}\n{json.dumps(EVENT)}\n".encode()
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(lines)))
    assert inspect.main(["-"]) == 0
    shown = data(capsys.readouterr().out)
    assert (shown["title"], shown["timed"]) == ("Stream", True)


def test_saved_run_of_a_pipe_has_no_times_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    run = {
        "version": 1,
        "status": "completed",
        "turns": [{"input": [], "response": {"output": []}, "outputs": []}],
    }
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BytesIO(json.dumps(run).encode())))
    assert inspect.main(["-"]) == 0
    assert data(capsys.readouterr().out)["timed"] is False


@pytest.mark.parametrize("content", [None, "tea"])
def test_file_that_cannot_be_shown_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str | None
) -> None:
    path = tmp_path / "file"
    if content is not None:
        path.write_text(content)
    assert inspect.main([str(path)]) == 1
    shown = capsys.readouterr()
    assert shown.err.startswith(f"error: {path}: ")
    assert shown.out == ""
    assert not path.with_name("file.html").exists()


def test_wrong_usage_exits_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        inspect.main([])
    assert caught.value.code == 2


def test_module_is_a_command_and_shadows_nothing(file: Path) -> None:
    program = [sys.executable, "-W", "error", "-m", "responses_client.inspect", str(file), "-o", "-"]
    done = subprocess.run(program, capture_output=True, text=True, check=True, timeout=PATIENT)
    assert done.stdout.startswith("<!doctype html>")
    code = "import responses_client, inspect; from responses_client import inspect as ours; assert inspect.signature; ours.page"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=PATIENT)
