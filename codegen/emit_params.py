"""The text of `models/params.py`: the dict types that requests accept beside models."""

from collections.abc import Iterable, Iterator
from keyword import iskeyword

from .layout import docstring, exports, fit, fold, header, import_line, literal, words
from .schema import Alias, Document, Field, Object, Spec, Union, references, without_null

__all__ = ["emit", "names", "param_name"]

_OPTIONS = "OpenRequestOptions"  # the options of a call, as a base class
_FILE = "FileInput"  # the forms in which programs give files
_CLOSED = ("closed=True",)  # type checkers then refuse unknown keywords, and know which overload is meant


def param_name(document: Document, name: str) -> str:
    """Return the name of the dict type of a schema."""
    schema = document.schemas[name]
    return schema.request if isinstance(schema, Object) and schema.request else f"{name}Param"


def names(document: Document) -> list[str]:
    """Return the names of all dict types."""
    found = _reachable(document)
    schemas = [document.schemas[name] for name in found]
    shared = [layer for item in schemas if isinstance(item, Object) for layer, _ in item.without]
    return sorted([*(param_name(document, name) for name in found), *shared, *_lists(document, found)])


def _lists(document: Document, found: Iterable[str]) -> dict[str, Union]:
    """Return the unions of which requests take lists with strings among them, by the names of those lists."""
    schemas = [document.schemas[name] for name in found]
    return {item.list_name: item for item in schemas if isinstance(item, Union) and item.list_name}


def emit(document: Document) -> str:
    """Return the text of `models/params.py`."""
    found = sorted(_reachable(document))
    written = _reachable(document, with_server_made=False)
    body: list[str] = []
    for name in found:
        if isinstance(item := document.schemas[name], Object):
            body += ["", "", *_typed_dicts(document, item, is_written=name in written)]
    unions = {union.name: union for union in document.unions()}
    for name in [name for name in unions if name in found]:
        members = [param_name(document, member) for member in unions[name].members]
        body += ["", *fold(f"{name}Param: TypeAlias = ", members, joint=" | ", brackets="()")]
        body += docstring(f"The dict form of `{name}`.", "")
    for name, union in _lists(document, found).items():
        kinds = " | ".join([union.name, param_name(document, union.name), *_also(document, union)])
        body += ["", f'{name}: TypeAlias = "list[{kinds}]"']
        body += docstring(
            f"A list of `{union.name}` for a request; strings and content parts form messages of the user.",
            "",
        )
    lines = header("The dict types of requests: plain dicts with the fields of the models.", "codegen/schema")
    lines += ["from __future__ import annotations", "", *_imports(document, words(body))]
    end = ["", "", "evaluate_type_names(__name__)"] if "evaluate_type_names" in words(lines) else []
    return "\n".join([*lines, "", *exports(names(document)), *body, *end]) + "\n"


def _imports(document: Document, used: set[str]) -> list[str]:
    lines = import_line("collections.abc", used & {"Mapping", "Sequence"})
    typing = used & {"Literal", "Required", "TypeAlias"}
    modules: dict[str, set[str]] = {}
    for name in used & document.schemas.keys():
        schema = document.schemas[name]
        modules.setdefault("_unions" if isinstance(schema, Union) else schema.module, set()).add(name)
    has_types = bool(modules) or _FILE in used
    lines += import_line("typing", typing | ({"TYPE_CHECKING"} if has_types else set()))
    # Only this one knows `closed` before Python 3.15, and pydantic reads only this one before 3.12.
    lines += ["", *import_line("typing_extensions", used & {"TypedDict"})]
    lines += ["", "from .._base.keywords import evaluate_type_names"] if has_types else [""]
    lines += [f"from .._base.options import {_OPTIONS}"]
    lines += ["", "if TYPE_CHECKING:"] if has_types else []
    lines += [f"    from .._base.file_types import {_FILE}"] if _FILE in used else []
    for module, imported in sorted(modules.items()):
        lines += import_line(f".{module}", imported, "    ")
    return lines


def _reachable(document: Document, *, with_server_made: bool = True) -> dict[str, None]:
    """Return the objects and unions that requests can contain, with or without those that only servers make."""
    found: dict[str, None] = {}

    def visit(name: str) -> None:
        schema = document.schemas[name]
        if name in found or isinstance(schema, Alias):
            return
        if isinstance(schema, Object) and schema.server_made and not with_server_made:
            return
        found[name] = None
        if isinstance(schema, Union):
            below: Iterator[str] = iter(schema.members)
        else:
            below = references([field.spec for field in document.all_fields(schema) if not field.read_only])
        for other in below:
            visit(other)

    for operation in document.operations:
        if operation.request:
            visit(operation.request)
    return found


