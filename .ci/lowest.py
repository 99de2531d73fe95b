"""Print the lowest versions of the package's dependencies, of its extras and of the group `test`, as constraints of pip."""

import tomllib
from pathlib import Path

document = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
project = document["project"]
requirements = [*project["dependencies"], *document["dependency-groups"]["test"]]
for extra in project["optional-dependencies"].values():
    requirements += extra
for requirement in sorted(set(requirements)):
    print(requirement.replace(">=", "=="))
