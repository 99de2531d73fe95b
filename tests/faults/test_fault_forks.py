"""A client on both sides of a fork: no process uses a connection, a lock or a stream of another.

Each test runs a program of its own, since a fork of the test run would take its threads and locks along.
"""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest
from programs import run

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")

PROGRAMS = {
    "sync": """
client = Client(**start())
ask(client, "parent 0")
def work(name):
    for number in range(20):
        ask(client, f"{name} {number}")
children = [in_child(work, "a"), in_child(work, "b")]
work("parent")
wait_for(*children)
work("parent")
check_apart("parent", "a", "b")
""",
    "several event loops": """
client = AsyncClient(**start())
async def work(name):
    async with anyio.create_task_group() as tasks:
        for number in range(20):
            tasks.start_soon(ask_async, client, f"{name} {number}")
asyncio.run(work("parent"))
child = in_child(lambda: asyncio.run(work("child")))
asyncio.run(work("parent"))
wait_for(child, in_child(anyio.run, work, "other"))
check_apart("parent", "child", "other")
""",
    "in a running loop": """
client = AsyncClient(**start())
async def main():
    await ask_async(client, "parent 0")
    def child():
        asyncio.events._set_running_loop(None)
        asyncio.run(ask_async(client, "child 0"))
    wait_for(in_child(child))
    await ask_async(client, "parent 1")
asyncio.run(main())
check_apart("parent", "child")
assert connections["parent 0"] == connections["parent 1"]
""",
    "copies with other options": """
client = Client(**start())
copy = client.with_options(timeout=5)
ask(copy, "parent 0")
wait_for(in_child(ask, copy, "child 0"), in_child(ask, client, "other 0"))
ask(client, "parent 1")
check_apart("parent", "child", "other")
""",
    "a lock that a thread holds": """
entered, free = threading.Event(), threading.Event()
def key():
    if os.getpid() == parent and threading.current_thread() is not threading.main_thread():
        entered.set()
        free.wait(20)
    return "k"
parent = os.getpid()
client = Client(**{**start(), "api_key": key})
thread = threading.Thread(target=ask, args=(client, "parent 0"))
thread.start()
assert entered.wait(20)
wait_for(in_child(ask, client, "child 0"))
free.set()
thread.join()
""",
    "a resource that a thread uses for the first time": """
from responses_client.resources.responses import Responses
entered, free = threading.Event(), threading.Event()
make = Responses.__init__
def make_slowly(self, core):
    if threading.current_thread() is not threading.main_thread():
        entered.set()
        free.wait(20)
    make(self, core)
Responses.__init__ = make_slowly
options = start()
thread = threading.Thread(target=ask, args=(Client(**options), "parent 0"))
thread.start()
assert entered.wait(20)
def child():
    signal.alarm(20)
    ask(Client(**options), "child 0")
wait_for(in_child(child))
free.set()
thread.join()
check_apart("parent", "child")
""",
    "threads in calls": """
client = Client(**start())
ask(client, "parent")  # Python itself cannot fork while another thread imports: the child waits for that thread
stop = threading.Event()
def work(number):
    while not stop.is_set():
        ask(client, f"parent {number}")
threads = [threading.Thread(target=work, args=(number,)) for number in range(8)]
for thread in threads:
    thread.start()
children = [in_child(ask, client, f"child {number:02}") for number in range(20)]
wait_for(*children)
stop.set()
for thread in threads:
    thread.join()
check_apart("parent", *(f"child {number:02}" for number in range(20)))
""",
    "a client that was given": """
options = start()
used = Client(http_client=httpx.Client(), **options)
unused = Client(http_client=httpx.Client(), **options)
ask(used, "parent 0")
def child():
    try:
        ask(used, "child 0")
    except ConfigurationError as error:
        assert "http_client was used before this process was forked" in str(error), error
    else:
        raise AssertionError
    ask(unused, "other 0")
wait_for(in_child(child))
ask(used, "parent 1")
check_apart("parent", "other")
""",
    "aiohttp": """
import aiohttp
options = start()
own = AsyncClient(transport="aiohttp", **options)
asyncio.run(ask_async(own, "parent 0"))
wait_for(in_child(lambda: asyncio.run(ask_async(own, "child 0"))))
asyncio.run(ask_async(own, "parent 1"))
async def main():
    async with aiohttp.ClientSession() as session:
        given = AsyncClient(http_client=session, **options)
        await ask_async(given, "parent 2")
        return given
given = asyncio.run(main())
def child():
    try:
        asyncio.run(ask_async(given, "other 0"))
    except ConfigurationError as error:
        assert "http_client was used before this process was forked" in str(error), error
    else:
        raise AssertionError
wait_for(in_child(child))
check_apart("parent", "child")
""",
    "a stream": """
client = Client(**start())
with client.responses.stream(model="m", input="parent 0") as stream:
    assert next(stream).type == "response.created"
    def child():
        with stream:
            try:
                next(stream)
            except StreamInterrupted as error:
                assert "the process was forked" in str(error), error
                assert error.partial.id == "r"
            else:
                raise AssertionError
        ask(client, "child 0")
    wait_for(in_child(child))
    go_on.set()
    assert stream.get_final_response().output_text == "parent 0"
ask(client, "parent 1")
check_apart("parent", "child")
""",
    "an async stream": """
client = AsyncClient(**start())
async def main():
    async with client.responses.stream(model="m", input="parent 0") as stream:
        assert (await anext(stream)).type == "response.created"
        async def read():
            try:
                await anext(stream)
            except StreamInterrupted as error:
                assert "the process was forked" in str(error), error
            else:
                raise AssertionError
            await stream.aclose()
            await ask_async(client, "child 0")
        def child():
            asyncio.events._set_running_loop(None)
            asyncio.run(read())
        wait_for(in_child(child))
        go_on.set()
        assert (await stream.get_final_response()).output_text == "parent 0"
asyncio.run(main())
""",
    "a session": """
from websockets.sync.server import serve as serve_websocket
def talk(connection):
    for text in connection:
        asked = json.loads(text)
        lane = {"stream_id": asked["stream_id"]}
        threading.Thread(target=reply, args=(connection, asked["input"], lane), daemon=True).start()
def reply(connection, text, lane):
    for kind, status in (("created", "in_progress"), ("completed", "completed")):
        response = {**answer(text), "id": lane["stream_id"], "status": status}
        connection.send(json.dumps({"type": f"response.{kind}", **lane, "response": response}))
        if kind == "created" and text == "slow":
            go_on.wait(20)
start()
server = serve_websocket(talk, "127.0.0.1", 0)
threading.Thread(target=server.serve_forever, daemon=True).start()
client = Client(base_url=f"http://127.0.0.1:{server.socket.getsockname()[1]}/v1", api_key="k", timeout=20)
with client.responses.connect() as session:
    stream, other = (session.create(model="m", input="slow") for _ in range(2))
    assert next(stream).type == "response.created"
    waiting = threading.Thread(target=other.get_final_response)
    waiting.start()
    while not session._core.connection._has_reader:
        time.sleep(0.01)
    def child():
        try:
            next(stream)
        except StreamInterrupted as error:
            assert "the process was forked" in str(error) and error.partial.status == "in_progress", error
        else:
            raise AssertionError
        try:
            session.create(model="m", input="child")
        except APIConnectionError as error:
            assert "the process was forked" in str(error), error
        else:
            raise AssertionError
        stream.close()
        session.close()
    wait_for(in_child(child))
    go_on.set()
    waiting.join()
    assert stream.get_final_response().output_text == "slow"
    assert session.create(model="m", input="parent").get_final_response().output_text == "parent"
server.shutdown()
""",
    "a map": """
client = Client(**start())
with client.responses.map(({"model": "m", "input": f"parent {number}"} for number in range(6)), max_concurrency=2) as results:
    next(results)
    def child():
        try:
            next(results)
        except RuntimeError as error:
            assert "This map was opened before the process was forked" in str(error), error
        else:
            raise AssertionError
        results.close()
        ask(client, "child 0")
    wait_for(in_child(child))
    assert all(result.response.output_text for result in results)
check_apart("parent", "child")
""",
    "an async map": """
client = AsyncClient(**start())
async def main():
    requests = [{"model": "m", "input": f"parent {number}"} for number in range(6)]
    async with client.responses.map(requests, max_concurrency=2) as results:
        await anext(results)
        async def read():
            try:
                await anext(results)
            except RuntimeError as error:
                assert "This map was opened before the process was forked" in str(error), error
            else:
                raise AssertionError
            await results.aclose()
        def child():
            asyncio.events._set_running_loop(None)
            asyncio.run(read())
        wait_for(in_child(child))
        assert len([result async for result in results]) == 5
asyncio.run(main())
""",
    "workers of a server that loads the program first": """
client = Client(**start())
ask(client, "parent 0")
def worker(number):
    client.responses
    for index in range(5):
        ask(client, f"worker {number} {index}")
    client.close()
wait_for(*[in_child(worker, number) for number in range(4)])
ask(client, "parent 1")
check_apart("parent", *(f"worker {number}" for number in range(4)))
""",
    "descriptors": """
client = Client(**start())
ask(client, "parent 0")
def child():
    ours = len(os.listdir("/proc/self/fd"))
    ask(client, "child 0")
    assert len(os.listdir("/proc/self/fd")) == ours  # the one of the parent is closed
if sys.platform == "linux":
    wait_for(in_child(child))
""",
}

POOL = """
client = None
def work(number):
    ask(client, f"{os.getpid()} {number}")
    return os.getpid()
def adopt(other):
    global client
    client = other
if __name__ == "__main__":
    method = sys.argv[1]
    client = Client(**start())
    ask(client, "parent")
    with multiprocessing.get_context(method).Pool(4, initializer=adopt, initargs=(client,)) as pool:
        pids = set(pool.map(work, range(100), chunksize=1))
    check_apart("parent", *(f"{pid} " for pid in pids))
"""


@pytest.mark.parametrize("name", PROGRAMS)
def test_processes_use_connections_of_their_own(name: str, tmp_path: Path) -> None:
    run(PROGRAMS[name], tmp_path)


@pytest.mark.parametrize("method", multiprocessing.get_all_start_methods())
def test_pool_of_processes_gets_its_own_answers(method: str, tmp_path: Path) -> None:
    run(POOL, tmp_path, method)
