"""The recipe for Dask in the documentation, run as it is, with workers in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from responses_client.testing import Server

ROOT = Path(__file__).parents[2]


def recipe() -> str:
    """Return the last Python block of the page."""
    page = (ROOT / "docs" / "many-requests.md").read_text(encoding="utf-8")
    return page.rpartition("\n```python\n")[2].partition("\n```\n")[0]


def test_recipe_of_the_page_runs_with_two_workers(tmp_path: Path) -> None:
    # Not imported here: it has the pickles of all exceptions made by functions of its own, those of other tests too.
    if find_spec("distributed") is None:
        pytest.skip("could not import 'distributed'")
    program = tmp_path / "recipe.py"
    program.write_text(recipe(), encoding="utf-8")
    server = Server()
    with server.serve() as url:
        environment = {**os.environ, "OPENAI_BASE_URL": url, "OPENAI_API_KEY": "any", "NO_PROXY": "127.0.0.1"}
        ran = subprocess.run(
            [sys.executable, str(program)],
            capture_output=True,
            text=True,
            env=environment,
            cwd=tmp_path,
            timeout=100,
            check=False,
        )

    assert (ran.returncode, ran.stdout) == (0, "200 answered\n"), ran.stderr
    assert sorted(request.json["input"] for request in server.requests) == sorted(
        f"Number {number}" for number in range(200)
    )
