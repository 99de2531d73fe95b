"""A typed client for the Responses API; public names are loaded when first used."""

from typing import TYPE_CHECKING

from ._version import __version__ as __version__

if TYPE_CHECKING:
    from . import errors as errors
    from . import models as models
    from . import testing as testing
    from ._base.file_types import FileInput as FileInput
    from ._base.file_types import TransferProgress as TransferProgress
    from ._base.http import RateLimits as RateLimits
    from ._base.http import ResponseMeta as ResponseMeta
    from ._base.options import RequestOptions as RequestOptions
    from ._base.progress import Progress as Progress
    from ._batch_files import batch_line as batch_line
    from ._batch_files import read_batch as read_batch
    from ._batch_files import write_batch as write_batch
    from ._batches.results import BatchResults as BatchResults
    from ._calls.client_options import AsyncOptions as AsyncOptions
    from ._calls.client_options import Options as Options
    from ._calls.hooks import RequestInfo as RequestInfo
    from ._calls.hooks import ResponseInfo as ResponseInfo
    from ._calls.pagination import AsyncPage as AsyncPage
    from ._calls.pagination import AsyncPager as AsyncPager
    from ._calls.pagination import Page as Page
    from ._calls.params import BatchLineParams as BatchLineParams
    from ._calls.params import SessionCreateParams as SessionCreateParams
    from ._client import AsyncClient as AsyncClient
    from ._client import Client as Client
    from ._map.requests import MapResult as MapResult
    from ._map.response_map import AsyncResponseMap as AsyncResponseMap
    from ._map.response_map import ResponseMap as ResponseMap
    from ._runs.events import RunEvent as RunEvent
    from ._runs.events import ToolCalled as ToolCalled
    from ._runs.events import ToolReturned as ToolReturned
    from ._runs.events import TurnEnded as TurnEnded
    from ._runs.params import AsyncRunParams as AsyncRunParams
    from ._runs.params import RunParams as RunParams
    from ._runs.pending import PendingCall as PendingCall
    from ._runs.result import ParsedRunResult as ParsedRunResult
    from ._runs.result import RunResult as RunResult
    from ._runs.result import Turn as Turn
    from ._runs.stream import AsyncRunStream as AsyncRunStream
    from ._runs.stream import RunStream as RunStream
    from ._streaming.resumption import ResumeToken as ResumeToken
    from ._streaming.streams import AsyncEventStream as AsyncEventStream
    from ._streaming.streams import AsyncResponseStream as AsyncResponseStream
    from ._streaming.streams import EventStream as EventStream
    from ._streaming.streams import ResponseStream as ResponseStream
    from ._structured.cast import RawAnswer as RawAnswer
    from ._structured.output_type import text_format as text_format
    from ._structured.parsed import AsyncParsedResponseStream as AsyncParsedResponseStream
    from ._structured.parsed import ParsedResponse as ParsedResponse
    from ._structured.parsed import ParsedResponseStream as ParsedResponseStream
    from ._tools.tool import CallableTool as CallableTool
    from ._tools.tool import RunContext as RunContext
    from ._tools.tool import RunTool as RunTool
    from ._tools.tool import custom_tool as custom_tool
    from ._tools.tool import tool as tool
    from ._websocket.session import AsyncSteering as AsyncSteering
    from ._websocket.session import AsyncWebSocketSession as AsyncWebSocketSession
    from ._websocket.session import Steering as Steering
    from ._websocket.session import WebSocketSession as WebSocketSession
    from .errors import APIConnectionError as APIConnectionError
    from .errors import APIError as APIError
    from .errors import APIStatusError as APIStatusError
    from .errors import APITimeoutError as APITimeoutError
    from .errors import AuthenticationError as AuthenticationError
    from .errors import BadRequestError as BadRequestError
    from .errors import ConfigurationError as ConfigurationError
    from .errors import ConflictError as ConflictError
    from .errors import InternalServerError as InternalServerError
    from .errors import MaxTurnsExceeded as MaxTurnsExceeded
    from .errors import NotFoundError as NotFoundError
    from .errors import ParseError as ParseError
    from .errors import PermissionDeniedError as PermissionDeniedError
    from .errors import RateLimitError as RateLimitError
    from .errors import RefusalError as RefusalError
    from .errors import RequestValidationError as RequestValidationError
    from .errors import ResponsesClientError as ResponsesClientError
    from .errors import ResponseValidationError as ResponseValidationError
    from .errors import StreamError as StreamError
    from .errors import StreamInterrupted as StreamInterrupted
    from .errors import ToolDefinitionError as ToolDefinitionError
    from .errors import ToolError as ToolError
    from .errors import ToolExecutionError as ToolExecutionError
    from .errors import UnprocessableEntityError as UnprocessableEntityError
    from .errors import WaitTimeout as WaitTimeout
    from .errors import WebhookSignatureError as WebhookSignatureError
else:
    from importlib import import_module

    _MODULES = {
        "_batch_files": "batch_line read_batch write_batch",
        "_client": "AsyncClient Client",
        "_base.file_types": "FileInput TransferProgress",
        "_base.options": "RequestOptions",
        "_base.progress": "Progress",
        "_calls.client_options": "AsyncOptions Options",
        "_calls.params": "BatchLineParams SessionCreateParams",
        "_calls.hooks": "RequestInfo ResponseInfo",
        "_map.response_map": "AsyncResponseMap ResponseMap",
        "_map.requests": "MapResult",
        "_batches.results": "BatchResults",
        "_base.http": "RateLimits ResponseMeta",
        "_calls.pagination": "AsyncPage AsyncPager Page",
        "_structured.parsed": "AsyncParsedResponseStream ParsedResponse ParsedResponseStream",
        "_streaming.resumption": "ResumeToken",
        "_runs.result": "ParsedRunResult RunResult Turn",
        "_runs.events": "RunEvent ToolCalled ToolReturned TurnEnded",
        "_runs.pending": "PendingCall",
        "_runs.params": "AsyncRunParams RunParams",
        "_runs.stream": "AsyncRunStream RunStream",
        "_websocket.session": "AsyncSteering AsyncWebSocketSession Steering WebSocketSession",
        "_streaming.streams": "AsyncEventStream AsyncResponseStream EventStream ResponseStream",
        "_structured.cast": "RawAnswer",
        "_structured.output_type": "text_format",
        "_tools.tool": "CallableTool RunContext RunTool custom_tool tool",
        "errors": """
            APIConnectionError APIError APIStatusError APITimeoutError AuthenticationError BadRequestError
            ConfigurationError ConflictError InternalServerError MaxTurnsExceeded NotFoundError ParseError
            PermissionDeniedError RateLimitError RefusalError RequestValidationError ResponseValidationError
            ResponsesClientError StreamError StreamInterrupted ToolDefinitionError ToolError ToolExecutionError
            UnprocessableEntityError WaitTimeout WebhookSignatureError
        """,
    }
    _WHERE = {name: module for module, names in _MODULES.items() for name in names.split()}
    _SUBMODULES = ("errors", "models", "testing")
    __all__ = sorted([*_WHERE, *_SUBMODULES, "__version__"])

    def __getattr__(name):
        if name in _SUBMODULES:
            return import_module(f".{name}", __name__)
        if name not in _WHERE:
            from ._base.foreign_names import export_hint, missing_name

            raise missing_name(__name__, name, export_hint(name))
        value = getattr(import_module(f".{_WHERE[name]}", __name__), name)
        # An alias that is a string stays out: `get_type_hints` would find it here before its meaning in its module.
        if not isinstance(value, str):
            globals()[name] = value
        return value

    def __dir__():
        return __all__
