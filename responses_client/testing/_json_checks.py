"""Small checks of JSON values, which combine to a schema and refuse in the words of the API.

A check is called with a value and its path, such as `input[0].content`, and raises `ApiError` or returns.
The messages and codes imitate those of the API.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any, NoReturn, TypeAlias

from ._http_types import ApiError

Check: TypeAlias = Callable[[Any, str], None]

STRING = "a string"
INTEGER = "an integer"
DECIMAL = "a decimal number"
BOOLEAN = "a boolean"
ARRAY = "an array"
OBJECT = "an object"
NULL = "null"


def kind(value: Any) -> str:
    """Return the kind of a JSON value as the API's error messages name it."""
    # bool comes first: in Python it is a subclass of int.
    kinds = ((bool, BOOLEAN), (int, INTEGER), (float, DECIMAL), (str, STRING), (list, ARRAY), (dict, OBJECT))
    return next((name for python, name in kinds if isinstance(value, python)), NULL)


def join(path: str, key: str) -> str:
    """Return the path of a property."""
    return f"{path}.{key}" if path else key


def refuse(message: str, path: str, code: str | None) -> NoReturn:
    """Refuse a request with status 400."""
    raise ApiError(400, message, param=path or None, code=code)


def missing(path: str) -> NoReturn:
    """Refuse a request that lacks a required parameter."""
    refuse(f"Missing required parameter: '{path}'.", path, "missing_required_parameter")


def unsupported(value: str, supported: Collection[str], path: str) -> NoReturn:
    """Refuse a value outside an enumeration."""
    names = [f"'{name}'" for name in supported]
    last = f"{',' if len(names) > 2 else ''} and "
    listed = last.join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
    refuse(f"Invalid value: '{value}'. Supported values are: {listed}.", path, "invalid_value")


def expect(value: Any, path: str, *expected: str) -> None:
    """Refuse a value that is of none of the expected kinds."""
    got = kind(value)
    if got not in expected:
        wanted = expected[0] if len(expected) == 1 else f"one of {' or '.join(expected)}"
        where = f" for '{path}'" if path else ""
        refuse(f"Invalid type{where}: expected {wanted}, but got {got} instead.", path, "invalid_type")


def _bound(value: float, path: str, name: str, minimum: float | None, maximum: float | None) -> None:
    if minimum is not None and value < minimum:
        message = f"{name} below minimum value. Expected a value >= {minimum}, but got {value} instead."
        refuse(f"Invalid '{path}': {message}", path, f"{name}_below_min_value")
    if maximum is not None and value > maximum:
        message = f"{name} above maximum value. Expected a value <= {maximum}, but got {value} instead."
        refuse(f"Invalid '{path}': {message}", path, f"{name}_above_max_value")


def anything(value: Any, path: str) -> None:
    """Accept any JSON value."""


def boolean(value: Any, path: str) -> None:
    """Accept true and false."""
    expect(value, path, BOOLEAN)


def integer(minimum: int | None = None, maximum: int | None = None) -> Check:
    """Return a check for an integer within bounds, both inclusive."""

    def check(value: Any, path: str) -> None:
        expect(value, path, INTEGER)
        _bound(value, path, "integer", minimum, maximum)

    return check


def number(minimum: float | None = None, maximum: float | None = None) -> Check:
    """Return a check for a number within bounds, both inclusive."""

    def check(value: Any, path: str) -> None:
        if kind(value) not in (DECIMAL, INTEGER):
            expect(value, path, "a decimal")
        _bound(value, path, "decimal", minimum, maximum)

    return check


