"""Items, content parts, annotations and tools of a response, narrowed as people write it."""

from __future__ import annotations

import json
from typing import assert_type

from api import (
    Annotation,
    FunctionCall,
    FunctionTool,
    InputList,
    OutputContentPart,
    OutputItem,
    OutputMessage,
    OutputText,
    ReasoningItem,
    Refusal,
    Response,
    Tool,
)


def text_of_messages(response: Response) -> None:
    for item in response.output:
        if item.type == "message":
            for part in item.content:
                if part.type == "output_text":
                    print(part.text)
                else:
                    print(part.type)


def refusal_of_a_message(response: Response) -> None:
    for item in response.output:
        if item.type == "message":
            for part in item.content:
                if part.type == "refusal":
                    print(part.refusal)


def sources_of_a_text(response: Response) -> list[str]:
    return [
        annotation.url
        for item in response.output
        if item.type == "message"
        for part in item.content
        if part.type == "output_text"
        for annotation in part.annotations
        if annotation.type == "url_citation"
    ]


def calls_to_answer(response: Response) -> InputList:
    answers: InputList = []
    for item in response.output:
        if item.type != "function_call":
            continue
        arguments = json.loads(item.arguments)
        answers.append({"type": "function_call_output", "call_id": item.call_id, "output": str(arguments)})
    return answers


def calls_by_comprehension(response: Response) -> list[FunctionCall]:
    return [item for item in response.output if item.type == "function_call"]


def names_of_calls(response: Response) -> set[str]:
    return {item.name for item in response.output if item.type == "function_call"}


def first_call(response: Response) -> None:
    call = next((item for item in response.output if item.type == "function_call"), None)
    if call is not None:
        print(call.name, call.arguments)


def has_calls(response: Response) -> bool:
    return any(item.type == "function_call" and item.name == "weather" for item in response.output)


def first_item_by_index(response: Response) -> str:
    item = response.output[0]
    if item.type == "message" and item.content[0].type == "output_text":
        return item.content[0].text
    return ""


def match_on_item_types(item: OutputItem) -> str:
    match item.type:
        case "message":
            return item.role
        case "function_call":
            return item.arguments
        case "reasoning":
            return "".join(part.text for part in item.summary)
        case "web_search_call" | "file_search_call":
            return str(item.status)
        case _:
            return item.type


def items_by_class(response: Response) -> None:
    for item in response.output:
        if isinstance(item, OutputMessage):
            print(item.content)
        elif isinstance(item, FunctionCall):
            print(item.call_id)
        elif isinstance(item, ReasoningItem):
            print(item.encrypted_content)


def narrowed_items(item: OutputItem) -> None:
    if item.type == "message":
        assert_type(item, OutputMessage)
    elif item.type == "function_call":
        assert_type(item, FunctionCall)
    elif item.type == "reasoning":
        assert_type(item, ReasoningItem)


def narrowed_parts(part: OutputContentPart) -> None:
    if part.type == "output_text":
        assert_type(part, OutputText)
    elif part.type == "refusal":
        assert_type(part, Refusal)


def web_search(item: OutputItem) -> None:
    if item.type == "web_search_call" and item.action and item.action.type == "search":
        print(item.action.query)


def file_search(item: OutputItem) -> None:
    if item.type == "file_search_call":
        for result in item.results or []:
            print(result.filename, result.score)


def code_interpreter(item: OutputItem) -> None:
    if item.type == "code_interpreter_call":
        for output in item.outputs or []:
            if output.type == "logs":
                print(output.logs)
            elif output.type == "image":
                print(output.url)


def image(item: OutputItem) -> None:
    if item.type == "image_generation_call" and item.result:
        print(len(item.result))


def computer(item: OutputItem) -> None:
    if item.type == "computer_call" and item.action and item.action.type == "click":
        print(item.action.x, item.action.y)


def approval_of_a_server(response: Response) -> InputList:
    return [
        {"type": "mcp_approval_response", "approval_request_id": item.id, "approve": True}
        for item in response.output
        if item.type == "mcp_approval_request"
    ]


def remote_tool(item: OutputItem) -> None:
    if item.type == "mcp_call":
        print(item.server_label, item.name, item.output)
    elif item.type == "mcp_list_tools":
        print([tool.name for tool in item.tools])


def custom_tool(item: OutputItem) -> None:
    if item.type == "custom_tool_call":
        print(item.name, item.input)


def shell(item: OutputItem) -> None:
    if item.type == "shell_call":
        for command in item.action.commands:
            print(command)


def patch(item: OutputItem) -> None:
    if item.type == "apply_patch_call" and item.operation.type == "update_file":
        print(item.operation.path, item.operation.diff)


def output_of_a_tool(item: OutputItem) -> None:
    if item.type == "function_call_output":
        if isinstance(item.output, str):
            print(item.output)
        else:
            for part in item.output:
                if part.type == "input_text":
                    print(part.text)


def kinds_of_annotations(annotation: Annotation) -> str:
    if annotation.type == "url_citation":
        return annotation.title
    if annotation.type == "file_citation":
        return annotation.filename
    if annotation.type == "container_file_citation":
        return annotation.container_id
    return annotation.type


def tools_in_effect(response: Response) -> list[str]:
    return [tool.name for tool in response.tools if tool.type == "function"]


def narrowed_tools(tool: Tool) -> None:
    if tool.type == "function":
        assert_type(tool, FunctionTool)
        print(tool.name, tool.parameters)
    elif tool.type == "mcp":
        print(tool.server_label)
    elif tool.type == "file_search":
        print(tool.vector_store_ids)


def choice_of_a_tool(response: Response) -> str:
    choice = response.tool_choice
    if choice is None or isinstance(choice, str):
        return choice or ""
    if choice.type == "function":
        return choice.name
    return choice.type


def kind_of_an_item(response: Response) -> list[str]:
    return sorted(item.type for item in response.output)


def type_as_a_key(response: Response) -> dict[str, list[OutputItem]]:
    found: dict[str, list[OutputItem]] = {}
    for item in response.output:
        found.setdefault(item.type, []).append(item)
    return found


def text_of_any_item(item: OutputItem) -> str:
    return item.text  # wrong


def text_of_any_part(part: OutputContentPart) -> str:
    return part.text  # wrong


def arguments_of_a_message(item: OutputItem) -> str:
    if item.type == "message":
        return item.arguments  # wrong
    return ""


def misspelt_attribute(item: OutputItem) -> str:
    if item.type == "function_call":
        return item.argumetns  # wrong
    return ""


def call_without_a_check(response: Response) -> str:
    return response.output[0].arguments  # wrong
