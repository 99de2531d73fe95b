"""Results of MCP tools as the outputs that the API takes; no I/O."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ..models.attachments import InputFile, InputImage
from ..models.content import InputText

if TYPE_CHECKING:
    from mcp.types import CallToolResult

__all__ = ["as_output", "error_text"]


def as_output(result: CallToolResult) -> str | list[InputText | InputImage | InputFile]:
    """Return a result as a string if it is text alone, else as parts.

    Content that the API has no part for is described: audio becomes a file, a link its address. Structured content is
    sent where the server does not also send it as text.
    """
    parts = [_part(content) for content in result.content]
    structured = result.structured_content
    if structured is not None and not any(isinstance(part, InputText) for part in parts):
        parts.append(_text(json.dumps(structured, ensure_ascii=False)))
    if all(isinstance(part, InputText) for part in parts):
        return "\n".join(part.text for part in parts if isinstance(part, InputText))
    return parts


def error_text(result: CallToolResult) -> str:
    """Return the reason that a tool gives for its failure."""
    texts = [part.text for part in map(_part, result.content) if isinstance(part, InputText)]
    return "\n".join(texts) or "the tool failed and does not say why"


def _part(content: Any) -> InputText | InputImage | InputFile:
    match content.type:
        case "text":
            return _text(content.text)
        case "image":
            return InputImage(
                type="input_image", detail="auto", image_url=_url(content.mime_type, content.data)
            )
        case "audio":
            extension = content.mime_type.rpartition("/")[2] or "bin"
            return _file(f"audio.{extension}", content.mime_type, content.data)
        case "resource_link":
            about = f": {content.description}" if content.description else ""
            return _text(f"[{content.title or content.name}]({content.uri}){about}")
        case "resource":
            resource = content.resource
            if hasattr(resource, "text"):
                return _text(resource.text)
            kind = resource.mime_type or "application/octet-stream"
            if kind.startswith("image/"):
                return InputImage(type="input_image", detail="auto", image_url=_url(kind, resource.blob))
            return _file(resource.uri.rpartition("/")[2] or "resource", kind, resource.blob)
        case _:
            return _text(content.model_dump_json(by_alias=True, exclude_none=True))


def _text(text: str) -> InputText:
    return InputText(type="input_text", text=text)


def _file(name: str, kind: str, data: str) -> InputFile:
    return InputFile(type="input_file", filename=name, file_data=_url(kind, data))


def _url(kind: str, data: str) -> str:
    return f"data:{kind};base64,{data}"
