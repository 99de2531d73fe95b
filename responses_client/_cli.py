"""The command line: sends a prompt, and prints the answer as text, typed events or JSON while it streams."""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol, TextIO

from ._calls.settings import DEFAULT_BASE_URL, resolve
from ._client import Client
from ._version import __version__
from .errors import ConfigurationError, RequestValidationError, ResponsesClientError, StreamError
from .models import (
    CustomToolCall,
    ErrorEvent,
    FunctionCall,
    Model,
    OutputItemDone,
    OutputMessage,
    OutputTextDelta,
    ReasoningItem,
    RefusalDelta,
    ResponseCancelled,
    ResponseFailed,
    ResponseIncomplete,
)
from .models._answer import answer_messages, refusal_of

if TYPE_CHECKING:
    from .models import OutputItem, Response, ResponseCreateParams, StreamEvent

__all__ = ["main"]

_DEFAULT_MODEL = "gpt-5.4"
_EMBEDDED_NOTICE = "OPENAI_API_KEY is not set: the embedded server answers, without a model or a network."
_EVENT_DELAY_SECONDS = 0.03  # of the embedded server, so that its answer is seen to stream

_OK, _FAILED, _MISUSED, _PIPE_CLOSED = 0, 1, 2, 141  # 128 + SIGPIPE, as shells report it

