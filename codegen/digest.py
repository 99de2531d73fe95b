"""A published OpenAPI document without its prose, and without the parts that this package does not offer.

The digest is an OpenAPI document itself, so that `drift` reads it as any other. It stands in the repository: everybody
can compare the schema with what was published, and a new document shows what has changed.
"""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from .dialect import BOUNDS
from .published import VERBS
from .schema import Document, Spec

__all__ = ["DIGEST", "digest", "merge", "read_offered", "write"]

DIGEST = Path(__file__).parent / "published.json"

_SHORT = 140
_COMPONENT = "#/components/"
_LISTS = ("allOf", "anyOf", "oneOf")
_FACTS = {"$ref", "$recursiveRef", "const", "enum", "required", "type", *BOUNDS}
_VALUES_BELOW = ("items", "additionalProperties", "propertyNames")


def read_offered(content: Spec, document: Document) -> tuple[dict[str, Any], str | None]:
    """Return a published document with our resources alone, and a line that tells of the rest, if there is any.

    The resource of an operation is the first step of its path; that of a webhook is the beginning of its name, without
    the s of the plural.
    """
    ours = {_resource(operation.path) for operation in document.operations}
    paths = cast("Mapping[str, Spec]", content["paths"])
    webhooks = cast("Mapping[str, Spec]", content.get("webhooks", {}))
    kept = {path: verbs for path, verbs in paths.items() if _resource(path) in ours}
    kept_hooks = {name: node for name, node in webhooks.items() if f"{name.partition('_')[0]}s" in ours}
    left = [path for path in paths if path not in kept]
    operations = sum(verb in VERBS for path in left for verb in paths[path])
    hooks = [name for name in webhooks if name not in kept_hooks]
    line = None
    if left or hooks:
        names = dict.fromkeys([*map(_resource, left), *(f"webhook {name}" for name in hooks)])
        line = (
            f"not compared, as the package does not offer them: operations of other resources ({operations}), "
            f"webhooks ({len(hooks)}): {', '.join(sorted(names))}"
        )
    offered = {**content, "paths": kept}
    return offered | ({"webhooks": kept_hooks} if webhooks else {}), line


def merge(contents: Sequence[Spec]) -> dict[str, Any]:
    """Return several published documents as one: each publishes other resources of the same API.

    Raises:
        ValueError: Two of them define a path, a webhook or a component in different ways.
    """
    first, *others = contents
    merged: dict[str, Any] = {**first}
    for other in others:
        for key in ("paths", "webhooks"):
            merged[key] = _joined(merged.get(key, {}), other.get(key, {}), _path)
        kinds = {**merged["components"], **other["components"]}
        merged["components"] = {
            kind: _joined(
                merged["components"].get(kind, {}),
                other["components"].get(kind, {}),
                _value if kind == "schemas" else _body,
            )
            for kind in kinds
        }
    return merged


def _joined(one: Spec, other: Spec, facts: Callable[[Spec], object]) -> dict[str, Any]:
    """Return the entries of both; those of one name must agree but for prose."""
    if odd := sorted(name for name in one.keys() & other.keys() if facts(one[name]) != facts(other[name])):
        raise ValueError(f"two documents differ in {odd[0]}")
    return {**one, **other}


def digest(content: Spec, document: Document) -> dict[str, Any]:
    """Return the facts of a published document: names, types, required fields, null, known values, tags and bounds."""
    offered, _ = read_offered(content, document)
    paths = {path: _path(verbs) for path, verbs in offered["paths"].items()}
    webhooks = {name: _path(node) for name, node in offered.get("webhooks", {}).items()}
    components: dict[str, dict[str, Any]] = {}
    # A union that we name may be reached by no operation; it extends its members (`Published._added`).
    named = [place.removeprefix("@") for schema in document.schemas.values() for place in schema.published]
    roots = [f"{_COMPONENT}schemas/{name.partition('.')[0].partition('[')[0]}" for name in named]
    left = [*_references([paths, webhooks]), *roots]
    while left:
        kind, _, name = left.pop().removeprefix(_COMPONENT).partition("/")
        known = components.setdefault(kind, {})
        node = content["components"].get(kind, {}).get(name)
        if name not in known and node is not None:
            known[name] = _value(node) if kind == "schemas" else _body(node)
            left += _references(known[name])
    sorted_kinds = {kind: dict(sorted(found.items())) for kind, found in sorted(components.items())}
    return {"openapi": content["openapi"], "paths": paths, "webhooks": webhooks, "components": sorted_kinds}


def write(facts: Spec, path: Path = DIGEST) -> list[str]:
    """Write a digest; return a line that says so, if it differs."""
    text = "\n".join(_lines(facts)) + "\n"
    if path.exists() and path.read_text("utf-8") == text:
        return []
    path.write_text(text, "utf-8")
    return [f"wrote {path.name}"]


def _lines(value: object) -> Iterator[str]:
    """Yield the lines of JSON: short values take one line, so that a change is a line of the diff."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    if len(text) <= _SHORT or not isinstance(value, dict | list):
        yield text
        return
    is_object = isinstance(value, dict)
    members = (
        [(f"{json.dumps(key)}:", each) for key, each in cast("dict[str, object]", value).items()]
        if is_object
        else [("", each) for each in cast("list[object]", value)]
    )
    yield "{" if is_object else "["
    for number, (key, member) in enumerate(members, 1):
        first, *rest = _lines(member)
        lines = [key + first, *rest]
        yield from lines[:-1]
        yield lines[-1] + ("," if number < len(members) else "")
    yield "}" if is_object else "]"


def _resource(path: str) -> str:
    return path.strip("/").partition("/")[0]


def _path(verbs: Spec) -> dict[str, Any]:
    return {verb: _operation(node) for verb, node in verbs.items() if verb in VERBS}


def _operation(node: Spec) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if parameters := [_parameter(each) for each in node.get("parameters", ())]:
        found["parameters"] = parameters
    if "requestBody" in node:
        found["requestBody"] = _body(node["requestBody"])
    return found | {"responses": {status: _body(each) for status, each in node.get("responses", {}).items()}}


def _parameter(node: Spec) -> dict[str, Any]:
    if "$ref" in node:
        return {"$ref": node["$ref"]}
    return {"name": node["name"], "in": node["in"], "schema": _value(node["schema"])}


def _body(node: Spec) -> dict[str, Any]:
    """Return an answer, the body of a request, or a parameter among the components."""
    if "$ref" in node or "in" in node:
        return _parameter(node)
    content = node.get("content", {})
    kept = {kind: {"schema": _value(body["schema"])} for kind, body in content.items() if "schema" in body}
    return {"content": kept} if kept else {}


def _value(spec: Spec) -> dict[str, Any]:
    """Return the facts of a JSON Schema."""
    found: dict[str, Any] = {}
    for key, value in spec.items():
        if key in _FACTS and not isinstance(value, dict):
            found[key] = value
        elif key == "deprecated" and value:
            found[key] = True
        elif key == "properties":
            found[key] = {name: _value(each) for name, each in cast("dict[str, Spec]", value).items()}
        elif key in _LISTS:
            found[key] = [_value(each) for each in cast("list[Spec]", value)]
        elif key in _VALUES_BELOW and isinstance(value, dict):
            found[key] = _value(cast("Spec", value))
    return found


def _references(value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, each in cast("dict[str, object]", value).items():
            if key == "$ref" and isinstance(each, str):
                yield each
            else:
                yield from _references(each)
    elif isinstance(value, list):
        for each in cast("list[object]", value):
            yield from _references(each)
