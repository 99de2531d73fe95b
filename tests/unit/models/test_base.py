"""All models: lossless, with open unions, made and copied like any pydantic model."""

import copy
import json
import pickle
from types import MappingProxyType
from typing import Any

import pytest
from pydantic import BaseModel, TypeAdapter, ValidationError

from responses_client import models
from responses_client._base.http import ResponseMeta
from responses_client.errors import ResponseValidationError
from responses_client.models import (
    FileSearchTool,
    FunctionCall,
    FunctionCallOutput,
    FunctionTool,
    InputItem,
    InputMessage,
    ItemReference,
    Keepalive,
    LocalShellCallOutput,
    Model,
    OutputItem,
    OutputMessage,
    OutputText,
    ReasoningItem,
    Refusal,
    Response,
    StreamEvent,
    TextFormatJsonSchema,
    Tool,
    UnknownContent,
    UnknownEvent,
    UnknownItem,
    UnknownTool,
    UrlCitation,
    Usage,
)
from responses_client.models._base import fields_of, reference, union_class

TEXT = {
    "type": "output_text",
    "text": "Tea.",
    "annotations": [{"type": "url_citation", "url": "https://tea.example/"}],
}
MESSAGE = {
    "type": "message",
    "role": "assistant",
    "content": [TEXT, {"type": "refusal", "refusal": "No milk."}],
}
CALL = {"type": "function_call", "call_id": "call_1", "name": "boil", "arguments": "{}", "async": True}
RESPONSE: dict[str, Any] = {
    "id": "resp_1",
    "created_at": 1760000000.0,
    "temperature": 1,
    "output": [MESSAGE, CALL, {"type": "poem", "lines": 3}],
    "usage": {"input_tokens": 3, "cups": None},
    "metadata": None,
    "cup": {"size": 1.0},
}
META = ResponseMeta.build(
    200, {"x-request-id": "req_1"}, elapsed=0, tries=1, method="POST", url="https://api.example/v1/responses"
)


def answer(**fields: Any) -> Response:
    response = Response.from_dict({**RESPONSE, **fields})
    object.__setattr__(response, "_meta", META)
    return response


def test_objects_are_written_as_they_came():
    response = answer()
    assert response.to_dict() == RESPONSE
    assert json.loads(response.to_json()) == RESPONSE
    assert response.to_json().startswith(
        '{"id":"resp_1","created_at":1760000000.0,"output":[{"type":"message",'
    )
    assert Response.from_json(response.to_json()) == response
    assert Response.from_json(response.to_json().encode()) == response


def test_each_part_has_its_class_and_unknown_data_is_kept():
    response = answer()
    assert [type(item) for item in response.output] == [OutputMessage, FunctionCall, UnknownItem]
    message = response.output[0]
    assert isinstance(message, OutputMessage)
    assert [type(part) for part in message.content] == [OutputText, Refusal]
    assert isinstance(message.content[0], OutputText)
    assert type(message.content[0].annotations[0]) is UrlCitation
    assert type(response.usage) is Usage
    assert response.model_extra == {"cup": {"size": 1.0}}
    unknown: Any = response.output[2]
    assert (unknown.wire_type, unknown.lines, unknown.validation_error) == ("poem", 3, None)


@pytest.mark.parametrize(
    ("output", "text"),
    [
        ([], ""),
        (None, ""),
        ([MESSAGE, CALL, MESSAGE], "Tea.Tea."),
        ([{"type": "message"}, {"type": "message", "content": None}], ""),
        ([{**MESSAGE, "status": 5}], "Tea."),
        ([{**MESSAGE, "role": "user"}], ""),
        (
            [{**MESSAGE, "content": [TEXT, {"type": "output_text", "text": 5}, {"type": "poem"}, None]}],
            "Tea.",
        ),
        ([None, "tea", MESSAGE], "Tea."),
        ([{"type": "poem", "content": [TEXT]}], ""),
        ({"a": 1}, ""),
    ],
)
def test_output_text_is_the_text_there_is(output: object, text: str):
    response = Response.from_dict({"output": output})
    assert response.output_text == text
    assert response.to_dict() == {"output": output}


