"""The reference pages of the models: one page a family, each name once, with a sample of its JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from importlib import import_module
from types import FunctionType

from codegen.schema import Object, Union

from .samples import sample, sampled, schema
from .source_types import Declared, Property, declared

__all__ = ["FAMILIES", "Family", "family_pages", "home_of"]

PREFIX = "responses_client.models."


@dataclass(frozen=True)
class Family:
    """A page of models, and the files of the schema that they come from."""

    path: str
    title: str
    text: str
    areas: tuple[str, ...]


FAMILIES = (
    Family(
        "responses",
        "Responses",
        "The response, its parts, and what the server says of stored objects.",
        ("response", "outcome", "response_parts", "stored", "model_ids"),
    ),
    Family(
        "requests",
        "Requests",
        "The bodies and queries of requests, and the parts that only requests have.",
        ("requests", "parts_of_requests", "other_requests"),
    ),
    Family("items", "Items", "The items of input and output.", ("items",)),
    Family(
        "tool-calls",
        "Tool calls",
        "The calls of hosted tools, and the outputs that answer them.",
        ("tool_calls",),
    ),
    Family(
        "content",
        "Content parts and annotations",
        "The parts of messages: texts, refusals, images, files, and the citations in texts.",
        ("content", "attachments"),
    ),
    Family(
        "tools",
        "Tools",
        "The tools that a request offers, the rules for their choice, and the formats of text.",
        ("tools", "hosted_tools", "custom_tools", "tool_choices", "json_formats"),
    ),
    Family(
        "events",
        "Events",
        "The events of streams, in the order of their families.",
        ("events", "output_events", "reasoning_events", "tool_events", "rare_events"),
    ),
    Family(
        "websocket",
        "WebSocket messages",
        "The messages of both sides of a WebSocket session, beyond the events of a stream.",
        ("socket", "socket_requests"),
    ),
    Family(
        "webhooks",
        "Webhooks",
        "The events of webhooks, and the endpoints that they are sent to.",
        ("webhooks", "webhook_requests"),
    ),
    Family(
        "files", "Files", "Files that the server stores, and requests for them.", ("files", "file_requests")
    ),
    Family(
        "vector-stores",
        "Vector stores",
        "Vector stores, the files in them, and requests for both.",
        ("vector_stores", "vector_store_requests"),
    ),
    Family(
        "containers",
        "Containers",
        "Containers, in which models run code, the files in them, and requests for both.",
        ("containers", "container_requests"),
    ),
    Family(
        "batches",
        "Batches",
        "Batches, requests for them, and the lines of their files.",
        ("batches", "batch_requests", "batch"),
    ),
    Family("base", "Base classes", "The bases of all models, and the classes for unknown objects.", ()),
)


def _families() -> Iterator[Family]:
    """Yield the families; a file of the schema that none of them names has a page of its own."""
    known = {area for family in FAMILIES for area in family.areas}
    yield from FAMILIES[:-1]
    for area in schema().areas:
        if area.module not in known and area.names:
            title = area.module.replace("_", " ").capitalize()
            yield Family(area.module.replace("_", "-"), title, area.doc, (area.module,))
    yield FAMILIES[-1]


@cache
def _names() -> Mapping[str, list[str]]:
    """Return the public names of each area of the schema; those of no area under the empty name."""
    public: list[str] = import_module("responses_client.models").__all__
    found: dict[str, list[str]] = {}
    for name in public:
        found.setdefault(_area(name), []).append(name)
    return found


def _area(name: str) -> str:
    """Return the area of the schema that a public name comes from: a class, its dict type, or a union."""
    schemas = schema().schemas
    if name in schemas:
        return schemas[name].module
    for known in schemas.values():
        names = [f"{known.name}Param"]
        if isinstance(known, Object):
            names += [known.request or "", *(other for other, _ in known.without)]
        elif isinstance(known, Union):
            names.append(known.list_name or "")
        if name in names:
            return known.module
    return ""


@cache
def home_of() -> Mapping[str, str]:
    """Return the path of the page of each public name of the models."""
    return {
        name: f"models/{family.path}.md"
        for family in _families()
        for area in (family.areas or ("",))
        for name in _names().get(area, ())
    }


def family_pages() -> dict[str, tuple[str, str]]:
    """Return title and Markdown of each page, by its path in the reference."""
    return {f"models/{family.path}.md": (family.title, _page(family)) for family in _families()}


def _page(family: Family) -> str:
    parts = [f"# {family.title}\n\n{family.text} All names are in `responses_client.models`."]
    docs = {area.module: area.doc for area in schema().areas}
    for area in family.areas or ("",):
        names = _names().get(area, ())
        order = {name: number for number, name in enumerate(schema().schemas)}
        classes = sorted((n for n in names if n in order), key=lambda n: order[n])
        others = [n for n in names if n not in order]
        if len(family.areas) > 1:
            parts.append(f"## {docs[area].rstrip('.')}")
        level = "###" if len(family.areas) > 1 else "##"
        parts += [_entry(name, level, family) for name in [*classes, *others]]
    return "\n\n".join(parts) + "\n"


def _entry(name: str, level: str, family: Family) -> str:
    known, source = schema().schemas.get(name), declared()[name]
    parts = [f"{level} {name} {{ #{PREFIX}{name} }}"]
    tags = schema().tags(name) if isinstance(known, Object) else ()
    if tags and tags != ("unknown",):
        parts.append("`type`: " + ", ".join(f"`{tag}`" for tag in tags))
    parts.append(source.text)
    if isinstance(known, Union) or source.alias:
        parts.append(_members(known.name if isinstance(known, Union) else "", source, family))
    if bases := [base for base in source.bases if base in home_of()]:
        parts.append("Based on " + ", ".join(_link(base, family) for base in bases) + ".")
    if shown := [each for each in source.properties if each.text or each.name != "type"]:
        parts.append(_table(shown, family))
    if name in {each.name for each in sampled()}:
        text = json.dumps(sample(name), indent=2, ensure_ascii=False)
        parts.append(f"```json\n{_folded(text)}\n```")
    parts += _methods(source, level)
    return "\n\n".join(part for part in parts if part)


def _members(union: str, source: Declared, family: Family) -> str:
    """Return the members of a union, with their tags, or the meaning of an alias."""
    if not union:
        return f"The same as {_type(source.alias, family)}."
    rows = ["| `type` | class |", "| --- | --- |"]
    for name in schema().objects(union):
        tags = " ".join(f"`{tag}`" for tag in schema().tags(name))
        rows.append(f"| {tags} | {_link(name, family)} |")
    found = schema().schemas[union]
    assert isinstance(found, Union)
    rows.append(f"| all others | {_link(found.unknown, family)} |")
    return "\n".join(rows)


def _table(properties: list[Property], family: Family) -> str:
    rows = ["| field | type | meaning |", "| --- | --- | --- |"]
    for each in properties:
        mark = " **required**" if each.is_required else ""
        text = _cell(each.text)
        rows.append(f"| `{each.name}`{mark} | {_type(each.type, family)} | {text} |")
    return "\n".join(rows)


_WORD = re.compile(r'"[^"]*"|\b[A-Z]\w+\b')


def _type(text: str, family: Family) -> str:
    """Return a type as one piece of code with a link for each public name in it."""
    parts: list[str] = []
    end = 0
    for match in _WORD.finditer(text):
        if match[0] in home_of():
            parts += [_escaped(text[end : match.start()]), _link(match[0], family).replace("`", "")]
            end = match.end()
    return f"<code>{''.join([*parts, _escaped(text[end:])])}</code>"


def _cell(text: str) -> str:
    """Return prose for a cell of a table: on one line, with bars only in code."""
    parts = " ".join(text.split()).split("`")
    return "`".join(part if number % 2 else part.replace("|", "&#124;") for number, part in enumerate(parts))


def _escaped(text: str) -> str:
    """Return text of which neither Markdown nor a table takes a character for its own."""
    return re.sub(r"[^\w ,.:]|_", lambda match: f"&#{ord(match[0])};", text)


def _link(name: str, family: Family) -> str:
    if name not in home_of():
        return f"`{name}`"
    home = home_of()[name].removeprefix("models/")
    page = "" if home == f"{family.path}.md" else home
    return f"[`{name}`]({page}#{PREFIX}{name})"


def _folded(text: str) -> str:
    """Return JSON with short objects and lists on one line each."""
    short = re.compile(
        r"([\[{])\n\s+((?:[^\[\]{}\n]|\{\}|\[\])*(?:\n\s+(?:[^\[\]{}\n]|\{\}|\[\])*)*?)\n\s*([\]}])"
    )

    def fold(match: re.Match[str]) -> str:
        line = match[1] + re.sub(r"\n\s+", " ", match[2]) + match[3]
        return line if len(line) <= 72 and match.start() else match[0]

    return short.sub(fold, text)


def _methods(source: Declared, level: str) -> Iterator[str]:
    """Yield the entries of the members that hand-written bases of a class add to its fields."""
    models = import_module("responses_client.models")
    cls = getattr(models, source.name)
    if not (isinstance(cls, type) and issubclass(cls, models.Model)):
        return
    skipped = home_of().keys() - {source.name}
    for base in cls.__mro__:
        by_hand = base.__module__.startswith(("responses_client.models._", "responses_client._"))
        if not by_hand or base.__name__ in skipped:
            continue
        if _SHARED.get(base.__name__, source.name) != source.name:
            continue
        for name, value in vars(base).items():
            is_member = isinstance(value, FunctionType | property | classmethod | cached_property)
            if is_member and not name.startswith(("_", "model_", "holding")):
                path = f"{base.__module__}.{base.__qualname__}.{name}"
                yield f"::: {path}\n    options:\n      heading_level: {len(level) + 1}"


# Bases of all models: with the model that stands for them.
_SHARED = {"ModelBase": "Model", "HasRequestId": "Result"}
