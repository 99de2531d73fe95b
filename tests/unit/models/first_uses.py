"""A process in which many threads use models for the first time at once; a test starts several.

It prints a line for each job that fails.
"""

from __future__ import annotations

import pickle
import random
import sys
import threading
from collections.abc import Callable
from typing import Any

from pydantic import BaseModel, ConfigDict, TypeAdapter
from pydantic_core import to_json

from responses_client import models, tool
from responses_client._calls.endpoints import RESPONSES_CREATE
from responses_client._calls.request import prepare
from responses_client._calls.settings import resolve
from responses_client._events.decoder import EventDecoder
from responses_client._structured.output_type import output_type

THREADS = 32
MESSAGE = {
    "type": "message",
    "id": "msg_1",
    "role": "assistant",
    "status": "completed",
    "content": [{"type": "output_text", "text": "Hi", "annotations": [{"type": "url_citation", "url": "u"}]}],
}
CALL = {"type": "function_call", "id": "fc_1", "call_id": "call_1", "name": "f", "arguments": "{}"}
POEM = {"type": "poem", "id": "poem_1"}
RESPONSE = {
    "id": "resp_1",
    "object": "response",
    "status": "completed",
    "model": "m",
    "output": [MESSAGE, CALL, POEM],
}
EVENTS: dict[str, dict[str, object]] = {
    "ResponseCreated": {"type": "response.created", "response": RESPONSE},
    "OutputItemAdded": {"type": "response.output_item.added", "output_index": 0, "item": CALL},
    "OutputTextDelta": {"type": "response.output_text.delta", "item_id": "msg_1", "delta": "Hi"},
    "FunctionCallArgumentsDelta": {
        "type": "response.function_call_arguments.delta",
        "item_id": "fc_1",
        "delta": "{",
    },
    "ResponseCompleted": {"type": "response.completed", "response": RESPONSE},
    "UnknownEvent": {"type": "response.poem.delta", "delta": "Roses"},
}


class City(BaseModel):
    """The class of a user, which is built at its first use, too."""

    model_config = ConfigDict(defer_build=True)
    name: str


class Mine(models.Response):
    """A user's class on top of one of ours."""

    note: str = "none"


@tool
def weather(city: City) -> str:
    """Say how the weather is."""
    return city.name


def made(cls: type[models.Model], data: dict[str, Any]) -> None:
    made = cls.from_json(to_json(data))
    assert type(made) is cls, type(made)
    assert made.to_dict() == data
    assert made.to_json()
    assert pickle.loads(pickle.dumps(made)) == made


def validated(cls: type[models.Model], data: dict[str, Any]) -> None:
    assert type(cls.model_validate(data)) is cls
    assert type(cls.model_validate_json(to_json(data))) is cls
    assert type(TypeAdapter(cls).validate_python(data)) is cls
    assert "title" in cls.model_json_schema()
    assert cls.model_json_schema()["title"] == cls.__name__


def decoded(name: str, data: dict[str, object]) -> None:
    text = b"data: " + to_json(data) + b"\n\n"
    (event,) = EventDecoder(10_000, strict=False).feed(text)
    assert type(event).__name__ == name, type(event)
    assert event.to_dict() == data


def constructed() -> None:
    message = models.InputMessage(role="user", content="Hi")
    assert type(message) is models.InputMessage
    assert message.to_dict() == {"type": "message", "role": "user", "content": "Hi"}
    call = models.FunctionCall(call_id="call_1", name="f", arguments="{}")
    assert type(models.FunctionCall.model_copy(call)) is models.FunctionCall


def requested() -> None:
    params = {
        "model": "m",
        "input": [MESSAGE, CALL],
        "reasoning": {"effort": "low"},
        "tools": [weather.definition],
    }
    assert prepare(RESPONSES_CREATE, params, resolve({}, api_key="k")).request.content


def structured() -> None:
    assert output_type(City).format["schema"]["title"] == "City"
    assert type(output_type(City).read('{"name": "Oslo"}')) is City
    assert weather.definition["parameters"]


def described(cls: type[models.Model]) -> None:
    assert cls.model_json_schema()["title"] == cls.__name__
    assert type(TypeAdapter(cls).validate_python({})) is cls


OPTIONAL = (
    models.ReasoningConfig,
    models.TextConfig,
    models.Usage,
    models.IncompleteDetails,
    models.ResponseError,
    models.Keepalive,
    models.InputTokensDetails,
    models.OutputTokensDetails,
)
"""Classes of which every field may be left out."""

JOBS: list[Callable[[], None]] = [
    lambda: made(models.Response, RESPONSE),
    lambda: made(models.OutputMessage, MESSAGE),
    lambda: made(models.FunctionCall, CALL),
    lambda: made(Mine, {**RESPONSE, "note": "n"}),
    lambda: validated(models.Response, RESPONSE),
    lambda: validated(models.FunctionCall, CALL),
    lambda: validated(Mine, RESPONSE),
    *[lambda name=name, data=data: decoded(name, data) for name, data in EVENTS.items()],
    *[lambda cls=cls: described(cls) for cls in OPTIONAL],
    constructed,
    requested,
    structured,
]


def main() -> None:
    sys.setswitchinterval(1e-6)  # so that threads meet in the middle of a build
    start = threading.Barrier(THREADS)

    def use(number: int) -> None:
        jobs = random.Random(number // 4).sample(JOBS, len(JOBS))  # four threads take the same way
        start.wait()
        for job in jobs:
            try:
                job()
            except Exception as error:
                print(f"{type(error).__name__}: {error}".splitlines()[0][:200])

    threads = [threading.Thread(target=use, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


if __name__ == "__main__":
    main()
