"""Signatures and annotations of functions, with each keyword in place of `**params`; made at first use."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from inspect import CO_VARARGS, CO_VARKEYWORDS, Signature
from types import FunctionType, ModuleType
from typing import Any, TypeGuard

from .overrides import override

__all__ = ["describe", "evaluate_type_names", "has_keywords"]


def has_keywords(value: object) -> TypeGuard[FunctionType]:
    """Whether a value is a function that takes `**params`."""
    return isinstance(value, FunctionType) and bool(value.__code__.co_flags & CO_VARKEYWORDS)


def describe(function: FunctionType) -> None:
    """Let a function show each of its keywords, with its type.

    Its annotations can be evaluated from then on, although their names are imported for type checkers only. `*args`
    and `**unknown: Never`, which a function takes only to refuse them with a better message, are not shown.
    """
    raw = function.__annotations__
    function.__annotations__ = _Annotations(function, raw)
    if function.__code__.co_flags & (CO_VARARGS | CO_VARKEYWORDS):
        vars(function)["__signature__"] = _Signature(function, raw)


def evaluate_type_names(module: str) -> None:
    """Let `get_type_hints` evaluate the dict types of a module that imports their names for type checkers only.

    It looks names up in the `__dict__` of the module, which imports them when it is asked for.
    """
    sys.modules[module].__class__ = _TypeModule


class _TypeModule(ModuleType):
    @property
    def __dict__(self) -> dict[str, Any]:  # type: ignore[override]  # typeshed has a plain attribute
        from .introspection import type_names

        object.__setattr__(self, "__class__", ModuleType)
        found = vars(self)
        for name, value in type_names(found["__name__"]).imported().items():
            if isinstance(found.get(name, ""), str):  # missing, or an alias that is written as a string
                found[name] = value
        return found


class _Signature(Signature):
    """A signature that is made at its first use; `inspect` takes nothing else in its place."""

    __slots__ = ("_function", "_raw", "_whole")

    def __init__(self, function: FunctionType, raw: Mapping[str, Any]) -> None:
        self._function = function
        self._raw = raw
        self._whole: Signature | None = None

    def _made(self) -> Signature:
        if self._whole is None:
            from .introspection import whole_signature

            self._whole = whole_signature(self._function, self._raw)
        return self._whole

    @property
    @override
    def parameters(self) -> Any:
        return self._made().parameters

    @property
    @override
    def return_annotation(self) -> Any:
        return self._made().return_annotation

    @override
    def replace(self, **changes: Any) -> Any:
        return self._made().replace(**changes)

    __replace__: Any = replace  # what `copy.replace` calls

    @override
    def __reduce__(self) -> Any:
        return self._made().__reduce__()


class _Annotations(dict[str, Any]):
    """Annotations that are evaluated at their first use; `typing` takes nothing but a dict in its place."""

    def __init__(self, function: FunctionType, raw: Mapping[str, Any]) -> None:
        super().__init__()
        self._unmade: tuple[FunctionType, Mapping[str, Any]] | None = function, raw

    def make(self) -> None:
        """Evaluate the annotations."""
        if self._unmade is not None:
            from .introspection import type_hints

            found = type_hints(*self._unmade)
            self._unmade = None
            super().update(found)

    @override
    def __reduce__(self) -> Any:
        return dict, (dict(self),)


def _after_making(method: Callable[..., Any]) -> Callable[..., Any]:
    def call(self: _Annotations, *args: Any, **named: Any) -> Any:
        self.make()
        return method(self, *args, **named)

    return call


for _name in [
    "__contains__",
    "__delitem__",
    "__eq__",
    "__getitem__",
    "__ior__",
    "__iter__",
    "__len__",
    "__ne__",
    "__or__",
    "__repr__",
    "__reversed__",
    "__ror__",
    "__setitem__",
    "clear",
    "copy",
    "get",
    "items",
    "keys",
    "pop",
    "popitem",
    "setdefault",
    "update",
    "values",
]:
    setattr(_Annotations, _name, _after_making(getattr(dict, _name)))
