"""JSON Schema made strict: converted to the part of it that the API accepts with `strict`, or an error; no I/O.

Strict schemas are a subset of JSON Schema: objects have exactly the properties that are named, all of them required,
and unions are `anyOf`. A keyword outside of the subset that only narrows the values, such as `minLength`, goes into
the description, where the model reads it; answers are still validated by the whole type. A keyword that would widen
the values is an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .._base.field_errors import FieldError, field_path
from .._base.json_types import JsonObject, as_array, is_array, is_object
from ..errors import RequestValidationError

__all__ = ["is_object_schema", "strict_schema"]

# The API's guide to structured outputs, "Supported schemas", lists formats, keywords and limits.
_FORMATS = frozenset({"date-time", "time", "date", "duration", "email", "hostname", "ipv4", "ipv6", "uuid"})
_OF_NUMBERS = ("multipleOf", "minimum", "exclusiveMinimum", "maximum", "exclusiveMaximum")
_SUPPORTED = {
    "string": ("pattern", "format"),
    "integer": _OF_NUMBERS,
    "number": _OF_NUMBERS,
    "array": ("minItems", "maxItems"),
}
"""Keywords of strict schemas beside those of structure, by type."""
_OTHERS = """
    contentEncoding contentMediaType minItems maxItems minProperties maxProperties propertyNames contains
    minContains maxContains not if then else dependentRequired dependentSchemas enum const
