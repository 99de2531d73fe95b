"""The requests of a batch as lines: their checks, and where they are split."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from responses_client import RequestValidationError
from responses_client._batches.lines import Limits, Plan, write_plan
from responses_client._map.requests import RequestIterator

MANY = Limits(1000, 1_000_000)


def plan(folder: Path, requests: Any, limits: Limits = MANY) -> Plan:
    folder.mkdir(exist_ok=True)
    return write_plan(folder, [*RequestIterator(requests)], limits)


def ask(text: str, model: str = "m", **more: Any) -> dict[str, Any]:
    return {"model": model, "input": text, **more}


def test_requests_are_written_as_lines(tmp_path: Path) -> None:
    (file,) = plan(tmp_path, {"tea": ask("Tea?"), "milk": ask("Milk?", temperature=0)}).files
    assert file.ids == ["tea", "milk"]
    assert [json.loads(line) for line in file.path.read_text().splitlines()] == [
        {"custom_id": "tea", "method": "POST", "url": "/v1/responses", "body": ask("Tea?")},
        {"custom_id": "milk", "method": "POST", "url": "/v1/responses", "body": ask("Milk?", temperature=0)},
    ]


def test_file_ends_at_its_number_of_requests(tmp_path: Path) -> None:
    files = plan(tmp_path, [ask("Tea?")] * 5, Limits(2, 1_000_000)).files
    assert [file.ids for file in files] == [["0", "1"], ["2", "3"], ["4"]]


def test_each_model_has_files_of_its_own(tmp_path: Path) -> None:
    files = plan(tmp_path, [ask("Tea?", model) for model in "abab"]).files
    assert [file.ids for file in files] == [["0", "2"], ["1", "3"]]


@given(st.lists(st.integers(0, 60), min_size=1, max_size=30), st.integers(160, 400))
def test_files_are_as_large_as_the_bound_allows(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], most: int
) -> None:
    folder = tmp_path_factory.mktemp("files")
    files = plan(folder, [ask("x" * size) for size in sizes], Limits(1000, most)).files
    assert [id for file in files for id in file.ids] == [str(number) for number in range(len(sizes))]
    contents = [file.path.read_bytes() for file in files]
    assert all(len(content) <= most for content in contents)
    for content, after in pairwise(contents):
        assert len(content) + len(after.splitlines()[0]) + 1 > most


def test_digest_is_that_of_the_contents(tmp_path: Path) -> None:
    first = plan(tmp_path / "a", [{"model": "m", "input": "Tea?"}]).digest
    assert plan(tmp_path / "b", [{"input": "Tea?", "model": "m"}]).digest == first
    others = [
        plan(tmp_path / "c", {"tea": ask("Tea?")}).digest,
        plan(tmp_path / "d", [ask("Tea!")]).digest,
        plan(tmp_path / "e", [ask("Tea?")], Limits(7, 1_000_000)).digest,
    ]
    assert len({first, *others}) == 4


@pytest.mark.parametrize(
    ("requests", "problem"),
    [
        ([ask("Tea?"), ask("Tea?", temperature=3)], "requests[1].temperature: "),
        ({"tea": ask("Tea?", temperature=3)}, "requests['tea'].temperature: "),
        (["Tea?"], "requests[0]: expected a dict of the arguments of create, got str 'Tea?'"),
        ([ask("Tea?", stream=True)], "requests[0].stream: cannot be used in a batch"),
        ([ask("Tea?", timeout=3)], "requests[0].timeout: cannot be part of a batch line"),
        ([ask("Tea?", custom_id="a")], "requests[0].custom_id: is the key of the request in a mapping"),
        (
            [ask("x" * 500)],
            "bytes as a line, more than the 500 of an input file",
        ),
    ],
)
def test_request_that_cannot_be_a_line_is_refused_at_its_place(
    tmp_path: Path, requests: Any, problem: str
) -> None:
    with pytest.raises(RequestValidationError, match=re.escape(problem)) as caught:
        plan(tmp_path, requests, Limits(9, 500))
    assert str(caught.value).startswith("The batch was not started")


def test_modes_that_are_off_are_no_mistake(tmp_path: Path) -> None:
    request = ask("Tea?", stream=False, background=None)
    (file,) = plan(tmp_path, [request]).files
    assert json.loads(file.path.read_text())["body"] == request
