"""Each mistake in a schema raises an error that names the file, the schema and the property."""

import ast
import re
from importlib import import_module
from pathlib import Path

import pytest

from codegen.__main__ import ROOT, generate
from codegen.check import ENTRIES
from codegen.check_names import RESERVED, taken_names
from codegen.dialect import CLASSES
from codegen.reader import load, parse
from codegen.schema import SchemaError
from responses_client.models import Model, Result


def hand_written(name: str) -> type:
    return getattr(import_module(f"responses_client.models.{CLASSES[name]}"), name)


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
    "empty union": (
        "Bad: {description: Bad., anyOf: []}",
        "things.yaml: Bad: anyOf must be a list with members, not []",
    ),
    "member twice in a union": (
        "Bad: {description: Bad., anyOf: [{$ref: Thing}, {$ref: Other}, {$ref: Thing}]}",
        "things.yaml: Bad: anyOf contains Thing twice",
    ),
    "base that is not a reference": (
        "Bad: {description: Bad., allOf: [Thing]}",
        "things.yaml: Bad: allOf must contain only $ref, not 'Thing'",
    ),
    "base that is not in a list": (
        "Bad: {description: Bad., allOf: {$ref: Thing}}",
        "things.yaml: Bad: allOf must be a list with members, not {'$ref': 'Thing'}",
    ),
    "description that is not text": (
        "Bad: {description: [Bad.]}",
        "things.yaml: Bad: description must be a string, not ['Bad.']",
    ),
    "description that ends its docstring": (
        'Bad: {description: \'Bad """ thing.\'}',
        'things.yaml: Bad: description has """, which breaks the docstring that it becomes',
    ),
    "description with an escape": (
        "Bad: {description: 'Bad \\d.'}",
        "things.yaml: Bad: description has \\, which breaks the docstring that it becomes",
    ),
    "required without a list": (
        "Bad: {description: Bad., properties: {n: {type: string, description: N.}}, required: n}",
        "things.yaml: Bad: required must be a list, not 'n'",
    ),
    "required twice": (
        "Bad: {description: Bad., properties: {n: {type: string, description: N.}}, required: [n, n]}",
        "things.yaml: Bad: required contains 'n' twice",
    ),
    "published name without a list": (
        "Bad: {description: Bad., x-published: Thing}",
        "things.yaml: Bad: x-published must be a list, not 'Thing'",
    ),
    "flag that is not true": (
        "Bad: {description: Bad., x-abstract: 'yes'}",
        "things.yaml: Bad: x-abstract must be true, not 'yes'",
    ),
    "inferred types in a list": (
        "Bad: {description: Bad., anyOf: [{$ref: Thing}], x-infer-type: [thing]}",
        "things.yaml: Bad: x-infer-type must map fields to tags, not be ['thing']",
    ),
    "types of fewer fields in a list": (
        "Bad: {description: Bad., x-request: BadParams, x-request-without: [name]}",
        "things.yaml: Bad: x-request-without must map names to lists of fields, not be ['name']",
    ),
    "name in lower case": (
        "bad: {description: Bad.}",
        "things.yaml: bad: the name bad must begin with a capital and be a Python identifier",
    ),
    "name that is a keyword": (
        "None: {description: Bad.}",
        "things.yaml: None: the name None must begin with a capital and be a Python identifier",
    ),
    "name with a hyphen": (
        "Bad-Thing: {description: Bad.}",
        "things.yaml: Bad-Thing: the name Bad-Thing must begin with a capital and be a Python identifier",
    ),
    "name of an import": (
        "Literal: {description: Bad.}",
        "things.yaml: Literal: the name Literal is taken by the package",
    ),
    "name of the dict type of another schema": (
        "ThingParam: {description: Bad.}",
        "things.yaml: ThingParam: the name ThingParam is taken by things.yaml: Thing",
    ),
    "dict type of two requests": (
        "A: {description: A., x-request: AskParams}\nB: {description: B., x-request: AskParams}",
        "things.yaml: B: the name AskParams is taken by things.yaml: A",
    ),
    "alias of numbers": (
        "Bad: {description: Bad., type: integer, x-extensible-enum: ['1']}",
        "things.yaml: Bad: x-extensible-enum needs the type string",
    ),
}

