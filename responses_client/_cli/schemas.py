"""The JSON Schema of `--schema`, as the format of an answer."""

from __future__ import annotations

import json
import os
import re

from .._base.json_types import JsonObject, is_object
from .._structured.strict_schema import strict_schema
from ..errors import RequestValidationError
from ..models.params import TextFormatJsonSchemaParam
from .statuses import MISUSED, CommandFailed, print_note

__all__ = ["read_format"]

_MAX_NAME_CHARS = 64
_WHERE = "schema"


def read_format(path: str) -> TextFormatJsonSchemaParam:
    """Return the format of an answer that keeps to the schema in a file.

    A schema that can be strict is made so; of another one, a note says why it cannot.

    Raises:
        CommandFailed: The file cannot be read, or is not a JSON Schema of an object.
    """
    schema = _read(path)
    name = re.sub(r"[^A-Za-z0-9_-]+", "_", str(schema.get("title") or os.path.basename(path).split(".")[0]))
    is_strict = True
    try:
        schema = strict_schema(schema, _WHERE)
    except RequestValidationError as error:
        is_strict = False
        reason = "; ".join(f"{each['path']} {each['message']}" for each in error.errors[:3])
        print_note(f"note: {path} is sent as it is, so that the answer may deviate from it: {reason}")
    return {
        "type": "json_schema",
        "name": name.strip("_")[:_MAX_NAME_CHARS] or "answer",
        "schema": schema,
        "strict": is_strict,
    }


def _read(path: str) -> JsonObject:
    try:
        with open(path, encoding="utf-8-sig") as stream:
            schema: object = json.load(stream)
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read: {error.strerror}", MISUSED) from None
    except (ValueError, RecursionError) as error:
        raise CommandFailed(f"{path} is not valid JSON: {error}", MISUSED) from None
    if not is_object(schema):
        raise CommandFailed(f"{path} is not a JSON Schema, which is a JSON object", MISUSED)
    # The API's own form, as documentation and other programs have it: the schema is inside.
    inner = schema.get("schema")
    if is_object(inner) and "properties" not in schema:
        return {"title": schema.get("name"), **inner}
    return schema
