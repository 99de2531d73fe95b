"""Each kind of difference from a published document is found; accepted ones are silent, stale ones reported."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codegen.__main__ import main
from codegen.digest import DIGEST
from codegen.drift import compare, report
from codegen.reader import load, parse
from codegen.schema import SchemaError

PUBLISHED = Path(__file__).parents[3] / "shared" / "spec" / "openapi.json"
REFERRED = PUBLISHED.with_name("openapi-referred.json")

REQUESTS = """
x-doc: Requests.
AskRequest:
  description: A question.
  x-published: [Ask]
  x-request: AskParams
  properties:
    question: {type: string, maxLength: 100, description: Q.}
    size: {type: [string, 'null'], enum: [small, large], description: S.}
    model: {$ref: ModelId, description: M.}
    items:
      anyOf: [{type: string}, {type: array, items: {$ref: Item}}]
      description: I.
    metadata:
      type: object
      additionalProperties: {type: string, maxLength: 512}
      propertyNames: {maxLength: 64}
      description: P.
    options: {$ref: Options, description: O.}
    limit: {type: integer, description: L.}
  required: [question]
Options:
  description: Options.
  x-published: ['@Ask.options']
  properties:
    deep: {type: boolean, description: D.}
ModelId: {description: A model., x-published: [Models], type: string, x-extensible-enum: [m-1, m-2]}
"""
THINGS = """
x-doc: Things.
Text:
  description: A text.
  x-published: [TextPart, TextPartParam]
  properties:
    type: {const: text}
    text: {type: string, description: T.}
    marks: {type: array, items: {type: string, enum: [bold]}, readOnly: true, description: M.}
  required: [type, text]
  x-essential: [text]
Image:
  description: An image.
  x-published: [ImagePart]
  properties:
    type: {const: image}
Item: {description: An item., x-published: [Item], anyOf: [{$ref: Text}, {$ref: Image}]}
Answer:
  description: An answer.
  x-published: [Answer]
  properties:
    parts: {type: array, items: {$ref: Item}, description: P.}
    score: {type: number, description: S.}
Done:
  description: It is done.
  x-published: [DoneEvent]
  properties:
    type: {const: done}
Event: {description: An event., x-published: [Event], anyOf: [{$ref: Done}]}
Mistake:
  description: A mistake.
  x-published: [Mistake]
  properties:
    code: {type: string, description: C.}
"""
OPERATIONS = """
x-doc: Endpoints.
questions.ask:
  {description: Ask., verb: POST, path: /questions, request: AskRequest, result: Answer, stream: Event}
questions.list:
  {description: List., verb: GET, path: /questions, request: ListRequest, result: Answer}
"""
LIST = """
x-doc: Lists.
ListRequest:
  description: A list.
  x-request: ListParams
  properties:
    limit: {type: integer, description: L.}
