"""Files that are written whole or not at all."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest
from command_line import POSIX

from responses_client._cli.files import replace_file, whole_file
from responses_client._cli.statuses import CommandFailed


def test_file_has_its_name_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with whole_file(str(path)) as stream:
        stream.write("Grüße\n")
        assert not path.exists()
    assert path.read_bytes() == "Grüße\n".encode()
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.parametrize("error", [CommandFailed("no"), KeyboardInterrupt()])
def test_file_of_before_stays_when_the_block_fails(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "a"
    path.write_text("before")

    def write_half() -> None:
        with whole_file(str(path)) as stream:
            stream.write("half")
            raise error

    with pytest.raises(type(error)):
        write_half()
    assert path.read_text() == "before"
    assert [*tmp_path.iterdir()] == [path]


def test_full_disk_is_a_problem_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed) as caught, whole_file(str(tmp_path / "a")):
        raise OSError(28, "No space left on device")
    assert (caught.value.problem, caught.value.status) == (
        f"{tmp_path / 'a'} cannot be written: No space left on device",
        1,
    )
    assert [*tmp_path.iterdir()] == []


@POSIX
def test_mode_and_link_of_before_stay(tmp_path: Path) -> None:
    path, link = tmp_path / "a", tmp_path / "link"
    path.write_text("before")
    path.chmod(0o640)
    link.symlink_to(path)
    with whole_file(str(link)) as stream:
        stream.write("after")
    assert link.is_symlink()
    assert (path.read_text(), stat.S_IMODE(path.stat().st_mode)) == ("after", 0o640)


@POSIX
@pytest.mark.parametrize("fails", [False, True])
def test_device_is_written_to_and_stays_one(fails: bool) -> None:
    try:
        with whole_file(os.devnull) as stream:
            stream.write("away")
            if fails:
                raise CommandFailed("no")
    except CommandFailed:
        assert fails
    assert stat.S_ISCHR(os.stat(os.devnull).st_mode)


def test_folder_is_refused(tmp_path: Path) -> None:
    with (
        pytest.raises(CommandFailed, match="cannot be written: it is a directory"),
        whole_file(str(tmp_path)),
    ):
        pass


@POSIX
def test_small_file_is_the_users_own(tmp_path: Path) -> None:
    path = tmp_path / "state" / "a"
    for text in ("one", "two"):
        replace_file(str(path), text)
    assert path.read_text() == "two"
    assert [*path.parent.iterdir()] == [path]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_small_file_that_cannot_be_replaced_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    with pytest.raises(OSError, match="directory"):
        replace_file(str(tmp_path / "a"), "text")
    assert [*tmp_path.iterdir()] == [tmp_path / "a"]
