"""Another model, or another server, if the first one does not answer.

    python examples/fallback.py

The client itself retries a call (`max_retries`). If the model or its server is the reason of
a failure, the next one is asked; a wrong request is wrong everywhere, so its error is raised.
The last one here is your own server, at FALLBACK_BASE_URL or http://localhost:8000/v1.
"""

import os
from collections.abc import Sequence
from typing import NamedTuple

from responses_client import (
    APIConnectionError,
    APIError,
    Client,
    InternalServerError,
    NotFoundError,
    RateLimitError,
)
from responses_client.models import Response

# NotFoundError: the server has no such model, or it has been retired.
OTHERS_MAY_ANSWER = (APIConnectionError, InternalServerError, NotFoundError, RateLimitError)


class Route(NamedTuple):
    client: Client
    model: str


def create(routes: Sequence[Route], question: str) -> Response:
    """Ask each route until one answers; raise the errors of all of them if none does."""
    errors: list[APIError] = []
    for client, model in routes:
        try:
            response = client.responses.create(model=model, input=question)
        except OTHERS_MAY_ANSWER as error:
            print(f"{model}: {type(error).__name__}: {error}")
            errors.append(error)
            continue
        if response.status != "failed":
            print(f"{model}: answered")
            return response
        print(f"{model}: {response.error}")
    raise ExceptionGroup("No route has answered.", errors)


def main() -> None:
    own = os.environ.get("FALLBACK_BASE_URL", "http://localhost:8000/v1")
    # A deadline leaves time for the others: the default is ten minutes for each attempt.
    with (
        Client(max_retries=1, deadline=60) as client,
        Client(max_retries=1, deadline=60, base_url=own, api_key="unused") as own_client,
    ):
        routes = [
            Route(client, "gpt-5.4"),
            Route(client, "gpt-5.4-mini"),
            Route(own_client, "qwen3"),
        ]
        print(create(routes, "Tell me a story about a lighthouse in one sentence.").output_text)


if __name__ == "__main__":
    if not os.environ.get("OPENAI_API_KEY"):
        import demo

        demo.start("fallback")
    main()
