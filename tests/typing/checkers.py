"""Runs type checkers over the snippets, and compares their reports with the expected ones.

    python tests/typing/checkers.py [ours | official] [CHECKER ...]

A snippet is a function in `snippets/`: code as users write it. A line that ends in `# wrong` must be reported by the
checker, and no other line may be. The modules in `SHARED` name the package only through `api.py`, so that the package
`openai` can be put in its place (`official`). The result is a table in Markdown. With `ours`, a snippet that comes out
otherwise than it must, and is not listed in `KNOWN`, is a failure.
"""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

SNIPPETS = Path(__file__).parent / "snippets"
SHARED = ("events", "items", "values", "calls")
MARK = "# wrong"
Lines = set[tuple[str, int]]
"""Modules and line numbers."""

_JOIN = "infers list[function] or list[object] for functions of different types; declare list[RunTool]"
KNOWN: dict[str, dict[str, str]] = {
    "tools_in_a_list_without_a_type": {"mypy": _JOIN},
    "decorated_tools_in_a_list_without_a_type": {"mypy": _JOIN},
    "tools_of_two_kinds_in_a_list_without_a_type": {"mypy": _JOIN},
    "answers_of_pending_calls": {
        "pyrefly": "does not see a TypedDict in a comprehension that is an argument"
    },
}
"""Snippets that come out otherwise in a checker: by name, checker and reason."""


@dataclass(frozen=True)
class Snippet:
    """A function of a module, with the lines that a checker must report."""

    module: str
    name: str
    lines: range
    wrong: frozenset[int]

    def is_right(self, reported: Lines) -> bool:
        """Whether a checker reported the wrong lines, and no others."""
        return {
            line for module, line in reported if module == self.module and line in self.lines
        } == self.wrong


def snippets(modules: list[Path]) -> Iterator[Snippet]:
    """Yield the functions of modules."""
    for path in modules:
        text = path.read_text(encoding="utf-8")
        lines = text.splitlines()
        for node in ast.parse(text).body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                numbers = range(node.lineno, (node.end_lineno or node.lineno) + 1)
                wrong = frozenset(number for number in numbers if lines[number - 1].endswith(MARK))
                yield Snippet(path.stem, node.name, numbers, wrong)


def _output(folder: Path, *command: str) -> str:
    """Return the standard output of a checker; each of them exits with 1 if it reports something."""
    done = subprocess.run(
        [sys.executable, "-m", *command], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode not in (0, 1):
        raise RuntimeError(f"{command[0]} failed with status {done.returncode}: {done.stderr or done.stdout}")
    return done.stdout


def _mypy(folder: Path) -> Lines:
    output = _output(folder, "mypy", "--strict", "--output", "json", "--cache-dir", "cache", ".")
    found = [json.loads(line) for line in output.splitlines()]
    return {(Path(one["file"]).stem, one["line"]) for one in found if one["severity"] == "error"}


def _pyright(program: str, mode: str) -> Callable[[Path], Lines]:
    def check(folder: Path) -> Lines:
        config = json.dumps({"typeCheckingMode": mode, "include": ["."]})
        (folder / "pyrightconfig.json").write_text(config, encoding="utf-8")
        output = _output(folder, program, "--outputjson", "--pythonpath", sys.executable)
        found = [one for one in json.loads(output)["generalDiagnostics"] if one["severity"] == "error"]
        return {(Path(one["file"]).stem, one["range"]["start"]["line"] + 1) for one in found}

    return check


def _ty(folder: Path) -> Lines:
    output = _output(folder, "ty", "check", "--output-format", "concise", "--python", sys.executable, ".")
    return {
        (match[1], int(match[2])) for match in re.finditer(r"(?m)^(?:.*/)?(\w+)\.py:(\d+):\d+: error", output)
    }


def _pyrefly(folder: Path) -> Lines:
    output = _output(
        folder,
        "pyrefly",
        "check",
        "--output-format",
        "json",
        "--python-interpreter-path",
        sys.executable,
        ".",
    )
    found = json.loads(output)["errors"]
    return {(Path(one["path"]).stem, one["line"]) for one in found if one["severity"] == "error"}


CHECKERS: dict[str, Callable[[Path], Lines]] = {
    "mypy": _mypy,
    "pyright": _pyright("pyright", "strict"),
    "pyright basic": _pyright("pyright", "basic"),
    "basedpyright": _pyright("basedpyright", "strict"),
    "ty": _ty,
    "pyrefly": _pyrefly,
}


def modules_of(package: str) -> list[Path]:
    """Return the modules with the snippets for a package."""
    paths = sorted(path for path in SNIPPETS.glob("*.py") if not path.stem.endswith("api"))
    return [path for path in paths if package == "ours" or path.stem in SHARED]


def reports(package: str, checkers: list[str]) -> dict[str, Lines]:
    """Return the reports of each checker on the snippets for a package."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path in modules_of(package):
            shutil.copy(path, folder)
        shutil.copy(SNIPPETS / ("api.py" if package == "ours" else "official_api.py"), folder / "api.py")
        return {checker: CHECKERS[checker](folder) for checker in checkers}


def main(arguments: list[str]) -> int:
    """Print the table; return 1 if a snippet of ours comes out otherwise than it must."""
    package, *checkers = arguments or ["ours"]
    found = reports(package, checkers or list(CHECKERS))
    all_snippets = list(snippets(modules_of(package)))
    known = KNOWN if package == "ours" else {}
    failures = 0
    print(f"| checker | right of {len(all_snippets)} |\n| --- | --- |")
    for checker, lines in found.items():
        wrong = [snippet for snippet in all_snippets if not snippet.is_right(lines)]
        print(f"| {checker} | {len(all_snippets) - len(wrong)} |")
        names = {snippet.name for snippet in wrong}
        for module, line in sorted(
            lines - {(one.module, line) for one in all_snippets for line in one.lines}
        ):
            failures += 1
            print(f"{checker}: {module}, line {line}, which belongs to no snippet", file=sys.stderr)
        for snippet in wrong:
            if checker not in known.get(snippet.name, {}):
                failures += 1
                print(f"{checker}: {snippet.module}.{snippet.name}", file=sys.stderr)
        for name in [name for name, reasons in known.items() if checker in reasons and name not in names]:
            failures += 1
            print(
                f"{checker}: {name} comes out right, and must leave the list of known exceptions",
                file=sys.stderr,
            )
    return 1 if failures and package == "ours" else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
