"""Errors keep no frame and no cause that shows a secret."""

from __future__ import annotations

import json
import traceback
from collections.abc import Iterator, Mapping
from typing import Any

import httpx
import pytest

from responses_client._base.error_frames import (
    Hidden,
    HiddenFrames,
    HiddenValues,
    hide_values,
    without_frames,
    without_secrets,
)
from responses_client._base.redaction import NO_SECRETS, Redactor
from responses_client.errors import ConfigurationError, ResponseValidationError

SECRET = "long-secret"
REDACTOR = Redactor([SECRET])


def raised(error: BaseException, cause: BaseException | None = None) -> BaseException:
    """The error as it is after it was raised below a variable with a secret."""
    header = SECRET
    try:
        raise error from cause
    except BaseException as caught:
        assert header
        return caught


def frames(error: BaseException) -> list[str]:
    return [frame.f_code.co_name for frame, _ in traceback.walk_tb(error.__traceback__)]


def test_cause_loses_its_frames_and_says_where_it_was_raised() -> None:
    behind = raised(OSError("reset"))
    error = raised(httpx.ReadError("broken"), behind)

    assert without_frames(error) is error
    assert error.__cause__ is behind
    assert [frames(one) for one in (error, behind)] == [[], []]
    (note,) = error.__notes__
    assert note.startswith(f"Raised in raised ({__file__}, line ")


def test_cause_that_is_raised_twice_has_one_note() -> None:
    error = OSError("reset")
    for _ in range(2):
        without_frames(raised(error))

    assert len(error.__notes__) == 1


def test_cause_that_was_never_raised_has_no_note() -> None:
    error = OSError("reset")

    assert without_frames(error) is error
    assert not hasattr(error, "__notes__")


def test_there_may_be_no_cause() -> None:
    assert without_frames(None) is None


def test_members_of_a_group_lose_their_frames_too() -> None:
    member = raised(OSError("reset"))

    without_frames(ExceptionGroup("several", [member]))

    assert frames(member) == []


@pytest.mark.parametrize("place", ["error", "cause", "context"])
def test_cause_that_quotes_a_secret_is_none(place: str) -> None:
    quoting = OSError(f"no {SECRET.replace('-', '%2d')}")
    error = quoting if place == "error" else OSError("x")
    if place == "cause":
        error.__cause__ = quoting
    if place == "context":
        error.__context__ = quoting

    assert without_frames(error, REDACTOR) is None


def test_request_of_a_cause_keeps_its_url_and_nothing_secret() -> None:
    url = f"https://api.test/v1?key={SECRET}&x={SECRET}&n=1"
    request = httpx.Request("POST", url, headers={"x-key": SECRET}, content=SECRET)
    error = httpx.ReadError("broken", request=request)

    without_frames(error, REDACTOR)

    assert str(error.request.url) == "https://api.test/v1?key=***&x=***&n=1"
    assert error.request.method == "POST"
    assert SECRET not in str(dict(error.request.headers))
    assert error.request.content == b""


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        (f"a {SECRET}", "a ***"),
        ({"a": [SECRET, 1]}, {"a": ["***", 1]}),
        ({"a": f"{SECRET} \ud800"}, {"a": "*** \ud800"}),
        ({"a": "\ud800"}, {"a": "\ud800"}),
        (None, None),
    ],
)
def test_error_about_a_part_of_an_answer_masks_what_it_quotes(body: Any, shown: Any) -> None:
    cause = raised(ValueError(f"not {SECRET}"))
    error = raised(ResponseValidationError(f"Wrong: {SECRET}", body=body), cause)

    assert without_secrets(error, REDACTOR) is error
    assert isinstance(error, ResponseValidationError)
    assert error.body == shown
    assert error.message == "Wrong: ***"
    assert SECRET not in str(error)
    assert error.__cause__ is None
    assert error.__context__ is None
    assert frames(error) == []


