"""The page, its charts and the table of the README are those of the results; nothing here is timed."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from . import __main__ as command
from . import page
from .measures import MEASURES
from .plots import Bar, chart
from .timing import Row, Target

RESULTS: dict[str, Any] = json.loads(page.RESULTS.read_text("utf-8"))


@pytest.mark.parametrize("path", page.files(RESULTS, ""), ids=lambda path: path.name)
def test_file_is_made_from_the_results(path: Path) -> None:
    text = path.read_text("utf-8")

    assert page.files(RESULTS, page.README.read_text("utf-8"))[path] == text, f"run {page.COMMAND} --render"


def test_results_have_all_measures_and_the_page_shows_each_once() -> None:
    shown = [name for section in page.SECTIONS for name in section.measures]

    assert sorted(shown) == sorted(MEASURES)
    assert {row["measure"] for row in RESULTS["rows"]} == {*MEASURES}


def test_numbers_of_the_results_are_those_of_their_samples() -> None:
    for row in RESULTS["rows"]:
        target = None
        if row["target"] is not None:
            sign, value = row["target"].split()
            more = row["what"].startswith("streams of 20 events")
            target = Target(
                "at most" if sign == "<=" else "times as many" if more else "at least", float(value)
            )
        samples = row["samples"]
        made = Row(
            row["what"], row["unit"], samples["ours"], samples["rival"], row["rival_name"] or "", target
        )
        assert row["ours"] == pytest.approx(made.value, rel=1e-3)
        assert row["rival"] == (made.rival_value and pytest.approx(made.rival_value, rel=1e-3))
        assert row["passed"] == made.passed


def test_commands_on_the_page_and_in_the_readme_exist() -> None:
    names = re.findall(
        r"`python -m tests\.benchmarks ([\w ]+?)`",
        page.PAGE.read_text("utf-8") + page.README.read_text("utf-8"),
    )

    assert len(names) > len(page.SECTIONS)
    assert {name for found in names for name in found.split()} <= {*MEASURES, "page"}


def test_charts_of_the_page_exist_and_all_are_shown() -> None:
    shown = re.findall(r"\]\(benchmarks/(\w+)\.svg\)", page.PAGE.read_text("utf-8"))

    assert sorted(shown) == sorted(page.CHARTS)


def test_table_of_the_readme_has_what_was_measured() -> None:
    rows = page._summary(RESULTS).splitlines()[8:]
    missing = [line.label for line in page._LINES if not any(f"| {line.label} |" in row for row in rows)]

    assert {*missing} <= {"the same, against openai-agents"}  # which is no dependency of the tests


def test_goal_that_is_missed_is_said_to_be() -> None:
    row = Row("stream", "us", [10.0], [20.0], "official", Target("at least", 15)).as_json()

    assert page._goal(row) == "| stream, against official | at least 15 | 2 | **missed** |"


def test_chart_has_a_bar_for_each_value_in_proportion() -> None:
    drawn = chart("A & B", "us", [Bar("a", 1, "ours"), Bar("b", 1234, "official")])

    widths = [
        float(width) for width in re.findall(r'<rect class="(?:ours|official)".*? width="([\d.]+)"', drawn)
    ]
    assert widths == [1, 380]
    assert "A &amp; B" in drawn
    assert "1,234" in drawn


def test_page_is_measured_and_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    row = Row(
        "stream, sync, 16 KiB chunks",
        "us/event",
        [1.23456, 3.0],
        [4.0, 6.0],
        "official",
        Target("at least", 3),
    )
    monkeypatch.setattr(command, "MEASURES", {"stream": lambda setup: [row]})
    for name in ("PAGE", "README"):
        monkeypatch.setattr(page, name, tmp_path / f"{name}.md")
    monkeypatch.setattr(page, "FOLDER", tmp_path)
    monkeypatch.setattr(page, "RESULTS", tmp_path / "results.json")
    monkeypatch.setattr(page, "CHARTS", {"memory": page._memory})
    page.README.write_text(f"before\n{page._START}old\n{page._END}after\n")

    assert command.main(["page"]) == 0

    results = json.loads(page.RESULTS.read_text("utf-8"))
    assert results["rows"][0]["samples"]["ours"] == [1.235, 3.0]
    assert (
        "| stream, sync, 16 KiB chunks, against official | at least 3 | 2.62 | **missed** |"
        in page.PAGE.read_text()
    )
    assert page.README.read_text("utf-8").startswith("before\n<!-- made by")
    assert page.README.read_text("utf-8").endswith("<!-- end -->\nafter\n")
    assert "<svg" in (tmp_path / "memory.svg").read_text("utf-8")
    monkeypatch.setattr(command, "MEASURES", {})
    assert command.main(["page", "--render"]) == 0
