"""Clients that we did not write, recorded and replayed by a cassette on a port."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from npm_packages import node, npm_package
from waits import PATIENT

from responses_client.testing import Cassette, Server

KEY = "sk-key-of-another-client"
SCRIPT = """
import OpenAI from "openai";
const client = new OpenAI({apiKey: process.argv[3], baseURL: process.argv[2]});
const response = await client.responses.create({model: "gpt-5.4", input: "Hi"});
console.log(response.output_text);
const stream = await client.responses.create({model: "gpt-5.4", input: "Hi", stream: true});
for await (const event of stream) console.log(event.type);
"""


def recorded_and_replayed(path: Path, ask: Callable[[str], Any]) -> tuple[Any, Any]:
    """The answers that a client gets from a server, and then from the recording."""
    with (
        Server().serve() as upstream,
        Cassette(path, "record") as cassette,
        cassette.serve(upstream=upstream) as url,
    ):
        first = ask(url)
    with Cassette(path) as cassette, cassette.serve() as url:
        return first, ask(url)


def test_official_package(tmp_path: Path) -> None:
    openai = pytest.importorskip("openai")

    def ask(url: str) -> list[Any]:
        client = openai.OpenAI(api_key=KEY, base_url=url, timeout=PATIENT)
        with client, client.responses.create(model="gpt-5.4", input="Hi", stream=True) as stream:
            events = list(stream)
            return [client.responses.create(model="gpt-5.4", input="Hi"), *events]

    first, again = recorded_and_replayed(tmp_path / "calls.jsonl", ask)
    assert first == again
    assert KEY not in (tmp_path / "calls.jsonl").read_text()


def test_official_package_for_javascript(tmp_path: Path) -> None:
    (tmp_path / "node_modules").symlink_to(npm_package("openai").parent)
    (tmp_path / "ask.mjs").write_text(SCRIPT)

    def ask(url: str) -> str:
        command = [node(), "ask.mjs", url, KEY]
        return subprocess.run(
            command, cwd=tmp_path, capture_output=True, text=True, check=True, timeout=PATIENT
        ).stdout

    first, again = recorded_and_replayed(tmp_path / "calls.jsonl", ask)
    assert first == again
    assert first.endswith("response.completed\n")
    assert KEY not in (tmp_path / "calls.jsonl").read_text()
