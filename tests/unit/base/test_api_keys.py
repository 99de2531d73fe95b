"""How long a key from a function is used."""

from __future__ import annotations

import pytest

from responses_client._base.api_keys import KeyFunction

NOW = 1_700_000_000.0


def kept_after(seconds: float, lasts: float | None, stale: str | None = None) -> str | None:
    function = KeyFunction(lambda: "key")
    function.keep("key", None if lasts is None else NOW + lasts, NOW)
    return function.kept(NOW + seconds, stale)


@pytest.mark.parametrize(
    ("lasts", "is_kept_for"),
    [
        (3600, 3540),  # a minute before it expires
        (600, 540),
        (100, 90),  # a tenth of its time before it expires
        (10, 9),
    ],
)
def test_key_is_kept_until_shortly_before_it_expires(lasts: float, is_kept_for: float) -> None:
    assert kept_after(0, lasts) == "key"
    assert kept_after(is_kept_for - 0.01, lasts) == "key"
    assert kept_after(is_kept_for + 0.01, lasts) is None


@pytest.mark.parametrize("lasts", [None, 0.0, -1.0, -1e9])
def test_key_that_lasts_no_time_is_not_kept(lasts: float | None) -> None:
    assert kept_after(0, lasts) is None


def test_key_that_the_server_refused_is_not_given_again() -> None:
    assert kept_after(0, 3600, stale="key") is None
    assert kept_after(0, 3600, stale="another") == "key"


def test_function_shares_its_keys_until_it_does_not_say_how_long_they_last() -> None:
    function = KeyFunction(lambda: "key")
    assert function.is_shared
    for expires_on, is_shared in [(None, False), (NOW + 60, True), (NOW - 60, False), (NOW + 60, True)]:
        function.keep("key", expires_on, NOW)
        assert function.is_shared is is_shared


def test_no_repr_shows_the_key() -> None:
    function = KeyFunction(lambda: "key")
    function.keep("hunter2", NOW + 60, NOW)

    assert "hunter2" not in repr(function)
