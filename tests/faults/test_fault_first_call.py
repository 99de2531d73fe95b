"""`warm_up`: after it, the first call of a process has nothing left to load."""

from __future__ import annotations

from pathlib import Path

import pytest
from programs import run

CHECK = """
def is_ours(name):
    return name.partition(".")[0] in ("responses_client", "pydantic", "pydantic_core", "httpx", "httpcore", "h11", "anyio")
def check(before):
    loaded = [name for name in sys.modules.keys() - before if is_ours(name)]
    assert not loaded, loaded
"""
PROGRAMS = {
    "sync": """
client = Client(**start())
go_on.set()
client.warm_up()
before = set(sys.modules)
with client.responses.stream(model="m", input="Hi") as stream:
    assert stream.get_final_response().output_text == "Hi"
check(before)
""",
    "asyncio": """
async def main():
    client = AsyncClient(**start())
    go_on.set()
    await client.warm_up()
    before = set(sys.modules)
    async with client.responses.stream(model="m", input="Hi") as stream:
        assert (await stream.get_final_response()).output_text == "Hi"
    check(before)
    await client.aclose()
asyncio.run(main())
""",
    "trio": """
async def main():
    client = AsyncClient(**start())
    go_on.set()
    await client.warm_up()
    before = set(sys.modules)
    async with client.responses.stream(model="m", input="Hi") as stream:
        assert (await stream.get_final_response()).output_text == "Hi"
    check(before)
    await client.aclose()
anyio.run(main, backend="trio")
""",
    "before anything is known of the server": """
def never():
    raise AssertionError
client = Client(api_key=never, base_url="https://127.0.0.1:1/v1")
client.warm_up()
client.warm_up()
assert [scheme for scheme, _ in client._core.io._pools._clients] == ["https"]
""",
    "a client that was given": """
client = Client(api_key="k", http_client=httpx.Client())
client.warm_up()
assert not client._core.io._pools._clients
async def main():
    await AsyncClient(api_key="k", http_client=httpx.AsyncClient()).warm_up()
asyncio.run(main())
""",
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_first_call_after_warm_up_loads_nothing(name: str, tmp_path: Path) -> None:
    run(CHECK + PROGRAMS[name], tmp_path)
