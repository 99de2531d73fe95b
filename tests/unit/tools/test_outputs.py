"""Answers to calls: from values, parts, whole items and failures, and the text about wrong arguments."""

from __future__ import annotations

import datetime
import enum
import json
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import pytest
from pydantic import BaseModel, Field, Json, TypeAdapter, ValidationError

from responses_client._tools.outputs import (
    denial_of,
    describe_argument_errors,
    failure_of,
    output_of,
    tool_search_output,
)
from responses_client.models import (
    ApplyPatchCall,
    ComputerCall,
    ComputerScreenshot,
    CustomToolCall,
    FunctionCall,
    FunctionCallOutput,
    FunctionTool,
    InputFile,
    InputImage,
    InputText,
    LocalShellCall,
    McpApprovalRequest,
    McpApprovalResponse,
    OutputItem,
    Response,
    ShellCall,
    ShellOutputContent,
    ToolSearchCall,
    UnknownItem,
    WebSearchCall,
)
from responses_client.models._tolerance import write_json

CALL = FunctionCall(call_id="call_1", name="f", arguments="{}")
CUSTOM = CustomToolCall(call_id="call_2", name="g", input="x")
SHELL = ShellCall.from_dict({"call_id": "call_3", "action": {"commands": ["ls"]}})
LOCAL = LocalShellCall.from_dict(
    {"id": "lsh_1", "call_id": "call_4", "action": {"type": "exec", "command": ["ls"], "env": {}}}
)
PATCH = ApplyPatchCall.from_dict({"call_id": "call_5", "operation": {"type": "delete_file", "path": "a"}})
SCREEN = ComputerCall.from_dict({"call_id": "call_6", "action": {"type": "screenshot"}})
UNSAFE = ComputerCall.from_dict({"call_id": "call_6", "pending_safety_checks": [{"id": "sc_1"}]})
APPROVAL = McpApprovalRequest.from_dict({"id": "mcpr_1", "name": "f", "arguments": "{}"})
SEARCH = ToolSearchCall.from_dict({"call_id": "call_7", "arguments": {}, "execution": "client"})
FOREIGN = WebSearchCall.from_dict({"id": "ws_1", "status": "completed"})


class Colour(enum.StrEnum):
    RED = "red"


class Size(str, enum.Enum):
    LARGE = "large"


@dataclass
class Point:
    x: int


class Place(BaseModel):
    town: str = Field(alias="Town")


class Table:
    """As those of data frames, where `==` gives no bool."""

    type: Any

    def __init__(self) -> None:
        self.type = self

    __hash__ = None

    def __eq__(self, other: object) -> Any:
        return self

    def __bool__(self) -> bool:
        raise ValueError("ambiguous")


def numbers() -> Iterator[int]:
    yield from (1, 2)


def output(value: object, call: OutputItem = CALL) -> Any:
    """The field `output` of the answer, which is fit to be sent."""
    item = output_of(call, value)
    write_json(item)
    return item.to_dict()["output"]


def refused(value: object, call: OutputItem = CALL) -> str:
    with pytest.raises(ValueError, match=r"^(?:expected|Not a valid) ") as caught:
        output_of(call, value)
    assert type(caught.value) is ValueError
    return str(caught.value)


@pytest.mark.parametrize("call", [CALL, CUSTOM])
@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("Sunny.", "Sunny."),
        ("", ""),
        (Colour.RED, "red"),
        (Size.LARGE, "large"),
        (None, "null"),
        (True, "true"),
        (3, "3"),
        (0.5, "0.5"),
        (Decimal("1.50"), '"1.50"'),
        ([], "[]"),
        ((), "[]"),
        (["a", 1], '["a",1]'),
        ({"a": {"b": None}}, '{"a":{"b":null}}'),
        ({1}, "[1]"),
        (b"text", '"text"'),
        ("größe", "größe"),
        (["größe"], '["größe"]'),
        (datetime.date(2026, 1, 31), '"2026-01-31"'),
        (Point(1), '{"x":1}'),
        (Place(Town="Oslo"), '{"Town":"Oslo"}'),
        ([Place(Town="Oslo")], '[{"Town":"Oslo"}]'),
        ({"type": "function"}, '{"type":"function"}'),
        ("half \ud800", "half \ufffd"),
        ("two \ud83d\ude00 halves", "two 😀 halves"),
        (["name\udcff", {"a": 1}], '["name\ufffd", {"a": 1}]'),
    ],
)
def test_values_are_text_or_json(call: OutputItem, value: object, text: str) -> None:
    assert output(value, call) == text


