"""Target: responses and other objects that servers return, mutated, in lenient and in strict mode."""

from __future__ import annotations

import json
from functools import cache
from random import Random
from typing import NamedTuple

from model_strategies import wire_name
from pydantic import ValidationError

from responses_client import models
from responses_client.errors import ResponseValidationError
from responses_client.models import Model, Response
from responses_client.models._base import OpenUnion, Result

from . import corpus
from .cases import Target, require
from .failures import check_error
from .mutations import changed, damaged
from .parsed import check_copies, check_object, check_types, malformed_parts
from .values import Values


class Answer(NamedTuple):
    """The class of an object, its JSON text, and whether the bytes of that were damaged."""

    model: str
    data: bytes
    is_damaged: bool


def make(random: Random) -> Answer:
    """Take a response of the corpus or of the schema, at times an object of another class; mutate most of them."""
    model: type[Model] = Response if random.randrange(4) else random.choice(_others())
    wire = random.choice(corpus.responses()) if model is Response and random.randrange(2) else None
    if wire is None:
        wire = Values(random).object_of(model)
    if random.randrange(8):
        wire = changed(random, wire)
    data = json.dumps(wire, ensure_ascii=random.random() < 0.5).encode()
    is_damaged = not random.randrange(6)
    return Answer(model.__name__, damaged(random, data) if is_damaged else data, is_damaged)


@cache
def _others() -> list[type[Model]]:
    """Return the other classes that may be a whole answer."""
    found = [getattr(models, name) for name in models.__all__ if not name.startswith("Unknown")]
    classes = [one for one in found if isinstance(one, type) and issubclass(one, Result)]
    return [one for one in classes if one not in (Result, Response) and not issubclass(one, OpenUnion)]


def check(answer: Answer) -> str:
    """Read the object both ways."""
    model: type[Model] = getattr(models, answer.model)
    wire = None if answer.is_damaged else json.loads(answer.data)
    lenient, strict = _read(model, answer.data, strict=False), _read(model, answer.data, strict=True)
    if isinstance(lenient, ResponseValidationError):
        is_object = isinstance(wire, dict)
        require(not is_object or _may_refuse(model, lenient), "refused in lenient mode:", lenient)
        require(isinstance(strict, ResponseValidationError), "read in strict mode alone:", strict)
        return check_error(lenient)
    if answer.is_damaged:
        check_types(lenient)
    else:
        check_object(lenient, wire)
    check_copies(lenient)
    again = model.from_json(lenient.to_json())
    require(again.to_json() == lenient.to_json(), "another object when read again:", again, lenient)
    if isinstance(lenient, Response):
        for item in lenient.as_input():
            check_types(item)
    if isinstance(strict, ResponseValidationError):
        check_error(strict)
        return "refused in strict mode"
    require(strict.to_json() == lenient.to_json(), "another object in strict mode:", strict, lenient)
    require(not malformed_parts(strict), "malformed in strict mode:", strict.to_dict())
    return "read"


def _may_refuse(model: type[Model], error: ResponseValidationError) -> bool:
    """Whether lenient mode may refuse: a member of a union, which keeps it as unknown, or a required field."""
    fields = {wire_name(model, name): field for name, field in model.model_fields.items()}
    cause = error.__cause__
    assert isinstance(cause, ValidationError)
    places = {line["loc"][0] for line in cause.errors()}
    return "type" in fields or any(name in places and field.is_required() for name, field in fields.items())


def _read(model: type[Model], data: bytes, *, strict: bool) -> Model | ResponseValidationError:
    try:
        return model.from_json(data, strict=strict)
    except ResponseValidationError as error:
        return error


TARGET = Target(
    "responses", "responses and other objects, mutated: typed as annotated, written as they came", make, check
)
