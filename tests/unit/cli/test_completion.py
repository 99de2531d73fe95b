"""Completion in shells, in a real bash where there is one."""

from __future__ import annotations

import builtins
import shutil
import subprocess
import sys
from typing import Any

import pytest
from command_line import errors

from responses_client._cli.arguments import COMMANDS
from responses_client._cli.main import main

shtab = pytest.importorskip("shtab")


@pytest.fixture
def script(capsys: pytest.CaptureFixture[str]) -> str:
    assert main(["--print-completion", "bash"]) == 0
    return capsys.readouterr().out


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash on this machine")
@pytest.mark.parametrize(
    ("words", "found"),
    [
        (["ch"], ["chat"]),
        (["--mo"], ["--model"]),
        (["wait", "--t"], ["--timeout"]),
        (["chat", "--events"], []),
        (["--schema", "pypro"], ["pyproject.toml"]),
        (["input"], ["input-items"]),
    ],
)
def test_bash_completes_commands_options_and_files(
    script: str, words: list[str], found: list[str], tmp_path: Any
) -> None:
    (tmp_path / "pyproject.toml").touch()
    line = f"COMP_WORDS=(responses {' '.join(words)}); COMP_CWORD={len(words)}; _shtab_responses"
    done = subprocess.run(
        ["bash", "-c", f'{script}\n{line}\nprintf "%s\\n" "${{COMPREPLY[@]}}"'],
        capture_output=True,
        text=True,
        check=True,
        cwd=tmp_path,
    )
    assert done.stdout.split() == found


@pytest.mark.parametrize("shell", shtab.SUPPORTED_SHELLS)
def test_script_of_every_shell_knows_every_command(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--print-completion", shell]) == 0
    shown = capsys.readouterr().out
    assert all(command in shown for command in COMMANDS)


def test_unknown_shell_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--print-completion", "cmd"]) == 2
    (line,) = errors(capsys)
    assert line.startswith("error: cmd is not a supported shell; choose one of bash, zsh, ")


def test_missing_package_is_named(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = builtins.__import__

    def without(name: str, *arguments: Any) -> Any:
        if name == "shtab":
            raise ModuleNotFoundError("No module named 'shtab'", name=name)
        return real(name, *arguments)

    monkeypatch.delitem(sys.modules, "shtab")
    monkeypatch.setattr(builtins, "__import__", without)
    assert main(["--print-completion", "bash"]) == 2
    assert errors(capsys) == [
        "error: completion needs the package shtab, which is not installed: pip install 'shtab>=1.8'"
    ]
