"""The answer of a response: the messages that belong to it, and their text; pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from .content import OutputText, Refusal
from .items import OutputMessage

if TYPE_CHECKING:
    from ._unions import OutputItem

__all__ = ["answer_messages", "refusal_of", "text_of"]


def answer_messages(output: Iterable[OutputItem]) -> list[OutputMessage]:
    """Return the messages that are the answer, in order.

    They are those of phase `final_answer`; without any, those without a phase; without those, all. Some servers repeat
    a message: of those with the same id, the last one that says something counts, at its own place unless it only
    repeats the one before.
    """
    messages = [item for item in output if isinstance(item, OutputMessage)]
    final = [message for message in messages if message.phase == "final_answer"]
    chosen = final or [message for message in messages if message.phase is None] or messages
    found: dict[object, OutputMessage] = {}
    for number, message in enumerate(chosen):
        key = message.id or number
        before = found.get(key)
        if before is None:
            found[key] = message
        elif (said := _said(message)) != ("", ""):
            if said != _said(before):
                del found[key]  # so that the other text stands where it came
            found[key] = message
    return [*found.values()]


def _said(message: OutputMessage) -> tuple[str, str]:
    return text_of(message), refusal_of(message)


def text_of(message: OutputMessage) -> str:
    """Return the text of a message."""
    return "".join(part.text for part in message.content if isinstance(part, OutputText))


def refusal_of(message: OutputMessage) -> str:
    """Return the explanation in a message of why the model refuses; empty if it does not."""
    return "".join(part.refusal for part in message.content if isinstance(part, Refusal))
