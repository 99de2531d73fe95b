"""The names that programs rely on: removing one is a breaking change."""

from __future__ import annotations

import importlib
import pickle
import re
import subprocess
import sys
from pathlib import Path

import pytest

import responses_client

NAMES = [
    "APIConnectionError",
    "APIError",
    "APIStatusError",
    "APITimeoutError",
    "AsyncClient",
    "AsyncEventStream",
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
    "CallableTool",
    "Client",
    "ConfigurationError",
    "ConflictError",
    "EventStream",
    "InternalServerError",
    "MapResult",
    "MaxTurnsExceeded",
    "NotFoundError",
    "Page",
    "ParseError",
    "ParsedResponse",
    "ParsedResponseStream",
    "ParsedRunResult",
    "PermissionDeniedError",
    "RateLimitError",
    "RateLimits",
    "RefusalError",
    "RequestInfo",
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
    "Steering",
    "StreamError",
    "StreamInterrupted",
    "ToolCalled",
    "ToolDefinitionError",
    "ToolError",
    "ToolExecutionError",
    "ToolReturned",
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


# PAIN_THREADS a31
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
        responses_client.Clinet  # type: ignore[attr-defined]  # noqa: B018


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


# PAIN_THREADS a20
def test_import_loads_nothing_before_it_is_used() -> None:
    program = "import sys, responses_client; print(*sorted(m for m in sys.modules if m.startswith('respon')))"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    assert found.stdout.split() == ["responses_client", "responses_client._version"]


def test_making_a_client_loads_neither_pydantic_nor_models() -> None:
    program = "import sys; from responses_client import Client; Client(api_key='x'); print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)

    loaded = found.stdout.split()
    assert "responses_client._client_core" in loaded
    assert not {"pydantic", "pydantic_core", "responses_client.models._base"} & {*loaded}


FIRST_EVENT = r"""
import sys, httpx
from responses_client import Client

event = b'data: {"type": "response.created", "response": {"id": "resp_1", "tools": [{"type": "function", "name": "f"}]}}'
answer = httpx.Response(200, headers={"content-type": "text/event-stream"}, content=event + b"\n\n")
with httpx.Client(transport=httpx.MockTransport(lambda _: answer)) as http_client:
    client = Client(api_key="x", http_client=http_client)
    with client.responses.create(model="gpt-5-mini", input="Hi", stream=True) as stream:
        assert next(stream).response.tools[0].name == "f"
        print(*sorted(m.removeprefix("responses_client.models.") for m in sys.modules if "client.models." in m))
"""


def test_first_event_loads_no_models_but_those_in_it() -> None:
    found = subprocess.run([sys.executable, "-c", FIRST_EVENT], capture_output=True, text=True, check=True)

    assert found.stdout.split() == [
        "_base",
        "_markers",
        "_tolerance",
        "_unions",
        "events",
        "response",
        "tools",
    ]


@pytest.mark.parametrize("name", ["errors", "models", "testing"])
def test_modules_are_loaded_when_first_asked_for(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(responses_client, name, raising=False)

    assert getattr(responses_client, name) is importlib.import_module(f"responses_client.{name}")
