"""The fields of an event that decide where it belongs."""

from __future__ import annotations

from typing import Any

import pytest

from responses_client._base.error_bodies import read_error
from responses_client._websocket.event_fields import EventFields, as_string, error_names, read_fields
from responses_client._websocket.outstanding import ErrorNames


@pytest.mark.parametrize(
    ("event", "fields"),
    [
        ({"type": "x", "stream_id": "a"}, EventFields("x", "a", None, None, None, None)),
        (
            {"type": "x", "response": {"id": "r2", "previous_response_id": "r1"}},
            EventFields("x", None, "r2", "r1", None, None),
        ),
        ({"response": {"id": "", "previous_response_id": ""}}, EventFields("", None, None, None, None, None)),
        (
            {"type": "x", "steer": {"id": "s", "previous_response_id": "r"}},
            EventFields("x", None, None, None, "s", "r"),
        ),
        ({"type": "x", "stream_id": 5, "response": "r"}, EventFields("x", None, None, None, None, None)),
        ({"error": {"message": "No"}}, EventFields("error", None, None, None, None, None)),
    ],
)
def test_fields_are_those_of_the_event_and_of_what_is_in_it(
    event: dict[str, Any], fields: EventFields
) -> None:
    assert read_fields(event) == fields


@pytest.mark.parametrize(
    ("kind", "is_of_response"),
    [
        ("response.created", True),
        ("response.brand_new", True),
        ("response.keep_alive", False),
        ("keepalive", False),
        ("session.updated", False),
    ],
)
def test_place_matters_for_parts_of_a_response(kind: str, is_of_response: bool) -> None:
    assert read_fields({"type": kind}).is_of_response is is_of_response


@pytest.mark.parametrize(
    ("event", "names"),
    [
        ({}, ErrorNames()),
        ({"stream_id": "a", "response_id": "r"}, ErrorNames("a", "r")),
        ({"error": {"event_id": "e", "client_event_id": "f"}}, ErrorNames(event_id="e")),
        ({"error": {"event_id": "", "client_event_id": "f"}}, ErrorNames(event_id="f")),
        ({"client_event_id": "f"}, ErrorNames(event_id="f")),
        ({"event_id": "of the error itself"}, ErrorNames()),
    ],
)
def test_names_of_an_error_are_those_of_what_it_is_about(event: dict[str, Any], names: ErrorNames) -> None:
    assert error_names(event, read_fields(event), read_error(event)) == names


def test_value_of_another_type_is_no_string() -> None:
    assert [as_string(value) for value in ("a", "", 5, None)] == ["a", "", None, None]
