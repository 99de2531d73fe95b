"""The command line: a prompt goes in; text, typed events or JSON come out as they arrive."""

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
    OutputText,
    OutputTextDelta,
    ReasoningItem,
    Refusal,
    RefusalDelta,
    ResponseCancelled,
    ResponseFailed,
    ResponseIncomplete,
)

if TYPE_CHECKING:
    from .models import OutputItem, Response, ResponseCreateParams, StreamEvent

__all__ = ["main"]

_MODEL = "gpt-5.4"
_EMBEDDED = "OPENAI_API_KEY is not set: the embedded server answers, without a model and without a network."
_SECONDS_PER_EVENT = 0.03  # of the embedded server, for somebody who watches

_OK, _FAILED, _MISUSED, _PIPE_CLOSED = 0, 1, 2, 141  # 128 + SIGPIPE, as shells report it

# What a model writes must not steer the terminal; tabs and line ends may pass.
_CONTROLS = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]"
_NAME_WIDTH = 26
_TEXT_SHOWN = 60
_NOT_SHOWN = frozenset(
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
    """Run the command with these arguments, those of the process by default; return its exit status."""
    options = _parse(argv)
    if sys.stdout is None:  # None if it was closed before the start
        _say("error: there is no standard output to write to")
        return _FAILED
    reconfigure = getattr(sys.stdout, "reconfigure", None)
    if reconfigure is not None:
        # JSON is UTF-8 whatever the terminal speaks; of a text, what it cannot show becomes a question mark.
        reconfigure(encoding="utf-8" if options.json else None, errors="replace")
    try:
        return _run(options, _Output(sys.stdout))
    except OSError as error:  # of the output: those of the network come as errors of the client
        # What is buffered cannot be written either, but the interpreter would try at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return _PIPE_CLOSED
        _say(f"error: the answer cannot be written: {error}")
        return _FAILED


class _Options(argparse.Namespace):
    prompt: str
    model: str
    instructions: str | None
    base_url: str | None
    events: bool
    json: bool


def _parse(argv: Sequence[str] | None) -> _Options:
    parser = argparse.ArgumentParser(
        prog="python -m responses_client",
        description="Send a prompt to a server of the Responses API and show the answer while it streams.",
        epilog="The server is that of OPENAI_BASE_URL and OPENAI_API_KEY; with neither, one inside this process "
        "answers. Exit status: 0 answered, 1 failed or incomplete, 2 wrong use, 130 interrupted.",
    )
    parser.add_argument(
        "prompt", nargs="?", default="-", help="what to ask; standard input if it is - or left out"
    )
    parser.add_argument("--model", default=_MODEL, help="which model answers (default: %(default)s)")
    parser.add_argument("--instructions", metavar="TEXT", help="what the model is told before the prompt")
    parser.add_argument(
        "--base-url", metavar="URL", help="where the API is, such as http://localhost:8000/v1"
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument(
        "--events", action="store_true", help="show the typed events in place of the text alone"
    )
    form.add_argument(
        "--json", action="store_true", help="write each event as it came, one line of JSON each"
    )
    parser.add_argument("--version", action="version", version=f"responses-client {__version__}")
    options = parser.parse_args(argv, namespace=_Options())
    if options.prompt == "-":
        if sys.stdin.isatty():
            parser.error("there is no prompt: pass one, or pipe one in")
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
            _client(options.base_url, paced=out.is_terminal) as client,
            client.responses.create(stream=True, **params) as stream,
        ):
            for last in stream:
                view.show(last)
            view.finish(stream.get_final_response())
    except ResponsesClientError as error:
        if isinstance(error, StreamError) and isinstance(error.event, ErrorEvent):
            view.show(error.event)
        return _complain(out, str(error), error)
    except KeyboardInterrupt:
        out.end_line()
        raise
    problem = _problem(last)
    return _complain(out, problem) if problem else _OK


def _client(base_url: str | None, *, paced: bool) -> Client:
    settings = resolve()
    if base_url is None and settings.api_key is None and settings.base_url == DEFAULT_BASE_URL:
        from .testing import Server

        _say(_EMBEDDED)
        return Server().delay(per_event=_SECONDS_PER_EVENT if paced else 0.0).client()
    # Servers at other addresses mostly want no key; one that does answers so.
    headers = {"Authorization": None} if settings.api_key is None else None
    return Client(base_url=base_url, default_headers=headers)


def _problem(last: StreamEvent | None) -> str | None:
    """Say what is wrong with how the response ended; None if nothing is."""
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


def _complain(out: _Output, problem: str, error: Exception | None = None) -> int:
    out.end_line()
    _say(f"error: {problem}")
    return _MISUSED if isinstance(error, (ConfigurationError, RequestValidationError)) else _FAILED


def _say(text: str) -> None:
    print(" ".join(text.split()), file=sys.stderr, flush=True)


class _Output:
    """Standard output, flushed with each write, so that one sees the answer stream."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._is_in_line = False
        self.is_terminal = stream.isatty()

    def write(self, text: str) -> None:
        if text:
            self._is_in_line = not text.endswith("\n")  # first, for an interrupt right after the text is out
            self._stream.write(re.sub(_CONTROLS, "\ufffd", text) if self.is_terminal else text)
            self._stream.flush()

    def line(self, text: str) -> None:
        self.end_line()
        self.write(f"{text}\n")

    def end_line(self) -> None:
        if self._is_in_line:
            self.write("\n")


class _View(Protocol):
    def show(self, event: StreamEvent) -> None:
        """Show an event as soon as it came."""
        ...

    def finish(self, response: Response) -> None:
        """Show what no event has shown."""
        ...


class _JsonView:
    def __init__(self, out: _Output) -> None:
        self._out = out

    def show(self, event: StreamEvent) -> None:
        self._out.line(event.to_json())

    def finish(self, response: Response) -> None:
        pass


class _TextView:
    """The text as it comes, and a line for each call of a tool."""

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
                self._out.line(_call(item))
            case _:
                pass

    def finish(self, response: Response) -> None:
        parts = [part for item in response.output if isinstance(item, OutputMessage) for part in item.content]
        refusals = [part.refusal for part in parts if isinstance(part, Refusal)]
        if not self._has_text:  # some servers send only the whole
            text = "".join([part.text for part in parts if isinstance(part, OutputText)] + refusals)
            self._out.write(text)
            if not response.output:
                _say("The answer is empty.")
        self._out.end_line()
        if refusals:
            _say("The model refused to answer.")


def _call(item: OutputItem) -> str:
    match item:
        case FunctionCall(name=name, arguments=given) | CustomToolCall(name=name, input=given):
            return f"[{name}({given})]"
        case _:
            return f"[{item.type}]"


class _EventView:
    """A line for each event; successive pieces of a text share one, so that it reads while it streams."""

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
    values = {name: value for name, value in event if name not in _NOT_SHOWN and name not in event.tags}
    return ", ".join(f"{name}: {_brief(value)}" for name, value in values.items() if value not in (None, []))


def _brief(value: object) -> str:
    if isinstance(value, Model):
        status = getattr(value, "status", None)
        return f"{type(value).__name__} ({status})" if status else type(value).__name__
    shown = repr(value)
    return shown if len(shown) <= _TEXT_SHOWN else f"{shown[: _TEXT_SHOWN - 1]}…"
