"""Names of classes of the official package: the answer to each is a name of this one."""

from __future__ import annotations

import re
from typing import Any

import pytest

from responses_client import models
from responses_client._base import foreign_classes
from responses_client._base.foreign_classes import class_hint

KNOWN = {*models.__all__}
WITHOUT = r"(List|ResponseInputAudio|ResponseSteer(Input\w*|RequiredInput))(Param)?$"
"""Names of types that have none here."""


@pytest.mark.parametrize(
    ("name", "answer"),
    [
        ("ResponseTextDeltaEvent", "use OutputTextDelta"),
        ("ResponseCompletedEvent", "use ResponseCompleted"),
        ("ResponseOutputItemAddedEvent", "use OutputItemAdded"),
        ("ResponseImageGenCallCompletedEvent", "use ImageGenerationCallCompleted"),
        ("ResponseFunctionToolCall", "use FunctionCall"),
        ("ResponseFunctionToolCallParam", "use FunctionCallParam"),
        ("ResponseFunctionToolCallItem", "use FunctionCall"),
        ("ResponseReasoningItemParam", "use ReasoningItemParam"),
        ("ResponseToolSearchOutputItemParamParam", "use ToolSearchOutputParam"),
        ("ResponseInputImageContent", "use InputImage"),
        ("ResponseInputParam", "use InputList"),
        ("ResponseUsage", "use Usage"),
        ("ToolChoiceFunction", "use FunctionToolChoice"),
        ("ParsedResponse", "use responses_client.ParsedResponse"),
        ("ServiceTier", "its values are plain strings"),
        ("Flavour", None),
        ("ResponseFlavourEvent", None),
    ],
)
def test_class_of_the_official_package_is_answered(name: str, answer: str | None) -> None:
    assert class_hint(name, KNOWN) == answer


def test_each_answer_is_a_name_of_models() -> None:
    assert {*foreign_classes._CLASSES.values()} <= KNOWN
    assert KNOWN.isdisjoint(foreign_classes._CLASSES)


def test_each_name_of_the_official_package_is_answered() -> None:
    responses = pytest.importorskip("openai.types.responses")
    names = [name for name in dir(responses) if name[0].isupper() and name not in KNOWN]
    assert "ResponseTextDeltaEvent" in names
    assert [name for name in names if class_hint(name, KNOWN) is None and not re.search(WITHOUT, name)] == []


def test_module_answers() -> None:
    anywhere: Any = models
    text = "module 'responses_client.models' has no attribute 'ResponseTextDeltaEvent'; use OutputTextDelta"
    with pytest.raises(AttributeError, match=f"^{text}$"):
        print(anywhere.ResponseTextDeltaEvent)
    with pytest.raises(
        AttributeError, match=r"^module 'responses_client\.models' has no attribute 'Flavour'$"
    ):
        print(anywhere.Flavour)


def test_import_answers() -> None:
    text = "^cannot import name 'ResponseTextDeltaEvent' from 'responses_client.models'; use OutputTextDelta$"
    with pytest.raises(ImportError, match=text):
        from responses_client.models import ResponseTextDeltaEvent  # noqa: F401  # importing it raises
