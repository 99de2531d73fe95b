"""Writes `resources/_operations.py`: a sync and an async method for each endpoint."""

from .emit_params import param_name
from .layout import WIDTH, exports, header, import_line
from .schema import Document, Operation

__all__ = ["emit"]


def emit(document: Document) -> str:
    """Return the text of `resources/_operations.py`."""
    operations = document.operations
    params = {param_name(document, op.request) for op in operations}
    lines = header("The endpoints and their methods, in both colours.", "codegen/schema/operations.yaml")
    lines += ["from typing import TYPE_CHECKING, Literal, overload", "", "from .._request import Operation"]
    lines += ["from .._stream import AsyncEventStream, EventStream", "", "if TYPE_CHECKING:"]
    lines += ["    from typing_extensions import Unpack", "", "    from .._client import AsyncClient, Client"]
    lines += import_line("..models", params | {op.result for op in operations}, "    ")
    resources = list(dict.fromkeys(op.resource for op in operations))
    classes = [f"{colour}{_class(name)}" for name in resources for colour in ("", "Async")]
    lines += ["", *exports([*map(_constant, operations), *classes]), ""]
    for op in operations:
        lines += _operation(document, op)
    for resource in resources:
        for colour in ("", "Async"):
            lines += ["", "", f"class {colour}{_class(resource)}:"]
            lines += [f'    """The endpoints of `client.{resource}`."""', ""]
            lines += [
                f'    def __init__(self, client: "{colour}Client") -> None:',
                "        self._client = client",
            ]
            for op in operations:
                if op.resource == resource:
                    lines += _method(document, op, colour)
    return "\n".join(lines) + "\n"


def _class(resource: str) -> str:
    return "".join(part.capitalize() for part in resource.replace("_", ".").split(".")) + "Operations"


def _constant(op: Operation) -> str:
    return f"{op.resource}_{op.method}".replace(".", "_").upper()


def _operation(document: Document, op: Operation) -> list[str]:
    return [
        f'{_constant(op)}: "Operation[{op.result}]" = Operation(',
        f'    name="{op.resource}.{op.method}",',
        f'    method="{op.verb}",',
        f'    path="{op.path}",',
        f'    request="{document.object(op.request).module}.{op.request}",',
        f'    result="{document.object(op.result).module}.{op.result}",',
        ")",
    ]


def _method(document: Document, op: Operation, colour: str) -> list[str]:
    params = f'**params: "Unpack[{param_name(document, op.request)}]"'
    define, wait = ("async def", "await ") if colour else ("def", "")
    call = f"{wait}self._client.call({_constant(op)}, params)"
    doc = [
        f"{op.description} (`{op.verb} {op.path}`)",
        "",
        "Arguments are the fields of the request and `RequestOptions`.",
    ]
    raises = ["", "Raises:", "    RequestValidationError: An argument is wrong; nothing was sent."]
    raises += [
        "    APIError: No answer, or one that is an error or no valid answer; see `responses_client.errors`."
    ]
    if not op.stream:
        head = _signature(f"    {define} {op.method}(", f"self, {params}", f') -> "{op.result}":')
        return ["", *head, *_docstring([*doc, *raises]), f"        return {call}"]
    stream = f"{colour}EventStream"
    variants = [
        ('"Literal[False] | None" = None', op.result),
        ('"Literal[True]"', stream),
        ('"bool | None"', f"{op.result} | {stream}"),
    ]
    lines: list[str] = []
    for kind, result in variants:
        arguments = f"self, *, stream: {kind}, {params}"
        lines += [
            "",
            "    @overload",
            *_signature(f"    {define} {op.method}(", arguments, f') -> "{result}": ...'),
        ]
    doc += ["With `stream=True` the result is an event stream, to be used as a context manager.", *raises]
    arguments = f'self, *, stream: "bool | None" = None, {params}'
    head = _signature(f"    {define} {op.method}(", arguments, f') -> "{op.result} | {stream}":')
    opened = f"self._client.stream({_constant(op)}, params, {stream})"
    body = [
        "        if stream is True:",
        f"            return {wait}{opened}.{'__aenter__' if colour else '__enter__'}()",
        "        if stream is not None:",
        f'            return {wait}self._client.call({_constant(op)}, {{**params, "stream": stream}})',
        f"        return {call}",
    ]
    return [*lines, "", *head, *_docstring(doc), *body]


def _signature(before: str, arguments: str, after: str) -> list[str]:
    line = before + arguments + after
    return [line] if len(line) <= WIDTH else [before, f"        {arguments}", f"    {after}"]


def _docstring(lines: list[str]) -> list[str]:
    return [f'        """{lines[0]}', *(f"        {line}".rstrip() for line in lines[1:]), '        """']
