"""Example values for JSON schemas: deterministic, and made of the words of a request where they fit."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

from ._json_types import JSONObject, as_object, is_array, is_object, objects

# Strings of these names get the whole text of the request; other strings get a name out of it.
_WHOLE_TEXT_NAMES = {
    "content",
    "input",
    "message",
    "prompt",
    "query",
    "question",
    "search",
    "sentence",
    "text",
}
_QUOTED = re.compile(r"[\"“]([^\"“”]+)[\"”]")
_NAME = re.compile(r"(?<=[\w,] )[A-Z][\w-]+(?: [A-Z][\w-]+)*")
_NUMBER = re.compile(r"(?<![\w.])-?\d{1,15}(?:\.\d{1,9})?(?!\w)")
_FORMATS = {
    "date": "2025-01-01",
    "date-time": "2025-01-01T12:00:00Z",
    "time": "12:00:00Z",
    "duration": "P1D",
    "email": "ada@example.com",
    "hostname": "example.com",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "uri": "https://example.com/",
    "uuid": "00000000-0000-4000-8000-000000000000",
}
_OPTIONAL_DEPTH = 5
_MAX_DEPTH = 40
_MAX_SIZE = 1_000_000  # of values, and of characters that a schema demands


def example_for(schema: JSONObject, text: str = "") -> Any:
    """Return a JSON value that fits `schema`, with names and numbers taken from `text` in their order.

    Types, `enum`, `const`, `default`, local `$ref`, `allOf`, `anyOf`, `oneOf`, bounds of numbers, lengths and
    common string formats are respected; `pattern` and `not` are ignored. Objects get their required
    properties, or all if none is required. From the fifth level on, optional values are left out, so that
    recursive schemas end.

    Raises:
        ValueError: The schema has no finite value, or only huge ones.
    """
    return _Maker(schema, text).value(schema, "", 0)


class _Maker:
    def __init__(self, root: JSONObject, text: str) -> None:
        self._root = root
        self._text = text
        self._names: list[str] = [*_QUOTED.findall(text), *_NAME.findall(text)]
        self._numbers = [float(number) for number in _NUMBER.findall(text)]
        self._rest = _MAX_SIZE

    def _spend(self, size: int) -> None:
        self._rest -= size
        if self._rest < 0:
            raise ValueError("each value that fits it is too large")

    def value(self, schema: Any, name: str, depth: int) -> Any:
        """Return a value for one schema; `name` is the property that it is for."""
        schema = self._resolved(schema, depth)
        for key in ("const", "default"):
            if key in schema:
                return schema[key]
        if schema.get("enum"):
            return schema["enum"][0]
        makers: dict[str, Callable[[JSONObject, str, int], Any]] = {
            "object": self._object,
            "array": self._array,
            "string": self._string,
            "integer": self._integer,
            "number": self._number,
            "boolean": _true,
        }
        make = makers.get(_type_of(schema, depth))
        return make(schema, name, depth) if make else None

    def _resolved(self, schema: Any, depth: int) -> JSONObject:
        """Return a schema as one object, with its references and combinations resolved."""
        if depth > _MAX_DEPTH:
            raise ValueError("no finite value fits it")
        schema = as_object(schema)
        if "$ref" in schema:
            rest = {key: value for key, value in schema.items() if key != "$ref"}
            return self._resolved({**self._pointed(schema["$ref"]), **rest}, depth + 1)
        for key in ("anyOf", "oneOf"):
            if choices := objects(schema.get(key)):
                # Null is the last choice, or the first when the nesting is deep; the others keep their order.
                choices.sort(key=lambda choice: (choice.get("type") == "null") == (depth < _OPTIONAL_DEPTH))
                chosen = self._resolved(choices[0], depth + 1)
                rest = {name: value for name, value in schema.items() if name != key}
                schema = {**rest, **chosen}
        for part in objects(schema.get("allOf")):
            schema = _merged(schema, self._resolved(part, depth + 1))
        return as_object(schema)

    def _pointed(self, reference: str) -> JSONObject:
        found: Any = self._root
        for step in reference.split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            found = found.get(step) if is_object(found) else None
        return as_object(found)

    def _object(self, schema: JSONObject, name: str, depth: int) -> JSONObject:
        properties: JSONObject = schema.get("properties") or {}
        wanted: list[str] = schema.get("required") or ([*properties] if depth < _OPTIONAL_DEPTH else [])
        return {key: self.value(properties.get(key, {"type": "string"}), key, depth + 1) for key in wanted}

    def _array(self, schema: JSONObject, name: str, depth: int) -> list[Any]:
        first = objects(schema.get("prefixItems"))
        some = 1 if "items" in schema and not first and depth < _OPTIONAL_DEPTH else 0
        count = max(schema.get("minItems", 0), min(some, schema.get("maxItems", some)), len(first))
        self._spend(count)
        items = [*first, *[schema.get("items")] * (count - len(first))]
        return [self.value(item, name, depth + 1) for item in items]

    def _string(self, schema: JSONObject, name: str, depth: int) -> str:
        if schema.get("format") in _FORMATS:
            return _FORMATS[schema["format"]]
        text = self._text
        if self._names and name.lower() not in _WHOLE_TEXT_NAMES:
            text = self._names.pop(0) if len(self._names) > 1 else self._names[0]
        text = text or name or "text"
        self._spend(schema.get("minLength", 0))
        text *= -(-schema.get("minLength", 0) // len(text)) or 1
        return text[: schema.get("maxLength")]

    def _integer(self, schema: JSONObject, name: str, depth: int) -> int:
        return int(self._stepped(schema, schema.get("multipleOf", 1)))

    def _number(self, schema: JSONObject, name: str, depth: int) -> float:
        return self._stepped(schema, schema.get("multipleOf", 0))

    def _stepped(self, schema: JSONObject, step: float) -> float:
        """Return the next number of the text if it fits, else a small one that fits."""
        low: float = max(schema.get("minimum", -math.inf), schema.get("exclusiveMinimum", -math.inf))
        high: float = min(schema.get("maximum", math.inf), schema.get("exclusiveMaximum", math.inf))

        def fits(number: float) -> bool:
            return (
                low <= number <= high
                and number not in (schema.get("exclusiveMinimum"), schema.get("exclusiveMaximum"))
                and not (step and number % step)
            )

        if self._numbers and fits(self._numbers[0]):
            return self._numbers.pop(0)
        start = low if low > -math.inf else min(1, high)
        grid = step or 1
        near = math.ceil(start / grid) * grid
        candidates = (1, start, near, near + grid, near - grid, (low + high) / 2)
        return next((number for number in candidates if fits(number)), start)


def _true(schema: JSONObject, name: str, depth: int) -> bool:
    return True


def _type_of(schema: JSONObject, depth: int) -> str:
    """Return the first type that is not null, but null if that is allowed and the nesting is deep."""
    types: list[Any] = schema["type"] if is_array(schema.get("type")) else [schema.get("type")]
    if "null" in types and depth >= _OPTIONAL_DEPTH:
        return "null"
    named: list[str] = [name for name in types if name not in ("null", None)]
    guess = "object" if "properties" in schema else "array" if "items" in schema else "null"
    return named[0] if named else guess


def _merged(first: JSONObject, second: JSONObject) -> JSONObject:
    """Return a schema that is fulfilled by values that fulfil both schemas."""
    both = {**first, **second}
    if "properties" in first and "properties" in second:
        both["properties"] = {**first["properties"], **second["properties"]}
    if "required" in first and "required" in second:
        both["required"] = [*first["required"], *second["required"]]
    return both
