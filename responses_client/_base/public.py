"""Public classes as users see them: paths in tracebacks, reprs, pickles and `help`, and missing attributes."""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, ForwardRef, TypeVar

from .docstrings import complete_docstrings
from .keywords import describe, has_keywords

__all__ = ["foreign_attributes", "public", "resource"]

_Named = TypeVar("_Named")
_Class = TypeVar("_Class", bound=type)


def public(named: _Named) -> _Named:
    """Give a class or a function the path under which users import it.

    That is its module up to the first private part: `responses_client._runs.result` becomes `responses_client`.
    It is a decorator, not a part of the lazy import in `__init__`, because users see objects, and exceptions, whose
    class they never imported.
    """
    target: Any = named
    home: str = target.__module__
    target.__module__ = home.partition("._")[0]
    if isinstance(named, type):
        _pin_annotations(named, home)
    for function in vars(named).values() if isinstance(named, type) else [named]:
        if has_keywords(function):
            describe(function)
    return named


def resource(path: str, *, like: type | None = None) -> Callable[[_Class], _Class]:
    """Give the methods of a class the path under which users call them, such as `client.responses.create`.

    Python shows it in its own messages: for a missing argument, or for a coroutine that was never awaited. Signatures
    and docstrings name each argument; docstrings that say less than those of the class `like` get the rest from there.
    """

    def decorate(cls: _Class) -> _Class:
        complete_docstrings(cls, like)
        for name, value in vars(cls).items():
            if isinstance(value, FunctionType) and not name.startswith("_"):
                value.__qualname__ = f"{path}.{name}"
                describe(value)
        target: Any = cls
        target.__getattr__ = foreign_attributes("resource")
        return cls

    return decorate


def foreign_attributes(kind: str) -> Callable[[object, str], Any]:
    """Return the `__getattr__` of a class; its errors answer the attributes that users of other packages expect.

    It is given to a class out of sight of type checkers, which would take any attribute for an existing one.

    Args:
        kind: The kind of the objects; see `attribute_hint`.
    """

    def __getattr__(self: object, name: str) -> Any:
        # Python, copies and mocks look up names with two underscores. A name of the class itself is that of a slot
        # without a value, which is asked for often, or of a property that raised the error.
        if not name.startswith("__") and not any(name in vars(each) for each in type(self).__mro__):
            # Here, because the module is needed only for errors.
            from .foreign_names import attribute_hint

            if hint := attribute_hint(kind, name):
                text = f"{type(self).__name__!r} object has no attribute {name!r}; {hint}"
                raise AttributeError(text)
        return object.__getattribute__(
            self, name
        )  # raises the error that led here, such as one of a property

    return __getattr__


def _pin_annotations(cls: type, home: str) -> None:
    """Let annotations, which are strings, be evaluated in the module where the class stands.

    `typing.get_type_hints` and pydantic would look their names up in the public module.
    """
    annotations = cls.__annotations__
    for name, value in annotations.items():
        if isinstance(value, str):
            annotations[name] = ForwardRef(value, is_argument=False, module=home, is_class=True)
        elif isinstance(value, ForwardRef) and value.__forward_module__ is None:  # in a NamedTuple
            value.__forward_module__ = home
    fields: dict[str, Any] = getattr(cls, "__dataclass_fields__", {})
    for name in annotations.keys() & fields.keys():
        fields[name].type = annotations[name]
