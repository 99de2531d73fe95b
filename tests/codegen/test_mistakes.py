"""Each mistake in a schema raises an error that names the file, the schema and the property."""

import pytest

from codegen.reader import parse
from codegen.schema import SchemaError

GOOD = """
x-doc: Things.
Thing:
  description: A thing.
  properties:
    type: {const: thing}
    name: {type: string, description: Its name.}
Other:
  description: Another thing.
  properties:
    type: {const: other}
"""

IN_A_SCHEMA = {
    "not a mapping": ("Bad: [1]", "things.yaml: Bad: expected a mapping of keywords, got [1]"),
    "no description": ("Bad: {properties: {}}", "things.yaml: Bad: description is missing"),
    "unknown keyword": (
        "Bad: {description: Bad., propertys: {}}",
        "things.yaml: Bad: unknown keyword propertys",
    ),
    "unknown keyword of a union": (
        "Bad: {description: Bad., anyOf: [{$ref: Thing}], required: []}",
        "things.yaml: Bad: unknown keyword required",
    ),
    "required names nothing": (
        "Bad: {description: Bad., required: [name]}",
        "things.yaml: Bad: required names no property: name",
    ),
    "essential field is not required": (
        "Bad: {description: Bad., properties: {name: {description: N.}}, x-essential: [name]}",
        "things.yaml: Bad: x-essential names what is not required: name",
    ),
    "two bases": (
        "Bad: {description: Bad., allOf: [{$ref: Thing}, {$ref: Other}]}",
        "things.yaml: Bad: more than one base",
    ),
    "unknown base class": (
        "Bad: {description: Bad., x-python-base: Fancy}",
        "things.yaml: Bad: x-python-base must be one of BatchResult, CallArguments, FileContent, ImageContent, ResponseResult, TextPart",
    ),
    "union of no references": (
        "Bad: {description: Bad., anyOf: [{type: string}]}",
        "things.yaml: Bad: anyOf must contain only $ref, not {'type': 'string'}",
    ),
    "unknown last member": (
        "Bad: {description: Bad., anyOf: [{$ref: Thing}], x-unknown: UnknownThing}",
        "things.yaml: Bad: x-unknown must be one of UnknownAnnotation, UnknownContent, UnknownEvent, "
        "UnknownItem, UnknownObject, UnknownTool, UnknownWebhookEvent, not 'UnknownThing'",
    ),
    "alias of numbers": (
        "Bad: {description: Bad., type: integer, x-extensible-enum: ['1']}",
        "things.yaml: Bad: x-extensible-enum needs the type string",
    ),
}

IN_A_PROPERTY = {
    "not a mapping": ("string", "expected a mapping of keywords, got 'string'"),
    "no description": ("{type: string}", "description is missing"),
    "unknown keyword": ("{type: string, description: F., format: uri}", "unknown keyword format"),
    "unknown keyword inside": (
        "{type: array, items: {type: string, title: T}, description: F.}",
        "unknown keyword title",
    ),
    "unknown type": ("{type: text, description: F.}", "type text is not known"),
    "list of types": (
        "{type: [string, integer], description: F.}",
        "several types must be in anyOf, not in a list",
    ),
    "enum of numbers": ("{type: integer, enum: [1, 2], description: F.}", "enum needs the type string"),
    "enum with a number": (
        "{type: string, enum: [a, 2], description: F.}",
        "enum must contain only strings, not 2",
    ),
    "enum with a YAML boolean": (
        "{type: string, enum: [off], description: F.}",
        "enum must contain only strings, not False",
    ),
    "value twice": ("{type: string, enum: [a, b, a], description: F.}", "enum contains 'a' twice"),
    "constant number": ("{const: 1, description: F.}", "const must be a string"),
    "default that is a value": (
        "{type: string, default: x, description: F.}",
        "default must be '', 0 or {}, for a string, integer or object that is never null",
    ),
    "default of a list": (
        "{type: array, default: '', description: F.}",
        "default must be '', 0 or {}, for a string, integer or object that is never null",
    ),
    "default of another type": (
        "{type: integer, default: '', description: F.}",
        "default must be '', 0 or {}, for a string, integer or object that is never null",
    ),
    "default of what may be null": (
        "{type: [integer, 'null'], default: 0, description: F.}",
        "default must be '', 0 or {}, for a string, integer or object that is never null",
    ),
    "default of a string for an object": (
        "{$ref: Thing, default: '', description: F.}",
        "default '' needs an alias of strings, which Thing is not",
    ),
    "total that is not one": (
        "{type: integer, x-total: 1, description: F.}",
        "x-total must be true, for an integer that is never null",
    ),
    "total without its parts": (
        "{type: integer, x-total: true, description: F.}",
        "x-total needs input_tokens and output_tokens before it",
    ),
    "echo that is not one": ("{type: string, x-echo: 1, description: F.}", "x-echo must be true"),
    "bound on an answer": (
        "{type: string, maxLength: 3, description: F.}",
        "maxLength is allowed only in a file of requests: answers must not lose their class by it",
    ),
    "undefined reference": ("{$ref: Nothing, description: F.}", " refers to Nothing, which is not defined"),
}

