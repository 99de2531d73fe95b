"""Programs that run in a process of their own, with a server in a thread and a few functions to ask it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

# A server that answers with the text of the question, and knows which process asked over which connection.
PRELUDE = '''
import asyncio, contextvars, json, multiprocessing, os, signal, socket, sys, threading, time
import anyio, httpx
from responses_client import APIConnectionError, AsyncClient, Client, StreamInterrupted, ConfigurationError

connections = {}  # by the text of a question
count = 0

def answer(text):
    message = {"type": "message", "id": "msg", "role": "assistant", "status": "completed",
               "content": [{"type": "output_text", "text": text, "annotations": []}]}
    return {"id": "r", "object": "response", "status": "completed", "output": [message]}

def http(kind, body):
    head = f"HTTP/1.1 200 OK\\r\\ncontent-type: {kind}\\r\\ncontent-length: {len(body)}\\r\\n\\r\\n"
    return head.encode() + body

def event(kind, **fields):
    return b"data: " + json.dumps({"type": kind, **fields}).encode() + b"\\n\\n"

def serve(connection, number):
    with connection:
        while data := connection.recv(65536):
            while b"}" not in data:
                data += connection.recv(65536)
            asked = json.loads(data.partition(b"\\r\\n\\r\\n")[2])
            connections.setdefault(asked["input"], set()).add(number)
            if not asked.get("stream"):
                connection.sendall(http("application/json", json.dumps(answer(asked["input"])).encode()))
                continue
            connection.sendall(b"HTTP/1.1 200 OK\\r\\ncontent-type: text/event-stream\\r\\n\\r\\n")
            connection.sendall(event("response.created", response={**answer(""), "output": []}))
            go_on.wait(20)
            connection.sendall(event("response.completed", response=answer(asked["input"])))
            return

def accept():
    global count
    while True:
        connection, _ = listener.accept()
        count += 1
        threading.Thread(target=serve, args=(connection, count), daemon=True).start()

def start():
    global listener, go_on
    listener = socket.create_server(("127.0.0.1", 0))
    go_on = threading.Event()
    threading.Thread(target=accept, daemon=True).start()
    return {"base_url": f"http://127.0.0.1:{listener.getsockname()[1]}/v1", "api_key": "k", "timeout": 20, "max_retries": 0}

def ask(client, text):
    got = client.responses.create(model="m", input=text).output_text
    assert got == text, (got, text)

async def ask_async(client, text):
    got = (await client.responses.create(model="m", input=text)).output_text
    assert got == text, (got, text)

def in_child(function, *args):
    """Run a function in a forked process, and fail if it fails."""
    child = os.fork()
    if child == 0:
        status = 1
        try:
            function(*args)
            status = 0
        except BaseException:
            import traceback
            traceback.print_exc()
        finally:
            os._exit(status)
    return child

def wait_for(*children):
    for child in children:
        assert os.waitpid(child, 0)[1] == 0

def check_apart(*names):
    """No connection served questions of two of these processes."""
    seen = [set().union(*(numbers for text, numbers in connections.items() if text.startswith(name))) for name in names]
    assert all(seen), connections
    assert sum(map(len, seen)) == len(set().union(*seen)), connections
'''


def run(text: str, folder: Path, *arguments: str) -> None:
    """Run a program after the prelude, and fail if it fails or prints an error."""
    path = folder / "program.py"
    path.write_text(PRELUDE + text)
    command = [sys.executable, "-W", "ignore::DeprecationWarning", str(path), *arguments]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=100, check=False)
    assert ended.returncode == 0, ended.stderr
    assert ended.stderr == ""
