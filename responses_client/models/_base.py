"""The base of all generated models: open unions, lossless JSON, validators built at their first use.

Three rules govern all models:

* A nested model or union is validated by a validator of its own, which is built when a value first needs it. A class
  costs no more than its own fields, and a union can name classes of modules that are not loaded yet.
* A malformed field is kept as raw data beside the typed fields (`_tolerance.py`). A member of a union that is useless
  without it, or is not even an object, becomes the union's `Unknown…`. Both are logged; in strict mode, both are
  errors.
* Objects are written as they came: unset fields are left out, unknown fields and nulls are kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextvars import ContextVar
from functools import cache
from importlib import import_module
from types import NoneType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Never, Self, TypeAlias, cast, get_origin

from pydantic import ConfigDict, StrictBool, StrictInt, ValidationError
from pydantic_core import PydanticCustomError
from pydantic_core import core_schema as cs

from .._base.http import HasRequestId
from .._base.json_types import JsonObject, is_mapping, is_object
from .._base.validation import json_option_error
from ..errors import ResponseValidationError
from ._first_builds import first_build, validate_first
from ._markers import AS_ANY
from ._pydantic_versions import ModelBase, omit_marked
from ._stand_ins import watch_fields
from ._tolerance import (
    as_response_error,
    error_lines,
    is_strict,
    keep_member,
    log_malformed,
    parse_json,
    refuse_incomplete,
    shown_error,
    strict_validation,
    validate_nested,
    validate_shown,
    warn,
    with_whole_floats,
    write_json,
)

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler, GetJsonSchemaHandler
    from pydantic_core import InitErrorDetails

    from .._base.http import ResponseMeta
    from ._unknown import UnknownModel

__all__ = [
    "RUNNING_STATUSES",
    "JsonObject",
    "Model",
    "OpenUnion",
    "Reference",
    "Result",
    "StrictBool",
    "StrictInt",
    "Unknown",
    "as_response_error",
    "error_lines",
    "fields_of",
    "parse_json",
    "reference",
    "strict_validation",
    "union_class",
]

RUNNING_STATUSES = frozenset({"queued", "in_progress"})
"""Statuses of a response that the server still works on; a status that is not known counts as an end."""
Validate: TypeAlias = Callable[[Any], "Model"]

_NO_TYPE = "Input should be an object with a `type`"
_NO_ROLE = "Input should be an object with a `type` or a `role`"
# The class whose own fields are being built; every other model is nested then, and gets a lazy schema.
_building: ContextVar[type | None] = ContextVar("responses_client_building", default=None)
_OTHER_JSON_TYPES = frozenset({str, int, float, bool, list, NoneType})
_NO_FIELDS: Mapping[str, object] = {}
_KEPT = "it is kept, and written as it came"


@cache
def _tags(cls: type[Model]) -> tuple[str, ...]:
    """Return the fields whose type is one known string, such as `type`."""
    return tuple(
        name for name, field in cls.__pydantic_fields__.items() if get_origin(field.annotation) is Literal
    )


class _Tags:
    def __get__(self, model: object, cls: type[Model]) -> tuple[str, ...]:
        return _tags(cls)


class _Fields(property):  # pydantic takes an attribute without a type only of some classes
    """The fields of a model with their descriptions; the package itself reads `__pydantic_fields__`, without them."""

    def __get__(self, model: object, cls: Any = None) -> Any:
        from ._descriptions import described_fields

        return described_fields(cls)


class Model(ModelBase):
    """An object of the API. Unknown fields are kept, and fields that are not set are not written."""

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
    """The fields that name the type of the object; they are written even if they were not set."""

    @property
    def wire_type(self) -> str | None:
        """The `type` as the server sent it, also of an `Unknown…` object; None for objects that have no type."""
        extra = self.__pydantic_extra__
        sent: object = extra.get("type") if extra else None  # a malformed one is raw data
        if not isinstance(sent, str):
            sent = getattr(self, "type", None)
        return sent if isinstance(sent, str) else None

    # Type checkers read the signature from the fields.
    if not TYPE_CHECKING:
        model_fields = _Fields()

        def __init__(self, /, **data: Any) -> None:
            try:
                with strict_validation():
                    self.__pydantic_validator__.validate_python(
                        data, self_instance=self, by_alias=True, by_name=True
                    )
            except ValidationError as error:
                raise shown_error(error) from None
            self.__pydantic_fields_set__.update(self.tags)

        # Lets pydantic skip this method when it parses.
        __init__.__pydantic_base_init__ = True

        def __setattr__(self, name: str, value: object) -> None:
            super().__setattr__(name, value)
            if self.__pydantic_extra__ and (field := self.__pydantic_fields__.get(name)) is not None:
                self.__pydantic_extra__.pop(field.serialization_alias or name, None)  # the malformed value

        @classmethod
        def model_validate(cls, obj: Any, **options: Any) -> Self:
            """Return the model of a dict or an object; see pydantic."""
            return validate_shown(super().model_validate, obj, super().model_validate, **options)

        @classmethod
        def model_validate_json(cls, json_data: str | bytes | bytearray, **options: Any) -> Self:
            """Return the model of JSON text; see pydantic."""
            return validate_shown(super().model_validate_json, json_data, super().model_validate, **options)

    @classmethod
    def __pydantic_init_subclass__(cls, **options: Any) -> None:
        super().__pydantic_init_subclass__(**options)
        watch_fields(cls)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: Any, handler: GetJsonSchemaHandler, /) -> Any:
        from ._descriptions import described_schema

        return described_schema(cls, handler(schema), handler)

    def to_dict(self, **unknown: Never) -> JsonObject:
        """Return the object as JSON data under the names of the API: the fields that came, or that were set."""
        if unknown:
            raise json_option_error("to_dict", unknown)
        data: JsonObject = self.__pydantic_serializer__.to_python(self, by_alias=True, exclude_unset=True)
        return data

    def to_json(self, *, indent: int | None = None, **unknown: Never) -> str:
        """Return the object as JSON text under the names of the API: the fields that came, or that were set.

        Args:
            indent: The spaces by which each level is indented; None, the default, writes one line.
        """
        if unknown:
            raise json_option_error("to_json", unknown)
        written = self.__pydantic_serializer__.to_json(self, indent=indent, by_alias=True, exclude_unset=True)
        return written.decode()

    @classmethod
    def from_dict(cls, data: Mapping[str, object], *, strict: bool = False) -> Self:
        """Return the model of JSON data.

        Args:
            data: An object as the API writes it.
            strict: Whether malformed parts are an error, and not kept as `Unknown…` objects or raw fields.

        Raises:
            ResponseValidationError: The data are not JSON data, or do not match the model.
        """
        try:
            text = write_json(data)
        except ValueError as error:
            advice = "pass only what JSON can express"
            message = f"The data are not JSON data: {error}"
            raise ResponseValidationError(message, body=data, advice=advice) from error
        return cls.from_json(text, strict=strict)

    @classmethod
    def from_json(cls, data: str | bytes, *, strict: bool = False) -> Self:
        """Return the model of JSON text; see `from_dict` for the arguments and errors."""
        with strict_validation(strict):
            try:
                return parse_json(cls, data)
            except ValidationError as error:
                raise as_response_error(cls.__name__, error, data) from error

    @classmethod
    def model_rebuild(cls, **options: Any) -> bool | None:
        """Build the validator; nested models keep their own."""
        with first_build:
            token = _building.set(cls)
            try:
                validate_first()
                return super().model_rebuild(**options)
            finally:
                _building.reset(token)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        if _building.get() in (None, cls):
            return omit_marked(cls, handler(source))
        return _lazy_schema(cls.__name__, lambda value: validate_nested(cls, value))

    def __repr__(self) -> str:
        """Show the fields that are set and not null, shortened; the values of secret ones are masked."""
        from ._repr import short_repr

        return short_repr(self)

    __str__ = __repr__


class Result(Model, HasRequestId):
    """A model that may be the whole answer to a request.

    It has attributes beside its fields, which copies and pickles keep.
    """

    __slots__ = ("_meta",)
    carried: ClassVar[tuple[str, ...]] = ("_meta",)
    """The slots that copies and pickles keep; pydantic copies only fields."""

    @property
    def meta(self) -> ResponseMeta | None:
        """The facts of the answer (request id, status, headers, rate limits, time); None if it is no answer."""
        meta: ResponseMeta | None = getattr(self, "_meta", None)
        return meta

    def __copy__(self) -> Self:
        return self._with_carried(super().__copy__())

    def __deepcopy__(self, memo: dict[int, Any] | None = None) -> Self:
        return self._with_carried(super().__deepcopy__(memo))

    def __getstate__(self) -> dict[Any, Any]:
        return {**super().__getstate__(), "carried": self._carried()}

    def __setstate__(self, state: dict[Any, Any]) -> None:
        for name, value in state["carried"].items():
            object.__setattr__(self, name, value)
        super().__setstate__(state)

    def _carried(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.carried if hasattr(self, name)}

    def _with_carried(self, other: Self) -> Self:
        for name, value in self._carried().items():
            object.__setattr__(other, name, value)
        return other


def fields_of(value: object) -> Mapping[str, object]:
    """Return the fields of an object, a dict or a model, by their names in Python; none for any other value.

    The attributes of other objects may be anything, in data frames even whole columns.
    """
    if is_object(value):
        return value
    if isinstance(value, Model):
        # Those of an unknown object, its type included, are extra ones.
        return {**value.__pydantic_extra__, **value.__dict__} if value.__pydantic_extra__ else value.__dict__
    return value if is_mapping(value) else _NO_FIELDS


class Unknown:
    """Marks the classes of `_unknown.py`, so that a check for them does not load them."""

    __slots__ = ()


class OpenUnion:
    """The base of unions at run time: the field `type` of an object selects its class.

    Type checkers see a plain union of the members instead.
    """

    members: ClassVar[Mapping[str, str]]
    """From `type` to `module.Class`; two classes for messages, whose form decides."""
    untagged: ClassVar[Mapping[str, str]] = {}
    """From a field to `type`, for objects that may leave `type` out: the first of these fields decides."""
    unknown: ClassVar[str] = "UnknownObject"
    """The class of `_unknown.py` for objects that match no member."""
    _validators: ClassVar[dict[str, Validate]]  # by `type`, filled as types first come
    _class_names: ClassVar[frozenset[str]] = frozenset()  # of the members, filled when a model first comes

    def __init_subclass__(cls) -> None:
        cls._validators = {}

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        return _lazy_schema(cls.__name__, cls.validate)

    @classmethod
    def validate(cls, value: object) -> Model:
        """Return an object as the member that its `type` names, or as the union's `Unknown…`."""
        if not is_object(value):
            if isinstance(value, Model) and cls._has(type(value)):
                return refuse_incomplete(value)
            error = PydanticCustomError("no_object", _NO_ROLE if "role" in cls.untagged else _NO_TYPE)
            if is_strict() or type(value) not in _OTHER_JSON_TYPES:
                raise error
            return cls._wrap(value, error.message().replace("Input should be", "expected"))
        tag: object = value.get("type")
        if tag is None:
            for field, inferred in cls.untagged.items():
                if field in value:
                    tag = inferred
                    break
            if tag is None and is_strict():
                raise PydanticCustomError("no_type", _NO_ROLE if "role" in cls.untagged else _NO_TYPE)
        if tag is not None and not isinstance(tag, str):
            problem: InitErrorDetails = {"type": "string_type", "loc": ("type",), "input": tag}
            mismatch = ValidationError.from_exception_data(cls.__name__, [problem])
            if is_strict():
                raise mismatch
            return cls.as_unknown(value, mismatch)
        validate = (cls._validators.get(tag) or cls._resolve(tag)) if tag is not None else None
        if validate is None:
            return validate_nested(cls.unknown_model(), value)
        try:
            return validate(value)
        except ValidationError as error:
            entries = cls.members[str(tag)].split()
            model = _load(entries[0 if _is_output_message(value) else -1])
            return with_whole_floats(
                validate, value, error, lambda mended, rest: cls.tolerate(model, mended, value, rest)
            )

    @classmethod
    def tolerate(
        cls, model: type[Model], mended: JsonObject, value: JsonObject, error: ValidationError
    ) -> Model:
        """Return a malformed object of a class, or the union's `Unknown…` if it would be useless or misleading.

        Args:
            model: The class that the `type` names.
            mended: The object as it was refused.
            value: The object as it came.
            error: The reason.

        Raises:
            ValidationError: The reason, in strict mode.
        """
        kept = None if is_strict() else keep_member(model, mended, error)
        return cls.as_unknown(value, error) if kept is None else kept

    @classmethod
    def member(cls, tag: str) -> type[Model] | None:
        """Return the class of a `type`, and load its module if necessary; None for an unknown `type`."""
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
        """Return the class for objects that match no member."""
        return cast("type[UnknownModel]", _load(f"_unknown.{cls.unknown}"))

    @classmethod
    def as_unknown(cls, value: JsonObject, error: ValidationError) -> UnknownModel:
        """Return a malformed object as the union's `Unknown…`, and log the reason.

        Raises:
            ValidationError: The reason, in strict mode.
        """
        if is_strict():
            raise error
        unknown = validate_nested(cls.unknown_model(), value)
        name = str(value.get("type"))
        log_malformed(cls.unknown, name, error)
        object.__setattr__(unknown, "_error", as_response_error(name, error, value, _KEPT))
        return unknown

    @classmethod
    def _wrap(cls, value: object, problem: str) -> UnknownModel:
        """Return a value that is not an object as the union's `Unknown…`, and log the reason."""
        warn("Malformed member of %s kept as %s: %s", cls.__name__, cls.unknown, problem)
        unknown = cls.unknown_model().holding(value)
        error = ResponseValidationError(f"Not a valid {cls.__name__}: {problem}", body=value, advice=_KEPT)
        object.__setattr__(unknown, "_error", error)
        return unknown

    @classmethod
    def _resolve(cls, tag: str) -> Validate | None:
        entries = cls.members.get(tag, "").split()
        if not entries:
            return None
        first, last = _validator(entries[0]), _validator(entries[-1])

        def pick(value: JsonObject) -> Model:
            return first(value) if _is_output_message(value) else last(value)

        cls._validators[tag] = first if len(entries) == 1 else pick
        return cls._validators[tag]


