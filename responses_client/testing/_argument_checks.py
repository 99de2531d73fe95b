"""Checks of the numbers that a test passes to the embedded server."""

from __future__ import annotations

import math
from typing import TypeVar

_Number = TypeVar("_Number", int, float)


def check_number(name: str, value: _Number, *, minimum: int, maximum: int | None = None) -> _Number:
    """A number of a script, when it is within its bounds; `ValueError` when not."""
    is_number = isinstance(value, (int, float)) and not isinstance(value, bool)  # pyright: ignore[reportUnnecessaryIsInstance]  # users without a type checker
    # Written so that NaN is refused too.
    if not (is_number and minimum <= value < math.inf and (maximum is None or value <= maximum)):
        bounds = f"at least {minimum}" if maximum is None else f"from {minimum} to {maximum}"
        raise ValueError(f"{name} is {value!r}, but has to be {bounds}.")
    return value


def check_count(name: str, value: int, *, minimum: int, maximum: int | None = None) -> int:
    """A number of things, within its bounds; `ValueError` when it is not."""
    if not isinstance(value, int):  # pyright: ignore[reportUnnecessaryIsInstance]  # users without a type checker
        raise ValueError(f"{name} is {value!r}, but has to be a whole number.")
    return check_number(name, value, minimum=minimum, maximum=maximum)