"""
Json = dict[str, Any]


def ref(name: str) -> Json:
    return {"$ref": f"#/components/schemas/{name}"}


def body(**kinds: Json) -> Json:
    media = {"json": "application/json", "stream": "text/event-stream"}
    return {"content": {media[kind]: {"schema": schema} for kind, schema in kinds.items()}}


TEXT = {"type": "string"}
NULL = {"type": "null"}
SCHEMAS: Json = {
    "AskBase": {
        "type": "object",
        "properties": {"question": {**TEXT, "maxLength": 100}, "limit": TEXT},
        "required": ["question"],
    },
    "Ask": {
        "allOf": [
            ref("AskBase"),
            {
                "properties": {
                    "size": {"anyOf": [{**TEXT, "enum": ["small", "large"]}, NULL]},
                    "model": ref("Models"),
                    "items": ref("Input"),
                    "metadata": {
                        "type": "object",
                        "additionalProperties": {**TEXT, "maxLength": 512},
                        "propertyNames": {**TEXT, "maxLength": 64},
                    },
                    "options": {"type": "object", "properties": {"deep": {"type": "boolean"}}},
                    "limit": {"type": "integer"},
                }
            },
        ]
    },
    "Models": {"anyOf": [TEXT, {**TEXT, "enum": ["m-1", "m-2"]}]},
    "Input": {"oneOf": [TEXT, {"type": "array", "items": ref("Item")}]},
    "Item": {"oneOf": [ref("TextPartParam"), ref("ImagePart")]},
    "TextPart": {
        "type": "object",
        "properties": {
            "type": {**TEXT, "enum": ["text"]},
            "text": TEXT,
            "marks": {"type": "array", "items": {**TEXT, "enum": ["bold"]}},
        },
        "required": ["type", "text"],
    },
    "TextPartParam": {
        "type": "object",
        "properties": {"type": {**TEXT, "enum": ["text"]}, "text": TEXT},
        "required": ["type", "text"],
    },
    "ImagePart": {"type": "object", "properties": {"type": {**TEXT, "enum": ["image"]}}},
    "Answer": {
        "type": "object",
        "properties": {
            "parts": {"type": "array", "items": {"oneOf": [ref("TextPart"), ref("ImagePart")]}},
            "score": {"type": "number"},
        },
    },
    "DoneEvent": {"type": "object", "properties": {"type": {**TEXT, "enum": ["done"]}}},
    "Event": {"oneOf": [ref("DoneEvent")]},
    "Mistake": {"type": "object", "properties": {"code": TEXT}},
}
DOCUMENT: Json = {
    "openapi": "3.1.0",
    "paths": {
        "/questions": {
            "parameters": [],
            "post": {
                "requestBody": body(json=ref("Ask")),
                "responses": {
                    "200": body(json=ref("Answer"), stream=ref("Event")),
                    "429": {"$ref": "#/components/responses/TooMany"},
                },
            },
            "get": {
                "parameters": [
                    {"name": "limit", "in": "query", "schema": {"type": "integer"}},
                    {"name": "trace", "in": "header", "schema": TEXT},
                ],
                "responses": {"200": body(json=ref("Answer"))},
            },
        }
    },
    "components": {"schemas": SCHEMAS, "responses": {"TooMany": body(json=ref("Mistake"))}},
}
OURS = {"requests": REQUESTS, "things": THINGS, "lists": LIST, "operations": OPERATIONS}


def lines(ours: dict[str, str] = OURS, published: Json = DOCUMENT) -> list[str]:
    return compare(parse(ours), published)


def copied() -> Json:
    return json.loads(json.dumps(DOCUMENT))


def changed(place: str, change: Callable[[Any], object]) -> Json:
    """The published document after a change at a place such as `Ask.allOf.1.properties`."""
    document = copied()
    node: Any = document["components"]["schemas"]
    for step in place.split(".") if place else ():
        node = node[int(step) if isinstance(node, list) else step]
    change(node)
    return document


def test_same_content_gives_no_line():
    assert lines() == []


def test_a_schema_wrapped_in_all_of_is_the_schema():
    def wrap(node: Any) -> None:
        node["score"] = {"allOf": [node["score"]]}

    assert lines(published=changed("Answer.properties", wrap)) == []


THEIRS: dict[str, tuple[str, Callable[[Any], object], list[str]]] = {
    "field": (
        "Answer.properties",
        lambda node: node.update(cost=TEXT),
        ["Answer.cost: only published: field"],
    ),
    "field of a base": (
        "AskBase.properties",
        lambda node: node.update(cost=TEXT),
        ["Ask.cost: only published: field"],
    ),
    "field of an inline object": (
        "Ask.allOf.1.properties.options.properties",
        lambda node: node.update(wide=TEXT),
        ["Ask.options.wide: only published: field"],
    ),
    "type": (
        "Answer.properties.score",
        lambda node: node.update(type=["number", "string"]),
        ["Answer.score: only published: type string"],
    ),
    "another type": (
        "Answer.properties.score",
        lambda node: node.update(type="integer"),
        ["Answer.score: only published: type integer", "Answer.score: only ours: type number"],
    ),
    "type of items": (
        "TextPart.properties.marks.items",
        lambda node: (node.clear(), node.update(type="integer")),
        [
            "TextPart.marks[]: only published: type integer",
            "TextPart.marks[]: only ours: value bold",
        ],
    ),
    "type of values": (
        "Ask.allOf.1.properties.metadata.additionalProperties",
        lambda node: node.update(type=["string", "number"]),
        ["Ask.metadata{}: only published: type number"],
    ),
    "any string": (
        "Ask.allOf.1.properties.size.anyOf",
        lambda node: node.append(TEXT),
        ["Ask.size: only published: type string"],
    ),
    "value": (
        "Ask.allOf.1.properties.size.anyOf.0.enum",
        lambda node: node.append("huge"),
        ["Ask.size: only published: value huge"],
    ),
    "value of an alias": (
        "Models.anyOf.1.enum",
        lambda node: node.append("m-3"),
        ["Models: only published: value m-3"],
    ),
    "tag": (
        "ImagePart.properties.type.enum",
        lambda node: node.append("picture"),
        ["ImagePart.type: only published: value picture"],
    ),
    "null in a request": (
        "AskBase.properties.question",
        lambda node: node.update(type=["string", "null"]),
        ["Ask.question: only published: type null"],
    ),
    "null where the model needs a value": (
        "TextPart.properties.text",
        lambda node: node.update(type=["string", "null"]),
        ["TextPart.text: only published: type null"],
    ),
    "null in an answer": (
        "Answer.properties.score",
        lambda node: node.update(type=["number", "null"]),
        [],
    ),
    "bound": (
        "AskBase.properties.question",
        lambda node: node.update(minLength=1),
        ["Ask.question: only published: bound minLength 1"],
    ),
    "another bound": (
        "AskBase.properties.question",
        lambda node: node.update(maxLength=200),
        [
            "Ask.question: only published: bound maxLength 200",
            "Ask.question: only ours: bound maxLength 100",
        ],
    ),
    "bound of keys": (
        "Ask.allOf.1.properties.metadata.propertyNames",
        lambda node: node.update(maxLength=32),
        [
            "Ask.metadata: only published: bound propertyNames.maxLength 32",
            "Ask.metadata: only ours: bound propertyNames.maxLength 64",
        ],
    ),
    "required": (
        "AskBase.required",
        lambda node: node.append("limit"),
        ["Ask.limit: only published: required"],
    ),
    "deprecated": (
        "Answer.properties.score",
        lambda node: node.update(deprecated=True),
        ["Answer.score: only published: deprecated"],
    ),
    "field of requests": (
        "TextPartParam.properties",
        lambda node: node.update(marks={"type": "array", "items": {**TEXT, "enum": ["bold"]}}),
        ["TextPartParam.marks: only published: part of requests"],
    ),
    "member of a union": (
        "Event.oneOf",
        lambda node: node.append(ref("Mistake")),
        ["Event: only published: member Mistake"],
    ),
    "unknown member of a union": (
        "",
        lambda node: (
            node["Event"]["oneOf"].append(ref("LateEvent")),
            node.update(LateEvent={"type": "object", "properties": {"type": TEXT}}),
        ),
        ["Event: only published: member LateEvent", "LateEvent: only published: schema"],
    ),
    "unnamed member of a union": (
        "Event.oneOf",
        lambda node: node.append({"type": "object", "properties": {"type": TEXT}}),
        [
            "Event: only published: member Event (inline object)",
            "Event (inline object): only published: schema",
        ],
    ),
    "member of an inline union": (
        "Answer.properties.parts.items.oneOf",
        lambda node: node.append(ref("Mistake")),
        ["Answer.parts[]: only published: member Mistake"],
    ),
    "object in a field": (
        "Answer.properties",
        lambda node: node.update(score={"type": "object", "properties": {"value": {"type": "number"}}}),
        [
            "Answer.score: only published: member Answer.score",
            "Answer.score: only ours: type number",
            "Answer.score: only published: schema",
        ],
    ),
    "object of an error": (
        "Mistake.properties",
        lambda node: node.update(code={"type": "object", "properties": {"id": TEXT}}),
        [
            "Mistake.code: only published: member Mistake.code",
            "Mistake.code: only ours: type string",
            "Mistake.code: only published: schema",
        ],
    ),
}
OF_OURS: dict[str, tuple[str, Callable[[Any], object], list[str]]] = {
    "field": (
        "Answer.properties",
        lambda node: node.pop("score"),
        ["Answer.score: only ours: field"],
    ),
    "value": (
        "Ask.allOf.1.properties.size.anyOf.0.enum",
        lambda node: node.remove("large"),
        ["Ask.size: only ours: value large"],
    ),
    "any string": (
        "Models.anyOf",
        lambda node: node.pop(0),
        ["Models: only ours: type string"],
    ),
    "bound": (
        "Ask.allOf.1.properties.metadata.additionalProperties",
        lambda node: node.pop("maxLength"),
        ["Ask.metadata{}: only ours: bound maxLength 512"],
    ),
    "required": (
        "AskBase.required",
        lambda node: node.clear(),
        ["Ask.question: only ours: required"],
    ),
    "member": (
        "Item.oneOf",
        lambda node: node.pop(1),
        ["Item: only ours: member Image"],
    ),
    "schema": (
        "",
        lambda node: (node.pop("DoneEvent"), node["Event"].update(oneOf=[ref("Mistake")])),
        [
            "DoneEvent: only ours: schema Done",
            "Event: only published: member Mistake",
            "Event: only ours: member Done",
        ],
    ),
    "inline schema": (
        "Ask.allOf.1.properties",
        lambda node: node.pop("options"),
        ["Ask.options: only ours: field", "Ask.options: only ours: schema Options"],
    ),
    "field that one of two published schemas has": (
        "TextPart.properties",
        lambda node: node.pop("text"),
        [],
    ),
}


@pytest.mark.parametrize(("place", "change", "expected"), THEIRS.values(), ids=THEIRS)
def test_addition_of_the_published_document_is_found(
    place: str, change: Callable[[Any], object], expected: list[str]
):
    assert lines(published=changed(place, change)) == expected


@pytest.mark.parametrize(("place", "change", "expected"), OF_OURS.values(), ids=OF_OURS)
def test_addition_of_ours_is_found(place: str, change: Callable[[Any], object], expected: list[str]):
    assert lines(published=changed(place, change)) == expected


PATHS: dict[str, tuple[Callable[[Json], object], list[str]]] = {
    "their operation": (
        lambda paths: paths.update({"/questions/answers": {"get": {}, "summary": "Answers"}}),
        ["GET /questions/answers: only published: operation"],
    ),
    "our operation": (
        lambda paths: paths["/questions"].pop("get"),
        ["GET /questions: only ours: operation"],
    ),
    "their parameter": (
        lambda paths: paths["/questions"]["get"]["parameters"].append(
            {"name": "after", "in": "query", "schema": TEXT}
        ),
        ["GET /questions: only published: parameter after"],
    ),
    "type of a parameter": (
        lambda paths: paths["/questions"]["get"]["parameters"][0].update(schema=TEXT),
        [
            "GET /questions ?limit: only published: type string",
            "GET /questions ?limit: only ours: type integer",
        ],
    ),
    "our parameter": (
        lambda paths: paths["/questions"]["get"]["parameters"].pop(0),
        ["GET /questions: only ours: parameter limit"],
    ),
    "another answer": (
        lambda paths: paths["/questions"]["get"]["responses"].update({"200": body(json=ref("Mistake"))}),
        [
            "GET /questions answer: only published: member Mistake",
            "GET /questions answer: only ours: member Answer",
        ],
    ),
    "another request": (
        lambda paths: paths["/questions"]["post"].update(requestBody=body(json=ref("Mistake"))),
        [
            "POST /questions request: only published: member Mistake",
            "POST /questions request: only ours: member AskRequest",
        ],
    ),
    "no stream": (
        lambda paths: paths["/questions"]["post"]["responses"]["200"]["content"].pop("text/event-stream"),
        ["POST /questions stream: only ours: member Done"],
    ),
    "their stream": (
        lambda paths: paths["/questions"]["get"]["responses"].update(
            {"200": body(json=ref("Answer"), stream=ref("Event"))}
        ),
        ["GET /questions stream: only published: member Done"],
    ),
}


@pytest.mark.parametrize(("change", "expected"), PATHS.values(), ids=PATHS)
def test_difference_of_an_endpoint_is_found(change: Callable[[Json], object], expected: list[str]):
    document = copied()
    change(document["paths"])
    assert lines(published=document) == expected


HOOKS = """
x-doc: Webhooks.
Ready:
  description: It is ready.
  x-published: [ReadyHook]
  properties:
    type: {const: ready}
    data: {$ref: HookData, description: D.}
