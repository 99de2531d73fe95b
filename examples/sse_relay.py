"""A web page that shows an answer while it streams, in a FastAPI application.

    python examples/sse_relay.py        # then open the address that it prints

The key stays on the server; the browser gets the text as server-sent events. When it leaves
the page, or the person presses Stop, Starlette cancels the generator below: leaving the block
of the stream closes the connection to the API, which then stops generating.
"""

import json
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import HTMLResponse, StreamingResponse

from responses_client import APIError, AsyncClient
from responses_client.models import OutputTextDelta


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    async with AsyncClient() as app.state.client:
        yield


app = FastAPI(lifespan=lifespan)


def sse(event: str, data: object) -> str:
    return f"event: {event}\ndata: {json.dumps(data)}\n\n"


async def relay(client: AsyncClient, question: str) -> AsyncGenerator[str]:
    try:
        async with client.responses.stream(model="gpt-5.4", input=question) as stream:
            async for event in stream:
                if isinstance(event, OutputTextDelta):
                    yield sse("text", event.delta)
            response = await stream.get_final_response()
    except APIError as error:
        print(error)  # for the log; the browser need not see it
        yield sse("problem", "The answer broke off. Please ask again.")
    else:
        yield sse("end", {"status": response.status})


@app.get("/answer")
async def answer(question: str, request: Request) -> StreamingResponse:
    # Proxies such as nginx must not collect the events.
    headers = {"Cache-Control": "no-store", "X-Accel-Buffering": "no"}
    events = relay(request.app.state.client, question)
    return StreamingResponse(events, media_type="text/event-stream", headers=headers)


@app.get("/", response_class=HTMLResponse)
async def page() -> str:
    return PAGE


PAGE = """<!doctype html>
<html lang="en">
<meta name="viewport" content="width=device-width">
<title>Ask</title>
<link rel="icon" href="data:,">
<style>
  :root { color-scheme: light dark; font: 1.1rem/1.6 system-ui, sans-serif; }
  body { max-width: 40rem; margin: 3rem auto; padding: 0 1rem; }
  form { display: flex; gap: .5rem; }
  input { flex: 1; min-width: 0; }
  input, button { font: inherit; padding: .4rem .8rem; }
  #answer { white-space: pre-wrap; min-height: 5rem; }
</style>
<h1>Ask</h1>
<form>
  <input name="question" aria-label="Question" value="Tell me a story about a lighthouse.">
  <button>Ask</button> <button type="button" id="stop" disabled>Stop</button>
</form>
<p id="answer" aria-live="polite"></p>
<p id="state"></p>
<script>
  const [form, stop, answer, state] =
    ["form", "#stop", "#answer", "#state"].map(name => document.querySelector(name));
  let source;
  function finish(text) { source?.close(); stop.disabled = true; state.textContent = text; }
  form.onsubmit = event => {
    event.preventDefault(); finish("…");
    answer.textContent = ""; stop.disabled = false;
    source = new EventSource("/answer?" + new URLSearchParams(new FormData(form)));
    source.addEventListener("text", event => answer.append(JSON.parse(event.data)));
    source.addEventListener("problem", event => finish(JSON.parse(event.data)));
    source.addEventListener("end", event => finish(JSON.parse(event.data).status));
    source.onerror = () => finish("The connection is lost.");  // else it would ask again
  };
  stop.onclick = () => finish("stopped");
</script>
</html>
"""


if __name__ == "__main__":
    if not os.environ.get("OPENAI_API_KEY"):
        import demo

        demo.start("sse_relay")
    port = int(os.environ.get("PORT", "8000"))
    print(f"Open http://127.0.0.1:{port}", flush=True)
    uvicorn.run(app, port=port, log_level="warning")
