"""Random JSON, of any form or of the form that annotations of models describe.

`model_strategies` does the same for Hypothesis, which takes milliseconds for what takes microseconds here.
"""

from __future__ import annotations

import types
from random import Random
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from model_strategies import NULLABLE, classes_of, hints_of, wire_name

from responses_client.models import Model
from responses_client.models._base import OpenUnion, Reference, union_class

TEXTS = (
    "",
    "a",
    "Hello",
    "resp_1",
    "msg_1",
    "call_1",
    "completed",
    "in_progress",
    "unknown",
    "assistant",
    "error",
    "message",
    "response.completed",
    "[DONE]",
    "data: {}\n\n",
    "null",
    "{}",
    '{"a": 1}',
    "ünïcode 🍵",
    "\u2028\x85\ufeff",
    "\0\x1b[31m\r\n",
    '"\\/\b',
    "x" * 300,
    "1e999",
)
_NUMBERS = (
    0,
    1,
    -1,
    2,
    7,
    200,
    404,
    2**31,
    2**53 + 1,
    2**64,
    -(10**30),
    0.0,
    1.0,
    -2.0,
    0.5,
    1e16,
    -1e300,
    5e-324,
)
_KEYS = ("x_new", "ünknown", "type", "id", "output", "to_dict", "class", "model_extra", "error", "status", "")


class Values:
    """Draws values by a random number generator."""

    def __init__(self, random: Random) -> None:
        self.random = random

    def text(self) -> str:
        """Return a string."""
        return self.random.choice(TEXTS)

    def anything(self, depth: int = 2) -> Any:
        """Return JSON of any form."""
        random = self.random
        kind = random.randrange(9 if depth else 6)
        if kind < 2:
            return self.text()
        if kind < 4:
            return random.choice(_NUMBERS)
        if kind < 6:
            return random.choice((None, True, False))
        if kind == 6:
            return [self.anything(depth - 1) for _ in range(random.randrange(3))]
        return {self.key(): self.anything(depth - 1) for _ in range(random.randrange(3))}

    def key(self) -> str:
        """Return a name that the API may or may not know."""
        return self.random.choice(_KEYS)

    def object_of(
        self, model: type[Model], fixed: dict[str, Any] | None = None, depth: int = 3
    ) -> dict[str, Any]:
        """Return JSON that fits a model: required fields, some of the others, sometimes unknown ones."""
        random = self.random
        wire: dict[str, Any] = {}
        share = random.choice((0.0, 0.2, 0.6, 1.0)) if depth else 0.1
        for name, hint in hints_of(model).items():
            if model.model_fields[name].is_required() or random.random() < share:
                wire[wire_name(model, name)] = self.of(hint, depth)
        if not random.randrange(6):
            wire.setdefault(self.key(), self.anything())
        return wire | (fixed or {})

    def of(self, hint: Any, depth: int) -> Any:
        """Return JSON that fits an annotation."""
        random = self.random
        origin, arguments = get_origin(hint), get_args(hint)
        if origin is Annotated:
            if not NULLABLE.isdisjoint(arguments[1:]) and not random.randrange(5):
                return None
            return self.of(arguments[0], depth)
        if origin in (Union, types.UnionType):
            return self.of(random.choice(arguments), depth)
        if origin is Literal:
            return random.choice(arguments)
        if origin is list:
            return [self.of(arguments[0], depth) for _ in range(random.randrange(3 if depth else 1))]
        if origin is dict:
            return {self.text(): self.of(arguments[1], depth) for _ in range(random.randrange(3))}
        if isinstance(hint, type) and issubclass(hint, OpenUnion):
            return self.member_of(union_class(hint), depth)
        if isinstance(hint, type) and issubclass(hint, Reference):
            hint = hint.model()
        if isinstance(hint, type) and issubclass(hint, Model):
            return self.object_of(hint, depth=max(depth - 1, 0))
        return self._simple(hint)

    def member_of(self, union: type[OpenUnion], depth: int = 3) -> dict[str, Any]:
        """Return a member of a union, at times an unknown one."""
        if not depth or not self.random.randrange(12):
            return {"type": "x_new_type", "size": 1.0}
        tag = self.random.choice(sorted(union.members))
        return self.object_of(classes_of(union)[tag], {"type": tag}, depth - 1)

    def _simple(self, hint: Any) -> Any:
        random = self.random
        if hint is str:
            return self.text()
        if hint is int:
            return random.choice([number for number in _NUMBERS if float(number).is_integer()])
        if hint is float:
            return random.choice(_NUMBERS)
        if hint is bool:
            return random.random() < 0.5
        return None if hint is type(None) else self.anything()
