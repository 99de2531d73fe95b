"""The operations on responses."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterator, Mapping
from functools import partial

from ._background import BackgroundRun
from ._create_schema import check_create, check_one_history
from ._endpoint_schemas import COMPACTION, INPUT_TOKENS, body_of
from ._hosted_calls import Turn
from ._http_envelope import parse_body
from ._http_types import Answer, encode_event
from ._item_checks import check_items
from ._json_checks import missing, refuse
from ._json_types import JSONObject, as_object, encode
from ._list_pages import page, page_query
from ._output_items import ModelOutput
from ._query_params import check_include, flag, natural_number
from ._recorded_request import RecordedRequest, compare
from ._referred_objects import check_referred, find_in_files
from ._request_input import input_items
from ._response_object import response_object, usage
from ._script_queue import OutputItems, RawEvents, ScriptedOutput
from ._store import AnsweredRequest, Store
from ._stream_events import TERMINAL, padded, stream_events
from ._unscripted_output import unscripted


def create_response(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`POST /responses`."""
    body = parse_body(request.headers, request.body)
    if store.validate:
        check_create(body)
    history = store.history(body)
    admit(store, body, history)
    scripted, pace = store.script.next_output(partial(compare, request), body, history)
    if isinstance(scripted, RawEvents):
        return Answer.of_events(scripted.chunks(), pace=pace)
    answered = answer_request(store, body, history, scripted)
    obfuscation = as_object(body.get("stream_options")).get("include_obfuscation") is True
    if body.get("background") is True:
        run = store.start(answered)
        if body.get("stream") is True:
            return Answer.of_events(_followed(store, run, 0, obfuscation), pace=pace)
        return Answer.of_json(run.response, pace=pace)
    store.keep(answered)
    if body.get("stream") is True:
        events = stream_events(answered.response)
        return Answer.of_events((encode_event(padded(e) if obfuscation else e) for e in events), pace=pace)
    return Answer.of_json(answered.response, pace=pace)


def admit(store: Store, body: JSONObject, history: list[JSONObject]) -> None:
    """Admit a checked request to the model, or refuse it because of its history or a rate limit."""
    if store.validate:
        check_items(body, history, store.find_item, store.outputs())
        check_referred(store, body)
    if store.limiter.is_on:
        read = usage(body, history, ModelOutput())["input_tokens"]
        store.limiter.admit(body.get("model"), read + (_most_output(body) or 0))


def _most_output(body: JSONObject) -> int | None:
    most = body.get("max_output_tokens")
    return most if isinstance(most, int) else None


def answer_request(
    store: Store, body: JSONObject, history: list[JSONObject], scripted: ScriptedOutput
) -> AnsweredRequest:
    """Return the whole response to a checked request, with its scripted part."""
    ids = store.new_ids("response")
    response_id = ids.new("resp")
    fields = scripted.fields
    status = fields.get("status", "completed")
    is_written = scripted.goes_on and "output" not in fields and status in ("completed", "incomplete")
    items = [*history, *input_items(body)]
    turn = Turn(body, items, ids, store.script.planned_calls, partial(find_in_files, store))
    items = turn.play_approved() if scripted.parts or is_written else []
    for part in scripted.parts:
        items += part.build(body, ids) if isinstance(part, OutputItems) else turn.play(part)
    output = unscripted(turn, items) if is_written else ModelOutput(items)
    if "output" in fields:
        output = ModelOutput([*items, *fields["output"]] if items else fields["output"])
        fields = {**fields, "output": output.items}
    response = response_object(body, history, output, id=response_id, created_at=store.now)
    if _most_output(body) is None:
        store.limiter.spend(response["usage"]["output_tokens"])
    if status != "completed":
        response["completed_at"] = None
    if status not in ("completed", "incomplete"):
        response["usage"] = None
    return AnsweredRequest(body, {**response, **fields}, history, store.kept_input(body, ids))


def _followed(store: Store, run: BackgroundRun, first: int, obfuscation: bool) -> Iterator[bytes]:
    """Iterate over the encoded events of a run from the number `first` on; each happens when it is read."""
    while (event := store.event(run, first)) is not None:
        yield encode_event(padded(event) if obfuscation else event)
        first += 1


def retrieve_response(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /responses/{response_id}`: the response as it is now, or a stream of its events."""
    id = params["response_id"]
    response = store.response(id)
    check_include(request.query)
    wants_events = flag(request.query, "stream")
    obfuscation = flag(request.query, "include_obfuscation")
    first = natural_number(request.query, "starting_after", -1) + 1
    run = store.run(id)
    if not wants_events:
        if run is None:
            return Answer.of_json(response)
        run.poll()
        store.settle(run)
        return Answer.of_json(run.response)
    if run is None and id not in store.memory.contexts:
        # A test put it in by hand, and it is unknown whether it was created as a stream.
        run = BackgroundRun(response, polls=0, streamed=True)
    if run is None or not run.streamed:
        lacking = "background" if run is None else "stream"
        message = f"This response cannot be streamed because it was not created with {lacking}=true."
        refuse(message, "stream", None)
    return Answer.of_events(_followed(store, run, first, obfuscation))


def cancel_response(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`POST /responses/{response_id}/cancel`."""
    id = params["response_id"]
    response = store.response(id)
    status = response.get("status")
    if response.get("background") is not True:
        refuse("Cannot cancel a synchronous response.", "response_id", None)
    if status == "cancelled":
        return Answer.of_json(response)
    if status in TERMINAL:
        article = "an" if status == "incomplete" else "a"
        refuse(f"Cannot cancel {article} {status} response.", "response_id", None)
    run = store.run(id)
    if run is None:
        store.memory.responses[id] = {**response, "status": "cancelled"}
    else:
        run.cancel()
        store.settle(run)
    return Answer.of_json(store.memory.responses[id])


def delete_response(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`DELETE /responses/{response_id}`."""
    store.delete_response(params["response_id"])
    return Answer.of_json({"id": params["response_id"], "object": "response", "deleted": True})


def list_input_items(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /responses/{response_id}/input_items`: the input, and the history before it."""
    store.response(params["response_id"])
    check_include(request.query)
    return Answer.of_json(page(store.memory.context(params["response_id"]), page_query(request.query)))


def count_input_tokens(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`POST /responses/input_tokens`."""
    body = body_of(store, request, INPUT_TOKENS, needed=False)
    if store.validate:
        check_one_history(body)
    counted = usage(body, store.history(body), ModelOutput())
    return Answer.of_json({"object": "response.input_tokens", "input_tokens": counted["input_tokens"]})


def compact_response(store: Store, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`POST /responses/compact`: the user messages as they are, and one item in place of all others."""
    body = body_of(store, request, COMPACTION)
    if store.validate and body.get("input") is None and body.get("previous_response_id") is None:
        missing("input")
    history = store.history(body)
    admit(store, body, history)
    ids = store.new_ids("compaction")
    id = ids.new("resp")
    items = [*history, *store.kept_input(body, ids)]
    sealed = base64.urlsafe_b64encode(hashlib.sha512(encode(items)).digest()).decode()
    summary: JSONObject = {"id": ids.new("cmp"), "type": "compaction", "encrypted_content": f"gAAAAA{sealed}"}
    output = [item for item in items if item.get("type") == "message" and item.get("role") == "user"]
    return Answer.of_json(
        {
            "id": id,
            "object": "response.compaction",
            "created_at": store.now,
            "output": [*output, summary],
            "usage": usage(body, history, ModelOutput([summary], reasoning_tokens=0)),
        }
    )
