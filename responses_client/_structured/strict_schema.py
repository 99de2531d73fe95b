"""JSON Schema made strict: what the API takes of it with `strict`, and an error for what it does not; without I/O.

Strict schemas are a part of JSON Schema: objects have the properties that are named and all of them, unions are
`anyOf`. A keyword outside of it that only narrows the values, such as `minLength`, goes into the description, where
the model reads it; whoever validates what comes still has the whole. What would widen the values is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias, cast

from .._base.field_errors import FieldError, field_path
from ..errors import RequestValidationError

__all__ = ["is_object", "strict_schema"]

Json: TypeAlias = dict[str, Any]

_FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"})
_NUMBER = ("multipleOf", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
_KEPT = {
    "string": ("pattern", "format"),
    "integer": _NUMBER,
    "number": _NUMBER,
    "array": ("minItems", "maxItems"),
}
"""Keywords that strict schemas have beside those of their structure, by type."""
_OTHERS = """
    contentEncoding contentMediaType minItems maxItems minProperties maxProperties propertyNames contains
    minContains maxContains not if then else dependentRequired dependentSchemas enum const
"""
_HINTS = {
    "minLength": "length at least {}",
    "maxLength": "length at most {}",
    "pattern": "matches the regular expression {}",
    "format": "format {}",
    "uniqueItems": "no two alike",
    **{name: f"{name} {{}}" for name in (*_OTHERS.split(), *_NUMBER)},
    "examples": "for example {}",
    "default": "default {}",
}
"""What the description says of keywords that the schema itself does not keep."""
_STRUCTURE = frozenset(
    {"type", "properties", "items", "prefixItems", "anyOf", "oneOf", "allOf", "description"}
)
# The API's regular expressions know no look-around, and no references to what was matched before.
_UNKNOWN_PATTERN = r"\(\?(?:[=!]|<[=!]|P=)|\\[1-9]"
_TYPES: dict[type, str] = {
    str: "string",
    bool: "boolean",
    int: "integer",
    float: "number",
    type(None): "null",
}
_SCALARS = frozenset(_TYPES.values())

_PROPERTIES, _ENUM_VALUES, _CHARACTERS = "properties", "values of enums", "characters of names and values"
_LIMITS = {_PROPERTIES: 5000, _ENUM_VALUES: 1000, _CHARACTERS: 120_000}
_LONG_ENUM = (250, 15_000)  # texts of an enum; with more of them than this, so many characters
_DEEPEST = 10  # objects in objects


def strict_schema(schema: Mapping[str, Any], where: str, *, key: str | None = None) -> Json:
    """Return a schema in the form that the API demands of strict ones; the given one stays as it is.

    Args:
        schema: A JSON Schema such as pydantic makes; its root is an object unless there is a `key`.
        where: What it is for, the start of paths in errors.
        key: Makes the root an object with this one property, which has the schema.

    Raises:
        RequestValidationError: The schema has what strict ones cannot have, or more than the API takes.
    """
    converter = _Converter(schema, where)
    result = converter.convert_root(key)
    if not converter.mistakes:
        converter.check_depth(result, where)
    if converter.mistakes:
        raise RequestValidationError(converter.mistakes)
    return result


def is_object(schema: Mapping[str, Any]) -> bool:
    """Tell whether the root of a schema is an object, and no union of some."""
    root = _Converter(schema, "").resolved_root()
    return (root.get("type") or _guessed_type(root)) == "object" and root.keys().isdisjoint(
        ("anyOf", "oneOf")
    )


class _Converter:
    """Converts one schema; what cannot be is noted and passed over, so that one error tells all of it."""

    def __init__(self, schema: Mapping[str, Any], where: str) -> None:
        self._root = dict(schema)
        self._where = where
        self._definitions: Json = {**self._root.get("definitions", {}), **self._root.get("$defs", {})}
        self._used: Json = {}  # definitions, converted where they are first referred to
        self._counts = dict.fromkeys(_LIMITS, 0)
        self._levels: dict[str, int] = {}  # of definitions, the deepest seen
        self.mistakes: list[FieldError] = []

    def resolved_root(self) -> Json:
        """Return what the root refers to."""
        root, seen = _merged(self._root), set[object]()
        while (ref := root.get("$ref")) not in (None, *seen) and self._target(ref) is not None:
            seen.add(ref)
            root = self._inlined(root)
        return root

    def convert_root(self, key: str | None) -> Json:
        if key is not None:
            self._count(_PROPERTIES, 1, self._where)
            value = {name: part for name, part in self._root.items() if name not in ("$defs", "definitions")}
            result = _closed({key: self._convert(value, self._where)})
        elif is_object(self._root):
            result = self._convert(self.resolved_root(), self._where)
        else:
            text = "is no object, which the root of a strict schema has to be; put it into a field of one"
            return self._refuse(self._where, text, "an object")
        return {**result, "$defs": self._used} if self._used else result

    def _convert(self, schema: object, path: str) -> Json:
        if not isinstance(schema, dict):
            return self._untyped(path)
        node = self._resolved(cast("Json", schema))
        if "$ref" in node:
            return self._reference(node["$ref"], path)
        branches: list[object] = node.get("anyOf") or node.get("oneOf") or []
        if "allOf" in node or (branches and not node.keys().isdisjoint(("properties", "items"))):
            text = "combines several schemas (allOf, or anyOf beside fields), which a strict schema cannot"
            return self._refuse(path, f"{text}; make it one type", "one type")
        if branches:
            result = {"anyOf": [self._convert(branch, path) for branch in branches]}
        elif "enum" in node or "const" in node:
            result = self._values(node, path)
        else:
            result = self._typed(node, path)
        return _described(result, node)

    def _typed(self, node: Json, path: str) -> Json:
        kind: object = node.get("type") or _guessed_type(node)
        if isinstance(kind, list):
            kinds = cast("list[str]", kind)
            if _SCALARS.issuperset(kinds):
                return {"type": kinds, **_kept(node, kinds)}
            return {"anyOf": [self._typed({**node, "type": name}, path) for name in kinds]}
        if kind == "object":
            return self._object(node, path)
        if kind == "array":
            return self._array(node, path)
        if kind in _SCALARS:
            return {"type": kind, **_kept(node, [str(kind)])}
        return self._untyped(path)

    def _object(self, node: Json, path: str) -> Json:
        properties: Json = node.get("properties") or {}
        more: object = node.get("additionalProperties", "properties" not in node)
        more = True if more == {} else more
        # Fields that a model would take beside its own are left out; those that have a type are wanted.
        if node.get("patternProperties") or isinstance(more, dict) or (more and not properties):
            text = "has keys that are not known beforehand, which a strict schema cannot have"
            advice = "make it a list of objects with a key and a value"
            return self._refuse(path, f"{text}; {advice}", "an object with named fields")
        converted: Json = {}
        for name, schema in properties.items():
            place = _joined(path, name)
            self._count(_PROPERTIES, 1, place)
            self._count(_CHARACTERS, len(name), place)
            converted[name] = self._convert(schema, place)
        return _closed(converted)

    def _array(self, node: Json, path: str) -> Json:
        items: object = node.get("items")
        places: list[object] = node.get("prefixItems") or []
        result: Json = {"type": "array", **_kept(node, ["array"])}
        if places:
            if any(item != places[0] for item in places) or items not in (None, False, places[0]):
                text = "is a tuple of several types, which a strict schema cannot have"
                advice = "make it an object with named fields, say a NamedTuple"
                return self._refuse(path, f"{text}; {advice}", "a list of one type, or an object")
            if not items:
                result["maxItems"] = min(len(places), node.get("maxItems", len(places)))
            items = places[0]
        return {**result, "items": self._convert(items, f"{path}[]")}

    def _values(self, node: Json, path: str) -> Json:
        name = "enum" if "enum" in node else "const"
        values: list[object] = node["enum"] if name == "enum" else [node["const"]]
        if not all(type(value) in _TYPES for value in values):
            text = "has lists or objects as values, which an enum of a strict schema cannot have"
            return self._refuse(path, f"{text}; give each a name", "texts or numbers")
        texts = [value for value in values if isinstance(value, str)]
        characters = sum(map(len, texts))
        most, longest = _LONG_ENUM
        if len(texts) > most and characters > longest:
            text = f"has {len(texts)} texts of {characters} characters; more than {most} may have {longest}"
            return self._refuse(path, f"{text}, so shorten them or make it a string", "shorter texts")
        self._count(_ENUM_VALUES, len(values) * (name == "enum"), path)
        self._count(_CHARACTERS, characters, path)
        types = list(dict.fromkeys(_TYPES[type(value)] for value in values))
        return {"type": types[0] if len(types) == 1 else types, name: node[name]}

    def _reference(self, ref: object, path: str) -> Json:
        name = _name(ref)
        if name is None or self._target(ref) is None:
            text = f"refers to {ref!r}, which is no definition of this schema; put it into $defs"
            return self._refuse(path, text, "a reference into $defs")
        if name and name not in self._used:
            self._used[name] = {}  # so that a definition may refer to itself
            self._count(_CHARACTERS, len(name), path)
            self._used[name] = self._convert(self._definitions[name], path)
        return {"$ref": f"#/$defs/{name.replace('~', '~0').replace('/', '~1')}" if name else "#"}

    def _resolved(self, node: Json) -> Json:
        """Make one schema of a reference and what stands beside it."""
        node = _merged(node)
        while "$ref" in node and len(node) > 1 and self._target(node["$ref"]) is not None:
            if not _says_more(node) or self._is_recursive(node["$ref"]):
                return {"$ref": node["$ref"]}  # what repeats itself can only be referred to, by `$ref` alone
            node = self._inlined(node)
        return node

    def _inlined(self, node: Json) -> Json:
        rest = {name: value for name, value in node.items() if name != "$ref"}
        return _merged({**cast("Json", self._target(node["$ref"])), **rest})

    def _target(self, ref: object) -> Json | None:
        """Return what a reference leads to; None if that is nothing of this schema."""
        name = _name(ref)
        found: object = self._root if name == "" else self._definitions.get(name or "")
        return cast("Json", found) if isinstance(found, dict) else None

    def _is_recursive(self, ref: str) -> bool:
        seen, todo = set[str | None](), [ref]
        while todo:
            for found in _references(self._target(todo.pop())):
                if _name(found) in ("", _name(ref)):
                    return True
                if _name(found) not in seen:
                    seen.add(_name(found))
                    todo.append(found)
        return False

    def check_depth(self, node: Json, path: str, level: int = 0, above: frozenset[str] = frozenset()) -> None:
        """Note where objects are nested too deep; what repeats itself is followed once."""
        name = _name(node.get("$ref"))
        if name is not None:
            if name and name not in above and self._levels.get(name, -1) < level:
                self._levels[name] = level
                self.check_depth(self._used[name], path, level, above | {name})
            return
        if node.get("type") == "object":
            level += 1
        if level > _DEEPEST:
            text = f"is more than {_DEEPEST} objects deep, the most that the API takes; make the type flatter"
            self._refuse(path, text, "fewer levels")
            return
        for branch in node.get("anyOf", ()):
            self.check_depth(branch, path, level, above)
        for key, schema in node.get("properties", {}).items():
            self.check_depth(schema, _joined(path, key), level, above)
        if "items" in node:
            self.check_depth(node["items"], f"{path}[]", level, above)

    def _untyped(self, path: str) -> Json:
        text = "may be anything, which a strict schema cannot express; give it a type"
        return self._refuse(path, text, "a type that says what it may be")

    def _refuse(self, path: str, text: str, expected: str) -> Json:
        self.mistakes.append(FieldError(path=path, message=text, expected=expected, value_type="schema"))
        return {}

    def _count(self, what: str, number: int, path: str) -> None:
        self._counts[what] += number
        if self._counts[what] > _LIMITS[what]:
            text = f"is where the schema gets more than {_LIMITS[what]} {what}, the most that the API takes"
            self._refuse(path, f"{text}; ask for less at a time", "a smaller schema")
            raise RequestValidationError(self.mistakes)  # to go on could take without end


def _merged(node: Json) -> Json:
    """Take the one member of `allOf` into its schema, and drop the default that says nothing."""
    while len(parts := cast("list[object]", node.get("allOf") or [])) == 1 and isinstance(parts[0], dict):
        node = {**cast("Json", parts[0]), **{name: part for name, part in node.items() if name != "allOf"}}
    return {name: value for name, value in node.items() if name != "default" or value is not None}


def _says_more(node: Json) -> bool:
    return any(name in _HINTS or name in _STRUCTURE for name in node)


def _closed(properties: Json) -> Json:
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


def _described(result: Json, node: Json) -> Json:
    """Add title and description; the latter has what the schema does not say otherwise."""
    hints = [_hint(name, node[name]) for name in _HINTS if name in node and name not in result]
    hint = ", ".join(filter(None, hints))
    description: str = node.get("description") or ""
    if hint:
        description = f"{description} ({hint})" if description else hint[0].upper() + hint[1:]
    texts = {"title": node.get("title"), "description": description}
    return {**{name: text for name, text in texts.items() if text}, **result}


def _hint(name: str, value: object) -> str:
    if value is False and name == "uniqueItems":
        return ""
    if name in ("pattern", "format"):
        shown = str(value)
    elif name == "examples" and isinstance(value, list):
        shown = ", ".join(map(_json, cast("list[object]", value)))
    else:
        shown = _json(value)
    return _HINTS[name].format(shown)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _kept(node: Json, kinds: list[str]) -> Json:
    names = [name for kind in kinds for name in _KEPT.get(kind, ()) if name in node]
    return {name: node[name] for name in names if _is_taken(name, node[name])}


def _is_taken(name: str, value: object) -> bool:
    if name == "format":
        return value in _FORMATS
    return name != "pattern" or not re.search(_UNKNOWN_PATTERN, str(value))


def _guessed_type(node: Json) -> str | None:
    if not node.keys().isdisjoint(("properties", "additionalProperties", "patternProperties")):
        return "object"
    return "array" if "items" in node or "prefixItems" in node else None


def _name(ref: object) -> str | None:
    """Return the name of the definition that a reference leads to, "" for the root; None for other places."""
    if not isinstance(ref, str):
        return None
    found = re.fullmatch(r"#(?:/(?:\$defs|definitions)/(.+))?", ref)
    return None if found is None else (found[1] or "").replace("~1", "/").replace("~0", "~")


def _references(node: object) -> Iterator[str]:
    if isinstance(node, dict):
        for key, value in cast("Json", node).items():
            if key == "$ref" and isinstance(value, str):
                yield value
            yield from _references(value)
    elif isinstance(node, list):
        for value in cast("list[object]", node):
            yield from _references(value)


def _joined(path: str, name: str) -> str:
    step = field_path((name,))
    return f"{path}{step}" if step.startswith("[") else f"{path}.{step}"
