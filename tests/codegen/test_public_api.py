"""The public API as text: complete, and the same from every version of Python that is here."""

from __future__ import annotations

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from shutil import which

import public_api
import pytest
from golden import API

TEXT = API.read_text("utf-8")
LINES = TEXT.splitlines()


def test_public_api_is_that_in_the_file() -> None:
    """`python tests/codegen/golden.py` rewrites the file; read the diff, as a changed signature may break programs."""
    assert public_api.public_api() == TEXT


@pytest.mark.parametrize("module", public_api.MODULES)
def test_every_public_name_is_in_it(module: str) -> None:
    prefix = module.removeprefix("responses_client").removeprefix(".")
    loaded = import_module(module)
    for name in getattr(loaded, "__all__", dir(loaded)):
        value = getattr(loaded, name)
        if name.startswith("_") or type(value).__name__ == "module":
            continue
        full = f"{prefix}.{name}".removeprefix(".")
        assert any(f"{line} ".find(f"{full}{end}") >= 0 for line in LINES for end in "( :"), full


FACTS = {
    "a class with its bases": "class errors.RateLimitError(APIStatusError)",
    "a field of a model": "models.FunctionCall.arguments: str",
    "a field with another name": "models.FunctionCall.async_: StrictBool | None = Field(default=None, validation_alias='async', serialization_alias='async')",
    "a key of a dict type": "models.InputMessageParam.role:",
    "a method of a resource": "def Client.responses.delete(self, response_id: str, **params: Unpack[RequestOptions]) -> DeletedResponse",
    "a method of the async resource": "async def AsyncClient.responses.delete(self, response_id: str, **params: Unpack[RequestOptions]) -> DeletedResponse",
    "a method of a resource below": "def Client.responses.input_items.list(",
    "a method of a base by hand": "@property def models.Response.output_text(self) -> str",
    "a method of a base without a public name": "def Page.has_next_page(self) -> bool",
    "an argument with a default": "max_concurrency: int = 64",
    "an alias": "models.InputList:",
    "an option": "Options.max_retries: int | None",
    "the name of another module": "APIStatusError is errors.APIStatusError",
}


@pytest.mark.parametrize("fact", FACTS.values(), ids=FACTS)
def test_file_has(fact: str) -> None:
    assert fact in TEXT


OTHERS = [path for minor in range(11, 16) if (path := which(f"python3.{minor}"))]


@pytest.mark.parametrize("python", OTHERS or [sys.executable], ids=lambda path: Path(path).name)
def test_every_version_of_python_gives_the_same_text(python: str) -> None:
    done = subprocess.run(
        [python, "-I", str(Path(public_api.__file__))],
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )
    if done.returncode == 127 or "command not found" in done.stderr:
        pytest.skip(f"{python} does not run: {done.stderr.strip()}")
    assert done.stdout == TEXT, done.stderr[-1000:]


def test_kinds_of_parameters_are_shown() -> None:
    (node,) = ast.parse("def f(a, /, b: int = 1, *c: 'str', d, e=2, **g: int) -> 'int': ...").body
    assert isinstance(node, ast.FunctionDef)
    assert public_api.parameters(node) == ["a", "/", "b: int = 1", "*c: str", "d", "e = 2", "**g: int"]
    (node,) = ast.parse("def f(a, *, d: Literal['x']): ...").body
    assert isinstance(node, ast.FunctionDef)
    assert public_api.parameters(node) == ["a", "*", "d: Literal['x']"]
