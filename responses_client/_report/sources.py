"""The sources of a page: events, a run or a journal, from a file or from objects; pure."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import fields, is_dataclass
from math import isfinite
from typing import Any, Literal, NamedTuple, cast

from pydantic_core import from_json

from .._base.json_types import JsonObject, as_object, is_array, is_mapping, is_object, is_sequence, json_or
from .._base.messages import one_line
from .._base.redaction import mask_fields, scrub

__all__ = ["Source", "as_source", "read"]

_SHOWN_CHARS = 60


class Source(NamedTuple):
    """The content of a page.

    Attributes:
        kind: "events" of one or more streams, the turns of a "run", or the lines of a "journal".
        records: The events, turns or lines, as JSON data without secrets.
        times: The seconds at which the events were received, from any start; None if they are not known.
        skipped: The number of lines that were passed over, as they are neither events nor results.
        run: The other fields of a run.
    """

    kind: Literal["events", "run", "journal"]
    records: list[JsonObject]
    times: list[float] | None = None
    skipped: int = 0
    run: JsonObject = {}  # noqa: RUF012  # nothing changes it


def read(text: str | bytes, times: Sequence[float] | None = None) -> Source:
    """Return the contents of a file.

    Args:
        text: Its text: events or lines of a journal, one a line, or a list of events, a saved run, or a response.
        times: The seconds at which its lines were received, if they are known.

    Raises:
        ValueError: It is not one of these.
    """
    if isinstance(text, bytes):
        text = text.decode("utf-8-sig", "replace")
    try:
        return _from_value(from_json(text))
    except ValueError:
        pass
    lines = text.split("\n")
    values = [_parse(line) for line in lines]
    known = [(value, number) for number, value in enumerate(values) if value]
    if not known:
        start = one_line(text, _SHOWN_CHARS)
        raise ValueError(
            f"It has neither events, nor a saved run, nor lines of a journal: it begins with {start!r}"
        )
    skipped = sum(bool(line.strip()) for line in lines) - len(known)
    received = None
    if times is not None and len(times) >= known[-1][1] + 1:
        received = [times[number] for _, number in known]
    return _from_records([value for value, _ in known], received, skipped)


def as_source(given: object, times: Iterable[float] | None) -> Source:
    """Return the content of a page from objects: events, a run, a response, or JSON data of one of them.

    Raises:
        ValueError: It is not one of these.
    """
    received = None if times is None else [*times]
    if isinstance(given, (str, bytes)):
        return read(given, received)
    if is_mapping(given) or hasattr(given, "to_dict"):
        return _from_value(_as_data(given))
    if not isinstance(given, Iterable):
        raise ValueError(f"A page shows events, a run or a response, not {type(given).__name__}")
    records: list[JsonObject] = [_as_data(one) for one in cast("Iterable[object]", given)]
    if received is not None and len(received) != len(records):
        raise ValueError(f"There are {len(received)} times for {len(records)} events")
    return _from_records(records, received, 0)


def _from_value(value: object) -> Source:
    if is_array(value) and value and all(map(is_object, value)):
        return _from_records(value, None, 0)
    found = as_object(value)
    if is_array(found.get("turns")):
        turns = [as_object(turn) for turn in found["turns"]]
        rest = {name: field for name, field in found.items() if name != "turns"}
        return Source("run", [_public(turn) for turn in turns], run=_public(rest))
    if "output" in found and is_array(found["output"]):
        return Source("run", [_public({"response": found})], run={"status": found.get("status")})
    if "type" in found or "custom_id" in found:
        return _from_records([found], None, 0)
    raise ValueError("It has neither events, nor a saved run, nor lines of a journal")


def _from_records(records: list[JsonObject], times: list[float] | None, skipped: int) -> Source:
    is_journal = bool(records) and "custom_id" in records[0]
    return Source(
        "journal" if is_journal else "events", [_public(record) for record in records], times, skipped
    )


def _parse(line: str) -> JsonObject | None:
    """Return the event or the result in a line; None if it has none."""
    found = as_object(json_or(line)) if line.strip() else {}
    return found if "type" in found or "custom_id" in found else None


def _as_data(value: object) -> Any:
    """Return an event of a stream or a run, or a run itself, as JSON data."""
    to_dict, as_dict = getattr(value, "to_dict", None), getattr(value, "_asdict", None)
    if callable(to_dict):
        return to_dict()
    if is_dataclass(value) and not isinstance(value, type):
        return {field.name: _as_data(getattr(value, field.name)) for field in fields(value)}
    if callable(as_dict):
        value = as_dict()
    if is_mapping(value):
        return {str(name): _as_data(field) for name, field in value.items()}
    if is_sequence(value):
        return [_as_data(member) for member in value]
    return value if isinstance(value, (str, int, float, type(None))) else repr(value)


def _public(record: JsonObject) -> JsonObject:
    """Return a record without anything that looks like a key."""
    public: JsonObject = _scrubbed(mask_fields(record))
    return public


def _scrubbed(value: Any) -> Any:
    if isinstance(value, str):
        # Few strings have one of the marks of a key.
        return scrub(value) if "-" in value or "_" in value or " " in value else value
    if is_object(value):
        return {name: _scrubbed(field) for name, field in value.items()}
    if isinstance(value, float) and not isfinite(value):
        return str(value)  # JSON, as browsers read it, has no such numbers
    return [_scrubbed(member) for member in value] if is_array(value) else value


def to_script_data(value: object) -> str:
    """Return JSON that may stand in a `script` element: ASCII, without `<`, `>` and `&`."""
    text = json.dumps(value, separators=(",", ":"), default=str)
    return text.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
