"""An embedded server in the place of the API, for examples that run without a key.

`start("chat")` serves the answers of that example on a free port of this machine, and sets
OPENAI_BASE_URL and OPENAI_API_KEY, so that `Client()` finds it. An example calls it only if
OPENAI_API_KEY is not set: with a key, copy the example without this file, and leave out the
three lines that call it.
"""

from __future__ import annotations

import os
import socket
import sys
import threading
import time
from collections.abc import Callable

import httpx

from responses_client.testing import Server

try:
    import uvicorn
except ModuleNotFoundError:
    sys.exit("Without OPENAI_API_KEY, the examples need uvicorn: pip install -e . --group examples")

WEBHOOK_SECRET = "whsec_" + "ZGVtbyBkZW1vIGRlbW8gZGVtbyBkZW1vIQ=="


def start(example: str) -> None:
    """Serve the answers of an example until the program ends, and say so on standard error."""
    server = Server()
    server.webhook_secret = WEBHOOK_SECRET
    SCRIPTS[example](server)
    listening = socket.create_server(("127.0.0.1", 0))
    config = uvicorn.Config(server.app(), log_config=None, lifespan="off")
    # A daemon: unlike `server.serve()`, it does not keep the program from ending.
    threading.Thread(target=uvicorn.Server(config).run, args=([listening],), daemon=True).start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
    os.environ.update(OPENAI_BASE_URL=url, OPENAI_API_KEY="demo", OPENAI_WEBHOOK_SECRET=WEBHOOK_SECRET)
    os.environ.setdefault("FALLBACK_BASE_URL", url)
    print(
        f"OPENAI_API_KEY is not set: an embedded server at {url} answers, without a model (examples/demo.py).",
        file=sys.stderr,
    )


def _paced(server: Server) -> None:
    """Answer each question with its own words, at the speed of a model."""
    for _ in range(1000):
        server.delay(per_event=0.03).unscripted()


def _weather_agent(server: Server) -> None:
    server.call_tools([("get_weather", {"city": "Bergen"}), ("get_weather", {"city": "Lima"})])
    text = "Storm tonight: stay away from the harbour."
    server.call_tool("send_warning", {"city": "Bergen", "text": text})
    server.reply("Bergen: a storm, at 7 degrees. Lima: a clear night, at 22 degrees.")


def _extraction(server: Server) -> None:
    server.reply_json(
        {
            "number": "2041",
            "issued": "2026-11-30",
            "seller": {
                "name": "Fjord Lamps AS",
                "address": {"street": "Strandgaten 9", "city": "Bergen", "country": "NO"},
            },
            "lines": [
                {"what": "Lamp, brass", "quantity": 2, "unit_price": 149.5},
                {"what": "Bulb, warm white", "quantity": 6, "unit_price": 4.25},
            ],
            "total": 324.5,
        }
    )


def _images_and_pdf(server: Server) -> None:
    server.reply(
        "The picture is a red square with a white cross. The page says that the ferry leaves at noon."
    )


def _telemetry(server: Server) -> None:
    server.call_tools([("get_weather", {"city": "Bergen"}), ("get_weather", {"city": "Lima"})])
    server.reply("Clear nights in both cities.")


def _webhook_receiver(server: Server) -> None:
    """Send a webhook to the program for each response, a second after its start."""

    def deliver() -> None:
        delivered: set[str] = set()
        while True:
            time.sleep(1)
            for job in server.responses.keys() - delivered:
                delivered.add(job)
                server.client().responses.wait(job, poll_interval=0)
                webhook = server.webhook(job)
                url = f"http://127.0.0.1:{os.environ.get('PORT', '8001')}/webhook"
                httpx.post(url, content=webhook.body, headers=webhook.headers)

    threading.Thread(target=deliver, daemon=True).start()


def _fan_out(server: Server) -> None:
    for number in range(1, 41):
        if number == 17:
            server.fail(400, message="This review was refused by a filter.", code="content_filter")
        else:
            server.delay(0.05).reply("good" if number % 3 else "bad")


def _fallback(server: Server) -> None:
    # The first model, and its one retry; then the second one.
    server.fail(503, times=2, message="The model is overloaded.")
    server.fail(429, code="insufficient_quota", message="You exceeded your current quota.")
    server.reply("A lighthouse keeper counts ships, and one night a ship counts him.")


def _notebook(server: Server) -> None:
    server.reply("Twice a day the sea rises and falls, because the moon and the sun pull at it.")
    server.delay(per_event=0.02).reply(
        "Spring tides come at new and full moon, when sun and moon pull together."
    )
    server.reply_json([{"name": "Bay of Fundy", "metres": 16.3}, {"name": "Bristol Channel", "metres": 15.0}])
    server.call_tool("high_water", {"harbour": "Bristol"}).reply(
        "The next high water at Bristol is at 07:42."
    )


def _trim_history(server: Server) -> None:
    server.reply(
        "By the bridge from Finnsnes, or the summer ferry from Andenes. June, for the light at midnight."
    )
    server.reply(
        "By road: bridges lead there from Ulsteinvik. May to July, when half a million puffins nest."
    )
    server.reply("By express boat from Bodø, two hours and a half. August, when the sea is warmest.")
    server.reply(
        "By ferry from Stokkvågen. July: the boats are small, and the sea beyond the skerries is not."
    )
    server.reply(
        "Through the tunnel under the Trondheimsleia. September, when the deer come down to the shore."
    )
    server.reply("By ferry from Kristiansund. April, for the wind and the empty roads.")


SCRIPTS: dict[str, Callable[[Server], None]] = {
    "chat": _paced,
    "extraction": _extraction,
    "fallback": _fallback,
    "fan_out": _fan_out,
    "images_and_pdf": _images_and_pdf,
    "notebook": _notebook,
    "sse_relay": _paced,
    "telemetry": _telemetry,
    "trim_history": _trim_history,
    "weather_agent": _weather_agent,
    "webhook_receiver": _webhook_receiver,
}