Failed:
  description: It failed.
  x-published: [FailedHook]
  properties:
    type: {const: failed}
HookData: {description: Data., x-published: ['@ReadyHook.data'], properties: {id: {type: string, description: I.}}}
WebhookEvent: {description: A webhook., anyOf: [{$ref: Ready}, {$ref: Failed}]}
"""
WITH_HOOKS = {**OURS, "hooks": HOOKS}


def with_hooks() -> Json:
    """The published document with a webhook for each member of our union."""
    document = copied()
    document["components"]["schemas"].update(
        ReadyHook={
            "type": "object",
            "properties": {
                "type": {**TEXT, "enum": ["ready"]},
                "data": {"type": "object", "properties": {"id": TEXT}},
            },
        },
        FailedHook={"type": "object", "properties": {"type": {**TEXT, "enum": ["failed"]}}},
    )
    document["webhooks"] = {
        name: {"post": {"requestBody": body(json=ref(schema)), "responses": {"200": {}}}}
        for name, schema in {"question_ready": "ReadyHook", "question_failed": "FailedHook"}.items()
    }
    return document


def test_webhooks_are_the_members_of_one_union():
    assert lines(WITH_HOOKS, with_hooks()) == []


WEBHOOKS: dict[str, tuple[Callable[[Json], object], list[str]]] = {
    "their webhook": (
        lambda document: document["webhooks"].update(
            question_late={"post": {"requestBody": body(json=ref("LateHook"))}}
        ),
        ["webhook question_late: only published: member LateHook", "LateHook: only published: schema"],
    ),
    "their webhook without a body": (
        lambda document: document["webhooks"].update(question_late={"post": {}}),
        ["webhook question_late: only published: operation"],
    ),
    "another body": (
        lambda document: document["webhooks"]["question_ready"]["post"].update(
            requestBody=body(json=ref("Mistake"))
        ),
        ["webhook question_ready: only published: member Mistake", "webhooks: only ours: member Ready"],
    ),
    "our webhook": (
        lambda document: document["webhooks"].pop("question_failed"),
        ["webhooks: only ours: member Failed"],
    ),
    "no webhooks": (
        lambda document: document.pop("webhooks"),
        ["webhooks: only ours: member Failed", "webhooks: only ours: member Ready"],
    ),
    "field": (
        lambda document: document["components"]["schemas"]["FailedHook"]["properties"].update(why=TEXT),
        ["FailedHook.why: only published: field"],
    ),
    "object in it": (
        lambda document: document["components"]["schemas"]["ReadyHook"]["properties"].update(
            more={"type": "object", "properties": {"n": TEXT}}
        ),
        ["ReadyHook.more: only published: field", "ReadyHook.more: only published: schema"],
    ),
}


@pytest.mark.parametrize(("change", "expected"), WEBHOOKS.values(), ids=WEBHOOKS)
def test_difference_of_a_webhook_is_found(change: Callable[[Json], object], expected: list[str]):
    document = with_hooks()
    document["components"]["schemas"]["LateHook"] = {"type": "object", "properties": {"type": TEXT}}
    change(document)
    assert lines(WITH_HOOKS, document) == expected


def test_every_webhook_is_reported_when_we_have_none():
    document = {
        **DOCUMENT,
        "webhooks": {"question_answered": {"post": {"requestBody": body(json=ref("Answer"))}}},
    }
    assert lines(published=document) == ["webhook question_answered: only published: member Answer"]


def test_schema_that_no_endpoint_of_ours_reaches_need_not_be_covered():
    schemas = {**SCHEMAS, "Elsewhere": {"type": "object", "properties": {"id": TEXT}}}
    document = {**DOCUMENT, "components": {**DOCUMENT["components"], "schemas": schemas}}
    assert lines(published=document) == []


def test_members_of_a_union_may_have_more_properties_there():
    wider = {"type": "object", "properties": {"lane": TEXT}}
    document = changed("", lambda node: node.update(Wired={"anyOf": [{"allOf": [wider, ref("DoneEvent")]}]}))
    wired = "\nWired: {description: W., x-published: [Wired], anyOf: [{$ref: Done}]}\n"
    assert lines({**OURS, "wired": "x-doc: W." + wired}, document) == [
        "DoneEvent.lane: only published: field"
    ]
    field = "properties:\n    lane: {type: string, description: L.}\n    type: {const: done}"
    things = THINGS.replace("properties:\n    type: {const: done}", field)
    assert lines({**OURS, "things": things, "wired": "x-doc: W." + wired}, document) == []


def test_bounds_count_in_requests_only():
    limited = changed("TextPart.properties.text", lambda node: node.update(maxLength=10))
    assert lines(published=limited) == []


def test_recursive_schema_is_its_own_member():
    ours = """
