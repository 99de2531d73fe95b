"""Requests and answers of the benchmarks: generated, of realistic sizes, and the same in every run."""

import json
from collections.abc import Iterable, Iterator
from itertools import count
from random import Random
from typing import Any

Json = dict[str, Any]

MODEL = "gpt-5-mini"
SEGMENT = 1400  # bytes, roughly those of a TCP segment on Ethernet
BLOCK = 16 * 1024  # bytes of a TLS record at most (RFC 8446, 5.1)

_RESPONSE_ID = "resp_0cc96ac817fdc57e00693337060a408198b92bf1f99cf1b8ec"
_CREATED = 1_764_964_102
_WORDS = [
    "the",
    "of",
    "and",
    "a",
    "to",
    "in",
    "is",
    "it",
    "that",
    "was",
    "for",
    "on",
    "are",
    "with",
    "as",
    "be",
    "at",
    "one",
    "have",
    "this",
    "from",
    "by",
    "hot",
    "word",
    "but",
    "what",
    "some",
    "there",
    "we",
    "can",
    "out",
    "other",
    "were",
    "all",
    "your",
    "when",
    "up",
    "use",
    "how",
    "said",
    "an",
    "each",
    "she",
    "which",
    "do",
    "their",
    "time",
    "if",
    "will",
    "way",
    "about",
    "many",
    "then",
    "them",
    "would",
    "write",
    "like",
    "so",
    "these",
    "her",
    "long",
    "make",
    "thing",
    "see",
    "him",
    "two",
    "has",
    "look",
    "more",
    "day",
    "could",
    "event",
    "stream",
    "client",
    "response",
    "schema",
    "validation",
    "latency",
    "throughput",
    "configuration",
    "documentation",
]
_PUNCTUATION = (",", ".", ":", " (", ")", "\n\n", " **", "**", "\u2019s", " \u2013")
_PADDING = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_SPAN = 16  # the server pads the delta and its `obfuscation` to about this many characters


def dump(value: object) -> bytes:
    """Write JSON as the API does: compact, and without escaping non-ASCII characters."""
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False).encode()


def tokens(number: int, seed: int) -> list[str]:
    """Generate pieces of text as a model does: nearly all are a space and a word."""
    random = Random(seed)
    return [
        random.choice(_PUNCTUATION) if random.random() < 0.1 else f" {random.choice(_WORDS)}"
        for _ in range(number)
    ]


def prose(number: int, seed: int) -> str:
    """Return text with this number of tokens."""
    return "".join(tokens(number, seed)).strip()


def response(status: str, output: list[Json], usage: Json | None = None) -> Json:
    """Return a response with every field that the API sends."""
    return {
        "id": _RESPONSE_ID,
        "object": "response",
        "created_at": _CREATED,
        "status": status,
        "background": False,
        "completed_at": _CREATED + 9 if status == "completed" else None,
        "error": None,
        "incomplete_details": None,
        "instructions": "You are terse.",
        "max_output_tokens": None,
        "max_tool_calls": None,
        "model": "gpt-5-mini-2025-08-07",
        "output": output,
        "parallel_tool_calls": True,
        "previous_response_id": None,
        "prompt_cache_key": None,
        "prompt_cache_retention": None,
        "reasoning": {"effort": "medium", "summary": None},
        "safety_identifier": None,
        "service_tier": "default" if status == "completed" else "auto",
        "store": True,
        "temperature": 1.0,
        "text": {"format": {"type": "text"}, "verbosity": "medium"},
        "tool_choice": "auto",
        "tools": [_WEATHER_TOOL],
        "top_logprobs": 0,
        "top_p": 1.0,
        "truncation": "disabled",
        "usage": usage,
        "user": None,
        "metadata": {},
    }


_WEATHER_TOOL: Json = {
    "type": "function",
    "name": "get_weather",
    "description": "Look the weather up.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
        "required": ["city", "days"],
        "additionalProperties": False,
    },
    "strict": True,
}


