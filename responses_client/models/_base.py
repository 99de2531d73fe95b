"""What all generated models share: open unions, lossless JSON, validators built at first use.

Three rules live here and nowhere else:

* A nested model or union is validated through its own validator, fetched when a value first needs
  it. A class then costs its own fields only, and a union can name classes of modules not yet loaded.
* A malformed member of a union becomes the union's `Unknown…`; a malformed field of any other object
  is kept as raw data beside the typed fields. Both are logged. In strict mode both are errors.
* What came in goes out again: unset fields are not written, unknown fields and nulls are.
"""

import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal, Self, TypeAlias, TypeVar, cast, get_args, get_origin

from pydantic import BaseModel, ConfigDict, StrictBool, StrictInt, ValidationError
from pydantic_core import PydanticCustomError, SchemaSerializer, from_json, to_json
from pydantic_core import core_schema as cs

from .._error_text import field_path
from ..errors import ResponseValidationError

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import ErrorDetails

    from .._meta import ResponseMeta

__all__ = [
    "NULLS",
    "OPEN",
    "TEXT_OR",
    "Items",
    "JsonObject",
    "Model",
    "Number",
    "OpenUnion",
    "ResponseResult",
    "Result",
    "StrictBool",
    "StrictInt",
    "UnknownAnnotation",
    "UnknownContent",
    "UnknownEvent",
    "UnknownItem",
    "UnknownModel",
    "UnknownObject",
    "UnknownTool",
    "as_response_error",
    "dispatcher",
    "error_lines",
    "parse_json",
    "strict_validation",
]

logger = logging.getLogger("responses_client")

JsonObject: TypeAlias = dict[str, Any]
Entry: TypeAlias = Callable[[Any], "Model"]

_strict: ContextVar[bool] = ContextVar("responses_client_strict", default=False)
_building: ContextVar[type | None] = ContextVar("responses_client_building", default=None)
_as_any = cs.simple_ser_schema("any")
# Labels of union branches in error locations: the errors of hidden ones are not told.
_SHOWN, _HIDDEN = "~", "~hidden"


@contextmanager
def strict_validation(on: bool = True) -> Iterator[None]:
    """Make malformed data an error instead of `Unknown…` and raw fields, in this context."""
    token = _strict.set(on)
    try:
        yield
    finally:
        _strict.reset(token)


