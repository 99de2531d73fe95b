"""A chat in the terminal, with its history here and not on the server.

    python examples/chat.py

Each answer streams. `store=False` keeps nothing on the server, so each request contains
the whole history; `as_input()` returns an answer in the form in which it goes back. An
answer that breaks off, or that Ctrl-C stops, is not kept.
"""

import os

from responses_client import APIError, Client
from responses_client.models import InputList


def ask_user() -> str:
    try:
        return input("you> ").strip()
    except (EOFError, KeyboardInterrupt):  # Ctrl-D, Ctrl-C
        return ""


def main(client: Client) -> None:
    history: InputList = []
    print("An empty line ends the chat.")
    while question := ask_user():
        print("model> ", end="", flush=True)
        try:
            with client.responses.stream(
                model="gpt-5.4",
                input=[*history, question],
                instructions="Answer briefly.",
                store=False,
            ) as stream:
                for text in stream.text_deltas():
                    print(text, end="", flush=True)
                response = stream.get_final_response()
        except APIError as error:
            print(f"\n{error}\nAsk again; the history is as it was before.")
            continue
        except KeyboardInterrupt:  # leaving the block of the stream has closed it
            print("\n[stopped]")
            continue
        print()
        if response.status != "completed":
            print(f"[{response.status}: {response.error or response.incomplete_details}]")
        history += [question, *response.as_input()]


if __name__ == "__main__":
    if not os.environ.get("OPENAI_API_KEY"):
        import demo

        demo.start("chat")
    with Client() as client:
        main(client)
