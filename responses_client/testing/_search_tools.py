"""The built-in search tools: searches with results, and texts that cite them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ._answer_texts import found_in_files, found_on_the_web, found_passages
from ._hosted_calls import FileSearchCall, HostedCall, WebSearchCall
from ._json_types import JSONObject

_MOST_CITED = 2


@dataclass(frozen=True, slots=True)
class Search:
    """A search: its call, and sentences, each with a citation or None."""

    call: HostedCall
    sentences: tuple[tuple[str, JSONObject | None], ...]


def searches(
    tools: Sequence[JSONObject],
    query: str,
    find_in_files: Callable[[JSONObject, str], list[JSONObject] | None],
) -> list[Search]:
    """Return a search for each search tool; `find_in_files` returns None if the files of a tool are missing."""
    found: list[Search] = []
    for tool in tools:
        kind = str(tool.get("type"))
        if kind.startswith("web_search"):
            found.append(_web_search(query))
        elif kind == "file_search":
            found.append(_file_search(query, find_in_files(tool, query)))
    return found


def _web_search(query: str) -> Search:
    urls = tuple(f"https://example.com/news/{number}" for number in (1, 2))
    cited: list[JSONObject] = [{"type": "url_citation", "title": "Example News", "url": url} for url in urls]
    sentences = zip(found_on_the_web(query), (None, *cited), strict=True)
    return Search(WebSearchCall((query,), urls), tuple(sentences))


def _file_search(query: str, real: list[JSONObject] | None) -> Search:
    if real is not None:
        cited = [(result["text"].strip(), _citation(result)) for result in real[:_MOST_CITED]]
        opening = found_passages(query, len(real))
        return Search(FileSearchCall((query,), tuple(real)), ((opening, None), *cited))
    opening, *passages = found_in_files(query)
    file = {"file_id": "file-0123456789abcdefghijkl", "filename": "notes.txt"}
    results: list[JSONObject] = [{**file, "attributes": {}, "score": 0.9, "text": text} for text in passages]
    cited = [(passage, _citation(file)) for passage in passages]
    return Search(FileSearchCall((query,), tuple(results)), ((opening, None), *cited))


def _citation(result: JSONObject) -> JSONObject:
    return {"type": "file_citation", "file_id": result["file_id"], "filename": result["filename"]}


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
