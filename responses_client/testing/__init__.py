"""An embedded Responses API for tests and demonstrations: no network, no API key, the same answers each time.

    from responses_client.testing import Server

    with Server() as server:
        server.reply("Hello")
        assert server.client().responses.create(model="m", input="Hi").output_text == "Hello"
        assert server.requests[0].json["input"] == "Hi"

`AsyncServer` is the same for async tests. The package also provides pytest fixtures: `responses_server` and
`async_responses_server`, which are such servers, and `virtual_clock`, under which waits take no time.

`Cassette` records the answers of a real server once, and replays them ever after (`responses_cassette` in pytest).
"""

from typing import TYPE_CHECKING

__all__ = [
    "Answer",
    "AsyncServer",
    "Cassette",
    "CassetteError",
    "ConnectionBroken",
    "NotRecorded",
    "RateLimit",
    "RecordedRequest",
    "Server",
    "UnexpectedRequest",
    "VirtualClock",
    "Webhook",
    "sign_webhook",
]

if TYPE_CHECKING:
    from ._asgi import ConnectionBroken
    from ._cassettes.cassette import Cassette
    from ._cassettes.exchanges import CassetteError
    from ._cassettes.tape import NotRecorded
    from ._expectations import UnexpectedRequest
    from ._http_types import Answer
    from ._rate_limits import RateLimit
    from ._recorded_request import RecordedRequest
    from ._server import AsyncServer, Server
    from ._signed_webhooks import Webhook, sign_webhook
    from ._virtual_clock import VirtualClock
else:
    # Imported on first use: pytest imports this package for its plugin, in every run of every project.
    from importlib import import_module

    _MODULES = {
        "Answer": "_http_types",
        "AsyncServer": "_server",
        "Cassette": "_cassettes.cassette",
        "CassetteError": "_cassettes.exchanges",
        "ConnectionBroken": "_asgi",
        "NotRecorded": "_cassettes.tape",
        "RateLimit": "_rate_limits",
        "RecordedRequest": "_recorded_request",
        "Server": "_server",
        "UnexpectedRequest": "_expectations",
        "VirtualClock": "_virtual_clock",
        "Webhook": "_signed_webhooks",
        "sign_webhook": "_signed_webhooks",
    }

    def __getattr__(name):
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f".{_MODULES[name]}", __name__), name)
        globals()[name] = value
        return value

    def __dir__():
        return __all__
