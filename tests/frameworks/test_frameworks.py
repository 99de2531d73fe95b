"""Frameworks that take an official client, with `responses_client.openai` in its place.

The groups `frameworks` and `other-frameworks` of pyproject.toml need versions of the official package that exclude each
other, so that no environment has all of these.
"""

from __future__ import annotations

import asyncio
import importlib
from typing import Any

import pytest

pytest.importorskip("openai")

from responses_client import errors
from responses_client.openai import AsyncOpenAI, OpenAI
from responses_client.testing import Server

# Theirs, of which some are raised while they are imported.
pytestmark = pytest.mark.filterwarnings("default")

ROME = {"city": "Rome"}


def framework(name: str) -> Any:
    """Import a framework; the test is skipped where it is not installed."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name is None or not name.startswith(error.name):
            raise
        pytest.skip(f"{name} is not installed")


@pytest.fixture
def async_official(server: Server) -> AsyncOpenAI:
    return AsyncOpenAI(client=server.async_client())


@pytest.fixture
def official(server: Server) -> OpenAI:
    return OpenAI(client=server.client())


def get_weather(city: str) -> str:
    """Say how the weather is."""
    return f"Sunny in {city}"


def expect_a_call_and_its_output(server: Server) -> None:
    server.call_tool("get_weather", ROME)
    server.expect(tool_outputs={"get_weather": "Sunny in Rome"}).reply("It is sunny.")


def agent_of_openai_agents(official: AsyncOpenAI) -> Any:
    agents = framework("agents")
    agents.set_tracing_disabled(True)
    model = agents.OpenAIResponsesModel(model="gpt-5.4", openai_client=official)
    return agents.Agent(name="weather", tools=[agents.function_tool(get_weather)], model=model)


def test_openai_agents(server: Server, async_official: AsyncOpenAI) -> None:
    agent = agent_of_openai_agents(async_official)
    expect_a_call_and_its_output(server)

    assert asyncio.run(framework("agents").Runner.run(agent, "The weather?")).final_output == "It is sunny."


def test_stream_of_openai_agents(server: Server, async_official: AsyncOpenAI) -> None:
    agent = agent_of_openai_agents(async_official)
    expect_a_call_and_its_output(server)

    async def run() -> tuple[str, set[str]]:
        result = framework("agents").Runner.run_streamed(agent, "The weather?")
        kinds = {event.type async for event in result.stream_events()}
        return result.final_output, kinds

    assert asyncio.run(run()) == (
        "It is sunny.",
        {"agent_updated_stream_event", "raw_response_event", "run_item_stream_event"},
    )


def test_error_that_openai_agents_meets_is_official(server: Server, async_official: AsyncOpenAI) -> None:
    agent = agent_of_openai_agents(async_official)
    server.fail(status=400, message="No.")
    with pytest.raises(importlib.import_module("openai").BadRequestError) as raised:
        asyncio.run(framework("agents").Runner.run(agent, "The weather?"))

    assert isinstance(raised.value.__cause__, errors.BadRequestError)


def test_pydantic_ai(server: Server, async_official: AsyncOpenAI) -> None:
    pydantic_ai = framework("pydantic_ai")
    provider = framework("pydantic_ai.providers.openai").OpenAIProvider(openai_client=async_official)
    model = framework("pydantic_ai.models.openai").OpenAIResponsesModel("gpt-5.4", provider=provider)
    agent = pydantic_ai.Agent(model)
    agent.tool_plain(get_weather)
    expect_a_call_and_its_output(server)
    server.reply("It is still sunny.")

    async def run() -> tuple[str, str]:
        whole = (await agent.run("The weather?")).output
        async with agent.run_stream("And now?") as stream:
            return whole, "".join([text async for text in stream.stream_text(delta=True)])

    assert asyncio.run(run()) == ("It is sunny.", "It is still sunny.")


def test_langchain(server: Server, official: OpenAI, async_official: AsyncOpenAI) -> None:
    chat = framework("langchain_openai").ChatOpenAI
    clients: Any = {"root_client": official, "root_async_client": async_official}
    model = chat(model="gpt-5.4", api_key="any", use_responses_api=True, **clients)
    model.root_client, model.root_async_client = official, async_official  # it makes its own in any case
    server.reply("Hello").reply("Hello again")

    assert str(model.invoke("Hi").text) == "Hello"
    assert "".join(str(chunk.text) for chunk in model.stream("Hi")) == "Hello again"


def test_instructor(server: Server, official: OpenAI) -> None:
    instructor = framework("instructor")
    pydantic = importlib.import_module("pydantic")
    city = pydantic.create_model("City", name=(str, ...))
    client = instructor.from_openai(official, mode=instructor.Mode.RESPONSES_TOOLS)
    server.call_tool("City", {"name": "Rome"})

    assert client.responses.create(model="gpt-5.4", input="Hi", response_model=city).name == "Rome"


def test_agent_framework(server: Server, async_official: AsyncOpenAI) -> None:
    agent_framework = framework("agent_framework")
    client = framework("agent_framework.openai").OpenAIChatClient(
        model="gpt-5.4", async_client=async_official
    )
    agent = agent_framework.Agent(client=client, tools=[get_weather])
    expect_a_call_and_its_output(server)

    assert str(asyncio.run(agent.run("The weather?"))) == "It is sunny."


def test_llama_index(server: Server, official: OpenAI, async_official: AsyncOpenAI) -> None:
    llm = framework("llama_index.llms.openai").OpenAIResponses(model="gpt-4o-mini", api_key="any")
    llm._client, llm._aclient = official, async_official  # it has no argument for them
    server.reply("Hello").reply("Hello again").reply("Hello for the third time")

    assert str(llm.complete("Hi")) == "Hello"
    assert "".join(chunk.delta for chunk in llm.stream_complete("Hi")) == "Hello again"
    assert str(asyncio.run(llm.acomplete("Hi"))) == "Hello for the third time"


def test_haystack(server: Server, official: OpenAI) -> None:
    generators = framework("haystack.components.generators.chat")
    secret = framework("haystack.utils").Secret.from_token("any")
    generator = generators.OpenAIResponsesChatGenerator(api_key=secret, model="gpt-5.4")
    generator.client = official
    server.reply("Hello")
    found = generator.run([framework("haystack.dataclasses").ChatMessage.from_user("Hi")])

    assert found["replies"][0].text == "Hello"
