"""Chains that end in `assert_never`: they must provide for the unknown, by class or by type."""

from __future__ import annotations

from typing import Literal, assert_never, assert_type

from api import Annotation, OutputContentPart, OutputItem, StreamEvent
from responses_client.models import (
    ContainerFileCitation,
    FileCitation,
    FilePath,
    OutputText,
    Refusal,
    UnknownAnnotation,
    UnknownContent,
    UnknownEvent,
    UnknownItem,
    UrlCitation,
)


def parts_by_class(part: OutputContentPart) -> str:
    match part:
        case OutputText():
            return part.text
        case Refusal():
            return part.refusal
        case UnknownContent():
            return part.wire_type or ""
        case _:
            assert_never(part)


def parts_by_type(part: OutputContentPart) -> str:
    if part.type == "output_text":
        return part.text
    elif part.type == "refusal":
        return part.refusal
    elif part.type == "unknown":
        return part.wire_type or ""
    else:
        assert_never(part)


def match_on_types_of_parts(part: OutputContentPart) -> str:
    match part.type:
        case "output_text":
            return "text"
        case "refusal":
            return "refusal"
        case "unknown":
            return "unknown"
        case _:
            assert_never(part.type)


def parts_without_the_unknown_class(part: OutputContentPart) -> str:
    match part:
        case OutputText():
            return part.text
        case Refusal():
            return part.refusal
        case _:
            assert_never(part)  # wrong


def parts_without_the_unknown_type(part: OutputContentPart) -> str:
    if part.type == "output_text":
        return part.text
    elif part.type == "refusal":
        return part.refusal
    else:
        assert_never(part)  # wrong


def annotations_by_class(annotation: Annotation) -> str:
    match annotation:
        case FileCitation() | ContainerFileCitation() | FilePath():
            return annotation.file_id
        case UrlCitation():
            return annotation.url
        case UnknownAnnotation():
            return annotation.wire_type or ""
        case _:
            assert_never(annotation)


def annotations_by_type(annotation: Annotation) -> str:
    if annotation.type == "file_citation" or annotation.type == "container_file_citation":
        return annotation.file_id
    if annotation.type == "url_citation":
        return annotation.url
    if annotation.type == "file_path":
        return annotation.file_id
    if annotation.type == "unknown":
        return annotation.wire_type or ""
    assert_never(annotation)


def annotations_without_one_type(annotation: Annotation) -> str:
    if annotation.type == "file_citation" or annotation.type == "file_path" or annotation.type == "unknown":
        return annotation.type
    if annotation.type == "url_citation":
        return annotation.url
    assert_never(annotation)  # wrong


def events_without_most(event: StreamEvent) -> str:
    if event.type == "response.output_text.delta":
        return event.delta
    if event.type == "unknown":
        return event.wire_type or ""
    assert_never(event)  # wrong


def items_without_most(item: OutputItem) -> str:
    if item.type == "message":
        return item.role
    if item.type == "unknown":
        return item.wire_type or ""
    assert_never(item)  # wrong


def unknown_event(event: StreamEvent) -> None:
    if event.type == "unknown":
        assert_type(event, UnknownEvent)
        assert_type(event.type, Literal["unknown"])
        print(event.wire_type, event.to_dict(), event.validation_error)


def unknown_item(items: list[OutputItem]) -> list[str | None]:
    unknown = [item for item in items if item.type == "unknown"]
    assert_type(unknown, list[UnknownItem])
    return [item.wire_type for item in unknown]


def type_for_a_log(event: StreamEvent, item: OutputItem, part: OutputContentPart) -> list[str | None]:
    return [event.wire_type, item.wire_type, part.wire_type]


def attribute_of_an_unknown_item(item: OutputItem) -> str:
    if item.type == "unknown":
        return item.arguments  # wrong
    return ""
