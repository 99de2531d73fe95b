"""The timeline of a page: bars of items, texts that grow, marks, and facts, from its source; pure."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import accumulate
from statistics import median
from typing import Any, NamedTuple

from .._base.json_types import JsonObject, as_array, as_object, is_object
from .._base.messages import MAX_VALUE_CHARS, one_line
from .._base.validation import is_number
from ..models._entries import item_entries, response_entries, usage_line
from .sources import Source

__all__ = ["Timeline", "timeline"]

_MAX_CHARS = 20_000  # of a text of an item that did not grow
_MIN_GAP_SECONDS = 0.25
_GAP_FACTOR = 5  # a gap is that much longer than the usual time between two events
_MAX_GAPS = 5
_MIN_COARSE_SECONDS = 5  # of a whole run or journal: their times are whole seconds
_MAX_TIME = 1e11  # of a response, in seconds since 1970
_TERMINAL = ("completed", "failed", "incomplete", "cancelled")
_TITLES = {"events": "Stream", "run": "Run", "journal": "Journal"}


class Row:
    """A bar of the timeline: an item, or a call of a tool."""

    def __init__(self, label: str, kind: str, start: float, event: int) -> None:
        self.label = label
        self.kind = kind
        self.start = start
        self.end = start
        self.event = event


class Text:
    """A text that grows: after each of its steps, an event, it has a length."""

    def __init__(self, label: str, kind: str, row: int) -> None:
        self.label = label
        self.kind = kind
        self.row = row
        self.pieces: list[str] = []
        self.steps: list[tuple[int, int]] = []
        self._length = 0

    def add(self, event: int, piece: str) -> None:
        """Append a piece that came with an event."""
        self.pieces.append(piece)
        # Characters as JavaScript counts them.
        self._length += len(piece.encode("utf-16-le", "surrogatepass")) // 2
        self.steps.append((event, self._length))


class Timeline(NamedTuple):
    """All that a page shows beside the records themselves; see `page.js`."""

    title: str
    note: str
    is_timed: bool
    facts: list[tuple[str, str]]
    events: list[tuple[float, str, str, int]]
    rows: list[Row]
    texts: list[Text]
    marks: list[tuple[float, float, str]]

    def to_data(self, records: list[JsonObject]) -> JsonObject:
        """Return it as JSON data, with the records."""
        return {
            "title": self.title,
            "note": self.note,
            "timed": self.is_timed,
            "facts": self.facts,
            "events": self.events,
            "rows": [[row.label, row.kind, row.start, row.end, row.event] for row in self.rows],
            "texts": [
                [text.label, text.kind, text.row, text.steps, "".join(text.pieces)] for text in self.texts
            ],
            "marks": self.marks,
            "raw": records,
        }


def timeline(source: Source) -> tuple[Timeline, list[JsonObject]]:
    """Return the timeline of a source, and the records to be shown for its events."""
    if source.kind == "run":
        return _run_timeline(source)
    is_journal = source.kind == "journal"
    builder = _Builder(source, _journal_spans(source.records) if is_journal else None)
    add = builder.add_line if is_journal else builder.add_event
    for number, record in enumerate(source.records):
        add(number, record)
    return builder.build(), source.records


def _run_timeline(source: Source) -> tuple[Timeline, list[JsonObject]]:
    """Turn the items of a run into events, one each."""
    records: list[JsonObject] = []
    turns: dict[int, int] = {}  # the numbers of turns, by the places of their responses
    for number, turn in enumerate(source.records, 1):
        given = as_array(turn.get("input"))
        response = as_object(turn.get("response"))
        records += [as_object(item) for item in given]
        # The response itself stands before its output.
        turns[len(records)] = number
        records.append({"turn": number, "response": {**response, "output": []}})
        records += [as_object(item) for item in as_array(response.get("output"))]
    last = source.records[-1] if source.records else {}
    records += [as_object(item) for item in as_array(last.get("outputs"))]
    builder = _Builder(source._replace(records=records), _run_spans(source.records))
    for number, record in enumerate(records):
        if number in turns:
            builder.add_turn(number, turns[number], as_object(record["response"]))
        else:
            builder.add_item(number, record)
    return builder.build(), records


def _run_spans(turns: list[JsonObject]) -> list[tuple[float, float]] | None:
    """Return from when to when each record of a run was made, by the times of its responses; None if some have none.

    What a turn sends was made between the response before and its own.
    """
    times = [_times(as_object(turn.get("response"))) for turn in turns]
    known = [pair for pair in times if pair is not None]
    if not known or len(known) < len(times):
        return None
    spans: list[tuple[float, float]] = []
    before = start = known[0][0]
    for turn, (created, completed) in zip(turns, known, strict=True):
        spans += [(before - start, created - start)] * len(as_array(turn.get("input")))
        response = as_object(turn.get("response"))
        spans += [(created - start, completed - start)] * (1 + len(as_array(response.get("output"))))
        before = completed
    return spans + [(before - start, before - start)] * len(as_array(turns[-1].get("outputs")))


def _journal_spans(lines: list[JsonObject]) -> list[tuple[float, float]] | None:
    """Return from when to when the responses of a journal were made; None if none has times."""
    times = [_times(as_object(as_object(line.get("response")).get("body"))) for line in lines]
    known = [pair for pair in times if pair is not None]
    if not known:
        return None
    start = min(created for created, _ in known)
    spans: list[tuple[float, float]] = []
    last = 0.0
    for pair in times:
        created, completed = (last, last) if pair is None else (pair[0] - start, pair[1] - start)
        last = completed
        spans.append((created, completed))
    return spans


def _times(response: JsonObject) -> tuple[float, float] | None:
    """Return when a response was begun and completed; None if it does not say."""
    start, end = response.get("created_at"), response.get("completed_at")
    if is_number(start) and is_number(end) and 0 <= start <= end < _MAX_TIME:
        return float(start), float(end)
    return None


class _Builder:
    def __init__(self, source: Source, spans: list[tuple[float, float]] | None = None) -> None:
        self._source = source
        self._at = [float(n) for n in range(len(source.records))]
        self._spans = [(at, at + 1) for at in self._at]
        self._is_timed = False
        if source.times:
            self._is_timed = True
            self._at = [round(time - source.times[0], 6) for time in source.times]
            self._spans = [(at, at) for at in self._at]
        elif spans and max(end for _, end in spans) >= _MIN_COARSE_SECONDS:
            self._is_timed = True
            # The list of events is in order, even where a clock was not.
            self._at = [*accumulate((end for _, end in spans), max)]
            self._spans = spans
        self._events: list[tuple[float, str, str, int]] = []
        self._rows: list[Row] = []
        self._texts: list[Text] = []
        self._rows_with_text: set[int] = set()
        self._by_key: dict[tuple[int, object], int] = {}
        self._tracks: dict[tuple[object, ...], Text] = {}
        self._responses = 0
        self._response: JsonObject = {}
        self._usages: list[JsonObject] = []
        self._first_delta: int | None = None
        self._first_text: int | None = None
        self._last_delta: int | None = None
        self._names: dict[str, str] = {}
        self._failed = 0

    # --- events of streams

    def add_event(self, number: int, event: JsonObject) -> None:
        """Add an event of a stream, or of a run."""
        kind = one_line(str(event.get("type") or "event"), MAX_VALUE_CHARS)
        if is_object(event.get("response")):
            self._take_response(event["response"], kind)
        row = self._row_of(number, kind, event)
        if row >= 0:
            self._rows[row].end = self._spans[number][1]
        piece = event.get("delta")
        if isinstance(piece, str):
            self._grow(number, kind, event, row, piece)
        elif kind.endswith(".done"):
            self._settle(number, kind, event, row)
        self._note(number, kind, _detail(event), row)

    def _take_response(self, response: JsonObject, kind: str) -> None:
        if kind == "response.created":
            self._responses += 1
        self._response = {**self._response, **response}
        if kind.rpartition(".")[2] in _TERMINAL:
            self._usages.append(as_object(response.get("usage")))

    def _row_of(self, number: int, kind: str, event: JsonObject) -> int:
        """Return the index of the row of an event, a new one if its item is new; -1 if it is about no item."""
        item = as_object(event.get("item"))
        if kind.startswith("run.tool_"):
            item = as_object(event.get("call"))
            key: object = ("tool", _name(item.get("call_id") or item.get("id")))
        else:
            key = _name(event.get("output_index", event.get("item_id") or item.get("id")))
        if key is None:
            return -1
        index = self._by_key.get((self._responses, key))
        if index is None:
            index = len(self._rows)
            self._by_key[self._responses, key] = index
            label, row_kind = _row_label(item, kind)
            self._rows.append(Row(label, row_kind, self._at[number], number))
        elif item and not kind.startswith("run."):
            self._rows[index].label, self._rows[index].kind = _row_label(item, kind)
        return index

    def _grow(self, number: int, kind: str, event: JsonObject, row: int, piece: str) -> None:
        if self._first_delta is None:
            self._first_delta = number
        if self._first_text is None and "output_text" in kind:
            self._first_text = number
        self._last_delta = number
        self._track(kind.removesuffix(".delta"), event, row).add(number, piece)

    def _settle(self, number: int, kind: str, event: JsonObject, row: int) -> None:
        """Take a whole text, or an item, of which no pieces came."""
        name = kind.removesuffix(".done")
        text = next(
            (event[field] for field in ("text", "arguments", "refusal", "code", "input") if field in event),
            None,
        )
        if isinstance(text, str):
            track = self._track(name, event, row)
            if not track.steps:
                track.add(number, text)
        elif row >= 0 and is_object(event.get("item")) and row not in self._rows_with_text:
            self._add_entries(number, event["item"], row)

    def _track(self, name: str, event: JsonObject, row: int) -> Text:
        place = _name(event.get("content_index", event.get("summary_index")))
        key = (self._responses, row, name, place)
        track = self._tracks.get(key)
        if track is None:
            short = name.removeprefix("response.").replace("_", " ").replace(".", " ")
            kind = (
                "reasoning"
                if "reasoning" in name
                else "message"
                if "text" in name or "refusal" in name
                else "call"
            )
            label = f"{self._rows[row].label}: {short}" if row >= 0 and kind == "call" else short
            track = self._tracks[key] = self._new_text(label, kind, row)
        return track

    def _new_text(self, label: str, kind: str, row: int) -> Text:
        made = Text(label, kind, row)
        self._texts.append(made)
        self._rows_with_text.add(row)
        return made

    # --- items of runs, and lines of journals

    def add_turn(self, number: int, turn: int, response: JsonObject) -> None:
        """Add the response of a turn, which stands before its output."""
        self._responses += 1
        self._response = {**self._response, **response}
        self._usages.append(as_object(response.get("usage")))
        label = f"turn {turn}: response"
        self._add_row(number, label, "other")
        for entry in response_entries(response, self._names, _MAX_CHARS):
            self._add_text(number, entry.title, entry.kind, entry.text)
        detail = ", ".join(filter(None, [one_line(str(response.get("status")), 40), _seconds(response)]))
        self._note(number, label, detail, len(self._rows) - 1)

    def add_item(self, number: int, item: JsonObject) -> None:
        """Add an item of a run."""
        kind = one_line(str(item.get("type") or "message"), MAX_VALUE_CHARS)
        label, row_kind = _row_label(item, kind)
        self._add_row(number, label, row_kind)
        self._add_entries(number, item, len(self._rows) - 1)
        self._note(number, kind, label.removeprefix(kind).strip(), len(self._rows) - 1)

    def add_line(self, number: int, line: JsonObject) -> None:
        """Add a line of a journal."""
        name = one_line(str(line.get("custom_id")), MAX_VALUE_CHARS)
        answer = as_object(line.get("response"))
        body, error = as_object(answer.get("body")), as_object(line.get("error"))
        status = answer.get("status_code")
        is_failed = (
            bool(error) or (isinstance(status, int) and status >= 400) or body.get("status") == "failed"
        )
        self._failed += is_failed
        self._usages.append(as_object(body.get("usage")))
        self._response = {**self._response, "model": body.get("model") or self._response.get("model")}
        self._add_row(number, name, "failed" if is_failed else "message")
        row = len(self._rows) - 1
        for entry in response_entries(body, {}, _MAX_CHARS):
            self._add_text(number, f"{name}: {entry.title}", entry.kind, entry.text, row)
        problem = error.get("message") or as_object(body.get("error")).get("message")
        if problem:
            self._add_text(number, f"{name}: error", "note", one_line(str(problem), 1000), row)
        state = "failed" if is_failed else str(body.get("status") or "answered")
        self._note(number, name, ", ".join(filter(None, [state, _seconds(body)])), row)

    def _add_row(self, number: int, label: str, kind: str) -> None:
        start, end = self._spans[number]
        row = Row(label, kind, start, number)
        row.end = end
        self._rows.append(row)

    def _add_entries(self, number: int, item: JsonObject, row: int) -> None:
        for entry in item_entries(item, self._names, _MAX_CHARS):
            self._add_text(number, entry.title, entry.kind, entry.text, row)

    def _add_text(self, number: int, label: str, kind: str, text: str, row: int = -1) -> None:
        if text:
            self._new_text(label, kind, row).add(number, text)

    # --- the whole

    def _note(self, number: int, kind: str, detail: str, row: int) -> None:
        self._events.append((self._at[number], kind, one_line(detail, MAX_VALUE_CHARS), row))

    def build(self) -> Timeline:
        """Return the timeline of all that was added."""
        return Timeline(
            title=_TITLES[self._source.kind],
            note=self._remarks(),
            is_timed=self._is_timed,
            facts=[(name, value) for name, value in self._facts() if value],
            events=self._events,
            rows=self._rows,
            texts=self._texts,
            marks=[*self._marks()],
        )

    def _remarks(self) -> str:
        unit = {"events": "events", "run": "items", "journal": "lines"}[self._source.kind]
        remarks = [] if self._is_timed else [f"Times are not known: the timeline counts {unit}."]
        if self._source.skipped:
            remarks.append(
                f"{self._source.skipped:,} lines are neither events nor results, and are left out."
            )
        return " ".join(remarks)

    def _facts(self) -> Iterator[tuple[str, str]]:
        response, kind = self._response, self._source.kind
        yield "model", one_line(str(response.get("model") or ""), MAX_VALUE_CHARS)
        status = self._source.run.get("status") if kind == "run" else response.get("status")
        if kind != "journal":
            yield "status", one_line(str(status or ""), MAX_VALUE_CHARS)
        problem = as_object(response.get("error")).get("message")
        yield "error", one_line(str(problem or ""), 2 * MAX_VALUE_CHARS)
        unit = {"events": "events", "run": "items", "journal": "requests"}[kind]
        yield unit, f"{len(self._events):,}"
        if kind == "journal":
            yield "failed", f"{self._failed:,}" if self._failed else ""
        elif self._responses > 1:
            yield "turns", str(self._responses)
        total = _total(self._usages)
        yield "usage", usage_line(total)
        if self._is_timed and self._at:
            yield "first token", _time(self._first_delta, self._at)
            yield "first text", _time(self._first_text, self._at)
            yield "total time", f"{self._at[-1]:.2f} s"
            yield "speed", self._speed(total)
        elif self._first_delta is not None:
            yield "first token", f"event {self._first_delta + 1}"

    def _speed(self, usage: JsonObject) -> str:
        tokens = usage.get("output_tokens")
        if self._first_delta is None or self._last_delta is None or not isinstance(tokens, int):
            return ""
        seconds = self._at[self._last_delta] - self._at[self._first_delta]
        return f"{tokens / seconds:,.0f} tokens/s" if seconds > 0 and tokens else ""

    def _marks(self) -> Iterator[tuple[float, float, str]]:
        """Yield the places to be marked: from, to, and a label."""
        if self._first_delta is not None:
            at = self._at[self._first_delta]
            yield at, at, "first token"
        if not self._source.times or len(self._at) < 2:
            return
        pauses = [(later - at, at, later) for at, later in zip(self._at, self._at[1:], strict=False)]
        least = max(_MIN_GAP_SECONDS, _GAP_FACTOR * median(pause for pause, _, _ in pauses))
        for pause, at, later in sorted(pauses, reverse=True)[:_MAX_GAPS]:
            if pause >= least:
                yield at, later, f"{pause:.2f} s without an event"


def _row_label(item: JsonObject, kind: str) -> tuple[str, str]:
    """Return the label of a row, and its kind, which has a colour."""
    wire_type = str(
        item.get("type") or ("message" if "role" in item else kind.split(".")[1 if "." in kind else 0])
    )
    name = item.get("name")
    role = item.get("role") if wire_type == "message" and item.get("role") != "assistant" else None
    label = " ".join(str(part) for part in (wire_type, name, role) if part)
    if kind.startswith("run.tool_"):
        return one_line(f"tool {name or wire_type}", MAX_VALUE_CHARS), "output"
    if wire_type.endswith("_output"):
        row_kind = "output"
    elif "call" in wire_type:
        row_kind = "call"
    else:
        row_kind = wire_type if wire_type in ("message", "reasoning") else "other"
    return one_line(label, MAX_VALUE_CHARS), row_kind


def _name(value: object) -> str | int | None:
    """Return an index or an id; None for any other value."""
    return value if isinstance(value, (str, int)) else None


def _detail(event: JsonObject) -> str:
    for field in ("delta", "text", "message", "code", "name"):
        if isinstance(event.get(field), str):
            return str(event[field][:200])
    item = as_object(event.get("item") or event.get("call"))
    status = as_object(event.get("response")).get("status")
    return " ".join(str(part) for part in (item.get("type"), item.get("name"), status) if part)


def _seconds(response: JsonObject) -> str:
    times = _times(response)
    return "" if times is None else f"{times[1] - times[0]:g} s"


def _time(number: int | None, at: list[float]) -> str:
    return "" if number is None else f"{at[number]:.2f} s"


def _total(usages: list[JsonObject]) -> JsonObject:
    total: dict[str, Any] = {}
    for usage in usages:
        for name, value in usage.items():
            if is_object(value):
                before = as_object(total.get(name))
                total[name] = {
                    key: (before.get(key) or 0) + count
                    for key, count in value.items()
                    if isinstance(count, int)
                }
            elif isinstance(value, int):
                known = total.get(name)
                total[name] = value + (known if isinstance(known, int) else 0)
    return total