x-doc: Requests.
Leaf: {description: L., x-published: [Leaf], properties: {type: {const: leaf}}}
Tree:
  description: T.
  x-published: [Tree]
  properties:
    type: {const: tree}
    below: {type: array, items: {$ref: Node}, description: B.}
Node: {description: N., x-published: ['@Tree.below[]'], anyOf: [{$ref: Leaf}, {$ref: Tree}]}
"""
    schemas = {
        "Leaf": {"type": "object", "properties": {"type": {**TEXT, "enum": ["leaf"]}}},
        "Tree": {
            "type": "object",
            "properties": {
                "type": {**TEXT, "enum": ["tree"]},
                "below": {"type": "array", "items": {"oneOf": [ref("Leaf"), {"$recursiveRef": "#"}]}},
            },
        },
    }
    assert lines({"requests": ours}, {"paths": {}, "components": {"schemas": schemas}}) == []


@pytest.fixture
def later(tmp_path: Path) -> Path:
    """A published document with a new field and a new value."""
    document = changed("Answer.properties", lambda node: node.update(cost=TEXT))
    document["components"]["schemas"]["Models"]["anyOf"][1]["enum"].append("m-3")
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document))
    return path


def accepted(folder: Path, *patterns: str) -> Path:
    path = folder / "accepted.yaml"
    path.write_text(json.dumps([{"because": "We have seen it.", "accept": patterns}] if patterns else []))
    return path


FIELD, VALUE = "Answer.cost: only published: field", "Models: only published: value m-3"


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        ([], [VALUE, FIELD]),
        ([FIELD], [VALUE]),
        (["Answer.cost"], [VALUE]),
        (["Answer.*", "Models: only published: value *"], []),
        (["Models: only ours: value *", FIELD, VALUE], ["Models: only ours: value *"]),
        (["Answer.price", FIELD, VALUE], ["Answer.price"]),
    ],
)
def test_accepted_differences_are_silent_and_stale_ones_are_reported(
    later: Path, tmp_path: Path, patterns: list[str], expected: list[str]
):
    found = report(parse(OURS), later, accepted=accepted(tmp_path, *patterns))
    stale = [f"accepted.yaml: {text}: no such difference exists" for text in expected if text in patterns]
    assert found == ([text for text in expected if text not in patterns] + stale)


@pytest.mark.parametrize("text", ["[{accept: [a]}]", "[{because: It is., accept: a}]", "[{because: It is.}]"])
def test_each_accepted_group_needs_a_reason_and_a_list(later: Path, tmp_path: Path, text: str):
    path = tmp_path / "accepted.yaml"
    path.write_text(text)
    with pytest.raises(SchemaError, match="each group must have `because` and a list `accept`"):
        report(parse(OURS), later, accepted=path)


@pytest.mark.parametrize("text", ["", "not JSON", "[]", "{}", '{"paths": {}, "components": {}}'])
def test_file_that_is_not_an_openapi_document_gives_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str
):
    path = tmp_path / "openapi.json"
    path.write_text(text)
    assert main(["drift", str(path)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.startswith(f"{path}: not an OpenAPI 3 document in JSON: ")
    assert shown.err.count("\n") == 1


def test_missing_file_gives_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["drift", str(tmp_path / "nowhere.json")]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_differences_fail_the_command(
    later: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    monkeypatch.setattr("codegen.__main__.load", lambda: parse(OURS))
    assert main(["drift", str(later)]) == 1
    assert FIELD in capsys.readouterr().out.splitlines()


def test_resources_that_we_do_not_offer_are_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    document = copied()
    document["paths"]["/images"] = document["paths"]["/questions"]
    document["paths"]["/audio/speech"] = {"post": {"responses": {"200": body(json=ref("Mistake"))}}}
    document["webhooks"] = {"image_drawn": {"post": {"requestBody": body(json=ref("Mistake"))}}}
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document))
    monkeypatch.setattr("codegen.__main__.load", lambda: parse(OURS))
    monkeypatch.setattr("codegen.drift.report.__kwdefaults__", {"accepted": accepted(tmp_path)})
    assert main(["drift", str(path)]) == 0
    assert capsys.readouterr().out == (
        "not compared, as the package does not offer them: operations of other resources (3), webhooks (1): "
        "audio, images, webhook image_drawn\n"
    )


def test_difference_is_counted_without_what_we_do_not_offer(
    later: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    document = json.loads(later.read_text())
    document["paths"]["/images"] = document["paths"]["/questions"]
    later.write_text(json.dumps(document))
    monkeypatch.setattr("codegen.__main__.load", lambda: parse(OURS))
    monkeypatch.setattr("codegen.drift.report.__kwdefaults__", {"accepted": accepted(later.parent)})
    assert main(["drift", str(later)]) == 1
    shown = capsys.readouterr().out.splitlines()
    assert shown[:2] == [VALUE, FIELD]
    assert shown[2].startswith("2 found; ")
    assert shown[3].startswith("not compared, ")


def test_schema_and_published_facts_agree():
    assert report(load(), DIGEST) == []


def test_schema_and_published_documents_agree():
    if missing := [path for path in (PUBLISHED, REFERRED) if not path.exists()]:
        pytest.skip(f"there is no published document at {missing[0]}")
    assert report(load(), PUBLISHED, REFERRED) == []


FILES = """
x-doc: Requests with files.
SendRequest:
  description: A file.
  x-published: [Send]
  x-request: SendParams
  properties:
    file: {type: string, format: binary, description: F.}
    note: {type: string, description: N.}
  required: [file]
