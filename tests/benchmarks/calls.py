"""Complete calls in memory: CPU time of encoding a long input and of parsing a long response."""

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

from . import payloads
from .payloads import MODEL, Json
from .peers import Answer
from .setup import Setup
from .timing import Row, Target, alternate, cpu, rows

_BATCH = 20  # short calls are measured in batches, since clocks are coarse


def encoding(setup: Setup) -> Iterator[Row]:
    """Compare the encoding of a long input of dicts: the time of its call minus that of a call with a short input."""
    answer = Answer.json(payloads.long_response(1))
    long, short = payloads.history(setup.input_items), payloads.history(1)
    clients = {peer.name: peer.client(answer) for peer in setup.peers}
    samples = alternate(
        setup.repeats, {name: partial(_send, client, short) for name, client in clients.items()}
    )
    yield from rows("a call with a 1-item input, in all", "ms", samples, {"official": None}, 1e3)
    extra = {name: partial(_more, client, long, short) for name, client in clients.items()}
    samples = alternate(setup.repeats, extra)
    what = f"encode a {setup.input_items:,}-item dict input, checked"
    yield from rows(what, "ms", samples, {"official": Target("at least", 20)}, 1e3)


def parsing(setup: Setup) -> Iterator[Row]:
    """Compare a call with a long response, whose items are all read."""
    answer = Answer.json(payloads.long_response(setup.output_items))
    clients = {peer.name: peer.client(answer) for peer in setup.peers}
    calls = {
        name: partial(cpu, partial(_receive, client, setup.output_items)) for name, client in clients.items()
    }
    samples = alternate(setup.repeats, calls)
    what = f"parse a {setup.output_items:,}-item response"
    yield from rows(what, "ms", samples, {"official": Target("at least", 3)}, 1e3)


def _call(client: Any, items: list[Json], times: int) -> None:
    for _ in range(times):
        client.responses.create(model=MODEL, input=items)


def _send(client: Any, items: list[Json], times: int = _BATCH) -> float:
    run: Callable[[], None] = partial(_call, client, items, times)
    return cpu(run) / times


def _more(client: Any, long: list[Json], short: list[Json]) -> float:
    return _send(client, long, 2) - _send(client, short)


def _receive(client: Any, items: int) -> int:
    response = client.responses.create(model=MODEL, input="Go on.")
    kinds = [item.type for item in response.output]
    if len(kinds) != items:
        raise AssertionError(f"expected {items} items, got {len(kinds)}")
    return len(response.output_text)
