"""Signatures and annotations that name each keyword, as `inspect`, `typing`, `help` and mocks see them."""

from __future__ import annotations

import copy
import functools
import inspect
import pickle
import pydoc
import subprocess
import sys
from collections.abc import Callable, Mapping
from types import FunctionType
from typing import Any, TypedDict, get_type_hints
from unittest.mock import create_autospec

import pytest

from responses_client import (
    AsyncClient,
    AsyncOptions,
    AsyncRunParams,
    AsyncWebSocketSession,
    BatchLineParams,
    Client,
    Options,
    RequestOptions,
    RunParams,
    SessionCreateParams,
    WebSocketSession,
    batch_line,
    custom_tool,
    models,
    tool,
)
from responses_client._base.keywords import describe, has_keywords
from responses_client._websocket.session import AsyncCommands, Commands

CLIENTS = {"sync": Client(api_key="key"), "async": AsyncClient(api_key="key")}
RESOURCES = [
    "responses",
    "responses.input_items",
    "responses.input_tokens",
    "conversations",
    "conversations.items",
    "webhooks",
    "webhooks.event_types",
]
OPTIONS = list(RequestOptions.__annotations__)


def methods() -> dict[str, Callable[..., Any]]:
    """All methods of resources, by their path."""
    found: dict[str, Callable[..., Any]] = {}
    for kind, client in CLIENTS.items():
        for path in RESOURCES:
            owner: object = client
            for name in path.split("."):
                owner = getattr(owner, name)
            members = inspect.getmembers(owner, inspect.ismethod)
            found |= {f"{kind} {path}.{name}": method for name, method in members if name[0] != "_"}
    return found


METHODS = methods()
OTHERS: dict[str, Callable[..., Any]] = {
    "Client": Client.__init__,
    "AsyncClient": AsyncClient.__init__,
    "with_options": Client.with_options,
    "async with_options": AsyncClient.with_options,
    "session.create": WebSocketSession.create,
    "async session.create": AsyncWebSocketSession.create,
    "session.response.create": Commands.create,
    "async session.response.create": AsyncCommands.create,
    "batch_line": batch_line,
    "tool": tool,
    "custom_tool": custom_tool,
}
ALL = METHODS | OTHERS


@pytest.mark.parametrize("method", ALL.values(), ids=ALL)
def test_signature_names_each_keyword(method: Callable[..., Any]) -> None:
    parameters = inspect.signature(method).parameters.values()

    assert not [each for each in parameters if each.kind in (each.VAR_POSITIONAL, each.VAR_KEYWORD)]
    assert not [each for each in parameters if each.annotation is each.empty and each.name != "self"]


@pytest.mark.parametrize("method", ALL.values(), ids=ALL)
def test_type_hints_are_evaluated_for_each_keyword(method: Callable[..., Any]) -> None:
    hints = get_type_hints(method)
    names = [name for name in inspect.signature(method).parameters if name != "self"]

    assert list(hints) == [*names, "return"]
    assert not [hint for hint in hints.values() if isinstance(hint, str)]


@pytest.mark.parametrize("method", METHODS.values(), ids=METHODS)
def test_docstring_has_a_line_for_each_keyword(method: Callable[..., Any]) -> None:
    section = (inspect.getdoc(method) or "").partition("Args:\n")[2].partition("\n\n")[0]
    rows = [line.partition(": ") for line in section.splitlines() if line[4] != " "]

    assert {name.strip() for name, _, _ in rows} == set(inspect.signature(method).parameters)
    assert all(text for _, _, text in rows)


@pytest.mark.parametrize("name", ["create", "stream", "parse", "run", "run_stream"])
@pytest.mark.parametrize("kind", CLIENTS)
def test_model_and_input_come_first_and_options_last(kind: str, name: str) -> None:
    names = [*inspect.signature(METHODS[f"{kind} responses.{name}"]).parameters]

    assert names[:2] == ["model", "input"]
    assert names[-len(OPTIONS) :] == OPTIONS


def test_keywords_of_a_method_itself_come_before_other_fields() -> None:
    assert [*inspect.signature(METHODS["sync responses.create"]).parameters][2] == "stream"
    assert [*inspect.signature(METHODS["sync responses.parse"]).parameters][2] == "text_format"


def test_required_keyword_has_no_default_and_others_are_left_out() -> None:
    parameters = inspect.signature(METHODS["sync conversations.items.create"]).parameters

    assert parameters["items"].default is inspect.Parameter.empty
    assert repr(parameters["timeout"].default) == "..."


def test_help_shows_types_as_the_source_says_them() -> None:
    shown = pydoc.plain(pydoc.render_doc(Client(api_key="key").responses.create))

    signature = " ".join(shown.split())  # Python 3.13 gives each parameter a line
    assert "*, model: ModelId = ..., input: str | Sequence[InputItem | InputItemParam | InputCon" in signature
    assert "-> Response | EventStream" in shown
    assert "        temperature: Randomness of sampling" in shown