"""
WITH_FILES = {
    **OURS,
    "file_requests": FILES,
    "operations": OPERATIONS
    + """
questions.send: {description: Send., verb: POST, path: /questions/file, request: SendRequest, result: Answer}
questions.read: {description: Read., verb: GET, path: /questions/file, binary: true}
""",
}


def with_files(kind: str = "multipart/form-data") -> Json:
    """The published document with a form that has a file, and an answer that is one."""
    document = copied()
    document["components"]["schemas"]["Send"] = {
        "type": "object",
        "properties": {"file": {**TEXT, "format": "binary"}, "note": TEXT},
        "required": ["file"],
    }
    document["paths"]["/questions/file"] = {
        "post": {
            "requestBody": {"content": {kind: {"schema": ref("Send")}}},
            "responses": {"200": body(json=ref("Answer"))},
        },
        "get": {"responses": {"200": body(json=TEXT)}},
    }
    return document


def test_forms_with_files_and_answers_that_are_files_are_compared():
    assert lines(WITH_FILES, with_files()) == []
    changed_form = with_files()
    changed_form["components"]["schemas"]["Send"]["properties"]["size"] = TEXT
    assert lines(WITH_FILES, changed_form) == ["Send.size: only published: field"]


def test_form_where_ours_is_json_is_a_difference():
    ours = {**WITH_FILES, "file_requests": FILES.replace("format: binary, ", "")}
    assert lines(ours, with_files()) == ["POST /questions/file: only published: form with a file"]


def test_alternatives_of_required_fields_are_no_types():
    document = copied()
    document["components"]["schemas"]["Answer"]["anyOf"] = [{"required": ["parts"]}, {"required": ["score"]}]
    assert lines(published=document) == []


def test_several_documents_are_compared_as_one(tmp_path: Path):
    whole = with_files()
    second = {
        "openapi": "3.1.0",
        "paths": {"/questions/file": whole["paths"].pop("/questions/file")},
        "components": {
            "schemas": {name: whole["components"]["schemas"][name] for name in ("Send", "Answer", "Models")},
            "parameters": {},
        },
    }
    del whole["components"]["schemas"]["Send"]
    paths = [tmp_path / "first.json", tmp_path / "second.json"]
    for path, content in zip(paths, (whole, second), strict=True):
        path.write_text(json.dumps(content))
    assert report(parse(WITH_FILES), *paths, accepted=accepted(tmp_path)) == []
    second["components"]["schemas"]["Answer"] = {"type": "object", "description": "Another."}
    paths[1].write_text(json.dumps(second))
    with pytest.raises(SchemaError, match="two documents differ in Answer"):
        report(parse(WITH_FILES), *paths, accepted=accepted(tmp_path))
