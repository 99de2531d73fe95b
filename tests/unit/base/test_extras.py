"""The extras of the package, and how messages say to install them."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

import responses_client
from responses_client._base.extras import REQUIREMENTS, install_hint

PYPROJECT = Path(responses_client.__file__).parents[1] / "pyproject.toml"


def test_requirements_are_those_of_the_extras() -> None:
    extras = tomllib.loads(PYPROJECT.read_text("utf-8"))["project"]["optional-dependencies"]
    assert {name: extras[name] for name in REQUIREMENTS} == {
        name: [*requirements] for name, requirements in REQUIREMENTS.items()
    }


@pytest.mark.parametrize(
    ("extra", "command"),
    [
        ("otel", "pip install 'opentelemetry-api>=1.30'"),
        ("server", "pip install 'uvicorn>=0.34' 'wsproto>=1.2'"),
    ],
)
def test_hint_needs_no_index_that_has_this_package(extra: str, command: str) -> None:
    assert install_hint(extra) == command
