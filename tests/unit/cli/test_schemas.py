"""The JSON Schema of `--schema`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from command_line import demo, errors

from responses_client.testing import Server

CITY = {"type": "object", "properties": {"name": {"type": "string"}, "n": {"type": "integer"}}}
STRICT = CITY | {"required": ["name", "n"], "additionalProperties": False}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(schema: object, path: str = "city-1.json") -> str:
    Path(path).write_text(schema if isinstance(schema, str) else json.dumps(schema), "utf-8")
    return path


def test_schema_is_made_strict_and_the_output_is_the_json(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.reply_json({"name": "Paris", "n": 3})
    assert demo("Paris", "--schema", write(CITY)) == 0
    assert server.requests[0].json["text"]["format"] == {
        "type": "json_schema",
        "name": "city-1",
        "schema": STRICT,
        "strict": True,
    }
    shown = capsys.readouterr()
    assert json.loads(shown.out) == {"name": "Paris", "n": 3}
    assert shown.err.count("\n") == 1


@pytest.mark.parametrize(
    ("schema", "path", "name"),
    [
        (CITY | {"title": "A city!"}, "x.json", "A_city"),
        ({"name": "city", "schema": CITY, "strict": True}, "x.json", "city"),
        (CITY, "..json", "answer"),
        (CITY, f"{'x' * 80}.json", "x" * 64),
    ],
)
def test_name_is_that_of_the_schema_or_the_file(server: Server, schema: Any, path: str, name: str) -> None:
    server.reply_json({"name": "Paris", "n": 3})
    assert demo("Paris", "--schema", write(schema, path)) == 0
    given = server.requests[0].json["text"]["format"]
    assert (given["name"], given["schema"]["properties"], given["strict"]) == (name, CITY["properties"], True)


def test_schema_that_cannot_be_strict_is_sent_as_it_is_with_a_note(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    schema = {"type": "object", "additionalProperties": {"type": "integer"}}
    server.reply_json({"a": 1})
    assert demo("Count", "--schema", write(schema)) == 0
    given = server.requests[0].json["text"]["format"]
    assert (given["schema"], given["strict"]) == (schema, False)
    (line,) = errors(capsys)
    assert line.startswith(
        "note: city-1.json is sent as it is, so that the answer may deviate from it: schema "
    )


@pytest.mark.parametrize(
    ("schema", "problem"),
    [
        ("{", "city-1.json is not valid JSON: "),
        ("[1]", "city-1.json is not a JSON Schema, which is a JSON object"),
        ("[" * 100_000, "city-1.json is not valid JSON: "),
    ],
)
def test_file_that_is_no_schema_is_one_line(
    server: Server, capsys: pytest.CaptureFixture[str], schema: str, problem: str
) -> None:
    assert demo("Hi", "--schema", write(schema)) == 2
    (line,) = errors(capsys)
    assert line.startswith(f"error: {problem}")
    assert len(server.requests) == 0


def test_file_that_does_not_exist_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert demo("Hi", "--schema", "none.json") == 2
    assert errors(capsys) == ["error: none.json cannot be read: No such file or directory"]
