"""What all generated models share: open unions, lossless JSON, validators built at first use.

Three rules live here and nowhere else:

* A nested model or union is validated through its own validator, fetched when a value first needs
  it. A class then costs its own fields only, and a union can name classes of modules not yet loaded.
* A malformed member of a union, even one that is no object, becomes the union's `Unknown…`; a malformed
  field of any other object is kept as raw data beside the typed fields (`_tolerance.py`). Both are logged.
  In strict mode both are errors.
* What came in goes out again: unset fields are not written, unknown fields and nulls are.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sized
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from types import NoneType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self, TypeAlias, TypeVar, cast, get_origin, overload

from pydantic import BaseModel, ConfigDict, StrictBool, StrictInt, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_core import core_schema as cs

from .._base.redaction import MASK
from ..errors import ResponseValidationError
from ._markers import AS_ANY, EMPTY, NULLS, READ_ONLY, TEXT_OR, Items, Number, Open
from ._tolerance import (
    as_response_error,
    error_lines,
    is_strict,
    log_malformed,
    parse_json,
    strict_validation,
    validate_nested,
    warn,
    write_json,
)

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, TypeAdapter
    from typing_extensions import TypeForm

    from .._base.http import ResponseMeta
    from .._structured.parsed import ParsedResponse
    from ._unions import InputItem
    from ._unknown import UnknownModel
    from .response import Response

__all__ = [
    "EMPTY",
    "NULLS",
    "READ_ONLY",
    "RUNNING_STATUSES",
    "TEXT_OR",
    "BatchResult",
    "Items",
    "JsonObject",
    "Model",
    "Number",
    "Open",
    "OpenUnion",
    "Reference",
    "ResponseResult",
    "Result",
    "StrictBool",
    "StrictInt",
    "Unknown",
    "as_response_error",
    "dispatcher",
    "error_lines",
    "parse_json",
    "reference",
    "strict_validation",
]

JsonObject: TypeAlias = dict[str, Any]
RUNNING_STATUSES = frozenset({"queued", "in_progress"})
"""Statuses of a response that the server still works on; a status that is not known counts as an end."""
_T = TypeVar("_T")
Entry: TypeAlias = Callable[[Any], "Model"]

_NO_TYPE = "Input should be an object with a `type`"
_NO_ROLE = "Input should be an object with a `type` or a `role`"
_building: ContextVar[type | None] = ContextVar("responses_client_building", default=None)
_NO_OBJECTS = frozenset({str, int, float, bool, list, NoneType})
_KEPT = "it goes out again as it came"


@cache
def _tags(cls: type[Model]) -> tuple[str, ...]:
    """Return the fields that are one known string: the type of any other string is wider."""
    return tuple(name for name, field in cls.model_fields.items() if get_origin(field.annotation) is Literal)


@cache
def _secrets(cls: type[Model]) -> frozenset[str]:
    return frozenset(name for name, field in cls.model_fields.items() if not field.repr)


class _Tags:
    def __get__(self, model: object, cls: type[Model]) -> tuple[str, ...]:
        return _tags(cls)


class Model(BaseModel):
    """A wire object. Unknown fields are kept; what was not set is not written."""

    model_config: ClassVar[ConfigDict] = ConfigDict(
        extra="allow",
        defer_build=True,
        protected_namespaces=(),
        ser_json_inf_nan="constants",
        serialize_by_alias=True,
        validate_by_alias=True,
        validate_by_name=False,
    )

    tags: ClassVar[_Tags] = _Tags()
    """Fields that tell the kind of the object; they are written although nobody set them."""

    # Type checkers read the signature from the fields.
    if not TYPE_CHECKING:  # pragma: no branch

        def __init__(self, /, **data: Any) -> None:
            with strict_validation():
                self.__pydantic_validator__.validate_python(
                    data, self_instance=self, by_alias=True, by_name=True
                )
            self.__pydantic_fields_set__.update(self.tags)

        # Tells pydantic that parsing need not go through this method.
        __init__.__pydantic_base_init__ = True

    def to_dict(self) -> JsonObject:
        """Return the object as JSON data under its wire names: what came in, or what was set."""
        return cast(
            "JsonObject",
            self.__pydantic_serializer__.to_python(self, by_alias=True, exclude_unset=True),
        )

    def to_json(self) -> str:
        """Return the object as JSON text under its wire names: what came in, or what was set."""
        return self.__pydantic_serializer__.to_json(self, by_alias=True, exclude_unset=True).decode()

    @classmethod
    def from_dict(cls, data: Mapping[str, object], *, strict: bool = False) -> Self:
        """Build the model from JSON data.

        Args:
            data: A wire object.
            strict: Whether malformed parts are an error instead of `Unknown…` or raw fields.

        Raises:
            ResponseValidationError: The data are no JSON data, or do not fit the model.
        """
        try:
            text = write_json(data)
        except ValueError as error:
            advice = "give what JSON can hold"
            raise ResponseValidationError(
                f"The data are no JSON: {error}", body=data, advice=advice
            ) from error
        return cls.from_json(text, strict=strict)

    @classmethod
    def from_json(cls, data: str | bytes, *, strict: bool = False) -> Self:
        """Build the model from JSON text; see `from_dict`."""
        with strict_validation(strict):
            try:
                return parse_json(cls, data)
            except ValidationError as error:
                raise as_response_error(cls.__name__, error, data) from error

    @classmethod
    def model_rebuild(cls, **options: Any) -> bool | None:
        """Build the validator; nested models keep their own."""
        token = _building.set(cls)
        try:
            return super().model_rebuild(**options)
        finally:
            _building.reset(token)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        if _building.get() in (None, cls):
            return handler(source)
        return _lazily(cls.__name__, lambda value: validate_nested(cls, value))

    def __repr__(self) -> str:
        """Show what is set and not null, shortened."""
        values = {**self.__dict__, **(self.__pydantic_extra__ or {})}
        secrets = _secrets(type(self))
        hidden = {*self.tags, *self.__dict__.keys() - self.model_fields_set}
        values = {k: v for k, v in values.items() if v is not None and k not in hidden}
        shown = [f"{k}={MASK if k in secrets else _short(v)}" for k, v in values.items()]
        return f"{type(self).__name__}({', '.join(part for part in shown if not part.endswith('=[]'))})"

    __str__ = __repr__


class Result(Model):
    """A model that may be the whole answer to a request; copies and pickles keep what it carries beside its fields."""

    __slots__ = ("_meta",)
    carried: ClassVar[tuple[str, ...]] = ("_meta",)

    @property
    def meta(self) -> ResponseMeta | None:
        """Request id, status, headers, rate limits, time and tries; None if it came from elsewhere."""
        return cast("ResponseMeta | None", getattr(self, "_meta", None))

    def __copy__(self) -> Self:
        return self._handing_on(super().__copy__())

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return self._handing_on(super().__deepcopy__(memo))

    def __getstate__(self) -> dict[Any, Any]:
        return {**super().__getstate__(), "carried": self._carried()}

    def __setstate__(self, state: dict[Any, Any]) -> None:
        for name, value in state["carried"].items():
            object.__setattr__(self, name, value)
        super().__setstate__(state)

    def _carried(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.carried if hasattr(self, name)}

    def _handing_on(self, other: Self) -> Self:
        for name, value in self._carried().items():
            object.__setattr__(other, name, value)
        return other


class ResponseResult(Result):
    """What the class `Response` has beyond its fields."""

    @property
    def output_text(self) -> str:
        """The text of all `output_text` parts of all messages, joined; empty if there is none."""
        items = _known("message", getattr(self, "output", []))
        parts = _known("output_text", [part for item in items for part in item.content])
        return "".join(part.text for part in parts)

    def as_input(self, *, store: bool | None = None) -> list[InputItem]:
        """Return the output as it may be sent back, as the input of a request or a part of it.

        Reasoning that nothing follows (an answer that was cut off) is left out, since the API refuses it. Where the
        server keeps no responses, so are ids that it does not know, and reasoning that is not encrypted; the log says
        so. The response itself stays as it is.

        Args:
            store: Whether the server keeps this response; by default what the response says (`store`), else true.
        """
        from .._calls.output_as_input import as_input

        return as_input(cast("Response", self), store)

    @overload
    def parse(self, text_format: type[_T] | TypeAdapter[_T]) -> ParsedResponse[_T]: ...

    @overload
    def parse(self, text_format: TypeForm[_T]) -> ParsedResponse[_T]: ...

    def parse(self, text_format: Any) -> ParsedResponse[Any]:
        """Return the response as one whose text is read as a type; see `ParsedResponse`.

        For responses that did not come from `responses.parse`: retrieved or waited for, from batch files,
        WebSocket sessions, webhooks. What the text does not fit is no error here, but `.parse_error`.

        Raises:
            RequestValidationError: `text_format` is no type, or none that pydantic can read.
        """
        from .._structured.output_type import output_type
        from .._structured.parsed import as_parsed

        return as_parsed(cast("Response", self), output_type(text_format))


class BatchResult(Model):
    """What the class `BatchResultLine` has beyond its fields."""

    def result(self, *, strict: bool = False) -> Response:
        """Return the response, or raise what `responses.create` would have raised.

        With `strict`, a malformed part of it is an error instead of `Unknown…` or a raw field.

        Raises:
            APIError: The answer is an error, is no valid response, or there is none; see `docs/batch.md`.
        """
        from .._batch_files import result_of

        return result_of(self, strict)


class Unknown:
    """Marks the classes of `_unknown.py`: to tell them from others needs no import of them."""

    __slots__ = ()


class OpenUnion:
    """Base of the run-time form of unions: picks the class by the tag `type`, at validation.

    Type checkers see a plain union of the members instead.
    """

    members: ClassVar[Mapping[str, str]]
    """Tag to `module.Class`; two classes where the message's form decides."""
    untagged: ClassVar[Mapping[str, str]] = {}
    """Field to tag, for objects that may leave `type` out: the first field present decides."""
    unknown: ClassVar[str] = "UnknownObject"
    """The class of `_unknown.py` for what fits no member."""
    _validators: ClassVar[dict[str, Entry]]
    _class_names: ClassVar[frozenset[str]] = frozenset()  # filled when a model first comes

    def __init_subclass__(cls) -> None:
        cls._validators = {}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        return _lazily(cls.__name__, cls.validate)

    @classmethod
    def validate(cls, value: object) -> Model:
        """Return the member that the object's tag names, or the union's `Unknown…`."""
        if not isinstance(value, dict):
            if isinstance(value, Model) and cls._has(type(value)):
                return value
            error = PydanticCustomError("no_object", _NO_ROLE if cls.untagged else _NO_TYPE)
            if is_strict() or type(value) not in _NO_OBJECTS:
                raise error
            return cls._hold(value, error.message())
        data = cast("JsonObject", value)
        tag = data.get("type")
        if tag is None:
            tag = next((tag for field, tag in cls.untagged.items() if field in data), None)
            if tag is None and is_strict():
                raise PydanticCustomError("no_type", _NO_ROLE if cls.untagged else _NO_TYPE)
        validate = (cls._validators.get(tag) or cls._resolve(tag)) if isinstance(tag, str) else None
        if validate is None:
            return validate_nested(cls.unknown_model(), data)
        try:
            return validate(data)
        except ValidationError as error:
            if is_strict():
                raise
            return cls.as_unknown(data, error)

    @classmethod
    def member(cls, tag: str) -> type[Model] | None:
        """Return the class for a tag, loading its module if need be; None for an unknown tag."""
        entry = cls.members.get(tag)
        return _load(entry.partition(" ")[0]) if entry else None

    @classmethod
    def _has(cls, model: type[Model]) -> bool:
        if not cls._class_names:
            entries = " ".join(cls.members.values()).split()
            cls._class_names = frozenset([*(entry.partition(".")[2] for entry in entries), cls.unknown])
        return any(base.__name__ in cls._class_names for base in model.__mro__)

    @classmethod
    def unknown_model(cls) -> type[UnknownModel]:
        """Return the class for what fits no member."""
        return cast("type[UnknownModel]", _load(f"_unknown.{cls.unknown}"))

    @classmethod
    def as_unknown(cls, value: JsonObject, error: ValidationError) -> UnknownModel:
        """Wrap a malformed object in the union's `Unknown…`, and log why."""
        unknown = validate_nested(cls.unknown_model(), value)
        name = str(value.get("type"))
        log_malformed(cls.unknown, name, error)
        object.__setattr__(unknown, "_error", as_response_error(name, error, value, _KEPT))
        return unknown

    @classmethod
    def _hold(cls, value: object, problem: str) -> UnknownModel:
        """Wrap what is no object in the union's `Unknown…`, and log why."""
        warn("Malformed member of %s kept as %s: %s", cls.__name__, cls.unknown, problem)
        unknown = cls.unknown_model().holding(value)
        error = ResponseValidationError(f"No valid {cls.__name__}: {problem}", body=value, advice=_KEPT)
        object.__setattr__(unknown, "_error", error)
        return unknown

    @classmethod
    def _resolve(cls, tag: str) -> Entry | None:
        entries = cls.members.get(tag, "").split()
        if not entries:
            return None
        first, last = _validator(entries[0]), _validator(entries[-1])

        def pick(value: JsonObject) -> Model:
            return first(value) if _is_output_message(value) else last(value)

        cls._validators[tag] = first if len(entries) == 1 else pick
        return cls._validators[tag]