def test_answer_names_call_and_caller() -> None:
    caller = {"type": "program", "caller_id": "prog_1"}
    call = FunctionCall.from_dict({"call_id": "c", "name": "f", "arguments": "{}", "caller": caller})

    assert output_of(call, "a").to_dict() == {
        "type": "function_call_output",
        "call_id": "c",
        "output": "a",
        "caller": caller,
    }
    assert output_of(CUSTOM, "a").to_dict() == {
        "type": "custom_tool_call_output",
        "call_id": "call_2",
        "output": "a",
    }


IMAGE = InputImage(image_url="https://example.com/a.png")
FILE = InputFile(file_id="file_1")
TEXT = InputText(text="See:")
IMAGE_DATA = {"type": "input_image", "image_url": "https://example.com/a.png"}


@pytest.mark.parametrize(
    ("value", "parts"),
    [
        (IMAGE, [IMAGE_DATA]),
        ([TEXT, FILE], [{"type": "input_text", "text": "See:"}, {"type": "input_file", "file_id": "file_1"}]),
        ((IMAGE,), [IMAGE_DATA]),
        (["See:", IMAGE], [{"type": "input_text", "text": "See:"}, IMAGE_DATA]),
        ([Colour.RED, IMAGE], [{"type": "input_text", "text": "red"}, IMAGE_DATA]),
    ],
)
def test_pictures_and_files_are_parts(value: object, parts: object) -> None:
    assert output(value) == parts
    assert output(value, CUSTOM) == parts


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (object(), "but Unable to serialize unknown type: <class 'object'>"),
        (b"\xff", "invalid utf-8"),
        (Table(), f"Unable to serialize unknown type: <class '{Table.__module__}.Table'>"),
        ({"name\udcff": 1}, "surrogates not allowed"),
        ([IMAGE, 3], "expected strings, InputText, InputImage and InputFile in one list, got a int"),
        ([None, IMAGE], "in one list, got None"),
        ([IMAGE, IMAGE_DATA], "in one list, got a dict"),
        ({"type": "function_call_output", "output": 3}, "Not a valid function_call_output: "),
    ],
)
def test_values_without_a_form_for_the_model_are_refused(value: object, message: str) -> None:
    assert message in refused(value)


@pytest.mark.parametrize(
    "value", [IMAGE_DATA, [IMAGE_DATA], {"type": "input_text", "text": "mine", "extra": 3}]
)
def test_data_that_look_like_parts_are_data(value: object) -> None:
    assert json.loads(output(value)) == value


def test_numbers_that_json_has_no_form_of_are_texts() -> None:
    assert output([float("nan"), float("inf"), 1.5]) == '["NaN","Infinity",1.5]'


def test_values_without_end_are_refused() -> None:
    circle: list[object] = []
    circle.append(circle)
    deep: list[object] = []
    for _ in range(5000):
        deep = [deep]

    assert "Circular reference" in refused(circle)
    assert "expected a string, JSON data" in refused(deep)


def test_iterator_is_read_once() -> None:
    def parts() -> Iterator[object]:
        yield "a"
        yield object()
        yield "b"

    assert output(numbers()) == "[1,2]"
    assert output(iter(["name\udcff"])) == '["name\ufffd"]'
    assert "Unable to serialize unknown type" in refused(parts())


def test_whole_item_is_the_answer() -> None:
    item = FunctionCallOutput(call_id="call_1", output="a", status="completed")

    assert output_of(CALL, item) is item
    assert output_of(CALL, OrderedDict(item.to_dict())) == item
    response = McpApprovalResponse(approval_request_id="mcpr_1", approve=False, reason="No.")
    assert output_of(APPROVAL, response) is response
    screen = {"type": "computer_call_output", "call_id": "call_6", "output": {"type": "computer_screenshot"}}
    assert output_of(UNSAFE, screen).to_dict() == screen


