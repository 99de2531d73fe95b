"""The changes of "Which file do I edit?" in docs/architecture.md, carried out on a copy of the repository.

Each block of the page fenced as `diff` has files after `+++`, and lines to find, to add and to remove.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "architecture.md").read_text("utf-8")
COPIED = (
    ".ci",
    ".github",
    *sorted(path.name for path in ROOT.glob("*.md")),
    "LICENSE",
    "codegen",
    "docs",
    "examples",
    "mkdocs.yml",
    "pages",
    "pyproject.toml",
    "responses_client",
    "tests",
)

MODELS = {"responses_client/models/__init__.py", "responses_client/models/_unions.py"}
API = "tests/codegen/public_api.txt"
NAMES = "tests/codegen/public_names.txt"


@dataclass(frozen=True)
class Change:
    """A change of the page: the files that are generated then, and a program that needs it."""

    generated: set[str]
    program: str


CHANGES = {
    "A server sends a new event": Change(
        {
            "responses_client/models/output_events.py",
            "responses_client/models/_effects.py",
            API,
            NAMES,
            *MODELS,
        },
        """
        from responses_client import Client
        from responses_client.models import PoemDelta
        from responses_client.testing import Server

        server = Server()
        server.reply_events([
            {"type": "response.created", "response": {"id": "resp_1", "status": "in_progress", "output": []}},
            {"type": "response.poem.delta", "output_index": 0, "content_index": 0, "delta": "Tea "},
            {"type": "response.poem.delta", "output_index": 0, "content_index": 0, "delta": "at four."},
            {"type": "response.completed", "response": {"id": "resp_1", "status": "completed", "output": []}},
        ])
        with server.client().responses.stream(model="m", input="Hi") as stream:
            events = list(stream)
        assert [type(event) for event in events[1:3]] == [PoemDelta, PoemDelta]
        assert events[1].delta == "Tea "
        assert stream.snapshot.output_text == "Tea at four."
        """,
    ),
    "A request has a new field": Change(
        {
            "responses_client/models/requests.py",
            "responses_client/models/params.py",
            "responses_client/resources/_responses.py",
            "responses_client/testing/_definitions.py",
            API,
        },
        """
        from responses_client import BadRequestError, RequestValidationError
        from responses_client.testing import Server

        server = Server()
        client = server.client()
        assert client.responses.create(model="m", input="Hi", poem_lines=40).status == "completed"
        assert server.requests[-1].json["poem_lines"] == 40
        try:
            client.responses.create(model="m", input="Hi", poem_lines=41)
        except RequestValidationError as error:
            assert "poem_lines: expected a number less than or equal to 40, got int 41" in str(error), error
        else:
            raise SystemExit("41 was sent")
        try:
            server.client(validate_requests=False).responses.create(model="m", input="Hi", poem_lines=41)
        except BadRequestError as error:
            assert error.param == "poem_lines", error
        else:
            raise SystemExit("the server took 41")
        """,
    ),
    "An item goes in and out": Change(
        {
            "responses_client/models/items.py",
            "responses_client/models/params.py",
            "responses_client/testing/_definitions.py",
            API,
            NAMES,
            *MODELS,
        },
        """
        from responses_client.models import Poem
        from responses_client.testing import Server

        server = Server()
        client = server.client()
        for stream in (False, True):
            server.reply_items([{"id": "poem_1", "type": "poem", "verses": ["Tea"]}])
            if stream:
                with client.responses.stream(model="m", input="Hi") as events:
                    response = events.get_final_response()
            else:
                response = client.responses.create(model="m", input="Hi")
            (poem,) = response.output
            assert type(poem) is Poem and poem.verses == ["Tea"]
        again = client.responses.create(model="m", input=[poem, {"type": "poem", "verses": ["At", "four"]}, "Go on."])
        assert [item.type for item in client.responses.input_items.list(again.id)] == ["message", "poem", "poem"]
        """,
    ),
    "The API has a new hosted tool": Change(
        {
            "responses_client/models/hosted_tools.py",
            "responses_client/models/params.py",
            "responses_client/testing/_definitions.py",
            API,
            NAMES,
            *MODELS,
        },
        """
        from responses_client import BadRequestError
        from responses_client.models import PoemTool
        from responses_client.testing import Server

        server = Server()
        client = server.client()
        for tool in (PoemTool(style="haiku"), {"type": "poem", "style": "haiku"}):
            response = client.responses.create(model="m", input="Hi", tools=[tool])
            assert type(response.tools[0]) is PoemTool and response.tools[0].style == "haiku"
        try:
            client.responses.create(model="m", input="Hi", tools=[{"type": "poem", "style": "ode"}])
        except BadRequestError as error:
            assert error.param == "tools[0].style", error
        else:
            raise SystemExit("the server took a style that is not known")
        """,
    ),
    "A server answers 425 and expects another attempt": Change(
        set(),
        """
        import asyncio
        from responses_client.testing import Server

        server = Server()
        server.fail(425, retry_after=0).reply("At last")
        assert server.client().responses.create(model="m", input="Hi").output_text == "At last"

        async def ask():
            server.fail(425, retry_after=0).reply("At last")
            async with server.async_client() as client:
                return await client.responses.create(model="m", input="Hi")

        assert asyncio.run(ask()).output_text == "At last"
        """,
    ),
}


TESTS = {
    "docs/requests.md": "tests/docs/test_numbers.py",
    "tests/wire/families.yaml": "tests/wire/test_families.py",
    "tests/unit/events/test_effects.py": "tests/unit/events/test_effects.py",
    "tests/unit/base/test_retry.py": "tests/unit/base/test_retry.py",
}
"""The tests of the files that changes edit."""


def section(title: str) -> str:
    return re.split(r"^#", PAGE.partition(f"\n### {title}\n")[2], maxsplit=1, flags=re.MULTILINE)[0]


def edits(title: str) -> dict[str, list[str]]:
    """Return the lines of a section's blocks by file."""
    found: dict[str, list[str]] = {}
    for block in re.findall(r"^```diff\n(.*?)^```$", section(title), re.MULTILINE | re.DOTALL):
        lines: list[str] = []
        for line in block.splitlines():
            if line.startswith("+++ "):
                lines = found.setdefault(line.removeprefix("+++ "), [])
            else:
                lines.append(line)
    return found


