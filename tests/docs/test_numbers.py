"""Numbers and lists on the pages are those of the code: counts, statuses, defaults, bounds, the tree of errors."""

from __future__ import annotations

import re

import pytest
from snippets import PAGES, ROOT, name

from responses_client import errors
from responses_client._base.retry import (
    LONGEST_WAIT_SECONDS,
    RETRIED_STATUSES,
    Policy,
    StatusFailure,
    may_pass,
)
from responses_client._calls import answers
from responses_client._calls.settings import Settings
from responses_client._events import decoder
from responses_client._websocket import connection
from responses_client.resources.responses import DEFAULT_CONCURRENCY
from responses_client.testing import _bounds, _file_store

DOCS = ROOT / "docs"


def read(title: str) -> str:
    return (DOCS / f"{title}.md").read_text("utf-8")


def page(title: str) -> str:
    return " ".join(read(title).split())


def table_row(title: str, first: str) -> list[str]:
    """Return the cells of the row of a page whose first cell is this text."""
    rows = re.findall(r"^\|(.*)\|$", read(title), re.MULTILINE)
    found = [cells for row in rows if (cells := [cell.strip() for cell in row.split("|")])[0] == first]
    assert len(found) == 1, first
    return found[0]


def as_bytes(text: str) -> int:
    number, unit = text.split()
    return int(number) * {"KiB": 2**10, "MiB": 2**20}[unit]


# Counts

COUNTED = r"(?:event|item|tool|error|exception|model|endpoint|method|webhook|annotation|part)s?"
COUNT = re.compile(
    rf"\b(\d+|twenty|thirty|forty|fifty|sixty) (?:types of |kinds of )?{COUNTED}(?: (?:types|classes|kinds))?\b"
)
MEASURED = {"benchmarks.md", "reliability.md", "README.md"}  # their numbers are results of runs


def test_no_page_counts_what_the_schema_adds_to() -> None:
    """A count is wrong with the next event. Where it says more than "each", test it here against the schema."""
    found = [
        (name(path), match[0])
        for path in PAGES
        if path.name not in MEASURED
        for match in COUNT.finditer(re.sub(r"`[^`]*`", "``", path.read_text("utf-8")))
    ]
    assert found == []


def test_scan_finds_counts() -> None:
    text = "Each of the 59 event types, 17 tools and sixty kinds of items"
    assert [match[0] for match in COUNT.finditer(text)] == [
        "59 event types",
        "17 tools",
        "sixty kinds of items",
    ]


# Retries


def test_retried_statuses_are_those_of_the_policy() -> None:
    statuses = {status for status in range(400, 600) if may_pass(StatusFailure(status, {}))}
    assert statuses == {*RETRIED_STATUSES, *range(500, 600)}
    listed = ", ".join(map(str, sorted(RETRIED_STATUSES)))
    assert f"or the answer has status {listed} or 500 and above." in page("requests")


def test_retried_statuses_are_listed_on_one_page_alone() -> None:
    files = [*PAGES, *(ROOT / "responses_client").rglob("*.py")]
    pattern = re.compile(r"\b408,? (?:and |or )?409\b")
    fenced = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
    listing = [path.name for path in files if pattern.search(fenced.sub("", path.read_text("utf-8")))]
    assert listing == ["requests.md", "retry.py"]


def test_waits_before_retries_are_those_of_the_policy() -> None:
    policy = Policy()
    assert (policy.initial, policy.maximum, policy.max_retry_after) == (0.5, 8.0, LONGEST_WAIT_SECONDS)
    text = page("requests")
    assert (
        f"is respected up to {LONGEST_WAIT_SECONDS:.0f} seconds; otherwise waits grow from half a second to eight"
        in text
    )
    assert f"would have to wait longer than {LONGEST_WAIT_SECONDS:.0f} seconds" in text


# Defaults


OPTIONS = [
    *("timeout", "connect_timeout", "deadline", "idle_timeout", "max_retries", "max_redirects"),
    *("strict", "validate_requests", "max_event_bytes", "max_response_bytes"),
]


def shown(value: object) -> str:
    return "none" if value is None else f"{value:g}" if isinstance(value, float) else str(value)


@pytest.mark.parametrize("option", OPTIONS)
def test_default_of_an_option_is_that_of_the_settings(option: str) -> None:
    cell, default = table_row("requests", f"`{option}`")[2].strip("`"), getattr(Settings(), option)
    assert (as_bytes(cell) if option.endswith("_bytes") else cell) == (
        default if option.endswith("_bytes") else shown(default)
    )


