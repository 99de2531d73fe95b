"""The command `python -m pages`."""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from .staging import ROOT, stage


def build(target: Path) -> int:
    """Build the site strictly into a folder; return the exit code."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        settings = stage(folder)
        command = [sys.executable, "-m", "zensical", "build", "--strict", "--clean", "-f", str(settings)]
        done = subprocess.run(command, cwd=ROOT, check=False)
        if done.returncode == 0:
            shutil.rmtree(target, ignore_errors=True)
            shutil.copytree(folder / "site", target)
        return done.returncode


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m pages")
    parser.add_argument("-d", "--directory", type=Path, default=ROOT / "site")
    options = parser.parse_args()
    return build(options.directory)


if __name__ == "__main__":
    sys.exit(main())
