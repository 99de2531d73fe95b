"""Descriptions of tools and their parameters from docstrings, in every style and none."""

import enum
import functools
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Any, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel, Field

from responses_client import RunContext, custom_tool, tool


def takes(city: str, days: int = 1) -> None: ...


def documented(docstring: str | None, function: Callable[..., object] = takes) -> tuple[str, list[str]]:
    """The description of a function with this docstring, and those of its parameters."""

    def copied() -> None: ...

    functools.update_wrapper(copied, function)
    copied.__doc__ = docstring
    shape = tool(name="f", strict=False)(copied).shape
    assert shape.parameters is not None
    return shape.description, [
        part.get("description", "") for part in shape.parameters["properties"].values()
    ]


GOOGLE = """Tell the weather.

    It may be wrong.

    Args:
        city (str): Where, in
            English.
        days: How long.

    Returns:
        str: What it will be.

    Raises:
        ValueError: Never.
    """
NUMPY = """
    Tell the weather.

    It may be wrong.

    Parameters
    ----------
    city : str
        Where, in
        English.
    days : int, optional
        How long.

    Returns
    -------
    str
        What it will be.
    """
SPHINX = """Tell the weather.

    It may be wrong.

    :param str city: Where, in
        English.
    :param days: How long.
    :returns: What it will be.
    """


@pytest.mark.parametrize("docstring", [GOOGLE, NUMPY, SPHINX], ids=["Google", "NumPy", "Sphinx"])
def test_docstring_describes_function_and_parameters(docstring: str) -> None:
    assert documented(docstring) == (
        "Tell the weather.\n\nIt may be wrong.\n\nReturns: What it will be.",
        ["Where, in\nEnglish.", "How long."],
    )


@pytest.mark.parametrize("docstring", [GOOGLE, NUMPY, SPHINX], ids=["Google", "NumPy", "Sphinx"])
def test_without_the_extra_the_model_reads_the_docstring(
    docstring: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "docstring_parser", None)

    description, parameters = documented(docstring)
    assert description.startswith("Tell the weather.\n\nIt may be wrong.\n\n")
    assert "Where, in\n" in description
    assert not description.endswith(" ")
    assert parameters == ["", ""]


@pytest.mark.parametrize(
    "docstring",
    [
        "Tell the weather.",
        "Tell the weather.\n\nReturns:\n    It.",
        "Look up.\n\nExample:\n    city: Oslo",
        "A.\n\nArgs:\n    broken",
        "A.\n\nArgs:\n    town: None that there is.",
        ": :param",  # which the parser trips over
        ":param",
    ],
)
def test_docstring_without_the_parameters_is_the_description(docstring: str) -> None:
    assert documented(docstring) == (docstring, ["", ""])


@pytest.mark.parametrize("docstring", [None, ""])
def test_no_docstring_is_no_description(docstring: str | None) -> None:
    assert documented(docstring) == ("", ["", ""])


def test_parameters_may_be_described_alone() -> None:
    assert documented("\nArgs:\n    days: How long.\n") == ("", ["", "How long."])
    assert documented("Of two.\n\nParameters\n----------\ncity, days : Any\n    Given.") == (
        "Of two.",
        ["Given.", "Given."],
    )


def test_annotation_counts_for_more_than_the_docstring() -> None:
    def function(
        city: Annotated[str, Field(description="Which.")],
        days: int = Field(description="How many."),
        more: Annotated[int, Field(ge=1)] = 1,
    ) -> None: ...

    docstring = "A.\n\nArgs:\n    city: C.\n    days: D.\n    more: M."
    assert documented(docstring, function) == ("A.", ["Which.", "How many.", "M."])


def test_description_of_a_union_stands_beside_it() -> None:
    @tool
    def function(city: str | None = None) -> None:
        """Find.

        Args:
            city: Where.
        """

    schema: Any = function.definition
    assert schema["parameters"]["properties"]["city"] == {
        "anyOf": [{"type": "string"}, {"type": "null"}],
        "description": "Where.",
    }


def test_context_is_left_out_of_the_description() -> None:
    def function(context: RunContext, city: str) -> None: ...

    assert documented("A.\n\nArgs:\n    context: Of the run.", function) == ("A.", [""])


def test_arguments_of_a_partial_are_left_out_of_the_description() -> None:
    def function(user: str, city: str) -> None:
        """Find.

        Args:
            user: Who asks.
        """

    assert tool(functools.partial(function, user="me")).shape.description == "Find."


def test_custom_tool_is_described_without_its_parameter() -> None:
    @custom_tool
    def run(code: str) -> str:
        """Run Python.

        Args:
            code: Python.

        Returns:
            What it printed.
        """
        return code

    assert run.shape.description == "Run Python.\n\nReturns: What it printed."


class Counter:
    """Counts."""

    def __call__(self) -> int:
        """Count on."""
        return 1

    def reset(self) -> None:
        """Start again."""


class Silent:
    def __call__(self) -> int:
        """Count on."""
        return 1


class Heir(Counter):
    def reset(self) -> None: ...


class Model(BaseModel):
    number: int = 0


@dataclass
class Data:
    number: int = 0


class Pair(NamedTuple):
    number: int = 0


class Colour(enum.Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("function", "description"),
    [
        (Counter, "Counts."),
        (Counter(), "Counts."),
        (Counter().reset, "Start again."),
        (Heir().reset, "Start again."),
        (Silent, ""),
        (Silent(), "Count on."),
        (Model, ""),
        (Data, ""),
        (Pair, ""),
        (functools.partial(Silent()), "Count on."),
        (functools.partial(Counter().reset), "Start again."),
        (functools.lru_cache(Counter().reset), "Start again."),
    ],
)
def test_callables_are_described_by_their_docstrings(function: Any, description: str) -> None:
    assert tool(name="f")(function).shape.description == description


PIECES = [
    "Args:",
    "Returns:",
    "Raises:",
    "Parameters",
    "----------",
    ":param",
    ":param\tcity:",
    ":type\tcity:",
    ":returns:",
    "@param",
    "city",
    "days\n",
    "",
    "",
    "",
    ":",
    "::",
    "-",
    "..",
    "..\tdeprecated::",
    "Yields",
    "------",
    "city:",
    "days\t(int):",
    ">>>",
    "\t\t",
    "\n",
]


@given(
    st.lists(st.sampled_from(PIECES) | st.text(max_size=5)), st.sampled_from([" ", "\n", "\n    ", "\n\n"])
)
def test_no_docstring_keeps_a_function_from_being_a_tool(pieces: list[str], between: str) -> None:
    description, parameters = documented(between.join(piece.replace("\t", " ") for piece in pieces))

    assert isinstance(description, str)
    assert len(parameters) == 2