def test_error_that_quotes_no_secret_keeps_its_cause_and_body() -> None:
    cause, body = raised(ValueError("not that")), {"a": float("inf")}
    error = raised(ResponseValidationError("Wrong", body=body), cause)

    without_secrets(error, REDACTOR)

    assert isinstance(error, ResponseValidationError)
    assert error.body is body
    assert error.__cause__ is cause
    assert frames(cause) == []


def refuse(options: dict[str, Any]) -> None:
    raise ConfigurationError("no") from ValueError(options["api_key"])


def test_error_in_options_keeps_neither_frames_nor_options() -> None:
    options = {"api_key": SECRET}
    with pytest.raises(ConfigurationError) as caught, HiddenFrames(options):
        refuse(options)

    assert "refuse" not in frames(caught.value)
    assert options == {}


def test_context_that_is_not_shown_is_not_kept() -> None:
    def refuse() -> None:
        try:
            raise KeyError(SECRET)
        except KeyError:
            raise ConfigurationError("no") from None

    with pytest.raises(ConfigurationError) as caught, HiddenFrames():
        refuse()

    assert caught.value.__context__ is None


def test_other_exceptions_keep_their_frames() -> None:
    options = {"api_key": SECRET}
    with pytest.raises(ZeroDivisionError) as caught, HiddenFrames(options):
        frames(1 / 0)

    assert options == {"api_key": SECRET}
    assert caught.value.__traceback__ is not None


def test_block_without_an_error_changes_nothing() -> None:
    options = {"api_key": SECRET}
    with HiddenFrames(options):
        pass

    assert options == {"api_key": SECRET}


class Lazy(Mapping[str, str]):
    def __getitem__(self, name: str) -> str:
        return SECRET

    def __iter__(self) -> Iterator[str]:
        return iter(["x-key"])

    def __len__(self) -> int:
        return 1


@pytest.mark.parametrize("headers", [{"x-key": SECRET}, Lazy()])
def test_headers_among_arguments_are_hidden_in_place_and_work_as_before(headers: Any) -> None:
    arguments = {"extra_headers": headers, "extra_query": None, "model": "m"}

    hide_values(arguments)
    hide_values(arguments)

    hidden: Any = arguments["extra_headers"]
    assert repr(hidden) == hidden.sentry_repr() == "{'x-key': '***'}"
    assert isinstance(hidden, HiddenValues)
    assert dict(hidden) == {"x-key": SECRET}
    assert len(hidden) == 1
    assert arguments["extra_query"] is None


def test_headers_that_are_not_a_mapping_stay_for_the_check() -> None:
    arguments = {"extra_headers": ["x"]}

    hide_values(arguments)

    assert arguments == {"extra_headers": ["x"]}


def test_nothing_is_masked_without_secrets() -> None:
    error = ResponseValidationError("Wrong", body=SECRET)

    assert without_secrets(error, NO_SECRETS).body == SECRET


MCP = {"type": "mcp", "authorization": SECRET}


@pytest.mark.parametrize("tools", [[MCP, {"type": "function"}], (MCP, print)])
def test_credentials_of_tools_are_hidden_in_place_and_sent_as_before(tools: Any) -> None:
    for arguments in ({"tools": tools}, {"extra_body": {"tools": tools, "x": 1}}):
        shown = dict(arguments)

        hide_values(shown)

        assert SECRET not in repr(shown)
        assert json.dumps(shown, default=repr) == json.dumps(arguments, default=repr)
        assert SECRET not in shown.get("tools", [shown.get("extra_body")])[0].sentry_repr()
        assert SECRET not in repr({**shown.get("extra_body", {})})


@pytest.mark.parametrize(
    "arguments",
    [
        {"tools": [{"type": "function", "headers": {}}]},
        {"tools": 5},
        {"extra_body": {"x": 1}},
        {"extra_body": 5},
    ],
)
def test_arguments_without_credentials_stay_the_same_objects(arguments: dict[str, Any]) -> None:
    given = dict(arguments)

    hide_values(arguments)

    assert all(arguments[name] is value for name, value in given.items())


def test_hidden_value_is_not_shown() -> None:
    hidden = Hidden(SECRET)

    assert repr(hidden) == "<hidden str>"
    assert hidden.value == SECRET
