"""The sets of options that requests, waits and sessions take."""

from __future__ import annotations

from responses_client._base.option_types import OPTIONS
from responses_client._base.options import RequestOptions, SessionOptions, WaitOptions


def test_names_of_the_options_of_a_request_are_the_keys_of_their_type() -> None:
    assert RequestOptions.__annotations__.keys() == OPTIONS


def test_waiting_has_all_options_of_a_request_but_the_timeout() -> None:
    assert RequestOptions.__optional_keys__ - WaitOptions.__optional_keys__ == {"timeout"}
    assert not RequestOptions.__required_keys__


def test_session_shares_the_options_of_its_first_request() -> None:
    of_a_body = {"extra_body", "idempotency_key"}

    assert RequestOptions.__optional_keys__ - SessionOptions.__optional_keys__ == of_a_body
