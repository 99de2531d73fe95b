"""The names of `api.py`, from the package `openai`."""

from openai import APIConnectionError as APIConnectionError
from openai import APIError as APIError
from openai import APIStatusError as APIStatusError
from openai import RateLimitError as RateLimitError
from openai import Stream
from openai.types.responses import FunctionTool as FunctionTool
from openai.types.responses import FunctionToolParam as FunctionToolParam
from openai.types.responses import Response as Response
from openai.types.responses import ResponseStreamEvent as StreamEvent
from openai.types.responses import Tool as Tool
from openai.types.responses import ToolParam as ToolParam
from openai.types.responses.response_output_text import Annotation as Annotation

EventStream = Stream[StreamEvent]