def dispatcher(union: object) -> type[OpenUnion]:
    """Return the run-time form of a union, which type checkers see as a plain one."""
    return cast("type[OpenUnion]", union)


def _lazily(name: str, validate: Callable[[Any], Any]) -> cs.CoreSchema:
    """Return a schema that validates by the function; JSON Schema gets an outline only."""

    def outline(_schema: object, _handler: object) -> JsonObject:
        return {"type": "object", "title": name}

    return cs.no_info_plain_validator_function(
        validate,
        serialization=AS_ANY,
        metadata={"pydantic_js_functions": [outline]},
    )


class Reference:
    """Base of stand-ins for classes of other modules, which are loaded when a value first needs them."""

    entry: ClassVar[str]

    @classmethod
    def model(cls) -> type[Model]:
        """Return the class it stands for."""
        return _load(cls.entry)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        if _building.get() is None:
            return handler.generate_schema(cls.model())
        return _lazily(cls.__name__, lambda value: validate_nested(cls.model(), value))


def reference(entry: str) -> type[Reference]:
    """Return the stand-in for `module.Class`."""
    return type(entry.partition(".")[2], (Reference,), {"entry": entry})


@cache
def _load(entry: str) -> type[Model]:
    module, _, name = entry.partition(".")
    return cast("type[Model]", getattr(import_module(f"{__package__}.{module}"), name))


def _validator(entry: str) -> Entry:
    model = _load(entry)
    model.model_rebuild()
    return cast("Entry", model.__pydantic_validator__.validate_python)


def _is_output_message(value: JsonObject) -> bool:
    return value.get("role") in ("assistant", None) and not isinstance(value.get("content"), str)


def _known(tag: str, objects: list[Any]) -> list[Any]:
    return [thing for thing in objects if thing.type == tag and not isinstance(thing, Unknown)]


def _short(value: object) -> str:
    if isinstance(value, str) and len(value) > 60:
        return repr(f"{value[:57]}...")
    if isinstance(value, Model):
        return f"{type(value).__name__}(...)"
    name = "items" if type(value) is list else "keys" if type(value) is dict else ""
    sized = cast("Sized", value)
    return f"<{len(sized)} {name}>" if name and sized else repr(sized)
