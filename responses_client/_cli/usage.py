"""The line of `--usage`: tokens, and how fast they came."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._base import clock

if TYPE_CHECKING:
    from ..models import Response, StreamEvent

__all__ = ["Stopwatch"]


class Stopwatch:
    """The times of one answer, from the request on."""

    def __init__(self) -> None:
        self._start = clock.monotonic()
        self._first: float | None = None

    def see(self, event: StreamEvent) -> None:
        """Note the time of the first piece of text, reasoning or arguments."""
        if self._first is None and isinstance(getattr(event, "delta", None), str):
            self._first = clock.monotonic()

    def report(self, response: Response) -> str:
        """Return the line about a response that has just ended."""
        now = clock.monotonic()
        usage = response.usage
        if usage is None:
            tokens = "the server reports no tokens"
        else:
            cached, reasoning = (
                usage.input_tokens_details.cached_tokens,
                usage.output_tokens_details.reasoning_tokens,
            )
            from_cache = f" ({cached} of them cached)" if cached else ""
            of_reasoning = f" ({reasoning} of them reasoning)" if reasoning else ""
            plural = "" if usage.input_tokens == 1 else "s"
            tokens = (
                f"{usage.input_tokens} token{plural} in{from_cache}, {usage.output_tokens} out{of_reasoning}"
            )
        times = [f"{now - self._start:.2f} s"]
        if self._first is not None:
            times.append(f"the first token after {self._first - self._start:.2f} s")
            if usage is not None and usage.output_tokens and now > self._first:
                times.append(f"then {usage.output_tokens / (now - self._first):.0f} tokens a second")
        return f"usage: {tokens}; {', '.join(times)}"