@pytest.mark.parametrize("kind", CLIENTS)
def test_mock_refuses_a_misspelt_keyword(kind: str) -> None:
    responses = create_autospec(CLIENTS[kind]).responses
    for name in ("create", "stream", "run", "retrieve"):
        with pytest.raises(TypeError, match=r"unexpected keyword argument 'inptu'|missing"):
            getattr(responses, name)(model="m", inptu="Hi")


def test_mock_takes_what_the_method_takes() -> None:
    create = create_autospec(Client(api_key="key").responses.create)

    create(model="m", input="Hi", stream=True, timeout=3)
    create.assert_called_once_with(model="m", input="Hi", stream=True, timeout=3)


class Paint(TypedDict, total=False):
    """Keywords of the function below."""

    colour: str
    layers: int | None


def painting(*args: object, wall: str, **paint: object) -> Mapping[str, object]:
    return {**paint, "wall": wall}


@pytest.fixture
def described() -> Any:
    """A copy of this function, as the package describes its own."""
    made = FunctionType(painting.__code__, painting.__globals__)
    types = {"args": "object", "wall": "str", "paint": "Unpack[Paint]", "return": "Mapping[str, object]"}
    made.__annotations__ = types
    describe(made)
    return made


SHOWN = "(*, wall: str, colour: str = ..., layers: int | None = ...) -> Mapping[str, object]"
HINTS = {"wall": str, "colour": str, "layers": int | None, "return": Mapping[str, object]}


def test_signature_works_as_any_other(described: Any) -> None:
    shown = inspect.signature(described)

    assert str(shown) == SHOWN
    assert str(shown.replace(return_annotation=int)) == SHOWN.replace("Mapping[str, object]", "int")
    assert shown.bind(wall="north").arguments == {"wall": "north"}
    assert shown == inspect.signature(described)
    assert str(copy.deepcopy(shown)) == SHOWN
    assert str(pickle.loads(pickle.dumps(shown))) == SHOWN
    assert "wall: str = 'north'" in str(inspect.signature(functools.partial(described, wall="north")))


def test_decorated_function_shows_the_same(described: Any) -> None:
    @functools.wraps(described)
    def counted(*args: object, **named: object) -> object:
        return described(*args, **named)

    assert str(inspect.signature(counted)) == SHOWN
    assert get_type_hints(counted) == HINTS


READINGS: dict[str, tuple[Callable[[dict[str, Any]], object], object]] = {
    "in": (lambda found: "colour" in found, True),
    "item": (lambda found: found["layers"], int | None),
    "get": (lambda found: found.get("wall"), str),
    "length": (len, 4),
    "iteration": (list, list(HINTS)),
    "items": (lambda found: dict(found.items()), HINTS),
    "copy": (dict, HINTS),
    "unpacking": (lambda found: {**found}, HINTS),
    "union": (lambda found: found | {}, HINTS),
    "equality": (lambda found: found == HINTS, True),
    "repr": (repr, repr(HINTS)),
    "pickle": (lambda found: pickle.loads(pickle.dumps(found)), HINTS),
}


@pytest.mark.parametrize(("read", "expected"), READINGS.values(), ids=READINGS)
def test_annotations_are_evaluated_by_any_way_to_read_them(
    described: Any, read: Callable[[dict[str, Any]], object], expected: object
) -> None:
    assert read(described.__annotations__) == expected


def test_inspect_finds_evaluated_annotations(described: Any) -> None:
    assert inspect.get_annotations(described) == HINTS


def test_annotations_can_be_changed(described: Any) -> None:
    described.__annotations__["wall"] = bytes

    assert get_type_hints(described) == {**HINTS, "wall": bytes}


def test_only_functions_with_keywords_have_them() -> None:
    assert has_keywords(painting)
    assert not has_keywords(describe)
    assert not has_keywords(Client)


DICT_TYPES = [
    Options,
    AsyncOptions,
    RequestOptions,
    RunParams,
    AsyncRunParams,
    SessionCreateParams,
    BatchLineParams,
    *(getattr(models, name) for name in models.__all__ if name.endswith("Params")),
]


@pytest.mark.parametrize("dict_type", DICT_TYPES, ids=lambda each: each.__name__)
def test_type_hints_of_dict_types_are_evaluated(dict_type: Any) -> None:
    hints = get_type_hints(dict_type)

    assert list(hints) == list(dict_type.__annotations__)
    assert not [hint for hint in hints.values() if isinstance(hint, str)]


def test_dict_types_are_evaluated_in_a_new_process() -> None:
    program = """
from typing import get_type_hints
from responses_client import Options, RunParams
from responses_client.models import ResponseCreateParams
print(*(len(get_type_hints(each)) == len(each.__annotations__) for each in (RunParams, Options, ResponseCreateParams)))
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert found.stdout.split() == ["True"] * 3


def test_nothing_is_made_before_somebody_asks() -> None:
    program = """
import sys
from responses_client import Client
Client(api_key="x").responses.create
print({"responses_client._base.introspection", "responses_client.models.params"} & {*sys.modules})
"""
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert found.stdout.strip() == "set()"
