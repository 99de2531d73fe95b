"""The options of clients, as types: the same names for both clients, which are those of the settings."""

from __future__ import annotations

from responses_client import AsyncOptions, Options
from responses_client._calls.settings import Settings


def test_both_clients_have_the_options_of_the_settings() -> None:
    assert Options.__optional_keys__ == AsyncOptions.__optional_keys__ == {*Settings._fields}


def test_options_are_closed() -> None:
    # With another TypedDict than that of typing_extensions, `closed` would not be known.
    assert vars(Options)["__closed__"]
    assert vars(AsyncOptions)["__closed__"]
