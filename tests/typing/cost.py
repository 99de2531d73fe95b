"""Measures the time of mypy for one module of snippets, without a cache: for this package and for `openai`.

    python tests/typing/cost.py [ROUNDS]

The rounds alternate between the two. Time is CPU time; memory is the peak of the process.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median

from checkers import SNIPPETS

MODULE = "events.py"
APIS = {"ours": "api.py", "official": "official_api.py"}


def check(api: str) -> tuple[float, float]:
    """Return the CPU seconds and the peak of memory, in MiB, of a check."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copy(SNIPPETS / MODULE, folder)
        shutil.copy(SNIPPETS / api, folder / "api.py")
        command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", os.devnull, MODULE]
        process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL)
        _, _, usage = os.wait4(process.pid, 0)
    return usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def main(rounds: int) -> None:
    """Print a table in Markdown."""
    samples: dict[str, list[tuple[float, float]]] = {who: [] for who in APIS}
    for _ in range(rounds):
        for who, api in APIS.items():
            samples[who].append(check(api))
    print("| package | seconds | MiB |\n| --- | --- | --- |")
    for who, found in samples.items():
        print(f"| {who} | {median(one for one, _ in found):.1f} | {median(one for _, one in found):.0f} |")


if __name__ == "__main__":
    main(int(sys.argv[1]) if sys.argv[1:] else 3)