def _typed_dicts(document: Document, item: Object, *, is_written: bool) -> list[str]:
    """Return the dict type of an object; for a request, after those with fewer fields that it is based on."""
    name = param_name(document, item.name)
    fields = [field for field in document.all_fields(item) if not field.read_only]
    if not item.request:
        description = f"The dict form of `{item.name}`."
        if not is_written:
            description = (
                f"The dict form of `{item.name}`, sent back as it came; the model describes its fields."
            )
        return _typed_dict(document, name, "TypedDict", description, fields, is_written=is_written)
    # `stream` is a separate argument, as it decides the type of the result.
    fields = [field for field in fields if field.wire != "stream"]
    lines: list[str] = []
    base = None if fields else _OPTIONS
    left = {field.wire for field in fields}
    for layer, lacking in _layers(item) if fields else ():
        own = [field for field in fields if field.wire in left - lacking]
        without = [f"`{field.wire}`" for field in fields if field.wire in lacking]
        without += [] if base else ["options"]
        description = f"The fields of `{name}` without {' and '.join(without)}."
        lines += _typed_dict(document, layer, base or "TypedDict", description, own, is_request=True)
        lines += ["", ""]
        # Options come after the fields, as editors show keys in this order.
        base = layer if base else f"{layer}, {_OPTIONS}"
        left &= lacking
    own = [field for field in fields if field.wire in left]
    return lines + _typed_dict(
        document, name, base or "", item.description, own, is_request=True, end=_CLOSED
    )


def _layers(item: Object) -> tuple[tuple[str, frozenset[str]], ...]:
    """Return the dict types that the one of a request is based on, and the fields that they lack."""
    return item.without or ((f"_{(item.request or '').removesuffix('Params')}Fields", frozenset()),)


def _typed_dict(
    document: Document,
    name: str,
    base: str,
    description: str,
    fields: list[Field],
    *,
    is_written: bool = True,
    is_request: bool = False,
    end: tuple[str, ...] = (),
) -> list[str]:
    """Return a dict type.

    Editors show the docstring of a key when a program writes the dict; dicts that it only sends back have none.
    """
    lines: list[str] = []
    if keywords := [field for field in fields if iskeyword(field.wire)]:
        # A class body cannot declare these keys.
        pairs = [f'"{field.wire}": "{_kind(document, field, is_request)}"' for field in keywords]
        lines.append(f'_{name} = TypedDict("_{name}", {{{", ".join(pairs)}}}, total=False)')
        if is_written:
            lines += docstring(" ".join(f"`{field.wire}`: {field.description}" for field in keywords), "")
        lines += ["", ""]
        base = f"_{name}"
    lines += fold(f"class {name}(", [*base.split(", "), "total=False", *end], "):")
    lines += docstring(description)
    lines += [""] if len(fields) > len(keywords) else []
    for field in fields:
        if field not in keywords:
            lines += fit(f"    {field.wire}: {_kind(document, field, is_request)}")
            lines += docstring(field.description) if field.description and is_written else []
    return lines


def _kind(document: Document, field: Field, takes_strings: bool) -> str:
    kind = literal(field.tag) if field.tag else _annotation(document, field.spec, takes_strings)
    if field.nullable:
        kind += " | None"
    return f"Required[{kind}]" if field.required else kind


def _annotation(document: Document, spec: Spec, takes_strings: bool = False) -> str:
    """Return the type of a schema, without null.

    Lists of a union also take its `x-list-also`; those with an `x-list-type` only with `takes_strings`.
    """
    spec, _ = without_null(spec)
    if target := spec.get("$ref"):
        is_alias = isinstance(document.schemas[target], Alias)
        return str(target) if is_alias else f"{target} | {param_name(document, target)}"
    if options := spec.get("anyOf"):
        return " | ".join(dict.fromkeys(_annotation(document, option, takes_strings) for option in options))
    if "x-extensible-enum" in spec:
        return f"{literal(spec['x-extensible-enum'])} | str"
    if "enum" in spec:
        return literal(spec["enum"])
    if spec.get("format") == "binary":
        return _FILE
    match spec.get("type"):
        case "array":
            held = spec.get("items", {})
            listed = document.schemas.get(held.get("$ref"))
            others: list[str] = []
            if isinstance(listed, Union) and (takes_strings or not listed.list_name):
                others = _also(document, listed)
            return f"Sequence[{' | '.join([_annotation(document, held), *others])}]"
        case "object":
            return f"Mapping[str, {_annotation(document, spec.get('additionalProperties') or {})}]"
        case kind:
            return _PLAIN[kind]


def _also(document: Document, union: Union) -> list[str]:
    """Return the types of the values that may stand among the members of a union in the lists of a request."""
    return [
        _annotation(document, {"type": name} if name == "string" else {"$ref": name})
        for name in union.list_also
    ]


_PLAIN = {"string": "str", "integer": "int", "number": "float", "boolean": "bool", None: "object"}
