"""The text of the endpoints and of their methods, a sync and an async one each, in a file for each resource."""

from textwrap import wrap

from .emit_models import unconstrained_fields
from .emit_params import param_name
from .layout import WIDTH, exports, fold, header, import_line, quoted
from .options import option_docs
from .schema import Document, Operation

__all__ = ["emit", "emit_endpoints"]

_REFERRED = ("files", "vector_stores", "containers", "batches")
_ON_PROGRESS = "on_progress"
_PROGRESS = f'{_ON_PROGRESS}: "Callable[[TransferProgress], object] | None" = None'

_RAISES = [
    "",
    "Raises:",
    "    RequestValidationError: An argument is not valid; nothing was sent.",
    "    APIError: No answer, an error or an invalid answer; see `responses_client.errors`.",
]


def emit(document: Document) -> dict[str, str]:
    """Return the text of each module of `resources/`, by file name."""
    files: dict[str, str] = {}
    for top in dict.fromkeys(op.resource.partition(".")[0] for op in document.operations):
        operations = [op for op in document.operations if op.resource.partition(".")[0] == top]
        files[f"_{top}.py"] = _module(document, top, operations)
    return files


def emit_endpoints(document: Document) -> dict[str, str]:
    """Return the text of each module with constants for endpoints, by file name."""
    modules: dict[str, list[Operation]] = {"endpoints": []}
    for op in document.operations:
        modules.setdefault(_endpoints_module(op), []).append(op)
    return {f"{name}.py": _endpoints(document, name, operations) for name, operations in modules.items()}


def _endpoints_module(op: Operation) -> str:
    """Return the module with the constant of an endpoint: a first response loads one of them only."""
    return "referred_endpoints" if op.resource.partition(".")[0] in _REFERRED else "endpoints"


def _endpoints(document: Document, module: str, operations: list[Operation]) -> str:
    doc = "The endpoints of the API, as constants."
    if module != "endpoints":
        doc = "The endpoints of what responses refer to, as constants."
    lines = header(doc, "codegen/schema")
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
        for prefix in ("", "Async"):
            body += _class(document, resource, below, methods, prefix)
    lines = header(f"The methods of `client.{top}`, sync and async.", "codegen/schema")
    classes = [f"{prefix}{_class_name(name)}" for name in resources for prefix in ("", "Async")]
    lines += _imports(document, operations, has_parts=any("." in name for name in resources))
    return "\n".join([*lines, "", *exports(classes), *body]) + "\n"


def _imports(document: Document, operations: list[Operation], *, has_parts: bool) -> list[str]:
    has_streams = any(op.stream for op in operations)
    has_files = any(map(document.files, operations))
    lines = import_line("collections.abc", {"Callable"} if has_files else ())
    lines += import_line("typing", {"TYPE_CHECKING", *(("Literal", "overload") if has_streams else ())})
    checks = {_name_check(document, op).partition("(")[0] for op in operations if op.stream}
    cached = ["from .._base.cached import cached_property"] if has_parts else []
    lines += ["", *cached, "from .._base.public import resource", *import_line(".._base.validation", checks)]
    for module in sorted(set(map(_endpoints_module, operations))):
        names = {_constant(op) for op in operations if _endpoints_module(op) == module}
        lines += import_line(f".._calls.{module}", names)
    if has_streams:
        lines += ["from .._streaming.streams import AsyncEventStream, EventStream"]
    lines += ["", "if TYPE_CHECKING:", "    from typing_extensions import Unpack", ""]
    lines += ["    from .._base.file_types import TransferProgress"] if has_files else []
    lines += ["    from .._client_core import AsyncCore, SyncCore"]
    if not all(op.request for op in operations):
        lines += ["    from .._base.options import RequestOptions"]
    if any(op.page for op in operations):
        lines += ["    from .._calls.pagination import AsyncPager, Page"]
    named = {name for op in operations if (name := op.page or op.result)}
    params = {param_name(document, op.request) for op in operations if op.request}
    return lines + import_line("..models", named | params, "    ")


def _class_name(resource: str) -> str:
    return "".join(part.capitalize() for part in resource.replace("_", ".").split(".")) + "Operations"


def _constant(op: Operation) -> str:
    return f"{op.resource}_{op.method}".replace(".", "_").upper()


