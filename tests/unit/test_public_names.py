"""The names that programs rely on: removing one is a breaking change."""

from __future__ import annotations

import importlib
import pickle
import re
import subprocess
import sys
import traceback
from pathlib import Path
from typing import ForwardRef, get_type_hints

import pytest

import responses_client
from responses_client import errors

NAMES = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncClient",
    "AsyncEventStream",
    "AsyncOptions",
    "AsyncPage",
    "AsyncPager",
    "AsyncParsedResponseStream",
    "AsyncResponseMap",
    "AsyncResponseStream",
    "AsyncRunParams",
    "AsyncRunStream",
    "AsyncSteering",
    "AsyncWebSocketSession",
    "AuthenticationError",
    "BadRequestError",
    "BatchLineParams",
    "BatchResults",
    "CallableTool",
    "Client",
    "ConfigurationError",
    "ConflictError",
    "EventStream",
    "FileInput",
    "InternalServerError",
    "MapResult",
    "MaxTurnsExceeded",
    "NotFoundError",
    "Options",
    "Page",
    "ParseError",
    "ParsedResponse",
    "ParsedResponseStream",
    "ParsedRunResult",
    "PendingCall",
    "PermissionDeniedError",
    "Progress",
    "RateLimitError",
    "RateLimits",
    "RawAnswer",
    "RefusalError",
    "RequestInfo",
    "RequestOptions",
    "RequestValidationError",
    "ResponseInfo",
    "ResponseMap",
    "ResponseMeta",
    "ResponseStream",
    "ResponseValidationError",
    "ResponsesClientError",
    "ResumeToken",
    "RunContext",
    "RunEvent",
    "RunParams",
    "RunResult",
    "RunStream",
    "RunTool",
    "SessionCreateParams",
    "Steering",
    "StreamError",
    "StreamInterrupted",
    "ToolCalled",
    "ToolDefinitionError",
    "ToolError",
    "ToolExecutionError",
    "ToolReturned",
    "TransferProgress",
    "Turn",
    "TurnEnded",
    "UnprocessableEntityError",
    "WaitTimeout",
    "WebSocketSession",
    "WebhookSignatureError",
    "__version__",
    "batch_line",
    "custom_tool",
    "errors",
    "models",
    "read_batch",
    "testing",
    "text_format",
    "tool",
    "write_batch",
]


def test_public_names_are_these() -> None:
    assert responses_client.__all__ == NAMES
    assert dir(responses_client) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_each_public_name_leads_somewhere(name: str) -> None:
    vars(responses_client).pop(name, None) if name not in (
        "__version__",
        "errors",
        "models",
        "testing",
    ) else None

    assert getattr(responses_client, name) is getattr(responses_client, name)


def test_other_names_are_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="module 'responses_client' has no attribute 'Clinet'"):
        responses_client.Clinet  # noqa: B018  # reading it raises


def test_type_checkers_see_the_same_names() -> None:
    source = Path(responses_client.__file__).read_text()
    imported = re.findall(r"^ *from \.\S* import \w+ as (\w+)$", source, re.MULTILINE)

    assert sorted(imported) == NAMES


def test_errors_at_the_top_are_those_of_the_errors_module() -> None:
    errors = importlib.import_module("responses_client.errors")

    assert set(errors.__all__) - set(NAMES) == {"FieldError"}
    for name in set(errors.__all__) & set(NAMES):
        assert getattr(responses_client, name) is getattr(errors, name)


def test_errors_pickle_by_their_public_module() -> None:
    error = pickle.loads(pickle.dumps(responses_client.ConfigurationError("No.")))

    assert type(error) is responses_client.ConfigurationError
    assert type(error).__module__ == "responses_client.errors"


MODULES = {"errors", "models", "testing"}
TYPE_ALIASES = {"FileInput", "RunEvent", "RunTool"}  # unions, which have no path
ERRORS = sorted(set(NAMES) & set(errors.__all__))
OTHERS = sorted(set(NAMES) - {*ERRORS, *MODULES, *TYPE_ALIASES, "__version__"})


@pytest.mark.parametrize("name", OTHERS)
def test_name_shows_its_public_path(name: str) -> None:
    exported = getattr(responses_client, name)

    assert (exported.__module__, exported.__qualname__) == ("responses_client", name)
    assert pickle.loads(pickle.dumps(exported)) is exported


@pytest.mark.parametrize("name", ERRORS)
def test_error_shows_its_public_path(name: str) -> None:
    error = getattr(responses_client, name)

    assert (error.__module__, error.__qualname__) == ("responses_client.errors", name)
    assert pickle.loads(pickle.dumps(error)) is error


