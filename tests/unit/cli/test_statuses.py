"""Exit statuses, and notes on standard error."""

from __future__ import annotations

import sys

import pytest

from responses_client._cli import statuses
from responses_client._cli.statuses import CommandFailed, print_note


def test_note_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    print_note("one\n  two")
    assert capsys.readouterr().err == "one two\n"


def test_note_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    print_note("a\x1b[2J\x9bb")
    assert capsys.readouterr().err == "a [2J b\n"


def test_note_without_standard_error_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    print_note("unheard")


def test_failure_has_the_status_of_an_answer_that_is_not_whole() -> None:
    assert CommandFailed("no").status == statuses.FAILED == 1
