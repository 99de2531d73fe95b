"""Optional packages, and the command that installs one: it works with a clone as well as with a package index."""

from __future__ import annotations

__all__ = ["REQUIREMENTS", "install_hint"]

REQUIREMENTS = {
    "aiohttp": ("aiohttp>=3.12.7",),
    "cli": ("shtab>=1.8",),
    "mcp": ("mcp>=2.3",),
    "openai": ("openai>=1.101",),
    "otel": ("opentelemetry-api>=1.30",),
    "progress": ("tqdm>=4.66.3",),
    "server": ("uvicorn>=0.34", "wsproto>=1.2"),
    "tools": ("docstring-parser>=0.17",),
    "websocket": ("wsproto>=1.2",),
}
"""The extras of this package, each with its requirements, as `pyproject.toml` has them."""


def install_hint(extra: str) -> str:
    """Return the command that installs the packages of an extra.

    It names them in place of the extra: where this package was installed from a clone, an index may not have it.
    """
    return " ".join(["pip install", *(f"'{requirement}'" for requirement in REQUIREMENTS[extra])])