class Model(BaseModel):
    """A wire object. Unknown fields are kept; what was not set is not written."""

    model_config = ConfigDict(
        extra="allow",
        defer_build=True,
        protected_namespaces=(),
        serialize_by_alias=True,
        validate_by_alias=True,
        validate_by_name=False,
    )

    tags: ClassVar[tuple[str, ...]] = ()
    """Fields that tell the kind of the object; they are written although nobody set them."""

    if not TYPE_CHECKING:  # type checkers read the signature from the fields

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
            ResponseValidationError: The data does not fit the model.
        """
        return cls.from_json(to_json(data), strict=strict)

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
    def __get_pydantic_core_schema__(cls, source: Any, handler: "GetCoreSchemaHandler") -> cs.CoreSchema:
        if _building.get() in (None, cls):
            return handler(source)
        return _lazily(cls.__name__, lambda value: _validate_nested(cls, value))

    def __repr__(self) -> str:
        """Show what is set and not null, shortened."""
        values = {**self.__dict__, **(self.__pydantic_extra__ or {})}
        shown = [f"{k}={_short(v)}" for k, v in values.items() if v is not None and k not in self.tags]
        return f"{type(self).__name__}({', '.join(part for part in shown if not part.endswith('=[]'))})"

    __str__ = __repr__


class Result(Model):
    """A model that is the whole answer to a request."""

    __slots__ = ("_meta",)

    @property
    def meta(self) -> "ResponseMeta | None":
        """Request id, status, headers, rate limits, time and tries; None if it came from elsewhere."""
        return cast("ResponseMeta | None", getattr(self, "_meta", None))

    def __getstate__(self) -> dict[Any, Any]:
        return {**super().__getstate__(), "_meta": self.meta}

    def __setstate__(self, state: dict[Any, Any]) -> None:
        object.__setattr__(self, "_meta", state.pop("_meta"))
        super().__setstate__(state)


class ResponseResult(Result):
    """What the class `Response` has beyond its fields."""

    @property
    def output_text(self) -> str:
        """The text of all `output_text` parts of all messages, joined; empty if there is none."""
        items = cast("list[Any]", getattr(self, "output", []))
        parts = [part for item in items if item.type == "message" for part in item.content]
        return "".join(part.text for part in parts if part.type == "output_text" and not _is_unknown(part))


class UnknownModel(Model):
    """An object of a type this version does not know, or a malformed one of a type it knows.

    All its data is kept: as attributes, in `to_dict()`, and in `model_extra`.
    """

    __slots__ = ("_error",)

    type: str | None = None
    """The tag as the server sent it."""

    @property
    def error(self) -> ResponseValidationError | None:
        """Why the object does not fit the class of its type; None if the type is not known."""
        return cast("ResponseValidationError | None", getattr(self, "_error", None))

    def __getstate__(self) -> dict[Any, Any]:
        return {**super().__getstate__(), "_error": self.error}

    def __setstate__(self, state: dict[Any, Any]) -> None:
        object.__setattr__(self, "_error", state.pop("_error"))
        super().__setstate__(state)


class UnknownEvent(UnknownModel):
    """A stream event that fits no known class."""

    sequence_number: StrictInt | None = None
    """Position of the event in its stream."""


class UnknownItem(UnknownModel):
    """An input or output item that fits no known class."""

    id: str | None = None
    """Identifier of the item."""


class UnknownContent(UnknownModel):
    """A content part that fits no known class."""


class UnknownAnnotation(UnknownModel):
    """An annotation that fits no known class."""


class UnknownTool(UnknownModel):
    """A tool that fits no known class."""


class UnknownObject(UnknownModel):
    """A member of any other union that fits no known class."""


class OpenUnion:
    """Base of the run-time form of unions: picks the class by the tag `type`, at validation.

    Type checkers see a plain union of the members instead.
    """

    members: ClassVar[Mapping[str, str]]
    """Tag to `module.Class`; two classes where the message's form decides."""
    untagged: ClassVar[Mapping[str, str]] = {}
    """Field to tag, for objects that may leave `type` out: the first field present decides."""
    unknown: ClassVar[type[UnknownModel]] = UnknownObject
    _validators: ClassVar[dict[str, Entry]]
    _class_names: ClassVar[frozenset[str]]

    def __init_subclass__(cls) -> None:
        cls._validators = {}
        entries = " ".join(cls.members.values()).split()
        cls._class_names = frozenset([*(entry.partition(".")[2] for entry in entries), cls.unknown.__name__])

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: "GetCoreSchemaHandler") -> cs.CoreSchema:
        return _lazily(cls.__name__, cls.validate)

    @classmethod
    def validate(cls, value: object) -> Model:
        """Return the member that the object's tag names, or the union's `Unknown…`."""
        if not isinstance(value, dict):
            if isinstance(value, Model) and any(c.__name__ in cls._class_names for c in type(value).__mro__):
                return value
            raise PydanticCustomError("object_type", "Input should be an object with a `type`")
        data = cast("JsonObject", value)
        tag = data.get("type")
        if tag is None:
            tag = next((tag for field, tag in cls.untagged.items() if field in data), None)
            if tag is None and _strict.get():
                raise PydanticCustomError("no_type", "Input should be an object with a `type`")
        validate = (cls._validators.get(tag) or cls._resolve(tag)) if isinstance(tag, str) else None
        if validate is None:
            return _validate_nested(cls.unknown, data)
        try:
            return validate(data)
        except ValidationError as error:
            if _strict.get():
                raise
            return cls.as_unknown(data, error)

    @classmethod
    def member(cls, tag: str) -> type[Model] | None:
        """Return the class for a tag, loading its module if need be; None for an unknown tag."""
        entry = cls.members.get(tag)
        return _load(entry.partition(" ")[0]) if entry else None

    @classmethod
    def as_unknown(cls, value: JsonObject, error: ValidationError) -> UnknownModel:
        """Wrap a malformed object in the union's `Unknown…`, and log why."""
        unknown = _validate_nested(cls.unknown, value)
        name = str(value.get("type"))
        _log(cls.unknown.__name__, name, error)
        object.__setattr__(unknown, "_error", as_response_error(name, error, value))
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


class _NullList(list[Any]):
    """The empty list that stands for a null; written as null again unless something was added."""

    __pydantic_serializer__ = SchemaSerializer(
        cs.any_schema(serialization=cs.plain_serializer_function_ser_schema(lambda value: [*value] or None))
    )


class _Nulls:
    """Marks a list that servers may send as null: readers get an empty list."""

    def __get_pydantic_core_schema__(self, source: Any, handler: "GetCoreSchemaHandler") -> cs.CoreSchema:
        (item,) = get_args(source)
        items = cs.list_schema(handler.generate_schema(item), serialization=_as_any)
        null = cs.no_info_after_validator_function(lambda _: _NullList(), cs.none_schema())
        return cs.union_schema([(items, _SHOWN), (null, _HIDDEN)], mode="left_to_right", serialization=_as_any)


class _Open:
    """Marks a string of which some values are known: any string is kept."""

    def __get_pydantic_core_schema__(self, source: Any, handler: "GetCoreSchemaHandler") -> cs.CoreSchema:
        return cs.str_schema(strict=True)


class _IntOrFloat:
    """Marks a number: an integer stays one, so that what came in goes out again."""

    def __get_pydantic_core_schema__(self, source: Any, handler: "GetCoreSchemaHandler") -> cs.CoreSchema:
        whole, real = cs.int_schema(strict=True), cs.float_schema(strict=True)
        return cs.union_schema([(whole, _HIDDEN), (real, _SHOWN)], mode="left_to_right", serialization=_as_any)