"""
_HINTS = {
    "$comment": "{}",
    "minLength": "length at least {}",
    "maxLength": "length at most {}",
    "pattern": "matches the regular expression {}",
    "format": "format {}",
    "uniqueItems": "no two alike",
    **{name: f"{name} {{}}" for name in (*_OTHERS.split(), *_OF_NUMBERS)},
    "examples": "for example {}",
    "default": "default {}",
}
"""Phrases of the description for keywords that a strict schema cannot have."""
_STRUCTURE = frozenset(
    {"type", "properties", "items", "prefixItems", "anyOf", "oneOf", "allOf", "description"}
)
# The regular expressions of the API have no look-around and no back-references.
_UNSUPPORTED_PATTERN = r"\(\?(?:[=!]|<[=!]|P=)|\\[1-9]"
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
# An enum of more strings than this has a limit of its own for their characters.
_LONG_ENUM_STRINGS = 250
_MAX_LONG_ENUM_CHARS = 15_000
_MAX_DEPTH = 10  # objects in objects


def strict_schema(schema: Mapping[str, Any], where: str, *, key: str | None = None) -> JsonObject:
    """Return the strict form of a schema; the given one does not change.

    Args:
        schema: A JSON Schema as pydantic generates it; its root is an object unless there is a `key`.
        where: The argument or type that the schema is for, at the start of paths in errors.
        key: The one property of an object that becomes the root; it has the schema.

    Raises:
        RequestValidationError: A strict schema cannot express it, or it exceeds a limit of the API.
    """
    converter = _Converter(schema, where)
    result = converter.convert_root(key)
    if not converter.errors:
        converter.check_depth(result, where)
    if converter.errors:
        raise RequestValidationError(converter.errors)
    return result


def is_object_schema(schema: Mapping[str, Any]) -> bool:
    """Whether the root of a schema is an object, and not a union of objects."""
    root = _Converter(schema, "").resolved_root()
    return (root.get("type") or _guessed_type(root)) == "object" and root.keys().isdisjoint(
        ("anyOf", "oneOf")
    )


class _Converter:
    """The conversion of one schema.

    A part that a strict schema cannot have is added to `errors` and replaced by an empty schema, so that the user
    learns of all of them at once.
    """

    def __init__(self, schema: Mapping[str, Any], where: str) -> None:
        self._root = dict(schema)
        self._where = where
        self._definitions: JsonObject = {**self._root.get("definitions", {}), **self._root.get("$defs", {})}
        self._used: JsonObject = {}  # definitions, converted at the first reference to them
        self._counts = dict.fromkeys(_LIMITS, 0)
        self._levels: dict[str, int] = {}  # the greatest depth of each definition
        self.errors: list[FieldError] = []

    def resolved_root(self) -> JsonObject:
        """Return the root, with references resolved."""
        root, seen = _merged(self._root), set[object]()
        while (ref := root.get("$ref")) not in (None, *seen) and self._target(ref) is not None:
            seen.add(ref)
            root = self._inlined(root)
        return root

    def convert_root(self, key: str | None) -> JsonObject:
        """Return the strict form of the root, with the definitions that it uses."""
        if key is not None:
            self._count(_PROPERTIES, 1, self._where)
            value = {name: part for name, part in self._root.items() if name not in ("$defs", "definitions")}
            result = _object_schema({key: self._convert(value, self._where)})
        elif is_object_schema(self._root):
            result = self._convert(self.resolved_root(), self._where)
        else:
            text = "is not an object, which the root of a strict schema must be; make it a field of one"
            return self._refuse(self._where, text, "an object")
        return {**result, "$defs": self._used} if self._used else result

    def _convert(self, schema: object, path: str) -> JsonObject:
        if not is_object(schema):
            return self._untyped(path)
        node = self._resolved(schema)
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

    def _typed(self, node: JsonObject, path: str) -> JsonObject:
        kind: object = node.get("type") or _guessed_type(node)
        if is_array(kind):
            if _SCALARS.issuperset(kind):
                return {"type": kind, **_supported(node, kind)}
            return {"anyOf": [self._typed({**node, "type": name}, path) for name in kind]}
        if kind == "object":
            return self._object(node, path)
        if kind == "array":
            return self._array(node, path)
        if kind in _SCALARS:
            return {"type": kind, **_supported(node, [str(kind)])}
        return self._untyped(path)

    def _object(self, node: JsonObject, path: str) -> JsonObject:
        properties: JsonObject = node.get("properties") or {}
        more: object = node.get("additionalProperties", "properties" not in node)
        more = True if more == {} else more
        # `extra="allow"` of pydantic, which is True beside named fields, is dropped: the model will add none. Typed
        # extra keys are what the user wants, so they are an error, as are objects without any named field.
        if node.get("patternProperties") or isinstance(more, dict) or (more and not properties):
            text = "has keys that are not known beforehand, which a strict schema cannot have"
            advice = "make it a list of objects with a key and a value"
            return self._refuse(path, f"{text}; {advice}", "an object with named fields")
        converted: JsonObject = {}
        for name, schema in properties.items():
            place = _joined(path, name)
            self._count(_PROPERTIES, 1, place)
            self._count(_CHARACTERS, len(name), place)
            converted[name] = self._convert(schema, place)
        return _object_schema(converted)

    def _array(self, node: JsonObject, path: str) -> JsonObject:
        items: object = node.get("items")
        places: list[object] = node.get("prefixItems") or []
        result: JsonObject = {"type": "array", **_supported(node, ["array"])}
        if places:
            if any(item != places[0] for item in places) or items not in (None, False, places[0]):
                text = "is a tuple of several types, which a strict schema cannot have"
                advice = "make it an object with named fields, such as a NamedTuple"
                return self._refuse(path, f"{text}; {advice}", "a list of one type, or an object")
            if not items:
                result["maxItems"] = min(len(places), node.get("maxItems", len(places)))
            items = places[0]
        return {**result, "items": self._convert(items, f"{path}[]")}

    def _values(self, node: JsonObject, path: str) -> JsonObject:
        name = "enum" if "enum" in node else "const"
        values: list[object] = node["enum"] if name == "enum" else [node["const"]]
        if not all(type(value) in _TYPES for value in values):
            text = "has lists or objects as values, which an enum of a strict schema cannot have"
            return self._refuse(path, f"{text}; give each a name", "strings or numbers")
        strings = [value for value in values if isinstance(value, str)]
        characters = sum(map(len, strings))
        if len(strings) > _LONG_ENUM_STRINGS and characters > _MAX_LONG_ENUM_CHARS:
            text = (
                f"has {len(strings)} strings of {characters} characters in all, but more than {_LONG_ENUM_STRINGS} "
                f"strings may have at most {_MAX_LONG_ENUM_CHARS}; shorten them, or make it any string"
            )
            return self._refuse(path, text, "shorter strings")
        self._count(_ENUM_VALUES, len(values) * (name == "enum"), path)
        self._count(_CHARACTERS, characters, path)
        types = list(dict.fromkeys(_TYPES[type(value)] for value in values))
        return {"type": types[0] if len(types) == 1 else types, name: node[name]}

    def _reference(self, ref: object, path: str) -> JsonObject:
        name = _definition_name(ref)
        if name is None or self._target(ref) is None:
            text = f"refers to {ref!r}, which is not a definition of this schema; put it into $defs"
            return self._refuse(path, text, "a reference into $defs")
        if name and name not in self._used:
            self._used[name] = {}  # for a definition that refers to itself
            self._count(_CHARACTERS, len(name), path)
            self._used[name] = self._convert(self._definitions[name], path)
        return {"$ref": f"#/$defs/{name.replace('~', '~0').replace('/', '~1')}" if name else "#"}

    def _resolved(self, node: JsonObject) -> JsonObject:
        """Return a schema in which a reference and the keywords beside it are merged."""
        node = _merged(node)
        while "$ref" in node and len(node) > 1 and self._target(node["$ref"]) is not None:
            ref = {"$ref": node["$ref"]}
            if not _says_more(node):
                return ref
            if self._is_recursive(node["$ref"]):
                # A recursive definition cannot be inlined, and nothing may stand beside `$ref`; around it, a text may.
                said = {name: value for name, value in node.items() if name in (*_HINTS, "description")}
                return {**said, "anyOf": [ref]} if said else ref
            node = self._inlined(node)
        return node

    def _inlined(self, node: JsonObject) -> JsonObject:
        rest = {name: value for name, value in node.items() if name != "$ref"}
        return _merged({**(self._target(node["$ref"]) or {}), **rest})

    def _target(self, ref: object) -> JsonObject | None:
        """Return the schema that a reference leads to; None if it is not in this schema."""
        name = _definition_name(ref)
        found: object = self._root if name == "" else self._definitions.get(name or "")
        return found if is_object(found) else None

    def _is_recursive(self, ref: str) -> bool:
        seen, todo = set[str | None](), [ref]
        while todo:
            for found in _references(self._target(todo.pop())):
                if _definition_name(found) in ("", _definition_name(ref)):
                    return True
                if _definition_name(found) not in seen:
                    seen.add(_definition_name(found))
                    todo.append(found)
        return False

    def check_depth(
        self, node: JsonObject, path: str, level: int = 0, above: frozenset[str] = frozenset()
    ) -> None:
        """Report objects that are nested too deep; a recursive definition is followed once."""
        name = _definition_name(node.get("$ref"))
        if name is not None:
            if name and name not in above and self._levels.get(name, -1) < level:
                self._levels[name] = level
                self.check_depth(self._used[name], path, level, above | {name})
            return
        if node.get("type") == "object":
            level += 1
        if level > _MAX_DEPTH:
            text = (
                f"is nested more than {_MAX_DEPTH} objects deep, the limit of the API; make the type flatter"
            )
            self._refuse(path, text, "fewer levels")
            return
        for branch in node.get("anyOf", ()):
            self.check_depth(branch, path, level, above)
        for key, schema in node.get("properties", {}).items():
            self.check_depth(schema, _joined(path, key), level, above)
        if "items" in node:
            self.check_depth(node["items"], f"{path}[]", level, above)

    def _untyped(self, path: str) -> JsonObject:
        text = "may be anything, which a strict schema cannot express; give it a type"
        return self._refuse(path, text, "a type")

    def _refuse(self, path: str, text: str, expected: str) -> JsonObject:
        self.errors.append(FieldError(path=path, message=text, expected=expected, value_type="schema"))
        return {}

    def _count(self, what: str, number: int, path: str) -> None:
        self._counts[what] += number
        if self._counts[what] > _LIMITS[what]:
            text = f"exceeds {_LIMITS[what]} {what} in a schema, the limit of the API"
            self._refuse(path, f"{text}; request less at a time", "a smaller schema")
            raise RequestValidationError(self.errors)  # now, since a huge schema could take forever


def _merged(node: JsonObject) -> JsonObject:
    """Return a schema with the only member of its `allOf` merged into it, and without the default None."""
    while len(parts := as_array(node.get("allOf"))) == 1 and is_object(parts[0]):
        node = {**parts[0], **{name: part for name, part in node.items() if name != "allOf"}}
    return {name: value for name, value in node.items() if name != "default" or value is not None}


def _says_more(node: JsonObject) -> bool:
    return any(name in _HINTS or name in _STRUCTURE for name in node)


def _object_schema(properties: JsonObject) -> JsonObject:
    return {
        "type": "object",
        "properties": properties,
        "required": [*properties],
        "additionalProperties": False,
    }


def _described(result: JsonObject, node: JsonObject) -> JsonObject:
    """Return a schema with title and description; the latter names the keywords that the schema does not keep."""
    hints = [
        _hint(name, node[name])
        for name in _HINTS
        if name in node and (name not in result or (name == "format" and _is_uuid_version(node)))
    ]
    hint = ", ".join(filter(None, hints))
    description: str = node.get("description") or ""
    if hint:
        description = f"{description} ({hint})" if description else hint[0].upper() + hint[1:]
    annotations = {"title": node.get("title"), "description": description}
    return {**{name: text for name, text in annotations.items() if text}, **result}


def _hint(name: str, value: object) -> str:
    if value is False and name == "uniqueItems":
        return ""
    if name in ("pattern", "format", "$comment"):
        shown = str(value)
    elif name == "examples" and is_array(value):
        shown = ", ".join(map(_json, value))
    else:
        shown = _json(value)
    return _HINTS[name].format(shown)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, default=str)


def _supported(node: JsonObject, kinds: list[str]) -> JsonObject:
    names = [name for kind in kinds for name in _SUPPORTED.get(kind, ()) if name in node]
    found = {name: node[name] for name in names if _is_supported(name, node[name])}
    return {**found, "format": "uuid"} if _is_uuid_version(node) and "string" in kinds else found


def _is_supported(name: str, value: object) -> bool:
    if name == "format":
        return value in _FORMATS
    return name != "pattern" or not re.search(_UNSUPPORTED_PATTERN, str(value))


def _is_uuid_version(node: JsonObject) -> bool:
    """Whether the format is `uuid4` or the like: pydantic has them, and the API has `uuid`."""
    return re.fullmatch("uuid[0-9]", str(node.get("format"))) is not None


def _guessed_type(node: JsonObject) -> str | None:
    if not node.keys().isdisjoint(("properties", "additionalProperties", "patternProperties")):
        return "object"
    return "array" if "items" in node or "prefixItems" in node else None


def _definition_name(ref: object) -> str | None:
    """Return the name of the definition that a reference leads to; "" for the root, None for any other place."""
    if not isinstance(ref, str):
        return None
    found = re.fullmatch(r"#(?:/(?:\$defs|definitions)/(.+))?", ref)
    return None if found is None else (found[1] or "").replace("~1", "/").replace("~0", "~")


def _references(node: object) -> Iterator[str]:
    if is_object(node):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):
                yield value
            yield from _references(value)
    elif is_array(node):
        for value in node:
            yield from _references(value)


def _joined(path: str, name: str) -> str:
    step = field_path((name,))
    return f"{path}{step}" if step.startswith("[") else f"{path}.{step}"