def test_defaults_of_sessions_are_those_of_the_connection() -> None:
    assert table_row("websocket", "`ping_interval`")[1] == shown(connection._DEFAULT_PING_INTERVAL_SECONDS)
    assert table_row("websocket", "`ping_timeout`")[1] == shown(connection._DEFAULT_PING_TIMEOUT_SECONDS)
    assert (
        as_bytes(table_row("websocket", "`max_buffered_bytes`")[1]) == connection._DEFAULT_MAX_BUFFERED_BYTES
    )


def test_defaults_of_maps_are_those_of_the_method() -> None:
    assert (
        f"in flight, {DEFAULT_CONCURRENCY} by default" in table_row("many-requests", "`max_concurrency`")[1]
    )
    assert f"The default of {DEFAULT_CONCURRENCY} is below" in page("many-requests")


# Bounds


@pytest.mark.parametrize(
    ("title", "first", "column", "value"),
    [
        ("security", "`max_event_bytes`", 1, Settings().max_event_bytes),
        ("security", "`max_response_bytes`", 1, Settings().max_response_bytes),
        (
            "security",
            "`max_buffered_bytes` of [sessions](websocket.md)",
            1,
            connection._DEFAULT_MAX_BUFFERED_BYTES,
        ),
        ("security", "body of an error, or of an answer that is not JSON", 1, answers.MAX_KEPT_BYTES),
        ("security", "bytes kept for a snapshot", 1, decoder.MAX_KEPT_BYTES),
        ("requests", "the body of an error, or of an answer that is not JSON", 1, answers.MAX_KEPT_BYTES),
        ("embedded-server", "message on a WebSocket", 1, _bounds.MAX_BODY_BYTES),
    ],
)
def test_bound_is_that_of_the_code(title: str, first: str, column: int, value: int) -> None:
    assert as_bytes(table_row(title, first)[column]) == value


def test_bounds_of_the_embedded_server_are_those_of_the_code() -> None:
    head = table_row("embedded-server", "request line and headers")[1].split(", within ")
    body = table_row("embedded-server", "body of a request (also of `server.app()`)")[1].split(", within ")
    assert (as_bytes(head[0]), head[1]) == (_bounds.MAX_HEAD_BYTES, f"{_bounds.HEAD_SECONDS:g} s")
    assert (as_bytes(body[0]), body[1]) == (_bounds.MAX_BODY_BYTES, f"{_bounds.BODY_SECONDS:g} s")
    assert table_row("embedded-server", "connections at once, WebSockets included")[1] == str(
        _bounds.MAX_CONNECTIONS
    )
    file = table_row("embedded-server", "a file, which reaches this size in process only")[1]
    assert as_bytes(file) == _file_store.MAX_FILE_BYTES
    assert (
        table_row("embedded-server", "all files together")[1] == f"{_file_store.MAX_STORED_BYTES >> 30} GiB"
    )


# Errors


def test_tree_of_errors_is_that_of_the_classes() -> None:
    lines = re.findall(
        r"^    ( *)(\w+Error|\w+Exceeded|\w+Interrupted|WaitTimeout)\b", read("errors"), re.MULTILINE
    )
    above: list[tuple[int, str]] = []
    shown_tree: dict[str, str] = {}
    for indent, error in lines:
        while above and above[-1][0] >= len(indent):
            above.pop()
        if above:
            shown_tree[error] = above[-1][1]
        above.append((len(indent), error))
    bases = {error: [base.__name__ for base in getattr(errors, error).__bases__] for error in shown_tree}
    assert all(base in bases[error] for error, base in shown_tree.items())
    assert {*shown_tree, "ResponsesClientError"} == {
        error
        for error in errors.__all__
        if isinstance(getattr(errors, error), type) and issubclass(getattr(errors, error), Exception)
    }


def test_statuses_in_the_tree_of_errors_are_those_of_the_classes() -> None:
    statuses = dict(re.findall(r"^ +(\w+Error) +(\d{3})(?: and above)?$", read("errors"), re.MULTILINE))
    assert {int(status): error for error, status in statuses.items()} == {
        **{status: cls.__name__ for status, cls in answers._STATUS_CLASSES.items()},
        500: "InternalServerError",
    }
