"""One request and its answer, shown while it comes: for a single prompt, and for each turn of a chat."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import ResponsesClientError, StreamError
from ..models import ErrorEvent, ResponseCancelled, ResponseFailed, ResponseIncomplete
from .connection import Connection
from .last_response import last_response_id, save_response_id
from .problems import failure_of, problem_of
from .statuses import CommandFailed, print_note
from .terminal import Output
from .usage import Stopwatch
from .views import View

if TYPE_CHECKING:
    from ..models import Response, ResponseCreateParams, StreamEvent
    from .arguments import Arguments

__all__ = ["keep_id", "request_params", "show_answer"]


def request_params(arguments: Arguments, connection: Connection) -> ResponseCreateParams:
    """Return the arguments of a request, but for its input.

    Raises:
        CommandFailed: The last answer is to be continued, and there is none.
    """
    params: ResponseCreateParams = {"model": arguments.model}
    if arguments.instructions is not None:
        params["instructions"] = arguments.instructions
    if arguments.effort is not None or arguments.reasoning_summary:
        reasoning = {"effort": arguments.effort, "summary": "auto" if arguments.reasoning_summary else None}
        params["reasoning"] = {name: value for name, value in reasoning.items() if value}  # type: ignore[typeddict-item]  # servers have values of their own
    if arguments.max_output_tokens is not None:
        params["max_output_tokens"] = arguments.max_output_tokens
    if arguments.previous is not None:
        params["previous_response_id"] = arguments.previous
    elif arguments.resume_last:
        params["previous_response_id"] = last_response_id(connection.base_url)
    return params


def show_answer(
    connection: Connection, params: ResponseCreateParams, out: Output, view: View, *, usage: bool
) -> Response:
    """Send a request, show the answer while it comes, and return it.

    Raises:
        CommandFailed: There is no answer, or it is not whole; the part that came is shown.
    """
    last: StreamEvent | None = None
    stopwatch = Stopwatch()
    try:
        with connection.client.responses.create(stream=True, **params) as stream:
            for last in stream:
                stopwatch.see(last)
                view.show(last)
            response = stream.get_final_response()
            view.finish(response)
    except ResponsesClientError as error:
        if isinstance(error, StreamError) and isinstance(error.event, ErrorEvent):
            view.show(error.event)
        out.end_line()
        raise failure_of(error) from None
    except KeyboardInterrupt:
        out.end_line()
        raise
    if usage:
        print_note(stopwatch.report(response))
    problem = problem_of(response, _status_of(last))
    if problem is not None:
        out.end_line()
        raise CommandFailed(problem)
    return response


def _status_of(last: StreamEvent | None) -> str | None:
    """Return the status that the last event of a stream implies, which takes precedence over that in the event."""
    match last:
        case ResponseIncomplete():
            return "incomplete"
        case ResponseFailed():
            return "failed"
        case ResponseCancelled():
            return "cancelled"
        case _:
            return None


def keep_id(arguments: Arguments, connection: Connection, response: Response) -> None:
    """Keep the id of an answer for `--continue`, unless the user or the server keeps nothing."""
    if arguments.save and response.id and response.store is not False and not connection.is_demo:
        save_response_id(response.id, connection.base_url)
