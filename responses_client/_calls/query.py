"""Parameters of queries and of forms, which are written in the same way; no I/O."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from urllib.parse import urlencode

from .._base.json_types import is_mapping, is_sequence
from .._base.validation import check_argument, check_query, check_query_value
from .settings import Settings

__all__ = ["parameters", "query_of"]


def query_of(settings: Settings, options: Mapping[str, object], named: Mapping[str, object]) -> str:
    """Return the query of a URL with its question mark: of the client, of arguments and of `extra_query`.

    Raises:
        RequestValidationError: A value cannot stand in a query.
    """
    for name, value in named.items():
        check_argument(name, check_query_value, value)
    extra = check_argument("extra_query", check_query, options.get("extra_query"))
    given: dict[str, object] = {}
    for query in (settings.default_query, named, extra):
        # A name may have its brackets already; without them, the later of two parameters replaces the earlier.
        given |= {k.removesuffix("[]") if v is None or is_sequence(v) else k: v for k, v in query.items()}
    pairs = [pair for name, value in given.items() for pair in parameters(name, value)]
    return f"?{urlencode(pairs)}" if pairs else ""


def parameters(name: str, value: object) -> Iterator[tuple[str, object]]:
    """Yield a parameter as `name=`, each part of a list as `name[]=`, and of a mapping as `name[key]=`.

    The official package writes them in this way, and some servers know no other.
    """
    if is_mapping(value):
        for key, part in value.items():
            yield from parameters(f"{name}[{key}]", part)
    elif is_sequence(value):
        for part in value:
            yield from parameters(f"{name}[]", part)
    elif isinstance(value, bool):
        yield name, "true" if value else "false"
    elif value is not None:
        yield name, value
