"""Objects of other packages and of users among arguments, as the JSON data that they stand for; no I/O."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping, MappingView
from types import NoneType
from typing import Any, Literal, get_args, get_origin

from .._base.json_types import is_array, is_mapping, is_object, is_sequence
from .._base.option_types import OPTIONS

__all__ = ["MAX_DEPTH", "is_unread", "plain_arguments", "plain_data"]

# Classes of values that stay as they are; those of this package are added when they first come.
_kept: set[type] = {str, int, float, bool, NoneType, bytes}
_class: Callable[[object], Any] = type
_MAX_LOOKS = 100_000
_SENT_AS_IS = OPTIONS - {"extra_body"}
MAX_DEPTH = 250
"""pydantic-core writes no deeper; a request with values that are nested deeper is refused."""


def plain_arguments(params: Mapping[str, Any], unread: list[object] | None = None) -> Mapping[str, Any]:
    """Return the arguments of a call with plain data in place of objects; options stay as they are.

    Args:
        params: The arguments.
        unread: Gets the iterators and views among them; see `plain_data`.
    """
    if all(type(v) in _kept for v in params.values()):
        return params
    return {k: v if k in _SENT_AS_IS or _is_plain(v) else plain_data(v, unread) for k, v in params.items()}


def _is_plain(value: object) -> bool:
    """Whether there is nothing to replace in a value: it is quicker to look than to copy."""
    rest: list[Any] = [value]
    for one in rest:  # which grows; without end, if a value is nested in itself
        kind = _class(one)
        if kind is not dict and kind is not list:
            if kind not in _kept:
                return False
            continue
        members = one.values() if kind is dict else one
        if not _kept.issuperset(map(type, members)):
            rest += [v for v in members if type(v) not in _kept]
            if len(rest) > _MAX_LOOKS:
                return False
    return True


def plain_data(value: Any, unread: list[object] | None = None, depth: int = 0) -> Any:
    """Return a value with dicts in place of other mappings, pydantic objects and dataclasses, at any depth.

    Objects of this package stay, since they are written as they came. A pydantic object becomes the fields that were
    set, and those that name its type. A dataclass becomes its fields, without those that are None by default and are
    None. Values without such objects are returned as they are, not copied.

    Args:
        value: The value.
        unread: Gets the iterators and views in it, which stay: they are no JSON data, and the checks of a request
            would read an iterator to its end.
        depth: The number of objects and lists around the value.
    """
    if _class(value) in _kept or depth > MAX_DEPTH:
        return value
    if is_mapping(value):
        made = {k: plain_data(v, unread, depth + 1) for k, v in value.items()}
        return value if is_object(value) and _are_same(made.values(), value.values()) else made
    if is_sequence(value):
        members = [plain_data(v, unread, depth + 1) for v in value]
        return value if _are_same(members, value) else members
    kind = _class(value)
    if hasattr(kind, "model_dump") and hasattr(kind, "__pydantic_fields__"):
        # Here, because requests of strings alone do without pydantic, which is loaded if there is such an object.
        from ..models import Model

        if not isinstance(value, Model):
            return _set_fields(value)
        _kept.add(kind)
        return value
    if dataclasses.is_dataclass(kind):
        return {k: plain_data(v, unread, depth + 1) for k, v in _dataclass_fields(value)}
    if unread is not None and is_unread(value):
        unread.append(value)
    return value


def is_unread(value: object) -> bool:
    """Whether a value gives its members one by one, some kinds only once: an iterator, or a view of a dict."""
    return isinstance(value, (Iterator, MappingView))


def _are_same(made: Any, given: Any) -> bool:
    return all(one is other for one, other in zip(made, given, strict=True))


def _set_fields(value: Any) -> Any:
    try:
        data: object = value.model_dump(mode="json", by_alias=True, exclude_unset=True, warnings=False)
    except ValueError:  # some field is not JSON data; the check of the request says which
        data = value.model_dump(by_alias=True, exclude_unset=True, warnings=False)
    return _with_tags(value, data)


def _with_tags(value: Any, data: Any) -> Any:
    """Add the fields with only one possible value, such as `type`, which users leave to their default."""
    if is_sequence(value) and is_array(data) and len(value) == len(data):
        return [_with_tags(one, other) for one, other in zip(value, data, strict=True)]
    if is_object(data) and is_mapping(value):
        return {k: _with_tags(value.get(k), v) for k, v in data.items()}
    fields: Mapping[str, Any] | None = getattr(_class(value), "__pydantic_fields__", None)
    if not is_object(data) or fields is None:
        return data
    tags: dict[str, Any] = {}
    rest = dict(data)
    for name, field in fields.items():
        key = field.serialization_alias or name
        if key in rest:
            rest[key] = _with_tags(getattr(value, name, None), rest[key])
        elif get_origin(field.annotation) is Literal and get_args(field.annotation) == (field.default,):
            tags[key] = field.default
    return tags | rest


def _dataclass_fields(value: Any) -> Iterator[tuple[str, object]]:
    pydantic_fields: Mapping[str, Any] = getattr(_class(value), "__pydantic_fields__", {})
    for field in dataclasses.fields(value):
        found: object = getattr(value, field.name, None)
        if found is not None or field.default is not None:
            yield getattr(pydantic_fields.get(field.name), "serialization_alias", None) or field.name, found
