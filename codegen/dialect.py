"""The dialect of `schema/*.yaml`: the keywords of each kind of schema, and their values.

`check.py` checks the rules that involve several schemas: references, tags, effects.
"""

import ast
import re
from collections.abc import Hashable, Mapping
from keyword import iskeyword
from typing import TYPE_CHECKING, Any, cast

import yaml

from .forms import check_forms, check_limits
from .schema import SchemaError, Spec

__all__ = [
    "BOUNDS",
    "CLASSES",
    "KEYWORDS",
    "OPERATIONS",
    "UNKNOWN",
    "check_operation",
    "check_schema",
    "is_of_requests",
    "read",
]

OPERATIONS = "operations"
"""The file of endpoints; all others describe objects."""

CLASSES: Mapping[str, str] = {
    "BatchResult": "_results",
    "CallArguments": "_results",
    "FileContent": "_attachments",
    "ImageContent": "_attachments",
    "ResponseResult": "_results",
    "TextPart": "_results",
}
"""Hand-written classes that generated ones may inherit from, with the module of each."""

UNKNOWN = (
    "UnknownAnnotation",
    "UnknownContent",
    "UnknownEvent",
    "UnknownItem",
    "UnknownObject",
    "UnknownTool",
    "UnknownWebhookEvent",
)

BOUNDS: Mapping[str, tuple[str, str]] = {
    "minimum": ("number", "ge"),
    "maximum": ("number", "le"),
    "minLength": ("string", "min_length"),
    "maxLength": ("string", "max_length"),
    "pattern": ("string", "pattern"),
    "minItems": ("array", "min_length"),
    "maxItems": ("array", "max_length"),
    "maxProperties": ("object", "max_length"),
    "propertyNames": ("object", ""),
}
"""Keyword to the type that it bounds and the matching argument of pydantic's `Field`."""

_TYPES = {"string", "integer", "number", "boolean", "array", "object", "null"}
_COMMON = {"description", "x-published"}
_OBJECT = {
    *_COMMON,
    "properties",
    "required",
    "allOf",
    "x-essential",
    "x-server-made",
    "x-abstract",
    "x-python-base",
    "x-request",
    "x-request-without",
    "x-effect",
}
_UNION = {*_COMMON, "anyOf", "x-unknown", "x-infer-type", "x-list-type", "x-list-also"}
_ALIAS = {*_COMMON, "type", "x-extensible-enum"}
_VALUE = {
    "$ref",
    "type",
    "anyOf",
    "const",
    "enum",
    "x-extensible-enum",
    "items",
    "additionalProperties",
    *BOUNDS,
}
_PROPERTY = {
    *_VALUE,
    "description",
    "deprecated",
    "readOnly",
    "default",
    "format",
    "x-echo",
    "x-python-name",
    "x-secret",
    "x-server-note",
    "x-total",
}
_KINDS_OF_VALUES = ("$ref", "anyOf", "const", "type")
_NEEDED_TYPE = {"items": "array", "additionalProperties": "object"}
_OPERATION = {
    *{"description", "verb", "path", "request", "query", "result", "stream", "page", "example"},
    "binary",
}
KEYWORDS = _OBJECT | _UNION | _ALIAS | _PROPERTY | _OPERATION
_EFFECT = {"put", "append", "set", "status", "at", "part", "item"}
_HTTP_VERBS = ("GET", "POST", "PUT", "PATCH", "DELETE")
_METHOD = re.compile(r"[a-z][a-z0-9_]*(\.[a-z][a-z0-9_]*)+")
_PATH = re.compile(r"(/[\w.-]+|/\{[a-z][a-z0-9_]*\})+")


