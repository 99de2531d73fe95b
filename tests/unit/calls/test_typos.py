"""Probable misspellings inside of arguments: sent as given, with one warning that names the known field."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest
from fake_io import call


@pytest.mark.parametrize(
    ("params", "typo"),
    [
        ({"reasoning": {"efort": "low"}}, "reasoning.efort (did you mean 'effort'?)"),
        ({"text": {"verbocity": "low"}}, "text.verbocity (did you mean 'verbosity'?)"),
        (
            {"stream": True, "stream_options": {"include_obfuscaton": False}},
            "stream_options.include_obfuscaton (did you mean 'include_obfuscation'?)",
        ),
        (
            {"moderation": {"model": "m", "policy": {"inputs": {"mode": "score"}}}},
            "moderation.policy.inputs (did you mean 'input'?)",
        ),
        (
            {"reasoning": {"efort": "low", "sumary": "auto"}},
            "reasoning.efort (did you mean 'effort'?); reasoning.sumary (did you mean 'summary'?)",
        ),
    ],
)
@pytest.mark.parametrize("validate", [True, False])
def test_field_that_is_probably_mistyped_is_sent_with_one_warning(
    params: dict[str, Any], typo: str, validate: bool, caplog: pytest.LogCaptureFixture
) -> None:
    sent = json.loads(call(params, validate_requests=validate).request.content)

    assert params.items() <= sent.items()
    warning = f"responses.create: sent as given, but probably mistyped: {typo}"
    assert [(r.name, r.levelno, r.getMessage()) for r in caplog.records] == [
        ("responses_client", logging.WARNING, warning)
    ]


@pytest.mark.parametrize(
    "params",
    [
        {"reasoning": {"effort": "low", "efforts": {}}},
        {"reasoning": {"brand_new": 1}},
        {"metadata": {"modle": "x"}},
        {"conversation": {"id": "conv_1"}},
        {"tools": [{"type": "function", "name": "f", "parameters": {"efort": 1}}]},
        {"text": {"format": {"type": "json_object"}}},
        {"extra_body": {"reasoning": {"efort": 1}}},
        {"reasoning": None, "tool_choice": "auto"},
    ],
)
def test_field_that_is_rather_new_than_mistyped_is_no_warning(
    params: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    call(params)

    assert caplog.records == []
