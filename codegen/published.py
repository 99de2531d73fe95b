"""A published OpenAPI 3 document, in the terms of our schema: places, and the shapes of their values."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, cast

from .dialect import BOUNDS
from .schema import Alias, Document, Object, Schema, Spec, Union, without_null

__all__ = ["VERBS", "Property", "Published", "Shape", "bodies", "our_shape", "request_place"]

VERBS = frozenset({"get", "post", "put", "patch", "delete"})
"""The keys of a path that are operations."""

_PARTS = {"[]": "items", "{}": "additionalProperties"}
_STEP = re.compile(r"[\w-]+|\[\]|\{\}")


@dataclass
class Shape:
    """The types and values that a value may have."""

    kinds: set[str] = field(default_factory=set[str])  # types; "string" is any string, "any" is any JSON
    values: set[str] = field(default_factory=set[str])  # known strings
    names: set[str] = field(default_factory=set[str])  # schemas: ours or, where we have none, published ones
    bounds: set[str] = field(default_factory=set[str])
    parts: "dict[str, Shape]" = field(default_factory=dict[str, "Shape"])  # "[]" items, "{}" values of a map

    def add(self, *others: "Shape") -> "Shape":
        """Widen the shape by others and return it."""
        for other in others:
            self.kinds.update(other.kinds)
            self.values.update(other.values)
            self.names.update(other.names)
            self.bounds.update(other.bounds)
            for step, part in other.parts.items():
                self.parts.setdefault(step, Shape()).add(part)
        return self


def our_shape(spec: Spec) -> Shape:
    """Return the shape of one of our schemas."""
    spec, nullable = without_null(spec)
    shape = Shape({"null"} if nullable else set())
    if "$ref" in spec:
        return shape.add(Shape(names={spec["$ref"]}))
    if "anyOf" in spec:
        return shape.add(*map(our_shape, spec["anyOf"]))
    parts = {step: our_shape(part) for step, part in _parts_of(spec)}
    return shape.add(_plain_shape(spec), Shape(parts=parts))


def _plain_shape(spec: Spec) -> Shape:
    """Return the shape of a schema without references and alternatives; its parts are not included."""
    known = [spec["const"]] if "const" in spec else spec.get("enum", spec.get("x-extensible-enum", []))
    kinds = spec.get("type", "any")
    kinds = set(cast("list[str]", kinds) if isinstance(kinds, list) else [kinds])
    if known and "x-extensible-enum" not in spec:
        kinds -= {"string", "any"}
    bounds: set[str] = set()
    for key in BOUNDS.keys() & spec.keys():
        inner = cast("Spec", spec[key] if isinstance(spec[key], dict) else {"": spec[key]})
        bounds |= {f"{key}{name and '.'}{name} {value}" for name, value in inner.items() if name != "type"}
    return Shape(kinds, set(known), bounds=bounds)


def _parts_of(spec: Spec) -> Iterator[tuple[str, Spec]]:
    """Yield the schemas of items and of a map's values."""
    for step, key in _PARTS.items():
        if isinstance(spec.get(key), dict) and spec[key]:
            yield step, spec[key]


@dataclass(frozen=True)
class Property:
    """A property of a published object."""

    place: str
    node: Spec
    required: bool


