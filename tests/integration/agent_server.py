"""An independent server of the Responses API: azure-ai-agentserver-responses from PyPI.

    python agent_server.py PORT

repeats the input, word by word; `slowly` in the input makes it wait between words, `fail` makes it fail. With
tools, it calls the first one for each word, and then answers with their outputs.
"""

import asyncio
import json
import sys

from azure.ai.agentserver.responses import ResponseContext, ResponseEventStream, ResponsesAgentServerHost
from azure.ai.agentserver.responses.models import CreateResponse

app = ResponsesAgentServerHost()


@app.response_handler
async def answer(request: CreateResponse, context: ResponseContext, cancelled: asyncio.Event):
    stream = ResponseEventStream(response_id=context.response_id, request=request)
    text = await context.get_input_text()
    items = await context.get_input_items()
    results = [item for item in items if item.get("type") == "function_call_output"]
    yield stream.emit_created()
    yield stream.emit_in_progress()
    if request.get("tools") and not results:
        for number, word in enumerate(text.split()):
            call = stream.add_output_item_function_call(request["tools"][0]["name"], f"call_{number}")
            yield call.emit_added()
            arguments = json.dumps({"word": word})
            yield call.emit_arguments_delta(arguments)
            yield call.emit_arguments_done(arguments)
            yield call.emit_done()
        yield stream.emit_completed()
        return
    text = " ".join([text, *(item["output"] for item in results)]).strip()
    message = stream.add_output_item_message()
    yield message.emit_added()
    part = message.add_text_content()
    yield part.emit_added()
    for word in text.split():
        if cancelled.is_set():
            return
        yield part.emit_delta(f"{word} ")
        if word == "fail":
            raise RuntimeError("failed on request")
        await asyncio.sleep(0.2 if "slowly" in text else 0)
    yield part.emit_text_done()
    yield part.emit_done()
    yield message.emit_done()
    yield stream.emit_completed()


if __name__ == "__main__":
    app.run("127.0.0.1", int(sys.argv[1]))
