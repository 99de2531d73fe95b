"""An official client over ours against one of its own, on the same bytes: CPU time."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from . import payloads
from .payloads import MODEL
from .peers import Answer
from .setup import Setup
from .timing import Row, alternate, cpu, rows

_CALLS = 20
_ASK: Any = {"model": MODEL, "input": "Go on."}


def over_ours(setup: Setup) -> Iterator[Row]:
    """Compare streams and calls; without the official package there is nothing to measure."""
    if setup.official is None:
        return
    from responses_client.openai import OpenAI

    frames = [payloads.frame(event) for event in payloads.text_events(setup.deltas)]
    streamed = Answer.events(payloads.chunks(frames, payloads.SEGMENT))
    clients = {
        "ours": OpenAI(client=setup.ours.client(streamed)),
        "official": setup.official.client(streamed),
    }
    takes = {name: partial(cpu, partial(_stream, client)) for name, client in clients.items()}
    samples = alternate(setup.repeats, takes)
    yield from rows(
        "an event of an official client over ours", "us", samples, {"official": None}, 1e6 / len(frames)
    )

    whole = Answer.json(payloads.long_response(1))
    clients = {"ours": OpenAI(client=setup.ours.client(whole)), "official": setup.official.client(whole)}
    takes = {name: partial(cpu, partial(_call, client)) for name, client in clients.items()}
    samples = alternate(setup.repeats, takes)
    yield from rows("a call of an official client over ours", "ms", samples, {"official": None}, 1e3 / _CALLS)


def _stream(client: Any) -> int:
    return sum(1 for _ in client.responses.create(**_ASK, stream=True))


def _call(client: Any) -> None:
    for _ in range(_CALLS):
        client.responses.create(**_ASK)
