"""Streams in memory: CPU time per event of clients, of bare pydantic-core, and of the accumulating helper."""

import asyncio
import tracemalloc
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Annotated, Any, Union

from pydantic import Field, TypeAdapter

from responses_client.models import StreamEvent
from responses_client.models._base import union_class

from . import payloads
from .payloads import BLOCK, MODEL, SEGMENT
from .peers import Answer, Peer
from .setup import Setup
from .timing import Row, Target, alternate, cpu, rows

_CHUNKINGS = (
    ("1.4 KiB chunks", SEGMENT),
    ("16 KiB chunks", BLOCK),
    ("one event a chunk", None),
)
_DELTA = "response.output_text.delta"
_REQUEST: dict[str, Any] = {"model": MODEL, "input": "Tell me a story."}
_FASTER = Target("at least", 15)
_BARE = Target("at most", 2)
_Seen = tuple[int, int]


def _consume(events: Any) -> _Seen:
    number = size = 0
    for event in events:
        number += 1
        if event.type == _DELTA:
            size += len(event.delta)
    return number, size


def read(client: Any) -> _Seen:
    """Read a stream to its end."""
    with client.responses.create(**_REQUEST, stream=True) as stream:
        return _consume(stream)


async def read_async(client: Any) -> _Seen:
    """Read a stream to its end."""
    number = size = 0
    async with await client.responses.create(**_REQUEST, stream=True) as stream:
        async for event in stream:
            number += 1
            if event.type == _DELTA:
                size += len(event.delta)
    return number, size


def accumulate(client: Any) -> str:
    """Read a stream with the helper that accumulates the response, and return its text."""
    with client.responses.stream(**_REQUEST) as stream:
        _consume(stream)
        text: str = stream.get_final_response().output_text
    return text


def sync_streams(setup: Setup) -> Iterator[Row]:
    """Compare reading a stream of text with a sync client, in three chunkings, and a long one."""
    frames = [payloads.frame(event) for event in payloads.text_events(setup.deltas)]
    for name, size in _CHUNKINGS:
        yield from _compare(setup, f"stream, sync, {name}", frames, size, _reader)
    frames = [payloads.frame(event) for event in payloads.text_events(setup.long_deltas)]
    yield from _compare(
        setup, f"the same in 1.4 KiB chunks, {setup.long_deltas:,} deltas", frames, SEGMENT, _reader
    )


def async_streams(setup: Setup) -> Iterator[Row]:
    """Compare reading a stream of text with an async client, in three chunkings."""
    frames = [payloads.frame(event) for event in payloads.text_events(setup.deltas)]
    with asyncio.Runner() as runner:
        for name, size in _CHUNKINGS:
            yield from _compare(setup, f"stream, async, {name}", frames, size, partial(_async_reader, runner))


def mixed_streams(setup: Setup) -> Iterator[Row]:
    """Compare reading an agent's stream: reasoning, searches, calls and text."""
    frames = [payloads.frame(event) for event in payloads.mixed_events(setup.rounds)]
    yield from _compare(setup, "mixed stream, sync, 1.4 KiB chunks", frames, SEGMENT, _reader, None)


def bare_streams(setup: Setup) -> Iterator[Row]:
    """Compare reading a stream with pydantic-core alone, which gets the events already separated."""
    events = payloads.text_events(setup.deltas)
    frames = [payloads.frame(event) for event in events]
    data = [payloads.dump(event) for event in events]
    classes = [_class_of(event["type"]) for event in events]
    for model in set(classes):
        model.model_rebuild()
    chosen = [model.__pydantic_validator__.validate_json for model in classes]
    union = _tagged_union()
    bare = {
        "bare, class known": lambda: _consume(parse(one) for parse, one in zip(chosen, data, strict=True)),
        "bare, tagged union": lambda: _consume(map(union.validate_json, data)),
    }
    for name, size in _CHUNKINGS[:2]:
        readers = {"ours": _reader(setup.ours, payloads.chunks(frames, size)), **bare}
        samples = alternate(
            setup.repeats, {who: partial(_per_event, run, len(events)) for who, run in readers.items()}
        )
        yield from rows(f"stream, sync, {name}", "us/event", samples, dict.fromkeys(bare, _BARE))


def helper_streams(setup: Setup) -> Iterator[Row]:
    """Compare the helper that accumulates the response."""
    frames = [payloads.frame(event) for event in payloads.text_events(setup.deltas)]
    yield from _compare(setup, "responses.stream() and final response", frames, SEGMENT, _accumulating, None)
    frames = [payloads.frame(event) for event in payloads.text_events(setup.memory_deltas)]
    chunks = payloads.chunks(frames, SEGMENT)
    peaks = {
        peer.name: [_peak(partial(accumulate, peer.client(Answer.events(chunks))))] for peer in setup.peers
    }
    yield from rows(
        f"the same, memory peak, {setup.memory_deltas:,} deltas", "MiB", peaks, {"official": None}
    )


def _compare(
    setup: Setup,
    what: str,
    frames: list[bytes],
    size: int | None,
    reader: Callable[[Peer, Sequence[bytes]], Callable[[], object]],
    target: Target | None = _FASTER,
) -> list[Row]:
    chunks = payloads.chunks(frames, size)
    readers = {peer.name: reader(peer, chunks) for peer in setup.peers}
    seen = {run() for run in readers.values()}
    if len(seen) != 1:
        raise AssertionError(f"The clients read different events: {seen}")
    samples = alternate(
        setup.repeats, {who: partial(_per_event, run, len(frames)) for who, run in readers.items()}
    )
    return rows(what, "us/event", samples, {"official": target})


def _reader(peer: Peer, chunks: Sequence[bytes]) -> Callable[[], object]:
    return partial(read, peer.client(Answer.events(chunks)))


def _async_reader(runner: asyncio.Runner, peer: Peer, chunks: Sequence[bytes]) -> Callable[[], object]:
    client = peer.async_client(Answer.events(chunks))
    return lambda: runner.run(read_async(client))


def _accumulating(peer: Peer, chunks: Sequence[bytes]) -> Callable[[], object]:
    return partial(accumulate, peer.client(Answer.events(chunks)))


def _per_event(run: Callable[[], object], events: int) -> float:
    return cpu(run) / events * 1e6


def _peak(run: Callable[[], object]) -> float:
    run()  # so that memory allocated once, for caches, is not counted
    tracemalloc.start()
    try:
        run()
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()


def _tagged_union() -> TypeAdapter[Any]:
    classes = dict.fromkeys(map(_class_of, union_class(StreamEvent).members))
    union: Any = Union[tuple(classes)]  # noqa: UP007  # the classes are known only at run time
    return TypeAdapter(Annotated[union, Field(discriminator="type")])


def _class_of(tag: str) -> Any:
    return union_class(StreamEvent).member(tag)
