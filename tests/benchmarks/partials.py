"""Values that are read from unfinished JSON, after each delta of a long answer: CPU time."""

import json
from collections.abc import Iterator
from functools import partial
from typing import Any

from pydantic import BaseModel

from . import payloads
from .payloads import MODEL
from .peers import Answer
from .setup import Setup
from .timing import Row, Target, alternate, cpu, rows

_PIECE = 5  # characters of a delta
_LIMIT_SECONDS = 0.5


class _Tree(BaseModel):
    name: str
    height: int


class _Forest(BaseModel):
    trees: list[_Tree]


def values(setup: Setup) -> Iterator[Row]:
    """Measure `partial_parsed` after every delta of an answer in JSON, against the time that it may take."""
    number = setup.partial_deltas
    text = json.dumps({"trees": [{"name": f"tree {index}", "height": index} for index in range(number // 4)]})
    pieces = [text[start : start + _PIECE] for start in range(0, len(text), _PIECE)][:number]
    events = payloads.text_events(len(pieces))
    deltas = [event for event in events if event["type"] == "response.output_text.delta"]
    for event, piece in zip(deltas, pieces, strict=True):
        event["delta"] = piece
    client = setup.ours.client(Answer.events([*map(payloads.frame, events)]))
    samples = alternate(setup.repeats, {"ours": partial(cpu, partial(_read, client))})
    samples["the limit"] = [_LIMIT_SECONDS * len(pieces) / 10_000] * setup.repeats
    what = f"a partial value after each of {len(pieces):,} deltas"
    yield from rows(what, "s", samples, {"the limit": Target("at most", 1)})


def _read(client: Any) -> None:
    value: Any = None
    with client.responses.stream(model=MODEL, input="Which trees?", text_format=_Forest) as stream:
        for event in stream:
            if event.type == "response.output_text.delta":
                value = stream.partial_parsed
    if not value["trees"]:
        raise AssertionError(f"expected trees, got {value!r}")
