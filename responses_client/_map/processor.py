"""The steps of one request of a map, in threads and tasks alike: check, look up in the journal, send, record."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .._base.field_errors import field_error
from .._base.json_types import is_mapping
from .._calls.attempts import fetch
from .._calls.endpoints import RESPONSES_CREATE
from .._calls.plain_data import plain_arguments
from .._calls.request import Call, prepare
from ..errors import RequestValidationError, ResponsesClientError
from ..models.response import Response
from .journal import Journal, RunBlocking, digest_of
from .requests import MapRequest, MapResult
from .throttle import Throttles

if TYPE_CHECKING:
    from .._calls.settings import Settings
    from .._transport.protocols import IO

__all__ = ["RequestProcessor"]

_STREAMED_MODES = ("stream", "background")


class RequestProcessor:
    """The way from a request of a map to its result; all requests of a map share one, with its throttles.

    Attributes:
        is_closed: Whether the map has ended. Requests that are cut off then fail, which the journal does not record.
        throttles: The rate limits of its models.
    """

    def __init__(
        self,
        io: IO,
        settings: Settings,
        journal: Journal | None,
        run_blocking: RunBlocking,
    ) -> None:
        self.is_closed = False
        self._io = io
        self._settings = settings
        self._journal = journal
        self._run_blocking = run_blocking
        self.throttles = Throttles(io)

    async def process(self, request: MapRequest) -> MapResult:
        """Return the result of a request; a failure of the request is a result, too.

        Raises:
            RequestValidationError: The journal is that of other requests.
            Exception: A function of the user's, such as one for the key, raised it.
        """
        try:
            call = _prepare(request.request, self._settings)
        except ResponsesClientError as error:
            return await self._record(MapResult(*request, error=error.with_traceback(None)), None)
        # The digest covers the body alone: a new key or timeout does not make it a different request.
        digest = None
        if self._journal is not None:
            digest = digest_of(call.request.content)
            recorded = self._journal.replay(request.id, digest)
            if recorded is not None:
                return MapResult(*request, response=recorded, is_replayed=True)
        return await self._record(await self._send(request, call), digest)

    async def _send(self, request: MapRequest, call: Call[Response]) -> MapResult:
        model = call.params.get("model")
        throttle = self.throttles.for_model(model if isinstance(model, str) else "")
        try:
            response = await fetch(self._io, call, throttle)
        except ResponsesClientError as error:
            # A traceback would keep alive all variables of its frames for as long as the user keeps the result.
            return MapResult(*request, error=error.with_traceback(None))
        if response.usage is not None and response.usage.total_tokens:
            throttle.record_usage(response.usage.total_tokens)
        return MapResult(*request, response=response)

    async def _record(self, result: MapResult, digest: str | None) -> MapResult:
        if self._journal is not None and not (self.is_closed and result.error is not None):
            await self._journal.record(self._io, self._run_blocking, result, digest)
        return result


def _prepare(params: object, settings: Settings) -> Call[Response]:
    """Check the arguments of `create`, and prepare the call.

    Raises:
        RequestValidationError: It cannot be sent.
    """
    if not is_mapping(params):
        raise RequestValidationError([field_error("request", "a dict of the arguments of create", params)])
    params = plain_arguments(params)
    # `create` merges `extra_body` into the body, where these fields would have the same effect.
    extra: Any = params.get("extra_body")
    fields = {**params, **extra} if is_mapping(extra) else params
    if modes := [name for name in _STREAMED_MODES if fields.get(name)]:
        message = "cannot be used in a map, which waits for whole responses; leave it out"
        raise RequestValidationError(
            [field_error(name, "nothing", fields[name], message=message) for name in modes]
        )
    try:
        return prepare(RESPONSES_CREATE, params, settings)
    except TypeError as error:  # an argument that `create` does not take
        names = ", ".join(map(str, params))
        raise RequestValidationError(
            [field_error("request", "arguments of create", names, message=str(error))]
        ) from None
