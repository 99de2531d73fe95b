"""An embedded Responses API for tests and demonstrations: no network, no key, the same answers each time.

    from responses_client.testing import Server

    with Server() as server:
        server.reply("Hello")
        assert server.client().responses.create(model="m", input="Hi").output_text == "Hello"
        assert server.requests[0].json["input"] == "Hi"

`AsyncServer` is its twin for async tests. The package also brings pytest fixtures: `responses_server` and
`async_responses_server`, which are such servers, and `virtual_clock`, by which no wait takes any time.
"""

from typing import TYPE_CHECKING

__all__ = [
    "Answer",
    "AsyncServer",
    "RateLimit",
    "RecordedRequest",
    "Server",
    "VirtualClock",
    "Webhook",
    "sign_webhook",
]

if TYPE_CHECKING:
    from ._limits import RateLimit
    from ._record import RecordedRequest
    from ._server import AsyncServer, Server
    from ._virtual import VirtualClock
    from ._webhook import Webhook, sign_webhook
    from ._wire import Answer
else:
    # Loaded when first used: pytest imports this package for its plugin, in every run of every project.
    from importlib import import_module

    _MODULES = {
        "Answer": "_wire",
        "AsyncServer": "_server",
        "RateLimit": "_limits",
        "RecordedRequest": "_record",
        "Server": "_server",
        "VirtualClock": "_virtual",
        "Webhook": "_webhook",
        "sign_webhook": "_webhook",
    }

    def __getattr__(name):
        if name not in _MODULES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f".{_MODULES[name]}", __name__), name)
        value.__module__ = __name__
        globals()[name] = value
        return value

    def __dir__():
        return __all__
