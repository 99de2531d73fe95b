"""Names in annotations, which modules import for type checkers only: how they are found in the source."""

from __future__ import annotations

import fractions
import importlib
import linecache
import sys
from collections.abc import Callable
from decimal import Decimal
from inspect import signature
from pathlib import Path
from types import FunctionType
from typing import Any, cast

import pytest

from responses_client import testing
from responses_client._base import introspection

COLOURS = """
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from decimal import Decimal
    from decimal import Dec1mal
    import fractions

    Amount: TypeAlias = Decimal | int

Colour: TypeAlias = "str | fractions.Fraction"
CODE = "#ff0000"
"""
WALLS = """
from typing import TYPE_CHECKING

from paint_shop.colours import CODE, Colour
from . import colours

if TYPE_CHECKING:
    from .colours import Amount as Litres
"""


@pytest.fixture
def paint_shop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    """A package; the function finds the names of a module in it."""
    for name, source in {"__init__": "", "colours": COLOURS, "walls": WALLS}.items():
        (tmp_path / "paint_shop").mkdir(exist_ok=True)
        (tmp_path / "paint_shop" / f"{name}.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    for name in ("paint_shop", "paint_shop.colours", "paint_shop.walls"):
        monkeypatch.delitem(sys.modules, name, raising=False)

    monkeypatch.setattr(introspection, "_FOUND", {})

    def names(module: str) -> Any:
        importlib.import_module(f"paint_shop.{module}")
        return introspection.type_names(f"paint_shop.{module}")

    return names


def test_names_for_type_checkers_are_imported(paint_shop: Callable[[str], Any]) -> None:
    names = paint_shop("colours")

    assert names["Decimal"] is Decimal
    assert names["fractions"] is fractions
    assert names["Amount"] == Decimal | int


def test_alias_that_is_a_string_is_evaluated_where_it_stands(paint_shop: Callable[[str], Any]) -> None:
    assert paint_shop("colours")["Colour"] == str | fractions.Fraction
    assert paint_shop("walls")["Colour"] == str | fractions.Fraction


def test_names_come_from_other_modules_under_new_names(paint_shop: Callable[[str], Any]) -> None:
    names = paint_shop("walls")

    assert names["Litres"] == Decimal | int
    assert names["colours"] is sys.modules["paint_shop.colours"]


def test_other_names_are_those_of_the_module(paint_shop: Callable[[str], Any]) -> None:
    names = paint_shop("colours")

    assert names["CODE"] == "#ff0000"
    with pytest.raises(KeyError, match="Shade"):
        names["Shade"]


def test_names_that_cannot_be_imported_are_left_out(paint_shop: Callable[[str], Any]) -> None:
    assert {*paint_shop("colours").imported()} == {
        "TYPE_CHECKING",
        "TypeAlias",
        "Decimal",
        "fractions",
        "Amount",
        "Colour",
    }


def test_module_without_source_has_the_names_of_its_own(paint_shop: Callable[[str], Any]) -> None:
    importlib.import_module("paint_shop.colours").__file__ = None
    linecache.clearcache()
    sys.modules["paint_shop.colours"].__spec__ = sys.modules["paint_shop.colours"].__loader__ = None
    names = paint_shop("colours")

    assert not names.imported()
    assert names["CODE"] == "#ff0000"


def test_signature_keeps_annotations_that_are_no_strings() -> None:
    def paint(wall: int, *, colour: str = "red") -> bool:
        return wall > 0 and bool(colour)

    raw = {"wall": int, "colour": str, "return": bool}
    assert (
        str(introspection.whole_signature(cast("FunctionType", paint), raw))
        == "(wall: int, *, colour: str = 'red') -> bool"
    )
    assert introspection.type_hints(cast("FunctionType", paint), raw) == raw


def test_signature_keeps_keywords_of_any_name() -> None:
    def paint(colour: str, **labels: object) -> None: ...

    function = cast("FunctionType", paint)
    shown = introspection.whole_signature(function, {"colour": "str", "labels": "object", "return": "None"})
    assert str(shown) == "(colour: str, **labels: object) -> None"
    typed = introspection.whole_signature(function, {"colour": str, "labels": object})
    assert typed.parameters["labels"].annotation is object


@pytest.mark.parametrize(
    "method",
    [testing.RecordedRequest.assert_sent, testing.VirtualClock.within, testing.AsyncServer.serve],
)
def test_public_method_with_keywords_of_any_name_has_a_signature(method: Callable[..., object]) -> None:
    assert [each.kind for each in signature(method).parameters.values()][-1].name == "VAR_KEYWORD"
