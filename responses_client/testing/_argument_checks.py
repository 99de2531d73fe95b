"""Checks of the numbers that a test passes to the embedded server."""

from __future__ import annotations

import math
from typing import TypeVar

_Number = TypeVar("_Number", int, float)


def check_number(name: str, value: _Number, *, minimum: int, maximum: int | None = None) -> _Number:
    """Return a number that is finite and within its bounds, both inclusive.

    Raises:
        ValueError: It is not a finite number, or out of bounds.
    """
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)
    # Written so that NaN, which compares as false with everything, is refused too.
    if not (is_number and minimum <= value < math.inf and (maximum is None or value <= maximum)):
        bounds = f"at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"
        raise ValueError(f"{name} must be {bounds}, got {value!r}.")
    return value


def check_count(name: str, value: int, *, minimum: int, maximum: int | None = None) -> int:
    """Return an integer that is within its bounds, both inclusive.

    Raises:
        ValueError: It is not an integer, or out of bounds.
    """
    if not isinstance(value, int):
        raise ValueError(f"{name} must be an integer, got {value!r}.")
    return check_number(name, value, minimum=minimum, maximum=maximum)