ACROSS = {
    "undefined member": (
        "Bad: {description: Bad., anyOf: [{$ref: Nothing}]}",
        "things.yaml: Bad refers to Nothing, which is not defined",
    ),
    "undefined base": (
        "Bad: {description: Bad., allOf: [{$ref: Nothing}]}",
        "things.yaml: Bad refers to Nothing, which is not defined",
    ),
    "union as a base": (
        "Bad: {description: Bad., allOf: [{$ref: Any}]}\nAny: {description: Any., anyOf: [{$ref: Thing}]}",
        "things.yaml: Bad has the base Any, which is not an object",
    ),
    "base of itself": (
        "Bad: {description: Bad., allOf: [{$ref: Worse}]}\nWorse: {description: Worse., allOf: [{$ref: Bad}]}",
        "things.yaml: Bad inherits from itself: Bad > Worse > Bad",
    ),
    "two members with one tag": (
        "Bad: {description: Bad., anyOf: [{$ref: Thing}, {$ref: Again}]}\n"
        "Again: {description: Again., properties: {type: {const: thing}}}",
        "things.yaml: Bad contains Thing and Again, both of type thing",
    ),
    "member without a tag": (
        "Bad: {description: Bad., anyOf: [{$ref: Plain}]}\nPlain: {description: Plain.}",
        "things.yaml: Bad contains Plain, which has no tag",
    ),
    "abstract member": (
        "Bad: {description: Bad., anyOf: [{$ref: Base}]}\n"
        "Base: {description: B., x-abstract: true, properties: {type: {const: base}}}",
        "things.yaml: Bad contains Base, which is abstract",
    ),
    "list of strings without a name": (
        "Bad: {description: Bad., anyOf: [{$ref: Thing}], x-list-type: true}",
        "things.yaml: Bad: x-list-type must be the name of a type, not True",
    ),
    "list of strings that is a schema": (
        "Bad: {description: Bad., anyOf: [{$ref: Thing}], x-list-type: Thing}",
        "things.yaml: Bad: x-list-type names Thing, which is a schema",
    ),
    "list that also takes what is no union": (
        "Bad: {description: Bad., anyOf: [{$ref: Thing}], x-list-also: [string, Thing]}",
        "things.yaml: Bad: x-list-also must list string and unions, not Thing",
    ),
    "echo of what has no empty value": (
        "Bad: {description: Bad., properties: {echo: {$ref: Size, x-echo: true, description: E.}}}\n"
        "Size: {description: S., required: [width], x-essential: [width], properties: {width: {type: integer, description: W.}}}",
        "things.yaml: Size.width: is essential in an x-echo, but no string, list or object",
    ),
    "fewer fields without a request": (
        "Bad: {description: Bad., x-request-without: {BadParams: [name]}}",
        "things.yaml: Bad: x-request-without needs x-request, and in each type fewer fields of that request",
    ),
    "types of fewer fields of which one lacks no less than another": (
        "Ask: {description: A., x-request: AskParams, x-request-without: {A: [one], B: [two]}, properties:"
        " {one: {type: string, description: O.}, two: {type: string, description: T.}}}",
        "things.yaml: Ask: x-request-without needs x-request, and in each type fewer fields of that request",
    ),
    "two lists of strings in a request": (
        "Ask: {description: A., x-request: AskParams, properties: {one: &list {type: array, items: {$ref: Any},"
        " description: L.}, two: *list}}\nAny: {description: Any., anyOf: [{$ref: Thing}], x-list-type: AnyList}",
        "things.yaml: Ask has one and two, both lists that may contain strings",
    ),
    "inferred type that no member has": (
        "Bad: {description: Bad., anyOf: [{$ref: Thing}], x-infer-type: {role: message}}",
        "things.yaml: Bad: x-infer-type names message, which no member has",
    ),
}