def test_whole_item_for_another_call_is_refused() -> None:
    item = {"type": "function_call_output", "call_id": "call_9", "output": "a"}

    assert refused(item) == "expected the answer to the call call_1, got that to call_9"
    assert "expected a value at call_id" in refused(
        {"type": "custom_tool_call_output", "output": "a"}, CUSTOM
    )
    assert output(item, CUSTOM) == '{"type":"function_call_output","call_id":"call_9","output":"a"}'


def test_approval_is_yes_or_no() -> None:
    assert output_of(APPROVAL, True).to_dict() == {
        "type": "mcp_approval_response",
        "approval_request_id": "mcpr_1",
        "approve": True,
    }
    assert refused("yes", APPROVAL) == "expected True or False, or an McpApprovalResponse, got a str"
    assert refused(None, APPROVAL) == "expected True or False, or an McpApprovalResponse, got None"


def test_shell_returns_the_output_of_each_command() -> None:
    printed = {"stdout": "a", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}
    content = ShellOutputContent.from_dict(printed)

    assert output_of(SHELL, [content, printed]).to_dict() == {
        "type": "shell_call_output",
        "call_id": "call_3",
        "output": [printed, printed],
    }
    assert refused("a", SHELL) == "expected a list of ShellOutputContent, got a str"
    assert refused(3, SHELL) == "expected a list of ShellOutputContent, got a int"
    assert refused([{"stdout": 3}], SHELL).startswith("Not a valid shell_call_output: ")


def test_shell_repeats_the_limit_of_its_call() -> None:
    call = ShellCall.from_dict({"call_id": "c", "action": {"commands": ["ls"], "max_output_length": 9}})

    assert output_of(call, []).to_dict()["max_output_length"] == 9


def test_local_shell_gives_text_under_the_id_of_its_call() -> None:
    assert output_of(LOCAL, "a\udcff").to_dict() == {
        "type": "local_shell_call_output",
        "call_id": "call_4",
        "id": "call_4",
        "output": "a\ufffd",
    }
    assert refused(None, LOCAL) == "expected a string, got None"


def test_patch_gives_a_log_or_nothing() -> None:
    done = {"type": "apply_patch_call_output", "call_id": "call_5", "status": "completed"}

    assert output_of(PATCH, None).to_dict() == done
    assert output_of(PATCH, "1 file.").to_dict() == {**done, "output": "1 file."}
    assert refused(3, PATCH) == "expected a string, got a int"


@pytest.mark.parametrize("value", ["data:image/png;base64,", InputImage(image_url="data:image/png;base64,")])
def test_screen_is_a_picture(value: object) -> None:
    picture = {"type": "computer_screenshot", "image_url": "data:image/png;base64,"}

    assert output(value, SCREEN) == picture
    assert output(ComputerScreenshot.from_dict(picture), SCREEN) == picture


def test_screen_without_a_picture_is_refused() -> None:
    assert refused(InputImage(file_id="file_1"), SCREEN) == "expected a string, got None"


def test_safety_checks_are_for_the_user_to_acknowledge() -> None:
    with pytest.raises(
        ValueError, match=r"^the call has safety checks.* expected a ComputerCallOutput .* got a str$"
    ):
        output_of(UNSAFE, "data:image/png;base64,")


def test_calls_of_other_types_need_whole_items() -> None:
    assert refused("a", SEARCH) == "expected an item that answers a tool_search_call, got a str"
    found = {"type": "tool_search_output", "call_id": "call_7", "tools": []}
    assert output_of(SEARCH, found).to_dict() == found
    assert refused(None, FOREIGN) == "expected an item that answers a web_search_call, got None"


def test_search_gives_tools() -> None:
    tool = {"type": "function", "name": "f", "parameters": {}, "strict": False}

    assert tool_search_output(SEARCH, [tool, FunctionTool.from_dict(tool)]).to_dict() == {
        "type": "tool_search_output",
        "call_id": "call_7",
        "execution": "client",
        "status": "completed",
        "tools": [tool, tool],
    }


