"""The state of the embedded server: responses with their inputs, conversations, and all that these refer to."""

from __future__ import annotations

import threading
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass

from ._background import BackgroundRun
from ._batch_lines import BatchLimits
from ._batches import DEFAULT_POLLS as DEFAULT_BATCH_POLLS
from ._batches import Batch, BatchPlan, Execute, LineAnswer
from ._containers import Container
from ._file_store import FileStore
from ._http_types import ApiError
from ._ids import Ids
from ._json_types import JSONObject, is_object, objects
from ._rate_limits import Limiter
from ._request_input import input_items
from ._script_queue import Script
from ._stored_items import kept_items
from ._vector_stores import VectorStore

DEFAULT_NOW = 1_750_000_000
DEFAULT_POLLS = 2


@dataclass(frozen=True, slots=True)
class AnsweredRequest:
    """A request with its response; `history` are the items before its input, `inputs` those of its input."""

    body: JSONObject
    response: JSONObject
    history: list[JSONObject]
    inputs: list[JSONObject]


class Memory:
    """Responses by id, each with its context: all items that it was created from."""

    def __init__(self) -> None:
        self.responses: dict[str, JSONObject] = {}
        self.contexts: dict[str, list[JSONObject]] = {}

    def keep(self, answered: AnsweredRequest, response: JSONObject) -> None:
        """Keep a response, in the given state, with its context."""
        self.responses[response["id"]] = response
        self.contexts[response["id"]] = [*answered.history, *answered.inputs]

    def context(self, response_id: str) -> list[JSONObject]:
        """Return the items that a response was created from, oldest first."""
        # Responses that a test put in by hand only name a previous response, possibly in a loop.
        parts: list[list[JSONObject]] = []
        seen: set[str] = set()
        while response_id not in self.contexts:
            seen.add(response_id)
            response_id = str(self.responses[response_id].get("previous_response_id"))
            if response_id not in self.responses or response_id in seen:
                break
            parts.append(objects(self.responses[response_id].get("output")))
        else:
            parts.append(self.contexts[response_id])
        return [item for items in reversed(parts) for item in items]

    def history(self, response_id: str) -> list[JSONObject]:
        """Return all items up to a response, its output included, oldest first."""
        return [*self.context(response_id), *objects(self.responses[response_id].get("output"))]