PICKLED = r"""
import pickle, sys
print(*(f"{thing.__module__}.{thing.__qualname__}" for thing in pickle.load(sys.stdin.buffer)))
"""


def test_pickles_name_public_paths_that_a_new_process_finds() -> None:
    things = [getattr(responses_client, name) for name in OTHERS]
    pickles = pickle.dumps(things)
    found = subprocess.run([sys.executable, "-c", PICKLED], input=pickles, capture_output=True, check=True)

    assert found.stdout.decode().split() == [f"responses_client.{name}" for name in OTHERS]
    assert b"responses_client._" not in pickles


@pytest.mark.parametrize("error", [*map(errors.__dict__.get, ERRORS)], ids=ERRORS)
def test_traceback_of_an_error_shows_its_public_path(error: type[Exception]) -> None:
    instance = error.__new__(error, "It failed.")
    (line,) = traceback.format_exception_only(error, instance)

    assert line.startswith(f"responses_client.errors.{error.__name__}: ")


@pytest.mark.parametrize(
    "name", ["RateLimits", "RequestInfo", "ResponseMeta", "ResumeToken", "RunResult", "Turn"]
)
def test_annotations_of_public_classes_can_be_evaluated(name: str) -> None:
    exported = getattr(responses_client, name)
    hints = get_type_hints(exported)

    assert list(hints) == list(exported.__annotations__)
    assert not [hint for hint in hints.values() if isinstance(hint, (str, ForwardRef))]


def test_import_loads_nothing_before_it_is_used() -> None:
    program = "import sys, responses_client; print(*sorted(m for m in sys.modules if m.startswith('respon')))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert found.stdout.split() == ["responses_client", "responses_client._version"]


LIST = """
modules = [name for name in sys.modules if name.startswith("responses_client.")]
print(*modules, *{"pydantic", "pydantic_core"} & {*sys.modules})
"""
MADE = {
    "responses_client": "_base _calls _client _client_base _client_core _transport _version errors",
    "responses_client._base": (
        "api_keys cached clock docstrings error_bodies error_frames field_errors foreign_errors forks http"
        " json_types keywords messages option_types overrides public redaction retry stream_failures validation waits"
    ),
    "responses_client._calls": "settings",
    "responses_client._transport": "chunks environment framing http_library keyed_locks pools protocols sockets sync",
}
FIRST_EVENT = r"""
import sys, httpx
from responses_client import Client

event = b'data: {"type": "response.created", "response": {"id": "resp_1", "tools": [{"type": "function", "name": "f"}]}}'
answer = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=event + b"\n\n")
with httpx.Client(transport=httpx.MockTransport(lambda _: answer)) as http_client:
    client = Client(api_key="x", http_client=http_client)
    with client.responses.create(model="gpt-5-mini", input="Hi", stream=True) as stream:
        assert next(stream).response.tools[0].name == "f"
"""
READ = {
    "": "pydantic pydantic_core",
    "responses_client._base": "error_copies",
    "responses_client": "_events _streaming models resources",
    "responses_client._calls": "answers attempts auth endpoints operation plain_data request typos",
    "responses_client._events": "decoder sse stream_state",
    "responses_client._streaming": "http_source source streams",
    "responses_client.models": (
        "_base _first_builds _markers _pydantic_versions _results _stand_ins _tolerance _unions events response tools"
    ),
    "responses_client.resources": "_responses batched_responses responses",
}


def loaded_by(program: str) -> set[str]:
    found = subprocess.run([sys.executable, "-c", program + LIST], capture_output=True, text=True, check=True)
    return {*found.stdout.split()}


def modules(rooms: dict[str, str]) -> set[str]:
    return {f"{room}.{name}".lstrip(".") for room, names in rooms.items() for name in names.split()}


def test_making_a_client_loads_its_settings_and_the_http_library_alone() -> None:
    assert loaded_by("import sys; from responses_client import Client; Client(api_key='x')") == modules(MADE)


def test_first_event_loads_no_models_but_those_in_it_and_nothing_that_few_calls_need() -> None:
    assert loaded_by(FIRST_EVENT) - modules(MADE) == modules(READ)


@pytest.mark.parametrize("name", ["errors", "models", "testing"])
def test_modules_are_loaded_when_first_asked_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(responses_client, name, raising=False)

    assert getattr(responses_client, name) is importlib.import_module(f"responses_client.{name}")


def test_aliases_do_not_get_in_the_way_of_type_hints() -> None:
    code = (
        "from typing import get_type_hints; from responses_client import RunEvent, RunParams, RunTool;"
        "print('tools' in get_type_hints(RunParams))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["True"]
