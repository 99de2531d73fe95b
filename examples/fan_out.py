"""Many requests at once, with their progress, and a journal of the results.

    python examples/fan_out.py [JOURNAL]

`map` sends as many requests at once as the rate limits allow. Interrupt it with Ctrl-C and
start it again: answers in the journal are not paid for twice, and failed requests are sent
again. `progress=True` draws a bar on a terminal if tqdm or rich is installed, and writes lines
elsewhere.
"""

import asyncio
import os
import sys
from collections import Counter

from responses_client import AsyncClient, MapResult
from responses_client.models import ResponseCreateParams

REVIEWS = [
    f"Review {number}: {'never again' if number % 3 == 0 else 'warm, quiet, kind people'}."
    for number in range(1, 41)
]


def request(review: str) -> ResponseCreateParams:
    return {
        "model": "gpt-5.4-nano",
        "instructions": "Is the guest happy? Answer good or bad.",
        "input": review,
    }


async def main(journal: str) -> None:
    verdicts: Counter[str] = Counter()
    failures: list[MapResult] = []
    async with (
        AsyncClient() as client,
        client.responses.map(
            [*map(request, REVIEWS)], max_concurrency=8, journal=journal, progress=True
        ) as results,
    ):
        async for result in results:
            if result.response is None:
                failures.append(result)
            else:
                verdicts[result.response.output_text] += 1
    print(", ".join(f"{count} {verdict}" for verdict, count in sorted(verdicts.items())))
    for failure in failures:
        print(f"{REVIEWS[failure.index]} {failure.error}")
    print(f"The results are in {journal}.")


if __name__ == "__main__":
    if not os.environ.get("OPENAI_API_KEY"):
        import demo

        demo.start("fan_out")
    try:
        asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else "fan_out.jsonl"))
    except KeyboardInterrupt:
        sys.exit("Interrupted. Start it again to continue.")
