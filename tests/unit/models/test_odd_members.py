"""One odd member of a list, or one odd object, costs nothing around it its class: for each field of all models."""

from __future__ import annotations

import json
import types
from collections.abc import Iterator
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pytest
from model_strategies import hints_of, wire_name
from pydantic import ValidationError

from responses_client import RequestValidationError, models
from responses_client._calls.endpoints import RESPONSES_CREATE
from responses_client._calls.request import prepare
from responses_client._calls.settings import Settings
from responses_client.errors import ResponseValidationError
from responses_client.models import (
    ContentPart,
    FunctionTool,
    Item,
    Model,
    OutputItem,
    OutputText,
    ReasoningContentPart,
    ReasoningItem,
    ReasoningSummaryPart,
    ReasoningText,
    Response,
    ResponseCompleted,
    StreamEvent,
    SummaryText,
    Text,
    UnknownContent,
)
from responses_client.models._base import OpenUnion, Reference, union_class
from responses_client.models._echoes import ECHOES
from responses_client.models._tolerance import CALL_TYPES, suppress_warnings

UNIONS = [OutputItem, Item, StreamEvent, ContentPart, ReasoningContentPart, ReasoningSummaryPart]
OBJECTS: list[Any] = [{}, {"type": "x_new", "size": 1.0}]
VALUES: list[Any] = [None, "odd", 5, [], [None]]


def parts_of(hint: Any) -> list[Any]:
    """Return the alternatives of an annotation, without its marks."""
    origin, arguments = get_origin(hint), get_args(hint)
    if origin is Annotated:
        return parts_of(arguments[0])
    if origin in (Union, types.UnionType):
        return [part for argument in arguments for part in parts_of(argument)]
    return [hint.model() if isinstance(hint, type) and issubclass(hint, Reference) else hint]


def is_union(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, OpenUnion)


def is_model(hint: Any) -> bool:
    return isinstance(hint, type) and issubclass(hint, Model)


def example_of(hint: Any) -> Any:
    """Return JSON that fits an annotation."""
    part = parts_of(hint)[0]
    if is_union(part):
        tag = min(part.members)
        return {**smallest(union_class(part).member(tag)), "type": tag}
    if is_model(part):
        return smallest(part)
    if get_origin(part) is Literal:
        return get_args(part)[0]
    if get_origin(part) in (list, dict):
        return get_origin(part)()
    return {str: "x", int: 1, float: 1.5, bool: True, Any: {}}[part]


def smallest(model: Any) -> dict[str, Any]:
    """Return the JSON of a model with its required fields alone."""
    hints = hints_of(model)
    return {
        wire_name(model, name): example_of(hints[name])
        for name, field in model.model_fields.items()
        if field.is_required()
    }


def members() -> Iterator[tuple[Any, str, type[Model]]]:
    for union in UNIONS:
        for tag in union_class(union).members:
            model = union_class(union).member(tag)
            assert model is not None
            yield union, tag, model


def odd_values(model: type[Model], name: str, tag: str) -> Iterator[Any]:
    """Yield odd values of a field that holds objects or lists of any kind; see `keep_member` for calls."""
    field, is_call = model.model_fields[name], tag in CALL_TYPES
    for part in parts_of(hints_of(model)[name]):
        if get_origin(part) is list:
            is_open = is_union(parts_of(get_args(part)[0])[0])
            is_plain = not is_open and not is_model(parts_of(get_args(part)[0])[0])
            if not (is_call and is_plain):
                yield from ([odd] for odd in OBJECTS)
            if is_open or not (is_call or field.is_required()):
                yield from ([odd] for odd in VALUES)
        elif is_union(part):
            yield from OBJECTS
            yield from VALUES
        elif is_model(part):
            yield from OBJECTS
            yield from () if is_call or field.is_required() else VALUES


CASES = [
    pytest.param(union, tag, model, name, id=f"{union_class(union).__name__}-{tag}-{name}")
    for union, tag, model in members()
    for name in model.model_fields
    if next(odd_values(model, name, tag), None) is not None
]


def test_there_are_cases() -> None:
    assert len(CASES) > 90


@pytest.mark.parametrize(("union", "tag", "model", "name"), CASES)
def test_an_odd_member_does_not_cost_its_parent_the_class(
    union: Any, tag: str, model: type[Model], name: str
) -> None:
    for odd in odd_values(model, name, tag):
        wire = {**smallest(model), "type": tag, wire_name(model, name): odd}
        with suppress_warnings():
            made = union_class(union).validate(wire)
        assert (type(made), odd) == (model, odd)
        assert made.to_dict() == wire


