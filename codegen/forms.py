"""The form of each keyword's value: a string, a list of strings, a number, `true`.

The generator writes strings into Python between double quotes, so those that would end or break there are refused.
"""

import re
from collections.abc import Callable, Mapping
from typing import cast

from .schema import SchemaError, Spec

__all__ = ["LIMITS", "check_forms", "check_limits", "check_list"]

LIMITS = (("minimum", "maximum"), ("minLength", "maxLength"), ("minItems", "maxItems"))
"""The pairs of bounds of which the first must not be above the second."""

_NOT_PROSE = re.compile(r'"""|\\|"$')
_NOT_A_VALUE = re.compile(r'["\\\n\[\]]|, ')


def check_forms(where: str, spec: Spec) -> None:
    """Raise SchemaError for the first keyword with a value of another form."""
    for key, value in spec.items():
        if key in _FORMS:
            _FORMS[key](where, key, value)


def check_list(where: str, key: str, value: object) -> None:
    """Check a list of strings."""
    if not isinstance(value, list):
        raise SchemaError(f"{where}: {key} must be a list, not {value!r}")
    values = cast("list[object]", value)
    if odd := [each for each in values if not isinstance(each, str)]:
        raise SchemaError(f"{where}: {key} must contain only strings, not {odd[0]!r}")
    if twice := [each for number, each in enumerate(values) if each in values[:number]]:
        raise SchemaError(f"{where}: {key} contains {twice[0]!r} twice")


def check_limits(where: str, spec: Spec) -> None:
    """Check that no lower bound is above its upper bound."""
    for low, high in LIMITS:
        if low in spec and high in spec and spec[low] > spec[high]:
            raise SchemaError(f"{where}: {low} {spec[low]} is above {high} {spec[high]}")


def _text(where: str, key: str, value: object) -> None:
    if not isinstance(value, str) or not value.strip():
        raise SchemaError(f"{where}: {key} must be a string, not {value!r}")


def _prose(where: str, key: str, value: object) -> None:
    _text(where, key, value)
    if found := _NOT_PROSE.search(cast("str", value)):
        raise SchemaError(f"{where}: {key} has {found[0]}, which breaks the docstring that it becomes")


def _tag(where: str, key: str, value: object) -> None:
    _text(where, key, value)
    _quotable(where, key, cast("str", value))


def _quotable(where: str, key: str, value: str) -> None:
    if not value or _NOT_A_VALUE.search(value):
        raise SchemaError(f"{where}: {key} {value!r} cannot stand in a `Literal`")


def _known_values(where: str, key: str, value: object) -> None:
    check_list(where, key, value)
    if not value:
        raise SchemaError(f"{where}: {key} must not be empty")
    for each in cast("list[str]", value):
        _quotable(where, key, each)


def _true(where: str, key: str, value: object) -> None:
    if value is not True:
        raise SchemaError(f"{where}: {key} must be true, not {value!r}")


def _number(where: str, key: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) < float("inf"):
        raise SchemaError(f"{where}: {key} must be a number, not {value!r}")


def _count(where: str, key: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise SchemaError(f"{where}: {key} must be an integer from 0, not {value!r}")


def _pattern(where: str, key: str, value: object) -> None:
    _text(where, key, value)
    try:
        re.compile(cast("str", value))
    except re.error as error:
        raise SchemaError(
            f"{where}: {key} {value!r} must be a regular expression, but has an error: {error}"
        ) from None


def _references(where: str, key: str, value: object) -> None:
    if not isinstance(value, list) or not value:
        raise SchemaError(f"{where}: {key} must be a list with members, not {value!r}")
    members = cast("list[object]", value)
    if twice := [each for number, each in enumerate(members) if each in members[:number]]:
        member = cast("Spec", twice[0]).get("$ref", twice[0]) if isinstance(twice[0], dict) else twice[0]
        raise SchemaError(f"{where}: {key} contains {member} twice")


def _tags_by_field(where: str, key: str, value: object) -> None:
    if not isinstance(value, dict):
        raise SchemaError(f"{where}: {key} must map fields to tags, not be {value!r}")
    for tag in cast("dict[str, object]", value).values():
        _tag(where, key, tag)


def _lists_by_name(where: str, key: str, value: object) -> None:
    if not isinstance(value, dict):
        raise SchemaError(f"{where}: {key} must map names to lists of fields, not be {value!r}")
    for name, fields in cast("dict[str, object]", value).items():
        check_list(where, f"{key}.{name}", fields)


_Check = Callable[[str, str, object], None]
_FORMS: Mapping[str, _Check] = {
    **dict.fromkeys(("description", "x-server-note", "x-doc"), _prose),
    **dict.fromkeys(("$ref", "x-python-name", "x-request", "verb", "path", "example"), _text),
    **dict.fromkeys(("request", "result", "stream", "page", "part", "item"), _text),
    **dict.fromkeys(("put", "append", "set", "status"), _text),
    **dict.fromkeys(("required", "x-essential", "x-published", "x-list-also", "query", "at"), check_list),
    **dict.fromkeys(("enum", "x-extensible-enum"), _known_values),
    **dict.fromkeys(("readOnly", "deprecated", "x-secret", "x-abstract", "x-server-made", "binary"), _true),
    **dict.fromkeys(("minimum", "maximum"), _number),
    **dict.fromkeys(("minLength", "maxLength", "minItems", "maxItems", "maxProperties"), _count),
    **dict.fromkeys(("anyOf", "allOf"), _references),
    "const": _tag,
    "pattern": _pattern,
    "x-infer-type": _tags_by_field,
    "x-request-without": _lists_by_name,
}