def text(
    *, shortest: int = 0, longest: int | None = None, pattern: str | None = None, values: Collection[str] = ()
) -> Check:
    """Return a check for a string: its length in characters, the pattern of all of it, the allowed values."""

    def check(value: Any, path: str) -> None:
        expect(value, path, STRING)
        size = len(value)
        if values and value not in values:
            unsupported(value, values, path)
        if size < shortest:
            message = f"string too short. Expected a string with minimum length {shortest}"
            refuse(f"Invalid '{path}': {message}, but got {size} instead.", path, "string_below_min_length")
        if longest is not None and size > longest:
            message = f"string too long. Expected a string with maximum length {longest}"
            refuse(f"Invalid '{path}': {message}, but got {size} instead.", path, "string_above_max_length")
        if pattern and not re.fullmatch(pattern, value):
            message = f"string does not match pattern. Expected a string that matches '{pattern}'."
            refuse(f"Invalid '{path}': {message}", path, "invalid_value")

    return check


def array(item: Check, *, shortest: int = 0, longest: int | None = None) -> Check:
    """Return a check for an array with a number of items within bounds, which all pass one check."""

    def check(value: Any, path: str) -> None:
        expect(value, path, ARRAY)
        if len(value) < shortest:
            message = f"array too short. Expected at least {shortest} items, but got {len(value)} instead."
            refuse(f"Invalid '{path}': {message}", path, "array_below_min_length")
        if longest is not None and len(value) > longest:
            message = f"array too long. Expected at most {longest} items, but got {len(value)} instead."
            refuse(f"Invalid '{path}': {message}", path, "array_above_max_length")
        for index, element in enumerate(value):
            item(element, f"{path}[{index}]")

    return check


def mapping(check_value: Check, *, most: int | None = None, longest_key: int | None = None) -> Check:
    """Return a check for an object of at most `most` keys, each of at most `longest_key` characters."""

    def check(value: Any, path: str) -> None:
        expect(value, path, OBJECT)
        if most is not None and len(value) > most:
            message = f"too many properties. Expected at most {most}, but got {len(value)} instead."
            refuse(f"Invalid '{path}': {message}", path, "object_above_max_properties")
        for key, element in value.items():
            if longest_key is not None and len(key) > longest_key:
                message = f"property name too long. Expected at most {longest_key} characters"
                refuse(f"Invalid '{path}': {message}, but got {len(key)} instead.", path, "invalid_value")
            check_value(element, join(path, key))

    return check


def record(required: str = "", optional: str = "", /, **checks: Check) -> Check:
    """Return a check for an object without unknown properties.

    `required` and `optional` are names separated by spaces; a property with a check needs no other mention.
    """
    demanded = required.split()
    known = {*demanded, *optional.split(), *checks}

    def check(value: Any, path: str) -> None:
        expect(value, path, OBJECT)
        for key in value:
            if key not in known:
                name = join(path, key)
                refuse(f"Unknown parameter: '{name}'.", name, "unknown_parameter")
        for key in demanded:
            if key not in value:
                missing(join(path, key))
        for key, element in value.items():
            checks.get(key, anything)(element, join(path, key))

    return check


def nullable(inner: Check) -> Check:
    """Return a check that accepts null, and all values that another check accepts."""

    def check(value: Any, path: str) -> None:
        if value is not None:
            inner(value, path)

    return check


def either(by_kind: Mapping[str, Check]) -> Check:
    """Return a check for a value of several kinds (`STRING`, `ARRAY`, ...), each with its own check."""

    def check(value: Any, path: str) -> None:
        expect(value, path, *by_kind)
        by_kind[kind(value)](value, path)

    return check


def tagged(table: Mapping[str, Check]) -> Check:
    """Return a check for an object, selected by its `type`."""

    def check(value: Any, path: str) -> None:
        expect(value, path, OBJECT)
        name = value.get("type")
        where = join(path, "type")
        if name is None:
            missing(where)
        expect(name, where, STRING)
        if name not in table:
            unsupported(name, table, where)
        table[name](value, path)

    return check


def one_needed(inner: Check, *names: str) -> Check:
    """Return a check that also requires at least one of some properties to be set."""

    def check(value: Any, path: str) -> None:
        inner(value, path)
        if all(value.get(name) is None for name in names):
            missing(join(path, names[0]))

    return check