class Published:
    """A published document.

    A place is a schema's name, or inside it, such as `Tool.filters`, `Tool.names[]`, or a `request_place`.
    """

    def __init__(self, content: Mapping[str, Any], document: Document) -> None:
        self.paths: Mapping[str, Any] = content["paths"]
        self.webhooks: Mapping[str, Any] = content.get("webhooks", {})
        self._components: Mapping[str, Any] = content["components"]
        self._bodies = {
            request_place(verb, path): schema
            for path, verbs in self.paths.items()
            for verb, node in verbs.items()
            if verb in VERBS
            for schema in bodies(node.get("requestBody", {})).values()
        }
        self._ours = {
            place.removeprefix("@"): schema
            for schema in document.schemas.values()
            for place in schema.published
        }
        self._added: dict[str, dict[str, Property]] = {}
        for schema in self._components["schemas"].values():
            for base, extra in map(_extension, _alternatives(schema)):
                if base and extra:
                    place = self.resolve(base, "")[0]
                    known = self.properties({"allOf": extra}, place)
                    self._added.setdefault(place, {}).update(known)

    def ours(self, place: str) -> Schema | None:
        """Return our schema for a place, if there is one."""
        return self._ours.get(place)

    def component(self, node: Spec) -> Spec:
        """Return the component that a node refers to, or the node itself."""
        kind, _, name = node.get("$ref", "").removeprefix("#/components/").partition("/")
        return cast("Spec", self._components[kind][name]) if kind else node

    def resolve(self, node: Spec, place: str) -> tuple[str, Spec]:
        """Follow references; return the place of the definition, and the definition."""
        # The published document is OpenAPI 3.1 but uses this keyword of JSON Schema 2019-09 for a schema in itself.
        if "$recursiveRef" in node:
            name = place.partition(".")[0]
            return name, self._components["schemas"][name]
        if "$ref" in node:
            return self.resolve(self.component(node), node["$ref"].rpartition("/")[2])
        # A schema wrapped in `allOf` is a reference with a description of its own.
        if len(node.get("allOf", ())) == 1 and "properties" not in node:
            return self.resolve(node["allOf"][0], place)
        return place, node

    def is_object(self, node: Spec) -> bool:
        """Whether a node has properties, its own or those of a base."""
        bases = map(self.component, node.get("allOf", ()))
        return bool(node.get("properties")) or any(map(self.is_object, bases))

    def properties(self, node: Spec, place: str) -> dict[str, Property]:
        """Return the properties of an object, including those of its bases."""
        nodes: dict[str, Spec] = {}
        required = set(node.get("required", ()))
        for base in node.get("allOf", ()):
            for wire, known in self.properties(self.component(base), place).items():
                nodes[wire] = known.node
                required |= {wire} if known.required else set()
        nodes |= node.get("properties", {})
        return {wire: Property(f"{place}.{wire}", known, wire in required) for wire, known in nodes.items()}

    def find(self, place: str) -> Spec | None:
        """Return the node at a place."""
        if body := self._bodies.get(place):
            return body
        name, *steps = _STEP.findall(place)
        node: Spec | None = self._components["schemas"].get(name)
        for step in steps:
            node = node and self._below(node, name, step)
        return node

    def _below(self, node: Spec, place: str, step: str) -> Spec | None:
        if step not in _PARTS:
            found = (self.object_in(node, place) or {}).get(step)
            return found.node if found else None
        return next((leaf[_PARTS[step]] for leaf in self._leaves(node, place) if _PARTS[step] in leaf), None)

    def object_in(self, node: Spec, place: str) -> dict[str, Property] | None:
        """Return the properties of a node that is an object, or of the first object among its alternatives."""
        objects = (leaf for leaf in self._leaves(node, place) if self.is_object(leaf))
        found = next(objects, None)
        # A union may extend a member by `allOf`; those properties count as the member's own.
        return None if found is None else self.properties(found, place) | self._added.get(place, {})

    def _leaves(self, node: Spec, place: str) -> list[Spec]:
        place, node = self.resolve(node, place)
        return [leaf for option in _alternatives(node) for leaf in self._leaves(option, place)] or [node]

    def shape(self, node: Spec, place: str) -> Shape:
        """Return the shape of a node; a schema that we have appears by name."""
        place, node = self.resolve(node, place)
        ours = self.ours(place)
        if isinstance(ours, Alias):
            return Shape(names={ours.name})
        inside = self.inside(node, place)
        return replace(inside, names={ours.name}) if isinstance(ours, Union) else inside

    def inside(self, node: Spec, place: str) -> Shape:
        """Return the shape of a definition, including its alternatives."""
        if options := _alternatives(node):
            return Shape().add(*(self._option(option, place) for option in options))
        if self.is_object(node):
            return Shape(names={self._name(place)})
        parts = {step: self.shape(part, place + step) for step, part in _parts_of(node)}
        return _plain_shape(node).add(Shape(parts=parts))

    def _option(self, node: Spec, place: str) -> Shape:
        """Return the shape of an alternative; a reference may appear by name."""
        node = _extension(node)[0] or node
        is_reference = self.resolve(node, place)[1] is not node
        return self.shape(node, place) if is_reference else self.inside(node, place)

    def _name(self, place: str) -> str:
        """Return our name of the object at a place, or the place itself."""
        ours = self.ours(place)
        if ours is None:
            return place
        return ours.name if isinstance(ours, Object) else _unnamed(place)

    def reach(self, node: Spec, place: str, seen: set[int], found: list[str]) -> None:
        """Collect the places of the objects at and below a node, except in nodes already seen."""
        place, node = self.resolve(node, place)
        if id(node) in seen:
            return
        seen.add(id(node))
        for option in _alternatives(node):
            self.reach(option, place, seen, found)
        if self.is_object(node):
            is_named = place not in found and not isinstance(self.ours(place), Union)
            found.append(place if is_named else _unnamed(place))
            for known in self.properties(node, place).values():
                self.reach(known.node, known.place, seen, found)
        for step, part in _parts_of(node):
            self.reach(part, place + step, seen, found)


def bodies(node: Spec) -> dict[str, Spec]:
    """Return the schemas of a body by media type."""
    return {kind: body["schema"] for kind, body in node.get("content", {}).items() if "schema" in body}


def request_place(verb: str, path: str) -> str:
    """Return the place of a request body that is defined inside its operation."""
    return f"{verb.upper()} {path} request"


def _unnamed(place: str) -> str:
    """Return a name for an object that `x-published` cannot name."""
    return f"{place} (inline object)"


def _extension(node: Spec) -> tuple[Spec | None, list[Spec]]:
    """Return the only schema that `allOf` of a node refers to, and the inline ones."""
    joined = cast("list[Spec]", node.get("allOf", ()))
    bases = [base for base in joined if "$ref" in base]
    return (bases[0] if len(bases) == 1 else None), [part for part in joined if "$ref" not in part]


def _alternatives(node: Spec) -> list[Spec]:
    options = cast("list[Spec]", node.get("anyOf") or node.get("oneOf") or [])
    # Some say only which fields of the object must be there together.
    return [] if all(option.keys() == {"required"} for option in options) else options
