"""`responses chat`: prompts and answers in turn, until Ctrl-D."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from .._base.overrides import override
from ..errors import RequestValidationError
from ..models import OutputTextDelta
from .answer import keep_id, request_params, show_answer
from .connection import Connection, connect
from .lines import ChatCommand, LineReader, parse_line
from .problems import failure_of
from .prompts import attachments, request_input
from .statuses import MISUSED, CommandFailed, print_note
from .terminal import Output
from .views import TextView

if TYPE_CHECKING:
    from ..models import InputList, ResponseCreateParams, StreamEvent
    from .arguments import Arguments

__all__ = ["chat"]

_GREETING = "Chat with {model}. /help lists the commands; Ctrl-D ends."
_HELP = '''\
/help          this list
/new           forget the conversation and begin another one
/model NAME    ask another model from here on
/image FILE    send an image with the next prompt, by path or URL
/file FILE     send a file with the next prompt, by path or URL
/usage         say after each answer how many tokens it took, or stop that
/quit          end, as Ctrl-D does
"""            begin and end a prompt of several lines with three quotation marks
Ctrl-C         stop an answer, or drop what was typed
A blank before the slash sends a line that looks like a command.'''


def chat(arguments: Arguments, out: Output) -> None:
    """Answer each prompt that is typed, with the conversation so far.

    Raises:
        CommandFailed: Prompts were piped to the command, and one of them had no whole answer.
    """
    connection = connect(arguments.base_url, demo=arguments.demo, is_terminal=out.is_terminal)
    lines = LineReader()
    with connection.client:
        conversation = _Conversation(arguments, connection, out)
        if lines.is_terminal:
            print_note(_GREETING.format(model=arguments.model))
        failures = 0
        while True:
            try:
                line = lines.read()
            except KeyboardInterrupt:
                print_note("")
                print_note("Ctrl-D ends the chat.")
                continue
            if line is None:
                break
            try:
                if not conversation.take(line):
                    return
            except CommandFailed as failure:
                print_note(f"error: {failure.problem}")
                failures += 1
        if lines.is_terminal:
            out.line("")
        elif failures:
            raise CommandFailed(f"{failures} of the prompts got no complete answer")


class _Conversation:
    """The state of a chat: the history, and the attachments of the next prompt."""

    def __init__(self, arguments: Arguments, connection: Connection, out: Output) -> None:
        self._arguments = arguments
        self._connection = connection
        self._out = out
        self._params = request_params(arguments, connection)
        self._history: InputList = []
        self._parts = attachments(arguments.image, arguments.file)

    def take(self, line: str) -> bool:
        """Answer a line, or carry out the command in it; return whether the chat continues.

        Raises:
            CommandFailed: There is no whole answer, or the command cannot be carried out.
        """
        given = parse_line(line)
        if isinstance(given, ChatCommand):
            return self._carry_out(given)
        if given:
            self._answer(given)
        return True

    def _carry_out(self, command: ChatCommand) -> bool:
        match command:
            case ChatCommand("quit" | "exit" | "bye", ""):
                return False
            case ChatCommand("help", _):
                print(_HELP, file=sys.stderr, flush=True)
            case ChatCommand("new", ""):
                self._history.clear()
                self._parts.clear()
                self._params.pop("previous_response_id", None)
                print_note("A new conversation.")
            case ChatCommand("model", name) if name:
                self._params["model"] = name
            case ChatCommand("image", path) if path:
                self._attach([path], [])
            case ChatCommand("file", path) if path:
                self._attach([], [path])
            case ChatCommand("usage", ""):
                self._arguments.usage = not self._arguments.usage
            case _:
                shown = " ".join(filter(None, command))
                raise CommandFailed(f"/{shown} is not a command; /help lists the commands", MISUSED)
        return True

    def _attach(self, images: list[str], files: list[str]) -> None:
        try:
            self._parts += attachments(images, files)
        except RequestValidationError as error:
            raise failure_of(error) from None
        print_note("It is sent with the next prompt.")

    def _answer(self, text: str) -> None:
        question = request_input(text, self._parts)
        said: InputList = [{"role": "user", "content": question}] if isinstance(question, str) else question
        params: ResponseCreateParams = {**self._params, "input": [*self._history, *said]}
        view = _HeardView(self._out)
        try:
            response = show_answer(self._connection, params, self._out, view, usage=self._arguments.usage)
        except (KeyboardInterrupt, CommandFailed) as error:
            if view.text:  # so that the model knows what the user has read
                self._remember([*said, {"role": "assistant", "content": view.text}])
            if isinstance(error, CommandFailed):
                raise
            print_note("Stopped.")
        else:
            self._remember([*said, *response.as_input()])
            keep_id(self._arguments, self._connection, response)
            if self._out.is_terminal:
                self._out.line("")

    def _remember(self, items: InputList) -> None:
        self._history += items
        self._parts = []


class _HeardView(TextView):
    """A view that remembers the text that was shown."""

    def __init__(self, out: Output) -> None:
        super().__init__(out)
        self.text = ""

    @override
    def show(self, event: StreamEvent) -> None:
        super().show(event)
        if isinstance(event, OutputTextDelta):
            self.text += event.delta
