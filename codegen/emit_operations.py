"""Writes `resources/_operations.py`: a sync and an async method for each endpoint."""

from .emit_models import header, prose
from .emit_params import param_name
from .schema import Document, Operation

__all__ = ["emit"]


def emit(document: Document) -> str:
    """Return the text of `resources/_operations.py`."""
    operations = document.operations
    params = sorted({param_name(document, op.request) for op in operations})
    results = sorted({op.result for op in operations})
    lines = header("The endpoints and their methods, in both colours.", "codegen/schema/operations.yaml")
    lines += ["from typing import TYPE_CHECKING, Literal, overload", "", "from .._request import Operation", ""]
    lines[-1:] = ["from .._stream import AsyncEventStream, EventStream", ""]
    lines += ["if TYPE_CHECKING:", "    from typing_extensions import Unpack", ""]
    lines += ["    from .._client import AsyncClient, Client"]
    lines += [f"    from ..models import {', '.join(sorted([*params, *results]))}", ""]
    resources = list(dict.fromkeys(op.resource for op in operations))
    classes = [f"{prefix}{_class(name)}" for name in resources for prefix in ("", "Async")]
    constants = sorted(_constant(op) for op in operations)
    lines += ["__all__ = [", *(f'    "{name}",' for name in [*constants, *sorted(classes)]), "]", ""]
    for op in operations:
        lines += [f'{_constant(op)}: "Operation[{op.result}]" = Operation(', f'    name="{op.resource}.{op.method}",']
        lines += [f'    method="{op.verb}",', f'    path="{op.path}",']
        lines += [f'    request="{document.object(op.request).module}.{op.request}",']
        lines += [f'    result="{document.object(op.result).module}.{op.result}",', ")"]
    for resource in resources:
        for colour in ("", "Async"):
            lines += ["", "", f"class {colour}{_class(resource)}:"]
            lines += [f'    """The endpoints of `client.{resource}`."""', ""]
            lines += [f'    def __init__(self, client: "{colour}Client") -> None:', "        self._client = client"]
            for op in operations:
                if op.resource == resource:
                    lines += _method(document, op, colour)
    return "\n".join(lines) + "\n"


def _class(resource: str) -> str:
    return "".join(part.capitalize() for part in resource.replace("_", ".").split(".")) + "Operations"


def _constant(op: Operation) -> str:
    return f"{op.resource}_{op.method}".replace(".", "_").upper()


def _method(document: Document, op: Operation, colour: str) -> list[str]:
    params = f'**params: "Unpack[{param_name(document, op.request)}]"'
    define, wait = ("async def", "await ") if colour else ("def", "")
    call = f"{wait}self._client.call({_constant(op)}, params)"
    doc = [f"{op.description} (`{op.verb} {op.path}`)", "", "Arguments are the fields of the request and `RequestOptions`."]
    if not op.stream:
        lines = [f'    {define} {op.method}(self, {params}) -> "{op.result}":', *_docstring(doc)]
        return ["", *lines, f"        return {call}"]
    stream = f"{colour}EventStream"
    variants = [('Literal[False] | None" = None', op.result), ('Literal[True]"', stream), ('bool | None"', f"{op.result} | {stream}")]
    lines = []
    for kind, result in variants:
        lines += ["", "    @overload", f'    {define} {op.method}(self, *, stream: "{kind}, {params}) -> "{result}": ...']
    doc += ["With `stream=True` the result is an event stream, to be used as a context manager."]
    doc += ["", "Raises:", "    RequestValidationError: An argument is wrong; nothing was sent."]
    doc += ["    APIError: No answer, or one that is an error or no valid answer; see `responses_client.errors`."]
    head = f'    {define} {op.method}(self, *, stream: "bool | None" = None, {params}) -> "{op.result} | {stream}":'
    opened = f"self._client.stream({_constant(op)}, params, {stream})"
    enter = f"await {opened}.__aenter__()" if colour else f"{opened}.__enter__()"
    body = ["        if stream:", f"            return {enter}", "        if stream is not None:"]
    body += [f'            return {wait}self._client.call({_constant(op)}, {{**params, "stream": stream}})']
    return [*lines, "", head, *_docstring(doc), *body, f"        return {call}"]


def _docstring(lines: list[str]) -> list[str]:
    if len(lines) == 1:
        return prose(lines[0], "        ")
    return [f'        """{lines[0]}', *(f"        {line}".rstrip() for line in lines[1:]), '        """']