@pytest.mark.parametrize("field", ["content", "summary"])
def test_an_unknown_part_of_reasoning_is_one_alone(field: str, caplog: pytest.LogCaptureFixture) -> None:
    known = {"type": {"content": "reasoning_text", "summary": "summary_text"}[field], "text": "Hm."}
    unknown = {"type": "thought_graph", "nodes": [1]}
    wire = {"output": [{"type": "reasoning", "id": "rs_1", field: [known, unknown, {"text": "Aha."}]}]}
    response = Response.from_dict(wire)

    (item,) = response.output
    assert isinstance(item, ReasoningItem)
    parts: list[Any] = getattr(item, field)
    kind = ReasoningText if field == "content" else SummaryText
    assert [type(part) for part in parts] == [kind, UnknownContent, kind]
    assert [part.wire_type for part in parts[:2]] == [known["type"], "thought_graph"]
    assert response.to_dict() == wire
    assert caplog.messages == []


@pytest.mark.parametrize(
    ("field", "tag", "kind"),
    [("content", "output_text", OutputText), ("content", "text", Text), ("summary", "text", Text)],
)
def test_reasoning_in_the_parts_of_another_api_says_so_without_a_warning(
    field: str, tag: str, kind: type[Model], caplog: pytest.LogCaptureFixture
) -> None:
    wire = {"type": "reasoning", "id": "rs_1", field: [{"type": tag, "text": "Hm."}]}
    item: Any = Response.from_dict({"output": [wire]}, strict=True).output[0]

    (part,) = getattr(item, field)
    assert (type(part), part.type, part.wire_type, part.text) == (kind, tag, tag, "Hm.")
    assert item.to_dict() == wire
    assert caplog.messages == []


def test_a_part_of_reasoning_without_type_and_text_is_an_error_in_strict_mode() -> None:
    with pytest.raises(ResponseValidationError, match="an object with a `type` at") as caught:
        Response.from_dict({"output": [{"type": "reasoning", "content": [{}]}]}, strict=True)
    assert caught.value.path == "output[0].content[0]"


# Settings that a response repeats

SETTINGS = ("tools", "tool_choice", "text", "prompt", "reasoning")


class Place:
    """The way to the objects of a class inside of a response."""

    def __init__(self, *steps: tuple[type[Model], str, str, bool]) -> None:
        self.steps = steps  # owner, its tag, field, whether that is a list

    def wire(self, inner: dict[str, Any]) -> dict[str, Any]:
        """Return a response with the object in its place."""
        value: Any = inner
        for owner, tag, name, is_list in reversed(self.steps):
            value = {
                **smallest(owner),
                **({"type": tag} if tag else {}),
                wire_name(owner, name): [value] if is_list else value,
            }
        return value

    def find(self, response: Any) -> Any:
        """Return the object in its place in a response."""
        for _, _, name, is_list in self.steps:
            response = getattr(response, name)
            response = response[0] if is_list else response
        return response


def places() -> dict[str, tuple[type[Model], str, Place]]:
    """Return each class among the settings of a response, with its tag and a place of it."""
    found: dict[str, tuple[type[Model], str, Place]] = {}
    waiting: list[tuple[type[Model], str, Place]] = [(Response, "", Place())]
    while waiting:
        owner, tag, place = waiting.pop(0)
        for name in SETTINGS if owner is Response else owner.model_fields:
            for part in parts_of(hints_of(owner)[name]):
                is_list = get_origin(part) is list
                held = parts_of(get_args(part)[0])[0] if is_list else part
                kinds = {held: ""} if is_model(held) else {}
                if is_union(held):
                    kinds = {union_class(held).member(tag): tag for tag in union_class(held).members}
                for kind, kind_tag in kinds.items():
                    if kind.__name__ not in found:
                        entry = kind, kind_tag, Place(*place.steps, (owner, tag, name, is_list))
                        found[kind.__name__] = entry
                        waiting.append(entry)
    return found


PLACES = places()
FIELDS = [
    pytest.param(model, tag, place, name, id=f"{model.__name__}-{name}")
    for model, tag, place in PLACES.values()
    for name in model.model_fields
    if name not in model.tags and name != "type"
]


def test_all_classes_with_empty_values_are_among_the_settings() -> None:
    assert PLACES.keys() >= ECHOES.keys()
    assert {name for name, (model, _, _) in PLACES.items() if smallest(model)} == ECHOES.keys()


