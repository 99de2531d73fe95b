"""An agent with two tools, one of which needs a person's approval.

    python examples/weather_agent.py

`run` calls `get_weather` whenever the model asks for it. A call of `send_warning` ends the run
as pending instead: the program asks the person at the terminal, and resumes the run with the
decision. A refusal reaches the model with its reason.
"""

import os
from dataclasses import dataclass

from responses_client import Client, PendingCall, RunTool, tool

FORECASTS = {"Bergen": ("storm", 7), "Lima": ("sunny", 22)}


@dataclass
class Weather:
    sky: str
    degrees: int


def get_weather(city: str) -> Weather:
    """Get tonight's weather in a city."""
    weather = Weather(*FORECASTS.get(city, ("cloudy", 15)))
    print(f"  get_weather({city!r}) -> {weather}")
    return weather


@tool(needs_approval=True)
def send_warning(city: str, text: str) -> str:
    """Send a warning to all phones in a city."""
    print(f"  send_warning({city!r}) sends: {text}")
    return f"Sent to all phones in {city}."


TOOLS: list[RunTool] = [get_weather, send_warning]


def is_approved(call: PendingCall) -> bool:
    try:
        return input(f"  May I call {call.name}({call.arguments})? [y/N] ").strip().lower() == "y"
    except EOFError:
        return False


def main(client: Client) -> None:
    question = "How is the weather in Bergen and in Lima tonight? Warn people where it is needed."
    print(question)
    result = client.responses.run(model="gpt-5.4", input=question, tools=TOOLS)
    while result.approvals:
        decisions = {call: is_approved(call) for call in result.approvals}
        result = client.responses.run(
            model="gpt-5.4",
            tools=TOOLS,
            resume=result,
            approve=[call for call, yes in decisions.items() if yes],
            deny={call: "The person said no." for call, yes in decisions.items() if not yes},
        )
    print(result.output_text)
    print(f"{len(result.turns)} turns, {result.usage.total_tokens} tokens")


if __name__ == "__main__":
    if not os.environ.get("OPENAI_API_KEY"):
        import demo

        demo.start("weather_agent")
    with Client() as client:
        main(client)
