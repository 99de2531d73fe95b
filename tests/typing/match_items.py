"""A `match` over all output items, annotations and parts of messages: no type is left over."""

from typing import assert_never

from responses_client.models import (
    AdditionalTools,
    Annotation,
    ApplyPatchCall,
    ApplyPatchCallOutput,
    CodeInterpreterCall,
    Compaction,
    ComputerCall,
    ComputerCallOutput,
    ContainerFileCitation,
    CustomToolCall,
    CustomToolCallOutput,
    FileCitation,
    FilePath,
    FileSearchCall,
    FunctionCall,
    FunctionCallOutput,
    ImageGenerationCall,
    LocalShellCall,
    LocalShellCallOutput,
    McpApprovalRequest,
    McpApprovalResponse,
    McpCall,
    McpListTools,
    OutputContentPart,
    OutputItem,
    OutputMessage,
    OutputText,
    Program,
    ProgramOutput,
    ReasoningItem,
    Refusal,
    ShellCall,
    ShellCallOutput,
    ToolSearchCall,
    ToolSearchOutput,
    UnknownAnnotation,
    UnknownContent,
    UnknownItem,
    UrlCitation,
    WebSearchCall,
)


def every_item(item: OutputItem) -> str:
    match item:
        case OutputMessage():
            return "".join(part.text for part in item.content if isinstance(part, OutputText))
        case ReasoningItem():
            return "\n".join(section.text for section in item.summary)
        case FunctionCall():
            return f"{item.name}({item.arguments})"
        case FunctionCallOutput():
            return item.type
        case CustomToolCall():
            return item.input
        case CustomToolCallOutput():
            return item.type
        case FileSearchCall():
            return item.type
        case WebSearchCall():
            return item.type
        case ImageGenerationCall():
            return item.type
        case CodeInterpreterCall():
            return item.type
        case ComputerCall():
            return item.type
        case ComputerCallOutput():
            return item.type
        case ShellCall():
            return item.type
        case ShellCallOutput():
            return item.type
        case LocalShellCall():
            return item.type
        case LocalShellCallOutput():
            return item.type
        case ApplyPatchCall():
            return item.type
        case ApplyPatchCallOutput():
            return item.type
        case McpListTools():
            return item.type
        case McpApprovalRequest():
            return item.type
        case McpApprovalResponse():
            return item.type
        case McpCall():
            return item.output or ""
        case ToolSearchCall():
            return item.type
        case ToolSearchOutput():
            return item.type
        case Program():
            return item.type
        case ProgramOutput():
            return item.type
        case AdditionalTools():
            return item.type
        case Compaction():
            return item.type
        case UnknownItem():
            return str(item.validation_error or item.to_dict())
        case _:
            assert_never(item)


def every_annotation(annotation: Annotation) -> str:
    match annotation:
        case FileCitation():
            return annotation.file_id
        case UrlCitation():
            return annotation.url
        case ContainerFileCitation():
            return annotation.container_id
        case FilePath():
            return annotation.type
        case UnknownAnnotation():
            return annotation.wire_type or ""
        case _:
            assert_never(annotation)


def every_part_of_a_message(part: OutputContentPart) -> str:
    match part:
        case OutputText():
            return part.text
        case Refusal():
            return part.refusal
        case UnknownContent():
            return part.wire_type or ""
        case _:
            assert_never(part)