@pytest.mark.parametrize(("model", "tag", "place", "name"), FIELDS)
@pytest.mark.parametrize("value", ["absent", None])
def test_repeated_settings_keep_their_class_whatever_is_missing(
    model: type[Model], tag: str, place: Place, name: str, value: str | None, caplog: pytest.LogCaptureFixture
) -> None:
    inner = {**smallest(model), **({"type": tag} if tag else {}), wire_name(model, name): value}
    if value == "absent":
        del inner[wire_name(model, name)]
    wire = place.wire(inner)
    event = ResponseCompleted.from_dict({"type": "response.completed", "response": wire})

    made = place.find(event.response)
    assert type(made) is model
    assert made.to_dict() == inner
    assert json.loads(event.response.to_json()) == wire
    if name in ("name", "server_label", "id", "definition", "key"):
        assert getattr(made, name) == ("" if model.model_fields[name].is_required() else None)
    assert caplog.messages == []


ESSENTIAL = [
    pytest.param(*PLACES[cls], wire, id=f"{cls}-{wire}") for cls, fields in ECHOES.items() for wire in fields
]
# A list of a tool may be null in requests as well, and this value may be a number.
ALLOWED = [("filters", None), ("value", 5)]


@pytest.mark.parametrize(("model", "tag", "place", "wire"), ESSENTIAL)
@pytest.mark.parametrize("value", ["absent", None, 5])
def test_a_request_needs_what_a_response_may_leave_out(
    model: type[Model], tag: str, place: Place, wire: str, value: Any
) -> None:
    inner = {**smallest(model), **({"type": tag} if tag else {})}
    params = place.wire(inner)
    prepare(RESPONSES_CREATE, {"model": "m", "input": "Hi", **params}, Settings(api_key="key"))

    broken = {**inner, wire: value}
    if value == "absent":
        del broken[wire]
    if (wire, value) in ALLOWED:
        return
    with pytest.raises(RequestValidationError) as caught:
        prepare(
            RESPONSES_CREATE, {"model": "m", "input": "Hi", **place.wire(broken)}, Settings(api_key="key")
        )
    assert any(wire in error["path"] for error in caught.value.errors)


@pytest.mark.parametrize("value", [{}, {"name": None}, {"name": 5}])
def test_a_tool_that_came_without_its_name_is_refused_in_a_request(value: dict[str, Any]) -> None:
    response = Response.from_dict({"tools": [{"type": "function", **value}]})
    (tool,) = response.tools
    assert isinstance(tool, FunctionTool)
    assert (tool.name, tool.to_dict()) == ("", {"type": "function", **value})

    with pytest.raises(RequestValidationError, match=r"tools\[0\].name"):
        prepare(RESPONSES_CREATE, {"model": "m", "tools": response.tools}, Settings(api_key="key"))
    prompt = Response.from_dict({"prompt": {}}).prompt
    with pytest.raises(RequestValidationError, match=r"prompt.id"):
        prepare(RESPONSES_CREATE, {"model": "m", "prompt": prompt}, Settings(api_key="key"))
    unchecked = Settings(api_key="key", validate_requests=False)
    sent = prepare(RESPONSES_CREATE, {"model": "m", "tools": response.tools}, unchecked).request.content
    assert json.loads(sent or b"") == {"model": "m", "tools": [{"type": "function", **value}]}
    tool.name = "boil"
    sent = prepare(RESPONSES_CREATE, {"model": "m", "tools": [tool]}, Settings(api_key="key")).request.content
    assert json.loads(sent or b"") == {"model": "m", "tools": [{"type": "function", "name": "boil"}]}


def test_a_model_is_still_made_of_all_that_requests_need() -> None:
    with pytest.raises(ValidationError, match="name"):
        FunctionTool()
    with pytest.raises(ResponseValidationError, match="name"):
        FunctionTool.from_dict({"type": "function"}, strict=True)


def test_settings_that_are_malformed_are_raw_and_logged(caplog: pytest.LogCaptureFixture) -> None:
    wire = {"tools": [{"type": "mcp", "server_label": 5, "headers": "none"}]}
    response = Response.from_dict(wire)
    (tool,) = response.tools

    assert isinstance(tool, models.McpTool)
    assert (tool.server_label, tool.headers) == ("", None)
    assert response.to_dict() == wire
    assert caplog.messages == ["Malformed McpTool kept as raw data: expected a valid string at server_label"]