def read(module: str, text: str) -> dict[str, Any]:
    """Read the YAML of one file.

    Raises:
        SchemaError: The text is not valid YAML, repeats a key, or has no `x-doc`.
    """
    try:
        content = yaml.load(text, _Loader)
    except yaml.YAMLError as error:
        raise SchemaError(f"{module}.yaml: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict) or not isinstance(cast("dict[str, Any]", content).get("x-doc"), str):
        raise SchemaError(f"{module}.yaml: x-doc is missing")
    check_forms(f"{module}.yaml", {"x-doc": content["x-doc"]})
    return cast("dict[str, Any]", content)


def is_of_requests(module: str) -> bool:
    """Whether a file describes objects that only requests contain."""
    return module.endswith("requests")


def check_schema(module: str, name: str, spec: object) -> Spec:
    """Check the keywords of an object, a union or an alias."""
    where = f"{module}.yaml: {name}"
    schema = _mapping(where, spec)
    if not schema.get("description"):
        raise SchemaError(f"{where}: description is missing")
    check_forms(where, schema)
    if "anyOf" in schema:
        _check_union(where, schema)
    elif "x-extensible-enum" in schema:
        _check_keys(where, schema, _ALIAS)
        _check_value(where, schema, module)
    else:
        _check_object(where, schema, module)
    return schema


def check_operation(name: str, spec: object) -> Spec:
    """Check the keywords of an endpoint."""
    where = f"{OPERATIONS}.yaml: {name}"
    operation = _mapping(where, spec)
    _check_keys(where, operation, _OPERATION)
    needed = {"description", "verb", "path"} | {"binary" if "binary" in operation else "result"}
    if missing := needed - set(operation):
        raise SchemaError(f"{where}: {', '.join(sorted(missing))} is missing")
    if "binary" in operation and (odd := {"request", "result", "stream", "page"} & set(operation)):
        raise SchemaError(f"{where}: binary and {', '.join(sorted(odd))} exclude each other")
    check_forms(where, operation)
    if not _METHOD.fullmatch(name) or any(map(iskeyword, name.split("."))):
        raise SchemaError(f"{where}: the name must be `resource.method`, of Python identifiers in lower case")
    if operation["verb"] not in _HTTP_VERBS:
        raise SchemaError(f"{where}: verb must be one of {', '.join(_HTTP_VERBS)}, not {operation['verb']!r}")
    _check_path(where, operation["path"])
    try:
        ast.parse(operation.get("example", ""))
    except SyntaxError as error:
        raise SchemaError(f"{where}: example is not Python: {error.msg}") from None
    return operation


def _check_path(where: str, path: str) -> None:
    if not _PATH.fullmatch(path):
        raise SchemaError(
            f"{where}: path must be steps such as `/files` and `/{{file_id}}`, each parameter named, not {path!r}"
        )
    names = re.findall(r"\{(\w+)\}", path)
    if odd := [name for name in names if iskeyword(name) or names.count(name) > 1]:
        raise SchemaError(f"{where}: path has {odd[0]}, which is a keyword of Python or is there twice")


def _check_union(where: str, schema: Spec) -> None:
    _check_keys(where, schema, _UNION)
    for member in schema["anyOf"]:
        if not isinstance(member, dict) or set(cast("Spec", member)) != {"$ref"}:
            raise SchemaError(f"{where}: anyOf must contain only $ref, not {member!r}")
    if not isinstance(schema.get("x-list-type", ""), str):
        raise SchemaError(f"{where}: x-list-type must be the name of a type, not {schema['x-list-type']!r}")
    if (unknown := schema.get("x-unknown", "UnknownObject")) not in UNKNOWN:
        raise SchemaError(f"{where}: x-unknown must be one of {', '.join(UNKNOWN)}, not {unknown!r}")


def _check_object(where: str, schema: Spec, module: str) -> None:
    _check_keys(where, schema, _OBJECT)
    properties = _mapping(where, schema.get("properties") or {})
    for key in ("required", "x-essential"):
        if missing := set(schema.get(key, ())) - set(properties):
            raise SchemaError(f"{where}: {key} names no property: {', '.join(sorted(missing))}")
    if "x-essential" in schema and (optional := set(schema["x-essential"]) - set(schema.get("required", ()))):
        raise SchemaError(f"{where}: x-essential names what is not required: {', '.join(sorted(optional))}")
    for base in schema.get("allOf", ()):
        if not isinstance(base, dict) or set(cast("Spec", base)) != {"$ref"}:
            raise SchemaError(f"{where}: allOf must contain only $ref, not {base!r}")
    if len(schema.get("allOf", ())) > 1:
        raise SchemaError(f"{where}: more than one base")
    if "x-python-base" in schema and schema["x-python-base"] not in CLASSES:
        raise SchemaError(f"{where}: x-python-base must be one of {', '.join(CLASSES)}")
    if "x-effect" in schema:
        effect = _mapping(f"{where}.x-effect", schema["x-effect"])
        _check_keys(f"{where}.x-effect", effect, _EFFECT, "verb or key")
        check_forms(f"{where}.x-effect", effect)
    for wire, value in properties.items():
        _check_property(f"{where}.{wire}", _mapping(f"{where}.{wire}", value), module)


def _check_property(where: str, spec: Spec, module: str) -> None:
    _check_keys(where, spec, _PROPERTY)
    check_forms(where, {key: value for key, value in spec.items() if key not in _VALUE})
    is_tag = "const" in spec or (where.endswith(".type") and "enum" in spec)
    if not spec.get("description") and not is_tag:
        raise SchemaError(f"{where}: description is missing")
    if "default" in spec and not any(_is_same(spec["default"], each) for each in _defaults(spec)):
        raise SchemaError(
            f"{where}: default must be '', 0 or {{}}, for a string, integer or object that is never null"
        )
    if "format" in spec and (
        (spec["format"], spec.get("type")) != ("binary", "string") or not is_of_requests(module)
    ):
        raise SchemaError(f"{where}: format must be binary, for a string in a file of requests")
    if "x-echo" in spec and spec["x-echo"] is not True:
        raise SchemaError(f"{where}: x-echo must be true")
    if "x-total" in spec and (spec["x-total"] is not True or spec.get("type") != "integer"):
        raise SchemaError(f"{where}: x-total must be true, for an integer that is never null")
    _check_value(where, {key: value for key, value in spec.items() if key in _VALUE}, module)


def _defaults(spec: Spec) -> list[object]:
    """Return the possible default of a property; a `$ref` names an alias of strings or an object."""
    kind = spec.get("type")
    if "$ref" in spec:
        return ["", {}]
    if "enum" in spec:  # no known value is empty
        return []
    return [""] if kind == "string" else [0] if kind == "integer" else []


def _is_same(one: object, other: object) -> bool:
    """Whether two values are equal and of one type; `false` is not 0."""
    return type(one) is type(other) and one == other


def _check_value(where: str, spec: Spec, module: str) -> None:
    """Check a JSON Schema and the schemas inside it."""
    if len(both := [key for key in _KINDS_OF_VALUES if key in spec]) > 1:
        raise SchemaError(f"{where}: {' and '.join(both)} exclude each other")
    kinds = spec.get("type", [])
    kinds = set(cast("list[str]", kinds) if isinstance(kinds, list) else [kinds])
    if unknown := kinds - _TYPES:
        raise SchemaError(f"{where}: type {', '.join(sorted(map(str, unknown)))} is not known")
    if len(kinds - {"null"}) > 1:
        raise SchemaError(f"{where}: several types must be in anyOf, not in a list")
    _check_names(where, spec, kinds)
    check_forms(where, spec)
    check_limits(where, spec)
    for key, kind in _NEEDED_TYPE.items():
        if key in spec and kind not in kinds:
            raise SchemaError(f"{where}: {key} needs the type {kind}")
    for key in BOUNDS.keys() & spec.keys():
        if not is_of_requests(module):
            raise SchemaError(
                f"{where}: {key} is allowed only in a file of requests: answers must not lose their class by it"
            )
        if BOUNDS[key][0] not in {"number" if kind == "integer" else kind for kind in kinds}:
            raise SchemaError(f"{where}: {key} needs the type {BOUNDS[key][0]}")
    below = [*spec.get("anyOf", ()), *(spec[key] for key in ("items", "additionalProperties") if key in spec)]
    if "propertyNames" in spec:
        if "additionalProperties" not in spec:
            raise SchemaError(f"{where}: propertyNames needs additionalProperties")
        below.append({"type": "string", **_mapping(where, spec["propertyNames"])})
    for part in below:
        _check_keys(where, _mapping(where, part), _VALUE)
        _check_value(where, part, module)


def _check_names(where: str, spec: Spec, kinds: set[str]) -> None:
    """Check the keywords that list strings."""
    if "const" in spec and not isinstance(spec["const"], str):
        raise SchemaError(f"{where}: const must be a string")
    for key in ("enum", "x-extensible-enum"):
        if key in spec and "string" not in kinds:
            raise SchemaError(f"{where}: {key} needs the type string")


def _check_keys(where: str, spec: Spec, known: set[str], what: str = "keyword") -> None:
    if unknown := set(spec) - known:
        raise SchemaError(f"{where}: unknown {what} {', '.join(sorted(map(str, unknown)))}")


def _mapping(where: str, value: object) -> Spec:
    if not isinstance(value, dict):
        raise SchemaError(f"{where}: expected a mapping of keywords, got {value!r}")
    return cast("Spec", value)


if TYPE_CHECKING:
    _AnyLoader = yaml.SafeLoader
else:
    _AnyLoader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # in C, where libyaml is: seven times as fast


class _Loader(_AnyLoader):
    """A loader that refuses repeated keys and keys that YAML does not read as strings, such as `on` and `2026`."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        keys: list[object] = [self.construct_object(key, deep=True) for key, _ in node.value]  # pyright: ignore[reportUnknownMemberType]  # untyped in its stubs
        for number, key in enumerate(keys):
            if not isinstance(key, str) or key in keys[:number]:
                problem = (
                    f"{key} is defined twice" if isinstance(key, str) else f"the key {key!r} needs quotes"
                )
                raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return super().construct_mapping(node, deep)
