"""Tools and tool choices, as dicts and as models."""

from responses_client import Client
from responses_client.models import (
    FunctionTool,
    FunctionToolChoice,
    FunctionToolParam,
    McpTool,
    Tool,
    ToolChoiceObject,
    ToolChoiceObjectParam,
    ToolParam,
    WebSearchTool,
)


def tools_as_dicts(client: Client) -> None:
    client.responses.create(
        input="Hi",
        tools=[
            {
                "type": "function",
                "name": "get_weather",
                "parameters": {"type": "object", "properties": {"city": {"type": "string"}}},
                "strict": True,
                "async": True,
            },
            {"type": "web_search", "user_location": {"type": "approximate", "country": "DE"}},
            {
                "type": "file_search",
                "vector_store_ids": ["vs_1"],
                "filters": {
                    "type": "and",
                    "filters": [
                        {"type": "eq", "key": "year", "value": 2026},
                        {"type": "in", "key": "tag", "value": ["a", "b"]},
                    ],
                },
            },
            {
                "type": "mcp",
                "server_label": "docs",
                "server_url": "https://example.com",
                "headers": {"A": "b"},
            },
            {"type": "code_interpreter", "container": {"type": "auto", "memory_limit": "4g"}},
            {"type": "image_generation", "size": "1536x1024"},
            {"type": "shell", "environment": {"type": "local"}},
            {
                "type": "custom",
                "name": "sql",
                "format": {"type": "grammar", "syntax": "lark", "definition": "…"},
            },
        ],
    )


def tools_as_models(client: Client) -> None:
    client.responses.create(
        input="Hi",
        tools=[
            FunctionTool(name="get_weather", parameters={"type": "object"}, async_=True),
            WebSearchTool(search_context_size="low"),
            McpTool(server_label="docs", server_url="https://example.com", allowed_tools=["search"]),
            {"type": "computer"},
        ],
    )


def tools_of_a_program(
    client: Client,
    functions: list[FunctionToolParam],
    built: list[FunctionTool],
    mixed: list[Tool | ToolParam],
    tool: ToolParam,
) -> None:
    client.responses.create(input="Hi", tools=functions)
    client.responses.create(input="Hi", tools=built)
    client.responses.create(input="Hi", tools=mixed)
    client.responses.create(input="Hi", tools=[*functions, *built, tool])
    client.responses.create(input="Hi", tools=())


def tool_choices(client: Client, choice: ToolChoiceObject | ToolChoiceObjectParam) -> None:
    client.responses.create(input="Hi", tool_choice="required")
    client.responses.create(input="Hi", tool_choice={"type": "function", "name": "get_weather"})
    client.responses.create(input="Hi", tool_choice={"type": "web_search_preview"})
    client.responses.create(
        input="Hi",
        tool_choice={"type": "allowed_tools", "mode": "auto", "tools": [{"type": "function", "name": "f"}]},
    )
    client.responses.create(input="Hi", tool_choice=FunctionToolChoice(name="get_weather"))
    client.responses.create(input="Hi", tool_choice=choice)
