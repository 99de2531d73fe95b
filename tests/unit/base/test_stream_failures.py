"""Errors that may end a stream say how far it got."""

from __future__ import annotations

import pytest

from responses_client.errors import ResponseValidationError, StreamError, StreamInterrupted
from responses_client.models import Response

ERRORS = pytest.mark.parametrize("error", [ResponseValidationError, StreamError, StreamInterrupted])
PARTIAL = Response(id="resp_1", output=[])
Kind = type[ResponseValidationError | StreamError | StreamInterrupted]


@ERRORS
def test_error_before_anything_came_has_no_progress(error: Kind) -> None:
    made = error("It broke")

    assert (made.partial, made.response_id, made.last_sequence_number) == (None, None, None)
    assert ".partial" not in str(made)


@ERRORS
def test_error_keeps_how_far_the_stream_got(error: Kind) -> None:
    made = error("It broke", partial=PARTIAL, response_id="resp_1", last_sequence_number=4)

    assert (made.partial, made.response_id, made.last_sequence_number) == (PARTIAL, "resp_1", 4)


@ERRORS
def test_progress_can_be_noted_later(error: Kind) -> None:
    made = error("It broke")
    made.note_progress(partial=PARTIAL, last_sequence_number=4)

    assert (made.partial, made.response_id, made.last_sequence_number) == (PARTIAL, None, 4)


@pytest.mark.parametrize("error", [StreamError, StreamInterrupted])
def test_message_of_an_ended_stream_says_where_its_beginning_is(
    error: type[StreamError | StreamInterrupted],
) -> None:
    assert str(error("It broke", partial=PARTIAL)).endswith("; the received part is in .partial")
