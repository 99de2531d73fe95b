"""An embedded Responses API for tests and demonstrations: no network, no key, the same answers each time.

    from responses_client.testing import Server

    with Server() as server:
        server.reply("Hello")
        assert server.client().responses.create(model="m", input="Hi").output_text == "Hello"
        assert server.requests[0].json["input"] == "Hi"

The package also brings a pytest fixture, `responses_server`, which is such a server.
"""

from ._api import RecordedRequest
from ._server import Server
from ._wire import Answer

__all__ = ["Answer", "RecordedRequest", "Server"]
