"""The repr of a model is short, and shows no secret."""

import pytest

from responses_client import models
from responses_client.models import (
    Model,
    OutputMessage,
    OutputText,
    Response,
    UnknownItem,
    UnknownTool,
    Usage,
)
from responses_client.models._repr import short_repr

REPRS: list[tuple[Model, str]] = [
    (Response(), "Response()"),
    (
        OutputMessage(id="msg_1", content=[OutputText(text="a")]),
        "OutputMessage(id='msg_1', content=<1 items>)",
    ),
    (Response(metadata={"a": "b"}, usage=Usage(), tools=[]), "Response(usage=Usage(...), metadata=<1 keys>)"),
    (OutputText(text="x" * 100), f"OutputText(text='{'x' * 57}...')"),
    (UnknownItem(type="poem", lines=3), "UnknownItem(type='poem', lines=3)"),
    (Response.from_dict({"tools": None, "metadata": {}}), "Response(metadata={})"),
    (
        models.McpTool(server_label="home", authorization="hunter2", headers={"X-Token": "hunter3"}),
        "McpTool(server_label='home', authorization=***, headers=***)",
    ),
    (
        UnknownTool(type="mcp2", server_label="home", authorization="hunter2", headers={"X": "hunter3"}),
        "UnknownTool(type='mcp2', server_label='home', authorization=***, headers=<1 keys>)",
    ),
    (OutputText(text="my key is sk-abcdefgh1234"), "OutputText(text='my key is sk-***')"),
    (
        models.WebhookEndpointWithSecret(id="we_1", signing_secret="whsec_hunter2"),
        "WebhookEndpointWithSecret(id='we_1', signing_secret=***)",
    ),
]


@pytest.mark.parametrize(("model", "text"), REPRS, ids=[text for _, text in REPRS])
def test_a_repr_is_short_and_shows_set_fields(model: Model, text: str):
    assert repr(model) == str(model) == short_repr(model) == text
