"""The arguments of `responses.parse` and `stream`, as types."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, TypeAlias

from typing_extensions import ReadOnly, TypedDict

from .._base.keywords import evaluate_type_names
from ..models.params import ResponseRunParams
from .tool import RunTool

__all__ = ["ChatFunctionTool", "ParseParams", "ParseTool"]


class ChatFunctionTool(TypedDict):
    """A function tool as Chat Completions has it, and as `pydantic_function_tool` of the package `openai` makes it."""

    type: ReadOnly[Literal["function"]]
    function: ReadOnly[Mapping[str, object]]


ParseTool: TypeAlias = "RunTool | ChatFunctionTool"
"""An element of `tools` of `responses.parse`: a class or a function, whose calls are read as values, or any other."""


class ParseParams(ResponseRunParams, total=False, closed=True):
    """The arguments of `responses.parse` and `stream`: those of `create`, with classes and functions as tools."""

    tools: Sequence[ParseTool]
    """The tools that the model may use. If one is a class (a pydantic model, a dataclass, a TypedDict) or a function,
    its calls have `parsed_arguments` of its types; it is not called."""


evaluate_type_names(__name__)
