"""A `match` over all stream events: `UnknownEvent` is the last case, and no type is left over."""

from typing import assert_never

from responses_client.models import (
    ApplyPatchCallOperationDiffDelta,
    ApplyPatchCallOperationDiffDone,
    AudioDelta,
    AudioDone,
    AudioTranscriptDelta,
    AudioTranscriptDone,
    CodeInterpreterCallCodeDelta,
    CodeInterpreterCallCodeDone,
    CodeInterpreterCallCompleted,
    CodeInterpreterCallInProgress,
    CodeInterpreterCallInterpreting,
    CompactionCompacting,
    ContentPartAdded,
    ContentPartDone,
    CustomToolCallInputDelta,
    CustomToolCallInputDone,
    ErrorEvent,
    FileSearchCallCompleted,
    FileSearchCallInProgress,
    FileSearchCallSearching,
    FunctionCallArgumentsDelta,
    FunctionCallArgumentsDone,
    ImageGenerationCallCompleted,
    ImageGenerationCallGenerating,
    ImageGenerationCallInProgress,
    ImageGenerationCallPartialImage,
    Keepalive,
    McpCallArgumentsDelta,
    McpCallArgumentsDone,
    McpCallCompleted,
    McpCallFailed,
    McpCallInProgress,
    McpListToolsCompleted,
    McpListToolsFailed,
    McpListToolsInProgress,
    OutputItemAdded,
    OutputItemDone,
    OutputTextAnnotationAdded,
    OutputTextDelta,
    OutputTextDone,
    ReasoningSummaryPartAdded,
    ReasoningSummaryPartDone,
    ReasoningSummaryTextDelta,
    ReasoningSummaryTextDone,
    ReasoningTextDelta,
    ReasoningTextDone,
    RefusalDelta,
    RefusalDone,
    ResponseCancelled,
    ResponseCompleted,
    ResponseCreated,
    ResponseFailed,
    ResponseIncomplete,
    ResponseInProgress,
    ResponseQueued,
    ShellCallCommandAdded,
    ShellCallCommandDelta,
    ShellCallCommandDone,
    ShellCallOutputContentDelta,
    ShellCallOutputContentDone,
    StreamEvent,
    UnknownEvent,
    WebSearchCallCompleted,
    WebSearchCallInProgress,
    WebSearchCallSearching,
)


def every_event(event: StreamEvent) -> str:
    match event:
        case ResponseCreated():
            return event.type
        case ResponseQueued():
            return event.type
        case ResponseInProgress():
            return event.type
        case ResponseCompleted():
            return event.response.output_text
        case ResponseIncomplete():
            return event.type
        case ResponseFailed():
            return event.response.error.message or "" if event.response.error else ""
        case ResponseCancelled():
            return event.type
        case CompactionCompacting():
            return event.type
        case ErrorEvent():
            return event.message or ""
        case Keepalive():
            return event.type
        case OutputItemAdded():
            return event.type
        case OutputItemDone():
            return event.item.type
        case ContentPartAdded():
            return event.type
        case ContentPartDone():
            return event.type
        case OutputTextDelta():
            return event.delta
        case OutputTextDone():
            return event.type
        case OutputTextAnnotationAdded():
            return event.type
        case RefusalDelta():
            return event.delta
        case RefusalDone():
            return event.type
        case ReasoningSummaryPartAdded():
            return event.type
        case ReasoningSummaryPartDone():
            return event.type
        case ReasoningSummaryTextDelta():
            return event.type
        case ReasoningSummaryTextDone():
            return event.type
        case ReasoningTextDelta():
            return event.type
        case ReasoningTextDone():
            return event.type
        case FunctionCallArgumentsDelta():
            return event.type
        case FunctionCallArgumentsDone():
            return event.arguments
        case CustomToolCallInputDelta():
            return event.type
        case CustomToolCallInputDone():
            return event.type
        case WebSearchCallInProgress():
            return event.type
        case WebSearchCallSearching():
            return event.type
        case WebSearchCallCompleted():
            return event.type
        case FileSearchCallInProgress():
            return event.type
        case FileSearchCallSearching():
            return event.type
        case FileSearchCallCompleted():
            return event.type
        case CodeInterpreterCallInProgress():
            return event.type
        case CodeInterpreterCallInterpreting():
            return event.type
        case CodeInterpreterCallCompleted():
            return event.type
        case CodeInterpreterCallCodeDelta():
            return event.type
        case CodeInterpreterCallCodeDone():
            return event.type
        case ImageGenerationCallInProgress():
            return event.type
        case ImageGenerationCallGenerating():
            return event.type
        case ImageGenerationCallPartialImage():
            return event.type
        case ImageGenerationCallCompleted():
            return event.type
        case McpListToolsInProgress():
            return event.type
        case McpListToolsCompleted():
            return event.type
        case McpListToolsFailed():
            return event.type
        case McpCallInProgress():
            return event.type
        case McpCallArgumentsDelta():
            return event.type
        case McpCallArgumentsDone():
            return event.type
        case McpCallCompleted():
            return event.type
        case McpCallFailed():
            return event.type
        case ShellCallCommandAdded():
            return event.type
        case ShellCallCommandDelta():
            return event.type
        case ShellCallCommandDone():
            return event.type
        case ShellCallOutputContentDelta():
            return event.type
        case ShellCallOutputContentDone():
            return event.type
        case ApplyPatchCallOperationDiffDelta():
            return event.type
        case ApplyPatchCallOperationDiffDone():
            return event.type
        case AudioDelta():
            return event.type
        case AudioDone():
            return event.type
        case AudioTranscriptDelta():
            return event.type
        case AudioTranscriptDone():
            return event.type
        case UnknownEvent():
            return str(event.model_extra)
        case _:
            assert_never(event)