def _usage(output_tokens: int) -> Json:
    return {
        "input_tokens": 412,
        "input_tokens_details": {"cached_tokens": 0},
        "output_tokens": output_tokens,
        "output_tokens_details": {"reasoning_tokens": output_tokens // 4},
        "total_tokens": 412 + output_tokens,
    }


class _Script:
    """Writes the events of one stream, and keeps the response that they build."""

    def __init__(self) -> None:
        self.events: list[Json] = []
        self._output: list[Json] = []
        self._numbers = count()
        self._random = Random(7)
        self._deltas = 0

    def add(self, kind: str, **fields: Any) -> None:
        self.events.append({"type": f"response.{kind}", "sequence_number": next(self._numbers), **fields})

    def start(self) -> None:
        self.add("created", response=response("in_progress", []))
        self.add("in_progress", response=response("in_progress", []))

    def end(self) -> None:
        self.add("completed", response=response("completed", self._output, _usage(self._deltas)))

    def item(self, item: Json) -> int:
        self._output.append(item)
        self.add("output_item.added", output_index=len(self._output) - 1, item=item)
        return len(self._output) - 1

    def done(self, item: Json) -> None:
        self._output[-1] = item
        self.add("output_item.done", output_index=len(self._output) - 1, item=item)

    def deltas(self, kind: str, place: Json, pieces: Iterable[str], **fields: Any) -> None:
        for piece in pieces:
            self._deltas += 1
            padding = "".join(self._random.choices(_PADDING, k=max(_SPAN - len(piece), 0)))
            self.add(f"{kind}.delta", **place, delta=piece, **fields, obfuscation=padding)

    def message(self, number: int, seed: int) -> None:
        item_id = _id("msg", seed)
        head: Json = {
            "id": item_id,
            "type": "message",
            "status": "in_progress",
            "content": [],
            "role": "assistant",
        }
        place: Json = {"item_id": item_id, "output_index": self.item(head), "content_index": 0}
        part: Json = {"type": "output_text", "annotations": [], "logprobs": [], "text": ""}
        self.add("content_part.added", **place, part=part)
        pieces = tokens(number, seed)
        self.deltas("output_text", place, pieces, logprobs=[])
        part = part | {"text": "".join(pieces)}
        self.add("output_text.done", **place, text=part["text"], logprobs=[])
        self.add("content_part.done", **place, part=part)
        self.done(head | {"status": "completed", "content": [part]})

    def reasoning(self, number: int, seed: int) -> None:
        item_id = _id("rs", seed)
        head: Json = {"id": item_id, "type": "reasoning", "summary": []}
        place: Json = {"item_id": item_id, "output_index": self.item(head), "summary_index": 0}
        part: Json = {"type": "summary_text", "text": ""}
        self.add("reasoning_summary_part.added", **place, part=part)
        pieces = tokens(number, seed)
        self.deltas("reasoning_summary_text", place, pieces)
        part = part | {"text": "".join(pieces)}
        self.add("reasoning_summary_text.done", **place, text=part["text"])
        self.add("reasoning_summary_part.done", **place, part=part)
        self.done(head | {"summary": [part]})

    def function_call(self, number: int, seed: int) -> None:
        item = function_call(number, seed)
        head = item | {"status": "in_progress", "arguments": ""}
        place: Json = {"item_id": item["id"], "output_index": self.item(head)}
        arguments: str = item["arguments"]
        pieces = [arguments[i : i + 4] for i in range(0, len(arguments), 4)]
        self.deltas("function_call_arguments", place, pieces)
        self.add("function_call_arguments.done", **place, arguments=arguments, name=item["name"])
        self.done(item)

    def web_search(self, seed: int) -> None:
        item = web_search(seed)
        head: Json = {"id": item["id"], "type": "web_search_call", "status": "in_progress"}
        place: Json = {"item_id": item["id"], "output_index": self.item(head)}
        for state in ("in_progress", "searching", "completed"):
            self.add(f"web_search_call.{state}", **place)
        self.done(item)


def text_events(deltas: int) -> list[Json]:
    """Return the events of an answer in plain text."""
    script = _Script()
    script.start()
    script.message(deltas, 1)
    script.end()
    return script.events


def mixed_events(rounds: int) -> list[Json]:
    """Return the events of an agent's answer: rounds of reasoning, searches, calls and text."""
    script = _Script()
    script.start()
    for seed in range(rounds):
        script.reasoning(40, seed)
        script.web_search(seed)
        script.function_call(24, seed)
        script.message(60, seed)
    script.end()
    return script.events


def frame(event: Json) -> bytes:
    """Return one event as it is sent in the stream."""
    return f"event: {event['type']}\ndata: ".encode() + dump(event) + b"\n\n"


def chunks(frames: list[bytes], size: int | None) -> list[bytes]:
    """Cut a stream into chunks of `size` bytes; None gives one event per chunk."""
    if size is None:
        return frames
    text = b"".join(frames)
    return [text[i : i + size] for i in range(0, len(text), size)]


def _id(prefix: str, seed: int) -> str:
    return f"{prefix}_0cc96ac817fdc57e00693337{seed:026x}"


def function_call(number: int, seed: int) -> Json:
    """Return a function call whose arguments have this number of tokens."""
    arguments = dump({"city": "Ljubljana", "days": 3, "note": prose(number, seed)}).decode()
    return {
        "id": _id("fc", seed),
        "type": "function_call",
        "status": "completed",
        "arguments": arguments,
        "call_id": f"call_{seed:024x}",
        "name": "get_weather",
    }


def web_search(seed: int) -> Json:
    """Return a finished web search with its sources."""
    sources = [{"type": "url", "url": f"https://example.com/{seed}/{n}"} for n in range(6)]
    action = {"type": "search", "query": prose(6, seed), "queries": [prose(6, seed)], "sources": sources}
    return {"id": _id("ws", seed), "type": "web_search_call", "status": "completed", "action": action}


def _answer_text(seed: int) -> Json:
    text = prose(60, seed)
    cited: Json = {
        "type": "url_citation",
        "start_index": 0,
        "end_index": 20,
        "title": "A page",
        "url": f"https://example.com/{seed}",
    }
    annotations = [cited] if seed % 3 == 0 else []
    return {"type": "output_text", "annotations": annotations, "logprobs": [], "text": text}


def _output_message(seed: int) -> Json:
    content = [_answer_text(seed)]
    return {
        "id": _id("msg", seed),
        "type": "message",
        "status": "completed",
        "content": content,
        "role": "assistant",
    }


def _reasoning(seed: int) -> Json:
    summary = [{"type": "summary_text", "text": prose(40, seed)}]
    return {"id": _id("rs", seed), "type": "reasoning", "summary": summary}


def long_response(items: int) -> bytes:
    """Return a response of this number of messages, function calls and reasoning items, as bytes."""
    kinds = (_reasoning, lambda seed: function_call(24, seed), _output_message)
    return dump(response("completed", [kinds[n % 3](n) for n in range(items)], _usage(items)))


def _turn(seed: int) -> Iterator[Json]:
    content: list[Json] = [{"type": "input_text", "text": prose(80, seed)}]
    if seed % 4 == 0:
        content.append(
            {"type": "input_image", "image_url": f"https://example.com/{seed}.png", "detail": "auto"}
        )
    yield {"role": "user", "content": content}
    yield function_call(24, seed)
    yield {"type": "function_call_output", "call_id": f"call_{seed:024x}", "output": prose(120, seed)}
    yield _output_message(seed)
    yield {"role": "user", "content": prose(30, seed)}


def history(items: int) -> list[Json]:
    """Return a conversation of this number of items as users keep it: messages, calls and outputs as dicts."""
    return [item for seed in range(items // 5 + 1) for item in _turn(seed)][:items]