MALFORMED: dict[str, tuple[type[Model], dict[str, Any], str]] = {
    "text for a number": (Response, {"created_at": "yesterday"}, "created_at"),
    "truth for a number": (Response, {"temperature": True}, "temperature"),
    "fraction for a whole": (Response, {"top_logprobs": 1.5}, "top_logprobs"),
    "number for text": (Response, {"status": 5}, "status"),
    "number for truth": (Response, {"store": 1}, "store"),
    "text for an object": (Response, {"usage": "much"}, "usage"),
    "list for an object": (Response, {"usage": []}, "usage"),
    "object for a list": (Response, {"tools": {}}, "tools"),
    "number in a map": (Response, {"metadata": {"cups": 5}}, "metadata.cups"),
    "number for text or list": (Response, {"input": 5}, "input"),
    "text or object": (Response, {"tool_choice": 5}, "tool_choice"),
    "another tag": (Response, {"object": "answer"}, "object"),
    "below a wire name": (FunctionCall, {**CALL, "async": "yes"}, "async"),
}


@pytest.mark.parametrize(("model", "wire", "path"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_field_is_kept_beside_the_typed_ones_unless_strict(
    model: type[Model], wire: dict[str, Any], path: str, caplog: pytest.LogCaptureFixture
):
    made = model.from_dict(wire)
    field = path.partition(".")[0]
    default = next(f.default for n, f in model.model_fields.items() if field in (n, f.serialization_alias))
    python_name = next(n for n, f in model.model_fields.items() if field in (n, f.serialization_alias))
    assert made.to_dict() == wire
    assert getattr(made, python_name) == (default if isinstance(default, str | None) else [])
    assert made.model_extra == {field: wire[field]}
    assert f"at {path}" in caplog.text
    with pytest.raises(ResponseValidationError) as caught:
        model.from_dict(wire, strict=True)
    assert caught.value.path == path


PATHS: dict[str, tuple[dict[str, Any], str]] = {
    "in an item": ({"output": [MESSAGE, {**CALL, "name": 5}]}, "output[1].name"),
    "in a part": (
        {"output": [{**MESSAGE, "content": [{**TEXT, "text": None}]}]},
        "output[0].content[0].text",
    ),
    "in an annotation": (
        {"output": [{**MESSAGE, "content": [{**TEXT, "annotations": [{"type": "url_citation"}]}]}]},
        "output[0].content[0].annotations[0].url",
    ),
    "in usage": (
        {"usage": {"input_tokens_details": {"cached_tokens": "x"}}},
        "usage.input_tokens_details.cached_tokens",
    ),
    "in a nested tool": (
        {"tools": [{"type": "namespace", "name": "n", "tools": [{"type": "function", "name": 5}]}]},
        "tools[0].tools[0].name",
    ),
    "no object": ({"output": [MESSAGE, None]}, "output[1]"),
    "text": ({"output": ["tea"]}, "output[0]"),
    "a tag that is no text": ({"output": [{"type": 5}]}, "output[0].type"),
    "no tag": ({"output": [{"id": "msg_1"}]}, "output[0]"),
    "in a map": (
        {"prompt": {"id": "p", "variables": {"a b": {"type": "input_text"}}}},
        "prompt.variables['a b'].text",
    ),
}


@pytest.mark.parametrize(("wire", "path"), PATHS.values(), ids=PATHS.keys())
def test_strict_mode_names_the_place(wire: dict[str, Any], path: str):
    with pytest.raises(ResponseValidationError) as caught:
        Response.from_dict(wire, strict=True)
    assert caught.value.path == path
    assert "strict=False" in str(caught.value)
    assert Response.from_dict(wire).to_dict() == wire


def test_a_list_of_plain_objects_with_one_that_is_none_is_raw():
    wire = {"type": "output_text", "text": "", "logprobs": [{"token": "a", "logprob": -1}, None]}
    part: Any = OutputText.from_dict(wire)
    assert part.to_dict() == wire
    assert part.model_extra == {"logprobs": wire["logprobs"]}


@pytest.mark.parametrize(
    "data", ["", "tea", "[]", "null", "5", '"tea"', "{", b"\xff", '{"a": ' + "[" * 500 + "]" * 500 + "}"]
)
@pytest.mark.parametrize("strict", [False, True])
def test_other_json_than_an_object_is_a_validation_error(data: str | bytes, strict: bool):
    with pytest.raises(ResponseValidationError, match="Not a valid Response"):
        Response.from_json(data, strict=strict)


def circular() -> dict[str, Any]:
    data: dict[str, Any] = {}
    data["a"] = data
    return data


@pytest.mark.parametrize(
    "data", [{"a": object()}, {"a": "\ud800"}, circular()], ids=["object", "half", "circle"]
)
def test_values_beyond_json_are_a_validation_error(data: dict[str, Any]):
    with pytest.raises(ResponseValidationError, match="The data are not JSON data"):
        Response.from_dict(data)


def test_required_fields_that_are_missing_are_an_error_at_the_top():
    with pytest.raises(ResponseValidationError) as caught:
        FunctionCall.from_dict({"type": "function_call"})
    assert caught.value.path == "call_id"
    assert "see .body" in str(caught.value)


def test_a_model_is_made_from_keywords_by_either_name():
    by_python = FunctionCall(call_id="call_1", name="boil", arguments="{}", async_=True)
    by_wire = FunctionCall(**{key: value for key, value in CALL.items() if key != "type"})
    assert by_python == by_wire
    assert by_python.to_dict() == CALL
    schema = TextFormatJsonSchema(name="menu", schema_={"type": "object"})
    assert schema.to_dict() == {"type": "json_schema", "name": "menu", "schema": {"type": "object"}}


def test_a_model_is_made_from_models_and_dicts():
    call = FunctionCall.from_dict(CALL)
    response = Response(
        output=[call, MESSAGE, {"type": "poem"}], usage=Usage(input_tokens=3), text={"verbosity": "low"}
    )
    assert response.output[0] is call
    assert [type(item) for item in response.output] == [FunctionCall, OutputMessage, UnknownItem]
    assert response.to_dict() == {
        "object": "response",
        "output": [CALL, MESSAGE, {"type": "poem"}],
        "usage": {"input_tokens": 3},
        "text": {"verbosity": "low"},
    }
    assert Response.from_dict({"output": [call, MESSAGE]}).to_dict() == {"output": [CALL, MESSAGE]}
    assert Response.model_validate({"output": [call]}).to_dict() == {"output": [CALL]}


def test_unset_fields_are_not_written_except_the_type():
    assert OutputMessage().to_dict() == {"type": "message", "role": "assistant"}
    assert Keepalive(sequence_number=None).to_dict() == {"type": "keepalive", "sequence_number": None}
    assert Keepalive(type="ping").to_dict() == {"type": "ping"}
    item = ReasoningItem.from_dict({"id": "rs_1"})
    item.encrypted_content = "c2VhbGVk"
    assert item.to_dict() == {"id": "rs_1", "encrypted_content": "c2VhbGVk"}


@pytest.mark.parametrize(
    "fields",
    [{"usage": 5}, {"output": [None]}, {"output": [{"type": "function_call"}]}, {"created_at": "now"}],
)
def test_a_model_is_not_made_from_malformed_fields(fields: dict[str, Any]):
    with pytest.raises(ValidationError):
        Response(**fields)


MEMBERS: dict[str, tuple[Any, dict[str, Any], type]] = {
    "assistant": (InputItem, {"type": "message", "role": "assistant", "content": []}, OutputMessage),
    "assistant in plain text": (
        InputItem,
        {"type": "message", "role": "assistant", "content": "Tea."},
        InputMessage,
    ),
    "user": (InputItem, {"type": "message", "role": "user", "content": "Tea?"}, InputMessage),
    "without a type": (InputItem, {"role": "user", "content": "Tea?"}, InputMessage),
    "reference": (InputItem, {"id": "msg_1"}, ItemReference),
    "null type": (InputItem, {"type": None, "id": "msg_1"}, UnknownItem),
    "nothing": (InputItem, {}, UnknownItem),
    "output": (InputItem, {"type": "function_call_output", "call_id": "c", "output": []}, FunctionCallOutput),
    "local output": (
        InputItem,
        {"type": "local_shell_call_output", "id": "c", "output": ""},
        LocalShellCallOutput,
    ),
    "tool": (Tool, {"type": "function", "name": "boil"}, FunctionTool),
    "unknown tool": (Tool, {"type": "kettle"}, UnknownTool),
    "event": (StreamEvent, {"type": "keepalive"}, Keepalive),
    "unknown event": (StreamEvent, {"type": "steam"}, UnknownEvent),
}


@pytest.mark.parametrize(("union", "wire", "kind"), MEMBERS.values(), ids=MEMBERS.keys())
def test_a_union_picks_the_class(union: Any, wire: dict[str, Any], kind: type):
    member = TypeAdapter(union).validate_python(wire)
    assert type(member) is kind
    assert member.to_dict() == wire


def test_a_union_takes_its_own_models_and_no_others():
    adapter: TypeAdapter[Any] = TypeAdapter(list[OutputItem])
    items = [OutputMessage(), UnknownItem(type="poem")]
    assert adapter.validate_python(items) == items
    with pytest.raises(ValidationError, match="Input should be an object with a `type`"):
        adapter.validate_python([UnknownContent()])
    assert adapter.validate_json('[{"type": "message", "role": "assistant"}]') == [OutputMessage()]
    written = adapter.dump_python([FunctionCall.from_dict(CALL)], exclude_unset=True)
    assert written == [CALL]


class Menu(BaseModel):
    response: Response
    items: list[OutputItem] = []
    unknown: list[UnknownItem] = []
    tool: FileSearchTool | None = None
    parts: dict[str, Usage] = {}


class Receipt(Response):
    price: int


def test_models_of_users_may_hold_ours():
    wire = {
        "response": {"id": "resp_1", "output": [MESSAGE]},
        "items": [CALL],
        "parts": {"a": {"input_tokens": 1}},
    }
    menu = Menu.model_validate(wire)
    assert type(menu.items[0]) is FunctionCall
    assert menu.model_dump(exclude_unset=True) == wire
    assert Menu.model_validate_json(menu.model_dump_json(exclude_unset=True)) == menu
    assert Menu(response=Response(id="resp_1"), parts={"a": Usage()}).parts == {"a": Usage()}
    assert "Response" in json.dumps(Menu.model_json_schema())
    odd = Response.from_dict({"output": [None, {"type": "poem"}]}).output
    assert Menu(response=Response(), items=odd, unknown=odd).model_dump(
        include={"unknown", "items"}, exclude_unset=True
    ) == {
        "items": [None, {"type": "poem"}],
        "unknown": [None, {"type": "poem"}],
    }


def test_stand_in_for_a_class_is_that_class_to_pydantic():
    usage = TypeAdapter(reference("outcome.Usage")).validate_python({"input_tokens": 1})
    assert type(usage) is Usage


def test_models_of_users_may_inherit_from_ours():
    receipt = Receipt.from_dict(
        {"id": "resp_1", "output": [MESSAGE], "price": 3, "usage": {"input_tokens": 1}}
    )
    assert (receipt.price, receipt.output_text, receipt.meta) == (3, "Tea.", None)
    assert type(receipt.usage) is Usage
    with pytest.raises(ResponseValidationError):
        Receipt.from_dict({"price": "three"})


@pytest.mark.parametrize("mode", ["validation", "serialization"])
def test_a_json_schema_can_be_made(mode: Any):
    schema = Response.model_json_schema(mode=mode)
    assert schema["properties"]["background"]["anyOf"] == [{"type": "boolean"}, {"type": "null"}]
    assert "OutputItem" in json.dumps(schema)


COPIES = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "model_copy": lambda model: model.model_copy(),
    "deep model_copy": lambda model: model.model_copy(deep=True),
    "pickle": lambda model: pickle.loads(pickle.dumps(model)),
}


@pytest.mark.parametrize("twin_of", COPIES.values(), ids=COPIES.keys())
def test_copies_are_equal_and_keep_attributes_beside_the_fields(twin_of: Any):
    response = answer(output=[MESSAGE, {**CALL, "name": 5}])
    twin = twin_of(response)
    assert twin == response
    assert twin.to_dict() == response.to_dict()
    assert twin.meta == META
    assert twin.request_id == "req_1"
    assert str(twin.output[1].validation_error) == str(response.output[1].validation_error)
    unknown = twin_of(response.output[1])
    assert (unknown, unknown.validation_error.path) == (response.output[1], "name")
    assert twin_of(Response()).meta is twin_of(Response()).request_id is None
    assert twin_of(UnknownItem(type="poem")).validation_error is None


def test_meta_does_not_count_in_comparisons():
    assert answer() == Response.from_dict(RESPONSE)
    assert answer() != answer(id="resp_2")
    assert Response.from_dict({"id": "resp_1"}) != Response.from_dict({"id": "resp_1", "cup": 1})


def test_unknown_names_are_an_attribute_error():
    assert "OutputItem" in dir(models)
    with pytest.raises(AttributeError, match="no attribute 'Kettle'"):
        _ = models.Kettle


def test_unknown_tags_have_no_class():
    assert union_class(OutputItem).member("poem") is None
    assert union_class(OutputItem).member("message") is OutputMessage


def test_request_id_is_that_of_the_answer_and_no_data_of_the_response():
    response = answer(request_id="from the body")
    assert response.request_id == "req_1"
    assert response.to_dict()["request_id"] == "from the body"
    assert response.model_extra is not None
    assert response.model_extra["request_id"] == "from the body"
    assert "request_id" not in answer().to_dict()


# --- keywords of the official package


def test_json_text_may_be_indented():
    response = Response(id="resp_1", output=[OutputMessage.from_dict({"type": "message", "content": [TEXT]})])
    assert response.to_json(indent=2).startswith('{\n  "id": "resp_1",\n')
    assert json.loads(response.to_json(indent=2)) == response.to_dict() == json.loads(response.to_json())
    assert "\n" not in response.to_json()


@pytest.mark.parametrize(
    ("method", "name", "advice"),
    [
        (
            "to_dict",
            "mode",
            "; the values are JSON data already; leave it out, or use model_dump(mode=...) of pydantic",
        ),
        ("to_dict", "exclude_none", "; use model_dump(exclude_none=...) of pydantic"),
        ("to_json", "exclude_unset", "; use model_dump_json(exclude_unset=...) of pydantic"),
        ("to_json", "use_api_names", "; use model_dump_json(by_alias=...) of pydantic"),
        ("to_json", "flavour", ""),
    ],
)
def test_keyword_of_the_official_package_names_the_method_of_pydantic(method: str, name: str, advice: str):
    with pytest.raises(TypeError) as caught:
        getattr(Usage(), method)(**{name: True})
    assert str(caught.value) == f"{method}() got an unexpected keyword argument {name!r}{advice}"


def test_methods_of_pydantic_take_what_the_messages_name():
    response = Response.from_dict({"id": "resp_1", "error": None})
    assert response.model_dump(exclude_none=True, exclude_unset=True, mode="json") == {"id": "resp_1"}
    assert (
        json.loads(response.model_dump_json(by_alias=True, exclude_defaults=True, warnings=False))["id"]
        == "resp_1"
    )


# --- fields of dicts and models


def test_fields_are_those_of_a_dict_or_a_model_alone():
    class Frame:
        type = "output_text"

    assert fields_of(TEXT) is TEXT
    assert fields_of(MappingProxyType(TEXT)) == TEXT
    call = fields_of(FunctionCall.from_dict({**CALL, "new": 1}))
    assert (call["type"], call["name"], call["async_"], call["new"]) == ("function_call", "boil", True, 1)
    assert fields_of(Frame()) == fields_of("Hi") == fields_of(None) == {}


def test_type_among_the_fields_of_an_unknown_object_is_the_one_that_came():
    (item,) = Response.from_dict({"output": [{"type": "poem"}]}).output

    assert fields_of(item)["type"] == "poem"
