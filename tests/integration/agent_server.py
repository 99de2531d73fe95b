"""An independent server of the Responses API: azure-ai-agentserver-responses from PyPI.

    python agent_server.py PORT

repeats the input, word by word; `slowly` in the input makes it wait between words, `fail` makes it fail, `short`
makes it incomplete, `before` makes it repeat the conversation so far, too, `everything` makes it answer with items of
all kinds, calls of two tools written at the same time among them. With tools, it calls the first one for each word,
and then answers with their outputs.
"""

import asyncio
import json
import sys
from collections.abc import Iterator
from typing import Any

from azure.ai.agentserver.responses import ResponseContext, ResponseEventStream, ResponsesAgentServerHost
from azure.ai.agentserver.responses.models import CreateResponse

app = ResponsesAgentServerHost()


@app.response_handler
async def answer(request: CreateResponse, context: ResponseContext, cancelled: asyncio.Event):
    stream = ResponseEventStream(response_id=context.response_id, request=request)
    text = await context.get_input_text()
    items = await context.get_input_items()
    if text == "everything":
        yield stream.emit_created()
        yield stream.emit_in_progress()
        for event in everything(stream):
            yield event
        yield stream.emit_completed()
        return
    if text.startswith("before"):
        history = await context.get_history()
        text = " ".join([part["text"] for item in history for part in item["content"]] + [text])
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
    yield stream.emit_incomplete(reason="max_output_tokens") if "short" in text else stream.emit_completed()


def everything(stream: ResponseEventStream) -> Iterator[Any]:
    reasoning = stream.add_output_item_reasoning_item()
    yield reasoning.emit_added()
    yield from reasoning.summary_part("First, think.")
    yield from reasoning.summary_part("Then, think again.")
    yield reasoning.emit_done()

    search = stream.add_output_item_file_search_call()
    yield from (search.emit_added(), search.emit_in_progress(), search.emit_searching())
    yield from (search.emit_completed(), search.emit_done())
    web = stream.add_output_item_web_search_call()
    yield from (web.emit_added(), web.emit_in_progress(), web.emit_searching())
    yield from (web.emit_completed(), web.emit_done())

    code = stream.add_output_item_code_interpreter_call()
    yield from (code.emit_added(), code.emit_in_progress())
    yield from code.code("print(1 + 1)")
    yield from (code.emit_interpreting(), code.emit_completed(), code.emit_done())
    image = stream.add_output_item_image_gen_call()
    yield from (image.emit_added(), image.emit_in_progress(), image.emit_generating())
    yield from (image.emit_partial_image("AAAA"), image.emit_completed(), image.emit_done("AAAABBBB"))

    tools = stream.add_output_item_mcp_list_tools("docs")
    yield from (tools.emit_added(), tools.emit_in_progress(), tools.emit_completed(), tools.emit_done())
    yield from stream.output_item_mcp_approval_request("docs", "look_up", '{"word": "sky"}')
    for ends, result in (("emit_completed", {"output": "blue"}), ("emit_failed", {"error": {"code": 1}})):
        mcp = stream.add_output_item_mcp_call("docs", "look_up")
        yield from (mcp.emit_added(), mcp.emit_in_progress())
        yield from mcp.arguments('{"word": "sky"}')
        yield from (getattr(mcp, ends)(), mcp.emit_done(**result))

    # Two calls whose events alternate.
    plain = stream.add_output_item_function_call("plain", "call_plain")
    custom = stream.add_output_item_custom_tool_call("call_custom", "custom")
    yield from (plain.emit_added(), custom.emit_added())
    for start, piece in (('{"a":', "a piece, "), (" 1}", "and another")):
        yield plain.emit_arguments_delta(start)
        yield custom.emit_input_delta(piece)
    yield from (custom.emit_input_done("a piece, and another"), plain.emit_arguments_done('{"a": 1}'))
    yield from (custom.emit_done(), plain.emit_done())

    yield from stream.output_item_function_call_output("call_plain", "1")
    yield from stream.output_item_custom_tool_call_output("call_custom", "2")
    click = {"type": "click", "x": 1, "y": 2, "button": "left"}
    yield from stream.output_item_computer_call("call_computer", click)
    screenshot = {"type": "computer_screenshot", "image_url": "data:image/png;base64,AAAA"}
    yield from stream.output_item_computer_call_output("call_computer", screenshot)
    run = {"type": "exec", "command": ["ls"], "env": {}}
    yield from stream.output_item_local_shell_call("call_local", run)
    yield from stream.output_item_function_shell_call("call_shell", {"commands": ["ls"]}, {"type": "local"})
    printed = {"stdout": "a.txt", "stderr": "", "outcome": {"type": "exit", "exit_code": 0}}
    yield from stream.output_item_function_shell_call_output("call_shell", [printed])
    removal = {"type": "delete_file", "path": "a.txt"}
    yield from stream.output_item_apply_patch_call("call_patch", removal)
    yield from stream.output_item_apply_patch_call_output("call_patch", output="done")
    yield from stream.output_item_compaction("c2VjcmV0")
    yield from stream.output_item_structured_outputs({"answer": 42})

    message = stream.add_output_item_message()
    yield message.emit_added()
    text = message.add_text_content()
    yield from (text.emit_added(), text.emit_delta("See the "), text.emit_delta("source."))
    link = {
        "type": "url_citation",
        "url": "https://example.com",
        "title": "A",
        "start_index": 8,
        "end_index": 14,
    }
    for title in ("A", "B"):
        yield text.emit_annotation_added({**link, "title": title})
    yield from (text.emit_text_done(), text.emit_done())
    yield from message.refusal_content("No more than that.")
    yield message.emit_done()


if __name__ == "__main__":
    app.run("127.0.0.1", int(sys.argv[1]))