@pytest.mark.parametrize(
    ("call", "fields"),
    [
        (CALL, {"output": "Error: no\ufffd"}),
        (CUSTOM, {"output": "Error: no\ufffd"}),
        (PATCH, {"status": "failed", "output": "Error: no\ufffd"}),
        (LOCAL, {"output": "Error: no\ufffd"}),
        (
            SHELL,
            {
                "output": [
                    {
                        "stdout": "",
                        "stderr": "Error: no\ufffd",
                        "outcome": {"type": "exit", "exit_code": 1},
                    }
                ]
            },
        ),
    ],
)
def test_failures_are_reported_where_answers_can(call: OutputItem, fields: dict[str, Any]) -> None:
    item = failure_of(call, "Error: no\udcff")

    assert item is not None
    assert item.to_dict().items() >= fields.items()
    write_json(item)


@pytest.mark.parametrize("call", [SCREEN, APPROVAL, SEARCH, FOREIGN])
def test_failures_of_other_calls_have_no_answer(call: OutputItem) -> None:
    assert failure_of(call, "Error.") is None


def test_denial_has_the_reason_and_where_it_can_no_mark_of_success() -> None:
    answers = {call.type: denial_of(call, "No.") for call in (CALL, SHELL, PATCH, APPROVAL)}
    found = {kind: {} if answer is None else answer.to_dict() for kind, answer in answers.items()}
    assert found["function_call"]["output"] == "No."
    assert found["shell_call"]["output"][0]["outcome"]["exit_code"] == 1
    assert found["apply_patch_call"]["status"] == "failed"
    assert (found["mcp_approval_request"]["approve"], found["mcp_approval_request"]["reason"]) == (
        False,
        "No.",
    )


DENIALS: list[tuple[str, dict[str, Any]]] = [
    ("function_call", {"call_id": "c1", "output": "No."}),
    ("custom_tool_call", {"call_id": "c1", "output": "No."}),
    ("shell_call", {"call_id": "c1"}),
    ("local_shell_call", {"id": "c1", "output": "No."}),
    ("apply_patch_call", {"call_id": "c1", "status": "failed", "output": "No."}),
    ("mcp_approval_request", {"approval_request_id": "c1", "approve": False, "reason": "No."}),
]


@pytest.mark.parametrize(("kind", "fields"), DENIALS)
def test_malformed_call_is_denied_by_its_type_and_id(kind: str, fields: dict[str, Any]) -> None:
    caller = {"type": "program", "caller_id": "p1"}
    wrong = {"name": 5, "action": 5, "operation": 5}
    made = {"type": kind, "id": "c1", "call_id": "c1", "caller": caller, **wrong}
    (call,) = Response.from_dict({"output": [made]}).output
    assert isinstance(call, UnknownItem) or kind == "apply_patch_call"  # whose operation alone is malformed
    answer = denial_of(call, "No.")
    assert answer is not None
    expected = fields if kind == "mcp_approval_request" else {**fields, "caller": caller}
    assert answer.to_dict().items() >= expected.items()


@pytest.mark.parametrize("call", [SCREEN, SEARCH, FOREIGN])
def test_other_calls_have_no_denial(call: OutputItem) -> None:
    assert denial_of(call, "No.") is None


def mistakes(form: Any, text: str) -> str:
    with pytest.raises(ValidationError) as caught:
        TypeAdapter(form).validate_json(text)
    return describe_argument_errors(caught.value)


def test_wrong_arguments_are_reported_with_their_places() -> None:
    assert mistakes(dict[str, list[int]], '{"a": [1, "x"], "b": 3}') == (
        "the arguments do not fit: a[1]: expected a valid integer, got str 'x'; "
        "b: expected a valid array, got int 3"
    )


def test_at_most_ten_mistakes_are_reported() -> None:
    text = mistakes(list[int], str(["x"] * 12).replace("'", '"'))

    assert text.count("valid integer") == 10
    assert text.endswith("; and 2 more")


def test_mistake_of_the_whole_value_has_no_place() -> None:
    assert mistakes(dict[str, int], "[]") == "the arguments do not fit: expected an object, got list"


def test_invalid_json_is_reported() -> None:
    assert mistakes(dict[str, int], '{"a": 1') == (
        "the arguments are not valid JSON (EOF while parsing an object at line 1 column 7)"
    )


def test_argument_that_is_invalid_json_is_reported_by_its_place() -> None:
    assert mistakes(dict[str, Json[int]], '{"a": "x"}') == (
        "the arguments do not fit: a: Invalid JSON: expected value at line 1 column 1"
    )
