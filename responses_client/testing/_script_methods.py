"""What a test scripts: the answers of a server, its failures, and how they are played."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any, Self

from ._argument_checks import check_count, check_number
from ._expectations import expectation
from ._http_types import Answer, Damage, Drip, Pace
from ._output_items import as_text, message, text_part, tool_call
from ._script_queue import Canned, Entry, OutputItems, ResponseFields, Unscripted, failure, raw_events
from ._store import Store


class ScriptMethods:
    """The methods of a server that script it; each returns the server, so that calls can be chained."""

    _store: Store

    # --- expected requests

    def expect(
        self,
        fields: Mapping[str, object] | None = None,
        /,
        *,
        user: object = None,
        tool_outputs: Mapping[str, object] | None = None,
        **more: object,
    ) -> Self:
        """Expect the next answer that is scripted to be for a request which has this.

        Each field is compared by what is given of it: of an object, the fields given; of a list, all
        elements; a compiled regular expression is searched for, `unittest.mock.ANY` is anything, and
        None nothing or null. Names in `fields` may be paths, such as `{"input[-1].role": "user"}`.
        `user` is the text of the last user message; `tool_outputs` are, by the name of the tool or the
        id of the call, what tools have given back since then. Both look at the whole conversation.

            server.expect(user="Weather?", model=ANY).call_tool("get_weather", {"city": "Paris"})
            server.expect(tool_outputs={"get_weather": "Sunny"}).reply("It is sunny.")

        Another request is an `AssertionError`, in the call that sends it; over a port, it is answered
        with 400, and the error raised at the end of the block of `serve()`. A request that never came
        is one at the end of the block of the server.
        """
        expected = expectation(fields, more, user, tool_outputs)
        with self._store.lock:
            self._store.script.expect(expected)
        return self

    # --- scripted answers

    def reply(self, text: str) -> Self:
        """Answer the next request with this text."""
        return self._add(OutputItems(lambda request, ids: [message(ids, text_part(text))]))

    def reply_json(self, value: Any) -> Self:
        """Answer the next request with this value, written as JSON."""
        return self.reply(as_text(value))

    def refuse(self, refusal: str) -> Self:
        """Answer the next request with a refusal in place of a text."""
        return self._add(
            OutputItems(lambda request, ids: [message(ids, {"type": "refusal", "refusal": refusal})])
        )

    def call_tool(
        self, name: str, arguments: Mapping[str, Any] | str = "{}", *, call_id: str | None = None
    ) -> Self:
        """Answer the next request with a call of a function; a string is sent as it is.

        When the request has a custom tool of that name, the call is one of that, with `arguments` as
        its input. `call_id` is made up when it is not given.
        """
        return self._add(
            OutputItems(lambda request, ids: [tool_call(request, ids, name, arguments, call_id)])
        )

    def call_tools(self, calls: Sequence[tuple[str, Mapping[str, Any] | str]]) -> Self:
        """Answer the next request with several calls at once, each a name and its arguments."""
        calls = tuple(calls)
        return self._add(OutputItems(lambda request, ids: [tool_call(request, ids, *call) for call in calls]))

    def reply_items(self, items: Sequence[Mapping[str, Any]]) -> Self:
        """Answer the next request with these output items, as they are."""
        copied = [dict(item) for item in items]
        return self._add(OutputItems(lambda request, ids: copied))

    def reply_response(self, fields: Mapping[str, Any]) -> Self:
        """Answer the next request with a response that has these fields, and what is usual for the others.

        With a status other than completed or incomplete there is no output and no usage unless given.
        """
        return self._add(ResponseFields(dict(fields)))

    def reply_events(self, events: bytes | Sequence[Mapping[str, Any] | bytes]) -> Self:
        """Answer the next request with a stream of just this: dicts as events, bytes as they are.

        Each element is a chunk of its own. Nothing is added, no number and no terminal event.
        """
        return self._add(raw_events(events))

    def unscripted(self, times: int = 1) -> Self:
        """Answer the next `times` requests, whatever they are, as if nothing were scripted.

        For what comes between a scripted answer and a failure, and to have `disconnect_after` and
        `delay` apply to a request other than the creation of a response:

            server.disconnect_after(events=5).reply("Hello").disconnect_after(events=3).unscripted()

        breaks off a stream, and then the one that resumes it.
        """
        for _ in range(check_count("times", times, minimum=1)):
            self._add(Unscripted())
        return self

    # --- scripted failures

    def reply_raw(
        self,
        body: bytes | str,
        status: int = 200,
        content_type: str = "text/html",
        headers: Mapping[str, str] | None = None,
    ) -> Self:
        """Answer the next request, whatever it is, with this body, as a gateway would."""
        chunk = body.encode() if isinstance(body, str) else body
        check_count("status", status, minimum=200, maximum=599)
        return self._add(
            Canned(Answer(status, (chunk,), content_type=content_type, headers=dict(headers or {})))
        )

    def fail(
        self,
        status: int = 429,
        *,
        message: str | None = None,
        code: str | None = None,
        type: str | None = None,
        param: str | None = None,
        retry_after: float | str | None = None,
        times: int = 1,
        headers: Mapping[str, str] | None = None,
    ) -> Self:
        """Answer the next `times` requests, whatever they are, with an error of the API.

        What is not given is as usual for the status, 400 to 599. `retry_after` is the header of that
        name: seconds or a date.
        """
        check_count("status", status, minimum=400, maximum=599)
        if not isinstance(retry_after, (str, NoneType)):
            check_number("retry_after", retry_after, minimum=0)
        canned = failure(
            status,
            message=message,
            code=code,
            type=type,
            param=param,
            retry_after=retry_after,
            headers=headers,
        )
        for _ in range(check_count("times", times, minimum=1)):
            self._add(canned)
        return self

    def drop_connection(self, times: int = 1) -> Self:
        """Give the next `times` requests no answer at all (`httpx.RemoteProtocolError`)."""
        for _ in range(check_count("times", times, minimum=1)):
            self._add(Canned(None))
        return self

    # --- how the next answer is played

    def disconnect_after(self, events: int, *, clean: bool = False) -> Self:
        """Break the next answer off after so many events (`httpx.ReadError`), or just end it with `clean`.

        This and the methods below, up to `hold_after`, change the answer that is scripted next; when a request comes
        before that, the answer to it. Of an answer that is not a stream, half the body arrives, or none
        with 0 events. A WebSocket is closed, with a closing handshake only if `clean`.
        """
        return self._change(Pace(cut_after=check_count("events", events, minimum=0), clean_cut=clean))

    def delay(self, seconds: float = 0.0, *, per_event: float = 0.0) -> Self:
        """Make the next answer slow: seconds before its headers, and between its events.

        A wait longer than the client's read timeout ends, after that time, in `httpx.ReadTimeout`.
        """
        check_number("seconds", seconds, minimum=0)
        return self._change(Pace(delay=seconds, per_event=check_number("per_event", per_event, minimum=0)))

    def corrupt_after(self, events: int, data: bytes | str | None = None) -> Self:
        """Damage one event of the next answer, the one after so many; what follows is as it should be.

        `data` comes in place of its JSON, such as `b'{"delta": "\\xe2\\x82'`, which ends within a character; by
        default it is the first half of it. Of an answer that is not a stream, that is the body. On a
        WebSocket it is a message.
        """
        damage = Damage(
            check_count("events", events, minimum=0), data.encode() if isinstance(data, str) else data
        )
        return self._change(Pace(damage=damage))

    def drip(self, bytes_per_piece: int = 1, seconds: float = 0.0) -> Self:
        """Let the body of the next answer come in small pieces, which cut through events and characters.

        There are so many seconds between them. Without effect on a WebSocket, whose messages are whole.
        """
        check_count("bytes_per_piece", bytes_per_piece, minimum=1)
        return self._change(Pace(drip=Drip(bytes_per_piece, check_number("seconds", seconds, minimum=0))))

    def hold_after(self, events: int, *, messages: int = 1) -> Self:
        """Stop the next response on a WebSocket after so many events until its client sends something.

        So a test can steer a response, or start another one, while it is under way. `messages` is how
        many it waits for, counted from its request on. Without effect on HTTP.
        """
        check_count("messages", messages, minimum=1)
        return self._change(Pace(hold_after=check_count("events", events, minimum=1), hold_for=messages))

    def background(self, *, polls: int) -> Self:
        """Let responses that start from now on in the background end with the poll of this number.

        A poll is a `GET` without `stream`; all before it find the response in progress. At first it is
        2. A stream of such a response takes it further event by event, so that it ends without a poll.
        """
        self._store.polls = check_count("polls", polls, minimum=1)
        return self

    def _add(self, scripted: Entry) -> Self:
        with self._store.lock:
            self._store.script.add(scripted)
        return self

    def _change(self, pace: Pace) -> Self:
        with self._store.lock:
            self._store.script.change(pace)
        return self
