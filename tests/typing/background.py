"""Waiting, resuming and tokens, as type checkers see them."""

import json
from typing import assert_type

from responses_client import AsyncClient, AsyncEventStream, Client, EventStream, Progress, ResumeToken
from responses_client.models import Batch, Response, StreamEvent


def wait_gives_a_response(client: Client, response: Response) -> None:
    assert_type(client.responses.wait("resp_1"), Response)
    assert_type(client.responses.wait(response, poll_interval=0.5, timeout=60), Response)
    assert_type(
        client.responses.wait(
            "resp_1",
            timeout=None,
            on_progress=lambda state: print(state.status),
            include=["message.output_text.logprobs"],
            extra_headers={"X-Team": "tea"},
            max_retries=5,
            deadline=30,
        ),
        Response,
    )


async def the_async_client_takes_both_kinds_of_functions(client: AsyncClient) -> None:
    async def tell(state: Response) -> None:
        print(state.status)

    assert_type(await client.responses.wait("resp_1", on_progress=tell), Response)
    assert_type(await client.responses.wait("resp_1", on_progress=print), Response)


def heartbeat_gets_the_progress(client: Client) -> None:
    def beat(state: Response, progress: Progress) -> None:
        assert_type(progress.elapsed, float)

    assert_type(client.responses.wait("resp_1", on_progress=beat, progress=True), Response)


async def heartbeat_of_the_async_client_may_be_awaited(client: AsyncClient) -> None:
    async def beat(state: Response, progress: Progress) -> None:
        print(state.status, progress.elapsed)

    assert_type(await client.responses.wait("resp_1", on_progress=beat), Response)


def batches_report_in_the_same_way(client: Client) -> None:
    def beat(batch: Batch, progress: Progress) -> None:
        print(batch.status, progress.done, progress.total)

    assert_type(client.batches.wait("batch_1", on_progress=beat, progress=True), Batch)


def token_is_json(stream: EventStream) -> str:
    token = stream.resume_token
    assert_type(token, ResumeToken | None)
    if token is not None:
        assert_type(token["response_id"], str)
        assert_type(token["sequence_number"], int)
    return json.dumps(token)


def resume_gives_a_stream(client: Client, token: ResumeToken) -> None:
    with client.responses.resume(token, include_obfuscation=False, timeout=5.0) as stream:
        assert_type(stream, EventStream)
        for event in stream:
            assert_type(event, StreamEvent)
    with client.responses.resume({"response_id": "resp_1", "sequence_number": 3}) as stream:
        assert_type(stream.get_final_response(), Response)


async def async_resume_gives_an_async_stream(client: AsyncClient, token: ResumeToken) -> None:
    async with await client.responses.resume(token) as stream:
        assert_type(stream, AsyncEventStream)
        assert_type(stream.resume_token, ResumeToken | None)


def mistakes_are_found(client: Client) -> None:
    client.responses.wait(5)  # type: ignore[arg-type]
    client.responses.wait("resp_1", timeout="1")  # type: ignore[arg-type]
    client.responses.wait("resp_1", flavour="oolong")  # type: ignore[call-arg]
    client.responses.resume("resp_1")  # type: ignore[arg-type]
    client.responses.resume({"response_id": "resp_1"})  # type: ignore[typeddict-item]
    client.responses.resume({"response_id": "resp_1", "sequence_number": 1}, starting_after=2)  # type: ignore[call-arg]
