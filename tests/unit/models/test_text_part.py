"""Text of an answer: attributes that users of the official package expect on it."""

from __future__ import annotations

import copy
import pickle
from typing import Any

import pytest

from responses_client.models import OutputText


def test_value_of_a_text_is_on_the_response() -> None:
    part: Any = OutputText(text="Hi")
    text = "^'OutputText' object has no attribute 'parsed'; use response.output_parsed, of responses.parse and stream$"
    with pytest.raises(AttributeError, match=text):
        print(part.parsed)
    assert not hasattr(part, "flavour")


def test_fields_that_are_not_known_stay_attributes() -> None:
    part: Any = OutputText.from_dict({"type": "output_text", "text": "Hi", "parsed": {"a": 1}})
    for each in (part, copy.deepcopy(part), pickle.loads(pickle.dumps(part))):
        assert each.parsed == {"a": 1}
