"""Pages of runs, streams and files, as type checkers see them."""

from collections.abc import Sequence
from typing import assert_type

from responses_client import Client, RunResult, inspect
from responses_client.models import Response, StreamEvent


def page_takes_what_was_seen(
    client: Client, run: RunResult, response: Response, events: Sequence[StreamEvent]
) -> None:
    assert_type(inspect.page(run), str)
    inspect.page(response, title="Tea")
    inspect.page(events, times=[0.0, 1.5])
    inspect.page([event.to_dict() for event in events])
    inspect.page(run.to_json())
    with client.responses.run_stream(model="m", input="Hi") as stream:
        inspect.page(stream)


def mistakes_are_found(run: RunResult) -> None:
    inspect.page(5)  # type: ignore[arg-type]
    inspect.page(run, times="soon")  # type: ignore[arg-type]
