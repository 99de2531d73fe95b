"""MCP servers as tools of a run; `responses_client.mcp` has the public class."""

from __future__ import annotations

from .._base.extras import install_hint
from ..errors import ConfigurationError

try:
    import mcp as mcp
except ModuleNotFoundError as error:
    raise ConfigurationError(
        f"MCP servers need the package {error.name}, which is not installed: {install_hint('mcp')}"
    ) from error
