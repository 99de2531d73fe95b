"""The selection of tools of an MCP server: the names under which the model gets them, and approvals; no I/O."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from .._base.validation import invalid_option

if TYPE_CHECKING:
    from mcp.types import Tool

__all__ = ["NeedsApproval", "Selection", "selection"]

NeedsApproval: TypeAlias = "bool | Literal['destructive'] | Collection[str] | Callable[[Tool], bool]"
"""The tools whose calls wait for approval: all, none, those that are not known to be harmless, some by name, or those
for which a function returns True."""
_MAX_NAME = 64


class Selection(NamedTuple):
    """The options of a server about its tools.

    Attributes:
        only: The names of the tools to take; None takes all.
        without: The names of tools to leave out.
        needs_approval: The tools whose calls wait for approval.
        prefix: The prefix of all names; None puts that of the server before those that another tool has.
    """

    only: frozenset[str] | None
    without: frozenset[str]
    needs_approval: NeedsApproval
    prefix: str | None

    def takes(self, name: str) -> bool:
        """Whether the model gets a tool."""
        return (self.only is None or name in self.only) and name not in self.without

    def waits(self, tool: Tool) -> bool:
        """Whether calls of a tool wait for approval."""
        rule = self.needs_approval
        if isinstance(rule, bool):
            return rule
        if callable(rule):
            return bool(rule(tool))
        if rule == "destructive":
            hints = tool.annotations
            # By the protocol, a tool that says nothing may be destructive, unless it only reads.
            return hints is None or (hints.read_only_hint is not True and hints.destructive_hint is not False)
        return tool.name in rule

    def name(self, tool: str, server: str, taken: Collection[str]) -> str:
        """Return the name of a tool for the model, which no other tool has."""
        name = _fit(tool if self.prefix is None else f"{self.prefix}{tool}")
        if name in taken:
            name = _fit(f"{server}_{tool}")
        number = 2
        while name in taken:
            name = f"{_fit(f'{server}_{tool}')[: _MAX_NAME - 4]}_{number}"
            number += 1
        return name


def selection(
    only: Collection[str] | None,
    without: Collection[str],
    needs_approval: NeedsApproval,
    prefix: str | None,
) -> Selection:
    """Return the checked options.

    Raises:
        ConfigurationError: One of them cannot work.
    """
    for option, names in (("only", only), ("without", without)):
        if names is not None and (isinstance(names, str) or not all(isinstance(one, str) for one in names)):
            raise invalid_option(option, "a list of names of tools", names)
    if isinstance(needs_approval, str) and needs_approval != "destructive":
        raise invalid_option(
            "needs_approval", "True, False, 'destructive', names, or a function", needs_approval
        )
    if prefix is not None and not re.fullmatch(r"[A-Za-z0-9_-]{0,32}", prefix):
        raise invalid_option("prefix", "up to 32 letters, digits, _ and -", prefix)
    names_alone = needs_approval
    if not isinstance(names_alone, (bool, str)) and not callable(names_alone):
        names_alone = frozenset(names_alone)
    return Selection(None if only is None else frozenset(only), frozenset(without), names_alone, prefix)


def _fit(name: Any) -> str:
    """Return a name in which the API takes every character."""
    return re.sub(r"[^A-Za-z0-9_-]", "_", str(name))[:_MAX_NAME] or "tool"