IN_A_PROPERTY = {
    "not a mapping": ("string", "expected a mapping of keywords, got 'string'"),
    "no description": ("{type: string}", "description is missing"),
    "unknown keyword": ("{type: string, description: F., title: T}", "unknown keyword title"),
    "unknown keyword inside": (
        "{type: array, items: {type: string, title: T}, description: F.}",
        "unknown keyword title",
    ),
    "file in an answer": (
        "{type: string, format: binary, description: F.}",
        "format must be binary, for a string in a file of requests",
    ),
    "another format": (
        "{type: string, format: uri, description: F.}",
        "format must be binary, for a string in a file of requests",
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
    "name of no property inside": ("{typ: string, description: F.}", "unknown keyword typ"),
    "reference with a type": (
        "{$ref: Thing, type: string, description: F.}",
        "$ref and type exclude each other",
    ),
    "constant with a type": ("{const: a, type: string}", "const and type exclude each other"),
    "reference that is not a name": (
        "{$ref: [Thing], description: F.}",
        "$ref must be a string, not ['Thing']",
    ),
    "alternatives without a list": (
        "{anyOf: {type: string}, description: F.}",
        "anyOf must be a list with members, not {'type': 'string'}",
    ),
    "alternative twice": (
        "{anyOf: [{$ref: Thing}, {$ref: Thing}], description: F.}",
        "anyOf contains Thing twice",
    ),
    "plain alternative twice": (
        "{anyOf: [{type: string}, {type: string}], description: F.}",
        "anyOf contains {'type': 'string'} twice",
    ),
    "enum without a list": ("{type: string, enum: abc, description: F.}", "enum must be a list, not 'abc'"),
    "enum without values": ("{type: string, enum: [], description: F.}", "enum must not be empty"),
    "value with a quote": (
        "{type: string, enum: ['a\"b'], description: F.}",
        "enum 'a\"b' cannot stand in a `Literal`",
    ),
    "constant that is empty": ("{const: ''}", "const must be a string, not ''"),
    "constant with a comma": ("{const: 'a, b'}", "const 'a, b' cannot stand in a `Literal`"),
    "items of a string": (
        "{type: string, items: {type: string}, description: F.}",
        "items needs the type array",
    ),
    "values of a list": (
        "{type: array, additionalProperties: {type: string}, description: F.}",
        "additionalProperties needs the type object",
    ),
    "default of known values": (
        "{type: string, enum: [a], default: '', description: F.}",
        "default must be '', 0 or {}, for a string, integer or object that is never null",
    ),
    "default that is false": (
        "{type: integer, default: false, description: F.}",
        "default must be '', 0 or {}, for a string, integer or object that is never null",
    ),
    "read-only that is text": (
        "{type: string, readOnly: 'no', description: F.}",
        "readOnly must be true, not 'no'",
    ),
    "deprecated that is false": (
        "{type: string, deprecated: false, description: F.}",
        "deprecated must be true, not False",
    ),
    "Python name that is a keyword": (
        "{type: string, x-python-name: class, description: F.}",
        "class is a keyword of Python; choose another x-python-name",
    ),
    "Python name that is private": (
        "{type: string, x-python-name: _a, description: F.}",
        "x-python-name _a must be a Python identifier",
    ),
    "Python name of a method": (
        "{type: string, x-python-name: to_dict, description: F.}",
        "to_dict hides an attribute of the class; choose another x-python-name",
    ),
    "Python name that is a number": (
        "{type: string, x-python-name: 3, description: F.}",
        "x-python-name must be a string, not 3",
    ),
    "note that ends its docstring": (
        "{type: string, description: F., x-server-note: 'It says \"no\"'}",
        'x-server-note has ", which breaks the docstring that it becomes',
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
    "union that contains itself": (
        "Bad: {description: Bad., anyOf: [{$ref: Worse}]}\nWorse: {description: Worse., anyOf: [{$ref: Bad}]}",
        "things.yaml: Bad contains itself: Bad > Worse > Bad",
    ),
    "class of an abstract base without a tag": (
        "Event: {description: E., x-abstract: true, properties: {type: {type: string, description: T.}}}\n"
        "Bad: {description: Bad., allOf: [{$ref: Event}], properties: {typ: {const: bad}}}",
        "things.yaml: Bad: Event leaves its type to each class, and this one has no tag",
    ),
    "two properties with one Python name": (
        "Bad: {description: Bad., properties: {a: {type: string, description: A.},"
        " b: {type: string, x-python-name: a, description: B.}}}",
        "things.yaml: Bad.b: a has the Python name a too",
    ),
    "property of a hand-written base": (
        "Bad: {description: Bad., x-python-base: ResponseResult, properties:"
        " {output_text: {type: string, description: O.}}}",
        "things.yaml: Bad.output_text: output_text hides an attribute of the class; give it an x-python-name",
    ),
    "inferred by a field that no member has": (
        "Bad: {description: Bad., anyOf: [{$ref: Thing}], x-infer-type: {size: thing}}",
        "things.yaml: Bad: x-infer-type names size, a field that no member has",
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


PROPERTY_NAMES = {
    "async": "async is a keyword of Python; give it an x-python-name",
    "class": "class is a keyword of Python; give it an x-python-name",
    "to_json": "to_json hides an attribute of the class; give it an x-python-name",
    "model_dump": "model_dump hides an attribute of the class; give it an x-python-name",
    "schema": "schema hides an attribute of the class; give it an x-python-name",
    "wire_type": "wire_type hides an attribute of the class; give it an x-python-name",
    "foo-bar": "a property must be a Python identifier without _ before it",
    "_id": "a property must be a Python identifier without _ before it",
}


@pytest.mark.parametrize("name", PROPERTY_NAMES)
def test_property_that_no_class_can_have_is_refused(name: str):
    with pytest.raises(SchemaError) as caught:
        parse(
            {"things": f"x-doc: T.\nBad: {{description: B., properties: {{{name}: {{description: P.}}}}}}\n"}
        )
    assert str(caught.value) == f"things.yaml: Bad.{name}: {PROPERTY_NAMES[name]}"


def test_property_of_an_answer_cannot_be_named_as_what_answers_have():
    things = "x-doc: T.\nAnswer: {description: A., properties: {%s: {type: string, description: P.}}}\n"
    ask = "x-doc: E.\nthings.ask: {description: Ask., verb: GET, path: /a, result: Answer}\n"
    for name in ("meta", "request_id"):
        parse({"things": things % name})
        with pytest.raises(SchemaError, match=f"^things.yaml: Answer.{name}: {name} hides an attribute"):
            parse({"things": things % name, "operations": ask})


@pytest.mark.parametrize("base", [Model, Result, *map(hand_written, CLASSES)], ids=lambda base: base.__name__)
def test_attributes_of_hand_written_classes_are_taken(base: type):
    public = {name for name in dir(base) if not name.startswith("_")}
    assert public <= taken_names(base.__name__)


def test_names_that_generated_modules_import_are_reserved():
    imported: set[str] = set()
    for name, text in generate(load()).items():
        if name.startswith("responses_client/models/") and not name.endswith("__init__.py"):
            nodes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ImportFrom)]
            imported |= {alias.asname or alias.name for node in nodes for alias in node.names}
    schemas = load().schemas
    assert {name for name in imported if name[0].isupper() and name not in schemas} <= RESERVED


BOUNDS = {
    "minimum that is text": ("{type: integer, minimum: '1'}", "minimum must be a number, not '1'"),
    "maximum that is a flag": ("{type: integer, maximum: true}", "maximum must be a number, not True"),
    "maximum without end": ("{type: number, maximum: .inf}", "maximum must be a number, not inf"),
    "length that is text": (
        "{type: string, maxLength: many}",
        "maxLength must be an integer from 0, not 'many'",
    ),
    "length below zero": ("{type: string, minLength: -1}", "minLength must be an integer from 0, not -1"),
    "half a member": ("{type: array, maxItems: 1.5}", "maxItems must be an integer from 0, not 1.5"),
    "pattern that is a number": ("{type: string, pattern: 3}", "pattern must be a string, not 3"),
    "pattern with an error": (
        "{type: string, pattern: '(a'}",
        "pattern '(a' must be a regular expression, but has an error: missing ), unterminated subpattern at position 0",
    ),
    "minimum above the maximum": ("{type: integer, minimum: 3, maximum: 2}", "minimum 3 is above maximum 2"),
    "lengths in the wrong order": (
        "{type: string, minLength: 3, maxLength: 2}",
        "minLength 3 is above maxLength 2",
    ),
    "members in the wrong order": (
        "{type: array, minItems: 3, maxItems: 2}",
        "minItems 3 is above maxItems 2",
    ),
    "bound inside a list": (
        "{type: array, items: {type: string, maxLength: x}}",
        "maxLength must be an integer from 0, not 'x'",
    ),
    "keys of a map": (
        "{type: object, additionalProperties: {type: string}, propertyNames: {maxLength: x}}",
        "maxLength must be an integer from 0, not 'x'",
    ),
    "another type": ("{type: integer, maxLength: 3}", "maxLength needs the type string"),
    "keys of no map": (
        "{type: object, propertyNames: {maxLength: 3}}",
        "propertyNames needs additionalProperties",
    ),
}


@pytest.mark.parametrize(("text", "message"), BOUNDS.values(), ids=BOUNDS)
def test_mistake_in_a_bound(text: str, message: str):
    field = f"{text.removesuffix('}')}, description: F.}}"
    with pytest.raises(SchemaError) as caught:
        parse({"requests": f"x-doc: R.\nBad: {{description: Bad., properties: {{field: {field}}}}}\n"})
    assert str(caught.value) == f"requests.yaml: Bad.field: {message}"


def test_bounds_that_are_equal_are_accepted():
    text = "field: {type: string, minLength: 3, maxLength: 3, description: F.}"
    parse({"requests": f"x-doc: R.\nGood: {{description: G., properties: {{{text}}}}}\n"})


@pytest.mark.parametrize("module", ["params", "_base", "two words", "class"])
def test_file_whose_module_is_another_or_none_is_refused(module: str):
    with pytest.raises(SchemaError, match=f"^{module}.yaml: the name of the file must be free"):
        parse({module: GOOD})


def test_files_that_contain_bases_of_each_other_are_refused():
    one = "x-doc: A.\nA: {description: A.}\nA2: {description: A., allOf: [{$ref: B}]}\n"
    two = "x-doc: B.\nB: {description: B.}\nB2: {description: B., allOf: [{$ref: A}]}\n"
    with pytest.raises(SchemaError, match=r"^two.yaml: B2: one > two > one contain bases of each other$"):
        parse({"one": one, "two": two})


USED = """
x-doc: Events.
Done: {description: Done., properties: {type: {const: done}}}
StreamEvent: {description: Any event., anyOf: [{$ref: Done}]}
Hook: {description: H., properties: {type: {const: hook}, data: {type: string, description: D.}}%s}
AskRequest: {description: A., x-request: AskParams}
WebhookEvent: {description: Any hook., anyOf: [{$ref: Hook}]}
"""
ASK = "x-doc: E.\nthings.ask: {description: Ask., verb: POST, path: /a, request: AskRequest, result: Done, stream: StreamEvent}\n"


def folder_of(tmp_path: Path, **texts: str) -> Path:
    for name, text in texts.items():
        (tmp_path / f"{name}.yaml").write_text(text, "utf-8")
    return tmp_path


def test_schema_that_everything_uses_is_accepted(tmp_path: Path):
    load(folder_of(tmp_path, events=USED % "", operations=ASK))


@pytest.mark.parametrize(
    "bad",
    [
        "Bad: {description: An event., properties: {type: {const: bad}}}",
        "Bad: {description: An item without a tag., properties: {typ: {const: bad}}}",
        "Bad: {description: A union., anyOf: [{$ref: Done}]}",
        "Bad: {description: An alias., type: string, x-extensible-enum: [a]}",
        "Bad: {description: A base of nothing., x-abstract: true}",
    ],
)
def test_schema_that_nothing_names_is_refused(tmp_path: Path, bad: str):
    with pytest.raises(SchemaError, match=r"^events.yaml: Bad: no union, property or endpoint refers to it$"):
        load(folder_of(tmp_path, events=f"{USED % ''}{bad}\n", operations=ASK))


def test_effect_of_what_is_no_event_of_a_stream_is_refused(tmp_path: Path):
    text = USED % ", x-effect: {put: item}"
    text = text.replace("data:", "item:")
    with pytest.raises(
        SchemaError, match=r"^events.yaml: Hook.x-effect: StreamEvent does not contain the event$"
    ):
        load(folder_of(tmp_path, events=text, operations=ASK))


def test_schemas_that_are_used_by_name_are_used():
    assert set(load().schemas) >= ENTRIES
    files = [*(ROOT / "responses_client").rglob("*.py"), *(ROOT / "tests" / "wire").glob("*.py")]
    texts = [text for file in files if "\n# GENERATED " not in (text := file.read_text("utf-8"))[:500]]
    assert [name for name in ENTRIES if not any(re.search(rf"\b{name}\b", text) for text in texts)] == []


def test_file_in_another_encoding_is_refused(tmp_path: Path):
    (tmp_path / "things.yaml").write_bytes("x-doc: Größe.\n".encode("latin-1"))
    with pytest.raises(SchemaError, match=r"^things.yaml: not UTF-8: invalid \w+ byte at byte 9$"):
        load(tmp_path)


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
AskRequest: {description: A question., x-request: AskParams, properties: {size: {type: integer, description: S.}}}
Answer: {description: An answer.}
Answers:
  description: Answers.
  properties: {data: {type: array, items: {$ref: Answer}, description: D.}}
Event: {description: An event., anyOf: [{$ref: Done}]}
Done: {description: It is done., properties: {type: {const: done}}}
"""
EFFECT_FORMS = {
    "field that is a list": (
        "{append: [delta], at: [content], item: message}",
        "append must be a string, not ['delta']",
    ),
    "path that is text": ("{append: delta, at: content, item: message}", "at must be a list, not 'content'"),
    "empty effect": ("{}", "must have exactly one of put, append, set, status"),
    "effect that is text": ("put", "expected a mapping of keywords, got 'put'"),
}


@pytest.mark.parametrize(("effect", "message"), EFFECT_FORMS.values(), ids=EFFECT_FORMS)
def test_effect_of_another_form_is_refused(effect: str, message: str):
    with pytest.raises(SchemaError, match=rf"^events.yaml: Delta.x-effect: {re.escape(message)}$"):
        parse({"events": EVENTS % effect})


def test_status_that_the_item_does_not_know_is_refused():
    events = EVENTS.replace(
        "content: {type", "status: {type: string, enum: [done, open], description: S.}\n    content: {type"
    )
    parse({"events": events % "{status: done, item: message}"})
    with pytest.raises(SchemaError, match=r"x-effect: status must be one of done, open, not 'opne'$"):
        parse({"events": events % "{status: opne, item: message}"})


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
    "unknown verb": (
        "{description: Ask., verb: FETCH, path: /a, result: Answer}",
        ": verb must be one of GET, POST, PUT, PATCH, DELETE, not 'FETCH'",
    ),
    "verb in lower case": (
        "{description: Ask., verb: get, path: /a, result: Answer}",
        ": verb must be one of GET, POST, PUT, PATCH, DELETE, not 'get'",
    ),
    "path without a slash": (
        "{description: Ask., verb: GET, path: a, result: Answer}",
        ": path must be steps such as `/files` and `/{file_id}`, each parameter named, not 'a'",
    ),
    "parameter without a name": (
        "{description: Ask., verb: GET, path: '/a/{}', result: Answer}",
        ": path must be steps such as `/files` and `/{file_id}`, each parameter named, not '/a/{}'",
    ),
    "parameter that is not closed": (
        "{description: Ask., verb: GET, path: '/a/{id', result: Answer}",
        ": path must be steps such as `/files` and `/{file_id}`, each parameter named, not '/a/{id'",
    ),
    "parameter twice": (
        "{description: Ask., verb: GET, path: '/a/{id}/b/{id}', result: Answer}",
        ": path has id, which is a keyword of Python or is there twice",
    ),
    "parameter that is a keyword": (
        "{description: Ask., verb: GET, path: '/a/{from}', result: Answer}",
        ": path has from, which is a keyword of Python or is there twice",
    ),
    "parameter that is a field too": (
        "{description: Ask., verb: GET, path: '/a/{size}', request: AskRequest, result: Answer}",
        ": size is a name in the path and a field of AskRequest",
    ),
    "example with an error": (
        "{description: Ask., verb: GET, path: /a, result: Answer, example: 'client.ask('}",
        ": example is not Python: '(' was never closed",
    ),
    "query without a list": (
        "{description: Ask., verb: GET, path: /a, request: AskRequest, query: size, result: Answer}",
        ": query must be a list, not 'size'",
    ),
    "query without a request": (
        "{description: Ask., verb: POST, path: /a, query: [size], result: Answer}",
        ": query needs a request",
    ),
    "stream of one event": (
        "{description: Ask., verb: POST, path: /a, request: AskRequest, result: Answer, stream: Done}",
        ": stream must be a union of events, not Done",
    ),
    "stream without a request": (
        "{description: Ask., verb: POST, path: /a, result: Answer, stream: Event}",
        ": stream needs a request",
    ),
    "pages without a way on": (
        "{description: Ask., verb: GET, path: /a, request: AskRequest, result: Answers, page: Answer}",
        ": AskRequest has no after, by which pages continue",
    ),
    "description that is a list": (
        "{description: [Ask.], verb: GET, path: /a, result: Answer}",
        ": description must be a string, not ['Ask.']",
    ),
    "page of something else": (
        "{description: Ask., verb: GET, path: /a, result: Answers, page: AskRequest}",
        ": Answers does not list AskRequest as data",
    ),
    "answer that is a file and a model": (
        "{description: Ask., verb: GET, path: /a, result: Answer, binary: true}",
        ": binary and result exclude each other",
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


def test_file_that_only_a_post_could_send_is_refused():
    properties = "{file: {type: string, format: binary, description: F.}}"
    sent = f"SendRequest: {{description: S., x-request: SendParams, properties: {properties}}}\n"
    operation = "{description: Send., verb: PUT, path: /a, request: SendRequest, result: Answer}"
    with pytest.raises(SchemaError, match="SendRequest has a file, which only POST can send"):
        parse(
            {"requests": f"{REQUESTS}{sent}", "operations": f"x-doc: Endpoints.\nthings.send: {operation}\n"}
        )


@pytest.mark.parametrize("name", ["ask", "things.Ask", "things.class", "things.ask-all", "things."])
def test_method_whose_name_python_refuses(name: str):
    operation = "{description: Ask., verb: GET, path: /a, result: Answer}"
    with pytest.raises(SchemaError, match=f"^operations.yaml: {name}: the name must be `resource.method`"):
        parse({"requests": REQUESTS, "operations": f"x-doc: Endpoints.\n{name}: {operation}\n"})


def test_endpoint_that_two_methods_call_is_refused():
    operation = "{description: Ask., verb: GET, path: /a, result: Answer}"
    text = f"x-doc: Endpoints.\nthings.ask: {operation}\nthings.tell: {operation}\n"
    with pytest.raises(SchemaError, match=r"^operations.yaml: things.tell: things.ask is GET /a too$"):
        parse({"requests": REQUESTS, "operations": text})
