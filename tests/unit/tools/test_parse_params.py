"""The arguments of `responses.parse`, as types."""

from __future__ import annotations

from responses_client._tools.parse_params import ParseParams
from responses_client.models import ResponseCreateParams


def test_arguments_of_parse_are_those_of_create() -> None:
    assert ParseParams.__optional_keys__ == ResponseCreateParams.__optional_keys__


def test_tools_alone_have_a_type_of_their_own() -> None:
    ours, theirs = ParseParams.__annotations__, ResponseCreateParams.__annotations__
    assert {name for name in ours if ours[name] != theirs[name]} == {"tools"}