@pytest.mark.parametrize(
    ("text", "message"), [*IN_A_SCHEMA.values(), *ACROSS.values()], ids=[*IN_A_SCHEMA, *ACROSS]
)
def test_mistake_in_a_schema(text: str, message: str):
    with pytest.raises(SchemaError) as caught:
        parse({"things": f"{GOOD}\n{text}\n"})
    assert str(caught.value) == message


@pytest.mark.parametrize(("text", "message"), IN_A_PROPERTY.values(), ids=IN_A_PROPERTY)
def test_mistake_in_a_property(text: str, message: str):
    with pytest.raises(SchemaError) as caught:
        parse({"things": f"{GOOD}\nBad: {{description: Bad., properties: {{field: {text}}}}}\n"})
    assert str(caught.value).removeprefix("things.yaml: Bad.field").removeprefix(": ") == message


def test_bound_of_another_type_is_refused():
    with pytest.raises(SchemaError, match=r"^requests.yaml: Bad.field: maxLength needs the type string$"):
        parse(
            {
                "requests": "x-doc: R.\nBad: {description: Bad., properties: "
                "{field: {type: integer, maxLength: 3, description: F.}}}"
            }
        )


def test_name_defined_in_two_files_is_refused():
    with pytest.raises(SchemaError, match=r"^tools.yaml: Thing is defined in things.yaml too$"):
        parse({"things": GOOD, "tools": GOOD})


def test_objects_that_contain_each_other_are_refused():
    from codegen.emit_models import emit

    document = parse(
        {
            "things": "x-doc: T.\nA: {description: A., properties: {b: {$ref: B, description: B.}}}\n"
            "B: {description: B., properties: {a: {$ref: A, description: A.}}}\n"
        }
    )
    with pytest.raises(SchemaError, match=r"^things.yaml: A > B > A contain each other$"):
        emit(document)


FILES = {
    "invalid YAML": ("x-doc: [", "things.yaml: while parsing a flow node"),
    "no x-doc": ("Thing: {description: A thing.}", "things.yaml: x-doc is missing"),
    "empty": ("", "things.yaml: x-doc is missing"),
    "repeated key": ("x-doc: T.\nA: {description: A.}\nA: {description: B.}", "A is defined twice"),
    "key that YAML reads as a boolean": (
        "x-doc: T.\nA: {description: A., properties: {on: {type: boolean, description: O.}}}",
        "the key True needs quotes",
    ),
}


@pytest.mark.parametrize(("text", "message"), FILES.values(), ids=FILES)
def test_mistake_in_a_file(text: str, message: str):
    with pytest.raises(SchemaError) as caught:
        parse({"things": text})
    assert str(caught.value).startswith("things.yaml: ")
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


