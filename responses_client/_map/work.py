"""What is done about one request of a map, in threads and tasks alike: check, look it up, send, write it down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeVar, cast

from .._base.field_errors import field_error
from .._calls.attempts import fetch
from .._calls.endpoints import RESPONSES_CREATE
from .._calls.request import Call, prepare
from ..errors import RequestValidationError, ResponsesClientError
from ..models.response import Response
from .journal import Aside, Journal, digest_of
from .requests import Item, MapResult
from .throttle import Throttles

if TYPE_CHECKING:
    from .._calls.settings import Settings
    from .._transport.protocols import IO

__all__ = ["Work"]

_T = TypeVar("_T")
_MODES = ("stream", "background")


class Work:
    """Turns requests into results; what one says of rate limits holds for all that follow.

    Attributes:
        is_stopped: Whether what still fails is not worth a line in the journal, as the map has ended.
    """

    def __init__(
        self,
        io: IO,
        settings: Settings,
        journal: Journal | None,
        aside: Aside,
    ) -> None:
        self.is_stopped = False
        self._io = io
        self._settings = settings
        self._journal = journal
        self._aside = aside
        self._throttles = Throttles(io)

    async def do(self, item: Item) -> MapResult:
        """Return what becomes of a request; failures are results.

        Raises:
            ConfigurationError: The journal is one of other requests.
        """
        try:
            call = _checked(item.request, self._settings)
        except ResponsesClientError as error:
            return await self._finished(MapResult(*item, error=error), None)
        digest = None
        if self._journal is not None:
            digest = digest_of(call.request.content)
            known = self._journal.replay(item.id, digest)
            if known is not None:
                return MapResult(*item, response=known, is_replayed=True)
        return await self._finished(await self._sent(item, call), digest)

    async def _sent(self, item: Item, call: Call[Response]) -> MapResult:
        model = call.params.get("model")
        throttle = self._throttles.of(model if isinstance(model, str) else "")
        try:
            response = await fetch(self._io, call, throttle)
        except ResponsesClientError as error:
            return MapResult(*item, error=error.with_traceback(None))  # which would keep all it passed
        tokens = None if response.usage is None else response.usage.total_tokens
        if tokens is not None:
            throttle.record_usage(tokens)
        return MapResult(*item, response=response)

    async def _finished(self, result: MapResult, digest: str | None) -> MapResult:
        if self._journal is not None and not (self.is_stopped and result.error is not None):
            await self._journal.keep(self._io, self._aside, result, digest)
        return result


def _checked(given: object, settings: Settings) -> Call[Response]:
    """Check a request.

    Raises:
        RequestValidationError: It cannot be sent.
    """
    if not isinstance(given, Mapping):
        raise RequestValidationError([field_error("request", "a dict of the arguments of create", given)])
    params = cast("Mapping[str, object]", given)
    extra = params.get("extra_body")
    fields = {**params, **cast("Mapping[str, object]", extra)} if isinstance(extra, Mapping) else params
    if modes := [name for name in _MODES if fields.get(name)]:
        message = "cannot be used in a map, which waits for whole responses; leave it out"
        raise RequestValidationError(
            [field_error(name, "nothing", fields[name], message=message) for name in modes]
        )
    try:
        return prepare(RESPONSES_CREATE, params, settings)
    except TypeError as error:
        names = ", ".join(map(str, params))
        raise RequestValidationError(
            [field_error("request", "arguments of create", names, message=str(error))]
        ) from None
