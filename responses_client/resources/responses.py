"""`client.responses`: the generated endpoints and what is built on them."""

from typing import TYPE_CHECKING

from responses_client._stream import AsyncResponseStream, ResponseStream

from ._operations import RESPONSES_CREATE, AsyncResponsesOperations, ResponsesOperations

if TYPE_CHECKING:
    from typing_extensions import Unpack

    from responses_client.models import ResponseCreateParams

__all__ = ["AsyncResponses", "Responses"]


class Responses(ResponsesOperations):
    """Create responses."""

    def stream(self, **params: "Unpack[ResponseCreateParams]") -> ResponseStream:
        """Return a stream to be used as `with client.responses.stream(...) as stream`.

        The arguments are those of `create`; the request is sent when the block is entered.
        """
        return self._client.stream(RESPONSES_CREATE, params, ResponseStream)


class AsyncResponses(AsyncResponsesOperations):
    """Create responses."""

    def stream(self, **params: "Unpack[ResponseCreateParams]") -> AsyncResponseStream:
        """Return a stream to be used as `async with client.responses.stream(...) as stream`.

        The arguments are those of `create`; the request is sent when the block is entered.
        """
        return self._client.stream(RESPONSES_CREATE, params, AsyncResponseStream)
