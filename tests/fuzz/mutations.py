"""Changes of JSON values and of bytes, small and large."""

from __future__ import annotations

import copy
from random import Random
from typing import Any

from .values import TEXTS, Values

_TOKENS = (
    b"\n",
    b"\r",
    b"\r\n",
    b"\n\n",
    b"\0",
    b"\xff",
    b"\xc3",
    b"\xed\xa0\x80",
    b"\xef\xbb\xbf",
    b"{",
    b"}",
    b"[" * 300,
    b'"',
    b"\\",
    b"\\ud800",
    b"\\/",
    b":",
    b",",
    b"null",
    b"NaN",
    b"-Infinity",
    b"1e999",
    b"9" * 5000,
    b"data: ",
    b"event: ",
    b"id: 1",
    b'"type":"error"',
)
_Place = tuple[Any, Any]


def changed(random: Random, value: Any, most: int = 4) -> Any:
    """Return a copy of JSON data with some changes, at least one."""
    value = copy.deepcopy(value)
    holder = [value]  # so that the root can be replaced as any other place
    for _ in range(random.randint(1, most)):
        places = _places(holder)
        _change(random, places, *random.choice(places))
    return holder[0]


def _places(holder: list[Any]) -> list[_Place]:
    """Return all places of a value: a list or dict, and the index or key in it."""
    found: list[_Place] = []
    waiting: list[Any] = [holder]
    while waiting:
        inside = waiting.pop()
        for key in range(len(inside)) if isinstance(inside, list) else list(inside):
            found.append((inside, key))
            if isinstance(inside[key], (list, dict)):
                waiting.append(inside[key])
    return found


def _change(random: Random, places: list[_Place], inside: Any, key: Any) -> None:
    is_root = places[0][0] is inside
    value = inside[key]
    match random.randrange(10):
        case 0 | 1 if not is_root:
            del inside[key]
        case 2:
            inside[key] = None
        case 3:
            other, place = random.choice(places)
            inside[key] = copy.deepcopy(other[place])
        case 4 if isinstance(inside, list) and not is_root:
            inside.insert(key, copy.deepcopy(value))
        case 5 if isinstance(inside, dict):
            inside[Values(random).key()] = inside.pop(key)
        case 6:
            inside[key] = random.choice(([value], {"type": value}, {}, []))
        case 7 if isinstance(value, (int, float, str)):
            inside[key] = _of_another_type(random, value)
        case _:
            inside[key] = Values(random).anything()


def _of_another_type(random: Random, value: Any) -> Any:
    if isinstance(value, str):
        return random.choice((1, 1.0, True, value + "x", value[:-1], value.upper(), [value]))
    return random.choice(
        (str(value), float(value) if abs(value) < 1e300 else 0, bool(value), -value, [value])
    )


def damaged(random: Random, data: bytes, most: int = 3) -> bytes:
    """Return bytes with some changes, at least one unless there are none."""
    for _ in range(random.randint(1, most)):
        start = random.randrange(len(data) + 1)
        end = min(len(data), start + random.choice((0, 1, 1, 2, 8, 64)))
        match random.randrange(6):
            case 0:
                data = data[:start] + data[end:]
            case 1:
                data = data[:start] + random.choice(_TOKENS) + data[end:]
            case 2:
                data = data[:start] + random.randbytes(end - start) + data[end:]
            case 3:
                data = data[:start] + data[start:end] * 2 + data[end:]
            case 4:
                data = data[:start]
            case _:
                data = data[:start] + random.choice(TEXTS).encode() + data[start:]
    return data


def pieces(random: Random, data: bytes) -> list[bytes]:
    """Cut bytes into pieces: single bytes, some large ones, or of any size, at times empty ones."""
    match random.randrange(4):
        case 0:
            return [data]
        case 1:
            return [data[i : i + 1] for i in range(len(data))]
        case 2:
            size = random.randint(2, 64)
            return [data[i : i + size] for i in range(0, len(data), size)]
        case _:
            cuts = sorted(random.randrange(len(data) + 1) for _ in range(random.randint(0, 6)))
            return [data[i:j] for i, j in zip([0, *cuts], [*cuts, len(data)], strict=True)]
