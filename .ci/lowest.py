"""Print the lowest versions of the dependencies, and of the extras that users install most, as constraints of pip."""

import tomllib
from pathlib import Path

EXTRAS = ("aiohttp", "server", "tools", "websocket")

project = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))["project"]
extras = project["optional-dependencies"]
for requirement in {*project["dependencies"], *(each for name in EXTRAS for each in extras[name])}:
    print(requirement.replace(">=", "=="))
