"""Target: journals of maps, damaged: each request gets its own answer, and damage costs no more than its lines."""

from __future__ import annotations

import json
import tempfile
from functools import cache
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import httpx
import samples

from responses_client import Client
from responses_client.errors import RequestValidationError

from .cases import Target, require
from .failures import check_error
from .mutations import damaged

IDS = ("a", "b", "c", "d")
_FAILING = "d"


class Journal(NamedTuple):
    """A journal as a map finds it, and whether bytes inside of its lines were changed."""

    content: bytes
    is_damaged: bool
    has_lines_of_others: bool


def make(random: Random) -> Journal:
    """Take lines of a map and of other requests: lost, doubled, in another order, torn, glued, damaged."""
    lines = [*_lines("")]
    has_others = not random.randrange(4)
    for _ in range(random.randrange(4)):
        at = random.randrange(len(lines) + 1)
        lines[at:at] = random.choice(
            (
                lines[at : at + 1],
                [b"\n"],
                [b"null\n"],
                [random.randbytes(5).replace(b"\n", b"") + b"\n"],
                [*_lines("other ")][:1] if has_others else [],
                [lines[at][: random.randrange(len(lines[at]) + 1)]] if at < len(lines) else [],
            )
        )
        if random.randrange(2) and lines:
            del lines[random.randrange(len(lines))]
    random.shuffle(lines)
    content = b"".join(lines)
    if random.randrange(2):
        content = content[: random.randrange(len(content) + 1)]
    is_damaged = not random.randrange(3)
    return Journal(damaged(random, content) if is_damaged else content, is_damaged, has_others)


def check(journal: Journal) -> str:
    """Run the map on the journal, and again on the journal that it leaves."""
    path = _folder() / "journal.jsonl"
    path.write_bytes(journal.content)
    whole = {id for id, line in zip(IDS, _lines(""), strict=True) if line in _ended(journal.content)}
    try:
        asked, texts = _run(path, "")
    except RequestValidationError as error:
        return f"refused: {check_error(error)}"
    finally:
        left = {id for id, line in zip(IDS, _lines(""), strict=True) if line in _ended(path.read_bytes())}
        require(whole <= left, "a whole line was lost:", whole, left)
    if not journal.has_lines_of_others:
        require(
            not whole & set(asked) - {_FAILING}, "asked again, though there is a whole line:", asked, whole
        )
    if not journal.is_damaged:
        for id, text in texts.items():
            require(
                text == (None if id == _FAILING else f"for {id}"), "the answer of another request:", id, text
            )
    again, texts_again = _run(path, "")
    require(set(again) <= {_FAILING}, "asked again after a whole map:", again)
    require(texts_again == texts, "another answer the second time:", texts, texts_again)
    return f"{len(set(asked) - {_FAILING})} of 3 asked"


def _ended(content: bytes) -> list[bytes]:
    """Return the lines that end as they should."""
    return [line + b"\n" for line in content.split(b"\n")[:-1]]


def _run(path: Path, prefix: str) -> tuple[list[str], dict[str, str | None]]:
    """Return the ids that were asked, and the texts of the results by id."""
    _asked.clear()
    requests: dict[str, Any] = {id: {"model": "m", "input": f"{prefix}for {id}"} for id in IDS}
    results = _client().responses.map(requests, journal=path, max_concurrency=1).all()
    require([result.id for result in results] == [*IDS], "other results:", results)
    return [*_asked], {result.id: result.response and result.response.output_text for result in results}


_asked: list[str] = []


@cache
def _lines(prefix: str) -> tuple[bytes, ...]:
    """Return the lines that a map writes, in the order of `IDS`."""
    path = _folder() / "whole.jsonl"
    path.unlink(missing_ok=True)
    _run(path, prefix)
    lines = sorted(path.read_bytes().splitlines(keepends=True))
    require(len(lines) == len(IDS), "not a line for each result:", lines)
    return tuple(lines)


@cache
def _folder() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="fuzz")
    _folders.append(folder)
    return Path(folder.name)


_folders: list[tempfile.TemporaryDirectory[str]] = []  # each until the end of the process


@cache
def _client() -> Client:
    def handle(request: httpx.Request) -> httpx.Response:
        text = json.loads(request.content)["input"]
        _asked.append(text[-1])
        if text[-1] == _FAILING:
            return httpx.Response(400, json={"error": {"message": "no"}})
        return httpx.Response(200, json=samples.response(text=text))

    transport = httpx.Client(transport=httpx.MockTransport(handle))
    return Client(api_key="sk-hunter2hunter2", max_retries=0, http_client=transport)


TARGET = Target("journals", "journals of maps, damaged: each request gets its own answer", make, check)
