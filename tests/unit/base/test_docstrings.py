"""Docstrings that refer to other methods: completed with the rows of those."""

from __future__ import annotations

import ast
import inspect
import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import responses_client
from responses_client import Client
from responses_client._base.docstrings import complete_docstrings


class Painter:
    def paint(self, wall: str, **params: object) -> None:
        """Paint a wall.

        Args:
            wall: The wall.
            colour: The colour,
                in English.
            layers: How many layers.

        Returns:
            Nothing.
        """

    def repaint(self, **params: object) -> None:
        """Paint a wall again.

        Args:
            layers: How many layers come on top.
            params: The arguments of `paint`, on a wall that is
                painted already.

        Raises:
            ValueError: The wall is new.
        """

    def choose(self, params: str) -> None:
        """Choose.

        Args:
            shades: The arguments of `paint`, as a list.
        """

    def rest(self) -> None:
        """Rest."""

    def undocumented(self) -> None: ...

    colour = "red"


class AsyncPainter:
    async def repaint(self) -> None:
        """Paint a wall again; see `Painter.repaint`."""

    async def rest(self) -> None:
        """Rest; see `Painter.rest`."""

    async def dream(self) -> None:
        """Dream."""


complete_docstrings(Painter, None)
complete_docstrings(AsyncPainter, Painter)

REPAINT = """\
Args:
    layers: How many layers come on top.
    colour: The colour,
        in English.

Raises:
    ValueError: The wall is new."""


def doc(method: Any) -> str:
    return inspect.getdoc(method) or ""


def test_reference_is_replaced_by_the_rows_of_keywords_that_are_not_there() -> None:
    assert doc(Painter.repaint) == f"Paint a wall again.\n\n{REPAINT}"


def test_only_the_row_of_all_keywords_is_a_reference() -> None:
    assert "shades: The arguments of `paint`, as a list." in doc(Painter.choose)


def test_docstring_without_arguments_gets_those_of_the_sync_method() -> None:
    assert doc(AsyncPainter.repaint) == f"Paint a wall again; see `Painter.repaint`.\n\n{REPAINT}"


def test_other_docstrings_stay() -> None:
    assert doc(Painter.rest) == "Rest."
    assert doc(AsyncPainter.rest) == "Rest; see `Painter.rest`."
    assert doc(AsyncPainter.dream) == "Dream."
    assert doc(Painter.undocumented) == ""


def test_without_docstrings_nothing_happens() -> None:
    class Silent:
        def paint(self) -> None: ...

    complete_docstrings(Silent, Painter)  # as under `python -OO`
    assert Silent.paint.__doc__ is None


client = Client(api_key="key")
PACKAGE = Path(responses_client.__file__).parent


def fields(path: str, *classes: str) -> dict[str, str]:
    """The first sentence about each field of these classes in a module."""
    found: dict[str, str] = {}
    for cls in ast.parse((PACKAGE / path).read_text("utf-8")).body:
        if isinstance(cls, ast.ClassDef) and cls.name in classes:
            for field, text in pairwise(cls.body):
                match field, text:
                    case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(
                        value=ast.Constant(value=str(said))
                    ):
                        found[name] = " ".join(said.split()).partition(". ")[0].removesuffix(".") + "."
    return found


def rows(documented: Any) -> dict[str, str]:
    section = doc(documented).partition("Args:\n")[2].partition("\n\n")[0]
    found = [" ".join(row.split()).partition(": ") for row in re.split(r"\n    (?! )", f"\n{section}")[1:]]
    return {name: text for name, _, text in found}


TYPES = {
    "Client": (Client, fields("_calls/client_options.py", "_Key", "_OtherOptions")),
    "run": (client.responses.run, fields("_runs/params.py", "_RunParams", "RunParams")),
    "connect": (client.responses.connect, fields("_base/options.py", "SessionOptions")),
}


@pytest.mark.parametrize(("documented", "said"), TYPES.values(), ids=TYPES)
def test_rows_written_by_hand_say_what_the_types_say(documented: Any, said: dict[str, str]) -> None:
    written = rows(documented)

    assert said
    assert {name: written.get(name) for name in said} == said
