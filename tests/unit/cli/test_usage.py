"""The line of `--usage`."""

from __future__ import annotations

import pytest

from responses_client._cli.usage import Stopwatch
from responses_client.models import OutputTextDelta, Response, ResponseInProgress
from responses_client.testing import VirtualClock

USAGE = {"input_tokens": 12, "output_tokens": 40, "total_tokens": 52}


def report(usage: dict[str, object] | None, *, deltas: bool = True) -> str:
    with VirtualClock() as clock:
        stopwatch = Stopwatch()
        clock.advance(0.5)
        stopwatch.see(ResponseInProgress(response=Response(), sequence_number=1))
        if deltas:
            for _ in range(2):
                stopwatch.see(
                    OutputTextDelta(
                        delta="x",
                        item_id="m",
                        output_index=0,
                        content_index=0,
                        sequence_number=2,
                        logprobs=[],
                    )
                )
                clock.advance(1)
        return stopwatch.report(Response.from_dict({"usage": usage}))


@pytest.mark.parametrize(
    ("usage", "tokens"),
    [
        (USAGE, "12 tokens in, 40 out"),
        (USAGE | {"input_tokens": 1}, "1 token in, 40 out"),
        (
            USAGE
            | {
                "input_tokens_details": {"cached_tokens": 8},
                "output_tokens_details": {"reasoning_tokens": 30},
            },
            "12 tokens in (8 of them cached), 40 out (30 of them reasoning)",
        ),
    ],
)
def test_line_has_tokens_times_and_speed(usage: dict[str, object], tokens: str) -> None:
    assert report(usage) == (
        f"usage: {tokens}; 2.50 s, the first token after 0.50 s, then 20 tokens a second"
    )


def test_server_that_reports_no_tokens_is_named() -> None:
    assert report(None) == "usage: the server reports no tokens; 2.50 s, the first token after 0.50 s"


def test_answer_that_came_at_once_has_no_speed() -> None:
    assert report(USAGE, deltas=False) == "usage: 12 tokens in, 40 out; 0.50 s"
