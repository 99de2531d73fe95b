"""Types of any kind with values of theirs, each beside the JSON data that stands for it."""

from __future__ import annotations

import datetime
import enum
import uuid
from collections.abc import Callable, Mapping
from dataclasses import make_dataclass
from itertools import count
from typing import Annotated, Any, Literal, NamedTuple

from hypothesis import strategies as st
from pydantic import ConfigDict, Field, create_model
from typing_extensions import TypedDict

Pairs = st.SearchStrategy[tuple[Any, Any]]


class Form(NamedTuple):
    """A type, and its values with their JSON data."""

    type: Any
    pairs: Pairs


class Colour(enum.Enum):
    RED = "red"
    BLUE = "blue"


class Size(enum.IntEnum):
    SMALL = 1
    LARGE = 2


def _same(values: st.SearchStrategy[Any]) -> Pairs:
    return values.map(lambda value: (value, value))


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
FLAT = [
    Form(str, _same(TEXT)),
    Form(int, _same(st.integers())),
    Form(float, _same(st.floats(allow_nan=False, allow_infinity=False))),
    Form(bool, _same(st.booleans())),
    Form(type(None), _same(st.none())),
    Form(Literal["a", "b", 3], _same(st.sampled_from(["a", "b", 3]))),
    Form(Literal["only"], _same(st.just("only"))),
    Form(Colour, st.sampled_from(Colour).map(lambda value: (value, value.value))),
    Form(Size, st.sampled_from(Size).map(lambda value: (value, value.value))),
    Form(datetime.date, st.dates().map(lambda value: (value, value.isoformat()))),
    Form(
        datetime.datetime,
        st.datetimes(timezones=st.just(datetime.UTC)).map(lambda value: (value, value.isoformat())),
    ),
    Form(uuid.UUID, st.uuids().map(lambda value: (value, str(value)))),
    Form(Annotated[int, Field(ge=-5, lt=100)], _same(st.integers(-5, 99))),
    Form(
        Annotated[str, Field(min_length=2, description="Two or more.", examples=["ab"])],
        _same(TEXT.filter(lambda text: len(text) >= 2)),
    ),
    Form(Annotated[str, Field(pattern="^[a-c]+$")], _same(st.text("abc", min_size=1))),
]
HASHABLE = st.sampled_from([form for form in FLAT if form.type not in (float, bool)])


def _list(form: Form) -> Form:
    return Form(list[form.type], _together(st.lists(form.pairs, max_size=3), list))


def _triple(form: Form) -> Form:
    inner = form.type
    return Form(tuple[inner, inner, inner], _together(st.tuples(form.pairs, form.pairs, form.pairs), tuple))


def _set(form: Form) -> Form:
    lists = st.lists(form.pairs, max_size=3, unique_by=lambda pair: repr(pair[0]))
    return Form(set[form.type], _together(lists, set))


def _together(pairs: st.SearchStrategy[Any], kind: Callable[[Any], Any]) -> Pairs:
    return pairs.map(lambda found: (kind(value for value, _ in found), [data for _, data in found]))


def _optional(form: Form) -> Form:
    return Form(form.type | None, form.pairs | _same(st.none()))


def _model_or_number(form: Form) -> Form:
    """A union in which data name their type."""
    model = create_model("Single", item=(form.type, ...))
    models = form.pairs.map(lambda pair: (model.model_construct(item=pair[0]), {"item": pair[1]}))
    return Form(model | int, models | _same(st.integers()))


_numbers = count()


class _Kind(NamedTuple):
    """A type with fields, a strategy for its values, and the names of the fields in JSON."""

    type: Any
    make: Callable[..., Any]
    names: Mapping[str, str]


@st.composite
def _object(draw: st.DrawFn, forms: st.SearchStrategy[Form]) -> Form:
    fields = draw(st.dictionaries(st.sampled_from(["a", "b_c", "city", "x1"]), forms, min_size=1))
    kind = draw(st.sampled_from([_model, _dataclass, _typed_dict, _named_tuple]))
    made = kind(draw, f"Made{next(_numbers)}", fields)

    def together(found: Mapping[str, tuple[Any, Any]]) -> tuple[Any, Any]:
        value = made.make(**{key: value for key, (value, _) in found.items()})
        return value, {made.names[key]: data for key, (_, data) in found.items()}

    return Form(
        made.type, st.fixed_dictionaries({key: form.pairs for key, form in fields.items()}).map(together)
    )


def _model(draw: st.DrawFn, name: str, fields: Mapping[str, Form]) -> _Kind:
    config = draw(st.sampled_from([ConfigDict(), ConfigDict(extra="forbid"), ConfigDict(extra="allow")]))
    definitions: dict[str, Any] = {}
    names: dict[str, str] = {}
    for key, form in fields.items():
        names[key] = draw(st.sampled_from([key, f"{key}Alias", f"the {key}"]))
        annotation = form.type
        if names[key] != key:
            annotation = Annotated[form.type, Field(validation_alias=names[key])]
        definitions[key] = (annotation, draw(form.pairs)[0] if draw(st.booleans()) else ...)
    model = create_model(
        name, __config__=config, __doc__=draw(st.sampled_from([None, "A thing."])), **definitions
    )
    return _Kind(model, model.model_construct, names)


def _dataclass(draw: st.DrawFn, name: str, fields: Mapping[str, Form]) -> _Kind:
    made = make_dataclass(name, [(key, form.type) for key, form in fields.items()])
    return _Kind(made, made, dict(zip(fields, fields, strict=True)))


def _typed_dict(draw: st.DrawFn, name: str, fields: Mapping[str, Form]) -> _Kind:
    types = {key: form.type for key, form in fields.items()}
    made: Any = TypedDict(name, types, total=draw(st.booleans()))
    return _Kind(made, dict, dict(zip(fields, fields, strict=True)))


def _named_tuple(draw: st.DrawFn, name: str, fields: Mapping[str, Form]) -> _Kind:
    made: Any = NamedTuple(name, [(key, form.type) for key, form in fields.items()])
    return _Kind(made, made, dict(zip(fields, fields, strict=True)))


def _larger(forms: st.SearchStrategy[Form]) -> st.SearchStrategy[Form]:
    not_null = forms.filter(lambda form: form.type is not type(None))
    return st.one_of(
        _object(forms),
        forms.map(_list),
        forms.map(_triple),
        HASHABLE.map(_set),
        not_null.map(_optional),
        forms.map(_model_or_number),
    )


FORMS = st.recursive(st.sampled_from(FLAT), _larger, max_leaves=6)
"""Types that strict schemas can express."""