class _TextOr:
    """Marks a field that takes text or one structured form, with one error for both."""

    def __get_pydantic_core_schema__(self, source: Any, handler: "GetCoreSchemaHandler") -> cs.CoreSchema:
        (other,) = (kind for kind in get_args(source) if kind is not str and get_origin(kind) is not Literal)
        is_list = get_origin(other) is list
        message = f"Input should be a string or {'a list' if is_list else 'an object'}"
        wanted = (list, tuple) if is_list else (dict, Model)

        def validate(value: object, validate_other: cs.ValidatorFunctionWrapHandler) -> object:
            if isinstance(value, str):
                return value
            if not isinstance(value, wanted):
                raise PydanticCustomError("text_or", message)
            return validate_other(value)

        return cs.no_info_wrap_validator_function(
            validate, handler.generate_schema(other), serialization=_as_any
        )


NULLS = _Nulls()
OPEN = _Open()
TEXT_OR = _TextOr()
_T = TypeVar("_T")
Items = Annotated[list[_T], NULLS]
Number = Annotated[float, _IntOrFloat()]
_M = TypeVar("_M", bound=Model)


def parse_json(cls: type[_M], data: str | bytes) -> _M:
    """Validate JSON text; in lenient mode malformed fields are kept as raw data.

    Raises:
        ValidationError: The text is no JSON, no object, or cannot be saved.
    """
    try:
        return cast("_M", cls.__pydantic_validator__.validate_json(data))
    except ValidationError as error:
        if _strict.get() or error.errors(include_url=False)[0]["type"] == "json_invalid":
            raise
        return _without_bad_fields(cls, from_json(data), error)


def _validate_nested(cls: type[_M], value: object) -> _M:
    if isinstance(value, cls):
        return value
    try:
        return cast("_M", cls.__pydantic_validator__.validate_python(value))
    except ValidationError as error:
        if _strict.get():
            raise
        return _without_bad_fields(cls, value, error)


def _without_bad_fields(cls: type[_M], value: object, error: ValidationError) -> _M:
    """Keep malformed fields as raw data beside the typed ones, if the object makes sense without."""
    bad = {line["loc"][0] for line in error_lines(error) if line["loc"]}
    if not isinstance(value, dict) or not bad:
        raise error
    data = cast("JsonObject", value)
    try:
        model = cast(
            "_M", cls.__pydantic_validator__.validate_python({k: v for k, v in data.items() if k not in bad})
        )
    except ValidationError:
        raise error from None
    _log("raw data", cls.__name__, error)
    cast("JsonObject", model.__pydantic_extra__).update({k: v for k, v in data.items() if k in bad})
    return model


def error_lines(error: ValidationError) -> "list[ErrorDetails]":
    """Return what is wrong, at locations that name only fields and indexes."""
    lines = [line for line in error.errors(include_url=False) if _HIDDEN not in line["loc"]]
    for line in lines:
        line["loc"] = tuple(step for step in line["loc"] if step != _SHOWN)
    return lines


def as_response_error(name: str, error: ValidationError, body: object) -> ResponseValidationError:
    """Say which part of the data does not fit the class."""
    problem = error_lines(error)[0]
    path = field_path(problem["loc"]) or None
    advice = "pass strict=False to keep it as raw data"
    return ResponseValidationError(f"No valid {name}: {problem['msg']}", path=path, body=body, advice=advice)


def _log(kept_as: str, name: str, error: ValidationError) -> None:
    problem = error_lines(error)[0]
    place = field_path(problem["loc"])
    logger.warning("Malformed %s kept as %s: %s at %s", name, kept_as, problem["msg"], place or "its root")


def _lazily(name: str, validate: Callable[[Any], Any]) -> cs.CoreSchema:
    """Return a schema that validates by the function; JSON Schema gets an outline only."""
    outline = {"type": "object", "title": name}
    return cs.no_info_plain_validator_function(
        validate,
        serialization=_as_any,
        metadata={"pydantic_js_functions": [lambda _schema, _handler: outline]},
    )


def _load(entry: str) -> type[Model]:
    module, _, name = entry.partition(".")
    return cast("type[Model]", getattr(import_module(f"{__package__}.{module}"), name))


def _validator(entry: str) -> Entry:
    model = _load(entry)
    model.model_rebuild()
    return cast("Entry", model.__pydantic_validator__.validate_python)


def _is_output_message(value: JsonObject) -> bool:
    return value.get("role") in ("assistant", None) and not isinstance(value.get("content"), str)


def _is_unknown(value: object) -> bool:
    return isinstance(value, UnknownModel)


def _short(value: object) -> str:
    if isinstance(value, str) and len(value) > 60:
        return repr(f"{value[:57]}...")
    if isinstance(value, Model):
        return f"{type(value).__name__}(...)"
    if isinstance(value, (list, dict)) and value:
        items = cast("list[object] | JsonObject", value)
        return f"<{len(items)} {'items' if isinstance(items, list) else 'keys'}>"
    return repr(value)
