"""Ids that look like those of the API and are the same in every run."""

from __future__ import annotations

import hashlib


class Ids:
    """A series of ids, which are hashes of a seed and a counter."""

    def __init__(self, seed: str) -> None:
        self._seed = seed
        self._count = 0

    def new(self, prefix: str, digits: int = 48) -> str:
        """Return the next id: the prefix, an underscore and `digits` hexadecimal digits."""
        self._count += 1
        digest = hashlib.sha256(f"{self._seed}/{self._count}".encode()).hexdigest()
        return f"{prefix}_{digest[:digits]}"
