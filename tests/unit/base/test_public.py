"""Public paths of names from private modules, and the annotations that must still be evaluated."""

from __future__ import annotations

import dataclasses
import sys
from types import ModuleType
from typing import Any, ForwardRef, NamedTuple, TypedDict, get_type_hints

import pytest
from pydantic import TypeAdapter

from responses_client._base.public import foreign_attributes, public, resource


class Kilometres(float):
    """A type that only the module below has."""


@pytest.fixture
def private_module(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """A private module, in which a test defines classes."""
    module = ModuleType("responses_client._maps._routes")
    module.Distance = Kilometres
    monkeypatch.setitem(sys.modules, module.__name__, module)
    return module


def made_in(module: ModuleType, source: str) -> Any:
    """The class `Route` as the source of a module defines it."""
    names: dict[str, Any] = vars(module)
    names.update(dataclass=dataclasses.dataclass, NamedTuple=NamedTuple, TypedDict=TypedDict)
    exec("from __future__ import annotations\n" + source, names)
    return names["Route"]


KINDS = {
    "class": "class Route:\n    length: Distance",
    "dataclass": "@dataclass(frozen=True, slots=True)\nclass Route:\n    length: Distance",
    "NamedTuple": "class Route(NamedTuple):\n    length: Distance",
    "TypedDict": "class Route(TypedDict):\n    length: Distance",
}


@pytest.mark.parametrize(
    ("module", "path"),
    [
        ("responses_client._runs.result", "responses_client"),
        ("responses_client._client", "responses_client"),
        ("responses_client.testing._server", "responses_client.testing"),
        ("responses_client.errors", "responses_client.errors"),
    ],
)
def test_path_ends_where_the_private_part_begins(module: str, path: str) -> None:
    def function() -> None:
        pass

    function.__module__ = module
    assert public(function) is function
    assert function.__module__ == path


@pytest.mark.parametrize("source", KINDS.values(), ids=KINDS)
def test_annotations_are_still_evaluated_in_the_private_module(
    private_module: ModuleType, source: str
) -> None:
    route = public(made_in(private_module, source))

    assert route.__module__ == "responses_client"
    assert get_type_hints(route) == {"length": Kilometres}


@pytest.mark.parametrize("kind", ["dataclass", "NamedTuple"])
def test_pydantic_still_reads_the_fields(private_module: ModuleType, kind: str) -> None:
    private_module.Distance = float
    route = public(made_in(private_module, KINDS[kind]))

    with pytest.raises(ValueError, match="valid number"):
        TypeAdapter(route).validate_python({"length": "far"})


@pytest.mark.parametrize("annotation", [int, ForwardRef("Distance", module="elsewhere")])
def test_annotation_that_needs_no_module_stays_as_it_is(annotation: object) -> None:
    class Route:
        pass

    Route.__annotations__ = {"length": annotation}
    assert public(Route).__annotations__["length"] is annotation
    assert getattr(annotation, "__forward_module__", "elsewhere") == "elsewhere"


def test_methods_of_a_resource_are_named_by_their_path() -> None:
    @resource("client.routes")
    class Routes:
        kind = "resource"

        def find(self, route_id: str) -> None:
            pass

        def _check(self) -> None:
            pass

    with pytest.raises(TypeError, match=r"^client\.routes\.find\(\) missing 1 required positional argument"):
        Routes().find()
    assert "_check" in Routes._check.__qualname__.split(".")
    assert "client" not in Routes._check.__qualname__


def test_missing_attribute_of_another_package_is_answered() -> None:
    class Client:
        __getattr__ = foreign_attributes("client")

    assert not hasattr(Client(), "copy")
    with pytest.raises(
        AttributeError, match=r"^'Client' object has no attribute 'copy'; use client\.with_options"
    ):
        print(Client().copy)
    for name in ("flavour", "__deepcopy__"):
        with pytest.raises(AttributeError, match=f"^'Client' object has no attribute '{name}'$"):
            getattr(Client(), name)


def test_property_that_fails_raises_its_own_error_also_under_a_name_of_another_package() -> None:
    class Client:
        __getattr__ = foreign_attributes("client")

    class Own(Client):
        @property
        def copy(self) -> str:
            raise AttributeError("no paper")

    with pytest.raises(AttributeError, match=r"^no paper$"):
        print(Own().copy)
