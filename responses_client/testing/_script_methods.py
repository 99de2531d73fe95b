"""The methods with which tests script a server: its answers, its failures, and their pace."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import NoneType
from typing import Any, Self

from ._argument_checks import check_count, check_number
from ._expectations import expectation
from ._hosted_methods import HostedToolMethods
from ._http_types import Answer, Damage, Drip, Pace
from ._output_items import as_text, message, text_part, tool_call
from ._script_queue import Canned, OutputItems, ResponseFields, Unscripted, failure, raw_events


class ScriptMethods(HostedToolMethods):
    """The methods that script a server; each returns the server, so that calls can be chained."""

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
        """Expect these fields in the request that the next scripted answer is for.

            server.expect(user="Weather?", model=ANY).call_tool("get_weather", {"city": "Paris"})
            server.expect(tool_outputs={"get_weather": "Sunny"}).reply("It is sunny.")

        Of an object, only the expected fields are compared; of a list, all elements. A compiled regular
        expression is searched for, `unittest.mock.ANY` matches anything, and None matches null and a missing
        field. Names in `fields` may be paths, such as `{"input[-1].role": "user"}`.

        `user` is the text of the last user message, and `tool_outputs` maps tool names or call ids to the
        outputs since that message. Both look at the whole conversation.

        A request that differs raises `UnexpectedRequest`, an `AssertionError`, in the call that sends it. On
        a port it is answered with 400, and the error is raised at the end of the block of `serve()`. An
        expected request that was never sent is an `AssertionError` at the end of the block of the server.

        Raises:
            ValueError: A path is not valid, or `tool_outputs` is not a mapping.
        """
        expected = expectation(fields, more, user, tool_outputs)
        with self._store.lock:
            self._store.script.expect(expected)
        return self

    # --- scripted answers

    def reply(self, text: str, *, annotations: Sequence[Mapping[str, Any]] = ()) -> Self:
        """Answer the next request that creates a response with a message that has this text.

        server.reply("Tea at 4.", annotations=[{"type": "file_citation", "file_id": "file-1", "index": 9}])
        """
        notes = [dict(note) for note in annotations]
        return self._add(OutputItems(lambda request, ids: [message(ids, text_part(text, notes))]))

    def reply_json(self, value: Any) -> Self:
        """Answer the next request with a message that contains this value, encoded as JSON."""
        return self.reply(as_text(value))

    def refuse(self, refusal: str) -> Self:
        """Answer the next request with a message that has this refusal in place of a text."""
        return self._add(
            OutputItems(lambda request, ids: [message(ids, {"type": "refusal", "refusal": refusal})])
        )

    def call_tool(
        self, name: str, arguments: Mapping[str, Any] | str = "{}", *, call_id: str | None = None
    ) -> Self:
        """Answer the next request with a function call; `arguments` that are a string are sent as they are.

        If the request has a custom tool of that name, the call is of that tool, with `arguments` as its
        input. By default `call_id` is generated.
        """
        return self._add(
            OutputItems(lambda request, ids: [tool_call(request, ids, name, arguments, call_id)])
        )

    def call_tools(self, calls: Sequence[tuple[str, Mapping[str, Any] | str]]) -> Self:
        """Answer the next request with several calls at once, each a pair of a name and arguments."""
        calls = tuple(calls)
        return self._add(OutputItems(lambda request, ids: [tool_call(request, ids, *call) for call in calls]))

    def reply_items(self, items: Sequence[Mapping[str, Any]]) -> Self:
        """Answer the next request with these output items, unchanged."""
        copied = [dict(item) for item in items]
        return self._add(OutputItems(lambda request, ids: copied))

    def reply_response(self, fields: Mapping[str, Any]) -> Self:
        """Answer the next request with a response that has these fields; the others are as usual.

        With a `status` other than `completed` and `incomplete`, there is no output and no usage unless given.
        """
        return self._add(ResponseFields(dict(fields)))

    def reply_events(self, events: bytes | Sequence[Mapping[str, Any] | bytes]) -> Self:
        """Answer the next request with a stream of exactly these events: dicts, or bytes that are sent as is.

        Each element is a chunk of its own. No sequence number and no terminal event is added.
        """
        return self._add(raw_events(events))

    def unscripted(self, times: int = 1) -> Self:
        """Answer the next `times` requests of any kind as if nothing were scripted.

        This lets requests pass between a scripted answer and a failure, and applies `disconnect_after` and
        `delay` to requests that do not create a response. For example, this breaks off a stream, and then
        the one that resumes it:

            server.disconnect_after(events=5).reply("Hello").disconnect_after(events=3).unscripted()

        Raises:
            ValueError: `times` is less than 1.
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
        """Answer the next request of any kind with this body, as a gateway would.

        Raises:
            ValueError: `status` is not from 200 to 599.
        """
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
        """Answer the next `times` requests of any kind with an error of the API.

            server.fail(503, times=2).reply("At last")

        Arguments that are not given are as usual for the status. `retry_after` is the header of that name:
        seconds or an HTTP date.

        Raises:
            ValueError: `status` is not from 400 to 599, `retry_after` is negative, or `times` is less than 1.
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
        """Give the next `times` requests no answer; the connection closes (`httpx.RemoteProtocolError`)."""
        for _ in range(check_count("times", times, minimum=1)):
            self._add(Canned(None))
        return self

    # --- the pace of the next answer

    def disconnect_after(self, events: int, *, clean: bool = False) -> Self:
        """Break the next answer off after this many events (`httpx.ReadError`), or, if `clean`, just end it.

        This method and those below, up to `hold_after`, change the answer that is scripted next, or the
        answer to the next request if that comes first. They add up.

        Of an answer that is not a stream, half the body arrives, or, with 0 events, nothing. A WebSocket is
        closed, with a closing handshake only if `clean`.

        Raises:
            ValueError: `events` is negative.
        """
        return self._change(Pace(cut_after=check_count("events", events, minimum=0), clean_cut=clean))

    def delay(self, seconds: float = 0.0, *, per_event: float = 0.0) -> Self:
        """Delay the next answer, and no other: by `seconds` before its headers, `per_event` seconds between its events.

            for text in ("Tea", "Milk"):
                server.delay(2).reply(text)

        If a wait is longer than the client's read timeout, it ends after that time in `httpx.ReadTimeout`.

        Raises:
            ValueError: A number is negative.
        """
        check_number("seconds", seconds, minimum=0)
        return self._change(Pace(delay=seconds, per_event=check_number("per_event", per_event, minimum=0)))

    def corrupt_after(self, events: int, data: bytes | str | None = None) -> Self:
        """Damage one event of the next answer, the one after this many; the events after it are correct.

        `data` replaces its JSON, for example `b'{"delta": "\\xe2\\x82'`, which ends within a character. By
        default the first half of its JSON is sent. Of an answer that is not a stream, the body is damaged; on
        a WebSocket, a message.

        Raises:
            ValueError: `events` is negative.
        """
        damage = Damage(
            check_count("events", events, minimum=0), data.encode() if isinstance(data, str) else data
        )
        return self._change(Pace(damage=damage))

    def drip(self, bytes_per_piece: int = 1, seconds: float = 0.0) -> Self:
        """Send the body of the next answer in pieces of a few bytes, which cut through events and characters.

        `seconds` is the time between two pieces, by default 0. It has no effect on a WebSocket, whose
        messages are sent whole.

        Raises:
            ValueError: `bytes_per_piece` is less than 1, or `seconds` is negative.
        """
        check_count("bytes_per_piece", bytes_per_piece, minimum=1)
        return self._change(Pace(drip=Drip(bytes_per_piece, check_number("seconds", seconds, minimum=0))))

    def hold_after(self, events: int, *, messages: int = 1) -> Self:
        """Pause the next response on a WebSocket after this many events until its client sends something.

        This gives a test the time to steer a response, or to start another one beside it. `messages` is the
        number of messages to wait for, counted from the request on. It has no effect on HTTP.

        Raises:
            ValueError: A number is less than 1.
        """
        check_count("messages", messages, minimum=1)
        return self._change(Pace(hold_after=check_count("events", events, minimum=1), hold_for=messages))

    def background(self, *, polls: int) -> Self:
        """Let background responses that start from now on end with the poll of this number, at first 2.

        A poll is a `GET` without `stream`; all polls before that one find the response in progress. Reading
        the stream of such a response advances it event by event, so it ends there without any poll.

        Raises:
            ValueError: `polls` is less than 1.
        """
        self._store.polls = check_count("polls", polls, minimum=1)
        return self

    def _change(self, pace: Pace) -> Self:
        with self._store.lock:
            self._store.script.change(pace)
        return self
