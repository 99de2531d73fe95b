"""Writes the endpoints of the API, and their methods: a sync and an async one each, a file for each resource."""

from .emit_models import plain_fields
from .emit_params import param_name
from .layout import WIDTH, exports, fold, header, import_line, quoted
from .schema import Document, Operation

__all__ = ["emit", "emit_endpoints"]

_RAISES = [
    "",
    "Raises:",
    "    RequestValidationError: An argument is wrong; nothing was sent.",
    "    APIError: No answer, or one that is an error or no valid answer; see `responses_client.errors`.",
]


def emit(document: Document) -> dict[str, str]:
    """Return the text of each module of `resources/`, by file name."""
    files: dict[str, str] = {}
    for top in dict.fromkeys(op.resource.partition(".")[0] for op in document.operations):
        operations = [op for op in document.operations if op.resource.partition(".")[0] == top]
        files[f"_{top}.py"] = _module(document, top, operations)
    return files


def emit_endpoints(document: Document) -> str:
    """Return the text of the module with a constant for each endpoint."""
    operations = document.operations
    lines = header("The endpoints of the API, as constants.", "codegen/schema")
    lines += ["from typing import TYPE_CHECKING", ""]
    lines += [*import_line(".operation", {_kind(op) for op in operations}), "", "if TYPE_CHECKING:"]
    results = {name for op in operations for name in (op.result, op.page) if name}
    lines += [*import_line("..models", results, "    "), "", *exports(map(_constant, operations)), ""]
    for op in operations:
        lines += _operation(document, op)
    return "\n".join(lines) + "\n"


def _module(document: Document, top: str, operations: list[Operation]) -> str:
    resources = list(dict.fromkeys(op.resource for op in operations))
    body: list[str] = []
    for resource in resources:
        below = [name for name in resources if name.rpartition(".")[0] == resource]
        methods = [op for op in operations if op.resource == resource]
        for colour in ("", "Async"):
            body += _class(document, resource, below, methods, colour)
    lines = header(f"The endpoints of `client.{top}` and their methods, in both colours.", "codegen/schema")
    classes = [f"{colour}{_class_name(name)}" for name in resources for colour in ("", "Async")]
    lines += _imports(document, operations, has_parts=any("." in name for name in resources))
    return "\n".join([*lines, "", *exports(classes), *body]) + "\n"


def _imports(document: Document, operations: list[Operation], *, has_parts: bool) -> list[str]:
    has_streams = any(op.stream for op in operations)
    lines = ["from functools import cached_property"] if has_parts else []
    lines += import_line("typing", {"TYPE_CHECKING", *(("Literal", "overload") if has_streams else ())})
    lines += ["", *import_line(".._calls.endpoints", set(map(_constant, operations)))]
    if has_streams:
        lines += ["from .._streaming.streams import AsyncEventStream, EventStream"]
    lines += ["", "if TYPE_CHECKING:", "    from typing_extensions import Unpack", ""]
    lines += ["    from .._client import AsyncClient, Client"]
    if not all(op.request for op in operations):
        lines += ["    from .._base.options import RequestOptions"]
    if any(op.page for op in operations):
        lines += ["    from .._calls.pagination import AsyncPager, Page"]
    named = {op.page or op.result for op in operations}
    params = {param_name(document, op.request) for op in operations if op.request}
    return lines + import_line("..models", named | params, "    ")


def _class_name(resource: str) -> str:
    return "".join(part.capitalize() for part in resource.replace("_", ".").split(".")) + "Operations"


def _constant(op: Operation) -> str:
    return f"{op.resource}_{op.method}".replace(".", "_").upper()


def _kind(op: Operation) -> str:
    return "PagedOperation" if op.page else "Operation"


def _operation(document: Document, op: Operation) -> list[str]:
    kinds = f"{op.result}, {op.page}" if op.page else op.result
    lines = [
        f'{_constant(op)}: "{_kind(op)}[{kinds}]" = {_kind(op)}(',
        f'    name="{op.resource}.{op.method}",',
        f'    method="{op.verb}",',
        f'    path="{op.path}",',
        f'    result="{document.entry(op.result)}",',
    ]
    if op.request:
        lines.append(f'    request="{document.entry(op.request)}",')
        if plain := plain_fields(document, document.object(op.request)):
            lines += fold("    plain={", [f'"{name}": {kind}' for name, kind in plain.items()], "},")
        lines += [f'    items="{field.wire}",' for field, _ in document.lists(document.object(op.request))]
    if query := document.query(op):
        lines += fold("    query=(", [*map(quoted, query[:-1]), f"{quoted(query[-1])},"], "),")
    return [*lines, ")"]