# A model's text could steer the terminal by escape sequences. Tabs and line breaks are harmless; C1 controls
# (U+0080 to U+009F) are not, because many terminals read them like ESC and a letter (ECMA-48, 5.3).
_CONTROL_CHARACTERS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
_NAME_WIDTH = 26
_MAX_VALUE_CHARS = 60
_HIDDEN_FIELDS = frozenset(
    {
        "content_index",
        "item_id",
        "logprobs",
        "obfuscation",
        "output_index",
        "sequence_number",
        "summary_index",
    }
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command with `argv` (by default the arguments of the process), and return its exit status."""
    options = _parse_arguments(argv)
    if sys.stdout is None:  # closed before the process started
        _print_to_stderr("error: there is no standard output to write to")
        return _FAILED
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        # JSON is UTF-8 in any locale (RFC 8259, 8.1). In plain text, a character that the terminal cannot show
        # becomes a question mark.
        reconfigure(encoding="utf-8" if options.json else None, errors="replace")
    try:
        return _run(options, _Output(sys.stdout))
    except OSError as error:  # while writing: the client turns those of the network into errors of its own
        # At exit, the interpreter would try to write the rest of the buffer, and print a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return _PIPE_CLOSED
        _print_to_stderr(f"error: the answer cannot be written: {error}")
        return _FAILED


class _Options(argparse.Namespace):
    prompt: str
    model: str
    instructions: str | None
    base_url: str | None
    events: bool
    json: bool


def _utf8(text: str) -> str:
    """Return an argument as UTF-8 text, which Python does not decode where the locale is C and UTF-8 mode is off."""
    if not re.search("[\ud800-\udfff]", text):
        return text
    try:
        return os.fsencode(text).decode()
    except UnicodeError:
        raise argparse.ArgumentTypeError(f"must be UTF-8 text, got {text!a}") from None


def _parse_arguments(argv: Sequence[str] | None) -> _Options:
    parser = argparse.ArgumentParser(
        prog="python -m responses_client",
        description="Send a prompt to a server of the Responses API and print the answer while it streams.",
        epilog="OPENAI_BASE_URL and OPENAI_API_KEY name the server and the key; if neither is set, an embedded "
        "server answers. Exit status: 0 completed, 1 failed or incomplete, 2 wrong usage, 130 interrupted.",
    )
    parser.add_argument(
        "prompt",
        nargs="?",
        type=_utf8,
        default="-",
        help="the prompt; read from standard input if it is - or omitted",
    )
    parser.add_argument(
        "--model", type=_utf8, default=_DEFAULT_MODEL, help="the model to use (default: %(default)s)"
    )
    parser.add_argument(
        "--instructions", metavar="TEXT", type=_utf8, help="instructions that precede the prompt"
    )
    parser.add_argument(
        "--base-url",
        metavar="URL",
        type=_utf8,
        help="the address of the API, such as http://localhost:8000/v1",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--events", action="store_true", help="print typed events instead of text")
    form.add_argument(
        "--json", action="store_true", help="print each event as received, one line of JSON each"
    )
    parser.add_argument("--version", action="version", version=f"responses-client {__version__}")
    options = parser.parse_args(argv, namespace=_Options())
    if options.prompt == "-":
        if sys.stdin.isatty():
            parser.error("there is no prompt: pass one as an argument or on standard input")
        try:
            options.prompt = sys.stdin.buffer.read().decode("utf-8-sig")
        except (OSError, UnicodeError) as error:
            parser.error(f"standard input cannot be read as UTF-8 text: {error}")
    if not options.prompt.strip():
        parser.error("the prompt is empty")
    return options


def _run(options: _Options, out: _Output) -> int:
    view: _View = _JsonView(out) if options.json else _EventView(out) if options.events else _TextView(out)
    params: ResponseCreateParams = {"model": options.model, "input": options.prompt}
    if options.instructions is not None:
        params["instructions"] = options.instructions
    last: StreamEvent | None = None
    try:
        with (
            _make_client(options.base_url, paced=out.is_terminal) as client,
            client.responses.create(stream=True, **params) as stream,
        ):
            for last in stream:
                view.show(last)
            view.finish(stream.get_final_response())
    except ResponsesClientError as error:
        if isinstance(error, StreamError) and isinstance(error.event, ErrorEvent):
            view.show(error.event)
        return _report(out, str(error), error)
    except KeyboardInterrupt:
        out.end_line()
        raise
    problem = _problem_of(last)
    return _report(out, problem) if problem else _OK


def _make_client(base_url: str | None, *, paced: bool) -> Client:
    settings = resolve()
    if base_url is None and settings.api_key is None and settings.base_url == DEFAULT_BASE_URL:
        from .testing import Server

        _print_to_stderr(_EMBEDDED_NOTICE)
        return Server().delay(per_event=_EVENT_DELAY_SECONDS if paced else 0.0).client()
    # Most servers at other addresses need no key; one that does answers 401. None keeps the header from being sent.
    headers = {"Authorization": None} if settings.api_key is None else None
    return Client(base_url=base_url, default_headers=headers)


def _problem_of(last: StreamEvent | None) -> str | None:
    """Return the reason why a response is not complete, None if it is; `last` is its last event."""
    unknown = "the server does not say why"
    match last:
        case ResponseIncomplete(response=response):
            details = response.incomplete_details
            return f"the answer is incomplete: {(details and details.reason) or unknown}"
        case ResponseFailed(response=response):
            failure = response.error
            code = f" ({failure.code})" if failure and failure.code else ""
            return f"the response failed: {(failure and failure.message) or unknown}{code}"
        case ResponseCancelled():
            return "the response was cancelled"
        case _:
            return None


def _report(out: _Output, problem: str, error: Exception | None = None) -> int:
    out.end_line()
    _print_to_stderr(f"error: {problem}")
    return _MISUSED if isinstance(error, (ConfigurationError, RequestValidationError)) else _FAILED


def _print_to_stderr(text: str) -> None:
    print(" ".join(text.split()), file=sys.stderr, flush=True)


class _Output:
    """Standard output, flushed after each write so that the answer is seen to stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_in_line = False
        self.is_terminal = stream.isatty()

    def write(self, text: str) -> None:
        if text:
            # Set before writing: an interrupt right after it ends the line.
            self._is_in_line = not text.endswith("\n")
            self._stream.write(re.sub(_CONTROL_CHARACTERS, "\ufffd", text) if self.is_terminal else text)
            self._stream.flush()

    def line(self, text: str) -> None:
        self.end_line()
        self.write(f"{text}\n")

    def end_line(self) -> None:
        if self._is_in_line:
            self.write("\n")


class _View(Protocol):
    def show(self, event: StreamEvent) -> None:
        """Print an event as soon as it is received."""
        ...

    def finish(self, response: Response) -> None:
        """Print the parts of the response that no event contained."""
        ...


class _JsonView:
    def __init__(self, out: _Output) -> None:
        self._out = out

    def show(self, event: StreamEvent) -> None:
        self._out.line(event.to_json())

    def finish(self, response: Response) -> None:
        pass


class _TextView:
    """The text as it is received, and a line for each tool call."""

    def __init__(self, out: _Output) -> None:
        self._out = out
        self._has_text = False

    def show(self, event: StreamEvent) -> None:
        match event:
            case OutputTextDelta() | RefusalDelta():
                self._out.write(event.delta)
                self._has_text = True
            case OutputItemDone(item=OutputMessage() | ReasoningItem()):
                self._out.end_line()
            case OutputItemDone(item=item):
                self._out.line(_call_line(item))
            case _:
                pass

    def finish(self, response: Response) -> None:
        refusal = "".join(map(refusal_of, answer_messages(response.output)))
        if not self._has_text:  # some servers send no deltas, only the final response
            self._out.write(response.output_text + refusal)
            if not response.output:
                _print_to_stderr("The answer is empty.")
        self._out.end_line()
        if refusal:
            _print_to_stderr("The model refused to answer.")


def _call_line(item: OutputItem) -> str:
    match item:
        case FunctionCall(name=name, arguments=given) | CustomToolCall(name=name, input=given):
            return f"[{name}({given})]"
        case _:
            return f"[{item.wire_type}]"


class _EventView:
    """A line for each event; successive deltas of the same type share one, so that the text can be read."""

    def __init__(self, out: _Output) -> None:
        self._out = out
        self._name = ""
        self._count = 0

    def show(self, event: StreamEvent) -> None:
        name = type(event).__name__
        piece = getattr(event, "delta", None)
        if name != self._name or not isinstance(piece, str):
            self._end_run()
        if not isinstance(piece, str):
            self._out.line(f"{name:<{_NAME_WIDTH}} {_details(event)}".rstrip())
            return
        if not self._count:
            self._out.write(f"{name:<{_NAME_WIDTH}} ")
        self._out.write("".join(c if c.isprintable() else repr(c)[1:-1] for c in piece))
        self._name = name
        self._count += 1

    def finish(self, response: Response) -> None:
        self._end_run()

    def _end_run(self) -> None:
        if self._count:
            self._out.write(f"  ({self._count} event{'s' if self._count > 1 else ''})\n")
            self._count = 0


def _details(event: Model) -> str:
    values = {name: value for name, value in event if name not in _HIDDEN_FIELDS and name not in event.tags}
    return ", ".join(
        f"{name}: {_shorten(value)}" for name, value in values.items() if value not in (None, [])
    )


def _shorten(value: object) -> str:
    if isinstance(value, Model):
        status = getattr(value, "status", None)
        return f"{type(value).__name__} ({status})" if status else type(value).__name__
    shown = repr(value)
    return shown if len(shown) <= _MAX_VALUE_CHARS else f"{shown[: _MAX_VALUE_CHARS - 1]}…"
