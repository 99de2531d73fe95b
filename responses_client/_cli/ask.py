"""`responses PROMPT`: one prompt and its answer."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ..models._answer import answer_messages, refusal_of
from .answer import keep_id, request_params, show_answer
from .connection import connect
from .prompts import attachments, prompt_text, request_input
from .schemas import read_format
from .statuses import CommandFailed
from .terminal import Output
from .views import EventView, JsonView, TextView, View

if TYPE_CHECKING:
    from ..models import Response
    from .arguments import Arguments

__all__ = ["ask"]


def ask(arguments: Arguments, out: Output) -> None:
    """Send the prompt and show the answer.

    Raises:
        CommandFailed: There is no answer, or not a whole one.
        ResponsesClientError: An argument or a setting cannot work; nothing was sent.
    """
    connection = connect(arguments.base_url, demo=arguments.demo, is_terminal=out.is_terminal)
    with connection.client:
        text = prompt_text(arguments.text)
        params = request_params(arguments, connection)
        params["input"] = request_input(text, attachments(arguments.image, arguments.file))
        if arguments.schema is not None:
            params["text"] = {"format": read_format(arguments.schema)}
        if arguments.background:
            params["background"] = True
            response = connection.client.responses.create(**params)
            out.line(response.to_json() if arguments.json else response.id)
        else:
            view = _view(arguments, out)
            response = show_answer(connection, params, out, view, usage=arguments.usage)
        keep_id(arguments, connection, response)
        if arguments.schema is not None and not arguments.background:
            _check_data(response)


def _view(arguments: Arguments, out: Output) -> View:
    if arguments.json:
        return JsonView(out)
    if arguments.events:
        return EventView(out)
    return TextView(out, is_data=arguments.schema is not None)


def _check_data(response: Response) -> None:
    """Raise an error if the answer is not JSON, so that no script takes it for data."""
    refusal = "".join(map(refusal_of, answer_messages(response.output)))
    if refusal:
        raise CommandFailed(f"the model refused to answer: {refusal}")
    try:
        json.loads(response.output_text)
    except (ValueError, RecursionError) as error:
        raise CommandFailed(f"the answer is not valid JSON: {error}") from None
