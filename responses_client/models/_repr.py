"""The short repr of models, loaded at its first use."""

from __future__ import annotations

from functools import cache

from .._base.json_types import is_array, is_object
from .._base.redaction import MASK, is_secret_name, scrub
from ._base import Model
from ._stand_ins import is_null

__all__ = ["short_repr"]

_MAX_SCRUBBED_CHARS = 500  # room for a key that begins in the part which is shown


def short_repr(model: Model) -> str:
    """Return the name of the class, and the fields that are set and not null; the values of secret ones are masked.

    Of fields that the class does not have, those are secret whose name says so: a malformed tool is an `UnknownTool`.
    """
    extra = model.__pydantic_extra__ or {}
    values = {**model.__dict__, **extra}
    secrets = {*_secret_fields(type(model)), *filter(is_secret_name, extra)}
    hidden = {*model.tags, *model.__dict__.keys() - model.model_fields_set}
    values = {k: v for k, v in values.items() if k not in hidden and not is_null(v)}
    shown = [f"{k}={MASK if k in secrets else _short(v)}" for k, v in values.items()]
    return f"{type(model).__name__}({', '.join(part for part in shown if not part.endswith('=[]'))})"


@cache
def _secret_fields(cls: type[Model]) -> frozenset[str]:
    """Return the fields that hold a secret; the schema marks them by `repr=False`."""
    return frozenset(name for name, field in cls.__pydantic_fields__.items() if not field.repr)


def _short(value: object) -> str:
    if isinstance(value, str):
        shown = scrub(value[:_MAX_SCRUBBED_CHARS])
        return repr(f"{shown[:57]}..." if len(shown) > 60 else shown)
    if isinstance(value, Model):
        return f"{type(value).__name__}(...)"
    if value and is_array(value):
        return f"<{len(value)} items>"
    if value and is_object(value):
        return f"<{len(value)} keys>"
    return repr(value)
