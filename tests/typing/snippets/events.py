"""Events of a stream, narrowed in all the ways in which people write it."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Literal, assert_type

from api import (
    EventStream,
    FunctionCall,
    OutputItemDone,
    OutputMessage,
    OutputTextDelta,
    Response,
    ResponseCompleted,
    StreamEvent,
)


def condition(events: list[StreamEvent]) -> None:
    for event in events:
        if event.type == "response.output_text.delta":
            print(event.delta, end="")


def chain_of_conditions(events: list[StreamEvent]) -> None:
    for event in events:
        if event.type == "response.created":
            print(event.response.id)
        elif event.type == "response.output_text.delta":
            print(event.delta, end="")
        elif event.type == "response.output_text.done":
            print(event.text)
        elif event.type == "response.function_call_arguments.delta":
            print(event.delta)
        elif event.type == "response.completed":
            print(event.response.output_text)
        elif event.type == "error":
            print(event.message)
        else:
            print(event.type)


def unequal_and_continue(events: list[StreamEvent]) -> None:
    for event in events:
        if event.type != "response.output_text.delta":
            continue
        print(event.delta)


def unequal_and_return(event: StreamEvent) -> str:
    if event.type != "response.output_text.delta":
        return ""
    return event.delta


def match_on_the_type(events: list[StreamEvent]) -> None:
    for event in events:
        match event.type:
            case "response.output_text.delta":
                print(event.delta, end="")
            case "response.completed":
                print(event.response.id)
            case _:
                pass


def match_on_several_types(events: list[StreamEvent]) -> None:
    for event in events:
        match event.type:
            case "response.output_text.delta" | "response.refusal.delta":
                print(event.delta, end="")
            case _:
                pass


def comprehension(events: list[StreamEvent]) -> str:
    return "".join([event.delta for event in events if event.type == "response.output_text.delta"])


def generator_expression(events: list[StreamEvent]) -> int:
    return sum(len(event.delta) for event in events if event.type == "response.output_text.delta")


def dict_comprehension(events: list[StreamEvent]) -> dict[str, str]:
    return {
        event.response.id: event.response.output_text
        for event in events
        if event.type == "response.completed"
    }


def first_of_a_type(events: list[StreamEvent]) -> Response:
    return next(event.response for event in events if event.type == "response.completed")


def first_event_of_a_type(events: list[StreamEvent]) -> None:
    done = next((event for event in events if event.type == "response.completed"), None)
    if done is not None:
        print(done.response.output_text)


def last_of_a_type(events: list[StreamEvent]) -> str:
    return [event for event in events if event.type == "response.completed"][-1].response.output_text


def conjunction(event: StreamEvent) -> bool:
    return event.type == "response.output_text.delta" and event.delta.startswith("S")


def disjunction(event: StreamEvent) -> None:
    if event.type == "response.output_text.delta" or event.type == "response.refusal.delta":
        print(event.delta)


def several_types_of_one_shape(event: StreamEvent) -> None:
    if event.type == "response.completed" or event.type == "response.incomplete":
        print(event.response.status)


def conditional_expression(event: StreamEvent) -> str:
    return event.delta if event.type == "response.output_text.delta" else ""


def item_in_an_event(events: list[StreamEvent]) -> None:
    for event in events:
        if event.type == "response.output_item.done" and event.item.type == "function_call":
            print(event.item.name, event.item.arguments)


def item_in_an_event_step_by_step(events: list[StreamEvent]) -> None:
    for event in events:
        if event.type == "response.output_item.added":
            item = event.item
            if item.type == "function_call":
                print(item.call_id, item.name)
            elif item.type == "message":
                print(item.role)


def part_in_an_event(event: StreamEvent) -> None:
    if event.type == "response.content_part.done" and event.part.type == "output_text":
        print(event.part.text)


def error_in_an_event(event: StreamEvent) -> None:
    if event.type == "response.failed" and event.response.error:
        raise RuntimeError(event.response.error.message)


def assertion(event: StreamEvent) -> str:
    assert event.type == "response.output_text.delta"
    return event.delta


def walrus(events: Iterator[StreamEvent]) -> None:
    while (event := next(events)).type != "response.completed":
        print(event.type)


def calls_by_index(events: list[StreamEvent]) -> dict[int | None, FunctionCall]:
    calls: dict[int | None, FunctionCall] = {}
    for event in events:
        if event.type == "response.output_item.added" and event.item.type == "function_call":
            calls[event.output_index] = event.item
        elif event.type == "response.function_call_arguments.delta":
            print(calls[event.output_index].name, event.delta)
    return calls


def type_is_a_string(event: StreamEvent) -> bool:
    kind: str = event.type
    return kind.endswith(".done") or event.type.startswith("response.output")


def count_of_types(events: list[StreamEvent]) -> Counter[str]:
    counts: Counter[str] = Counter(event.type for event in events)
    return counts


def counting_of_types(events: list[StreamEvent]) -> dict[str, int]:
    counts: defaultdict[str, int] = defaultdict(int)
    for event in events:
        counts[event.type] += 1
    return counts


def list_of_types(events: list[StreamEvent]) -> list[str]:
    return [event.type for event in events]


def type_that_a_server_invented(event: StreamEvent) -> bool:
    return str(event.type) == "response.brand_new"


def table_of_handlers(events: list[StreamEvent]) -> None:
    handlers: dict[str, Callable[[StreamEvent], None]] = {"response.completed": print}
    for event in events:
        handler = handlers.get(event.type)
        if handler:
            handler(event)


def callback_for_a_type(event: StreamEvent, on_delta: Callable[[OutputTextDelta], None]) -> None:
    if event.type == "response.output_text.delta":
        on_delta(event)


def narrowed_type(event: StreamEvent) -> None:
    if event.type == "response.output_text.delta":
        assert_type(event, OutputTextDelta)
        assert_type(event.type, Literal["response.output_text.delta"])
    elif event.type == "response.completed":
        assert_type(event, ResponseCompleted)


def class_check(events: list[StreamEvent]) -> None:
    for event in events:
        if isinstance(event, OutputTextDelta):
            print(event.delta)
        elif isinstance(event, OutputItemDone) and isinstance(event.item, FunctionCall):
            print(event.item.arguments)


def match_on_classes(events: list[StreamEvent]) -> None:
    for event in events:
        match event:
            case OutputTextDelta(delta=text):
                print(text)
            case OutputItemDone(item=OutputMessage(content=parts)):
                print(len(parts))
            case ResponseCompleted():
                print(event.response.output_text)
            case _:
                pass


def generator_of_text(stream: EventStream) -> Iterator[str]:
    for event in stream:
        if event.type == "response.output_text.delta":
            yield event.delta
        elif event.type == "response.completed":
            return


async def async_generator_of_text(stream: AsyncIterator[StreamEvent]) -> AsyncIterator[str]:
    async for event in stream:
        if event.type == "response.output_text.delta":
            yield event.delta


def counts_of_tokens_at_the_end(event: StreamEvent) -> int:
    if event.type == "response.completed" and event.response.usage:
        return event.response.usage.total_tokens
    return 0


def position(event: StreamEvent) -> None:
    if event.type == "response.output_text.delta":
        print(event.item_id, event.output_index, event.content_index, event.sequence_number)


def reasoning(event: StreamEvent) -> None:
    if event.type == "response.reasoning_summary_text.delta":
        print(event.delta)
    elif event.type == "response.reasoning_text.delta":
        print(event.delta)


def reasoning_of_open_responses(event: StreamEvent) -> str:
    match event.type:
        case "response.reasoning_text.delta" | "response.reasoning.delta":
            return event.delta
        case "response.reasoning.done":
            return event.text
        case _:
            return ""


def progress_of_a_tool(event: StreamEvent) -> None:
    if event.type == "response.web_search_call.searching":
        print(event.item_id)
    elif event.type == "response.code_interpreter_call_code.delta":
        print(event.delta)
    elif event.type == "response.image_generation_call.partial_image":
        print(len(event.partial_image_b64))
    elif event.type == "response.mcp_call_arguments.done":
        print(event.arguments)


def attribute_that_not_all_have(event: StreamEvent) -> None:
    print(event.delta)  # wrong


def attribute_that_no_class_has(event: StreamEvent) -> None:
    if event.type == "response.output_text.delta":
        print(event.text)  # wrong


def attribute_of_another_type(event: StreamEvent) -> None:
    if event.type == "response.output_item.done" and event.item.type == "message":
        print(event.item.arguments)  # wrong


def delta_of_the_rest(event: StreamEvent) -> None:
    if event.type == "response.output_text.delta":
        print(event.delta)
    else:
        print(event.response)  # wrong


def response_of_a_delta(event: StreamEvent) -> Response:
    if event.type == "response.output_text.delta":
        return event.delta  # wrong
    raise ValueError