class Store:
    """The state that lasts from one request to the next. Callers hold `lock`."""

    def __init__(self, script: Script, *, validate: bool, limiter: Limiter | None = None) -> None:
        self.lock: threading.RLock = threading.RLock()
        self.script = script
        self.validate = validate
        self.limiter: Limiter = limiter or Limiter(None)
        self.now = DEFAULT_NOW
        self.polls = DEFAULT_POLLS
        self.memory: Memory = Memory()
        self.runs: dict[str, BackgroundRun] = {}
        self.conversations: dict[str, list[JSONObject]] = {}
        self.conversation_objects: dict[str, JSONObject] = {}
        self.endpoints: dict[str, JSONObject] = {}
        self.files: FileStore = FileStore()
        self.vector_stores: dict[str, VectorStore] = {}
        self.index_polls = DEFAULT_POLLS
        self.planned_index_errors: deque[JSONObject] = deque()
        self.containers: dict[str, Container] = {}
        self.batches: dict[str, Batch] = {}
        self.batch_polls = DEFAULT_BATCH_POLLS
        self.batch_limits: BatchLimits = BatchLimits()
        self.planned_batches: deque[BatchPlan] = deque()
        self.planned_lines: dict[str, LineAnswer] = {}
        self.execute: Execute  # set by the `Application`, which answers the requests of batches
        self._counts: Counter[str] = Counter()

    def new_ids(self, kind: str) -> Ids:
        """Return the ids of the next object of a kind."""
        self._counts[kind] += 1
        return Ids(f"{kind} {self._counts[kind]}")

    def has_made(self, kind: str) -> bool:
        """Whether there was ever an object of a kind."""
        return self._counts[kind] > 0

    # --- responses

    def response(self, response_id: str) -> JSONObject:
        """Return a stored response; refuse with 404 if there is none of that id."""
        if response_id not in self.memory.responses:
            raise ApiError(404, f"Response with id '{response_id}' not found.")
        return self.memory.responses[response_id]

    def keep(self, answered: AnsweredRequest) -> None:
        """Keep a finished response, unless its `store` is false, and add it to its conversation."""
        if answered.response.get("store") is not False:
            self.memory.keep(answered, answered.response)
        self._add_to_conversation(answered, answered.response)

    def start(self, answered: AnsweredRequest) -> BackgroundRun:
        """Keep a response that runs in the background, and return its run."""
        run = BackgroundRun(answered.response, polls=self.polls, streamed=answered.body.get("stream") is True)
        run.on_end = lambda: self._add_to_conversation(answered, run.response)
        self.memory.keep(answered, run.response)
        self.runs[run.id] = run
        return run

    def run(self, response_id: str) -> BackgroundRun | None:
        """Return the run behind a stored response; None for one that a test put in or changed by hand."""
        run = self.runs.get(response_id)
        return run if run and self.memory.responses.get(response_id) is run.response else None

    def settle(self, run: BackgroundRun) -> None:
        """Store the state that a run has reached."""
        self.memory.responses[run.id] = run.response

    def event(self, run: BackgroundRun, number: int) -> JSONObject | None:
        """Return an event of a run by its number, making it happen; None after the last one."""
        with self.lock:
            # A deleted response keeps its open streams, but must not be stored again.
            known = self.run(run.id) is run
            event = run.event(number)
            if known:
                self.settle(run)
            return event

    def delete_response(self, response_id: str) -> None:
        """Delete a response; refuse with 404 if there is none of that id."""
        self.response(response_id)
        del self.memory.responses[response_id]
        self.memory.contexts.pop(response_id, None)
        self.runs.pop(response_id, None)

    # --- the history of a request

    def history(self, body: JSONObject, local: Memory | None = None) -> list[JSONObject]:
        """Return the items before the input of a request: those of its conversation or previous response.

        `local` holds responses that only the connection of the request knows. An unknown previous response is
        refused with 400, an unknown conversation with 404.
        """
        if body.get("previous_response_id") is not None:
            previous = str(body["previous_response_id"])
            for memory in (self.memory, local):
                if memory is not None and previous in memory.responses:
                    return memory.history(previous)
            message = f"Previous response with id '{previous}' not found."
            raise ApiError(400, message, param="previous_response_id", code="previous_response_not_found")
        conversation = conversation_id(body)
        return [] if conversation is None else [*self.conversation_items(conversation)]

    def known_history(self, body: JSONObject, local: Memory | None = None) -> list[JSONObject]:
        """Return the history of a request, or no items if it is unknown."""
        try:
            return self.history(body, local)
        except ApiError:
            return []

    def kept_input(self, body: JSONObject, ids: Ids) -> list[JSONObject]:
        """Return the input items of a request as they are stored."""
        return kept_items(input_items(body), ids, self.find_item)

    def find_item(self, item_id: str) -> JSONObject | None:
        """Return the stored item of an id, from any response or conversation; None if there is none."""
        return next((item for item in self._all_items() if item.get("id") == item_id), None)

    def outputs(self) -> Iterator[list[JSONObject]]:
        """Iterate over the outputs of all stored responses."""
        for response in self.memory.responses.values():
            yield objects(response.get("output"))

    def _all_items(self) -> Iterator[JSONObject]:
        for response_id in self.memory.responses:
            yield from self.memory.history(response_id)
        for items in self.conversations.values():
            yield from items

    # --- conversations

    def conversation_items(self, id: str) -> list[JSONObject]:
        """Return the items of a conversation; refuse with 404 if there is none of that id."""
        if id not in self.conversations:
            raise ApiError(404, f"Conversation with id '{id}' not found.")
        return self.conversations[id]

    def _add_to_conversation(self, answered: AnsweredRequest, response: JSONObject) -> None:
        conversation = conversation_id(answered.body)
        # It may have been deleted while the response ran.
        if conversation in self.conversations and response.get("status") in ("completed", "incomplete"):
            self.conversations[conversation] += [*answered.inputs, *objects(response.get("output"))]


def conversation_id(body: JSONObject) -> str | None:
    """Return the id of the conversation that a request belongs to, or None."""
    given = body.get("conversation")
    if given is None:
        return None
    return str(given.get("id") if is_object(given) else given)
