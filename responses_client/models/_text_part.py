"""Text of an answer: attributes that it does not have, where users of other packages expect them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ._base import Model, model_attributes

__all__ = ["TextPart"]


class TextPart(Model):
    """The base of `OutputText`: it says where values are that were read from its text."""

    if not TYPE_CHECKING:  # pragma: no branch
        __getattr__ = model_attributes("text")
