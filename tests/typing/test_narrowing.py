"""Snippets that type checkers accept are right at run time as well: for known, unknown and malformed objects."""

from __future__ import annotations

import importlib.util
import inspect
import sys
from contextlib import suppress
from functools import cache
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from model_strategies import member_of, wire_of

from responses_client.models import Response, _unions
from responses_client.models._base import OpenUnion

SNIPPETS = Path(__file__).parent / "snippets"
# Raised by snippets on purpose; a missing attribute or a value of another type is none of these.
WANTED = (AssertionError, IndexError, KeyError, RuntimeError, StopIteration, ValueError)


@cache
def functions(name: str) -> dict[str, FunctionType]:
    """Return the snippets of a module, with the `api` of this package."""
    spec = importlib.util.spec_from_file_location(name, SNIPPETS / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    loaded = importlib.util.module_from_spec(spec)
    sys.path.insert(0, str(SNIPPETS))
    try:
        spec.loader.exec_module(loaded)
    finally:
        sys.path.remove(str(SNIPPETS))
        sys.modules.pop("api", None)
    found = {key: value for key, value in vars(loaded).items() if isinstance(value, FunctionType)}
    return {key: value for key, value in found.items() if value.__module__ == name}


def argument(snippet: FunctionType) -> tuple[str, str]:
    """Return the name of the type that a snippet takes, and of the collection in which it takes it, if any."""
    parameters = list(inspect.signature(snippet).parameters.values())
    if len(parameters) != 1 or inspect.isgeneratorfunction(snippet) or inspect.isasyncgenfunction(snippet):
        return "", ""
    outer, _, inner = str(parameters[0].annotation).partition("[")
    return (inner.removesuffix("]"), outer) if inner else (outer, "")


CASES = [
    (name, key)
    for name in ("events", "items", "exhaustive")
    for key, snippet in functions(name).items()
    if "# wrong" not in inspect.getsource(snippet)
    and (argument(snippet)[0] == "Response" or hasattr(_unions, argument(snippet)[0]))
]


def test_most_snippets_are_run() -> None:
    assert len(CASES) > 60


@st.composite
def wire_forms(draw: st.DrawFn, kind: str) -> dict[str, Any]:
    """Draw the JSON of a type; at times a field is missing, or has a value of another type."""
    wire = draw(wire_of(Response) if kind == "Response" else member_of(getattr(_unions, kind), 3))
    fields = sorted(wire.keys() - {"type"})
    if fields and draw(st.booleans()):
        broken = draw(st.sampled_from(fields))
        wire = {key: value for key, value in wire.items() if key != broken}
        wire |= draw(st.sampled_from([{}, {broken: {"x": 1}}]))
    return wire


def read(kind: str, wire: dict[str, Any]) -> Any:
    if kind == "Response":
        return Response.from_dict(wire)
    union: type[OpenUnion] = getattr(_unions, kind)
    return union.validate(wire)


@pytest.mark.parametrize(("name", "key"), CASES)
@settings(max_examples=15)
@given(data=st.data())
def test_accepted_snippet_meets_no_missing_attribute(name: str, key: str, data: st.DataObject) -> None:
    snippet = functions(name)[key]
    kind, collection = argument(snippet)
    values = [read(kind, wire) for wire in data.draw(st.lists(wire_forms(kind), min_size=1, max_size=4))]
    for value in [iter(values) if collection == "Iterator" else values] if collection else values:
        with suppress(*WANTED):
            snippet(value)
