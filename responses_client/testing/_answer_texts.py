"""The texts of unscripted answers: the same text for the same question, with no model behind it."""

from __future__ import annotations

import re

from ._request_input import Question

_GREETING = re.compile(
    r"\W*(hi|hello|hey|good (morning|afternoon|evening))\b(\W*\w+){0,2}\W*\Z", re.IGNORECASE
)
_SUBJECT = re.compile(
    r"\babout\s+(?:an?\s+|the\s+|my\s+)?([\w -]+?)\s*(?:[.,;:!?]|\b(?:who|that|which|and|in|with)\b|\Z)"
)
_LONGEST_QUOTE = 240


def answer_text(question: Question) -> str:
    """Return a sensible answer: the tool results, a story, a greeting, or the question in quotes."""
    if question.results:
        return " ".join(f"{result.name} says: {result.output}" for result in question.results)
    if question.images or question.files:
        return _about_attachments(question)
    if not question.text:
        return "I am ready when you are."
    if "story" in question.text.lower():
        return _story(question.text)
    if _GREETING.match(question.text):
        return "Hello! How can I help you today?"
    verb = "asked" if question.text.endswith("?") else "said"
    answer = f"You {verb}: {_quoted(question.text)}"
    if question.earlier:
        answer += f" Before that you said: {_quoted(question.earlier[-1])}"
    return f"{answer} The embedded server gives the same answer to the same request."


def found_on_the_web(query: str) -> list[str]:
    """Return the sentences of an answer: an introduction, and two that cite one web page each."""
    return [
        f"For {_quoted(query)} a search found two pages.",
        "A first page reports that a town planted a thousand trees in a day.",
        "A second page tells how its neighbours then did the same.",
    ]


def found_passages(query: str, count: int) -> str:
    """Return the sentence that says how many passages a search has found."""
    number = {0: "no passages", 1: "one passage", 2: "two passages"}.get(count, f"{count} passages")
    return f"For {_quoted(query)} the files have {number}."


def found_in_files(query: str) -> list[str]:
    """Return the sentences of an answer: an introduction, and two that cite one passage each."""
    return [
        found_passages(query, 2),
        "One passage names the main points.",
        "Another one gives the details.",
    ]


def thought(question: Question) -> str:
    """Return the reasoning summary of an answer."""
    subject = _quoted(question.text) if question.text else "an empty request"
    return f"**Reading the request**\n\nI looked at {subject} and chose a short answer."


def _about_attachments(question: Question) -> str:
    counted = [
        f"{count} {name}{'s' if count > 1 else ''}"
        for count, name in ((question.images, "image"), (question.files, "file"))
        if count
    ]
    received = f"I received {' and '.join(counted)}"
    asked = f" with the question {_quoted(question.text)}" if question.text else ""
    return f"{received}{asked}. The embedded server does not look inside, so imagine a fine description here."


def _story(text: str) -> str:
    subject = _SUBJECT.search(text)
    hero = subject[1] if subject else "fox"
    return (
        f"On a hill above the sea lived a little {hero} that could not fall asleep. "
        f"Every night the {hero} counted the lamps of the fishing boats, until one small lamp blinked back. "
        f"From then on the {hero} and the lamp wished each other good night, and the whole bay slept well."
    )


def _quoted(text: str) -> str:
    short = text if len(text) <= _LONGEST_QUOTE else text[: _LONGEST_QUOTE - 1] + "…"
    return f"“{short}”"
