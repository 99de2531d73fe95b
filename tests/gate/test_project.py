"""The metadata, the workflows and the archive of the sources agree with each other."""

from __future__ import annotations

import re
import shutil
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
DOCUMENT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PROJECT: dict[str, Any] = DOCUMENT["project"]
VERSIONS = [
    name.rpartition(" ")[2]
    for name in PROJECT["classifiers"]
    if re.fullmatch(r"Programming Language :: Python :: 3\.\d+", name)
]
WORKFLOWS = {path.stem: path for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))}


def workflow(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(WORKFLOWS[name].read_text(encoding="utf-8"))
    return loaded


def test_lowest_python_is_the_first_classifier() -> None:
    assert PROJECT["requires-python"] == f">={VERSIONS[0]}"


def test_workflow_tests_each_version_of_the_classifiers_and_no_other() -> None:
    matrix = workflow("tests")["jobs"]["tests"]["strategy"]["matrix"]
    assert matrix["python"] == VERSIONS
    assert {one["python"] for one in matrix["include"]} <= {*VERSIONS}


@pytest.mark.parametrize("name", WORKFLOWS)
def test_workflow_bounds_its_rights_and_its_time(name: str) -> None:
    loaded = workflow(name)
    assert loaded["permissions"] == {"contents": "read"}
    assert all(job["timeout-minutes"] for job in loaded["jobs"].values())


def test_release_is_published_with_trust_and_without_a_token() -> None:
    publish = workflow("release")["jobs"]["publish"]
    assert publish["permissions"] == {"id-token": "write"}
    assert "secrets." not in WORKFLOWS["release"].read_text(encoding="utf-8")


def test_groups_that_workflows_and_scripts_install_exist() -> None:
    sources = [*WORKFLOWS.values(), ROOT / ".ci" / "run", ROOT / "README.md", ROOT / "CONTRIBUTING.md"]
    named = {
        name for path in sources for name in re.findall(r"--group (\w+)", path.read_text(encoding="utf-8"))
    }
    assert {"test", "peers", "dev", "docs"} <= named <= {*DOCUMENT["dependency-groups"]}


def test_hooks_before_a_commit_run_tools_of_this_project() -> None:
    loaded = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    assert [repo["repo"] for repo in loaded["repos"]] == ["local"]
    gate = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    for hook in loaded["repos"][0]["hooks"]:
        command = re.sub(r"^python -m | --fix$", "", hook["entry"])
        assert f'"$python" -m {command}' in gate, hook["id"]


def test_archive_of_the_sources_takes_nothing_from_a_stray_environment(tmp_path: Path) -> None:
    sdist = pytest.importorskip("hatchling.builders.sdist")
    project = tmp_path / "project"
    for path in (
        "README.md",
        "LICENSE",
        "pyproject.toml",
        "responses_client/_version.py",
        "tests/conftest.py",
    ):
        (project / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / path, project / path)
    packages = project / "env" / "lib" / "site-packages"
    for name in (
        "responses_client/stray.py",
        "tests/stray.py",
        "docs/stray.md",
        "CHANGELOG.md",
        "pyproject.toml",
    ):
        (packages / name).parent.mkdir(parents=True, exist_ok=True)
        (packages / name).touch()

    builder = sdist.SdistBuilder(str(project))
    taken = {file.relative_path for file in builder.recurse_included_files()}

    assert {"responses_client/_version.py", "tests/conftest.py"} <= taken
    assert [path for path in taken if path.startswith("env")] == []


def test_archive_of_the_sources_has_all_that_its_tests_read() -> None:
    patterns = DOCUMENT["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert all(pattern.startswith("/") for pattern in patterns)
    assert all((ROOT / pattern.strip("/")).exists() for pattern in patterns)
    assert {
        "/.ci",
        "/.github",
        "/README.md",
        "/.pre-commit-config.yaml",
        "/codegen",
        "/docs",
        "/examples",
        "/tests",
    } <= {*patterns}
