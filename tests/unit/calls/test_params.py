"""The arguments of WebSocket requests and of batch lines, as types: those of `create` that can be kept there."""

from __future__ import annotations

import pytest

from responses_client import BatchLineParams, RequestOptions, SessionCreateParams, batch_line
from responses_client._websocket.session_core import _HTTP_OPTIONS
from responses_client.errors import RequestValidationError
from responses_client.models import ResponseCreateParams

FIELDS = ResponseCreateParams.__optional_keys__ - RequestOptions.__optional_keys__ - {"background"}
OPTIONS = RequestOptions.__optional_keys__


def test_types_have_all_fields_of_a_request_but_background() -> None:
    assert SessionCreateParams.__optional_keys__ - OPTIONS == FIELDS
    assert BatchLineParams.__optional_keys__ - OPTIONS == FIELDS


def test_session_takes_the_options_that_are_not_about_http() -> None:
    assert SessionCreateParams.__optional_keys__ & OPTIONS == {"timeout", "deadline"}
    assert not SessionCreateParams.__optional_keys__ & {*_HTTP_OPTIONS}


@pytest.mark.parametrize("name", sorted(OPTIONS - BatchLineParams.__optional_keys__))
def test_batch_line_refuses_the_options_that_its_type_lacks(name: str) -> None:
    with pytest.raises(RequestValidationError, match=f"{name}: cannot be part of a batch line"):
        batch_line("1", input="Hi", **{name: 3})
