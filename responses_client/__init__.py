"""A typed client for the Responses API; public names are loaded when first used."""

from typing import TYPE_CHECKING

from ._version import __version__ as __version__

if TYPE_CHECKING:
    from . import errors as errors
    from . import models as models
    from . import testing as testing
    from ._batch import batch_line as batch_line
    from ._batch import read_batch as read_batch
    from ._batch import write_batch as write_batch
    from ._client import AsyncClient as AsyncClient
    from ._client import Client as Client
    from ._hooks import RequestInfo as RequestInfo
    from ._hooks import ResponseInfo as ResponseInfo
    from ._map import AsyncResponseMap as AsyncResponseMap
    from ._map import ResponseMap as ResponseMap
    from ._map_items import MapResult as MapResult
    from ._meta import RateLimits as RateLimits
    from ._meta import ResponseMeta as ResponseMeta
    from ._pages import AsyncPage as AsyncPage
    from ._pages import AsyncPager as AsyncPager
    from ._pages import Page as Page
    from ._parsed import AsyncParsedResponseStream as AsyncParsedResponseStream
    from ._parsed import ParsedResponse as ParsedResponse
    from ._parsed import ParsedResponseStream as ParsedResponseStream
    from ._resume import ResumeToken as ResumeToken
    from ._run import ParsedRunResult as ParsedRunResult
    from ._run import RunResult as RunResult
    from ._run import Turn as Turn
    from ._run_events import RunEvent as RunEvent
    from ._run_events import ToolCalled as ToolCalled
    from ._run_events import ToolReturned as ToolReturned
    from ._run_events import TurnEnded as TurnEnded
    from ._run_options import AsyncRunParams as AsyncRunParams
    from ._run_options import RunParams as RunParams
    from ._run_stream import AsyncRunStream as AsyncRunStream
    from ._run_stream import RunStream as RunStream
    from ._session import AsyncSteering as AsyncSteering
    from ._session import AsyncWebSocketSession as AsyncWebSocketSession
    from ._session import Steering as Steering
    from ._session import WebSocketSession as WebSocketSession
    from ._stream import AsyncEventStream as AsyncEventStream
    from ._stream import AsyncResponseStream as AsyncResponseStream
    from ._stream import EventStream as EventStream
    from ._stream import ResponseStream as ResponseStream
    from ._structured import text_format as text_format
    from ._tools import CallableTool as CallableTool
    from ._tools import RunContext as RunContext
    from ._tools import RunTool as RunTool
    from ._tools import custom_tool as custom_tool
    from ._tools import tool as tool
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
        "_batch": "batch_line read_batch write_batch",
        "_client": "AsyncClient Client",
        "_hooks": "RequestInfo ResponseInfo",
        "_map": "AsyncResponseMap ResponseMap",
        "_map_items": "MapResult",
        "_meta": "RateLimits ResponseMeta",
        "_pages": "AsyncPage AsyncPager Page",
        "_parsed": "AsyncParsedResponseStream ParsedResponse ParsedResponseStream",
        "_resume": "ResumeToken",
        "_run": "ParsedRunResult RunResult Turn",
        "_run_events": "RunEvent ToolCalled ToolReturned TurnEnded",
        "_run_options": "AsyncRunParams RunParams",
        "_run_stream": "AsyncRunStream RunStream",
        "_session": "AsyncSteering AsyncWebSocketSession Steering WebSocketSession",
        "_stream": "AsyncEventStream AsyncResponseStream EventStream ResponseStream",
        "_structured": "text_format",
        "_tools": "CallableTool RunContext RunTool custom_tool tool",
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
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f".{_WHERE[name]}", __name__), name)
        globals()[name] = value
        return value

    def __dir__():
        return __all__
