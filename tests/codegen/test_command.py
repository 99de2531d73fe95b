"""The command `python -m codegen`: the files it writes, the differences it finds, its output and exit codes."""

from collections.abc import Callable
from pathlib import Path

import pytest

import codegen.__main__ as command
from codegen.__main__ import check, generate, main, write
from codegen.reader import load, parse

FILES = {
    "responses_client/models/things.py": f'"""Things."""\n\n{command.MARK} from a schema.\n\nA = 1\n',
    "responses_client/resources/_things.py": f'"""Endpoints."""\n\n{command.MARK} from a schema.\n',
}
THINGS = "responses_client/models/things.py"


@pytest.fixture
def written(tmp_path: Path) -> Path:
    write(FILES, tmp_path)
    return tmp_path


def test_written_files_are_accepted(written: Path):
    assert check(FILES, written) == []


def test_committed_files_match_the_schema():
    assert check(generate(load())) == []


def test_writing_reports_the_files_it_wrote_and_leaves_the_rest(written: Path):
    (written / THINGS).write_text("changed")
    assert write(FILES, written) == [f"wrote {THINGS}"]
    assert write(FILES, written) == []


CHANGES: dict[str, tuple[Callable[[str], str], str]] = {
    "changed": (lambda text: text.replace("A = 1", "A = 2"), f"{THINGS}:5: differs"),
    "longer": (lambda text: f"{text}B = 2\n", f"{THINGS}:6: differs"),
    "shorter": (lambda text: text.removesuffix("A = 1\n"), f"{THINGS}:5: differs"),
    "without its last line end": (lambda text: text.removesuffix("\n"), f"{THINGS}:6: differs"),
}


@pytest.mark.parametrize(("change", "line"), CHANGES.values(), ids=CHANGES)
def test_changed_file_is_found(written: Path, change: Callable[[str], str], line: str):
    path = written / THINGS
    path.write_text(change(path.read_text()))
    assert check(FILES, written) == [line]


def test_missing_file_is_found(written: Path):
    (written / THINGS).unlink()
    assert check(FILES, written) == [f"{THINGS}: missing"]


def test_stale_file_is_found_and_removed(written: Path):
    rest = {name: text for name, text in FILES.items() if name != THINGS}
    assert check(rest, written) == [f"{THINGS}: stale, no schema generates it any longer"]
    assert write(rest, written) == [f"removed {THINGS}"]
    assert not (written / THINGS).exists()


def test_file_written_by_hand_is_left_alone(written: Path):
    by_hand = written / "responses_client/models/_base.py"
    by_hand.write_text('"""By hand."""\n')
    assert check(FILES, written) == []
    assert write(FILES, written) == []
    assert by_hand.exists()


@pytest.fixture
def small_project(written: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The command in a project of one file."""
    monkeypatch.setattr(write, "__defaults__", (written,))
    monkeypatch.setattr(check, "__defaults__", (written,))
    monkeypatch.setattr(command, "generate", lambda _document: FILES)
    return written


def test_check_fails_and_names_the_cure(small_project: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["--check"]) == 0
    (small_project / THINGS).unlink()
    assert main(["--check"]) == 1
    assert capsys.readouterr().out.endswith(f"{THINGS}: missing\n1 found; run `python -m codegen`\n")
    assert not (small_project / THINGS).exists()


def test_writing_succeeds(small_project: Path, capsys: pytest.CaptureFixture[str]):
    (small_project / THINGS).unlink()
    assert main([]) == 0
    assert main([]) == 0
    assert capsys.readouterr().out == f"wrote {THINGS}\nnothing to do\n"


def test_mistake_in_the_schema_is_one_line(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr(command, "load", lambda: parse({"things": "x-doc: Things.\nThing: {}\n"}))
    assert main([]) == 2
    assert capsys.readouterr() == ("", "things.yaml: Thing: description is missing\n")


@pytest.mark.parametrize("arguments", [[], ["--check"]])
def test_text_that_is_not_python_is_one_line_and_nothing_is_written(
    small_project: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
):
    broken = {**FILES, "responses_client/models/new.py": "A = 1\n\n\nB = = 2\n"}
    monkeypatch.setattr(command, "generate", lambda _document: broken)
    assert main(arguments) == 2
    line = "responses_client/models/new.py:4: a name or value of the schema breaks the line: B = = 2\n"
    assert capsys.readouterr() == ("", line)
    assert not (small_project / "responses_client/models/new.py").exists()


def test_help_names_the_commands(capsys: pytest.CaptureFixture[str]):
    with pytest.raises(SystemExit, match="0"):
        main(["--help"])
    shown = capsys.readouterr().out
    assert all(
        text in shown
        for text in ("--check", "drift [OPENAPI.json ...]", "digest OPENAPI.json ...", "Exit codes")
    )