def union_class(union: object) -> type[OpenUnion]:
    """Return the class of a union at run time; type checkers see a plain union."""
    return cast("type[OpenUnion]", union)


def _lazy_schema(name: str, validate: Callable[[Any], Any]) -> cs.CoreSchema:
    """Return a schema that validates by a function; in JSON Schema, it is no more than an outline."""

    def outline(_schema: object, _handler: object) -> JsonObject:
        return {"type": "object", "title": name}

    return cs.no_info_plain_validator_function(
        validate,
        serialization=AS_ANY,
        metadata={"pydantic_js_functions": [outline]},
    )


class Reference:
    """The base of stand-ins for classes of other modules, which are loaded when a value first needs them."""

    entry: ClassVar[str]

    def __new__(cls, **data: Any) -> Any:
        """Return an object of the class that it stands for."""
        return cls.model()(**data)

    @classmethod
    def model(cls) -> type[Model]:
        """Return the class that it stands for."""
        return _load(cls.entry)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> cs.CoreSchema:
        if _building.get() is None:
            return handler.generate_schema(cls.model())
        return _lazy_schema(cls.__name__, lambda value: validate_nested(cls.model(), value))


def reference(entry: str) -> type[Reference]:
    """Return a stand-in for `module.Class`."""
    return type(entry.partition(".")[2], (Reference,), {"entry": entry})


@cache
def _load(entry: str) -> type[Model]:
    module, _, name = entry.partition(".")
    return cast("type[Model]", getattr(import_module(f"{__package__}.{module}"), name))


def _validator(entry: str) -> Validate:
    model = _load(entry)
    model.model_rebuild()
    return cast("Validate", model.__pydantic_validator__.validate_python)


def _is_output_message(value: JsonObject) -> bool:
    return value.get("role") in ("assistant", None) and not isinstance(value.get("content"), str)
