"""A history that stays within a budget of tokens.

    python examples/trim_history.py

`input_tokens.count` asks the server, with its own tokenizer, how many tokens an input has.
The history is cut only before a message of the user, so that outputs of tools keep their
calls, and reasoning keeps the items that follow it.
"""

import os

from responses_client import Client
from responses_client.models import InputList

MODEL = "gpt-5.4"
INSTRUCTIONS = "You are a patient guide to the islands of Norway."
BUDGET = 150  # tokens of the instructions and the history; a real budget is larger


class Chat:
    """A talk that forgets its oldest turns."""

    def __init__(self, client: Client) -> None:
        self.client = client
        self.turns: list[InputList] = []  # each a message of the user and its answer

    def ask(self, question: str) -> str:
        self.turns.append([question])
        self.trim()
        response = self.client.responses.create(
            model=MODEL, instructions=INSTRUCTIONS, input=self.history(), store=False
        )
        self.turns[-1] += response.as_input()
        return response.output_text

    def history(self, first: int = 0) -> InputList:
        return [item for turn in self.turns[first:] for item in turn]

    def count(self, first: int = 0) -> int:
        counted = self.client.responses.input_tokens.count(
            model=MODEL, instructions=INSTRUCTIONS, input=self.history(first)
        )
        return counted.input_tokens

    def trim(self) -> None:
        """Forget the oldest turns until the rest fits; the newest one always stays."""
        first, last = 0, len(self.turns) - 1
        while first < last and (tokens := self.count(first)) > BUDGET:
            print(f"  [{tokens} tokens are too many: the oldest turn is forgotten]")
            first += 1
        self.turns = self.turns[first:]


def main(client: Client) -> None:
    chat = Chat(client)
    for island in ("Senja", "Runde", "Vega", "Træna", "Hitra", "Smøla"):
        question = f"I want to see {island}. How do I get there, and what is the best month?"
        print(f"you> {question}\nmodel> {chat.ask(question)}")


if __name__ == "__main__":
    if not os.environ.get("OPENAI_API_KEY"):
        import demo

        demo.start("trim_history")
    with Client() as client:
        main(client)
