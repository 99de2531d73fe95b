"""The part of a stream before an error ended it, as attributes of that error; pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict

if TYPE_CHECKING:
    from ..models import Response

    class StreamProgress(TypedDict, total=False):
        """Arguments of errors that may end a stream, which keep them as attributes."""

        partial: Response | None
        response_id: str | None
        last_sequence_number: int | None


__all__ = ["StreamFailure"]


class StreamFailure:
    """The attributes of an error that may end a stream."""

    partial: Response | None = None
    """The response so far; None before anything of it came."""
    response_id: str | None = None
    """The id of the response; None if it is not known."""
    last_sequence_number: int | None = None
    """The number of the last event that came; None if the server sends no numbers."""

    def note_progress(
        self,
        *,
        partial: Response | None = None,
        response_id: str | None = None,
        last_sequence_number: int | None = None,
    ) -> None:
        """Set the part and the position of the stream that this error ended."""
        self.partial = partial
        self.response_id = response_id
        self.last_sequence_number = last_sequence_number

    def _where(self) -> str:
        return "" if self.partial is None else "; the received part is in .partial"
