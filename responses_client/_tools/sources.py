"""Places in `tools` of a run that stand for several functions, which may change between its turns; no I/O."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .tool import CallableTool

__all__ = ["ReportedFailure", "ToolSource"]


class ReportedFailure(Exception):
    """A failure of a tool with a text that the model receives as it is."""


class ToolSource(ABC):
    """Several tools at one place of `tools`.

    Attributes:
        changes: The number of times that its tools have changed.
    """

    changes: int = 0

    @abstractmethod
    def run_tools(self, taken: Collection[str]) -> Sequence[CallableTool[..., Any]]:
        """Return its tools as they are now, under names that other tools of the run do not have."""
