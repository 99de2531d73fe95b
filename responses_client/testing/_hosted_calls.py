"""Calls of hosted tools: their items for a request, with the results of those that the API executes itself.

A call is played for a tool that the request declares, because the tool decides about it: in which container code
runs, whether commands run at the API or at the client, whether an MCP call needs approval. A call that `waits`
ends the response; the client answers it in the next request.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from ._declared_tools import COMPUTERS, NeededTool, declared_tools, selects
from ._ids import Ids
from ._json_types import JSONObject, as_object, is_array, is_object, objects
from ._request_input import includes
from ._schema_checks import types_of

# A PNG of one pixel, in base64.
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
WEB_SEARCHES = tuple(kind for kind in types_of("Tool") if kind.startswith("web_search"))


@dataclass(slots=True)
class Turn:
    """A response in the making: its request, all items so far, the ids of its items, and the planned MCP calls.

    `items` are those of the conversation before the response, and those that it already has. `planned` has the
    calls that wait for an approval, by the id of the request for it. `find_in_files` searches the vector stores of
    a tool; it returns None if the server does not have them.
    """

    request: JSONObject
    items: list[JSONObject]
    ids: Ids
    planned: dict[str, McpCall] = field(default_factory=dict[str, "McpCall"])
    find_in_files: Callable[[JSONObject, str], list[JSONObject] | None] = lambda tool, query: None
    _container: str = ""

    def play(self, call: HostedCall) -> list[JSONObject]:
        """Return the items of a call, and add them to those so far."""
        items = call.items(call.tool_among(declared_tools(self.request, self.items)), self)
        self.items += items
        return items

    def play_approved(self) -> list[JSONObject]:
        """Return the planned MCP calls that the client has approved and that were not yet made."""
        made = {item.get("approval_request_id") for item in self.items if item.get("type") == "mcp_call"}
        approved = [
            str(item.get("approval_request_id"))
            for item in self.items
            if item.get("type") == "mcp_approval_response" and item.get("approve") is True
        ]
        calls = [self.planned[id].made(self, id) for id in approved if id in self.planned and id not in made]
        self.items += calls
        return calls

    def container(self, given: Any) -> str:
        """Return the id of a container: the given id, or that of the one which this response creates."""
        if isinstance(given, str):
            return given
        if not self._container:
            self._container = self.ids.new("cntr")
        return self._container


class HostedCall(ABC):
    """A call of a tool that the API knows by its type; `needed` is the one that the request must declare."""

    default_type: ClassVar[str]

    @property
    def needed(self) -> NeededTool:
        """The tool that a request must declare for this call."""
        return _of_type(self.default_type)

    def tool_among(self, tools: Sequence[JSONObject]) -> JSONObject:
        """Return the tool of the call among some tools, or one without settings if a request need not show it."""
        return self.needed.find(tools) or {"type": self.default_type}

    def waits(self, tool: JSONObject) -> bool:
        """Whether the client must answer the call, or approve it, before the model continues."""
        return False

    @abstractmethod
    def items(self, tool: JSONObject, turn: Turn) -> list[JSONObject]:
        """Return the items of the call for the tool of a request."""


def _of_type(*types: str) -> NeededTool:
    return NeededTool(types, f"a tool of type {' or '.join(map(repr, types))}")


# --- tools that the API executes


@dataclass(frozen=True, slots=True)
class CodeCall(HostedCall):
    """Code in the code interpreter, with its output and the URLs of the images that it made."""

    default_type: ClassVar[str] = "code_interpreter"
    code: str
    output: str = ""
    images: tuple[str, ...] = ()

    def items(self, tool: JSONObject, turn: Turn) -> list[JSONObject]:
        outputs: list[JSONObject] = [{"type": "logs", "logs": self.output}] if self.output else []
        outputs += [{"type": "image", "url": url} for url in self.images]
        item = {
            "id": turn.ids.new("ci"),
            "type": "code_interpreter_call",
            "status": "completed",
            "code": self.code,
            "container_id": turn.container(tool.get("container")),
            "outputs": outputs if includes(turn.request, "code_interpreter_call.outputs") else None,
        }
        return [item]


@dataclass(frozen=True, slots=True)
class ImageCall(HostedCall):
    """An image, in base64; this call decides all that the tool leaves open, as a model would."""

    default_type: ClassVar[str] = "image_generation"
    image: str = PIXEL
    revised_prompt: str | None = None

    def items(self, tool: JSONObject, turn: Turn) -> list[JSONObject]:
        chosen = {
            name: default if tool.get(name) in (None, "auto") else tool[name]
            for name, default in (
                ("background", "opaque"),
                ("output_format", "png"),
                ("quality", "medium"),
                ("size", "1024x1024"),
            )
        }
        item = {"id": turn.ids.new("ig"), "type": "image_generation_call", "status": "completed"}
        action = tool.get("action") if tool.get("action") == "edit" else "generate"
        prompt = self.revised_prompt
        return [{**item, "action": action, **chosen, "result": self.image, "revised_prompt": prompt}]


@dataclass(frozen=True, slots=True)
class McpCall(HostedCall):
    """A call of a tool of an MCP server, with its output or the text of its error."""

    default_type: ClassVar[str] = "mcp"
    server_label: str
    name: str
    arguments: str = "{}"
    output: str | None = None
    error: str | None = None

    @property
    def needed(self) -> NeededTool:
        """The tool of this server label, unless its `allowed_tools` exclude the name."""
        words = f"a tool of type 'mcp' with server_label {self.server_label!r} that allows {self.name!r}"
        return NeededTool((self.default_type,), words, self._is_on)

    def _is_on(self, server: JSONObject) -> bool:
        allowed = server.get("allowed_tools")
        has_names = is_array(allowed) or "tool_names" in as_object(allowed)
        return server.get("server_label") == self.server_label and (
            not has_names or selects(allowed, self.name)
        )

    def waits(self, tool: JSONObject) -> bool:
        """Whether the tool requires an approval of this call, which is the default of the API."""
        rule = tool.get("require_approval")
        if not is_object(rule):
            return rule != "never"
        if selects(rule.get("never"), self.name):
            return False
        return selects(rule.get("always"), self.name) or "always" not in rule

    def items(self, tool: JSONObject, turn: Turn) -> list[JSONObject]:
        items = [] if self._is_listed(turn) else [self._listing(tool, turn)]
        if not self.waits(tool):
            return [*items, self.made(turn, None)]
        asked = {"id": turn.ids.new("mcpr"), "type": "mcp_approval_request", **self._facts()}
        turn.planned[asked["id"]] = self
        return [*items, asked]

    def made(self, turn: Turn, approval_request_id: str | None) -> JSONObject:
        """Return the item of the call with its outcome, after its approval if it needed one."""
        error = self.error and {
            "type": "mcp_tool_execution_error",
            "content": [{"type": "text", "text": self.error}],
        }
        return {
            "id": turn.ids.new("mcp"),
            "type": "mcp_call",
            "status": "failed" if error else "completed",
            "approval_request_id": approval_request_id,
            **self._facts(),
            "error": error,
            "output": None if error else self.output or "",
        }

    def _facts(self) -> JSONObject:
        return {"arguments": self.arguments, "name": self.name, "server_label": self.server_label}

    def _is_listed(self, turn: Turn) -> bool:
        """Whether the conversation already has the tools of the server."""
        return any(
            item.get("type") == "mcp_list_tools" and item.get("server_label") == self.server_label
            for item in turn.items
        )

    def _listing(self, tool: JSONObject, turn: Turn) -> JSONObject:
        allowed: Any = tool.get("allowed_tools")
        names = allowed if is_array(allowed) else as_object(allowed).get("tool_names")
        found = [
            {"name": name, "description": None, "input_schema": {"type": "object"}, "annotations": None}
            for name in dict.fromkeys([self.name, *(names if is_array(names) else ())])
        ]
        id = turn.ids.new("mcpl")
        return {"id": id, "type": "mcp_list_tools", "server_label": self.server_label, "tools": found}


@dataclass(frozen=True, slots=True)
class WebSearchCall(HostedCall):
    """A search of the web, with its queries and the URLs that it found."""

    default_type: ClassVar[str] = "web_search"
    queries: tuple[str, ...]
    urls: tuple[str, ...] = ()

    @property
    def needed(self) -> NeededTool:
        """A tool for searches of the web, of any version."""
        return NeededTool(WEB_SEARCHES, "a tool of type 'web_search'")

    def items(self, tool: JSONObject, turn: Turn) -> list[JSONObject]:
        action: JSONObject = {"type": "search", "query": self.queries[0], "queries": [*self.queries]}
        if includes(turn.request, "web_search_call.action.sources"):
            action["sources"] = [{"type": "url", "url": url} for url in self.urls]
        item = {"id": turn.ids.new("ws"), "type": "web_search_call", "status": "completed"}
        return [{**item, "action": action}]


@dataclass(frozen=True, slots=True)
class FileSearchCall(HostedCall):
    """A search of files, with its queries and its results."""

    default_type: ClassVar[str] = "file_search"
    queries: tuple[str, ...]
    results: tuple[JSONObject, ...] = ()

    def items(self, tool: JSONObject, turn: Turn) -> list[JSONObject]:
        results = [*self.results] if includes(turn.request, "file_search_call.results") else None
        item = {"id": turn.ids.new("fs"), "type": "file_search_call", "status": "completed"}
        return [{**item, "queries": [*self.queries], "results": results}]


@dataclass(frozen=True, slots=True)
class ToolSearchCall(HostedCall):
    """A search for tools, at the client, or at the API, which finds those named in `paths`."""

    default_type: ClassVar[str] = "tool_search"
    arguments: JSONObject

    def waits(self, tool: JSONObject) -> bool:
        """Whether the client executes the search."""
        return tool.get("execution") == "client"

    def items(self, tool: JSONObject, turn: Turn) -> list[JSONObject]:
        call_id = turn.ids.new("call", 24) if self.waits(tool) else None
        execution = "client" if self.waits(tool) else "server"
        common = {"status": "completed", "call_id": call_id, "execution": execution}
        id = turn.ids.new("tsc")
        call = {"id": id, "type": "tool_search_call", **common, "arguments": self.arguments}
        if self.waits(tool):
            return [call]
        paths: Any = self.arguments.get("paths")
        tools = [each for each in objects(turn.request.get("tools")) if each.get("name") in (paths or ())]
        return [call, {"id": turn.ids.new("tso"), "type": "tool_search_output", **common, "tools": tools}]


# --- tools that the client executes


def has_container(shell: JSONObject) -> bool:
    """Whether a tool of type `shell` has a container, in which the API executes the commands."""
    return as_object(shell.get("environment")).get("type") not in (None, "local")


@dataclass(frozen=True, slots=True)
class ShellCall(HostedCall):
    """Commands of the tool `shell`: for the client, or in a container of the API with `outputs`."""

    default_type: ClassVar[str] = "shell"
    commands: tuple[str, ...]
    outputs: tuple[str, ...] | None = None
    exit_code: int = 0
    timeout_ms: int | None = None
    max_output_length: int | None = None

    @property
    def needed(self) -> NeededTool:
        """A shell, which has a container if this call has outputs."""
        if self.outputs is None:
            return _of_type(self.default_type)
        return NeededTool((self.default_type,), "a tool of type 'shell' with a container", has_container)

    def waits(self, tool: JSONObject) -> bool:
        """Whether the shell has no container of the API, so that the client executes the commands."""
        return not has_container(tool)

    def items(self, tool: JSONObject, turn: Turn) -> list[JSONObject]:
        environment: JSONObject = {"type": "local"}
        if has_container(tool):
            id = turn.container(as_object(tool.get("environment")).get("container_id"))
            environment = {"type": "container_reference", "container_id": id}
        call: JSONObject = {
            "id": turn.ids.new("sh"),
            "type": "shell_call",
            "status": "completed",
            "action": {
                "commands": [*self.commands],
                "max_output_length": self.max_output_length,
                "timeout_ms": self.timeout_ms,
            },
            "call_id": turn.ids.new("call", 24),
            "environment": environment,
        }
        return [call, self._output(call["call_id"], turn)] if has_container(tool) else [call]

    def _output(self, call_id: str, turn: Turn) -> JSONObject:
        outcome = {"type": "exit", "exit_code": self.exit_code}
        written = self.outputs or ("",) * len(self.commands)
        return {
            "id": turn.ids.new("sho"),
            "type": "shell_call_output",
            "status": "completed",
            "call_id": call_id,
            "max_output_length": self.max_output_length,
            "output": [{"outcome": outcome, "stderr": "", "stdout": text} for text in written],
        }


class ClientCall(HostedCall):
    """A call that only the client can answer."""

    def waits(self, tool: JSONObject) -> bool:
        """Whether the client must answer the call, which is always so."""
        return True


@dataclass(frozen=True, slots=True)
class LocalShellCall(ClientCall):
    """A command of the tool `local_shell`; `action` has its settings beside the command."""

    default_type: ClassVar[str] = "local_shell"
    command: tuple[str, ...]
    action: JSONObject

    def items(self, tool: JSONObject, turn: Turn) -> list[JSONObject]:
        action = {"type": "exec", "command": [*self.command], **self.action}
        item = {"id": turn.ids.new("lsh"), "type": "local_shell_call", "status": "completed"}
        return [{**item, "action": action, "call_id": turn.ids.new("call", 24)}]


@dataclass(frozen=True, slots=True)
class PatchCall(ClientCall):
    """An operation on a file, of the tool `apply_patch`."""

    default_type: ClassVar[str] = "apply_patch"
    operation: JSONObject

    def items(self, tool: JSONObject, turn: Turn) -> list[JSONObject]:
        item = {"id": turn.ids.new("apc"), "type": "apply_patch_call", "status": "completed"}
        return [{**item, "call_id": turn.ids.new("call", 24), "operation": self.operation}]


@dataclass(frozen=True, slots=True)
class ComputerCall(ClientCall):
    """Actions on a screen, with safety checks that the client must acknowledge."""

    default_type: ClassVar[str] = "computer"
    actions: tuple[JSONObject, ...]
    safety_checks: tuple[JSONObject, ...] = ()

    @property
    def needed(self) -> NeededTool:
        """A tool for the computer; the older one takes one action in a call."""
        return _of_type(*COMPUTERS) if len(self.actions) == 1 else _of_type(self.default_type)

    def items(self, tool: JSONObject, turn: Turn) -> list[JSONObject]:
        is_old = tool.get("type") == COMPUTERS[1]
        acts: JSONObject = {"action": self.actions[0]} if is_old else {"actions": [*self.actions]}
        item = {"id": turn.ids.new("cu"), "type": "computer_call", "status": "completed"}
        checks: Sequence[JSONObject] = self.safety_checks
        return [{**item, "call_id": turn.ids.new("call", 24), **acts, "pending_safety_checks": [*checks]}]
