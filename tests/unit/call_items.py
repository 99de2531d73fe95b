"""Calls and outputs as JSON, and two tools, for the tests of tools and runs."""

from __future__ import annotations

from typing import Any

__all__ = ["PAY", "call", "custom_call", "item", "output", "weather"]

PAY: Any = {"type": "function", "name": "pay", "parameters": {}, "strict": False}
"""A tool without a function."""


def item(kind: str, key: str = "c1", **fields: Any) -> dict[str, Any]:
    """A complete item with a `call_id`."""
    return {"type": kind, "id": f"id_{key}", "call_id": key, "status": "completed", **fields}


def call(key: str = "c1", name: str = "f", arguments: str = "{}", **fields: Any) -> dict[str, Any]:
    """A call of a function."""
    return item("function_call", key, name=name, arguments=arguments, **fields)


def custom_call(name: str, text: str = "x") -> dict[str, Any]:
    """A call of a custom tool."""
    return item("custom_tool_call", name=name, input=text)


def output(key: str = "c1", text: str = "out") -> dict[str, Any]:
    """The output of a function."""
    return {"type": "function_call_output", "call_id": key, "output": text}


def weather(city: str) -> str:
    """Tell the weather."""
    return f"Sunny in {city}"
