"""The names of `api.py`, from the package `openai`."""

from openai import APIConnectionError as APIConnectionError
from openai import APIError as APIError
from openai import APIStatusError as APIStatusError
from openai import AsyncOpenAI as AsyncClient
from openai import OpenAI as Client
from openai import RateLimitError as RateLimitError
from openai import Stream
from openai.types.responses import FunctionTool as FunctionTool
from openai.types.responses import FunctionToolParam as FunctionToolParam
from openai.types.responses import Response as Response
from openai.types.responses import ResponseCompletedEvent as ResponseCompleted
from openai.types.responses import ResponseFunctionToolCall as FunctionCall
from openai.types.responses import ResponseInputItemParam as InputItemParam
from openai.types.responses import ResponseInputParam as InputList
from openai.types.responses import ResponseOutputItem as OutputItem
from openai.types.responses import ResponseOutputItemDoneEvent as OutputItemDone
from openai.types.responses import ResponseOutputMessage as OutputMessage
from openai.types.responses import ResponseOutputRefusal as Refusal
from openai.types.responses import ResponseOutputText as OutputText
from openai.types.responses import ResponseReasoningItem as ReasoningItem
from openai.types.responses import ResponseStreamEvent as StreamEvent
from openai.types.responses import ResponseTextDeltaEvent as OutputTextDelta
from openai.types.responses import ResponseUsage as Usage
from openai.types.responses import Tool as Tool
from openai.types.responses import ToolParam as ToolParam
from openai.types.responses.easy_input_message_param import EasyInputMessageParam as InputMessageParam
from openai.types.responses.response_create_params import (
    ResponseCreateParamsNonStreaming as ResponseCreateParams,
)
from openai.types.responses.response_output_message import Content as OutputContentPart
from openai.types.responses.response_output_text import Annotation as Annotation

__all__ = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "Annotation",
    "AsyncClient",
    "Client",
    "EventStream",
    "FunctionCall",
    "FunctionTool",
    "FunctionToolParam",
    "InputItemParam",
    "InputList",
    "InputMessageParam",
    "OutputContentPart",
    "OutputItem",
    "OutputItemDone",
    "OutputMessage",
    "OutputText",
    "OutputTextDelta",
    "RateLimitError",
    "ReasoningItem",
    "Refusal",
    "Response",
    "ResponseCompleted",
    "ResponseCreateParams",
    "StreamEvent",
    "Tool",
    "ToolParam",
    "Usage",
]

EventStream = Stream[StreamEvent]
