"""The id of the last answer, for `--continue`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from responses_client._cli.last_response import last_response_id, save_response_id, state_file
from responses_client._cli.statuses import CommandFailed

SERVER = "https://api.test/v1"


def test_id_is_that_of_the_last_answer_of_the_server() -> None:
    save_response_id("resp_1", SERVER)
    save_response_id("resp_2", SERVER)
    assert last_response_id(SERVER) == "resp_2"


def test_answer_of_another_server_is_not_continued() -> None:
    save_response_id("resp_1", SERVER)
    with pytest.raises(
        CommandFailed, match=r"came from https://api\.test/v1, not from http://b/v1; pass the id"
    ):
        last_response_id("http://b/v1")


@pytest.mark.parametrize("data", [None, b"", b"[]", b'{"response_id": 1}', b'{"response_id": ""}', b"\xff"])
def test_file_that_has_no_id_is_the_same_as_none(data: bytes | None) -> None:
    path = Path(state_file())
    path.parent.mkdir(parents=True)
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(CommandFailed) as caught:
        last_response_id(SERVER)
    assert (caught.value.problem, caught.value.status) == (
        f"no last answer is saved in {path}; pass the id of an answer",
        2,
    )


def test_folder_that_cannot_be_written_keeps_nothing_and_says_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    save_response_id("resp_1", SERVER)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("folder", ["", "relative/state"])
def test_state_is_below_the_home_unless_a_folder_is_set(folder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "linux")
    expected = os.path.join(os.path.expanduser("~"), ".local", "state", "responses-client", "last.json")
    assert state_file({"XDG_STATE_HOME": folder}) == expected


def test_state_is_where_windows_has_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "win32")
    assert state_file({"LOCALAPPDATA": "/local"}) == os.path.join("/local", "responses-client", "last.json")
