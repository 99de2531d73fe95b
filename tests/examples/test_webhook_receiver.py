"""The job in the background, and the webhook about it, over real sockets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from example_programs import EXAMPLES, copied, serving, with_key
from waits import PATIENT, eventually

from responses_client.testing import Server

pytest.importorskip("starlette")


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as server:
        yield server


@pytest.fixture
def jobs(server: Server, tmp_path: Path) -> Iterator[httpx.Client]:
    """A client of a copy of the example, alone, with a key."""
    program = copied("webhook_receiver", tmp_path)
    with (
        server.serve() as url,
        serving(program, **with_key(url), OPENAI_WEBHOOK_SECRET=server.webhook_secret) as receiver,
        httpx.Client(base_url=receiver, timeout=PATIENT) as client,
    ):
        yield client


def test_webhook_ends_the_job(server: Server, jobs: httpx.Client) -> None:
    server.reply("The moon pulls at the sea.")
    started = jobs.post("/jobs", content="Why are there tides?")
    job = started.json()["id"]
    assert (started.status_code, started.json()["status"]) == (202, "queued")
    assert jobs.get(f"/jobs/{job}").text == "Not yet.\n"

    server.client().responses.wait(job, poll_interval=0)
    webhook = server.webhook(job)
    for _ in range(2):  # a second delivery changes nothing
        assert jobs.post("/webhook", content=webhook.body, headers=webhook.headers).status_code == 204
    eventually(lambda: jobs.get(f"/jobs/{job}").text == "The moon pulls at the sea.\n")
    polls = [request for request in server.requests if request.path == f"/v1/responses/{job}"]
    assert len(polls) == 2 + 1


def test_webhook_that_is_forged_is_refused(server: Server, jobs: httpx.Client) -> None:
    job = jobs.post("/jobs", content="Why are there tides?").json()["id"]
    webhook = server.webhook(job, type="response.completed", secret="whsec_" + "QUJDRA" * 6)
    answer = jobs.post("/webhook", content=webhook.body, headers=webhook.headers)
    assert answer.status_code == 400
    assert "signature" in answer.text
    assert jobs.get(f"/jobs/{job}").text == "Not yet.\n"


def test_webhook_about_something_else_is_taken(server: Server, jobs: httpx.Client) -> None:
    webhook = server.webhook({"id": "batch_1"}, type="batch.completed")
    assert jobs.post("/webhook", content=webhook.body, headers=webhook.headers).status_code == 204


def test_unknown_job_is_not_found(jobs: httpx.Client) -> None:
    assert jobs.get("/jobs/resp_1").status_code == 404


def test_without_a_key_the_embedded_server_sends_the_webhook() -> None:
    with (
        serving(EXAMPLES / "webhook_receiver.py") as receiver,
        httpx.Client(base_url=receiver, timeout=PATIENT) as jobs,
    ):
        job = jobs.post("/jobs", content="Hi").json()["id"]
        eventually(lambda: "How can I help you" in jobs.get(f"/jobs/{job}").text)
