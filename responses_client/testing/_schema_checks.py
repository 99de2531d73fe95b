"""Checks of request bodies, made from the definitions of the schema when they are first used.

A field, an item or a tool that is new in the schema is therefore known to the server. The tables here name the
places where the API differs from what it publishes, or knows more than the schema of the client can say.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

from ._definitions import DEFINITIONS, RESPONSE_FIELDS
from ._json_checks import (
    ARRAY,
    BOOLEAN,
    DECIMAL,
    INTEGER,
    OBJECT,
    STRING,
    Check,
    anything,
    array,
    boolean,
    either,
    expect,
    integer,
    join,
    mapping,
    missing,
    nullable,
    number,
    one_needed,
    record,
    refuse,
    tagged,
    text,
    unsupported,
)
from ._json_types import JSONObject
from ._request_input import item_type

CREATE = "ResponseCreateRequest"
ROLES = ("assistant", "system", "developer", "user")

_NAME = r"[a-zA-Z0-9_-]+"
_FUNCTION_NAME = text(shortest=1, longest=128, pattern=_NAME)
_PENALTY = nullable(number(-2, 2))


def _https(value: Any, path: str) -> None:
    expect(value, path, STRING)
    if not value.startswith("https://"):
        refuse(f"Invalid '{path}': expected a URL that starts with 'https://'.", path, "invalid_value")


# By object and field. The schema has no bounds for items and tools, because they are parts of answers too.
_STRICTER: dict[str, Check] = {
    "AdditionalTools.role": text(values=("developer",)),
    "ChunkSizes.chunk_overlap_tokens": integer(0, 2048),
    "ChunkSizes.max_chunk_size_tokens": integer(100, 4096),
    "ContainerCreateRequest.name": text(shortest=1),
    "ContainerExpiration.minutes": integer(1),
    "CustomTool.name": _FUNCTION_NAME,
    "FileSearchTool.max_num_results": integer(1, 50),
    "FunctionTool.name": _FUNCTION_NAME,
    f"{CREATE}.max_tool_calls": integer(1),
    "VectorStoreExpiration.days": integer(1, 365),
    "TextFormatJsonSchema.name": text(shortest=1, longest=64, pattern=_NAME),
    "WebhookCreateRequest.name": text(shortest=1),
    "WebhookCreateRequest.url": _https,
    "WebhookUpdateRequest.name": text(shortest=1),
    "WebhookUpdateRequest.url": _https,
}
_NOT_EMPTY = ("NamespaceTool.tools", "WebhookCreateRequest.event_types", "WebhookUpdateRequest.event_types")
_CALL_ID = text(shortest=1, longest=64)
# Fields that the API takes although it does not publish them.
_UNPUBLISHED: dict[str, dict[str, Check]] = {
    CREATE: {"frequency_penalty": _PENALTY, "presence_penalty": _PENALTY}
}
# Fields that may be null although the published schema does not say so.
_NULLABLE = ("ReasoningItem.content",)
# Fields of answers that the API does not take back.
_REFUSED = {"ReasoningItem": ("status",)}
# Fields of which one must be set.
_ONE_NEEDED = {
    "FunctionCallOutput": ("call_id", "name"),
    "InputFile": ("file_url", "file_id", "file_data"),
    "InputImage": ("image_url", "file_id"),
    # The published schema has `id`, but the API requires `call_id`.
    "LocalShellCallOutput": ("id", "call_id"),
}
# Fields that the published schema requires, and the API does not.
_OPTIONAL = {
    "CodeInterpreterCall": ("status",),
    "ComputerCall": ("pending_safety_checks", "status"),
    "ImageGenerationCall": ("status",),
    "LocalShellCall": ("status",),
}
# The published schema requires the id of most items. Only here is it really needed: a client that stores nothing
# on the server must leave out ids that the server never stored.
_WITH_ID = ("ItemReference", "McpApprovalRequest", "Program", "ProgramOutput")


def types_of(name: str) -> dict[str, list[str]]:
    """Return the types of the objects in a union, each with the names of its objects."""
    definition = DEFINITIONS[name]
    if "members" in definition:
        found: dict[str, list[str]] = {}
        for member in definition["members"]:
            for kind, names in types_of(member).items():
                found.setdefault(kind, []).extend(names)
        return found
    tag = definition["fields"].get("type", {})
    kinds: list[str] = [tag["const"]] if "const" in tag else tag.get("enum", [])
    return {kind: [name] for kind in kinds}


def fields_of(name: str) -> list[str]:
    """Return the names of the fields of an object."""
    return [*DEFINITIONS[name]["fields"]]


def values_of(name: str, field: str) -> list[str]:
    """Return the known values of a field, or of the elements of a field that is an array."""
    spec = DEFINITIONS[name]["fields"][field]
    spec = spec.get("items", spec)
    return list(DEFINITIONS[spec["$ref"]]["values"] if "$ref" in spec else spec["enum"])


def check_of(name: str) -> Check:
    """Return the check of a definition."""

    def check(value: Any, path: str) -> None:
        _made(name)(value, path)

    return check


def check_of_field(name: str, field: str) -> Check:
    """Return the check of a field of an object."""
    spec = DEFINITIONS[name]["fields"][field]
    at = f"{name}.{field}"
    if at in _STRICTER:
        check = _STRICTER[at]
    elif field == "call_id" and name in _items():
        check = _CALL_ID
    elif field == "event_types" or spec.get("$ref") == "WebhookEventType":
        values = text(values=values_of(name, field))
        check = array(values, shortest=int(at in _NOT_EMPTY)) if "items" in spec else values
    else:
        check = _from_schema({**spec, "minItems": 1} if at in _NOT_EMPTY else spec)
    is_null_default = name == CREATE and RESPONSE_FIELDS.get(field) and field != "input"
    is_optional_mark = name in _items() and field in ("id", "status") and name not in _WITH_ID
    may_be_null = spec.get("nullable") or is_null_default or is_optional_mark or at in _NULLABLE
    return nullable(check) if may_be_null else check


@cache
def _items() -> frozenset[str]:
    """Return the names of all input items."""
    return frozenset(name for names in types_of("InputItem").values() for name in names)


@cache
def _made(name: str) -> Check:
    if name == "InputItem":
        return _input_item
    if name == "SteerInputItem":
        return _steering_item
    if name in ("InputMessage", "OutputMessage"):
        return _message
    definition = DEFINITIONS[name]
    if "members" in definition:
        return tagged({kind: check_of(names[0]) for kind, names in types_of(name).items()})
    return text() if "values" in definition else _object(name, definition)


def _object(name: str, definition: JSONObject) -> Check:
    refused = _REFUSED.get(name, ())
    read_only = definition.get("read_only", ())
    checks = {
        field: anything if field in read_only else check_of_field(name, field)
        for field in definition["fields"]
        if field not in refused
    }
    required = [field for field in definition.get("required", ()) if not _may_lack(name, field)]
    check = record(" ".join(required), **checks, **_UNPUBLISHED.get(name, {}))
    return one_needed(check, *_ONE_NEEDED[name]) if name in _ONE_NEEDED else check


def _may_lack(name: str, field: str) -> bool:
    """Whether an object may lack a field that the published schema requires."""
    is_id = field == "id" and name in _items() and name not in _WITH_ID
    return is_id or field in _OPTIONAL.get(name, ())


def _from_schema(spec: JSONObject) -> Check:
    """Return the check of a JSON Schema."""
    if "$ref" in spec:
        return check_of(spec["$ref"])
    if "anyOf" in spec:
        return either({kind: _from_schema(option) for option in spec["anyOf"] for kind in _kinds(option)})
    if "const" in spec:
        return text(values=(spec["const"],))
    makers: dict[str, Callable[[], Check]] = {
        "string": lambda: text(
            shortest=spec.get("minLength", 0),
            longest=spec.get("maxLength"),
            pattern=spec.get("pattern"),
            values=spec.get("enum", ()),
        ),
        "integer": lambda: integer(spec.get("minimum"), spec.get("maximum")),
        "number": lambda: number(spec.get("minimum"), spec.get("maximum")),
        "boolean": lambda: boolean,
        "array": lambda: array(
            _from_schema(spec.get("items", {})),
            shortest=spec.get("minItems", 0),
            longest=spec.get("maxItems"),
        ),
        "object": lambda: mapping(
            _from_schema(spec.get("additionalProperties", {})),
            most=spec.get("maxProperties"),
            longest_key=spec.get("propertyNames", {}).get("maxLength"),
        ),
    }
    return makers[spec["type"]]() if "type" in spec else anything


def _kinds(spec: JSONObject) -> tuple[str, ...]:
    """Return the kinds of the JSON values that a JSON Schema is for."""
    kinds = {
        "string": (STRING,),
        "integer": (INTEGER,),
        "number": (DECIMAL, INTEGER),
        "boolean": (BOOLEAN,),
        "array": (ARRAY,),
    }
    return kinds.get(str(spec.get("type")), (OBJECT,))


# --- input items


def _input_item(value: Any, path: str) -> None:
    """Check an input item; messages and references may lack their type."""
    expect(value, path, OBJECT)
    kinds = types_of("InputItem")
    kind = value.get("type")
    if kind is None:
        value = {field: value[field] for field in value if field != "type"}
        if "role" not in value and value.keys() != {"id"}:
            unsupported("", ROLES, path)
        kind = item_type(value)
    elif kind not in kinds:
        unsupported(kind if isinstance(kind, str) else "", sorted(kinds), path)
    _made(kinds[kind][0])(value, path)


def _message(value: Any, path: str) -> None:
    expect(value, path, OBJECT)
    if "role" not in value:
        missing(join(path, "role"))
    role = value["role"]
    if role not in ROLES:
        unsupported(role if isinstance(role, str) else "", ROLES, path)
    is_output = role == "assistant"
    parts = "OutputContentPart" if is_output else "InputContentPart"
    fields = {field: check_of_field("InputMessage", field) for field in fields_of("InputMessage")}
    if not is_output:
        del fields["phase"]
    fields["content"] = either({STRING: text(), ARRAY: array(_part_of(parts))})
    record("role content", **fields)(value, path)


def _steering_item(value: Any, path: str) -> None:
    """Check an item that steers a response; the API takes messages of the user only."""
    expect(value, path, OBJECT)
    for field, only in (("type", "message"), ("role", "user")):
        if value.get(field, only) != only:
            unsupported(str(value[field]), (only,), join(path, field))
    _message(value, path)


def _part_of(union: str) -> Check:
    """Return the check of a content part; one that belongs to another author is refused as a whole."""
    inner = check_of(union)

    def check(value: Any, path: str) -> None:
        expect(value, path, OBJECT)
        kind, kinds = value.get("type"), types_of(union)
        if kind in types_of("ContentPart") and kind not in kinds:
            unsupported(str(kind), [*kinds], path)
        inner(value, path)

    return check
