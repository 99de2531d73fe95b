"""The names that `responses_client.testing` exports, and the paths under which tracebacks show them."""

from __future__ import annotations

import pickle
import subprocess
import sys

import pytest

from responses_client import testing
from responses_client.testing import ConnectionBroken, UnexpectedRequest

MISMATCH = """
from responses_client.testing import Server

server = Server().expect(user="Bye").reply("Hello")
server.client().responses.create(model="m", input="Hi")
"""


def test_exported_names_are_these() -> None:
    names = [
        "Answer",
        "AsyncServer",
        "Cassette",
        "CassetteError",
        "ConnectionBroken",
        "NotRecorded",
        "RateLimit",
        "RecordedRequest",
        "Server",
        "UnexpectedRequest",
        "VirtualClock",
        "Webhook",
        "sign_webhook",
    ]
    assert dir(testing) == testing.__all__ == names


@pytest.mark.parametrize("name", testing.__all__)
def test_exported_name_has_its_public_path(name: str) -> None:
    exported = getattr(testing, name)
    assert (exported.__module__, exported.__qualname__) == ("responses_client.testing", name)
    assert pickle.loads(pickle.dumps(exported)) is exported


def test_traceback_shows_the_public_path_of_an_error_that_was_never_imported() -> None:
    ended = subprocess.run([sys.executable, "-c", MISMATCH], check=False, capture_output=True, text=True)
    assert "\nresponses_client.testing.UnexpectedRequest: The request POST /v1/responses" in ended.stderr


@pytest.mark.parametrize("cls", [ConnectionBroken, UnexpectedRequest])
def test_errors_pickle(cls: type[Exception]) -> None:
    error = pickle.loads(pickle.dumps(cls("It is not as expected.")))
    assert type(error) is cls
    assert str(error) == "It is not as expected."


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Sever'"):
        testing.Sever  # noqa: B018  # reading it raises
