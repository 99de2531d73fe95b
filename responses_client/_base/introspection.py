"""The work behind `keywords`: signatures and type hints with each keyword of a call; loaded at first use."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from importlib import import_module
from importlib.util import resolve_name
from inspect import Parameter, Signature, getsource, signature
from types import FunctionType
from typing import Any, Never, get_type_hints

from .option_types import OPTIONS
from .overrides import override

__all__ = ["type_hints", "type_names", "whole_signature"]

_FIRST = ("model", "input")
_UNPACKED = re.compile(r"Unpack\[(\w+)\]")
# Of `**unknown`, which a function takes only to refuse it with a better message.
_REFUSED = ("Never", Never)
_REQUIRED = re.compile(r"Required\[(.*)\]", re.DOTALL)
_FOUND: dict[str, _TypeNames] = {}


class _Text(str):
    """A type as the source says it; `help` shows a string in quotes, but not one of this class."""

    __slots__ = ()

    @override
    def __repr__(self) -> str:
        return str(self)


class _LeftOut:
    """The default of a keyword that is not sent, and not set, when a call leaves it out."""

    @override
    def __repr__(self) -> str:
        return "..."


_LEFT_OUT = _LeftOut()


def whole_signature(function: FunctionType, raw: Mapping[str, Any]) -> Signature:
    """Return the signature of a function: positional arguments, model and input, the other fields, the options."""
    bare = _bare_signature(function, raw)
    positional: list[Parameter] = []
    named: dict[str, Parameter] = {}
    keys: dict[str, Parameter] = {}
    rest: list[Parameter] = []
    for parameter in bare.parameters.values():
        if parameter.kind is Parameter.VAR_KEYWORD and parameter.annotation in _REFUSED:
            continue
        if parameter.kind is Parameter.VAR_KEYWORD and not _is_unpacked(parameter.annotation):
            rest = [parameter.replace(annotation=_as_text(parameter.annotation))]
        elif parameter.kind is Parameter.VAR_KEYWORD:
            keys = {key.name: key for key in _keywords(_dict_type(function, parameter.annotation))}
        elif parameter.kind is Parameter.KEYWORD_ONLY:
            named[parameter.name] = parameter.replace(annotation=_as_text(parameter.annotation))
        elif parameter.kind is not Parameter.VAR_POSITIONAL:
            positional.append(parameter.replace(annotation=_as_text(parameter.annotation)))
    first = {name: keys[name] for name in _FIRST if name in keys}
    last = OPTIONS if "extra_headers" in keys else ()
    fields = {name: key for name, key in keys.items() if name not in last}
    keywords = {**first, **named, **fields, **keys, **named}
    returned = _as_text(bare.return_annotation)
    return Signature([*positional, *keywords.values(), *rest], return_annotation=returned)


def type_hints(function: FunctionType, raw: Mapping[str, Any]) -> dict[str, Any]:
    """Return the annotations of a function, evaluated, with those of each keyword."""
    names = type_names(function.__globals__["__name__"])
    found: dict[str, Any] = {}
    for name, annotation in raw.items():
        if not isinstance(annotation, str):
            found[name] = annotation
        elif _is_unpacked(annotation):
            found = {**get_type_hints(_dict_type(function, annotation)), **found}
        else:
            found[name] = eval(annotation, function.__globals__, names)
    shown = [*whole_signature(function, raw).parameters, "return"]
    return {name: found[name] for name in shown if name in found}


def type_names(module: str) -> _TypeNames:
    """Return the names that annotations of a module can contain."""
    if module not in _FOUND:
        _FOUND[module] = _TypeNames(module)
    return _FOUND[module]


class _TypeNames(dict[str, Any]):
    """The names of a module that annotations can contain, each imported at its first use.

    Many are imported, or defined, for type checkers only; the source says how. A module without source has none.
    """

    def __init__(self, module: str) -> None:
        super().__init__()
        self._module = vars(sys.modules[module])
        self._imports: dict[str, tuple[str, str | None]] = {}
        self._expressions: dict[str, ast.expr] = {}
        with suppress(OSError, TypeError):
            for statement in ast.parse(getsource(sys.modules[module])).body:
                self._add(statement)

    def __missing__(self, name: str) -> Any:
        if name in self._imports:
            home, attribute = self._imports[name]
            value: Any = import_module(home)
            if attribute is not None:
                value = getattr(value, attribute, "")
                if isinstance(value, str):  # an alias that is written as a string, or for type checkers only
                    value = type_names(home)[attribute]
        elif name in self._expressions:
            code = compile(ast.Expression(self._expressions[name]), self._module["__name__"], "eval")
            value = eval(code, self._module, self)
            if isinstance(value, str):
                value = eval(value, self._module, self)
        else:
            value = self._module[name]
        self[name] = value
        return value

    def imported(self) -> dict[str, Any]:
        """Return all names that are imported or defined, as far as they can be imported."""
        for name in [*self._imports, *self._expressions]:
            with suppress(ImportError, KeyError):  # an older typing_extensions lacks some
                self[name]
        return self

    def _add(self, statement: ast.stmt) -> None:
        match statement:
            case ast.If(test=ast.Name(id="TYPE_CHECKING"), body=body):
                for inner in body:
                    self._add(inner)
            case ast.ImportFrom(level=level, module=module, names=names):
                home = resolve_name("." * level + (module or ""), self._module["__package__"])
                for alias in names:
                    self._imports[alias.asname or alias.name] = home, alias.name
            case ast.Import(names=[ast.alias(name=name, asname=None)]):
                self._imports[name] = name, None
            case ast.AnnAssign(
                target=ast.Name(id=name), annotation=ast.Name(id="TypeAlias"), value=ast.expr() as value
            ):
                self._expressions[name] = value
            case _:
                pass


def _is_unpacked(annotation: Any) -> bool:
    """Whether the keywords of a function are the keys of a dict type."""
    return isinstance(annotation, str) and _UNPACKED.fullmatch(annotation) is not None


def _as_text(annotation: Any) -> Any:
    return _Text(annotation) if isinstance(annotation, str) else annotation


def _bare_signature(function: FunctionType, raw: Mapping[str, Any]) -> Signature:
    """Return the signature as `inspect` finds it on its own."""
    parts = (function.__globals__, function.__name__, function.__defaults__, function.__closure__)
    copy = FunctionType(function.__code__, *parts)
    copy.__kwdefaults__ = function.__kwdefaults__
    copy.__annotations__ = dict(raw)
    return signature(copy)


def _dict_type(function: FunctionType, annotation: str) -> Any:
    return type_names(function.__globals__["__name__"])[_UNPACKED.sub(r"\1", annotation)]


def _keywords(dict_type: Any) -> Iterator[Parameter]:
    for name, kind in dict_type.__annotations__.items():
        text = getattr(kind, "__forward_arg__", kind)
        required = _REQUIRED.fullmatch(text)
        default = Parameter.empty if required else _LEFT_OUT
        annotation = _Text(required[1] if required else text)
        yield Parameter(name, Parameter.KEYWORD_ONLY, annotation=annotation, default=default)
