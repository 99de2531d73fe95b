"""An independent server of the Responses API: fastresponses from PyPI, with WebSockets.

    python fast_server.py PORT

repeats the input, word by word; a word may change that: `slowly` makes it wait between words, `fail` and `limit` make
it fail, `short` makes it incomplete, `think` makes it reason first, `receipt` makes it send an item of its own. With
tools, it calls the first one for each word, at once, and then answers with their outputs. With a schema, it answers
the question as JSON, under the first property.
"""

import asyncio
import json
import sys
from collections.abc import AsyncIterator

import uvicorn
from fastresponses import AgentAdapter, AgentRun, create_app
from fastresponses.adapter import (
    AdapterError,
    AdapterEvent,
    Incomplete,
    ItemAdded,
    ItemDone,
    ReasoningDelta,
    StateUpdate,
    TextDelta,
    UsageDelta,
)
from fastresponses.models import (
    CustomItem,
    FunctionCallItem,
    FunctionCallOutputItem,
    JsonSchemaResponseFormat,
    MessageItem,
)


class Echo(AgentAdapter):
    name = "echo"
    default_model = "echo-1"

    async def run(self, run: AgentRun) -> AsyncIterator[AdapterEvent]:
        questions = [item.text() for item in run.context_items if is_question(item)]
        outputs = [item.output for item in run.new_items if isinstance(item, FunctionCallOutputItem)]
        words = questions[-1].split() if questions else []
        if "think" in words:
            yield ReasoningDelta("Let me ")
            yield ReasoningDelta("think.", encrypted_content="c2VjcmV0")
        if "receipt" in words:
            yield ItemAdded(CustomItem(type="echo:note", id="note_1", status="in_progress"))
            yield ItemDone(CustomItem(type="echo:note", id="note_1", status="completed"))
        if run.request.function_tools() and not outputs:
            for number, word in enumerate(words):
                yield ItemDone(
                    FunctionCallItem(
                        id=f"fc_{number}",
                        call_id=f"call_{number}",
                        name=run.request.function_tools()[0].name,
                        arguments=json.dumps({"word": word}),
                        status="completed",
                    )
                )
            return
        wanted = run.request.text.format if run.request.text is not None else None
        if isinstance(wanted, JsonSchemaResponseFormat):
            first = next(iter((wanted.json_schema or {})["properties"]))
            words = json.dumps({first: questions[-1]}).split(" ")
        asked = (run.previous_state or {}).get("asked", 0) + 1
        for word in [*words, *map(str, outputs)]:
            if word == "fail":
                raise AdapterError("failed on request", type="model_error", code="broken")
            if word == "limit":
                raise AdapterError("too many", type="too_many_requests", code="rate_limit_exceeded")
            yield TextDelta(f"{word} ")
            await asyncio.sleep(0.1 if "slowly" in words else 0)
        if "short" in words:
            yield Incomplete("max_output_tokens")
        yield UsageDelta(input_tokens=asked, output_tokens=len(words), total_tokens=asked + len(words))
        yield StateUpdate({"asked": asked})


def is_question(item: object) -> bool:
    return isinstance(item, MessageItem) and item.role == "user"


if __name__ == "__main__":
    uvicorn.run(
        create_app(Echo(), api_key="key"), port=int(sys.argv[1]), log_level="warning", ws="websockets"
    )
