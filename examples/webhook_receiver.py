"""Jobs in the background, and a webhook that tells when they are done, in a Starlette app.

    python examples/webhook_receiver.py        # in another terminal, the commands that it prints

With a key: create a webhook endpoint for `https://<your host>/webhook` in the settings of your
project, with the events `response.completed` and `response.failed`, and set
OPENAI_WEBHOOK_SECRET to its secret.
"""

import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import uvicorn
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from responses_client import AsyncClient, WebhookSignatureError
from responses_client.models import ResponseCompletedWebhookEvent, ResponseFailedWebhookEvent

PORT = int(os.environ.get("PORT", "8001"))
texts: dict[str, str | None] = {}  # by the id of the response; a database in a real program
seen: set[str] = set()  # ids of webhooks: the API may deliver one twice


async def start_job(request: Request) -> Response:
    client: AsyncClient = request.app.state.client
    question = (await request.body()).decode()
    response = await client.responses.create(model="gpt-5.4", input=question, background=True)
    texts.setdefault(response.id, None)
    return JSONResponse({"id": response.id, "status": response.status}, status_code=202)


async def get_job(request: Request) -> Response:
    job = request.path_params["id"]
    if job not in texts:
        return PlainTextResponse("There is no such job.\n", status_code=404)
    return PlainTextResponse(texts[job] or "Not yet.\n")


async def webhook(request: Request) -> Response:
    client: AsyncClient = request.app.state.client
    try:
        event = client.webhooks.unwrap(await request.body(), request.headers)
    except WebhookSignatureError as error:
        return PlainTextResponse(f"{error}\n", status_code=400)
    if (delivery := request.headers["webhook-id"]) in seen:
        return Response(status_code=204)
    seen.add(delivery)
    match event:
        case ResponseCompletedWebhookEvent(data=data) | ResponseFailedWebhookEvent(data=data):
            # After the answer: a webhook that is not answered within seconds is delivered again.
            return Response(status_code=204, background=BackgroundTask(finish_job, client, data.id))
        case _:
            return Response(status_code=204)


async def finish_job(client: AsyncClient, job: str) -> None:
    response = await client.responses.retrieve(job)
    texts[job] = f"{response.output_text or response.error}\n"
    print(f"{job} is {response.status}", flush=True)


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncGenerator[None]:
    async with AsyncClient() as app.state.client:
        print(f"curl -d 'Write a report about tides.' http://127.0.0.1:{PORT}/jobs")
        print(f"curl http://127.0.0.1:{PORT}/jobs/<id>", flush=True)
        yield


routes = [
    Route("/jobs", start_job, methods=["POST"]),
    Route("/jobs/{id}", get_job),
    Route("/webhook", webhook, methods=["POST"]),
]
app = Starlette(routes=routes, lifespan=lifespan)

if __name__ == "__main__":
    if not os.environ.get("OPENAI_API_KEY"):
        import demo

        demo.start("webhook_receiver")
    uvicorn.run(app, port=PORT, log_level="warning")
