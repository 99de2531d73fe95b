"""A server of the Responses API that we did not write: PyPI's azure-ai-agentserver-responses.

    python agent_server.py PORT

answers with what it was told, word by word; `slowly` in the input makes it wait between words, `fail` fails.
"""

import asyncio
import sys

from azure.ai.agentserver.responses import ResponseContext, ResponseEventStream, ResponsesAgentServerHost
from azure.ai.agentserver.responses.models import CreateResponse

app = ResponsesAgentServerHost()


@app.response_handler
async def answer(request: CreateResponse, context: ResponseContext, cancelled: asyncio.Event):
    stream = ResponseEventStream(response_id=context.response_id, request=request)
    text = await context.get_input_text()
    yield stream.emit_created()
    yield stream.emit_in_progress()
    message = stream.add_output_item_message()
    yield message.emit_added()
    part = message.add_text_content()
    yield part.emit_added()
    for word in text.split():
        if cancelled.is_set():
            return
        yield part.emit_delta(f"{word} ")
        if word == "fail":
            raise RuntimeError("told to fail")
        await asyncio.sleep(0.2 if "slowly" in text else 0)
    yield part.emit_text_done()
    yield part.emit_done()
    yield message.emit_done()
    yield stream.emit_completed()


if __name__ == "__main__":
    app.run("127.0.0.1", int(sys.argv[1]))
