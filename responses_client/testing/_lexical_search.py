"""The search of vector stores: chunks ranked by the words that they share with a query, and filters of attributes.

It stands in for embeddings: the same files and the same query give the same results, in the same order. A chunk scores
by the words of the query that it has, where rare words count more, from 0, for none, to nearly 1.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

from ._json_types import JSONObject, is_array, objects
from ._request_input import tokens

_WORD = re.compile(r"\w+")
_Key = TypeVar("_Key")


class Hit(NamedTuple):
    """A chunk that a search has found: its key, its text, and its score."""

    key: Any
    text: str
    score: float


def text_in(content: bytes) -> str:
    """Return the text of a file, in UTF-8 or UTF-16; of other files, the readable pieces in them."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return "\n".join(piece.decode() for piece in re.findall(rb"[\x20-\x7e]{4,}", content))


def chunks_of(text: str, *, size: int, overlap: int) -> list[str]:
    """Split a text into chunks of at most `size` tokens, each of which repeats the last `overlap` of the one before."""
    found = tokens(text)
    step = size - overlap
    starts = range(0, max(len(found) - overlap, 1), step)
    return ["".join(found[start : start + size]) for start in starts] if found else []


def search(chunks: Sequence[tuple[_Key, str]], queries: Sequence[str]) -> list[Hit]:
    """Return the chunks that share a word with a query, the best first; of equal ones, in their order."""
    counts = [Counter(words_of(text)) for _, text in chunks]
    spread = Counter(word for count in counts for word in count)
    wanted = sorted({word for query in queries for word in words_of(query)})
    weights = {word: math.log(1 + len(chunks) / (0.5 + spread[word])) for word in wanted}
    most = sum(weights.values())
    hits = [
        Hit(key, text, round(sum(weights[word] * _share(count[word]) for word in wanted) / most, 6))
        for (key, text), count in zip(chunks, counts, strict=True)
        if most
    ]
    return sorted((hit for hit in hits if hit.score), key=lambda hit: -hit.score)


def _share(count: int) -> float:
    """Return the part of a word's weight for its number in a chunk: more of it counts more, but ever less."""
    return count / (count + 0.25)


def words_of(text: str) -> Iterator[str]:
    """Iterate over the words of a text, in a form without case and without the `s` of plurals."""
    for word in _WORD.findall(text.casefold()):
        yield word[:-1] if len(word) > 3 and word.endswith("s") and not word.endswith("ss") else word


def matches(filter: JSONObject, attributes: Mapping[str, Any]) -> bool:
    """Whether the attributes of a file pass a filter, which was checked before."""
    kind = filter["type"]
    if kind == "and":
        return all(matches(each, attributes) for each in objects(filter["filters"]))
    if kind == "or":
        return any(matches(each, attributes) for each in objects(filter["filters"]))
    value, wanted = attributes.get(filter["key"]), filter["value"]
    if kind in ("in", "nin"):
        listed = wanted if is_array(wanted) else [wanted]
        return any(_equal(value, each) for each in listed) is (kind == "in")
    if kind in ("eq", "ne"):
        return _equal(value, wanted) is (kind == "eq")
    return _is_comparable(value, wanted) and _ORDERS[kind](value, wanted)


_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "gt": lambda value, wanted: value > wanted,
    "gte": lambda value, wanted: value >= wanted,
    "lt": lambda value, wanted: value < wanted,
    "lte": lambda value, wanted: value <= wanted,
}


def _equal(value: Any, wanted: Any) -> bool:
    # In Python, True is equal to 1; in JSON it is not.
    return value == wanted and isinstance(value, bool) == isinstance(wanted, bool)


def _is_comparable(value: Any, wanted: Any) -> bool:
    """Whether two values have an order: both are numbers, or both are strings."""
    kinds = [(str,), (int, float)]
    has_order = any(isinstance(value, kind) and isinstance(wanted, kind) for kind in kinds)
    return has_order and not isinstance(value, bool) and not isinstance(wanted, bool)
