"""Every Python block of the README and the docs runs, against the embedded server, without a network."""

from __future__ import annotations

import ast
import asyncio
import inspect
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import anyio
import httpx
import pytest
from snippets import PAGES, PRELUDE, blocks, module, name

from responses_client.testing import AsyncServer, Server, VirtualClock


@contextmanager
def async_server() -> Iterator[AsyncServer]:
    server = AsyncServer()
    yield server
    server.verify()


_FIXTURES: dict[str, Any] = {
    "responses_server": Server,
    "async_responses_server": async_server,
    "virtual_clock": VirtualClock,
}


@pytest.fixture
def namespace(monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, Any]]:
    """The names that pages start with; every other client reaches the same server, whatever its address."""
    monkeypatch.setenv("OPENAI_API_KEY", "test-key")
    for variable in ("OPENAI_BASE_URL", "OPENAI_ORG_ID", "OPENAI_PROJECT_ID"):
        monkeypatch.delenv(variable, raising=False)
    names: dict[str, Any] = {"__name__": "page"}
    exec(PRELUDE, names)
    server: Server = names["server"]
    sync, async_ = server.transport(), server.async_transport()

    def redirected(request: httpx.Request) -> httpx.Request:
        url = f"{server.base_url}/{request.url.path.rpartition('/')[2]}"
        return httpx.Request(
            request.method,
            url,
            headers=request.headers,
            content=request.content,
            extensions=request.extensions,
        )

    # WebSockets need a connection, which a page that shows them makes to a server on a port.
    connect, connect_async = httpx.HTTPTransport.handle_request, httpx.AsyncHTTPTransport.handle_async_request

    def handle(transport: httpx.HTTPTransport, request: httpx.Request) -> httpx.Response:
        if "upgrade" in request.headers:
            return connect(transport, request)
        request.read()
        return sync.handle_request(redirected(request))

    async def handle_async(transport: httpx.AsyncHTTPTransport, request: httpx.Request) -> httpx.Response:
        if "upgrade" in request.headers:
            return await connect_async(transport, request)
        await request.aread()
        return await async_.handle_async_request(redirected(request))

    def no_wait(seconds: float) -> None:
        pass

    async def no_async_wait(seconds: float) -> None:
        pass

    monkeypatch.setattr(httpx.HTTPTransport, "handle_request", handle)
    monkeypatch.setattr(httpx.AsyncHTTPTransport, "handle_async_request", handle_async)
    monkeypatch.setattr("time.sleep", no_wait)
    monkeypatch.setattr(anyio, "sleep", no_async_wait)
    yield names
    server.close()


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=name)
def test_every_python_block_runs(page: Path, namespace: dict[str, Any]) -> None:
    for package in imports(page):
        pytest.importorskip(package)
    # Without this file's `from __future__ import annotations`: pages are programs of their own.
    exec(compile(module(page), name(page), "exec", dont_inherit=True), namespace)
    for function in [value for key, value in namespace.items() if key.startswith("test_")]:
        run_test(function)


def imports(page: Path) -> set[str]:
    """Return the modules that the blocks of a page import."""
    nodes = [*ast.walk(ast.parse(module(page)))]
    names = {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}
    return names | {str(node.module) for node in nodes if isinstance(node, ast.ImportFrom)}


def run_test(function: Any) -> None:
    """Run a test that a page shows, with the fixtures of the package's own plugin."""
    with ExitStack() as stack:
        names = inspect.signature(function).parameters
        result = function(**{name: stack.enter_context(_FIXTURES[name]()) for name in names})
        if inspect.iscoroutine(result):
            asyncio.run(result)


@pytest.mark.parametrize("page", [page for page in PAGES if blocks(page)], ids=name)
def test_blocks_that_are_not_run_are_valid(page: Path) -> None:
    compile(module(page, all_blocks=True), name(page), "exec")


@pytest.mark.parametrize("text", ["   ```python\n", "```python3\n", "<!-- python x -->\n", "```python\n"])
def test_block_that_would_be_passed_over_is_refused(text: str, tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(text)
    with pytest.raises(ValueError, match=r"page\.md"):
        blocks(page)


def test_code_keeps_its_lines(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text(
        "# Page\n\n```python\na = 1\n```\n<!-- no-run: no such module -->\n```python\nimport x\n```\n"
    )
    assert module(page) == "\n\n\na = 1\n"
    assert module(page, all_blocks=True).splitlines()[7] == "import x"
