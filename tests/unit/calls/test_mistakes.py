"""Mistakes in arguments: their place in the given list, and the advice for each."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fake_io import call
from pydantic import BaseModel

from responses_client import RequestValidationError, tool
from responses_client._calls.endpoints import CONVERSATIONS_CREATE
from responses_client._calls.request import prepare
from responses_client._calls.settings import Settings
from responses_client.models import FunctionTool, InputImage, OutputText, Refusal, Response

TOOL = FunctionTool(name="look")
IMAGE = InputImage(image_url="https://example.com/cat.png")


class Picture:
    """A picture of another library."""

    def save(self) -> None: ...

    def tobytes(self) -> None: ...


def numbers() -> Iterator[str]:
    yield "Hi"


def mistake(given: object, **params: Any) -> str:
    with pytest.raises(RequestValidationError) as caught:
        call({"input": given, **params})
    return str(caught.value).removeprefix("The request was not sent: ")


def message(*parts: object) -> dict[str, object]:
    return {"role": "user", "content": [*parts]}


BYTES = "; use InputImage.from_bytes(data), or InputFile.from_bytes(data, filename)"
READ = "; read it by InputImage.from_path(path) or InputFile.from_path(path)"
UNPACK = (
    "; lists are not nested; unpack it as in [*items, ...], or extend the list in place of appending to it"
)
OUTPUT = "; pass its items, as in [*response.output, ...]"
RESPONSE = Response.from_dict({"id": "resp_1", "output": []})


@pytest.mark.parametrize(
    ("given", "rest"),
    [
        (3, "int 3"),
        (object(), "object"),
        (b"Hi", f"bytes{BYTES}"),
        (Path("cat.png"), f"{type(Path()).__name__}{READ}"),
        (IMAGE, "InputImage; put it into a list"),
        ({"role": "user", "content": "Hi"}, "dict; put it into a list"),
        (RESPONSE, f"Response{OUTPUT}"),
        (numbers(), "generator; make a list of it"),
        ({"Hi"}, "set; make a list of it"),
        ({"a": "Hi"}.values(), "dict_values; make a list of it"),
        (io.BytesIO(b"Hi"), "BytesIO; read it, and use InputFile.from_bytes(data, filename)"),
        (Picture(), "Picture; save it as PNG, and use InputImage.from_bytes(data)"),
    ],
)
def test_input_that_is_neither_string_nor_list(given: object, rest: str) -> None:
    assert mistake(given) == f"input: expected a string or a list, got {rest}"
    assert mistake(["Hi", message(), {"role": "user", "content": given}]) == (
        f"input[2].content: expected a string or a list, got {rest}"
    )


@pytest.mark.parametrize(
    ("given", "rest"),
    [
        (3, "int 3"),
        (object(), "object"),
        (None, "None; leave it out"),
        (b"Hi", f"bytes{BYTES}"),
        (bytearray(b"Hi"), f"bytearray{BYTES}"),
        (Path("cat.png"), f"{type(Path()).__name__}{READ}"),
        (InputImage, "ModelMetaclass; pass an object of this class"),
        (RESPONSE, f"Response{OUTPUT}"),
        (["Hi"], f"list{UNPACK}"),
        (numbers(), "generator"),
        (TOOL, "FunctionTool"),
        (Picture(), "Picture; save it as PNG, and use InputImage.from_bytes(data)"),
    ],
)
def test_value_in_a_list_that_is_no_item_and_no_part(given: object, rest: str) -> None:
    assert (
        mistake(["a", IMAGE, given]) == f"input[2]: expected a string, an item or a content part, got {rest}"
    )
    assert mistake(["a", IMAGE, message("b", given)]) == (
        f"input[2].content[1]: expected a string or a content part, got {rest}"
    )
    output = {"type": "function_call_output", "call_id": "call_1", "output": [given]}
    assert mistake([output]) == f"input[0].output[0]: expected a string or a content part, got {rest}"


@pytest.mark.parametrize(
    ("pair", "role"),
    [
        (("user", "Hi"), "user"),
        (("human", "Hi"), "user"),
        (("ai", "Hi"), "assistant"),
        (("assistant", "Hi"), "assistant"),
        (("system", "Hi"), "system"),
    ],
)
def test_pair_of_role_and_text_has_another_form_here(pair: tuple[str, str], role: str) -> None:
    assert mistake([pair]).endswith(f'got tuple; write {{"role": "{role}", "content": ...}}')


@pytest.mark.parametrize("given", [("a", "b", "c"), (IMAGE, "a")])
def test_other_tuples_are_nested_lists(given: tuple[object, ...]) -> None:
    assert mistake([given]).endswith(f"got tuple{UNPACK}")


@pytest.mark.parametrize("part", [OutputText(text="Hi"), Refusal(refusal="No")])
def test_part_of_an_output_is_no_item(part: object) -> None:
    assert mistake([part]).endswith("; pass the message that contains it, or its text")


@pytest.mark.parametrize("item", [{}, {"content": "Hi"}])
def test_dict_needs_a_type_or_a_role(item: dict[str, str]) -> None:
    assert mistake(["a", "b", item]) == "input[2]: expected an object with a `type` or a `role`, got dict"


def test_part_needs_a_type() -> None:
    assert (
        mistake([message({"text": "Hi"})])
        == "input[0].content[0]: expected an object with a `type`, got dict"
    )


def conversation(items: object) -> str:
    with pytest.raises(RequestValidationError) as caught:
        prepare(CONVERSATIONS_CREATE, {"items": items}, Settings(api_key="key"))
    return str(caught.value).removeprefix("The request was not sent: ")


def test_items_of_a_conversation_are_a_list() -> None:
    assert conversation(3) == "items: expected a list, got int 3"
    assert conversation(IMAGE) == "items: expected a list, got InputImage; put it into a list"
    assert conversation({"Hi", "Ho"}) == "items: expected a list, got set; make a list of it"
    assert conversation(numbers()) == "items: expected a list, got generator; make a list of it"


def test_object_is_no_list_in_any_argument() -> None:
    assert mistake("Hi", tools=TOOL) == "tools: expected a list, got FunctionTool; put it into a list"


@pytest.mark.parametrize("tools", [iter([TOOL]), (tool for tool in [TOOL]), {1: TOOL}.values()])
def test_iterator_is_no_list_in_any_argument(tools: object) -> None:
    # The check would read an iterator to its end, and an empty list would be sent.
    assert re.fullmatch(r"tools: expected a list, got \w+; make a list of it", mistake("Hi", tools=tools))


def test_place_of_a_mistake_is_that_in_the_list_as_given() -> None:
    cut = {"type": "input_text"}
    output = {"type": "function_call_output", "call_id": "call_1"}

    assert mistake(["a", IMAGE, message(), "b", cut, output]) == (
        "input[4].text: missing, expected a value; input[5].output: missing, expected a value"
    )
    assert mistake(["a", IMAGE, {**message(), "x": float("nan")}]).startswith(
        "input[2].x: cannot be written as JSON"
    )


def test_advice_is_for_inputs_alone() -> None:
    search = {"type": "tool_search_output", "call_id": "call_1", "tools": [b"Hi"]}

    assert mistake([search]) == "input[0].tools[0]: expected an object with a `type`, got bytes"
    assert mistake("Hi", tools=[b"Hi"]) == "tools[0]: expected an object with a `type`, got bytes"
    assert mistake("Hi", conversation=b"Hi") == "conversation: expected a string or an object, got bytes"


def test_reasons_that_are_the_same_are_named_once() -> None:
    with pytest.raises(RequestValidationError) as caught:
        call({"tools": {1, 2, 3}})

    assert [error["path"] for error in caught.value.errors] == ["tools"]


# --- iterators and views at any depth


def once(*values: object) -> Iterator[object]:
    yield from values


SEARCH = {"type": "file_search"}
DOMAINS = {"type": "web_search", "filters": {"allowed_domains": once("a")}}
SHELL = {"type": "shell_call", "call_id": "call_1", "action": {"commands": once("ls")}}
LIST = "expected a list, got generator; make a list of it"


@pytest.mark.parametrize(
    ("params", "path"),
    [
        ({"tools": [{**SEARCH, "vector_store_ids": once("a")}]}, "tools[0].vector_store_ids"),
        ({"tools": (DOMAINS,)}, "tools[0].filters.allowed_domains"),
        ({"tool_choice": {"type": "allowed_tools", "mode": "auto", "tools": once()}}, "tool_choice.tools"),
        ({"input": ["a", "b", SHELL]}, "input[2].action.commands"),
        ({"input": [{"type": "new", "values": once(1)}]}, "input[0].values"),
        ({"tools": [{"type": "new", "a": {"b": [once(1)]}}]}, "tools[0].a.b[0]"),
        ({"tools": once(SEARCH)}, "tools"),
        ({"tools": [{**SEARCH, "vector_store_ids": once(1)}]}, "tools[0].vector_store_ids"),
    ],
)
def test_iterator_at_any_depth_is_refused_by_its_path(params: dict[str, Any], path: str) -> None:
    with pytest.raises(RequestValidationError) as caught:
        call({"input": "Hi", **params})

    assert str(caught.value) == f"The request was not sent: {path}: {LIST}"


def test_view_of_a_dict_is_no_list_and_no_dict() -> None:
    tool = {**SEARCH, "vector_store_ids": {"a": 1}.keys()}
    choice: dict[str, object] = {"type": "function", "name": "f"}

    assert mistake("Hi", tools=[tool]) == (
        "tools[0].vector_store_ids: expected a list, got dict_keys; make a list of it"
    )
    assert mistake("Hi", metadata={"a": "b"}.items()) == (
        "metadata: expected a dict, got dict_items; make a dict of it"
    )
    assert mistake("Hi", metadata=once()) == "metadata: expected a valid dictionary, got generator"
    assert "make a list" not in mistake("Hi", tool_choice=choice.items())


def test_iterators_are_named_beside_other_mistakes() -> None:
    tool = {**SEARCH, "vector_store_ids": once("a")}

    assert mistake("Hi", temperature="x", tools=[tool]).startswith("temperature: expected ")
    assert mistake("Hi", temperature="x", tools=[tool]).endswith(f"; tools[0].vector_store_ids: {LIST}")


def test_iterator_that_needs_no_check_is_written_as_a_list() -> None:
    given: dict[str, Any] = {"input": ["Hi"], "extra_body": {"new": once("a")}}
    assert b'"new":["a"]' in call(given).request.content
    unchecked = call({"input": "Hi", "tools": once({"type": "new"})}, validate_requests=False)
    assert b'"tools":[{"type":"new"}]' in unchecked.request.content


def test_search_for_iterators_ends_in_a_value_nested_in_itself() -> None:
    endless: list[object] = []
    endless.append(endless)
    tool = {"type": "new", "first": endless, "second": once(1)}

    assert mistake("Hi", tools=[tool]).startswith("tools[0].second: expected a list")


# --- functions, classes and marks of other packages


class Search(BaseModel):
    """Search the shop."""

    text: str


def look(text: str) -> str:
    return text


class Search2:
    def __call__(self) -> None: ...


@pytest.mark.parametrize(
    ("given", "kind", "written"),
    [
        (look, "function", "tool(look).definition"),
        (Search, "ModelMetaclass", "tool(Search).definition"),
        (lambda: None, "function", "tool(function).definition"),
        (Search2(), "Search2", "tool(function).definition"),
        (tool(look), "CallableTool", "its .definition"),
    ],
)
def test_function_or_class_is_no_tool_of_create(given: Any, kind: str, written: str) -> None:
    told = f"got {kind}; pass it to responses.run or responses.parse, or pass {written}"
    assert mistake("Hi", tools=[TOOL, given]) == f"tools[1]: expected a dict or a model of a tool, {told}"


def test_what_the_advice_on_tools_names_is_a_tool() -> None:
    sent = json.loads(
        call({"input": "Hi", "tools": [tool(look).definition, tool(Search).definition]}).request.content
    )
    assert [each["name"] for each in sent["tools"]] == ["look", "Search"]


def test_other_values_are_no_tools_and_get_no_advice() -> None:
    assert mistake("Hi", tools=[5]) == "tools[0]: expected an object with a `type`, got int 5"


class NotGiven:
    """A mark as that of the official package."""


class Omit:
    """Another one."""


@pytest.mark.parametrize("mark", [NotGiven(), Omit()])
@pytest.mark.parametrize(
    "arguments",
    [
        lambda mark: {"temperature": mark},
        lambda mark: {"tools": mark},
        lambda mark: {"stream": mark},
        lambda mark: {"reasoning": {"effort": mark}},
        lambda mark: {"extra_headers": mark},
        lambda mark: {"extra_body": {"seed": mark}},
        lambda mark: {"timeout": mark},
    ],
)
def test_mark_that_nothing_is_given_is_to_be_left_out(mark: object, arguments: Any) -> None:
    assert mistake("Hi", **arguments(mark)).endswith("; leave it out")


def test_mark_for_the_input_is_to_be_left_out() -> None:
    assert mistake(Omit()) == "input: expected a string or a list, got Omit; leave it out"
