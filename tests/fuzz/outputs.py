"""Target: texts and arguments that a model wrote, whole, cut off and damaged, as values of types."""

from __future__ import annotations

import json
from dataclasses import dataclass
from random import Random
from typing import Any, Literal, NamedTuple

import samples
from pydantic import BaseModel, Field, TypeAdapter, ValidationError

from responses_client import tool
from responses_client._structured.partial_json import PartialJson, partial_json
from responses_client.models import FunctionCall, Response

from .cases import Target, require
from .failures import check_error
from .mutations import changed, damaged


class City(BaseModel):
    """A type of an answer."""

    name: str
    people: int = Field(ge=0)
    tags: list[str] = []


@dataclass
class Point:
    """Another one."""

    x: float
    y: float | None = None


@tool
def get_weather(city: str, days: int = 1) -> str:
    """Tell the weather."""
    return f"{city} {days}"


FORMS: dict[str, Any] = {
    "city": City,
    "point": Point,
    "cities": list[City],
    "mood": Literal["good", "bad"],
    "either": City | Point,
    "map": dict[str, int],
    "any": Any,
}
_IS_WRAPPED = {"cities", "mood", "either", "any"}
_CITY = {"name": 'Lima "é🍵\u2028\\', "people": 10, "tags": ["a", ""]}
_DATA: tuple[Any, ...] = (
    _CITY,
    [_CITY, {"name": "", "people": -1}],
    {"x": 1.5, "y": None},
    {"x": -1e-7, "y": 10**20},
    "good",
    {"a": 1, "b": 2},
    {"city": "Lima", "days": 3},
    {"city": "Lima"},
    {"a": {"b": [1, [True, None, -0.5], "x"]}},
)
_POINT = {"x": -1e-7, "y": 10**20}
_DATA_OF: dict[str, Any] = {
    "city": [_CITY],
    "point": [_POINT],
    "cities": [[], [_CITY, _CITY]],
    "mood": ["good", "bad"],
    "either": [_CITY, _POINT],
    "map": [{"a": 1, "b": 2}, {}],
}


class Text(NamedTuple):
    """A text, the type that it is read as, and pieces in which it may come."""

    form: str
    text: str
    pieces: list[str]


def make(random: Random) -> Text:
    """Write data as JSON, in most cases mutated, cut off, damaged, or with words around it."""
    form = random.choice([*FORMS])
    data = random.choice(_DATA_OF.get(form, _DATA) if random.randrange(3) else _DATA)
    if not random.randrange(8) or (form in _IS_WRAPPED and random.randrange(2)):
        data = {"value": data}
    if not random.randrange(3):
        data = changed(random, data, 2)
    text = json.dumps(data, ensure_ascii=random.random() < 0.5, indent=random.choice((None, None, 1)))
    match random.randrange(6):
        case 0 if random.randrange(2):
            text = text[: random.randrange(len(text) + 1)]
        case 1:
            text = damaged(random, text.encode()).decode("utf-8", "replace")
        case 2:
            text = random.choice((f"```json\n{text}\n```", f"Here: {text}", f" {text}\n", text + text))
        case _:
            pass
    size = random.randint(1, 9)
    return Text(form, text, [text[at : at + size] for at in range(0, len(text), size)])


def check(text: Text) -> str:
    """Read the text as a type and as arguments, and each start of it as unfinished JSON."""
    _check_partial(text.text)
    _check_pieces(text.pieces)
    _check_arguments(text.text)
    return _check_text(text)


def _check_text(text: Text) -> str:
    parsed = Response.from_dict(samples.response(text=text.text)).parse(FORMS[text.form])
    adapter: TypeAdapter[Any] = TypeAdapter(FORMS[text.form])
    data = text.text
    if text.form in _IS_WRAPPED and isinstance(value := _loaded(data), dict) and value.keys() == {"value"}:
        data = json.dumps(value["value"])
    try:
        expected = adapter.validate_json(data)
    except ValidationError:
        require(parsed.output_parsed is None, "a value that does not match the type:", parsed.output_parsed)
        error = parsed.parse_error
        require(error is not None, "neither a value nor an error")
        return check_error(error) if error is not None else ""
    require(parsed.parse_error is None, "an error for a value that matches:", parsed.parse_error)
    require(repr(parsed.output_parsed) == repr(expected), "another value:", parsed.output_parsed, expected)
    return "read"


def _check_arguments(text: str) -> None:
    call = {
        "type": "function_call",
        "id": "fc_1",
        "call_id": "call_1",
        "name": "get_weather",
        "arguments": text,
    }
    (item,) = Response.from_dict({**samples.response(), "output": [call]}).parse(tools=[get_weather]).output
    assert isinstance(item, FunctionCall)
    value: Any = item.parsed_arguments
    if item.arguments_error is not None:
        require(value is None, "arguments and an error:", value)
        check_error(item.arguments_error)
        return
    require(isinstance(value, dict) and {"city"} <= value.keys() <= {"city", "days"}, "not arguments:", value)
    require(type(value["city"]) is str and type(value.get("days", 1)) is int, "other types:", value)
    loaded = _loaded(text)
    require(isinstance(loaded, dict) and value["city"] == loaded["city"], "other arguments:", value)


def _check_partial(text: str) -> None:
    whole = _loaded(text)
    step = max(1, len(text) // 40)
    for end in range(0, len(text) + 1, step):
        part = partial_json(text[:end])
        if whole is not None:
            require(part is None or _is_start(part, whole), "not a start of the whole:", part, whole)
    if isinstance(whole, (dict, list)):
        found = partial_json(text)
        require(repr(found) == repr(whole), "another value of whole JSON:", found, whole)


def _check_pieces(pieces: list[str]) -> None:
    reader, so_far = PartialJson(), ""
    values: list[Any] = []
    shown: list[str] = []
    for piece in pieces:
        reader.feed(piece)
        so_far += piece
        values.append(reader.value)
        shown.append(repr(reader.value))
        require(shown[-1] == repr(partial_json(so_far)), "another value in pieces:", shown[-1], so_far)
    require([repr(value) for value in values] == shown, "a value that changed when more came:", values)


def _is_start(part: Any, whole: Any) -> bool:
    if isinstance(part, dict) and isinstance(whole, dict):
        return all(key in whole and _is_start(value, whole[key]) for key, value in part.items())
    if isinstance(part, list) and isinstance(whole, list):
        return len(part) <= len(whole) and all(map(_is_start, part, whole))
    if isinstance(part, str) and isinstance(whole, str):
        return whole.startswith(part)
    return repr(part) == repr(whole)


def _loaded(text: str) -> Any:
    """Return the data of JSON text; None without any, or if it has halves of characters or a name twice."""
    try:
        data = json.loads(text, object_pairs_hook=_without_doubles)
        json.dumps(data, ensure_ascii=False).encode()
    except ValueError:
        return None
    return data


def _without_doubles(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        raise ValueError("a name comes twice")
    return found


TARGET = Target(
    "outputs", "what a model wrote, as values of types: those of a reference, or an error", make, check
)
