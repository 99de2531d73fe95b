"""The log of the variable RESPONSES_CLIENT_LOG."""

from __future__ import annotations

import io
import logging
import pickle
import subprocess
import sys
from collections.abc import Iterator

import httpx
import pytest

from responses_client import Client
from responses_client._base import log_setup
from responses_client._calls.settings import resolve
from responses_client.testing import Server

logger = logging.getLogger("responses_client")


@pytest.fixture(autouse=True)
def nothing_set_up(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A program that has not set up logging, where nothing was logged before."""
    monkeypatch.setattr(log_setup, "_values_seen", set[str]())
    # Not the root of this process, which has the handlers of pytest.
    monkeypatch.setattr(logger, "parent", logging.RootLogger(logging.WARNING))
    monkeypatch.setattr(logger, "handlers", [])
    yield
    logger.setLevel(logging.NOTSET)


def root() -> logging.Logger:
    assert logger.parent is not None
    return logger.parent


def lines(text: str) -> list[str]:
    return [line.partition(" responses_client: ")[2] for line in text.splitlines()]


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("debug", ["a", "b", "c"]),
        ("info", ["b", "c"]),
        (" Info ", ["b", "c"]),
        ("warning", ["c"]),
        ("error", []),
    ],
)
def test_level_of_the_variable_is_shown_on_standard_error(
    capsys: pytest.CaptureFixture[str], value: str, shown: list[str]
) -> None:
    resolve({"RESPONSES_CLIENT_LOG": value})
    logger.debug("a")
    logger.info("b")
    logger.warning("c")
    assert lines(capsys.readouterr().err) == shown


def test_line_has_time_level_and_logger(capsys: pytest.CaptureFixture[str]) -> None:
    resolve({"RESPONSES_CLIENT_LOG": "info"})
    logger.info("Hi")
    date, time, rest = capsys.readouterr().err.split(" ", 2)
    assert (date.count("-"), time.count(":"), rest) == (2, 2, "INFO responses_client: Hi\n")


@pytest.mark.parametrize("value", ["", "  "])
def test_blank_variable_sets_up_nothing(value: str) -> None:
    resolve({"RESPONSES_CLIENT_LOG": value})
    assert (logger.handlers, logger.level) == ([], logging.NOTSET)


def test_variable_takes_effect_once_so_that_the_program_can_change_the_level(
    capsys: pytest.CaptureFixture[str],
) -> None:
    resolve({"RESPONSES_CLIENT_LOG": "debug"})
    logger.setLevel(logging.ERROR)
    resolve({"RESPONSES_CLIENT_LOG": "debug"})
    logger.warning("quiet")
    assert capsys.readouterr().err == ""
    assert len(logger.handlers) == 1


def test_value_that_is_no_level_is_one_line_without_secrets(capsys: pytest.CaptureFixture[str]) -> None:
    for _ in range(2):
        resolve({"RESPONSES_CLIENT_LOG": "sk-proj-1234567890abcdef\nx"})
    assert capsys.readouterr().err == (
        "RESPONSES_CLIENT_LOG must be 'info' or 'debug', got 'sk-*** x'; it is ignored\n"
    )
    assert (logger.handlers, logger.level) == ([], logging.NOTSET)


@pytest.mark.parametrize("of_root", [True, False])
@pytest.mark.parametrize("is_first", [True, False])
def test_handler_of_the_program_gets_each_message_once(
    capsys: pytest.CaptureFixture[str], of_root: bool, is_first: bool
) -> None:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    of_program = root() if of_root else logger
    if is_first:
        of_program.addHandler(handler)
    resolve({"RESPONSES_CLIENT_LOG": "debug"})
    of_program.addHandler(handler)
    logger.debug("once")
    assert (written.getvalue(), capsys.readouterr().err) == ("once\n", "")


def test_handler_that_messages_do_not_reach_does_not_count(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logger, "propagate", False)
    root().addHandler(logging.NullHandler())
    resolve({"RESPONSES_CLIENT_LOG": "debug"})
    logger.debug("shown")
    assert lines(capsys.readouterr().err) == ["shown"]


def test_standard_error_is_looked_up_at_each_message(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    resolve({"RESPONSES_CLIENT_LOG": "debug"})
    other = io.StringIO()
    for stream in (other, None):  # as of a program without a console
        monkeypatch.setattr(sys, "stderr", stream)
        logger.debug("moved")
    assert (lines(other.getvalue()), capsys.readouterr().err) == (["moved"], "")


def test_client_logs_its_calls_without_its_key(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("RESPONSES_CLIENT_LOG", "debug")
    with Server() as server:
        http_client = httpx.Client(transport=server.transport())
        client = Client(api_key="sk-secret-1234567890", http_client=http_client)
        client.responses.create(model="m", input="private")
    text = capsys.readouterr().err
    assert "responses.create: POST" in text
    assert "responses.create: 200 req_" in text
    assert "1234567890" not in text
    assert "private" not in text


def test_program_without_the_variable_does_not_load_the_module() -> None:
    code = "import sys, responses_client; responses_client.Client(api_key='k'); print('responses_client._base.log_setup' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "False\n"


def test_client_that_came_in_a_pickle_starts_the_log(monkeypatch: pytest.MonkeyPatch) -> None:
    data = pickle.dumps(Client(api_key="k"))
    monkeypatch.setenv("RESPONSES_CLIENT_LOG", "info")
    pickle.loads(data)
    assert logger.level == logging.INFO
