"""Classes of `openai.types.responses`, and the class of `models` for each; pure."""

from __future__ import annotations

import re
from collections.abc import Container, Iterator

__all__ = ["class_hint"]

_CLASSES = {
    "ContainerNetworkPolicyDomainSecret": "DomainSecret",
    "EasyInputMessage": "InputMessage",
    "FunctionShellTool": "ShellTool",
    "InputItemListParams": "ItemListParams",
    "InputTokenCountResponse": "InputTokenCount",
    "McpToolCallError": "McpCallError",
    "ParsedContent": "OutputText",
    "ParsedResponseFunctionToolCall": "FunctionCall",
    "ParsedResponseOutputItem": "OutputItem",
    "ParsedResponseOutputMessage": "OutputMessage",
    "ParsedResponseOutputText": "OutputText",
    "ResponseCompactionItemParam": "CompactionParam",
    "ResponseComputerToolCallOutputScreenshot": "ScreenshotContent",
    "ResponseConfigurationUpdateItemParam": "ConfigurationUpdateParam",
    "ResponseConversationParam": "ConversationRefParam",
    "ResponseErrorEvent": "ErrorEvent",
    "ResponseFormatTextConfig": "TextFormat",
    "ResponseFormatTextJSONSchemaConfig": "TextFormatJsonSchema",
    "ResponseFunctionShellCallOutputContent": "ShellOutputContent",
    "ResponseFunctionShellToolCall": "ShellCall",
    "ResponseFunctionShellToolCallOutput": "ShellCallOutput",
    "ResponseFunctionWebSearch": "WebSearchCall",
    "ResponseInput": "InputList",
    "ResponseInputContent": "InputContentPart",
    "ResponseItemList": "ItemList",
    "ResponseOutputRefusal": "Refusal",
    "ResponsePrompt": "PromptTemplate",
    "ResponseStreamEvent": "StreamEvent",
    "ResponseTextConfig": "TextConfig",
    "ResponseTextDeltaEvent": "OutputTextDelta",
    "ResponseTextDoneEvent": "OutputTextDone",
    "ResponseUsage": "Usage",
    "ResponsesClientEvent": "ClientEvent",
    "ResponsesServerEvent": "ServerEvent",
    "ToolChoiceAllowed": "AllowedToolsChoice",
    "ToolChoiceTypes": "HostedToolChoice",
    "ToolSearchOutputNamespaceTool": "NamespaceTool",
}
"""Those whose name here no rule gives; `...Param` has that of the class without the ending."""
_OF_PACKAGE = {"ParsedResponse": "use responses_client.ParsedResponse"}
_STRINGS = {
    "ImageDetail",
    "ResponseIncludable",
    "ResponseStatus",
    "ResponseSteerErrorCode",
    "ResponseSteerPendingReason",
    "ServiceTier",
    "ToolChoiceOptions",
}


def class_hint(name: str, known: Container[str]) -> str | None:
    """Return the answer to a name that `models` does not have; None if it is not one of the official package.

    Args:
        name: The name.
        known: The names that `models` has.
    """
    if name in _OF_PACKAGE:
        return _OF_PACKAGE[name]
    if name in _STRINGS:
        return "its values are plain strings"
    found = next((guess for guess in _guesses(name) if guess in known), None)
    return found and f"use {found}"


def _guesses(name: str) -> Iterator[str]:
    """Yield the names here that a class may have, the most specific one first."""
    if name in _CLASSES:
        yield _CLASSES[name]
    if (stem := name.removesuffix("Param")) != name:
        yield from (f"{guess.removesuffix('Param')}Param" for guess in _guesses(stem))
        yield from _guesses(stem)  # some need no dict type of their own
        return
    plain = name.removeprefix("Response").replace("ImageGenCall", "ImageGenerationCall")
    plain = plain.replace("ContainerNetworkPolicy", "NetworkPolicy").removesuffix("Event")
    short = plain.replace("ToolCall", "Call")
    choice = re.sub("^ToolChoice(.+)", r"\1ToolChoice", name)
    if plain != name or choice != name or short != name:
        yield from (plain, short, f"Response{plain}", choice)
        yield from (plain.removesuffix("Item"), short.removesuffix("Item"), plain.removesuffix("Content"))