def apply(root: Path, title: str) -> set[str]:
    """Edit the files as a section says; return their names."""
    for name, lines in edits(title).items():
        text = (root / name).read_text("utf-8")
        before = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("+"))
        after = "".join(f"{line[1:]}\n" for line in lines if not line.startswith("-"))
        assert f"\n{text}".count(f"\n{before}") == 1, (
            f"{name}: the place is not there, or not once:\n{before}"
        )
        (root / name).write_text(f"\n{text}".replace(f"\n{before}", f"\n{after}")[1:], "utf-8")
    return set(edits(title))


def run(root: Path, *arguments: str) -> str:
    others = ("COV_", "OPENAI_", "PYTEST_", "PYTHONDONTWRITE")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(others)}
    done = subprocess.run(
        [sys.executable, *arguments],
        cwd=root,
        env={**clean, "PYTHONPATH": str(root)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, f"{arguments}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def contents(root: Path) -> dict[str, bytes]:
    files = [path for path in root.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in files}


def copy_of_the_repository(folder: Path) -> Path:
    folder.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
        else:
            shutil.copy(ROOT / name, folder / name)
    return folder


def test_page_has_the_changes_that_are_tested() -> None:
    titles = re.findall(r"^### (.*)$", PAGE.partition("\n## Which file do I edit?\n")[2], re.MULTILINE)
    assert titles == [*CHANGES, "And others"]


@pytest.mark.parametrize("title", CHANGES)
def test_change_of_the_guide_works_with_the_files_that_it_names(title: str, tmp_path: Path) -> None:
    root = copy_of_the_repository(tmp_path / "copy")
    before = contents(root)
    named = apply(root, title)
    run(root, "-m", "codegen")
    assert run(root, "-m", "codegen", "drift") == "nothing to do\n"
    run(root, "tests/codegen/golden.py")
    after = contents(root)
    touched = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    assert touched == named | CHANGES[title].generated
    (root / "program.py").write_text(dedent(CHANGES[title].program), "utf-8")
    run(root, "program.py")
    # The tests that a part of the change fails.
    tests = [test for file, test in TESTS.items() if file in named]
    run(root, "-m", "pytest", "-q", "-p", "no:cacheprovider", *tests, "tests/docs/test_page_facts.py")
