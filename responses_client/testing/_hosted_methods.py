"""The methods with which tests script calls of hosted tools, and the items that come with them."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal, Self

from ._argument_checks import check_count
from ._hosted_calls import (
    PIXEL,
    CodeCall,
    ComputerCall,
    FileSearchCall,
    ImageCall,
    LocalShellCall,
    McpCall,
    PatchCall,
    ShellCall,
    ToolSearchCall,
    WebSearchCall,
)
from ._output_items import as_text
from ._script_queue import Entry
from ._store import Store

if TYPE_CHECKING:
    from responses_client.models import ComputerActionParam, SafetyCheckParam


class HostedToolMethods:
    """The methods that script calls of the tools which the API knows by their types.

    The request must declare the tool: if it does not, it is an `UnexpectedRequest`, as with `expect`.
    """

    _store: Store

    # --- tools that the API executes: the next answer follows in the same response

    def run_code(self, code: str, *, output: str = "", images: Sequence[str] = ()) -> Self:
        """Call the code interpreter, and continue with the next answer in the same response.

            server.run_code("print(1 + 1)", output="2\\n").reply("The sum is 2.")

        `images` are the URLs of the images that the code makes. As in the API, the call has its outputs only if
        the request includes `code_interpreter_call.outputs`.
        """
        return self._add(CodeCall(code, output, tuple(images)))

    def generate_image(self, image: bytes | str | None = None, *, revised_prompt: str | None = None) -> Self:
        """Generate an image, and continue with the next answer in the same response.

            server.generate_image(Path("cat.png").read_bytes(), revised_prompt="A cat.").reply("Here it is.")

        `image` is its bytes, or a string with them in base64; by default it is a PNG of one pixel. The other
        fields follow from the settings of the tool. In a stream, there are as many previews as the tool has
        `partial_images`, and each is the whole image.
        """
        encoded = base64.b64encode(image).decode() if isinstance(image, bytes) else image
        return self._add(ImageCall(PIXEL if encoded is None else encoded, revised_prompt))

    def call_mcp(
        self,
        server_label: str,
        name: str,
        arguments: Mapping[str, Any] | str = "{}",
        *,
        output: str | None = None,
        error: str | None = None,
    ) -> Self:
        """Call a tool of an MCP server, and continue with the next answer in the same response.

            server.call_mcp("docs", "search", {"query": "limits"}, output="Page 7").reply("See page 7.")

        If `require_approval` of the request's tool demands it, as by default, the response ends with a request
        for approval. The response to the approval then begins with the call. If the client denies it, there is
        no call. The first call on a server comes after the list of its tools.

        `output` is the text that the tool returns, empty by default, and `error` that of its failure.

        Raises:
            ValueError: Both `output` and `error` are given.
        """
        if output is not None and error is not None:
            raise ValueError("call_mcp takes output or error, not both.")
        written = arguments if isinstance(arguments, str) else as_text(arguments)
        return self._add(McpCall(server_label, name, written, output, error))

    def search_web(self, *queries: str, urls: Sequence[str] = ()) -> Self:
        """Search the web, and continue with the next answer in the same response.

            server.search_web("snow in Oslo", urls=["https://example.com/snow"]).reply("It snows.")

        As in the API, the call has `urls` as its sources only if the request includes
        `web_search_call.action.sources`.

        Raises:
            ValueError: There is no query.
        """
        return self._add(WebSearchCall(_some(queries, "search_web"), tuple(urls)))

    def search_files(self, *queries: str, results: Sequence[Mapping[str, Any]] = ()) -> Self:
        """Search files, and continue with the next answer in the same response.

            found = {"file_id": "file-1", "filename": "a.txt", "score": 0.9, "text": "Tea at 4."}
            server.search_files("tea", results=[found]).reply("At four o'clock.")

        As in the API, the call has `results` only if the request includes `file_search_call.results`.

        Raises:
            ValueError: There is no query.
        """
        return self._add(FileSearchCall(_some(queries, "search_files"), tuple(map(dict, results))))

    def search_tools(self, arguments: Mapping[str, Any]) -> Self:
        """Search among the tools of the request, and continue with the next answer in the same response.

            server.search_tools({"paths": ["get_weather"]}).call_tool("get_weather", {"city": "Paris"})

        The search finds the tools whose names are in `paths`. If `execution` of the request's tool is `client`,
        the client executes the search, and the next answer is for the request with its output.
        """
        return self._add(ToolSearchCall(dict(arguments)))

    # --- tools that the client executes: the next answer is for the request with the output

    def run_shell(
        self,
        commands: str | Sequence[str],
        *,
        output: str | Sequence[str] | None = None,
        exit_code: int = 0,
        timeout_ms: int | None = None,
        max_output_length: int | None = None,
    ) -> Self:
        """Call the tool `shell` with one command or several.

            server.run_shell("ls").reply("There are two files.")
            server.run_shell(["cd /", "ls"], output=["", "etc\\nusr\\n"]).reply("There are two directories.")

        If the shell of the request is local, the client executes the commands, and the next answer is for the
        request with their output. If it has a container, the API does: `output` is the standard output, of each
        command if it is a sequence, and the next answer follows in the same response. A request whose shell has
        no container is unexpected if `output` is given.

        Raises:
            ValueError: There is no command, or there are not as many outputs as commands.
        """
        given = _some((commands,) if isinstance(commands, str) else tuple(commands), "run_shell")
        outputs = (output,) if isinstance(output, str) else None if output is None else tuple(output)
        if outputs is not None and len(outputs) != len(given):
            raise ValueError(
                f"run_shell needs an output for each of {len(given)} commands, got {len(outputs)}."
            )
        return self._add(ShellCall(given, outputs, exit_code, timeout_ms, max_output_length))

    def run_local_shell(
        self,
        command: Sequence[str],
        *,
        env: Mapping[str, str] | None = None,
        working_directory: str | None = None,
        timeout_ms: int | None = None,
        user: str | None = None,
    ) -> Self:
        """Call the tool `local_shell` with a command; the next answer is for the request with its output.

            server.run_local_shell(["ls", "-a"], working_directory="/tmp").reply("It is empty.")

        Raises:
            ValueError: The command is empty.
        """
        settings = {"working_directory": working_directory, "timeout_ms": timeout_ms, "user": user}
        action = {name: value for name, value in settings.items() if value is not None}
        given = _some(tuple(command), "run_local_shell")
        return self._add(LocalShellCall(given, {"env": dict(env or {}), **action}))

    def patch(
        self,
        path: str,
        diff: str | None = None,
        *,
        operation: Literal["create_file", "update_file", "delete_file"] = "update_file",
    ) -> Self:
        """Call the tool `apply_patch`; the next answer is for the request with its output.

            server.patch("a.txt", "@@\\n-tea\\n+jam\\n").reply("Now there is jam.")
            server.patch("b.txt", operation="delete_file").reply("It is gone.")

        Raises:
            ValueError: A file is deleted with a `diff`, or created or updated without one.
        """
        if (operation == "delete_file") is not (diff is None):
            raise ValueError(f"patch with {operation!r} takes {'a' if diff is None else 'no'} diff.")
        change = {"type": operation, "path": path}
        return self._add(PatchCall(change if diff is None else {**change, "diff": diff}))

    def use_computer(
        self, *actions: ComputerActionParam, safety_checks: Sequence[SafetyCheckParam] = ()
    ) -> Self:
        """Call the tool `computer`; the next answer is for the request with the screenshot.

            server.use_computer({"type": "click", "button": "left", "x": 10, "y": 20}).reply("I clicked.")

        Without actions, it is `{"type": "screenshot"}`. With one action, the tool may also be
        `computer_use_preview`. `safety_checks` are those that the client must acknowledge.
        """
        acts: tuple[dict[str, Any], ...] = tuple(map(dict, actions)) or ({"type": "screenshot"},)
        return self._add(ComputerCall(acts, tuple(map(dict, safety_checks))))

    # --- several answers in one response

    def together(self, answers: int) -> Self:
        """Give the next answers in one response, as many as `answers`.

            server.together(2).run_shell("ls").call_tool("get_weather", {"city": "Paris"}).reply("Done.")

        This is for several calls at once that the client must answer, and for a text before a call. Calls that
        the API executes itself need it not.

        Raises:
            ValueError: `answers` is less than 2.
        """
        with self._store.lock:
            self._store.script.join(check_count("answers", answers, minimum=2))
        return self

    def _add(self, scripted: Entry) -> Self:
        with self._store.lock:
            self._store.script.add(scripted)
        return self


def _some(values: tuple[str, ...], method: str) -> tuple[str, ...]:
    """Return strings, of which there must be at least one."""
    if not values:
        what = {"search_web": "query", "search_files": "query"}.get(method, "command")
        raise ValueError(f"{method} needs at least one {what}.")
    return values
