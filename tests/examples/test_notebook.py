"""The notebook runs, and its outputs are those that are stored in it."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("nbclient")
pytest.importorskip("ipykernel")

import nbformat
from example_programs import environment, scripts, with_key
from notebooks import NOTEBOOKS, execute

from responses_client.testing import Server

SCRIPTS = scripts()


def outputs(notebook: Any) -> list[list[str]]:
    """Return the texts of all cells, of HTML those between its tags."""
    return [
        [
            output.get("text")
            or re.sub(r"<[^>]*>", "\n", output.data.get("text/html", output.data["text/plain"]))
            for output in cell.outputs
        ]
        for cell in notebook.cells
        if cell.cell_type == "code"
    ]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
@pytest.mark.filterwarnings("ignore")  # those of jupyter_client, zmq and their event loop
def test_notebook_gives_the_outputs_that_it_shows(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("OPENAI_API_KEY", "OPENAI_BASE_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHONPATH", environment()["PYTHONPATH"])
    stored = nbformat.read(path, as_version=4)
    assert outputs(execute(path)) == outputs(stored)


@pytest.mark.filterwarnings("ignore")  # as above
def test_copy_of_the_notebook_runs_with_a_key(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = NOTEBOOKS
    server = Server()
    SCRIPTS["notebook"](server)
    with server.serve() as url:
        for name, value in {**with_key(url), "PYTHONPATH": environment()["PYTHONPATH"]}.items():
            monkeypatch.setenv(name, value)
        executed = execute(Path(shutil.copy(path, tmp_path)))
    assert outputs(executed) == outputs(nbformat.read(path, as_version=4))
    assert {request.headers["authorization"] for request in server.requests} == {"Bearer sk-test"}


def test_there_is_a_notebook() -> None:
    assert [path.name for path in NOTEBOOKS] == ["notebook.ipynb"]
