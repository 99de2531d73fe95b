"""Executes the notebooks of the examples.

    python tests/examples/notebooks.py

writes their outputs into them, without what changes from run to run: times, and what goes to standard error.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from waits import PATIENT

EXAMPLES = Path(__file__).parents[2] / "examples"
NOTEBOOKS = sorted(EXAMPLES.glob("*.ipynb"))


def execute(path: Path) -> Any:
    """Return a notebook with the outputs that it has now; an error in a cell is raised."""
    notebook: Any = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=int(PATIENT),
        resources={"metadata": {"path": str(path.parent)}},
        record_timing=False,
    )
    client.execute()
    for cell in notebook.cells:
        if cell.cell_type == "code":
            cell.outputs = stable(cell.outputs)
    return notebook


def stable(outputs: list[Any]) -> list[Any]:
    """Join pieces of standard output, which come as they are printed, and leave standard error out."""
    kept: list[Any] = []
    for output in outputs:
        if output.output_type != "stream":
            kept.append(output)
        elif output.name == "stdout":
            if kept and kept[-1].output_type == "stream":
                kept[-1].text += output.text
            else:
                kept.append(output)
    return kept


def main() -> None:
    """Write the outputs into each notebook."""
    os.environ.pop("OPENAI_API_KEY", None)
    for path in NOTEBOOKS:
        executed = execute(path)
        executed.metadata = nbformat.from_dict(
            {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
        )
        path.write_text(nbformat.writes(executed, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
