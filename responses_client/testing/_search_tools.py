"""The built-in search tools: search calls with results, and texts that cite them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ._answer_texts import found_in_files, found_on_the_web
from ._json_types import JSONObject
from ._request_input import includes


@dataclass(frozen=True, slots=True)
class Search:
    """A search: the id prefix of its call, the call without id, and sentences with citations or None."""

    prefix: str
    call: JSONObject
    sentences: tuple[tuple[str, JSONObject | None], ...]


def searches(request: JSONObject, tools: Sequence[JSONObject], query: str) -> list[Search]:
    """Return a search for each search tool, with the optional fields that the request includes."""
    found: list[Search] = []
    for tool in tools:
        kind = str(tool.get("type"))
        if kind.startswith("web_search"):
            found.append(_web_search(query, with_sources=includes(request, "web_search_call.action.sources")))
        elif kind == "file_search":
            found.append(_file_search(query, with_results=includes(request, "file_search_call.results")))
    return found


def _web_search(query: str, *, with_sources: bool) -> Search:
    urls = [f"https://example.com/news/{number}" for number in (1, 2)]
    action: JSONObject = {"type": "search", "query": query, "queries": [query]}
    if with_sources:
        action["sources"] = [{"type": "url", "url": url} for url in urls]
    cited: list[JSONObject] = [{"type": "url_citation", "title": "Example News", "url": url} for url in urls]
    call: JSONObject = {"type": "web_search_call", "status": "completed", "action": action}
    return Search("ws", call, tuple(zip(found_on_the_web(query), (None, *cited), strict=True)))


def _file_search(query: str, *, with_results: bool) -> Search:
    file = {"file_id": "file-0123456789abcdefghijkl", "filename": "notes.txt"}
    opening, *passages = found_in_files(query)
    results: list[JSONObject] = [{**file, "attributes": {}, "score": 0.9, "text": text} for text in passages]
    call: JSONObject = {
        "type": "file_search_call",
        "status": "completed",
        "queries": [query],
        "results": results if with_results else None,
    }
    cited: list[tuple[str, JSONObject]] = [
        (passage, {"type": "file_citation", **file}) for passage in passages
    ]
    return Search("fs", call, ((opening, None), *cited))


def cited_text(found: Sequence[Search]) -> tuple[str, list[JSONObject]]:
    """Return the text of an answer to searches, and its citations with their positions in characters."""
    notes: list[JSONObject] = []
    text = ""
    for sentence, cited in (pair for search in found for pair in search.sentences):
        start = len(text) + 1 if text else 0
        text = f"{text} {sentence}" if text else sentence
        if cited is not None:
            is_file = cited["type"] == "file_citation"
            place = {"index": len(text)} if is_file else {"start_index": start, "end_index": len(text)}
            notes.append({**cited, **place})
    return text, notes
