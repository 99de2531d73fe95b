"""Both sides of each pair in `docs/migrating.md` run against one server, and print the same.

A pair is a block of `py`, for the official package, and the `python` block after it, for this one. What a hidden block
before the pair scripts is scripted for each side.
"""

from __future__ import annotations

import gc
import io
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from snippets import ROOT

import responses_client
from responses_client.testing import Server

openai = pytest.importorskip("openai")

PAGE = ROOT / "docs" / "migrating.md"
_PAIR = re.compile(
    r"(?:^<!-- python\n(?P<setup>(?:(?!^-->).*\n)*)-->\n)?"
    r"(?P<mark>^<!-- no-run: .*-->\n)?"
    r"^```py\n(?P<official>(?:(?!^```).*\n)*)```\n"
    r"(?P<mark_of_ours>^<!-- no-run: .*-->\n)?"
    r"^```python\n(?P<ours>(?:(?!^```).*\n)*)```\n",
    re.MULTILINE,
)


@dataclass(frozen=True)
class Pair:
    line: int
    setup: str
    official: str
    ours: str
    runs: bool


def pairs() -> Iterator[Pair]:
    """Yield the pairs of the page."""
    text = PAGE.read_text(encoding="utf-8")
    for found in _PAIR.finditer(text):
        line = text.count("\n", 0, found.start("official"))
        setup = found["setup"] or ""
        yield Pair(line, setup, found["official"], found["ours"], runs=found["mark"] is None)


PAIRS = list(pairs())


@pytest.fixture(autouse=True)
def _environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("ORG_ID", "PROJECT_ID", "WEBHOOK_SECRET", "LOG"):
        monkeypatch.delenv(f"OPENAI_{name}", raising=False)
    monkeypatch.setenv("OPENAI_API_KEY", "test-key")
    monkeypatch.setattr(openai, "api_key", None)


@pytest.fixture(scope="module")
def server() -> Iterator[tuple[Server, str]]:
    with Server() as server, server.serve() as url:
        yield server, url


def printed(setup: str, code: str, names: dict[str, Any]) -> str:
    """Run one side of a pair."""
    output = io.StringIO()
    names["__name__"] = "page"
    exec(compile(setup, "setup", "exec", dont_inherit=True), names)
    with redirect_stdout(output), names["client"]:
        exec(compile(code, "pair", "exec", dont_inherit=True), names)
    if isinstance(folder := names.get("folder"), TemporaryDirectory):
        folder.cleanup()
    names.clear()
    gc.collect()  # clients that a snippet leaves open are no fault of the tests that come later
    return output.getvalue()


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning", "ignore::ResourceWarning")
@pytest.mark.parametrize("pair", [pair for pair in PAIRS if pair.runs], ids=lambda pair: f"line {pair.line}")
def test_both_sides_print_the_same(
    pair: Pair, server: tuple[Server, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server[1])
    names: dict[str, Any] = {"server": server[0]}
    official = printed(pair.setup, pair.official, {**names, "openai": openai, "client": openai.OpenAI()})
    client = responses_client.Client()
    ours = printed(pair.setup, pair.ours, {**names, "Client": responses_client.Client, "client": client})

    assert ours == official
    assert ours or "print" not in pair.official


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: f"line {pair.line}")
def test_both_sides_are_valid(pair: Pair) -> None:
    compile(pair.official, "official", "exec")
    compile(pair.ours, "ours", "exec")


def test_every_official_block_is_in_a_pair() -> None:
    assert PAGE.read_text(encoding="utf-8").count("\n```py\n") == len(PAIRS) > 30


def test_multi_agent_beta_is_asked_for_in_the_same_way(
    server: tuple[Server, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OPENAI_BASE_URL", server[1])
    (pair,) = [pair for pair in PAIRS if "multi_agent" in pair.official]
    sent: list[Any] = []
    sides: list[tuple[str, Any]] = [(pair.official, openai.OpenAI()), (pair.ours, responses_client.Client())]
    for code, client in sides:
        # The embedded server does not have the beta, and answers that it does not know the field.
        with client, pytest.raises((openai.BadRequestError, responses_client.BadRequestError)):
            exec(compile(code, "pair", "exec", dont_inherit=True), {"client": client})
        request = server[0].requests[-1]
        sent.append(
            (request.method, request.path, request.query, request.headers["openai-beta"], request.json)
        )

    assert sent[0] == sent[1]


def test_names_in_the_table_of_classes_exist() -> None:
    rows = re.findall(r"^\| (`.*`) \| (`.*`) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    name_in_code = r"`(?:responses_client\.)?(\w+)`"
    official, ours = (
        [name for row in rows for name in re.findall(name_in_code, row[side])] for side in (0, 1)
    )
    theirs = (openai.types.responses, openai.types)
    assert [name for name in official if not any(hasattr(home, name) for home in theirs)] == []
    homes = (responses_client, responses_client.models)
    assert [name for name in ours if not any(hasattr(home, name) for home in homes)] == []
    assert len(official) > 8
