"""The names that `responses_client.testing` exports."""

from __future__ import annotations

import pytest

from responses_client import testing


def test_exported_names_are_these() -> None:
    names = [
        "Answer",
        "AsyncServer",
        "RateLimit",
        "RecordedRequest",
        "Server",
        "VirtualClock",
        "Webhook",
        "sign_webhook",
    ]
    assert dir(testing) == testing.__all__ == names
    for name in testing.__all__:
        assert getattr(testing, name).__module__ == "responses_client.testing"


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Sever'"):
        testing.Sever  # type: ignore[attr-defined]  # noqa: B018