EVENTS = """
x-doc: Events.
Text: {description: A text., properties: {type: {const: output_text}, text: {type: string, description: T.}}}
Part: {description: A part., anyOf: [{$ref: Text}]}
Message:
  description: A message.
  properties:
    type: {const: message}
    content: {type: array, items: {$ref: Part}, description: Its parts.}
OutputItem: {description: An item., anyOf: [{$ref: Message}]}
Delta:
  description: More text.
  properties:
    type: {const: delta}
    delta: {type: string, description: The text.}
    content_index: {type: integer, description: The part.}
  x-effect: %s
"""
PATH = "at: [content, content_index, text], part: output_text, item: message"
EFFECTS = {
    "unknown verb": (f"{{add: delta, {PATH}}}", "unknown verb or key add"),
    "no verb": (f"{{{PATH}}}", "must have exactly one of put, append, set, status"),
    "two verbs": (
        f"{{append: delta, set: delta, {PATH}}}",
        "must have exactly one of put, append, set, status",
    ),
    "field that the event lacks": (f"{{append: text, {PATH}}}", "Delta has no text"),
    "index that the event lacks": (
        "{append: delta, at: [content, part_index, text], item: message}",
        "Delta has no part_index",
    ),
    "path to an unknown field": (
        "{append: delta, at: [content, content_index, words], item: message}",
        "the path fails at words, which Text lacks",
    ),
    "path through a string": (
        "{append: delta, at: [content, content_index, text, words], item: message}",
        "the path fails at words, which a string lacks",
    ),
    "unknown item": ("{append: delta, at: [content], item: letter}", "OutputItem has no letter"),
    "part that is not on the path": (
        "{append: delta, at: [content, content_index, text], part: refusal, item: message}",
        "the path contains no refusal",
    ),
    "status of an item without one": (
        "{status: in_progress, item: message}",
        "the path fails at status, which Message lacks",
    ),
}


@pytest.mark.parametrize(("effect", "message"), EFFECTS.values(), ids=EFFECTS)
def test_mistake_in_an_effect(effect: str, message: str):
    with pytest.raises(SchemaError) as caught:
        parse({"events": EVENTS % effect})
    assert str(caught.value) == f"events.yaml: Delta.x-effect: {message}"


def test_correct_effect_is_accepted():
    parse({"events": EVENTS % f"{{append: delta, {PATH}}}"})


REQUESTS = """
x-doc: Requests.
AskRequest: {description: A question., x-request: AskParams}
Answer: {description: An answer.}
Answers:
  description: Answers.
  properties: {data: {type: array, items: {$ref: Answer}, description: D.}}
Event: {description: An event., anyOf: []}
"""
OPERATIONS = {
    "missing": ("{description: Ask.}", ": path, result, verb is missing"),
    "unknown keyword": (
        "{description: Ask., verb: GET, path: /a, request: AskRequest, result: Answer, tags: []}",
        ": unknown keyword tags",
    ),
    "undefined result": (
        "{description: Ask., verb: GET, path: /a, request: AskRequest, result: Nothing}",
        " refers to Nothing, which is not defined",
    ),
    "request that is not one": (
        "{description: Ask., verb: GET, path: /a, request: Answer, result: Answer}",
        ": Answer is not a request: it has no x-request",
    ),
    "union as a request": (
        "{description: Ask., verb: GET, path: /a, request: Event, result: Answer}",
        "requests.yaml: Event is used where only an object is allowed",
    ),
    "query that the request lacks": (
        "{description: Ask., verb: POST, path: /a, request: AskRequest, query: [b], result: Answer}",
        ": AskRequest has no b",
    ),
    "page of something else": (
        "{description: Ask., verb: GET, path: /a, result: Answers, page: AskRequest}",
        ": Answers does not list AskRequest as data",
    ),
    "page without a list": (
        "{description: Ask., verb: GET, path: /a, result: Answer, page: Answer}",
        ": Answer does not list Answer as data",
    ),
}


@pytest.mark.parametrize(("operation", "message"), OPERATIONS.values(), ids=OPERATIONS)
def test_mistake_in_an_operation(operation: str, message: str):
    with pytest.raises(SchemaError) as caught:
        parse({"requests": REQUESTS, "operations": f"x-doc: Endpoints.\nthings.ask: {operation}\n"})
    assert str(caught.value).removeprefix("operations.yaml: things.ask") == message
