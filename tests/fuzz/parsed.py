"""Invariants of everything that is parsed: typed as annotated, written as it came."""

from __future__ import annotations

import copy
import json
import pickle

from model_types import misfits
from wire_helpers import differences, unknown_parts

from responses_client.models import Model

from .cases import require


def check_object(model: Model, wire: object) -> None:
    """Require that every attribute fits its annotation, and that the object is written as it came."""
    check_types(model)
    require(not (lost := differences(wire, model.to_dict())), "not written as it came by to_dict:", lost)
    written = json.loads(model.to_json())
    require(not (lost := differences(wire, written)), "not written as it came by to_json:", lost)


def check_types(model: Model) -> None:
    """Require that every attribute fits its annotation, of copies, too; and that the repr can be shown."""
    require(not (found := misfits(model)), "not as annotated:", found)
    require(len(repr(model).encode()) < 100_000, "a repr without a bound")


def check_copies(model: Model) -> None:
    """Require that copies and pickles are equal, and write the same."""
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        require(other == model or "NaN" in model.to_json(), "another copy:", other, model)
        require(other.to_json() == model.to_json(), "a copy writes:", other.to_json(), model.to_json())


def malformed_parts(model: Model) -> int:
    """Return the number of parts that do not match the class of their type."""
    return sum(part.validation_error is not None for part in unknown_parts(model))