def _kind(op: Operation) -> str:
    if op.result is None:
        return "BinaryOperation"
    return "PagedOperation" if op.page else "Operation"


def _operation(document: Document, op: Operation) -> list[str]:
    kinds = f"[{', '.join(filter(None, [op.result, op.page]))}]" if op.result else ""
    annotation = quoted(_kind(op) + kinds)
    lines = [
        *fold(f"{_constant(op)}: ", [annotation], f" = {_kind(op)}(", joint=" | ", brackets="()"),
        f'    name="{op.resource}.{op.method}",',
        f'    method="{op.verb}",',
        f'    path="{op.path}",',
        f'    result="{document.entry(op.result) if op.result else ""}",',
    ]
    if op.request:
        lines.append(f'    request="{document.entry(op.request)}",')
        if free := unconstrained_fields(document, document.object(op.request)):
            lines += fold("    unconstrained={", [f'"{name}": {kind}' for name, kind in free.items()], "},")
        lines += [f'    items="{field.wire}",' for field, _ in document.lists(document.object(op.request))]
    if op.result is None:
        lines.append('    accept="*/*",')
    if files := document.files(op):
        lines.append(f"    files=({', '.join(map(quoted, files))},),")
        lines.append(f'    own_arguments=("{_ON_PROGRESS}",),')
    if query := document.query(op):
        lines += fold("    query=(", [*map(quoted, query[:-1]), f"{quoted(query[-1])},"], "),")
    return [*lines, ")"]


def _class(
    document: Document, resource: str, below: list[str], operations: list[Operation], prefix: str
) -> list[str]:
    lines = ["", "", f'@resource("client.{resource}")', f"class {prefix}{_class_name(resource)}:"]
    lines += [f'    """The endpoints of `client.{resource}`."""', ""]
    core = f"{prefix or 'Sync'}Core"
    lines += [f'    def __init__(self, core: "{core}") -> None:', "        self._core = core"]
    for name in below:
        lines += ["", "    @cached_property"]
        lines += [f'    def {name.rpartition(".")[2]}(self) -> "{prefix}{_class_name(name)}":']
        lines += [f'        """The endpoints of `client.{name}`."""']
        lines += [f"        return {prefix}{_class_name(name)}(self._core)"]
    for op in operations:
        lines += _method(document, op, prefix)
    return lines


def _method(document: Document, op: Operation, prefix: str) -> list[str]:
    define, wait = ("async def", "await ") if prefix else ("def", "")
    named, given = _arguments(op)
    if op.stream:
        return _streaming(document, op, prefix, define, wait)
    if op.request:
        params = f'**params: "Unpack[{param_name(document, op.request)}]"'
    else:
        params = '**params: "Unpack[RequestOptions]"'
    if op.result is None:
        call, result, about = f"{wait}self._core.content", "bytes", "The content."
    else:
        call, result, about = f"{wait}self._core.call", op.result, document.schemas[op.result].description
    if document.files(op):
        call = f"{wait}self._core.upload"
        named = [*named, *([] if "*" in named else ["*"]), _PROGRESS]
        given = f", {_ON_PROGRESS}{given}"
    elif op.page and prefix:
        define, call, result = "def", "self._core.pages", f"AsyncPager[{op.page}]"
        about = "Await it for one page, or iterate over it with `async for` for the items of all pages."
    elif op.page:
        call, result = "self._core.page", f"Page[{op.page}]"
        about = "A page; iterating over it continues with the items of the pages that follow."
    head = _signature(f"    {define} {op.method}(", ["self", *named, params], f') -> "{result}":')
    doc = _docstring(document, op, prefix, f"{result}: {about}")
    return ["", *head, *doc, f"        return {call}({_constant(op)}, params{given})"]