def _class(
    document: Document, resource: str, below: list[str], operations: list[Operation], colour: str
) -> list[str]:
    lines = ["", "", f"class {colour}{_class_name(resource)}:"]
    lines += [f'    """The endpoints of `client.{resource}`."""', ""]
    lines += [f'    def __init__(self, client: "{colour}Client") -> None:', "        self._client = client"]
    for name in below:
        lines += ["", "    @cached_property"]
        lines += [f'    def {name.rpartition(".")[2]}(self) -> "{colour}{_class_name(name)}":']
        lines += [f'        """The endpoints of `client.{name}`."""']
        lines += [f"        return {colour}{_class_name(name)}(self._client)"]
    for op in operations:
        lines += _method(document, op, colour)
    return lines


def _method(document: Document, op: Operation, colour: str) -> list[str]:
    define, wait = ("async def", "await ") if colour else ("def", "")
    named, given = _arguments(op)
    if op.stream:
        return _streaming(document, op, colour, define, wait)
    if op.request:
        params = f'**params: "Unpack[{param_name(document, op.request)}]"'
        doc = [*_summary(op), "", "Arguments are the fields of the request and `RequestOptions`.", *_RAISES]
    else:
        params, doc = '**params: "Unpack[RequestOptions]"', [*_summary(op), *_RAISES]
    call, result = f"{wait}self._client.call", op.result
    if op.page and colour:
        define, call, result = "def", "self._client.pages", f"AsyncPager[{op.page}]"
        doc[3:3] = ["", "To be awaited for a page, or iterated over with `async for`: then all pages follow."]
    elif op.page:
        call, result = "self._client.page", f"Page[{op.page}]"
        doc[3:3] = ["", "The result is a page; iterating over it goes on to the pages that follow."]
    head = _signature(f"    {define} {op.method}(", ["self", *named, params], f') -> "{result}":')
    return ["", *head, *_docstring(doc), f"        return {call}({_constant(op)}, params{given})"]


def _streaming(document: Document, op: Operation, colour: str, define: str, wait: str) -> list[str]:
    named, given = _arguments(op)
    params = f'**params: "Unpack[{param_name(document, op.request or "")}]"'
    before = ["self", *named, *([] if "*" in named else ["*"])]
    stream = f"{colour}EventStream"
    variants = [
        ('"Literal[False] | None" = None', op.result),
        ('"Literal[True]"', stream),
        ('"bool | None"', f"{op.result} | {stream}"),
    ]
    lines: list[str] = []
    for kind, result in variants:
        head = _signature(
            f"    {define} {op.method}(", [*before, f"stream: {kind}", params], f') -> "{result}": ...'
        )
        lines += ["", "    @overload", *head]
    doc = [*_summary(op), "", "Arguments are the fields of the request and `RequestOptions`."]
    doc += ["With `stream=True` the result is an event stream, to be used as a context manager.", *_RAISES]
    arguments = [*before, 'stream: "bool | None" = None', params]
    head = _signature(f"    {define} {op.method}(", arguments, f') -> "{op.result} | {stream}":')
    call = f"{wait}self._client.call({_constant(op)}"
    opened = f"self._client.stream({_constant(op)}, params, {stream}{given})"
    body = [
        "        if stream is True:",
        f"            opened = {opened}",
        f"            return {wait}opened.{'__aenter__' if colour else '__enter__'}()",
        "        if stream is not None:",
        f'            return {call}, {{**params, "stream": stream}}{given})',
        f"        return {call}, params{given})",
    ]
    return [*lines, "", *head, *_docstring(doc), *body]


def _arguments(op: Operation) -> tuple[list[str], str]:
    """Return the parameters for what stands in the path, the last one by position, and how they are passed on."""
    *others, last = op.arguments or ("",)
    named = [f"{last}: str"] if last else []
    named += ["*", *(f"{name}: str" for name in others)] if others else []
    return named, "".join(f", {name}" for name in op.arguments)


def _summary(op: Operation) -> list[str]:
    return [op.description, "", f"`{op.verb} {op.path}`"]


def _signature(before: str, arguments: list[str], after: str) -> list[str]:
    line = before + ", ".join(arguments) + after
    if len(line) <= WIDTH:
        return [line]
    inside = f"        {', '.join(arguments)}"
    folded = [inside] if len(inside) <= WIDTH else [f"        {argument}," for argument in arguments]
    return [before, *folded, f"    {after}"]


def _docstring(lines: list[str]) -> list[str]:
    return [f'        """{lines[0]}', *(f"        {line}".rstrip() for line in lines[1:]), '        """']
