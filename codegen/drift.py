"""The comparison of the schema with a published OpenAPI 3 document, as a line for each difference.

A schema names its published counterparts in `x-published`; there may be several, such as one for requests and one
for answers. Ours must have everything that any of them has, and nothing that none of them has.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, cast

import yaml

from .dialect import is_of_requests
from .digest import merge, read_offered
from .published import VERBS, Property, Published, Shape, bodies, our_shape, request_place
from .schema import Alias, Document, Field, Object, Operation, Schema, SchemaError, Spec, Union

__all__ = ["ACCEPTED", "compare", "read_document", "report"]

ACCEPTED = Path(__file__).parent / "accepted.yaml"

T = TypeVar("T")

_ANY = Shape({"any"})
_WEBHOOKS = "WebhookEvent"
"""The union of webhook events; a document has a webhook for each member."""


def read_document(paths: Sequence[Path], read: Callable[[Spec], T]) -> T:
    """Return the result of a function for a published document, which may consist of several.

    Raises:
        SchemaError: A file is not an OpenAPI 3 document in JSON, or they contradict each other.
    """
    try:
        return read(merge([json.loads(path.read_text("utf-8")) for path in paths]))
    except (ValueError, LookupError, TypeError, AttributeError) as error:
        shown = ", ".join(map(str, paths))
        raise SchemaError(f"{shown}: not an OpenAPI 3 document in JSON: {error!r}") from error


def report(document: Document, *paths: Path, accepted: Path = ACCEPTED) -> list[str]:
    """Return the differences that are not accepted, and the accepted ones that no longer exist.

    Raises:
        SchemaError: A file is not an OpenAPI 3 document in JSON, or `accepted` has another form.
    """
    lines = read_document(paths, lambda content: compare(document, content))
    patterns = _patterns(accepted)
    used = {line: {pattern for pattern in patterns if _matches(pattern, line)} for line in lines}
    stale = set(patterns).difference(*used.values())
    return [
        *(line for line, matching in used.items() if not matching),
        *(f"{accepted.name}: {text}: no such difference exists" for text in patterns if text in stale),
    ]


def _patterns(accepted: Path) -> list[str]:
    groups = cast("list[dict[str, Any]]", yaml.safe_load(accepted.read_text("utf-8")) or [])
    for group in groups:
        if not group.get("because") or not isinstance(group.get("accept"), list):
            raise SchemaError(
                f"{accepted.name}: each group must have `because` and a list `accept`, got {group!r}"
            )
    return [pattern for group in groups for pattern in group["accept"]]


def _matches(pattern: str, line: str) -> bool:
    """Whether a pattern, in which `*` matches anything, fits the line or the place at its start."""
    regex = re.compile(".*".join(map(re.escape, pattern.split("*"))))
    return bool(regex.fullmatch(line) or regex.fullmatch(line.partition(": ")[0]))


def compare(document: Document, content: Mapping[str, Any]) -> list[str]:
    """Return the differences, each as `place: only ours: name` or `place: only published: name`.

    Resources that the package does not offer are not compared.
    """
    offered, _ = read_offered(content, document)
    return list(dict.fromkeys(_Comparison(document, Published(offered, document)).lines()))


class _Comparison:
    def __init__(self, document: Document, published: Published) -> None:
        self._document = document
        self._published = published
        seen: set[int] = set()
        self._reached: list[str] = []
        nodes: list[Spec] = []
        for operation in document.operations:
            if node := self._node(operation):
                nodes.append(node)
                place = request_place(operation.verb, operation.path)
                self._reach(node.get("requestBody", {}), place, seen)
        self._requested = set(map(_owner, self._reached))  # published schemas that requests contain
        for answer in [answer for node in nodes for answer in node.get("responses", {}).values()]:
            self._reach(published.component(answer), "body", seen)
        for node in published.webhooks.values():
            self._reach(node.get("post", {}).get("requestBody", {}), "body", seen)

    def _reach(self, body: Spec, place: str, seen: set[int]) -> None:
        for schema in bodies(body).values():
            self._published.reach(schema, place, seen, self._reached)

    def _node(self, operation: Operation) -> Spec | None:
        return cast("Spec | None", self._published.paths.get(operation.path, {}).get(operation.verb.lower()))

    def lines(self) -> Iterator[str]:
        """Yield all differences."""
        ours = {(operation.path, operation.verb.lower()) for operation in self._document.operations}
        for path, verbs in self._published.paths.items():
            for verb in verbs:
                if verb in VERBS and (path, verb) not in ours:
                    yield f"{verb.upper()} {path}: only published: operation"
        yield from self._webhooks()
        for operation in self._document.operations:
            yield from self._operation(operation)
        for schema in self._document.schemas.values():
            yield from self._schema(schema)
        for place in self._reached:
            if self._published.ours(place) is None:
                yield f"{place}: only published: schema"

    def _operation(self, operation: Operation) -> Iterator[str]:
        where = f"{operation.verb} {operation.path}"
        node = self._node(operation)
        if node is None:
            yield f"{where}: only ours: operation"
            return
        if "requestBody" in node:
            found = bodies(node["requestBody"])
            body = found.get("application/json") or found.get("multipart/form-data")
            if "multipart/form-data" in found and not self._document.files(operation):
                yield f"{where}: only published: form with a file"
            yield from self._body(request_place(operation.verb, operation.path), operation.request, body)
        yield from self._parameters(where, operation, node)
        for status, answer in node.get("responses", {}).items():
            if status.startswith("2") and operation.result:  # the document has no type for other answers
                found = bodies(self._published.component(answer))
                yield from self._body(f"{where} answer", operation.result, found.get("application/json"))
                yield from self._body(f"{where} stream", operation.stream, found.get("text/event-stream"))

    def _webhooks(self) -> Iterator[str]:
        ours = Shape(names={_WEBHOOKS} & self._document.schemas.keys())
        merged = Shape()
        for name, node in self._published.webhooks.items():
            where = f"webhook {name}"
            body = bodies(node.get("post", {}).get("requestBody", {})).get("application/json")
            if body is None:
                yield f"{where}: only published: operation"
                continue
            theirs = self._published.shape(body, where)
            merged.add(theirs)
            yield from (
                f"{where}: only published: {what}" for what in self._excess(theirs, ours, set(), False)
            )
        yield from (f"webhooks: only ours: {what}" for what in self._excess(ours, merged, set(), False))

    def _parameters(self, where: str, operation: Operation, node: Spec) -> Iterator[str]:
        request = self._document.object(operation.request) if operation.request else None
        ours = {field.wire: field for field in self._document.all_fields(request)} if request else {}
        nodes = map(self._published.component, node.get("parameters", ()))
        theirs = {known["name"]: known["schema"] for known in nodes if known["in"] == "query"}
        for name, schema in theirs.items():
            if name in ours:
                shape = self._published.shape(schema, where)
                yield from self._shapes(our_shape(ours[name].spec), [(f"{where} ?{name}", shape)])
            else:
                yield f"{where}: only published: parameter {name}"
        if "requestBody" not in node:
            yield from (f"{where}: only ours: parameter {name}" for name in ours if name not in theirs)

    def _body(self, where: str, ours: str | None, node: Spec | None) -> Iterator[str]:
        our, their = Shape(names={ours} if ours else set()), Shape()
        yield from self._shapes(our, [(where, self._published.shape(node, where) if node else their)])

    def _schema(self, schema: Schema) -> Iterator[str]:
        located: list[tuple[str, Spec]] = []
        for place in (name.removeprefix("@") for name in schema.published):
            if node := self._published.find(place):
                located.append((place, node))
            else:
                yield f"{place}: only ours: schema {schema.name}"
        if located and isinstance(schema, Object):
            objects = [(place, self._published.object_in(node, place)) for place, node in located]
            yield from self._fields(schema, [(place, fields or {}) for place, fields in objects])
        elif located:
            insides = [(place, self._published.inside(node, place)) for place, node in located]
            if isinstance(schema, Alias):
                yield from self._shapes(Shape({"string"}, set(schema.values)), insides)
            else:
                members = [(place, Shape(names=shape.names)) for place, shape in insides]
                yield from self._shapes(Shape(names=set(cast("Union", schema).members)), members)

    def _fields(self, item: Object, located: list[tuple[str, dict[str, Property]]]) -> Iterator[str]:
        ours = {field.wire: field for field in self._document.all_fields(item)}
        for wire, field in ours.items():
            theirs = [fields[wire] for _, fields in located if wire in fields]
            if theirs:
                yield from self._field(field, theirs, has_bounds=is_of_requests(item.module))
            else:
                yield f"{located[0][0]}.{wire}: only ours: field"
        for place, fields in located:
            for wire in fields:
                if wire not in ours:
                    yield f"{place}.{wire}: only published: field"

    def _field(self, field: Field, theirs: list[Property], has_bounds: bool) -> Iterator[str]:
        ours = our_shape(field.spec).add(Shape({"null"} if field.nullable else set()))
        shapes = [(their.place, self._published.shape(their.node, their.place)) for their in theirs]
        yield from self._shapes(ours, shapes, needs_value=field.essential, has_bounds=has_bounds)
        requests = [their for their in theirs if _owner(their.place) in self._requested]
        if requests and field.required and not all(their.required for their in requests):
            yield f"{requests[0].place}: only ours: required"
        if requests and not field.required and all(their.required for their in requests):
            yield f"{requests[0].place}: only published: required"
        if requests and field.read_only:
            yield f"{requests[0].place}: only published: part of requests"
        for their in theirs:
            if their.node.get("deprecated") and not field.spec.get("deprecated"):
                yield f"{their.place}: only published: deprecated"

    def _shapes(
        self,
        ours: Shape,
        theirs: list[tuple[str, Shape]],
        *,
        needs_value: bool = False,
        has_bounds: bool = False,
    ) -> Iterator[str]:
        """Compare shapes; null matters only in requests, and where the model needs a value."""
        merged = Shape().add(*(shape for _, shape in theirs))
        for place, shape in theirs:
            # Models read null as an absent value unless the field is essential.
            null_matters = needs_value or _owner(place) in self._requested
            for what in self._excess(shape, ours, set[str]() if null_matters else {"null"}, has_bounds):
                yield f"{place}: only published: {what}"
        for what in self._excess(ours, merged, {"null"}, has_bounds):
            yield f"{theirs[0][0]}: only ours: {what}"
        for step, kind in (("[]", "array"), ("{}", "object")):
            inner = [(place + step, s.parts.get(step, _ANY)) for place, s in theirs if kind in s.kinds]
            if inner and kind in ours.kinds:
                yield from self._shapes(ours.parts.get(step, _ANY), inner, has_bounds=has_bounds)

    def _excess(self, one: Shape, other: Shape, ignored: set[str], has_bounds: bool) -> Iterator[str]:
        """Yield the types, values, members and bounds of one shape that the other lacks."""
        if "any" in other.kinds:
            return
        one, other = self._opened(one, other.names), self._opened(other, one.names)
        yield from (f"type {kind}" for kind in sorted(one.kinds - other.kinds - ignored))
        yield from (f"value {value}" for value in sorted(one.values - other.values))
        yield from (f"member {name}" for name in sorted(self._objects(one) - self._objects(other)))
        yield from (f"bound {bound}" for bound in sorted(one.bounds - other.bounds) if has_bounds)

    def _opened(self, shape: Shape, shared: set[str]) -> Shape:
        """Return the shape with aliases spelled out, unless both sides name them."""
        schemas = self._document.schemas
        aliases = [a for name in shape.names - shared if isinstance(a := schemas.get(name), Alias)]
        return Shape().add(shape, *(Shape({"string"}, set(alias.values)) for alias in aliases))

    def _objects(self, shape: Shape) -> set[str]:
        known = self._document.schemas
        return {
            found
            for name in shape.names
            for found in (self._document.objects(name) if name in known else (name,))
        }


def _owner(place: str) -> str:
    """Return the name of the schema that contains a place."""
    return re.split(r"[.\[{]", place)[0]