def _streaming(document: Document, op: Operation, prefix: str, define: str, wait: str) -> list[str]:
    named, given = _arguments(op)
    params = f'**params: "Unpack[{param_name(document, op.request or "")}]"'
    before = ["self", *named, *([] if "*" in named else ["*"])]
    # Overloads hide `*args` from type checkers; without overloads, `*args` would show in every editor.
    caught = ["*args: object" if name == "*" else name for name in before]
    stream = f"{prefix}EventStream"
    variants = [
        ('"Literal[False] | None" = None', result := op.result or ""),
        ('"Literal[True]"', stream),
        ('"bool | None"', f"{result} | {stream}"),
    ]
    lines: list[str] = []
    for kind, variant in variants:
        head = _signature(
            f"    {define} {op.method}(", [*before, f"stream: {kind}", params], f') -> "{variant}": ...'
        )
        lines += ["", "    @overload", *head]
    about = f"With `stream=True`, the `{stream}` of its events, to be used as a context manager."
    doc = _docstring(document, op, prefix, f"{result}: {document.schemas[result].description} {about}")
    arguments = [*caught, 'stream: "bool | None" = None', params]
    head = _signature(f"    {define} {op.method}(", arguments, f') -> "{result} | {stream}":')
    call = f"{wait}self._core.call({_constant(op)}"
    opened = f"self._core.stream({_constant(op)}, params, {stream}{given})"
    body = [
        "        if args:",
        f"            raise {_name_check(document, op)}",
        "        if stream is True:",
        f"            opened = {opened}",
        f"            return {wait}opened.{'__aenter__' if prefix else '__enter__'}()",
        "        if stream is not None:",
        f"            return {call}, params{given}, stream=stream)",
        f"        return {call}, params{given})",
    ]
    return [*lines, "", *head, *doc, *body]


def _name_check(document: Document, op: Operation) -> str:
    """Return the call that makes the error for arguments passed by position."""
    path = quoted(f"client.{op.resource}.{op.method}")
    if op.arguments:
        return f"needs_names_after({path}, {quoted(op.arguments[-1])})"
    lists = document.lists(document.object(op.request or ""))
    return f"needs_names({path}, args, {quoted(lists[0][0].name) if lists else None})"


def _arguments(op: Operation) -> tuple[list[str], str]:
    """Return the parameters for the path, the last one positional, and the arguments that pass them to the client."""
    *others, last = op.arguments or ("",)
    named = [f"{last}: str"] if last else []
    named += ["*", *(f"{name}: str" for name in others)] if others else []
    return named, "".join(f", {name}" for name in op.arguments)


def _signature(before: str, arguments: list[str], after: str) -> list[str]:
    line = before + ", ".join(arguments) + after
    if len(line) <= WIDTH:
        return [line]
    inside = f"        {', '.join(arguments)}"
    folded = [inside] if len(inside) <= WIDTH else [f"        {argument}," for argument in arguments]
    return [before, *folded, f"    {after}"]


def _docstring(document: Document, op: Operation, prefix: str, returns: str) -> list[str]:
    lines = [op.description, "", f"`{op.verb} {op.path}`"]
    if op.example:
        example = op.example.replace("client.", "await client.") if prefix else op.example
        lines += ["", *(f"    {line}" for line in example.splitlines())]
    lines += ["", "Args:"]
    for name in reversed(op.arguments):  # the last one is the first parameter
        lines.append(f"    {name}: The id of the {name.removesuffix('_id').replace('_', ' ')}.")
    for name, description in _keywords(document, op).items():
        lines += _item(f"{name}: {_first_sentence(description)}")
    lines += ["", "Returns:", *_item(returns), *_RAISES]
    return [f'        """{lines[0]}', *(f"        {line}".rstrip() for line in lines[1:]), '        """']


def _keywords(document: Document, op: Operation) -> dict[str, str]:
    """Return the descriptions of the keywords, in the order in which signatures show them: options come last."""
    fields = document.all_fields(document.object(op.request)) if op.request else ()
    found = {field.wire: field.description for field in fields if not field.read_only}
    if document.files(op):
        found[_ON_PROGRESS] = "Called with the `TransferProgress` as pieces of the file are sent."
    if op.stream:
        found["stream"] = (
            "Whether to return events as they arrive, instead of the whole result; false by default."
        )
    return (
        {name: found[name] for name in ("model", "input", "stream") if name in found} | found | option_docs()
    )


def _first_sentence(text: str) -> str:
    before, deprecated, text = " ".join(text.split()).rpartition("Deprecated. ")
    return before + deprecated + text.partition(". ")[0].removesuffix(".") + "."


def _item(text: str) -> list[str]:
    """Return an entry of a section of a docstring, wrapped."""
    return wrap(text, WIDTH - 8, initial_indent="    ", subsequent_indent="        ")
