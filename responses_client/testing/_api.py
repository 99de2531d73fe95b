"""The operations of the API over what the embedded server keeps: a route table and one function a route."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias
from urllib.parse import unquote

import httpx

from ._answers import Draft, Ids, unscripted
from ._events import TERMINAL, snapshot, stream_events
from ._response import response_object
from ._script import Events, Items, Reply, Script
from ._turn import input_items
from ._validate import check_create, check_key, parse_body
from ._wire import Answer, ApiError, JSONObject, Pace, as_object, encode_event, objects

DEFAULT_NOW = 1_750_000_000


@dataclass(frozen=True)
class RecordedRequest:
    """A request as the server received it."""

    method: str
    """The HTTP method in upper case."""
    path: str
    """The path without the query, percent-decoded: `/v1/responses`."""
    url: str
    """The whole URL as it was sent."""
    headers: Mapping[str, str] = field(repr=False)
    """The headers; look-ups take any case."""
    query: httpx.QueryParams
    """The query: a mapping of names to values, with `get_list()` for repeated names."""
    body: bytes = field(repr=False)
    """The body as it was sent."""
    json: Any
    """The body as a JSON value; None when it is not JSON."""

    @property
    def stream(self) -> bool:
        """Whether the request asks for events: `stream` in its body or in its query."""
        return as_object(self.json).get("stream") is True or self.query.get("stream") == "true"


Handler: TypeAlias = Callable[["Api", RecordedRequest, Mapping[str, str]], Answer]


@dataclass(frozen=True, slots=True)
class Route:
    """An operation: its method, its path after the prefix with `{names}` for its parameters, its function."""

    method: str
    path: str
    handle: Handler

    def matched(self, segments: list[str]) -> dict[str, str] | None:
        """The path parameters when the path is that of this route."""
        names = self.path.split("/")[1:]
        if len(names) != len(segments):
            return None
        params: dict[str, str] = {}
        for name, segment in zip(names, segments, strict=True):
            if name.startswith("{") and segment:
                params[name.strip("{}")] = unquote(segment)
            elif name != segment:
                return None
        return params


class Api:
    """What the server keeps, and how it answers requests that reach it. Not thread-safe by itself."""

    def __init__(self, script: Script, *, prefix: str, validate: bool) -> None:
        self.script = script
        self.prefix = prefix
        self.validate = validate
        self.now = DEFAULT_NOW
        self.responses: dict[str, JSONObject] = {}
        self.inputs: dict[str, list[JSONObject]] = {}
        self._answered = 0

    def answer(self, request: RecordedRequest) -> Answer:
        """The answer to a request; raises `ApiError` for what the API refuses."""
        route, params = self._find(request)
        check_key(request.headers)
        return route.handle(self, request, params)

    def _find(self, request: RecordedRequest) -> tuple[Route, dict[str, str]]:
        # Split before decoding: an escaped slash belongs to its segment.
        path = httpx.URL(request.url).raw_path.decode("ascii").partition("?")[0]
        rest = path.removeprefix(self.prefix) if path.startswith(f"{self.prefix}/") else ""
        segments = rest.split("/")[1:]
        others: list[str] = []
        for route in ROUTES:
            params = route.matched(segments)
            if params is not None and route.method == request.method:
                return route, params
            if params is not None:
                others.append(route.method)
        if not others:
            raise ApiError(404, f"Invalid URL ({request.method} {request.path})")
        raise ApiError(
            405,
            f"Not allowed to {request.method} on {request.path}. This path takes {', '.join(others)}.",
            code="method_not_supported",
            headers={"allow": ", ".join(others)},
        )

    def new_ids(self) -> Ids:
        """The ids of the next response."""
        self._answered += 1
        return Ids(f"response {self._answered}")

    def history(self, response_id: str | None) -> list[JSONObject]:
        """All items up to and with a stored response, oldest first."""
        chain: dict[str, list[JSONObject]] = {}
        # A loop can only come from responses that a test has put in by hand.
        while response_id in self.responses and response_id not in chain:
            response = self.responses[response_id]
            chain[response_id] = [*self.inputs.get(response_id, ()), *objects(response.get("output"))]
            response_id = response.get("previous_response_id")
        return [item for items in reversed(chain.values()) for item in items]

    def respond(self, body: JSONObject, reply: Reply | None) -> JSONObject:
        """The whole response to a checked request, scripted or not."""
        history = self.history(body.get("previous_response_id"))
        ids = self.new_ids()
        response_id = ids.new("resp")
        fields = {} if reply is None or isinstance(reply, (Items, Events)) else reply.fields
        status = fields.get("status", "completed")
        if isinstance(reply, Items):
            draft = Draft(reply.build(body, ids))
        elif "output" in fields:
            draft = Draft(fields["output"])
        elif status in ("completed", "incomplete"):
            draft = unscripted(body, history, ids)
        else:
            draft = Draft()
        response = response_object(body, history, draft, id=response_id, created_at=self.now)
        if status != "completed":
            response["completed_at"] = None
        if status not in ("completed", "incomplete"):
            response["usage"] = None
        return {**response, **fields}


def create_response(api: Api, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`POST /responses`."""
    body = parse_body(request.headers, request.body)
    if api.validate:
        check_create(body)
    previous = body.get("previous_response_id")
    if previous is not None and previous not in api.responses:
        message = f"Previous response with id '{previous}' not found."
        raise ApiError(404, message, param="previous_response_id", code="previous_response_not_found")
    reply, pace = api.script.next_reply()
    if isinstance(reply, Events):
        return Answer.of_events(reply.chunks, pace=pace)
    response = api.respond(body, reply)
    if response.get("store") is not False:
        api.responses[response["id"]] = response
        api.inputs[response["id"]] = input_items(body)
    return _played(body, response, pace)


def _played(body: JSONObject, response: JSONObject, pace: Pace) -> Answer:
    """A response as the request wants it: as events, as a start in the background, or whole."""
    if body.get("stream") is True:
        options = as_object(body.get("stream_options"))
        events = stream_events(response, obfuscation=options.get("include_obfuscation") is True)
        return Answer.of_events(map(encode_event, events), pace=pace)
    if body.get("background") is True and response["status"] in TERMINAL:
        # Nothing runs in between: the next look at it finds it finished.
        return Answer.of_json(snapshot(response, "queued"), pace=pace)
    return Answer.of_json(response, pace=pace)


def retrieve_response(api: Api, request: RecordedRequest, params: Mapping[str, str]) -> Answer:
    """`GET /responses/{response_id}`."""
    response_id = params["response_id"]
    if response_id not in api.responses:
        raise ApiError(404, f"Response with id '{response_id}' not found.")
    return Answer.of_json(api.responses[response_id])


ROUTES: tuple[Route, ...] = (
    Route("POST", "/responses", create_response),
    Route("GET", "/responses/{response_id}", retrieve_response),
)
